//! Enums that are stored and sent as a short code.
//!
//! A code is what the database, the API and the `.ftl` files share, so it is written once, beside
//! its variant. Renaming a variant never changes a stored row.

use thiserror::Error;

/// A code that names no variant of the enum it was read for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{value}` is no {what}")]
pub struct UnknownCode {
    /// The enum that was being read, in its Rust name.
    pub what: &'static str,
    /// The code as it arrived.
    pub value: String,
}

/// Declares an enum with `ALL`, `code()`, `FromStr`, `Display` and serde, all through the code.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// Every variant, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the code under which this variant is stored and sent.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::coded::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::coded::UnknownCode {
                        what: stringify!($name),
                        value: code.to_owned(),
                    }),
                }
            }
        }
    };
}

pub(crate) use coded;

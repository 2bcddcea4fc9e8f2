//! The Traffic Light Protocol: who an indicator may be shared with.

/// A marking, least strict first (TLP 2.0; TLP 1.0's white is clear).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tlp {
    /// Everybody.
    Clear,
    /// The community.
    Green,
    /// The organisation and its clients.
    Amber,
    /// The organisation alone.
    AmberStrict,
    /// The named recipients alone.
    Red,
}

const PREFIX: &str = "tlp";

/// The marking definitions that STIX publishes once for all, by the UUID of their id: those of
/// TLP 1.0, those of TLP 2.0, and the amber+strict that `OpenCTI` made before there was one.
static PUBLISHED: [(&str, Tlp); 10] = [
    ("613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ("94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
    ("826578e1-40ad-459f-bc73-ede076f81f37", Tlp::AmberStrict),
];

impl Tlp {
    /// Every marking, least strict first.
    pub const ALL: [Self; 5] =
        [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// Returns the name, as in `TLP:AMBER+STRICT` without the prefix, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::AmberStrict => "amber+strict",
            Self::Red => "red",
        }
    }

    /// Returns the marking as documents bear it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    /// Reads a marking as feeds write it: `TLP:AMBER`, `tlp:white`, `amber`, `amber-strict`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let colour = lower
            .strip_prefix(PREFIX)
            .map_or(&*lower, |rest| rest.trim_start_matches([':', '.', '-', '_', ' ']));
        match colour {
            "clear" | "white" => Some(Self::Clear),
            "green" => Some(Self::Green),
            "amber" => Some(Self::Amber),
            "amber+strict" | "amber-strict" | "amber_strict" | "amber strict" => {
                Some(Self::AmberStrict)
            }
            "red" => Some(Self::Red),
            _ => None,
        }
    }

    /// Reads what stands where a marking belongs. One that nobody knows counts as the strictest:
    /// its feed did mean to hold something back.
    pub(crate) fn meant(text: &str) -> Option<Self> {
        if text.trim().is_empty() { None } else { Self::read(text).or(Some(Self::Red)) }
    }

    /// Reads what a tag says, if it is a marking: `green` alone may be anything.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let (head, rest) = tag.split_at_checked(PREFIX.len())?;
        let is_marking = head.eq_ignore_ascii_case(PREFIX) && rest.starts_with([':', '.', '-']);
        is_marking.then(|| Self::meant(tag)).flatten()
    }

    /// Returns the strictest marking that a text names as `TLP:…`.
    pub(crate) fn within(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let marked = lower.split("tlp:").skip(1).filter_map(|rest| {
            let rest = rest.trim_start();
            let is_part = |c: char| c.is_ascii_alphabetic() || matches!(c, '+' | '_' | '-');
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            Self::read(rest[..end].trim_end_matches(['+', '_', '-']))
        });
        marked.max()
    }

    /// Returns the marking that a published STIX marking definition stands for.
    pub(crate) fn published(marking_id: &str) -> Option<Self> {
        let uuid = marking_id.strip_prefix("marking-definition--")?;
        PUBLISHED.iter().find(|(known, _)| *known == uuid).map(|(_, tlp)| *tlp)
    }
}

impl std::fmt::Display for Tlp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markings_are_read_as_feeds_write_them() {
        for (text, expected) in [
            ("TLP:AMBER", Some(Tlp::Amber)),
            ("tlp:white", Some(Tlp::Clear)),
            (" Green ", Some(Tlp::Green)),
            ("TLP:AMBER+STRICT", Some(Tlp::AmberStrict)),
            ("TLP-RED", Some(Tlp::Red)),
            ("tlp:ex:chr", None),
            ("", None),
        ] {
            assert_eq!(Tlp::read(text), expected, "{text}");
        }
        for tlp in Tlp::ALL {
            assert_eq!([tlp.name(), tlp.label()].map(Tlp::read), [Some(tlp); 2]);
        }
        for (text, expected) in [
            ("", None),
            (" ", None),
            ("tlp:green", Some(Tlp::Green)),
            ("TLP:EX:CHR", Some(Tlp::Red)),
            ("secret", Some(Tlp::Red)),
        ] {
            assert_eq!(Tlp::meant(text), expected, "{text}");
        }
        for (tag, expected) in [
            ("TLP:amber", Some(Tlp::Amber)),
            ("tlp:unclear", Some(Tlp::Red)),
            ("green", None),
            ("tlphash", None),
            ("é", None),
        ] {
            assert_eq!(Tlp::of_tag(tag), expected, "{tag}");
        }
        let white = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9";
        assert_eq!(Tlp::published(white), Some(Tlp::Clear));
        assert_eq!(Tlp::published("marking-definition--x"), None);
    }

    #[test]
    fn markings_are_found_within_texts() {
        for (text, expected) in [
            ("Phát hành: TLP:AMBER+STRICT, không chuyển tiếp", Some(Tlp::AmberStrict)),
            ("TLP: green", Some(Tlp::Green)),
            ("tlp:red-", Some(Tlp::Red)),
            ("TLP:CLEAR but this one TLP:RED", Some(Tlp::Red)),
            ("value,type,tlp", None),
            ("see TLP:", None),
            ("the red one", None),
        ] {
            assert_eq!(Tlp::within(text), expected, "{text}");
        }
    }
}

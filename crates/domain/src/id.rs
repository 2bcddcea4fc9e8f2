//! One type per kind of id, so that a task's id can never be passed where a unit's is wanted.
//!
//! Ids are UUIDs made outside (version 7, by the server); this crate only carries them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Returns the id that this UUID is.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the UUID, for the database and the wire.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A node of the province tree.
    UnitId,
    /// A person with an account.
    PersonId,
    /// A grant of a role to a person over a unit.
    GrantId,
    /// A system, device, account, domain or number.
    AssetId,
    /// Something that arrived and wants a person.
    SignalId,
    /// What is worked: an incident, an exposure, a directive.
    MatterId,
    /// What one unit owes to one matter.
    TaskId,
    /// A file kept as proof.
    EvidenceId,
    /// A door through which events arrive.
    SourceId,
    /// A rule that raises no signal in some place for a while.
    SuppressionId,
    /// A fact in the outbox.
    FactId,
    /// A message to one person over one channel.
    MessageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_text_and_json() {
        let id = UnitId::new(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse::<UnitId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"00000000-0000-0000-0000-000000000007\"");
        assert_eq!(serde_json::from_str::<UnitId>(&json).unwrap(), id);
        assert!("not-an-id".parse::<UnitId>().is_err());
    }
}

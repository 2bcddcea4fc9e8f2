//! The Traffic Light Protocol 2.0: how far a matter's content may be passed on.

use crate::access::four_eyes;
use crate::coded::coded;
use crate::id::PersonId;
use crate::refusal::{Code, Refusal};

coded! {
    /// A TLP 2.0 marking, from free to closed.
    Marking {
        /// May be published.
        Clear = "CLEAR",
        /// For the community.
        Green = "GREEN",
        /// For the recipient's organisation and its clients, on need to know.
        Amber = "AMBER",
        /// For the recipient's organisation only.
        AmberStrict = "AMBER+STRICT",
        /// For the named recipients only.
        Red = "RED",
    }
}

impl Marking {
    /// Returns whether content so marked may stand in a message that leaves the house.
    pub fn fits_a_message(self) -> bool {
        self <= Self::Green
    }

    /// Returns the new marking. Raising needs one person; lowering needs a second who agrees.
    pub fn change(
        self,
        to: Self,
        proposer: PersonId,
        approver: Option<PersonId>,
    ) -> Result<Self, Refusal> {
        if to < self {
            four_eyes(proposer, approver.ok_or_else(|| Refusal::new(Code::FourEyes))?)?;
        }
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_lowering_needs_a_second_person() {
        let [one, two] = [1, 2].map(|n| PersonId::new(Uuid::from_u128(n)));
        for &from in Marking::ALL {
            for &to in Marking::ALL {
                assert_eq!(from.change(to, one, None).is_ok(), to >= from);
                assert_eq!(from.change(to, one, Some(one)).is_ok(), to >= from);
                assert_eq!(from.change(to, one, Some(two)), Ok(to));
            }
        }
    }

    #[test]
    fn the_codes_are_those_of_the_protocol() {
        let codes: Vec<_> = Marking::ALL.iter().map(|marking| marking.code()).collect();
        assert_eq!(codes, ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]);
        assert_eq!("AMBER+STRICT".parse(), Ok(Marking::AmberStrict));
        assert!(Marking::Green.fits_a_message() && !Marking::Amber.fits_a_message());
    }
}

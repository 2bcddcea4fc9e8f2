//! Sightings as bytes, for whoever holds more of them than memory has room for.

use super::link::CHAIN_MAX;
use super::save::{BadState, In, Out};
use super::sighting::Sighting;

impl Sighting {
    /// Appends the sighting to bytes, as [`Self::unpack`] reads it with the same rules.
    pub fn pack(&self, to: &mut Vec<u8>) {
        let mut out = Out(std::mem::take(to));
        out.word(self.event as u64);
        out.byte(u8::from(self.at.is_some()));
        out.int(self.at.unwrap_or_default());
        out.above(std::slice::from_ref(&self.seen));
        *to = out.0;
    }

    /// Returns the sighting that was packed into exactly these bytes.
    ///
    /// # Errors
    /// When they are something else.
    pub fn unpack(bytes: &[u8]) -> Result<Self, BadState> {
        let mut read = In(bytes);
        let event = usize::try_from(read.word()?).map_err(|_| BadState::Damaged)?;
        let timed = read.flag()?;
        let at = Some(read.int()?).filter(|_| timed);
        let mut seen = read.above(CHAIN_MAX + 1)?.into_iter();
        match (seen.next(), seen.next(), read.0) {
            (Some(seen), None, []) => Ok(Self { event, at, seen }),
            _ => Err(BadState::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sighting::Seen;
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_and_nothing_else() {
        let above = Seen {
            correlation: 1,
            members: 2,
            group: "pc".into(),
            value: None,
            above: Box::default(),
        };
        let seen =
            Seen { value: Some(9), group: "".into(), above: Box::new([above.clone()]), ..above };
        for at in [None, Some(-7)] {
            let sighting = Sighting { event: 3, at, seen: seen.clone() };
            let mut bytes = Vec::new();
            sighting.pack(&mut bytes);
            assert_eq!(Sighting::unpack(&bytes).as_ref(), Ok(&sighting));
            for end in 0..bytes.len() {
                assert!(Sighting::unpack(&bytes[..end]).is_err(), "{end}");
            }
            sighting.pack(&mut bytes);
            assert!(Sighting::unpack(&bytes).is_err(), "two are not one");
        }
    }
}

//! Which keyed frames the kept log already holds.
//!
//! Per (source, epoch) the committed sequences are kept as ranges, exactly: two frames of one
//! sender may overtake each other on two connections, and a mere highest mark would take the
//! later one for a repetition and lose it. In order, a life of a sender is one range.

use std::collections::{BTreeMap, HashMap};

use crate::{LakeError, SourceId};

const MAX_EPOCHS_PER_SOURCE: usize = 1024;
const MAX_RANGES_PER_EPOCH: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Marks {
    sources: HashMap<SourceId, HashMap<u64, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    /// First → last sequence of each unbroken range.
    ranges: BTreeMap<u64, u64>,
    /// The youngest segment with a frame of this epoch: while it is kept, so is the memory.
    segment: u32,
}

impl Marks {
    /// Returns whether the frame is already in the log.
    pub(crate) fn contains(&self, source: &SourceId, epoch: u64, sequence: u64) -> bool {
        let seen = self.sources.get(source).and_then(|epochs| epochs.get(&epoch));
        seen.is_some_and(|seen| seen.contains(sequence))
    }

    /// Returns why one more new frame of this key could not be remembered.
    pub(crate) fn check(
        &self,
        source: &SourceId,
        epoch: u64,
        sequence: u64,
    ) -> Result<(), LakeError> {
        let Some(epochs) = self.sources.get(source) else { return Ok(()) };
        match epochs.get(&epoch) {
            None if epochs.len() >= MAX_EPOCHS_PER_SOURCE => {
                Err(LakeError::TooManyEpochs(MAX_EPOCHS_PER_SOURCE))
            }
            Some(seen) if seen.ranges.len() >= MAX_RANGES_PER_EPOCH && !seen.touches(sequence) => {
                Err(LakeError::TooManyHoles(MAX_RANGES_PER_EPOCH))
            }
            _ => Ok(()),
        }
    }

    /// Remembers a frame that lies in `segment`.
    pub(crate) fn insert(&mut self, source: SourceId, epoch: u64, sequence: u64, segment: u32) {
        let seen = self.sources.entry(source).or_default().entry(epoch).or_default();
        seen.segment = seen.segment.max(segment);
        seen.insert(sequence);
    }

    /// Forgets every epoch whose youngest segment is no longer kept.
    pub(crate) fn keep_segments(&mut self, kept: impl Fn(u32) -> bool) {
        for epochs in self.sources.values_mut() {
            epochs.retain(|_, seen| kept(seen.segment));
        }
        self.sources.retain(|_, epochs| !epochs.is_empty());
    }
}

impl Seen {
    fn contains(&self, sequence: u64) -> bool {
        self.ranges.range(..=sequence).next_back().is_some_and(|(_, last)| *last >= sequence)
    }

    /// Returns whether `sequence` widens a range instead of opening one.
    fn touches(&self, sequence: u64) -> bool {
        sequence.checked_sub(1).is_some_and(|before| self.contains(before))
            || sequence.checked_add(1).is_some_and(|after| self.contains(after))
    }

    fn insert(&mut self, sequence: u64) {
        if self.contains(sequence) {
            return;
        }
        let before = self.ranges.range(..sequence).next_back();
        let first = match before {
            Some((first, last)) if last.checked_add(1) == Some(sequence) => *first,
            _ => sequence,
        };
        let after = sequence.checked_add(1).and_then(|next| self.ranges.remove(&next));
        self.ranges.insert(first, after.unwrap_or(sequence));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const SOURCE: SourceId = [1; 16];

    proptest! {
        #[test]
        fn ranges_answer_as_a_set_would(sequences in proptest::collection::vec(0..64_u64, 0..80)) {
            let mut marks = Marks::default();
            let mut model = HashSet::new();
            for sequence in sequences {
                prop_assert_eq!(marks.contains(&SOURCE, 0, sequence), model.contains(&sequence));
                marks.insert(SOURCE, 0, sequence, 1);
                model.insert(sequence);
            }
            for sequence in 0..64 {
                prop_assert_eq!(marks.contains(&SOURCE, 0, sequence), model.contains(&sequence));
            }
            let runs = model.iter().filter(|n| !model.contains(&(**n + 1))).count();
            let ranges = marks.sources.get(&SOURCE).map_or(0, |epochs| epochs[&0].ranges.len());
            prop_assert_eq!(ranges, runs);
        }
    }

    #[test]
    fn holes_and_epochs_are_bounded() {
        let mut marks = Marks::default();
        for n in 0..MAX_RANGES_PER_EPOCH as u64 {
            marks.check(&SOURCE, 0, n * 2).unwrap();
            marks.insert(SOURCE, 0, n * 2, 1);
        }
        let refused = marks.check(&SOURCE, 0, u64::MAX).unwrap_err();
        assert!(matches!(refused, LakeError::TooManyHoles(_)));
        marks.check(&SOURCE, 0, 1).unwrap();

        for epoch in 1..MAX_EPOCHS_PER_SOURCE as u64 {
            marks.check(&SOURCE, epoch, 0).unwrap();
            marks.insert(SOURCE, epoch, 0, 1);
        }
        let refused = marks.check(&SOURCE, u64::MAX, 0).unwrap_err();
        assert!(matches!(refused, LakeError::TooManyEpochs(_)));
        marks.check(&[2; 16], 0, 0).unwrap();
    }

    #[test]
    fn an_epoch_is_forgotten_with_its_youngest_segment() {
        let mut marks = Marks::default();
        marks.insert(SOURCE, 1, 1, 1);
        marks.insert(SOURCE, 2, 1, 1);
        marks.insert(SOURCE, 2, 2, 2);
        marks.keep_segments(|segment| segment > 1);
        assert!(!marks.contains(&SOURCE, 1, 1));
        assert!(marks.contains(&SOURCE, 2, 1));
        marks.keep_segments(|_| false);
        assert!(marks.sources.is_empty());
    }
}

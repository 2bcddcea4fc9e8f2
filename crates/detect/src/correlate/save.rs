//! The memory of correlations as bytes, and back: for a reload of the rules and for a restart.
//!
//! A correlation is known again by its id and by what it means, its members included. One that is
//! unchanged goes on where it was; one that changed begins anew, and so do counts above it. The
//! bytes may be damaged or made up: they are checked as they are read, and whatever does not fit
//! refuses the whole. Counters are not kept: they tell of one life of the process.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::correlator::Correlator;
use super::counting::Counting;
use super::distinct::{Distinct, Estimate, FEW_MAX, REGISTERS};
use super::folded::{BUCKETS_MAX, Bucket, Folded, Tally};
use super::group::Group;
use super::link::{CHAIN_MAX, Linked};
use super::quantile::{BIN_MAX, Sketch};
use super::samples::{EXACT_MAX, Origin, Sample, Samples};
use super::sighting::Seen;
use super::window::Window;

/// What the bytes begin with.
const MAGIC: &[u8; 4] = b"KHSC";
/// Their form.
const VERSION: u16 = 1;
/// Bytes of the hash that they end with.
const HASH_BYTES: usize = 32;

/// Bytes that are no memory of correlations, or not one that can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadState {
    /// Something else altogether.
    #[error("is not a memory of correlations")]
    Foreign,
    /// Written by another version of the program.
    #[error("has the form {0}, this version reads {VERSION}")]
    Version(u16),
    /// Cut off, changed or made up.
    #[error("is damaged")]
    Damaged,
}

/// Writes everything, the same bytes for the same memory.
pub(crate) fn save(correlator: &Correlator) -> Vec<u8> {
    let mut out = Out(Vec::new());
    out.0.extend_from_slice(MAGIC);
    out.0.extend_from_slice(&VERSION.to_le_bytes());
    out.int(correlator.clock);
    out.int(correlator.swept);
    out.size(correlator.countings.len());
    for counting in &correlator.countings {
        out.text(&counting.linked.info.id);
        out.0.extend_from_slice(&counting.linked.meaning);
    }
    for counting in &correlator.countings {
        let mut groups: Vec<_> = counting.groups.iter().collect();
        groups.sort_unstable_by_key(|(key, _)| *key);
        let mut section = Out(Vec::new());
        for (key, group) in groups {
            section.text(key);
            section.group(group);
        }
        // With its length, so that one that is no more can be passed over.
        out.size(section.0.len());
        out.0.append(&mut section.0);
    }
    let hash = Sha256::digest(&out.0);
    out.0.extend_from_slice(&hash);
    out.0
}

/// Returns the memory for these correlations, as far as the bytes know them.
pub(crate) fn restore(correlations: Vec<Linked>, bytes: &[u8]) -> Result<Correlator, BadState> {
    let body = checked(bytes)?;
    let mut read = In(body);
    let mut correlator = Correlator::new(correlations);
    correlator.clock = read.int()?;
    correlator.swept = read.int()?;
    let known = known(&correlator, &mut read)?;
    for number in &known {
        let length = read.size()?;
        let mut section = In(read.take(length)?);
        let Some(counting) = number.and_then(|at| correlator.countings.get_mut(at as usize)) else {
            continue;
        };
        while !section.0.is_empty() {
            let key: Arc<str> = section.text()?.into();
            let group = section.group(&counting.linked.window, &known)?;
            take(counting, key, group);
        }
    }
    if !read.0.is_empty() {
        return Err(BadState::Damaged);
    }
    correlator.bytes = correlator.countings.iter().map(|counting| counting.bytes).sum();
    correlator.keep_quota();
    Ok(correlator)
}

fn take(counting: &mut Counting, key: Arc<str>, group: Group) {
    if !counting.groups.contains_key(&key) {
        counting.put(key, group);
    }
    while counting.is_over_quota() && counting.evict() {}
}

fn checked(bytes: &[u8]) -> Result<&[u8], BadState> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(BadState::Foreign)?;
    let (version, _) = rest.split_first_chunk().ok_or(BadState::Damaged)?;
    match u16::from_le_bytes(*version) {
        VERSION => {}
        other => return Err(BadState::Version(other)),
    }
    let (signed, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or(BadState::Damaged)?;
    if Sha256::digest(signed).as_slice() != hash {
        return Err(BadState::Damaged);
    }
    signed.get(MAGIC.len() + version.len()..).ok_or(BadState::Damaged)
}

/// Reads which correlations the bytes tell of; returns their present numbers.
fn known(correlator: &Correlator, read: &mut In<'_>) -> Result<Vec<Option<u32>>, BadState> {
    let numbered = (0_u32..).zip(&correlator.countings);
    let present: HashMap<_, _> = numbered
        .map(|(number, one)| ((one.linked.info.id.as_str(), one.linked.meaning), number))
        .collect();
    let count = read.size()?;
    let mut known = Vec::new();
    for _ in 0..count {
        let id = read.text()?;
        let meaning = *read.chunk()?;
        known.push(present.get(&(id, meaning)).copied());
    }
    Ok(known)
}

/// What was written so far.
pub(super) struct Out(pub(super) Vec<u8>);

impl Out {
    pub(super) fn int(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn word(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn half(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    fn size(&mut self, size: usize) {
        self.half(u32::try_from(size).expect("memory is bounded far below 4 G"));
    }

    fn text(&mut self, text: &str) {
        self.size(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn group(&mut self, group: &Group) {
        self.int(group.newest);
        self.int(group.touched);
        self.byte(u8::from(group.fired_at.is_some()));
        self.int(group.fired_at.unwrap_or_default());
        self.size(group.samples.recent.len());
        for sample in &group.samples.recent {
            self.int(sample.at);
            self.word(sample.load);
        }
        self.size(group.samples.origins.len());
        group.samples.origins.iter().for_each(|origin| self.origin(origin));
        self.byte(u8::from(group.samples.folded.is_some()));
        match group.samples.folded.as_deref() {
            None => {}
            Some(Folded::Buckets(buckets)) => {
                self.size(buckets.len());
                buckets.iter().for_each(|bucket| self.bucket(bucket));
            }
            Some(Folded::Last(last)) => last.iter().for_each(|at| self.int(*at)),
            Some(Folded::Rows(rows, newest)) => {
                self.int(*newest);
                rows.began.iter().for_each(|at| self.int(*at));
            }
        }
    }

    fn origin(&mut self, origin: &Origin) {
        self.word(origin.place);
        self.word(origin.event as u64);
        self.above(&origin.above);
    }

    pub(super) fn above(&mut self, above: &[Seen]) {
        self.size(above.len());
        for seen in above {
            self.half(seen.correlation);
            self.half(seen.members);
            self.text(&seen.group);
            self.byte(u8::from(seen.value.is_some()));
            self.word(seen.value.unwrap_or_default());
            self.above(&seen.above);
        }
    }

    fn bucket(&mut self, bucket: &Bucket) {
        self.int(bucket.index);
        self.int(bucket.from);
        self.int(bucket.to);
        self.word(bucket.count);
        self.byte(u8::from(bucket.last.is_some()));
        if let Some(last) = &bucket.last {
            self.origin(last);
        }
        match &bucket.tally {
            Tally::Count => {}
            Tally::Sum(sum) => self.0.extend_from_slice(&sum.to_le_bytes()),
            Tally::Rules(rules) => self.half(*rules),
            Tally::Distinct(Distinct::Few(few)) => {
                self.byte(0);
                self.size(few.len());
                few.iter().for_each(|hash| self.word(*hash));
            }
            Tally::Distinct(Distinct::Many(estimate)) => {
                self.byte(1);
                self.0.extend_from_slice(&estimate.0);
            }
            Tally::Quantiles(sketch) => {
                self.size(sketch.0.len());
                for (bin, count) in &sketch.0 {
                    self.0.extend_from_slice(&bin.to_le_bytes());
                    self.half(*count);
                }
            }
        }
    }
}

/// What is left to be read. A size is never trusted with memory: every element takes bytes.
pub(super) struct In<'b>(pub(super) &'b [u8]);

impl<'b> In<'b> {
    fn take(&mut self, bytes: usize) -> Result<&'b [u8], BadState> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(BadState::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<&'b [u8; N], BadState> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(BadState::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn int(&mut self) -> Result<i64, BadState> {
        self.chunk().map(|bytes| i64::from_le_bytes(*bytes))
    }

    pub(super) fn word(&mut self) -> Result<u64, BadState> {
        self.chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    fn half(&mut self) -> Result<u32, BadState> {
        self.chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn byte(&mut self) -> Result<u8, BadState> {
        self.chunk::<1>().map(|[byte]| *byte)
    }

    pub(super) fn flag(&mut self) -> Result<bool, BadState> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BadState::Damaged),
        }
    }

    fn size(&mut self) -> Result<usize, BadState> {
        self.half().map(|size| size as usize)
    }

    fn at_most(&mut self, most: usize) -> Result<usize, BadState> {
        self.size().and_then(|size| fits(size <= most).map(|()| size))
    }

    fn text(&mut self) -> Result<&'b str, BadState> {
        let size = self.size()?;
        std::str::from_utf8(self.take(size)?).map_err(|_| BadState::Damaged)
    }

    fn group(&mut self, window: &Window, known: &[Option<u32>]) -> Result<Group, BadState> {
        let (newest, touched) = (self.int()?, self.int()?);
        let fired = self.flag()?;
        let fired_at = Some(self.int()?).filter(|_| fired);
        let mut samples = Samples::default();
        for _ in 0..self.at_most(EXACT_MAX)? {
            samples.recent.push(Sample { at: self.int()?, load: self.word()? });
        }
        fits(samples.recent.is_sorted_by_key(|sample| sample.at))?;
        for _ in 0..self.at_most(EXACT_MAX)? {
            samples.origins.push(self.origin(known)?);
        }
        let origins = if window.framed { samples.recent.len() } else { 0 };
        fits(samples.origins.len() == origins)?;
        samples.folded = self.folded(window, known)?.map(Box::new);
        Ok(Group { samples, newest, touched, fired_at })
    }

    fn origin(&mut self, known: &[Option<u32>]) -> Result<Origin, BadState> {
        let place = self.word()?;
        let event = usize::try_from(self.word()?).map_err(|_| BadState::Damaged)?;
        Ok(Origin { place, event, above: renumbered(self.above(CHAIN_MAX)?, known)? })
    }

    /// Reads what correlations learn of an event, at most so many on top of each other.
    pub(super) fn above(&mut self, depth: usize) -> Result<Box<[Seen]>, BadState> {
        let count = self.size()?;
        fits(count == 0 || depth > 0)?;
        let mut all = Vec::new();
        for _ in 0..count {
            let (correlation, members) = (self.half()?, self.half()?);
            let group = self.text()?.into();
            let valued = self.flag()?;
            let value = Some(self.word()?).filter(|_| valued);
            all.push(Seen { correlation, members, group, value, above: self.above(depth - 1)? });
        }
        Ok(all.into())
    }

    /// The form of what is folded depends on the type of the correlation.
    fn folded(
        &mut self,
        window: &Window,
        known: &[Option<u32>],
    ) -> Result<Option<Folded>, BadState> {
        if !self.flag()? {
            return Ok(None);
        }
        let mut folded = Folded::new(window);
        match &mut folded {
            Folded::Buckets(buckets) => {
                for _ in 0..self.at_most(BUCKETS_MAX)? {
                    buckets.push(self.bucket(window, known)?);
                }
                fits(buckets.is_sorted_by(|a, b| a.index < b.index && a.to < b.from))?;
            }
            Folded::Last(last) => {
                for at in last {
                    *at = self.int()?;
                }
            }
            Folded::Rows(rows, newest) => {
                *newest = self.int()?;
                for at in &mut rows.began {
                    *at = self.int()?;
                }
            }
        }
        Ok(Some(folded))
    }

    fn bucket(&mut self, window: &Window, known: &[Option<u32>]) -> Result<Bucket, BadState> {
        let (index, from, to, count) = (self.int()?, self.int()?, self.int()?, self.word()?);
        fits(from <= to)?;
        let last = if self.flag()? { Some(self.origin(known)?) } else { None };
        fits(last.is_some() == window.framed)?;
        let mut tally = Tally::new(window.kind);
        match &mut tally {
            Tally::Count => {}
            Tally::Sum(sum) => *sum = i128::from_le_bytes(*self.chunk()?),
            Tally::Rules(rules) => *rules = self.half()?,
            Tally::Distinct(set) => *set = self.distinct()?,
            Tally::Quantiles(sketch) => *sketch = self.sketch()?,
        }
        Ok(Bucket { index, from, to, count, tally, last })
    }

    fn distinct(&mut self) -> Result<Distinct, BadState> {
        if self.flag()? {
            return Ok(Distinct::Many(Estimate(self.take(REGISTERS)?.into())));
        }
        let mut few = Vec::new();
        for _ in 0..self.at_most(FEW_MAX)? {
            few.push(self.word()?);
        }
        fits(few.is_sorted_by(|a, b| a < b))?;
        Ok(Distinct::Few(few))
    }

    fn sketch(&mut self) -> Result<Sketch, BadState> {
        let mut bins = Vec::new();
        for _ in 0..self.size()? {
            bins.push((i32::from_le_bytes(*self.chunk()?), self.half()?));
        }
        let known = |(bin, _): &(i32, u32)| (-BIN_MAX..=BIN_MAX).contains(bin);
        fits(bins.iter().all(known) && bins.is_sorted_by(|a, b| a.0 < b.0))?;
        Ok(Sketch(bins))
    }
}

/// Gives correlations their present numbers and leaves out those that are no more.
fn renumbered(above: Box<[Seen]>, known: &[Option<u32>]) -> Result<Box<[Seen]>, BadState> {
    let mut present = Vec::with_capacity(above.len());
    for seen in above {
        let number = *known.get(seen.correlation as usize).ok_or(BadState::Damaged)?;
        let above = renumbered(seen.above, known)?;
        present.extend(number.map(|correlation| Seen { correlation, above, ..seen }));
    }
    Ok(present.into())
}

fn fits(holds: bool) -> Result<(), BadState> {
    if holds { Ok(()) } else { Err(BadState::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that were made up, with the hash that makes them look whole.
    fn sealed(mut body: Vec<u8>) -> Vec<u8> {
        let hash = Sha256::digest(&body);
        body.extend_from_slice(&hash);
        body
    }

    #[test]
    fn what_is_no_memory_is_told_apart() {
        let whole = save(&Correlator::new(Vec::new()));
        assert!(restore(Vec::new(), &whole).is_ok());
        assert_eq!(restore(Vec::new(), b"").err(), Some(BadState::Foreign));
        assert_eq!(restore(Vec::new(), b"KHSC").err(), Some(BadState::Damaged));
        assert_eq!(restore(Vec::new(), b"KHSC\x02\x00").err(), Some(BadState::Version(2)));
        for end in 6..whole.len() {
            assert_eq!(restore(Vec::new(), &whole[..end]).err(), Some(BadState::Damaged));
        }
        let longer = sealed([&whole[..whole.len() - HASH_BYTES], &[0]].concat());
        assert_eq!(restore(Vec::new(), &longer).err(), Some(BadState::Damaged));
    }

    /// Returns a memory with something of every form in it, and the correlations to read it with.
    fn everything() -> (Vec<Linked>, Vec<u8>) {
        let base = |name: &str| {
            format!(
                "title: {name}\nid: {name}\nlogsource: {{product: windows}}\n\
                 detection: {{k: {{f: {name}}}, condition: k}}\n"
            )
        };
        let mut yaml = vec![base("a"), base("b")];
        for (number, correlation) in [
            "type: event_count, condition: {gte: 9}",
            "type: event_count, condition: {lt: 9}",
            "type: value_count, condition: {field: v, gte: 9}",
            "type: value_sum, condition: {field: v, gte: 9}",
            "type: value_percentile, condition: {field: v, gte: 9, percentile: 50}",
            "type: temporal",
            "type: temporal_ordered",
        ]
        .into_iter()
        .enumerate()
        {
            yaml.push(format!(
                "title: c\nid: c{number}\ncorrelation: {{{correlation}, rules: [a, b], timespan: 1h}}\n"
            ));
        }
        let (rules, refused) = crate::Rules::from_texts([("t.yml", yaml.join("---\n"))]);
        assert!(refused.is_empty(), "{refused:?}");
        let mut correlator = Correlator::new(rules.correlations.clone());
        for number in 0..u32::try_from(rules.correlations.len()).unwrap() {
            for event in 0..EXACT_MAX + 2 {
                let at = event as i64 * 1_000_000;
                let inner = Seen {
                    correlation: 0,
                    members: 1,
                    group: "h".into(),
                    value: None,
                    above: Box::default(),
                };
                let seen = Seen {
                    correlation: number,
                    members: 1,
                    group: "g".into(),
                    value: Some((event as f64).to_bits()),
                    above: Box::new([inner]),
                };
                correlator
                    .count(0, &super::super::sighting::Sighting { event, at: Some(at), seen });
            }
        }
        assert!(correlator.countings.iter().all(|one| !one.groups.is_empty()));
        (rules.correlations, save(&correlator))
    }

    #[test]
    fn made_up_bytes_are_refused_or_harmless() {
        let (correlations, whole) = everything();
        let body = &whole[..whole.len() - HASH_BYTES];
        let mut taken = 0;
        for position in (0..body.len()).step_by(61) {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = body.to_vec();
                changed[position] ^= change;
                let Ok(mut correlator) = restore(correlations.clone(), &sealed(changed)) else {
                    continue;
                };
                taken += 1;
                if taken % 16 == 0 {
                    // What passed must bear being used.
                    correlator.arrived(1_000_000_000);
                    correlator.finish();
                }
            }
        }
        assert!(taken > 0);
        for end in (6..body.len()).step_by(97) {
            assert!(restore(correlations.clone(), &sealed(body[..end].to_vec())).is_err(), "{end}");
        }
    }
}

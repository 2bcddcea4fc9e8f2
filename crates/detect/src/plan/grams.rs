//! Many texts sought in one value at once, by a few bytes of each.
//!
//! A text that occurs brings its pieces along. Of a text of seven bytes or more, four neighbouring
//! pieces of four bytes are filed: wherever it stands in a value, one of them begins at a multiple
//! of four, so only every fourth position of the value has to be looked at. Of four to six bytes,
//! two neighbouring pieces of three bytes are filed, for every second position; of three bytes, the
//! text itself, for every position. A small bit map answers "surely not" for nearly all positions;
//! what it lets through is looked up and compared.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::literal::Literal;

/// Bytes of a piece of a long text.
const GRAM: usize = 4;
/// Bytes that a text needs for four neighbouring pieces.
const LONG: usize = 2 * GRAM - 1;
/// Bytes of a piece of a shorter text.
const TRIGRAM: usize = 3;
/// Bytes that a text needs for two neighbouring pieces.
const SHORT: usize = TRIGRAM + 1;
const TRIGRAM_MASK: u32 = 0x00FF_FFFF;
/// Blind to the case of ASCII letters.
const BLIND: u32 = 0x2020_2020;
const BLIND_LONG: u64 = 0x2020_2020_2020_2020;
/// Bits of the map per piece: about one position in sixteen is let through for nothing.
const BITS_PER_GRAM: usize = 16;
/// How much a piece of what every log is full of counts, in texts that hold it.
const COMMONPLACE_WEIGHT: u32 = 8;
const BITS_MIN: usize = 1 << 10;
/// 64 KiB, so that the map stays in the nearest caches.
const BITS_MAX: usize = 1 << 19;

/// Where a piece comes from.
#[derive(Clone, Copy, Debug)]
struct Filed {
    literal: u32,
    /// Of the piece within the text.
    offset: u32,
    /// Four more bytes of the text and where they begin in it: looking at them spares most
    /// comparisons of the whole. Texts of three bytes have none.
    more: Option<(u32, u32)>,
}

/// The pieces of one length class.
#[derive(Clone, Debug)]
pub(super) struct Grams {
    bits: Vec<u64>,
    shift: u32,
    /// By piece: its part of `filed`.
    parts: HashMap<u32, (u32, u32), FixedState>,
    filed: Vec<Filed>,
}

/// The texts of a column, by length class.
#[derive(Clone, Debug, Default)]
pub(super) struct Sought {
    long: Option<Grams>,
    short: Option<Grams>,
    shortest: Option<Grams>,
}

/// Returns whether the text is long enough to be sought by its pieces.
pub(super) fn is_fit(text: &str) -> bool {
    text.len() >= TRIGRAM
}

/// Returns whether only every fourth position of a value has to be looked at for the text.
pub(super) fn is_long(text: &[u8]) -> bool {
    text.len() >= LONG
}

impl Sought {
    /// Files these literals, all of which are fit.
    pub(super) fn new(literals: &[Literal], fit: &[u32]) -> Self {
        let (long, short): (Vec<u32>, Vec<u32>) =
            fit.iter().partition(|at| is_long(literals[**at as usize].text.as_bytes()));
        let (short, shortest): (Vec<u32>, Vec<u32>) =
            short.iter().partition(|at| literals[**at as usize].text.len() >= SHORT);
        Self {
            long: Grams::new(literals, &long, LONG, GRAM),
            short: Grams::new(literals, &short, SHORT, TRIGRAM),
            shortest: Grams::new(literals, &shortest, TRIGRAM, TRIGRAM),
        }
    }

    /// Calls `found` with every literal that stands in the value where it may; perhaps twice.
    pub(super) fn seek(&self, value: &[u8], literals: &[Literal], found: &mut dyn FnMut(u32)) {
        let mut hunt = Hunt { value, literals, found };
        if let Some(grams) = &self.long {
            hunt.every_fourth(grams);
        }
        if let Some(grams) = &self.short {
            hunt.every::<2>(grams);
        }
        if let Some(grams) = &self.shortest {
            hunt.every::<1>(grams);
        }
    }
}

/// One value being sought through.
struct Hunt<'h> {
    value: &'h [u8],
    literals: &'h [Literal],
    found: &'h mut dyn FnMut(u32),
}

impl Hunt<'_> {
    fn every_fourth(&mut self, grams: &Grams) {
        let (pairs, rest) = self.value.as_chunks::<8>();
        for (number, pair) in pairs.iter().enumerate() {
            let pair = u64::from_le_bytes(*pair) | BLIND_LONG;
            let (low, high) = (pair as u32, (pair >> 32) as u32);
            // One branch for both, as nearly always neither is there.
            if grams.may_hold(low) | grams.may_hold(high) {
                self.compare(grams, low, number * 8);
                self.compare(grams, high, number * 8 + GRAM);
            }
        }
        if let Some(piece) = rest.first_chunk::<GRAM>() {
            self.compare(grams, u32::from_le_bytes(*piece) | BLIND, pairs.len() * 8);
        }
    }

    /// Looks at every `STEP`th piece of three bytes: at those of eight bytes, then on by six.
    fn every<const STEP: usize>(&mut self, grams: &Grams) {
        const ON: usize = 6;
        let mut at = 0;
        while let Some(chunk) = self.value.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let chunk = u64::from_le_bytes(*chunk) | BLIND_LONG;
            let piece = |offset: usize| (chunk >> (8 * offset)) as u32 & TRIGRAM_MASK;
            let any = (0..ON).step_by(STEP).fold(false, |any, o| any | grams.may_hold(piece(o)));
            if any {
                (0..ON).step_by(STEP).for_each(|o| self.compare(grams, piece(o), at + o));
            }
            at += ON;
        }
        for start in (at..self.value.len()).step_by(STEP) {
            let Some(piece) = self.value.get(start..start + TRIGRAM) else { break };
            self.compare(grams, gram(piece), start);
        }
    }

    fn compare(&mut self, grams: &Grams, piece: u32, at: usize) {
        if grams.may_hold(piece) {
            grams.compare(piece, at, self.value, self.literals, self.found);
        }
    }
}

impl Grams {
    /// Files the rarest run of `width` bytes of each text in pieces of `size` bytes; nothing for no
    /// texts.
    fn new(literals: &[Literal], of: &[u32], width: usize, size: usize) -> Option<Self> {
        let text = |at: u32| literals[at as usize].text.as_bytes();
        // How many texts hold a piece.
        let mut common: HashMap<u32, u32, FixedState> = HashMap::default();
        for piece in of.iter().flat_map(|at| text(*at).windows(size)) {
            *common.entry(gram(piece)).or_default() += 1;
        }
        for piece in super::witness::COMMONPLACE.as_bytes().windows(size) {
            *common.entry(gram(piece)).or_default() += COMMONPLACE_WEIGHT;
        }
        let weight = |piece: &[u8]| common.get(&gram(piece)).copied().unwrap_or(0);
        let mut filed: Vec<(u32, Filed)> = Vec::new();
        for literal in of {
            let weights: Vec<u32> = text(*literal).windows(size).map(weight).collect();
            let runs = weights.windows(width - size + 1).enumerate();
            let rarest = runs.min_by_key(|(_, run)| run.iter().sum::<u32>());
            let start = rarest.map_or(0, |(start, _)| start);
            let run = &text(*literal)[start..start + width];
            for (offset, piece) in (start..).zip(run.windows(size)) {
                let more = more(text(*literal), offset, size);
                let offset = place(offset);
                filed.push((gram(piece), Filed { literal: *literal, offset, more }));
            }
        }
        (!filed.is_empty()).then(|| Self::of(filed))
    }

    fn of(mut filed: Vec<(u32, Filed)>) -> Self {
        filed.sort_by_key(|(piece, _)| *piece);
        let mut parts: HashMap<u32, (u32, u32), FixedState> = HashMap::default();
        for (at, (piece, _)) in filed.iter().enumerate() {
            parts.entry(*piece).or_insert((place(at), 0)).1 = place(at + 1);
        }
        let wanted = (parts.len() * BITS_PER_GRAM).next_power_of_two();
        let bits = wanted.clamp(BITS_MIN, BITS_MAX);
        let shift = 32 - bits.ilog2();
        let mut map = vec![0; bits / 64];
        for piece in parts.keys() {
            let bit = spread(*piece, shift);
            map[bit / 64] |= 1 << (bit % 64);
        }
        Self { bits: map, shift, parts, filed: filed.into_iter().map(|(_, filed)| filed).collect() }
    }

    fn may_hold(&self, piece: u32) -> bool {
        let bit = spread(piece, self.shift);
        self.bits.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    fn compare(
        &self,
        piece: u32,
        at: usize,
        value: &[u8],
        literals: &[Literal],
        found: &mut dyn FnMut(u32),
    ) {
        let Some((first, end)) = self.parts.get(&piece) else { return };
        for filed in &self.filed[*first as usize..*end as usize] {
            let Some(start) = at.checked_sub(filed.offset as usize) else { continue };
            if filed.more_stands(start, value)
                && literals[filed.literal as usize].stands_at(start, value)
            {
                found(filed.literal);
            }
        }
    }
}

impl Filed {
    fn more_stands(&self, start: usize, value: &[u8]) -> bool {
        let Some((offset, bytes)) = self.more else { return true };
        let there = value.get(start + offset as usize..).and_then(<[u8]>::first_chunk::<GRAM>);
        there.is_some_and(|there| u32::from_le_bytes(*there) | BLIND == bytes)
    }
}

/// Returns the four bytes behind a piece, or before it where fewer follow.
fn more(text: &[u8], offset: usize, size: usize) -> Option<(u32, u32)> {
    let last = text.len().checked_sub(GRAM)?;
    let behind = offset + size;
    let start = if behind <= last { behind } else { offset.saturating_sub(GRAM).min(last) };
    Some((place(start), gram(&text[start..start + GRAM])))
}

/// The texts of a column are bounded far below 4 GiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn spread(piece: u32, shift: u32) -> usize {
    (piece.wrapping_mul(0x9E37_79B1) >> shift) as usize
}

/// Up to four bytes as a number, blind to the case of ASCII letters.
fn gram(piece: &[u8]) -> u32 {
    piece.iter().rev().fold(0, |word, byte| word << 8 | u32::from(byte | 0x20))
}

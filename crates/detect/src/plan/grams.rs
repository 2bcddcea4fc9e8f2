//! Many texts sought in one value at once, by a few bytes of each.
//!
//! A text that occurs brings its pieces along. Of a text of seven bytes or more, four neighbouring
//! pieces of four bytes are filed: wherever it stands in a value, one of them begins at a multiple
//! of four, so only every fourth position of the value has to be looked at. Shorter texts file
//! pieces of three bytes, as many neighbouring ones as the shortest of them has, up to four; texts
//! of three bytes go their own way, so that they do not slow down the others. A small bit map
//! answers "surely not" for nearly all positions; what it lets through is looked up and compared.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use super::literal::Literal;

/// Bytes of a piece of a long text.
const GRAM: usize = 4;
/// Bytes that a text needs for four neighbouring pieces.
pub(super) const LONG: usize = GRAM + STEP_MAX - 1;
/// The most neighbouring pieces that are filed of a text.
const STEP_MAX: usize = 4;
/// Bytes of a piece of a shorter text.
pub(super) const TRIGRAM: usize = 3;
/// Blind to the case of ASCII letters.
const BLIND: u32 = 0x2020_2020;
const BLIND_LONG: u64 = 0x2020_2020_2020_2020;
/// Bits of the map per piece: about three positions in a hundred are let through for nothing.
const BITS_PER_GRAM: usize = 32;
/// How much a piece of what every log is full of counts, in texts that hold it.
const COMMONPLACE_WEIGHT: u32 = 8;
const BITS_MIN: usize = 1 << 10;
/// 64 KiB, so that the map stays in the nearer caches.
const BITS_MAX: usize = 1 << 19;

/// Where a piece comes from; small, because a plan has ten thousands of them.
#[derive(Clone, Copy, Debug)]
struct Filed {
    piece: u32,
    /// Four more bytes of the text, where they begin in it: looking at them spares most comparisons
    /// of the whole.
    more: u32,
    more_at: u16,
    /// Of the piece within the text.
    offset: u16,
    literal: u32,
}

/// In the place of [`Filed::more_at`], for texts of three bytes.
const NO_MORE: u16 = u16::MAX;
/// A piece begins within so many bytes of its text.
const OFFSETS: usize = 1 << 15;

/// The pieces of one length class.
#[derive(Clone, Debug)]
pub(super) struct Grams {
    /// How far apart the positions of a value are that are looked at.
    step: usize,
    /// Takes a piece from four bytes.
    mask: u32,
    bits: Vec<u64>,
    shift: u32,
    /// By the first bits of a piece's hash: where those begin in `filed`, which is in this order.
    starts: Vec<u32>,
    starts_shift: u32,
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

impl Sought {
    /// Returns whether nothing is sought.
    pub(super) fn is_empty(&self) -> bool {
        self.long.is_none() && self.short.is_none() && self.shortest.is_none()
    }

    /// Files these literals, all of which are fit.
    pub(super) fn new(literals: &[Literal], fit: &[u32]) -> Self {
        let (long, short): (Vec<u32>, Vec<u32>) =
            fit.iter().partition(|at| literals[**at as usize].text.len() >= LONG);
        let (short, shortest): (Vec<u32>, Vec<u32>) =
            short.iter().partition(|at| literals[**at as usize].text.len() > TRIGRAM);
        Self {
            long: Grams::new(literals, &long, GRAM),
            short: Grams::new(literals, &short, TRIGRAM),
            shortest: Grams::new(literals, &shortest, TRIGRAM),
        }
    }

    /// Calls `found` with every literal that stands in the value where it may; perhaps twice.
    pub(super) fn seek(&self, value: &[u8], literals: &[Literal], found: &mut dyn FnMut(u32)) {
        let mut hunt = Hunt { value, literals, found };
        for grams in [&self.long, &self.short, &self.shortest].into_iter().flatten() {
            match grams.step {
                4 => hunt.every_fourth(grams),
                3 => hunt.every::<3>(grams),
                2 => hunt.every::<2>(grams),
                _ => hunt.every::<1>(grams),
            }
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
            let (low, high) = (pair as u32 & grams.mask, (pair >> 32) as u32 & grams.mask);
            // One branch for both, as nearly always neither is there.
            if grams.may_hold(low) | grams.may_hold(high) {
                self.compare(grams, low, number * 8);
                self.compare(grams, high, number * 8 + GRAM);
            }
        }
        for (number, piece) in rest.chunks(GRAM).enumerate() {
            self.compare(grams, gram(piece) & grams.mask, pairs.len() * 8 + number * GRAM);
        }
    }

    /// Looks at every `STEP`th piece of three bytes: at those of eight bytes, then on by six.
    fn every<const STEP: usize>(&mut self, grams: &Grams) {
        const ON: usize = 6;
        let mut at = 0;
        while let Some(chunk) = self.value.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let chunk = u64::from_le_bytes(*chunk) | BLIND_LONG;
            let piece = |offset: usize| (chunk >> (8 * offset)) as u32 & grams.mask;
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
    /// Files the rarest run of neighbouring pieces of `size` bytes of each text; nothing for no
    /// texts.
    fn new(literals: &[Literal], of: &[u32], size: usize) -> Option<Self> {
        let text = |at: u32| literals[at as usize].text.as_bytes();
        let shortest = of.iter().map(|at| text(*at).len()).min()?;
        let step = (shortest + 1 - size).min(STEP_MAX);
        let width = size + step - 1;
        // How many texts hold a piece.
        let mut common: HashMap<u32, u32, FixedState> = HashMap::default();
        for piece in of.iter().flat_map(|at| text(*at).windows(size)) {
            *common.entry(gram(piece)).or_default() += 1;
        }
        for piece in super::witness::COMMONPLACE.as_bytes().windows(size) {
            *common.entry(gram(piece)).or_default() += COMMONPLACE_WEIGHT;
        }
        let weight = |piece: &[u8]| common.get(&gram(piece)).copied().unwrap_or(0);
        let mut filed = Vec::new();
        for literal in of {
            let weights: Vec<u32> = text(*literal).windows(size).map(weight).collect();
            let runs = weights.windows(step).take(OFFSETS).enumerate();
            let rarest = runs.min_by_key(|(_, run)| run.iter().sum::<u32>());
            let start = rarest.map_or(0, |(start, _)| start);
            let run = &text(*literal)[start..start + width];
            for (offset, piece) in (start..).zip(run.windows(size)) {
                filed.push(Filed::new(*literal, text(*literal), gram(piece), offset, size));
            }
        }
        Some(Self::of(filed, step, u32::MAX >> (8 * (GRAM - size))))
    }

    fn of(mut filed: Vec<Filed>, step: usize, mask: u32) -> Self {
        filed.sort_by_key(|filed| spread(filed.piece));
        let wanted = (filed.len() * BITS_PER_GRAM).next_power_of_two();
        let bits = wanted.clamp(BITS_MIN, BITS_MAX);
        let shift = 32 - bits.ilog2();
        let mut map = vec![0; bits / 64];
        for filed in &filed {
            let bit = (spread(filed.piece) >> shift) as usize;
            map[bit / 64] |= 1 << (bit % 64);
        }
        let starts_bits = filed.len().next_power_of_two().ilog2().max(1);
        let starts_shift = 32 - starts_bits;
        let begins = |head: u32| filed.partition_point(|f| spread(f.piece) >> starts_shift < head);
        let starts = (0..=1 << starts_bits).map(|head| place(begins(head))).collect();
        Self { step, mask, bits: map, shift, starts, starts_shift, filed }
    }

    fn may_hold(&self, piece: u32) -> bool {
        let bit = (spread(piece) >> self.shift) as usize;
        self.bits.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// Returns where the piece is filed, and a few others with it.
    fn alike(&self, piece: u32) -> Range<usize> {
        let head = (spread(piece) >> self.starts_shift) as usize;
        self.starts[head] as usize..self.starts[head + 1] as usize
    }

    fn compare(
        &self,
        piece: u32,
        at: usize,
        value: &[u8],
        literals: &[Literal],
        found: &mut dyn FnMut(u32),
    ) {
        for filed in &self.filed[self.alike(piece)] {
            let Some(start) = at.checked_sub(usize::from(filed.offset)) else { continue };
            if filed.piece == piece
                && filed.more_stands(start, value)
                && literals[filed.literal as usize].stands_at(start, value)
            {
                found(filed.literal);
            }
        }
    }
}

impl Filed {
    /// The four more bytes are those behind the piece, or before it where fewer follow.
    fn new(literal: u32, text: &[u8], piece: u32, offset: usize, size: usize) -> Self {
        let (mut more, mut more_at) = (0, NO_MORE);
        if let Some(last) = text.len().checked_sub(GRAM) {
            let behind = offset + size;
            let start = if behind <= last { behind } else { offset.saturating_sub(GRAM).min(last) };
            (more, more_at) = (gram(&text[start..start + GRAM]), small(start));
        }
        Self { piece, more, more_at, offset: small(offset), literal }
    }

    fn more_stands(&self, start: usize, value: &[u8]) -> bool {
        if self.more_at == NO_MORE {
            return true;
        }
        let there = value.get(start + usize::from(self.more_at)..);
        let there = there.and_then(<[u8]>::first_chunk::<GRAM>);
        there.is_some_and(|there| u32::from_le_bytes(*there) | BLIND == self.more)
    }
}

/// Offsets are bounded by [`OFFSETS`] and what is filed behind them.
fn small(offset: usize) -> u16 {
    u16::try_from(offset).unwrap_or(NO_MORE)
}

/// The texts of a column are bounded far below 4 GiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A hash whose first bits are the best.
fn spread(piece: u32) -> u32 {
    piece.wrapping_mul(0x9E37_79B1)
}

/// Up to four bytes as a number, blind to the case of ASCII letters.
fn gram(piece: &[u8]) -> u32 {
    piece.iter().rev().fold(0, |word, byte| word << 8 | u32::from(byte | 0x20))
}

//! Many texts sought in one value at once, by a few bytes of each.
//!
//! A text that occurs brings its pieces along. Of a text of seven bytes or more, four neighbouring
//! pieces of four bytes are filed: wherever it stands in a value, one of them begins at a multiple
//! of four, so only every fourth position of the value has to be looked at. Shorter texts file
//! pieces of three bytes: one, two or four, as the shortest of them has room for; texts of three
//! bytes go their own way, so that they do not slow down the others. A small bit map
//! answers "surely not" for nearly all positions; what it lets through is looked up and compared.

use super::frequency::Weights;
use super::heads::ByHead;
use super::literal::Literal;

/// Bytes of a piece of a long text.
const GRAM: usize = 4;
/// Bytes that a text needs for four neighbouring pieces.
pub(super) const LONG: usize = GRAM + STEP_MAX - 1;
/// The most neighbouring pieces that are filed of a text.
const STEP_MAX: usize = 4;
/// Bytes of a piece of a shorter text.
pub(super) const TRIGRAM: usize = 3;
/// Bytes of a value that are taken at once, of which the second half only completes pieces.
const WINDOW: usize = 16;
/// How far apart windows begin.
const ON: usize = 8;
/// Blind to the case of ASCII letters.
const BLIND: u32 = 0x2020_2020;
const BLIND_WINDOW: u128 = 0x2020_2020_2020_2020_2020_2020_2020_2020;
/// Bits of the map per piece: about three positions in a hundred are let through for nothing.
const BITS_PER_GRAM: usize = 32;
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
#[derive(Debug)]
pub(super) struct Grams {
    /// How far apart the positions of a value are that are looked at.
    step: usize,
    /// Bytes of a piece.
    size: usize,
    bits: Vec<u64>,
    shift: u32,
    filed: ByHead<Filed>,
}

/// The texts of a column, by length class.
#[derive(Debug)]
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

    /// Calls `occurs` with every literal that stands in the value where it may; perhaps twice.
    pub(super) fn seek(&self, value: &[u8], literals: &[Literal], occurs: &mut dyn FnMut(u32)) {
        let mut hunt = Hunt { value, literals, occurs };
        for grams in [&self.long, &self.short, &self.shortest].into_iter().flatten() {
            match (grams.size, grams.step) {
                (GRAM, _) => hunt.every::<GRAM, STEP_MAX>(grams),
                (_, STEP_MAX) => hunt.every::<TRIGRAM, STEP_MAX>(grams),
                (_, 2) => hunt.every::<TRIGRAM, 2>(grams),
                _ => hunt.every::<TRIGRAM, 1>(grams),
            }
        }
    }
}

/// One value being sought through.
struct Hunt<'h> {
    value: &'h [u8],
    literals: &'h [Literal],
    occurs: &'h mut dyn FnMut(u32),
}

impl Hunt<'_> {
    /// Looks at every `STEP`th piece of `SIZE` bytes: at those that begin in eight bytes, then in the
    /// next eight.
    fn every<const SIZE: usize, const STEP: usize>(&mut self, grams: &Grams) {
        let mut passed = Passed::default();
        let mut rest = self.value;
        while let Some(window) = rest.first_chunk() {
            let held = grams.held::<SIZE, STEP>(u128::from_le_bytes(*window));
            passed.put(self.value.len() - rest.len(), held);
            if passed.count == PASSED_MAX {
                self.compare_passed::<SIZE>(grams, &mut passed);
            }
            rest = &rest[ON..];
        }
        if !rest.is_empty() {
            let (at, last) = (self.value.len() - rest.len(), last_window(self.value, rest));
            passed.put(at, grams.held::<SIZE, STEP>(last));
            if rest.len() > ON {
                passed.put(at + ON, grams.held::<SIZE, STEP>(last >> (8 * ON)));
            }
        }
        self.compare_passed::<SIZE>(grams, &mut passed);
    }

    /// Compares the texts whose pieces may stand in these windows, and makes room for others.
    fn compare_passed<const SIZE: usize>(&mut self, grams: &Grams, passed: &mut Passed) {
        for (window, held) in &passed.windows[..passed.count] {
            let mut held = *held;
            while held != 0 {
                let at = *window as usize + held.trailing_zeros() as usize;
                held &= held - 1;
                // Whatever begins in the last few bytes does not stand there whole.
                if let Some(piece) = self.value.get(at..at + SIZE) {
                    grams.compare(gram(piece), at, self.value, self.literals, self.occurs);
                }
            }
        }
        passed.count = 0;
    }
}

/// Room for windows that are put down.
const PASSED_ROOM: usize = 16;
/// Windows that are put down before they are compared: room is left for the last two of a value.
const PASSED_MAX: usize = PASSED_ROOM - 2;

/// Windows that the bit map lets through: where they begin in the value, and the offsets of their
/// pieces.
///
/// Whether a window passes cannot be foreseen. It is put down without a branch, so that the
/// processor seldom goes the wrong way while the bit map is still on its way from memory.
#[derive(Default)]
struct Passed {
    windows: [(u32, u32); PASSED_ROOM],
    count: usize,
}

impl Passed {
    #[inline(always)]
    fn put(&mut self, at: usize, held: u32) {
        // A value is bounded far below 4 G; the remainder only spares a check.
        self.windows[self.count % PASSED_ROOM] = (at as u32, held);
        self.count += usize::from(held != 0);
    }
}

/// Returns the rest of a value, fewer than sixteen bytes. What is missing in it looks like blanks,
/// for which nothing stands in the value when it comes to comparing.
fn last_window(value: &[u8], rest: &[u8]) -> u128 {
    match value.last_chunk() {
        Some(last) => u128::from_le_bytes(*last) >> (8 * (WINDOW - rest.len())),
        None => rest.iter().rev().fold(0, |window, byte| window << 8 | u128::from(*byte)),
    }
}

impl Grams {
    /// Files the rarest run of neighbouring pieces of `size` bytes of each text; nothing for no
    /// texts.
    fn new(literals: &[Literal], of: &[u32], size: usize) -> Option<Self> {
        let text = |at: u32| literals[at as usize].text.as_bytes();
        let shortest = of.iter().map(|at| text(*at).len()).min()?;
        let step = prev_power_of_two((shortest + 1 - size).min(STEP_MAX));
        let width = size + step - 1;
        let common = Weights::new(of.iter().map(|at| text(*at)), size);
        let mut filed = Vec::new();
        for literal in of {
            let weights: Vec<u32> = text(*literal).windows(size).map(|p| common.of(p)).collect();
            let runs = weights.windows(step).take(OFFSETS).enumerate();
            let rarest = runs.min_by_key(|(_, run)| run.iter().sum::<u32>());
            let start = rarest.map_or(0, |(start, _)| start);
            let run = &text(*literal)[start..start + width];
            for (offset, piece) in (start..).zip(run.windows(size)) {
                filed.push(Filed::new(*literal, text(*literal), gram(piece), offset, size));
            }
        }
        Some(Self::of(filed, step, size))
    }

    fn of(filed: Vec<Filed>, step: usize, size: usize) -> Self {
        let wanted = (filed.len() * BITS_PER_GRAM).next_power_of_two();
        let bits = wanted.clamp(BITS_MIN, BITS_MAX);
        let shift = 32 - bits.ilog2();
        let mut map = vec![0; bits / 64];
        for filed in &filed {
            let bit = (spread(filed.piece) >> shift) as usize;
            map[bit / 64] |= 1 << (bit % 64);
        }
        let filed = ByHead::new(filed, |filed| spread(filed.piece));
        Self { step, size, bits: map, shift, filed }
    }

    /// Returns the offsets of the pieces in the first eight bytes of a window that may be filed.
    #[inline(always)]
    fn held<const SIZE: usize, const STEP: usize>(&self, window: u128) -> u32 {
        let window = window | BLIND_WINDOW;
        let mask = u32::MAX >> (8 * (GRAM - SIZE));
        let piece = |offset: usize| (window >> (8 * offset)) as u32 & mask;
        let held = |offset: usize| u32::from(self.may_hold(piece(offset))) << offset;
        (0..ON / STEP).fold(0, |all, number| all | held(STEP * number))
    }

    fn may_hold(&self, piece: u32) -> bool {
        let bit = (spread(piece) >> self.shift) as usize;
        self.bits.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    fn compare(
        &self,
        piece: u32,
        at: usize,
        value: &[u8],
        literals: &[Literal],
        occurs: &mut dyn FnMut(u32),
    ) {
        for filed in self.filed.alike(spread(piece)) {
            if filed.piece == piece
                && let Some(start) = at.checked_sub(usize::from(filed.offset))
                && filed.more_stands(start, value)
                && literals[filed.literal as usize].stands_at(start, value)
            {
                occurs(filed.literal);
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

/// A step must divide [`ON`], or the next window would not go on where the last one ended.
fn prev_power_of_two(number: usize) -> usize {
    1 << number.ilog2()
}

/// Offsets are bounded by [`OFFSETS`] and what is filed behind them.
fn small(offset: usize) -> u16 {
    u16::try_from(offset).unwrap_or(NO_MORE)
}

/// A hash whose first bits are the best.
pub(super) fn spread(piece: u32) -> u32 {
    piece.wrapping_mul(0x9E37_79B1)
}

/// Up to four bytes as a number, blind to the case of ASCII letters.
pub(super) fn gram(piece: &[u8]) -> u32 {
    piece.iter().rev().fold(0, |word, byte| word << 8 | u32::from(byte | 0x20))
}

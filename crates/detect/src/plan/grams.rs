//! Many texts sought in one value at once, by four bytes of each.
//!
//! A text that occurs brings its four-byte pieces along. Of a text of seven bytes or more, four
//! neighbouring pieces are filed: wherever it stands in a value, one of them begins at a multiple of
//! four, so only every fourth position of the value has to be looked at. Texts of four to six bytes
//! file one piece and are sought at every position. A small bit map answers "surely not" for nearly
//! all positions; what it lets through is looked up and compared.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::literal::Literal;

/// Bytes of a piece.
const GRAM: usize = 4;
/// Bytes that a text needs for four neighbouring pieces.
const LONG: usize = 2 * GRAM - 1;
/// Blind to the case of ASCII letters.
const BLIND: u32 = 0x2020_2020;
/// Bits of the map per piece: about one position in sixteen is let through for nothing.
const BITS_PER_GRAM: usize = 16;
const BITS_MIN: usize = 1 << 10;
/// 32 KiB, so that the map stays in the nearest cache.
const BITS_MAX: usize = 1 << 18;

/// Where a piece comes from.
#[derive(Clone, Copy, Debug)]
struct Filed {
    literal: u32,
    /// Of the piece within the text.
    offset: u32,
}

/// The pieces of one length class.
#[derive(Clone, Debug)]
pub(super) struct Grams {
    bits: Vec<u64>,
    shift: u32,
    filed: HashMap<u32, Vec<Filed>, FixedState>,
}

/// The texts of a column, by length class.
#[derive(Clone, Debug, Default)]
pub(super) struct Sought {
    long: Option<Grams>,
    short: Option<Grams>,
}

/// Returns whether the text is long enough to be sought by its pieces.
pub(super) fn is_fit(text: &str) -> bool {
    text.len() >= GRAM
}

impl Sought {
    /// Files these literals, all of which are fit.
    pub(super) fn new(literals: &[Literal], fit: &[u32]) -> Self {
        let (long, short): (Vec<u32>, Vec<u32>) =
            fit.iter().partition(|at| literals[**at as usize].text.len() >= LONG);
        // How many texts hold a piece: the rarest are filed.
        let mut common: HashMap<u32, u32, FixedState> = HashMap::default();
        for at in fit {
            for piece in literals[*at as usize].text.as_bytes().windows(GRAM) {
                *common.entry(gram(piece)).or_default() += 1;
            }
        }
        for piece in super::witness::COMMONPLACE.as_bytes().windows(GRAM) {
            *common.entry(gram(piece)).or_default() += 8;
        }
        let weigh = |pieces: &[u8]| -> u32 {
            pieces.windows(GRAM).map(|piece| common.get(&gram(piece)).copied().unwrap_or(0)).sum()
        };
        let files = |of: &[u32], width: usize| {
            let mut filed: HashMap<u32, Vec<Filed>, FixedState> = HashMap::default();
            for literal in of {
                let text = literals[*literal as usize].text.as_bytes();
                let rarest = text.windows(width).enumerate().min_by_key(|(_, part)| weigh(part));
                let start = rarest.map_or(0, |(start, _)| start);
                for offset in start..=start + width - GRAM {
                    let piece = gram(&text[offset..offset + GRAM]);
                    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                    filed.entry(piece).or_default().push(Filed { literal: *literal, offset });
                }
            }
            (!filed.is_empty()).then(|| Grams::new(filed))
        };
        Self { long: files(&long, LONG), short: files(&short, GRAM) }
    }

    /// Calls `found` with every literal that stands in the value where it may; perhaps twice.
    pub(super) fn seek(&self, value: &[u8], literals: &[Literal], found: &mut dyn FnMut(u32)) {
        if let Some(grams) = &self.long {
            let (pieces, _) = value.as_chunks::<GRAM>();
            for (number, piece) in pieces.iter().enumerate() {
                let piece = u32::from_le_bytes(*piece) | BLIND;
                if grams.may_hold(piece) {
                    grams.compare(piece, number * GRAM, value, literals, found);
                }
            }
        }
        if let Some(grams) = &self.short {
            for (at, piece) in value.windows(GRAM).enumerate() {
                let piece = gram(piece);
                if grams.may_hold(piece) {
                    grams.compare(piece, at, value, literals, found);
                }
            }
        }
    }
}

impl Grams {
    fn new(filed: HashMap<u32, Vec<Filed>, FixedState>) -> Self {
        let wanted = (filed.len() * BITS_PER_GRAM).next_power_of_two();
        let bits = wanted.clamp(BITS_MIN, BITS_MAX);
        let mut grams = Self { bits: vec![0; bits / 64], shift: 32 - bits.ilog2(), filed };
        for piece in grams.filed.keys() {
            let bit = spread(*piece, grams.shift);
            grams.bits[bit / 64] |= 1 << (bit % 64);
        }
        grams
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
        let Some(filed) = self.filed.get(&piece) else { return };
        for Filed { literal, offset } in filed {
            let start = at.checked_sub(*offset as usize);
            if start.is_some_and(|start| literals[*literal as usize].stands_at(start, value)) {
                found(*literal);
            }
        }
    }
}

fn spread(piece: u32, shift: u32) -> usize {
    (piece.wrapping_mul(0x9E37_79B1) >> shift) as usize
}

fn gram(piece: &[u8]) -> u32 {
    piece.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)) | BLIND
}

//! Values of any length (domains, addresses of the web and of mail, files): one arena of bytes and
//! rows sorted by the values' hashes.

use std::cmp::Ordering;
use std::ops::Range;

use super::bloom::Bloom;
use super::digest::Steps;
use super::note::Meta;

/// The arena is addressed by 32 bits.
pub(crate) const ARENA_BYTES_MAX: usize = u32::MAX as usize;
/// A value's length stands before it.
const LENGTH_BYTES: usize = 2;

#[derive(Clone, Copy, Debug)]
struct Row {
    /// Upper half of the value's hash.
    print: u32,
    at: u32,
    meta: Meta,
}

/// Values of one kind. Texts are pushed, then sealed, then asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    rows: Vec<Row>,
    arena: Vec<u8>,
    steps: Steps,
    bloom: Bloom,
}

impl Texts {
    /// Adds a value with its hash. Returns false when the arena is full.
    pub(crate) fn push(&mut self, text: &str, hash: u64, meta: Meta) -> bool {
        let at = self.arena.len();
        let Ok(length) = u16::try_from(text.len()) else { return false };
        if at + LENGTH_BYTES + text.len() > ARENA_BYTES_MAX {
            return false;
        }
        self.arena.extend_from_slice(&length.to_le_bytes());
        self.arena.extend_from_slice(text.as_bytes());
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.rows.push(Row { print: print(hash), at, meta });
        true
    }

    /// Sorts the rows, drops those that say what an earlier one says, and returns how many. `keys`
    /// calls back with every hash by which a value is to be guessed at.
    pub(crate) fn seal(
        &mut self,
        same: impl Fn(Meta, Meta) -> bool,
        keys_each: usize,
        keys: impl Fn(&str, &mut dyn FnMut(u64)),
    ) -> u64 {
        let arena = &self.arena;
        self.rows.sort_unstable_by(|a, b| {
            let texts = || slice(arena, a.at).cmp(slice(arena, b.at));
            a.print.cmp(&b.print).then_with(texts).then(a.meta.cmp(&b.meta))
        });
        let before = self.rows.len();
        self.rows.dedup_by(|later, earlier| {
            later.print == earlier.print
                && slice(arena, later.at) == slice(arena, earlier.at)
                && same(later.meta, earlier.meta)
        });
        self.rows.shrink_to_fit();
        self.arena.shrink_to_fit();
        self.steps = Steps::over(self.rows.iter().map(|row| row.print));
        self.bloom = Bloom::for_keys(self.rows.len() * keys_each);
        for row in 0..self.rows.len() {
            let text = text_at(&self.arena, self.rows[row].at);
            keys(text, &mut |hash| self.bloom.insert(hash));
        }
        (before - self.rows.len()) as u64
    }

    /// Returns false when no value has this hash.
    #[inline]
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        self.bloom.may_contain(hash)
    }

    /// Returns the rows of a value, which must be spelt as it was pushed.
    pub(crate) fn find(&self, hash: u64, text: &str) -> Range<usize> {
        let wanted = print(hash);
        let order = |row: &Row| {
            let texts = || slice(&self.arena, row.at).cmp(text.as_bytes());
            row.print.cmp(&wanted).then_with(texts)
        };
        let near = self.steps.rows(wanted);
        let rows = &self.rows[near.clone()];
        let first = rows.partition_point(|row| order(row) == Ordering::Less);
        let count = rows[first..].partition_point(|row| order(row) == Ordering::Equal);
        near.start + first..near.start + first + count
    }

    /// Returns the value of a row.
    pub(crate) fn text(&self, row: usize) -> &str {
        text_at(&self.arena, self.rows[row].at)
    }

    /// Returns what is known about a row.
    pub(crate) fn meta(&self, row: usize) -> Meta {
        self.rows[row].meta
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        let rows = self.rows.capacity() * size_of::<Row>();
        rows + self.arena.capacity() + self.steps.size_bytes() + self.bloom.size_bytes()
    }
}

fn print(hash: u64) -> u32 {
    (hash >> 32) as u32
}

fn slice(arena: &[u8], at: u32) -> &[u8] {
    let at = at as usize;
    let length = usize::from(u16::from_le_bytes([arena[at], arena[at + 1]]));
    &arena[at + LENGTH_BYTES..at + LENGTH_BYTES + length]
}

fn text_at(arena: &[u8], at: u32) -> &str {
    std::str::from_utf8(slice(arena, at)).expect("only texts were pushed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ioc::mix::exact;

    #[test]
    fn texts_are_found_even_where_hashes_meet() {
        let mut texts = Texts::default();
        let meta = Meta::new(0, 0);
        let words: Vec<String> = (0..3_000).map(|n| format!("word{n}")).collect();
        // Three hashes for all of them.
        let hash = |word: &str| exact(&word.as_bytes()[word.len() - 1..]) % 3;
        for word in &words {
            assert!(texts.push(word, hash(word), meta));
            assert!(texts.push(word, hash(word), meta));
        }
        let dropped = texts.seal(|a, b| a == b, 1, |word, key| key(hash(word)));
        assert_eq!((dropped, texts.len()), (3_000, 3_000));
        for word in &words {
            assert!(texts.may_contain(hash(word)));
            let found = texts.find(hash(word), word);
            assert_eq!(found.len(), 1);
            assert_eq!(texts.text(found.start), word);
        }
        assert!(texts.find(hash("word0"), "word").is_empty());
        assert!(Texts::default().find(1, "x").is_empty());
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        let mut texts = Texts::default();
        let long = "x".repeat(70_000);
        assert!(!texts.push(&long, 1, Meta::new(0, 0)));
    }
}

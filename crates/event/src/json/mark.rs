//! What a member's name is known by when it comes again: its first bytes, compared at once.

/// Bytes compared.
const BYTES: usize = 16;

/// How a name begins that is written without escapes, its closing quote included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    first: u128,
    /// The bits of `first` that count.
    mask: u128,
    /// Bytes of the whole name.
    len: usize,
}

impl Mark {
    pub(super) fn of(name: &str) -> Self {
        let quoted = name.bytes().chain([b'"']).take(BYTES);
        let (mut first, mut mask) = ([0; BYTES], [0; BYTES]);
        for (at, byte) in quoted.enumerate() {
            (first[at], mask[at]) = (byte, u8::MAX);
        }
        let [first, mask] = [first, mask].map(u128::from_le_bytes);
        Self { first, mask, len: name.len() }
    }

    /// Returns the bytes of the name.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the name and its closing quote open the text, of which a few bytes more must
    /// be left. `whole` tells a name that does not fit into its mark.
    #[inline(always)]
    pub(super) fn opens<'n>(&self, text: &[u8], whole: impl Fn() -> &'n str) -> bool {
        let Some(first) = text.first_chunk() else { return false };
        u128::from_le_bytes(*first) & self.mask == self.first
            && (self.len < BYTES || is_quoted(whole(), text))
    }
}

fn is_quoted(name: &str, text: &[u8]) -> bool {
    text.get(name.len()) == Some(&b'"') && text.starts_with(name.as_bytes())
}

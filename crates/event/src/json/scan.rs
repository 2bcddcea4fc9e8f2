//! JSON's tokens (RFC 8259), read where they stand, in steps of eight bytes where text is long.
//!
//! Logs are most of what this program reads, and Windows paths are full of escapes: a string is
//! copied while its end is looked for, block by block, of which what stands before a special byte
//! counts. What the tokens mean, and how deep they nest, is the readers' affair
//! ([`super::stream`], [`super::tree`]).

use std::borrow::Cow;

use super::flaw::{Flaw, Wrong};
use super::mark::Mark;
use super::tree::NAME_BYTES_MAX;
use crate::buffer::Buffer;

const ONES: u64 = u64::MAX / 0xFF;
const HIGHS: u64 = ONES * 0x80;
/// Bytes that are looked at together.
const BLOCK: usize = 8;
/// Bytes that a string is given room for at a time, and mostly needs no more.
const ROOM: usize = 256;
/// By the letter behind a backslash: what it stands for.
const SHORT_ESCAPES: [u8; 256] = {
    let mut meant = [0; 256];
    meant[b'"' as usize] = b'"';
    meant[b'\\' as usize] = b'\\';
    meant[b'/' as usize] = b'/';
    meant[b'b' as usize] = 0x08;
    meant[b'f' as usize] = 0x0C;
    meant[b'n' as usize] = b'\n';
    meant[b'r' as usize] = b'\r';
    meant[b't' as usize] = b'\t';
    meant
};
/// Whole numbers of so many digits fit 64 bits, whatever they are.
const DIGITS_SURE: usize = 18;

/// A place in a text. After an error it is the place of what is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns how many bytes are passed.
    pub(super) fn passed(&self) -> usize {
        self.at
    }

    /// Puts what is wrong to its place.
    pub(super) fn flaw(&self, wrong: Wrong) -> Flaw {
        Flaw { wrong, at: self.at }
    }

    /// Passes blanks and returns the first byte behind them.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Wrong> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => self.peek_far(),
        }
    }

    fn peek_far(&mut self) -> Result<u8, Wrong> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Wrong::Ends)
    }

    /// Passes `{` and, if the object has a member, its name's opening quote. Returns whether it has.
    pub(super) fn first_member(&mut self) -> Result<bool, Wrong> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(false);
        }
        self.quote()
    }

    /// Passes what stands between a member's value and the next name's text. Returns whether there
    /// is another member.
    #[inline(always)]
    pub(super) fn next_member(&mut self) -> Result<bool, Wrong> {
        // So does every source write it that writes one event per line.
        if self.text.as_bytes()[self.at..].starts_with(b",\"") {
            self.at += 2;
            return Ok(true);
        }
        self.next_member_far()
    }

    fn next_member_far(&mut self) -> Result<bool, Wrong> {
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.quote()
            }
            b'}' => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(Wrong::MemberEnd),
        }
    }

    #[inline]
    fn quote(&mut self) -> Result<bool, Wrong> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                Ok(true)
            }
            b'}' => Err(Wrong::Comma),
            _ => Err(Wrong::Name),
        }
    }

    /// Passes the quote that stands here.
    #[inline]
    pub(super) fn pass_quote(&mut self) {
        self.at += 1;
    }

    /// Passes the colon behind a member's name.
    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), Wrong> {
        if self.peek()? != b':' {
            return Err(Wrong::Colon);
        }
        self.at += 1;
        Ok(())
    }

    /// Passes `[`. Returns whether the array has an item.
    pub(super) fn first_item(&mut self) -> Result<bool, Wrong> {
        self.at += 1;
        let has_item = self.peek()? != b']';
        self.at += usize::from(!has_item);
        Ok(has_item)
    }

    /// Passes what stands behind an item. Returns whether there is another one.
    pub(super) fn next_item(&mut self) -> Result<bool, Wrong> {
        let byte = self.peek()?;
        if !matches!(byte, b',' | b']') {
            return Err(Wrong::ItemEnd);
        }
        self.at += 1;
        if byte == b',' && self.peek()? == b']' {
            return Err(Wrong::Comma);
        }
        Ok(byte == b',')
    }

    /// Passes the name whose opening quote is passed if it is the one of this mark, without escapes.
    /// `whole` tells that name.
    #[inline(always)]
    pub(super) fn pass_name<'n>(&mut self, mark: &Mark, whole: impl Fn() -> &'n str) -> bool {
        let is_it = mark.opens(&self.text.as_bytes()[self.at..], whole);
        if is_it {
            self.at += mark.len() + 1;
        }
        is_it
    }

    /// Reads the member name whose opening quote is passed.
    pub(super) fn name(&mut self) -> Result<Cow<'t, str>, Wrong> {
        let name = self.string()?;
        if name.len() <= NAME_BYTES_MAX { Ok(name) } else { Err(Wrong::NameBytes) }
    }

    /// Reads the string whose opening quote is passed: borrowed if it holds no escapes.
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Wrong> {
        let (start, end) = (self.at, self.plain_end(self.at));
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        let mut unescaped = Buffer::default();
        self.string_into(&mut unescaped)?;
        Ok(Cow::Owned(unescaped.text(0).to_owned()))
    }

    /// Appends the string whose opening quote is passed to `into`.
    pub(super) fn string_into(&mut self, into: &mut Buffer) -> Result<(), Wrong> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain = push_plain(rest, into);
            self.at += plain;
            match rest.get(plain) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match rest.get(plain + 1).map_or(0, short_escape) {
                    0 => self.long_escape_into(into)?,
                    meant => {
                        into.push_block([meant], 1);
                        self.at += 2;
                    }
                },
                Some(byte) if is_special(*byte) => return Err(Wrong::Control),
                Some(_) => {}
                None => return Err(Wrong::Ends),
            }
        }
    }

    /// Appends what the escape stands for that begins here, which is not a single letter.
    #[inline(never)]
    fn long_escape_into(&mut self, into: &mut Buffer) -> Result<(), Wrong> {
        self.at += 1;
        match self.text.as_bytes().get(self.at) {
            Some(b'u') => {
                self.at += 1;
                into.push_char(self.hex_escape()?);
                Ok(())
            }
            Some(_) => Err(Wrong::Escape),
            None => Err(Wrong::Ends),
        }
    }

    /// Appends the number that begins here to `into`. A whole number of at most 64 bits keeps its
    /// digits, any other is told by the fewest that mean the same 64-bit float.
    #[inline]
    pub(super) fn number_into(&mut self, into: &mut Buffer) -> Result<(), Wrong> {
        if let Some(block) = self.text.as_bytes()[self.at..].first_chunk() {
            let digits = leading_digits(*block);
            let is_sure = digits == 1 || (digits > 1 && block[0] != b'0');
            let ends = block.get(digits).is_some_and(|byte| !matches!(byte, b'.' | b'e' | b'E'));
            // Nearly all are like this.
            if is_sure && ends {
                into.push_block(*block, digits);
                self.at += digits;
                return Ok(());
            }
        }
        self.any_number_into(into)
    }

    fn any_number_into(&mut self, into: &mut Buffer) -> Result<(), Wrong> {
        let start = self.at;
        let is_negative = self.pass_if(|byte| byte == b'-');
        let is_zero_first = self.text.as_bytes().get(self.at) == Some(&b'0');
        let digits = self.digits()?;
        if is_zero_first && digits > 1 {
            self.at = start + usize::from(is_negative) + 1;
            return Err(Wrong::Number);
        }
        let mut is_whole = !(is_negative && is_zero_first);
        if self.pass_if(|byte| byte == b'.') {
            is_whole = false;
            self.digits()?;
        }
        if self.pass_if(|byte| matches!(byte, b'e' | b'E')) {
            is_whole = false;
            self.pass_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        let written = &self.text[start..self.at];
        if is_whole && (digits <= DIGITS_SURE || fits(written)) {
            into.push(written.as_bytes());
            return Ok(());
        }
        let real: f64 = written.parse().map_err(|_| Wrong::Number)?;
        if real.is_infinite() {
            return Err(Wrong::Range);
        }
        // `{:?}` keeps the point of 1.0 and the exponent of 1e300, both valid JSON.
        into.push(format!("{real:?}").as_bytes());
        Ok(())
    }

    /// Passes `null`, `true` or `false`, whichever is given.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Wrong> {
        for wanted in word.bytes() {
            match self.text.as_bytes().get(self.at) {
                Some(byte) if *byte == wanted => self.at += 1,
                Some(_) => return Err(Wrong::Word),
                None => return Err(Wrong::Ends),
            }
        }
        Ok(())
    }

    /// Returns where, from this place on, the next byte stands that may not stand in a string as
    /// it is: its end, an escape or a control character.
    #[inline]
    fn plain_end(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let found = specials(u64::from_le_bytes(*eight));
            if found != 0 {
                return at + found.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        let last = bytes[at..].iter().position(|byte| is_special(*byte));
        last.map_or(bytes.len(), |behind| at + behind)
    }

    /// Reads the digits of `\uXXXX`, and of the second half that a pair of surrogates needs. Half a
    /// pair, which Windows lets stand in names and command lines, becomes U+FFFD, as what is no UTF-8
    /// does: nobody shall hide an event behind it.
    fn hex_escape(&mut self) -> Result<char, Wrong> {
        let mut code = self.hex()?;
        if matches!(code, 0xD800..=0xDBFF)
            && let Some(low) = self.low_surrogate()
        {
            code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Passes the second half of a pair, if it stands here.
    fn low_surrogate(&mut self) -> Option<u32> {
        let rest = self.text.as_bytes()[self.at..].strip_prefix(b"\\u")?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let digits = rest.first_chunk::<4>()?.iter();
        let code = digits.copied().try_fold(0, |code, byte| Some(code * 16 + digit(byte)?))?;
        let low = matches!(code, 0xDC00..=0xDFFF).then_some(code)?;
        self.at += "\\uXXXX".len();
        Some(low)
    }

    fn hex(&mut self) -> Result<u32, Wrong> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(byte) = self.text.as_bytes().get(self.at) else { return Err(Wrong::Ends) };
            let digit = char::from(*byte).to_digit(16).ok_or(Wrong::Escape)?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// Passes one digit or more and returns how many.
    fn digits(&mut self) -> Result<usize, Wrong> {
        let start = self.at;
        while self.pass_if(|byte| byte.is_ascii_digit()) {}
        match self.at - start {
            0 if self.at == self.text.len() => Err(Wrong::Ends),
            0 => Err(Wrong::Number),
            digits => Ok(digits),
        }
    }

    #[inline]
    fn pass_if(&mut self, is_wanted: impl Fn(u8) -> bool) -> bool {
        let passes = self.text.as_bytes().get(self.at).is_some_and(|byte| is_wanted(*byte));
        self.at += usize::from(passes);
        passes
    }
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Returns a mask in which the lowest bit set is the high bit of the first special byte; above it
/// there may be others that mean nothing. No bit means no special byte.
#[inline]
fn specials(eight: u64) -> u64 {
    // With this bit turned, the quote stands right behind the control characters.
    let low = (eight ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let escape = (eight ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (low | escape) & !eight & HIGHS
}

/// Appends what stands before the first special byte and returns how many bytes that is; a long text
/// goes on behind it.
#[inline(always)]
fn push_plain(rest: &[u8], into: &mut Buffer) -> usize {
    let (blocks, last) = rest.as_chunks::<BLOCK>();
    let room = into.room(ROOM).as_chunks_mut::<BLOCK>().0;
    let mut plain = 0;
    for (block, room) in blocks.iter().zip(room) {
        *room = *block;
        let found = specials(u64::from_le_bytes(*block));
        if found != 0 {
            plain += found.trailing_zeros() as usize / 8;
            into.fill(plain);
            return plain;
        }
        plain += BLOCK;
    }
    into.fill(plain);
    if plain < rest.len() - last.len() {
        return plain;
    }
    let before = last.iter().position(|byte| is_special(*byte)).unwrap_or(last.len());
    into.push(&last[..before]);
    plain + before
}

/// Returns what a letter behind a backslash stands for, 0 for none: a NUL can only be written with
/// its digits.
fn short_escape(letter: &u8) -> u8 {
    SHORT_ESCAPES[usize::from(*letter)]
}

/// Returns how many digits stand before anything else.
#[inline]
fn leading_digits(block: [u8; BLOCK]) -> usize {
    let low = u64::from_le_bytes(block) ^ (ONES * b'0' as u64);
    // A carry only reaches what stands behind the first byte that is no digit.
    let others = (low.wrapping_add(ONES * (0x80 - 10)) | low) & HIGHS;
    others.trailing_zeros() as usize / 8
}

fn fits(whole: &str) -> bool {
    whole.parse::<u64>().is_ok() || whole.parse::<i64>().is_ok()
}

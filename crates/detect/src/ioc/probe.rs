//! Looks for indicators in one value of an event.
//!
//! Nearly all values are strangers, and a stranger costs a hash and one cache line per question.
//! Only what passes the filters is spelt out and compared byte for byte: a hit is exact.
//!
//! An event is looked at once to put its questions down, and once more when a filter did not say
//! no: the same code, so that nothing can be found that was not asked for.

use std::net::IpAddr;

use memchr::memmem::Finder;
use memchr::{memchr, memchr3, memrchr};

use super::digest::{Digests, head};
use super::hit::IocHit;
use super::note::Meta;
use super::question::{Questions, Table};
use super::set::{Indicators, Spot};
use super::value::{self, spell_email_user};
use super::{address, domain, mix, path, url};

/// Parts of one value that are looked at: hashes, answers, addresses of mail or of the web.
const PARTS_MAX: usize = 32;
/// Words of one message that are looked at.
const WORDS_MAX: usize = 512;
/// `SHA256=`, and a little for the names that others invent.
const HASH_NAME_BYTES_MAX: usize = 10;

/// Matches that came to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IocCounters {
    /// The indicator was no longer valid when the event happened.
    pub expired: u64,
    /// The allow-list names what the indicator found: a name below it, an address within it.
    pub allowed: u64,
}

impl std::ops::AddAssign for IocCounters {
    fn add_assign(&mut self, other: Self) {
        self.expired += other.expired;
        self.allowed += other.allowed;
    }
}

/// Where questions and finds go: the event and field that are being looked at, and the lists.
#[derive(Debug)]
pub(crate) struct Finds<'h> {
    pub(crate) event: usize,
    /// Where questions are put down; without, they are answered at once.
    pub(crate) questions: Option<&'h mut Questions>,
    pub(crate) field: &'static str,
    /// When the event happened, µs UTC.
    pub(crate) at_us: i64,
    pub(crate) hits: &'h mut Vec<IocHit>,
    /// Where the hits of this event begin.
    pub(crate) first: usize,
    pub(crate) counters: &'h mut IocCounters,
}

impl Finds<'_> {
    /// Returns whether what the table holds under this key is to be read: not while questions are
    /// only put down.
    #[inline]
    fn reads(&mut self, set: &Indicators, table: Table, key: u64) -> bool {
        match &mut self.questions {
            Some(questions) => {
                questions.put(table, key, self.event);
                false
            }
            None => set.may_hold(table, key),
        }
    }

    /// Tells an indicator, once an event.
    fn tell(&mut self, spot: Spot, more: usize) {
        if self.hits[self.first..].iter().any(|hit| hit.spot == spot) {
            return;
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        self.hits.push(IocHit { event: self.event, field: self.field, more, spot });
    }
}

impl Indicators {
    /// Looks for hashes: `SHA1=..,MD5=..`, or one alone.
    pub(crate) fn probe_hashes(&self, text: &str, finds: &mut Finds<'_>) {
        let mut rest = text.as_bytes();
        for _ in 0..PARTS_MAX {
            let (name, digits) = hash_name(rest);
            let used = match name {
                Some(HashName::Md5) => self.md5(digits, finds),
                Some(HashName::Sha1) => self.sha1(digits, finds),
                Some(HashName::Sha256) => self.sha256(digits, finds),
                Some(HashName::Imphash) => self.probe_imphash(digits, finds),
                Some(HashName::Other) => 0,
                None => self.bare_hash(digits, finds),
            };
            rest = &digits[used..];
            let is_end = |byte: &u8| matches!(byte, b',' | b';' | b'|' | b' ' | b'\t');
            let Some(end) = rest.iter().position(is_end) else { return };
            rest = &rest[end + 1..];
            if rest.is_empty() {
                return;
            }
        }
    }

    /// A hash without a name is told by its length.
    fn bare_hash(&self, digits: &[u8], finds: &mut Finds<'_>) -> usize {
        let length = match digits.len() {
            whole @ (32 | 40 | 64) => whole,
            _ => digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count(),
        };
        match length {
            32 => self.md5(digits, finds),
            40 => self.sha1(digits, finds),
            64 => self.sha256(digits, finds),
            _ => 0,
        }
    }

    fn md5(&self, digits: &[u8], finds: &mut Finds<'_>) -> usize {
        self.digest((Table::Md5, &self.md5), digits, Spot::Md5, finds)
    }

    fn sha1(&self, digits: &[u8], finds: &mut Finds<'_>) -> usize {
        self.digest((Table::Sha1, &self.sha1), digits, Spot::Sha1, finds)
    }

    fn sha256(&self, digits: &[u8], finds: &mut Finds<'_>) -> usize {
        self.digest((Table::Sha256, &self.sha256), digits, Spot::Sha256, finds)
    }

    /// Looks for an import hash at the beginning of the digits; returns how many it takes.
    pub(crate) fn probe_imphash(&self, digits: &[u8], finds: &mut Finds<'_>) -> usize {
        self.digest((Table::Imphash, &self.imphash), digits, Spot::Imphash, finds)
    }

    /// Returns how many digits the hash takes: 0 when there is none.
    fn digest<const W: usize>(
        &self,
        (table, rows): (Table, &Digests<W>),
        digits: &[u8],
        spot: fn(u32) -> Spot,
        finds: &mut Finds<'_>,
    ) -> usize {
        let Some(digits) = digits.get(..2 * W) else { return 0 };
        // Most hashes are strangers, which their first sixteen digits tell.
        if finds.reads(self, table, value::hex_head(digits))
            && let Some(bytes) = value::bytes::<W>(digits)
        {
            let meta = |row| rows.row(row).meta;
            self.judge(rows.find(&bytes), meta, spot, finds);
        }
        2 * W
    }

    /// Looks for an address and the ranges around it. Returns whether the text is an address.
    #[inline]
    pub(crate) fn probe_ip(&self, text: &str, finds: &mut Finds<'_>) -> bool {
        let Some(address) = address::read(text) else { return false };
        match address {
            IpAddr::V4(v4) => {
                let bits = v4.to_bits();
                if finds.reads(self, Table::V4, u64::from(bits)) {
                    let meta = |row| self.v4.row(row).meta;
                    self.judge(self.v4.find(&v4.octets()), meta, Spot::V4, finds);
                }
                if finds.reads(self, Table::Net4, u64::from(bits >> 16)) {
                    let meta = |row| self.nets4.meta(row);
                    self.range(address, self.nets4.around(bits), meta, Spot::Net4, finds);
                }
            }
            IpAddr::V6(v6) => {
                let (bits, octets) = (v6.to_bits(), v6.octets());
                if finds.reads(self, Table::V6, head(&octets)) {
                    let meta = |row| self.v6.row(row).meta;
                    self.judge(self.v6.find(&octets), meta, Spot::V6, finds);
                }
                if finds.reads(self, Table::Net6, (bits >> 112) as u64) {
                    let meta = |row| self.nets6.meta(row);
                    self.range(address, self.nets6.around(bits), meta, Spot::Net6, finds);
                }
            }
        }
        true
    }

    /// The narrowest valid range is told, unless the address within it is allowed.
    fn range(
        &self,
        address: IpAddr,
        rows: impl Iterator<Item = usize>,
        meta: impl Fn(usize) -> Meta,
        spot: fn(u32) -> Spot,
        finds: &mut Finds<'_>,
    ) {
        let rows: Vec<usize> = rows.collect();
        if rows.is_empty() {
            return;
        }
        if self.allow.allows_ip(address) {
            finds.counters.allowed += 1;
            return;
        }
        self.judge(rows.into_iter(), meta, spot, finds);
    }

    /// Looks for a name and the names above it, or for an address where one stands in its place.
    #[inline]
    pub(crate) fn probe_host(&self, text: &str, finds: &mut Finds<'_>) {
        if self.probe_ip(text, finds) || self.domains.len() == 0 {
            return;
        }
        let name = memchr(b':', text.as_bytes()).map_or(text, |port| &text[..port]);
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_ascii() {
            self.probe_name(name, finds);
        } else {
            let mut spelt = String::new();
            if domain::spell(name, &mut spelt).is_some() {
                self.probe_name(&spelt, finds);
            }
        }
    }

    /// Of several domains above a name, the longest valid one is told.
    fn probe_name(&self, name: &str, finds: &mut Finds<'_>) {
        let mut found = Vec::new();
        for (hash, start) in domain::tails(name, self.domain_depth).skip(1) {
            if finds.reads(self, Table::Domain, hash) {
                let tail = name[start..].to_ascii_lowercase();
                found.push(self.domains.find(hash, &tail));
            }
        }
        let rows = found.into_iter().rev().flatten();
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return;
        }
        if self.allow.allows_name(&name.to_ascii_lowercase()) {
            finds.counters.allowed += 1;
            return;
        }
        self.judge(rows, |row| self.domains.meta(row), Spot::Domain, finds);
    }

    /// Looks for the names and addresses of a DNS answer as Sysmon and Suricata write it.
    pub(crate) fn probe_answers(&self, text: &str, finds: &mut Finds<'_>) {
        for answer in text.split([';', ',']).take(PARTS_MAX) {
            let answer = answer.trim_end().rsplit(' ').next().unwrap_or_default();
            if !answer.is_empty() {
                self.probe_host(answer, finds);
            }
        }
    }

    /// Looks for a web address, and for its host.
    pub(crate) fn probe_url(&self, text: &str, finds: &mut Finds<'_>) {
        let text = cut(text, url::BYTES_MAX);
        let rest = match memchr(b':', text.as_bytes()) {
            Some(colon) if text[colon..].starts_with("://") => &text[colon + 3..],
            _ => text,
        };
        let end = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
        let authority = &rest[..end];
        if authority.is_empty() {
            return;
        }
        let host = memrchr(b'@', authority.as_bytes()).map_or(authority, |at| &authority[at + 1..]);
        self.probe_host(host, finds);
        self.probe_web(authority, text, finds);
    }

    /// Looks for a path on a host, as web logs tell them: apart.
    pub(crate) fn probe_web_path(&self, host: &str, text: &str, finds: &mut Finds<'_>) {
        if self.may_know_host(host, finds) {
            let whole = format!("{host}{}", cut(text, url::BYTES_MAX));
            self.probe_web(host, &whole, finds);
        }
    }

    fn probe_web(&self, authority: &str, text: &str, finds: &mut Finds<'_>) {
        if !self.may_know_host(authority, finds) {
            return;
        }
        let mut spelt = String::new();
        if url::spell(text, &mut spelt).is_none() {
            return;
        }
        let mut found = Vec::new();
        for (hash, end) in url::beginnings(&spelt) {
            if finds.reads(self, Table::Url, hash) {
                found.push(self.urls.find(hash, &spelt[..end]));
            }
        }
        let rows = found.into_iter().rev().flatten();
        self.judge(rows, |row| self.urls.meta(row), Spot::Url, finds);
    }

    /// Returns false when no address of this host is known; an odd spelling gets the benefit of
    /// the doubt.
    fn may_know_host(&self, authority: &str, finds: &mut Finds<'_>) -> bool {
        if self.urls.len() == 0 {
            return false;
        }
        let bytes = authority.as_bytes();
        let is_plain =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let host = bytes.strip_suffix(b":443").or_else(|| bytes.strip_suffix(b":80"));
        let host = host.unwrap_or(bytes);
        if !host.iter().all(is_plain) || host.ends_with(b".") {
            return true;
        }
        finds.reads(self, Table::Url, mix::spread(mix::chain(mix::START, mix::folded(host))))
    }

    /// Looks for e-mail addresses, and for the domains behind their `@`.
    pub(crate) fn probe_emails(&self, text: &str, finds: &mut Finds<'_>) {
        if memchr(b'@', text.as_bytes()).is_none() {
            return;
        }
        let is_between = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"');
        for one in text.split(is_between).filter(|one| one.contains('@')).take(PARTS_MAX) {
            let Some((user, host)) = one.rsplit_once('@') else { continue };
            self.probe_host(host, finds);
            let mut spelt = String::new();
            spell_email_user(user, &mut spelt);
            spelt.push('@');
            if domain::spell(host, &mut spelt).is_none() {
                continue;
            }
            let hash = mix::exact(spelt.as_bytes());
            if finds.reads(self, Table::Email, hash) {
                let rows = self.emails.find(hash, &spelt);
                self.judge(rows, |row| self.emails.meta(row), Spot::Email, finds);
            }
        }
    }

    /// Looks for a file by its name, its path, or the end of it.
    #[inline]
    pub(crate) fn probe_file(&self, text: &str, finds: &mut Finds<'_>) {
        if text.len() > path::BYTES_MAX {
            return;
        }
        if text.is_ascii() {
            self.probe_path(text, finds);
        } else {
            let mut spelt = String::new();
            path::spell(text, &mut spelt);
            self.probe_path(&spelt, finds);
        }
    }

    /// Of several, the longest valid one is told.
    fn probe_path(&self, text: &str, finds: &mut Finds<'_>) {
        let mut found = Vec::new();
        for (hash, start) in path::tails(text, self.file_depth) {
            if finds.reads(self, Table::File, hash) {
                let mut spelt = String::new();
                path::spell(&text[start..], &mut spelt);
                found.push(self.files.find(hash, &spelt));
            }
        }
        let rows = found.into_iter().rev().flatten();
        self.judge(rows, |row| self.files.meta(row), Spot::File, finds);
    }

    /// Looks for the web addresses in free text.
    pub(crate) fn probe_text(&self, text: &str, finder: &Finder<'_>, finds: &mut Finds<'_>) {
        for at in finder.find_iter(text.as_bytes()).take(PARTS_MAX) {
            let rest = &text[at + finder.needle().len()..];
            let is_end = |c: char| {
                c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '|' | '`' | ')' | ';')
            };
            let end = rest.find(is_end).unwrap_or(rest.len());
            self.probe_url(&rest[..end], finds);
        }
    }

    /// Looks for names and addresses of every kind among the words of a message.
    pub(crate) fn probe_words(&self, text: &str, finds: &mut Finds<'_>) {
        let bytes = text.as_bytes();
        let mut from = 0;
        for _ in 0..WORDS_MAX {
            let Some(dot) = memchr(b'.', &bytes[from..]) else { return };
            let dot = from + dot;
            let before = bytes[from..dot].iter().rev().take_while(|byte| is_word(**byte)).count();
            let after = bytes[dot..].iter().take_while(|byte| is_word(**byte)).count();
            self.probe_word(&text[dot - before..dot + after], finds);
            from = dot + after;
        }
    }

    fn probe_word(&self, word: &str, finds: &mut Finds<'_>) {
        let word = word.trim_matches(['.', ':', '-']);
        if word.contains('@') {
            return self.probe_emails(word, finds);
        }
        // `203.0.113.9:443` is an address; `outside:203.0.113.9` holds one.
        let is_address = word.contains(':') && self.probe_ip(word, finds);
        if !is_address {
            for part in word.split(':').filter(|part| part.contains('.')) {
                self.probe_host(part, finds);
            }
        }
    }

    /// Tells the first row that was valid when the event happened, with the number of others. Of
    /// several feeds that name the same value, the most strictly marked one speaks: nothing is then
    /// shared on the word of a laxer one.
    fn judge(
        &self,
        rows: impl Iterator<Item = usize>,
        meta: impl Fn(usize) -> Meta,
        spot: fn(u32) -> Spot,
        finds: &mut Finds<'_>,
    ) {
        let mut told: Option<usize> = None;
        let (mut more, mut expired) = (0, false);
        for row in rows {
            if !self.notes.is_valid(meta(row), finds.at_us) {
                expired = true;
                continue;
            }
            let Some(first) = told else {
                told = Some(row);
                continue;
            };
            more += 1;
            let tlp = |row| self.notes.tlp(meta(row));
            let same_value = || self.value(spot_at(spot, row)) == self.value(spot_at(spot, first));
            if tlp(row) > tlp(first) && same_value() {
                told = Some(row);
            }
        }
        match told {
            Some(row) => finds.tell(spot_at(spot, row), more),
            None => finds.counters.expired += u64::from(expired),
        }
    }
}

/// Tells the bytes of names and addresses in a message from what stands between them.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'@' | b'+')
}

fn spot_at(spot: fn(u32) -> Spot, row: usize) -> Spot {
    spot(u32::try_from(row).expect("a set holds far fewer than 4 G indicators"))
}

/// The hashes that sources name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashName {
    Md5,
    Sha1,
    Sha256,
    Imphash,
    Other,
}

/// Splits off the name before a hash, if there is one.
fn hash_name(text: &[u8]) -> (Option<HashName>, &[u8]) {
    const NAMES: [(&[u8], HashName); 4] = [
        (b"sha256", HashName::Sha256),
        (b"md5", HashName::Md5),
        (b"sha1", HashName::Sha1),
        (b"imphash", HashName::Imphash),
    ];
    // After `MD5`, `SHA1`, `SHA256`, `IMPHASH`.
    let may_end_name = |at: usize| matches!(text[at], b'=' | b':');
    if matches!(text.len(), 32 | 40 | 64) && ![3, 4, 6, 7].into_iter().any(may_end_name) {
        return (None, text);
    }
    for (name, known) in NAMES {
        if let Some((head, rest)) = text.split_at_checked(name.len())
            && let Some((b'=' | b':', digits)) = rest.split_first()
            && head.eq_ignore_ascii_case(name)
        {
            return (Some(known), digits);
        }
    }
    let end = text.iter().take(HASH_NAME_BYTES_MAX).position(|byte| matches!(byte, b'=' | b':'));
    end.map_or((None, text), |end| (Some(HashName::Other), &text[end + 1..]))
}

/// Returns the beginning of a text, at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

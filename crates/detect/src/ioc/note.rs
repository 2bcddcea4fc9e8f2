//! Where an indicator comes from and what its feed says about it, kept once for all that share it.
//!
//! Millions of indicators share few descriptions; where a feed describes each one anew, the
//! descriptions end at a bound, and file and line still lead to them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::report::IocReason;
use super::tlp::Tlp;

/// Notes with a description and expiry to the second; further ones expire at the end of the day.
const DESCRIBED_MAX: usize = 1 << 17;
/// Bytes of descriptions and links.
const TEXT_BYTES_MAX: usize = 24 << 20;
/// Bytes of one description or link.
const ONE_TEXT_BYTES_MAX: usize = 500;
/// What a text costs besides its bytes.
const TEXT_OVERHEAD_BYTES: usize = 80;
/// Groups (MISP events, STIX bundles); further ones count as their file.
const GROUPS_MAX: usize = 1 << 18;
/// Files of one load.
pub(crate) const SOURCES_MAX: usize = 10_000;
/// Bytes of ids.
const IDS_BYTES_MAX: usize = 1 << 30;
const ID_BYTES_MAX: usize = 200;

/// Expiry is kept in seconds since 2000.
const EPOCH_2000_S: i64 = 946_684_800;
const DAY_S: u32 = 86_400;
/// Set in [`Meta::place`] when the rest of it is a line number.
const IS_LINE: u32 = 1 << 31;

/// What a row knows about its indicator: the note, and the place or id within the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Meta {
    pub(crate) note: u32,
    pub(crate) place: u32,
}

/// A second of expiry since 2000; 0 means never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Until(u32);

impl Until {
    /// Returns the expiry at a time in µs UTC, to the next full second.
    pub(crate) fn at(us: i64) -> Self {
        let seconds = us.saturating_add(999_999).div_euclid(1_000_000) - EPOCH_2000_S;
        // What ended before 2000 ended; what ends after 2136 does not concern us.
        Self(u32::try_from(seconds.clamp(1, i64::from(u32::MAX - DAY_S))).unwrap_or(1))
    }

    fn end_of_day(self) -> Self {
        Self(self.0.div_ceil(DAY_S) * DAY_S)
    }

    fn holds(self, at_us: i64) -> bool {
        self.0 == 0 || at_us.div_euclid(1_000_000) - EPOCH_2000_S <= i64::from(self.0)
    }

    fn us(self) -> Option<i64> {
        (self.0 != 0).then(|| (i64::from(self.0) + EPOCH_2000_S) * 1_000_000)
    }
}

/// What many indicators share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Note {
    group: u32,
    about: u32,
    link: u32,
    until: Until,
    tlp: Option<Tlp>,
}

/// A file, a MISP event or a STIX bundle.
#[derive(Clone, Copy, Debug)]
struct Group {
    source: u32,
    about: u32,
    link: u32,
    tlp: Option<Tlp>,
}

/// What a feed says about one indicator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said<'s> {
    pub(crate) about: &'s str,
    pub(crate) link: &'s str,
    pub(crate) until: Until,
    pub(crate) tlp: Option<Tlp>,
}

/// What is known about a row, spelt out.
#[derive(Clone, Debug)]
pub(crate) struct Told<'n> {
    pub(crate) source: &'n Path,
    pub(crate) id: String,
    pub(crate) line: Option<u64>,
    pub(crate) context: &'n str,
    pub(crate) about: &'n str,
    pub(crate) link: &'n str,
    pub(crate) tlp: Option<Tlp>,
    pub(crate) until_us: Option<i64>,
}

/// All notes, sources and ids of a set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    sources: Vec<PathBuf>,
    groups: Vec<Group>,
    notes: Vec<Note>,
    texts: Vec<Box<str>>,
    ids: Vec<u8>,
}

/// Notes while they are gathered.
#[derive(Debug)]
pub(crate) struct NoteTaker {
    notes: Notes,
    note_numbers: HashMap<Note, u32>,
    text_numbers: HashMap<Box<str>, u32>,
    text_bytes: usize,
    last: Option<(Note, u32)>,
}

impl NoteTaker {
    /// Returns one without notes. Text 0 is the empty one.
    pub(crate) fn new() -> Self {
        let notes = Notes { texts: vec![Box::default()], ..Notes::default() };
        Self {
            notes,
            note_numbers: HashMap::new(),
            text_numbers: HashMap::new(),
            text_bytes: 0,
            last: None,
        }
    }

    /// Begins a file, which is its own first group.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn source(&mut self, path: PathBuf) -> Result<u32, IocReason> {
        if self.notes.sources.len() >= SOURCES_MAX {
            return Err(IocReason::TooLarge { what: "files", max: SOURCES_MAX });
        }
        self.notes.sources.push(path);
        let source = number(self.notes.sources.len() - 1);
        self.notes.groups.push(Group { source, about: 0, link: 0, tlp: None });
        Ok(number(self.notes.groups.len() - 1))
    }

    /// Begins a group within the file of another group, or returns that one when there are too
    /// many. It counts as marked most strictly until it is described: its feed may break off.
    pub(crate) fn group_within(&mut self, group: u32) -> u32 {
        if self.notes.groups.len() >= GROUPS_MAX {
            return group;
        }
        let source = self.notes.groups[group as usize].source;
        self.notes.groups.push(Group { source, about: 0, link: 0, tlp: Some(Tlp::Red) });
        number(self.notes.groups.len() - 1)
    }

    /// Says what holds for the whole group; feeds may tell it after its indicators.
    pub(crate) fn describe(&mut self, group: u32, about: &str, link: &str, tlp: Option<Tlp>) {
        let (about, link) = (self.text(about), self.text(link));
        let group = &mut self.notes.groups[group as usize];
        *group = Group { about: about.unwrap_or(0), link: link.unwrap_or(0), tlp, ..*group };
    }

    /// Marks a whole group, unless it is marked more strictly already.
    pub(crate) fn mark(&mut self, group: u32, tlp: Tlp) {
        let known = &mut self.notes.groups[group as usize].tlp;
        *known = (*known).max(Some(tlp));
    }

    /// Returns the note for what is said, and whether all of it could be kept.
    pub(crate) fn note(&mut self, group: u32, said: &Said<'_>) -> (u32, bool) {
        if let Some((last, number)) = self.last
            && (last.group, last.until, last.tlp) == (group, said.until, said.tlp)
            && *self.notes.texts[last.about as usize] == *clip(said.about)
            && *self.notes.texts[last.link as usize] == *clip(said.link)
        {
            return (number, true);
        }
        let full = if self.notes.notes.len() < DESCRIBED_MAX {
            self.text(said.about).zip(self.text(said.link))
        } else {
            None
        };
        let (until, (about, link)) = match full {
            Some(texts) => (said.until, texts),
            None => (said.until.end_of_day(), (0, 0)),
        };
        let note = Note { group, about, link, until, tlp: said.tlp };
        let next = number(self.notes.notes.len());
        let known = *self.note_numbers.entry(note).or_insert(next);
        if known == next {
            self.notes.notes.push(note);
        }
        self.last = Some((note, known));
        let said_more = !said.about.is_empty() || !said.link.is_empty();
        (known, full.is_some() || !said_more)
    }

    /// Keeps an id, or the line where there is none.
    pub(crate) fn place(&mut self, id: &str, line: u64) -> u32 {
        let line = IS_LINE | u32::try_from(line).map_or(IS_LINE - 1, |line| line.min(IS_LINE - 1));
        if id.is_empty() || id.len() > ID_BYTES_MAX || self.notes.ids.len() > IDS_BYTES_MAX {
            return line;
        }
        let at = number(self.notes.ids.len());
        encode_id(id, &mut self.notes.ids);
        at
    }

    /// Hands the notes over.
    pub(crate) fn finish(mut self) -> Notes {
        self.notes.ids.shrink_to_fit();
        self.notes.notes.shrink_to_fit();
        self.notes
    }

    fn text(&mut self, text: &str) -> Option<u32> {
        let text = clip(text);
        if text.is_empty() {
            return Some(0);
        }
        if let Some(known) = self.text_numbers.get(text) {
            return Some(*known);
        }
        self.text_bytes += 2 * text.len() + TEXT_OVERHEAD_BYTES;
        if self.text_bytes > TEXT_BYTES_MAX {
            return None;
        }
        let next = number(self.notes.texts.len());
        self.notes.texts.push(text.into());
        self.text_numbers.insert(text.into(), next);
        Some(next)
    }
}

impl Notes {
    /// Returns whether two rows of one value say the same: the same file, expiry and marking.
    pub(crate) fn same(&self, a: Meta, b: Meta) -> bool {
        let said = |meta: Meta| {
            let note = self.notes[meta.note as usize];
            (self.groups[note.group as usize].source, note.until, self.tlp(meta))
        };
        said(a) == said(b)
    }

    /// Returns the marking of a row: the strictest of what is said about it and around it.
    pub(crate) fn tlp(&self, meta: Meta) -> Option<Tlp> {
        let note = self.notes[meta.note as usize];
        note.tlp.max(self.groups[note.group as usize].tlp)
    }

    /// Returns whether the indicator is valid at a time, µs UTC.
    pub(crate) fn is_valid(&self, meta: Meta, at_us: i64) -> bool {
        self.notes[meta.note as usize].until.holds(at_us)
    }

    /// Returns what is known about a row.
    pub(crate) fn told(&self, meta: Meta) -> Told<'_> {
        let note = self.notes[meta.note as usize];
        let group = self.groups[note.group as usize];
        let text = |at: u32| &*self.texts[at as usize];
        let (id, line) = match meta.place & IS_LINE {
            0 => (decode_id(&self.ids, meta.place as usize), None),
            _ => (String::new(), Some(u64::from(meta.place & !IS_LINE))),
        };
        Told {
            source: &self.sources[group.source as usize],
            id,
            line,
            context: text(group.about),
            about: text(note.about),
            link: if note.link == 0 { text(group.link) } else { text(note.link) },
            tlp: self.tlp(meta),
            until_us: note.until.us(),
        }
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len() + size_of::<Box<str>>()).sum();
        let notes = self.notes.capacity() * size_of::<Note>();
        texts + notes + self.groups.capacity() * size_of::<Group>() + self.ids.capacity()
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("every list here has a bound below 4 G")
}

fn clip(text: &str) -> &str {
    let text = text.trim();
    let mut end = text.len().min(ONE_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What feeds put before the UUID of an id; the first byte of an encoded id tells which.
static ID_PREFIXES: [&str; 3] = ["", "indicator--", "attribute--"];
const ID_TEXT: u8 = 100;
const ID_NUMBER: u8 = 101;

/// Appends an id: a UUID takes 17 bytes, a number 9, another text its length and 2.
fn encode_id(id: &str, out: &mut Vec<u8>) {
    for (tag, prefix) in (0u8..).zip(ID_PREFIXES) {
        if let Some(bytes) = id.strip_prefix(prefix).and_then(uuid_bytes) {
            out.push(tag);
            out.extend_from_slice(&bytes);
            return;
        }
    }
    let is_plain = !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = id.parse::<u64>().ok().filter(|_| is_plain) {
        out.push(ID_NUMBER);
        out.extend_from_slice(&number.to_le_bytes());
        return;
    }
    out.push(ID_TEXT);
    out.push(u8::try_from(id.len()).expect("longer ids are not kept"));
    out.extend_from_slice(id.as_bytes());
}

fn decode_id(ids: &[u8], at: usize) -> String {
    let rest = &ids[at + 1..];
    match ids[at] {
        ID_NUMBER => {
            let bytes = rest.first_chunk().copied().unwrap_or_default();
            u64::from_le_bytes(bytes).to_string()
        }
        ID_TEXT => String::from_utf8_lossy(&rest[1..=usize::from(rest[0])]).into_owned(),
        tag => {
            let bytes: [u8; 16] = rest.first_chunk().copied().unwrap_or_default();
            let digits = format!("{:032x}", u128::from_be_bytes(bytes));
            let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
            format!("{}{a}-{b}-{c}-{d}-{e}", ID_PREFIXES[usize::from(tag)])
        }
    }
}

/// Reads a UUID in lower case with its four dashes; only that can be written back the same.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, &u8)| match byte {
        b'-' => is_dash(at),
        b'0'..=b'9' | b'a'..=b'f' => !is_dash(at),
        _ => false,
    };
    if bytes.len() != 36 || !bytes.iter().enumerate().all(fits) {
        return None;
    }
    super::value::bytes(text.replace('-', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_were() {
        let ids = [
            "indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2",
            "26ffb872-1dd9-446e-b6f5-d58527e5b5d2",
            "26FFB872-1dd9-446e-b6f5-d58527e5b5d2",
            "1932212",
            "007",
            "18446744073709551616",
            "Mã số 5",
            "indicator--x",
        ];
        let mut taker = NoteTaker::new();
        let group = taker.source("feed".into()).unwrap();
        let note = taker.note(group, &Said::default()).0;
        let places: Vec<u32> = ids.iter().map(|id| taker.place(id, 9)).collect();
        let line = taker.place("", 7);
        let notes = taker.finish();
        for (id, place) in ids.iter().zip(places) {
            assert_eq!(notes.told(Meta { note, place }).id, *id);
        }
        let told = notes.told(Meta { note, place: line });
        assert_eq!((told.id.as_str(), told.line), ("", Some(7)));
    }

    #[test]
    fn what_is_shared_is_kept_once() {
        let mut taker = NoteTaker::new();
        let file = taker.source("feed".into()).unwrap();
        let event = taker.group_within(file);
        let said = Said { about: "Emotet", tlp: Some(Tlp::Green), ..Said::default() };
        let (note, whole) = taker.note(event, &said);
        assert!(whole);
        assert_eq!(taker.note(event, &said), (note, true));
        assert_ne!(taker.note(file, &said).0, note);
        taker.describe(event, "Campaign", "https://intel.example/1", Some(Tlp::Amber));
        let notes = taker.finish();
        let told = notes.told(Meta { note, place: IS_LINE });
        assert_eq!((told.context, told.about), ("Campaign", "Emotet"));
        assert_eq!((told.link, told.tlp), ("https://intel.example/1", Some(Tlp::Amber)));
        assert_eq!(told.source, Path::new("feed"));
    }

    #[test]
    fn expiry_holds_to_the_second_and_beyond_the_bound_to_the_day() {
        let at = |s: i64| (EPOCH_2000_S + s) * 1_000_000;
        let until = Until::at(at(100));
        assert!(until.holds(at(100)) && !until.holds(at(101)));
        assert!(Until::default().holds(i64::MAX));
        assert!(!Until::at(0).holds(at(2)));
        assert_eq!(until.us(), Some(at(100)));

        let mut taker = NoteTaker::new();
        let group = taker.source("feed".into()).unwrap();
        for second in 0..DESCRIBED_MAX {
            let until = Until::at(at(2 + second as i64));
            assert!(taker.note(group, &Said { until, about: "x", ..Said::default() }).1);
        }
        let late = Said { until, about: "y", ..Said::default() };
        let (note, whole) = taker.note(group, &late);
        assert!(!whole);
        let meta = Meta { note, place: IS_LINE };
        let notes = taker.finish();
        assert!(notes.is_valid(meta, at(i64::from(DAY_S))));
        assert!(!notes.is_valid(meta, at(i64::from(DAY_S) + 1)));
        assert_eq!(notes.told(meta).about, "");
    }
}

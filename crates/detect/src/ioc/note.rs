//! Where an indicator comes from and what its feed says about it, kept once for all that share it.
//!
//! Millions of indicators share few descriptions; where a feed describes each one anew, the
//! descriptions end at a bound, and file and line still lead to them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::ids::Ids;
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
/// Notes of all sorts: as many as [`Meta`] can number.
const NOTES_MAX: usize = 1 << NOTE_BITS;

/// Expiry is kept in seconds since 2000.
const EPOCH_2000_S: i64 = 946_684_800;
const DAY_S: u32 = 86_400;

const NOTE_BITS: u32 = 22;
const PLACE_BITS: u32 = 26;
/// Set in a place when the rest of it is a line number, and not that of an id.
const IS_LINE: u32 = 1 << (PLACE_BITS - 1);
/// Stands for every line beyond those that can be numbered.
const FAR_LINE: u32 = IS_LINE - 1;

/// What a row knows about its indicator: the note, and the line or id within the source. Six bytes
/// without alignment, because there are millions; ordered by note, then by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Meta([u8; 6]);

impl Meta {
    pub(crate) fn new(note: u32, place: u32) -> Self {
        let bits = u64::from(note) << PLACE_BITS | u64::from(place);
        let [_, _, bytes @ ..] = bits.to_be_bytes();
        Self(bytes)
    }

    pub(crate) fn note(self) -> u32 {
        (self.bits() >> PLACE_BITS) as u32
    }

    fn place(self) -> u32 {
        (self.bits() & ((1 << PLACE_BITS) - 1)) as u32
    }

    fn bits(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
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
    ids: Ids,
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
    ///
    /// # Errors
    /// When there are too many different ones.
    pub(crate) fn note(&mut self, group: u32, said: &Said<'_>) -> Result<(u32, bool), IocReason> {
        if let Some((last, number)) = self.last
            && (last.group, last.until, last.tlp) == (group, said.until, said.tlp)
            && *self.notes.texts[last.about as usize] == *clip(said.about)
            && *self.notes.texts[last.link as usize] == *clip(said.link)
        {
            return Ok((number, true));
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
        let next = self.notes.notes.len();
        let known = match self.note_numbers.get(&note) {
            Some(known) => *known,
            None if next >= NOTES_MAX => {
                let what = "different expiries, markings and groups";
                return Err(IocReason::TooLarge { what, max: NOTES_MAX });
            }
            None => {
                self.note_numbers.insert(note, number(next));
                self.notes.notes.push(note);
                number(next)
            }
        };
        self.last = Some((note, known));
        let said_more = !said.about.is_empty() || !said.link.is_empty();
        Ok((known, full.is_some() || !said_more))
    }

    /// Keeps an id, or the line where there is none.
    pub(crate) fn place(&mut self, id: &str, line: u64) -> u32 {
        let place = self.notes.ids.push(id).filter(|id| *id < IS_LINE);
        let line = || IS_LINE | u32::try_from(line).map_or(FAR_LINE, |line| line.min(FAR_LINE));
        place.unwrap_or_else(line)
    }

    /// Hands the notes over.
    pub(crate) fn finish(mut self) -> Notes {
        self.notes.ids.shrink();
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
            let note = self.notes[meta.note() as usize];
            (self.groups[note.group as usize].source, note.until, self.tlp(meta))
        };
        said(a) == said(b)
    }

    /// Returns the marking of a row: the strictest of what is said about it and around it.
    pub(crate) fn tlp(&self, meta: Meta) -> Option<Tlp> {
        let note = self.notes[meta.note() as usize];
        note.tlp.max(self.groups[note.group as usize].tlp)
    }

    /// Returns whether the indicator is valid at a time, µs UTC.
    pub(crate) fn is_valid(&self, meta: Meta, at_us: i64) -> bool {
        self.notes[meta.note() as usize].until.holds(at_us)
    }

    /// Returns what is known about a row.
    pub(crate) fn told(&self, meta: Meta) -> Told<'_> {
        let note = self.notes[meta.note() as usize];
        let group = self.groups[note.group as usize];
        let text = |at: u32| &*self.texts[at as usize];
        let place = meta.place();
        let line = (place & IS_LINE != 0).then_some(place & !IS_LINE);
        let id = if line.is_none() { self.ids.text(place) } else { String::new() };
        Told {
            source: &self.sources[group.source as usize],
            id,
            line: line.filter(|line| *line != FAR_LINE).map(u64::from),
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
        texts + notes + self.groups.capacity() * size_of::<Group>() + self.ids.size_bytes()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_knows_its_note_and_its_line_or_id() {
        let mut taker = NoteTaker::new();
        let group = taker.source("feed".into()).unwrap();
        let note = taker.note(group, &Said::default()).unwrap().0;
        let places = [taker.place("", 7), taker.place("a-1", 8), taker.place("", u64::MAX)];
        let far = taker.place("", u64::from(FAR_LINE) - 1);
        let notes = taker.finish();
        let told = places.map(|place| notes.told(Meta::new(note, place)));
        assert_eq!(told.each_ref().map(|told| told.line), [Some(7), None, None]);
        assert_eq!(told.map(|told| told.id), ["", "a-1", ""]);
        let told = notes.told(Meta::new(note, far));
        assert_eq!(told.line, Some(u64::from(FAR_LINE) - 1));
        let last = Meta::new((1 << NOTE_BITS) - 1, (1 << PLACE_BITS) - 1);
        assert_eq!((last.note(), last.place()), ((1 << NOTE_BITS) - 1, (1 << PLACE_BITS) - 1));
        assert!(Meta::new(1, 9) < Meta::new(2, 0) && Meta::new(2, 0) < Meta::new(2, 1));
    }

    #[test]
    fn what_is_shared_is_kept_once() {
        let mut taker = NoteTaker::new();
        let file = taker.source("feed".into()).unwrap();
        let event = taker.group_within(file);
        let said = Said { about: "Emotet", tlp: Some(Tlp::Green), ..Said::default() };
        let (note, whole) = taker.note(event, &said).unwrap();
        assert!(whole);
        assert_eq!(taker.note(event, &said), Ok((note, true)));
        assert_ne!(taker.note(file, &said).unwrap().0, note);
        taker.describe(event, "Campaign", "https://intel.example/1", Some(Tlp::Amber));
        let notes = taker.finish();
        let told = notes.told(Meta::new(note, IS_LINE));
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
            assert!(taker.note(group, &Said { until, about: "x", ..Said::default() }).unwrap().1);
        }
        let late = Said { until, about: "y", ..Said::default() };
        let (note, whole) = taker.note(group, &late).unwrap();
        assert!(!whole);
        let meta = Meta::new(note, IS_LINE);
        let notes = taker.finish();
        assert!(notes.is_valid(meta, at(i64::from(DAY_S))));
        assert!(!notes.is_valid(meta, at(i64::from(DAY_S) + 1)));
        assert_eq!(notes.told(meta).about, "");
    }
}

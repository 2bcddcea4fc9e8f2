//! Gathers indicators from several files into one set.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::allow::AllowList;
use super::digest::Digests;
use super::hint::Hint;
use super::net::Nets;
use super::note::{Meta, NoteTaker, Said};
use super::report::{IocFormat, IocReason, IocReport, IocSource};
use super::set::Indicators;
use super::text::Texts;
use super::value::{self, Value};
use super::{address, domain, load, mix, path, url};

/// Indicators of one set.
pub const INDICATORS_MAX: usize = 1 << 25;

/// Gathers indicators; made by [`Indicators::builder`].
#[derive(Debug)]
pub struct IocBuilder {
    set: Indicators,
    taker: NoteTaker,
    report: IocReport,
    indicators_max: usize,
    taken: usize,
    /// The file being read, as a group and as a place in the report.
    group: u32,
    spelt: String,
}

/// One entry of a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'e> {
    pub(crate) value: &'e str,
    pub(crate) hint: Hint,
    pub(crate) id: &'e str,
    /// Line or object, from 1.
    pub(crate) place: u64,
    pub(crate) said: Said<'e>,
}

impl IocBuilder {
    pub(crate) fn new() -> Self {
        let set = Indicators {
            md5: Digests::default(),
            imphash: Digests::default(),
            sha1: Digests::default(),
            sha256: Digests::default(),
            v4: Digests::default(),
            v6: Digests::default(),
            nets4: Nets::default(),
            nets6: Nets::default(),
            domains: Texts::default(),
            urls: Texts::default(),
            emails: Texts::default(),
            files: Texts::default(),
            domain_depth: 0,
            file_depth: 0,
            notes: super::note::Notes::default(),
            allow: AllowList::embedded(),
        };
        Self {
            set,
            taker: NoteTaker::new(),
            report: IocReport::default(),
            indicators_max: INDICATORS_MAX,
            taken: 0,
            group: 0,
            spelt: String::new(),
        }
    }

    /// Adds the lines of a list to the allow-list: one entry a line, `*.name` for a name with all
    /// below it, `#` before a comment. It holds for the files that are added afterwards. Returns
    /// the lines that are no entry, with why.
    pub fn allow(&mut self, list: &str) -> Vec<(u64, IocReason)> {
        let lines = (1..).zip(list.lines());
        lines.filter_map(|(number, line)| Some((number, self.set.allow.add(line).err()?))).collect()
    }

    /// Takes fewer indicators than [`INDICATORS_MAX`].
    pub fn at_most(&mut self, indicators: usize) {
        self.indicators_max = indicators.min(INDICATORS_MAX);
    }

    /// Adds the indicators of a file, or of every file below a folder. Each is recognised by its
    /// content.
    pub fn path(&mut self, path: &Path) {
        match load::feeds(path) {
            Ok(files) => files.iter().for_each(|file| self.file(file)),
            Err(error) => {
                if self.begin(path.to_owned()) {
                    self.refuse_file(IocReason::Unreadable(error.to_string()));
                }
            }
        }
    }

    fn file(&mut self, path: &Path) {
        if self.begin(path.to_owned()) {
            match std::fs::File::open(path) {
                Ok(file) => load::read(file, self),
                Err(error) => self.refuse_file(IocReason::Unreadable(error.to_string())),
            }
        }
    }

    /// Adds the indicators of a text, which is recognised by its content; `name` stands for the
    /// file.
    pub fn text(&mut self, name: &str, text: &[u8]) {
        if self.begin(name.into()) {
            load::read(text, self);
        }
    }

    /// Seals the set and hands it over, with what became of each file.
    pub fn finish(mut self) -> (Indicators, IocReport) {
        let set = &mut self.set;
        let notes = self.taker.finish();
        let same = |a, b| notes.same(a, b);
        let duplicates = [
            set.md5.seal(same),
            set.imphash.seal(same),
            set.sha1.seal(same),
            set.sha256.seal(same),
            set.v4.seal(same),
            set.v6.seal(same),
            set.nets4.seal(same, |address| (address >> 16) as u16),
            set.nets6.seal(same, |address| (address >> 112) as u16),
            set.domains.seal(same, 1, |text, key| key(domain::hash(text))),
            // The host too, so that most addresses are told to be strangers by their host alone.
            set.urls.seal(same, 2, |text, key| {
                if let Some((whole, host)) = url::hashes(text) {
                    key(whole);
                    key(host);
                }
            }),
            set.emails.seal(same, 1, |text, key| key(mix::exact(text.as_bytes()))),
            set.files.seal(same, 1, |text, key| key(path::hash(text))),
        ];
        self.report.duplicates = duplicates.iter().sum();
        self.set.notes = notes;
        (self.set, self.report)
    }

    fn begin(&mut self, path: PathBuf) -> bool {
        self.report.sources.push(IocSource::new(path.clone()));
        match self.taker.source(path) {
            Ok(group) => self.group = group,
            Err(reason) => self.refuse_file(reason),
        }
        self.source().refused == 0
    }

    /// Returns the report of the file being read.
    pub(crate) fn source(&mut self) -> &mut IocSource {
        self.report.sources.last_mut().expect("a file has begun")
    }

    /// Says how the file is read.
    pub(crate) fn format(&mut self, format: IocFormat) {
        self.source().format = format;
    }

    /// Refuses the file, or the rest of it.
    pub(crate) fn refuse_file(&mut self, reason: IocReason) {
        self.source().refuse(0, "", "", reason);
    }

    /// Returns the group of the file itself.
    pub(crate) fn file_group(&self) -> u32 {
        self.group
    }

    /// Returns where notes are taken.
    pub(crate) fn taker(&mut self) -> &mut NoteTaker {
        &mut self.taker
    }

    /// Takes an entry of a group, or refuses it. Returns whether anything was taken.
    pub(crate) fn entry(&mut self, group: u32, entry: &Entry<'_>) -> bool {
        if entry.hint == Hint::FileHash {
            let hash = entry.value.rsplit_once('|').map_or("", |(_, hash)| hash);
            return self.entry(group, &Entry { value: hash, hint: Hint::Hash, ..*entry });
        }
        if entry.hint == Hint::DomainIp {
            let (name, address) = entry.value.split_once('|').unwrap_or((entry.value, ""));
            let name = self.entry(group, &Entry { value: name, hint: Hint::Domain, ..*entry });
            return self.entry(group, &Entry { value: address, hint: Hint::Ip, ..*entry }) || name;
        }
        let mut spelt = std::mem::take(&mut self.spelt);
        let taken = value::read(entry.value, entry.hint, &mut spelt)
            .and_then(|value| self.take(group, entry, &value, &spelt));
        self.spelt = spelt;
        taken.unwrap_or_else(|reason| {
            self.source().refuse(entry.place, entry.id, entry.value, reason);
            false
        })
    }

    fn take(
        &mut self,
        group: u32,
        entry: &Entry<'_>,
        value: &Value,
        spelt: &str,
    ) -> Result<bool, IocReason> {
        if self.set.allow.keeps_out(value, spelt) {
            self.source().allow(entry.value);
            return Ok(false);
        }
        if self.taken >= self.indicators_max {
            return Err(IocReason::TooMany(self.indicators_max));
        }
        let (note, whole) = self.taker.note(group, &entry.said)?;
        let meta = Meta::new(note, self.taker.place(entry.id, entry.place));
        self.put(value, spelt, meta)?;
        self.taken += if let Value::Range(nets) = value { nets.len() } else { 1 };
        let source = self.source();
        source.taken += 1;
        source.undescribed += u64::from(!whole);
        Ok(true)
    }

    fn put(&mut self, value: &Value, spelt: &str, meta: Meta) -> Result<(), IocReason> {
        let set = &mut self.set;
        let mut fits = true;
        match value {
            Value::Md5(bytes) => set.md5.push(*bytes, meta),
            Value::Imphash(bytes) => set.imphash.push(*bytes, meta),
            Value::Sha1(bytes) => set.sha1.push(*bytes, meta),
            Value::Sha256(bytes) => set.sha256.push(*bytes, meta),
            Value::Ip(IpAddr::V4(address)) => set.v4.push(address.octets(), meta),
            Value::Ip(IpAddr::V6(address)) => set.v6.push(address.octets(), meta),
            Value::Range(nets) => nets.iter().for_each(|net| set.put_net(net, meta)),
            Value::Domain => {
                set.domain_depth = set.domain_depth.max(spelt.split('.').count());
                fits = set.domains.push(spelt, domain::hash(spelt), meta);
            }
            Value::Url => {
                let too_deep = IocReason::Malformed("a web address of bounded depth");
                let (whole, _) = url::hashes(spelt).ok_or(too_deep)?;
                fits = set.urls.push(spelt, whole, meta);
            }
            Value::Email => fits = set.emails.push(spelt, mix::exact(spelt.as_bytes()), meta),
            Value::File => {
                set.file_depth = set.file_depth.max(path::depth(spelt));
                fits = set.files.push(spelt, path::hash(spelt), meta);
            }
        }
        if fits { Ok(()) } else { Err(IocReason::TooMany(self.taken)) }
    }
}

impl Indicators {
    fn put_net(&mut self, net: &IpNet, meta: Meta) {
        match (address::single(net), net) {
            (Some(IpAddr::V4(address)), _) => self.v4.push(address.octets(), meta),
            (Some(IpAddr::V6(address)), _) => self.v6.push(address.octets(), meta),
            (None, IpNet::V4(net)) => {
                let (first, last) = address::bounds_v4(*net);
                self.nets4.push(first, last, meta);
            }
            (None, IpNet::V6(net)) => {
                let (first, last) = address::bounds_v6(*net);
                self.nets6.push(first, last, meta);
            }
        }
    }
}

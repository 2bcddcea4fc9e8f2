//! A set of indicators, sealed: read by every scanner at once, changed by none.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use super::allow::AllowList;
use super::builder::IocBuilder;
use super::digest::Digests;
use super::kind::IocKind;
use super::net::Nets;
use super::note::{Meta, Notes};
use super::report::IocReport;
use super::text::Texts;
use super::tlp::Tlp;

/// Where an indicator lies: its table and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    Md5(u32),
    Imphash(u32),
    Sha1(u32),
    Sha256(u32),
    V4(u32),
    V6(u32),
    Net4(u32),
    Net6(u32),
    Domain(u32),
    Url(u32),
    Email(u32),
    File(u32),
}

/// Millions of indicators, ready to be matched. Made by [`Indicators::load`] or a builder.
#[derive(Clone, Debug)]
pub struct Indicators {
    pub(crate) md5: Digests<16>,
    pub(crate) imphash: Digests<16>,
    pub(crate) sha1: Digests<20>,
    pub(crate) sha256: Digests<32>,
    pub(crate) v4: Digests<4>,
    pub(crate) v6: Digests<16>,
    pub(crate) nets4: Nets<u32>,
    pub(crate) nets6: Nets<u128>,
    pub(crate) domains: Texts,
    pub(crate) urls: Texts,
    pub(crate) emails: Texts,
    pub(crate) files: Texts,
    /// Labels of the longest domain: the walk over a name goes no further.
    pub(crate) domain_depth: usize,
    /// Parts of the longest path, likewise.
    pub(crate) file_depth: usize,
    pub(crate) notes: Notes,
    pub(crate) allow: AllowList,
}

/// One indicator, with all that its feed says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator<'i> {
    /// What it is the sign of.
    pub kind: IocKind,
    /// Its value in the one spelling that is compared.
    pub value: Cow<'i, str>,
    /// The file it came from.
    pub source: &'i Path,
    /// Its id in that file; empty where it has none.
    pub id: String,
    /// Its line there, where it has no id.
    pub line: Option<u64>,
    /// What the feed says about the whole it belongs to: the name of a MISP event or STIX bundle.
    pub context: &'i str,
    /// What the feed says about it.
    pub about: &'i str,
    /// Where to read more.
    pub link: &'i str,
    /// Who it may be shared with.
    pub tlp: Option<Tlp>,
    /// The last moment at which it is valid, µs UTC.
    pub valid_until_us: Option<i64>,
}

impl Indicators {
    /// Loads files, and all below folders, each recognised by its content, behind the embedded
    /// allow-list. What cannot be read is left out and told in the report; nothing stops the rest.
    pub fn load(paths: &[PathBuf]) -> (Self, IocReport) {
        let mut builder = Self::builder();
        paths.iter().for_each(|path| builder.path(path));
        builder.finish()
    }

    /// Returns a builder with the embedded allow-list.
    pub fn builder() -> IocBuilder {
        IocBuilder::new()
    }

    /// Returns the number of indicators.
    pub fn len(&self) -> usize {
        let hashes = self.md5.len() + self.imphash.len() + self.sha1.len() + self.sha256.len();
        let addresses = self.v4.len() + self.v6.len() + self.nets4.len() + self.nets6.len();
        let texts = [&self.domains, &self.urls, &self.emails, &self.files];
        hashes + addresses + texts.iter().map(|texts| texts.len()).sum::<usize>()
    }

    /// Returns true when there is nothing to match.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes that the set takes in memory.
    pub fn size_bytes(&self) -> usize {
        let hashes = self.md5.size_bytes() + self.imphash.size_bytes();
        let hashes = hashes + self.sha1.size_bytes() + self.sha256.size_bytes();
        let single = self.v4.size_bytes() + self.v6.size_bytes();
        let ranges = self.nets4.size_bytes() + self.nets6.size_bytes();
        let texts = [&self.domains, &self.urls, &self.emails, &self.files];
        let texts: usize = texts.iter().map(|texts| texts.size_bytes()).sum();
        hashes + single + ranges + texts + self.notes.size_bytes()
    }

    pub(crate) fn meta(&self, spot: Spot) -> Meta {
        match spot {
            Spot::Md5(row) => self.md5.row(row as usize).meta,
            Spot::Imphash(row) => self.imphash.row(row as usize).meta,
            Spot::Sha1(row) => self.sha1.row(row as usize).meta,
            Spot::Sha256(row) => self.sha256.row(row as usize).meta,
            Spot::V4(row) => self.v4.row(row as usize).meta,
            Spot::V6(row) => self.v6.row(row as usize).meta,
            Spot::Net4(row) => self.nets4.meta(row as usize),
            Spot::Net6(row) => self.nets6.meta(row as usize),
            Spot::Domain(row) => self.domains.meta(row as usize),
            Spot::Url(row) => self.urls.meta(row as usize),
            Spot::Email(row) => self.emails.meta(row as usize),
            Spot::File(row) => self.files.meta(row as usize),
        }
    }

    /// Returns the kind and value of a row.
    pub(crate) fn value(&self, spot: Spot) -> (IocKind, Cow<'_, str>) {
        match spot {
            Spot::Md5(row) => (IocKind::Md5, hex(&self.md5.row(row as usize).value)),
            Spot::Imphash(row) => (IocKind::Imphash, hex(&self.imphash.row(row as usize).value)),
            Spot::Sha1(row) => (IocKind::Sha1, hex(&self.sha1.row(row as usize).value)),
            Spot::Sha256(row) => (IocKind::Sha256, hex(&self.sha256.row(row as usize).value)),
            Spot::V4(row) => {
                let address = Ipv4Addr::from(self.v4.row(row as usize).value);
                (IocKind::Ip, address.to_string().into())
            }
            Spot::V6(row) => {
                let address = Ipv6Addr::from(self.v6.row(row as usize).value);
                (IocKind::Ip, address.to_string().into())
            }
            Spot::Net4(row) => {
                let (first, last) = self.nets4.bounds(row as usize);
                let prefix = (first ^ last).leading_zeros();
                (IocKind::Range, format!("{}/{prefix}", Ipv4Addr::from_bits(first)).into())
            }
            Spot::Net6(row) => {
                let (first, last) = self.nets6.bounds(row as usize);
                let prefix = (first ^ last).leading_zeros();
                (IocKind::Range, format!("{}/{prefix}", Ipv6Addr::from_bits(first)).into())
            }
            Spot::Domain(row) => (IocKind::Domain, self.domains.text(row as usize).into()),
            Spot::Url(row) => (IocKind::Url, self.urls.text(row as usize).into()),
            Spot::Email(row) => (IocKind::Email, self.emails.text(row as usize).into()),
            Spot::File(row) => {
                let text = self.files.text(row as usize);
                let is_path = text.contains('/');
                (if is_path { IocKind::FilePath } else { IocKind::FileName }, text.into())
            }
        }
    }

    /// Returns the indicator at a spot.
    pub(crate) fn at(&self, spot: Spot) -> Indicator<'_> {
        let (kind, value) = self.value(spot);
        let told = self.notes.told(self.meta(spot));
        Indicator {
            kind,
            value,
            source: told.source,
            id: told.id,
            line: told.line,
            context: told.context,
            about: told.about,
            link: told.link,
            tlp: told.tlp,
            valid_until_us: told.until_us,
        }
    }
}

fn hex(bytes: &[u8]) -> Cow<'static, str> {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}

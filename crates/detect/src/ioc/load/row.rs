//! One row of a table into its entries.
//!
//! In a row that has a hash, the file's name only tells about it; in a row that has a web address,
//! so do its host and the file's name.

use super::columns::{Column, Head};
use super::date;
use super::fields::Fields;
use crate::ioc::builder::{Entry, IocBuilder};
use crate::ioc::hint::{Hint, squash};
use crate::ioc::note::{Said, Until};
use crate::ioc::report::IocReason;
use crate::ioc::tlp::Tlp;

/// Words of a type column that are remembered.
const WORDS_KEPT_MAX: usize = 64;

/// Types that feeds mix in and that no log shows, squashed. Any other word (`phishing`, `c2`) is no
/// type of indicator at all, and the value tells its own.
#[rustfmt::skip]
static UNSUPPORTED: &[&str] = &[
    "as", "asn", "authentihash", "bic", "bitcoin", "bitcoinaddress", "btc", "ccnumber", "cdhash",
    "certificate", "cookie", "cpe", "cve", "filehashpehash", "filehashsha512", "impfuzzy", "ja3",
    "ja3fingerprintmd5", "ja3s", "jarm", "jarmfingerprint", "macaddress", "mutex", "namedpipe",
    "pdb", "pehash", "phone", "phonenumber", "processname", "registry", "registrykey", "regkey",
    "regkeyvalue", "servicename", "sha224", "sha3384", "sha384", "sha512", "sha512hash", "sigma",
    "snort", "ssdeep", "ssdeephash", "ssl", "sslcertfingerprint", "telfhash", "text", "tlsh",
    "useragent", "vhash", "vulnerability", "wallet", "x509", "xmr", "yara",
];

/// Reads the rows of one table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// What is said about the row: all its descriptions.
    about: String,
    kinds: Vec<(Box<str>, Option<Hint>)>,
    last_until: (Box<str>, Until),
}

impl Rows {
    /// Takes the entries of a row, or refuses them.
    pub(super) fn take(
        &mut self,
        head: &Head,
        fields: &Fields,
        number: u64,
        builder: &mut IocBuilder,
    ) {
        let first = |column| of(head, fields, move |one| one == column).next().unwrap_or_default();
        let id = first(Column::Id);
        let kind = self.kind(first(Column::Type));
        let read = kind.and_then(|kind| Ok((kind, self.until(first(Column::Until))?)));
        let (kind, until) = match read {
            Ok(read) => read,
            Err(reason) => {
                let values = of(head, fields, |column| matches!(column, Column::Value(_)));
                let value = values.last().unwrap_or_default();
                return builder.source().refuse(number, id, value, reason);
            }
        };
        self.about.clear();
        for about in of(head, fields, |column| column == Column::About) {
            self.about.push_str(if self.about.is_empty() { "" } else { "; " });
            self.about.push_str(about);
        }
        let (link, tlp) = (first(Column::Link), Tlp::meant(first(Column::Tlp)));
        let said = Said { about: &self.about, link, until, tlp };
        let mut is_empty = true;
        for (hint, value) in values(head, fields) {
            is_empty = false;
            if value.contains(char::REPLACEMENT_CHARACTER) {
                builder.source().refuse(number, id, value, IocReason::Encoding);
                continue;
            }
            let hint = if hint == Hint::Any { kind } else { hint };
            let group = builder.file_group();
            builder.entry(group, &Entry { value, hint, id, place: number, said });
        }
        if is_empty {
            let reason = IocReason::Malformed("a row with an indicator");
            builder.source().refuse(number, id, fields.get(0), reason);
        }
    }

    fn kind(&mut self, word: &str) -> Result<Hint, IocReason> {
        if word.is_empty() {
            return Ok(Hint::Any);
        }
        let known = self.kinds.iter().find(|(known, _)| **known == *word).map(|(_, hint)| *hint);
        let hint = known.unwrap_or_else(|| {
            let squashed = squash(word);
            let is_unsupported = UNSUPPORTED.binary_search(&&*squashed).is_ok();
            let hint = if is_unsupported { None } else { Hint::of_word(word).or(Some(Hint::Any)) };
            if self.kinds.len() < WORDS_KEPT_MAX {
                self.kinds.push((word.into(), hint));
            }
            hint
        });
        hint.ok_or_else(|| IocReason::Unsupported(word.chars().take(WORDS_KEPT_MAX).collect()))
    }

    fn until(&mut self, text: &str) -> Result<Until, IocReason> {
        if text.is_empty() {
            return Ok(Until::default());
        }
        if *self.last_until.0 != *text {
            let until = date::until(text).ok_or(IocReason::Malformed("a day or time of expiry"))?;
            self.last_until = (text.into(), until);
        }
        Ok(self.last_until.1)
    }
}

/// Returns the fields of some columns that are not empty, whatever the feed writes for empty.
fn of<'f>(
    head: &'f Head,
    fields: &'f Fields,
    wanted: impl Fn(Column) -> bool + 'f,
) -> impl Iterator<Item = &'f str> {
    let at = head.columns.iter().enumerate().filter(move |(_, column)| wanted(**column));
    at.map(|(at, _)| fields.get(at)).filter(|field| !is_blank(field))
}

fn is_blank(field: &str) -> bool {
    let blanks = ["n/a", "none", "null", "nan", "unknown", "-"];
    field.is_empty()
        || (field.len() <= 7 && blanks.iter().any(|blank| field.eq_ignore_ascii_case(blank)))
}

/// Returns the values of a row that are indicators.
fn values<'f>(head: &'f Head, fields: &'f Fields) -> impl Iterator<Item = (Hint, &'f str)> {
    let filled = move || {
        head.columns.iter().enumerate().filter_map(|(at, column)| match column {
            Column::Value(hint) => Some((*hint, fields.get(at))).filter(|(_, f)| !is_blank(f)),
            _ => None,
        })
    };
    let has_hash = filled().any(|(hint, _)| hint.is_hash());
    let has_url = filled().any(|(hint, _)| hint == Hint::Url);
    filled().filter(move |(hint, _)| match hint {
        Hint::File => !has_hash && !has_url,
        Hint::Ip | Hint::Domain => !has_url,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_that_are_not_looked_for_are_sorted() {
        assert!(UNSUPPORTED.is_sorted());
        assert!(UNSUPPORTED.iter().all(|word| squash(word) == *word));
    }
}

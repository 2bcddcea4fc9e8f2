//! What is to be looked for in the values of one field, while it is collected.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use memchr::memrchr;

use super::RuleAt;
use super::column::Column;
use super::gate::Gate;
use super::grams::{self, Sought};
use super::group::Groups;
use super::hash::ByHash;
use super::literal::{Literal, Said};
use crate::sigma::fold::is_plain;
use crate::sigma::pattern::Place;

/// Bytes behind the `=` by which a file hash is filed.
pub(super) const DIGEST_HEAD: usize = 16;
/// Shortest digest, MD5 in hexadecimal.
const DIGEST_MIN: usize = 32;

/// So few of the shortest texts are quicker looked for one by one.
const FEW: usize = 8;

/// A column that is not closed yet.
#[derive(Debug, Default)]
pub(super) struct Draft<'t> {
    literals: Vec<Literal>,
    by_text: HashMap<(&'t str, Place), usize, FixedState>,
    /// Beside `literals`: what the occurrence of each answers.
    says: Vec<Vec<Said>>,
    /// Beside `literals`: the rules that are worth trying then.
    worth: Vec<Vec<RuleAt>>,
    numbers: HashMap<i128, Vec<RuleAt>, FixedState>,
    /// Rules worth trying wherever the field is there.
    pub(super) present: Vec<RuleAt>,
    /// Rules worth trying wherever the value is not plain.
    pub(super) foreign: Vec<RuleAt>,
}

impl<'t> Draft<'t> {
    /// Adds a text whose occurrence answers a question and makes rules worth trying.
    pub(super) fn add_text(
        &mut self,
        text: &'t str,
        place: Place,
        says: Option<Said>,
        rules: &[RuleAt],
    ) {
        let next = self.literals.len();
        let at = *self.by_text.entry((text, place)).or_insert(next);
        if at == next {
            self.literals.push(Literal::new(text, place));
            self.says.push(Vec::new());
            self.worth.push(Vec::new());
        }
        self.says[at].extend(says);
        self.worth[at].extend(rules);
    }

    /// Adds a number which makes rules worth trying.
    pub(super) fn add_number(&mut self, number: i128, rules: &[RuleAt]) {
        self.numbers.entry(number).or_default().extend(rules);
    }

    /// Returns the length from which on looking for further texts costs next to nothing beside
    /// looking for these.
    pub(super) fn easy_from(&self) -> usize {
        let sought = self.literals.iter().filter(|l| filing(&l.text, l.place) == Filing::Sought);
        let lengths = sought.map(|literal| literal.text.len()).filter(|len| *len > grams::TRIGRAM);
        lengths.fold(grams::LONG, usize::min)
    }

    /// Tells those who ask for several texts together instead of for each.
    pub(super) fn regroup(&mut self, groups: &Groups<'_>) {
        for says in &mut self.says {
            let alone = std::mem::take(says);
            alone.into_iter().for_each(|said| groups.tell(said, says));
        }
    }

    /// Returns what a text that can be taken as a whole must hold for anything to be found in it.
    pub(super) fn gate(&self) -> Option<Gate> {
        Gate::new(self.literals.iter().map(|literal| &*literal.text))
    }

    /// Files everything.
    pub(super) fn close(self) -> Column {
        let literals = self.literals;
        let filings: Vec<Filing> = literals.iter().map(|l| filing(&l.text, l.place)).collect();
        let of = |wanted| {
            let those = (0..).zip(&filings).filter(move |(_, filing)| **filing == wanted);
            those.map(|(at, _)| at)
        };
        let text = |at: u32| literals[at as usize].text.as_bytes();
        let hashed = |wanted| ByHash::new(of(wanted).map(|at| (text(at), at)));
        let head = |at| digest_head(text(at)).unwrap_or(text(at));
        let (shortest, longer): (Vec<u32>, Vec<u32>) =
            of(Filing::Sought).partition(|at| text(*at).len() == grams::TRIGRAM);
        let (few, many) =
            if shortest.len() <= FEW { (shortest, Vec::new()) } else { (Vec::new(), shortest) };
        Column {
            whole: hashed(Filing::Whole),
            after_backslash: hashed(Filing::AfterBackslash),
            after_slash: hashed(Filing::AfterSlash),
            digests: ByHash::new(of(Filing::Digest).map(|at| (head(at), at))),
            sought: Sought::new(&literals, &[longer, many].concat()),
            tiny: of(Filing::Tiny).chain(few).collect(),
            foreign_sought: Sought::new(&literals, &of(Filing::ForeignSought).collect::<Vec<_>>()),
            foreign_tiny: of(Filing::ForeignTiny).collect(),
            says: self.says.into_iter().map(each_once).collect(),
            worth: self.worth.into_iter().map(each_once).collect(),
            numbers: self.numbers,
            present: self.present,
            foreign: self.foreign,
            literals,
        }
    }
}

/// Returns whether finding the text costs next to nothing beside what is looked for anyway;
/// `easy_from`: see [`Draft::easy_from`].
pub(super) fn is_easy(text: &str, place: Place, easy_from: usize) -> bool {
    match filing(text, place) {
        Filing::Sought => text.len() >= easy_from,
        Filing::Tiny => false,
        _ => true,
    }
}

fn each_once<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

/// Where a text is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filing {
    Whole,
    AfterBackslash,
    AfterSlash,
    Digest,
    Sought,
    Tiny,
    ForeignSought,
    ForeignTiny,
}

fn filing(text: &str, place: Place) -> Filing {
    let bytes = text.as_bytes();
    match place {
        Place::Whole => Filing::Whole,
        Place::End if is_last_part(bytes, b'\\') => Filing::AfterBackslash,
        Place::End if is_last_part(bytes, b'/') => Filing::AfterSlash,
        Place::Anywhere if digest_head(bytes).is_some() => Filing::Digest,
        _ => match (is_plain(text), grams::is_fit(text)) {
            (true, true) => Filing::Sought,
            (true, false) => Filing::Tiny,
            (false, true) => Filing::ForeignSought,
            (false, false) => Filing::ForeignTiny,
        },
    }
}

/// `\name.exe`: a separator and no other.
fn is_last_part(text: &[u8], separator: u8) -> bool {
    text.first() == Some(&separator) && memrchr(separator, text) == Some(0)
}

/// `sha256=0123…`: the first digits of a digest behind its name.
fn digest_head(text: &[u8]) -> Option<&[u8]> {
    let at = memrchr(b'=', text)?;
    let digest = &text[at + 1..];
    let whole = digest.len() >= DIGEST_MIN && digest.iter().all(u8::is_ascii_hexdigit);
    whole.then(|| &digest[..DIGEST_HEAD])
}

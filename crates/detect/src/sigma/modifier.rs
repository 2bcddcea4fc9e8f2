//! `field|modifier|modifier: value` into tests.
//!
//! Modifiers are applied in the order in which they are written. A modifier outside the
//! specification, or one that makes no sense on its value or beside another, refuses the rule.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;

use super::budget::{Budget, Spending};
use super::matcher::{Comparison, Item, Test, TimePart};
use super::number::Number;
use super::pattern::{Pattern, Piece, Place, Template};
use super::placeholder::Placeholders;
use super::reason::Reason;
use super::regular::{Flags, Regular};
use super::spelling::{self, Part};
use super::yaml::Node;
use crate::fields::Fields;

/// Bytes of one value.
const VALUE_BYTES_MAX: usize = 16 << 10;
/// Texts that one value may become (five dashes to the fourth).
const VARIANTS_MAX: usize = 625;
/// Bytes of all these texts: encodings make them longer, and may be written one after the other.
const VARIANTS_BYTES_MAX: usize = VARIANTS_MAX * VALUE_BYTES_MAX;
/// Modifiers of one field that change the value.
const TRANSFORMS_MAX: usize = 8;
/// Texts that the lists of its placeholders may make of one value.
const EXPANDED_MAX: usize = 10_000;

/// What the value is after the modifiers so far.
#[derive(Clone, Debug)]
enum Kind {
    Text,
    Regex(Flags),
    Cidr,
    Exists,
    FieldRef,
}

impl Kind {
    const fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Regex(_) => "re",
            Self::Cidr => "cidr",
            Self::Exists => "exists",
            Self::FieldRef => "fieldref",
        }
    }
}

/// A text on its way through the modifiers: with wildcards until an encoding takes them.
#[derive(Clone, Debug)]
enum Draft {
    Text(Template),
    Bytes(Vec<u8>),
}

impl Draft {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(template) => template.bytes(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// The modifiers of one key, those that belong to all of its values.
#[derive(Debug)]
struct Chain<'a> {
    field: &'a str,
    /// In the order written.
    transforms: Vec<Transform>,
    kind: Kind,
    place: Place,
    /// Which modifier set the place.
    placed: Option<&'static str>,
    cased: bool,
    all: bool,
    negated: bool,
    comparison: Option<Comparison>,
    part: Option<TimePart>,
}

/// What a modifier does to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transform {
    Encode(Encoding),
    Windash,
    Expand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Base64,
    Base64Offset,
    Utf16Le,
    Utf16Be,
    Utf16,
}

impl Transform {
    const fn name(self) -> &'static str {
        match self {
            Self::Encode(encoding) => encoding.name(),
            Self::Windash => "windash",
            Self::Expand => "expand",
        }
    }
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base64Offset => "base64offset",
            Self::Utf16Le => "utf16le",
            Self::Utf16Be => "utf16be",
            Self::Utf16 => "utf16",
        }
    }
}

/// A rule being compiled: where its field names go, and what it has cost so far.
#[derive(Debug)]
pub(crate) struct Build<'f> {
    fields: &'f mut Fields,
    lists: &'f Placeholders,
    /// Names of the lists that placeholders stood for.
    used: BTreeSet<String>,
    spending: Spending<'f>,
}

impl<'f> Build<'f> {
    /// Begins a rule.
    pub(crate) fn new(
        fields: &'f mut Fields,
        lists: &'f Placeholders,
        budget: &'f mut Budget,
    ) -> Self {
        Self { fields, lists, used: BTreeSet::new(), spending: Spending::new(budget) }
    }

    /// Returns the lists that placeholders stood for so far.
    pub(crate) fn lists_used(&self) -> impl Iterator<Item = (&str, &[String])> {
        let values = |name: &str| self.lists.values(name).unwrap_or_default();
        self.used.iter().map(move |name| (name.as_str(), values(name)))
    }

    /// Returns their names.
    pub(crate) fn names_used(&self) -> Vec<String> {
        self.used.iter().cloned().collect()
    }

    /// Returns what a copy of the tests so far costs.
    pub(crate) const fn copy_bytes(&self) -> usize {
        self.spending.copy_bytes()
    }
}

/// Compiles one entry of a search. `key` is as written, modifiers included; an empty field name
/// means keywords.
pub(crate) fn compile(key: &str, value: &Node, build: &mut Build<'_>) -> Result<Item, Reason> {
    let mut words = key.split('|');
    let mut chain = Chain::new(words.next().unwrap_or_default().trim());
    for word in words {
        chain.add(word.trim())?;
    }
    chain.check()?;
    let values = match value {
        Node::List(values) if values.is_empty() => {
            return Err(Reason::malformed(key, "at least one value"));
        }
        Node::List(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut tests = Vec::with_capacity(values.len());
    for value in values {
        let mut variants = chain.tests(value, build)?;
        // `all` asks for every value, but only for one spelling of each.
        if chain.all && variants.len() > 1 {
            tests.push(Test::OneOf(variants));
        } else {
            tests.append(&mut variants);
        }
    }
    let field = (!chain.keywords()).then(|| build.fields.intern(chain.field));
    Ok(Item { field, tests, all: chain.all, negated: chain.negated })
}

impl<'a> Chain<'a> {
    fn new(field: &'a str) -> Self {
        Self {
            field,
            transforms: Vec::new(),
            kind: Kind::Text,
            // A keyword may stand anywhere in the event.
            place: if field.is_empty() { Place::Anywhere } else { Place::Whole },
            placed: None,
            cased: false,
            all: false,
            negated: false,
            comparison: None,
            part: None,
        }
    }

    fn keywords(&self) -> bool {
        self.field.is_empty()
    }

    fn add(&mut self, word: &str) -> Result<(), Reason> {
        match word {
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.negated = true,
            "contains" => self.put("contains", Place::Anywhere)?,
            "startswith" => self.put("startswith", Place::Start)?,
            "endswith" => self.put("endswith", Place::End)?,
            "exists" => self.become_kind("exists", Kind::Exists)?,
            "cidr" => self.become_kind("cidr", Kind::Cidr)?,
            "fieldref" => self.become_kind("fieldref", Kind::FieldRef)?,
            "re" => self.become_kind("re", Kind::Regex(Flags::default()))?,
            "i" | "m" | "s" => self.flag(word)?,
            "lt" => self.compare("lt", Comparison::Less)?,
            "lte" => self.compare("lte", Comparison::LessOrEqual)?,
            "gt" => self.compare("gt", Comparison::Greater)?,
            "gte" => self.compare("gte", Comparison::GreaterOrEqual)?,
            "minute" => self.date_part("minute", TimePart::Minute)?,
            "hour" => self.date_part("hour", TimePart::Hour)?,
            "day" => self.date_part("day", TimePart::Day)?,
            "week" => self.date_part("week", TimePart::Week)?,
            "month" => self.date_part("month", TimePart::Month)?,
            "year" => self.date_part("year", TimePart::Year)?,
            "base64" => self.transform(Transform::Encode(Encoding::Base64))?,
            "base64offset" => self.transform(Transform::Encode(Encoding::Base64Offset))?,
            "wide" | "utf16le" => self.transform(Transform::Encode(Encoding::Utf16Le))?,
            "utf16be" => self.transform(Transform::Encode(Encoding::Utf16Be))?,
            "utf16" => self.transform(Transform::Encode(Encoding::Utf16))?,
            "windash" => self.transform(Transform::Windash)?,
            "expand" => self.transform(Transform::Expand)?,
            other => {
                let (field, modifier) = (self.field.to_owned(), other.to_owned());
                return Err(Reason::Modifier { field, modifier });
            }
        }
        Ok(())
    }

    fn misuse(&self, modifier: &'static str, why: impl Into<String>) -> Reason {
        Reason::ModifierUse { field: self.field.to_owned(), modifier, why: why.into() }
    }

    fn put(&mut self, name: &'static str, place: Place) -> Result<(), Reason> {
        if let Some(other) = self.placed {
            return Err(self.misuse(name, format!("stands beside '{other}'")));
        }
        (self.place, self.placed) = (place, Some(name));
        Ok(())
    }

    fn become_kind(&mut self, name: &'static str, kind: Kind) -> Result<(), Reason> {
        if !matches!(self.kind, Kind::Text) {
            return Err(self.misuse(name, format!("stands beside '{}'", self.kind.name())));
        }
        self.kind = kind;
        Ok(())
    }

    fn flag(&mut self, flag: &str) -> Result<(), Reason> {
        let Kind::Regex(flags) = &mut self.kind else {
            return Err(self.misuse("i, m, s", "only follow 're'"));
        };
        match flag {
            "i" => flags.insensitive = true,
            "m" => flags.multi_line = true,
            _ => flags.dot_all = true,
        }
        Ok(())
    }

    fn compare(&mut self, name: &'static str, comparison: Comparison) -> Result<(), Reason> {
        if self.comparison.replace(comparison).is_some() {
            return Err(self.misuse(name, "is a second comparison"));
        }
        Ok(())
    }

    fn date_part(&mut self, name: &'static str, part: TimePart) -> Result<(), Reason> {
        if self.part.replace(part).is_some() {
            return Err(self.misuse(name, "is a second part of the date"));
        }
        Ok(())
    }

    fn transform(&mut self, transform: Transform) -> Result<(), Reason> {
        let encodes = matches!(transform, Transform::Encode(_));
        if let Some(place) = self.placed.filter(|_| encodes) {
            let why = format!("encodes the wildcards of '{place}', write it before that");
            return Err(self.misuse(transform.name(), why));
        }
        if self.transforms.len() >= TRANSFORMS_MAX {
            let why = format!("comes after {TRANSFORMS_MAX} others that change the value");
            return Err(self.misuse(transform.name(), why));
        }
        self.transforms.push(transform);
        Ok(())
    }

    /// Refuses modifiers that have no common meaning.
    fn check(&self) -> Result<(), Reason> {
        let kind = self.kind.name();
        let plain = matches!(self.kind, Kind::Text);
        if self.negated && self.all {
            return Err(self.misuse("neq", "has no defined meaning beside 'all'"));
        }
        if let (Some(place), false) = (self.placed, plain || matches!(self.kind, Kind::FieldRef)) {
            return Err(self.misuse(place, format!("has no meaning beside '{kind}'")));
        }
        let expand_only = self.transforms.iter().all(|t| *t == Transform::Expand);
        if !plain && !expand_only {
            return Err(self.misuse(self.transforms[0].name(), format!("cannot precede '{kind}'")));
        }
        let numeric = self.comparison.is_some() || self.part.is_some();
        let texty = self.placed.is_some() || !self.transforms.is_empty() || self.cased;
        if numeric && (!plain || texty) {
            return Err(
                self.misuse("lt, gt, hour", "only stand beside each other, 'all' and 'neq'")
            );
        }
        let fieldless = !plain && !matches!(self.kind, Kind::Regex(_)) || numeric || self.negated;
        if self.keywords() && fieldless {
            return Err(self.misuse("fieldref, exists, cidr, neq, lt", "need a field"));
        }
        if matches!(self.kind, Kind::Exists) && (self.negated || self.all || self.cased) {
            return Err(self.misuse("exists", "stands alone"));
        }
        Ok(())
    }

    /// Returns the tests of one value: several when modifiers make variants of it.
    fn tests(&self, value: &Node, build: &mut Build<'_>) -> Result<Vec<Test>, Reason> {
        match (&self.kind, value) {
            (Kind::Exists, Node::Bool(wanted)) => return Ok(vec![Test::Exists(*wanted)]),
            (Kind::Exists, _) => return Err(self.misuse("exists", "needs true or false")),
            (_, Node::Null) => return self.null(),
            _ => {}
        }
        let Some(text) = value.as_text() else {
            return Err(Reason::malformed(self.field, "a value or a list of values"));
        };
        if text.len() > VALUE_BYTES_MAX {
            return Err(Reason::malformed(self.field, "of values that a log line could hold"));
        }
        if !self.transforms.contains(&Transform::Expand) {
            return self.tests_of(value, text, build);
        }
        let mut tests = Vec::new();
        for text in self.expanded(text, build)? {
            tests.append(&mut self.tests_of(value, &text, build)?);
        }
        Ok(tests)
    }

    /// Returns the tests of a text that stands for the value.
    fn tests_of(
        &self,
        value: &Node,
        text: &str,
        build: &mut Build<'_>,
    ) -> Result<Vec<Test>, Reason> {
        let single = match &self.kind {
            Kind::Text if self.comparison.is_some() || self.part.is_some() => self.number(text)?,
            Kind::Text => return self.texts(value, text, build),
            Kind::Regex(flags) => {
                Test::Regex(Arc::new(Regular::new(self.field, text, *flags, &mut build.spending)?))
            }
            Kind::Cidr => Test::Cidr(self.network(text)?),
            Kind::FieldRef => {
                let other = build.fields.intern(text);
                Test::Field { other, place: self.place, cased: self.cased }
            }
            Kind::Exists => return Err(self.misuse("exists", "needs true or false")),
        };
        build.spending.test(0)?;
        Ok(vec![single])
    }

    fn null(&self) -> Result<Vec<Test>, Reason> {
        let bare = matches!(self.kind, Kind::Text)
            && self.placed.is_none()
            && self.transforms.is_empty()
            && self.comparison.is_none()
            && self.part.is_none();
        if bare && !self.keywords() {
            Ok(vec![Test::Null])
        } else {
            Err(Reason::malformed(self.field, "a value, null has no meaning here"))
        }
    }

    fn number(&self, text: &str) -> Result<Test, Reason> {
        let number = Number::of_rule(text)
            .ok_or_else(|| self.misuse("lt, gt, hour", format!("'{text}' is no number")))?;
        let comparison = self.comparison.unwrap_or(Comparison::Equal);
        let Some(part) = self.part else { return Ok(Test::Compare(comparison, number)) };
        let (name, least, greatest) = part.bounds();
        if !(least..=greatest).any(|one| comparison.holds(Number::Int(one), number)) {
            let why = format!("'{text}' never holds, it goes from {least} to {greatest}");
            return Err(self.misuse(name, why));
        }
        Ok(Test::Time { part, comparison, number })
    }

    fn texts(&self, value: &Node, text: &str, build: &mut Build<'_>) -> Result<Vec<Test>, Reason> {
        let bare = self.place == Place::Whole && self.transforms.is_empty();
        if let (Node::Number(written), true) = (value, bare) {
            build.spending.test(written.len())?;
            let number = Number::of_rule(written);
            return Ok(vec![Test::Number { written: written.as_str().into(), number }]);
        }
        let mut drafts = vec![Draft::Text(Template::read(text))];
        for transform in &self.transforms {
            drafts = self.all_transformed(drafts, *transform)?;
        }
        drafts.iter().try_for_each(|draft| build.spending.test(draft.bytes()))?;
        let compiled = drafts.into_iter().map(|draft| {
            let template = match draft {
                Draft::Text(template) => template,
                Draft::Bytes(bytes) => {
                    Template::literal(&String::from_utf8(bytes).map_err(|_| {
                        self.misuse("utf16", "is no text by itself, write 'base64' after it")
                    })?)
                }
            };
            let pattern = Pattern::new(&template, self.place, self.cased);
            Ok(Test::Text { pattern, cased: self.cased })
        });
        compiled.collect()
    }

    /// Bounds what comes of all drafts, each time before the next is taken up.
    fn all_transformed(
        &self,
        drafts: Vec<Draft>,
        transform: Transform,
    ) -> Result<Vec<Draft>, Reason> {
        let (mut all, mut bytes) = (Vec::new(), 0);
        for draft in drafts {
            let made = self.transformed(draft, transform)?;
            bytes += made.iter().map(Draft::bytes).sum::<usize>();
            all.extend(made);
            if all.len() > VARIANTS_MAX || bytes > VARIANTS_BYTES_MAX {
                return Err(self.misuse(transform.name(), "makes too much of one value"));
            }
        }
        Ok(all)
    }

    fn transformed(&self, draft: Draft, transform: Transform) -> Result<Vec<Draft>, Reason> {
        match (transform, draft) {
            (Transform::Expand, draft) => Ok(vec![draft]),
            (Transform::Windash, Draft::Text(template)) => self.dashes(template),
            (Transform::Windash, Draft::Bytes(_)) => {
                Err(self.misuse("windash", "must precede encodings"))
            }
            (Transform::Encode(encoding), Draft::Bytes(bytes)) => self.encoded(&bytes, encoding),
            (Transform::Encode(encoding), Draft::Text(template)) => match template.as_literal() {
                Some(text) => self.encoded(text.as_bytes(), encoding),
                None => Err(self.misuse(encoding.name(), "cannot encode wildcards")),
            },
        }
    }

    fn encoded(&self, bytes: &[u8], encoding: Encoding) -> Result<Vec<Draft>, Reason> {
        let wide = |mark: &str, unit: fn(u16) -> [u8; 2]| {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| self.misuse(encoding.name(), "cannot follow another encoding"))?;
            let units = mark.encode_utf16().chain(text.encode_utf16());
            Ok(vec![Draft::Bytes(units.flat_map(unit).collect())])
        };
        match encoding {
            Encoding::Base64 => Ok(vec![Draft::Text(Template::literal(&STANDARD.encode(bytes)))]),
            Encoding::Base64Offset => {
                let shifted = spelling::base64_offsets(bytes);
                Ok(shifted.map(|text| Draft::Text(Template::literal(&text))).into())
            }
            Encoding::Utf16Le => wide("", u16::to_le_bytes),
            Encoding::Utf16Be => wide("", u16::to_be_bytes),
            Encoding::Utf16 => wide("\u{feff}", u16::to_le_bytes),
        }
    }

    /// Writes every dash that opens a flag in each of the five ways.
    fn dashes(&self, template: Template) -> Result<Vec<Draft>, Reason> {
        let variants_max = VARIANTS_MAX.min(VARIANTS_BYTES_MAX / template.bytes().max(1));
        let mut variants = vec![Vec::new()];
        for piece in template.0 {
            let Piece::Literal(text) = piece else {
                variants.iter_mut().for_each(|variant| variant.push(piece.clone()));
                continue;
            };
            let spellings = spelling::dashes(&text, variants_max)
                .filter(|spellings| spellings.len() * variants.len() <= variants_max)
                .ok_or_else(|| self.misuse("windash", "the value has too many dashes"))?;
            variants = variants
                .iter()
                .flat_map(|variant| {
                    spellings.iter().map(|spelling| {
                        let mut variant: Vec<Piece> = variant.clone();
                        variant.push(Piece::Literal(spelling.clone()));
                        variant
                    })
                })
                .collect();
        }
        Ok(variants.into_iter().map(|pieces| Draft::Text(Template(pieces))).collect())
    }

    /// Writes the text once for every value of the lists that its placeholders name.
    fn expanded(&self, text: &str, build: &mut Build<'_>) -> Result<Vec<String>, Reason> {
        let mut texts = vec![String::new()];
        for part in spelling::placeholders(text) {
            match part {
                Part::Plain(plain) => texts.iter_mut().for_each(|text| text.push_str(&plain)),
                Part::Placeholder(name) => {
                    let values = build.lists.values(name).ok_or_else(|| Reason::Placeholder {
                        field: self.field.to_owned(),
                        name: name.to_owned(),
                    })?;
                    build.used.insert(name.to_owned());
                    texts = self.multiplied(&texts, values)?;
                }
            }
        }
        Ok(texts)
    }

    fn multiplied(&self, texts: &[String], values: &[String]) -> Result<Vec<String>, Reason> {
        if texts.len().saturating_mul(values.len()) > EXPANDED_MAX {
            return Err(self.misuse("expand", format!("makes more than {EXPANDED_MAX} values")));
        }
        // Inside a regular expression, a value is a text and no pattern.
        let value = |value: &String| match self.kind {
            Kind::Regex(_) => regex_syntax::escape(value),
            _ => value.clone(),
        };
        let values: Vec<String> = values.iter().map(value).collect();
        let pairs = texts.iter().flat_map(|text| values.iter().map(move |value| (text, value)));
        Ok(pairs.map(|(text, value)| format!("{text}{value}")).collect())
    }

    fn network(&self, text: &str) -> Result<IpNet, Reason> {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>()
            .or_else(|_| single())
            .map_err(|_| self.misuse("cidr", format!("'{text}' is no network")))
    }
}

//! Random rules: every modifier, logic and shape of the specification, over few fields and pieces of
//! text, so that rules and events meet.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

/// Some have other names in 4688, which generic rules read by Sysmon's; `EventID` is known to a plan
/// before the event comes.
pub(super) const FIELDS: [&str; 8] =
    ["f", "g", "CommandLine", "Image", "NewProcessName", "ProcessId", "ParentProcessId", "EventID"];
/// What texts are made of, as rules write it.
pub(super) const PIECES: [&str; 44] = [
    "a",
    "B",
    "ab",
    "cmd",
    "powershell",
    "x.exe",
    "\\x.exe",
    "\\",
    "\\\\",
    "*",
    "*",
    "?",
    "\\*",
    "\\?",
    " ",
    " -a",
    "-enc",
    " /b",
    "/",
    "\u{2013}c",
    "\u{2014}",
    "a-b",
    "é",
    "e\u{301}",
    "Ệ",
    "đ",
    "Đ",
    "σ",
    "ς",
    "K",
    "\u{212A}",
    "ß",
    "®",
    "µ",
    "μ",
    "%",
    "1",
    "16",
    "\n",
    "MD5=0123456789abcdef0123456789abcdef",
    "0123456789abcdef",
    "/x.sh",
    "\u{17F}",
    "ı",
];
/// Texts that can be encoded: no wildcards, and plain ASCII, so that `wide` makes texts of them.
const PLAIN: [&str; 7] = ["cmd", "IEX ", "-a", "Invoke", "a\\b", "x", " /enc -b"];
pub(super) const NUMBERS: [&str; 8] = ["5", "5.0", "16", "0x10", "4688", "1.5", "-3", "0"];
const NETWORKS: [&str; 6] =
    ["10.0.0.0/8", "10.1.2.3", "192.168.1.128/25", "fe80::/10", "::1/128", "0.0.0.0/0"];
const ADDRESSES: [&str; 9] = [
    "10.1.2.3",
    "11.1.2.3",
    "192.168.1.127",
    "192.168.1.128",
    "::ffff:10.0.0.1",
    "fe80::1%eth0",
    "[::1]",
    "febf::1",
    "no address",
];
const DATES: [&str; 9] = [
    "2026-11-20 17:05:09.123",
    "2026-11-20T17:05:09Z",
    "2026-01-01",
    "2027-01-01 00:59:00",
    "2024-12-30T23:00:00",
    "2020-12-31",
    "2026-11-20 17:05",
    "2026-13-01",
    "yesterday",
];
const PARTS: [(&str, &[&str]); 6] = [
    ("minute", &["5", "59", "0"]),
    ("hour", &["17", "0", "23"]),
    ("day", &["20", "1", "31"]),
    ("week", &["1", "47", "53"]),
    ("month", &["11", "1", "12"]),
    ("year", &["2026", "2024", "2027"]),
];
const REGEXES: [&str; 12] = [
    "a.*b",
    "^cmd",
    "exe$",
    "(cmd|powershell)",
    "[0-9]{2}",
    "a?b+",
    "\\\\x\\.exe",
    "e.c",
    "B",
    "^$",
    "ab|",
    "σ",
];
const NAMES: [&str; 6] = ["selection", "sel_1", "sel_2", "filter", "_hidden", "of_it"];

/// A value as a rule writes it.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(&'static str),
    Text(String),
}

impl Scalar {
    fn yaml(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(digits) => (*digits).to_owned(),
            Self::Text(text) => serde_json::to_string(text).unwrap(),
        }
    }

    /// Returns texts that this value, as it stands, matches: one with as little as can be for its
    /// wildcards, and one with letters that are no ASCII.
    fn matching(&self) -> Vec<String> {
        let text = match self {
            Self::Null => return Vec::new(),
            Self::Bool(value) => return vec![value.to_string()],
            // The same number as a fraction spells it.
            Self::Number(digits) => return vec![(*digits).to_owned(), format!("{digits}.0")],
            Self::Text(text) => text,
        };
        let escaped = text.replace("\\*", "\u{1}").replace("\\?", "\u{2}");
        let escaped = escaped.replace("%Servers%", "srv7").replace("\\%", "%");
        let filled = |any: &str, one: &str| {
            let filled = escaped.replace('*', any).replace('?', one).replace("\\\\", "\\");
            filled.replace('\u{1}', "*").replace('\u{2}', "?")
        };
        vec![filled("", "q"), filled("aé", "ệ")]
    }
}

/// `field|modifiers: values`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    field: &'static str,
    modifiers: Vec<&'static str>,
    values: Vec<Scalar>,
}

impl Entry {
    fn yaml(&self) -> String {
        let key: String =
            [self.field].iter().chain(&self.modifiers).copied().collect::<Vec<_>>().join("|");
        let values: Vec<String> = self.values.iter().map(Scalar::yaml).collect();
        match values.as_slice() {
            [single] => format!("\"{key}\": {single}"),
            several => format!("\"{key}\": [{}]", several.join(", ")),
        }
    }
}

/// What an event could hold so that an entry nearly matches.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    pub(super) field: &'static str,
    pub(super) text: String,
    /// As the entry's modifiers encode it.
    pub(super) encoded: String,
}

impl Entry {
    fn hints(&self) -> Vec<Hint> {
        let has = |word: &&str| self.modifiers.contains(word);
        let field = if self.field.is_empty() { "g" } else { self.field };
        let hint = |field, text: &str| {
            let encoded = self.encoded(text);
            Hint { field, text: text.to_owned(), encoded }
        };
        let all = |texts: &[&str]| texts.iter().map(|text| hint(field, text)).collect();
        if has(&"cidr") {
            return all(&ADDRESSES);
        }
        if PARTS.iter().any(|(part, _)| has(part)) {
            return all(&DATES);
        }
        if has(&"re") {
            return all(&["cmd", "x.exe", "a\nb", "AB12", "eXc", "\\x.exe"]);
        }
        let texts = self.values.iter().flat_map(Scalar::matching);
        if has(&"fieldref") {
            // The same under both names.
            let other = |name: String| FIELDS.into_iter().find(|field| *field == name);
            let others =
                texts.filter_map(other).flat_map(|other| [hint(field, "ab"), hint(other, "ab")]);
            return others.collect();
        }
        texts.map(|text| hint(field, &text)).collect()
    }

    fn encoded(&self, text: &str) -> String {
        use base64::Engine as _;
        let mut bytes = text.as_bytes().to_vec();
        for modifier in &self.modifiers {
            let units = || String::from_utf8_lossy(&bytes).encode_utf16().collect::<Vec<_>>();
            let le = |units: &[u16]| units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            bytes = match *modifier {
                "wide" | "utf16le" => le(&units()),
                "utf16" => le(&[vec![0xFEFF], units()].concat()),
                "utf16be" => units().iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                "base64" => base64::engine::general_purpose::STANDARD.encode(&bytes).into(),
                // One byte before it, and one behind.
                "base64offset" => {
                    let hidden = [b"x".to_vec(), bytes, b"y".to_vec()].concat();
                    base64::engine::general_purpose::STANDARD.encode(hidden).into()
                }
                _ => bytes,
            };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// What stands under one name.
#[derive(Clone, Debug)]
pub(super) enum Search {
    Map(Vec<Entry>),
    Maps(Vec<Vec<Entry>>),
    Keywords(Vec<Scalar>),
    /// Keywords and a map in one list.
    Mixed(Scalar, Vec<Entry>),
}

/// A map has each key once.
fn map(entries: &[Entry]) -> String {
    let mut keys = BTreeSet::new();
    let new = entries.iter().filter(|entry| keys.insert((entry.field, entry.modifiers.clone())));
    format!("{{{}}}", new.map(Entry::yaml).collect::<Vec<_>>().join(", "))
}

impl Search {
    fn yaml(&self) -> String {
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        match self {
            Self::Map(entries) => map(entries),
            Self::Maps(maps) => list(maps.iter().map(|entries| map(entries)).collect()),
            Self::Keywords(words) => list(words.iter().map(Scalar::yaml).collect()),
            Self::Mixed(word, entries) => list(vec![word.yaml(), map(entries)]),
        }
    }

    pub(super) fn hints(&self) -> Vec<Hint> {
        let words = |words: &[Scalar]| -> Vec<Hint> {
            let entry = Entry { field: "", modifiers: Vec::new(), values: words.to_vec() };
            entry.hints()
        };
        let of = |entries: &[Entry]| entries.iter().flat_map(Entry::hints).collect::<Vec<_>>();
        match self {
            Self::Map(entries) => of(entries),
            Self::Maps(maps) => maps.iter().flat_map(|entries| of(entries)).collect(),
            Self::Keywords(keywords) => words(keywords),
            Self::Mixed(word, entries) => [words(std::slice::from_ref(word)), of(entries)].concat(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// Of a category, so that it reads a source's own words by Sysmon's.
    pub(super) generic: bool,
    pub(super) searches: Vec<Search>,
    conditions: Vec<String>,
}

impl Rule {
    pub(super) fn yaml(&self, id: usize) -> String {
        let source = if self.generic { "category: process_creation" } else { "service: security" };
        let searches = self.searches.iter().zip(NAMES);
        let searches: Vec<String> =
            searches.map(|(search, name)| format!("  {name}: {}\n", search.yaml())).collect();
        let conditions: Vec<String> =
            self.conditions.iter().map(|text| format!("\"{text}\"")).collect();
        format!(
            "title: T\nid: r{id}\nlogsource: {{product: windows, {source}}}\ndetection:\n{}  \
             condition: [{}]\n",
            searches.concat(),
            conditions.join(", ")
        )
    }
}

pub(super) fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&PIECES[..]), 0..5).prop_map(|pieces| pieces.concat())
}

fn place() -> impl Strategy<Value = Vec<&'static str>> {
    select(vec![vec![], vec!["contains"], vec!["startswith"], vec!["endswith"]])
}

/// Modifiers that go with nearly everything, in any order among the others.
fn with_logic(
    modifiers: Vec<&'static str>,
    logic: Option<&'static str>,
    first: bool,
) -> Vec<&'static str> {
    let logic = logic.into_iter().collect::<Vec<_>>();
    if first { [logic, modifiers].concat() } else { [modifiers, logic].concat() }
}

fn logic() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![4 => Just(None), 1 => Just(Some("all")), 1 => Just(Some("neq"))]
}

fn texts() -> impl Strategy<Value = Vec<Scalar>> {
    prop::collection::vec(text().prop_map(Scalar::Text), 1..4)
}

fn of(list: &'static [&'static str]) -> impl Strategy<Value = Vec<Scalar>> {
    let text = select(list).prop_map(|text| Scalar::Text(text.to_owned()));
    prop::collection::vec(text, 1..3)
}

fn numbers() -> impl Strategy<Value = Vec<Scalar>> {
    prop::collection::vec(select(&NUMBERS[..]).prop_map(Scalar::Number), 1..3)
}

type Asked = (Vec<&'static str>, Vec<Scalar>);

/// Plain texts, with windash or cased, and null beside them where nothing stands against it.
fn plain_values() -> impl Strategy<Value = Asked> {
    let words = (place(), any::<bool>(), prop::bool::weighted(0.2));
    (words, texts(), prop::option::weighted(0.2, Just(Scalar::Null))).prop_map(
        |((place, before, cased), mut values, null)| {
            if place.is_empty() {
                values.extend(null);
            }
            let cased = cased.then_some("cased");
            let words = if before {
                cased.into_iter().chain(place).collect()
            } else {
                place.into_iter().chain(cased).collect()
            };
            (words, values)
        },
    )
}

/// Few dashes, because each makes five texts.
fn dashed_values() -> impl Strategy<Value = Asked> {
    let values = ["-a", " -enc", "x /b -a", "\u{2014}c", "a-b", "--", "* -a?", "/"];
    let values = prop::collection::vec(select(values.to_vec()), 1..3);
    (place(), any::<bool>(), values).prop_map(|(place, before, values)| {
        let words = [
            if before { vec!["windash"] } else { place.clone() },
            if before { place } else { vec!["windash"] },
        ];
        (words.concat(), values.into_iter().map(|text| Scalar::Text(text.to_owned())).collect())
    })
}

fn encoded_values() -> impl Strategy<Value = Asked> {
    let words: Vec<Vec<&'static str>> = vec![
        vec!["base64"],
        vec!["base64offset"],
        vec!["wide"],
        vec!["windash", "base64"],
        vec!["windash", "wide", "base64offset"],
        vec!["wide", "base64"],
        vec!["utf16le", "base64offset"],
        vec!["utf16be", "base64"],
        vec!["utf16", "base64offset"],
        vec!["base64", "base64"],
    ];
    (select(words), place(), of(&PLAIN))
        .prop_map(|(words, place, values)| ([words, place].concat(), values))
}

fn expanded_values() -> impl Strategy<Value = Asked> {
    let values = select(vec![
        "%Servers%",
        "x%Servers%.vn",
        "\\%Servers%",
        "%Nobody",
        "50%",
        "%Servers%%Servers%",
    ]);
    (place(), values).prop_map(|(place, value)| {
        ([vec!["expand"], place].concat(), vec![Scalar::Text(value.to_owned())])
    })
}

fn compared_values() -> impl Strategy<Value = Asked> {
    let bound = || prop::option::of(select(vec!["lt", "lte", "gt", "gte"]));
    let part = select(&PARTS[..]).prop_flat_map(|(part, values)| (Just(part), select(values)));
    // Bounds that no date keeps refuse the rule.
    let kept = |(bound, (_, value)): &(Option<&str>, (&str, &str))| match *bound {
        Some("gt") => !["59", "23", "31", "53", "12"].contains(value),
        Some("lt") => !["0", "1"].contains(value),
        _ => true,
    };
    let part = (bound(), part).prop_filter("a bound that a date can keep", kept);
    prop_oneof![
        (bound(), numbers()).prop_map(|(bound, values)| (bound.into_iter().collect(), values)),
        part.prop_map(|(bound, (part, value))| {
            (std::iter::once(part).chain(bound).collect(), vec![Scalar::Number(value)])
        }),
    ]
}

fn regexes() -> impl Strategy<Value = Asked> {
    let flags = prop::sample::subsequence(vec!["i", "m", "s"], 0..=3);
    (flags, of(&REGEXES)).prop_map(|(flags, values)| ([vec!["re"], flags].concat(), values))
}

fn references() -> impl Strategy<Value = Asked> {
    (place(), any::<bool>(), of(&FIELDS)).prop_map(|(place, cased, values)| {
        ([vec!["fieldref"], place, cased.then_some("cased").into_iter().collect()].concat(), values)
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        8 => plain_values(),
        1 => dashed_values(),
        2 => encoded_values(),
        1 => expanded_values(),
        2 => compared_values(),
        1 => numbers().prop_map(|values| (Vec::new(), values)),
        1 => any::<bool>().prop_map(|value| (Vec::new(), vec![Scalar::Bool(value)])),
        1 => Just((Vec::new(), vec![Scalar::Null])),
        1 => of(&NETWORKS).prop_map(|values| (vec!["cidr"], values)),
        2 => regexes(),
        2 => references(),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let asked = prop_oneof![
        12 => (asked(), logic(), any::<bool>()).prop_map(|((words, values), logic, first)| {
            // The flags of `re` follow it, and so does all that is asked of a part of a date.
            let first = first && words.first() != Some(&"re");
            (with_logic(words, logic, first), values)
        }),
        1 => any::<bool>().prop_map(|value| (vec!["exists"], vec![Scalar::Bool(value)])),
    ];
    (select(&FIELDS[..]), asked).prop_map(|(field, (modifiers, values))| Entry {
        field,
        modifiers,
        values,
    })
}

/// Keywords with modifiers are a map whose field has no name.
fn keyword_entry() -> impl Strategy<Value = Entry> {
    let all = |words: Vec<&'static str>| {
        prop::bool::ANY.prop_map(move |all| {
            if all { [words.clone(), vec!["all"]].concat() } else { words.clone() }
        })
    };
    prop_oneof![
        (all(vec![]), texts()),
        (all(vec!["cased"]), texts()),
        (all(vec!["startswith"]), texts()),
        (all(vec!["re"]), of(&REGEXES)),
        (all(vec!["base64offset"]), of(&PLAIN)),
        (all(vec!["windash"]), of(&["-a", " -enc"])),
    ]
    .prop_map(|(modifiers, values)| Entry { field: "", modifiers, values })
    .prop_filter("keywords alone are a list", |entry| !entry.modifiers.is_empty())
}

fn search() -> impl Strategy<Value = Search> {
    let entries = || prop::collection::vec(entry(), 1..4);
    let words = prop_oneof![
        4 => text().prop_map(Scalar::Text),
        // Not in hexadecimal: the reference's YAML reader does not tell how a number was written.
        1 => select(vec!["5", "16", "1.5"]).prop_map(Scalar::Number),
        1 => any::<bool>().prop_map(Scalar::Bool),
    ];
    let words = prop::collection::vec(words, 1..4);
    prop_oneof![
        8 => entries().prop_map(Search::Map),
        2 => prop::collection::vec(entries(), 1..4).prop_map(Search::Maps),
        2 => words.prop_map(Search::Keywords),
        1 => keyword_entry().prop_map(|entry| Search::Map(vec![entry])),
        1 => (text().prop_map(Scalar::Text), entries()).prop_map(|(word, map)| Search::Mixed(word, map)),
    ]
}

/// Conditions over the first so many names, in every spelling.
fn condition(names: usize) -> impl Strategy<Value = String> {
    let name = select(NAMES[..names].to_vec()).prop_map(str::to_owned);
    let some = select(vec!["1", "any", "all", "ALL"]);
    // Each names the first search at least.
    let pattern = select(vec!["them", "sel*", "*", "s*n", "*ion", "selection", "*e*"]);
    let several = (some, pattern).prop_map(|(some, pattern)| format!("{some} of {pattern}"));
    let leaf = prop_oneof![3 => name, 2 => several];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                select(vec![" and ", " or ", " AND ", " or not ", " and not "]),
                inner.clone()
            )
                .prop_map(|(a, word, b)| format!("{a}{word}{b}")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

pub(super) fn rule() -> impl Strategy<Value = Rule> {
    let few = prop_oneof![2 => Just(1), 2 => Just(2), 1 => 3..=NAMES.len()];
    let searches = few.prop_flat_map(|few| prop::collection::vec(search(), few));
    (any::<bool>(), searches)
        .prop_flat_map(|(generic, searches)| {
            let conditions = prop::collection::vec(condition(searches.len()), 1..3);
            (Just(generic), Just(searches), conditions)
        })
        .prop_map(|(generic, searches, conditions)| Rule { generic, searches, conditions })
}

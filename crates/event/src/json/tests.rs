//! The decoder against `serde_json`, which knows JSON: both take the same texts, up to the same
//! byte, and find the same values in them.

use std::fmt;

use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::flaw::Wrong;
use super::stream::{Read, read};
use super::tree::{Node, first};
use super::{DEPTH_MAX, Kept, NAME_BYTES_MAX, NODES_MAX};
use crate::{Batch, Context, Format, Value};

/// What `serde_json` finds, with the order of members and duplicate names.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    Null,
    Bool(bool),
    Whole(String),
    Real(f64),
    Text(String),
    Array(Vec<Found>),
    Object(Vec<(String, Found)>),
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(Found::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(Found::Whole(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Ok(Found::Whole(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        Ok(Found::Real(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Found, E> {
        Ok(Found::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Found::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Found::Object(members))
    }
}

impl Found {
    fn is_number(&self, digits: &str) -> bool {
        match self {
            Self::Whole(whole) => whole == digits,
            // `serde_json` may miss the nearest float by its last bits; ours is the nearest.
            Self::Real(real) => digits.parse().is_ok_and(|ours: f64| {
                let near = real.abs() * 1e-13 + f64::MIN_POSITIVE;
                format!("{ours:?}") == digits && (ours - real).abs() <= near
            }),
            _ => false,
        }
    }

    fn is(&self, node: &Node<'_>) -> bool {
        match (self, node) {
            (Self::Null, Node::Null) => true,
            (Self::Bool(found), Node::Bool(ours)) => found == ours,
            (Self::Text(found), Node::Text(ours)) => found == ours,
            (found, Node::Number(digits)) => found.is_number(digits),
            (Self::Array(found), Node::Array(ours)) => {
                found.len() == ours.len() && found.iter().zip(ours).all(|(a, b)| a.is(b))
            }
            (Self::Object(found), Node::Object(ours)) => {
                let alike = |(a, b): (&(String, Self), &(_, Node<'_>))| a.0 == b.0 && a.1.is(&b.1);
                found.len() == ours.len() && found.iter().zip(ours).all(alike)
            }
            _ => false,
        }
    }

    fn is_leaf(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(found), Value::Bool(ours)) => *found == ours,
            (Self::Text(found), Value::Text(ours)) => found == ours,
            (found, Value::Number(digits)) => found.is_number(digits),
            _ => false,
        }
    }

    fn leaves<'f>(&'f self, path: &str, into: &mut Vec<(String, &'f Self)>) {
        match self {
            Self::Array(items) => items.iter().for_each(|item| item.leaves(path, into)),
            Self::Object(members) => {
                for (name, value) in members {
                    let dot = if path.is_empty() { "" } else { "." };
                    value.leaves(&format!("{path}{dot}{name}"), into);
                }
            }
            leaf => into.push((path.to_owned(), leaf)),
        }
    }
}

/// Returns the text with U+FFFD in the place of every half of a pair of surrogates, which
/// `serde_json` refuses.
fn without_halves(text: &str) -> String {
    let code = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let (mut whole, mut at) = (String::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let length = match (c, code(at)) {
            ('\\', Some(0xD800..=0xDBFF)) if matches!(code(at + 6), Some(0xDC00..=0xDFFF)) => 12,
            ('\\', Some(0xD800..=0xDFFF)) => {
                whole.push_str("\\ufffd");
                at += 6;
                continue;
            }
            ('\\', _) => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        whole.push_str(&text[at..at + length]);
        at += length;
    }
    whole
}

/// Reads the value at the front of the text with `serde_json`.
fn known(text: &str) -> Result<(Found, usize), serde_json::Error> {
    let text = without_halves(text);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let found = Found::deserialize(&mut deserializer)?;
    Ok((found, deserializer.into_iter::<IgnoredAny>().byte_offset()))
}

/// Reads the same text with everything that reads JSON here, and compares.
fn compare(text: &str, kept: &mut Kept, batch: &mut Batch) {
    let known = known(text);
    let tree = first(text);
    match (&known, &tree) {
        (Ok((found, used)), Ok((node, ours))) => {
            assert_eq!(used, ours, "{text}");
            assert!(found.is(node), "{text}\n{found:?}\n{node:?}");
        }
        (Err(error), Err(flaw)) => {
            assert!(flaw.at <= text.len(), "{text}");
            // Of `\u[` it says that it ends, not that it is wrong.
            let ends = matches!(flaw.wrong, Wrong::Ends | Wrong::Escape);
            assert!(!error.is_eof() || ends, "{text}: {error}, {flaw:?}");
            assert!(error.is_eof() || flaw.wrong != Wrong::Ends, "{text}: {error}, {flaw:?}");
        }
        (known, tree) => panic!("{text}\n{known:?}\n{tree:?}"),
    }
    let mut event = batch.start(Format::Json);
    match read(text, false, kept, &mut event) {
        Ok(Read::Other) => assert!(!text.trim_start().starts_with('{'), "{text}"),
        Ok(read) => {
            let Ok((found, used)) = known else { panic!("{text}\n{known:?}\n{read:?}") };
            assert_eq!(read, Read::Object(used), "{text}");
            let mut leaves = Vec::new();
            found.leaves("", &mut leaves);
            assert_eq!(leaves.len(), event.len(), "{text}");
            for ((path, leaf), (field, value)) in leaves.iter().zip(event.fields()) {
                assert_eq!(path, field, "{text}");
                assert!(leaf.is_leaf(value), "{text}\n{leaf:?}\n{value:?}");
            }
        }
        Err(flaw) => assert_eq!(tree.map(drop), Err(flaw), "{text}"),
    }
}

/// Compares texts one after the other, so that what one teaches is tried on the next.
fn compare_all<'t>(texts: impl IntoIterator<Item = &'t str>) {
    let mut batch = Batch::new();
    let mut kept = Kept::default();
    texts.into_iter().for_each(|text| compare(text, &mut kept, &mut batch));
}

/// Names that are each other's beginnings, ends and escapes, and values of every kind.
fn json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("a"),
        Just("ab"),
        Just("a.b"),
        Just("b"),
        Just(""),
        Just("."),
        Just("a\\n"),
        Just("a\\\\n"),
        Just("a\\\":1,\\\"b"),
        Just("đ"),
        Just("\\u0061"),
        Just("Event"),
    ];
    let text = prop_oneof![
        "[ -!#-\\[\\]-~đ€😀]{0,40}",
        "C:(\\\\\\\\[A-Za-z ]{1,12}){1,6}",
        "([a-z]{0,9}(\\\\[bfnrt/\"\\\\]|\\\\u00[0-9a-fA-F]{2}|\\\\ud83d\\\\ude0[0-9a-f])){0,6}",
    ];
    let number = prop_oneof![
        any::<i64>().prop_map(|whole| whole.to_string()),
        any::<u64>().prop_map(|whole| whole.to_string()),
        any::<f64>()
            .prop_filter("json has no others", |real| real.is_finite())
            .prop_map(|real| format!("{real:e}")),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
    ];
    let leaf = prop_oneof![
        4 => text.prop_map(|text| format!("\"{text}\"")),
        2 => number,
        1 => prop_oneof![Just("null"), Just("true"), Just("false")].prop_map(str::to_owned),
    ];
    let value = leaf.prop_recursive(5, 40, 6, move |inner| {
        let blank = || "[ \t\r\n]{0,2}";
        let item = (blank(), inner.clone(), blank()).prop_map(|(a, item, b)| a + &item + &b);
        let items = prop::collection::vec(item, 0..6);
        let member = (blank(), name.clone(), blank(), blank(), inner, blank())
            .prop_map(|(a, name, b, c, value, d)| format!("{a}\"{name}\"{b}:{c}{value}{d}"));
        let members = prop::collection::vec(member, 0..8);
        prop_oneof![
            1 => items.prop_map(|items| format!("[{}]", items.join(","))),
            3 => members.prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    });
    ("[ \n]{0,1}", value, "[ \n]{0,1}").prop_map(|(a, value, b)| a + &value + &b)
}

/// What is put into a text to break it, or to make it another.
fn damage() -> impl Strategy<Value = Vec<u8>> {
    let token = "[\\[\\]{}:,\"\\\\ \t\n\0\u{1f}\u{7f}0-9eE+.\\-truefalsn/]{0,2}";
    prop_oneof![
        4 => token.prop_map(String::into_bytes),
        1 => "\\\\u[dD][8-9a-fA-F0-9][0-9a-f]{1,2}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn texts_read_alike(texts in prop::collection::vec(json(), 1..5)) {
        compare_all(texts.iter().map(String::as_str));
        for text in &texts {
            prop_assert!(known(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn damaged_texts_read_alike(
        texts in prop::collection::vec(json(), 1..3),
        hits in prop::collection::vec((any::<prop::sample::Index>(), 0..3usize, damage()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let damaged = texts.iter().map(|text| {
            let mut bytes = text.clone().into_bytes();
            for (at, removed, put) in &hits {
                let start = at.index(bytes.len() + 1);
                let end = (start + removed).min(bytes.len());
                bytes.splice(start..end, put.iter().copied());
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let damaged: Vec<String> = damaged.collect();
        compare_all(damaged.iter().chain(&texts).map(String::as_str));
    }

    #[test]
    fn scraps_read_alike(text in "[\\[\\]{}:,\"\\\\ \n0-9eE+.\\-truefalsnđ]{0,20}") {
        compare_all([text.as_str()]);
    }
}

/// Texts at the corners of the grammar, sound and not.
const CORNERS: &[&str] = &[
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    "{}x",
    "[1]2",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\":1 \"b\":2}",
    "{1:2}",
    "{a:1}",
    "{'a':1}",
    "[1,]",
    "[,1]",
    "[1 2]",
    "nul",
    "null",
    "nulll",
    "nUll",
    "true",
    "tru",
    "falsy",
    "NaN",
    "Infinity",
    "-Infinity",
    "-",
    "+1",
    "01",
    "-01",
    "00",
    "0",
    "-0",
    "-0.0",
    "0.0",
    "1.",
    ".5",
    "1.e1",
    "1e",
    "1e+",
    "1E-7",
    "1e400",
    "-1e400",
    "1e-400",
    "0e999999999999",
    "0x1",
    "1_000",
    "9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "100000000000000000000000000000",
    "999999999999999999",
    "1000000000000000000",
    "0.1",
    "123456789.123456789",
    "5e-324",
    "\"",
    "\"a",
    "\"\\",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u123",
    "\"\\u12g4\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\udc00\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud800\\n\"",
    "\"\\ud800x\"",
    "\"\\ud800\\u0041\"",
    "\"\\uDBFF\\uDFFF\"",
    "\"\\u0000\"",
    "\"\\uFFFF\"",
    "\"tab\there\"",
    "\"line\nhere\"",
    "\"\u{7f}\u{80}\"",
    "\"1234567\u{1f}\"",
    "\"12345678\0\"",
    "\u{FEFF}{}",
    "\u{a0}1",
    "{\"a\":1}\u{0}",
    "// no\n1",
    "{\"\":{\"\":1,\"a\":{\"\":2}}}",
];

#[test]
fn the_corners_of_the_grammar_read_alike() {
    compare_all(CORNERS.iter().copied());
}

#[test]
fn half_a_pair_of_surrogates_hides_nothing() {
    for (escaped, expected) in [
        (r"a \ud800", "a \u{fffd}"),
        (r"\udc00 a", "\u{fffd} a"),
        (r"\ud800\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud800\u0041", "\u{fffd}A"),
        (r"\ud800\n", "\u{fffd}\n"),
        (r"\\ud800", r"\ud800"),
    ] {
        let mut batch = Batch::new();
        let line = format!("{{\"CommandLine\":\"{escaped}\",\"x\":1}}");
        let context = Context::received(0);
        let problems = crate::parse(Format::Json, line.as_bytes(), &context, &mut batch);
        assert!(problems.is_empty(), "{escaped}");
        assert_eq!(batch.event(0).first("CommandLine"), Some(Value::Text(expected)), "{escaped}");
    }
}

#[test]
fn an_array_without_its_end_is_told_once_and_keeps_what_came() {
    use crate::ProblemKind::{Malformed, OverLimit, Truncated};

    let wide = format!("[{{\"n\":[{}0]}}", "0,".repeat(NODES_MAX));
    for (text, events, expected) in [
        ("[", 0, &[Truncated][..]),
        ("[\n", 0, &[Truncated]),
        ("[{\"n\":1}", 1, &[Truncated]),
        ("[{\"n\":1},{\"n\":2},", 2, &[Truncated]),
        ("\u{FEFF}[\n  {\n    \"n\": 1\n  },\n", 1, &[Truncated]),
        ("[{\"n\":[1]},{\"n\":[\"]\"]},", 2, &[Truncated]),
        // What was told as cut off within a value is not told again.
        ("[{\"n\":1},{\"n\":", 1, &[Truncated]),
        ("[{\"n\":1},\n{\"n\":[1,", 1, &[Truncated]),
        // The end may stand in a line that could not be read.
        ("[{\"n\":1},x]\n", 1, &[Malformed]),
        (&format!("{wide}]"), 0, &[OverLimit]),
        ("[{\"n\":1},\nx\n]", 1, &[Malformed]),
        ("[INFO] started\n{\"n\":1}\n", 1, &[Malformed]),
        (&format!("{wide},\n{{\"n\":1}}"), 1, &[OverLimit]),
        // Behind one that holds no end, it is to come.
        ("[x\n{\"n\":1},\n", 1, &[Malformed, Truncated]),
        ("[]", 0, &[]),
        ("[{\"n\":1}]", 1, &[]),
        (" [{\"n\":1}\n]\r\n \n", 1, &[]),
        ("[{\"n\":1}]\n{\"n\":2}\n", 2, &[]),
        ("{\"n\":[1]}\n", 1, &[]),
        ("\n", 0, &[]),
    ] {
        let mut batch = Batch::new();
        let told = crate::parse(Format::Json, text.as_bytes(), &Context::received(0), &mut batch);
        let kinds: Vec<_> = told.iter().map(|problem| problem.kind).collect();
        assert_eq!((batch.len(), &*kinds), (events, expected), "{text} {told:?}");
    }
}

#[test]
fn special_bytes_are_found_at_every_place() {
    for special in ["\"", "\\\\", "\\u0041", "\u{1}", "\u{1f}", "\u{7f}", "\u{80}", "đ", " "] {
        for before in 0..20 {
            for behind in 0..20 {
                let (before, behind) = ("!".repeat(before), "~".repeat(behind));
                compare_all([&*format!("{{\"{before}\":\"{before}{special}{behind}\"}}")]);
                compare_all([&*format!("{{\"{before}{special}{behind}\":1}}")]);
            }
        }
    }
}

/// What only looks like the name that followed last time is another name.
#[test]
fn a_name_is_not_taken_for_the_one_expected() {
    compare_all([
        r#"{"a\\n":1,"b\":1,\"c":2}"#,
        r#"{"a\n":1,"b":1,"c":2}"#,
        r#"{"a":{"b.c":1},"a.b":{"c":2},"d":3}"#,
        r#"{"a":{"b":{"c":1}},"a.b.c":2,"d":3}"#,
        r#"{"a.b":{"c":1},"a.b.c":2,"d":3}"#,
        r#"{"x":1,"y":2}"#,
        r#"{"xx":1,"y":2}"#,
        r#"{"\u0078":1,"y":2}"#,
        r#"{"":{"x":1},"x":2}"#,
        r#"{"x":[{"y":1},{"y":2,"z":3}],"y":4}"#,
        r#"{"x":[{"y":1,"z":2},{"y":3,"z":4}],"z":5}"#,
    ]);
    // Names around the length of a mark, each expected where one stands that begins alike.
    let name = |len: usize| "abcdefghijklmnopqrstuvwxyz"[..len].to_owned();
    let lens = [14, 15, 16, 17, 18, 26];
    let names = lens.into_iter().flat_map(|len| [name(len), name(len - 1) + "!"]);
    let texts = names.map(|name| format!("{{\"{name}\":1,\"more\":\"of it\"}}"));
    let texts: Vec<String> = texts.collect();
    let texts = texts.iter().map(String::as_str);
    compare_all(texts.clone().flat_map(|one| texts.clone().flat_map(move |two| [one, two])));
}

#[test]
fn bounds_hold_at_their_last_value() {
    let nested = |depth: usize| format!("{{\"a\":{}0{}}}", "[".repeat(depth), "]".repeat(depth));
    let wide = |nodes: usize| format!("{{\"a\":[0{}]}}", ",0".repeat(nodes - 3));
    let named = |bytes: usize| format!("{{\"{}\":0}}", "n".repeat(bytes));
    let long = |bytes: usize| {
        let part = "n".repeat(NAME_BYTES_MAX - 1);
        let rest = "n".repeat(bytes - 4 * NAME_BYTES_MAX);
        format!("{{\"{part}\":{{\"{part}\":{{\"{part}\":{{\"{part}\":{{\"{rest}\":0}}}}}}}}}}")
    };
    for (within, beyond, wrong) in [
        (nested(DEPTH_MAX - 1), nested(DEPTH_MAX), Wrong::Depth),
        (wide(NODES_MAX), wide(NODES_MAX + 1), Wrong::Nodes),
        (named(NAME_BYTES_MAX), named(NAME_BYTES_MAX + 1), Wrong::NameBytes),
        (
            long(super::stream::PATH_BYTES_MAX),
            long(super::stream::PATH_BYTES_MAX + 1),
            Wrong::PathBytes,
        ),
    ] {
        compare_all([&*within]);
        let mut batch = Batch::new();
        let mut event = batch.start(Format::Json);
        let read = read(&beyond, false, &mut Kept::default(), &mut event);
        assert_eq!(read.map_err(|flaw| flaw.wrong), Err(wrong));
    }
}

#[test]
fn names_are_bounded() {
    let mut batch = Batch::new();
    let mut kept = Kept::default();
    let mut refused = 0;
    for first in (0..70_000).step_by(1_000) {
        let names: Vec<String> = (first..first + 1_000).map(|n| format!("\"n{n}\":0")).collect();
        let mut event = batch.start(Format::Json);
        match read(&format!("{{{}}}", names.join(",")), false, &mut kept, &mut event) {
            Ok(_) => event.finish(),
            Err(flaw) => {
                assert_eq!(flaw.wrong, Wrong::Names);
                refused += 1;
            }
        }
    }
    assert_eq!((refused, batch.names().len()), (5, super::stream::NAMES_MAX));
}

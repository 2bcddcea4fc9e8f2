//! Every value modifier of the specification, and the refusal of what makes no sense.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use khien_detect::{Reason, Rules};

use crate::harness::{fires, refusal, rule};

fn check(table: &[(&str, &str, bool)]) {
    for (entry, members, expected) in table {
        assert_eq!(fires(entry, members), *expected, "{entry} on {members}");
    }
}

#[test]
fn places() {
    check(&[
        ("f: abc", r#""f":"ABC""#, true),
        ("f: abc", r#""f":"xabc""#, false),
        ("f|contains: b", r#""f":"abc""#, true),
        ("f|startswith: ab", r#""f":"abc""#, true),
        ("f|startswith: bc", r#""f":"abc""#, false),
        ("f|endswith: bc", r#""f":"abc""#, true),
        ("f|endswith: '\\c.exe'", r#""f":"D:\\C.EXE""#, true),
        ("f|contains: '\\Temp\\'", r#""f":"c:\\temp\\x""#, true),
        ("f|contains: 'a*c'", r#""f":"xabcx""#, true),
        ("f|contains: 4444", r#""f":"-p 4444 -x""#, true),
    ]);
}

#[test]
fn all_and_cased_and_neq() {
    check(&[
        ("f|contains|all: [a, c]", r#""f":"abc""#, true),
        ("f|contains|all: [a, z]", r#""f":"abc""#, false),
        ("f|all|contains: [a, c]", r#""f":"abc""#, true),
        // Different values of one field may each fulfil their part.
        ("f|contains|all: [a, c]", r#""f":["xa","xc"]"#, true),
        ("f|cased: abc", r#""f":"ABC""#, false),
        ("f|contains|cased: B", r#""f":"aBc""#, true),
        ("f|neq: abc", r#""f":"abd""#, true),
        ("f|neq: abc", r#""f":"ABC""#, false),
        ("f|neq: [a, b]", r#""f":"b""#, false),
        ("f|neq: [a, b]", r#""f":"c""#, true),
        ("f|neq: 5", r#""f":5"#, false),
        ("f|neq|contains: b", r#""f":"abc""#, false),
        ("f|neq: a", "", true),
    ]);
}

#[test]
fn exists_and_null_and_empty() {
    for (entry, missing, null, empty, text) in [
        ("f|exists: true", false, true, true, true),
        ("f|exists: false", true, false, false, false),
        ("f: null", true, true, false, false),
        ("f: ''", false, false, true, false),
        ("f: '*'", false, false, true, true),
        ("f: '?*'", false, false, false, true),
        ("f: [null, '']", true, true, true, false),
    ] {
        let got = ["", r#""f":null"#, r#""f":"""#, r#""f":"x""#].map(|event| fires(entry, event));
        assert_eq!(got, [missing, null, empty, text], "{entry}");
    }
}

#[test]
fn windash() {
    check(&[
        ("f|windash|contains: ' -enc'", r#""f":"x -enc y""#, true),
        ("f|contains|windash: ' -enc'", r#""f":"x /enc y""#, true),
        ("f|contains|windash: ' /enc'", r#""f":"x –enc y""#, true),
        ("f|contains|windash: ' -enc'", r#""f":"x —enc y""#, true),
        ("f|contains|windash: ' -enc'", r#""f":"x ―enc y""#, true),
        ("f|contains|windash: ' -enc'", r#""f":"x +enc y""#, false),
        // A dash inside a word opens no flag.
        ("f|contains|windash: 'a-b'", r#""f":"a/b""#, false),
        ("f|contains|all|windash: [' -a', ' -b']", r#""f":"x /a -b""#, true),
        ("f|contains|all|windash: [' -a', ' -b']", r#""f":"x /a""#, false),
    ]);
    let many = rule("s:\n    f|windash: '-a -b -c -d -e'\ncondition: s");
    assert!(matches!(refusal(&many), Reason::ModifierUse { modifier: "windash", .. }));
}

#[test]
fn encodings() {
    let wide: Vec<u8> = "cmd".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "cmd".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [vec![0xFF, 0xFE], wide.clone()].concat();
    for (entry, value) in [
        ("f|base64: cmd", STANDARD.encode("cmd")),
        ("f|wide|base64: cmd", STANDARD.encode(&wide)),
        ("f|utf16le|base64: cmd", STANDARD.encode(&wide)),
        ("f|utf16be|base64: cmd", STANDARD.encode(&big)),
        ("f|utf16|base64: cmd", STANDARD.encode(&marked)),
        ("f|wide|contains: cmd", "x c\\u0000m\\u0000d\\u0000".to_owned()),
    ] {
        assert!(fires(entry, &format!(r#""f":"{value}""#)), "{entry} on {value}");
        assert!(!fires(entry, r#""f":"cmd""#), "{entry}");
    }
}

#[test]
fn base64offset_finds_the_text_at_any_position() {
    for shift in 0..9 {
        let hidden = format!("{}Invoke-Expression{}", "x".repeat(shift), "y".repeat(shift % 4));
        let members = format!(r#""f":"{}""#, STANDARD.encode(hidden));
        assert!(fires("f|base64offset|contains: Invoke-Expression", &members), "{shift}");
        assert!(!fires("f|base64offset|contains: Invoke-Command", &members), "{shift}");
        let wide: Vec<u8> = format!("{}IEX ", "z".repeat(shift))
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let members = format!(r#""f":"{}""#, STANDARD.encode(wide));
        assert!(fires("f|wide|base64offset|contains: 'IEX '", &members), "wide {shift}");
    }
}

#[test]
fn regular_expressions() {
    check(&[
        ("f|re: 'a.c'", r#""f":"xabcx""#, true),
        ("f|re: 'A.C'", r#""f":"abc""#, false),
        ("f|re|i: 'A.C'", r#""f":"abc""#, true),
        ("f|re: '^b'", r#""f":"a\nb""#, false),
        ("f|re|m: '^b'", r#""f":"a\nb""#, true),
        ("f|re: 'a.b'", r#""f":"a\nb""#, false),
        ("f|re|s: 'a.b'", r#""f":"a\nb""#, true),
        ("f|re|i|m|s: '^B.C'", r#""f":"a\nb\nc""#, true),
        ("f|re: '\\d{2}'", r#""f":42"#, true),
        ("f|re: [x, y]", r#""f":"y""#, true),
        ("f|re|all: [x, y]", r#""f":"y""#, false),
    ]);
    for pattern in ["(?=a)b", "(a)\\1", "(?<!a)b", "a{1000}{1000}", "("] {
        let reason = refusal(&rule(&format!("s:\n    f|re: '{pattern}'\ncondition: s")));
        assert!(matches!(reason, Reason::Regex { .. }), "{pattern}: {reason}");
        assert!(!reason.to_string().contains('\n'), "{reason}");
    }
}

#[test]
fn networks() {
    check(&[
        ("f|cidr: 10.0.0.0/8", r#""f":"10.20.30.40""#, true),
        ("f|cidr: 10.0.0.0/8", r#""f":"11.20.30.40""#, false),
        ("f|cidr: [192.168.0.0/16, 'fe80::/10']", r#""f":"fe80::1%eth0""#, true),
        ("f|cidr: 10.0.0.0/8", r#""f":"::ffff:10.1.2.3""#, true),
        ("f|cidr: '::1/128'", r#""f":"::1""#, true),
        ("f|cidr: 127.0.0.1", r#""f":"127.0.0.1""#, true),
        ("f|cidr: 10.0.0.0/8", r#""f":"no address""#, false),
        ("f|cidr|neq: 10.0.0.0/8", r#""f":"8.8.8.8""#, true),
    ]);
}

#[test]
fn comparisons_and_numbers() {
    check(&[
        ("f|lt: 5", r#""f":4"#, true),
        ("f|lt: 5", r#""f":5"#, false),
        ("f|lte: 5", r#""f":5"#, true),
        ("f|gt: 5", r#""f":"6""#, true),
        ("f|gte: 5.5", r#""f":5.5"#, true),
        ("f|gt: 5", r#""f":"six""#, false),
        ("f|gt: 5", "", false),
        ("f|gt: 10", r#""f":"0x10""#, true),
        ("f: 5", r#""f":"5""#, true),
        ("f: '5'", r#""f":5"#, true),
        ("f: 16", r#""f":"0x10""#, true),
        ("f: 0x10", r#""f":"0x10""#, true),
        ("f: 5", r#""f":5.0"#, true),
        ("f: 5", r#""f":"5e0""#, true),
        ("f: [1, 5]", r#""f":"5.""#, true),
        ("f: 5", r#""f":"5.5""#, false),
        // A quoted number is a text: it is not compared as a number.
        ("f: '16'", r#""f":"0x10""#, false),
        ("f: 5", r#""f":55"#, false),
        ("f: '5*'", r#""f":55"#, true),
        ("f: true", r#""f":true"#, true),
        ("f: 'true'", r#""f":true"#, true),
        ("f: true", r#""f":"True""#, true),
    ]);
}

#[test]
fn parts_of_a_date() {
    let at = r#""f":"2026-11-20 17:05:09.123""#;
    let zulu = r#""f":"2026-11-20T17:05:09.123Z""#;
    for (entry, expected) in [
        ("f|minute: 5", true),
        ("f|hour: 17", true),
        ("f|hour|gte: 18", false),
        ("f|hour|lt: 18", true),
        ("f|day: 20", true),
        ("f|week: 47", true),
        ("f|month: [10, 11]", true),
        ("f|year: 2026", true),
        ("f|year: 2025", false),
        ("f|hour|neq: 17", false),
    ] {
        assert_eq!((fires(entry, at), fires(entry, zulu)), (expected, expected), "{entry}");
    }
    assert!(!fires("f|hour: 17", r#""f":"yesterday""#));
    check(&[
        ("f|year: 2026", r#""f":"2026-11-20""#, true),
        // A date is not its first minute.
        ("f|hour: 0", r#""f":"2026-11-20""#, false),
        ("f|hour: 0", r#""f":"2026-11-20 17:05""#, false),
        ("f|hour: 17", r#""f":"2026-11-20 17:05""#, true),
    ]);
}

#[test]
fn parts_that_no_date_has_are_refused() {
    for (entry, refused) in [
        ("f|minute: 60", true),
        ("f|hour: 24", true),
        ("f|hour: -1", true),
        ("f|hour: 1.5", true),
        ("f|day: 0", true),
        ("f|week: 54", true),
        ("f|month: 13", true),
        ("f|month: [1, 13]", true),
        ("f|month|neq: 13", true),
        ("f|month|gt: 12", true),
        ("f|hour|lt: 0", true),
        ("f|year: 10000", true),
        // These hold for some or for every date.
        ("f|month|gt: 11", false),
        ("f|hour|lt: 24", false),
        ("f|hour|gte: 22.5", false),
        ("f|week: 53", false),
    ] {
        let yaml = rule(&format!("s:\n    {entry}\ncondition: s"));
        let (_, reasons) = Rules::from_texts([("t.yml", yaml)]);
        assert_eq!(!reasons.is_empty(), refused, "{entry}");
        for one in reasons {
            assert!(matches!(one.reason, Reason::ModifierUse { .. }), "{entry}: {}", one.reason);
        }
    }
}

#[test]
fn fields_against_each_other() {
    check(&[
        ("f|fieldref: g", r#""f":"AB","g":"ab""#, true),
        ("f|fieldref: g", r#""f":"ab","g":"abc""#, false),
        ("f|fieldref|cased: g", r#""f":"AB","g":"ab""#, false),
        ("f|fieldref|neq: g", r#""f":"a","g":"b""#, true),
        ("f|fieldref|neq: g", r#""f":"a","g":"a""#, false),
        ("f|fieldref|endswith: g", r#""f":"xab","g":"ab""#, true),
        ("f|fieldref: g", r#""f":"a""#, false),
        ("f|fieldref: g", r#""f":["x","b"],"g":["a","b"]"#, true),
    ]);
}

#[test]
fn placeholders_need_a_list() {
    let reason = refusal(&rule("s:\n    f|expand: 'x%Servers%'\ncondition: s"));
    assert_eq!(reason, Reason::Placeholder { field: "f".into(), name: "Servers".into() });
    check(&[
        ("f|expand: 'a%b'", r#""f":"a%b""#, true),
        ("f|expand: '\\%plain%'", r#""f":"%plain%""#, true),
        ("f: '%name%'", r#""f":"%NAME%""#, true),
    ]);
}

#[test]
fn what_has_no_meaning_is_refused() {
    for entry in [
        "f|nosuch: a",
        "f|i: a",
        "f|contains|startswith: a",
        "f|re|contains: a",
        "f|re|cidr: a",
        "f|cidr: nonsense",
        "f|exists: maybe",
        "f|exists|neq: true",
        "f|lt: many",
        "f|lt|gt: 5",
        "f|lt|contains: 5",
        "f|hour|minute: 5",
        "f|neq|all: [a, b]",
        "f|contains: null",
        "f|contains|base64: a",
        "f|base64: 'a*b'",
        "f|utf16: a",
        "f|windash|re: a",
        "f: []",
        "f: [[a]]",
        "f: {g: a}",
        "'|fieldref': a",
        "'|neq': a",
    ] {
        let reason = refusal(&rule(&format!("s:\n    {entry}\ncondition: s")));
        let named = matches!(
            reason,
            Reason::Modifier { .. } | Reason::ModifierUse { .. } | Reason::Malformed { .. }
        );
        assert!(named, "{entry}: {reason}");
    }
}

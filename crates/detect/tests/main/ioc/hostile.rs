//! Feeds that nobody meant well: nothing panics, hangs or eats the machine.

use khien_detect::{IocFormat, IocReason};
use proptest::prelude::*;

use super::{load, load_bytes};

#[test]
fn json_that_ends_in_the_middle_counts_up_to_there() {
    let whole = r#"{"type":"bundle","objects":[
        {"type":"indicator","id":"i1","pattern":"[domain-name:value = 'evil.test']"},
        {"type":"indicator","id":"i2","pattern":"[domain-name:value = 'evil2.test']"}]}"#;
    for end in 1..whole.len() {
        let (set, report) = load(&whole[..end]);
        assert_eq!(report.refused(), 1, "{}", &whole[..end]);
        assert!(set.len() <= 2);
    }
    let (set, report) = load(&whole[..whole.len() - 5]);
    assert_eq!(set.len(), 1);
    assert!(matches!(report.sources[0].refused_named[0].reason, IocReason::Unreadable(_)));
}

#[test]
fn nesting_without_end_is_refused() {
    for opening in ["[", "{\"a\":", "{\"objects\":[", "[[", "{\"Event\":{\"Object\":["] {
        let text = opening.repeat(200_000);
        let (set, report) = load(&text);
        assert!(set.is_empty());
        assert_eq!(report.refused(), 1, "{opening}");
    }
    let inside = format!(r#"{{"type":"bundle","objects":[{{"x":{}"#, "[".repeat(5_000_000));
    assert_eq!(load(&inside).1.refused(), 1);
}

#[test]
fn members_of_the_wrong_type_refuse_their_object_only() {
    let (set, report) = load(
        r#"{"type":"bundle","objects":[null,[],
        {"type":["indicator"],"id":7,"pattern":{"a":1},"name":[],"object_marking_refs":"x"},
        {"type":"indicator","id":"i2","pattern":"[domain-name:value = 'evil.test']","revoked":0,
         "external_references":{"url":1},"object_marking_refs":[1,null,{"a":[]}]}]}"#,
    );
    assert_eq!((set.len(), report.refused()), (1, 1));
    let (set, _) = load(
        r#"{"Event":{"info":{},"Tag":"x","Attribute":{"type":"domain","value":"evil.test","to_ids":true}}}"#,
    );
    assert_eq!(set.len(), 1);
}

#[test]
fn lines_without_end_and_quotes_that_stay_open() {
    let mut text = "x".repeat(3_000_000);
    text.push_str("\nevil.test\n");
    let (set, report) = load(&text);
    assert_eq!((set.len(), report.refused()), (1, 1));
    assert!(matches!(report.sources[0].refused_named[0].reason, IocReason::TooLarge { .. }));

    let mut text = "value,comment\na.test,\"open\n".to_owned();
    text.push_str(&"b.test,x\n".repeat(63));
    text.push_str("c.test,x\n");
    let (set, report) = load(&text);
    assert_eq!((set.len(), report.refused()), (1, 64));
    let (set, report) = load("value,comment\na.test,x\nb.test,\"open");
    assert_eq!((set.len(), report.refused()), (1, 1));
}

#[test]
fn other_encodings_are_told() {
    let utf16: Vec<u8> = "\u{FEFF}evil.test\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (set, report) = load_bytes(&utf16);
    assert!(set.is_empty());
    assert_eq!(report.sources[0].refused_named[0].reason, IocReason::Encoding);

    let (set, report) = load_bytes(b"value,comment\nevil.test,caf\xE9\nb\xE9.test,x\n");
    assert_eq!((set.len(), report.refused()), (1, 1));
    assert_eq!(report.sources[0].refused_named[0].reason, IocReason::Encoding);
    assert_eq!(load_bytes(b"ev\xFFil.test\n").1.sources[0].refused_named[0].place, 1);

    for bytes in [&b"\x1F\x8B\x08\0\0"[..], b"PK\x03\x04\0\0", b"\0\0\0"] {
        let (set, report) = load_bytes(bytes);
        assert!(set.is_empty());
        assert_eq!(report.sources[0].refused_named[0].reason, IocReason::UnknownFormat);
    }
    for text in ["{}", "{\"a\":1}", "[{}]"] {
        let (_, report) = load(text);
        assert_eq!(report.sources[0].format, IocFormat::Unknown, "{text}");
        assert_eq!(report.refused(), 1);
    }
    assert_eq!(load("").1.refused(), 0);
}

#[test]
fn a_value_of_a_megabyte_is_refused_and_shown_short() {
    let text = format!("value\n{}\n", "é".repeat(30_000));
    let (_, report) = load(&text);
    let refused = &report.sources[0].refused_named[0];
    assert!(matches!(refused.reason, IocReason::TooLarge { .. }));
    assert!(refused.value.len() <= 120);
}

proptest! {
    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        load_bytes(&bytes);
    }

    #[test]
    fn no_text_makes_the_loader_panic(
        text in "(\\{|\\}|\\[|\\]|\"|:|,|;|\t|\n|#|é|\\\\|/|@|\\.|value|type|domain|objects|Event|Attribute|evil\\.test|10\\.0|%|hxxp://|\\[\\.\\]|[0-9a-f]{32}){0,60}",
    ) {
        load(&text);
        load(&format!("value,type\n{text}"));
        load(&format!("{{\"objects\":[{{\"type\":\"indicator\",\"pattern\":{text:?}}},{text}"));
        load(&format!("{{\"Event\":{{\"Attribute\":[{text}"));
    }
}

//! No bytes make a decoder panic or lose its bounds.

use khien_event::{Batch, Context, Format, PROBLEMS_MAX, ProblemKind, json, parse};
use proptest::prelude::*;

fn read(format: Format, bytes: &[u8]) -> (Batch, Vec<khien_event::Problem>) {
    let mut batch = Batch::new();
    let problems = parse(format, bytes, &Context::received(1_761_966_000_000_000), &mut batch);
    assert!(problems.len() <= PROBLEMS_MAX + 1);
    for event in batch.iter() {
        event.to_json();
    }
    (batch, problems)
}

const SAMPLES: [(Format, &[u8]); 11] = [
    (Format::Evtx, include_bytes!("../../src/evtx/testdata/three_records.in")),
    (Format::Evtx, include_bytes!("../../src/evtx/testdata/templates.in")),
    (Format::Json, include_bytes!("../../src/json/testdata/shapes.in")),
    (Format::Cef, include_bytes!("../../src/cef/testdata/antivirus.in")),
    (Format::Leef, include_bytes!("../../src/leef/testdata/consoles.in")),
    (Format::Eve, include_bytes!("../../src/eve/testdata/sensor.in")),
    (Format::Iis, include_bytes!("../../src/iis/testdata/site.in")),
    (Format::Auditd, include_bytes!("../../src/auditd/testdata/interleaved.in")),
    (Format::Auth, include_bytes!("../../src/auth/testdata/auth.in")),
    (Format::Access, include_bytes!("../../src/access/testdata/nginx.in")),
    (Format::Syslog, include_bytes!("../../src/syslog/testdata/mixed.in")),
];

proptest! {
    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in Format::ALL {
            read(format, &bytes);
        }
    }

    #[test]
    fn random_text(text in "[ -~\n\\\\|=\"\\[\\]{}:đ<>]{0,200}") {
        for format in Format::ALL {
            read(format, text.as_bytes());
        }
    }

    #[test]
    fn damaged_samples(
        which in 0..SAMPLES.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let (format, sample) = SAMPLES[which];
        let mut bytes = sample.to_vec();
        for (at, byte) in damage {
            // The rest of an event log sample is empty space.
            let at = at.index(bytes.len().min(8192));
            bytes[at] = byte;
        }
        read(format, &bytes);
        bytes.truncate(cut.index(bytes.len().min(8192)));
        read(format, &bytes);
    }

    #[test]
    fn flat_json_reads_back(
        fields in prop::collection::btree_map("[A-Z][A-Za-z0-9_]{0,11}", scalar(), 1..12),
    ) {
        let object: serde_json::Map<_, _> = fields.into_iter().collect();
        let object = serde_json::Value::Object(object);
        let (batch, problems) = read(Format::Json, object.to_string().as_bytes());
        prop_assert_eq!(problems, []);
        prop_assert_eq!(batch.event(0).to_json(), object);
    }
}

fn scalar() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ]
}

#[test]
fn json_bombs_are_refused_and_the_next_line_is_read() {
    let deep = "{\"a\":".repeat(100_000);
    let wide = format!("{{\"a\":[{}0]}}", "0,".repeat(json::NODES_MAX));
    let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(json::EVENT_BYTES_MAX));
    let named = format!("{{\"{}\":1}}", "n".repeat(json::NAME_BYTES_MAX + 1));
    let arrays = format!("{{\"a\":{}", "[".repeat(1_000_000));
    for bomb in [deep, wide, huge, named, arrays] {
        let input = format!("{bomb}\n{{\"EventID\":1}}\n");
        let (batch, problems) = read(Format::Json, input.as_bytes());
        assert_eq!(batch.len(), 1);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].kind, ProblemKind::OverLimit, "{}", problems[0]);
        assert_eq!(problems[0].at, Some(1));
    }
}

#[test]
fn lines_that_never_close_are_not_read_over_and_over() {
    let input = "{\"a\":[1,\n".repeat(200_000);
    let (batch, problems) = read(Format::Json, input.as_bytes());
    assert!(batch.is_empty());
    assert_eq!(problems.len(), PROBLEMS_MAX + 1);
}

#[test]
fn a_ten_megabyte_line_is_cut_and_told() {
    let mut input = b"<13>Oct 11 22:14:15 pc su: ".to_vec();
    input.resize(10_000_000, b'x');
    input.extend_from_slice(b"\n<13>Oct 11 22:14:15 pc app: next\n");
    let (batch, problems) = read(Format::Syslog, &input);
    assert_eq!(batch.len(), 2);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind, ProblemKind::OverLimit);
}

//! What each fuzz target does with its bytes: reads them as a stranger's file, and holds what the
//! readers promise. A promise that is broken panics.
//!
//! `crates/khien/tests/fuzz.rs` compiles this file too, so that every `make test` runs the targets
//! over their seeds and over some thousand damaged copies of them.

use std::sync::Arc;

use khien_detect::{Engine, Indicators, IocScanner, Loader};
use khien_event::{Batch, Column, Context, Event, Format, PROBLEMS_MAX, Stream, evtx, parse};

/// A target: what it is called, and what it does.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

/// Every target. Those of decoders are called like their format.
pub const TARGETS: [Target; 12] = [
    Target { name: "access", run: |bytes| lines(Format::Access, bytes) },
    Target { name: "auditd", run: |bytes| lines(Format::Auditd, bytes) },
    Target { name: "auth", run: |bytes| lines(Format::Auth, bytes) },
    Target { name: "cef", run: |bytes| lines(Format::Cef, bytes) },
    Target { name: "eve", run: |bytes| document(Format::Eve, bytes) },
    Target { name: "evtx", run: event_log },
    Target { name: "iis", run: |bytes| lines(Format::Iis, bytes) },
    Target { name: "ioc", run: indicators },
    Target { name: "json", run: |bytes| document(Format::Json, bytes) },
    Target { name: "leef", run: |bytes| lines(Format::Leef, bytes) },
    Target { name: "sigma", run: rules },
    Target { name: "syslog", run: |bytes| lines(Format::Syslog, bytes) },
];

/// Runs a target by its name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(bytes);
}

/// 20 November 2026, 08:00 in Vietnam.
const RECEIVED_US: i64 = 1_795_136_400_000_000;
const CONTEXT: Context = Context::received(RECEIVED_US);

/// Events that rules and indicators are tried on.
const EVENTS: &str = r#"
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Computer":"PC-01","@timestamp":"2026-11-20T01:00:00Z","Image":"C:\\Windows\\cmd.exe","CommandLine":"cmd /c whoami \u2013enc aGVsbG8=","ParentImage":"C:\\a\\b.exe","User":null,"Hashes":"MD5=D41D8CD98F00B204E9800998ECF8427E,IMPHASH=00"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":3,"Computer":"PC-02","@timestamp":"2026-11-20T01:00:02Z","Image":"C:\\x.exe","DestinationIp":"192.0.2.9","DestinationHostname":"Xấu.example.com","DestinationPort":"443"}
{"Channel":"Security","EventID":4624,"Computer":"DC","@timestamp":"2026-11-20T01:00:01Z","TargetUserName":"an","IpAddress":"10.0.0.1","Data":["a","b",""],"LogonType":3}
"#;

fn events() -> Batch {
    let mut batch = Batch::new();
    let problems = parse(Format::Json, EVENTS.as_bytes(), &CONTEXT, &mut batch);
    assert!(problems.is_empty(), "{problems:?}");
    batch
}

/// Reads the bytes as a whole and returns the events, every value of which can be asked for.
fn whole(format: Format, bytes: &[u8]) -> Vec<String> {
    let mut batch = Batch::new();
    let problems = parse(format, bytes, &CONTEXT, &mut batch);
    assert!(problems.len() <= PROBLEMS_MAX + 1, "{} problems", problems.len());
    batch.iter().map(told).collect()
}

fn told(event: Event<'_>) -> String {
    for column in Column::ALL {
        event.column(column);
    }
    format!("{} {:?} {}", event.format(), event.t_event(), event.to_json())
}

/// A JSON document, or several.
fn document(format: Format, bytes: &[u8]) {
    whole(format, bytes);
}

/// Lines give the same events in two pieces as in one.
fn lines(format: Format, bytes: &[u8]) {
    let known = whole(format, bytes);
    let half = bytes.len() / 2;
    let cut = bytes[half..].iter().position(|byte| *byte == b'\n').map_or(0, |at| half + at + 1);
    let (mut stream, mut batch) = (Stream::new(format, CONTEXT), Batch::new());
    stream.read(&bytes[..cut], &mut batch);
    stream.read(&bytes[cut..], &mut batch);
    stream.finish(&mut batch);
    let pieces: Vec<String> = batch.iter().map(told).collect();
    assert_eq!(pieces, known, "in two pieces");
}

/// The chunks of an event log, with or without the header of the file. A reader that has learned
/// from another log reads the same.
fn event_log(bytes: &[u8]) {
    const MAGIC: &[u8] = b"ElfFile\0";
    const HEADER_BYTES: usize = 4096;
    let mut file = Vec::new();
    if !bytes.starts_with(MAGIC) {
        file.extend_from_slice(MAGIC);
        file.resize(HEADER_BYTES, 0);
    }
    file.extend_from_slice(bytes);
    let known = whole(Format::Evtx, &file);
    let mut reader = evtx::Reader::new();
    for _ in 0..2 {
        let mut streamed = Vec::new();
        let mut each = |batch: &mut Batch, _: &[_]| streamed.extend(batch.iter().map(told));
        reader.read(file.as_slice(), &mut each).expect("memory can be read");
        assert_eq!(streamed, known, "as a stream");
    }
}

/// Rules and correlations: what is accepted can be matched, and its state outlives a restart.
fn rules(bytes: &[u8]) {
    let load = || {
        let mut loader = Loader::new();
        loader.text("rule", &String::from_utf8_lossy(bytes));
        loader.finish()
    };
    let (rules, refused) = load();
    for refused in &refused {
        assert!(!refused.reason.to_string().is_empty());
    }
    let events = events();
    let mut engine = Engine::new(rules);
    engine.batch(&events);
    engine.settled();
    let state = engine.state();
    let mut again = Engine::with_state(load().0, &state).expect("its own state");
    assert_eq!(again.batch(&events), engine.batch(&events), "after a restart");
    assert_eq!(again.finish(), engine.finish(), "after a restart");
}

/// A feed of indicators of any shape.
fn indicators(bytes: &[u8]) {
    let mut builder = Indicators::builder();
    builder.text("feed", bytes);
    let (set, _) = builder.finish();
    let set = Arc::new(set);
    let mut hits = Vec::new();
    IocScanner::new(Arc::clone(&set)).scan(&events(), RECEIVED_US, &mut hits);
    for hit in &hits {
        set.indicator(hit);
    }
}

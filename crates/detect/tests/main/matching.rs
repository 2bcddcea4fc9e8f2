//! Searches, keywords, log sources and the names that sources have of their own.

use khien_event::{Batch, Format, Value};

use crate::harness::{engine, event, events, rule};

fn hits(detection: &str, members: &str) -> usize {
    engine(&rule(detection)).batch(&event(members)).len()
}

#[test]
fn maps_ask_for_all_and_lists_for_one() {
    for (detection, members, expected) in [
        ("s:\n    a: 1\n    b: 2\ncondition: s", r#""a":1,"b":2"#, 1),
        ("s:\n    a: 1\n    b: 2\ncondition: s", r#""a":1"#, 0),
        ("s:\n    - a: 1\n    - b: 2\ncondition: s", r#""b":2"#, 1),
        ("s:\n    - - a: 1\n      - b: 2\n    - c: 3\ncondition: s", r#""b":2"#, 1),
        ("s:\n    a: [1, 2]\ncondition: s", r#""a":2"#, 1),
        ("s:\n    a: 2\ncondition: s", r#""a":[1,2,3]"#, 1),
        ("s:\n    a: 1\nt:\n    b: 1\ncondition: [s, t]", r#""b":1"#, 1),
        ("s:\n    a: 1\nf:\n    b: 1\ncondition: s and not f", r#""a":1,"b":1"#, 0),
        ("s_1:\n    a: 1\n_t:\n    b: 1\ncondition: all of them", r#""a":1"#, 1),
    ] {
        assert_eq!(hits(detection, members), expected, "{detection} on {members}");
    }
}

#[test]
fn keywords_look_at_the_whole_event() {
    for (detection, members, expected) in [
        ("k: [nothing, evil]\ncondition: k", r#""x":"an EVIL thing""#, 1),
        ("k: evil\ncondition: k", r#""unasked":["a","evil"]"#, 1),
        ("k: ['ev*l']\ncondition: k", r#""x":"is evil!""#, 1),
        ("k:\n    '|all': [one, two]\ncondition: k", r#""x":"one","y":"two""#, 1),
        ("k:\n    '|all': [one, two]\ncondition: k", r#""x":"one""#, 0),
        ("k:\n    '|re': 'e.il$'\ncondition: k", r#""x":"is evil""#, 1),
        ("k: [4711]\ncondition: k", r#""x":4711"#, 1),
        ("k: [good]\ncondition: k", r#""x":"evil""#, 0),
        ("k:\n    - evil\n    - a: 1\ncondition: k", r#""a":1"#, 1),
    ] {
        assert_eq!(hits(detection, members), expected, "{detection} on {members}");
    }
}

#[test]
fn vietnamese_is_found_in_any_case_and_form() {
    let detection = "s:\n    f|contains: 'Tài liệu MẬT'\ncondition: s";
    assert_eq!(hits(detection, r#""f":"C:\\TÀI LIỆU mật.docx""#), 1);
    assert_eq!(hits(detection, r#""f":"ta\u0300i lie\u0323\u0302u ma\u0323\u0302t""#), 1);
    assert_eq!(hits(detection, r#""f":"tai lieu mat""#), 0);
}

#[test]
fn generic_rules_read_a_sources_own_names() {
    let generic = "title: T\nid: g\nlogsource: {product: windows, category: process_creation}\n\
                   detection:\n  s: {Image|endswith: \\x.exe, ParentProcessId: 7}\n  condition: s";
    let created = r#"{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\x.exe","NewProcessId":9,"ProcessId":7}"#;
    assert_eq!(engine(generic).batch(&events(created)).len(), 1);
    // A rule for the channel itself means the channel's own fields.
    let own = "title: T\nid: o\nlogsource: {product: windows, service: security}\n\
               detection:\n  s: {ProcessId: 7}\n  condition: s";
    assert_eq!(engine(own).batch(&events(created)).len(), 1);
}

#[test]
fn hits_come_in_the_order_of_events_and_rules() {
    let text = |id: &str| {
        format!(
            "title: T\nid: {id}\nlogsource: {{product: windows}}\n\
             detection:\n  s: {{EventID: [1, 2]}}\n  condition: s\n"
        )
    };
    let yaml = [text("b"), text("a")].join("---\n");
    let lines = (1..=3).map(|id| format!(r#"{{"Channel":"System","EventID":{id}}}"#));
    let batch = events(&lines.collect::<Vec<_>>().join("\n"));
    let hits = engine(&yaml).batch(&batch);
    let got: Vec<_> = hits.iter().map(|hit| (hit.event, hit.rule.id.as_str())).collect();
    assert_eq!(got, [(0, "b"), (0, "a"), (1, "b"), (1, "a")]);
}

#[test]
fn web_and_linux_rules_see_their_events() {
    let web = "title: T\nid: w\nlogsource: {category: webserver}\n\
               detection:\n  s: {cs-uri-stem|contains: shell}\n  condition: s";
    let mut batch = Batch::new();
    for (format, field) in [(Format::Access, "cs-uri-stem"), (Format::Syslog, "cs-uri-stem")] {
        let mut event = batch.start(format);
        event.set(field, Value::Text("/SHELL.aspx"));
        event.finish();
    }
    let hits = engine(web).batch(&batch);
    assert_eq!(hits.iter().map(|hit| hit.event).collect::<Vec<_>>(), [0]);
}

#[test]
fn the_engine_tells_what_its_rules_cost_and_which_sources_no_rule_reads() {
    let rule = "title: T\nid: g\nlogsource: {product: windows, category: process_creation}\n\
                detection:\n  s: {CommandLine|contains|all: [vssadmin, delete]}\n  condition: s";
    let mut engine = engine(rule);
    let line =
        |words: &str| format!(r#"{{"Channel":"Security","EventID":4688,"CommandLine":"{words}"}}"#);
    let nobody = r#"{"source":"máy chấm công","x":"vssadmin delete"}"#;
    let agent = r#"{"Channel":"Vendor-Agent/Admin","Provider_Name":"Vendor-Agent","EventID":4688,"CommandLine":"vssadmin delete"}"#;
    let logon = r#"{"Channel":"Security","EventID":4624}"#;
    let lines = [
        line("notepad"),
        line("vssadmin delete"),
        line("vssadmin delete"),
        nobody.into(),
        agent.into(),
        logon.into(),
    ];
    assert_eq!(engine.batch(&events(&lines.join("\n"))).len(), 2);
    let tries: Vec<_> = engine.tries().map(|(rule, tries)| (rule.id.as_str(), tries)).collect();
    assert_eq!(tries, [("g", 2)], "an event without its words is no trial of a rule");
    let unmapped: Vec<_> = engine.unmapped().by_name().collect();
    assert_eq!(unmapped, [("json Vendor-Agent Vendor-Agent/Admin", 1), ("json máy chấm công", 1)]);
}

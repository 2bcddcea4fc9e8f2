//! Rules and events in a line each.

use khien_detect::{Engine, Reason, Rules};
use khien_event::{Batch, Context, Format, parse};

/// Returns a windows rule with this `detection`, indented as a block.
pub(crate) fn rule(detection: &str) -> String {
    let body: String = detection.lines().map(|line| format!("    {line}\n")).collect();
    format!("title: T\nid: r\nlogsource:\n    product: windows\ndetection:\n{body}")
}

/// Returns the events of JSON lines.
pub(crate) fn events(lines: &str) -> Batch {
    let mut batch = Batch::new();
    let problems = parse(Format::Json, lines.as_bytes(), &Context::received(0), &mut batch);
    assert!(problems.is_empty(), "{problems:?}");
    batch
}

/// Returns an event of the Security channel with these members.
pub(crate) fn event(members: &str) -> Batch {
    let comma = if members.is_empty() { "" } else { "," };
    events(&format!(r#"{{"Channel":"Security","EventID":1{comma}{members}}}"#))
}

/// Returns why the rule is refused.
pub(crate) fn refusal(yaml: &str) -> Reason {
    let (rules, mut refused) = Rules::from_texts([("test.yml", yaml)]);
    assert!(rules.is_empty(), "loaded: {yaml}");
    refused.remove(0).reason
}

/// Returns an engine with the rule, which must load.
pub(crate) fn engine(yaml: &str) -> Engine {
    let (rules, refused) = Rules::from_texts([("test.yml", yaml)]);
    assert!(refused.is_empty(), "{refused:?}");
    Engine::new(rules)
}

/// Returns whether a rule with `selection: {<entry>}` fires on the event.
pub(crate) fn fires(entry: &str, members: &str) -> bool {
    let yaml = rule(&format!("selection:\n    {entry}\ncondition: selection"));
    !engine(&yaml).batch(&event(members)).is_empty()
}

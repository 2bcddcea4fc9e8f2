//! Files into rules: what is known about them, and what is refused.

use std::fs;

use khien_detect::{FILE_BYTES_MAX, Level, Reason, Rules};
use proptest::prelude::*;

use crate::harness::{refusal, rule};

const WHOLE: &str = "title: T\nid: i\nauthor: A\nlevel: high\nreferences: [http://r/1, http://r/2]\n\
                     tags: [attack.t1]\nfalsepositives: [none]\ndescription: D\n\
                     logsource: {product: windows, definition: x}\n\
                     detection: {s: {a: 1}, condition: s}\n";

#[test]
fn a_rule_tells_about_itself() {
    let own = "custom:\n  khien: {family: f, title_vi: Tên, advice_vi: Làm}\n";
    let (rules, refused) = Rules::from_texts([("a.yml", format!("{WHOLE}{own}"))]);
    assert!(refused.is_empty());
    let info = rules.infos().next().unwrap();
    assert_eq!((info.id.as_str(), info.level, info.family.as_str()), ("i", Level::High, "f"));
    assert_eq!((info.author.as_str(), info.link.as_str()), ("A", "http://r/1"));
    assert_eq!((info.title_vi.as_deref(), info.advice_vi.as_deref()), (Some("Tên"), Some("Làm")));
    assert_eq!((info.tags.len(), info.falsepositives.len(), info.file.as_str()), (1, 1, "a.yml"));

    let (rules, _) = Rules::from_texts([("b.yml", WHOLE.replace("level: high\n", ""))]);
    let info = rules.infos().next().unwrap();
    assert_eq!((info.family.as_str(), info.level), ("i", Level::Medium));
}

#[test]
fn what_a_rule_must_have() {
    let missing = |line: &str| refusal(&WHOLE.replace(line, ""));
    assert_eq!(missing("title: T\n"), Reason::Missing("title"));
    assert_eq!(
        missing("logsource: {product: windows, definition: x}\n"),
        Reason::Missing("logsource")
    );
    assert_eq!(missing("detection: {s: {a: 1}, condition: s}\n"), Reason::NotARule);
    assert_eq!(missing(", condition: s"), Reason::Missing("condition"));
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let with = |from: &str, to: &str| refusal(&WHOLE.replace(from, to));
    assert_eq!(with("definition: x", "region: x"), Reason::LogSourceKey("region".into()));
    assert_eq!(with("level: high", "level: grave"), Reason::Level("grave".into()));
    assert_eq!(with("level: high", "status: unsupported"), Reason::Withdrawn);
    assert!(matches!(with("level: high", "action: global"), Reason::Unsupported(_)));
    assert!(matches!(with("{s: {a: 1},", "{timeframe: 5m, s: {a: 1},"), Reason::Unsupported(_)));
    assert!(matches!(with("product: windows, ", ""), Reason::Malformed { .. }));
    assert!(matches!(with("{a: 1}", "{}"), Reason::Malformed { .. }));
    assert!(matches!(with("{a: 1}", "null"), Reason::Malformed { .. }));
    assert!(matches!(with("condition: s", "condition: t"), Reason::Condition(_)));
    assert!(matches!(refusal("- just\n- a list\n"), Reason::NotARule));
    assert!(matches!(refusal("\t: {"), Reason::Yaml(_)));
    assert!(matches!(refusal(""), Reason::NotARule));
}

#[test]
fn a_rule_that_grows_too_much_is_refused() {
    let values = vec!["' -a -b -c -d'"; 3_000].join(", ");
    let yaml = rule(&format!("s:\n    f|windash: [{values}]\ncondition: s"));
    assert!(matches!(refusal(&yaml), Reason::TooCostly(_)));
    let long = "x".repeat(20_000);
    let yaml = rule(&format!("s:\n    f: {long}\ncondition: s"));
    assert!(matches!(refusal(&yaml), Reason::Malformed { .. }));
}

#[test]
fn a_set_that_grows_too_much_takes_no_more_rules() {
    let text = |n: usize| {
        rule(&format!("s:\n    f|re: a{n}.*b\ncondition: s")).replace("id: r", &format!("id: r{n}"))
    };
    let (rules, refused) = Rules::from_texts((0..3_000).map(|n| (n.to_string(), text(n))));
    assert!(rules.len() > 1_000 && !refused.is_empty(), "{} rules", rules.len());
    for (place, one) in (rules.len()..).zip(&refused) {
        assert_eq!(one.id, Some(format!("r{place}")));
        assert!(matches!(one.reason, Reason::SetTooCostly(_)), "{}", one.reason);
    }
}

#[test]
fn refused_rules_cost_the_set_too() {
    let dear = |n: usize| {
        rule(&format!("s:\n    f|re: a{n}\\w{{200}}\ncondition: s"))
            .replace("id: r", &format!("id: r{n}"))
    };
    let (rules, refused) = Rules::from_texts((0..200).map(|n| (n.to_string(), dear(n))));
    assert!(rules.is_empty());
    assert!(matches!(refused[0].reason, Reason::Regex { .. }), "{}", refused[0].reason);
    assert!(matches!(refused[199].reason, Reason::SetTooCostly(_)), "{}", refused[199].reason);
}

#[test]
fn an_id_belongs_to_one_rule() {
    let (rules, refused) = Rules::from_texts([("a.yml", WHOLE), ("b.yml", WHOLE)]);
    assert_eq!(rules.len(), 1);
    assert_eq!(refused[0].reason, Reason::DuplicateId("a.yml".into()));
    assert_eq!(refused[0].id.as_deref(), Some("i"));
}

#[test]
fn folders_are_walked_in_order_and_bad_files_stop_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    write("sub/b.yaml", WHOLE.replace("id: i", "id: b").as_bytes());
    write("a.yml", WHOLE.replace("id: i", "id: a").as_bytes());
    write(".git/c.yml", WHOLE.as_bytes());
    write("readme.txt", b"no rule");
    write("latin1.yml", b"title: \xe9\n");
    write("giant.yml", &vec![b'#'; usize::try_from(FILE_BYTES_MAX).unwrap() + 1]);
    let (rules, refused) = Rules::load(&[folder.path().to_owned(), "/no/such/folder".into()]);
    let ids: Vec<_> = rules.infos().map(|info| info.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    let reasons: Vec<_> = refused.iter().map(|one| &one.reason).collect();
    assert!(matches!(reasons[0], Reason::TooLarge { .. }), "{reasons:?}");
    assert!(matches!(reasons[1..], [Reason::Unreadable(_), Reason::Unreadable(_)]), "{reasons:?}");
}

#[test]
fn the_embedded_pack_loads_whole() {
    let (rules, refused) = Rules::pack();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(
        rules.infos().all(|info| info.title_vi.is_some() || info.level == Level::Informational)
    );
    assert!(rules.infos().any(|info| info.level >= Level::High));
}

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in "([a-z]{1,4}|[:|>?&*!%#{}\\[\\],'\"\n -]|- |: |\n  |é|\u{0}|---\n){0,60}") {
        let _ = Rules::from_texts([("t.yml", &text)]);
        let _ = Rules::from_texts([("t.yml", format!("{WHOLE}{text}"))]);
        let _ = Rules::from_texts([("t.yml", rule(&text))]);
    }

    #[test]
    fn no_value_makes_the_compiler_panic(
        modifiers in prop::collection::vec(prop::sample::select(vec![
            "contains", "startswith", "endswith", "all", "cased", "neq", "exists", "re", "i", "m",
            "s", "cidr", "lt", "gte", "hour", "week", "base64", "base64offset", "wide", "utf16",
            "utf16be", "windash", "expand", "fieldref", "",
        ]), 0..4),
        value in "[-/a-z%*?\\\\0-9.:( é]{0,12}",
        keywords in any::<bool>(),
    ) {
        let field = if keywords { "" } else { "f" };
        let key = std::iter::once(field).chain(modifiers).collect::<Vec<_>>().join("|");
        let quoted = value.replace('\'', "''");
        let detection = format!("s:\n    '{key}': '{quoted}'\ncondition: s");
        let (rules, _) = Rules::from_texts([("t.yml", rule(&detection))]);
        khien_detect::Engine::new(rules).batch(&crate::harness::event(r#""f":"x -a 10.0.0.1""#));
    }
}

//! Filters over many rules, and placeholders that the province fills.

use khien_detect::{Engine, Loader, Placeholders, Reason, Refused, Rules};

use crate::harness::{event, rule};

fn named(id: &str, logsource: &str, detection: &str) -> String {
    format!(
        "title: {id}\nid: {id}\nname: name_of_{id}\nlogsource: {logsource}\ndetection: {{s: {{{detection}}}, condition: s}}\n"
    )
}

fn filter(id: &str, logsource: &str, rules: &str, body: &str) -> String {
    format!("title: {id}\nid: {id}\nlogsource: {logsource}\nfilter: {{rules: {rules}, {body}}}\n")
}

fn load(texts: &[&str]) -> (Rules, Vec<Refused>) {
    Rules::from_texts(texts.iter().enumerate().map(|(n, text)| (format!("{n}.yml"), *text)))
}

fn fired(rules: Rules, members: &str) -> Vec<String> {
    let mut ids: Vec<String> =
        Engine::new(rules).batch(&event(members)).iter().map(|hit| hit.rule.id.clone()).collect();
    ids.sort();
    ids
}

#[test]
fn a_filter_is_anded_to_the_rules_it_names() {
    let windows = "{product: windows}";
    let rules = [named("p", windows, "a: 1"), named("q", windows, "a: 1")];
    for (names, reached) in
        [("[p]", 1), ("name_of_p", 1), ("[p, name_of_p, gone]", 1), ("any", 2), ("all", 2)]
    {
        let filter =
            filter("f", windows, names, "sel: {User|startswith: adm_}, condition: not sel");
        // Before its rules or behind them.
        for texts in [[&filter, &rules[0], &rules[1]], [&rules[0], &rules[1], &filter]] {
            let (loaded, refused) = load(&texts.map(String::as_str));
            assert!(refused.is_empty(), "{refused:?}");
            assert_eq!(loaded.filters()[0].rules, reached, "{names}");
            assert_eq!(fired(loaded.clone(), r#""a":1,"User":"bob""#), ["p", "q"]);
            let left = if reached == 1 { vec!["q"] } else { vec![] };
            assert_eq!(fired(loaded, r#""a":1,"User":"ADM_x""#), left, "{names}");
        }
    }
}

#[test]
fn searches_of_filters_and_rules_of_the_same_name_are_apart() {
    let windows = "{product: windows}";
    let rule = named("p", windows, "a: 1");
    let one = filter("f", windows, "[p]", "s: {b: 1}, t: {c: 1}, condition: not 1 of them");
    let two = filter("g", windows, "[p]", "s: {d: [1, 2]}, condition: s");
    let (loaded, refused) = load(&[&one, &rule, &two]);
    assert!(refused.is_empty(), "{refused:?}");
    for (members, expected) in [
        (r#""a":1,"d":2"#, 1),
        (r#""a":1"#, 0),
        (r#""a":1,"b":1,"d":1"#, 0),
        (r#""a":1,"c":1,"d":1"#, 0),
        (r#""d":1"#, 0),
    ] {
        assert_eq!(fired(loaded.clone(), members).len(), expected, "{members}");
    }
}

#[test]
fn a_filter_needs_its_log_source_and_somebody_to_filter() {
    let rules = [
        named("p", "{product: windows, category: process_creation}", "a: 1"),
        named("q", "{product: windows, service: security}", "a: 1"),
    ];
    for (logsource, names, reached) in [
        ("{product: windows}", "any", Some(2)),
        ("{category: process_creation}", "any", Some(1)),
        ("{product: windows, service: security}", "any", Some(1)),
        ("{product: windows, service: security}", "[p]", None),
        ("{product: linux}", "any", None),
        ("{product: windows}", "[gone]", None),
    ] {
        let filter = filter("f", logsource, names, "sel: {b: 1}, condition: not sel");
        let (loaded, refused) = load(&[&rules[0], &rules[1], &filter]);
        assert_eq!(loaded.filters().first().map(|one| one.rules), reached, "{logsource} {names}");
        match refused.as_slice() {
            [] => assert!(reached.is_some()),
            [one] => {
                assert_eq!((one.id.as_deref(), reached), (Some("f"), None));
                assert!(matches!(&one.reason, Reason::Filter(_)), "{}", one.reason);
            }
            more => panic!("{more:?}"),
        }
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    for body in [
        "sel: {b: 1}",
        "condition: sel",
        "sel: {b: 1}, condition: other",
        "sel: {}, condition: sel",
    ] {
        let filter = filter("f", "{product: windows}", "any", body);
        let (_, refused) = load(&[&named("p", "{product: windows}", "a: 1"), &filter]);
        assert_eq!(refused.len(), 1, "{body}");
    }
    for yaml in [
        "title: F\nfilter: {rules: any, sel: {b: 1}, condition: sel}\n",
        "title: F\nlogsource: {product: windows}\nfilter: {sel: {b: 1}, condition: sel}\n",
        "title: F\nlogsource: {product: windows}\nfilter: {rules: [], sel: {b: 1}, condition: sel}\n",
        "title: F\nlogsource: {product: windows}\nfilter: [a]\n",
    ] {
        assert_eq!(load(&[&named("p", "{product: windows}", "a: 1"), yaml]).1.len(), 1, "{yaml}");
    }
}

#[test]
fn a_filter_changes_what_a_rule_means() {
    let windows = "{product: windows}";
    let rule = named("p", windows, "a: 1");
    let count = "title: C\nid: c\ncorrelation: {type: event_count, rules: [p], timespan: 1h, condition: {gte: 2}}\n";
    let filter = |user: &str| {
        filter("f", windows, "any", &format!("sel: {{User: {user}}}, condition: not sel"))
    };
    let mut engine = Engine::new(load(&[&rule, count, &filter("x")]).0);
    engine.batch(&event(r#""a":1,"@timestamp":"2026-11-20T01:00:00Z""#));
    let state = engine.state();
    for (user, groups) in [("x", 1), ("y", 0)] {
        let engine = Engine::with_state(load(&[&filter(user), count, &rule]).0, &state).unwrap();
        assert_eq!(engine.usage().map(|usage| usage.groups).sum::<usize>(), groups, "{user}");
    }
}

fn with_lists(entry: &str, lists: &str) -> (Rules, Vec<Refused>) {
    let mut loader = Loader::new();
    loader.placeholders(Placeholders::from_text("lists.yml", lists).unwrap());
    loader.text("t.yml", &rule(&format!("s:\n    {entry}\ncondition: s")));
    loader.finish()
}

#[test]
fn placeholders_stand_for_the_values_of_their_list() {
    let lists = "Servers: [srv*, db1]\nNets: [10.0.0.0/8, 192.0.2.7]\nDots: [a.c]\nOther: [g, h]\n";
    for (entry, members, expected) in [
        ("f|expand: '%Servers%'", r#""f":"SRV-9""#, true),
        ("f|expand: '%Servers%'", r#""f":"db2""#, false),
        ("f|expand: '%Servers%'", r#""f":"%Servers%""#, false),
        ("f|expand|contains: '-%Servers%-'", r#""f":"x-db1-y""#, true),
        ("f|contains|expand: '\\%%Servers%'", r#""f":"x%db1""#, true),
        ("f|expand: '%Servers%.%Dots%'", r#""f":"db1.a.c""#, true),
        ("f|expand: ['%Servers%', plain]", r#""f":"plain""#, true),
        ("f|expand|contains|all: ['%Servers%', '%Dots%']", r#""f":"db1 a.c""#, true),
        ("f|expand|contains|all: ['%Servers%', '%Dots%']", r#""f":"db1""#, false),
        ("f|expand|cidr: '%Nets%'", r#""f":"10.1.2.3""#, true),
        ("f|expand|cidr: '%Nets%'", r#""f":"192.0.2.8""#, false),
        ("f|re|expand: '^%Dots%$'", r#""f":"a.c""#, true),
        ("f|re|expand: '^%Dots%$'", r#""f":"abc""#, false),
        ("f|expand|fieldref: '%Other%'", r#""f":"1","h":"1""#, true),
        ("f|expand|base64: '%Dots%'", r#""f":"YS5j""#, true),
        ("f|expand|neq: '%Servers%'", r#""f":"other""#, true),
        ("f: '%Servers%'", r#""f":"%servers%""#, true),
    ] {
        let (rules, refused) = with_lists(entry, lists);
        assert!(refused.is_empty(), "{entry}: {refused:?}");
        assert_eq!(!fired(rules, members).is_empty(), expected, "{entry} on {members}");
    }
}

#[test]
fn a_placeholder_without_a_list_disables_the_rule_by_name() {
    for lists in ["Others: [a]\n", "Servers: []\n"] {
        let (rules, refused) = with_lists("f|expand: '%Servers%'", lists);
        assert!(rules.is_empty());
        let expected = Reason::Placeholder { field: "f".into(), name: "Servers".into() };
        assert_eq!((refused[0].id.as_deref(), &refused[0].reason), (Some("r"), &expected));
    }
    let many: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let lists = format!("N: [{}]\n", many.join(", "));
    assert!(with_lists("f|expand: '%N%'", &lists).1.is_empty());
    let (_, refused) = with_lists("f|expand: '%N%%N%'", &lists);
    assert!(matches!(refused[0].reason, Reason::ModifierUse { modifier: "expand", .. }));
}

#[test]
fn a_list_that_nobody_asks_for_is_told() {
    let windows = "{product: windows}";
    let lists = "Servers: [a]\nAdmins: [b]\nSevrers: [c]\nOther: [d]\n";
    let mut loader = Loader::new();
    loader.placeholders(Placeholders::from_text("lists.yml", lists).unwrap());
    loader.text("r.yml", &named("r", windows, "f|expand: '%Servers%'"));
    // What is refused for another list asks for nothing.
    loader.text("s.yml", &named("s", windows, "f|expand: ['%Other%', '%None%']"));
    let admins = "sel: {User|expand: '%Admins%'}, condition: not sel";
    loader.text("f.yml", &filter("f", windows, "[r]", admins));
    let (rules, refused) = loader.finish();
    assert_eq!((rules.len(), refused.len()), (1, 1));
    assert_eq!(rules.lists_unused(), ["Other", "Sevrers"]);
    assert!(Rules::pack().0.lists_unused().is_empty());
}

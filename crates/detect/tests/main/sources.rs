//! Each kind of source from its bytes to the rules that are written for it.

use khien_event::{Batch, Context, Format, parse};

use crate::harness::engine;

fn read(format: Format, log: &str) -> Batch {
    let mut batch = Batch::new();
    let problems = parse(format, log.as_bytes(), &Context::received(0), &mut batch);
    assert!(problems.is_empty(), "{problems:?}");
    batch
}

/// Returns how often a rule with this log source and selection fires.
fn hits(batch: &Batch, source: &str, selection: &str) -> usize {
    let yaml = format!(
        "title: T\nid: r\nlogsource: {{{source}}}\ndetection:\n  s: {selection}\n  condition: s"
    );
    engine(&yaml).batch(batch).len()
}

#[test]
fn one_audit_event_answers_rules_for_any_of_its_records() {
    let log = "\
type=SYSCALL msg=audit(1761966000.123:7): arch=c000003e syscall=59 success=yes a0=dd a1=8 pid=9 euid=33 exe=\"/usr/sbin/iptables\"
type=SYSCALL msg=audit(1761966000.123:8): arch=c000003e syscall=135 success=yes a0=40000 a1=0 pid=10 exe=\"/usr/bin/setarch\"
type=EXECVE msg=audit(1761966000.123:7): argc=3 a0=\"iptables\" a1=\"-t\" a2=\"nat\"
type=CWD msg=audit(1761966000.123:7): cwd=\"/etc\"
type=PATH msg=audit(1761966000.123:7): item=0 name=\"ld.so.preload\" nametype=NORMAL
";
    let batch = read(Format::Auditd, log);
    let auditd = "product: linux, service: auditd";
    for (source, selection, expected) in [
        (auditd, "{type: EXECVE, a0|endswith: iptables, a1: '-t', a2: nat}", 1),
        (auditd, "{type: SYSCALL, SYSCALL: [execve, execveat], euid: 33}", 1),
        (auditd, "{type: PATH, name: /etc/ld.so.preload}", 1),
        (auditd, "{type: SYSCALL, SYSCALL: personality, a0: 40000}", 1),
        // Addresses of the execve call are no words of a command line.
        (auditd, "{type: EXECVE, a0|contains: dd}", 0),
        ("product: linux, category: process_creation", "{CommandLine: iptables -t nat}", 1),
        ("product: linux, category: process_creation", "{Image|endswith: /iptables}", 1),
        ("product: windows, category: process_creation", "{Image|endswith: /iptables}", 0),
    ] {
        assert_eq!(hits(&batch, source, selection), expected, "{source}: {selection}");
    }
}

#[test]
fn audit_rules_for_connections_and_files() {
    let log = "\
type=SYSCALL msg=audit(1761966000.1:7): arch=c000003e syscall=42 success=no exit=-115 exe=\"/tmp/x\"
type=SOCKADDR msg=audit(1761966000.1:7): saddr=02000050CB007109
type=SYSCALL msg=audit(1761966000.2:8): arch=c000003e syscall=257 success=yes exe=\"/bin/sh\"
type=PATH msg=audit(1761966000.2:8): name=\"/etc/cron.d/x\" nametype=CREATE
";
    let batch = read(Format::Auditd, log);
    for (source, selection, expected) in [
        (
            "category: network_connection, product: linux",
            "{Initiated: 'true', DestinationPort: 80}",
            1,
        ),
        ("category: network_connection, product: linux", "{DestinationIp|cidr: 203.0.113.0/24}", 1),
        ("category: file_event, product: linux", "{TargetFilename|startswith: /etc/cron.d/}", 1),
        ("category: process_creation, product: linux", "{Image|contains: /}", 0),
    ] {
        assert_eq!(hits(&batch, source, selection), expected, "{source}: {selection}");
    }
}

#[test]
fn consoles_of_anti_virus_speak_leef_too() {
    let log = "LEEF:1.0|ESET|RemoteAdministrator|10|Threat_Event|threatName=Win64/HackTool.Mimikatz\tobjectUri=C:\\inetpub\\x.aspx\tusrName=an\n\
               LEEF:2.0|Fortinet|FortiGate|7|1|^|virus=Mimikatz^src=10.0.0.1\n";
    let batch = read(Format::Leef, log);
    assert_eq!(hits(&batch, "category: antivirus", "{Signature|contains: Mimikatz}"), 1);
    assert_eq!(hits(&batch, "category: antivirus", "{Filename|endswith: .aspx}"), 1);
}

#[test]
fn web_servers_of_iis_are_web_servers() {
    let log = "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)\n\
               2025-11-01 00:00:02 POST /up/cmd.aspx id=1+union 500 sqlmap/1.8+(x)\n";
    let batch = read(Format::Iis, log);
    for selection in [
        "{cs-method: POST, cs-uri-stem|endswith: .aspx}",
        "{cs-uri-query|contains: union, sc-status: 500}",
        "{cs-uri|endswith: '?id=1+union'}".replace('?', "\\?").as_str(),
        "{cs-user-agent|contains: 'sqlmap/1.8 (x)'}",
    ] {
        assert_eq!(hits(&batch, "category: webserver", selection), 1, "{selection}");
    }
}

#[test]
fn a_sensors_events_answer_rules_for_dns_proxy_and_firewall_logs() {
    let log = r#"{"flow_id":1,"event_type":"dns","src_ip":"10.0.0.1","dns":{"rrname":"a.oastify.com","rrtype":"A"}}
{"flow_id":2,"event_type":"http","src_ip":"10.0.0.1","http":{"hostname":"x.example","url":"/a/b.exe?i=1","http_user_agent":"bad","status":404}}
{"flow_id":3,"event_type":"flow","src_ip":"10.0.0.1","dest_ip":"203.0.113.9","dest_port":23}
{"flow_id":4,"event_type":"alert","alert":{"signature":"ET MALWARE X","severity":1}}"#;
    let batch = read(Format::Json, log);
    for (source, selection) in [
        ("category: dns", "{query|endswith: .oastify.com, record_type: A}"),
        ("category: proxy", "{c-useragent: bad, cs-host: x.example}"),
        ("category: proxy", "{c-uri: '/a/b.exe\\?i=1', c-uri-extension: exe, c-uri-query: i=1}"),
        ("category: proxy", "{c-uri|startswith: 'http://x.example/'}"),
        ("category: webserver", "{cs-uri-stem: /a/b.exe, sc-status: 404}"),
        ("category: firewall", "{dst_port: 23, dst_ip|cidr: 203.0.113.0/24}"),
        ("product: suricata, service: alert", "{alert.signature|contains: MALWARE}"),
    ] {
        assert_eq!(hits(&batch, source, selection), 1, "{source}: {selection}");
    }
}

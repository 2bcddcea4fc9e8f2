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

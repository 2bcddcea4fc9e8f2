//! The doors for events: what is taken, what is refused, and that what was acknowledged is there.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use khien_hub::intake::source::{Door, networks};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::process::Child;

use crate::harness::doors::{Open, Sender, add, catch_up, count, detection, read_until};
use crate::harness::{Engine, TestApp};

const HITS: &str = "SELECT COUNT(*) FROM hit";
const DEFAULT_PASSWORD: &str = "<132>Nov 20 08:30:00 cam01 webd: user admin login succeeded from 203.0.113.120 using default password";

async fn loopback() -> TestApp {
    let doors = |config: &mut khien_hub::config::Config| {
        config.syslog.udp = Some("127.0.0.1:0".parse().unwrap());
        config.syslog.tcp = Some("127.0.0.1:0".parse().unwrap());
    };
    TestApp::with(Engine::Lite, doors).await.unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_post_is_counted_and_a_retry_is_stored_once() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let open = Open::doors(&app).await;
        let sender = Sender::of(&app, "XA-A").await;
        let line = crate::harness::doors::shadow_copies_deleted("PC-1", "2026-03-10T01:59:00Z");
        let lines = format!("{line}\nrubbish\n\n{line}\n");
        let keyed = sender.with("khien-epoch", "7").with("khien-seq", "1");
        for _ in 0..3 {
            let answer = keyed.post("json", lines.clone()).await.ok().json();
            assert_eq!(answer, json!({ "accepted": 2, "rejected": 1 }));
        }
        let mut runner = detection(&app).await;
        catch_up(&mut runner).await;
        assert_eq!(count(&app, HITS).await, 2);
        assert_eq!(count(&app, "SELECT seen_count FROM signal").await, 2);
        open.close().await;
        assert_eq!(count(&app, "SELECT accepted FROM source").await, 2);
        assert_eq!(count(&app, "SELECT rejected FROM source").await, 1);
    }
}

#[tokio::test]
async fn only_the_token_of_an_open_source_is_heard() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let admin = app.as_("quan.tri").await;
    let form = [("name", "Máy chủ xã"), ("unit", "XA-A"), ("door", "http"), ("networks", "")];
    let page = admin.post("/sources/new", &form).await.ok().text();
    let start = page.find("khien_").unwrap();
    let token = page[start..].split('<').next().unwrap().to_owned();
    admin.get("/sources").await.ok().sees("Máy chủ xã").sees_not(&token);
    admin.post("/sources/new", &form).await.is(422).sees("Đã có nguồn mang tên này");

    let post = async |token: &str| {
        let client = app.stranger().with("authorization", &format!("Bearer {token}"));
        client.post_json("/ingest/v1/events", &json!({ "EventID": 1 })).await
    };
    assert_eq!(post(&token).await.ok().json(), json!({ "accepted": 1, "rejected": 0 }));
    post("khien_wrong").await.is(401);
    app.stranger().post_json("/ingest/v1/events", &json!({})).await.is(401);

    let page = admin.get("/sources").await.ok().text();
    let start = page.find("/sources/0").unwrap();
    let path = page[start..].split('"').next().unwrap().to_owned();
    app.as_("truc.ban").await.post(&path, &[]).await.is(403);
    admin.post(&path, &[]).await.leads_to("/sources");
    let refused = post(&token).await.is(401);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    open.close().await;
}

#[tokio::test]
async fn large_and_packed_posts_are_taken_and_bombs_are_not() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "TINH").await;
    let line = format!("{}\n", json!({ "EventID": 1, "CommandLine": "x".repeat(170) }));
    let lines = line.repeat((10 << 20) / line.len() + 1);
    let wanted = (lines.len() / line.len()) as i64;
    let taken = json!({ "accepted": wanted, "rejected": 0 });
    assert_eq!(sender.post("json", lines.clone()).await.ok().json(), taken);
    let zip = sender.with("content-encoding", "gzip");
    assert_eq!(zip.post("json", gzip(lines.as_bytes())).await.ok().json(), taken);
    let zstd = sender.with("content-encoding", "zstd");
    let packed = zstd::encode_all(lines.as_bytes(), 3).unwrap();
    assert_eq!(zstd.post("json", packed).await.ok().json(), taken);

    let zeros = vec![b'0'; 65 << 20];
    zip.post("json", gzip(&zeros)).await.is(413);
    zstd.post("json", zstd::encode_all(&zeros[..], 1).unwrap()).await.is(413);
    sender.post("json", vec![b'x'; 17 << 20]).await.is(413);
    zip.post("json", "no gzip").await.is(422);
    sender.post("json", "[1, 2]\nword\n").await.is(422);
    sender.post("evtx", "ElfFile").await.is(422);
    sender.with("khien-epoch", "1").post("json", "{}\n").await.is(422);
    sender.with("content-encoding", "br").post("json", "{}\n").await.is(422);
    let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    sender.post("json", deep).await.ok();
    let mut runner = detection(&app).await;
    catch_up(&mut runner).await;
    open.close().await;
    assert_eq!(count(&app, "SELECT accepted FROM source").await, 3 * wanted + 1);
    assert_eq!(count(&app, "SELECT rejected FROM source").await, 1);
}

#[tokio::test]
async fn a_full_log_says_when_to_come_back_and_keeps_what_it_took() {
    let small = |config: &mut khien_hub::config::Config| config.intake.budget_mib = 32;
    let app = TestApp::with(Engine::Lite, small).await.unwrap();
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "TINH").await;
    let mut taken = 0;
    loop {
        let mut noise = vec![0; 6 << 20];
        getrandom::fill(&mut noise).unwrap();
        let hex: String = noise.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines: String = hex
            .as_bytes()
            .chunks(60_000)
            .map(|c| format!("{{\"a\":\"{}\"}}\n", std::str::from_utf8(c).unwrap()))
            .collect();
        let reply = sender.post("json", lines).await;
        if reply.status == 503 {
            assert_eq!(reply.header("content-type"), "application/problem+json");
            assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
            assert_eq!(reply.json()["code"], "unavailable");
            break;
        }
        taken += reply.ok().json()["accepted"].as_i64().unwrap();
        assert!(taken < 10_000, "the log takes more than its budget");
    }
    assert!(taken > 0);
    assert!(!open.stop.is_cancelled(), "a full log is no reason to stop");
    open.close().await;
}

#[tokio::test]
async fn syslog_is_heard_over_tcp_in_both_framings_and_over_udp() {
    let app = loopback().await;
    let open = Open::doors(&app).await;
    add(&app, "camera", "XA-A", Door::Syslog(networks("127.0.0.0/8").unwrap())).await;
    let mut runner = detection(&app).await;

    let mut stream = TcpStream::connect(open.doors.tcp.unwrap()).await.unwrap();
    let counted = format!("{} {DEFAULT_PASSWORD}", DEFAULT_PASSWORD.len());
    let both = format!("{counted}{DEFAULT_PASSWORD}\n");
    stream.write_all(both.as_bytes()).await.unwrap();
    read_until(&app, &mut runner, HITS, 2).await;

    // The last line of a connection that is closed needs no newline.
    stream.write_all(DEFAULT_PASSWORD.as_bytes()).await.unwrap();
    drop(stream);
    read_until(&app, &mut runner, HITS, 3).await;

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(DEFAULT_PASSWORD.as_bytes(), open.doors.udp.unwrap()).await.unwrap();
    read_until(&app, &mut runner, HITS, 4).await;
    assert_eq!(count(&app, "SELECT COUNT(*) FROM signal").await, 1);
    assert_eq!(count(&app, "SELECT seen_count FROM signal").await, 4);
    open.close().await;
    assert_eq!(count(&app, "SELECT accepted FROM source").await, 4);
}

#[tokio::test]
async fn a_huge_line_loses_its_tail_and_nothing_else() {
    let app = loopback().await;
    let open = Open::doors(&app).await;
    add(&app, "camera", "XA-A", Door::Syslog(networks("127.0.0.1").unwrap())).await;
    let mut runner = detection(&app).await;
    let mut stream = TcpStream::connect(open.doors.tcp.unwrap()).await.unwrap();
    stream.write_all(b"<13>Nov 20 08:30:00 cam01 app: ").await.unwrap();
    stream.write_all(&vec![b'x'; 10 << 20]).await.unwrap();
    stream.write_all(b"\n\xff\xfe broken bytes \xc3\n").await.unwrap();
    stream.write_all(format!("{DEFAULT_PASSWORD}\n").as_bytes()).await.unwrap();
    read_until(&app, &mut runner, HITS, 1).await;
    open.close().await;
    assert_eq!(count(&app, "SELECT cut FROM source").await, 1);
    assert_eq!(count(&app, "SELECT accepted FROM source").await, 3);
    assert_eq!(count(&app, "SELECT lost FROM source").await, 0);
}

#[tokio::test]
async fn strangers_are_counted_and_shown_and_not_taken() {
    let app = loopback().await;
    let open = Open::doors(&app).await;
    add(&app, "máy khác", "XA-B", Door::Syslog(networks("192.0.2.0/24").unwrap())).await;
    let mut stream = TcpStream::connect(open.doors.tcp.unwrap()).await.unwrap();
    // The door closes without a word: the sender keeps its lines.
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
    assert!(answer.is_empty());
    let admin = app.as_("quan.tri").await;
    admin.get("/sources").await.ok().sees("127.0.0.1").sees("Máy lạ");
    let mut runner = detection(&app).await;
    catch_up(&mut runner).await;
    open.close().await;
    assert_eq!(count(&app, "SELECT accepted FROM source").await, 0);
}

/// Debian's rsyslog, forwarding a file to a TCP door in the given framing.
fn rsyslog(folder: &Path, door: SocketAddr, framing: &str) -> Option<Child> {
    let path = folder.display();
    let log = "user admin login succeeded from 203.0.113.120 using default password\n";
    std::fs::write(folder.join("device.log"), log).unwrap();
    let config = format!(
        r#"global(workDirectory="{path}")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="{path}/device.log" tag="webd:")
action(type="omfwd" target="{}" port="{}" protocol="tcp" TCP_Framing="{framing}"
       template="RSYSLOG_SyslogProtocol23Format")
"#,
        door.ip(),
        door.port()
    );
    std::fs::write(folder.join("rsyslog.conf"), config).unwrap();
    let mut command = tokio::process::Command::new("/usr/sbin/rsyslogd");
    command.arg("-n").arg("-f").arg(folder.join("rsyslog.conf"));
    command.arg("-i").arg(folder.join("pid")).kill_on_drop(true);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

#[tokio::test]
async fn a_live_rsyslog_is_heard() {
    for framing in ["octet-counted", "traditional"] {
        let app = loopback().await;
        let open = Open::doors(&app).await;
        add(&app, "rsyslog", "SOY", Door::Syslog(networks("127.0.0.1").unwrap())).await;
        let folder = tempfile::tempdir().unwrap();
        let Some(_rsyslog) = rsyslog(folder.path(), open.doors.tcp.unwrap(), framing) else {
            eprintln!("SKIPPED: this machine has no rsyslog");
            return open.close().await;
        };
        read_until(&app, &mut detection(&app).await, HITS, 1).await;
        let of_unit = "SELECT COUNT(*) FROM signal s JOIN unit u ON u.id = s.unit
                       WHERE u.code = 'SOY'";
        assert_eq!(count(&app, of_unit).await, 1);
        open.close().await;
    }
}

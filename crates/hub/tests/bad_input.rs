//! Whatever is thrown at the doors: a clear answer, nothing half-written, the hub alive.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use khien_store::journal::{self, Verdict};
use uuid::Uuid;

use crate::harness::doors::count;
use crate::harness::{Engine, TestApp};

const MIB: usize = 1 << 20;
/// The size of a film of a screen, which somebody will try to send.
const FILM_BYTES: usize = 200 * MIB;
/// How long a blocking thread may take to remove a file.
const PATIENCE: Duration = Duration::from_secs(60);
const FORM: &str = "application/x-www-form-urlencoded";

/// A body that is made while it is read, with a count of the bytes that were asked for.
fn film(head: &str) -> (Body, Arc<AtomicU64>) {
    let read = Arc::new(AtomicU64::new(0));
    let head = Bytes::from(head.to_owned());
    let chunk = Bytes::from(vec![7; MIB]);
    let chunks = std::iter::once(head).chain(std::iter::repeat_n(chunk, FILM_BYTES / MIB));
    let counter = Arc::clone(&read);
    let counted = chunks.map(move |chunk| {
        counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        Ok::<_, std::io::Error>(chunk)
    });
    (Body::from_stream(tokio_stream::iter(counted)), read)
}

#[tokio::test]
async fn an_upload_of_200_mib_is_refused_before_it_is_read() {
    let app = TestApp::new().await;
    let incident = app.verified(&app.telephoned("XA-A").await).await;
    let task = app.task_of(&incident).await;
    let officer = app.as_("xa.a").await;
    let head = "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"phim.mp4\"\r\n\
                Content-Type: video/mp4\r\n\r\n";
    let (body, read) = film(head);
    let path = format!("/tasks/{task}/submit");
    let kind = Some("multipart/form-data; boundary=x");
    let reply = officer.send(Method::POST, &path, kind, body).await;
    assert!([413, 422].contains(&reply.status.as_u16()), "{}", reply.text());
    assert!(read.load(Ordering::Relaxed) < 70 * MIB as u64, "{read:?} bytes were read");
    assert_eq!(count(&app, "SELECT COUNT(*) FROM evidence").await, 0);
    let blobs = app.data().join("blobs");
    let swept = async {
        while files_below(&blobs) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, swept).await.expect("a part of the film stayed");

    let (body, read) = film("text=");
    let desk = app.as_("truc.ban").await;
    let reply = desk.send(Method::POST, "/report/on-behalf", Some(FORM), body).await.is(413);
    reply.sees("quá lớn");
    assert!(read.load(Ordering::Relaxed) <= 3 * MIB as u64, "{read:?} bytes were read");
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn what_is_no_form_is_told_in_words() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let officer = app.as_("xa.a").await;
        let sentence = "không đọc được";
        let send = |kind, body: Vec<u8>| {
            officer.send(Method::POST, "/account/password", kind, body.into())
        };
        // Bytes that are no UTF-8 become replacement characters, which no password has.
        send(Some(FORM), b"old=%FF%FE&password=%00".to_vec()).await.is(401);
        send(Some(FORM), b"old=\xff\xfe&password=x".to_vec()).await.is(401);
        send(Some(FORM), Vec::new()).await.is(422).sees(sentence);
        send(Some("text/plain"), b"old=x".to_vec()).await.is(422).sees(sentence);
        send(None, b"old=x".to_vec()).await.is(422).sees(sentence);

        let many: String = (0..10_000).map(|n| format!("f{n}=1&")).collect();
        let path = "/report";
        let reply = officer.send(Method::POST, path, Some(FORM), many.into()).await;
        assert!(reply.status.is_client_error(), "{}", reply.status);
        officer.get("/signals?limit=many").await.is(422).sees(sentence);
        officer.get("/signals/no-id").await.is(422);
        officer.send(Method::DELETE, "/signals", None, Body::empty()).await.is(404).sees("<html");
    }
}

#[tokio::test]
async fn json_bombs_fizzle() {
    let app = TestApp::new().await;
    let door = app.stranger();
    let post = |body: String| {
        door.send(Method::POST, "/api/v1/login", Some("application/json"), body.into())
    };
    for bomb in ["[".repeat(200_000), "{\"a\":".repeat(30_000), "{".to_owned(), String::new()] {
        let reply = post(bomb).await;
        assert!(reply.status.is_client_error(), "{}", reply.status);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.json()["code"], "unreadable");
    }
    let reply = post(format!("{{\"login\":\"{}\"}}", "a".repeat(MIB))).await.is(413);
    assert_eq!(reply.json()["code"], "too_large");
}

/// PostgreSQL keeps no NUL in a text, and LIKE knows wildcards: no typed character may matter.
#[tokio::test]
async fn odd_characters_are_text_or_refused() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        app.telephoned("XA-A").await;
        let desk = app.as_("truc.ban").await;
        for list in ["/signals", "/incidents", "/tasks", "/units", "/assets-register"] {
            for typed in ["%00", "%25", "_", "%5C", "%27%3B--", "%F0%9F%9B%A1", "%E2%80%AE"] {
                let reply = desk.get(&format!("{list}?q={typed}")).await;
                assert!(!reply.status.is_server_error(), "{list}?q={typed}: {}", reply.status);
            }
            let long = "a".repeat(60_000);
            desk.get(&format!("{list}?q={long}")).await.ok();
            for cursor in ["x", "1_x", "9223372036854775807_01900000-0000-7000-8000-000000000000"] {
                desk.get(&format!("{list}?after={cursor}")).await.ok();
            }
        }
        // A wildcard that is typed is a character, not "anything".
        assert_eq!(desk.json("/api/v1/signals?q=%25").await["total"], 0);
        let key = Uuid::now_v7().to_string();
        let mut form = app.report_form(&key, "2026-03-10T08:30", "XA-B");
        form.retain(|(name, _)| *name != "text" && *name != "teller_name");
        form.push(("text", "chữ\0lạ <script>alert(1)</script>".to_owned()));
        form.push(("teller_name", "Ng\0ười".to_owned()));
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let reply = desk.post("/report/on-behalf", &form).await;
        assert!(!reply.status.is_server_error(), "{}: {}", reply.status, reply.text());
        if reply.status == 303 {
            desk.get(reply.location()).await.ok().sees_not("<script>alert");
        }
        let login = [("login", "truc\0ban"), ("password", "\0")];
        app.stranger().post("/login", &login).await.is(401);
    }
}

/// A small file system that is really full.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one; nothing, with a loud word, where this process may not.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|done| done.status.success());
        if !mounted {
            eprintln!("SKIPPED: full disk: this user may not mount a tmpfs");
        }
        mounted.then_some(Self { folder })
    }

    /// Takes what is left.
    fn fill(&self) {
        use std::io::Write as _;
        let mut filler = std::fs::File::create(self.folder.path().join("filler")).unwrap();
        let block = [0; 4096];
        while filler.write_all(&block).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.folder.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A mount that stays is only untidy: the machine that ran the test may tell.
        let _unmounted = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else { return };
    let data = disk.folder.path().join("data");
    let app = TestApp::with(Engine::Lite, |config| config.data = data).await.unwrap();
    let before = app.telephoned("XA-A").await;
    let desk = app.as_("truc.ban").await;
    let key = Uuid::now_v7().to_string();
    let mut form = app.report_form(&key, "2026-03-10T08:30", "XA-B");
    // Longer than the room that SQLite holds ready.
    form.push(("technical", "x".repeat(18_000)));
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    disk.fill();
    let mut refused = None;
    for _ in 0..200 {
        let fresh = Uuid::now_v7().to_string();
        let mut form = form.clone();
        form[0].1 = &fresh;
        let reply = desk.post("/report/on-behalf", &form).await;
        if reply.status != 303 {
            refused = Some(reply);
            break;
        }
    }
    refused.expect("a full disk refuses").is(503).sees("đầy đĩa");
    desk.get(&format!("/signals/{before}")).await.ok();

    // Longer than a use of the session is left unnoted.
    app.wait(120);
    desk.get(&format!("/signals/{before}")).await.ok();

    disk.empty();
    desk.post("/report/on-behalf", &form).await.is(303);
    let mut conn = app.db.read().await.unwrap();
    let verdict = journal::verify(&mut conn, None).await.unwrap();
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
}

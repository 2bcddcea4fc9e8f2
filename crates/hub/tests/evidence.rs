//! Files of evidence over HTTP: what the journal says of each opening, and that no file stays
//! without a row.

use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use khien_hub::evidence::orphans;
use tokio_stream::StreamExt as _;
use uuid::Uuid;

use crate::harness::doors::count;
use crate::harness::{Client, TestApp};

/// Nothing here takes so long; a test that hangs says where.
const PATIENCE: Duration = Duration::from_secs(60);
const READ: &str = "SELECT COUNT(*) FROM entry WHERE action = 'evidence.read'";
const MISMATCH: &str = "SELECT COUNT(*) FROM entry WHERE action = 'evidence.mismatch'";

/// The unit answers a task with one large file; returns its id and who may open it.
async fn proof(app: &TestApp) -> (Uuid, Client) {
    let task = app.task_of(&app.verified(&app.telephoned("XA-A").await).await).await;
    let path = format!("/tasks/{task}");
    let files: &[(&str, &str, &[u8])] = &[("files", "nhật ký.log", &[7; 400_000])];
    let officer = app.as_("xa.a").await;
    officer.upload(&format!("{path}/submit"), &[], files).await.leads_to(&path);
    let lead = app.as_("dieu.phoi").await;
    let page = lead.get(&path).await.ok().text();
    let (_, rest) = page.split_once("/evidence/").unwrap();
    (rest[..36].parse().unwrap(), lead)
}

fn file_of(app: &TestApp, id: Uuid) -> PathBuf {
    let name = id.simple().to_string();
    app.data().join("blobs").join(&name[30..]).join(name)
}

#[tokio::test]
async fn damage_breaks_the_download_off_and_is_noted() {
    let app = TestApp::new().await;
    let (id, lead) = proof(&app).await;
    let path = format!("/evidence/{id}");
    assert_eq!(lead.get(&path).await.ok().body, [7; 400_000]);
    assert_eq!((count(&app, READ).await, count(&app, MISMATCH).await), (1, 0));

    let file = file_of(&app, id);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[300_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(lead.breaks_off(&path).await);
    assert_eq!((count(&app, READ).await, count(&app, MISMATCH).await), (2, 1));

    std::fs::write(&file, "cut").unwrap();
    lead.get(&path).await.is(409).sees("bị mất hoặc hỏng");
    assert_eq!((count(&app, READ).await, count(&app, MISMATCH).await), (2, 2));
}

#[tokio::test]
async fn a_file_that_does_not_open_was_not_read() {
    let app = TestApp::new().await;
    let (id, lead) = proof(&app).await;
    std::fs::remove_file(file_of(&app, id)).unwrap();
    lead.get(&format!("/evidence/{id}")).await.is(409).sees("bị mất hoặc hỏng");
    app.blobs.destroy(id).await.unwrap();
    lead.get(&format!("/evidence/{id}")).await.is(409);
    assert_eq!(count(&app, READ).await, 0);
}

async fn store_alone(app: &TestApp) -> Uuid {
    let id = Uuid::now_v7();
    let mut writer = app.blobs.create(id, 100).await.unwrap();
    writer.write(&b"nobody names it"[..]).await.unwrap();
    writer.finish().await.unwrap();
    id
}

#[tokio::test]
async fn the_start_tells_of_files_that_no_row_names_and_keeps_them() {
    let app = TestApp::new().await;
    let (named, lead) = proof(&app).await;
    assert_eq!(orphans::count(&app).await.unwrap(), 0);
    let orphan = store_alone(&app).await;
    assert_eq!(orphans::count(&app).await.unwrap(), 1);
    assert!(file_of(&app, orphan).exists());
    lead.get(&format!("/evidence/{named}")).await.ok();
}

/// The sender of a form goes away after one whole file and a piece of the next.
#[tokio::test]
async fn a_sender_that_goes_away_leaves_no_file() {
    let app = TestApp::new().await;
    let task = app.task_of(&app.verified(&app.telephoned("XA-A").await).await).await;
    let officer = app.as_("xa.a").await;
    let part = |name: &str| {
        format!(
            "--ranh-gioi\r\nContent-Disposition: form-data; name=\"files\"; \
             filename=\"{name}\"\r\n\r\nbytes of a file\r\n"
        )
    };
    let sent = part("một.png") + part("hai.png").trim_end();
    let first = tokio_stream::once(Ok::<_, std::io::Error>(Bytes::from(sent)));
    let body = Body::from_stream(first.chain(tokio_stream::pending()));
    let path = format!("/tasks/{task}/submit");
    let kind = Some("multipart/form-data; boundary=ranh-gioi");
    tokio::select! {
        _ = officer.send(Method::POST, &path, kind, body) => panic!("the form has no end"),
        () = until(|| first_kept_second_begun(&app)) => {}
    }
    until(|| app.blobs.ids().unwrap().is_empty()).await;
}

fn first_kept_second_begun(app: &TestApp) -> bool {
    let kept = app.blobs.ids().unwrap();
    let mut incoming = std::fs::read_dir(app.data().join("blobs/incoming")).unwrap();
    let begun = |name: &str| name.parse::<Uuid>().is_ok_and(|id| !kept.contains(&id));
    !kept.is_empty() && incoming.any(|file| begun(file.unwrap().file_name().to_str().unwrap()))
}

async fn until(reached: impl Fn() -> bool) {
    let waiting = async {
        while !reached() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

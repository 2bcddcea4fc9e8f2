//! Rule folders that change while the hub runs.

use std::fs;
use std::path::PathBuf;

use khien_hub::detection::{Folders, Runner};

use crate::counting::counting;
use crate::harness::doors::{Open, Sender, catch_up, count, shadow_copies_deleted};
use crate::harness::{Engine, TestApp};

const SIGNALS: &str = "SELECT COUNT(*) FROM signal";
const HITS: &str = "SELECT COUNT(*) FROM hit";
const MORNING: &str = "2026-03-10T01:59:00Z";

/// A hub with one folder of rules.
struct Shelf {
    app: TestApp,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Shelf {
    async fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        fs::create_dir(&path).unwrap();
        files.iter().for_each(|(name, text)| fs::write(path.join(name), text).unwrap());
        let set = vec![path.clone()];
        let app = TestApp::with(Engine::Lite, |config| config.detection.rules = set).await.unwrap();
        Self { app, path, _folder: folder }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }
}

const TOOL: &str = "title: Công cụ lạ\nid: 00000000-0000-4000-8000-000000000003\n\
    logsource: {category: process_creation, product: windows}\n\
    detection: {a: {CommandLine|contains: 'congcula'}, condition: a}\nlevel: high\n";
const STRANGE: &str = "title: Luật lạ\nid: 0\nlogsource: {product: windows}\n\
    detection: {a: {Image|sometimes: x}, condition: a}\n";

#[tokio::test]
async fn a_changed_folder_is_taken_up_and_nothing_counted_is_forgotten() {
    let shelf = Shelf::with(&[("counting.yml", &counting("gte: 2"))]).await;
    let app = &shelf.app;
    let doors = Open::doors(app).await;
    let sender = Sender::of(app, "XA-A").await;
    let (mut folders, rules) = Folders::load(app).await.unwrap();
    let mut runner = Runner::open(app, rules).await.unwrap();
    let line = shadow_copies_deleted("PC-1", MORNING).replace("Delete Shadows", "List");
    let tool = line.replace("vssadmin.exe  List", "congcula");
    sender.post("json", format!("{line}\n{tool}")).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(app, SIGNALS).await, 0);
    assert!(folders.look(app).await.unwrap().is_none(), "nothing has changed");

    shelf.put("tool.yml", TOOL);
    shelf.put("strange.yml", STRANGE);
    let rules = folders.look(app).await.unwrap().expect("the folder has changed");
    runner.swap(rules).await.unwrap();
    sender.post("json", format!("{line}\n{tool}")).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(
        count(app, HITS).await,
        2,
        "the tool is seen, and the second event completes the count"
    );
    let page = app.as_("truc.ban").await.get("/rules?q=la").await.ok();
    page.sees("Công cụ lạ").sees("Luật lạ").sees("sometimes");
    let lines = "SELECT COUNT(*) FROM entry WHERE action LIKE 'rules.%'";
    assert_eq!(count(app, lines).await, 2, "the start and the change");

    fs::remove_file(shelf.path.join("tool.yml")).unwrap();
    runner.swap(folders.look(app).await.unwrap().unwrap()).await.unwrap();
    sender.post("json", tool).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(app, HITS).await, 2, "a rule that is taken away matches no more");
    doors.close().await;
}

#[tokio::test]
async fn a_folder_that_is_gone_leaves_the_rules_at_work_and_is_told() {
    let shelf = Shelf::with(&[("tool.yml", TOOL)]).await;
    let app = &shelf.app;
    let (mut folders, _) = Folders::load(app).await.unwrap();
    let away = shelf.path.with_extension("away");
    fs::rename(&shelf.path, &away).unwrap();
    assert!(folders.look(app).await.unwrap().is_none());
    assert!(folders.look(app).await.unwrap().is_none());
    assert_eq!(count(app, SIGNALS).await, 1, "told once");
    let duty = app.as_("truc.ban").await;
    duty.get("/signals").await.ok().sees("Không đọc được thư mục luật");
    duty.get("/rules?q=cong+cu+la").await.ok().sees("Công cụ lạ");
    fs::rename(&away, &shelf.path).unwrap();
    assert!(folders.look(app).await.unwrap().is_some(), "it is taken up again");
}

#[tokio::test]
async fn a_mount_point_without_its_disk_takes_no_rule_away() {
    let shelf = Shelf::with(&[("tool.yml", TOOL)]).await;
    let app = &shelf.app;
    let (mut folders, _) = Folders::load(app).await.unwrap();
    let away = shelf.path.with_extension("away");
    fs::rename(&shelf.path, &away).unwrap();
    fs::create_dir(&shelf.path).unwrap();
    assert!(folders.look(app).await.unwrap().is_none());
    assert_eq!(count(app, SIGNALS).await, 1);
    // Something else turns up where the disk was: its rules are still gone.
    shelf.put("note.txt", "nothing is mounted here");
    assert!(folders.look(app).await.unwrap().is_none());
    app.as_("truc.ban").await.get("/rules?q=cong+cu+la").await.ok().sees("Công cụ lạ");
    fs::remove_dir_all(&shelf.path).unwrap();
    fs::rename(&away, &shelf.path).unwrap();
    assert!(folders.look(app).await.unwrap().is_some(), "it is taken up again");
}

#[tokio::test]
async fn a_folder_that_is_missing_at_the_start_is_told() {
    let shelf = Shelf::with(&[]).await;
    fs::remove_dir(&shelf.path).unwrap();
    Folders::load(&shelf.app).await.unwrap();
    assert_eq!(count(&shelf.app, SIGNALS).await, 1);
}

const LISTED: &str = "title: Công cụ trong danh sách\nid: 00000000-0000-4000-8000-000000000004\n\
    logsource: {category: process_creation, product: windows}\n\
    detection: {a: {Image|endswith|expand: '%Tools%'}, condition: a}\nlevel: high\n";

#[tokio::test]
async fn lists_of_values_are_taken_up_and_a_broken_one_takes_no_rule_away() {
    let folder = tempfile::tempdir().unwrap();
    // Among the rules, where it is refused as one.
    let (rules, values) = (folder.path().join("rules"), folder.path().join("rules/values.yml"));
    fs::create_dir(&rules).unwrap();
    fs::write(rules.join("listed.yml"), LISTED).unwrap();
    fs::write(&values, "Toools: [vssadmin.exe]\n").unwrap();
    let set = |config: &mut khien_hub::config::Config| {
        config.detection.rules = vec![rules.clone()];
        config.detection.values = vec![values.clone()];
    };
    let app = TestApp::with(Engine::Lite, set).await.unwrap();
    let doors = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let (mut folders, watched) = Folders::load(&app).await.unwrap();
    let mut runner = Runner::open(&app, watched).await.unwrap();
    let line = shadow_copies_deleted("PC-1", MORNING).replace("Delete Shadows", "List");
    sender.post("json", line.clone()).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, HITS).await, 0);
    let duty = app.as_("truc.ban").await;
    let page = duty.get("/rules?q=danh+sach").await.ok();
    page.sees("placeholder %Tools%").sees("không luật nào dùng đến: Toools");

    fs::write(&values, "vars:\n  Tools: [vssadmin.exe, whoami.exe]\n").unwrap();
    runner.swap(folders.look(&app).await.unwrap().expect("the lists have changed")).await.unwrap();
    sender.post("json", line.clone()).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, HITS).await, 1, "the list enables its rule");
    let page = duty.get("/rules?q=danh+sach").await.ok();
    page.sees("Công cụ trong danh sách").sees_not("%Tools%").sees_not("Toools");
    let lead = app.as_("dieu.phoi").await;
    let tried = lead.post("/rules/try", &[("rule", LISTED)]).await.ok();
    tried.sees("2 lần trúng trong 2 sự kiện");

    let told = count(&app, SIGNALS).await;
    fs::write(&values, "vars:\n  Tools: [vssadmin.exe").unwrap();
    assert!(folders.look(&app).await.unwrap().is_none());
    assert_eq!(count(&app, SIGNALS).await, told + 1);
    duty.get("/rules?q=danh+sach").await.ok().sees("Công cụ trong danh sách");
    duty.get("/signals").await.ok().sees("tệp danh sách giá trị");
    sender.post("json", line).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, HITS).await, 2);
    doors.close().await;
}

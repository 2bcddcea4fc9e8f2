//! `khien import` and `khien user`: the invented province goes through them as a real one would.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use khien_hub::access::first;
use khien_hub::app::App;
use khien_hub::clock::Clock;
use khien_hub::config::Config;

fn khien(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
    command.args(["--lang", "en"]).args(args).arg("--data").arg(data);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn province(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo-province");
    folder.join(file).display().to_string()
}

/// Returns a folder in which only the first administrator stands.
async fn first_start() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = Config { data: data.clone(), ..Config::default() };
    let app = App::open(config, Clock::System).await.unwrap();
    first::first_administrator(&app).await.unwrap();
    app.db.close().await;
    (folder, data)
}

#[tokio::test]
async fn the_invented_province_is_imported_once() {
    let (folder, data) = first_start().await;
    let slips = folder.path().join("slips.html");
    let slips_text = slips.display().to_string();
    for kind in ["units", "people", "contacts", "systems"] {
        let file = province(&format!("{kind}.csv"));
        let trial = khien(&data, &["import", kind, &file, "--dry-run"]);
        assert_eq!(trial.status.code(), Some(0), "{kind}: {}", stderr(&trial));
        let mut args = vec!["import", kind, &file];
        if kind == "people" {
            args.extend(["--slips", &slips_text]);
        }
        let first = khien(&data, &args);
        assert_eq!(first.status.code(), Some(0), "{kind}: {}", stderr(&first));
        assert_eq!(stdout(&first), stdout(&trial), "a trial tells what is then done");
        let again = khien(&data, &["import", kind, &file]);
        let rows = std::fs::read_to_string(&file).unwrap().lines().count() - 1;
        let same = format!("{rows} rows: 0 added, 0 changed, {rows} as they were.\n");
        assert_eq!(stdout(&again), same, "{kind}");
        let told = stdout(&first);
        let told = told.lines().last().unwrap();
        assert!(told.starts_with(&format!("{rows} rows: ")), "{kind}: {told}");
    }
    let page = std::fs::read_to_string(&slips).unwrap();
    assert!(page.matches("slip-code").count() > 100);
    assert_eq!(std::fs::metadata(&slips).unwrap().permissions().mode() & 0o777, 0o600);
    let list = khien(&data, &["user", "list", "suoimay"]);
    assert!(stdout(&list).contains("can.bo.suoimay\t"), "{}", stdout(&list));
}

#[tokio::test]
async fn a_faulty_sheet_names_row_and_column_and_exits_with_findings() {
    let (folder, data) = first_start().await;
    let file = folder.path().join("units.csv");
    std::fs::write(&file, "code,name,kind\nAA,Sở Một,lâu đài\nBB,,sở\n").unwrap();
    let output = khien(&data, &["import", "units", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "Row 2, column “Kind”: “lâu đài” is not understood. Write one of: \
                    Province; Department; Party body; Party committee of a commune; \
                    People's Committee of a commune; Military; Central agency; Data centre; Police; \
                    Telecom; Bank; Supplier; National centre.\n\
                    Row 3, column “Name”: This cell must not be blank.\n";
    assert_eq!(stdout(&output), expected);
}

#[tokio::test]
async fn slips_that_could_not_be_handed_out_are_not_issued() {
    let (folder, data) = first_start().await;
    let sheet = folder.path().join("people.csv");
    std::fs::write(&sheet, "login,name,unit,role\ncan.bo.a,Trần An,TINH,clerk\n").unwrap();
    let (sheet, slips) = (sheet.display().to_string(), folder.path().join("slips.html"));
    let import = ["import", "people", &sheet, "--slips", slips.to_str().unwrap()];
    std::fs::write(&slips, "another's").unwrap();
    assert_eq!(khien(&data, &import).status.code(), Some(4));
    assert_eq!(std::fs::read_to_string(&slips).unwrap(), "another's");
    assert!(stdout(&khien(&data, &["user", "list", "can.bo.a"])).is_empty());

    std::fs::remove_file(&slips).unwrap();
    assert_eq!(khien(&data, &import).status.code(), Some(0));
    assert!(std::fs::read_to_string(&slips).unwrap().contains("can.bo.a"));
    std::fs::remove_file(&slips).unwrap();
    assert_eq!(khien(&data, &import).status.code(), Some(0), "nothing is left to do");
    assert!(!slips.exists(), "no slip, no file");
}

#[test]
fn the_first_slip_is_told_even_when_the_start_fails() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
    command.args(["--lang", "en", "serve", "--data"]).arg(folder.path().join("data"));
    command.env("KHIEN__HTTP__LISTEN", taken.local_addr().unwrap().to_string());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("/activate"), "{}", stderr(&output));
    assert!(stderr(&output).contains("Another program uses"), "{}", stderr(&output));
}

#[tokio::test]
async fn an_officer_is_added_and_closed() {
    let (_folder, data) = first_start().await;
    let add = ["user", "add", "can.bo.moi", "--name", "Cán bộ Mới", "--unit", "TINH"];
    let added = khien(&data, &add);
    assert!(stdout(&added).starts_with("can.bo.moi  "), "{}", stderr(&added));
    assert_eq!(khien(&data, &add).status.code(), Some(4), "the log-in name is taken");
    assert_eq!(khien(&data, &["user", "reset", "can.bo.moi"]).status.code(), Some(0));
    assert_eq!(khien(&data, &["user", "disable", "can.bo.moi"]).status.code(), Some(0));
    let list = khien(&data, &["user", "list", "moi"]);
    assert!(stdout(&list).contains("Closed"), "{}", stdout(&list));
}

#[test]
fn an_empty_folder_says_what_to_do_first() {
    let folder = tempfile::tempdir().unwrap();
    let output = khien(folder.path(), &["import", "units", &province("units.csv")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("khien serve"), "{}", stderr(&output));
}

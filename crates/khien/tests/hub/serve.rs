//! `khien serve` and the commands around a hub's folder, as an operator meets them.

use std::fs;
use std::path::Path;

use crate::process::{Demo, khien, run, text};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

async fn refused(args: &[&str], variables: &[(&str, &str)]) -> String {
    let output = khien(args).envs(variables.iter().copied()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    text(&output.stderr)
}

#[tokio::test]
async fn an_open_listener_and_an_unknown_key_are_refused_in_the_users_language() {
    let open = [("KHIEN__HTTP__LISTEN", "0.0.0.0:8800")];
    let vietnamese = refused(&["serve", "--check"], &open).await;
    assert!(vietnamese.contains("trusted_proxies") && vietnamese.contains("Từ chối"));
    let english = refused(&["--lang", "en", "serve", "--check"], &open).await;
    assert!(english.contains("trusted_proxies") && english.contains("Refused"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("khien.toml");
    fs::write(&file, "[http]\nlisen = \"127.0.0.1:8800\"\n").unwrap();
    let file = file.to_str().unwrap();
    let unknown = refused(&["serve", "--config", file, "--check"], &[]).await;
    assert!(unknown.contains("lisen"), "{unknown}");
}

#[tokio::test]
async fn a_setting_tells_where_it_was_set() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("khien.toml");
    fs::write(&file, "[http]\nprovince = \"Vân Lĩnh\"\n").unwrap();
    let file = file.to_str().unwrap();
    let mut command = khien(&["--lang", "en", "config", "show", "--origin", "--config", file]);
    let output = command.env("KHIEN__INTAKE__KEEP_DAYS", "9").output().await.unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("intake.keep_days = 9  # environment"), "{shown}");
    assert!(shown.contains(&format!("http.province = \"Vân Lĩnh\"  # {file}")), "{shown}");
    assert!(shown.contains("http.listen = \"127.0.0.1:8800\"  # default"), "{shown}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let web = ("KHIEN__HTTP__LISTEN", "127.0.0.1:0");
    let cases = [
        (vec![("KHIEN__HTTP__LISTEN", address.as_str())], "http.listen", "KHIEN__HTTP__LISTEN"),
        (vec![web, ("KHIEN__SYSLOG__TCP", &address)], "syslog.tcp", "KHIEN__SYSLOG__TCP"),
    ];
    for (variables, setting, variable) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let mut command = khien(&["--lang", "en", "serve", "--data", path]);
        let output = command.envs(variables).output().await.unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        for word in [address.as_str(), setting, variable] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
    // The demo asks for its port before it settles a province.
    let demo = run(&["--lang", "en", "demo", "--listen", &address]).await;
    let said = text(&demo.stderr);
    assert_eq!(demo.status.code(), Some(4), "{said}");
    assert!(said.contains(&address) && !said.contains("Settling"), "{said}");
}

#[tokio::test]
async fn completions_name_every_command() {
    let output = run(&["completions", "bash"]).await;
    let script = text(&output.stdout);
    for command in ["serve", "demo", "journal", "doctor"] {
        assert!(script.contains(command), "{command}");
    }
}

/// Changes the state behind the hub's back, as somebody with the file could.
async fn tamper(data: &Path, sql: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(data.join("state.db"));
    let mut file: SqliteConnection = options.connect().await.unwrap();
    for statement in sql {
        sqlx::raw_sql(*statement).execute(&mut file).await.unwrap();
    }
    file.close().await.unwrap();
}

#[tokio::test]
async fn a_folder_serves_one_hub_and_shows_what_was_done_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("province");
    let path = data.to_str().unwrap();
    let empty = run(&["journal", "verify", "--data", path]).await;
    assert_eq!(empty.status.code(), Some(4), "{}", text(&empty.stderr));

    let demo = Demo::start(&data, &["--no-replay"]).await;
    let second = run(&["serve", "--data", path]).await;
    assert_eq!(second.status.code(), Some(4));
    assert!(text(&second.stderr).contains("Một Khiên khác"), "{}", text(&second.stderr));
    let doctor = run(&["doctor", "--data", path]).await;
    assert_eq!(doctor.status.code(), Some(0), "{}", text(&doctor.stdout));
    assert!(demo.terminate().await);

    let verified = run(&["--lang", "en", "journal", "verify", "--data", path]).await;
    let said = text(&verified.stdout);
    assert!(said.contains("compared: ") && said.contains("head-0"), "{said}");
    let forge = [
        "DROP TRIGGER entry_keeps_lines",
        "UPDATE entry SET actor = 'person:nobody' WHERE seq = 3",
    ];
    tamper(&data, &forge).await;
    let verified = run(&["--lang", "en", "journal", "verify", "--data", path]).await;
    assert_eq!(verified.status.code(), Some(1));
    let said = text(&verified.stdout);
    assert!(said.contains("BROKEN at line 3") && said.contains("edited"), "{said}");

    let newer = "INSERT INTO schema_version (version, name, applied_at, checksum)
                 VALUES (9999, 'later', 0, x'00')";
    tamper(&data, &[newer]).await;
    let older = run(&["--lang", "en", "serve", "--data", path]).await;
    assert_eq!(older.status.code(), Some(4));
    assert!(text(&older.stderr).contains("newer Khiên"), "{}", text(&older.stderr));
}

#[tokio::test]
async fn a_tail_that_is_cut_after_a_stop_shows_without_a_head_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("province");
    let path = data.to_str().unwrap();
    assert!(Demo::start(&data, &["--no-replay"]).await.terminate().await);
    let earlier = fs::read(data.join("state.db")).unwrap();
    let demo = Demo::start(&data, &["--no-replay"]).await;
    demo.sign_in("auditor").await;
    assert!(demo.terminate().await);
    let heads = fs::read_dir(data.join("heads")).unwrap().count();
    assert!(heads >= 2, "each stop signed what it left: {heads}");

    fs::write(data.join("state.db"), earlier).unwrap();
    for command in [&["journal", "verify"][..], &["doctor"]] {
        let args = [&["--lang", "en"], command, &["--data", path]].concat();
        let output = run(&args).await;
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("the tail is cut"), "{said}");
    }
    fs::remove_dir_all(data.join("heads")).unwrap();
    let verified = run(&["journal", "verify", "--data", path]).await;
    assert_eq!(verified.status.code(), Some(0));
    assert!(text(&verified.stdout).contains("không có đầu chuỗi đã ký nào"));
    let doctor = run(&["doctor", "--data", path]).await;
    assert!(!text(&doctor.stdout).contains("--head"), "{}", text(&doctor.stdout));

    // A head that cannot be read does not keep the chain from being looked at.
    fs::create_dir(data.join("heads")).unwrap();
    fs::write(data.join("heads/head-000000009.json"), "half a he").unwrap();
    let verified = run(&["journal", "verify", "--data", path]).await;
    assert_eq!(verified.status.code(), Some(3), "{}", text(&verified.stderr));
    assert!(text(&verified.stdout).contains("nguyên vẹn"), "{}", text(&verified.stdout));
    assert!(text(&verified.stderr).contains("Không đọc được đầu chuỗi đã ký mới nhất"));
}

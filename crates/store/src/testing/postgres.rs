//! A real PostgreSQL from Debian's packages, one per test process, gone when the process is.
//!
//! A small shell holds the server: it waits on its standard input, which the operating system
//! closes when the test process ends in whatever way, then stops the server and removes its files.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Db;

/// Where Debian keeps its PostgreSQL versions.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// `$0` is the folder of programs, `$1` the server's own folder.
const HOLD: &str = r#"
"$0/initdb" --pgdata="$1/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
  --no-sync >"$1/log" 2>&1 &&
"$0/pg_ctl" start --wait --silent --pgdata="$1/data" --log="$1/log" --options="-c listen_addresses='' \
  -c unix_socket_directories='$1' -c fsync=off -c full_page_writes=off -c max_connections=200" \
  >>"$1/log" 2>&1 </dev/null &&
echo ready || tail -n 5 "$1/log"
cat >/dev/null
"$0/pg_ctl" stop --mode=immediate --silent --pgdata="$1/data" >/dev/null 2>&1
rm -rf "$1"
"#;

/// A running server.
pub struct Postgres {
    folder: PathBuf,
    databases: AtomicU64,
    /// Its open standard input keeps the server alive.
    _shell: Child,
}

impl Postgres {
    /// Returns this process's server, started the first time; nothing, with a loud word, where
    /// PostgreSQL is not installed.
    pub fn start() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
        SERVER.get_or_init(launch).as_ref()
    }

    /// Returns the address of a fresh, empty database.
    pub async fn fresh_url(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut conn = PgConnection::connect(&self.url("postgres")).await.expect("the server runs");
        // Audited: the name is made of a number.
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut conn)
            .await
            .expect("a fresh name is free");
        self.url(&name)
    }

    /// Returns a fresh, empty database, to be migrated by the test.
    pub async fn fresh(&self) -> Db {
        Db::open_pg(&self.fresh_url().await).await.expect("a fresh database opens")
    }

    fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=postgres", self.folder.display())
    }
}

fn launch() -> Option<Postgres> {
    let Some(programs) = newest_programs() else {
        skip("no PostgreSQL under /usr/lib/postgresql (apt install postgresql)");
        return None;
    };
    let folder = tempfile::Builder::new()
        .prefix("khien-pg-")
        .tempdir()
        .expect("a test needs a temporary folder")
        .keep();
    let mut hold = Command::new("sh");
    hold.arg("-c").arg(HOLD).arg(&programs).arg(&folder).current_dir(&folder);
    if let Some((uid, gid)) = other_user() {
        chown(&folder, Some(uid), Some(gid)).expect("root may give a folder away");
        hold.uid(uid).gid(gid);
    }
    let mut shell = hold
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a Debian machine has a shell");
    let mut said = String::new();
    let stdout = shell.stdout.take().expect("it was piped above");
    // An unreadable answer is no "ready", and is told as what it is.
    let _read = BufReader::new(stdout).read_line(&mut said);
    if said.trim() != "ready" {
        skip(&format!("the server did not start: {said}"));
        // Waiting closes its input, on which it tidies up.
        let _ended = shell.wait();
        return None;
    }
    Some(Postgres { folder, databases: AtomicU64::new(0), _shell: shell })
}

/// initdb refuses root: returns another user's ids when this process is root.
fn other_user() -> Option<(u32, u32)> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !root {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].iter().find_map(|name| ids_of(&users, name))
}

fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn newest_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(Path::new(DEBIAN_VERSIONS)).ok()?;
    versions
        .filter_map(|version| version.ok())
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").exists())
        .max()
        .map(|(_, programs)| programs)
}

/// Says so on the real standard error: the test harness hides what a passing test prints.
fn skip(why: &str) {
    // Without a standard error there is nobody to tell.
    let _told = writeln!(std::io::stderr(), "SKIPPED: PostgreSQL tests: {why}");
}

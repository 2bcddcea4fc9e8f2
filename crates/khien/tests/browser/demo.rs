//! `khien demo` as a process of its own, on a free port.

use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running demo; gone when it is dropped.
pub(crate) struct Demo {
    access: Access,
    process: Child,
    _folder: TempDir,
}

/// Where the demo listens and who may enter.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) url: String,
    users: Vec<Value>,
}

/// A log-in of the demo.
pub(crate) struct User {
    pub(crate) login: String,
    pub(crate) password: String,
}

impl Demo {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_khien"))
            .args(["demo", "--no-replay", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).await.unwrap();
        let told: Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
        let url = told["url"].as_str().unwrap().trim_end_matches('/').to_owned();
        let users = told["users"].as_array().unwrap().clone();
        Self { access: Access { url, users }, process, _folder: folder }
    }

    /// Returns the address and the log-ins.
    pub(crate) fn access(&self) -> Access {
        self.access.clone()
    }

    pub(crate) async fn stop(mut self) {
        self.process.kill().await.unwrap();
    }
}

impl Access {
    /// Returns the first log-in with a role.
    pub(crate) fn who(&self, role: &str) -> User {
        let user = self.users.iter().find(|user| user["role"] == role).unwrap();
        let text = |key: &str| user[key].as_str().unwrap().to_owned();
        User { login: text("login"), password: text("password") }
    }
}

//! The real binary as a child of a test: started, talked to over HTTP, killed.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long anything may take before a test calls it hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// How often a condition is looked at again.
const LOOK: Duration = Duration::from_millis(250);

/// Returns a command line of the binary, apart from what this machine is set to.
pub(crate) fn khien(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
    command.args(args).env_clear().env("LANG", "C.UTF-8").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub(crate) async fn run(args: &[&str]) -> Output {
    let ended = tokio::time::timeout(PATIENCE, khien(args).output()).await;
    ended.expect("a command ends").expect("the binary starts")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A demo, or a hub that goes on with its province, that listens.
pub(crate) struct Demo {
    child: Child,
    _stdout: Lines<BufReader<ChildStdout>>,
    pub(crate) told: Value,
}

impl Demo {
    /// Starts a demo on a free port and waits until it listens.
    pub(crate) async fn start(data: &Path, more: &[&str]) -> Self {
        let data = data.to_str().expect("a plain path");
        let mut args = vec!["demo", "--json", "--listen", "127.0.0.1:0", "--data", data];
        args.extend(more);
        let mut child = khien(&args).stderr(Stdio::inherit()).spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut stdout = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, stdout.next_line()).await;
        let line = line.expect("a demo listens").expect("readable").expect("one line");
        let told = serde_json::from_str(&line).expect("the line is JSON");
        Self { child, _stdout: stdout, told }
    }

    /// Ends it and serves its province as a hub with these settings, on another free port.
    pub(crate) async fn serve(self, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut told = self.told.clone();
        assert!(self.terminate().await, "the demo ends in order");
        let mut command = khien(&["serve", "--data", data.to_str().expect("a plain path")]);
        command.env("KHIEN__HTTP__LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut talk = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let listening = async {
            while let Some(line) = talk.next_line().await.expect("readable") {
                if let Some(at) = line.find("http://127.0.0.1:") {
                    return line[at..].split(' ').next().map(str::to_owned);
                }
            }
            None
        };
        let url = tokio::time::timeout(PATIENCE, listening).await.expect("a hub listens");
        told["url"] = url.expect("it tells its address").into();
        // Read on, so that the hub can go on talking.
        tokio::spawn(async move { while let Ok(Some(_)) = talk.next_line().await {} });
        Self { child, _stdout: BufReader::new(stdout).lines(), told }
    }

    /// Ends it without warning.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it ran");
    }

    /// Asks it to end, as a system does, and returns whether it ended well.
    pub(crate) async fn terminate(mut self) -> bool {
        let id = self.child.id().expect("it runs").to_string();
        let told = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("Debian has kill").success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends").expect("it was ours").success()
    }

    /// Signs in the officer of a role; returns the token.
    pub(crate) async fn sign_in(&self, role: &str) -> String {
        let users = self.told["users"].as_array().expect("a list of users");
        let user = users.iter().find(|user| user["role"] == role).expect("every role is cast");
        let body = json!({ "login": user["login"], "password": user["password"] });
        let answer = self.ask("POST", "/api/v1/login", None, Some(body)).await;
        answer["token"].as_str().unwrap_or_else(|| panic!("{role}: {answer}")).to_owned()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Value {
        self.ask("GET", path, Some(token), None).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        self.ask("POST", path, Some(token), Some(body)).await
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Value {
        let url = format!("{}{path}", self.told["url"].as_str().expect("an address"));
        let mut request = Request::builder().method(method).uri(url);
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.header("Content-Type", "application/json");
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.expect("the demo answers");
        let bytes = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }

    /// Looks at the signals until there are as many; returns them.
    pub(crate) async fn signals(&self, token: &str, at_least: usize) -> Vec<Value> {
        self.listed("/api/v1/signals?limit=100", token, |items| items.len() >= at_least).await
    }

    /// Looks at a list until it is as wanted; returns what it holds.
    pub(crate) async fn listed(
        &self,
        path: &str,
        token: &str,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let looking = async {
            let mut looks = tokio::time::interval(LOOK);
            loop {
                looks.tick().await;
                let page = self.get(path, token).await;
                match page["items"].as_array() {
                    Some(items) if wanted(items) => return items.clone(),
                    _ => {}
                }
            }
        };
        let looked = tokio::time::timeout(PATIENCE, looking).await;
        looked.unwrap_or_else(|_| panic!("{path} never becomes as wanted"))
    }
}

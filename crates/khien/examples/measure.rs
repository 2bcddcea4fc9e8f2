//! `make bench` runs this: what a hub costs and how long its pages take, with the demo's data.
//!
//! It starts the binary beside it (the one that was built last), lets the replay tell its six
//! stories, signs in as each reader and asks for every page fifty times, each on its own connection.
//! Times are the server's: from the request written to the last byte read, on loopback.

#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often each page is asked for.
const ROUNDS: usize = 50;
/// How long the replay gets to raise its six signals.
const STORIES_MAX: Duration = Duration::from_secs(120);
/// What each reader looks at.
const PAGES: &[(&str, &[&str])] = &[
    ("duty_officer", &["/", "/signals", "/incidents", "/tasks", "/units", "/assets-register"]),
    ("unit_officer", &["/", "/report", "/tasks", "/inbox"]),
    ("auditor", &["/journal"]),
    ("analyst", &["/rules"]),
    ("administrator", &["/people", "/sources"]),
];

fn main() -> Result<()> {
    let binary = binary()?;
    let size = fs::metadata(&binary)?.len();
    println!("binary            {:>8.1} MiB", size as f64 / 1_048_576.0);
    let mut demo = Demo::start(&binary)?;
    println!("RSS, listening    {:>8.1} MiB", demo.rss_mib()?);
    demo.wait_for_stories()?;
    println!("RSS, 6 stories on {:>8.1} MiB", demo.rss_mib()?);
    println!("\n{:<16} {:<18} {:>9} {:>9} {:>9}", "reader", "page", "p50 ms", "p95 ms", "bytes");
    for (role, pages) in PAGES {
        let token = demo.token(role)?;
        for page in *pages {
            let (p50, p95, bytes) = time(&demo.address, page, &token)?;
            println!("{role:<16} {page:<18} {p50:>9.2} {p95:>9.2} {bytes:>9}");
        }
    }
    Ok(())
}

/// The binary of the same profile as this example.
fn binary() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|examples| examples.parent()).ok_or("no target folder")?;
    Ok(folder.join("khien"))
}

/// A running demo, ended with this value.
struct Demo {
    child: Child,
    address: String,
    users: BTreeMap<String, (String, String)>,
}

impl Demo {
    fn start(binary: &PathBuf) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["demo", "--json", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        let said: serde_json::Value = serde_json::from_str(&line)?;
        let url = said["url"].as_str().ok_or("no url")?;
        let mut users = BTreeMap::new();
        for user in said["users"].as_array().into_iter().flatten() {
            let text = |key: &str| user[key].as_str().unwrap_or_default().to_owned();
            users.entry(text("role")).or_insert((text("login"), text("password")));
        }
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Ok(Self { child, address, users })
    }

    fn rss_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
        Ok(kib / 1024.0)
    }

    fn token(&self, role: &str) -> Result<String> {
        let (login, password) = self.users.get(role).ok_or(format!("no {role} in the demo"))?;
        let body = serde_json::json!({ "login": login, "password": password }).to_string();
        let request = format!(
            "POST /api/v1/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let answer: serde_json::Value = serde_json::from_slice(&ask(&self.address, &request)?)?;
        Ok(answer["token"].as_str().ok_or(format!("{role} cannot sign in: {answer}"))?.to_owned())
    }

    fn wait_for_stories(&mut self) -> Result<()> {
        let token = self.token("duty_officer")?;
        let began = Instant::now();
        loop {
            let body = ask(&self.address, &get(&self.address, "/api/v1/signals", &token))?;
            let list: serde_json::Value = serde_json::from_slice(&body)?;
            if list["total"].as_i64() >= Some(6) {
                println!("six signals after {:>8.1} s", began.elapsed().as_secs_f64());
                return Ok(());
            }
            if began.elapsed() > STORIES_MAX {
                return Err(format!("only {} signals", list["total"]).into());
            }
            // A pause between two questions, as a reader would make.
            std::thread::park_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: &str, page: &str, token: &str) -> String {
    format!(
        "GET {page} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Accept: text/html\r\nConnection: close\r\n\r\n"
    )
}

/// Sends one request on its own connection and returns the body.
fn ask(address: &str, request: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or("no end of the head")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    if !head.starts_with("HTTP/1.1 200") {
        return Err(head.lines().next().unwrap_or_default().to_owned().into());
    }
    let body = answer.split_off(end + 4);
    Ok(if head.to_lowercase().contains("transfer-encoding: chunked") {
        joined(&body)
    } else {
        body
    })
}

/// Joins the chunks of a body.
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let size = String::from_utf8_lossy(&body[..end]).into_owned();
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let chunk = &body[end + 2..];
        if size == 0 || chunk.len() < size + 2 {
            break;
        }
        whole.extend_from_slice(&chunk[..size]);
        body = &chunk[size + 2..];
    }
    whole
}

/// Returns median, 95th percentile (ms) and size of a page.
fn time(address: &str, page: &str, token: &str) -> Result<(f64, f64, usize)> {
    let request = get(address, page, token);
    let mut times = Vec::with_capacity(ROUNDS);
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        bytes = ask(address, &request)?.len();
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[ROUNDS / 2], times[ROUNDS * 95 / 100], bytes))
}

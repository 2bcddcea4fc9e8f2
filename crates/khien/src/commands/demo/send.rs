//! Sends the replay through the doors in real time, as the machines of a province would.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use khien_hub::app::App;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, MissedTickBehavior};

use crate::demo::{self, Door, Line};

/// Lines that are due are sent together this often.
const TICK: Duration = Duration::from_millis(200);
/// How long a door may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Where to knock.
pub(super) struct Doors {
    pub(super) http: SocketAddr,
    pub(super) token: String,
    pub(super) tcp: SocketAddr,
    pub(super) udp: SocketAddr,
}

/// Sends until the hub stops. What a door does not take is lost and told; the next lines try it
/// again.
pub(super) async fn replay(app: App, doors: Doors, seed: u64) {
    let start_us = app.now();
    let began = Instant::now();
    let mut lines = demo::replay(seed, start_us).peekable();
    let mut sender = Sender::new(doors, start_us);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let passed = began.elapsed().as_millis();
        let mut due = Vec::new();
        while let Some(line) = lines.next_if(|line| u128::from(line.after_ms) <= passed) {
            due.push(line);
        }
        if let Err(error) = sender.send(&due).await {
            tracing::warn!(error = format!("{error:#}"), "lines of the replay were not taken");
        }
    }
}

struct Sender {
    doors: Doors,
    client: Client<HttpConnector, Full<Bytes>>,
    tcp: Option<TcpStream>,
    udp: Option<UdpSocket>,
    /// One run of the replay is one epoch of its source.
    epoch: i64,
    sequence: u64,
}

impl Sender {
    fn new(doors: Doors, epoch: i64) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { doors, client, tcp: None, udp: None, epoch, sequence: 0 }
    }

    /// Every door gets its lines, whatever becomes of the others.
    async fn send(&mut self, lines: &[Line]) -> Result<()> {
        let of = |wanted: fn(&Door) -> bool| lines.iter().filter(move |line| wanted(&line.door));
        let tcp = self.send_tcp(of(|door| *door == Door::SyslogTcp)).await;
        let udp = self.send_udp(of(|door| *door == Door::SyslogUdp)).await;
        let http = self.send_http(of(|door| matches!(door, Door::Http { .. }))).await;
        tcp.context("syslog TCP").and(udp.context("syslog UDP")).and(http.context("HTTP"))
    }

    async fn send_tcp(&mut self, lines: impl Iterator<Item = &Line>) -> Result<()> {
        let mut framed = Vec::new();
        for line in lines {
            framed.extend_from_slice(format!("{} ", line.bytes.len()).as_bytes());
            framed.extend_from_slice(&line.bytes);
        }
        if framed.is_empty() {
            return Ok(());
        }
        let mut stream = match self.tcp.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.doors.tcp).await?,
        };
        tokio::time::timeout(ANSWER_WAIT, stream.write_all(&framed)).await??;
        self.tcp = Some(stream);
        Ok(())
    }

    async fn send_udp(&mut self, lines: impl Iterator<Item = &Line>) -> Result<()> {
        for line in lines {
            let socket = match &self.udp {
                Some(socket) => socket,
                None => self.udp.insert(UdpSocket::bind(("127.0.0.1", 0)).await?),
            };
            socket.send_to(&line.bytes, self.doors.udp).await?;
        }
        Ok(())
    }

    /// One numbered post per content type and format.
    async fn send_http(&mut self, lines: impl Iterator<Item = &Line>) -> Result<()> {
        let mut bodies: Vec<((&str, &str), Vec<u8>)> = Vec::new();
        for line in lines {
            let Door::Http { content_type, format, .. } = line.door else { continue };
            let kind = (content_type, format);
            let place = match bodies.iter().position(|(known, _)| *known == kind) {
                Some(place) => place,
                None => {
                    bodies.push((kind, Vec::new()));
                    bodies.len() - 1
                }
            };
            bodies[place].1.extend_from_slice(&line.bytes);
            bodies[place].1.push(b'\n');
        }
        for ((content_type, format), body) in bodies {
            self.post(content_type, format, body).await?;
        }
        Ok(())
    }

    async fn post(&mut self, content_type: &str, format: &str, body: Vec<u8>) -> Result<()> {
        self.sequence += 1;
        let door = format!("http://{}/ingest/v1/events?format={format}", self.doors.http);
        let request = Request::post(door)
            .header("Authorization", format!("Bearer {}", self.doors.token))
            .header("Content-Type", content_type)
            .header("Khien-Epoch", self.epoch)
            .header("Khien-Seq", self.sequence)
            .body(Full::new(Bytes::from(body)))?;
        let answer = tokio::time::timeout(ANSWER_WAIT, self.client.request(request)).await??;
        ensure!(answer.status().is_success(), "the door answered {}", answer.status());
        Ok(())
    }
}

//! The syslog doors. A sender is known by its address; a stranger is counted and not taken.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use khien_domain::id::SourceId;
use khien_event::syslog::frame::{Framer, MESSAGE_BYTES_MAX, one_line};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::{Doors, Intake};
use crate::app::App;
use crate::listen::NoListener;

/// Connections open at the same time, all senders together.
const CONNECTIONS_MAX: usize = 1024;
/// Connections of one address.
const CONNECTIONS_PER_ADDRESS_MAX: u32 = 64;
/// A connection that says nothing for so long is closed.
const IDLE: Duration = Duration::from_secs(3600);
/// What is read from a connection at once.
const READ_BYTES: usize = 64 << 10;
/// Memory asked of the kernel for datagrams that wait to be read.
const UDP_BUFFER_BYTES: usize = 4 << 20;
/// Pause after a failed accept (no descriptors left), so that the door does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens the configured syslog doors.
pub(super) async fn open(app: &App, intake: &Arc<Intake>) -> anyhow::Result<Doors> {
    let mut doors = Doors::default();
    if let Some(address) = app.config.syslog.udp {
        let socket = bind_udp(address).map_err(NoListener::at("syslog.udp", address));
        let socket = socket.context("opening syslog over UDP")?;
        doors.udp = Some(socket.local_addr()?);
        intake.tasks.spawn(datagrams(app.clone(), Arc::clone(intake), socket));
    }
    if let Some(address) = app.config.syslog.tcp {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(NoListener::at("syslog.tcp", address));
        let listener = listener.context("opening syslog over TCP")?;
        doors.tcp = Some(listener.local_addr()?);
        intake.tasks.spawn(connections(app.clone(), Arc::clone(intake), listener));
    }
    Ok(doors)
}

fn bind_udp(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
    // The kernel grants what its limit allows; less is no reason to stay closed.
    let _ = socket.set_recv_buffer_size(UDP_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

async fn datagrams(app: App, intake: Arc<Intake>, socket: UdpSocket) {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let received = tokio::select! {
            () = intake.stop.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        match received {
            Ok((bytes, sender)) => datagram(&app, &intake, &buffer[..bytes], sender.ip()),
            Err(error) => {
                tracing::warn!(%error, "a datagram could not be read");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn datagram(app: &App, intake: &Arc<Intake>, message: &[u8], sender: IpAddr) {
    let Some(source) = intake.senders.find(sender) else {
        return intake.tally.stranger(sender.to_canonical(), app.now());
    };
    let mut line = one_line(message).into_owned();
    if line.is_empty() {
        return;
    }
    line.push(b'\n');
    if !intake.lanes.of(app, intake, source).try_put(line) {
        intake.tally.lost(source, 1);
    }
}

async fn connections(app: App, intake: Arc<Intake>, listener: TcpListener) {
    let guests = Guests::default();
    loop {
        let accepted = tokio::select! {
            () = intake.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, sender) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a syslog connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let address = sender.ip().to_canonical();
        if intake.senders.find(address).is_none() {
            // Closed at once: the sender keeps its lines and comes back when it is known.
            intake.tally.stranger(address, app.now());
            continue;
        }
        match guests.admit(address) {
            Some(guest) => {
                intake.tasks.spawn(converse(app.clone(), Arc::clone(&intake), stream, guest));
            }
            None => tracing::warn!(%address, "too many syslog connections; one was closed"),
        }
    }
}

/// Reads one connection to its end.
async fn converse(app: App, intake: Arc<Intake>, mut stream: TcpStream, guest: Guest) {
    let mut framer = Framer::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut last_source = None;
    loop {
        let read = tokio::select! {
            () = intake.stop.cancelled() => break,
            read = timeout(IDLE, stream.read(&mut buffer)) => read,
        };
        let Ok(Ok(bytes @ 1..)) = read else { break };
        // Asked anew each time: a source that was disabled is heard no further.
        let Some(source) = intake.senders.find(guest.address) else {
            return intake.tally.stranger(guest.address, app.now());
        };
        last_source = Some(source);
        let mut lines = Vec::new();
        framer.push(&buffer[..bytes], &mut |message| push_line(&mut lines, message));
        if framer.take_problem().is_some() {
            intake.tally.cut(source);
        }
        hand_over(&app, &intake, source, lines).await;
    }
    if let Some(source) = last_source {
        let mut lines = Vec::new();
        if framer.finish(&mut |message| push_line(&mut lines, message)).is_some() {
            intake.tally.cut(source);
        }
        hand_over(&app, &intake, source, lines).await;
    }
}

fn push_line(lines: &mut Vec<u8>, message: &[u8]) {
    if !message.is_empty() {
        lines.extend_from_slice(message);
        lines.push(b'\n');
    }
}

async fn hand_over(app: &App, intake: &Arc<Intake>, source: SourceId, lines: Vec<u8>) {
    if lines.is_empty() {
        return;
    }
    let lane = intake.lanes.of(app, intake, source);
    tokio::select! {
        () = lane.put(lines) => {}
        // A log that stays full must not hold the hub open.
        () = intake.stop.cancelled() => {}
    }
}

/// Who is connected.
#[derive(Debug)]
struct Guests {
    seats: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// A connection that was let in; it gives its seat back when it is dropped.
#[derive(Debug)]
struct Guest {
    address: IpAddr,
    by_address: Arc<Mutex<HashMap<IpAddr, u32>>>,
    _seat: OwnedSemaphorePermit,
}

impl Default for Guests {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(CONNECTIONS_MAX)), by_address: Arc::default() }
    }
}

impl Guests {
    fn admit(&self, address: IpAddr) -> Option<Guest> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        Some(Guest { address, by_address: Arc::clone(&self.by_address), _seat: seat })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_only_its_share_of_the_seats_and_gives_them_back() {
        let guests = Guests::default();
        let one = IpAddr::from([10, 0, 0, 1]);
        let held: Vec<_> = (0..CONNECTIONS_PER_ADDRESS_MAX).map(|_| guests.admit(one)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(guests.admit(one).is_none());
        assert!(guests.admit(IpAddr::from([10, 0, 0, 2])).is_some());
        drop(held);
        assert!(guests.admit(one).is_some());
        assert!(guests.by_address.lock().expect("no panic").is_empty());
    }
}

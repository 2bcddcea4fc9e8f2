//! `GET /stream`: the live link of every page (the client is `web/src/js/stream.js`).
//!
//! It carries no content: `beat` tells the server's time, `queue` that something which this
//! person may see has changed, `inbox` how many messages are unread. What may be seen is asked of
//! the visibility rule for each change, so that even the timing of an event tells nothing of what
//! is hidden. A stream does not keep its session alive, and ends with it.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::Event;
use khien_domain::id::{MatterId, PersonId, SignalId, TaskId};
use khien_store::Conn;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use crate::access::session;
use crate::app::{App, Nudge};
use crate::fault::Fault;
use crate::web::view::{Member, View};
use crate::{inbox, incident, signal, task};

/// How often the server tells its time and looks whether the session still stands.
const BEAT: Duration = Duration::from_secs(15);
/// At most one `queue` in this time.
const PAUSE: Duration = Duration::from_secs(1);
/// Streams of one person at a time: more pages than anybody reads.
const STREAMS_OF_PERSON_MAX: usize = 12;
/// Changes that wait to be looked at; with more, the page is told to look for itself.
const CHANGES_MAX: usize = 256;
/// Events that a slow line may fall behind before the stream waits for it.
const EVENTS_WAITING_MAX: usize = 8;
/// When to come back after too many streams.
const RETRY_SECONDS: u64 = 60;

static SEATS: Mutex<BTreeMap<PersonId, usize>> = Mutex::new(BTreeMap::new());

/// One of the streams that a person may hold; free again when dropped.
struct Seat(PersonId);

impl Seat {
    fn take(person: PersonId) -> Result<Self, Fault> {
        let mut seats = SEATS.lock().unwrap_or_else(|broken| broken.into_inner());
        let held = seats.entry(person).or_default();
        if *held >= STREAMS_OF_PERSON_MAX {
            return Err(Fault::TooMany(RETRY_SECONDS));
        }
        *held += 1;
        Ok(Self(person))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = SEATS.lock().unwrap_or_else(|broken| broken.into_inner());
        if let Some(held) = seats.get_mut(&self.0) {
            *held -= 1;
            if *held == 0 {
                seats.remove(&self.0);
            }
        }
    }
}

/// `GET /stream`.
pub async fn open(
    State(app): State<App>,
    view: View,
    member: Member,
) -> Result<Sse<ReceiverStream<Result<Event, Infallible>>>, Fault> {
    let seat = Seat::take(member.person.id)?;
    let (events, receiver) = mpsc::channel(EVENTS_WAITING_MAX);
    let follower = Follower {
        nudges: app.listen(),
        app,
        person: member.person.id,
        session: member.session.clone(),
        events,
        changes: BTreeSet::new(),
        missed: false,
        mail: false,
        told_unread: view.unread,
        _seat: seat,
    };
    tokio::spawn(follower.follow());
    Ok(Sse::new(ReceiverStream::new(receiver)))
}

/// Something that has changed and may concern the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Signal(Uuid),
    Matter(Uuid),
    Task(Uuid),
}

/// Follows what changes on behalf of one open page.
struct Follower {
    app: App,
    person: PersonId,
    session: Vec<u8>,
    nudges: broadcast::Receiver<Nudge>,
    events: mpsc::Sender<Result<Event, Infallible>>,
    changes: BTreeSet<Change>,
    /// Whether changes were lost, so that the page must look for itself.
    missed: bool,
    /// Whether somebody received a message.
    mail: bool,
    /// How many unread messages the page was told of.
    told_unread: i64,
    _seat: Seat,
}

/// Why a stream ends: the page is gone, the session has ended, the hub stops, or the store failed.
struct Ended;

impl Follower {
    async fn follow(mut self) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look_at = Instant::now();
        let stop = self.app.stop.clone();
        loop {
            let wants_look = self.missed || self.mail || !self.changes.is_empty();
            let gone = self.events.clone();
            let step = tokio::select! {
                _ = beat.tick() => self.beat().await,
                nudge = self.nudges.recv() => self.note(nudge),
                () = sleep_until(look_at), if wants_look => {
                    look_at = Instant::now() + PAUSE;
                    self.look().await
                }
                () = gone.closed() => Err(Ended),
                () = stop.cancelled() => Err(Ended),
            };
            if step.is_err() {
                return;
            }
        }
    }

    async fn send(&self, name: &str, data: String) -> Result<(), Ended> {
        let event = Event::default().event(name).data(data);
        self.events.send(Ok(event)).await.map_err(|_| Ended)
    }

    /// Refuses to say anything once the session has ended or was revoked.
    async fn session_stands(&self) -> Result<(), Ended> {
        match session::stands(&self.app, &self.session).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Ended),
        }
    }

    async fn beat(&self) -> Result<(), Ended> {
        self.session_stands().await?;
        self.send("beat", self.app.now().to_string()).await
    }

    fn note(&mut self, nudge: Result<Nudge, RecvError>) -> Result<(), Ended> {
        let change = match nudge {
            Ok(Nudge::Inbox) => {
                self.mail = true;
                return Ok(());
            }
            Ok(Nudge::Signal(id)) => Change::Signal(id),
            Ok(Nudge::Matter(id)) => Change::Matter(id),
            Ok(Nudge::Task(id)) => Change::Task(id),
            Err(RecvError::Lagged(_)) => {
                self.missed = true;
                return Ok(());
            }
            Err(RecvError::Closed) => return Err(Ended),
        };
        if self.changes.len() < CHANGES_MAX {
            self.changes.insert(change);
        } else {
            self.missed = true;
        }
        Ok(())
    }

    /// Tells how many messages are unread, when the page was told of another number.
    async fn count_mail(&mut self) -> Result<(), Ended> {
        let mut conn = self.app.db.read().await.map_err(|_| Ended)?;
        let unread = inbox::unread(&mut conn, self.person).await.map_err(|_| Ended)?;
        drop(conn);
        if unread == self.told_unread {
            return Ok(());
        }
        self.told_unread = unread;
        self.send("inbox", unread.to_string()).await
    }

    /// Tells the page to look, if it may see anything of what has changed.
    async fn look(&mut self) -> Result<(), Ended> {
        self.session_stands().await?;
        if std::mem::take(&mut self.mail) {
            self.count_mail().await?;
        }
        let changes = std::mem::take(&mut self.changes);
        let missed = std::mem::take(&mut self.missed);
        if missed || self.sees_any(changes).await.map_err(|_| Ended)? {
            self.send("queue", String::new()).await?;
        }
        Ok(())
    }

    async fn sees_any(&self, changes: BTreeSet<Change>) -> Result<bool, Fault> {
        let mut conn = self.app.db.read().await?;
        for change in changes {
            if sees(&mut conn, self.person, change).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn sees(conn: &mut Conn, person: PersonId, change: Change) -> Result<bool, Fault> {
    Ok(match change {
        Change::Signal(id) => signal::store::find(conn, person, SignalId::new(id)).await?.is_some(),
        Change::Matter(id) => {
            incident::store::find(conn, person, MatterId::new(id)).await?.is_some()
        }
        Change::Task(id) => task::store::find(conn, person, TaskId::new(id)).await?.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_holds_a_bounded_number_of_streams() {
        let person = PersonId::new(Uuid::from_u128(77));
        let held: Vec<_> = (0..STREAMS_OF_PERSON_MAX).map(|_| Seat::take(person)).collect();
        assert!(held.iter().all(Result::is_ok));
        assert!(matches!(Seat::take(person), Err(Fault::TooMany(_))));
        drop(held);
        assert!(Seat::take(person).is_ok());
    }
}

//! What a running hub holds, and the one way in which a slice commits a change.

use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use khien_domain::fact::Fact;
use khien_store::blob::Blobs;
use khien_store::{Committed, Db, NewFact, Unjournaled, Write};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::password::Hasher;
use crate::access::throttle::Throttle;
use crate::clock::Clock;
use crate::config::Config;
use crate::detection::Loaded;
use crate::evidence::download::Downloads;
use crate::fault::Fault;
use crate::intake::Intake;
use crate::{folder, wiring};

/// How many nudges a slow live page may fall behind before it is told to load anew.
const NUDGES_KEPT: usize = 256;

/// Something changed that a live page may want to show; it carries ids only, never content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nudge {
    /// A signal was received or changed.
    Signal(Uuid),
    /// A matter was opened or moved.
    Matter(Uuid),
    /// A task was sent or moved.
    Task(Uuid),
    /// Somebody received a message: every page counts its own.
    Inbox,
}

/// The running hub. Cloning is cheap: every clone is the same hub.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// The parts of a hub; see [`App`].
pub struct Inner {
    /// The state store.
    pub db: Db,
    /// The evidence files.
    pub blobs: Blobs,
    /// What the operator set.
    pub config: Config,
    /// The one place that knows what time it is.
    pub clock: Clock,
    /// Password hashing with a bounded number of parallel runs.
    pub hasher: Hasher,
    /// How often a log-in may be tried.
    pub throttle: Throttle,
    /// Which files of evidence are on their way to a reader.
    pub downloads: Downloads,
    /// Cancelled when the hub stops: whatever runs for long ends with it.
    pub stop: CancellationToken,
    nudges: broadcast::Sender<Nudge>,
    intake: OnceLock<Arc<Intake>>,
    rules: RwLock<Arc<Loaded>>,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Opens the data folder (or the configured PostgreSQL), migrates it and returns the hub.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or when a newer Khiên wrote the database.
    pub async fn open(config: Config, clock: Clock) -> anyhow::Result<Self> {
        use anyhow::Context as _;
        let data = config.data.clone();
        for folder in ["", "intake", "blobs", "keys"] {
            let path = data.join(folder);
            folder::make_private(&path)
                .with_context(|| format!("making the folder {}", path.display()))?;
        }
        let db = match &config.database.url {
            Some(url) => Db::open_pg(url).await.context("opening PostgreSQL")?,
            None => Db::open_lite(&data.join("state.db")).await.context("opening state.db")?,
        };
        Self::with_db(config, clock, db).await
    }

    /// As [`App::open`], on a database that is open already (tests bring their own).
    ///
    /// # Errors
    /// When the schema cannot be brought up to date.
    pub async fn with_db(config: Config, clock: Clock, db: Db) -> anyhow::Result<Self> {
        db.migrate(&crate::migrations::ALL).await?;
        let blobs = Blobs::open(&config.data)?;
        let (nudges, _) = broadcast::channel(NUDGES_KEPT);
        let hasher = Hasher::new(config.access.hash_cost)?;
        let throttle = Throttle::new();
        Ok(Self(Arc::new(Inner {
            db,
            blobs,
            config,
            clock,
            hasher,
            throttle,
            downloads: Downloads::default(),
            stop: CancellationToken::new(),
            nudges,
            intake: OnceLock::new(),
            rules: RwLock::default(),
        })))
    }

    /// Returns the time in µs since 1970, UTC.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Returns a new time-ordered id (UUIDv7).
    pub fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// Adds facts to a change; they are dispatched once it is committed.
    pub fn tell(&self, write: &mut Write, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            let body = serde_json::to_value(&fact).unwrap_or_default();
            write.announce(NewFact { id: self.new_id(), at: self.now(), kind: fact.kind(), body });
        }
    }

    /// Returns the folder that holds everything this hub keeps.
    pub fn data(&self) -> &Path {
        &self.config.data
    }

    /// Returns the doors for events, once `serve` has opened them.
    pub fn intake(&self) -> Option<&Arc<Intake>> {
        self.intake.get()
    }

    /// Keeps the doors that were opened; a hub has them once.
    pub(crate) fn set_intake(&self, intake: Arc<Intake>) -> anyhow::Result<Arc<Intake>> {
        let open = self.intake.set(Arc::clone(&intake));
        open.map_err(|_| anyhow::anyhow!("the doors for events are open already"))?;
        Ok(intake)
    }

    /// Returns which rules are at work; none before detection has started.
    pub fn rules(&self) -> Arc<Loaded> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what was loaded, in place of what was before.
    pub(crate) fn set_rules(&self, rules: Loaded) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// Commits a change and attempts its reactions at once, so that an officer who presses a
    /// button finds the result on the next page. What cannot be done now is taken up again by
    /// the dispatcher.
    ///
    /// # Errors
    /// When the transaction cannot be committed; a reaction that fails is no error of the change.
    pub async fn commit(&self, write: Write) -> Result<Committed, Fault> {
        let committed = write.commit().await?;
        wiring::attempt(self, &committed.facts).await;
        Ok(committed)
    }

    /// Commits what needs no journal line, for one of the few legal reasons.
    ///
    /// # Errors
    /// When the transaction cannot be committed.
    pub async fn commit_unjournaled(&self, write: Write, why: Unjournaled) -> Result<(), Fault> {
        write.commit_unjournaled(why).await?;
        Ok(())
    }

    /// Tells every live page that something changed.
    pub fn nudge(&self, nudge: Nudge) {
        // No receiver is no fault: nobody is looking.
        let _ = self.nudges.send(nudge);
    }

    /// Returns a stream of what changes from now on.
    pub fn listen(&self) -> broadcast::Receiver<Nudge> {
        self.nudges.subscribe()
    }
}

//! A whole hub in the process of the test: its own folder and database, a clock that the test
//! holds, and a small province of people who may each do something else.
//!
//! ```text
//! let app = TestApp::new().await;
//! let duty = app.as_("truc.ban").await;
//! duty.get("/signals").await.ok().sees("Tín hiệu");
//! ```

mod client;
pub(crate) mod doors;
pub(crate) mod listen;
pub(crate) mod source;
mod story;
mod world;

use axum::Router;
use khien_hub::access::session::{self, Kind};
use khien_hub::app::App;
use khien_hub::clock::Clock;
use khien_hub::config::{Config, HashCost};
use khien_hub::router;
use khien_hub::web::view::View;
use khien_store::testing::Postgres;
use khien_store::{NewEntry, Write};
use tempfile::TempDir;

pub(crate) use client::{Client, Reply};
pub(crate) use story::id_in;
pub(crate) use world::{World, insert_grant, insert_person, password};

/// Where a test keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Lite,
    Pg,
}

impl Engine {
    pub(crate) const BOTH: [Self; 2] = [Self::Lite, Self::Pg];
}

/// A hub with its province.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) world: World,
    router: Router,
    _folder: TempDir,
}

impl std::ops::Deref for TestApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl TestApp {
    /// Returns a hub on SQLite.
    pub(crate) async fn new() -> Self {
        Self::on(Engine::Lite).await.expect("SQLite is always there")
    }

    /// Returns a hub on an engine; nothing where the machine has no PostgreSQL, which the store's
    /// test kit says loudly.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        Self::with(engine, |_| ()).await
    }

    /// As [`TestApp::on`], with other settings.
    pub(crate) async fn with(engine: Engine, set: impl FnOnce(&mut Config)) -> Option<Self> {
        let (app, folder) = open(engine, set).await?;
        let world = World::settle(&app).await;
        Some(Self { router: router::router(app.clone()), app, world, _folder: folder })
    }

    /// Returns the same folder and database opened by a new process: what a restart finds.
    pub(crate) async fn restarted(self) -> Self {
        let Self { app, world, router, _folder } = self;
        let (config, now) = (app.config.clone(), app.now());
        app.db.close().await;
        drop((router, app));
        let app = App::open(config, Clock::held(now)).await.unwrap();
        Self { router: router::router(app.clone()), app, world, _folder }
    }

    /// Returns a client that nobody is signed in at.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// Returns a client with a session of that account, without the log-in page.
    pub(crate) async fn as_(&self, login: &str) -> Client {
        let person = self.world.person(login);
        let view = View { address: "127.0.0.1".to_owned(), ..View::default() };
        let write = self.db.write().await.unwrap();
        let token = session::open(&self.app, write, person, Kind::Web, &view).await.unwrap();
        Client::new(self.router.clone(), Some(token))
    }

    /// Adds the journal line without which the store takes no change.
    pub(crate) fn record(&self, write: &mut Write, action: &'static str, subject: String) {
        let body = serde_json::json!({});
        write.record(NewEntry { at: self.now(), actor: "test".to_owned(), action, subject, body });
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.advance(seconds * 1_000_000);
    }
}

/// Opens a hub in which nobody and nothing stands yet; its folder lasts as long as the guard.
pub(crate) async fn open(engine: Engine, set: impl FnOnce(&mut Config)) -> Option<(App, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config { data: folder.path().join("data"), ..Config::default() };
    config.access.hash_cost = HashCost::Least;
    config.http.province = "Tỉnh Thử Nghiệm".to_owned();
    if engine == Engine::Pg {
        config.database.url = Some(Postgres::start()?.fresh_url().await);
    }
    set(&mut config);
    let app = App::open(config, Clock::held(world::morning())).await.unwrap();
    Some((app, folder))
}

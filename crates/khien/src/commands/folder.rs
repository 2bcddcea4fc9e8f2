//! Working on a data folder while no hub runs on it.

use anyhow::Result;
use khien_hub::access::people;
use khien_hub::app::App;
use khien_hub::clock::Clock;
use khien_hub::fault::Fault;
use khien_hub::folder;
use khien_hub::web::view::{Caller, View};

use super::place::{self, Place};
use crate::Exit;
use crate::talk::say;

/// Opens the folder for this process alone and does `work` on it; says in the user's language why
/// it cannot be opened.
pub(super) fn with_app(
    place: &Place,
    view: &View,
    work: impl AsyncFnOnce(&App) -> Result<Exit>,
) -> Result<Exit> {
    let config = match place.load() {
        Ok(config) => config,
        Err(error) => {
            say(&place::config_refused(view.lang, &error));
            return Ok(Exit::Usage);
        }
    };
    super::runtime()?.block_on(async {
        let held = folder::hold(&config.data).map_err(anyhow::Error::from);
        let opened = match held {
            Ok(held) => App::open(config, Clock::System).await.map(|app| (held, app)),
            Err(error) => Err(error),
        };
        match opened {
            Ok((_held, app)) => {
                let exit = work(&app).await;
                app.db.close().await;
                exit
            }
            Err(error) => match place::open_refused(view.lang, &error) {
                Some(text) => {
                    say(&text);
                    Ok(Exit::Failure)
                }
                None => Err(error),
            },
        }
    })
}

/// Returns the account in whose name the command acts, or says why there is none.
pub(super) async fn acting(app: &App, view: &View, login: Option<&str>) -> Result<Option<Caller>> {
    match people::acting(app, login).await {
        Ok(caller) => Ok(Some(caller)),
        Err(Fault::NotFound) => {
            say(&view.t("import-no-administrator"));
            Ok(None)
        }
        Err(fault) => {
            say(&fault.sentence(view));
            Ok(None)
        }
    }
}

//! Which hub a command is about: its configuration and its data folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;
use khien_hub::config::{Config, ConfigError};
use khien_hub::folder::FolderError;
use khien_hub::listen::NoListener;
use khien_hub::web::i18n::{Arg, Lang};
use khien_store::{Db, StoreError};

use crate::Exit;
use crate::talk::say;

/// `--config` and `--data`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// Configuration file (khien.toml)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data folder; goes before what the configuration says
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl Place {
    /// Returns the configuration: file, environment, then `--data`.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        Ok(config)
    }
}

/// Opens the state database of a hub, running or not, without changing its schema; nothing when
/// there is none yet.
pub(crate) async fn open_existing(config: &Config) -> Result<Option<Db>, StoreError> {
    let file = config.data.join("state.db");
    match &config.database.url {
        Some(url) => Db::open_pg(url).await.map(Some),
        None if !file.exists() => Ok(None),
        None => Db::open_lite(&file).await.map(Some),
    }
}

/// Returns in the user's language why a configuration is refused.
pub(crate) fn config_refused(lang: Lang, error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable(why) => {
            lang.ta("cli-config-unreadable", &[("why", Arg::Text(&why.to_string()))])
        }
        ConfigError::OpenListener(address) => {
            lang.ta("cli-config-open-listener", &[("address", Arg::Text(&address.to_string()))])
        }
        ConfigError::WeakHash => lang.t("cli-config-weak-hash"),
    }
}

/// Returns how a hub's run ended; what a person can do something about is said in their language.
pub(crate) fn outcome(lang: Lang, ended: Result<()>) -> Result<Exit> {
    let Err(error) = ended else { return Ok(Exit::Nothing) };
    let text = open_refused(lang, &error).ok_or(error)?;
    say(&text);
    Ok(Exit::Failure)
}

/// Returns in the user's language why a hub cannot be opened, for the reasons that a person can
/// do something about.
pub(crate) fn open_refused(lang: Lang, error: &anyhow::Error) -> Option<String> {
    let path = |path: &Path| path.display().to_string();
    if let Some(error) = error.downcast_ref::<FolderError>() {
        return Some(match error {
            FolderError::InUse(data) => {
                lang.ta("cli-folder-in-use", &[("path", Arg::Text(&path(data)))])
            }
            FolderError::Unusable { path: at, source } => lang.ta(
                "cli-folder-unusable",
                &[("path", Arg::Text(&path(at))), ("why", Arg::Text(&source.to_string()))],
            ),
        });
    }
    if let Some(NoListener { setting, address, source }) = error.downcast_ref::<NoListener>() {
        let taken = source.kind() == ErrorKind::AddrInUse;
        let key = if taken { "cli-listen-taken" } else { "cli-listen-refused" };
        let (address, why) = (address.to_string(), source.to_string());
        let variable = format!("KHIEN__{}", setting.to_uppercase().replace('.', "__"));
        let args = [
            ("address", Arg::Text(&address)),
            ("setting", Arg::Text(setting)),
            ("variable", Arg::Text(&variable)),
            ("why", Arg::Text(&why)),
        ];
        return Some(lang.ta(key, &args));
    }
    match error.downcast_ref::<StoreError>()? {
        StoreError::NewerSchema { found, known } => Some(lang.ta(
            "cli-folder-newer",
            &[("found", Arg::Number(*found)), ("known", Arg::Number(*known))],
        )),
        _ => None,
    }
}

//! What an operator may set: `khien.toml`, layered with `KHIEN__SECTION__KEY`, then flags.
//!
//! One struct per concern; the defaults run a commune; an unknown key is an error.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The one folder that holds all that the hub keeps.
    pub data: PathBuf,
    /// The listener for officers and machines.
    pub http: Http,
    /// The syslog doors.
    pub syslog: Syslog,
    /// Where the state lives.
    pub database: Database,
    /// Log-in and sessions.
    pub access: Access,
    /// The intake log.
    pub intake: Intake,
    /// Which rules are loaded beside the embedded pack.
    pub detection: Detection,
}

/// The HTTP listener.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub listen: SocketAddr,
    /// Networks of reverse proxies whose `X-Forwarded-*` headers are believed. Needed on a
    /// non-loopback address: without them nobody encrypts the passwords.
    pub trusted_proxies: Vec<IpNet>,
    /// The name shown at the top of every page.
    pub province: String,
    /// The address that officers type, when it is not the listener's own: the proxy's.
    pub public_url: Option<String>,
}

/// The syslog listeners; an absent address is a closed door.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Syslog {
    /// UDP address.
    pub udp: Option<SocketAddr>,
    /// TCP address.
    pub tcp: Option<SocketAddr>,
}

/// The state database.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// A PostgreSQL address; absent: SQLite in the data folder.
    pub url: Option<String>,
}

/// Log-in and sessions.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Minutes without a click until a session ends.
    pub idle_minutes: u32,
    /// Hours until a session ends in any case.
    pub session_hours: u32,
    /// Days that an activation slip is good for.
    pub slip_days: u32,
    /// How hard a password is to guess from its hash.
    pub hash_cost: HashCost,
}

/// The price of one password check.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HashCost {
    /// argon2id, 19 MiB, two passes.
    Standard,
    /// The least that argon2 allows: for tests only, refused outside loopback.
    Least,
}

/// The intake log.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Days that received batches stay readable.
    pub keep_days: u32,
    /// The most disk that the log may take, MiB.
    pub budget_mib: u64,
}

/// Rules and indicators.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Detection {
    /// Folders of Sigma rules beside the embedded pack.
    pub rules: Vec<PathBuf>,
    /// Files of value lists for rules with placeholders: YAML, or `vars` of a pySigma pipeline.
    pub values: Vec<PathBuf>,
    /// Files and folders of indicators of compromise: CSV, lists, STIX bundles, MISP events.
    pub iocs: Vec<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("khien-data"),
            http: Http::default(),
            syslog: Syslog::default(),
            database: Database::default(),
            access: Access::default(),
            intake: Intake::default(),
            detection: Detection::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8800)),
            trusted_proxies: Vec::new(),
            province: String::new(),
            public_url: None,
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self { idle_minutes: 60, session_hours: 12, slip_days: 7, hash_cost: HashCost::Standard }
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self { keep_days: 2, budget_mib: 4096 }
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file or a variable does not say what a hub can use.
    #[error("{0}")]
    Unreadable(#[from] config::ConfigError),
    /// Passwords would cross the network in the clear.
    #[error(
        "http.listen = {0} is not a loopback address: put a TLS proxy in front and name its network in http.trusted_proxies"
    )]
    OpenListener(SocketAddr),
    /// Test settings outside loopback.
    #[error("access.hash_cost = least is for tests on a loopback address only")]
    WeakHash,
}

impl Config {
    /// Reads `file` (when given) and the environment.
    ///
    /// # Errors
    /// When the file is absent or broken, or a key is unknown.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Ok(layers(file)?.try_deserialize()?)
    }

    /// Returns every setting with where its value comes from, in the order of their keys.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn settings(file: Option<&Path>) -> Result<Vec<Setting>, ConfigError> {
        let layers = layers(file)?;
        let config: Self = layers.clone().try_deserialize()?;
        let mut settings = Vec::new();
        let whole = serde_json::to_value(&config).unwrap_or_default();
        list(&whole, String::new(), &mut settings);
        let mut origins = BTreeMap::new();
        find_origins(&layers.cache, String::new(), &mut origins);
        for setting in &mut settings {
            match (origins.remove(&setting.key), file) {
                (None, _) => {}
                (Some(Layer::File), Some(file)) => setting.origin = Origin::File(file.to_owned()),
                (Some(_), _) => setting.origin = Origin::Environment,
            }
        }
        Ok(settings)
    }

    /// Refuses what would put passwords at risk.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let open = !self.http.listen.ip().is_loopback();
        if open && self.http.trusted_proxies.is_empty() {
            return Err(ConfigError::OpenListener(self.http.listen));
        }
        if open && self.access.hash_cost == HashCost::Least {
            return Err(ConfigError::WeakHash);
        }
        Ok(())
    }

    /// Returns whether cookies must travel under TLS only: everywhere but on this machine alone.
    pub fn secure_cookies(&self) -> bool {
        !self.http.listen.ip().is_loopback() || !self.http.trusted_proxies.is_empty()
    }

    /// Returns the address that officers type, without a slash at its end: what printed slips say.
    pub fn address(&self) -> String {
        let listen = || format!("http://{}", self.http.listen);
        let set = self.http.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        set.unwrap_or_else(listen)
    }
}

/// One value and where it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `section.key`.
    pub key: String,
    /// The value as JSON.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The file.
    File(PathBuf),
    /// A variable `KHIEN__SECTION__KEY`.
    Environment,
}

/// Which layer holds a key; defaults are in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    File,
    Environment,
}

/// What the crate `config` calls the origin of a variable.
const ENVIRONMENT: &str = "the environment";
/// Settings that are lists; in a variable their parts stand between commas.
const LISTS: [&str; 4] =
    ["http.trusted_proxies", "detection.rules", "detection.values", "detection.iocs"];

fn layers(file: Option<&Path>) -> Result<config::Config, config::ConfigError> {
    let mut builder = config::Config::builder();
    if let Some(file) = file {
        builder = builder.add_source(config::File::from(file).format(config::FileFormat::Toml));
    }
    let mut environment = config::Environment::with_prefix("KHIEN")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",");
    for list in LISTS {
        environment = environment.with_list_parse_key(list);
    }
    builder.add_source(environment).build()
}

fn list(value: &serde_json::Value, key: String, settings: &mut Vec<Setting>) {
    let serde_json::Value::Object(section) = value else {
        let value = value.to_string();
        return settings.push(Setting { key, value, origin: Origin::Default });
    };
    for (name, value) in section {
        list(value, below(&key, name), settings);
    }
}

fn find_origins(value: &config::Value, key: String, origins: &mut BTreeMap<String, Layer>) {
    if let config::ValueKind::Table(section) = &value.kind {
        for (name, value) in section {
            find_origins(value, below(&key, name), origins);
        }
        return;
    }
    let from_file = value.origin().is_some_and(|origin| origin != ENVIRONMENT);
    origins.insert(key, if from_file { Layer::File } else { Layer::Environment });
}

fn below(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        for text in ["nonsense = 1", "[http]\nlisen = \"127.0.0.1:1\""] {
            let error = Config::load(Some(file(text).path())).unwrap_err().to_string();
            assert!(error.contains("nonsense") || error.contains("lisen"), "{error}");
        }
    }

    #[test]
    fn a_setting_names_where_it_was_set() {
        let file = file("[http]\nprovince = \"Vân Lĩnh\"\n");
        let settings = Config::settings(Some(file.path())).unwrap();
        let find = |key: &str| settings.iter().find(|s| s.key == key).unwrap();
        assert_eq!(find("http.province").value, "\"Vân Lĩnh\"");
        assert!(matches!(find("http.province").origin, Origin::File(_)));
        assert_eq!(find("http.listen").origin, Origin::Default);
        assert_eq!(find("detection.values").value, "[]");
    }

    #[test]
    fn an_open_listener_needs_a_proxy_and_real_hashes() {
        let mut config = Config::default();
        assert!(config.check().is_ok());
        config.http.listen = SocketAddr::from(([0, 0, 0, 0], 8800));
        assert!(matches!(config.check(), Err(ConfigError::OpenListener(_))));
        config.http.trusted_proxies = vec!["10.0.0.1/32".parse().unwrap()];
        assert!(config.check().is_ok() && config.secure_cookies());
        config.access.hash_cost = HashCost::Least;
        assert!(matches!(config.check(), Err(ConfigError::WeakHash)));
    }
}

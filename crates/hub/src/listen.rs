//! What keeps a hub from listening on an address: the one reason for a failed start that a person
//! can name and mend without reading the log.

use std::io;
use std::net::SocketAddr;

/// Nothing can be listened on here.
#[derive(Debug, thiserror::Error)]
#[error("listening on {address} ({setting})")]
pub struct NoListener {
    /// The setting that asks for it, as `khien config show` names it.
    pub setting: &'static str,
    /// Where.
    pub address: SocketAddr,
    /// Why, as the system has it.
    pub source: io::Error,
}

impl NoListener {
    /// Returns what turns the system's answer into this.
    pub fn at(setting: &'static str, address: SocketAddr) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { setting, address, source }
    }
}

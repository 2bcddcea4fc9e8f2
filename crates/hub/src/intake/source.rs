//! Sources: what may knock at a door, by token or by network.

use std::net::IpAddr;

use ipnet::IpNet;
use khien_domain::id::{SourceId, UnitId};
use khien_domain::refusal::{Code, Refusal};
use khien_domain::text;
use khien_store::{NewEntry, Write};
use serde_json::json;

use super::store;
use crate::access::session;
use crate::app::App;
use crate::fault::Fault;

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Networks of one source.
const NETWORKS_MAX: usize = 64;

/// Through which door a source comes, and how it is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// HTTP, by a token.
    Http,
    /// Syslog, by the networks it sends from.
    Syslog(Vec<IpNet>),
}

impl Door {
    /// Returns the stored code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Syslog(_) => "syslog",
        }
    }

    pub(super) fn networks(&self) -> String {
        match self {
            Self::Http => String::new(),
            Self::Syslog(networks) => {
                networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// A source to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// What people call it.
    pub name: String,
    /// Whose it is: its events may speak for this unit and what stands under it.
    pub unit: UnitId,
    /// Its door.
    pub door: Door,
}

/// A source that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its id.
    pub id: SourceId,
    /// Its token, which is nowhere else; `None` at a syslog door.
    pub token: Option<String>,
}

/// Adds a source with its journal line. The caller commits and then calls
/// [`crate::intake::refresh`].
///
/// # Errors
/// [`Fault::Invalid`] when the name is taken or malformed.
pub async fn add(
    app: &App,
    write: &mut Write,
    actor: String,
    new: &NewSource,
) -> Result<Added, Fault> {
    let name = text::line("name", &new.name, NAME_CHARS_MAX).map_err(Fault::Invalid)?;
    if store::named(write, &name).await? {
        return Err(Fault::Invalid(Refusal::new(Code::SourceNameTaken)));
    }
    let id = SourceId::new(app.new_id());
    let token = match new.door {
        Door::Http => Some(session::new_token()?),
        Door::Syslog(_) => None,
    };
    let (token, hash) = token.unzip();
    let row = store::NewRow { id, name: &name, unit: new.unit, door: &new.door, hash };
    store::insert(write, &row, app.now()).await?;
    write.record(NewEntry {
        at: app.now(),
        actor,
        action: "source.add",
        subject: format!("source:{id}"),
        body: json!({ "name": name, "unit": new.unit, "door": new.door.code(),
                      "networks": new.door.networks() }),
    });
    Ok(Added { id, token })
}

/// Reads networks as people type them: by blank, comma or line, a lone address as itself.
///
/// # Errors
/// The refusal names the first that is none.
pub fn networks(typed: &str) -> Result<Vec<IpNet>, Refusal> {
    let parts = typed.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    let networks: Vec<IpNet> =
        parts.filter(|part| !part.is_empty()).map(network).collect::<Result<_, _>>()?;
    if networks.is_empty() || networks.len() > NETWORKS_MAX {
        return Err(Refusal::new(Code::SourceNetworks).arg("max", NETWORKS_MAX));
    }
    Ok(networks)
}

fn network(typed: &str) -> Result<IpNet, Refusal> {
    let address = || typed.parse::<IpAddr>().map(IpNet::from);
    let network = typed.parse::<IpNet>().or_else(|_| address());
    network
        .map(|network| network.trunc())
        .map_err(|_| Refusal::new(Code::SourceNetworkMalformed).arg("network", typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_people_type_them() {
        let read = networks("10.1.2.3/16, 192.0.2.7\n2001:db8::/32").expect("networks");
        let door = Door::Syslog(read);
        assert_eq!(door.networks(), "10.1.0.0/16 192.0.2.7/32 2001:db8::/32");
        assert!(networks("10.0.0.0/33").is_err_and(|r| r.is(Code::SourceNetworkMalformed)));
        assert!(networks("  ").is_err_and(|r| r.is(Code::SourceNetworks)));
        assert!(networks(&"10.0.0.1 ".repeat(65)).is_err_and(|r| r.is(Code::SourceNetworks)));
    }
}

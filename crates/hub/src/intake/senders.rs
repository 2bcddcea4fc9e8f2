//! Who sends syslog: from a network address to its source, by the narrowest network that holds it.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;
use khien_domain::id::SourceId;

use super::{source, store};
use crate::app::App;
use crate::fault::Fault;

/// The networks of all enabled syslog sources, as read last.
#[derive(Debug, Default)]
pub(super) struct Senders {
    networks: RwLock<Arc<[(IpNet, SourceId)]>>,
}

impl Senders {
    /// Reads the networks anew: after a change, and now and then for changes of other nodes.
    pub(super) async fn reload(&self, app: &App) -> Result<(), Fault> {
        let rows = {
            let mut conn = app.db.read().await?;
            store::networks(&mut conn).await?
        };
        let networks = rows.iter().flat_map(|(id, text)| {
            // Stored texts were checked when they were typed; one that is none holds nobody.
            source::networks(text).unwrap_or_default().into_iter().map(|net| (net, *id))
        });
        let networks: Arc<[_]> = networks.collect();
        *self.networks.write().unwrap_or_else(PoisonError::into_inner) = networks;
        Ok(())
    }

    /// Returns the source that sends from `address`.
    pub(super) fn find(&self, address: IpAddr) -> Option<SourceId> {
        let networks = self.networks.read().unwrap_or_else(PoisonError::into_inner).clone();
        narrowest(&networks, address.to_canonical())
    }
}

fn narrowest(networks: &[(IpNet, SourceId)], address: IpAddr) -> Option<SourceId> {
    let holding = networks.iter().filter(|(network, _)| network.contains(&address));
    holding.max_by_key(|(network, _)| network.prefix_len()).map(|(_, source)| *source)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_narrowest_network_wins_and_a_catch_all_takes_the_rest() {
        let source = |n| SourceId::new(Uuid::from_u128(n));
        let networks = [
            ("0.0.0.0/0".parse().expect("a network"), source(1)),
            ("10.1.0.0/16".parse().expect("a network"), source(2)),
            ("10.1.2.3/32".parse().expect("a network"), source(3)),
        ];
        let find = |ip: &str| narrowest(&networks, ip.parse().expect("an address"));
        assert_eq!(find("10.1.2.3"), Some(source(3)));
        assert_eq!(find("10.1.2.4"), Some(source(2)));
        assert_eq!(find("192.0.2.1"), Some(source(1)));
        assert_eq!(find("2001:db8::1"), None);
    }
}

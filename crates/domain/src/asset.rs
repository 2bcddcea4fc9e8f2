//! Assets: the systems, devices, accounts, domains and numbers of a unit.
//!
//! Letter S4 names five systems that every unit has (portal, page, mail, administrative
//! procedures, document management), so they are types and not free text. Events find their asset
//! by host name or address, in one spelling: [`host_key`].

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::coded::coded;
use crate::id::{AssetId, UnitId};
use crate::refusal::{Code, Refusal};
use crate::{text, unit};

/// Host names of one asset; a system spread wider is several devices.
pub const HOSTS_MAX: usize = 64;
/// Addresses of one asset.
pub const IPS_MAX: usize = 64;

coded! {
    /// What sort of asset it is.
    Kind {
        /// An information system, with a level.
        System = "system",
        /// A machine.
        Device = "device",
        /// An official account.
        Account = "account",
        /// A domain name.
        Domain = "domain",
        /// A telephone number.
        Number = "number",
    }
}

coded! {
    /// What an information system is for.
    SystemType {
        /// Cổng thông tin điện tử.
        Portal = "portal",
        /// Trang thông tin điện tử.
        Website = "website",
        /// Hệ thống thư điện tử.
        Mail = "mail",
        /// Hệ thống thông tin giải quyết thủ tục hành chính.
        AdminProcedures = "admin_procedures",
        /// Hệ thống quản lý văn bản và điều hành.
        DocumentManagement = "document_management",
        /// Trung tâm tích hợp dữ liệu.
        DataCentre = "data_centre",
        /// Anything else.
        Other = "other",
    }
}

coded! {
    /// How much hangs on the asset, for the order in which things are looked at.
    Criticality {
        /// Its loss disturbs one person.
        Low = "low",
        /// Its loss disturbs a unit.
        Normal = "normal",
        /// Its loss stops a unit or touches many citizens.
        High = "high",
    }
}

/// An asset of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Its id.
    pub id: AssetId,
    /// Who owns it.
    pub unit: UnitId,
    /// What sort it is.
    pub kind: Kind,
    /// What people call it; for a domain or number, the thing itself.
    pub name: String,
    /// The protection level (cấp độ) of a system, once it is approved.
    pub level: Option<u8>,
    /// What a system is for.
    pub system_type: Option<SystemType>,
    /// The host names by which events know it.
    pub hosts: Vec<String>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// How much hangs on it.
    pub criticality: Criticality,
}

impl Asset {
    /// Returns the asset in its stored form, or why it is malformed.
    pub fn checked(mut self) -> Result<Self, Refusal> {
        if self.kind == Kind::System && self.system_type.is_none() {
            return Err(Refusal::new(Code::AssetTypeMissing));
        }
        if self.kind != Kind::System && (self.level.is_some() || self.system_type.is_some()) {
            return Err(Refusal::new(Code::AssetNotSystem));
        }
        if let Some(level) = self.level.filter(|level| !(1..=5).contains(level)) {
            return Err(Refusal::new(Code::AssetLevelOutside).arg("level", level));
        }
        if self.hosts.len() > HOSTS_MAX || self.ips.len() > IPS_MAX {
            return Err(Refusal::new(Code::TooManyHosts).arg("max", HOSTS_MAX));
        }
        self.hosts =
            self.hosts.iter().map(|host| host_name(host)).collect::<Result<Vec<_>, _>>()?;
        self.hosts.sort_unstable();
        self.hosts.dedup();
        self.ips.sort_unstable();
        self.ips.dedup();
        // The name comes last: whoever wants every fault can empty the others and ask again.
        self.name = text::line("name", &self.name, text::NAME_CHARS_MAX)?;
        match self.kind {
            Kind::System | Kind::Device | Kind::Account => {}
            Kind::Domain => self.name = domain_name(&self.name)?,
            Kind::Number => self.name = unit::phone(&self.name)?,
        }
        Ok(self)
    }

    /// Returns the keys by which an event's host or address finds this asset, each once.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.hosts.iter().map(|host| host_key(host)).collect();
        keys.extend(self.ips.iter().map(|ip| ip.to_canonical().to_string()));
        if self.kind == Kind::Domain {
            keys.push(host_key(&self.name));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Endings that exist only inside an office network, so that the name before them is the name.
const INNER_ENDINGS: &[&str] =
    &["local", "localdomain", "lan", "internal", "intranet", "corp", "home", "workgroup", "ad"];

/// Returns the one spelling of a host name or address: `DC01.tinh.local` and `dc01` are `dc01`.
///
/// Lower case, without the final dot. Names that end inside the office network are cut to their
/// first label, since Windows events write them both ways. Names on the Internet stay whole:
/// every commune has a `www`.
pub fn host_key(host: &str) -> String {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return ip.to_canonical().to_string();
    }
    match (host.split_once('.'), host.rsplit_once('.')) {
        (Some((first, _)), Some((_, ending)))
            if !first.is_empty() && INNER_ENDINGS.contains(&ending) =>
        {
            first.to_owned()
        }
        _ => host,
    }
}

/// Returns a host name in lower case: labels of letters, digits, `-` and `_`.
fn host_name(typed: &str) -> Result<String, Refusal> {
    let host = typed.trim().trim_end_matches('.').to_lowercase();
    let label_is_sound = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.len() <= 253 && host.split('.').all(label_is_sound) {
        return Ok(host);
    }
    let excerpt: String = typed.chars().take(40).collect();
    Err(Refusal::new(Code::HostMalformed).arg("host", excerpt))
}

/// Returns a domain name in lower case, with at least one dot.
fn domain_name(typed: &str) -> Result<String, Refusal> {
    let malformed = || Refusal::new(Code::AssetNameMalformed);
    host_name(typed).ok().filter(|name| name.contains('.')).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn asset(kind: Kind, name: &str) -> Asset {
        Asset {
            id: AssetId::new(Uuid::from_u128(1)),
            unit: UnitId::new(Uuid::from_u128(2)),
            kind,
            name: name.into(),
            level: None,
            system_type: (kind == Kind::System).then_some(SystemType::Portal),
            hosts: vec![],
            ips: vec![],
            criticality: Criticality::Normal,
        }
    }

    #[test]
    fn hosts_have_one_spelling() {
        let cases = [
            ("DC01.tinh.local", "dc01"),
            ("dc01", "dc01"),
            ("DC01.", "dc01"),
            (" PC-7.phuong.corp ", "pc-7"),
            ("www.dongtho.gov.vn", "www.dongtho.gov.vn"),
            ("10.1.2.3", "10.1.2.3"),
            ("[2001:DB8::0001]", "2001:db8::1"),
            ("::ffff:10.1.2.3", "10.1.2.3"),
            (".local", ".local"),
            ("", ""),
        ];
        for (host, key) in cases {
            assert_eq!(host_key(host), key, "{host}");
        }
    }

    #[test]
    fn level_and_type_belong_to_systems_alone() {
        let system = Asset { level: Some(3), ..asset(Kind::System, " Cổng tỉnh ") };
        assert_eq!(system.clone().checked().unwrap().name, "Cổng tỉnh");
        let untyped = Asset { system_type: None, ..system.clone() };
        assert!(untyped.checked().unwrap_err().is(Code::AssetTypeMissing));
        for level in [0, 6] {
            let outside = Asset { level: Some(level), ..system.clone() };
            assert!(outside.checked().unwrap_err().is(Code::AssetLevelOutside));
        }
        let device = Asset { level: Some(1), ..asset(Kind::Device, "PC-7") };
        assert!(device.checked().unwrap_err().is(Code::AssetNotSystem));
    }

    #[test]
    fn domains_and_numbers_are_their_own_names() {
        let domain = asset(Kind::Domain, "DongTho.gov.vn").checked().unwrap();
        assert_eq!(
            (domain.name.as_str(), domain.keys()),
            ("dongtho.gov.vn", vec!["dongtho.gov.vn".into()])
        );
        assert!(
            asset(Kind::Domain, "đông thọ").checked().unwrap_err().is(Code::AssetNameMalformed)
        );
        assert_eq!(asset(Kind::Number, "+84 869 100 317").checked().unwrap().name, "0869100317");
        assert!(asset(Kind::Number, "12").checked().is_err());
    }

    #[test]
    fn keys_are_each_spelling_once() {
        let device = Asset {
            hosts: vec!["PC7.ubnd.local".into(), "pc7".into()],
            ips: vec!["10.0.0.7".parse().unwrap(), "::ffff:10.0.0.7".parse().unwrap()],
            ..asset(Kind::Device, "Máy văn thư")
        };
        assert_eq!(device.checked().unwrap().keys(), ["10.0.0.7", "pc7"]);
    }

    #[test]
    fn malformed_or_too_many_hosts_are_refused() {
        for host in ["", "máy 7", "a..b", &"a".repeat(64), "a/b"] {
            let device = Asset { hosts: vec![host.into()], ..asset(Kind::Device, "Máy") };
            assert!(device.checked().unwrap_err().is(Code::HostMalformed), "{host}");
        }
        let hosts = (0..=HOSTS_MAX).map(|n| format!("pc{n}")).collect();
        let device = Asset { hosts, ..asset(Kind::Device, "Máy") };
        assert!(device.checked().unwrap_err().is(Code::TooManyHosts));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(host in "[A-Za-z0-9.:-]{0,30}") {
            let key = host_key(&host);
            prop_assert_eq!(host_key(&key), key);
        }
    }
}

//! The decoder ids. A format's name is stored in every intake frame, so a name, once released,
//! never changes its meaning.

use serde::{Deserialize, Serialize};

/// What kind of bytes a decoder reads, and what kind of event came out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Windows event log file.
    Evtx,
    /// NDJSON or a JSON array: Sysmon/Security field names, `evtx_dump` output, Winlogbeat, ECS,
    /// Wazuh, Velociraptor, hits of Elasticsearch.
    Json,
    /// ArcSight Common Event Format, with or without a syslog header.
    Cef,
    /// IBM Log Event Extended Format, with or without a syslog header.
    Leef,
    /// Suricata's JSON. Its events are known within [`Format::Json`] too.
    Eve,
    /// Linux audit trail: auditd's files, audispd and the kernel through syslog.
    Auditd,
    /// Linux `auth.log` / `secure`: sshd, sudo, su, PAM.
    Auth,
    /// Web access log of nginx or Apache, common or combined.
    Access,
    /// Web access log of IIS, in W3C's extended format.
    Iis,
    /// Syslog, RFC 5424 or 3164. As the format of an event: a message no other decoder claimed.
    Syslog,
}

impl Format {
    /// Every format, in declaration order.
    pub const ALL: [Self; 10] = [
        Self::Evtx,
        Self::Json,
        Self::Cef,
        Self::Leef,
        Self::Eve,
        Self::Auditd,
        Self::Auth,
        Self::Access,
        Self::Iis,
        Self::Syslog,
    ];

    /// Returns the stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evtx => "evtx",
            Self::Json => "json",
            Self::Cef => "cef",
            Self::Leef => "leef",
            Self::Eve => "eve",
            Self::Auditd => "auditd",
            Self::Auth => "auth",
            Self::Access => "access",
            Self::Iis => "iis",
            Self::Syslog => "syslog",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A decoder id that no decoder answers to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown event format '{0}'")]
pub struct UnknownFormat(pub String);

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_serde_and_parse_agree() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            let json = serde_json::to_string(&format).unwrap();
            assert_eq!(json, format!("\"{format}\""));
        }
        assert!("EVTX".parse::<Format>().is_err());
    }
}

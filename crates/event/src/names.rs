//! The one table of names: native field ↔ envelope column ↔ ECS field, and the aliases by which
//! rules written for one log source read another.
//!
//! Native names are the Sigma taxonomy (`Image`, `CommandLine`, `c-ip`). A name that is missing
//! here is still an ordinary field of the event; it only has no column and no ECS twin.

/// An envelope column: what every event is asked for, whatever its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// Windows channel, device product or syslog program.
    Channel,
    /// Event id within the channel.
    Code,
    /// Who produced the event.
    Provider,
    /// The machine.
    Host,
    /// The acting account.
    User,
    /// The acting program's path.
    Process,
    /// Its command line.
    CommandLine,
    /// File hashes as the source writes them.
    Hash,
    /// The domain asked for or connected to.
    Domain,
    /// Where it came from.
    SrcIp,
    /// Where it went.
    DstIp,
    /// Web address or path.
    Url,
    /// The file touched.
    File,
}

impl Column {
    /// Every column, in declaration order.
    pub const ALL: [Self; 13] = [
        Self::Channel,
        Self::Code,
        Self::Provider,
        Self::Host,
        Self::User,
        Self::Process,
        Self::CommandLine,
        Self::Hash,
        Self::Domain,
        Self::SrcIp,
        Self::DstIp,
        Self::Url,
        Self::File,
    ];

    /// Returns the column's name in the lake and in queries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Code => "code",
            Self::Provider => "provider",
            Self::Host => "host",
            Self::User => "user",
            Self::Process => "process",
            Self::CommandLine => "command_line",
            Self::Hash => "hash",
            Self::Domain => "domain",
            Self::SrcIp => "src_ip",
            Self::DstIp => "dst_ip",
            Self::Url => "url",
            Self::File => "file",
        }
    }
}

struct Name {
    native: &'static str,
    column: Option<Column>,
    ecs: &'static str,
}

const fn col(native: &'static str, column: Column, ecs: &'static str) -> Name {
    Name { native, column: Some(column), ecs }
}

const fn ecs(native: &'static str, ecs: &'static str) -> Name {
    Name { native, column: None, ecs }
}

/// Within one column, the first native field that holds a value wins; within one native field, the
/// first foreign name that an event has. No ECS name: empty.
#[rustfmt::skip]
static NAMES: &[Name] = &[
    col("Channel", Column::Channel, "winlog.channel"),
    col("DeviceProduct", Column::Channel, "observer.product"),
    col("program", Column::Channel, "log.syslog.appname"),
    col("EventID", Column::Code, "winlog.event_id"),
    col("DeviceEventClassID", Column::Code, ""),
    col("msgid", Column::Code, ""),
    col("sc-status", Column::Code, "http.response.status_code"),
    col("Provider_Name", Column::Provider, "winlog.provider_name"),
    col("DeviceVendor", Column::Provider, "observer.vendor"),
    // Before `Computer`: the header of a forwarded CEF line names the forwarder.
    col("dvchost", Column::Host, "observer.hostname"),
    col("Computer", Column::Host, "winlog.computer_name"),
    col("identHostName", Column::Host, ""),
    col("cs-host", Column::Host, "url.domain"),
    col("User", Column::User, ""),
    col("SubjectUserName", Column::User, ""),
    col("TargetUserName", Column::User, ""),
    col("user", Column::User, ""),
    col("cs-username", Column::User, ""),
    col("suser", Column::User, ""),
    col("acct", Column::User, ""),
    col("usrName", Column::User, ""),
    col("duser", Column::User, ""),
    col("Image", Column::Process, "process.executable"),
    col("NewProcessName", Column::Process, ""),
    col("SourceImage", Column::Process, ""),
    col("ProcessName", Column::Process, ""),
    col("Application", Column::Process, ""),
    col("sproc", Column::Process, ""),
    col("exe", Column::Process, ""),
    col("dproc", Column::Process, ""),
    col("CommandLine", Column::CommandLine, "process.command_line"),
    col("ProcessCommandLine", Column::CommandLine, ""),
    col("command", Column::CommandLine, ""),
    col("proctitle", Column::CommandLine, ""),
    col("Hashes", Column::Hash, ""),
    col("Hash", Column::Hash, ""),
    col("fileHash", Column::Hash, ""),
    col("QueryName", Column::Domain, "dns.question.name"),
    col("DestinationHostname", Column::Domain, "destination.domain"),
    col("dhost", Column::Domain, ""),
    col("dns.rrname", Column::Domain, ""),
    col("dns.queries.rrname", Column::Domain, ""),
    col("tls.sni", Column::Domain, ""),
    col("http.hostname", Column::Domain, ""),
    col("SourceIp", Column::SrcIp, "source.ip"),
    col("IpAddress", Column::SrcIp, ""),
    col("SourceAddress", Column::SrcIp, ""),
    col("src_ip", Column::SrcIp, ""),
    col("c-ip", Column::SrcIp, ""),
    col("src", Column::SrcIp, ""),
    col("addr", Column::SrcIp, ""),
    col("DestinationIp", Column::DstIp, "destination.ip"),
    col("DestAddress", Column::DstIp, ""),
    col("dst", Column::DstIp, ""),
    col("dst_ip", Column::DstIp, ""),
    col("cs-uri", Column::Url, "url.original"),
    col("cs-uri-stem", Column::Url, "url.path"),
    col("request", Column::Url, ""),
    col("url", Column::Url, ""),
    col("TargetFilename", Column::File, "file.path"),
    col("ImageLoaded", Column::File, ""),
    col("filePath", Column::File, ""),
    col("fname", Column::File, ""),
    col("Filename", Column::File, ""),
    col("fileinfo.filename", Column::File, ""),
    // Winlogbeat's before 7; before `host.name`, where forwarded events name the collector.
    ecs("Computer", "computer_name"),
    ecs("Computer", "host.name"),
    ecs("Computer", "host.hostname"),
    ecs("EventID", "event.code"),
    ecs("Provider_Name", "event.provider"),
    ecs("EventRecordID", "winlog.record_id"),
    ecs("Security_UserID", "winlog.user.identifier"),
    ecs("ProcessId", "process.pid"),
    ecs("ProcessGuid", "process.entity_id"),
    ecs("CurrentDirectory", "process.working_directory"),
    ecs("OriginalFileName", "process.pe.original_file_name"),
    ecs("Product", "process.pe.product"),
    ecs("Company", "process.pe.company"),
    ecs("Description", "process.pe.description"),
    ecs("FileVersion", "process.pe.file_version"),
    ecs("ParentImage", "process.parent.executable"),
    ecs("ParentCommandLine", "process.parent.command_line"),
    ecs("ParentProcessId", "process.parent.pid"),
    ecs("ParentProcessGuid", "process.parent.entity_id"),
    ecs("TargetObject", "registry.path"),
    ecs("Details", "registry.data.strings"),
    ecs("ImageLoaded", "dll.path"),
    ecs("SourcePort", "source.port"),
    ecs("SourceHostname", "source.domain"),
    ecs("DestinationPort", "destination.port"),
    ecs("QueryResults", "dns.answers"),
    ecs("RuleName", "rule.name"),
    ecs("cs-method", "http.request.method"),
    ecs("cs-uri-query", "url.query"),
    ecs("cs-user-agent", "user_agent.original"),
    ecs("cs-referer", "http.request.referrer"),
    ecs("sc-bytes", "http.response.body.bytes"),
    // Flat exports of other collectors (Winlogbeat before 7, NXLog, rsyslog, OSSEC) spell these
    // their own way.
    ecs("Channel", "log_name"),
    ecs("Provider_Name", "source_name"),
    ecs("EventRecordID", "record_number"),
    ecs("Computer", "Hostname"),
    ecs("Computer", "hostname"),
    ecs("Computer", "host"),
    ecs("Computer", "ComputerName"),
    ecs("Provider_Name", "SourceName"),
    ecs("Provider_Name", "ProviderName"),
    ecs("EventRecordID", "RecordNumber"),
    ecs("EventID", "event_id"),
    ecs("EventID", "EventId"),
];

/// Returns the native fields that feed the column, best first.
pub fn fields_of(column: Column) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |name| name.column == Some(column)).map(|name| name.native)
}

/// Returns the column that a native field feeds.
pub fn column_of(native: &str) -> Option<Column> {
    NAMES.iter().find(|name| name.native == native).and_then(|name| name.column)
}

/// Returns the ECS name of a native field.
pub fn ecs_of(native: &str) -> Option<&'static str> {
    NAMES.iter().find(|name| name.native == native && !name.ecs.is_empty()).map(|name| name.ecs)
}

/// Returns the native field that an ECS field is read back into.
pub fn native_of(ecs: &str) -> Option<&'static str> {
    ranked_native_of(ecs).map(|(native, _)| native)
}

/// Returns [`native_of`] with a rank: of two that are read back into one field, the lower is surer.
pub(crate) fn ranked_native_of(ecs: &str) -> Option<(&'static str, usize)> {
    let place = NAMES.iter().position(|name| name.ecs == ecs && !ecs.is_empty())?;
    Some((NAMES[place].native, place))
}

struct Aliases {
    channel: &'static str,
    event_ids: &'static [&'static str],
    /// (field as rules write it, field as this source writes it)
    fields: &'static [(&'static str, &'static str)],
}

/// Rules for generic categories are written in Sysmon's names; these sources tell the same in
/// their own (SigmaHQ `thor-logsources.yml` and the windows-audit field mapping).
static ALIASES: &[Aliases] = &[
    Aliases {
        channel: "Security",
        event_ids: &["4688"],
        fields: &[
            ("Image", "NewProcessName"),
            ("ParentImage", "ParentProcessName"),
            ("ProcessId", "NewProcessId"),
            ("ParentProcessId", "ProcessId"),
            ("User", "SubjectUserName"),
            ("LogonId", "SubjectLogonId"),
            ("IntegrityLevel", "MandatoryLabel"),
        ],
    },
    Aliases {
        channel: "Security",
        event_ids: &["4689"],
        fields: &[
            ("Image", "ProcessName"),
            ("User", "SubjectUserName"),
            ("LogonId", "SubjectLogonId"),
        ],
    },
    Aliases {
        channel: "Security",
        event_ids: &["4657"],
        fields: &[
            ("Image", "ProcessName"),
            ("TargetObject", "ObjectName"),
            ("Details", "NewValue"),
            ("EventType", "OperationType"),
            ("User", "SubjectUserName"),
        ],
    },
    Aliases {
        channel: "Security",
        event_ids: &["5156", "5157"],
        fields: &[
            ("Image", "Application"),
            ("SourceIp", "SourceAddress"),
            ("DestinationIp", "DestAddress"),
            ("DestinationPort", "DestPort"),
        ],
    },
    Aliases {
        channel: "Microsoft-Windows-Windows Defender/Operational",
        event_ids: &[],
        fields: &[("Signature", "ThreatName"), ("Filename", "Path")],
    },
];

/// Which words of its own a source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OwnWords(Option<usize>);

impl OwnWords {
    /// Returns those of events of this channel and event id.
    pub fn of(channel: &str, event_id: &str) -> Self {
        let is_of = |set: &Aliases| {
            set.channel == channel
                && (set.event_ids.is_empty() || set.event_ids.contains(&event_id))
        };
        Self(ALIASES.iter().position(is_of))
    }

    /// Returns them: (field as rules write it, field as this source writes it).
    pub fn pairs(self) -> &'static [(&'static str, &'static str)] {
        self.0.map_or(&[], |set| ALIASES[set].fields)
    }
}

/// Returns every word that some source has of its own.
pub fn alias_natives() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().flat_map(|set| set.fields).map(|(_, native)| *native)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_fields_and_a_name() {
        for column in Column::ALL {
            assert!(fields_of(column).next().is_some(), "{}", column.name());
        }
    }

    #[test]
    fn names_map_both_ways() {
        assert_eq!(column_of("Image"), Some(Column::Process));
        assert_eq!(ecs_of("Image"), Some("process.executable"));
        assert_eq!(native_of("process.executable"), Some("Image"));
        assert_eq!(native_of("host.name"), Some("Computer"));
        assert_eq!(ecs_of("TargetUserName"), None);
        assert_eq!(native_of(""), None);
    }

    #[test]
    fn no_ecs_name_is_read_back_into_two_fields() {
        for (i, name) in NAMES.iter().enumerate().filter(|(_, name)| !name.ecs.is_empty()) {
            let twin = NAMES[i + 1..].iter().find(|other| other.ecs == name.ecs);
            assert!(twin.is_none(), "{} is listed twice", name.ecs);
        }
    }

    #[test]
    fn aliases_belong_to_their_source() {
        let words = |channel, event_id| OwnWords::of(channel, event_id).pairs();
        assert!(words("Security", "4688").contains(&("Image", "NewProcessName")));
        assert!(words("Security", "4624").is_empty());
        assert!(words("Microsoft-Windows-Sysmon/Operational", "1").is_empty());
        let defender = "Microsoft-Windows-Windows Defender/Operational";
        assert!(words(defender, "1116").contains(&("Signature", "ThreatName")));
    }
}

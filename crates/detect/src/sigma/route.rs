//! Which log source an event belongs to: its product, categories and services.
//!
//! An event may belong to several categories (Sysmon 13 is `registry_set` and `registry_event`). A
//! rule sees the event when every key that its log source names is among the event's. The tables
//! follow SigmaHQ's taxonomy and its `thor-logsources.yml`.

use khien_event::{Event, Format, NameId, Value};

use super::rule::LogSource;

/// The log source of an event. All names come from fixed tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Such as `windows`.
    pub product: Option<&'static str>,
    /// Such as `process_creation`; an event may have several.
    pub categories: &'static [&'static str],
    /// Such as `security`.
    pub services: &'static [&'static str],
}

/// An event's origin, and the two words by which field aliases are found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Routed<'e> {
    pub(crate) origin: Origin,
    pub(crate) channel: &'e str,
    pub(crate) event_id: &'e str,
}

impl Origin {
    /// Returns the log source of an event.
    pub fn of(event: Event<'_>) -> Self {
        route(event).origin
    }

    /// Returns whether no rule that names a category or a service can see the event. That it came
    /// from Windows says nothing: hardly a rule asks for that alone.
    pub(crate) fn is_unmapped(&self) -> bool {
        self.categories.is_empty() && self.services.is_empty()
    }

    /// Returns whether a rule of this log source sees events of this origin.
    pub fn serves(&self, source: &LogSource) -> bool {
        let named = |list: &[&str], name: &Option<String>| {
            name.as_deref().is_none_or(|name| list.contains(&name))
        };
        source.product.as_deref().is_none_or(|name| self.product == Some(name))
            && named(self.categories, &source.category)
            && named(self.services, &source.service)
    }
}

/// Returns where an event comes from.
pub(crate) fn route(event: Event<'_>) -> Routed<'_> {
    match event.format() {
        Format::Evtx | Format::Json => windows_or_sysmon(event),
        Format::Cef | Format::Leef => {
            plain(Origin { categories: console_categories(event), ..Origin::default() })
        }
        Format::Eve => plain(eve(text(event, "event_type"))),
        Format::Auditd => {
            plain(Origin { categories: auditd_categories(event), ..linux(&["auditd"]) })
        }
        Format::Access | Format::Iis => {
            plain(Origin { categories: &["webserver"], ..Origin::default() })
        }
        Format::Auth => plain(linux(program_services(event, &AUTH_SERVICES, &["auth"]))),
        Format::Syslog => plain(linux(program_services(event, &SYSLOG_SERVICES, &["syslog"]))),
    }
}

fn plain<'e>(origin: Origin) -> Routed<'e> {
    Routed { origin, channel: "", event_id: "" }
}

fn linux(services: &'static [&'static str]) -> Origin {
    Origin { product: Some("linux"), categories: &[], services }
}

fn text<'e>(event: Event<'e>, field: &str) -> &'e str {
    event.first(field).and_then(Value::as_text).unwrap_or_default()
}

/// The decoder gives each kind of event that Sysmon for Linux knows a field that only it has.
fn auditd_categories(event: Event<'_>) -> &'static [&'static str] {
    const KINDS: [(&str, &[&str]); 3] = [
        ("CommandLine", &["process_creation"]),
        ("Initiated", &["network_connection"]),
        ("TargetFilename", &["file_event"]),
    ];
    let kind = KINDS.iter().find(|(field, _)| event.first(field).is_some());
    kind.map_or(&[], |(_, categories)| categories)
}

fn known<'e>(event: Event<'e>, field: NameId) -> &'e str {
    event.first_by_id(field).and_then(Value::as_text).unwrap_or_default()
}

type Services = (&'static str, &'static [&'static str]);

static AUTH_SERVICES: [Services; 3] =
    [("sshd", &["auth", "sshd"]), ("sshd-session", &["auth", "sshd"]), ("sudo", &["auth", "sudo"])];

static SYSLOG_SERVICES: [Services; 7] = [
    ("cron", &["syslog", "cron"]),
    ("crond", &["syslog", "cron"]),
    ("clamd", &["syslog", "clamav"]),
    ("clamav", &["syslog", "clamav"]),
    ("guacd", &["syslog", "guacamole"]),
    ("vsftpd", &["syslog", "vsftpd"]),
    ("modsecurity", &["syslog", "modsecurity"]),
];

fn program_services(
    event: Event<'_>,
    table: &'static [Services],
    other: &'static [&'static str],
) -> &'static [&'static str] {
    let program = known(event, NameId::PROGRAM);
    let row = table.iter().find(|(name, _)| name.eq_ignore_ascii_case(program));
    row.map_or(other, |(_, services)| services)
}

/// What Suricata calls a kind of event is the service; some kinds are a category of logs.
fn eve(event_type: &str) -> Origin {
    let (categories, services): (&[_], &[_]) = match event_type {
        "alert" => (&[], &["alert"]),
        "anomaly" => (&[], &["anomaly"]),
        "dns" => (&["dns"], &["dns"]),
        // A sensor sees the requests of its own network and those to its own servers.
        "http" => (&["proxy", "webserver"], &["http"]),
        "tls" => (&[], &["tls"]),
        "fileinfo" => (&[], &["fileinfo"]),
        "flow" | "netflow" => (&["firewall"], &["flow"]),
        "drop" => (&["firewall"], &["drop"]),
        "smb" => (&[], &["smb"]),
        "smtp" => (&[], &["smtp"]),
        "ssh" => (&[], &["ssh"]),
        "rdp" => (&[], &["rdp"]),
        "ftp" => (&[], &["ftp"]),
        "krb5" => (&[], &["krb5"]),
        _ => (&[], &[]),
    };
    Origin { product: Some("suricata"), categories, services }
}

/// Makers whose CEF and LEEF messages are those of an anti-virus product, in lower case.
static ANTIVIRUS_MAKERS: [&str; 15] = [
    "avast",
    "bitdefender",
    "bkav",
    "broadcom",
    "cmc",
    "eset",
    "f-secure",
    "kaspersky",
    "mcafee",
    "sophos",
    "symantec",
    "trellix",
    "trend micro",
    "trendmicro",
    "withsecure",
];

fn console_categories(event: Event<'_>) -> &'static [&'static str] {
    let lower = |field| text(event, field).to_lowercase();
    let says = |field| {
        let words = lower(field);
        ["antivirus", "anti-virus", "malware", "virus"].iter().any(|word| words.contains(word))
    };
    let maker = lower("DeviceVendor");
    let known = ANTIVIRUS_MAKERS.iter().any(|name| maker.contains(name));
    if known || says("cat") || says("DeviceProduct") { &["antivirus"] } else { &[] }
}

fn windows_or_sysmon(event: Event<'_>) -> Routed<'_> {
    let event_id = known(event, NameId::EVENT_ID);
    let provider = known(event, NameId::PROVIDER_NAME);
    let named = known(event, NameId::CHANNEL);
    let row = row_of(named).or_else(|| row_of(channel_of(provider)));
    let channel = row.map_or(named, |(name, _)| name);
    if channel == LINUX_SYSMON || provider == "Linux-Sysmon" {
        let categories = linux_sysmon(event_id);
        let origin = Origin { product: Some("linux"), categories, services: &["sysmon"] };
        return Routed { origin, channel, event_id };
    }
    if channel.is_empty() && provider.is_empty() && event.format() == Format::Json {
        return plain(Origin::default());
    }
    let origin = Origin {
        product: Some("windows"),
        categories: windows_categories(event, channel, event_id),
        services: row.map_or(&[], |(_, services)| services),
    };
    Routed { origin, channel, event_id }
}

fn row_of(channel: &str) -> Option<&'static Services> {
    CHANNELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(channel))
}

/// Some exports leave the channel out, and a collector has one of its own for whatever is forwarded
/// to it; these providers write to one channel only.
fn channel_of(provider: &str) -> &'static str {
    match provider {
        "Microsoft-Windows-Sysmon" => SYSMON,
        "Linux-Sysmon" => LINUX_SYSMON,
        "Microsoft-Windows-Security-Auditing" => SECURITY,
        "Microsoft-Windows-PowerShell" => POWERSHELL,
        "PowerShell" => POWERSHELL_CLASSIC,
        "Microsoft-Windows-Windows Defender" => DEFENDER,
        "Service Control Manager" => SYSTEM,
        "Microsoft-Windows-Kernel-File" => KERNEL_FILE,
        _ => "",
    }
}

fn windows_categories(event: Event<'_>, channel: &str, event_id: &str) -> &'static [&'static str] {
    match (channel, event_id) {
        (SYSMON, id) => sysmon(event, id),
        (SECURITY, "4688") => &["process_creation"],
        (SECURITY, "4689") => &["process_termination"],
        (SECURITY, "4657") => match known(event, NameId::OPERATION_TYPE) {
            "%%1904" => &["registry_event", "registry_add", "registry_set"],
            "%%1906" => &["registry_event", "registry_delete"],
            _ => &["registry_event", "registry_set"],
        },
        (SECURITY, "5156") => &["network_connection"],
        (POWERSHELL | POWERSHELL_CORE, "4103") => &["ps_module"],
        (POWERSHELL | POWERSHELL_CORE, "4104") => &["ps_script"],
        (POWERSHELL_CLASSIC, "400") => &["ps_classic_start"],
        (POWERSHELL_CLASSIC, "600") => &["ps_classic_provider_start"],
        (POWERSHELL_CLASSIC, "800") => &["ps_classic_script"],
        (DEFENDER, "1006" | "1007" | "1008" | "1009" | "1010" | "1011" | "1012") => &["antivirus"],
        (DEFENDER, "1015" | "1017" | "1018" | "1019") => &["antivirus"],
        (DEFENDER, "1115" | "1116" | "1117" | "1118" | "1119") => &["antivirus"],
        // An open file and the path of a renamed one.
        (KERNEL_FILE, "12") => &["file_access"],
        (KERNEL_FILE, "27") => &["file_rename"],
        _ => &[],
    }
}

fn sysmon(event: Event<'_>, event_id: &str) -> &'static [&'static str] {
    match event_id {
        "1" => &["process_creation"],
        "2" => &["file_change"],
        "3" => &["network_connection"],
        "4" | "16" => &["sysmon_status"],
        "5" => &["process_termination"],
        "6" => &["driver_load"],
        "7" => &["image_load"],
        "8" => &["create_remote_thread"],
        "9" => &["raw_access_thread", "raw_access_read"],
        "10" => &["process_access"],
        "11" => &["file_event"],
        "12" => match text(event, "EventType") {
            "CreateKey" => &["registry_event", "registry_add"],
            "DeleteKey" | "DeleteValue" => &["registry_event", "registry_delete"],
            _ => &["registry_event"],
        },
        "13" => &["registry_event", "registry_set"],
        "14" => &["registry_event", "registry_rename"],
        "15" => &["create_stream_hash"],
        "17" | "18" => &["pipe_created"],
        "19" | "20" | "21" => &["wmi_event"],
        "22" => &["dns_query"],
        "23" => &["file_delete"],
        "24" => &["clipboard_change", "clipboard_capture"],
        "25" => &["process_tampering"],
        "26" => &["file_delete_detected"],
        "27" => &["file_block_executable", "file_block"],
        "28" => &["file_block_shredding", "file_block"],
        "29" => &["file_executable_detected"],
        "255" => &["sysmon_error"],
        _ => &[],
    }
}

fn linux_sysmon(event_id: &str) -> &'static [&'static str] {
    match event_id {
        "1" => &["process_creation"],
        "3" => &["network_connection"],
        "4" | "16" => &["sysmon_status"],
        "5" => &["process_termination"],
        "9" => &["raw_access_read"],
        "11" => &["file_event"],
        "23" => &["file_delete"],
        _ => &[],
    }
}

const SYSMON: &str = "Microsoft-Windows-Sysmon/Operational";
const LINUX_SYSMON: &str = "Linux-Sysmon/Operational";
const SECURITY: &str = "Security";
const SYSTEM: &str = "System";
const POWERSHELL: &str = "Microsoft-Windows-PowerShell/Operational";
const POWERSHELL_CORE: &str = "PowerShellCore/Operational";
const POWERSHELL_CLASSIC: &str = "Windows PowerShell";
const DEFENDER: &str = "Microsoft-Windows-Windows Defender/Operational";
/// A trace that collectors turn into events; rules for it name no service.
const KERNEL_FILE: &str = "Microsoft-Windows-Kernel-File/Analytic";

/// Channel → services.
#[rustfmt::skip]
static CHANNELS: &[Services] = &[
    (SECURITY, &["security"]),
    (SYSMON, &["sysmon"]),
    (SYSTEM, &["system"]),
    ("Application", &["application"]),
    (POWERSHELL, &["powershell"]),
    (POWERSHELL_CORE, &["powershell"]),
    (POWERSHELL_CLASSIC, &["powershell-classic"]),
    (DEFENDER, &["windefend"]),
    (KERNEL_FILE, &[]),
    ("DNS Server", &["dns-server"]),
    ("MSExchange Management", &["msexchange-management"]),
    ("OpenSSH/Operational", &["openssh"]),
    ("Microsoft-IIS-Configuration/Operational", &["iis-configuration"]),
    ("Microsoft-ServiceBus-Client/Admin", &["microsoft-servicebus-client", "servicebus-client"]),
    ("Microsoft-ServiceBus-Client/Operational", &["microsoft-servicebus-client", "servicebus-client"]),
    ("Microsoft-Windows-AppLocker/EXE and DLL", &["applocker"]),
    ("Microsoft-Windows-AppLocker/MSI and Script", &["applocker"]),
    ("Microsoft-Windows-AppLocker/Packaged app-Deployment", &["applocker"]),
    ("Microsoft-Windows-AppLocker/Packaged app-Execution", &["applocker"]),
    ("Microsoft-Windows-AppModel-Runtime/Admin", &["appmodel-runtime"]),
    ("Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant", &["application-experience"]),
    ("Microsoft-Windows-Application-Experience/Program-Telemetry", &["application-experience"]),
    ("Microsoft-Windows-AppXDeploymentServer/Operational", &["appxdeployment-server"]),
    ("Microsoft-Windows-AppxPackaging/Operational", &["appxpackaging-om"]),
    ("Microsoft-Windows-BitLocker/BitLocker Management", &["bitlocker"]),
    ("Microsoft-Windows-Bits-Client/Operational", &["bits-client"]),
    ("Microsoft-Windows-CAPI2/Operational", &["capi2"]),
    ("Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational", &["certificateservicesclient-lifecycle-system"]),
    ("Microsoft-Windows-CodeIntegrity/Operational", &["codeintegrity-operational", "codeintegrity"]),
    ("Microsoft-Windows-DHCP-Server/Operational", &["dhcp"]),
    ("Microsoft-Windows-Diagnosis-Scripted/Operational", &["diagnosis-scripted"]),
    ("Microsoft-Windows-DNS Client Events/Operational", &["dns-client"]),
    ("Microsoft-Windows-DNS-Client/Operational", &["dns-client"]),
    ("Microsoft-Windows-DNS-Server/Analytical", &["dns-server-analytic"]),
    ("Microsoft-Windows-DNSServer/Analytical", &["dns-server-analytic"]),
    ("Microsoft-Windows-DNS-Server/Audit", &["dns-server-audit"]),
    ("Microsoft-Windows-DNSServer/Audit", &["dns-server-audit"]),
    ("Microsoft-Windows-DriverFrameworks-UserMode/Operational", &["driver-framework"]),
    ("Microsoft-Windows-Hyper-V-Worker", &["hyper-v-worker"]),
    ("Microsoft-Windows-Hyper-V-Worker-Admin", &["hyper-v-worker"]),
    ("Microsoft-Windows-Kernel-EventTracing", &["kernel-event-tracing"]),
    ("Microsoft-Windows-Kernel-EventTracing/Admin", &["kernel-event-tracing"]),
    ("Microsoft-Windows-Kernel-ShimEngine/Diagnostic", &["kernel-shimengine"]),
    ("Microsoft-Windows-Kernel-ShimEngine/Operational", &["kernel-shimengine"]),
    ("Microsoft-Windows-LDAP-Client/Debug", &["ldap", "ldap_debug"]),
    ("Microsoft-Windows-LSA/Operational", &["lsa-server"]),
    ("Microsoft-Windows-Ntfs/Operational", &["ntfs"]),
    ("Microsoft-Windows-NTLM/Operational", &["ntlm"]),
    ("Microsoft-Windows-PrintService/Admin", &["printservice-admin"]),
    ("Microsoft-Windows-PrintService/Operational", &["printservice-operational"]),
    ("Microsoft-Windows-Security-Mitigations/Kernel Mode", &["security-mitigations"]),
    ("Microsoft-Windows-Security-Mitigations/User Mode", &["security-mitigations"]),
    ("Microsoft-Windows-SENSE/Operational", &["sense"]),
    ("Microsoft-Windows-Shell-Core/Operational", &["shell-core"]),
    ("Microsoft-Windows-SmbClient/Connectivity", &["smbclient-connectivity"]),
    ("Microsoft-Windows-SmbClient/Security", &["smbclient-security"]),
    ("Microsoft-Windows-SMBServer/Connectivity", &["smbserver-connectivity"]),
    ("Microsoft-Windows-TaskScheduler/Operational", &["taskscheduler"]),
    ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", &["terminalservices-localsessionmanager"]),
    ("Microsoft-Windows-VHDMP/Operational", &["vhdmp"]),
    ("Microsoft-Windows-VHDMP-Operational", &["vhdmp"]),
    ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", &["firewall-as"]),
    ("Microsoft-Windows-WMI-Activity/Operational", &["wmi"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use khien_event::Batch;

    fn origin(format: Format, fields: &[(&str, &str)]) -> Origin {
        let mut batch = Batch::new();
        let mut event = batch.start(format);
        fields.iter().for_each(|(field, value)| event.set(field, Value::Text(value)));
        event.finish();
        route(batch.event(0)).origin
    }

    fn source(product: &str, category: &str, service: &str) -> LogSource {
        let key = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        LogSource { product: key(product), category: key(category), service: key(service) }
    }

    #[test]
    fn events_find_their_sources() {
        let sysmon13 = origin(Format::Evtx, &[("Channel", SYSMON), ("EventID", "13")]);
        let created = origin(Format::Json, &[("Channel", "security"), ("EventID", "4688")]);
        let ssh = origin(Format::Auth, &[("program", "sshd")]);
        let web = origin(Format::Access, &[]);
        let virus = origin(Format::Cef, &[("DeviceVendor", "Kaspersky Lab")]);
        let wall = origin(Format::Cef, &[("DeviceVendor", "Fortinet")]);
        let json = origin(Format::Json, &[("message", "hello")]);
        let eset = origin(Format::Leef, &[("DeviceVendor", "ESET")]);
        let iis = origin(Format::Iis, &[]);
        let lookup = origin(Format::Eve, &[("event_type", "dns")]);
        let request = origin(Format::Eve, &[("event_type", "http")]);
        let odd = origin(Format::Eve, &[("event_type", "new")]);
        let exec = origin(Format::Auditd, &[("type", "EXECVE"), ("CommandLine", "id")]);
        let login = origin(Format::Auditd, &[("type", "USER_LOGIN")]);
        for (origin, product, category, service, seen) in [
            (sysmon13, "windows", "registry_set", "", true),
            (sysmon13, "windows", "registry_event", "", true),
            (sysmon13, "windows", "", "sysmon", true),
            (sysmon13, "windows", "", "", true),
            (sysmon13, "linux", "", "", false),
            (sysmon13, "windows", "process_creation", "", false),
            (created, "windows", "process_creation", "", true),
            (created, "windows", "", "security", true),
            (created, "windows", "process_creation", "sysmon", false),
            (ssh, "linux", "", "sshd", true),
            (ssh, "linux", "", "auth", true),
            (ssh, "linux", "", "sudo", false),
            (web, "", "webserver", "", true),
            (web, "windows", "", "", false),
            (virus, "", "antivirus", "", true),
            (wall, "", "antivirus", "", false),
            (json, "windows", "", "", false),
            (eset, "", "antivirus", "", true),
            (iis, "", "webserver", "", true),
            (lookup, "", "dns", "", true),
            (lookup, "suricata", "", "dns", true),
            (lookup, "", "proxy", "", false),
            (request, "", "proxy", "", true),
            (request, "", "webserver", "", true),
            (odd, "suricata", "", "", true),
            (exec, "linux", "process_creation", "", true),
            (exec, "linux", "", "auditd", true),
            (exec, "linux", "file_event", "", false),
            (login, "linux", "", "auditd", true),
            (login, "linux", "process_creation", "", false),
        ] {
            let source = source(product, category, service);
            assert_eq!(origin.serves(&source), seen, "{origin:?} for {source}");
        }
    }

    #[test]
    fn a_missing_or_unknown_channel_is_known_by_its_provider() {
        let sysmon = ("Provider_Name", "Microsoft-Windows-Sysmon");
        for channel in ["", "ForwardedEvents", "WEC-Workstations"] {
            let fields = [("Channel", channel), sysmon, ("EventID", "1")];
            let found = origin(Format::Evtx, &fields);
            assert_eq!(found.categories, ["process_creation"], "{channel}");
            assert_eq!(found.services, ["sysmon"], "{channel}");
        }
        // Where the channel is known, it decides.
        let fields = [("Channel", "Application"), sysmon, ("EventID", "1")];
        assert_eq!(origin(Format::Evtx, &fields).services, ["application"]);
    }

    #[test]
    fn traces_of_files_answer_rules_for_them() {
        let trace = ("Provider_Name", "Microsoft-Windows-Kernel-File");
        for (id, categories) in
            [("12", &["file_access"][..]), ("27", &["file_rename"]), ("13", &[])]
        {
            let found = origin(Format::Json, &[trace, ("EventID", id)]);
            assert_eq!((found.product, found.categories), (Some("windows"), categories), "{id}");
        }
    }

    #[test]
    fn what_no_category_and_no_service_knows_is_unmapped() {
        for (format, fields, unmapped) in [
            (Format::Evtx, &[("Channel", "Vendor-Agent/Admin"), ("EventID", "7")][..], true),
            (Format::Evtx, &[("Channel", "ForwardedEvents"), ("Provider_Name", "Vendor")], true),
            (Format::Json, &[("Provider_Name", "Vendor-Agent"), ("EventID", "7")], true),
            (Format::Json, &[("message", "hello")], true),
            (Format::Eve, &[("event_type", "new")], true),
            // No category, but a service.
            (Format::Evtx, &[("Channel", "Security"), ("EventID", "9999")], false),
            (
                Format::Evtx,
                &[("Channel", "ForwardedEvents"), ("Provider_Name", "PowerShell")],
                false,
            ),
            (Format::Auditd, &[("type", "USER_LOGIN")], false),
            (Format::Access, &[], false),
        ] {
            assert_eq!(origin(format, fields).is_unmapped(), unmapped, "{fields:?}");
        }
    }
}

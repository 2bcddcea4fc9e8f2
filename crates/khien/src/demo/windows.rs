//! Windows events as a collector posts them: one flat JSON object with Sysmon's and Security's own
//! field names.

use serde_json::{Value, json};

use super::{Door, Line, Machine, Moment, SplitMix};

/// The collector's door.
pub(super) const DOOR: Door =
    Door::Http { source: "demo-windows", content_type: "application/x-ndjson", format: "json" };

/// Program paths that several places name.
pub(super) const SYSTEM32: &str = r"C:\Windows\System32";
pub(super) const EXPLORER: &str = r"C:\Windows\explorer.exe";
pub(super) const W3WP: &str = r"C:\Windows\System32\inetsrv\w3wp.exe";

/// Returns a Sysmon event; `fields` is a JSON object.
pub(super) fn sysmon(at: Moment, machine: Machine, event_id: u16, mut fields: Value) -> Line {
    fields["UtcTime"] = at.sysmon().into();
    let channel = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon");
    event(at, machine, channel, event_id, fields)
}

/// Returns a Security event; `fields` is a JSON object.
pub(super) fn security(at: Moment, machine: Machine, event_id: u16, fields: Value) -> Line {
    event(at, machine, ("Security", "Microsoft-Windows-Security-Auditing"), event_id, fields)
}

/// A program start, told the same way by Sysmon 1 and Security 4688.
pub(super) struct Start<'a> {
    pub(super) image: &'a str,
    pub(super) command_line: &'a str,
    pub(super) parent: &'a str,
    pub(super) account: &'a str,
}

/// Returns Sysmon's event 1.
pub(super) fn process(at: Moment, machine: Machine, start: &Start<'_>) -> Line {
    let fields = json!({
        "Image": start.image,
        "CommandLine": start.command_line,
        "ParentImage": start.parent,
        "User": format!(r"VANLINH\{}", start.account),
        "OriginalFileName": file_name(start.image),
        "Hashes": format!("SHA256={}", image_hash(start.image)),
        "ProcessId": process_id(at),
        "IntegrityLevel": "Medium",
    });
    sysmon(at, machine, 1, fields)
}

/// Returns Security's event 4688.
pub(super) fn audited_process(at: Moment, machine: Machine, start: &Start<'_>) -> Line {
    let fields = json!({
        "NewProcessName": start.image,
        "CommandLine": start.command_line,
        "ParentProcessName": start.parent,
        "SubjectUserName": start.account,
        "SubjectDomainName": "VANLINH",
        "NewProcessId": format!("{:#x}", process_id(at)),
    });
    security(at, machine, 4688, fields)
}

/// Returns Sysmon's event 11, a file created or overwritten.
pub(super) fn file(at: Moment, machine: Machine, image: &str, target: &str, account: &str) -> Line {
    let fields = json!({
        "Image": image,
        "TargetFilename": target,
        "User": format!(r"VANLINH\{account}"),
        "ProcessId": process_id(at),
    });
    sysmon(at, machine, 11, fields)
}

/// Returns Security's event 4624 (let in) or 4625 (refused).
pub(super) fn logon(
    at: Moment,
    machine: Machine,
    account: &str,
    from_ip: &str,
    logon_type: u8,
    let_in: bool,
) -> Line {
    let mut fields = json!({
        "TargetUserName": account,
        "TargetDomainName": "VANLINH",
        "LogonType": logon_type,
        "IpAddress": from_ip,
        "IpPort": (49_152 + at.after_ms % 16_000).to_string(),
        "LogonProcessName": "NtLmSsp",
        "AuthenticationPackageName": "NTLM",
    });
    if !let_in {
        fields["Status"] = "0xc000006d".into();
        fields["SubStatus"] = "0xc000006a".into();
    }
    security(at, machine, if let_in { 4624 } else { 4625 }, fields)
}

fn event(
    at: Moment,
    machine: Machine,
    (channel, provider): (&str, &str),
    event_id: u16,
    mut fields: Value,
) -> Line {
    fields["Channel"] = channel.into();
    fields["Provider_Name"] = provider.into();
    fields["EventID"] = event_id.into();
    fields["Computer"] = machine.host.into();
    fields["TimeCreated"] = at.iso().into();
    Line { after_ms: at.after_ms, door: DOOR, bytes: fields.to_string().into_bytes() }
}

fn file_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

/// Windows process ids are multiples of four.
fn process_id(at: Moment) -> u64 {
    1_000 + at.after_ms % 60_000 / 4 * 4
}

/// Returns a made-up SHA-256 that is always the same for the same program.
fn image_hash(image: &str) -> String {
    let seed = image.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31) ^ u64::from(byte));
    let mut random = SplitMix::new(seed);
    (0..4).map(|_| format!("{:016X}", random.bits())).collect()
}

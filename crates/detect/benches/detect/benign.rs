//! A stream of what healthy office machines write, in a realistic mix; the same for a seed.

use khien_event::{Batch, Context, Format, parse};
use serde_json::{Map, Value, json};

use crate::corpus::{Random, name_source};

const IMAGES: [&str; 14] = [
    r"C:\Windows\System32\svchost.exe",
    r"C:\Windows\System32\conhost.exe",
    r"C:\Windows\System32\taskhostw.exe",
    r"C:\Windows\System32\backgroundTaskHost.exe",
    r"C:\Windows\System32\RuntimeBroker.exe",
    r"C:\Windows\System32\wbem\WmiPrvSE.exe",
    r"C:\Windows\explorer.exe",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE",
    r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE",
    r"C:\Program Files\Zalo\Zalo.exe",
    r"C:\Program Files\UniKey\UniKeyNT.exe",
    r"C:\Program Files\Windows Defender\MsMpEng.exe",
];
const FOLDERS: [&str; 5] = [
    r"C:\Users\canbo\Documents\Công văn đến\",
    r"C:\Users\canbo\AppData\Local\Google\Chrome\User Data\Default\Cache\",
    r"C:\Users\canbo\AppData\Local\Microsoft\Windows\INetCache\",
    r"C:\ProgramData\Microsoft\Windows Defender\Scans\",
    r"C:\Windows\Prefetch\",
];
const NAMES: [&str; 6] =
    ["Báo cáo tuần", "Kế hoạch 2026", "f_00a1", "index", "mpcache", "To trinh"];
const ENDS: [&str; 6] = [".docx", ".xlsx", ".pdf", ".tmp", ".pf", ".dat"];
const HOSTS: [&str; 6] = [
    "www.google.com",
    "dichvucong.gov.vn",
    "outlook.office365.com",
    "zalo.me",
    "ctldl.windowsupdate.com",
    "baochinhphu.vn",
];
const KEYS: [&str; 4] = [
    r"HKU\S-1-5-21-1\Software\Microsoft\Office\16.0\Word\Reading Locations\Document 3\Datetime",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Diagnostics\PerfTrack\Counter",
    r"HKLM\System\CurrentControlSet\Services\bam\State\UserSettings\S-1-5-21-1\SequenceNumber",
    r"HKU\S-1-5-21-1\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\MRUListEx",
];

/// Returns so many lines of flat JSON.
pub(crate) fn stream(lines: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    (0..lines).map(|_| line(&mut random)).collect()
}

fn line(random: &mut Random) -> String {
    let (sysmon, security) = ("Microsoft-Windows-Sysmon/Operational", "Security");
    let event = match random.next() % 100 {
        0..12 => event(sysmon, 1, process(random), random),
        12..25 => event(sysmon, 3, connection(random), random),
        25..37 => event(sysmon, 7, library(random), random),
        37..55 => event(sysmon, 11, file(random), random),
        55..68 => event(sysmon, 13, registry(random), random),
        68..76 => event(sysmon, 22, query(random), random),
        76..84 => event(security, 4624, log_in(random), random),
        84..88 => event(security, 4634, log_in(random), random),
        88..95 => event(security, 5156, filtered(random), random),
        _ => {
            event("System", 7036, json!({"param1": "Windows Update", "param2": "running"}), random)
        }
    };
    with_source(event)
}

fn event(channel: &str, id: u32, data: Value, random: &mut Random) -> Map<String, Value> {
    let Value::Object(mut fields) = data else { return Map::new() };
    let provider = match channel {
        "Security" => "Microsoft-Windows-Security-Auditing",
        "System" => "Service Control Manager",
        _ => "Microsoft-Windows-Sysmon",
    };
    for (key, value) in [
        ("Channel", json!(channel)),
        ("EventID", json!(id)),
        ("Provider_Name", json!(provider)),
        ("Computer", json!(format!("PC-{:05}.tinh.local", random.next() % 20_000))),
        ("EventRecordID", json!(random.next() % 10_000_000)),
        (
            "TimeCreated",
            json!(format!(
                "2026-11-20T08:{:02}:{:02}.123456Z",
                random.next() % 60,
                random.next() % 60
            )),
        ),
        ("Level", json!(4)),
    ] {
        fields.insert(key.to_owned(), value);
    }
    fields
}

fn with_source(mut fields: Map<String, Value>) -> String {
    let mut batch = Batch::new();
    let text = Value::Object(fields.clone()).to_string();
    parse(Format::Json, text.as_bytes(), &Context::received(0), &mut batch);
    name_source(khien_detect::Origin::of(batch.event(0)), &mut fields);
    Value::Object(fields).to_string()
}

fn guid(random: &mut Random) -> String {
    format!("{{{:08x}-0000-{:016x}}}", random.next() as u32, random.next())
}

fn process(random: &mut Random) -> Value {
    let image = *random.pick(&IMAGES);
    json!({
        "Image": image,
        "CommandLine": format!("\"{image}\" --type=renderer --lang=vi --id={} /prefetch:{}", random.next() % 100_000, random.next() % 9),
        "ParentImage": random.pick(&IMAGES),
        "ParentCommandLine": format!("\"{}\" -Embedding", random.pick(&IMAGES)),
        "CurrentDirectory": r"C:\Users\canbo\",
        "User": format!("TINH\\canbo{}", random.next() % 5_000),
        "IntegrityLevel": "Medium",
        "Hashes": format!("SHA256={:016X}{:016X}{:016X}{:016X}", random.next(), random.next(), random.next(), random.next()),
        "ProcessGuid": guid(random),
        "ParentProcessGuid": guid(random),
        "ProcessId": random.next() % 60_000,
        "ParentProcessId": random.next() % 60_000,
        "Company": "Microsoft Corporation",
        "Product": "Microsoft Windows",
    })
}

fn connection(random: &mut Random) -> Value {
    json!({
        "Image": random.pick(&IMAGES),
        "User": format!("TINH\\canbo{}", random.next() % 5_000),
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIp": format!("10.{}.{}.{}", random.next() % 200, random.next() % 250, random.next() % 250),
        "SourcePort": random.next() % 60_000,
        "DestinationIp": format!("142.250.{}.{}", random.next() % 250, random.next() % 250),
        "DestinationPort": 443,
        "DestinationHostname": random.pick(&HOSTS),
        "ProcessGuid": guid(random),
        "ProcessId": random.next() % 60_000,
    })
}

fn library(random: &mut Random) -> Value {
    json!({
        "Image": random.pick(&IMAGES),
        "ImageLoaded": format!("C:\\Windows\\System32\\{}.dll", random.pick(&["ntdll", "user32", "crypt32", "winhttp", "mscoree"])),
        "Signed": "true",
        "Signature": "Microsoft Windows",
        "SignatureStatus": "Valid",
        "Company": "Microsoft Corporation",
        "ProcessGuid": guid(random),
        "ProcessId": random.next() % 60_000,
    })
}

fn file(random: &mut Random) -> Value {
    json!({
        "Image": random.pick(&IMAGES),
        "TargetFilename": format!("{}{} {:x}{}", random.pick(&FOLDERS), random.pick(&NAMES), random.next() % 0xffff, random.pick(&ENDS)),
        "User": format!("TINH\\canbo{}", random.next() % 5_000),
        "ProcessGuid": guid(random),
        "ProcessId": random.next() % 60_000,
    })
}

fn registry(random: &mut Random) -> Value {
    json!({
        "EventType": "SetValue",
        "Image": random.pick(&IMAGES),
        "TargetObject": random.pick(&KEYS),
        "Details": format!("DWORD (0x{:08x})", random.next() as u32),
        "ProcessGuid": guid(random),
        "ProcessId": random.next() % 60_000,
    })
}

fn query(random: &mut Random) -> Value {
    json!({
        "Image": random.pick(&IMAGES),
        "QueryName": random.pick(&HOSTS),
        "QueryStatus": "0",
        "QueryResults": format!("::ffff:142.250.{}.{};", random.next() % 250, random.next() % 250),
        "ProcessGuid": guid(random),
        "ProcessId": random.next() % 60_000,
    })
}

fn log_in(random: &mut Random) -> Value {
    json!({
        "SubjectUserName": "-",
        "TargetUserName": format!("canbo{}", random.next() % 5_000),
        "TargetDomainName": "TINH",
        "TargetLogonId": format!("0x{:x}", random.next() as u32),
        "LogonType": random.pick(&[2, 3, 5, 7]),
        "LogonProcessName": "Kerberos",
        "AuthenticationPackageName": "Kerberos",
        "IpAddress": format!("10.{}.{}.{}", random.next() % 200, random.next() % 250, random.next() % 250),
        "ProcessName": "-",
    })
}

fn filtered(random: &mut Random) -> Value {
    json!({
        "Application": r"\device\harddiskvolume3\windows\system32\svchost.exe",
        "SourceAddress": format!("10.1.{}.{}", random.next() % 250, random.next() % 250),
        "SourcePort": (random.next() % 60_000).to_string(),
        "DestAddress": "224.0.0.252",
        "DestPort": "5355",
        "Protocol": "17",
        "Direction": "%%14592",
    })
}

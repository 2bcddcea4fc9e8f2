//! What officers' PCs tell: log-ins, programs, names asked for, connections, files.

use serde_json::json;

use super::Day;
use crate::demo::province::Kind;
use crate::demo::windows::{self, EXPLORER, Start};
use crate::demo::{Line, Machine, Moment};

const CHROME: &str = r"C:\Program Files\Google\Chrome\Application\chrome.exe";
const WORD: &str = r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE";
const EXCEL: &str = r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE";
const SERVICES: &str = r"C:\Windows\System32\services.exe";
const SVCHOST: &str = r"C:\Windows\System32\svchost.exe";

/// (program, command line, parent)
const PROGRAMS: &[(&str, &str, &str)] = &[
    (CHROME, r#""C:\Program Files\Google\Chrome\Application\chrome.exe" --type=renderer"#, CHROME),
    (CHROME, r#""C:\Program Files\Google\Chrome\Application\chrome.exe""#, EXPLORER),
    (WORD, r#""WINWORD.EXE" /n "D:\Van ban\To trinh so 12.docx""#, EXPLORER),
    (EXCEL, r#""EXCEL.EXE" "D:\Van ban\Bao cao thang.xlsx""#, EXPLORER),
    (SVCHOST, r"C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule", SERVICES),
    (SVCHOST, r"C:\Windows\System32\svchost.exe -k LocalService", SERVICES),
    (r"C:\Windows\System32\taskhostw.exe", "taskhostw.exe", SVCHOST),
    (r"C:\Windows\System32\cmd.exe", r"cmd.exe /c \\FILE-01\dung-chung\o-dia.cmd", EXPLORER),
    (r"C:\Windows\System32\notepad.exe", r"notepad.exe D:\ghi-chu.txt", EXPLORER),
    (r"C:\Program Files\UniKey\UniKeyNT.exe", "UniKeyNT.exe", EXPLORER),
    (r"C:\Program Files\7-Zip\7zG.exe", r#"7zG.exe a "D:\Van ban\ho-so.zip""#, EXPLORER),
    (r"C:\Windows\System32\vssadmin.exe", "vssadmin list shadows", SVCHOST),
];

const NAMES: &[&str] = &[
    "vanban.vanlinh.example",
    "mail.vanlinh.example",
    "dvc.vanlinh.example",
    "cong.vanlinh.example",
    "update.antivirus.example",
    "www.example.com",
    "time.windows.com",
    "ctldl.windowsupdate.com",
];

/// (program, folder, file name without number, extension)
const FILES: &[(&str, &str, &str, &str)] = &[
    (WORD, r"D:\Van ban", "To trinh so", "docx"),
    (WORD, r"D:\Van ban", "~$ trinh so", "docx"),
    (EXCEL, r"D:\Van ban", "Bieu tong hop", "xlsx"),
    (CHROME, r"C:\Users\Public\Downloads", "Cong van", "pdf.crdownload"),
    (EXPLORER, r"C:\Users\Public\Recent", "Ke hoach", "docx.lnk"),
    (r"C:\Program Files\7-Zip\7zG.exe", r"D:\Van ban", "Ho so", "zip"),
];

/// Somebody sat down, or a service of the domain checked in.
pub(super) fn logged_on(day: &mut Day, at: Moment) -> Line {
    let machine = workstation(day);
    let logon_type = day.random.pick(&[2, 3, 3, 5, 7, 11]);
    windows::logon(at, machine, &machine.account(), machine.ip, logon_type, true)
}

/// A session ended.
pub(super) fn logged_off(day: &mut Day, at: Moment) -> Line {
    let machine = workstation(day);
    let fields = json!({
        "TargetUserName": machine.account(),
        "TargetDomainName": "VANLINH",
        "LogonType": day.random.pick(&[2, 3, 7]),
    });
    windows::security(at, machine, 4634, fields)
}

/// One mistyped password. Machines take turns: two on one machine are minutes apart.
pub(super) fn mistyped_password(day: &mut Day, at: Moment) -> Line {
    let all = day.province.all(Kind::Workstation);
    let machine = all[day.mistyped % all.len()];
    day.mistyped += 1;
    windows::logon(at, machine, &machine.account(), machine.ip, 2, false)
}

/// A program started on a PC with Sysmon.
pub(super) fn started_program(day: &mut Day, at: Moment) -> Line {
    let (image, command_line, parent) = day.random.pick(PROGRAMS);
    let machine = workstation(day);
    let account = machine.account();
    windows::process(at, machine, &Start { image, command_line, parent, account: &account })
}

/// A program started on a PC that only audits.
pub(super) fn audited_program(day: &mut Day, at: Moment) -> Line {
    let (image, command_line, parent) = day.random.pick(PROGRAMS);
    let machine = workstation(day);
    let account = machine.account();
    windows::audited_process(at, machine, &Start { image, command_line, parent, account: &account })
}

/// A program asked for a name.
pub(super) fn asked_name(day: &mut Day, at: Moment) -> Line {
    let fields = json!({
        "Image": day.random.pick(&[CHROME, SVCHOST, WORD]),
        "QueryName": day.random.pick(NAMES),
        "QueryStatus": "0",
        "QueryResults": format!("::ffff:192.0.2.{};", 1 + day.random.below(40)),
    });
    windows::sysmon(at, workstation(day), 22, fields)
}

/// A program opened a connection.
pub(super) fn connected(day: &mut Day, at: Moment) -> Line {
    let machine = workstation(day);
    let fields = json!({
        "Image": day.random.pick(&[CHROME, SVCHOST]),
        "User": format!(r"VANLINH\{}", machine.account()),
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIp": machine.ip,
        "SourcePort": 49_152 + day.random.below(16_000),
        "DestinationIp": day.random.pick(&["10.1.1.10", "10.1.1.20", "10.1.1.40", "192.0.2.10"]),
        "DestinationPort": 443,
    });
    windows::sysmon(at, machine, 3, fields)
}

/// A document, a download or a shortcut was written.
pub(super) fn wrote_file(day: &mut Day, at: Moment) -> Line {
    let (image, folder, name, extension) = day.random.pick(FILES);
    let target = format!(r"{folder}\{name} {}.{extension}", 1 + day.random.below(300));
    let machine = workstation(day);
    windows::file(at, machine, image, &target, &machine.account())
}

fn workstation(day: &mut Day) -> Machine {
    day.province.pick(&mut day.random, Kind::Workstation)
}

//! What servers, devices and the anti-virus console tell when nothing is wrong.

use super::Day;
use crate::demo::cef::{self, Notice};
use crate::demo::province::Kind;
use crate::demo::{Line, Moment, syslog};

/// (program, message)
const DEVICE_LINES: &[(&str, &str)] = &[
    ("ntpd", "time synchronized to 10.1.2.20, offset 0.013 s"),
    ("webd", "user quantri login succeeded from 10.1.2.19"),
    ("recorder", "motion detection schedule started"),
    ("kernel", "eth0: link up, 100 Mbps, full duplex"),
    ("dhcpd", "lease renewed"),
];

/// An administrator or a job uses the jump host.
pub(super) fn server_log(day: &mut Day, at: Moment) -> Line {
    let host = day.random.pick(&["ssh-gw01", "log-01", "dns-01"]);
    let pid = 1_000 + day.random.below(30_000);
    let port = 40_000 + day.random.below(20_000);
    let (program, text) = match day.random.below(4) {
        0 => (
            "sshd",
            format!(
                "Accepted publickey for quan.tri from 10.1.2.50 port {port} ssh2: \
                 ED25519 SHA256:q0Zk7w0m1c2d3e4f5g6h7i8j9k0l1m2n3o4p5q6r7s8"
            ),
        ),
        1 => ("sshd", "pam_unix(sshd:session): session closed for user quan.tri".to_owned()),
        2 => (
            "sudo",
            "quan.tri : TTY=pts/0 ; PWD=/home/quan.tri ; USER=root ; \
             COMMAND=/usr/bin/systemctl status rsyslog"
                .to_owned(),
        ),
        _ => ("CRON", "pam_unix(cron:session): session opened for user root by (uid=0)".to_owned()),
    };
    syslog::from_server(at, host, program, pid, &text)
}

/// A PC's anti-virus is alive, updated, or removed something by itself.
pub(super) fn antivirus_heartbeat(day: &mut Day, at: Moment) -> Line {
    let machine = day.province.pick(&mut day.random, Kind::Workstation);
    let (signature_id, name, severity, action) = day.random.pick(&[
        (2000, "Agent heartbeat", 0, "alive"),
        (2000, "Agent heartbeat", 0, "alive"),
        (2001, "Signature update succeeded", 1, "updated"),
        (1001, "Threat cleaned", 5, "quarantined"),
    ]);
    let more = if signature_id == 1001 {
        " cs1Label=Signature cs1=Adware.Win32.ToolBar fname=setup.exe"
    } else {
        ""
    };
    cef::notice(at, machine, &Notice { signature_id, name, severity, action, more })
}

/// A camera or router keeps its diary.
pub(super) fn device_log(day: &mut Day, at: Moment) -> Line {
    let kind = day.random.pick(&[Kind::Camera, Kind::NetworkDevice]);
    let device = day.province.pick(&mut day.random, kind);
    let (program, text) = day.random.pick(DEVICE_LINES);
    syslog::from_device(at, device.host, program, false, text)
}

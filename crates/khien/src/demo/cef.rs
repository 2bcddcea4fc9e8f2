//! Messages of the province's anti-virus console in ArcSight Common Event Format over syslog. The
//! product is invented.

use super::{Line, Machine, Moment, syslog};

/// What the console says about a machine.
pub(super) struct Notice<'a> {
    pub(super) signature_id: u16,
    pub(super) name: &'a str,
    pub(super) severity: u8,
    pub(super) action: &'a str,
    /// Further extension fields, already escaped, each led by a space; may be empty.
    pub(super) more: &'a str,
}

/// Returns the console's message about `machine`, in whose name it is sent: the alert belongs to the
/// unit that owns the machine, not to the one that runs the console.
pub(super) fn notice(at: Moment, machine: Machine, notice: &Notice<'_>) -> Line {
    let Notice { signature_id, name, severity, action, more } = notice;
    let text = format!(
        "CEF:0|La Chan So|Endpoint Console|5.2|{signature_id}|{name}|{severity}|\
         rt={} cat=antivirus dvchost={} src={} act={action}{more}",
        at.unix_ms(),
        machine.host,
        machine.ip,
    );
    syslog::from_server(at, machine.host, "endpoint-console", 1440, &text)
}

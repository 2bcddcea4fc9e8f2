//! The machines of the invented province, read from the same `systems.csv` that the demo imports,
//! so that every line belongs to a registered asset.

use std::collections::BTreeMap;

use super::SplitMix;

const SYSTEMS: &str = include_str!("../../../../examples/demo-province/systems.csv");

/// What a row of the registry is; only what the replay tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// An officer's PC.
    Workstation,
    /// A server.
    Server,
    /// A network camera.
    Camera,
    /// A router, switch or firewall.
    NetworkDevice,
    /// Anything that a browser visits.
    Site,
}

impl Kind {
    fn of(label: &str) -> Self {
        match label {
            "máy trạm" => Self::Workstation,
            "máy chủ" => Self::Server,
            "camera" => Self::Camera,
            "thiết bị mạng" => Self::NetworkDevice,
            _ => Self::Site,
        }
    }
}

/// A machine or site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    /// Its name in logs.
    pub(super) host: &'static str,
    /// Its inner address.
    pub(super) ip: &'static str,
}

impl Machine {
    /// Returns the account that usually works on a PC: the officer on the unit's first PC
    /// (`SUOIMAY-PC01` → `can.bo.suoimay`), numbered staff on the others.
    pub(super) fn account(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        match host.rsplit_once("-pc0") {
            Some((unit, "1")) if !unit.ends_with("-du") => format!("can.bo.{unit}"),
            Some((unit, number)) => format!("nv{number}.{unit}"),
            None => "dich.vu".to_owned(),
        }
    }
}

/// The machines by kind, each in the order of the registry.
#[derive(Clone, Debug)]
pub(super) struct Province {
    machines: BTreeMap<Kind, Vec<Machine>>,
}

impl Province {
    /// Reads the embedded registry.
    pub(super) fn load() -> Self {
        let mut machines: BTreeMap<Kind, Vec<Machine>> = BTreeMap::new();
        for (kind, machine) in SYSTEMS.lines().skip(1).map(read_row) {
            machines.entry(kind).or_default().push(machine);
        }
        Self { machines }
    }

    /// Returns all machines of a kind.
    pub(super) fn all(&self, kind: Kind) -> &[Machine] {
        self.machines.get(&kind).expect("the embedded registry has machines of every kind")
    }

    /// Returns one machine of a kind.
    pub(super) fn pick(&self, random: &mut SplitMix, kind: Kind) -> Machine {
        random.pick(self.all(kind))
    }

    /// Returns the machine of that name.
    pub(super) fn machine(&self, host: &str) -> Option<Machine> {
        self.machines.values().flatten().find(|machine| machine.host == host).copied()
    }

    /// Returns a machine that the replay names itself.
    pub(super) fn named(&self, host: &str) -> Machine {
        self.machine(host).expect("machines named in the replay are in the embedded registry")
    }
}

/// Reads one row: unit, name, kind, level, host, address. The file has no quoted field (tested).
fn read_row(row: &'static str) -> (Kind, Machine) {
    let mut fields = row.split(',').skip(2);
    let mut next = || fields.next().expect("the embedded registry has six columns");
    let kind = Kind::of(next());
    let _level = next();
    (kind, Machine { host: next(), ip: next() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_plain_and_holds_every_kind() {
        assert!(!SYSTEMS.contains('"'));
        assert!(SYSTEMS.lines().all(|row| row.split(',').count() == 6));
        let province = Province::load();
        let kinds =
            [Kind::Workstation, Kind::Server, Kind::Camera, Kind::NetworkDevice, Kind::Site];
        let count: usize = kinds.iter().map(|kind| province.all(*kind).len()).sum();
        assert_eq!(count, SYSTEMS.lines().count() - 1);
    }

    #[test]
    fn accounts_follow_the_unit() {
        let account = |host| Machine { host, ip: "10.0.0.1" }.account();
        assert_eq!(account("SUOIMAY-PC01"), "can.bo.suoimay");
        assert_eq!(account("SUOIMAY-PC03"), "nv3.suoimay");
        assert_eq!(account("SUOIMAY-DU-PC01"), "nv1.suoimay-du");
        assert_eq!(account("CONG-WEB02"), "dich.vu");
    }
}

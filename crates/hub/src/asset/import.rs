//! A sheet of systems and devices becomes a plan.
//!
//! A row is the asset of its unit that its host name or address leads to; without one, the asset of
//! the same unit and name. Blank cells leave what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use khien_domain::asset::{Asset, Criticality, Kind, SystemType};
use khien_domain::fold::fold;
use khien_domain::id::{AssetId, UnitId};
use khien_domain::refusal::{Code, Refusal};
use khien_domain::unit::Tree;
use uuid::Uuid;

use crate::sheet::{self, Column, Plan, Problems, Reason, Row};

const COLUMNS: &[Column] = &[
    Column::required("unit", &["ma don vi", "don vi", "don vi quan ly", "unit code"]),
    Column::required("name", &["ten", "ten he thong", "ten tai san", "ten thiet bi"]),
    Column::required("kind", &["loai", "loai he thong", "type"]),
    Column::optional("level", &["cap do", "cap do an toan"]),
    Column::optional(
        "host",
        &["ten may dia chi", "ten may", "dia chi", "ten mien", "hostname", "hosts"],
    ),
    Column::optional("ip", &["dia chi ip", "ips"]),
];

type Sort = (Kind, Option<SystemType>);

const fn system(kind: SystemType) -> Sort {
    (Kind::System, Some(kind))
}

const DEVICE: Sort = (Kind::Device, None);

/// What offices write for each sort, as [`sheet::plain`] writes it.
const SORTS: &[(&str, Sort)] = &[
    ("portal", system(SystemType::Portal)),
    ("cong ttdt", system(SystemType::Portal)),
    ("cong thong tin dien tu", system(SystemType::Portal)),
    ("website", system(SystemType::Website)),
    ("trang ttdt", system(SystemType::Website)),
    ("trang thong tin dien tu", system(SystemType::Website)),
    ("mail", system(SystemType::Mail)),
    ("thu dien tu", system(SystemType::Mail)),
    ("thu cong vu", system(SystemType::Mail)),
    ("administrative procedures", system(SystemType::AdminProcedures)),
    ("admin procedures", system(SystemType::AdminProcedures)),
    ("giai quyet tthc", system(SystemType::AdminProcedures)),
    ("giai quyet thu tuc hanh chinh", system(SystemType::AdminProcedures)),
    ("mot cua", system(SystemType::AdminProcedures)),
    ("document management", system(SystemType::DocumentManagement)),
    ("qlvb dh", system(SystemType::DocumentManagement)),
    ("qlvb", system(SystemType::DocumentManagement)),
    ("quan ly van ban", system(SystemType::DocumentManagement)),
    ("quan ly van ban va dieu hanh", system(SystemType::DocumentManagement)),
    ("data centre", system(SystemType::DataCentre)),
    ("trung tam du lieu", system(SystemType::DataCentre)),
    ("other", system(SystemType::Other)),
    ("other system", system(SystemType::Other)),
    ("he thong khac", system(SystemType::Other)),
    ("he thong thong tin", system(SystemType::Other)),
    ("device", DEVICE),
    ("thiet bi", DEVICE),
    ("may tram", DEVICE),
    ("may tinh", DEVICE),
    ("may chu", DEVICE),
    ("may in", DEVICE),
    ("thiet bi mang", DEVICE),
    ("camera", DEVICE),
    ("account", (Kind::Account, None)),
    ("tai khoan", (Kind::Account, None)),
    ("trang mang xa hoi", (Kind::Account, None)),
    ("domain", (Kind::Domain, None)),
    ("domain name", (Kind::Domain, None)),
    ("ten mien", (Kind::Domain, None)),
    ("number", (Kind::Number, None)),
    ("telephone number", (Kind::Number, None)),
    ("so dien thoai", (Kind::Number, None)),
];

fn sort_key((kind, system): Sort) -> String {
    match system {
        Some(system) => format!("system-type-{system}"),
        None => format!("asset-kind-{kind}"),
    }
}

/// What a row does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A new asset.
    Add(Asset),
    /// A known asset, before and after.
    Change(Box<(Asset, Asset)>),
}

/// Reads a sheet of assets against those in use.
///
/// # Errors
/// With every problem by row and column.
pub fn plan(
    bytes: &[u8],
    tree: &Tree,
    held: &[Asset],
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Plan<Deed>, Problems> {
    let sheet = sheet::read(bytes, COLUMNS, sheet::ROWS_MAX)?;
    let mut problems = sheet.problems;
    let rows: Vec<(&Row, Asset)> = sheet
        .rows
        .iter()
        .filter_map(|row| {
            let id = AssetId::new(new_id());
            Some((row, asset(row, id, tree, &mut problems)?))
        })
        .collect();
    refuse_twins(&rows, &mut problems);
    let known = Known::of(held, &rows);
    let mut plan = Plan::new(sheet.ignored);
    for (row, mut asset) in rows {
        let label = asset.name.clone();
        match known.find(row, &asset, &mut problems) {
            None => plan.add(row.number, label, Deed::Add(asset)),
            Some(before) => {
                keep_blanks(row, &mut asset, before);
                let fields = changed_fields(before, &asset);
                let deed = Deed::Change(Box::new((before.clone(), asset)));
                plan.change(row.number, label, fields, deed);
            }
        }
    }
    problems.or(plan)
}

/// Returns the asset of a row. Each cell is looked at, whatever is wrong with the others.
fn asset(row: &Row, id: AssetId, tree: &Tree, problems: &mut Problems) -> Option<Asset> {
    let unit = problems.need(row, "unit").and_then(|code| {
        let unit = tree.by_code(code).ok_or_else(|| Reason::cell("unit-unknown", code));
        problems.keep(row, "unit", unit)
    });
    let sort = problems.need(row, "kind").and_then(|_| problems.word(row, "kind", SORTS, sort_key));
    let name = problems.need(row, "name");
    let level = row.text("level").and_then(|text| problems.keep(row, "level", level(text)));
    let (mut hosts, mut ips) = hosts(row.text("host").unwrap_or_default());
    for text in pieces(row.text("ip").unwrap_or_default()) {
        let ip = text.parse::<IpAddr>().map_err(|_| Reason::cell("no-address", text));
        ips.extend(problems.keep(row, "ip", ip));
    }
    hosts.dedup();
    // A sort that was not understood is taken for one that may have everything.
    let (kind, system_type) = sort.unwrap_or(system(SystemType::Other));
    let asset = Asset {
        id,
        unit: unit.map_or(UnitId::new(Uuid::nil()), |unit| unit.id),
        kind,
        name: name.unwrap_or_default().to_owned(),
        level,
        system_type,
        hosts,
        ips,
        criticality: Criticality::Normal,
    };
    let asset = keep_asset(row, asset, problems);
    (unit.is_some() && sort.is_some()).then_some(asset?)
}

/// Returns the asset in its stored form, or notes every cell that is malformed: one that was noted
/// is emptied and the rest is asked again.
fn keep_asset(row: &Row, mut asset: Asset, problems: &mut Problems) -> Option<Asset> {
    let mut sound = true;
    loop {
        let refusal = match asset.clone().checked() {
            Ok(asset) => return sound.then_some(asset),
            Err(refusal) => refusal,
        };
        let column = column_of(&refusal);
        // A blank cell was noted as such.
        if row.text(column).is_some() || column == "host" {
            problems.add(row, column, refusal);
        }
        match column {
            // A level is missing to no other rule; a host is: without it two rows of one name would
            // be taken for twins.
            "level" => asset.level = None,
            "host" => {
                (asset.hosts, asset.ips) = (Vec::new(), Vec::new());
                sound = false;
            }
            _ => return None,
        }
    }
}

/// Returns the level in "3", "Cấp 3" or "Cấp độ 3".
fn level(text: &str) -> Result<u8, Reason> {
    let plain = sheet::plain(text);
    let digits = plain.rsplit(' ').next().unwrap_or_default();
    digits.parse().map_err(|_| Reason::cell("no-number", text))
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '|', ' ', '\n']).map(str::trim).filter(|piece| !piece.is_empty())
}

/// Returns names and addresses of a cell; an address of a web page gives its host.
fn hosts(text: &str) -> (Vec<String>, Vec<IpAddr>) {
    let (mut hosts, mut ips) = (Vec::new(), Vec::new());
    for piece in pieces(text) {
        let bare = piece.split_once("://").map_or(piece, |(_, rest)| rest);
        let host = bare.split('/').next().unwrap_or(bare);
        match host.parse() {
            Ok(ip) => ips.push(ip),
            Err(_) => hosts.push(host.to_owned()),
        }
    }
    (hosts, ips)
}

fn column_of(refusal: &Refusal) -> &'static str {
    if refusal.is(Code::HostMalformed) || refusal.is(Code::TooManyHosts) {
        "host"
    } else if refusal.is(Code::AssetLevelOutside) || refusal.is(Code::AssetNotSystem) {
        "level"
    } else {
        "name"
    }
}

/// Refuses two rows for one host, and two rows of one name that no host tells apart.
fn refuse_twins(rows: &[(&Row, Asset)], problems: &mut Problems) {
    let (mut keys, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (row, asset) in rows {
        let own = asset.keys();
        if own.is_empty() && !names.insert((asset.unit, fold(&asset.name))) {
            problems.add(row, "name", Reason::cell("row-twice", &asset.name));
        }
        for key in own {
            if !keys.insert((asset.unit, key.clone())) {
                problems.add(row, "host", Reason::cell("row-twice", &key));
            }
        }
    }
}

/// The assets in use, as rows find them.
struct Known<'a> {
    by_key: BTreeMap<(UnitId, String), &'a Asset>,
    /// Only names that stand for one asset, in use and in the sheet.
    by_name: BTreeMap<(UnitId, String), &'a Asset>,
}

impl<'a> Known<'a> {
    fn of(held: &'a [Asset], rows: &[(&Row, Asset)]) -> Self {
        let place = |asset: &Asset| (asset.unit, fold(&asset.name));
        let mut counts: BTreeMap<_, (usize, usize)> = BTreeMap::new();
        for asset in held {
            counts.entry(place(asset)).or_default().0 += 1;
        }
        for (_, asset) in rows {
            counts.entry(place(asset)).or_default().1 += 1;
        }
        let single = held.iter().filter(|asset| counts[&place(asset)] == (1, 1));
        Self {
            by_key: held
                .iter()
                .flat_map(|a| a.keys().into_iter().map(move |key| ((a.unit, key), a)))
                .collect(),
            by_name: single.map(|asset| (place(asset), asset)).collect(),
        }
    }

    fn find(&self, row: &Row, asset: &Asset, problems: &mut Problems) -> Option<&'a Asset> {
        let keys = asset.keys();
        let owner = |key: &String| self.by_key.get(&(asset.unit, key.clone())).copied();
        let named = self.by_name.get(&(asset.unit, fold(&asset.name))).copied();
        let found = keys.iter().find_map(owner).or(named);
        for key in &keys {
            if owner(key).is_some_and(|owner| Some(owner.id) != found.map(|found| found.id)) {
                problems.add(row, "host", Reason::cell("host-taken", key));
            }
        }
        found
    }
}

fn keep_blanks(row: &Row, asset: &mut Asset, before: &Asset) {
    asset.id = before.id;
    if row.text("level").is_none() && asset.kind == Kind::System {
        asset.level = before.level;
    }
    if row.text("host").is_none() {
        asset.hosts.clone_from(&before.hosts);
    }
    if row.text("ip").is_none() && asset.ips.is_empty() {
        asset.ips.clone_from(&before.ips);
    }
}

fn changed_fields(before: &Asset, after: &Asset) -> Vec<&'static str> {
    let sort = |asset: &Asset| (asset.kind, asset.system_type);
    let differ = [
        ("name", before.name != after.name),
        ("kind", sort(before) != sort(after)),
        ("level", before.level != after.level),
        ("host", before.keys() != after.keys()),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use khien_domain::unit::{Unit, UnitKind};

    fn tree() -> Tree {
        let unit = |n: u128, code: &str| Unit {
            id: UnitId::new(Uuid::from_u128(n)),
            code: code.into(),
            name: code.into(),
            kind: UnitKind::Department,
            parent: None,
            valid_from: 0,
            valid_to: None,
            successor: None,
        };
        Tree::build(vec![unit(901, "AA"), unit(902, "BB")]).expect("a tree")
    }

    fn plan_of(file: &str, held: &[Asset]) -> Result<Plan<Deed>, Problems> {
        let mut last = held.len() as u128;
        plan(file.as_bytes(), &tree(), held, || {
            last += 1;
            Uuid::from_u128(last)
        })
    }

    fn added(plan: &Plan<Deed>) -> Vec<Asset> {
        let assets = plan.deeds.iter().filter_map(|deed| match deed {
            Deed::Add(asset) => Some(asset.clone()),
            Deed::Change(_) => None,
        });
        assets.collect()
    }

    const SHEET: &str = "Mã đơn vị,Tên,Loại,Cấp độ,Tên máy/địa chỉ,IP\n\
                         AA,Cổng tỉnh,cổng TTĐT,Cấp độ 3,https://cong.tinh.example/,10.1.1.10\n\
                         AA,Quản lý văn bản,QLVB&ĐH,3,,\n\
                         BB,Máy văn phòng,máy trạm,,BB-PC01,10.2.0.11\n\
                         BB,Máy văn phòng,máy trạm,,BB-PC02,10.2.0.12\n";

    #[test]
    fn every_sort_is_understood_as_the_console_writes_it() {
        sheet::understands_what_is_offered(SORTS, sort_key);
    }

    #[test]
    fn the_same_sheet_changes_nothing_even_where_names_repeat() {
        let held = added(&plan_of(SHEET, &[]).expect("a plan"));
        assert_eq!(held.len(), 4);
        assert_eq!(held[0].keys(), ["10.1.1.10", "cong.tinh.example"]);
        assert_eq!((held[0].level, held[1].level), (Some(3), Some(3)));
        let again = plan_of(SHEET, &held).expect("a plan");
        assert_eq!((again.deeds.len(), again.summary.same), (0, 4));
    }

    #[test]
    fn a_row_finds_its_asset_by_host_then_by_name() {
        let held = added(&plan_of(SHEET, &[]).expect("a plan"));
        let file = "unit,name,kind,host\nBB,Máy kế toán,máy trạm,BB-PC01\nAA,quan ly van ban,qlvb,vb.example\n";
        let plan = plan_of(file, &held).expect("a plan");
        let fields: Vec<_> = plan.summary.changes.iter().map(|c| c.fields.clone()).collect();
        assert_eq!(fields, [Some(vec!["name"]), Some(vec!["name", "host"])]);
    }

    #[test]
    fn two_units_may_use_the_same_private_address() {
        let file =
            "unit,name,kind,ip\nAA,Máy 1,máy trạm,192.168.1.10\nBB,Máy 1,máy trạm,192.168.1.10\n";
        let held = added(&plan_of(file, &[]).expect("a plan"));
        assert_eq!(held.len(), 2);
        let again = plan_of(file, &held).expect("a plan");
        assert_eq!((again.deeds.len(), again.summary.same), (0, 2));
    }

    #[test]
    fn every_fault_is_named_by_row_and_column() {
        let held = added(&plan_of(SHEET, &[]).expect("a plan"));
        let file = "unit,name,kind,level,host,ip\n\
                    ZZ,A,camera,,a1,\n\
                    AA,,camera,,a2,\n\
                    AA,A,tàu vũ trụ,,a3,\n\
                    AA,A,cổng TTĐT,chín,a4,\n\
                    AA,A,cổng TTĐT,9,a5,\n\
                    AA,A,camera,3,a6,\n\
                    AA,A,camera,,máy số 7,\n\
                    AA,A,camera,,a8,10.1.1\n\
                    AA,A,camera,,a9,\n\
                    AA,B,camera,,A9,\n\
                    BB,C,camera,,BB-PC01 BB-PC02,\n\
                    AA,D,camera,,,\n\
                    AA,D,camera,,,\n\
                    ZZ,,tàu vũ trụ,9,máy số 7,10.1.1,thừa\n\
                    ZZ,0,số điện thoại,3,máy số 7,10.1.1\n\
                    AA,E,camera,3,,\n\
                    AA,E,camera,,,\n";
        let problems = plan_of(file, &held).expect_err("problems").0;
        let found: Vec<_> = problems.iter().map(|p| (p.row, p.column.unwrap_or(""))).collect();
        let expected = [
            (2, "unit"),
            (3, "name"),
            (4, "kind"),
            (5, "level"),
            (6, "level"),
            (7, "level"),
            (8, "host"),
            (9, "ip"),
            (11, "host"),
            (12, "host"),
            (14, "name"),
            (15, ""),
            (15, "unit"),
            (15, "kind"),
            (15, "name"),
            (15, "ip"),
            (15, "level"),
            (15, "host"),
            (16, "unit"),
            (16, "ip"),
            (16, "level"),
            (16, "host"),
            (16, "name"),
            (17, "level"),
            (18, "name"),
        ];
        assert_eq!(found, expected);
    }
}

//! A sheet of units becomes a plan: which units to add, which to change.
//!
//! Pure: the tree and the time are arguments. A blank cell leaves what is there, so that a sheet
//! with three columns does not wipe the others and a dissolved unit does not rise again.

use std::collections::{BTreeMap, BTreeSet};

use khien_domain::id::UnitId;
use khien_domain::refusal::{Code, Refusal};
use khien_domain::text;
use khien_domain::time::{DAY, Micros};
use khien_domain::unit::{Tree, Unit, UnitKind, check_dates, unit_code};
use uuid::Uuid;

use crate::sheet::{self, Column, Plan, Problems, Reason, Row};
use crate::web::time::day_start;

const COLUMNS: &[Column] = &[
    Column::required("code", &["ma don vi", "ma", "unit code"]),
    Column::required("name", &["ten don vi", "ten", "don vi", "unit name"]),
    Column::required("kind", &["loai", "loai don vi"]),
    Column::optional(
        "parent",
        &["ma don vi cap tren", "don vi cap tren", "cap tren", "truc thuoc", "parent code"],
    ),
    Column::optional("valid_from", &["tu ngay", "ngay thanh lap", "hieu luc tu ngay", "from"]),
    Column::optional("valid_to", &["den ngay", "ngay giai the", "hieu luc den ngay", "to"]),
    Column::optional("successor", &["don vi ke thua", "ma don vi ke thua", "ke thua"]),
];

/// What offices write for each kind, as [`sheet::plain`] writes it; the codes first.
const KINDS: &[(&str, UnitKind)] = &[
    ("province", UnitKind::Province),
    ("tinh", UnitKind::Province),
    ("tinh thanh pho", UnitKind::Province),
    ("thanh pho", UnitKind::Province),
    ("department", UnitKind::Department),
    ("so ban nganh", UnitKind::Department),
    ("so nganh", UnitKind::Department),
    ("so", UnitKind::Department),
    ("party body", UnitKind::PartyBody),
    ("co quan dang", UnitKind::PartyBody),
    ("ban dang", UnitKind::PartyBody),
    ("commune party", UnitKind::CommuneParty),
    ("party committee of a commune", UnitKind::CommuneParty),
    ("dang uy xa phuong", UnitKind::CommuneParty),
    ("dang uy xa", UnitKind::CommuneParty),
    ("dang uy phuong", UnitKind::CommuneParty),
    ("commune committee", UnitKind::CommuneCommittee),
    ("people s committee of a commune", UnitKind::CommuneCommittee),
    ("ubnd xa phuong", UnitKind::CommuneCommittee),
    ("ubnd xa", UnitKind::CommuneCommittee),
    ("ubnd phuong", UnitKind::CommuneCommittee),
    ("uy ban nhan dan xa", UnitKind::CommuneCommittee),
    ("uy ban nhan dan phuong", UnitKind::CommuneCommittee),
    ("military", UnitKind::Military),
    ("quan su", UnitKind::Military),
    ("central agency", UnitKind::CentralAgency),
    ("co quan trung uong", UnitKind::CentralAgency),
    ("data centre", UnitKind::DataCentre),
    ("trung tam du lieu", UnitKind::DataCentre),
    ("police", UnitKind::Police),
    ("cong an", UnitKind::Police),
    ("telecom", UnitKind::Telecom),
    ("vien thong", UnitKind::Telecom),
    ("doanh nghiep vien thong", UnitKind::Telecom),
    ("bank", UnitKind::Bank),
    ("ngan hang", UnitKind::Bank),
    ("supplier", UnitKind::Supplier),
    ("nha cung cap", UnitKind::Supplier),
    ("national centre", UnitKind::NationalCentre),
    ("trung tam quoc gia", UnitKind::NationalCentre),
];

fn kind_key(kind: UnitKind) -> String {
    format!("unit-kind-{kind}")
}

/// What a row does to the tree.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A new unit.
    Add(Unit),
    /// A known unit, before and after.
    Change(Box<(Unit, Unit)>),
}

/// The most circles of one sheet that are named, each costs a look at the whole tree; at the next
/// one it is said that there are more.
const CIRCLES_NAMED_MAX: usize = 20;

/// A row cell by cell. What is at fault is noted and stands as absent, so that it hides nothing
/// else in the row; the codes of other units are not looked up yet.
struct Draft<'a> {
    row: &'a Row,
    code: Option<String>,
    name: Option<String>,
    kind: Option<UnitKind>,
    valid_from: Option<Micros>,
    valid_to: Option<Micros>,
}

/// Reads a sheet of units against the tree as it is.
///
/// # Errors
/// With every problem by row and column.
pub fn plan(
    bytes: &[u8],
    tree: &Tree,
    now: Micros,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Plan<Deed>, Problems> {
    let sheet = sheet::read(bytes, COLUMNS, sheet::ROWS_MAX)?;
    let mut problems = sheet.problems;
    let drafts: Vec<Draft<'_>> = sheet.rows.iter().map(|row| draft(row, &mut problems)).collect();
    let known = known_units(tree, &drafts);
    let ids = ids(&known, &drafts, &mut problems, &mut new_id);
    let mut after: BTreeMap<UnitId, Unit> = known.values().map(|u| (u.id, u.clone())).collect();
    let mut plan = Plan::new(sheet.ignored);
    let mut settled = Vec::new();
    for draft in &drafts {
        let before = draft.code.as_ref().and_then(|code| known.get(code));
        let Some(unit) = settle(draft, before, &ids, now, &mut problems) else {
            // Its row is named already; what it will be in the end nobody knows yet.
            if let Some(unit) = before {
                after.remove(&unit.id);
            }
            continue;
        };
        after.insert(unit.id, unit.clone());
        settled.push((draft.row, unit.id));
        let label = format!("{} {}", unit.code, unit.name);
        match before {
            None => plan.add(draft.row.number, label, Deed::Add(unit)),
            Some(before) => {
                let fields = changed_fields(before, &unit);
                let deed = Deed::Change(Box::new((before.clone(), unit)));
                plan.change(draft.row.number, label, fields, deed);
            }
        }
    }
    check_successors(&after, &settled, &mut problems);
    check_circles(after, &settled, &mut problems);
    problems.or(plan)
}

fn draft<'a>(row: &'a Row, problems: &mut Problems) -> Draft<'a> {
    let code = problems.need(row, "code").map(unit_code);
    let code = code.and_then(|code| problems.keep(row, "code", code));
    let name = problems.need(row, "name");
    let name = name.map(|name| text::line("name", name, text::NAME_CHARS_MAX));
    let name = name.and_then(|name| problems.keep(row, "name", name));
    let kind = problems.need(row, "kind").and_then(|_| problems.word(row, "kind", KINDS, kind_key));
    let valid_from = problems.day(row, "valid_from");
    // "Đến ngày 30/06/2025" means until the end of that day.
    let valid_to = problems.day(row, "valid_to").map(|day| day + DAY);
    Draft { row, code, name, kind, valid_from, valid_to }
}

/// Returns the units by code. A tree of a single province is what the first start made up: the
/// province of the first sheet takes its place and gives it its true code.
fn known_units(tree: &Tree, drafts: &[Draft<'_>]) -> BTreeMap<String, Unit> {
    let known: BTreeMap<String, Unit> =
        tree.units().map(|unit| (unit.code.clone(), unit.clone())).collect();
    let codes = || drafts.iter().filter_map(|draft| Some((draft.code.as_ref()?, draft.kind)));
    let provinces: Vec<_> = codes().filter(|(_, kind)| *kind == Some(UnitKind::Province)).collect();
    if let ([(province, _)], 1) = (provinces.as_slice(), known.len())
        && let Some((_, made_up)) = known.first_key_value()
        && made_up.kind == UnitKind::Province
        && !codes().any(|(code, _)| *code == made_up.code)
    {
        let made_up = made_up.clone();
        return BTreeMap::from([((*province).clone(), made_up)]);
    }
    known
}

fn ids(
    known: &BTreeMap<String, Unit>,
    drafts: &[Draft<'_>],
    problems: &mut Problems,
    new_id: &mut impl FnMut() -> Uuid,
) -> BTreeMap<String, UnitId> {
    let mut ids: BTreeMap<String, UnitId> =
        known.iter().map(|(code, unit)| (code.clone(), unit.id)).collect();
    let mut seen = BTreeSet::new();
    for draft in drafts {
        let Some(code) = &draft.code else { continue };
        if !seen.insert(code.as_str()) {
            problems.add(draft.row, "code", Reason::cell("row-twice", code));
        }
        ids.entry(code.clone()).or_insert_with(|| UnitId::new(new_id()));
    }
    ids
}

/// Returns the unit that a row describes, with its links resolved; nothing when a cell without
/// which there is no unit is at fault. The other cells are looked at all the same.
fn settle(
    draft: &Draft<'_>,
    before: Option<&Unit>,
    ids: &BTreeMap<String, UnitId>,
    now: Micros,
    problems: &mut Problems,
) -> Option<Unit> {
    let mut link = |column| {
        let code = draft.row.text(column)?;
        let id = ids.get(&code.trim().to_ascii_uppercase()).copied();
        if id.is_none() {
            problems.add(draft.row, column, Reason::cell("unit-unknown", code));
        }
        id
    };
    let (parent, successor) = (link("parent"), link("successor"));
    let begins = match (draft.row.text("valid_from"), before) {
        (Some(_), _) => draft.valid_from,
        (None, Some(before)) => Some(before.valid_from),
        // Without a code the row may mean a known unit, whose days are then not known here.
        (None, None) => draft.code.is_some().then(|| day_start(now)),
    };
    let valid_to = draft.valid_to.or(before.and_then(|unit| unit.valid_to));
    let dates = begins.map_or(Ok(()), |begins| check_dates(begins, valid_to));
    let dates = problems.keep(draft.row, "valid_to", dates);
    let successor = successor.or(before.and_then(|unit| unit.successor));
    if successor.is_some() && valid_to.is_none() && draft.row.text("valid_to").is_none() {
        problems.add(draft.row, "successor", Reason::cell("successor-undated", ""));
    }
    let code = draft.code.clone()?;
    dates?;
    let unit = Unit {
        id: ids[&code],
        code,
        name: draft.name.clone()?,
        kind: draft.kind?,
        parent: parent.or(before.and_then(|unit| unit.parent)),
        valid_from: begins?,
        valid_to,
        successor,
    };
    // Its cells are sound; what they make together is the domain's to say.
    problems.keep(draft.row, "code", unit.checked())
}

/// Refuses successors that do not exist when they inherit. One whose own row is at fault is in
/// nobody's way: that row is named.
fn check_successors(
    after: &BTreeMap<UnitId, Unit>,
    settled: &[(&Row, UnitId)],
    problems: &mut Problems,
) {
    for (row, id) in settled {
        let Some(unit) = after.get(id) else { continue };
        let (Some(heir), Some(end)) = (unit.successor, unit.valid_to) else { continue };
        if heir == unit.id || after.get(&heir).is_some_and(|heir| !heir.exists(end)) {
            let refusal = Refusal::new(Code::SuccessorNotThere).arg("code", &unit.code);
            problems.add(row, "successor", refusal);
        }
    }
}

/// Holds the tree as it would be against the rules that no single row can break: it runs in no
/// circle, and has no more units than a tree may have. Links to units whose row is at fault are
/// left out.
fn check_circles(
    mut after: BTreeMap<UnitId, Unit>,
    settled: &[(&Row, UnitId)],
    problems: &mut Problems,
) {
    let there: BTreeSet<UnitId> = after.keys().copied().collect();
    for unit in after.values_mut() {
        unit.parent = unit.parent.filter(|id| there.contains(id));
        unit.successor = unit.successor.filter(|id| *id != unit.id && there.contains(id));
    }
    for circles in 0..=CIRCLES_NAMED_MAX {
        let Err(refusal) = Tree::build(after.values().cloned().collect()) else { return };
        let named = refusal.args.iter().find(|(name, _)| *name == "code").map(|(_, code)| code);
        let culprit = named.and_then(|code| after.values_mut().find(|unit| unit.code == *code));
        let Some(unit) = culprit.filter(|_| refusal.is(Code::UnitCircle)) else {
            if let Some((row, _)) = settled.first() {
                problems.add(row, "code", refusal);
            }
            return;
        };
        // Cut here, it lets the next circle be seen.
        (unit.parent, unit.successor) = (None, None);
        let row = settled.iter().find(|(_, id)| *id == unit.id).or(settled.first());
        let Some((row, _)) = row else { continue };
        let reason = match circles {
            CIRCLES_NAMED_MAX => Reason::cell("circles-beyond", &circles.to_string()),
            _ => Reason::cell("unit-circle", &unit.code),
        };
        problems.add(row, "parent", reason);
    }
}

/// Returns the columns in which two states of a unit differ.
pub fn changed_fields(before: &Unit, after: &Unit) -> Vec<&'static str> {
    let differ = [
        ("code", before.code != after.code),
        ("name", before.name != after.name),
        ("kind", before.kind != after.kind),
        ("parent", before.parent != after.parent),
        ("valid_from", before.valid_from != after.valid_from),
        ("valid_to", before.valid_to != after.valid_to),
        ("successor", before.successor != after.successor),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_795_000_000_000_000;

    fn counter(taken: usize) -> impl FnMut() -> Uuid {
        let mut last = taken as u128;
        move || {
            last += 1;
            Uuid::from_u128(last)
        }
    }

    fn plan_of(file: &str, tree: &Tree) -> Result<Plan<Deed>, Problems> {
        plan(file.as_bytes(), tree, NOW, counter(tree.units().count()))
    }

    fn after(plan: &Plan<Deed>) -> Tree {
        let units = plan.deeds.iter().map(|deed| match deed {
            Deed::Add(unit) => unit.clone(),
            Deed::Change(pair) => pair.1.clone(),
        });
        Tree::build(units.collect()).expect("a tree")
    }

    fn province_of_150() -> String {
        let mut file = "\u{feff}Mã đơn vị;Tên đơn vị;Loại;Mã đơn vị cấp trên;Từ ngày\r\n\
                        TT;Tỉnh Thử;Tỉnh;;01/01/1997\r\n"
            .to_owned();
        for n in 2..=150 {
            file.push_str(&format!(
                "X{n};Ủy ban nhân dân xã số {n};UBND xã, phường;tt;01/07/2025\r\n"
            ));
        }
        file
    }

    #[test]
    fn a_spreadsheet_of_150_units_is_taken_and_then_changes_nothing() {
        let first = plan_of(&province_of_150(), &Tree::default()).expect("a plan");
        assert_eq!(first.deeds.len(), 150);
        let tree = after(&first);
        assert_eq!(tree.units().count(), 150);
        let again = plan_of(&province_of_150(), &tree).expect("a plan");
        assert_eq!((again.deeds.len(), again.summary.same), (0, 150));
    }

    #[test]
    fn every_fault_is_named_by_row_and_column() {
        let file = "code,name,kind,parent,valid_from,valid_to,successor\n\
                    TT,Tỉnh,Tỉnh,,,,\n\
                    ?,Sở Một,sở,TT,,,\n\
                    S2,,sở,TT,,,\n\
                    S3,Sở Ba,lâu đài,T,,,\n\
                    S4,Sở Bốn,sở,KHONG,,,\n\
                    S5,Sở Năm,sở,TT,32/01/2026,,\n\
                    S6,Sở Sáu,sở,TT,01/07/2025,01/01/2025,\n\
                    S7,Sở Bảy,sở,TT,01/07/2025,,TT\n\
                    S8,Sở Tám,sở,TT,01/07/2020,30/06/2025,S9\n\
                    S9,Sở Chín,sở,TT,01/01/2026,,\n\
                    S9,Sở Chín,sở,TT,01/01/2026,,\n\
                    x,,lều,KHONG,hôm qua,hôm nay,KHONG\n\
                    C1,Vòng Một,sở,C2,,,\n\
                    C2,Vòng Hai,sở,C1,,,\n\
                    C3,Vòng Ba,sở,C3,,,\n";
        let problems = plan_of(file, &Tree::default()).expect_err("problems").0;
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                let code = match &problem.reason {
                    Reason::Rule(refusal) => refusal.code,
                    Reason::Cell(code, _) => code,
                    Reason::Word(..) => "unknown-word",
                };
                (problem.row, problem.column.unwrap_or(""), code)
            })
            .collect();
        let expected = [
            (3, "code", "unit-code-malformed"),
            (4, "name", "blank"),
            (5, "kind", "unknown-word"),
            (5, "parent", "unit-unknown"),
            (6, "parent", "unit-unknown"),
            (7, "valid_from", "no-day"),
            (8, "valid_to", "unit-dates-crossed"),
            (9, "successor", "successor-undated"),
            (10, "successor", "successor-not-there"),
            (12, "code", "row-twice"),
            (13, "code", "unit-code-malformed"),
            (13, "name", "blank"),
            (13, "kind", "unknown-word"),
            (13, "valid_from", "no-day"),
            (13, "valid_to", "no-day"),
            (13, "parent", "unit-unknown"),
            (13, "successor", "unit-unknown"),
            (14, "parent", "unit-circle"),
            (16, "parent", "unit-circle"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn every_kind_is_understood_as_the_console_writes_it() {
        sheet::understands_what_is_offered(KINDS, kind_key);
    }

    #[test]
    fn a_row_at_fault_does_not_make_another_one_faulty() {
        let file = "code,name,kind,parent,valid_from,valid_to,successor\n\
                    TT,,Tỉnh,,,,\n\
                    AA,Một,sở,TT,01/07/2020,30/06/2025,TT\n";
        let problems = plan_of(file, &Tree::default()).expect_err("a blank name").0;
        let found: Vec<_> = problems.iter().map(|p| (p.row, p.column)).collect();
        assert_eq!(found, [(2, Some("name"))]);
    }

    #[test]
    fn more_circles_than_are_named_are_told() {
        let row = |n: usize| format!("C{n},Vòng,sở,C{n}\n");
        let rows: String = (0..CIRCLES_NAMED_MAX + 5).map(row).collect();
        let problems = plan_of(&format!("code,name,kind,parent\n{rows}"), &Tree::default());
        let problems = problems.expect_err("circles").0;
        let told = |wanted: &str| {
            let is = |reason: &Reason| matches!(reason, Reason::Cell(code, _) if *code == wanted);
            problems.iter().filter(|problem| is(&problem.reason)).count()
        };
        assert_eq!(told("unit-circle"), CIRCLES_NAMED_MAX);
        assert_eq!((told("circles-beyond"), problems.len()), (1, CIRCLES_NAMED_MAX + 1));
    }

    #[test]
    fn blank_cells_leave_what_is_there() {
        let file = "code,name,kind,parent,valid_to,successor\nTT,Tỉnh,Tỉnh,,,\n\
                    AA,Một,sở,TT,30/06/2030,\n";
        let tree = after(&plan_of(file, &Tree::default()).expect("a plan"));
        let renamed = "code,name,kind,parent,valid_to\nAA,Một mới,sở,,\n";
        let plan = plan_of(renamed, &tree).expect("a plan");
        assert_eq!(plan.summary.changes[0].fields, Some(vec!["name"]));
    }

    #[test]
    fn the_first_sheet_gives_the_made_up_province_its_code() {
        let made_up =
            after(&plan_of("code,name,kind\nTINH,Tỉnh,Tỉnh\n", &Tree::default()).expect("a plan"));
        let plan = plan_of(&province_of_150(), &made_up).expect("a plan");
        let Deed::Change(pair) = &plan.deeds[0] else { panic!("the province is changed") };
        assert_eq!((pair.0.code.as_str(), pair.1.code.as_str()), ("TINH", "TT"));
        assert_eq!(plan.deeds.len(), 150);
    }
}

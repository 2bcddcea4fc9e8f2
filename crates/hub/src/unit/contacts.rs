//! A sheet of contacts becomes a plan: whom to call for what, from which day.
//!
//! Hotlines changed between two letters, so a contact is never overwritten: a later row for the
//! same unit and purpose takes the place of the earlier one from its day on.

use std::collections::{BTreeMap, BTreeSet};

use khien_domain::refusal::{Code, Refusal};
use khien_domain::text;
use khien_domain::time::Micros;
use khien_domain::unit::{self, Contact, ContactPurpose, Tree};
use uuid::Uuid;

use super::store::ContactRow;
use crate::sheet::{self, Column, Plan, Problems, Reason, Row};
use crate::web::time::day_start;

/// A row may add a contact and end another, so that half the lines of a transaction must do.
const ROWS_MAX: usize = sheet::ROWS_MAX / 2;

const COLUMNS: &[Column] = &[
    Column::required("unit", &["ma don vi", "don vi", "unit code"]),
    Column::required("purpose", &["muc dich", "lien he ve"]),
    Column::required("name", &["ho ten", "ho va ten", "ten", "dau moi"]),
    Column::optional("phone", &["dien thoai", "so dien thoai", "sdt", "telephone"]),
    Column::optional("email", &["thu dien tu", "e mail", "mail"]),
    Column::optional("valid_from", &["tu ngay", "from"]),
];

/// What offices write for each purpose, as [`sheet::plain`] writes it.
const PURPOSES: &[(&str, ContactPurpose)] = &[
    ("incident", ContactPurpose::Incident),
    ("truc", ContactPurpose::Incident),
    ("truc ban", ContactPurpose::Incident),
    ("su co", ContactPurpose::Incident),
    ("truc su co", ContactPurpose::Incident),
    ("duty incidents", ContactPurpose::Incident),
    ("head", ContactPurpose::Head),
    ("lanh dao", ContactPurpose::Head),
    ("thu truong", ContactPurpose::Head),
    ("letters", ContactPurpose::Letters),
    ("van thu", ContactPurpose::Letters),
    ("cong van", ContactPurpose::Letters),
    ("technical", ContactPurpose::Technical),
    ("ky thuat", ContactPurpose::Technical),
    ("complaint", ContactPurpose::Complaint),
    ("khieu nai", ContactPurpose::Complaint),
    ("phan anh", ContactPurpose::Complaint),
    ("phan anh chan go", ContactPurpose::Complaint),
    ("complaints blocking", ContactPurpose::Complaint),
];

fn purpose_key(purpose: ContactPurpose) -> String {
    format!("contact-purpose-{purpose}")
}

/// What a row does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A new contact.
    Add(ContactRow),
    /// An earlier contact ends because a newer one begins.
    End {
        /// The contact.
        contact: ContactRow,
        /// Until when it is still valid.
        at: Micros,
    },
}

/// Reads a sheet of contacts against those there are, ended ones included.
///
/// # Errors
/// With every problem by row and column.
pub fn plan(
    bytes: &[u8],
    tree: &Tree,
    held: &[ContactRow],
    now: Micros,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Plan<Deed>, Problems> {
    let sheet = sheet::read(bytes, COLUMNS, ROWS_MAX)?;
    let mut problems = sheet.problems;
    let mut plan = Plan::new(sheet.ignored);
    let mut fresh: Vec<(u64, ContactRow)> = Vec::new();
    let mut seen = BTreeSet::new();
    for row in &sheet.rows {
        let Some(contact) = contact(row, tree, now, &mut problems) else { continue };
        if !seen.insert(identity(&contact)) {
            problems.add(row, "name", Reason::cell("row-twice", &contact.name));
        }
        let dated = row.text("valid_from").is_some();
        if held.iter().any(|held| same(&held.contact, &contact, dated)) {
            plan.summary.same += 1;
        } else {
            fresh.push((row.number, ContactRow { id: new_id(), contact }));
        }
    }
    let ends = ends(held, &fresh);
    for (number, mut row) in fresh {
        row.contact.valid_to = ends.get(&row.id).copied();
        let label = label(tree, &row.contact);
        plan.add(number, label, Deed::Add(row));
    }
    for contact in held {
        let end = ends.get(&contact.id).copied();
        if let Some(at) = end.filter(|at| contact.contact.valid_to.is_none_or(|held| *at < held)) {
            let contact = contact.clone();
            plan.deeds.push(Deed::End { contact, at });
        }
    }
    problems.or(plan)
}

fn label(tree: &Tree, contact: &Contact) -> String {
    let code = tree.get(contact.unit).map_or("", |unit| unit.code.as_str());
    format!("{code} {}", contact.name)
}

/// Returns the contact of a row. Each cell is looked at, whatever is wrong with the others.
fn contact(row: &Row, tree: &Tree, now: Micros, problems: &mut Problems) -> Option<Contact> {
    let unit = problems.need(row, "unit").and_then(|code| {
        let unit = tree.by_code(code).ok_or_else(|| Reason::cell("unit-unknown", code));
        problems.keep(row, "unit", unit)
    });
    let purpose = problems
        .need(row, "purpose")
        .and_then(|_| problems.word(row, "purpose", PURPOSES, purpose_key));
    let name = problems.need(row, "name");
    let name = name.map(|name| text::line("name", name, text::NAME_CHARS_MAX));
    let name = name.and_then(|name| problems.keep(row, "name", name));
    let phone = row.text("phone").map(|phone| unit::phone(&sheet::phone_cell(phone))).transpose();
    let email = row.text("email").map(unit::email).transpose();
    let reachable = row.text("phone").or(row.text("email")).is_some();
    if !reachable {
        let name = row.text("name").unwrap_or_default();
        problems.add(row, "phone", Refusal::new(Code::ContactUnreachable).arg("name", name));
    }
    let phone = problems.keep(row, "phone", phone);
    let email = problems.keep(row, "email", email);
    let valid_from = problems.day(row, "valid_from").unwrap_or_else(|| day_start(now));
    let (unit, name, purpose) = (unit?.id, name?, purpose?);
    let (phone, email) = (phone?, email?);
    if !reachable {
        return None;
    }
    let contact = Contact { unit, name, phone, email, purpose, valid_from, valid_to: None };
    // Its cells are sound; what they make together is the domain's to say.
    problems.keep(row, "name", contact.checked())
}

type Identity = (Uuid, ContactPurpose, String, Option<String>, Option<String>, Micros);

fn identity(contact: &Contact) -> Identity {
    let Contact { unit, name, phone, email, purpose, valid_from, .. } = contact.clone();
    (unit.uuid(), purpose, name, phone, email, valid_from)
}

/// Returns whether a row says what is held; an undated row means whoever is held since whenever.
fn same(held: &Contact, row: &Contact, dated: bool) -> bool {
    let row = identity(row);
    let held = identity(held);
    if dated {
        held == row
    } else {
        (held.0, held.1, held.2, held.3, held.4) == (row.0, row.1, row.2, row.3, row.4)
    }
}

/// Returns until when each contact lasts where a newer one of its unit and purpose begins. Only
/// groups that a fresh row belongs to are looked at.
fn ends(held: &[ContactRow], fresh: &[(u64, ContactRow)]) -> BTreeMap<Uuid, Micros> {
    let group = |contact: &Contact| (contact.unit, contact.purpose);
    let mut begins: BTreeMap<_, BTreeSet<Micros>> = BTreeMap::new();
    for (_, row) in fresh {
        begins.entry(group(&row.contact)).or_default().insert(row.contact.valid_from);
    }
    for row in held {
        if let Some(group) = begins.get_mut(&group(&row.contact)) {
            group.insert(row.contact.valid_from);
        }
    }
    let all = held.iter().chain(fresh.iter().map(|(_, row)| row));
    all.filter_map(|row| {
        let later = row.contact.valid_from + 1;
        let next = begins.get(&group(&row.contact))?.range(later..).next()?;
        Some((row.id, *next))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use khien_domain::id::UnitId;
    use khien_domain::time::province_day;
    use khien_domain::unit::{Unit, UnitKind};

    const NOW: Micros = 1_795_000_000_000_000;

    fn tree() -> Tree {
        Tree::build(vec![Unit {
            id: UnitId::new(Uuid::from_u128(900)),
            code: "PA05".into(),
            name: "Phòng An ninh mạng".into(),
            kind: UnitKind::Police,
            parent: None,
            valid_from: 0,
            valid_to: None,
            successor: None,
        }])
        .expect("a tree")
    }

    fn plan_of(file: &str, held: &[ContactRow]) -> Result<Plan<Deed>, Problems> {
        let mut last = held.len() as u128;
        plan(file.as_bytes(), &tree(), held, NOW, || {
            last += 1;
            Uuid::from_u128(last)
        })
    }

    fn added(plan: &Plan<Deed>) -> Vec<ContactRow> {
        let rows = plan.deeds.iter().filter_map(|deed| match deed {
            Deed::Add(row) => Some(row.clone()),
            Deed::End { .. } => None,
        });
        rows.collect()
    }

    const TWO: &str = "Mã đơn vị,Mục đích,Họ tên,Điện thoại,Từ ngày\n\
                       pa05,trực,Trực ban,900000001,01/07/2025\n\
                       PA05,trực,Trực ban mới,0900 000 002,01/01/2026\n";

    #[test]
    fn every_purpose_is_understood_as_the_console_writes_it() {
        sheet::understands_what_is_offered(PURPOSES, purpose_key);
    }

    #[test]
    fn a_later_row_takes_over_and_the_same_file_changes_nothing() {
        let held = added(&plan_of(TWO, &[]).expect("a plan"));
        assert_eq!(held[0].contact.valid_to, province_day("2026-01-01"));
        assert_eq!(held[0].contact.phone.as_deref(), Some("0900000001"));
        assert_eq!(held[1].contact.valid_to, None);
        let again = plan_of(TWO, &held).expect("a plan");
        assert_eq!((again.deeds.len(), again.summary.same), (0, 2));
        let third = "unit,purpose,name,phone\nPA05,trực,Trực ban ba,0900000003\n";
        let plan = plan_of(third, &held).expect("a plan");
        assert!(matches!(&plan.deeds[1], Deed::End { contact, .. } if contact.id == held[1].id));
    }

    #[test]
    fn every_fault_is_named_by_row_and_column() {
        let file = "unit,purpose,name,phone,email,valid_from\n\
                    KHONG,trực,A,0900000001,,\n\
                    PA05,chơi,A,0900000001,,\n\
                    PA05,trực,,0900000001,,\n\
                    PA05,trực,A,12,,\n\
                    PA05,trực,A,,không phải thư,\n\
                    PA05,trực,A,,,\n\
                    PA05,trực,A,0900000001,,hôm qua\n\
                    PA05,trực,B,0900000001,,01/07/2025\n\
                    PA05,trực,B,0900000001,,01/07/2025\n\
                    KHONG,chơi,,12,không phải thư,hôm qua,thừa\n";
        let problems = plan_of(file, &[]).expect_err("problems").0;
        let found: Vec<_> = problems.iter().map(|p| (p.row, p.column.unwrap_or(""))).collect();
        let expected = [
            (2, "unit"),
            (3, "purpose"),
            (4, "name"),
            (5, "phone"),
            (6, "email"),
            (7, "phone"),
            (8, "valid_from"),
            (10, "name"),
            (11, ""),
            (11, "unit"),
            (11, "purpose"),
            (11, "name"),
            (11, "phone"),
            (11, "email"),
            (11, "valid_from"),
        ];
        assert_eq!(found, expected);
    }
}

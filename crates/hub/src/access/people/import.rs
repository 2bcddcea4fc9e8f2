//! A sheet of people becomes a plan. One row is one grant; a person with several grants has
//! several rows, the first one in the home unit. Grants that a sheet does not name stay as they
//! are: rights are taken away by a decision, not by a missing line.

use std::collections::BTreeMap;

use khien_domain::access::{Grant, GrantCase, Role, login_name};
use khien_domain::fold::fold;
use khien_domain::id::PersonId;
use khien_domain::text;
use khien_domain::time::Micros;
use khien_domain::unit::{self, Tree, Unit};
use uuid::Uuid;

use super::store::Account;
use super::{checked, same_right};
use crate::sheet::{self, Column, Plan, Problems, Reason, Row};

/// A row may make an account, its slip and a grant: three lines of the one transaction.
const ROWS_MAX: usize = sheet::ROWS_MAX / 3;

const COLUMNS: &[Column] = &[
    Column::required("login", &["ten dang nhap", "tai khoan", "user"]),
    Column::required("name", &["ho ten", "ho va ten", "ten"]),
    Column::required("unit", &["ma don vi", "don vi", "unit code"]),
    Column::required("role", &["vai tro"]),
    Column::optional("title", &["chuc vu"]),
    Column::optional("scope", &["pham vi"]),
    Column::optional("phone", &["dien thoai", "so dien thoai", "sdt"]),
    Column::optional("email", &["thu dien tu", "e mail", "mail"]),
];

/// What offices write for each role, as [`sheet::plain`] writes it.
const ROLES: &[(&str, Role)] = &[
    ("duty officer", Role::DutyOfficer),
    ("can bo truc", Role::DutyOfficer),
    ("truc ban", Role::DutyOfficer),
    ("analyst", Role::Analyst),
    ("can bo phan tich", Role::Analyst),
    ("phan tich", Role::Analyst),
    ("coordinator", Role::Coordinator),
    ("can bo dieu phoi", Role::Coordinator),
    ("dieu phoi", Role::Coordinator),
    ("approver", Role::Approver),
    ("nguoi phe duyet", Role::Approver),
    ("phe duyet", Role::Approver),
    ("clerk", Role::Clerk),
    ("van thu", Role::Clerk),
    ("unit officer", Role::UnitOfficer),
    ("can bo dau moi", Role::UnitOfficer),
    ("can bo dau moi don vi", Role::UnitOfficer),
    ("can bo don vi", Role::UnitOfficer),
    ("unit head", Role::UnitHead),
    ("head of unit", Role::UnitHead),
    ("thu truong", Role::UnitHead),
    ("thu truong don vi", Role::UnitHead),
    ("desk", Role::Desk),
    ("company desk", Role::Desk),
    ("dau moi doanh nghiep", Role::Desk),
    ("leader", Role::Leader),
    ("lanh dao", Role::Leader),
    ("auditor", Role::Auditor),
    ("kiem tra", Role::Auditor),
    ("thanh tra", Role::Auditor),
    ("kiem tra thanh tra", Role::Auditor),
    ("administrator", Role::Administrator),
    ("quan tri", Role::Administrator),
    ("quan tri he thong", Role::Administrator),
];

/// Whether a grant reaches what stands under its unit.
const SCOPES: &[(&str, bool)] = &[
    ("unit", false),
    ("don vi", false),
    ("chi don vi", false),
    ("chi don vi nay", false),
    ("this unit alone", false),
    ("subtree", true),
    ("toan bo cap duoi", true),
    ("ca cap duoi", true),
    ("ca cac don vi cap duoi", true),
    ("the units below too", true),
    ("toan tinh", true),
];

fn role_key(role: Role) -> String {
    format!("role-{role}")
}

fn scope_key(subtree: bool) -> String {
    if subtree { "grant-subtree" } else { "grant-unit-only" }.to_owned()
}

/// What a sheet asks for.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A new account.
    Add(Account),
    /// A known account, before and after.
    Change(Box<(Account, Account)>),
    /// A grant to a new or known account.
    Grant(Grant),
}

/// Reads a sheet of people against the accounts and standing grants there are.
///
/// # Errors
/// With every problem by row and column.
pub fn plan(
    bytes: &[u8],
    tree: &Tree,
    held: &[Account],
    standing: &[GrantCase],
    now: Micros,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Plan<Deed>, Problems> {
    let sheet = sheet::read(bytes, COLUMNS, ROWS_MAX)?;
    let mut problems = sheet.problems;
    let mut plan = Plan::new(sheet.ignored);
    let by_login: BTreeMap<&str, &Account> = held.iter().map(|a| (a.login.as_str(), a)).collect();
    let lines: Vec<Line<'_>> =
        sheet.rows.iter().map(|row| line(row, tree, &mut problems)).collect();
    let told = told(&lines, &mut problems);
    let mut people: BTreeMap<&str, PersonId> = BTreeMap::new();
    let mut grants: Vec<Grant> = Vec::new();
    for Line { row, login, right, .. } in &lines {
        let Some(login) = login else { continue };
        let person = people.get(login.as_str()).copied().unwrap_or_else(|| {
            let before = by_login.get(login.as_str()).copied();
            let unit = right.map(|(unit, ..)| unit);
            let account = account(login, &told[login.as_str()], unit, before, now, &mut new_id);
            let person = account.person();
            // Without a name its row is at fault, and is named already.
            if !account.name.is_empty()
                && let Some(account) = problems.keep(row, "login", checked(account))
            {
                add_account(&mut plan, row, before, &account);
            }
            people.insert(login, person);
            person
        });
        let Some((unit, role, subtree)) = *right else { continue };
        let grant = Grant { person, role, unit: unit.id, subtree, ceiling: role.depth_max() };
        if grants.iter().any(|other| other.person == person && same_right(other, &grant)) {
            problems.add(row, "role", Reason::cell("row-twice", login));
        }
        if holds(standing, person, &grant) {
            // Its account may be changed by the same row.
            let is_same = plan.summary.changes.last().is_none_or(|change| change.row != row.number);
            plan.summary.same += usize::from(is_same);
        } else {
            let label = format!("{login} · {} · {}", grant.role, unit.code);
            plan.add(row.number, label, Deed::Grant(grant.clone()));
        }
        grants.push(grant);
    }
    problems.or(plan)
}

fn holds(standing: &[GrantCase], person: PersonId, grant: &Grant) -> bool {
    standing.iter().any(|case| case.grant.person == person && same_right(&case.grant, grant))
}

/// Unit, role and reach.
type Right<'a> = (&'a Unit, Role, bool);

/// A row cell by cell. What is at fault is noted and stands as absent, so that it hides nothing
/// else and makes no other row faulty.
struct Line<'a> {
    row: &'a Row,
    login: Option<String>,
    right: Option<Right<'a>>,
    details: Details,
}

fn line<'a>(row: &'a Row, tree: &'a Tree, problems: &mut Problems) -> Line<'a> {
    let login = problems.need(row, "login").map(login_name);
    let login = login.and_then(|login| problems.keep(row, "login", login));
    let right = right(row, tree, problems);
    Line { row, login, right, details: details(row, problems) }
}

fn right<'a>(row: &Row, tree: &'a Tree, problems: &mut Problems) -> Option<Right<'a>> {
    let unit = problems.need(row, "unit").and_then(|code| {
        let unit = tree.by_code(code).ok_or_else(|| Reason::cell("unit-unknown", code));
        problems.keep(row, "unit", unit)
    });
    let role = problems.need(row, "role").and_then(|_| problems.word(row, "role", ROLES, role_key));
    let subtree = problems.word(row, "scope", SCOPES, scope_key).unwrap_or(false);
    Some((unit?, role?, subtree))
}

/// Returns what all rows of a log-in tell of its person.
fn told<'a>(lines: &'a [Line<'_>], problems: &mut Problems) -> BTreeMap<&'a str, Details> {
    let mut told: BTreeMap<&str, Details> = BTreeMap::new();
    for line in lines {
        if let Some(login) = &line.login {
            told.entry(login).or_default().join(line, problems);
        }
    }
    told
}

/// What a row tells of the person, in its stored form; blank or faulty cells are absent.
#[derive(Default)]
struct Details {
    name: Option<String>,
    title: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

impl Details {
    /// Fills what is blank so far, and refuses what differs: two officers under one log-in would
    /// share it; more likely a cell was copied down.
    fn join(&mut self, line: &Line<'_>, problems: &mut Problems) {
        let cells = [
            ("name", &mut self.name, &line.details.name),
            ("title", &mut self.title, &line.details.title),
            ("phone", &mut self.phone, &line.details.phone),
            ("email", &mut self.email, &line.details.email),
        ];
        for (column, held, told) in cells {
            match (held.as_deref(), told) {
                (None, told) => held.clone_from(told),
                (Some(held), Some(told)) if fold(held) != fold(told) => {
                    problems.add(line.row, column, Reason::cell("person-differs", told));
                }
                _ => {}
            }
        }
    }
}

/// Reads each cell, whatever is wrong with the others.
fn details(row: &Row, problems: &mut Problems) -> Details {
    let name = problems.need(row, "name");
    let name = name.map(|name| text::line("name", name, text::NAME_CHARS_MAX));
    let title = row.text("title");
    let title = title.map(|title| text::line("title", title, text::NAME_CHARS_MAX));
    let phone = row.text("phone").map(|phone| unit::phone(&sheet::phone_cell(phone)));
    let email = row.text("email").map(unit::email);
    Details {
        name: name.and_then(|name| problems.keep(row, "name", name)),
        title: title.and_then(|title| problems.keep(row, "title", title)),
        phone: phone.and_then(|phone| problems.keep(row, "phone", phone)),
        email: email.and_then(|email| problems.keep(row, "email", email)),
    }
}

/// Returns the account of a log-in; what the row does not tell stays as it was `before`. Without a
/// unit the row is at fault and the plan comes to nothing: the account only names its person then.
fn account(
    login: &str,
    details: &Details,
    unit: Option<&Unit>,
    before: Option<&Account>,
    now: Micros,
    new_id: &mut impl FnMut() -> Uuid,
) -> Account {
    let or_before = |told: &Option<String>, held: fn(&Account) -> &String| {
        told.as_ref().or(before.map(held)).cloned().unwrap_or_default()
    };
    Account {
        id: before.map_or_else(new_id, |account| account.id),
        login: login.to_owned(),
        name: or_before(&details.name, |account| &account.name),
        title: or_before(&details.title, |account| &account.title),
        phone: or_before(&details.phone, |account| &account.phone),
        email: or_before(&details.email, |account| &account.email),
        unit: unit.map_or(Uuid::nil(), |unit| unit.id.uuid()),
        disabled_at: before.and_then(|account| account.disabled_at),
        created_at: before.map_or(now, |account| account.created_at),
        activated: before.is_some_and(|account| account.activated),
    }
}

fn add_account(plan: &mut Plan<Deed>, row: &Row, before: Option<&Account>, account: &Account) {
    let label = format!("{} · {}", account.login, account.name);
    match before {
        None => plan.add(row.number, label, Deed::Add(account.clone())),
        Some(before) => {
            let fields = changed_fields(before, account);
            if !fields.is_empty() {
                let deed = Deed::Change(Box::new((before.clone(), account.clone())));
                plan.change(row.number, label, fields, deed);
            }
        }
    }
}

fn changed_fields(before: &Account, after: &Account) -> Vec<&'static str> {
    let differ = [
        ("name", before.name != after.name),
        ("title", before.title != after.title),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("unit", before.unit != after.unit),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use khien_domain::id::UnitId;
    use khien_domain::unit::UnitKind;

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

    fn plan_of(file: &str, held: &[Account]) -> Result<Plan<Deed>, Problems> {
        let mut last = held.len() as u128;
        plan(file.as_bytes(), &tree(), held, &[], 7, || {
            last += 1;
            Uuid::from_u128(last)
        })
    }

    #[test]
    fn every_role_and_reach_is_understood_as_the_console_writes_it() {
        sheet::understands_what_is_offered(ROLES, role_key);
        sheet::understands_what_is_offered(SCOPES, scope_key);
    }

    #[test]
    fn one_officer_of_two_units_is_one_account_with_two_grants() {
        let file = "Tên đăng nhập,Họ tên,Chức vụ,Mã đơn vị,Vai trò,Phạm vi,Điện thoại\n\
                    Can.Bo.A,Trần An,Công chức,AA,unit_officer,đơn vị,900000001\n\
                    can.bo.a,Trần An,Công chức,BB,Cán bộ đầu mối đơn vị,toàn bộ cấp dưới,\n";
        let plan = plan_of(file, &[]).expect("a plan");
        let [Deed::Add(account), Deed::Grant(first), Deed::Grant(second)] = &plan.deeds[..] else {
            panic!("{:?}", plan.deeds)
        };
        assert_eq!((account.login.as_str(), account.phone.as_str()), ("can.bo.a", "0900000001"));
        assert_eq!(account.unit, Uuid::from_u128(901));
        assert_eq!((first.subtree, second.subtree), (false, true));
        assert_eq!(second.person, account.person());
    }

    #[test]
    fn the_rows_of_one_log_in_tell_of_it_together() {
        let file = "login,name,unit,role,title,phone,email\n\
                    ba.a,A,AA,clerk,,,a@b.example\n\
                    ba.a,A,BB,clerk,Phó phòng,900000001,A@b.example\n";
        let plan = plan_of(file, &[]).expect("a plan");
        let Deed::Add(account) = &plan.deeds[0] else { panic!("{:?}", plan.deeds) };
        let told = [&account.title, &account.phone, &account.email];
        assert_eq!(told, ["Phó phòng", "0900000001", "a@b.example"]);
    }

    #[test]
    fn a_row_at_fault_does_not_make_another_one_faulty() {
        let file = "login,name,unit,role,phone\n\
                    ba.a,,AA,clerk,12\n\
                    ba.a,Nguyễn A,BB,clerk,0900000001\n";
        let problems = plan_of(file, &[]).expect_err("a blank name").0;
        let found: Vec<_> = problems.iter().map(|p| (p.row, p.column)).collect();
        assert_eq!(found, [(2, Some("name")), (2, Some("phone"))]);
    }

    #[test]
    fn every_fault_is_named_by_row_and_column() {
        let file = "login,name,unit,role,scope,phone,email\n\
                    x,A,AA,clerk,,,\n\
                    ba.a,,AA,clerk,,,\n\
                    ba.b,B,ZZ,clerk,,,\n\
                    ba.c,C,AA,hoàng đế,,,\n\
                    ba.d,D,AA,clerk,thiên hạ,,\n\
                    ba.e,E,AA,clerk,,12,\n\
                    ba.f,F,AA,clerk,,,không\n\
                    ba.g,G,AA,clerk,,,\n\
                    ba.g,Người khác,BB,clerk,,,\n\
                    ba.g,G,AA,clerk,,,\n\
                    x,,ZZ,hoàng đế,thiên hạ,12,không,thừa\n\
                    ba.h,H,ZZ,clerk,,,\n\
                    ba.h,Người khác,AA,clerk,,,\n\
                    ba.h,H,BB,clerk,,12,không\n\
                    ba.i,I,AA,clerk,,0900000001,\n\
                    ba.i,I,BB,clerk,,0900000002,\n";
        let problems = plan_of(file, &[]).expect_err("problems").0;
        let found: Vec<_> = problems.iter().map(|p| (p.row, p.column.unwrap_or(""))).collect();
        let expected = [
            (2, "login"),
            (3, "name"),
            (4, "unit"),
            (5, "role"),
            (6, "scope"),
            (7, "phone"),
            (8, "email"),
            (10, "name"),
            (11, "role"),
            (12, ""),
            (12, "login"),
            (12, "unit"),
            (12, "role"),
            (12, "scope"),
            (12, "name"),
            (12, "phone"),
            (12, "email"),
            (13, "unit"),
            (14, "name"),
            (15, "phone"),
            (15, "email"),
            (17, "phone"),
        ];
        assert_eq!(found, expected);
    }
}

//! The queue: signals that wait, incidents that run, tasks that are late or answered, in one order.
//!
//! Each slice returns what the reader may see, the loudest first, so that no flood of small things
//! hides a large one; this file only turns it into rows and sorts them.

use std::collections::BTreeSet;

use khien_domain::fold::fold;
use khien_domain::id::PersonId;
use khien_domain::signal::Level;
use khien_domain::time::MINUTE;
use khien_store::Conn;
use serde::Deserialize;
use uuid::Uuid;

use crate::fault::Fault;
use crate::incident::store::IncidentRow;
use crate::signal::store::{SignalRow, Waiting};
use crate::task::store::TaskRow;
use crate::web::stored;
use crate::{incident, signal, task};

/// How long a critical signal may wait for its verification, from its detection.
pub const VERIFY_CRITICAL_TERM: i64 = 15 * MINUTE;
/// How long any other signal may wait.
pub const VERIFY_TERM: i64 = 30 * MINUTE;
/// The most rows that each kind of work puts into the queue: signals, the one kind that machines
/// make, are counted beyond it.
pub const ROWS_OF_KIND_MAX: i64 = 200;
/// The most incidents, and the most tasks, that are looked through for those rows.
const LOOKED_THROUGH_MAX: i64 = 1_000;

/// What sort of work a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signal that waits for verification.
    Signal,
    /// An incident that runs.
    Incident,
    /// A task that is late, or waits for judgement.
    Task,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Signal, Self::Incident, Self::Task];

    /// Returns the code used in addresses and keys.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Incident => "incident",
            Self::Task => "task",
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
pub struct Item {
    /// What sort of work it is.
    pub kind: Kind,
    /// The id of its noun.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// How loud it is: a level of signals, or `serious`.
    pub level: String,
    /// What happened or is wanted.
    pub title: String,
    /// Where it stands.
    pub state: String,
    /// The unit that it concerns.
    pub unit: Uuid,
    /// That unit's name.
    pub unit_name: String,
    /// Who holds it, when somebody does.
    pub holder: Option<String>,
    /// When the next thing is due, µs UTC; nothing when no clock runs.
    pub due: Option<i64>,
}

impl Item {
    /// Returns the page where the work is done.
    pub fn href(&self) -> String {
        format!("/{}s/{}", self.kind.code(), self.id)
    }

    /// Returns whether the row passes the filter.
    fn passes(&self, asked: &Asked, words: &str) -> bool {
        let of_unit = asked.unit.is_empty() || asked.unit == self.unit.to_string();
        let loud = match asked.level.as_str() {
            "" => true,
            "critical" => matches!(self.level.as_str(), "critical" | "serious"),
            level => level == self.level,
        };
        let text = || {
            let holder = self.holder.as_deref().unwrap_or_default();
            fold(&format!("{} {} {} {holder}", self.number, self.title, self.unit_name))
        };
        of_unit
            && loud
            && (asked.kind.is_empty() || asked.kind == self.kind.code())
            && (words.is_empty() || text().contains(words))
    }
}

/// The filter of the queue, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Words to search, with or without marks.
    pub q: String,
    /// Only this level.
    pub level: String,
    /// Only this kind of work.
    pub kind: String,
    /// Only this unit, by id.
    pub unit: String,
}

impl Asked {
    /// Returns whether anything is asked at all.
    pub fn is_narrow(&self) -> bool {
        [&self.q, &self.level, &self.kind, &self.unit].iter().any(|text| !text.is_empty())
    }

    /// Returns which signals are asked for; nothing when none can be.
    fn signals(&self) -> Option<Waiting> {
        if !self.kind.is_empty() && self.kind != Kind::Signal.code() {
            return None;
        }
        let level = Some(&self.level).filter(|level| !level.is_empty());
        let unit = Some(&self.unit).filter(|unit| !unit.is_empty());
        Some(Waiting {
            words: self.q.clone(),
            level: level.map(|level| level.parse()).transpose().ok()?,
            unit: unit.map(|unit| unit.parse()).transpose().ok()?,
        })
    }
}

/// What waits.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The rows, the least time left first.
    pub items: Vec<Item>,
    /// Signals that wait beside those of the rows: quieter or younger ones.
    pub more: i64,
}

/// Returns what waits and the person may see.
///
/// # Errors
/// When the store fails.
pub async fn read(
    conn: &mut Conn,
    person: PersonId,
    asked: &Asked,
    now: i64,
) -> Result<Queue, Fault> {
    let (mut items, more) = signals(conn, person, asked).await?;
    let words = fold(asked.q.trim());
    for incident in incident::store::running(conn, person, LOOKED_THROUGH_MAX).await? {
        items.extend(Some(of_incident(incident)?).filter(|item| item.passes(asked, &words)));
    }
    let mut tasks = task::store::to_judge(conn, person, LOOKED_THROUGH_MAX).await?;
    tasks.extend(task::store::late(conn, person, now, LOOKED_THROUGH_MAX).await?);
    // A task that was given back and is late stands in both lists.
    let mut seen = BTreeSet::new();
    let tasks = tasks.into_iter().filter(|task| seen.insert(task.id)).map(of_task);
    items.extend(tasks.filter(|item| item.passes(asked, &words)));
    items.sort_by_key(|item| (item.due.unwrap_or(i64::MAX), item.id));
    Ok(Queue { items, more })
}

/// Returns the signals among the rows, and how many more wait.
async fn signals(
    conn: &mut Conn,
    person: PersonId,
    asked: &Asked,
) -> Result<(Vec<Item>, i64), Fault> {
    let Some(wanted) = asked.signals() else { return Ok((Vec::new(), 0)) };
    let (rows, total) = signal::store::waiting(conn, person, &wanted, ROWS_OF_KIND_MAX).await?;
    let more = total - rows.len() as i64;
    let items: Result<Vec<Item>, Fault> = rows.into_iter().map(of_signal).collect();
    Ok((items?, more))
}

fn of_signal(row: SignalRow) -> Result<Item, Fault> {
    let term = match stored::<Level>(&row.level)? {
        Level::Critical => VERIFY_CRITICAL_TERM,
        _ => VERIFY_TERM,
    };
    Ok(Item {
        kind: Kind::Signal,
        id: row.id,
        number: row.number,
        level: row.level,
        title: row.title,
        state: row.state,
        unit: row.unit,
        unit_name: row.unit_name,
        holder: None,
        due: Some(row.detected_at.saturating_add(term)),
    })
}

fn of_incident(row: IncidentRow) -> Result<Item, Fault> {
    let clocks = incident::clock::of(&row)?;
    let due = clocks.iter().filter(|clock| clock.met_at.is_none()).map(|clock| clock.due).min();
    Ok(Item {
        kind: Kind::Incident,
        id: row.id,
        number: row.number,
        level: row.severity,
        title: row.title,
        state: row.state,
        unit: row.unit,
        unit_name: row.unit_name,
        holder: Some(row.lead_name),
        due,
    })
}

fn of_task(row: TaskRow) -> Item {
    Item {
        kind: Kind::Task,
        id: row.id,
        number: row.number,
        level: row.severity,
        title: row.title,
        state: row.state,
        unit: row.unit,
        unit_name: row.unit_name,
        holder: row.given_by_name,
        due: Some(row.due),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: Kind, level: &str, title: &str) -> Item {
        Item {
            kind,
            id: Uuid::from_u128(1),
            number: "TH-2026-000001".into(),
            level: level.into(),
            title: title.into(),
            state: "received".into(),
            unit: Uuid::from_u128(2),
            unit_name: "UBND xã Tân Lập".into(),
            holder: None,
            due: None,
        }
    }

    #[test]
    fn the_filter_narrows_by_words_level_kind_and_unit() {
        let loud = item(Kind::Incident, "serious", "Mã hoá dữ liệu");
        let asked = |set: &dyn Fn(&mut Asked)| {
            let mut asked = Asked::default();
            set(&mut asked);
            let words = fold(asked.q.trim());
            loud.passes(&asked, &words)
        };
        assert!(asked(&|_| ()));
        assert!(asked(&|a| a.q = "ma hoa".into()));
        assert!(asked(&|a| a.q = "tan lap".into()));
        assert!(!asked(&|a| a.q = "web".into()));
        assert!(asked(&|a| a.level = "critical".into()));
        assert!(!asked(&|a| a.level = "high".into()));
        assert!(!asked(&|a| a.kind = "task".into()));
        assert!(asked(&|a| a.unit = Uuid::from_u128(2).to_string()));
        assert!(!asked(&|a| a.unit = Uuid::from_u128(3).to_string()));
    }

    #[test]
    fn a_row_leads_to_its_page() {
        let href = item(Kind::Task, "low", "x").href();
        assert_eq!(href, format!("/tasks/{}", Uuid::from_u128(1)));
    }
}

//! SQL of tasks. Every query that answers a person asks [`task_depth!`].

use khien_domain::fold::fold;
use khien_domain::id::{MatterId, PersonId, TaskId, UnitId};
use khien_domain::incident;
use khien_domain::task::{State, Task};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::access::visible::{task_depth, unit_depth};
use crate::fault::Fault;
use crate::web::list::{self, ListQuery, Listed, Page, matching, newest_first};
use crate::web::stored;

/// A task with the names that a page shows.
macro_rules! columns {
    () => {
        concat!(
            "SELECT t.id, t.number, t.matter, m.number AS matter_number, m.state AS matter_state, ",
            "m.lead, m.severity, ",
            "t.unit, u.name AS unit_name, t.title, t.details, t.answer_kind, t.state, t.due, ",
            "t.sent_at, t.received_at, t.submitted_at, t.accepted_at, t.exempt_until, t.answer, ",
            "t.reason, g0.name AS given_by_name, g0.phone AS given_by_phone, t.created_at, ",
            task_depth!("t", "t.unit", "m"),
            " AS depth FROM task t JOIN matter m ON m.id = t.matter ",
            "JOIN unit u ON u.id = t.unit LEFT JOIN person g0 ON g0.id = t.given_by "
        )
    };
}

macro_rules! listed {
    () => {
        concat!("WHERE ", task_depth!("t", "t.unit", "m"), " > 0 AND ", matching!("t"))
    };
}

statements! {
    INSERT = "INSERT INTO task (id, number, matter, unit, title, details, search_key, answer_kind,
                                state, due, sent_at, given_by, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'sent', $9, $10, $11, $10)",
    FIND = concat!(columns!(), "WHERE t.id = $2 AND ", task_depth!("t", "t.unit", "m"), " > 0"),
    SAVE = "UPDATE task SET state = $2, unit = $3, exempt_until = $4, reason = $5,
              received_at = CASE WHEN received_at IS NULL AND $6 THEN $7 ELSE received_at END,
              submitted_at = CASE WHEN $2 = 'submitted' THEN $7 ELSE submitted_at END,
              accepted_at = CASE WHEN $2 = 'accepted' THEN $7 ELSE NULL END
            WHERE id = $1",
    SAVE_ANSWER = "UPDATE task SET answer = $2 WHERE id = $1",
    LIST = concat!(
        columns!(), listed!(),
        newest_first!("t", "$5", "$6", "$7")
    ),
    COUNT = concat!(
        "SELECT COUNT(*) FROM task t JOIN matter m ON m.id = t.matter
         JOIN unit u ON u.id = t.unit ",
        listed!()
    ),
    OF_MATTER = concat!(
        columns!(), "WHERE t.matter = $2 AND ", task_depth!("t", "t.unit", "m"),
        " > 0 ORDER BY t.created_at, t.id LIMIT 500"
    ),
    OWED = concat!(
        columns!(), "WHERE t.state IN ('sent', 'received', 'doing') AND ",
        task_depth!("t", "t.unit", "m"), " > 0 AND ", unit_depth!("t.unit"),
        " > 0 ORDER BY t.due, t.id LIMIT $2"
    ),
    TO_JUDGE = concat!(
        columns!(), "WHERE t.state IN ('submitted', 'returned') AND ",
        task_depth!("t", "t.unit", "m"), " > 0 AND ", unit_depth!("m.lead"),
        " > 0 ORDER BY t.due, t.id LIMIT $2"
    ),
    LATE = concat!(
        columns!(), "WHERE t.state IN ('sent', 'received', 'doing', 'returned') AND t.due < $3 AND ",
        task_depth!("t", "t.unit", "m"), " > 0 ORDER BY t.due, t.id LIMIT $2"
    ),
    BLOCKING = "SELECT COUNT(*) FROM task
                WHERE matter = $1 AND state NOT IN ('accepted', 'exempt', 'withdrawn')",
}

/// A task as lists and pages show it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TaskRow {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// The matter that it serves.
    pub matter: Uuid,
    /// That matter's number.
    pub matter_number: String,
    /// Where that matter stands.
    pub matter_state: String,
    /// The unit that leads the matter.
    pub lead: Uuid,
    /// How bad the matter is.
    pub severity: String,
    /// The unit that owes it.
    pub unit: Uuid,
    /// That unit's name.
    pub unit_name: String,
    /// What is wanted, one line.
    pub title: String,
    /// What is wanted, in full.
    pub details: String,
    /// What sort of answer it asks for.
    pub answer_kind: String,
    /// Where it stands.
    pub state: String,
    /// When it is due, µs UTC.
    pub due: i64,
    /// When it was sent.
    pub sent_at: i64,
    /// When the unit took note.
    pub received_at: Option<i64>,
    /// When the unit last answered.
    pub submitted_at: Option<i64>,
    /// When the lead accepted.
    pub accepted_at: Option<i64>,
    /// Until when the unit is exempt.
    pub exempt_until: Option<i64>,
    /// The last answer, JSON of [`khien_domain::task::Submission`].
    pub answer: Option<String>,
    /// Why it was returned, withdrawn, or wanted changed.
    pub reason: Option<String>,
    /// Who gave it.
    pub given_by_name: Option<String>,
    /// How to reach who gave it.
    pub given_by_phone: Option<String>,
    /// When its row was made.
    pub created_at: i64,
    /// How deep the reader may look, 1 to 3.
    pub depth: i64,
}

impl TaskRow {
    /// Returns the task as the domain knows it.
    ///
    /// # Errors
    /// When the row holds a code that this program does not know.
    pub fn noun(&self) -> Result<Task, Fault> {
        Ok(Task {
            id: TaskId::new(self.id),
            matter: MatterId::new(self.matter),
            unit: UnitId::new(self.unit),
            answer: stored(&self.answer_kind)?,
            due: self.due,
            state: stored(&self.state)?,
            exempt_until: self.exempt_until,
        })
    }

    /// Returns whether the matter is over.
    ///
    /// # Errors
    /// When the row holds a state that this program does not know.
    pub fn matter_is_over(&self) -> Result<bool, Fault> {
        Ok(stored::<incident::State>(&self.matter_state)?.is_over())
    }
}

impl Listed for TaskRow {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.id)
    }
}

/// Adds a task that has just been sent.
pub async fn insert(
    write: &mut Write,
    task: &Task,
    number: &str,
    text: &super::NewTask,
    by: PersonId,
    at: i64,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(task.id.uuid())
        .bind(number)
        .bind(task.matter.uuid())
        .bind(task.unit.uuid())
        .bind(&text.title)
        .bind(&text.details)
        .bind(fold(&format!("{number} {}", text.title)))
        .bind(task.answer.code())
        .bind(task.due)
        .bind(at)
        .bind(by.uuid())
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns a task, if the person may know of it.
pub async fn find(conn: &mut Conn, person: PersonId, id: TaskId) -> Result<Option<TaskRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?)
}

/// Saves where a task stands since `at`.
pub async fn save(
    write: &mut Write,
    task: &Task,
    reason: Option<&str>,
    at: i64,
) -> Result<(), Fault> {
    let noted = !matches!(task.state, State::Sent | State::Returned | State::Withdrawn);
    on!(write, c => sqlx::query(SAVE)
        .bind(task.id.uuid())
        .bind(task.state.code())
        .bind(task.unit.uuid())
        .bind(task.exempt_until)
        .bind(reason)
        .bind(noted)
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves the last answer; earlier ones stay in the journal.
pub async fn save_answer(write: &mut Write, id: TaskId, answer: &str) -> Result<(), Fault> {
    on!(write, c => sqlx::query(SAVE_ANSWER)
        .bind(id.uuid())
        .bind(answer)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns a page of the tasks that a person may know of, newest first.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    query: &ListQuery,
) -> Result<Page<TaskRow>, Fault> {
    list::page(conn, LIST, COUNT, &query.matching(person), query).await
}

/// Returns the tasks of a matter that the person may know of, oldest first.
pub async fn of_matter(
    conn: &mut Conn,
    person: PersonId,
    matter: MatterId,
) -> Result<Vec<TaskRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(OF_MATTER)
        .bind(person.uuid())
        .bind(matter.uuid())
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns the tasks that units of the person still owe, the most urgent first.
pub async fn owed(conn: &mut Conn, person: PersonId, limit: i64) -> Result<Vec<TaskRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(OWED)
        .bind(person.uuid())
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns the answers and returns that wait for a lead of the person, the most urgent first.
pub async fn to_judge(
    conn: &mut Conn,
    person: PersonId,
    limit: i64,
) -> Result<Vec<TaskRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(TO_JUDGE)
        .bind(person.uuid())
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns the tasks that are past their due time, the latest first.
pub async fn late(
    conn: &mut Conn,
    person: PersonId,
    now: i64,
    limit: i64,
) -> Result<Vec<TaskRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(LATE)
        .bind(person.uuid())
        .bind(limit)
        .bind(now)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns how many tasks of a matter keep it from closing.
pub async fn blocking(conn: &mut Conn, matter: MatterId) -> Result<u32, Fault> {
    let count: i64 = on!(conn, c => sqlx::query_scalar(BLOCKING)
        .bind(matter.uuid())
        .fetch_one(&mut **c)
        .await)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQL spells out sets of states that the domain decides on.
    #[test]
    fn the_statements_mean_the_states_that_the_domain_means() {
        for state in State::ALL {
            let code = format!("'{state}'");
            assert_eq!(BLOCKING.contains(&code), !state.blocks_closing(), "blocking: {state}");
            assert_eq!(OWED.contains(&code), state.awaits_unit(), "owed: {state}");
            let late = khien_domain::task::late(0, *state, 1);
            assert_eq!(LATE.contains(&code), late, "late: {state}");
        }
    }
}

//! Long lists: one page at a time, newest first, with a cursor that survives new rows.

use khien_domain::fold::fold;
use khien_domain::id::PersonId;
use khien_store::{Conn, on};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::fault::Fault;

/// `matching!("s")`: how [`ListQuery::matching`] narrows the rows of `s`, which belong to the unit
/// `u`; what `$1` may see is for the caller to ask.
macro_rules! matching {
    ($row:literal) => {
        concat!(
            $row,
            ".search_key LIKE $2 ESCAPE '\\' AND ($3 = '' OR ",
            $row,
            ".state = $3) AND ($4 = '' OR u.code = $4) "
        )
    };
}
pub(crate) use matching;

/// `newest_first!("s", "$5", "$6", "$7")`: the end of a listing, with the three arguments that
/// [`page`] binds last.
macro_rules! newest_first {
    ($row:literal, $at:literal, $id:literal, $limit:literal) => {
        concat!(
            "AND (",
            $row,
            ".created_at < ",
            $at,
            " OR (",
            $row,
            ".created_at = ",
            $at,
            " AND ",
            $row,
            ".id < ",
            $id,
            ")) ORDER BY ",
            $row,
            ".created_at DESC, ",
            $row,
            ".id DESC LIMIT ",
            $limit
        )
    };
}
pub(crate) use newest_first;

/// The most rows that one answer carries.
pub const PAGE_ROWS_MAX: i64 = 200;
/// Rows of an answer when nobody asks for a number.
pub const PAGE_ROWS: i64 = 50;
/// The longest search text that is looked at, in characters.
const QUERY_CHARS_MAX: usize = 100;

/// What a list is asked for: `?limit=&after=&q=&state=&unit=`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// Rows wanted.
    pub limit: Option<i64>,
    /// The cursor of the last row seen.
    pub after: Option<String>,
    /// Words to search, with or without marks.
    pub q: String,
    /// Only rows in this state.
    pub state: String,
    /// Only rows of this unit (its code).
    pub unit: String,
}

impl ListQuery {
    /// Returns how many rows to answer with, 1 to [`PAGE_ROWS_MAX`].
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX)
    }

    /// Returns the LIKE pattern of the folded search text; `%` when there is none.
    pub fn pattern(&self) -> String {
        let plain = self.q.chars().filter(|c| !c.is_control());
        let words: String = plain.take(QUERY_CHARS_MAX).collect();
        let folded = fold(words.trim());
        let escaped = folded.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        format!("%{escaped}%")
    }

    /// Returns what narrows a list of matters, signals or tasks for its reader, in the order of
    /// [`matching!`].
    pub fn matching(&self, reader: PersonId) -> [Filter; 4] {
        let [pattern, state, unit] = [self.pattern(), self.state.clone(), self.unit.clone()];
        [reader.into(), Filter::Text(pattern), Filter::Text(state), Filter::Text(unit)]
    }

    /// Returns where the page starts: rows strictly before this (time, id).
    fn cursor(&self) -> (i64, Uuid) {
        self.after
            .as_deref()
            .and_then(|text| text.split_once('_'))
            .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)))
            .unwrap_or((i64::MAX, Uuid::max()))
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows there are in all for this reader and this search.
    pub total: i64,
    /// What to give as `after` for the next page; absent on the last.
    pub next: Option<String>,
}

/// A row that a list can be cut at.
pub trait Listed {
    /// Returns when the row was made and its id: the order of every list.
    fn place(&self) -> (i64, Uuid);
}

/// What narrows a list: an argument of its two statements.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Whose list it is.
    Reader(Uuid),
    /// A pattern or a code.
    Text(String),
    /// A yes or no.
    Flag(bool),
}

impl From<PersonId> for Filter {
    fn from(person: PersonId) -> Self {
        Self::Reader(person.uuid())
    }
}

/// Binds the filters of a list, in their order.
macro_rules! narrowed {
    ($query:expr, $filters:expr) => {{
        let mut query = $query;
        for filter in $filters {
            query = match filter {
                Filter::Reader(id) => query.bind(*id),
                Filter::Text(text) => query.bind(text.as_str()),
                Filter::Flag(flag) => query.bind(*flag),
            };
        }
        query
    }};
}

/// Returns a page of a list, newest first.
///
/// `listing` takes the filters, then time and id of the cursor and the number of rows; `count`
/// takes the filters alone. Both are statements of the inventory.
///
/// # Errors
/// When the store does not work.
pub async fn page<T>(
    conn: &mut Conn,
    listing: &'static str,
    count: &'static str,
    filters: &[Filter],
    query: &ListQuery,
) -> Result<Page<T>, Fault>
where
    T: Listed + Send + Unpin,
    T: for<'r> sqlx::FromRow<'r, SqliteRow> + for<'r> sqlx::FromRow<'r, PgRow>,
{
    let (at, id) = query.cursor();
    let limit = query.limit();
    let rows = on!(conn, c => narrowed!(sqlx::query_as(listing), filters)
        .bind(at)
        .bind(id)
        .bind(limit + 1)
        .fetch_all(&mut **c)
        .await)?;
    let total =
        on!(conn, c => narrowed!(sqlx::query_scalar(count), filters).fetch_one(&mut **c).await)?;
    Ok(Page::cut(rows, limit, total))
}

impl<T: Listed> Page<T> {
    /// Makes a page from up to `limit + 1` rows: the extra row only tells that there are more.
    fn cut(mut rows: Vec<T>, limit: i64, total: i64) -> Self {
        let more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|row| {
            let (at, id) = row.place();
            format!("{at}_{id}")
        });
        Self { items: rows, total, next }
    }
}

impl<T> Page<T> {
    /// Turns the rows into what a machine reads.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, total, next } = self;
        Page { items: items.into_iter().map(turn).collect(), total, next }
    }

    /// Turns the rows into nouns of the domain.
    ///
    /// # Errors
    /// When a row holds a code that this program does not know.
    pub fn try_map<U>(self, turn: impl FnMut(T) -> Result<U, Fault>) -> Result<Page<U>, Fault> {
        let Self { items, total, next } = self;
        Ok(Page { items: items.into_iter().map(turn).collect::<Result<_, _>>()?, total, next })
    }
}

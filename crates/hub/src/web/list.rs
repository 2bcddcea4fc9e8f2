//! Long lists: one page at a time, newest first, with a cursor that survives new rows.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use khien_domain::fold::fold;

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
    pub fn limit(&self) -> i64 {
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

    /// Returns where the page starts: rows strictly before this (time, id).
    pub fn cursor(&self) -> (i64, Uuid) {
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

impl<T: Listed> Page<T> {
    /// Makes a page from up to `limit + 1` rows: the extra row only tells that there are more.
    pub fn cut(mut rows: Vec<T>, limit: i64, total: i64) -> Self {
        let more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|row| {
            let (at, id) = row.place();
            format!("{at}_{id}")
        });
        Self { items: rows, total, next }
    }

    /// Turns the rows into what a machine reads.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, total, next } = self;
        Page { items: items.into_iter().map(turn).collect(), total, next }
    }
}

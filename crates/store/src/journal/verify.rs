//! Verifying the journal where it lies, page by page, so that memory stays flat however long it is.

use super::check::{Checker, Verdict};
use super::{PAGE, Row};
use crate::head::SignedHead;
use crate::{Conn, StoreError, journal, on};

/// Lines read at once.
const PAGE_LINES: i64 = 1_000;

/// Checks every line, every body that is there, and that the chain leads through the deposited
/// head, if one is given. Names the first bad line and what is wrong with it.
///
/// The head's signature is checked against the key that it carries; whether that key is this
/// province's is for the caller to know ([`SignedHead::public_key`]).
pub async fn verify(conn: &mut Conn, head: Option<&SignedHead>) -> Result<Verdict, StoreError> {
    let lines = journal::head(conn).await?.map_or(0, |head| head.seq);
    let mut checker = Checker::new(head, false, lines);
    // From below the first line, so that one smuggled in under it is seen too.
    let mut after = i64::MIN;
    loop {
        let page = read_page(conn, after).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        if !page.into_iter().all(|row| checker.feed(&row.into_line())) {
            break;
        }
    }
    Ok(checker.finish())
}

/// Returns the next page of lines after `after`.
pub(crate) async fn read_page(conn: &mut Conn, after: i64) -> Result<Vec<Row>, StoreError> {
    Ok(on!(conn, c => sqlx::query_as(PAGE)
        .bind(after)
        .bind(PAGE_LINES)
        .fetch_all(&mut **c)
        .await)?)
}

//! Numbers that people say on the telephone: one series per kind and year, without gaps.

use anyhow::Context as _;
use khien_domain::matter::{Number, Series};
use khien_domain::time::province_year;
use khien_store::{Write, on, statements};

use crate::fault::Fault;

statements! {
    NEXT = "INSERT INTO number_series (series, year, last) VALUES ($1, $2, 1)
            ON CONFLICT (series, year) DO UPDATE SET last = number_series.last + 1
            RETURNING last",
}

/// Returns the next number of a series, in the year that `at` has at +07:00.
///
/// The row is taken in the caller's transaction: a change that never happened uses no number.
pub async fn next(write: &mut Write, series: Series, at: i64) -> Result<Number, Fault> {
    let year = province_year(at);
    let place: i64 = on!(write, c => sqlx::query_scalar(NEXT)
        .bind(series.code())
        .bind(i64::from(year))
        .fetch_one(&mut **c)
        .await)?;
    let place = u32::try_from(place).context("a number series is exhausted")?;
    Ok(Number { series, year, place })
}

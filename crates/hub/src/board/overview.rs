//! The whole province at a glance: one square per unit, the worst first, and the week in bars.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use khien_domain::id::PersonId;
use khien_domain::time::DAY;
use khien_store::Conn;
use maud::{Markup, html};
use uuid::Uuid;

use super::lights::SILENT_AFTER;
use super::store::{self, UnitTile};
use crate::fault::Fault;
use crate::web::chart::{self, Bar};
use crate::web::time;
use crate::web::view::View;

/// Days of the bar chart, today included.
const WEEK: usize = 7;

/// What a square says, in the order of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mood {
    Quiet,
    Silent,
    Low,
    Medium,
    High,
    Critical,
}

impl Mood {
    const ALL: [Self; 6] =
        [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Silent, Self::Quiet];

    fn of_level(level: &str) -> Self {
        match level {
            "critical" | "serious" => Self::Critical,
            "high" => Self::High,
            "medium" => Self::Medium,
            _ => Self::Low,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Silent => "silent",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn class(self) -> String {
        match self {
            Self::Quiet => "tile".to_owned(),
            mood => format!("tile tile-{}", mood.code()),
        }
    }
}

/// What stands beside the queue.
pub(super) struct Overview {
    tiles: Vec<(Mood, UnitTile)>,
    week: [i64; WEEK],
    /// When the first of the bars' days began.
    from: i64,
}

/// Reads the overview as the person may see it.
pub(super) async fn read(conn: &mut Conn, person: PersonId, now: i64) -> Result<Overview, Fault> {
    let units = store::units(conn, person, now - SILENT_AFTER, now).await?;
    let levels = store::levels(conn, person).await?;
    let from = time::day_start(now) - (WEEK as i64 - 1) * DAY;
    let week = store::signals_by_day(conn, person, from).await?;
    Ok(Overview { tiles: tiles(units, levels), week, from })
}

fn tiles(units: Vec<UnitTile>, levels: Vec<(Uuid, String)>) -> Vec<(Mood, UnitTile)> {
    let mut worst: BTreeMap<Uuid, Mood> = BTreeMap::new();
    for (unit, level) in levels {
        let mood = worst.entry(unit).or_insert(Mood::Low);
        *mood = Mood::of_level(&level).max(*mood);
    }
    let mood = |unit: &UnitTile| match worst.get(&unit.id) {
        Some(mood) => *mood,
        None if unit.sources > 0 && unit.alive == 0 => Mood::Silent,
        None => Mood::Quiet,
    };
    let mut tiles: Vec<_> = units.into_iter().map(|unit| (mood(&unit), unit)).collect();
    // Units come by name, and a stable sort keeps them so.
    tiles.sort_by_key(|(mood, _)| Reverse(*mood));
    tiles
}

/// Returns the map and the bars, which the script reads again with the rows that it takes in.
pub(super) fn aside(view: &View, overview: &Overview) -> Markup {
    html! {
        aside #board-province data-again aria-label=(view.t("board-province")) {
            (map(view, &overview.tiles))
            (bars(view, overview))
        }
    }
}

fn map(view: &View, tiles: &[(Mood, UnitTile)]) -> Markup {
    let title = view.lang.ta("board-units", &[("count", (tiles.len() as i64).into())]);
    html! {
        section.panel {
            div.panel-head { h2 { (title) } a href="/units" { (view.t("board-all")) } }
            div.panel-body {
                div.tilemap { @for (mood, unit) in tiles { (tile(view, *mood, unit)) } }
                ul.key { @for mood in Mood::ALL { li {
                    span class=(mood.class()) aria-hidden="true" { (letter(view, mood)) }
                    (view.t(&format!("mood-{}", mood.code())))
                } } }
            }
        }
    }
}

fn letter(view: &View, mood: Mood) -> String {
    view.t(&format!("mood-letter-{}", mood.code()))
}

/// A square with work opens the unit's rows of the queue; a quiet one, the unit.
fn tile(view: &View, mood: Mood, unit: &UnitTile) -> Markup {
    let says = format!("{}: {}", unit.name, view.t(&format!("mood-{}", mood.code())));
    let href = match mood {
        Mood::Quiet | Mood::Silent => format!("/units/{}", unit.id),
        _ => format!("/?unit={}", unit.id),
    };
    html! {
        a class=(mood.class()) href=(href) title=(says) aria-label=(says) { (letter(view, mood)) }
    }
}

fn bars(view: &View, overview: &Overview) -> Markup {
    let last = overview.week.len() - 1;
    let bars: Vec<Bar> = overview
        .week
        .iter()
        .enumerate()
        .map(|(place, count)| {
            let is_now = place == last;
            let day = time::day(overview.from + place as i64 * DAY);
            let label = if is_now { view.t("board-today") } else { day[..5].to_owned() };
            Bar { label, value: *count, is_now }
        })
        .collect();
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("board-week")) } a href="/signals" { (view.t("board-all")) } }
            div.panel-body { (chart::bars(&view.t("board-week"), &bars)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: u128, name: &str, sources: i64, alive: i64) -> UnitTile {
        UnitTile { id: Uuid::from_u128(id), name: name.into(), sources, alive }
    }

    #[test]
    fn the_worst_unit_comes_first_and_silence_is_not_quiet() {
        let units =
            vec![unit(1, "A", 0, 0), unit(2, "B", 1, 0), unit(3, "C", 1, 1), unit(4, "D", 0, 0)];
        let levels = vec![
            (Uuid::from_u128(3), "medium".to_owned()),
            (Uuid::from_u128(3), "low".to_owned()),
            (Uuid::from_u128(4), "serious".to_owned()),
        ];
        let order: Vec<_> =
            tiles(units, levels).into_iter().map(|(mood, unit)| (unit.name, mood)).collect();
        let expected =
            [("D", Mood::Critical), ("C", Mood::Medium), ("B", Mood::Silent), ("A", Mood::Quiet)];
        assert_eq!(order, expected.map(|(name, mood)| (name.to_owned(), mood)));
    }
}

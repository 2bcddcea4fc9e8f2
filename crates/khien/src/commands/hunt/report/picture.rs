//! Pictures of time, drawn as SVG: hits in columns stacked by level, and hosts as lanes from their
//! first hit to their last. Colours come from the style sheet; what a column says is its title,
//! which shows under the mouse without any script.

use khien_detect::Level;
use khien_hub::web::i18n::Lang;
use maud::{Markup, html};

use super::super::number;
use super::super::tally::Host;
use super::super::timeline::{Counts, DAY_S, View};
use super::{count, moment};

/// A drawing for one width of screen: the same picture is drawn for a desk and for a phone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    pub(super) class: &'static str,
    width: f64,
    labels: usize,
}

/// For a desk, and paper.
pub(super) const WIDE: Canvas = Canvas { class: "wide", width: 1000.0, labels: 10 };
/// For a phone.
pub(super) const NARROW: Canvas = Canvas { class: "narrow", width: 340.0, labels: 4 };

/// Columns of a picture.
pub(super) const COLUMNS_MAX: usize = 160;
/// The height of a timeline, of which the axis takes the lowest part.
const HEIGHT: f64 = 210.0;
const FLOOR: f64 = 180.0;
/// Where the tallest column ends.
const TOP: f64 = 14.0;
/// Room for the numbers of the axis.
const LEFT: f64 = 38.0;
/// What a column with any hit is at least, to be seen.
const VISIBLE: f64 = 1.5;
/// The height of a lane: its name, and below it its line.
const LANE: f64 = 34.0;
/// Steps between two labels that are easy to read.
const LABEL_STEPS: [i64; 12] = [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 48, 96];

/// Returns the hits of a stretch of time.
pub(super) fn timeline(view: &View, canvas: Canvas, lang: Lang) -> Markup {
    let most = view.columns.iter().map(|column| column.iter().sum::<u64>()).max().unwrap_or(0);
    let scale = (FLOOR - TOP) / ceiling(most) as f64;
    let step = (canvas.width - LEFT) / view.columns.len().max(1) as f64;
    let said = lang.ta(
        "hunt-picture",
        &[("from", (&moment(view.start_s * 1_000_000)).into()), ("most", number(most))],
    );
    html! {
        svg class=(canvas.class) viewBox=(format!("0 0 {} {HEIGHT}", canvas.width)) role="img" aria-label=(said) {
            (scale_lines(most, canvas))
            @for (place, column) in view.columns.iter().enumerate() {
                @if column.iter().any(|hits| *hits > 0) {
                    (bar(view, place, column, LEFT + place as f64 * step, step, scale, lang))
                }
            }
            path.axis d=(format!("M{LEFT} {FLOOR}H{}", canvas.width)) {}
            (labels(view, canvas, step))
        }
    }
}

/// Returns a round number not below `most`, for the top of the scale.
fn ceiling(most: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for round in [1, 2, 5] {
            let round = power.saturating_mul(round);
            if round >= most.max(1) || round == u64::MAX {
                return round;
            }
        }
        power = power.saturating_mul(10);
    }
}

fn scale_lines(most: u64, canvas: Canvas) -> Markup {
    let top = ceiling(most);
    let marks = if top >= 2 { vec![top, top / 2] } else { vec![top] };
    html! {
        @for mark in marks {
            @let y = FLOOR - (FLOOR - TOP) * mark as f64 / top as f64;
            path.grid d=(format!("M{LEFT} {y:.1}H{}", canvas.width)) {}
            text x=(LEFT - 5.0) y=(format!("{:.1}", y + 4.0)) text-anchor="end" { (brief(mark)) }
        }
    }
}

/// `12 000` as `12k`.
fn brief(number: u64) -> String {
    match number {
        1_000_000.. => format!("{}M", number / 1_000_000),
        10_000.. => format!("{}k", number / 1_000),
        _ => number.to_string(),
    }
}

fn bar(
    view: &View,
    place: usize,
    column: &Counts,
    left: f64,
    step: f64,
    scale: f64,
    lang: Lang,
) -> Markup {
    let width = (step - if step > 4.0 { 1.0 } else { 0.3 }).max(1.6);
    let mut floor = FLOOR;
    let parts: Vec<(Level, f64, f64)> = Level::ALL
        .into_iter()
        .filter(|level| column[*level as usize] > 0)
        .map(|level| {
            let tall = (column[level as usize] as f64 * scale).max(VISIBLE);
            floor -= tall;
            (level, floor, tall)
        })
        .collect();
    html! {
        g {
            title { (said(view, place, column, lang)) }
            @for (level, top, tall) in parts {
                rect class=(format!("l-{}", level.name())) x=(format!("{left:.1}"))
                    y=(format!("{:.1}", top.max(0.0))) width=(format!("{width:.1}")) height=(format!("{tall:.1}")) {}
            }
        }
    }
}

fn said(view: &View, place: usize, column: &Counts, lang: Lang) -> String {
    let start = view.start_s + i64::try_from(place).unwrap_or(0) * view.width_s;
    let time = |at: i64| moment(at.saturating_mul(1_000_000));
    let levels = Level::ALL.into_iter().rev().filter(|level| column[*level as usize] > 0);
    let levels = levels.map(|level| {
        format!("{} {}", count(column[level as usize]), lang.t(&format!("level-{}", level.name())))
    });
    format!(
        "{} – {}: {}",
        time(start),
        time(start + view.width_s),
        levels.collect::<Vec<_>>().join(", ")
    )
}

fn labels(view: &View, canvas: Canvas, step: f64) -> Markup {
    let columns = i64::try_from(view.columns.len()).unwrap_or(i64::MAX);
    let few = |every: &i64| columns / every <= i64::try_from(canvas.labels).unwrap_or(i64::MAX);
    let every = LABEL_STEPS.into_iter().find(few).unwrap_or(columns);
    // Counted from a midnight in Vietnam, so that hours are even ones.
    let first = (view.start_s + 7 * 3600).div_euclid(view.width_s);
    let marked = (0..columns).filter(|column| (first + column).rem_euclid(every) == 0);
    html! {
        @for column in marked {
            @let x = LEFT + column as f64 * step;
            path.axis d=(format!("M{x:.1} {FLOOR}v4")) {}
            // The last would run out of the picture.
            @if x < canvas.width - 20.0 {
                text x=(format!("{:.1}", x.max(LEFT))) y=(FLOOR + 17.0) text-anchor=(if column == 0 { "start" } else { "middle" }) {
                    (label(view.start_s + column * view.width_s, view.width_s))
                }
            }
        }
    }
}

/// The part of a time that changes from label to label.
fn label(at_s: i64, width_s: i64) -> String {
    let whole = moment(at_s.saturating_mul(1_000_000)); // 20/11/2026 08:05:00
    let part = |range: std::ops::Range<usize>| whole.get(range).unwrap_or("–").to_owned();
    let is_midnight = part(11..16) == "00:00";
    match width_s {
        _ if width_s >= 364 * DAY_S => part(6..10),
        _ if width_s >= 28 * DAY_S => part(3..10),
        _ if width_s >= DAY_S || is_midnight => part(0..5),
        _ => part(11..16),
    }
}

/// Returns hosts as lanes in the order of their first hit: the way through a network.
pub(super) fn lanes(hosts: &[&Host], canvas: Canvas, lang: Lang) -> Markup {
    let mut lanes: Vec<(&Host, i64, i64)> = hosts
        .iter()
        .filter_map(|host| host.span.0.map(|(first, last)| (*host, first, last)))
        .collect();
    lanes.sort_by_key(|(_, first, last)| (*first, *last));
    let start = lanes.iter().map(|(_, first, _)| *first).min().unwrap_or(0);
    let end = lanes.iter().map(|(.., last)| *last).max().unwrap_or(0);
    let room = canvas.width - 20.0;
    let span = (end as f64 - start as f64).max(1.0);
    let x = |at: i64| 10.0 + (at as f64 - start as f64) / span * room;
    let height = LANE * lanes.len() as f64 + 4.0;
    html! {
        svg.lanes.(canvas.class) viewBox=(format!("0 0 {} {height}", canvas.width)) role="img" aria-label=(lang.t("hunt-lanes")) {
            @for (place, (host, first, last)) in lanes.iter().enumerate() {
                @let y = LANE * place as f64 + 26.0;
                @let class = format!("l-{}", host.highest().name());
                g {
                    title { (super::host_name(host)) ": " (moment(*first)) " – " (moment(*last)) }
                    path.grid d=(format!("M10 {y}H{}", canvas.width - 10.0)) {}
                    text x="10" y=(y - 9.0) { (super::host_name(host)) }
                    text.soft x=(canvas.width - 10.0) y=(y - 9.0) text-anchor="end" { (count(host.hits())) }
                    rect class=(class) x=(format!("{:.1}", x(*first))) y=(y - 2.5) height="5" rx="2"
                        width=(format!("{:.1}", (x(*last) - x(*first)).max(1.0))) {}
                    circle class=(class) cx=(format!("{:.1}", x(*first))) cy=(y) r="5" {}
                    circle class=(class) cx=(format!("{:.1}", x(*last))) cy=(y) r="3.5" {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number() {
        for (most, top) in
            [(0, 1), (1, 1), (2, 2), (3, 5), (10, 10), (11, 20), (499, 500), (5_001, 10_000)]
        {
            assert_eq!(ceiling(most), top);
        }
        assert!(ceiling(u64::MAX) == u64::MAX);
    }

    #[test]
    fn columns_are_stacked_and_say_what_they_hold() {
        let columns = vec![[0, 0, 0, 3, 1], [0; 5], [1_000_000, 0, 0, 0, 0]];
        let view = View { start_s: 1_795_107_600, width_s: 3_600, columns }; // 00:00 in Vietnam
        let drawn = timeline(&view, WIDE, Lang::En).into_string();
        assert_eq!(drawn.matches("<rect").count(), 3, "{drawn}");
        assert!(
            drawn.contains(
                "<title>20/11/2026 00:00:00 – 20/11/2026 01:00:00: 1 Critical, 3 High</title>"
            ),
            "{drawn}"
        );
        assert!(drawn.contains(">20/11<") && drawn.contains(">01:00<"), "{drawn}");
    }

    #[test]
    fn labels_name_what_changes() {
        let at = 1_795_107_600;
        for (at, width, expected) in [
            (at, 60, "20/11"),
            (at + 300, 60, "00:05"),
            (at, DAY_S, "20/11"),
            (at, 28 * DAY_S, "11/2026"),
            (at, 364 * DAY_S, "2026"),
            (i64::MAX, DAY_S, "–"),
        ] {
            assert_eq!(label(at, width), expected);
        }
    }
}

//! The page of the board, and the bare rows that its script asks for when something changed.

use axum::extract::{Query, State};
use khien_domain::access::Action;
use khien_domain::signal::Level;
use maud::{Markup, html};

use super::queue::{self, Asked, Item, Kind, Queue};
use super::{lights, overview};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::{Caller, Member, View};
use crate::web::{encode_query, layout, parts};

/// Returns the board for a person who keeps watch.
///
/// # Errors
/// When the store fails.
pub async fn board(
    app: &App,
    view: &View,
    caller: &Caller,
    asked: &Asked,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let person = caller.person.id;
    let queue = queue::read(&mut conn, person, asked, view.now).await?;
    let strip = lights::read(&mut conn, person, view.now).await?;
    let overview = overview::read(&mut conn, person, view.now).await?;
    let body = html! {
        (parts::head(&view.t("nav-home"), &view.t("board-sub"), actions(view)))
        (lights::strip(view, &strip))
        div.columns {
            div { (filter(view, asked)) (list(view, asked, &queue)) }
            (overview::aside(view, &overview))
        }
    };
    Ok(layout::page(view, &view.t("nav-home"), body))
}

fn actions(view: &View) -> Markup {
    html! {
        @if view.may(Action::EnterReportOnBehalf) {
            a.button href="/report/on-behalf" { (parts::icon("phone")) (view.t("behalf-title")) }
        }
        @if view.may(Action::FileReport) {
            a.button.button-main href="/report" { (parts::icon("plus")) (view.t("report-title")) }
        }
    }
}

fn filter(view: &View, asked: &Asked) -> Markup {
    let levels = Level::ALL.iter().rev().map(|level| level.code());
    let kinds = Kind::ALL.iter().map(|kind| kind.code());
    let choice = |name: &str, key: &str, options: Markup| {
        html! {
            div.field {
                label for=(name) { (view.t(key)) }
                select.select id=(name) name=(name) {
                    option value="" { (view.t("all")) } (options)
                }
            }
        }
    };
    let more = html! {
        @if !asked.unit.is_empty() { input type="hidden" name="unit" value=(asked.unit); }
        (choice("level", "level", parts::options(view, "level", levels, &asked.level)))
        (choice("kind", "board-kind", parts::options(view, "queue-kind", kinds, &asked.kind)))
    };
    html! {
        (parts::search(view, "/", &asked.q, more))
        @if asked.is_narrow() {
            p { a href="/" { (parts::icon("x")) " " (view.t("board-unfilter")) } }
        }
    }
}

fn list(view: &View, asked: &Asked, queue: &Queue) -> Markup {
    html! {
        section data-board=(rows_path(asked)) aria-label=(view.t("board-queue")) {
            div.newbar-room {
                button.newbar type="button" data-newbar data-one=(view.t("board-new-one"))
                    data-many=(view.t("board-new-many")) hidden {}
                p.newbar-idle.only-js role="status" { (view.t("board-live")) }
            }
            div #board-list data-again { (table(view, asked, queue)) }
        }
    }
}

fn table(view: &View, asked: &Asked, queue: &Queue) -> Markup {
    let total = queue.items.len() as i64 + queue.more;
    html! {
        div.table-wrap { table.table.cards.queue {
            thead { tr {
                th scope="col" { (view.t("board-col-due")) }
                th scope="col" { (view.t("board-col-what")) }
                th scope="col" { (view.t("board-col-who")) }
                th scope="col" { span.sr { (view.t("board-col-do")) } }
            } }
            tbody data-rows { (table_rows(view, &queue.items)) }
        } }
        @if queue.items.is_empty() { (nothing(view, asked)) }
        nav.pages aria-label=(view.t("pager")) {
            span { (view.lang.ta("pager-total", &[("total", total.into())])) }
            @if queue.more > 0 {
                span { (view.lang.ta("board-more", &[("count", queue.more.into())])) }
                a href="/signals?state=received" { (view.t("board-more-link")) }
            }
        }
    }
}

fn nothing(view: &View, asked: &Asked) -> Markup {
    if asked.is_narrow() {
        parts::empty(view, "board-none-match")
    } else {
        parts::empty(view, "board-none")
    }
}

fn rows_path(asked: &Asked) -> String {
    let Asked { q, level, kind, unit } = asked;
    let [q, level, kind, unit] = [q, level, kind, unit].map(|text| encode_query(text));
    format!("/board/rows?q={q}&level={level}&kind={kind}&unit={unit}")
}

/// `GET /board/rows`: the rows alone, for the script that keeps the board live.
pub async fn rows(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let queue = queue::read(&mut conn, member.person.id, &asked, view.now).await?;
    Ok(table_rows(&view, &queue.items))
}

fn table_rows(view: &View, items: &[Item]) -> Markup {
    html! { @for item in items { (row(view, item)) } }
}

fn row(view: &View, item: &Item) -> Markup {
    let left = item.due.map(|due| due - view.now);
    let class = match left {
        Some(i64::MIN..0) => Some("row-late"),
        Some(0..parts::SOON_US) => Some("row-soon"),
        _ => None,
    };
    let id = format!("queue-{}-{}", item.kind.code(), item.id);
    html! {
        tr class=[class] id=(id) data-row tabindex="-1" {
            td.queue-marks {
                (parts::level(view, &item.level))
                @match item.due {
                    Some(due) => { (parts::clock(view, due)) }
                    None => { span.clock { (view.t("board-no-clock")) } }
                }
            }
            td.queue-what {
                a href=(item.href()) data-open { (item.title) }
                span.queue-kind {
                    (parts::icon(icon(item.kind)))
                    (view.t(&format!("queue-kind-{}", item.kind.code()))) " " (item.number) " · "
                    (view.t(&format!("{}-state-{}", item.kind.code(), item.state)))
                }
            }
            td.queue-who {
                (item.unit_name)
                small { (item.holder.clone().unwrap_or_else(|| view.t("board-nobody"))) }
            }
            td.cell-actions { (deed(view, item)) }
        }
    }
}

const fn icon(kind: Kind) -> &'static str {
    match kind {
        Kind::Signal => "signal",
        Kind::Incident => "siren",
        Kind::Task => "task",
    }
}

/// What the row wants first: a signal wants to be verified.
fn deed(view: &View, item: &Item) -> Markup {
    html! {
        @if item.kind == Kind::Signal && view.may(Action::VerifySignal) {
            a.button.button-main.button-small href=(format!("{}/verify", item.href())) data-take {
                (view.t("signal-verify"))
            }
        } @else {
            a.button.button-small href=(item.href()) data-take { (view.t("open")) }
        }
    }
}

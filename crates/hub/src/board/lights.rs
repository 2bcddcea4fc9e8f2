//! The lights at the top of the board: what is alive, what is silent, what was never connected.
//! A light never looks better than what is known.

use khien_domain::access::Action;
use khien_domain::id::PersonId;
use khien_domain::time::MINUTE;
use khien_store::{Conn, outbox};
use maud::{Markup, html};

use super::store::{self, Sources};
use crate::fault::Fault;
use crate::journal;
use crate::web::view::View;
use crate::web::{parts, time};

/// A source that was not heard of for so long is silent.
pub(super) const SILENT_AFTER: i64 = 10 * MINUTE;
/// With more facts than this in the outbox, reactions lag behind.
const BACKLOG_SLOW: i64 = 50;

/// What the strip shows.
pub(super) struct Strip {
    sources: Sources,
    backlog: i64,
    signed_at: Option<i64>,
}

/// Reads what the lights show.
pub(super) async fn read(conn: &mut Conn, person: PersonId, now: i64) -> Result<Strip, Fault> {
    Ok(Strip {
        sources: store::sources(conn, person, now - SILENT_AFTER).await?,
        backlog: outbox::waiting(conn).await?,
        signed_at: journal::store::last_deposit(conn).await?.map(|head| head.at),
    })
}

/// Returns the strip: who reads, and the lights.
pub(super) fn strip(view: &View, strip: &Strip) -> Markup {
    let who = view.caller.as_ref().map(|caller| caller.person.name.as_str()).unwrap_or_default();
    html! {
        div.shift #board-shift data-again {
            p.shift-who { (parts::icon("user")) span { (view.t("board-who")) " " b { (who) } } }
            ul.lights aria-label=(view.t("board-lights")) {
                (light("light-none", "NCSC", &view.t("light-not-connected"), None))
                (sources(view, &strip.sources))
                (backlog(view, strip.backlog))
                (signed(view, strip.signed_at))
            }
        }
    }
}

fn light(class: &str, name: &str, says: &str, href: Option<&str>) -> Markup {
    let class = format!("light {class}");
    let body = html! { span { b { (name) } small { (says) } } };
    html! {
        li {
            @match href {
                Some(href) => { a class=(class) href=(href) { (body) } }
                None => { span class=(class) { (body) } }
            }
        }
    }
}

fn sources(view: &View, sources: &Sources) -> Markup {
    let silent = sources.total - sources.alive;
    let class = match (sources.total, sources.alive) {
        (0, _) => "light-none",
        (_, 0) => "light-off",
        _ if silent > 0 => "light-slow",
        _ => "light-on",
    };
    let says = match sources.total {
        0 => view.t("light-no-source"),
        _ => view
            .lang
            .ta("light-sources", &[("alive", sources.alive.into()), ("silent", silent.into())]),
    };
    let ago = sources
        .seen_at
        .map(|at| view.t("light-ago").replace("{t}", &time::span(view.lang, view.now - at)));
    let says = ago.map_or(says.clone(), |ago| format!("{says} · {ago}"));
    let href = view.may(Action::AdministerSources).then_some("/sources");
    light(class, &view.t("light-source"), &says, href)
}

fn backlog(view: &View, count: i64) -> Markup {
    let class = if count > BACKLOG_SLOW { "light-slow" } else { "light-on" };
    let says = match count {
        0 => view.t("light-no-backlog"),
        _ => view.lang.ta("light-backlog", &[("count", count.into())]),
    };
    light(class, &view.t("light-outbox"), &says, None)
}

fn signed(view: &View, at: Option<i64>) -> Markup {
    let href = view.may(Action::ReadJournal).then_some("/journal");
    let today = time::day_start(view.now);
    let (class, says) = match at {
        Some(at) if at >= today => ("light-on", time::minute(at)),
        Some(at) => ("light-slow", time::minute(at)),
        None => ("light-none", view.t("light-unsigned")),
    };
    light(class, &view.t("light-journal"), &says, href)
}

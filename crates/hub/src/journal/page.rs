//! The auditor's pages: the list of lines, one line, the verdict of a verification, and the signed
//! head to carry away.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Response};
use khien_domain::time::DAY;
use khien_store::Conn;
use khien_store::head::SignedHead;
use khien_store::journal::{self, Body, Entry, Filter, Verdict};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::store::{self, LineRow, Wanted};
use super::{shown, timeline, verdict};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::PAGE_ROWS;
use crate::web::view::View;
use crate::web::{encode_query, layout, parts, time};

/// How long one verification may run; the bar is 200,000 lines in two seconds.
const VERIFY_SECONDS_MAX: u64 = 120;
/// One verification at a time: it reads the whole journal.
static VERIFYING: Semaphore = Semaphore::const_new(1);

/// The filter of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    subject: String,
    actor: String,
    action: String,
    from: String,
    to: String,
    before: Option<i64>,
}

/// `GET /journal`.
pub async fn list(
    State(app): State<App>,
    view: View,
    Query(asked): Query<Asked>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let lines = lines(&mut conn, &asked).await?;
    let (mut actors, mut subjects) = (BTreeMap::new(), BTreeMap::new());
    for line in &lines {
        if !actors.contains_key(&line.actor) {
            let called = called(&mut conn, &view, &line.actor).await?;
            actors.insert(line.actor.clone(), called.unwrap_or_else(|| line.actor.clone()));
        }
        if !subjects.contains_key(&line.subject) {
            let said = subject(&mut conn, &view, &line.subject).await?;
            subjects.insert(line.subject.clone(), said);
        }
    }
    let head = store::last_deposit(&mut conn).await?;
    let body = html! {
        (parts::head(&view.t("nav-journal"), &view.t("journal-sub"), verify_button(&view)))
        (deposit(&view, head.as_ref()))
        (filter(&view, &asked))
        @if lines.is_empty() { (parts::empty(&view, "journal-none")) }
        @else { (table(&view, &lines, &actors, &subjects)) (older(&view, &asked, &lines)) }
    };
    Ok(layout::page(&view, &view.t("nav-journal"), body))
}

/// Returns what people call a subject or an actor; every job is the system itself.
async fn called(conn: &mut Conn, view: &View, name: &str) -> Result<Option<String>, Fault> {
    let called = store::called(conn, name).await?;
    Ok(called.or_else(|| name.starts_with("job:").then(|| view.t("timeline-machine"))))
}

/// Returns the word for what a subject is, and its number or name where it has one. A kind that has
/// no word yet stands as it is written.
async fn subject(conn: &mut Conn, view: &View, subject: &str) -> Result<String, Fault> {
    // The chain itself writes `entry/7`, for a body that was sealed or destroyed.
    let (noun, id) = subject.split_once([':', '/']).unwrap_or((subject, ""));
    let key = format!("subject-{noun}");
    let word = view.t(&key);
    if word == key {
        return Ok(subject.to_owned());
    }
    let name = match noun {
        "entry" => Some(id.to_owned()),
        _ => store::called(conn, subject).await?,
    };
    Ok(match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{word} · {name}"),
        None => word,
    })
}

async fn lines(conn: &mut Conn, asked: &Asked) -> Result<Vec<LineRow>, Fault> {
    let subject = store::subject_of(conn, &asked.subject).await?;
    let actor = store::actor_of(conn, &asked.actor).await?;
    let wanted = Wanted {
        before: asked.before.unwrap_or(i64::MAX),
        from: time::parse(&asked.from).unwrap_or(i64::MIN),
        // The last day of a span belongs to it.
        to: time::parse(&asked.to).map_or(i64::MAX, |day| day.saturating_add(DAY)),
        subject: &subject,
        actor: &actor,
        action: asked.action.trim(),
    };
    store::list(conn, &wanted, PAGE_ROWS).await
}

fn verify_button(view: &View) -> Markup {
    html! {
        form method="post" action="/journal/verify" {
            button.button.button-main { (parts::icon("shield")) (view.t("journal-verify")) }
        }
    }
}

fn deposit(view: &View, head: Option<&SignedHead>) -> Markup {
    html! {
        @match head {
            Some(head) => div.notice {
                (parts::icon("key"))
                p.notice-body {
                    (view.lang.ta("journal-deposited", &[("seq", head.seq.into())])) " "
                    (parts::moment(head.at)) ". "
                    a href="/journal/head.json" download { (view.t("journal-head-download")) }
                }
            },
            None => div.notice.notice-warn {
                (parts::icon("warning")) p.notice-body { (view.t("journal-not-deposited")) }
            },
        }
    }
}

fn filter(view: &View, asked: &Asked) -> Markup {
    let text = |name: &str, key: &str, value: &str| {
        html! {
            div.field {
                label for=(name) { (view.t(key)) }
                input.input id=(name) name=(name) value=(value) autocomplete="off";
            }
        }
    };
    let day = |name: &str, key: &str, value: &str| {
        html! {
            div.field.field-search {
                label for=(name) { (view.t(key)) }
                input.input id=(name) name=(name) type="date" value=(value);
            }
        }
    };
    html! {
        form.filters method="get" action="/journal" role="search" aria-label=(view.t("search")) {
            (text("subject", "journal-subject-filter", &asked.subject))
            (text("actor", "journal-actor-filter", &asked.actor))
            (text("action", "journal-action-filter", &asked.action))
            (day("from", "journal-from", &asked.from))
            (day("to", "journal-to", &asked.to))
            button.button { (parts::icon("filter")) (view.t("filter")) }
        }
    }
}

type Names = BTreeMap<String, String>;

fn table(view: &View, lines: &[LineRow], actors: &Names, subjects: &Names) -> Markup {
    let called = |names: &Names, name: &str| names.get(name).cloned().unwrap_or_default();
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                th.number scope="col" { (view.t("journal-seq")) }
                th scope="col" { (view.t("journal-at")) }
                th scope="col" { (view.t("journal-actor")) }
                th scope="col" { (view.t("journal-action")) }
                th scope="col" { (view.t("journal-subject")) }
            } }
            tbody { @for line in lines { tr {
                th.number scope="row" {
                    a href=(format!("/journal/line/{}", line.seq)) { (line.seq) }
                }
                td data-label=(view.t("journal-at")) {
                    time datetime=(time::rfc3339(line.at)) { (time::second(line.at)) }
                }
                td data-label=(view.t("journal-actor")) { (called(actors, &line.actor)) }
                td data-label=(view.t("journal-action")) { (timeline::words(view, &line.action)) }
                td data-label=(view.t("journal-subject")) { (called(subjects, &line.subject)) }
            } } }
        } }
    }
}

fn older(view: &View, asked: &Asked, lines: &[LineRow]) -> Markup {
    let last = lines.last().filter(|_| lines.len() as i64 == PAGE_ROWS).map(|line| line.seq);
    let filter = [
        ("subject", &asked.subject),
        ("actor", &asked.actor),
        ("action", &asked.action),
        ("from", &asked.from),
        ("to", &asked.to),
    ];
    let query: String =
        filter.iter().map(|(name, value)| format!("{name}={}&", encode_query(value))).collect();
    html! {
        @if let Some(last) = last {
            nav.pages aria-label=(view.t("pager")) {
                a.button.button-small href=(format!("/journal?{query}before={last}")) {
                    (view.t("journal-older")) " " (parts::icon("arrow-right"))
                }
            }
        }
    }
}

/// `GET /journal/line/{seq}`.
pub async fn show(
    State(app): State<App>,
    view: View,
    Path(seq): Path<i64>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let filter = Filter {
        after: Some(seq.saturating_sub(1)),
        before: Some(seq.saturating_add(1)),
        ..Filter::default()
    };
    let entry = journal::list(&mut conn, &filter, 1).await?.pop().ok_or(Fault::NotFound)?;
    let actor = called(&mut conn, &view, &entry.actor).await?;
    let subject = subject(&mut conn, &view, &entry.subject).await?;
    let number = view.lang.ta("journal-line", &[("seq", entry.seq.into())]);
    let body = html! {
        (parts::crumbs(&view, "/journal", &view.t("nav-journal"), &number))
        (parts::head(&number, &timeline::words(&view, &entry.action), html! {}))
        section.panel { div.panel-body { dl.pairs {
            dt { (view.t("journal-at")) } dd { (time::second(entry.at)) }
            dt { (view.t("journal-actor")) }
            dd { @if let Some(actor) = actor { (actor) br; } span.mono { (entry.actor) } }
            dt { (view.t("journal-action")) } dd.mono { (entry.action) }
            dt { (view.t("journal-subject")) }
            dd { (subject) br; span.mono { (entry.subject) } }
            (details(&view, &entry))
            dt { (view.t("journal-hash")) } dd { span.hash { (hex::encode(&entry.hash)) } }
        } } }
    };
    Ok(layout::page(&view, &number, body))
}

fn details(view: &View, entry: &Entry) -> Markup {
    let codes = match &entry.body {
        Body::Open(body) => shown::codes(body),
        Body::Sealed | Body::Destroyed => Vec::new(),
    };
    let state = match entry.body {
        Body::Open(_) => "journal-body-open",
        Body::Sealed => "journal-body-sealed",
        Body::Destroyed => "journal-body-destroyed",
    };
    html! {
        @for (key, code) in codes {
            dt { (view.t(&format!("journal-code-{key}"))) } dd.mono { (code) }
        }
        dt { (view.t("journal-body")) } dd { (view.t(state)) }
    }
}

/// `POST /journal/verify`: checks every line, and the last deposited head.
pub async fn verify(State(app): State<App>, view: View) -> Result<Markup, Fault> {
    let _only = VERIFYING.try_acquire().map_err(|_| Fault::TooMany(VERIFY_SECONDS_MAX))?;
    let check = async {
        let mut conn = app.db.read().await?;
        let head = store::last_deposit(&mut conn).await?;
        Ok::<_, Fault>(journal::verify(&mut conn, head.as_ref()).await?)
    };
    let verdict = tokio::time::timeout(Duration::from_secs(VERIFY_SECONDS_MAX), check)
        .await
        .map_err(|_| anyhow::anyhow!("the journal was not verified in time"))??;
    if let Verdict::Broken(flaw) = &verdict {
        tracing::error!(%flaw, "the journal is broken");
    }
    let body = html! {
        (parts::crumbs(&view, "/journal", &view.t("nav-journal"), &view.t("journal-verify")))
        (parts::head(&view.t("journal-verify"), "", verify_button(&view)))
        (said(&view, &verdict))
    };
    Ok(layout::page(&view, &view.t("journal-verify"), body))
}

fn said(view: &View, verdict: &Verdict) -> Markup {
    let sentences = verdict::sentences(view.lang, verdict);
    let lines = html! {
        @for (place, sentence) in sentences.iter().enumerate() {
            p { @if place == 0 { b { (sentence) } } @else { (sentence) } }
        }
    };
    match verdict {
        Verdict::Sound(extent) => html! {
            div.notice.notice-good role="status" {
                (parts::icon("check"))
                div.notice-body {
                    (lines)
                    p { (view.t("journal-hash")) " " span.hash { (hex::encode(extent.hash)) } }
                }
            }
        },
        Verdict::Broken(_) => html! {
            div.notice.notice-bad role="alert" { (parts::icon("stop")) div.notice-body { (lines) } }
        },
    }
}

/// `GET /journal/head.json`: the last signed head, to be deposited with another unit.
pub async fn head(State(app): State<App>) -> Result<Response, Fault> {
    let mut conn = app.db.read().await?;
    let head = store::last_deposit(&mut conn).await?.ok_or(Fault::NotFound)?;
    let name = format!("attachment; filename=\"khien-head-{}.json\"", head.seq);
    let headers = AppendHeaders([(header::CONTENT_DISPOSITION, name)]);
    Ok((headers, axum::Json(head)).into_response())
}

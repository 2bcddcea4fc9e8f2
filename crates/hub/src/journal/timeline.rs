//! The time line of a matter: the journal lines of several subjects in one order, with the names
//! of who did them. Its caller has asked already whether the reader may see these subjects.

use std::collections::BTreeMap;

use khien_store::Conn;
use khien_store::journal::{self, Body, Filter};
use maud::{Markup, html};
use serde_json::Value;

use super::store;
use crate::fault::Fault;
use crate::web::view::View;
use crate::web::{parts, time};

/// The most subjects that one time line joins.
pub const SUBJECTS_MAX: usize = 200;
/// The most lines that are read of one subject.
const LINES_OF_SUBJECT_MAX: i64 = 200;
/// The most moments that one time line shows; the newest stay.
pub const MOMENTS_MAX: usize = 500;

/// One line of a time line.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The journal line.
    pub seq: i64,
    /// When, µs UTC.
    pub at: i64,
    /// The name of who did it; empty for the machine itself.
    pub actor: String,
    /// What was done; its words are [`words`].
    pub action: String,
    /// To what: `<noun>:<uuid>`.
    pub subject: String,
    /// The number or name of the subject, from the line itself.
    pub number: String,
    /// The state that the subject came to, if it moved.
    pub after: Option<String>,
    /// The reason that was written, if any.
    pub reason: Option<String>,
}

/// Returns the moments of these subjects, newest first.
///
/// # Errors
/// When the store fails.
pub async fn of(conn: &mut Conn, subjects: &[String]) -> Result<Vec<Moment>, Fault> {
    let mut entries = Vec::new();
    for subject in subjects.iter().take(SUBJECTS_MAX) {
        let filter = Filter { subject: Some(subject.clone()), ..Filter::default() };
        entries.extend(journal::list(conn, &filter, LINES_OF_SUBJECT_MAX).await?);
    }
    entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.seq));
    entries.dedup_by_key(|entry| entry.seq);
    entries.truncate(MOMENTS_MAX);
    let mut names = BTreeMap::new();
    let mut moments = Vec::with_capacity(entries.len());
    for entry in entries {
        let actor = name(conn, &mut names, &entry.actor).await?;
        moments.push(moment(entry, actor));
    }
    Ok(moments)
}

async fn name(
    conn: &mut Conn,
    names: &mut BTreeMap<String, String>,
    actor: &str,
) -> Result<String, Fault> {
    if let Some(name) = names.get(actor) {
        return Ok(name.clone());
    }
    let name = store::called(conn, actor).await?.unwrap_or_default();
    names.insert(actor.to_owned(), name.clone());
    Ok(name)
}

fn moment(entry: journal::Entry, actor: String) -> Moment {
    let body = match entry.body {
        Body::Open(body) => body,
        Body::Sealed | Body::Destroyed => Value::Null,
    };
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    Moment {
        seq: entry.seq,
        at: entry.at,
        actor,
        action: entry.action,
        subject: entry.subject,
        number: text("number").or_else(|| text("name")).unwrap_or_default(),
        after: text("after"),
        reason: text("reason").filter(|reason| !reason.is_empty()),
    }
}

/// Returns the words of an action: `signal.receive` reads `entry-signal-receive`; an action
/// without words shows its code.
pub fn words(view: &View, action: &str) -> String {
    let key = format!("entry-{}", action.replace('.', "-"));
    let said = view.t(&key);
    if said == key { action.to_owned() } else { said }
}

/// Returns the time line as the page of a matter shows it.
pub fn panel(view: &View, moments: &[Moment]) -> Markup {
    html! {
        section.panel aria-labelledby="timeline" {
            div.panel-head { h2 #timeline { (view.t("timeline")) } }
            div.panel-body {
                ol.timeline { @for moment in moments { (item(view, moment)) } }
            }
        }
    }
}

fn item(view: &View, moment: &Moment) -> Markup {
    let state = moment.after.as_ref().and_then(|after| {
        let noun = match moment.subject.split(':').next()? {
            "matter" => "incident",
            noun @ ("signal" | "task") => noun,
            _ => return None,
        };
        Some(parts::state(view, noun, after))
    });
    html! {
        li class=(class(&moment.action)) {
            p.moment-head {
                time datetime=(time::rfc3339(moment.at)) { (time::minute(moment.at)) } " · "
                @if moment.actor.is_empty() { (view.t("timeline-machine")) } @else { (moment.actor) }
            }
            p {
                (words(view, &moment.action))
                @if !moment.number.is_empty() { " " (target(moment)) }
                @if let Some(state) = state { " " (state) }
            }
            @if let Some(reason) = &moment.reason { p.moment-note { (reason) } }
        }
    }
}

/// The number of the subject, leading to its page.
fn target(moment: &Moment) -> Markup {
    let href = moment.subject.split_once(':').and_then(|(noun, id)| match noun {
        "signal" => Some(format!("/signals/{id}")),
        "task" => Some(format!("/tasks/{id}")),
        "evidence" => Some(format!("/evidence/{id}")),
        _ => None,
    });
    match href {
        Some(href) => html! { a href=(href) { (moment.number) } },
        None => html! { (moment.number) },
    }
}

fn class(action: &str) -> &'static str {
    match action {
        "signal.receive" => "moment moment-alarm",
        "task.accept" | "incident.close" => "moment moment-good",
        _ => "moment moment-act",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_without_words_shows_its_code() {
        let view = View::default();
        assert_eq!(words(&view, "signal.receive"), "Tiếp nhận tín hiệu");
        assert_eq!(words(&view, "made.up"), "made.up");
    }
}

//! The answer of a unit: the fields that each kind asks for, and how a given answer is shown.

use khien_domain::task::{Answer, AnswerKind};
use maud::{Markup, html};

use super::Given;
use crate::evidence::form::Form;
use crate::fault::{Fault, refusal_text};
use crate::web::parts;
use crate::web::view::View;

/// Returns the fields of a kind, then what every answer may bring: words of proof and files.
pub fn fields(view: &View, kind: AnswerKind) -> Markup {
    let own = match kind {
        AnswerKind::Confirmation | AnswerKind::File => html! {},
        AnswerKind::Number => html! {
            div.field-row {
                (parts::field(view, "done", "answer-done", true, number("done")))
                (parts::field(view, "total", "answer-total", true, number("total")))
            }
        },
        AnswerKind::Text => parts::field(
            view,
            "text",
            "answer-text",
            true,
            html! {
                textarea.textarea #text name="text" required maxlength="20000" {}
            },
        ),
        AnswerKind::List => parts::field(
            view,
            "items",
            "answer-items",
            true,
            html! {
                span.help { (view.t("answer-items-help")) }
                textarea.textarea #items name="items" required maxlength="20000" {}
            },
        ),
        AnswerKind::Measured => html! {
            div.field-row {
                (parts::field(view, "value", "answer-value", true, number("value")))
                (parts::field(view, "measure", "answer-measure", true, html! {
                    input.input #measure name="measure" required maxlength="200";
                }))
            }
        },
    };
    html! {
        (own)
        (proof(view, kind))
        div.notice.notice-secret {
            (parts::icon("block")) p.notice-body { (view.t("no-secrets")) }
        }
    }
}

/// Returns what an answer of this kind would be refused without, to be read before it is sent.
pub fn needed(view: &View, kind: AnswerKind) -> Markup {
    html! {
        @if let Some(refusal) = kind.lacks(false, 0) { p.help { (refusal_text(view, &refusal)) } }
    }
}

/// Words and files that prove the answer: which of them must be given depends on its kind, as
/// the domain's [`AnswerKind::lacks`] has it.
fn proof(view: &View, kind: AnswerKind) -> Markup {
    let words = html! {
        span.help { (view.t("answer-proof-help")) }
        textarea.textarea #proof name="proof" maxlength="20000" {}
    };
    let files = html! {
        span.help { (view.t("answer-files-help")) }
        input.input #files type="file" name="files" multiple data-shrink="1600"
            required[kind == AnswerKind::File];
    };
    let either = kind.lacks(true, 0).is_none() && kind.lacks(false, 0).is_some();
    html! {
        @if either {
            (parts::field_either(view, "proof", "answer-proof", words))
            (parts::field_either(view, "files", "answer-files", files))
        } @else {
            (parts::field(view, "proof", "answer-proof", false, words))
            (parts::field(view, "files", "answer-files", kind == AnswerKind::File, files))
        }
    }
}

fn number(id: &str) -> Markup {
    html! { input.input.input-short id=(id) name=(id) inputmode="numeric" pattern="-?[0-9]+" required; }
}

/// Reads the answer that a form gives.
///
/// # Errors
/// [`Fault::Unreadable`] when a number is none.
pub fn read(form: &Form, kind: AnswerKind) -> Result<Answer, Fault> {
    Ok(match kind {
        AnswerKind::Confirmation => Answer::Confirmation,
        AnswerKind::File => Answer::File,
        AnswerKind::Number => {
            Answer::Number { done: parsed(form.text("done"))?, total: parsed(form.text("total"))? }
        }
        AnswerKind::Text => Answer::Text { text: form.text("text").to_owned() },
        AnswerKind::List => {
            Answer::List { items: form.text("items").lines().map(str::to_owned).collect() }
        }
        AnswerKind::Measured => Answer::Measured {
            value: parsed(form.text("value"))?,
            measure: form.text("measure").to_owned(),
        },
    })
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.trim().parse().map_err(|_| Fault::Unreadable)
}

/// Returns a given answer as a panel.
pub fn shown(view: &View, stored: &str) -> Markup {
    let Ok(given) = serde_json::from_str::<Given>(stored) else { return html! {} };
    let submission = &given.submission;
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("task-answered")) } }
            div.panel-body {
                (words(view, &submission.answer))
                @if let Some(proof) = &submission.proof { p.quote { (proof) } }
                @if let Some(name) = &given.entered_by {
                    p.soft { (view.t("answer-entered-by")) " " b { (name) } }
                }
            }
        }
    }
}

fn words(view: &View, answer: &Answer) -> Markup {
    match answer {
        Answer::Confirmation => html! { p { b { (view.t("answer-confirmed")) } } },
        Answer::File => html! { p { (view.t("answer-see-files")) } },
        Answer::Number { done, total } => html! { p { b { (done) " / " (total) } } },
        Answer::Text { text } => html! { p { (text) } },
        Answer::List { items } => html! { ul { @for item in items { li { (item) } } } },
        Answer::Measured { value, measure } => html! { p { b { (value) } " " (measure) } },
    }
}

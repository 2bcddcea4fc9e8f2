//! Small pieces of pages that many slices show the same way, in the words of
//! `web/src/gallery.html`.

use maud::{Markup, html};
use serde::Deserialize;

use super::list::{ListQuery, Page};
use super::view::View;
use super::{encode_query, time};
use crate::fault::Fault;

/// Returns an icon of the sprite; it decorates, the words beside it tell.
pub fn icon(name: &str) -> Markup {
    let href = format!("{}#{name}", super::assets::href("icons.svg"));
    html! { svg.icon aria-hidden="true" { use href=(href) {} } }
}

/// Returns the head of a page: one `h1`, a line under it, and what can be done here.
pub fn head(title: &str, sub: &str, actions: Markup) -> Markup {
    html! {
        div.page-head {
            div.page-title {
                h1 { (title) }
                @if !sub.is_empty() { p.page-sub { (sub) } }
            }
            div.actions { (actions) }
        }
    }
}

/// Returns the way back from a matter to its list.
pub fn crumbs(view: &View, href: &str, list: &str, number: &str) -> Markup {
    html! {
        nav aria-label=(view.t("crumbs")) {
            ol.crumbs { li { a href=(href) { (list) } } li { (number) } }
        }
    }
}

/// Returns a level badge: shape and words, never colour alone. An incident's `serious` is as loud
/// as a critical signal.
pub fn level(view: &View, level: &str) -> Markup {
    let class = if level == "serious" { "critical" } else { level };
    html! { span class=(format!("level level-{class}")) { (view.t(&format!("level-{level}"))) } }
}

/// Returns a state badge of a noun (`signal`, `incident`, `task`).
pub fn state(view: &View, noun: &str, state: &str) -> Markup {
    let class = format!("state state-{state}");
    html! { span class=(class) { (view.t(&format!("{noun}-state-{state}"))) } }
}

/// Returns the badge of a TLP marking.
pub fn tlp(marking: &str) -> Markup {
    let class = format!("tlp tlp-{}", marking.to_lowercase().replace('+', "-"));
    html! { span class=(class) { "TLP:" (marking) } }
}

/// Returns a time, to the minute, for people and machines.
pub fn moment(at: i64) -> Markup {
    html! { time datetime=(time::rfc3339(at)) { (time::minute(at)) } }
}

/// How long before its due time a clock turns to *soon*.
pub const SOON_US: i64 = 2 * 3_600_000_000;

/// Returns a clock that runs down to `due`; the script keeps it moving.
pub fn clock(view: &View, due: i64) -> Markup {
    let left = due - view.now;
    let (class, key) = match left {
        i64::MIN..0 => ("clock clock-late", "clock-late"),
        0..SOON_US => ("clock clock-soon", "clock-left"),
        _ => ("clock", "clock-left"),
    };
    let text = view.t(key).replace("{t}", &time::span(view.lang, left));
    html! {
        time class=(class) datetime=(time::rfc3339(due)) data-due=(due) data-soon=(SOON_US)
            title=(time::minute(due)) { (text) }
    }
}

/// Returns `<option>`s from codes whose words are `prefix-code`.
pub fn options<'a>(
    view: &View,
    prefix: &str,
    codes: impl IntoIterator<Item = &'a str>,
    chosen: &str,
) -> Markup {
    html! {
        @for code in codes {
            option value=(code) selected[code == chosen] { (view.t(&format!("{prefix}-{code}"))) }
        }
    }
}

/// Returns what stands where a list has nothing to show: all is well, and why it is empty.
pub fn empty(view: &View, key: &str) -> Markup {
    html! { div.panel { div.blank.blank-good { (icon("check")) b { (view.t(key)) } } } }
}

/// Returns the search line of a list; `more` holds further fields of the filter.
pub fn search(view: &View, action: &str, q: &str, more: Markup) -> Markup {
    html! {
        form.filters method="get" action=(action) role="search" aria-label=(view.t("search")) {
            div.field.field-search {
                label for="q" { (view.t("search")) }
                input.input #q type="search" name="q" value=(q) data-search autocomplete="off";
            }
            (more)
            button.button { (icon("filter")) (view.t("filter")) }
        }
    }
}

/// Returns the choice of a state in the search line of a list; its words are `noun-state-code`.
fn state_filter<'a>(
    view: &View,
    noun: &str,
    codes: impl IntoIterator<Item = &'a str>,
    query: &ListQuery,
) -> Markup {
    html! {
        div.field {
            label for="state" { (view.t("state")) }
            select.select #state name="state" {
                option value="" { (view.t("all")) }
                (options(view, &format!("{noun}-state"), codes, &query.state))
            }
        }
    }
}

/// Returns the body of the list of a noun (`signal`, `incident`, `task`): search and choice of a
/// state, the rows, the way on. Path and words follow from the noun.
pub fn list<'a, T>(
    view: &View,
    noun: &str,
    states: impl IntoIterator<Item = &'a str>,
    query: &ListQuery,
    page: &Page<T>,
    rows: Markup,
) -> Markup {
    let path = format!("/{noun}s");
    html! {
        (head(&view.t(&format!("nav-{noun}s")), &view.t(&format!("{noun}-list-sub")), html! {}))
        (search(view, &path, &query.q, state_filter(view, noun, states, query)))
        @if page.items.is_empty() {
            (empty(view, &format!("{noun}-none")))
        } @else {
            (rows)
            (pages(view, &path, query, page))
        }
    }
}

/// Returns the foot of a list: how many there are, and the way to the next page of the same
/// search and filter.
pub fn pages<T>(view: &View, path: &str, query: &ListQuery, page: &Page<T>) -> Markup {
    let asked = |next: &str| {
        let [q, state, unit] = [&query.q, &query.state, &query.unit].map(|text| encode_query(text));
        format!("{path}?q={q}&state={state}&unit={unit}&after={next}")
    };
    html! {
        nav.pages aria-label=(view.t("pager")) {
            span { (view.lang.ta("pager-total", &[("total", page.total.into())])) }
            @if let Some(next) = &page.next {
                span.cluster {
                    a.button.button-small href=(asked(next)) {
                        (view.t("pager-next")) " " (icon("arrow-right"))
                    }
                }
            }
        }
    }
}

/// Returns a labelled field; `input` carries the same `id`.
pub fn field(view: &View, id: &str, key: &str, needed: bool, input: Markup) -> Markup {
    let mark = html! {
        @if needed { span.need aria-hidden="true" { "*" } }
        @else { span.optional { (view.t("optional")) } }
    };
    labelled(view, id, key, mark, input)
}

/// Returns one of two labelled fields of which at least one must be filled in.
pub fn field_either(view: &View, id: &str, key: &str, input: Markup) -> Markup {
    labelled(view, id, key, html! { span.optional { (view.t("either")) } }, input)
}

fn labelled(view: &View, id: &str, key: &str, mark: Markup, input: Markup) -> Markup {
    html! {
        div.field {
            label for=(id) { (view.t(key)) " " (mark) }
            (input)
        }
    }
}

/// Returns a line that something is wrong, read out at once.
pub fn bad(sentence: &str) -> Markup {
    html! {
        div.notice.notice-bad role="alert" { (icon("stop")) p.notice-body { (sentence) } }
    }
}

/// Returns a step with consequences: it opens its own form, with a reason, instead of acting.
pub fn sure(view: &View, action: &str, title_key: &str, reason_key: &str, danger: bool) -> Markup {
    let class = if danger { "button button-danger" } else { "button" };
    let id = format!("why-{title_key}");
    html! {
        details.sure {
            summary class=(class) { (view.t(title_key)) "…" }
            form method="post" action=(action) {
                div.field {
                    label for=(id) { (view.t(reason_key)) " " span.need aria-hidden="true" { "*" } }
                    textarea.textarea id=(id) name="reason" required maxlength="2000" {}
                }
                button class=(class) { (view.t(title_key)) }
            }
        }
    }
}

/// What the form of [`sure`] sends.
#[derive(Deserialize)]
pub struct Reason {
    /// Why.
    pub reason: String,
}

/// Returns why a form was not taken, at its head.
pub fn form_fault(view: &View, fault: Option<&Fault>) -> Markup {
    html! {
        @if let Some(fault) = fault {
            (bad(&fault.sentence(view)))
        }
    }
}

//! Small pieces of pages that many slices show the same way.

use maud::{Markup, html};

use super::list::Page;
use super::view::View;
use super::{encode_query, time};

/// Returns an icon of the sprite; it decorates, the words beside it tell.
pub fn icon(name: &str) -> Markup {
    let href = format!("{}#{name}", super::assets::href("icons.svg"));
    html! { svg.icon aria-hidden="true" { use href=(href) {} } }
}

/// Returns a level badge: shape and words, never colour alone.
pub fn level(view: &View, level: &str) -> Markup {
    html! { span class=(format!("badge level level-{level}")) { (view.t(&format!("level-{level}"))) } }
}

/// Returns a state badge of a noun (`signal`, `incident`, `task`).
pub fn state(view: &View, noun: &str, state: &str) -> Markup {
    let class = format!("badge state state-{state}");
    html! { span class=(class) { (view.t(&format!("{noun}-state-{state}"))) } }
}

/// Returns a time, to the minute, for people and machines.
pub fn moment(at: i64) -> Markup {
    html! { time datetime=(time::rfc3339(at)) { (time::minute(at)) } }
}

/// How long before its due time a clock turns to *soon*.
const SOON_US: i64 = 2 * 3_600_000_000;

/// Returns a clock chip that runs down to `due`; the script keeps it moving.
pub fn clock(view: &View, due: i64, now: i64) -> Markup {
    let left = due - now;
    let (class, key) = match left {
        i64::MIN..0 => ("clock clock-late", "clock-late"),
        0..SOON_US => ("clock clock-soon", "clock-left"),
        _ => ("clock clock-ok", "clock-left"),
    };
    let span = time::span(view.lang, left);
    html! {
        time class=(class) datetime=(time::rfc3339(due)) data-due=(due)
            data-left=(view.t("clock-template-left")) data-late=(view.t("clock-template-late"))
            title=(time::minute(due)) {
            (view.lang.ta(key, &[("span", (&span).into())]))
        }
    }
}

/// Returns a `<select>` option list from codes whose words are `prefix-code`.
pub fn options(view: &View, prefix: &str, codes: &[&str], chosen: &str) -> Markup {
    html! {
        @for code in codes {
            option value=(code) selected[*code == chosen] { (view.t(&format!("{prefix}-{code}"))) }
        }
    }
}

/// Returns what stands where a list has nothing to show.
pub fn empty(view: &View, key: &str) -> Markup {
    html! { div.empty { (icon("check")) p { (view.t(key)) } } }
}

/// Returns the search field of a list.
pub fn search(view: &View, action: &str, q: &str) -> Markup {
    html! {
        form.filter-bar method="get" action=(action) role="search" {
            label.sr-only for="q" { (view.t("search")) }
            input #q type="search" name="q" value=(q) placeholder=(view.t("search"))
                autocomplete="off";
            button.btn type="submit" { (icon("search")) span { (view.t("search")) } }
        }
    }
}

/// Returns the foot of a list: how many there are, and the way to the next page.
pub fn pager<T>(view: &View, path: &str, q: &str, page: &Page<T>) -> Markup {
    html! {
        nav.pager aria-label=(view.t("pager")) {
            span { (view.lang.ta("pager-total", &[("total", page.total.into())])) }
            @if let Some(next) = &page.next {
                a.btn href=(format!("{path}?q={}&after={next}", encode_query(q))) {
                    (view.t("pager-next")) (icon("arrow"))
                }
            }
        }
    }
}

/// Returns a labelled field; `input` carries the same `id`.
pub fn field(view: &View, id: &str, key: &str, required: bool, input: Markup) -> Markup {
    html! {
        div.field {
            label for=(id) {
                (view.t(key))
                @if required { span.required { " " (view.t("required")) } }
            }
            (input)
        }
    }
}

//! The frame of every page: what stands at the top, where one is, and how to get elsewhere.
//!
//! The markup follows the vocabulary of `web/src/gallery.html`.

use khien_domain::access::Action;
use maud::{DOCTYPE, Markup, html};

use super::assets::href;
use super::i18n::Lang;
use super::parts::icon;
use super::view::{Caller, View};

/// A place in the navigation: address, icon, key of its name, who sees it, and whether it begins
/// a group.
struct Place {
    href: &'static str,
    icon: &'static str,
    key: &'static str,
    needs: Option<Action>,
    /// Whether only those who read matters have anything to see there.
    work: bool,
    breaks: bool,
}

const fn place(href: &'static str, icon: &'static str, key: &'static str) -> Place {
    Place { href, icon, key, needs: None, work: false, breaks: false }
}

impl Place {
    const fn needs(self, action: Action) -> Self {
        Self { needs: Some(action), ..self }
    }

    const fn work(self) -> Self {
        Self { work: true, ..self }
    }

    const fn breaks(self) -> Self {
        Self { breaks: true, ..self }
    }
}

const PLACES: &[Place] = &[
    place("/", "board", "nav-home"),
    place("/signals", "signal", "nav-signals").work(),
    place("/incidents", "siren", "nav-incidents").work(),
    place("/tasks", "task", "nav-tasks").work(),
    place("/units", "building", "nav-units").breaks(),
    place("/assets-register", "server", "nav-assets"),
    place("/sources", "sliders", "nav-sources").needs(Action::AdministerSources).breaks(),
    place("/rules", "bug", "nav-rules").needs(Action::ReadRules),
    place("/people", "user", "nav-people").needs(Action::AdministerPeople),
    place("/grants", "key", "nav-grants").needs(Action::ApproveGrant),
    place("/journal", "journal", "nav-journal").needs(Action::ReadJournal),
];

/// Returns a whole page for a signed-in reader; a stranger gets no navigation.
pub fn page(view: &View, title: &str, body: Markup) -> Markup {
    let Some(caller) = &view.caller else { return bare(view, title, body) };
    document(
        view,
        title,
        html! {
            (top_bar(view, caller))
            div data-stream hx-sse:connect="/stream" hx-trigger="load, khien:retry" hx-swap="none"
                hx-config="sse.pauseOnBackground:false" {}
            div.shell {
                (navigation(view, caller))
                main.main #main tabindex="-1" {
                    (stale(view))
                    (body)
                }
            }
            (keys(view))
        },
    )
}

/// Returns a page without navigation: the log-in, and what strangers see.
pub fn bare(view: &View, title: &str, body: Markup) -> Markup {
    document(
        view,
        title,
        html! {
            main.bare-main #main tabindex="-1" { (body) (language_switch(view)) }
        },
    )
}

/// Returns the page that tells of a fault; `back` is the page whose form was refused.
pub fn problem(view: &View, sentence: &str, code: &str, back: Option<&str>) -> Markup {
    let body = html! {
        div.panel.blank.blank-failed role="alert" {
            (icon("stop"))
            h1 { (view.t("problem-title")) }
            p { (sentence) }
            p.soft { (view.t("problem-code")) " " code { (code) } }
            div.actions {
                @if let Some(back) = back {
                    a.button.button-main href=(back) { (icon("arrow-left")) (view.t("problem-back")) }
                }
                a.button href="/" { (view.t("problem-home")) }
            }
        }
    };
    page(view, &view.t("problem-title"), body)
}

fn document(view: &View, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(view.lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Khiên" }
                link rel="icon" href=(href("favicon.svg"));
                link rel="stylesheet" href=(href("app.css"));
                // Before the first paint, so that a dark console never flashes white.
                script src=(href("theme.js")) {}
                script src=(href("app.js")) defer {}
            }
            body.bare[view.caller.is_none()] data-now=(view.now)
                data-left=(view.t("clock-left")) data-late=(view.t("clock-late"))
                data-days=(view.t("span-days")) data-hours=(view.t("span-hours"))
                data-minutes=(view.t("span-minutes")) {
                a.skip href="#main" { (view.t("skip-to-content")) }
                (body)
            }
        }
    }
}

fn top_bar(view: &View, caller: &Caller) -> Markup {
    html! {
        header.topbar {
            button.tool.menu-button type="button" data-menu aria-controls="nav"
                aria-expanded="false" aria-label=(view.t("nav-open")) { (icon("menu")) }
            a.brand href="/" {
                img.brand-mark src=(href("favicon.svg")) alt="";
                span.brand-text {
                    span.brand-name { "Khiên" }
                    @if !view.province.is_empty() { span.brand-place { (view.province) } }
                }
            }
            div.topbar-tools {
                button.tool.tool-wide.only-js type="button" data-keys
                    aria-label=(view.t("keys-title")) { (icon("question")) }
                button.tool.only-js type="button" data-sound aria-pressed="false"
                    aria-label=(view.t("sound")) {
                    span.when-off { (icon("bell-off")) }
                    span.when-on { (icon("bell")) }
                }
                a.tool href="/inbox" {
                    (icon("inbox")) span.sr { (view.t("nav-inbox")) }
                    span.badge data-unread=(view.unread) hidden[view.unread == 0] { (view.unread) }
                }
                (user_menu(view, caller))
            }
        }
    }
}

fn user_menu(view: &View, caller: &Caller) -> Markup {
    html! {
        details.menu {
            summary.tool aria-label=(caller.person.name) {
                (icon("user")) span.tool-label { (caller.person.name) } (icon("chevron-down"))
            }
            div.menu-list {
                p.menu-head { b { (caller.person.name) } (caller.person.login) }
                a.menu-item href="/account" { (icon("settings")) (view.t("nav-account")) }
                (language_switch(view))
                button.menu-item.only-js type="button" data-theme-toggle {
                    (icon("contrast")) (view.t("theme-toggle"))
                }
                form method="post" action="/logout" data-logout {
                    button.menu-item { (icon("logout")) (view.t("logout")) }
                }
            }
        }
    }
}

fn language_switch(view: &View) -> Markup {
    let other = if view.lang == Lang::Vi { Lang::En } else { Lang::Vi };
    html! {
        form method="post" action="/preferences" {
            input type="hidden" name="back" value=(view.path);
            button.menu-item name="lang" value=(other.code()) lang=(other.code()) {
                (icon("globe")) (other.t("language-name"))
            }
        }
    }
}

/// Home is the board to those who keep watch, and their own page to everybody else.
fn name_of(place: &Place, caller: &Caller) -> &'static str {
    if place.href == "/" && !caller.holds(Action::KeepWatch) { "nav-own" } else { place.key }
}

fn navigation(view: &View, caller: &Caller) -> Markup {
    let here = |href: &str| match href {
        "/" => (view.path == "/").then_some("page"),
        _ if view.path == href => Some("page"),
        _ => view.path.starts_with(&format!("{href}/")).then_some("true"),
    };
    let works = caller.person.grants.iter().any(|grant| grant.role.reads_matters());
    let shown =
        |place: &&Place| place.needs.is_none_or(|a| caller.holds(a)) && (works || !place.work);
    html! {
        nav.nav #nav aria-label=(view.t("nav-label")) {
            ul {
                @for place in PLACES.iter().filter(shown) {
                    li.nav-break[place.breaks] {
                        a.nav-link href=(place.href) aria-current=[here(place.href)] {
                            (icon(place.icon)) (view.t(name_of(place, caller)))
                        }
                    }
                }
            }
        }
    }
}

/// Shown by the script when the live link is lost: old numbers must look old.
fn stale(view: &View) -> Markup {
    html! {
        div.notice.notice-warn.stale data-stale role="status" hidden {
            (icon("offline"))
            p.notice-body {
                span data-stale-lost { (view.t("stale-lost")) }
                span data-stale-ended hidden { (view.t("stale-ended")) }
            }
        }
    }
}

fn keys(view: &View) -> Markup {
    const KEYS: &[(&[&str], &str)] = &[
        (&["j", "k"], "keys-move"),
        (&["Enter"], "keys-open"),
        (&["a"], "keys-take"),
        (&["n"], "keys-new"),
        (&["/"], "keys-search"),
        (&["?"], "keys-help"),
    ];
    html! {
        dialog.dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { (view.t("keys-title")) }
            dl.keys {
                @for (keys, text) in KEYS {
                    dt { @for key in *keys { kbd { (key) } " " } }
                    dd { (view.t(text)) }
                }
            }
            form method="dialog" { button.button { (view.t("close")) } }
        }
    }
}

//! The frame of every page: what stands at the top, where one is, and how to get elsewhere.

use khien_domain::access::Action;
use maud::{DOCTYPE, Markup, html};

use super::assets::href;
use super::i18n::Lang;
use super::parts::icon;
use super::view::{Caller, View};

/// A place in the navigation: address, icon, key of its name, and who sees it.
struct Place {
    href: &'static str,
    icon: &'static str,
    key: &'static str,
    needs: Option<Action>,
}

const PLACES: &[Place] = &[
    Place { href: "/", icon: "shield", key: "nav-home", needs: None },
    Place { href: "/signals", icon: "siren", key: "nav-signals", needs: None },
    Place { href: "/incidents", icon: "bug", key: "nav-incidents", needs: None },
    Place { href: "/tasks", icon: "check", key: "nav-tasks", needs: None },
    Place { href: "/units", icon: "home", key: "nav-units", needs: None },
    Place { href: "/assets-register", icon: "globe", key: "nav-assets", needs: None },
    Place { href: "/rules", icon: "file", key: "nav-rules", needs: Some(Action::ReadRules) },
    Place {
        href: "/sources",
        icon: "key",
        key: "nav-sources",
        needs: Some(Action::AdministerSources),
    },
    Place {
        href: "/people",
        icon: "user",
        key: "nav-people",
        needs: Some(Action::AdministerPeople),
    },
    Place { href: "/journal", icon: "lock", key: "nav-journal", needs: Some(Action::ReadJournal) },
];

/// Returns a whole page for a signed-in reader (or a stranger, without navigation).
pub fn page(view: &View, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(view.lang.code()) data-theme=[(!view.theme.is_empty()).then_some(view.theme)] {
            (head(title))
            body {
                a.skip-link href="#main" { (view.t("skip-to-content")) }
                (top_bar(view))
                @if let Some(caller) = &view.caller { (navigation(view, caller)) }
                main #main tabindex="-1" { (body) }
            }
        }
    }
}

/// Returns the page that tells of a fault.
pub fn problem(view: &View, sentence: &str, code: &str) -> Markup {
    let body = html! {
        div.failed role="alert" {
            h1 { (view.t("problem-title")) }
            p { (sentence) }
            p.muted { (view.t("problem-code")) " " code { (code) } }
            p { a.btn href="/" { (view.t("problem-home")) } }
        }
    };
    page(view, &view.t("problem-title"), body)
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Khiên" }
            link rel="icon" href=(href("favicon.svg")) type="image/svg+xml";
            link rel="stylesheet" href=(href("app.css"));
            script src=(href("app.js")) defer {}
        }
    }
}

fn top_bar(view: &View) -> Markup {
    html! {
        header.topbar {
            a.brand href="/" {
                (icon("shield"))
                span.brand-name { "Khiên" }
                @if !view.province.is_empty() { span.brand-province { (view.province) } }
            }
            div.topbar-tools {
                (preferences(view))
                @if let Some(caller) = &view.caller { (user_menu(view, caller)) }
            }
        }
    }
}

fn preferences(view: &View) -> Markup {
    let other = if view.lang == Lang::Vi { Lang::En } else { Lang::Vi };
    let dark = view.theme == "dark";
    html! {
        form method="post" action="/preferences" {
            input type="hidden" name="back" value=(view.path);
            button.btn-quiet type="submit" name="lang" value=(other.code()) lang=(other.code()) {
                (other.t("language-name"))
            }
            button.btn-quiet type="submit" name="theme" value=(if dark { "light" } else { "dark" })
                aria-label=(view.t(if dark { "theme-light" } else { "theme-dark" })) {
                (icon(if dark { "sun" } else { "moon" }))
            }
        }
    }
}

fn user_menu(view: &View, caller: &Caller) -> Markup {
    html! {
        a.btn-quiet.inbox-link href="/inbox" {
            (icon("bell"))
            span.sr-only { (view.t("nav-inbox")) }
            @if view.unread > 0 { span.unread { (view.unread) } }
        }
        details.user-menu {
            summary { (icon("user")) span.user-name { (caller.person.name) } }
            div.menu {
                a href="/account" { (view.t("nav-account")) }
                form method="post" action="/logout" {
                    button.btn-quiet type="submit" { (view.t("logout")) }
                }
            }
        }
    }
}

fn navigation(view: &View, caller: &Caller) -> Markup {
    let here = |href: &str| {
        if href == "/" { view.path == "/" } else { view.path.starts_with(href) }
    };
    html! {
        nav.nav aria-label=(view.t("nav-label")) {
            @for place in PLACES.iter().filter(|p| p.needs.is_none_or(|a| caller.holds(a))) {
                a href=(place.href) aria-current=[here(place.href).then_some("page")] {
                    (icon(place.icon)) span { (view.t(place.key)) }
                }
            }
        }
    }
}

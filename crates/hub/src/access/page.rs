//! Log-in, first password, own account, language and theme.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::session::{self, Kind};
use super::{login, store};
use crate::app::App;
use crate::fault::Fault;
use crate::web::assets::href;
use crate::web::i18n::Lang;
use crate::web::session::{LANG_COOKIE, cookie_name, set_cookie};
use crate::web::view::{Member, View};
use crate::web::{encode_query, layout, parts};

/// How long a browser keeps the language.
const PREFERENCE_SECONDS: u64 = 365 * 24 * 3600;

/// What leads to the log-in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    /// Where to go afterwards.
    next: String,
    /// The log-in name of the account that has just been activated.
    activated: String,
}

/// Returns a path of this host; anything else leads home, so that a link cannot send an officer
/// who has just signed in to a stranger's page.
fn safe_path(path: &str) -> &str {
    // Browsers drop tabs and line ends from an address: `/<tab>/evil` would become `//evil`.
    let misread = |c: char| c == '\\' || c.is_control();
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains(misread);
    if own { path } else { "/" }
}

/// `GET /login`.
pub async fn login_form(view: View, Query(from): Query<Arrival>) -> Response {
    if view.caller.is_some() {
        return Redirect::to(safe_path(&from.next)).into_response();
    }
    let told = html! {
        @if !from.activated.is_empty() {
            div.notice.notice-good role="status" {
                (parts::icon("check")) p.notice-body { (view.t("login-activated")) }
            }
        }
    };
    login_page(&view, &from.next, &from.activated, told).into_response()
}

/// Returns the log-in form; where the name is known, the password is what remains to be typed.
fn login_page(view: &View, next: &str, login: &str, told: Markup) -> Markup {
    let known = !login.is_empty();
    let body = html! {
        form.login method="post" action="/login" {
            (login_head(view, &view.t("login-title")))
            (told)
            input type="hidden" name="next" value=(next);
            (parts::field(view, "login", "login-name", true, html! {
                input.input #login name="login" value=(login) autocomplete="username"
                    autofocus[!known] required autocapitalize="none" spellcheck="false";
            }))
            (parts::field(view, "password", "login-password", true, html! {
                input.input #password type="password" name="password" autofocus[known]
                    autocomplete="current-password" required;
            }))
            button.button.button-main.button-wide { (view.t("login-enter")) }
            p.login-foot {
                (view.t("login-first-time")) " " a href="/activate" { (view.t("login-activate")) }
            }
        }
    };
    layout::bare(view, &view.t("login-title"), body)
}

fn login_head(view: &View, title: &str) -> Markup {
    html! {
        div.login-head {
            img.brand-mark src=(href("favicon.svg")) alt="";
            h1 { (title) }
            p.soft { (view.t("login-house")) br; (view.province) }
        }
    }
}

/// A filled log-in form.
#[derive(Deserialize)]
pub struct LoginForm {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`.
pub async fn login(
    State(app): State<App>,
    view: View,
    Form(form): Form<LoginForm>,
) -> Result<Response, Fault> {
    let opened = login::sign_in(&app, &view, &form.login, form.password, Kind::Web).await;
    match opened {
        Ok(token) => {
            let seconds = u64::from(app.config.access.session_hours) * 3600;
            let cookie = set_cookie(&app, cookie_name(&app), &token, seconds);
            let head = AppendHeaders([(header::SET_COOKIE, cookie)]);
            Ok((head, Redirect::to(safe_path(&form.next))).into_response())
        }
        Err(fault @ (Fault::WrongLogin | Fault::TooMany(_))) => {
            let page =
                login_page(&view, &form.next, &form.login, parts::bad(&fault.sentence(&view)));
            let mut reply = (fault.status(), page).into_response();
            fault.name_the_wait(&mut reply);
            Ok(reply)
        }
        Err(other) => Err(other),
    }
}

/// `POST /logout`.
pub async fn logout(State(app): State<App>, member: Member) -> Result<Response, Fault> {
    session::close(&app, &member.session).await?;
    let gone = set_cookie(&app, cookie_name(&app), "", 0);
    Ok((AppendHeaders([(header::SET_COOKIE, gone)]), Redirect::to("/login")).into_response())
}

/// A choice of language.
#[derive(Deserialize)]
pub struct Preferences {
    lang: String,
    #[serde(default)]
    back: String,
}

/// `POST /preferences`: works for strangers too.
pub async fn preferences(State(app): State<App>, Form(form): Form<Preferences>) -> Response {
    let lang = Lang::of(&form.lang).code();
    let cookie = set_cookie(&app, LANG_COOKIE, lang, PREFERENCE_SECONDS);
    let head = AppendHeaders([(header::SET_COOKIE, cookie)]);
    (head, Redirect::to(safe_path(&form.back))).into_response()
}

/// `GET /activate`.
pub async fn activate_form(view: View) -> Markup {
    activate_page(&view, None)
}

fn activate_page(view: &View, fault: Option<&Fault>) -> Markup {
    let body = html! {
        form.login method="post" action="/activate" {
            (login_head(view, &view.t("activate-title")))
            p { (view.t("activate-help")) }
            @if let Some(fault) = fault { (parts::bad(&fault.sentence(view))) }
            (parts::field(view, "code", "activate-code", true, html! {
                input.input.input-code #code name="code" autocomplete="one-time-code" required
                    autofocus autocapitalize="characters" spellcheck="false";
            }))
            (new_password(view))
            button.button.button-main.button-wide { (view.t("activate-set")) }
        }
    };
    layout::bare(view, &view.t("activate-title"), body)
}

fn new_password(view: &View) -> Markup {
    parts::field(
        view,
        "password",
        "password-new",
        true,
        html! {
            span.help #password-help { (view.t("password-help")) }
            input.input #password type="password" name="password" autocomplete="new-password" required
                minlength="14" aria-describedby="password-help";
        },
    )
}

/// A filled activation form.
#[derive(Deserialize)]
pub struct ActivateForm {
    code: String,
    password: String,
}

/// `POST /activate`.
pub async fn activate(
    State(app): State<App>,
    view: View,
    Form(form): Form<ActivateForm>,
) -> Result<Response, Fault> {
    match login::activate(&app, &view, &form.code, form.password).await {
        Ok(name) => {
            let path = format!("/login?activated={}", encode_query(&name));
            Ok(Redirect::to(&path).into_response())
        }
        Err(fault @ Fault::Invalid(_)) => {
            let page = activate_page(&view, Some(&fault));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// `GET /account`: who one is here, and where one is signed in.
pub async fn account(State(app): State<App>, view: View, member: Member) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let sessions = store::sessions(&mut conn, member.person.id).await?;
    let tree = crate::unit::store::tree(&mut conn).await?;
    let unit_name = |id| tree.get(id).map_or(String::new(), |u| u.name.clone());
    let body = html! {
        (parts::head(&view.t("nav-account"), &member.person.name, html! {}))
        section.panel {
            div.panel-body {
                dl.pairs {
                    dt { (view.t("login-name")) } dd.mono { (member.person.login) }
                    dt { (view.t("account-unit")) } dd { (unit_name(member.person.unit)) }
                    dt { (view.t("account-roles")) }
                    dd { @for grant in &member.person.grants {
                        div { (view.t(&format!("role-{}", grant.role))) " · " (unit_name(grant.unit)) }
                    } }
                }
            }
        }
        section.panel {
            div.panel-head { h2 { (view.t("account-change-password")) } }
            div.panel-body {
                form.form method="post" action="/account/password" {
                    (parts::field(&view, "old", "password-old", true, html! {
                        input.input #old type="password" name="old"
                            autocomplete="current-password" required;
                    }))
                    (new_password(&view))
                    div.actions { button.button { (view.t("save")) } }
                }
            }
        }
        section.panel {
            div.panel-head { h2 { (view.t("account-sessions")) } }
            ul.links { @for session in &sessions { li { span.links-body {
                (session.address) " " @if session.token_hash == member.session {
                    span.tag { (view.t("account-here")) }
                }
                small { (session.agent) " · " (parts::moment(session.seen_at)) }
            } } } }
        }
    };
    Ok(layout::page(&view, &view.t("nav-account"), body))
}

/// A filled password form.
#[derive(Deserialize)]
pub struct PasswordForm {
    old: String,
    password: String,
}

/// `POST /account/password`: ends every session of the account, this one included.
pub async fn change_password(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(form): Form<PasswordForm>,
) -> Result<Redirect, Fault> {
    login::change(&app, member.person.id, &view, form.old, form.password).await?;
    Ok(Redirect::to("/login"))
}

#[cfg(test)]
mod tests {
    use super::safe_path;

    #[test]
    fn a_log_in_never_leads_off_the_house() {
        for (asked, led) in [
            ("/tasks/1?x=2", "/tasks/1?x=2"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\r\n/evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(safe_path(asked), led);
        }
    }
}

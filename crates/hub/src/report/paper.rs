//! The report form on one sheet of paper, for the day on which the network is down. Anybody may
//! print it: it holds nothing but the questions and the number to call.

use axum::extract::State;
use khien_domain::signal::Sign;
use maud::{Markup, html};

use super::page::spoken;
use super::store;
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::View;
use crate::web::{layout, parts};

/// `GET /report/paper`.
pub(super) async fn show(State(app): State<App>, view: View) -> Result<Markup, Fault> {
    let duty = {
        let mut conn = app.db.read().await?;
        store::duty(&mut conn, view.now).await?
    };
    let body = html! {
        div.stack {
        div.actions.only-js {
            button.button type="button" data-print { (parts::icon("print")) (view.t("print")) }
        }
        article.paper {
            h1.paper-title { (view.t("paper-title")) }
            p.paper-sub {
                (view.t("paper-no-secrets"))
                @if let Some(duty) = &duty {
                    " " (view.t("paper-call")) " " b { (spoken(&duty.phone)) }
                }
            }
            table.paper-lines { tbody { (lines(&view)) } }
            div.signs { div {} div { b { (view.t("paper-reporter")) } small { (view.t("paper-sign")) } } }
        }
        }
    };
    Ok(layout::bare(&view, &view.t("paper-title"), body))
}

fn lines(view: &View) -> Markup {
    let line = |key: &str, room: Markup| {
        html! { tr { th scope="row" { (view.t(key)) } td { (room) } } }
    };
    let short = || html! { div.write-1 {} };
    html! {
        (line("paper-who", short()))
        (line("paper-detected", short()))
        (line("paper-signs", html! {
            ul.tick-list { @for sign in Sign::ALL { li { (view.t(&format!("sign-{sign}"))) } } }
            div.write-1 {}
        }))
        (line("paper-system", short()))
        (line("paper-technical", html! { div.write-3 {} }))
        (line("paper-done", short()))
    }
}

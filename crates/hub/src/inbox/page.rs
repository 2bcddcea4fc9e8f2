//! The inbox page.

use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use khien_store::Unjournaled;
use maud::{Markup, html};
use uuid::Uuid;

use super::store::{self, Message};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::view::{Member, View};
use crate::web::{layout, parts};

/// `GET /inbox`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?;
    let actions = html! {
        @if view.unread > 0 {
            form method="post" action="/inbox/read-all" {
                button.button { (parts::icon("check")) (view.t("inbox-read-all")) }
            }
        }
    };
    let body = html! {
        (parts::head(&view.t("inbox-title"), "", actions))
        @if page.items.is_empty() {
            (parts::empty(&view, "inbox-empty"))
        } @else {
            div.table-wrap { table.table.cards {
                tbody { @for message in &page.items { (row(&view, message)) } }
            } }
            (parts::pages(&view, "/inbox", &query, &page))
        }
    };
    Ok(layout::page(&view, &view.t("inbox-title"), body))
}

fn row(view: &View, message: &Message) -> Markup {
    html! {
        tr {
            td { (parts::level(view, &message.level)) }
            td {
                @if message.read_at.is_none() { span.badge { (view.t("inbox-new")) } " " }
                (view.t(&format!("inbox-{}", message.action)))
                " · " b { (message.number) }
            }
            td data-label=(view.t("inbox-when")) { (parts::moment(message.created_at)) }
            td.cell-actions {
                form method="post" action=(format!("/inbox/{}/read", message.id)) {
                    button.button.button-small { (view.t("open")) }
                }
            }
        }
    }
}

/// `POST /inbox/{id}/read`: marks a message as read and goes where it points.
pub async fn read(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    let mut write = app.db.write().await?;
    let found = store::find(&mut write, member.person.id, id).await?;
    let message = found.ok_or(Fault::NotFound)?;
    store::read(&mut write, member.person.id, id, app.now()).await?;
    app.commit_unjournaled(write, Unjournaled::Delivery).await?;
    Ok(Redirect::to(&message.link))
}

/// `POST /inbox/read-all`.
pub async fn read_all(State(app): State<App>, member: Member) -> Result<Redirect, Fault> {
    let mut write = app.db.write().await?;
    store::read_all(&mut write, member.person.id, app.now()).await?;
    app.commit_unjournaled(write, Unjournaled::Delivery).await?;
    Ok(Redirect::to("/inbox"))
}

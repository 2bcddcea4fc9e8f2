//! `/`: where everybody begins. Who keeps watch finds the board; a unit finds its own page (report,
//! telephone, what is owed); auditors and administrators find their doors.

use axum::extract::{Query, State};
use khien_domain::access::Action;
use maud::{Markup, html};

use crate::app::App;
use crate::board::page::board;
use crate::board::queue::Asked;
use crate::fault::Fault;
use crate::report::store::Filed;
use crate::router::{Route, Sample};
use crate::task::store::TaskRow;
use crate::web::guard::Audience::Member as Anyone;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts};
use crate::{report, task, unit};

/// The most tasks that a unit's page shows; the list of tasks holds the rest.
const TASKS_MAX: i64 = 50;
/// The most reports that a unit's page shows.
const REPORTS_MAX: i64 = 10;

/// The row of this room.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/", Anyone, Sample::None, show)]
}

/// `GET /`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Markup, Fault> {
    if member.holds(Action::KeepWatch) {
        board(&app, &view, &member, &asked).await
    } else if member.holds(Action::FileReport) {
        unit_page(&app, &view, &member).await
    } else {
        Ok(doors(&view))
    }
}

async fn unit_page(app: &App, view: &View, caller: &Caller) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let person = caller.person.id;
    let tree = unit::store::tree(&mut conn).await?;
    let name = tree.get(caller.person.unit).map(|unit| unit.name.clone()).unwrap_or_default();
    let duty = report::store::duty(&mut conn, view.now).await?;
    let tasks = task::store::owed(&mut conn, person, TASKS_MAX).await?;
    let reports = report::store::filed(&mut conn, person, REPORTS_MAX).await?;
    let body = html! {
        div.stack.narrow {
            (parts::head(&name, "", html! {}))
            (red_button(view))
            (report::call_duty(view, duty.as_ref()))
            @if view.may(Action::EnterReportOnBehalf) {
                div.actions { a.button href="/report/on-behalf" {
                    (parts::icon("phone")) (view.t("behalf-title"))
                } }
            }
            (owed(view, &tasks))
            (filed(view, &reports))
            // At hand for the day on which the network is down.
            p.soft { a href="/report/paper" { (view.t("report-paper-link")) } }
        }
    };
    Ok(layout::page(view, &name, body))
}

fn red_button(view: &View) -> Markup {
    html! {
        a.report-button href="/report" {
            (parts::icon("siren"))
            span { (view.t("report-title")) small { (view.t("report-sub")) } }
        }
    }
}

fn owed(view: &View, tasks: &[TaskRow]) -> Markup {
    let count = tasks.len() as i64;
    html! {
        section.panel #tasks aria-labelledby="tasks-title" {
            div.panel-head {
                h2 #tasks-title { (view.t("home-tasks")) " "
                    span.badge.badge-quiet { (count) } }
                a href="/tasks" { (view.t("board-all")) }
            }
            @if tasks.is_empty() {
                div.blank.blank-good { (parts::icon("check")) p { (view.t("home-no-tasks")) } }
            } @else {
                ul.tasks { @for row in tasks { (task::page::line(view, row)) } }
            }
        }
    }
}

fn filed(view: &View, reports: &[Filed]) -> Markup {
    html! {
        section.panel aria-labelledby="reports-title" {
            div.panel-head {
                h2 #reports-title { (view.t("home-reports")) }
                a href="/signals" { (view.t("board-all")) }
            }
            @if reports.is_empty() {
                div.blank { p { (view.t("home-no-reports")) } }
            } @else {
                ul.links { @for report in reports { li {
                    a href=(format!("/signals/{}", report.id)) {
                        (parts::icon("signal"))
                        span.links-body {
                            (report.title)
                            small { (report.number) " · " (parts::moment(report.received_at)) }
                        }
                        (parts::state(view, "signal", &report.state))
                    }
                } } }
            }
        }
    }
}

/// A door of somebody who reads no matter: icon, address, key, and who may pass.
const DOORS: &[(&str, &str, &str, Action)] = &[
    ("journal", "/journal", "nav-journal", Action::ReadJournal),
    ("user", "/people", "nav-people", Action::AdministerPeople),
    ("building", "/units", "nav-units", Action::ReadUnits),
    ("sliders", "/sources", "nav-sources", Action::AdministerSources),
    ("bug", "/rules", "nav-rules", Action::ReadRules),
];

fn doors(view: &View) -> Markup {
    let title = view.t("home-doors");
    let body = html! {
        div.stack.narrow {
            (parts::head(&title, &view.t("home-doors-sub"), html! {}))
            section.panel aria-label=(title) { ul.links {
                @for (icon, href, key, action) in DOORS { @if view.may(*action) { li {
                    a href=(href) {
                        (parts::icon(icon))
                        span.links-body { (view.t(key)) }
                        (parts::icon("chevron-right"))
                    }
                } } }
            } }
        }
    };
    layout::page(view, &title, body)
}

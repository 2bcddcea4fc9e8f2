//! The report that a unit files itself: one screen on a phone, one page after it.

use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::Action;
use khien_domain::id::SignalId;
use khien_domain::signal::{ReportFacts, Sign};
use khien_domain::unit::Unit;
use khien_store::Conn;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{self, Typed, UNKNOWN, Unfiled, Wrong, fault_of};
use super::store::{self, Duty, OwnAsset};
use super::{Filing, advice, choices};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts, time};
use crate::{evidence, signal, unit};

/// Which unit reports, when a person has several.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    unit: String,
}

/// `GET /report`.
pub(super) async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let units = choices::units(&member.person, Action::FileReport, &tree, view.now);
    let chosen = choices::chosen(&units, &asked.unit).ok_or(Fault::NotFound)?;
    let typed = Typed::empty(app.new_id(), chosen.id, view.now);
    let assets = store::assets(&mut conn, member.person.id, chosen.id).await?;
    Ok(page(&view, &member, &units, &typed, &assets, &[]))
}

/// `POST /report`.
pub(super) async fn send(
    State(app): State<App>,
    view: View,
    member: Member,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let (pairs, files) = evidence::form::read(&app, multipart).await?.into_parts();
    let typed = Typed::from(pairs);
    match own(&app, &view, &member, &typed).await {
        Ok(filing) => {
            let id = super::file(&app, &member, Filing { files, ..filing }).await?;
            Ok(Redirect::to(&format!("/report/{id}/sent")).into_response())
        }
        Err(unfiled) => {
            // A browser does not send them again by itself: the form says so.
            evidence::discard(&app, &files).await;
            match unfiled {
                Unfiled::Wrong(wrongs) => again(&app, &view, &member, &typed, &wrongs).await,
                Unfiled::Fault(fault) => Err(fault),
            }
        }
    }
}

async fn own(app: &App, view: &View, caller: &Caller, typed: &Typed) -> Result<Filing, Unfiled> {
    let assets = {
        let mut conn = app.db.read().await.map_err(Fault::from)?;
        assets_of(&mut conn, caller, &typed.unit).await?
    };
    form::own(view, typed, &assets)
}

async fn again(
    app: &App,
    view: &View,
    caller: &Caller,
    typed: &Typed,
    wrongs: &[Wrong],
) -> Result<Response, Fault> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let assets = assets_of(&mut conn, caller, &typed.unit).await?;
    let units = choices::units(&caller.person, Action::FileReport, &tree, view.now);
    let page = page(view, caller, &units, typed, &assets, wrongs);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Returns the assets of the unit that a form names; none when it names no unit.
pub(super) async fn assets_of(
    conn: &mut Conn,
    caller: &Caller,
    unit: &str,
) -> Result<Vec<OwnAsset>, Fault> {
    match unit.parse() {
        Ok(unit) => store::assets(conn, caller.person.id, unit).await,
        Err(_) => Ok(Vec::new()),
    }
}

fn page(
    view: &View,
    caller: &Caller,
    units: &[&Unit],
    typed: &Typed,
    assets: &[OwnAsset],
    wrongs: &[Wrong],
) -> Markup {
    let draft = format!("report:{}", caller.person.id);
    let body = html! {
        div.stack.narrow {
            (parts::head(&view.t("report-title"), &view.t("report-sub"), html! {}))
            (secrets(view))
            (which_unit(view, units, &typed.unit))
            (faults(view, wrongs))
            form.form method="post" action="/report" data-draft=(draft)
                enctype="multipart/form-data" {
                input type="hidden" name="form_key" value=(typed.form_key);
                input type="hidden" name="unit" value=(typed.unit);
                (draft_note(view))
                div.part { (detected(view, typed, wrongs, false)) }
                (signs(view, typed, wrongs))
                (system(view, typed, assets, wrongs))
                (technical(view, typed, wrongs, pictures(view)))
                button.report-button { (parts::icon("siren")) (view.t("report-send")) }
            }
            p.soft { a href="/report/paper" { (view.t("report-paper-link")) } }
        }
    };
    layout::page(view, &view.t("report-title"), body)
}

/// The standing rule: what is a state secret has no place here.
pub(super) fn secrets(view: &View) -> Markup {
    html! {
        div.notice.notice-secret {
            (parts::icon("block")) p.notice-body { (view.t("report-no-secrets")) }
        }
    }
}

/// A shared officer of a commune's Party committee and People's Committee says for which.
fn which_unit(view: &View, units: &[&Unit], chosen: &str) -> Markup {
    let name = units.iter().find(|unit| unit.id.to_string() == chosen).map(|unit| &unit.name);
    html! {
        @if units.len() > 1 {
            form.filters method="get" action="/report" {
                div.field {
                    label for="which-unit" { (view.t("report-unit")) }
                    select.select #which-unit name="unit" {
                        @for unit in units {
                            option value=(unit.id) selected[unit.id.to_string() == chosen] {
                                (unit.name)
                            }
                        }
                    }
                }
                button.button { (view.t("report-unit-choose")) }
            }
        }
        @if let Some(name) = name { p { (view.t("report-for")) " " b { (name) } } }
    }
}

/// Every fault on top, leading to its field.
pub(super) fn faults(view: &View, wrongs: &[Wrong]) -> Markup {
    let count = wrongs.len() as i64;
    html! {
        @if count > 0 {
            div.faults role="alert" tabindex="-1" {
                h3 { (view.lang.ta("report-faults", &[("count", count.into())])) }
                ul { @for wrong in wrongs {
                    li { a href=(format!("#{}", wrong.field)) { (wrong.sentence) } }
                } }
            }
        }
    }
}

pub(super) fn draft_note(view: &View) -> Markup {
    html! {
        p.draft-note data-draft-note hidden {
            (parts::icon("edit")) (view.t("report-draft")) " "
            button.button.button-quiet.button-small type="button" data-draft-clear {
                (view.t("report-draft-clear"))
            }
        }
    }
}

/// Returns the sentence at a field that is at fault.
pub(super) fn fault_at(wrongs: &[Wrong], field: &str) -> Markup {
    html! {
        @if let Some(sentence) = fault_of(wrongs, field) {
            span.fault id=(format!("{field}-fault")) { (sentence) }
        }
    }
}

/// Returns the same for a part whose choices are no single field.
pub(super) fn wrong_part(wrongs: &[Wrong], field: &str) -> Markup {
    html! {
        @if fault_of(wrongs, field).is_some() { div.field-wrong { (fault_at(wrongs, field)) } }
    }
}

/// Returns the name of the fault's sentence, for `aria-describedby`.
pub(super) fn fault_id(wrongs: &[Wrong], field: &str) -> Option<String> {
    fault_of(wrongs, field).map(|_| format!("{field}-fault"))
}

fn number(place: u8) -> Markup {
    html! { span.part-number aria-hidden="true" { (place) } }
}

fn need() -> Markup {
    html! { span.need aria-hidden="true" { "*" } }
}

/// The first fact: when it was detected. It starts every clock, so that it is never left out.
pub(super) fn detected(view: &View, typed: &Typed, wrongs: &[Wrong], first: bool) -> Markup {
    let wrong = fault_of(wrongs, "detected").is_some();
    html! {
        div.field.field-wrong[wrong] {
            label.part-title for="detected" {
                (number(1)) span { (view.t("report-detected")) " " (need()) }
            }
            // A browser may write the month first: the line says which is which.
            span.help #detected-help {
                (view.lang.ta("report-detected-help", &[("now", (&time::minute(view.now)).into())]))
            }
            (fault_at(wrongs, "detected"))
            input.input #detected type="datetime-local" name="detected" value=(typed.detected)
                required autofocus[first] aria-invalid=[wrong.then_some("true")]
                aria-describedby=(described("detected", true, wrong));
        }
    }
}

fn described(field: &str, help: bool, wrong: bool) -> String {
    let help = help.then(|| format!("{field}-help"));
    let wrong = wrong.then(|| format!("{field}-fault"));
    help.into_iter().chain(wrong).collect::<Vec<_>>().join(" ")
}

/// The second fact: eight signs to tap, and words.
pub(super) fn signs(view: &View, typed: &Typed, wrongs: &[Wrong]) -> Markup {
    html! {
        fieldset.part #signs aria-describedby=[fault_id(wrongs, "signs")] {
            legend.sr { (view.t("report-signs")) }
            p.part-title aria-hidden="true" {
                (number(2)) span { (view.t("report-signs")) " " (need()) }
            }
            (wrong_part(wrongs, "signs"))
            div.chips {
                @for sign in Sign::ALL {
                    label.chip {
                        input type="checkbox" name="sign" value=(sign)
                            checked[typed.signs.iter().any(|code| code == sign.code())];
                        span.chip-body {
                            (parts::icon(sign_icon(*sign)))
                            span { (view.t(&format!("sign-{sign}"))) }
                        }
                    }
                }
            }
            div.field {
                label for="text" { (view.t("report-text")) }
                textarea.textarea #text name="text" maxlength="20000"
                    placeholder=(view.t("report-text-example")) { (typed.text) }
            }
        }
    }
}

const fn sign_icon(sign: Sign) -> &'static str {
    match sign {
        Sign::FilesLocked => "lock",
        Sign::PageChanged => "globe",
        Sign::StrangeLogin => "key",
        Sign::ServiceDown => "offline",
        Sign::SuspiciousMessage => "mail",
        Sign::AntivirusAlert => "bug",
        Sign::DataLeak => "leak",
        Sign::StrangeMachine => "monitor",
    }
}

/// The third fact: a machine from the own list, in words, or "không rõ".
fn system(view: &View, typed: &Typed, assets: &[OwnAsset], wrongs: &[Wrong]) -> Markup {
    html! {
        fieldset.part #system-part aria-describedby=[fault_id(wrongs, "system")] {
            legend.sr { (view.t("report-system")) }
            p.part-title aria-hidden="true" { (number(3)) span { (view.t("report-system")) } }
            (wrong_part(wrongs, "system"))
            div.pick {
                @if !assets.is_empty() {
                    label.sr for="asset-search" { (view.t("report-system-search")) }
                    input.input.only-js #asset-search type="search" data-pick autocomplete="off"
                        placeholder=(view.t("report-search-hint"));
                }
                div.pick-list {
                    label.pick-row {
                        input type="radio" name="asset" value=(UNKNOWN)
                            checked[typed.asset == UNKNOWN];
                        span { (view.t("report-system-unknown")) }
                    }
                    @for asset in assets {
                        label.pick-row {
                            input type="radio" name="asset" value=(asset.id)
                                checked[asset.id.to_string() == typed.asset];
                            span { (asset.name) small { (about(view, asset)) } }
                        }
                    }
                    p.pick-none hidden { (view.t("report-system-none")) }
                }
            }
            div.field {
                label for="system" { (view.t("report-system-words")) }
                input.input #system name="system" value=(typed.system) maxlength="200";
            }
        }
    }
}

fn about(view: &View, asset: &OwnAsset) -> String {
    let kind = view.t(&format!("report-asset-{}", asset.kind));
    match asset.level {
        Some(level) => {
            format!("{kind} · {}", view.lang.ta("report-level", &[("level", level.into())]))
        }
        None => kind,
    }
}

/// The fourth fact, which nobody must know: technical traces, and what was done already.
pub(super) fn technical(view: &View, typed: &Typed, wrongs: &[Wrong], pictures: Markup) -> Markup {
    let wrong = fault_of(wrongs, "technical").is_some();
    html! {
        div.part {
            div.field.field-wrong[wrong] {
                label.part-title for="technical" {
                    (number(4))
                    span { (view.t("report-technical")) " "
                        span.optional { (view.t("report-if-any")) } }
                }
                span.help #technical-help { (view.t("report-technical-help")) }
                (fault_at(wrongs, "technical"))
                textarea.textarea #technical name="technical" maxlength="20000"
                    aria-describedby=(described("technical", true, wrong)) { (typed.technical) }
            }
            (pictures)
            label.choice {
                input type="checkbox" name="isolated" value="yes" checked[typed.isolated];
                span { (view.t("report-isolated"))
                    span.help { (view.t("report-isolated-help")) } }
            }
        }
    }
}

/// Pictures of the screen; the script makes them smaller before they travel.
fn pictures(view: &View) -> Markup {
    html! {
        div.field {
            label for="files" { (view.t("report-pictures")) " "
                span.optional { (view.t("optional")) } }
            span.help #files-help { (view.t("report-pictures-help")) }
            input.input #files type="file" name="files" multiple data-shrink="1600"
                aria-describedby="files-help";
        }
    }
}

/// `GET /report/{id}/sent`: the number, what to do now, and whom to call.
pub(super) async fn sent(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<SignalId>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let row = signal::store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    let details = signal::store::details(&mut conn, id).await?;
    let duty = store::duty(&mut conn, view.now).await?;
    let body: serde_json::Value = serde_json::from_str(&details.body).unwrap_or_default();
    let report: Option<ReportFacts> =
        body.get("report").and_then(|report| serde_json::from_value(report.clone()).ok());
    // Only a report has a page that says so.
    let signs = report.ok_or(Fault::NotFound)?.signs;
    let title = view.t("report-sent");
    let body = html! {
        div.stack.narrow {
            div.notice.notice-good role="status"
                data-draft-sent=(format!("report:{}", member.person.id)) {
                (parts::icon("check"))
                div.notice-body {
                    h1 { (view.t("report-sent")) }
                    p { (view.t("report-number")) " " b { (row.number) } " · "
                        (parts::moment(row.received_at)) }
                    p { (view.t("report-wait")) }
                }
            }
            (call_duty(&view, duty.as_ref()))
            section.panel aria-labelledby="now" {
                div.panel-head { h2 #now { (view.t("report-do-now")) } }
                div.panel-body { ol.slip-steps {
                    @for key in advice::keys(&signs) { li { (view.t(key)) } }
                } }
            }
            div.actions {
                a.button.button-main href="/" { (view.t("report-home")) }
                a.button href=(format!("/signals/{id}")) { (view.t("report-see")) }
            }
        }
    };
    Ok(layout::page(&view, &title, body))
}

/// Returns the telephone number of the desk to tap, or what to do when none is registered.
pub fn call_duty(view: &View, duty: Option<&Duty>) -> Markup {
    match duty {
        Some(duty) => html! {
            a.call href=(format!("tel:{}", duty.phone)) {
                (parts::icon("phone"))
                span {
                    span.call-who { (duty.name) " · " (view.t("report-duty")) }
                    span.call-number { (spoken(&duty.phone)) }
                }
            }
        },
        None => html! {
            div.notice.notice-warn { (parts::icon("phone"))
                p.notice-body { (view.t("report-duty-none")) } }
        },
    }
}

/// Returns a number in the groups in which people say it: `0233 3000 111`, `0691 234 567`.
pub(super) fn spoken(phone: &str) -> String {
    let groups: &[usize] = match phone.len() {
        10 => &[4, 3, 3],
        11 => &[4, 4, 3],
        _ => return phone.to_owned(),
    };
    let (mut rest, mut said) = (phone, Vec::new());
    for size in groups {
        // Stored numbers are digits alone.
        let Some((group, more)) = rest.split_at_checked(*size) else { return phone.to_owned() };
        said.push(group);
        rest = more;
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_they_are_said() {
        assert_eq!(spoken("02333000111"), "0233 3000 111");
        assert_eq!(spoken("0691234567"), "0691 234 567");
        assert_eq!(spoken("113"), "113");
    }
}

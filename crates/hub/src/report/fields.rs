//! The fields of a report form, shared by the unit's own form and the desk's: four facts, each a
//! part of the page, each with its fault beside it.

use khien_domain::signal::Sign;
use maud::{Markup, html};

use super::form::{Typed, UNKNOWN, Wrong, fault_of};
use super::store::OwnAsset;
use crate::web::view::View;
use crate::web::{parts, time};

/// The standing rule: what is a state secret has no place here.
pub(super) fn secrets(view: &View) -> Markup {
    html! {
        div.notice.notice-secret {
            (parts::icon("block")) p.notice-body { (view.t("report-no-secrets")) }
        }
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
pub(super) fn system(view: &View, typed: &Typed, assets: &[OwnAsset], wrongs: &[Wrong]) -> Markup {
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
pub(super) fn pictures(view: &View) -> Markup {
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

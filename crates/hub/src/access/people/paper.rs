//! The activation slip on paper: one sheet per officer, handed over in person.

use khien_domain::unit::Tree;
use maud::{DOCTYPE, Markup, html};

use super::PrintedSlip;
use crate::web::assets;
use crate::web::i18n::Arg;
use crate::web::time;
use crate::web::view::View;

/// Returns the slip as one sheet of a page.
pub fn sheet(view: &View, tree: &Tree, url: &str, slip: &PrintedSlip) -> Markup {
    let account = &slip.account;
    let unit = tree.units().find(|unit| unit.id.uuid() == account.unit);
    let until = time::minute(slip.expires_at);
    html! {
        article.paper {
            h2.paper-title { (view.t("slip-title")) }
            p.paper-sub { (view.lang.ta("slip-until", &[("until", Arg::Text(&until))])) }
            dl.pairs {
                dt { (view.t("account-name")) } dd { b { (account.name) } }
                @if let Some(unit) = unit { dt { (view.t("account-unit")) } dd { (unit.name) } }
                dt { (view.t("login-name")) } dd.mono { (account.login) }
            }
            span.slip-code { (slip.code) }
            ol.slip-steps {
                li { (view.t("slip-step-open")) " " b.mono { (url) "/activate" } }
                li { (view.t("slip-step-type")) }
                li { (view.t("slip-step-set")) }
            }
            div.signs {
                div { b { (view.t("slip-given")) } small { (view.t("slip-sign")) } }
                div { b { (view.t("slip-taken")) } small { (view.t("slip-sign")) } }
            }
        }
    }
}

/// Returns a file of its own with all slips, to be printed where no hub is at hand. The style
/// sheet stands in it, since it is opened from a disk.
pub fn file(view: &View, tree: &Tree, url: &str, slips: &[PrintedSlip]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(view.lang.code()) {
            head {
                meta charset="utf-8";
                title { (view.t("slip-title")) }
                style { (maud::PreEscaped(assets::style_sheet())) }
            }
            body { main.main { @for slip in slips { (sheet(view, tree, url, slip)) } } }
        }
    };
    page.into_string()
}

/// Returns the slips as plain text, for a terminal.
pub fn text(view: &View, slips: &[PrintedSlip]) -> String {
    let line = |slip: &PrintedSlip| {
        let account = &slip.account;
        let until = time::day(slip.expires_at);
        let args = [
            ("name", Arg::Text(&account.name)),
            ("login", Arg::Text(&account.login)),
            ("code", Arg::Text(&slip.code)),
            ("until", Arg::Text(&until)),
        ];
        view.lang.ta("slip-line", &args) + "\n"
    };
    slips.iter().map(line).collect()
}

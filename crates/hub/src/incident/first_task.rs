//! The first task of an incident, by its class: what a unit without an expert should do at once.
//!
//! The class is chosen on the same form, so that the text follows it: whatever the officer leaves
//! empty is filled in from the class that the form sends, and the form shows the text of each.

use khien_domain::incident::Category;
use maud::{Markup, html};

use crate::web::i18n::Lang;
use crate::web::view::View;

/// ATT&CK's number of a web shell, as the rules' tags write it.
pub(super) const WEB_SHELL_TAG: &str = "attack.t1505.003";

/// Returns whether the story of a signal began with a web shell. A web shell and the page that was
/// changed through it are one family, but what the unit must do first is not the same.
pub(super) fn is_web_shell(body: &serde_json::Value) -> bool {
    let tags = body.get("rule_tags").and_then(|tags| tags.as_array());
    tags.is_some_and(|tags| tags.iter().any(|tag| tag == WEB_SHELL_TAG))
}

/// What a unit is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FirstTask {
    /// In one line.
    pub(super) title: String,
    /// How, and what not to do.
    pub(super) details: String,
}

impl FirstTask {
    /// Returns the sample for a class of incident that a signal opens. The unit reads Vietnamese,
    /// whatever the officer's console speaks.
    pub(super) fn sample(category: Category, signal: &serde_json::Value) -> Self {
        let of_shell = category == Category::Intrusion && is_web_shell(signal);
        let code = if of_shell { "web-shell" } else { category.code() };
        let text = |key: String| Lang::Vi.t(&key);
        Self {
            title: text(format!("first-task-{code}")),
            details: text(format!("first-task-{code}-details")),
        }
    }

    /// Returns the task as typed; without a title it is the sample's. Instructions of the sample
    /// never stand below a title of the officer's own.
    pub(super) fn or_sample(
        title: &str,
        details: &str,
        category: Category,
        signal: &serde_json::Value,
    ) -> Self {
        let typed = Self { title: title.trim().to_owned(), details: details.trim().to_owned() };
        if !typed.title.is_empty() {
            return typed;
        }
        let sample = Self::sample(category, signal);
        let details = if typed.details.is_empty() { sample.details } else { typed.details };
        Self { title: sample.title, details }
    }
}

/// Returns the samples of every class; the style sheet shows the one of the class chosen in the
/// field `category` of the same form.
pub(super) fn samples(view: &View, signal: &serde_json::Value) -> Markup {
    html! {
        @for category in Category::ALL {
            @let sample = FirstTask::sample(*category, signal);
            div.sample data-category=(category) {
                p.soft { (view.t("verify-task-sample")) " " (view.t(&format!("category-{category}"))) }
                p { b { (sample.title) } }
                p { (sample.details) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_empty_follows_the_class() {
        let plain = json!({});
        let task = |title, details| FirstTask::or_sample(title, details, Category::Dos, &plain);
        let sample = FirstTask::sample(Category::Dos, &plain);
        assert_eq!(task(" ", ""), sample);
        assert_ne!(sample, FirstTask::sample(Category::Encryption, &plain));
        let own = FirstTask { title: "Gọi lại ngay".into(), details: String::new() };
        assert_eq!(task("Gọi lại ngay", " "), own);
        let mixed = FirstTask { title: sample.title, details: "Gọi 113".into() };
        assert_eq!(task("", "Gọi 113"), mixed);
    }

    #[test]
    fn a_web_shell_asks_for_other_things_than_a_stolen_password() {
        let (shell, plain) = (json!({ "rule_tags": [WEB_SHELL_TAG] }), json!({}));
        let sample = |category, body| FirstTask::sample(category, body).title;
        assert_ne!(sample(Category::Intrusion, &shell), sample(Category::Intrusion, &plain));
        assert_eq!(sample(Category::Dos, &shell), sample(Category::Dos, &plain));
    }

    /// The style sheet names every class.
    #[test]
    fn the_style_sheet_shows_the_sample_of_each_class() {
        let css = include_str!("../../../../web/src/css/forms.css");
        for category in Category::ALL {
            let chosen =
                format!("[value=\"{category}\"]:checked) .sample[data-category=\"{category}\"]");
            assert!(css.contains(&chosen), "{category}");
        }
    }
}

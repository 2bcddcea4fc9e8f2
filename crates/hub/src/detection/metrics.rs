//! `GET /metrics`: what detection does, as Prometheus reads it. Only rules that were tried or have
//! fired are told one by one: thousands of lines of zeros help nobody.

use std::collections::HashMap;
use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use khien_detect::Counters;

use super::Loaded;
use super::limit::HOUR_US;
use super::store::{self, Count};
use crate::app::App;
use crate::fault::Fault;

/// Prometheus's text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`.
pub async fn serve(State(app): State<App>) -> Result<Response, Fault> {
    let counts = {
        let mut conn = app.db.read().await?;
        store::counts(&mut conn, app.now().div_euclid(HOUR_US)).await?
    };
    Ok(([(CONTENT_TYPE, TEXT)], text(&app.rules(), &counts)).into_response())
}

fn text(loaded: &Loaded, counts: &[Count]) -> String {
    let measured = loaded.measured();
    let hits: HashMap<&str, i64> =
        counts.iter().map(|one| (one.rule.as_str(), one.total)).collect();
    let hits_of =
        |rule: &str| u64::try_from(hits.get(rule).copied().unwrap_or_default()).unwrap_or(0);
    let mut text = String::new();
    let unmapped: u64 = measured.unmapped.iter().map(|(_, events)| events).sum();
    for (name, kind, help, value) in [
        ("khien_rules_loaded", "gauge", "Rules at work.", loaded.rules.len() as u64),
        ("khien_rules_refused", "gauge", "Rules left out.", loaded.refused.len() as u64),
        (
            "khien_detection_events_total",
            "counter",
            "Events looked at since the rules were loaded.",
            measured.events,
        ),
        (
            "khien_detection_unmapped_events_total",
            "counter",
            "Those of sources that no rule reads.",
            unmapped + measured.unmapped_others,
        ),
    ] {
        head(&mut text, name, kind, help);
        line(&mut text, name, "", value);
    }
    for (name, help, value) in limits(&measured.counters) {
        let name = format!("khien_correlation_{name}_total");
        head(&mut text, &name, "counter", help);
        line(&mut text, &name, "", value);
    }
    let told = "Groups that a rule gave up for room while they could still have fired.";
    let of = |rule: &str| measured.counters(rule).evicted_groups;
    by_rule(&mut text, loaded, "khien_rule_groups_evicted_total", told, of);
    let told = "Sightings that the groups of a rule gave up for room.";
    let of = |rule: &str| measured.counters(rule).cut;
    by_rule(&mut text, loaded, "khien_rule_sightings_cut_total", told, of);
    let told = "Hits of a rule since the hub counts.";
    by_rule(&mut text, loaded, "khien_rule_hits_total", told, hits_of);
    let told = "Events that a rule was tried on since it was loaded: what it costs.";
    by_rule(&mut text, loaded, "khien_rule_tries_total", told, |rule| measured.tries(rule));
    text
}

/// What the bounds of counting have cost since the rules were loaded, by name.
fn limits(counters: &Counters) -> [(&'static str, &'static str, u64); 8] {
    let Counters { evicted_groups, cut, late, untimed, ahead, .. } = *counters;
    let Counters { without_value, approximate, unclaimed, .. } = *counters;
    [
        ("groups_evicted", "Groups given up for room that could still have fired.", evicted_groups),
        ("sightings_cut", "Sightings that a group gave up for room.", cut),
        ("events_late", "Events that came too late to be counted.", late),
        ("events_untimed", "Events without a time, which are not counted.", untimed),
        ("events_ahead", "Events from the future, counted as of their arrival.", ahead),
        ("events_without_value", "Events without the value that is counted.", without_value),
        ("hits_approximate", "Hits told with an estimated count.", approximate),
        ("hits_unclaimed", "Hits of time frames that were dropped for room.", unclaimed),
    ]
}

fn by_rule(text: &mut String, loaded: &Loaded, name: &str, help: &str, of: impl Fn(&str) -> u64) {
    head(text, name, "counter", help);
    for rule in loaded.rules.iter().filter(|rule| of(&rule.id) > 0) {
        let labels = format!("{{rule=\"{}\",level=\"{}\"}}", escaped(&rule.id), rule.level);
        line(text, name, &labels, of(&rule.id));
    }
}

/// Writing into a text cannot fail.
fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: u64) {
    let _ = writeln!(text, "{name}{labels} {value}");
}

/// Ids come from strangers' files: none may end its quotes.
fn escaped(id: &str) -> String {
    id.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_within_its_quotes() {
        assert_eq!(escaped("a\"} 1\n\\"), "a\\\"} 1\\n\\\\");
    }
}

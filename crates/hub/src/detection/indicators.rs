//! Indicators of compromise in the hub: loaded from the configured feeds, and told like rules.
//!
//! Each indicator is a story of its own: the same one on the same machine joins the signal that is
//! there. Its marking and its feed stay on the signal, because they decide whom it may be passed
//! on to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use khien_detect::{Indicator, Indicators, IocHit, IocReason, IocReport, RuleInfo};
use maud::{Markup, html};
use serde_json::json;

use super::folders::{self, Look};
use super::scan::Cause;
use crate::web::view::View;

/// Hits of indicators are counted by their kind: there are millions of indicators.
const COUNTED: &str = "ioc";
/// The story of a machine that meets more indicators than are told apart.
const MANY: &str = "ioc:many";
/// Feeds that the page of the rules shows.
const FEEDS_SHOWN_MAX: usize = 200;

/// What people are told about the feeds.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Indicators that are looked for.
    pub indicators: usize,
    /// By file, what was taken and what was left out.
    pub report: IocReport,
}

/// The configured feeds, as they were when the indicators at work were loaded.
#[derive(Clone, Debug)]
pub(super) struct Feeds {
    paths: Vec<PathBuf>,
    pub(super) seen: Look,
    pub(super) set: Arc<Indicators>,
    pub(super) told: Told,
}

impl Feeds {
    /// Loads the feeds, and blocks meanwhile. What cannot be honoured is logged and shown on the
    /// page of the rules.
    pub(super) fn load(paths: Vec<PathBuf>) -> Self {
        // Looked at first: what changes while it is read is seen at the next look.
        let seen = folders::look(&paths);
        let (set, report) = Indicators::load(&paths);
        for source in report.sources.iter().filter(|source| source.refused > 0) {
            let reason = source.refused_named.first().map(|first| first.reason.to_string());
            let file = source.path.display();
            tracing::warn!(%file, refused = source.refused, reason, "indicators were refused");
        }
        let told = Told { indicators: set.len(), report };
        Self { paths, seen, set: Arc::new(set), told }
    }

    /// Returns whether there is any feed to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Returns the feeds as they are now, if they have changed; blocks meanwhile.
    pub(super) fn look(&self) -> Option<Self> {
        let changed = folders::look(&self.paths) != self.seen;
        changed.then(|| Self::load(self.paths.clone()))
    }

    /// Returns a configured path that could not be read at all.
    pub(super) fn lost(&self) -> Option<&Path> {
        let unread = |path: &&PathBuf| {
            let of_it = self.told.report.sources.iter().filter(|source| source.path == **path);
            let mut refused = of_it.flat_map(|source| &source.refused_named);
            refused.any(|one| one.place == 0 && matches!(one.reason, IocReason::Unreadable(_)))
        };
        self.paths.iter().find(unread).map(PathBuf::as_path)
    }
}

/// Returns what an indicator in an event is told as, by its own `key`: by itself, or with the many
/// others.
pub(super) fn cause(hit: &IocHit, indicator: &Indicator<'_>, key: String, apart: bool) -> Cause {
    let rule = if apart { indicator.rule_info() } else { many(indicator) };
    Cause {
        rule: Arc::new(rule),
        key: key.into(),
        counted: format!("{COUNTED}:{}", indicator.kind).into(),
        indicator: Some(json!({
            "type": indicator.kind.name(),
            "value": indicator.value,
            "field": hit.field,
            "feed": indicator.source.to_string_lossy(),
            "id": Some(&indicator.id).filter(|id| !id.is_empty()),
            "line": indicator.line,
            "about": [indicator.context, indicator.about],
            "tlp": indicator.tlp.map(|tlp| tlp.label()),
            "valid_until": indicator.valid_until_us,
        })),
    }
}

fn many(first: &Indicator<'_>) -> RuleInfo {
    RuleInfo {
        id: MANY.to_owned(),
        family: MANY.to_owned(),
        title: "Many indicators of compromise seen on one machine".to_owned(),
        title_vi: Some("Một máy trùng rất nhiều chỉ dấu tấn công".to_owned()),
        advice_vi: Some(
            "Xem máy này có đang quét thử danh sách chỉ dấu hay không; nếu không, cô lập máy khỏi \
             mạng và báo bộ phận chuyên trách an ninh mạng."
                .to_owned(),
        ),
        ..first.rule_info()
    }
}

/// Shows how many indicators are looked for, and what became of each feed.
pub(super) fn panel(view: &View, feeds: &Told) -> Markup {
    let total = [("total", (feeds.indicators as i64).into())];
    html! {
        @if !feeds.report.sources.is_empty() {
            section.panel {
                div.panel-head { h2 { (view.lang.ta("indicators-total", &total)) } }
                div.table-wrap { table.table.cards {
                    thead { tr {
                        th scope="col" { (view.t("rule-file")) }
                        @for key in ["indicators-taken", "indicators-allowed", "indicators-refused"] {
                            th.number scope="col" { (view.t(key)) }
                        }
                        th scope="col" { (view.t("rule-reason")) }
                    } }
                    tbody { @for source in feeds.report.sources.iter().take(FEEDS_SHOWN_MAX) {
                        tr {
                            th.mono scope="row" { (source.path.display()) }
                            td.number data-label=(view.t("indicators-taken")) { (source.taken) }
                            td.number data-label=(view.t("indicators-allowed")) { (source.allowed) }
                            td.number data-label=(view.t("indicators-refused")) { (source.refused) }
                            td data-label=(view.t("rule-reason")) {
                                @if let Some(first) = source.refused_named.first() {
                                    @if first.place > 0 { span.mono { (first.place) ": " (first.value) } " – " }
                                    (first.reason)
                                }
                            }
                        }
                    } }
                } }
            }
        }
    }
}

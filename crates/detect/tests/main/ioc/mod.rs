//! Indicators from the outside: feeds in, events in, hits out.

mod feeds;
mod hostile;
mod matching;
mod reference;

use std::sync::Arc;

use khien_detect::{Indicators, IocFormat, IocReport, IocScanner};

use crate::harness::events;

/// 2026-11-20T00:00:00Z, the time of receipt of events that tell none.
pub(super) const NOW_US: i64 = 1_795_132_800_000_000;

/// Loads one text.
pub(super) fn load(text: &str) -> (Arc<Indicators>, IocReport) {
    load_bytes(text.as_bytes())
}

/// Loads one file's bytes.
pub(super) fn load_bytes(bytes: &[u8]) -> (Arc<Indicators>, IocReport) {
    let mut builder = Indicators::builder();
    builder.text("feed", bytes);
    let (set, report) = builder.finish();
    (Arc::new(set), report)
}

/// Loads a text of which nothing is refused.
pub(super) fn loaded(text: &str, format: IocFormat) -> Arc<Indicators> {
    let (set, report) = load(text);
    assert_eq!(report.refused(), 0, "{:?}", report.sources);
    assert_eq!(report.sources[0].format, format);
    set
}

/// Returns the hits on JSON lines as `event field kind value`.
pub(super) fn found(set: &Arc<Indicators>, lines: &str) -> Vec<String> {
    let batch = events(lines);
    let mut hits = Vec::new();
    IocScanner::new(set.clone()).scan(&batch, NOW_US, &mut hits);
    let told = hits.iter().map(|hit| {
        let indicator = set.indicator(hit);
        format!("{} {} {} {}", hit.event, hit.field, indicator.kind, indicator.value)
    });
    told.collect()
}

/// Returns the hits on one event with these members, as `field kind value`.
pub(super) fn seen(set: &Arc<Indicators>, members: &str) -> Vec<String> {
    let hits = found(set, &format!("{{{members}}}"));
    hits.into_iter().map(|hit| hit[2..].to_owned()).collect()
}

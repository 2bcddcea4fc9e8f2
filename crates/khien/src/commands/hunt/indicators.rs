//! `--iocs`: loads indicators, and tells of every entry that was left out and every list that gave
//! none.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use khien_detect::{Indicators, IocCounters, IocFormat, IocRefused, IocReport, IocSource};
use khien_hub::web::i18n::{Arg, Lang};

use super::{number, say};

/// Entries that are named one by one, of each sort over all files, and lists that gave none; the
/// rest is only counted.
const NAMED_MAX: usize = 20;

/// Loads the feeds.
///
/// # Errors
/// When they hold entries, but not one that could be taken.
pub(super) fn load(paths: &[PathBuf], lang: Lang) -> Result<(Indicators, u64)> {
    let (set, report) = Indicators::load(paths);
    told(&report).iter().for_each(|line| say(line));
    unused(paths, &report, lang).iter().for_each(|line| say(line));
    let refused = report.refused();
    if set.is_empty() && refused > 0 {
        bail!("no indicator could be loaded");
    }
    Ok((set, refused))
}

/// Returns what is told about sightings that are no hits; none when there were none.
pub(super) fn untold(counters: IocCounters, lang: Lang) -> Option<String> {
    let IocCounters { expired, allowed } = counters;
    let args = [("expired", number(expired)), ("allowed", number(allowed))];
    (expired + allowed > 0).then(|| lang.ta("hunt-untold", &args))
}

fn told(report: &IocReport) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut refused_left, mut allowed_left) = (NAMED_MAX, NAMED_MAX);
    for source in &report.sources {
        let path = source.path.display();
        if source.refused > 0 {
            lines.push(format!("{path}: {} entries are refused", source.refused));
            let named = source.refused_named.iter().take(refused_left);
            lines.extend(named.map(|refused| format!("  {}", entry(source.format, refused))));
            refused_left -= source.refused_named.len().min(refused_left);
        }
        if source.allowed > 0 {
            let named: Vec<&str> =
                source.allowed_named.iter().take(allowed_left).map(String::as_str).collect();
            allowed_left -= named.len();
            let named = named.join(", ");
            let count = source.allowed;
            lines.push(format!("{path}: {count} entries name what everybody uses: {named}"));
        }
        lines.extend(remark(source).map(|remark| format!("{path}: {remark}")));
    }
    lines
}

/// Returns what is told of files, and of folders without any, that gave no indicator: nobody is to
/// believe that such a list was looked for.
fn unused(paths: &[PathBuf], report: &IocReport, lang: Lang) -> Vec<String> {
    let sources = &report.sources;
    let is_bare = |path: &&PathBuf| !sources.iter().any(|source| source.path.starts_with(path));
    let folders = paths.iter().filter(is_bare).map(PathBuf::as_path);
    let files = sources.iter().filter(|source| source.taken == 0).map(|source| &*source.path);
    let unused: Vec<&Path> = folders.chain(files).collect();
    let told = |path: &&Path| {
        let path = path.display().to_string();
        lang.ta("hunt-iocs-none", &[("path", Arg::Text(&path))])
    };
    let mut lines: Vec<String> = unused.iter().take(NAMED_MAX).map(told).collect();
    if let Some(count @ 1..) = unused.len().checked_sub(NAMED_MAX) {
        lines.push(lang.ta("hunt-iocs-none-more", &[("count", number(count as u64))]));
    }
    lines
}

fn entry(format: IocFormat, refused: &IocRefused) -> String {
    let IocRefused { place, id, value, reason } = refused;
    let place = match format {
        _ if *place == 0 => return reason.to_string(),
        IocFormat::Stix | IocFormat::Misp => format!("object {place}"),
        IocFormat::Csv | IocFormat::List | IocFormat::Unknown => format!("line {place}"),
    };
    let id = if id.is_empty() { String::new() } else { format!(" ({id})") };
    format!("{place}{id}: '{value}': {reason}")
}

fn remark(source: &IocSource) -> Option<String> {
    let told = [
        (source.withdrawn, "are withdrawn by the feed or not meant for detection"),
        (source.undescribed, "are kept without their description, there are too many"),
    ];
    let told = told.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, what)| format!("{count} entries {what}")).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_counted_and_named() {
        let mut builder = Indicators::builder();
        builder.text("a.txt", "evil.test\nno indicator\n".repeat(30).as_bytes());
        builder.text("b.txt", b"gov.vn\n10.0.0.1\nwhat\n");
        builder.text(
            "c.json",
            br#"{"Event":{"Attribute":[{"type":"mutex","value":"x","to_ids":true,"uuid":"u1"},
                {"type":"domain","value":"x.test"}]}}"#,
        );
        builder.text("d.bin", b"\0\0");
        let lines = told(&builder.finish().1);
        let named = lines.iter().filter(|line| line.starts_with("  line")).count();
        assert_eq!((lines[0].as_str(), named), ("a.txt: 30 entries are refused", NAMED_MAX));
        assert_eq!(lines[1], "  line 2: 'no': not an indicator that is looked for");
        assert_eq!(
            lines[NAMED_MAX + 1..],
            [
                "b.txt: 1 entries are refused",
                "b.txt: 2 entries name what everybody uses: gov.vn, 10.0.0.1",
                "c.json: 1 entries are refused",
                "c.json: 1 entries are withdrawn by the feed or not meant for detection",
                "d.bin: 1 entries are refused",
            ]
        );
        let mut builder = Indicators::builder();
        builder.text(
            "c.json",
            br#"{"Event":{"Attribute":[{"type":"mutex","value":"x","to_ids":1,"uuid":"u1"}]}}"#,
        );
        builder.text("d.bin", b"\0\0");
        let lines = told(&builder.finish().1);
        assert_eq!(lines[1], "  object 1 (u1): 'x': indicators of type 'mutex' are not looked for");
        assert_eq!(lines[3], "  no list, table, stix bundle or misp event");
    }

    #[test]
    fn lists_that_gave_no_indicator_are_named_and_bounded() {
        let mut builder = Indicators::builder();
        for (name, text) in [
            ("feeds/a.txt", "evil.test\n"),
            ("feeds/empty.txt", ""),
            ("feeds/blank.txt", " \n\n"),
            ("feeds/comments.txt", "# nothing today\n"),
            ("feeds/head.csv", "type,value\n"),
            ("feeds/bundle.json", r#"{"type":"bundle","id":"bundle--1","objects":[]}"#),
            ("feeds/bare.json", r#"{"type":"bundle","id":"bundle--1"}"#),
            ("feeds/event.json", r#"{"Event":{"info":"x","Attribute":[]}}"#),
            (
                "feeds/withdrawn.json",
                r#"{"Event":{"info":"x","Attribute":[{"type":"domain","value":"evil.test","to_ids":false}]}}"#,
            ),
            ("feeds/refused.txt", "no indicator\n"),
            ("feeds/allowed.txt", "gov.vn\n"),
        ] {
            builder.text(name, text.as_bytes());
        }
        let report = builder.finish().1;
        let lines = unused(&["feeds".into(), "bare".into()], &report, Lang::En);
        let named: Vec<&str> =
            lines.iter().map(|line| line.split_once(": no indicator").unwrap().0).collect();
        assert_eq!(
            named,
            [
                "bare",
                "feeds/empty.txt",
                "feeds/blank.txt",
                "feeds/comments.txt",
                "feeds/head.csv",
                "feeds/bundle.json",
                "feeds/bare.json",
                "feeds/event.json",
                "feeds/withdrawn.json",
                "feeds/refused.txt",
                "feeds/allowed.txt",
            ]
        );
        let mut builder = Indicators::builder();
        (0..NAMED_MAX + 3).for_each(|number| builder.text(&format!("{number}.txt"), b""));
        let lines = unused(&[], &builder.finish().1, Lang::En);
        assert_eq!(lines.len(), NAMED_MAX + 1);
        assert!(lines[NAMED_MAX].contains("3 more"), "{}", lines[NAMED_MAX]);
    }

    #[test]
    fn sightings_that_are_no_hits_are_told_only_when_there_were_any() {
        assert_eq!(untold(IocCounters::default(), Lang::En), None);
        let told = untold(IocCounters { expired: 3, allowed: 1 }, Lang::En).unwrap();
        assert!(told.contains("3 times an expired one, 1 times on"), "{told}");
    }
}

//! `--iocs`: loads indicators, and tells of every entry that was left out.

use std::path::PathBuf;

use anyhow::{Result, bail};
use khien_detect::{Indicators, IocCounters, IocFormat, IocRefused, IocReport, IocSource};
use khien_hub::web::i18n::Lang;

use super::{number, say};

/// Entries that are named one by one, of each sort over all files; the rest is only counted.
const NAMED_MAX: usize = 20;

/// Loads the feeds.
///
/// # Errors
/// When they hold entries, but not one that could be taken.
pub(super) fn load(paths: &[PathBuf]) -> Result<(Indicators, u64)> {
    let (set, report) = Indicators::load(paths);
    told(&report).iter().for_each(|line| say(line));
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
    fn sightings_that_are_no_hits_are_told_only_when_there_were_any() {
        assert_eq!(untold(IocCounters::default(), Lang::En), None);
        let told = untold(IocCounters { expired: 3, allowed: 1 }, Lang::En).unwrap();
        assert!(told.contains("3 times an expired one, 1 times on"), "{told}");
    }
}

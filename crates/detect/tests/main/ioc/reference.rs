//! The packed tables against the plainest thing that could be right: sets of texts.

use std::collections::HashSet;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::{load, seen};

/// Few labels, so that names often lie above one another.
fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "evil", "WWW", "x-1"]), 1..4)
        .prop_map(|labels| format!("{}.test", labels.join(".")))
}

fn address() -> impl Strategy<Value = String> {
    (0u8..3, 0u8..6).prop_map(|(net, host)| format!("203.0.{}.{host}", 113 + net))
}

fn file() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec!["tool.exe", "Temp", "perf", "Users"]);
    prop::collection::vec(parts, 1..4).prop_map(|parts| parts.join("\\"))
}

fn web() -> impl Strategy<Value = String> {
    let tails = prop::sample::select(vec!["", "/a", "/a/b", "/a?x=1", "/a?x=1&y=2", "/ab"]);
    (name(), tails).prop_map(|(name, tail)| format!("{}{tail}", name.to_lowercase()))
}

fn hash() -> impl Strategy<Value = String> {
    (0u8..4, 0u8..4).prop_map(|(head, tail)| format!("{head:02x}{}{tail:02x}", "5a".repeat(14)))
}

fn list(values: &HashSet<String>) -> String {
    values.iter().fold(String::new(), |mut text, value| {
        let _ = writeln!(text, "{value}");
        text
    })
}

fn is_below(value: &str, above: &str, delimiters: &[char]) -> bool {
    value.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(delimiters))
}

proptest! {
    #[test]
    fn domains(known in prop::collection::hash_set(name(), 0..20), asked in name()) {
        let (set, _) = load(&list(&known));
        let lower = asked.to_lowercase();
        let expected = known
            .iter()
            .map(|name| name.to_lowercase())
            .filter(|name| lower == *name || lower.ends_with(&format!(".{name}")))
            .max_by_key(String::len);
        let hits = seen(&set, &format!(r#""QueryName":"{asked}""#));
        prop_assert_eq!(hits.first().cloned(), expected.map(|name| format!("QueryName domain {name}")));
    }

    #[test]
    fn addresses(known in prop::collection::hash_set(address(), 0..20), asked in address()) {
        let (set, _) = load(&list(&known));
        prop_assert_eq!(set.len(), known.len());
        let hits = seen(&set, &format!(r#""SourceIp":"{asked}""#));
        prop_assert_eq!(hits.len(), usize::from(known.contains(&asked)));
    }

    #[test]
    fn ranges(
        known in prop::collection::vec((0u32..64, 24u32..=32), 0..12),
        asked in 0u32..64,
    ) {
        let base = 0xCB00_7100u32;
        let text: String = known
            .iter()
            .map(|(host, prefix)| format!("{}/{prefix}\n", std::net::Ipv4Addr::from(base + host)))
            .collect();
        let (set, _) = load(&text);
        let narrowest = known
            .iter()
            .filter(|(host, prefix)| (base + host) >> (32 - prefix) == (base + asked) >> (32 - prefix))
            .map(|(_, prefix)| *prefix)
            .max();
        let hits = seen(&set, &format!(r#""SourceIp":"{}""#, std::net::Ipv4Addr::from(base + asked)));
        let told = hits.first().map(|hit| match hit.rsplit_once('/') {
            Some((_, prefix)) => prefix.parse::<u32>().unwrap(),
            None => 32,
        });
        prop_assert_eq!(told, narrowest);
    }

    #[test]
    fn files(known in prop::collection::hash_set(file(), 0..12), asked in file(), drive in any::<bool>()) {
        let (set, report) = load(&format!("file\n{}", list(&known)));
        prop_assert_eq!(report.refused(), 0);
        let path = if drive { format!("C:\\{asked}") } else { asked };
        let lower = path.to_lowercase();
        let expected = known
            .iter()
            .map(|file| file.to_lowercase())
            .filter(|file| lower == *file || lower.ends_with(&format!("\\{file}")))
            .max_by_key(String::len);
        let hits = seen(&set, &format!(r#""Image":"{}""#, path.replace('\\', "\\\\")));
        let told = hits.first().map(|hit| hit.rsplit(' ').next().unwrap().replace('/', "\\"));
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn web_addresses(known in prop::collection::hash_set(web(), 0..12), asked in web()) {
        let (set, _) = load(&format!("url\n{}", list(&known)));
        let expected = known
            .iter()
            .filter(|web| is_below(&asked, web, &['/', '?', '&']))
            .max_by_key(|web| web.len());
        let hits = seen(&set, &format!(r#""Url":"http://{asked}""#));
        prop_assert_eq!(hits.first().cloned(), expected.map(|web| format!("Url url {web}")));
    }

    #[test]
    fn hashes(known in prop::collection::hash_set(hash(), 0..12), asked in hash()) {
        let (set, _) = load(&list(&known));
        prop_assert_eq!(set.len(), known.len());
        let hits = seen(&set, &format!(r#""Hashes":"MD5={},X=1""#, asked.to_uppercase()));
        prop_assert_eq!(hits.len(), usize::from(known.contains(&asked)));
    }
}

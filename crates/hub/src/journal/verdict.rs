//! The verdict of a verification in words, the same on the auditor's page and on the command line.

use khien_store::journal::{Flaw, FlawKind, Verdict};

use crate::web::i18n::{Arg, Lang};

/// Returns what a verification found: the sentence that counts, then what belongs to it.
pub fn sentences(lang: Lang, verdict: &Verdict) -> Vec<String> {
    let extent = match verdict {
        Verdict::Sound(extent) => extent,
        Verdict::Broken(flaw) => return vec![broken(lang, flaw), lang.t("journal-keep")],
    };
    let mut said = vec![lang.ta("journal-sound", &[("lines", extent.lines.into())])];
    said.push(match extent.confirmed {
        Some(seq) => lang.ta("journal-confirmed", &[("seq", seq.into())]),
        None => lang.t("journal-unconfirmed"),
    });
    if extent.bodies_absent > 0 {
        let count = i64::try_from(extent.bodies_absent).unwrap_or(i64::MAX);
        said.push(lang.ta("journal-absent", &[("count", count.into())]));
    }
    said
}

/// Returns the first bad line and what is wrong with it.
fn broken(lang: Lang, flaw: &Flaw) -> String {
    let (key, other) = match flaw.kind {
        FlawKind::Edited => ("edited", None),
        FlawKind::Dropped { last } => ("dropped", Some(last)),
        FlawKind::Swapped { with } => ("swapped", Some(with)),
        FlawKind::Reordered { was } => ("reordered", Some(was)),
        FlawKind::Replaced { next } => ("replaced", Some(next)),
        FlawKind::BodyAltered => ("body-altered", None),
        FlawKind::BodyMissing => ("body-missing", None),
        FlawKind::TailCut { deposited } => ("tail-cut", Some(deposited)),
        FlawKind::Rehashed => ("rehashed", None),
        FlawKind::HeadForged => ("head-forged", None),
        FlawKind::Unreadable => ("unreadable", None),
    };
    let other: Vec<_> = other.map(|line| ("line", Arg::Number(line))).into_iter().collect();
    let what = lang.ta(&format!("journal-flaw-{key}"), &other);
    lang.ta("journal-broken", &[("line", flaw.seq.into()), ("what", Arg::Text(&what))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_journal_names_the_line_and_the_flaw_in_both_languages() {
        let verdict = Verdict::Broken(Flaw { seq: 7, kind: FlawKind::Swapped { with: 12 } });
        for lang in [Lang::Vi, Lang::En] {
            let said = sentences(lang, &verdict).join(" ");
            assert!(said.contains('7') && said.contains("12"), "{said}");
        }
    }
}

//! The parts of a report, from the short answer down to what it was made with.

use std::path::Path;

use khien_detect::{Level, RuleInfo, Tactic, Unmapped};
use maud::{Markup, html};

use super::super::input::Source;
use super::super::number;
use super::super::summary::at_least;
use super::super::tally::{Host, Reached, Span, Subject, Tally};
use super::super::timeline::View;
use super::super::unmapped::Sources;
use super::picture::{self, COLUMNS_MAX, NARROW, WIDE};
use super::{Filed, Hunted, Samples, Words, count, host_name, moment, name};

/// Rules of a report.
const RULES_SHOWN_MAX: usize = 500;
/// Hosts of a report.
const HOSTS_SHOWN_MAX: usize = 100;
/// Hosts whose way through time is drawn.
const LANES_MAX: usize = 15;
/// Looks at the timeline, each closer than the one before.
const VIEWS_MAX: usize = 3;
/// Rules and hosts that are named first of all.
const FIRST_SHOWN: usize = 3;
/// Techniques of a report, and of one rule.
const TECHNIQUES_SHOWN_MAX: usize = 80;
const TECHNIQUES_OF_RULE_MAX: usize = 8;
/// Inputs, refused rules, paths of a report, each.
const LINES_SHOWN_MAX: usize = 200;

pub(super) fn head(hunted: &Hunted<'_>, tally: &Tally, words: Words) -> Markup {
    let now = jiff::Timestamp::now().as_microsecond();
    html! {
        header {
            p.brand { "KHIÊN" @if let Some(tlp) = tally.marking { span.marking { (tlp.label()) } } }
            h1 { (words.both("hunt-report")) }
            ul.paths { @for path in hunted.paths.iter().take(FIRST_SHOWN) { li { (shown(path)) } }
                @if hunted.paths.len() > FIRST_SHOWN { li { "… " (hunted.paths.len()) } } }
            p.made { (words.with("hunt-made", &[("at", (&moment(now)).into())])) }
        }
    }
}

pub(super) fn found(hunted: &Hunted<'_>, tally: &Tally, words: Words) -> Markup {
    let machines = tally.hosts().iter().filter(|host| !host.name.is_empty()).count();
    html! {
        section.answer {
            h2 { (words.both("hunt-found")) }
            div.tiles {
                @for level in Level::ALL.into_iter().rev() {
                    @let hits = tally.levels[level as usize];
                    div.tile.(format!("t-{}", level.name())).none[hits == 0] {
                        b { (count(hits)) } span { (words.both(&format!("level-{}", level.name()))) }
                    }
                }
            }
            @if tally.hits() == 0 {
                p.quiet { (words.both("hunt-nothing")) }
            } @else {
                (first(tally, words))
            }
            dl.facts {
                (fact(words, "hunt-hosts", html! { (at_least(machines, tally.beyond > 0)) }))
                (fact(words, "hunt-rules-fired", html! { (tally.subjects().len()) }))
                (fact(words, "hunt-events", html! { (count(hunted.events)) }))
                (fact(words, "hunt-events-unmapped", html! { (count(hunted.unmapped.total())) }))
                (fact(words, "hunt-files", html! {
                    (hunted.inputs.sources.len()) " · " (size(hunted.inputs.sources.iter().map(Source::bytes).sum()))
                }))
                (fact(words, "hunt-span", span(hunted.span)))
                (fact(words, "hunt-unread", html! { (hunted.problems) }))
            }
        }
    }
}

fn fact(words: Words, key: &str, value: Markup) -> Markup {
    html! { div { dt { (words.both(key)) } dd { (value) } } }
}

/// Where whoever reads this begins.
fn first(tally: &Tally, words: Words) -> Markup {
    let (hosts, subjects) = (tally.hosts(), tally.subjects());
    html! {
        div.first {
            div { h3 { (words.both("hunt-first-hosts")) }
                ol { @for host in hosts.iter().filter(|host| !host.name.is_empty()).take(FIRST_SHOWN) {
                    li { b { (host_name(host)) } " " (levels(host, words)) }
                } }
            }
            div { h3 { (words.both("hunt-first-rules")) }
                ol { @for (place, subject) in subjects.iter().take(FIRST_SHOWN) {
                    li { a href=(format!("#r{place}")) { (title(subject, words)) } " " span.soft { "× " (count(subject.hits)) } }
                } }
            }
        }
    }
}

fn levels(host: &Host, words: Words) -> Markup {
    html! {
        @for level in Level::ALL.into_iter().rev() {
            @let hits = host.levels[level as usize];
            @if hits > 0 {
                span.chip.(format!("t-{}", level.name())) title=(words.one(&format!("level-{}", level.name()))) { (count(hits)) }
                " "
            }
        }
    }
}

pub(super) fn time(tally: &Tally, words: Words) -> Markup {
    // Each closer look is at the fullest column of the one before.
    let closest = |view: &View| tally.timeline.closer(view, COLUMNS_MAX);
    let views = std::iter::successors(tally.timeline.whole(COLUMNS_MAX), closest);
    let views: Vec<View> = views.take(VIEWS_MAX).collect();
    let mut hosts = tally.hosts();
    hosts.retain(|host| !host.name.is_empty() && host.span.0.is_some());
    let (machines, shown) = (hosts.len(), number(LANES_MAX as u64));
    let all = at_least(machines, tally.beyond > 0);
    hosts.truncate(LANES_MAX);
    html! {
        section {
            h2 { (words.both("hunt-timeline")) }
            p.legend { @for level in Level::ALL.into_iter().rev() {
                span { i.(format!("t-{}", level.name())) {} (words.one(&format!("level-{}", level.name()))) }
            } }
            @for (place, view) in views.iter().enumerate() {
                @if place > 0 { h3 { (words.both("hunt-closer")) } }
                p.caption {
                    (words.with("hunt-view", &[("from", (&moment(view.start_s * 1_000_000)).into())])) " "
                    (words.both(&format!("hunt-width-{}", view.width_s)))
                }
                @for canvas in [WIDE, NARROW] { (picture::timeline(view, canvas, words.first)) }
            }
            @if tally.untimed > 0 { p.note { (words.with("hunt-untimed", &[("hits", number(tally.untimed))])) } }
            @if hosts.len() > 1 {
                h3 { (words.both("hunt-lanes")) }
                p.caption {
                    (words.both("hunt-lanes-help"))
                    @if machines > LANES_MAX {
                        " " (words.with("hunt-lanes-first", &[("shown", shown), ("all", (&all).into())]))
                    }
                }
                @for canvas in [WIDE, NARROW] { (picture::lanes(&hosts, canvas, words.first)) }
            }
        }
    }
}

pub(super) fn attack(tally: &Tally, words: Words) -> Markup {
    let reached = tally.reached();
    let of = |tactic: Tactic| reached.iter().find(|one| one.tactic == tactic);
    // What ATT&CK has since told apart is only shown where rules still say it.
    let shown =
        Tactic::ALL.into_iter().filter(|one| *one != Tactic::DefenseEvasion || of(*one).is_some());
    html! {
        section {
            h2 { "MITRE ATT&CK" }
            @if reached.is_empty() { p.note { (words.both("hunt-no-attack")) } }
            div.matrix { @for tactic in shown { (cell(tactic, of(tactic), words)) } }
            (practised(tally, words))
        }
    }
}

fn cell(tactic: Tactic, reached: Option<&Reached>, words: Words) -> Markup {
    let key = format!("tactic-{}", tactic.name());
    html! {
        div.cell.none[reached.is_none()].(reached.map(|one| format!("e-{}", one.highest.name())).unwrap_or_default()) {
            h3 { (words.both(&key)) }
            @if let Some(one) = reached {
                p.big { (count(one.hits)) }
                p.soft { (words.with("hunt-of-rules", &[("count", number(one.rules as u64))])) }
            }
        }
    }
}

/// Every technique with how often it was found.
fn practised(tally: &Tally, words: Words) -> Markup {
    let practised = tally.practised();
    html! {
        @if !practised.is_empty() {
            h3.below { (words.both("hunt-practised")) }
            p.practised {
                @for one in practised.iter().take(TECHNIQUES_SHOWN_MAX) {
                    span.practice.(format!("e-{}", one.highest.name())) { (technique(&one.technique)) " " b { (count(one.hits)) } } " "
                }
                @if practised.len() > TECHNIQUES_SHOWN_MAX { span.soft { "… +" (practised.len() - TECHNIQUES_SHOWN_MAX) } }
            }
        }
    }
}

fn technique(number: &str) -> Markup {
    let page = number.replace('.', "/");
    html! { a href=(format!("https://attack.mitre.org/techniques/{page}/")) rel="noreferrer" { (number) } }
}

pub(super) fn hosts(tally: &Tally, words: Words) -> Markup {
    let hosts = tally.hosts();
    let rest = hosts.len().saturating_sub(HOSTS_SHOWN_MAX);
    let hits: u64 = hosts.iter().skip(HOSTS_SHOWN_MAX).map(|host| host.hits()).sum();
    html! {
        section {
            h2 { (words.both("hunt-by-host")) }
            table {
                thead { tr {
                    th { (words.both("hunt-host")) }
                    th.number { (words.both("hunt-hits")) }
                    th { (words.both("hunt-level")) }
                    th.number { (words.both("hunt-rules")) }
                    th { (words.both("hunt-first")) } th { (words.both("hunt-last")) }
                } }
                tbody { @for host in hosts.iter().take(HOSTS_SHOWN_MAX) { tr {
                    th { (host_name(host)) }
                    td.number data-label=(words.one("hunt-hits")) { (count(host.hits())) }
                    td data-label=(words.one("hunt-level")) { (levels(host, words)) }
                    td.number data-label=(words.one("hunt-rules")) { (at_least(host.rules, tally.is_cut())) }
                    (ends(host.span, words))
                } } }
            }
            @if rest > 0 || tally.beyond > 0 {
                p.note { (words.with("hunt-more-hosts", &[("count", number(rest as u64)), ("hits", number(hits + tally.beyond))])) }
            }
            @if tally.beyond > 0 { p.note { (words.with("hunt-beyond", &[("hits", number(tally.beyond))])) } }
        }
    }
}

fn ends(span: Span, words: Words) -> Markup {
    let (first, last) =
        span.0.map_or(("–".to_owned(), "–".to_owned()), |(a, b)| (moment(a), moment(b)));
    html! {
        td.time data-label=(words.one("hunt-first")) { (first) }
        td.time data-label=(words.one("hunt-last")) { (last) }
    }
}

pub(super) fn rules(tally: &Tally, samples: &Samples, words: Words) -> Markup {
    let subjects = tally.subjects();
    let rest = subjects.len().saturating_sub(RULES_SHOWN_MAX);
    let hits: u64 = subjects.iter().skip(RULES_SHOWN_MAX).map(|(_, one)| one.hits).sum();
    html! {
        section {
            h2 { (words.both("hunt-by-rule")) }
            p.caption { (words.both("hunt-by-rule-help")) }
            @for (place, subject) in subjects.iter().take(RULES_SHOWN_MAX) {
                (rule(*place, subject, tally, samples, words))
            }
            @if rest > 0 {
                p.note { (words.with("hunt-more-rules", &[("count", number(rest as u64)), ("hits", number(hits))])) }
            }
        }
    }
}

fn rule(place: usize, subject: &Subject, tally: &Tally, samples: &Samples, words: Words) -> Markup {
    let level = subject.level();
    let info = subject.rule();
    html! {
        details.rule.(format!("e-{}", level.name())) #(format!("r{place}")) {
            summary {
                span.chip.(format!("t-{}", level.name())) { (words.one(&format!("level-{}", level.name()))) }
                span.title { (title(subject, words)) }
                span.hits { b { (count(subject.hits)) } " " small { (words.one("hunt-hits-short")) } }
                span.meta {
                    span { (words.one("hunt-hosts")) ": " (at_least(subject.hosts, tally.is_cut())) }
                    span { (span(subject.span)) }
                    @if let Some(rule) = info {
                        @if !rule.author.is_empty() { span { (words.one("rule-author")) ": " (name(&rule.author)) } }
                        span { (rule.techniques().join(" ")) }
                        // Links inside what unfolds cannot be reached by keyboard; paper needs them.
                        @if let Some(link) = web_link(rule) { span.on-paper { (name(link)) } }
                    }
                }
            }
            div.body {
                @if let Some(rule) = info { (about(rule, words)) }
                h4 { (words.both("hunt-samples")) }
                ol.samples {
                    // Rendered, and escaped, when the hit was found.
                    @for sample in samples.of(place) { (maud::PreEscaped(sample)) }
                }
            }
        }
    }
}

fn about(rule: &RuleInfo, words: Words) -> Markup {
    html! {
        @if let Some(advice) = &rule.advice_vi { p.advice lang="vi" { (advice) } }
        @if !rule.description.is_empty() { p.soft lang="en" { (rule.description) } }
        dl.pairs {
            dt { (words.one("rule-id")) } dd { (name(&rule.id)) }
            @let techniques = rule.techniques();
            @if !techniques.is_empty() {
                dt { "ATT&CK" }
                dd { @for one in techniques.iter().take(TECHNIQUES_OF_RULE_MAX) { (technique(one)) " " } }
            }
            dt { (words.one("rule-file")) } dd { (name(&rule.file)) }
            @if let Some(link) = web_link(rule) { dt { (words.one("rule-link")) } dd { a href=(link) rel="noreferrer" { (name(link)) } } }
            @if !rule.falsepositives.is_empty() {
                dt { (words.one("rule-falsepositives")) } dd { (name(&rule.falsepositives.join("; "))) }
            }
        }
    }
}

/// Rules come from strangers: only a link that leads to the web is one.
fn web_link(rule: &RuleInfo) -> Option<&str> {
    let leads = ["https://", "http://"].iter().any(|scheme| rule.link.starts_with(scheme));
    leads.then_some(rule.link.as_str())
}

fn title(subject: &Subject, words: Words) -> Markup {
    let (title, title_vi) = (name(&subject.title()), subject.title_vi().map(|title| name(&title)));
    html! {
        @match (title_vi, words.first) {
            (None, _) => { (title) }
            (Some(vi), khien_hub::web::i18n::Lang::Vi) => { (vi) " " small.other lang="en" { (title) } }
            (Some(vi), khien_hub::web::i18n::Lang::En) => { (title) " " small.other lang="vi" { (vi) } }
        }
    }
}

pub(super) fn inputs(hunted: &Hunted<'_>, words: Words) -> Markup {
    let mut files: Vec<(&Source, &Filed)> =
        hunted.inputs.sources.iter().zip(hunted.files).collect();
    files.sort_by_key(|(source, filed)| (std::cmp::Reverse(filed.hits), &source.path));
    let rest = files.len().saturating_sub(LINES_SHOWN_MAX);
    html! {
        section {
            h2 { (words.both("hunt-inputs")) }
            @if hunted.problems > 0 {
                h3 { (words.with("hunt-problems", &[("count", number(hunted.problems))])) }
                ul.lines { @for told in hunted.told { li { (name(told)) } } }
                @if hunted.problems > hunted.told.len() as u64 { p.note { "… +" (hunted.problems - hunted.told.len() as u64) } }
            }
            @if hunted.inputs.passed_over > 0 {
                p.note { (words.with("hunt-passed-over", &[("count", number(hunted.inputs.passed_over as u64))])) }
            }
            @if !hunted.limits.is_empty() {
                h3 { (words.both("hunt-limits")) }
                ul.lines { @for limit in hunted.limits { li { (words.with(&limit.key(), &limit.args())) } } }
            }
            (unmapped(hunted.unmapped, words))
            details.plain open[files.len() <= 10] {
                summary { (words.with("hunt-file-list", &[("count", number(files.len() as u64))])) }
                table {
                    thead { tr {
                        th { (words.both("hunt-file")) }
                        th.number { (words.both("hunt-hits")) }
                        th.number { (words.both("hunt-events")) }
                        th.number { (words.both("hunt-size")) }
                    } }
                    tbody { @for (source, filed) in files.iter().take(LINES_SHOWN_MAX) { tr {
                        th.path { (shown(&source.path)) }
                        td.number data-label=(words.one("hunt-hits")) { (count(filed.hits)) }
                        td.number data-label=(words.one("hunt-events")) { (count(filed.events)) }
                        td.number data-label=(words.one("hunt-size")) { (size(source.bytes())) }
                    } } }
                }
                @if rest > 0 { p.note { "… +" (rest) } }
            }
        }
    }
}

/// What was read and yet looked at by no rule.
fn unmapped(unmapped: &Unmapped, words: Words) -> Markup {
    let sources = Sources::of(unmapped);
    html! {
        @if unmapped.total() > 0 {
            h3 { (words.with("hunt-unmapped", &[("events", number(unmapped.total()))])) }
            ul.lines { @for (source, events) in sources.told() { li { (name(source)) " " span.soft { "× " (count(*events)) } } } }
            @if sources.more_events() > 0 {
                p.note { (words.with("hunt-unmapped-more", &[("count", (&sources.more()).into()), ("events", number(sources.more_events()))])) }
            }
        }
    }
}

pub(super) fn with_what(hunted: &Hunted<'_>, words: Words) -> Markup {
    let rest = hunted.refused.len().saturating_sub(LINES_SHOWN_MAX);
    html! {
        section {
            h2 { (words.both("hunt-with-what")) }
            dl.pairs {
                dt { (words.both("hunt-rules-loaded")) }
                dd { (hunted.rules_loaded) @if !hunted.refused.is_empty() {
                    "; " (words.with("hunt-rules-refused", &[("count", number(hunted.refused.len() as u64))]))
                } }
                dt { (words.both("hunt-rules-from")) }
                dd { @if hunted.rules.is_empty() { (words.both("hunt-pack")) " " (env!("CARGO_PKG_VERSION")) }
                    @else { (rule_folders(hunted, words)) } }
                @if !hunted.iocs.is_empty() {
                    dt { (words.both("hunt-indicators")) }
                    dd { (count(hunted.indicators_loaded as u64)) @if hunted.indicators_refused > 0 {
                        "; " (words.with("hunt-rules-refused", &[("count", number(hunted.indicators_refused))]))
                    } br; (listed(hunted.iocs)) }
                }
                dt { (words.both("hunt-min-level")) } dd { (words.both(&format!("level-{}", hunted.min_level.name()))) }
                @if let Some(from) = hunted.period.from { dt { (words.both("hunt-from")) } dd { (moment(from.0)) } }
                @if let Some(to) = hunted.period.to { dt { (words.both("hunt-to")) } dd { (moment(to.0)) } }
                dt { (words.both("hunt-took")) } dd { (format!("{:.1} s", hunted.seconds)) }
            }
            @if !hunted.refused.is_empty() {
                details.plain {
                    summary { (words.with("rules-refused", &[("total", number(hunted.refused.len() as u64))])) }
                    ul.lines { @for refused in hunted.refused.iter().take(LINES_SHOWN_MAX) {
                        li { b { (name(refused.title.as_deref().or(refused.id.as_deref()).unwrap_or("–"))) }
                            " " (name(&refused.reason.to_string())) br; small { (shown(&refused.path)) } }
                    } }
                    @if rest > 0 { p.note { "… +" (rest) } }
                }
            }
        }
    }
}

/// The folders, with what was imported there: which rules were used must be known years later.
fn rule_folders(hunted: &Hunted<'_>, words: Words) -> Markup {
    html! {
        @for (folder, pinned) in hunted.rules.iter().zip(hunted.pinned).take(LINES_SHOWN_MAX) {
            span.path { (shown(folder)) } br;
            @if let Some(pinned) = pinned {
                (words.with(pinned.key(), &pinned.args())) br;
                span.path { "SHA-256 " (pinned.sha256) } br;
            }
        }
    }
}

fn listed(paths: &[std::path::PathBuf]) -> Markup {
    html! { @for path in paths.iter().take(LINES_SHOWN_MAX) { span.path { (shown(path)) } br; } }
}

fn shown(path: &Path) -> String {
    name(&path.to_string_lossy())
}

fn span(span: Span) -> Markup {
    html! {
        @match span.0 {
            None => { "–" }
            Some((first, last)) if first == last => { (moment(first)) }
            Some((first, last)) => { (moment(first)) " – " (moment(last)) }
        }
    }
}

/// Returns a size in the unit that leaves few digits.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        if amount < 1024.0 {
            break;
        }
        (amount, unit) = (amount / 1024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{amount:.1} {unit}") }
}

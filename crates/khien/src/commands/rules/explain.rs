//! `khien rules explain`: what a rule asks, in which order, and what that costs.
//!
//! For whoever writes rules, or wonders why one never fires or slows a hunt down. The cost is
//! measured on logs of one's own, with the rule alone and against no rule at all.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use comfy_table::{Table, presets};
use khien_detect::{
    Engine, Explained, ExplainedStep, Next, Origin, Refused, RuleInfo, Rules, Scanner,
};
use khien_event::{Batch, Column, Value};
use khien_hub::web::i18n::{Arg, Lang};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use super::super::hunt::input::Inputs;
use super::super::hunt::reading::Reader;
use super::super::hunt::record::clip;
use super::{Form, Lists, cell};
use crate::Exit;
use crate::talk::say;

/// Rules of one file that are explained.
const RULES_MAX: usize = 50;
/// Steps and witnesses that a terminal is shown of one rule.
const LINES_MAX: usize = 40;
/// Characters of one question.
const QUESTION_CHARS_MAX: usize = 160;
/// Log sources of a sample that are told apart.
const SOURCES_MAX: usize = 1_000;
/// Effort from which a question is dear: regular expressions, keywords.
const DEAR: u32 = 100;

/// The command line.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The id of a rule, or a rule file
    #[arg(value_name = "RULE_ID|FILE")]
    rule: String,
    /// Folders or files of Sigma rules [default: for an id, the rules that travel inside this program;
    /// beside a file, none]
    #[arg(long, value_name = "DIR", num_args = 1..)]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    lists: Lists,
    /// Logs to measure the rule on, as `khien hunt` reads them
    #[arg(long, value_name = "PATH", num_args = 1..)]
    sample: Vec<PathBuf>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

/// A rule with all that is known of it.
struct Told {
    info: Arc<RuleInfo>,
    /// None for a correlation, which asks nothing itself.
    explained: Option<Explained>,
    /// What a correlation counts.
    counted: Vec<Arc<RuleInfo>>,
    measured: Option<Measured>,
}

/// What a rule did on a sample.
#[derive(Debug, Default)]
struct Measured {
    events: u64,
    /// Events of its log source.
    served: u64,
    /// Those by source and event id.
    sources: BTreeMap<String, u64>,
    /// Events that it was tried on.
    tries: u64,
    hits: u64,
    /// CPU time beyond what looking at the events without any rule takes.
    cpu_ns: u64,
}

/// Runs the command.
pub(super) fn run(args: &Args, lang: Lang) -> Result<Exit> {
    let paths = args.rules.iter().chain(&args.sample).chain(&args.lists.values);
    if let Some(absent) = paths.into_iter().find(|path| !path.exists()) {
        say(&lang.ta("install-absent", &[("path", Arg::Text(&absent.display().to_string()))]));
        return Ok(Exit::Usage);
    }
    let file = Path::new(&args.rule);
    // The file first: of two rules with one id, the one that was asked for is kept.
    let named = file.is_file().then(|| file.to_owned());
    let paths: Vec<PathBuf> = named.into_iter().chain(args.rules.iter().cloned()).collect();
    let (rules, refused) = args.lists.load(&paths)?;
    let is_meant = |id: Option<&str>, path: &Path| id == Some(args.rule.as_str()) || path == file;
    let infos = rules.infos().filter(|info| is_meant(Some(&info.id), Path::new(&info.file)));
    let infos: Vec<Arc<RuleInfo>> = infos.take(RULES_MAX).cloned().collect();
    let refused: Vec<&Refused> =
        refused.iter().filter(|one| is_meant(one.id.as_deref(), &one.path)).collect();
    if infos.is_empty() && refused.is_empty() {
        say(&lang.ta("explain-unknown", &[("rule", Arg::Text(&args.rule))]));
        return Ok(Exit::Usage);
    }
    let mut told: Vec<Told> = infos.iter().map(|info| tell(&rules, info)).collect();
    if !args.sample.is_empty() {
        measure(&rules, &args.sample, &mut told)?;
    }
    let text = match args.format {
        Form::Table => table(&told, &refused, lang),
        Form::Json => document(&told, &refused).to_string(),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(if refused.is_empty() { Exit::Nothing } else { Exit::Findings })
}

fn tell(rules: &Rules, info: &Arc<RuleInfo>) -> Told {
    let alone = rules.only(&info.id);
    let explained = (!alone.is_empty()).then(|| Engine::new(alone).split().0.explain(&info.id));
    let counted = rules.counted_by(&info.id).into_iter().cloned().collect();
    Told { info: info.clone(), explained: explained.flatten(), counted, measured: None }
}

/// Reads the sample once and puts every event before each rule by itself, and before none.
fn measure(rules: &Rules, sample: &[PathBuf], told: &mut [Told]) -> Result<()> {
    let none = Rules::from_texts::<String, String>([]).0;
    let mut idle = Engine::new(none).split().0;
    let asked = told.iter_mut().filter(|one| one.explained.is_some());
    let mut alone: Vec<(&mut Told, Scanner, Measured)> = asked
        .map(|one| {
            let scanner = Engine::new(rules.only(&one.info.id)).split().0;
            (one, scanner, Measured::default())
        })
        .collect();
    let inputs = Inputs::find(sample);
    for (path, why) in &inputs.unreadable {
        say(&format!("{}: {why}", path.display()));
    }
    let mut reader = Reader::default();
    for source in &inputs.sources {
        let read = reader.read(source, &mut |batch, _problems| {
            // The first to look brings the events into the cache, the second is measured.
            idle.scan(batch);
            let (idle_ns, _) = timed(|| idle.scan(batch));
            for (told, scanner, measured) in &mut alone {
                let (cpu_ns, found) = timed(|| scanner.scan(batch));
                measured.cpu_ns += cpu_ns.saturating_sub(idle_ns);
                measured.hits += found.hits.len() as u64;
                measured.see(batch, &told.info);
            }
        });
        read.with_context(|| format!("reading {}", source.path.display()))?;
    }
    for (told, scanner, mut measured) in alone {
        measured.tries = scanner.tries().map(|(_, tries)| tries).sum();
        told.measured = Some(measured);
    }
    Ok(())
}

impl Measured {
    fn see(&mut self, batch: &Batch, rule: &RuleInfo) {
        for event in batch.iter() {
            self.events += 1;
            if !Origin::of(event).serves(&rule.source) {
                continue;
            }
            self.served += 1;
            let text = |column| event.column(column).and_then(Value::as_text);
            let channel = text(Column::Channel).unwrap_or(event.format().name());
            let source = match text(Column::Code) {
                Some(code) => clip(&format!("{channel} {code}"), QUESTION_CHARS_MAX),
                None => clip(channel, QUESTION_CHARS_MAX),
            };
            if self.sources.len() < SOURCES_MAX || self.sources.contains_key(&source) {
                *self.sources.entry(source).or_default() += 1;
            }
        }
    }

    fn ns_per_event(&self) -> f64 {
        self.cpu_ns as f64 / self.events.max(1) as f64
    }
}

/// Returns the CPU time of this thread that the work took, ns.
fn timed<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap_or_default()
    };
    let before = now();
    let done = work();
    (now().saturating_sub(before), done)
}

fn table(told: &[Told], refused: &[&Refused], lang: Lang) -> String {
    let mut parts: Vec<String> = told.iter().map(|one| one.table(lang)).collect();
    for one in refused {
        let name = one.title.as_deref().or(one.id.as_deref()).unwrap_or("-");
        let head = lang.ta("explain-refused", &[("rule", Arg::Text(&cell(name)))]);
        let (path, reason) = (cell(&one.path.display().to_string()), cell(&one.reason.to_string()));
        parts.push(format!("{head}\n  {path}\n  {reason}"));
    }
    parts.join("\n\n")
}

impl Told {
    fn table(&self, lang: Lang) -> String {
        let info = &self.info;
        let mut lines = Vec::new();
        let title = info.title_vi.as_deref().filter(|_| lang == Lang::Vi).unwrap_or(&info.title);
        let title = cell(title);
        lines.push(format!("{title} [{}]", lang.t(&format!("level-{}", info.level.name()))));
        let source = if self.explained.is_some() {
            info.source.to_string()
        } else {
            "correlation".to_owned()
        };
        for (key, value) in [
            ("rule-id", &info.id),
            ("rule-file", &info.file),
            ("rule-author", &info.author),
            ("rule-link", &info.link),
            ("rule-source", &source),
            ("rule-tags", &info.tags.join(" ")),
        ] {
            if !value.is_empty() {
                lines.push(format!("  {}: {}", lang.t(key), clip(value, QUESTION_CHARS_MAX * 2)));
            }
        }
        if !info.description.is_empty() {
            lines.push(format!("  {}", clip(&info.description, QUESTION_CHARS_MAX * 4)));
        }
        if let Some(explained) = &self.explained {
            lines.push(String::new());
            lines.extend(witnesses(explained, lang));
            lines.push(String::new());
            lines.push(lang.t("explain-steps"));
            lines.push(steps(&explained.steps, lang));
            if explained.steps.iter().any(|step| step.question.starts_with("EventID")) {
                lines.push(lang.t("explain-event-id"));
            }
        }
        if !self.counted.is_empty() {
            lines.push(lang.t("explain-counts"));
            let counted = self.counted.iter();
            lines.extend(counted.map(|rule| cell(&format!("  {} {}", rule.id, rule.title))));
        }
        if let Some(measured) = &self.measured {
            lines.push(String::new());
            lines.extend(measured.table(lang));
        }
        lines.join("\n")
    }
}

fn witnesses(explained: &Explained, lang: Lang) -> Vec<String> {
    let Some(witnesses) = &explained.witnesses else { return vec![lang.t("explain-always")] };
    let shown = witnesses.iter().take(LINES_MAX);
    let mut lines = vec![lang.t("explain-witnesses")];
    lines.extend(shown.map(|one| format!("  {}", clip(one, QUESTION_CHARS_MAX))));
    lines.extend(more(witnesses.len(), lang));
    lines
}

fn more(count: usize, lang: Lang) -> Option<String> {
    let rest = count.checked_sub(LINES_MAX).filter(|rest| *rest > 0)?;
    Some(
        lang.ta("explain-more", &[("count", Arg::Number(i64::try_from(rest).unwrap_or(i64::MAX)))]),
    )
}

fn steps(steps: &[ExplainedStep], lang: Lang) -> String {
    let mut table = Table::new();
    let head = ["explain-step", "explain-question", "explain-effort", "explain-yes", "explain-no"];
    table.load_style(presets::NOTHING).set_header(head.map(|key| lang.t(key)));
    for (place, step) in steps.iter().enumerate().take(LINES_MAX) {
        table.add_row([
            (place + 1).to_string(),
            clip(&step.question, QUESTION_CHARS_MAX),
            effort(step.effort, lang),
            next(step.yes, lang),
            next(step.no, lang),
        ]);
    }
    match more(steps.len(), lang) {
        Some(more) => format!("{table}\n{more}"),
        None => table.to_string(),
    }
}

fn effort(effort: Option<u32>, lang: Lang) -> String {
    match effort {
        None => lang.t("explain-answered"),
        Some(effort) if effort >= DEAR => format!("{effort} {}", lang.t("explain-dear")),
        Some(effort) => effort.to_string(),
    }
}

fn next(next: Next, lang: Lang) -> String {
    match next {
        Next::Step(place) => format!("→ {}", place + 1),
        Next::Hit => lang.t("explain-hit"),
        Next::Miss => lang.t("explain-miss"),
    }
}

impl Measured {
    fn table(&self, lang: Lang) -> Vec<String> {
        let number = |count: u64| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
        let share = format!("{:.2}", self.tries as f64 * 100.0 / self.events.max(1) as f64);
        let cpu = format!("{:.1}", self.ns_per_event());
        let mut lines = vec![lang.ta(
            "explain-measured",
            &[
                ("events", number(self.events)),
                ("served", number(self.served)),
                ("tries", number(self.tries)),
                ("share", Arg::Text(&share)),
                ("hits", number(self.hits)),
                ("cpu", Arg::Text(&cpu)),
            ],
        )];
        let mut sources: Vec<_> = self.sources.iter().collect();
        sources.sort_by_key(|(_, events)| std::cmp::Reverse(**events));
        lines.extend(
            sources.iter().take(LINES_MAX).map(|(source, events)| format!("  {source}: {events}")),
        );
        lines.extend(more(sources.len(), lang));
        lines
    }
}

/// Returns the answer for machines; its names are fixed.
fn document(told: &[Told], refused: &[&Refused]) -> serde_json::Value {
    let next = |next: Next| match next {
        Next::Step(place) => json!(place),
        Next::Hit => json!("hit"),
        Next::Miss => json!("miss"),
    };
    let step = |step: &ExplainedStep| json!({ "question": step.question, "effort": step.effort, "yes": next(step.yes), "no": next(step.no) });
    let rules: Vec<_> = told
        .iter()
        .map(|one| {
            let info = &one.info;
            let explained = one.explained.as_ref();
            json!({
                "id": info.id, "title": info.title, "title_vi": info.title_vi, "level": info.level.name(),
                "author": info.author, "link": info.link, "file": info.file, "tags": info.tags,
                "log_source": { "product": info.source.product, "category": info.source.category,
                                "service": info.source.service },
                "witnesses": explained.and_then(|one| one.witnesses.as_ref()),
                "steps": explained.map(|one| one.steps.iter().map(step).collect::<Vec<_>>()),
                "counts": one.counted.iter().map(|rule| &rule.id).collect::<Vec<_>>(),
                "sample": one.measured.as_ref().map(|measured| json!({
                    "events": measured.events, "events_of_log_source": measured.served,
                    "log_sources": measured.sources, "tries": measured.tries, "hits": measured.hits,
                    "cpu_ns_per_event": measured.ns_per_event(),
                })),
            })
        })
        .collect();
    let refused: Vec<_> = refused
        .iter()
        .map(|one| {
            json!({ "path": one.path.to_string_lossy(), "id": one.id, "title": one.title,
                    "reason": one.reason.to_string() })
        })
        .collect();
    json!({ "version": 1, "rules": rules, "refused": refused })
}

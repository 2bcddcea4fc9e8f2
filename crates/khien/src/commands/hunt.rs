//! `khien hunt`: log files in, hits out.
//!
//! Hits of single events come in the order of the files and of the events in them, those of rules
//! before those of indicators. What several
//! events make together (correlations) is counted over all files in the order of time, and follows
//! at the end.

mod counted;
mod indicators;
pub(super) mod input;
mod limits;
mod output;
mod period;
pub(super) mod progress;
pub(super) mod reading;
pub(super) mod record;
mod report;
mod scan;
mod sightings;
mod sniff;
mod spool;
mod stats;
mod summary;
mod tally;
mod timeline;
mod unmapped;
pub(super) mod unpack;
mod waiting;
pub(super) mod zip;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use khien_detect::{Correlator, Engine, IocCounters, IocScanner, Level, Refused, Rules, Unmapped};
use khien_event::{Problem, ProblemKind};
use khien_hub::web::i18n::{Arg, Lang};

use super::rules::{Lists, Pinned, lists};
use crate::Exit;
use counted::{Complete, Counted, Texts};
use input::{Inputs, Source};
use limits::Limit;
use output::Output;
use period::{Moment, Period};
use progress::Progress;
use record::Shape;
use report::{Filed, Hunted};
use scan::{Part, Scanners, Search};
use sightings::Sightings;
use stats::Stats;
use tally::Span;

/// Problems told one by one; the rest is only counted.
const PROBLEMS_TOLD_MAX: u64 = 20;
/// Problems that a report lists.
const PROBLEMS_KEPT_MAX: usize = 200;
/// Threads that may be asked for.
const THREADS_MAX: i64 = 256;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Log files and folders, also packed (.gz, .zst, .zip); `-` is standard input. Known by their
    /// content: EVTX, JSON, Suricata EVE, syslog, auth.log, auditd, web access logs of nginx, Apache
    /// and IIS, CEF, LEEF
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folders or files of Sigma rules [default: the rules that travel inside this program]
    #[arg(long, value_name = "DIR", num_args = 1..)]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    lists: Lists,
    /// Files or folders of indicators of compromise to look for as well. Known by their content:
    /// CSV, one a line, STIX 2 bundles, MISP events
    #[arg(long, value_name = "FILE", num_args = 1..)]
    iocs: Vec<PathBuf>,
    /// How to write hits [default: table; html for an output that ends so]
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Write hits to a file; `report.html` becomes a report to read and print
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out hits below this level
    #[arg(long, value_name = "LEVEL", default_value_t = Level::Informational)]
    min_level: Level,
    /// Leave out events before this time (+07:00 unless it says otherwise)
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Leave out events from this time on
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Threads to read and match with [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    threads: Option<u16>,
    /// Tell what it cost: one JSON object, the last line of stderr
    #[arg(long)]
    stats: bool,
    /// Exit with 3 when any input could not be read whole
    #[arg(long)]
    strict: bool,
    /// Count only hits of this level and above as findings
    #[arg(long, value_name = "LEVEL", default_value_t = Level::Informational)]
    fail_on: Level,
}

/// How hits are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// One line per hit for people, with a summary at the end
    Table,
    /// One object, `{"version": 1, "hits": [..], "summary": {..}}`
    Json,
    /// One object per line
    Jsonl,
    /// Comma-separated values with a header
    Csv,
    /// A report for people: one page that needs nothing but itself
    Html,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let period = Period { from: args.from, to: args.to };
    if let Some(why) = unusable(&args, &period, lang) {
        say(&format!("khien: {why}"));
        return Ok(Exit::Usage);
    }
    let began = Instant::now();
    let (rules, refused) = load(&args, lang)?;
    let rules_loaded = rules.len();
    let (rules, correlator) = Engine::new(rules).split();
    let (set, indicators_refused) = indicators::load(&args.iocs, lang)?;
    let indicators_loaded = set.len();
    let scanners = Scanners { rules, indicators: IocScanner::new(Arc::new(set)) };
    let pinned = pinned(&args);
    let seconds_load = began.elapsed().as_secs_f64();

    let inputs = Inputs::find(&args.paths);
    let cpu_before = stats::cpu_seconds();
    let threads = threads(args.threads);
    let mut hunt = Hunt::new(&args, &inputs, lang)?;
    let (search, read) = (hunt.search, hunt.progress.read.clone());
    scan::scan(&inputs.sources, &scanners, threads, search, &read, &mut |file, part| {
        hunt.take(file, part)
    })?;
    // What correlations count may take the room of the rules that were matched.
    drop(scanners);
    hunt.correlate(correlator)?;
    let Hunt {
        output, events, lost, untold, unmapped, span, files, problems, told, limits, ..
    } = hunt;
    if problems > PROBLEMS_TOLD_MAX {
        let count = number(problems - PROBLEMS_TOLD_MAX);
        say(&lang.ta("hunt-more-problems", &[("count", count)]));
    }
    if let Some(told) = indicators::untold(untold, lang) {
        say(&told);
    }
    unmapped::told(&unmapped, lang).iter().for_each(|line| say(line));
    let tally = output.finish(&Hunted {
        paths: &args.paths,
        rules: &args.rules,
        pinned: &pinned,
        iocs: &args.iocs,
        min_level: args.min_level,
        period,
        rules_loaded,
        refused: &refused,
        indicators_loaded,
        indicators_refused,
        inputs: &inputs,
        files: &files,
        events,
        unmapped: &unmapped,
        span,
        problems,
        told: &told,
        limits: &limits,
        seconds: began.elapsed().as_secs_f64(),
    })?;
    let cpu_seconds = stats::cpu_seconds().zip(cpu_before).map(|(after, before)| after - before);

    if args.stats {
        let per_second = |cpu: f64| (cpu > 0.0).then(|| events as f64 / cpu);
        say(&serde_json::to_string(&Stats {
            events,
            events_unmapped: unmapped.total(),
            bytes_in: inputs.sources.iter().map(Source::bytes).sum(),
            hits: tally.hits(),
            rules_loaded,
            rules_refused: refused.len(),
            seconds_total: began.elapsed().as_secs_f64(),
            seconds_load,
            cpu_seconds,
            events_per_second: cpu_seconds.and_then(per_second),
            threads,
            peak_rss_bytes: stats::peak_rss_bytes(),
            indicators_loaded,
            indicators_refused,
        })?);
    }
    let found = tally.highest().is_some_and(|level| level >= args.fail_on);
    Ok(exit(found, lost, args.strict))
}

/// Returns what is wrong with the arguments.
fn unusable(args: &Args, period: &Period, lang: Lang) -> Option<String> {
    if let Some(absent) = absent(args) {
        let path = absent.display().to_string();
        return Some(lang.ta("install-absent", &[("path", Arg::Text(&path))]));
    }
    period.is_empty().then(|| lang.t("hunt-period-empty"))
}

/// Loads the rules, and says what is not at work of what was given.
fn load(args: &Args, lang: Lang) -> Result<(Rules, Vec<Refused>)> {
    let (rules, refused) = args.lists.load(&args.rules)?;
    if rules.is_empty() {
        bail!(lang.t("hunt-no-rules"));
    }
    if !refused.is_empty() {
        say(&lang.ta("hunt-refused", &[("count", number(refused.len() as u64))]));
    }
    if let Some(told) = lists::unused(&rules, lang) {
        say(&told);
    }
    Ok((rules, refused))
}

fn absent(args: &Args) -> Option<&PathBuf> {
    let paths = args.paths.iter().filter(|path| !input::is_stdin(path));
    paths.chain(&args.rules).chain(&args.lists.values).chain(&args.iocs).find(|path| !path.exists())
}

/// Returns how to write: as asked, else as the name of the output says.
fn form(args: &Args) -> Form {
    let ending = args.output.as_deref().and_then(Path::extension).unwrap_or_default();
    let is_page = ["html", "htm"].iter().any(|page| ending.eq_ignore_ascii_case(page));
    args.format.unwrap_or(if is_page { Form::Html } else { Form::Table })
}

/// Returns what the folders of rules are known to hold, which only a report tells. Looked at before
/// the hunt: these are the rules it uses.
fn pinned(args: &Args) -> Vec<Option<Pinned>> {
    if form(args) != Form::Html {
        return Vec::new();
    }
    args.rules.iter().map(|folder| Pinned::of(folder)).collect()
}

fn exit(found: bool, lost: bool, strict: bool) -> Exit {
    match (found, lost) {
        (_, true) if strict => Exit::Partial,
        (true, _) => Exit::Findings,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Nothing,
    }
}

fn threads(asked: Option<u16>) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(available, usize::from)
}

/// Returns a number as an argument of a text.
fn number(number: u64) -> Arg<'static> {
    Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Tells the person at the terminal; when stderr is gone there is nobody to tell.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A hunt under way: takes results in order, writes hits and keeps what correlations need.
struct Hunt<'a> {
    inputs: &'a Inputs,
    lang: Lang,
    search: Search,
    output: Output,
    progress: Progress,
    events: u64,
    unmapped: Unmapped,
    /// The times of all events.
    span: Span,
    /// By input.
    files: Vec<Filed>,
    sightings: Sightings,
    untold: IocCounters,
    problems: u64,
    /// The first of them.
    told: Vec<String>,
    /// What correlations could not do.
    limits: Vec<Limit>,
    /// Some input was not read whole, or not counted whole.
    lost: bool,
}

impl<'a> Hunt<'a> {
    fn new(args: &Args, inputs: &'a Inputs, lang: Lang) -> Result<Self> {
        let period = Period { from: args.from, to: args.to };
        let total = inputs.sources.iter().map(Source::bytes).sum();
        let shape = Shape { form: form(args), indicators: !args.iocs.is_empty(), lang };
        let mut hunt = Self {
            inputs,
            lang,
            search: Search { shape, min_level: args.min_level, period },
            output: Output::open(shape, args.output.as_deref())?,
            progress: Progress::new(total, lang)?,
            events: 0,
            unmapped: Unmapped::default(),
            span: Span::default(),
            files: vec![Filed::default(); inputs.sources.len()],
            sightings: Sightings::default(),
            untold: IocCounters::default(),
            problems: 0,
            told: Vec::new(),
            limits: Vec::new(),
            lost: false,
        };
        for (path, why) in &inputs.unreadable {
            hunt.tell(&format!("{}: {why}", path.display()), true);
        }
        if inputs.passed_over > 0 {
            let count = number(inputs.passed_over as u64);
            say(&lang.ta("hunt-passed-over", &[("count", count)]));
        }
        Ok(hunt)
    }

    fn take(&mut self, file: usize, part: Part) -> Result<()> {
        self.events += part.events;
        self.unmapped.add(&part.unmapped);
        self.span.join(part.span);
        self.files[file].events += part.events;
        self.files[file].hits += part.hits.len() as u64;
        self.progress.show(self.events);
        for hit in &part.hits {
            self.output.hit(hit)?;
        }
        self.untold += part.untold;
        self.problems(&self.inputs.sources[file], &part.problems);
        for sighting in &part.sightings {
            self.sightings.add(file, sighting).context("keeping what is to be counted")?;
        }
        Ok(())
    }

    /// Counts what was seen, in the order of time, and writes the events that complete a count.
    fn correlate(&mut self, correlator: Correlator) -> Result<()> {
        self.progress.finish();
        let sightings = std::mem::take(&mut self.sightings);
        let mut unheld = sightings.left_out();
        let counted = Counted::of(sightings, correlator, self.search.min_level)?;
        unheld += counted.left_out;
        self.limits = Limit::met(&counted.counters, unheld);
        for limit in &self.limits {
            self.lost |= limit.hides;
            say(&limit.told(self.lang));
        }
        self.write(&counted.hits, &counted.by_file())
    }

    /// Reads the files once more for hits of rules that count, and writes them in their order.
    fn write(&mut self, hits: &[Complete], by_file: &[usize]) -> Result<()> {
        let mut texts = Texts::of(hits.len());
        for places in by_file.chunk_by(|a, b| hits[*a].file == hits[*b].file) {
            let source = &self.inputs.sources[hits[places[0]].file];
            let mut kept = Ok(());
            let problems =
                scan::revisit(source, hits, places, self.search.shape, &mut |at, hit| {
                    if kept.is_ok() {
                        kept = texts.keep(at, hit);
                    }
                });
            kept.context("keeping hits of rules that count")?;
            self.problems(source, &problems);
        }
        for (place, complete) in hits.iter().enumerate() {
            if let Some(hit) = texts.hit(place, complete)? {
                self.output.hit(&hit)?;
                self.files[complete.file].hits += 1;
            }
        }
        Ok(())
    }

    fn problems(&mut self, source: &Source, problems: &[Problem]) {
        for problem in problems {
            // Replaced bytes cost nothing of the event but a character.
            let lost = problem.kind != ProblemKind::InvalidUtf8;
            let at = problem.at.map(|at| format!(" at {at}")).unwrap_or_default();
            self.tell(&format!("{}{at}: {problem}", source.path.display()), lost);
        }
    }

    fn tell(&mut self, what: &str, lost: bool) {
        self.lost |= lost;
        self.problems += 1;
        if self.told.len() < PROBLEMS_KEPT_MAX {
            self.told.push(what.to_owned());
        }
        if self.problems <= PROBLEMS_TOLD_MAX {
            self.progress.say(what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_follow_the_design() {
        for (found, lost, strict, code) in [
            (false, false, false, Exit::Nothing),
            (true, false, false, Exit::Findings),
            (true, false, true, Exit::Findings),
            (true, true, false, Exit::Findings),
            (true, true, true, Exit::Partial),
            (false, true, false, Exit::Partial),
        ] {
            assert_eq!(exit(found, lost, strict), code);
        }
    }
}

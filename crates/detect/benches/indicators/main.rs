//! `cargo bench -p khien-detect --bench indicators [-- NUMBER]`: what millions of indicators cost
//! in memory, and in time on top of decoding and rules.
//!
//! Times are CPU time of this one thread, so that a busy machine makes them rougher, not wrong.
//! Nothing is decided here; the history is kept in `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod corpus;
mod feed;
mod machine;

use std::path::Path;
use std::sync::Arc;

use khien_detect::{Engine, Indicators, IocBuilder, IocScanner, Rules};
use khien_event::{Batch, Context, Format, parse};

use machine::{cpu_ns, memory_mb};

const NUMBER: u64 = 5_000_000;
/// Passes over the corpus; each has hashes, names and addresses of its own, or else the processor
/// would remember the places of the few that there are.
const PASSES: u64 = 4;
const ROUNDS: usize = 7;
/// Times that all events are looked at within a round.
const SCANS: u32 = 10;

fn main() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !shared.is_dir() {
        println!("SKIPPED: no corpus at {}", shared.display());
        return;
    }
    // Before anything else takes memory and gives it back.
    let number = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(NUMBER);
    let set = load(number);
    let (rules, _) = Rules::load(&[shared.join("sigma/rules/windows")]);
    println!("rules: {}", rules.len());
    measure(Engine::new(rules), Arc::new(set), &corpus::chunks(&shared.join("evtx"), PASSES));
}

fn load(number: u64) -> Indicators {
    let path = std::env::temp_dir().join(format!("khien-indicators-{}.csv", std::process::id()));
    let bytes = feed::write(&path, number).expect("a feed can be written");
    let (before, began) = (memory_mb("VmRSS"), cpu_ns());
    let (set, report) = Indicators::load(std::slice::from_ref(&path));
    let seconds = (cpu_ns() - began) as f64 / 1e9;
    let (after, peak) = (memory_mb("VmRSS"), memory_mb("VmHWM"));
    std::fs::remove_file(&path).expect("the feed is ours");
    println!("indicators: {} of {number}, {} refused", set.len(), report.refused());
    println!("load: {seconds:.1} s, {:.0} MB/s of CSV", bytes as f64 / seconds / 1e6);
    println!(
        "memory: {:.1} MB more, {:.1} MB at the peak of loading, {:.1} MB packed",
        after - before,
        peak - before,
        set.size_bytes() as f64 / 1e6
    );
    set
}

/// Each step goes over all events at once: the kernel counts the time of a thread in ticks.
fn measure(mut engine: Engine, set: Arc<Indicators>, chunks: &[String]) {
    let mut batches = Vec::new();
    let decoding = best(1, || {
        batches = chunks.iter().map(|chunk| decode(chunk)).collect();
    });
    let events: usize = batches.iter().map(Batch::len).sum();
    let matching = best(1, || {
        for batch in &batches {
            engine.batch(batch);
        }
    });
    let mut hits = 0;
    let mut look = |set: Arc<Indicators>| {
        let mut scanner = IocScanner::new(set);
        let mut seen = Vec::new();
        best(SCANS, || {
            seen.clear();
            batches.iter().for_each(|batch| scanner.scan(batch, 0, &mut seen));
            hits = seen.len();
        })
    };
    let few = look(Arc::new(with_one_of_each(Indicators::builder())));
    let looking = look(set);
    let each = |ns: f64| ns / events as f64;
    println!("{events} events, {hits} indicators seen");
    println!("decoding {:.0} ns, rules {:.0} ns an event", each(decoding), each(matching));
    println!(
        "indicators {:.0} ns an event ({:.0} ns with a handful of them): {:+.2} %",
        each(looking),
        each(few),
        looking / (decoding + matching) * 100.0
    );
}

/// A set in which every kind is looked for, and nothing is found.
fn with_one_of_each(mut builder: IocBuilder) -> Indicators {
    let hashes = [32, 40, 64].map(|digits| feed::hash(0, digits)).join("\n");
    let list = format!("{hashes}\n203.0.113.1\nnobody.test\nhttp://nobody.test/x\n");
    builder.text("one of each", list.as_bytes());
    builder.finish().0
}

fn decode(chunk: &str) -> Batch {
    let mut batch = Batch::new();
    parse(Format::Json, chunk.as_bytes(), &Context::received(0), &mut batch);
    batch
}

/// Returns the nanoseconds of the least disturbed of several rounds, each `times` times the work.
fn best(times: u32, mut work: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let began = cpu_ns();
        (0..times).for_each(|_| work());
        (cpu_ns() - began) as f64 / f64::from(times)
    });
    rounds.fold(f64::INFINITY, f64::min)
}

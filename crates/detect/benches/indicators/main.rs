//! `cargo bench -p khien-detect --bench indicators [-- NUMBER]`: what millions of indicators cost
//! in memory, and in time on top of decoding and rules.
//!
//! Of each chunk's rounds the least disturbed counts, so that a busy machine makes times rougher, not
//! wrong.
//! Nothing is decided here; the history is kept in `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod corpus;
mod feed;
mod machine;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use khien_detect::{Engine, Indicators, IocBuilder, IocScanner, Rules};
use khien_event::{Batch, Context, Format, parse};

use machine::{cpu_ns, memory_mb};

const NUMBER: u64 = 5_000_000;
/// Passes over the corpus; each has hashes, names and addresses of its own, or else the processor
/// would remember the places of the few that there are.
const PASSES: u64 = 4;
const ROUNDS: usize = 15;

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

/// What each step takes for one chunk: decoding, rules, indicators, a handful of them.
type Steps = [Duration; 4];

/// Takes the steps chunk by chunk, as a hunt does: what is looked at was matched a moment ago.
fn measure(mut engine: Engine, set: Arc<Indicators>, chunks: &[String]) {
    let mut looking = IocScanner::new(set);
    let mut few = IocScanner::new(Arc::new(with_one_of_each(Indicators::builder())));
    let mut least = vec![[Duration::MAX; 4]; chunks.len()];
    let (mut batch, mut seen, mut events) = (Batch::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        events = 0;
        for (chunk, least) in chunks.iter().zip(&mut least) {
            batch.clear();
            let steps: Steps = [
                timed(|| {
                    drop(parse(Format::Json, chunk.as_bytes(), &Context::received(0), &mut batch))
                }),
                timed(|| drop(engine.batch(&batch))),
                timed(|| looking.scan(&batch, 0, &mut seen)),
                timed(|| few.scan(&batch, 0, &mut Vec::new())),
            ];
            least.iter_mut().zip(steps).for_each(|(least, step)| *least = step.min(*least));
            events += batch.len();
        }
    }
    let sum = |step: usize| least.iter().map(|steps| steps[step]).sum::<Duration>();
    let [decoding, rules, looking, few] =
        [0, 1, 2, 3].map(|step| sum(step).as_secs_f64() * 1e9 / events as f64);
    println!("{events} events in {ROUNDS} rounds, {} indicators seen", seen.len() / ROUNDS);
    println!("decoding {decoding:.0} ns, rules {rules:.0} ns an event");
    println!(
        "indicators {looking:.0} ns an event ({few:.0} ns with a handful of them): {:+.2} %",
        looking / (decoding + rules) * 100.0
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// A set in which every kind is looked for, and nothing is found.
fn with_one_of_each(mut builder: IocBuilder) -> Indicators {
    let hashes = [32, 40, 64].map(|digits| feed::hash(0, digits)).join("\n");
    let list = format!("{hashes}\n203.0.113.1\nnobody.test\nhttp://nobody.test/x\n");
    builder.text("one of each", list.as_bytes());
    builder.finish().0
}

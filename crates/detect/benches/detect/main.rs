//! `make bench-detect`: what detection costs, beside the best peer, in one run on one core.
//!
//! Every figure is the median of several rounds and counts the CPU time of this thread only, so
//! that a busy machine makes it rougher but not wrong. Nothing is decided here; the history is kept
//! in `docs/performance.md`. One argument measures only the rows whose name holds it; `profile` does
//! one round of matching, for a profiler.

#![expect(clippy::print_stdout, reason = "the table is what it is run for")]
#![expect(clippy::print_stderr, reason = "rows appear as they are measured")]

mod benign;
mod clock;
mod corpus;
mod floor;
mod ours;
mod peer;
#[path = "../../tests/main/peer.rs"]
mod same;
mod table;

use std::path::{Path, PathBuf};

use corpus::Corpus;
use table::Table;

/// Passes over the corpus; every one but the first has names and numbers of its own.
const PASSES: usize = 8;
/// Lines of the benign stream.
const BENIGN_LINES: usize = 100_000;
const SEED: u64 = 0x004b_6869_656e;

fn main() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !shared.is_dir() {
        println!("SKIPPED: no corpus at {}", shared.display());
        return;
    }
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    match wanted.as_deref() {
        // Memory is a matter of the whole process, so each side has one of its own.
        Some("profile") => profile(&shared),
        Some("memory-ours") => memory_ours(&shared),
        Some("memory-peer") => memory_peer(&shared),
        rows => measure(&shared, rows.unwrap_or_default()),
    }
}

fn windows(shared: &Path) -> Vec<PathBuf> {
    vec![shared.join("sigma/rules/windows")]
}

/// Measures the rows whose name holds a text.
fn measure(shared: &Path, rows: &str) {
    let mut table = Table::of(rows);
    let corpus = Corpus::read(&shared.join("evtx"), PASSES, SEED);
    println!(
        "{} events of {} files, {:.0} bytes each as JSON, {} passes",
        corpus.distinct,
        corpus.files.len(),
        corpus.bytes_per_event(),
        PASSES
    );

    let (load_s, rules) = ours::load(&windows(shared));
    let (peer_load_s, peer) = peer::load(&windows(shared));
    println!("rules: ours {}, peer {}", rules.len(), peer.rule_count());
    let mut same = same::Peer::load(&windows(shared), &rules);
    let mut engine = ours::engine(rules);

    let ours_hits = ours::parse_and_match(&mut engine, &corpus.lines).hits;
    let peer_hits = peer::parse_and_match(&peer, &corpus.lines).hits;
    println!("hits: ours {ours_hits}, peer {peer_hits}");

    table.row("JSON parse + match, windows rules", || {
        let ours = ours::parse_and_match(&mut engine, &corpus.lines);
        (ours, Some(peer::parse_and_match(&peer, &corpus.lines)))
    });
    table.row("match only", || {
        (ours::match_only(&mut engine, &corpus.lines), Some(peer::match_only(&peer, &corpus.lines)))
    });
    let read = ours::read(&corpus.lines, |event| same.read(event));
    let same_hits = peer::match_read(&read).hits;
    println!("hits of a peer with the same {} rules and words: {same_hits}", same.len());
    table.row("match only, both find the same", || {
        (ours::match_only(&mut engine, &corpus.lines), Some(peer::match_read(&read)))
    });
    drop(read);
    let created = corpus.of_category("process_creation");
    table.row("process_creation, parse + match", || {
        let ours = ours::parse_and_match(&mut engine, &created);
        (ours, Some(peer::parse_and_match(&peer, &created)))
    });
    table.row("process_creation, match only", || {
        (ours::match_only(&mut engine, &created), Some(peer::match_only(&peer, &created)))
    });
    table.row("EVTX files, end to end", || (ours::from_files(&mut engine, &corpus.files), None));
    table.row("EVTX decoding only; the evtx crate", || {
        (ours::decode_files(&corpus.files), Some(floor::decode_files(&corpus.files)))
    });
    table.row("JSON decoding only; serde_json", || {
        (ours::decode_lines(&corpus.lines), Some(floor::decode_lines(&corpus.lines)))
    });

    let (_, all) = ours::load(&[shared.join("sigma/rules")]);
    let (_, peer_all) = peer::load(&[shared.join("sigma/rules")]);
    println!("all rules: ours {}, peer {}", all.len(), peer_all.rule_count());
    let mut engine = ours::engine(all);
    let benign = benign::stream(BENIGN_LINES, SEED);
    table.row("benign stream, all rules", || {
        let ours = ours::parse_and_match(&mut engine, &benign);
        (ours, Some(peer::parse_and_match(&peer_all, &benign)))
    });
    table.print();
    println!("rule load: ours {load_s:.3} s, peer {peer_load_s:.3} s (windows rules)");
    for side in ["memory-ours", "memory-peer"] {
        let program = std::env::current_exe().expect("this program has a path");
        let out = std::process::Command::new(program).arg(side).output().expect("it runs again");
        print!("{}", String::from_utf8_lossy(&out.stdout));
    }
}

fn memory_ours(shared: &Path) {
    let (_, rules) = ours::load(&[shared.join("sigma/rules")]);
    let mut engine = ours::engine(rules);
    ours::from_files(&mut engine, &corpus::files(&shared.join("evtx")));
    println!("peak memory, all rules, EVTX streamed: ours {}", clock::peak_memory());
}

fn memory_peer(shared: &Path) {
    let (_, engine) = peer::load(&[shared.join("sigma/rules")]);
    println!("peak memory, all rules, after load: peer {}", clock::peak_memory());
    drop(engine);
}

/// One round of each kind, for a profiler.
fn profile(shared: &Path) {
    let corpus = Corpus::read(&shared.join("evtx"), 1, SEED);
    let (_, rules) = ours::load(&windows(shared));
    let mut engine = ours::engine(rules);
    ours::match_only(&mut engine, &corpus.lines);
    ours::match_only(&mut engine, &corpus.lines);
}

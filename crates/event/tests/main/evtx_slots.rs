//! Event logs that lost whole chunks: nothing in them is broken, only the file header knows. Logs
//! that were copied while in use look much alike and lost nothing.

use std::ops::Range;
use std::path::Path;

use khien_event::ProblemKind::{Corrupt, Truncated};
use khien_event::{Batch, Context, Format, Problem, ProblemKind, evtx, parse};

use crate::corpus::{corpus, files};

const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 64 * 1024;
const LAST_AT: usize = 16;
const COUNT_AT: usize = 42;
const FLAGS_AT: usize = 120;
const SUM_AT: usize = 124;
const DIRTY: u8 = 1;
/// Of the sample that every made-up log repeats.
const EVENTS_PER_CHUNK: usize = 3;

/// Returns a log of so many chunks with the count of chunks that its header tells.
fn log(chunks: usize, promised: u16) -> Vec<u8> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evtx/testdata/three_records.in");
    let sample = std::fs::read(sample).unwrap();
    let (header, chunk) = sample.split_at(FILE_HEADER_BYTES);
    let mut log = [header, &chunk.repeat(chunks)].concat();
    log[LAST_AT..LAST_AT + 8].copy_from_slice(&(u64::from(promised) - 1).to_le_bytes());
    log[COUNT_AT..COUNT_AT + 2].copy_from_slice(&promised.to_le_bytes());
    sign(&mut log);
    log
}

fn sign(log: &mut [u8]) {
    let sum = crc32fast::hash(&log[..FLAGS_AT]);
    log[SUM_AT..SUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
}

fn offset(slot: usize) -> usize {
    FILE_HEADER_BYTES + slot * CHUNK_BYTES
}

fn wipe(log: &mut [u8], slots: Range<usize>) {
    log[offset(slots.start)..offset(slots.end)].fill(0);
}

/// Reads the log whole and as a stream; both must tell the same.
fn read(log: &[u8]) -> (usize, Vec<Problem>) {
    let mut batch = Batch::new();
    let whole = parse(Format::Evtx, log, &Context::received(0), &mut batch);
    let (mut events, mut streamed) = (0, Vec::new());
    evtx::read(log, &mut |batch, told| {
        events += batch.len();
        streamed.extend_from_slice(told);
    })
    .unwrap();
    assert_eq!((events, &streamed), (batch.len(), &whole));
    (events, whole)
}

/// Reads the log and returns how many of the sample's chunks were read, and what was wrong.
fn told(log: &[u8]) -> (usize, Vec<(ProblemKind, usize, String)>) {
    let (events, problems) = read(log);
    let told = |problem: Problem| (problem.kind, problem.at.unwrap() as usize, problem.detail);
    (events / EVENTS_PER_CHUNK, problems.into_iter().map(told).collect())
}

fn cut(slot: usize, detail: &str) -> (ProblemKind, usize, String) {
    (Truncated, offset(slot), detail.to_owned())
}

fn blank(slot: usize, chunks: usize) -> (ProblemKind, usize, String) {
    (Corrupt, offset(slot), format!("blank space where chunks should be: {chunks}"))
}

#[test]
fn what_the_header_counts_and_the_file_lacks_is_told() {
    let whole = log(6, 6);
    assert_eq!(told(&whole), (6, vec![]));
    let missing = |left| cut(left, &format!("{left} of 6 chunks that the header counts"));
    for left in [0, 1, 5] {
        assert_eq!(told(&whole[..offset(left)]), (left, vec![missing(left)]));
    }
    // Cut within a chunk: that one is told for itself, and the two behind it are missing.
    let (read, problems) = told(&whole[..offset(3) + CHUNK_BYTES / 2]);
    assert_eq!((read, problems.len()), (4, 2));
    assert_eq!(problems[1], missing(4));
    for (wiped, lost) in [(2..4, blank(2, 2)), (0..1, blank(0, 1)), (3..6, blank(3, 3))] {
        let mut log = whole.clone();
        wipe(&mut log, wiped.clone());
        assert_eq!(told(&log), (6 - wiped.len(), vec![lost]));
    }
    let mut log = whole.clone();
    wipe(&mut log, 0..2);
    wipe(&mut log, 4..6);
    assert_eq!(told(&log), (2, vec![blank(0, 2), blank(4, 2)]));
    wipe(&mut log, 0..6);
    assert_eq!(told(&log[..offset(5)]), (0, vec![blank(0, 5), missing(5)]));
}

#[test]
fn a_log_copied_while_in_use_lost_nothing() {
    // Its header is behind, and there is blank space behind the last chunk.
    for promised in 1..=4 {
        let mut log = log(6, promised);
        wipe(&mut log, 4..6);
        assert_eq!(told(&log), (4, vec![]));
        assert_eq!(told(&log[..offset(5)]), (4, vec![]));
        assert_eq!(told(&log[..offset(4) + 100]), (4, vec![]));
        // Not even its checksum need be right.
        log[FLAGS_AT] = DIRTY;
        log[SUM_AT] ^= 1;
        assert_eq!(told(&log), (4, vec![]));
    }
    let mut log = log(6, 2);
    wipe(&mut log, 3..5);
    assert_eq!(told(&log), (4, vec![blank(3, 2)]), "a chunk stands behind the hole");
}

#[test]
fn a_header_that_is_damaged_is_told_and_promises_nothing() {
    let mut log = log(2, 2);
    log[COUNT_AT + 1] = 0xFF;
    let damaged = "file header not as its checksum says; missing chunks cannot be told";
    assert_eq!(told(&log), (2, vec![(Corrupt, 0, damaged.to_owned())]));
}

#[test]
fn the_count_of_a_log_beyond_its_sixteen_bits_goes_round() {
    let mut log = log(3, 5);
    for (last, promised) in [(0x2_0004_u64, 0x2_0005), (0x2_0003, 5), (u64::MAX, 5)] {
        log[LAST_AT..LAST_AT + 8].copy_from_slice(&last.to_le_bytes());
        sign(&mut log);
        let missing = cut(3, &format!("3 of {promised} chunks that the header counts"));
        assert_eq!(told(&log), (3, vec![missing]));
    }
}

#[test]
fn real_logs_miss_chunks_only_when_they_are_taken() {
    let mut paths = Vec::new();
    for part in ["evtx", "sigma/regression_data"] {
        let Some(folder) = corpus(part) else { return };
        files(&folder, "evtx", &mut paths);
    }
    for path in paths {
        let mut log = std::fs::read(&path).unwrap();
        let (events, known) = read(&log);
        let is_of_slots = |problem: &&Problem| problem.detail.contains("chunks");
        assert_eq!(known.iter().find(is_of_slots), None, "{}", path.display());
        let begins = |slot: &usize| log[offset(*slot)..].starts_with(b"ElfChnk\0");
        let last = (0..(log.len() - FILE_HEADER_BYTES) / CHUNK_BYTES).rev().find(begins).unwrap();
        let (left, without) = read(&log[..offset(last)]);
        let lost = |problems: &[Problem]| problems.iter().filter(is_of_slots).count();
        assert!(left < events && lost(&without) == 1, "{}: {without:?}", path.display());
        wipe(&mut log, last..last + 1);
        let (left_of_wiped, without) = read(&log);
        assert!(left_of_wiped == left && lost(&without) == 1, "{}: {without:?}", path.display());
    }
}

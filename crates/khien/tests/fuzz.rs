//! The fuzz targets of `fuzz/`, on stable Rust and within every `make test`: first their seeds as
//! they are, among them each input that once found something; then damaged copies, the same ones
//! every time.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library of its own, too")]
mod fuzz;

/// Damaged copies per target. The long search is that of `make fuzz`.
const COPIES: u64 = 400;
/// Damages per copy.
const DAMAGES_MAX: u64 = 8;
/// The longest input: event logs are padded with empty space.
const INPUT_BYTES_MAX: usize = 12 * 1024;

/// What formats are made of: a byte chosen blindly seldom has a meaning.
const WORDS: [&[u8]; 20] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff",
    b"\x00\x80",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"|",
    b"=",
    b":",
    b"{",
    b"[",
    b"<14>",
    b" ",
    b"%",
    b"- ",
    b"*",
    b"\xc4\x91",
    b"18446744073709551616",
];

/// A small generator (xorshift) whose row is the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end.max(1)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the seeds of a target: its own, and the samples of the decoder of its name.
fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folders = [format!("fuzz/seeds/{name}"), format!("crates/event/src/{name}/testdata")];
    let mut paths = Vec::new();
    for folder in folders.iter().map(|folder| root().join(folder)).filter(|path| path.is_dir()) {
        paths.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_none_or(|ending| ending != "out"));
    paths.sort();
    assert!(!paths.is_empty(), "no seeds for {name}");
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// Changes, removes, repeats or inserts something somewhere.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(bytes.len() + 1);
    let end = (at + chance.below(32)).min(bytes.len());
    match chance.below(5) {
        0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let part = bytes[at..end].to_vec();
            let times = 1 + chance.below(20);
            bytes.splice(end..end, part.repeat(times));
        }
        3 => {
            let word = WORDS[chance.below(WORDS.len())];
            let end = (at + word.len()).min(bytes.len());
            bytes.splice(at..end, word.iter().copied());
        }
        _ => {
            let word = WORDS[chance.below(WORDS.len())];
            bytes.splice(at..at, word.iter().copied());
        }
    }
}

#[test]
fn every_target_takes_its_seeds_and_damaged_copies_of_them() {
    for (number, target) in (1..).zip(&fuzz::TARGETS) {
        let seeds = seeds(target.name);
        for (path, seed) in &seeds {
            eprintln!("{}", path.display());
            fuzz::run(target.name, seed);
        }
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(number));
        for copy in 0..COPIES {
            let mut bytes = seeds[chance.below(seeds.len())].1.clone();
            bytes.truncate(INPUT_BYTES_MAX);
            for _ in 0..=chance.below(DAMAGES_MAX as usize) {
                damage(&mut bytes, &mut chance);
            }
            eprintln!("{} {copy}", target.name);
            fuzz::run(target.name, &bytes);
        }
    }
}

/// A target without its file would never be searched, and one more than its seeds would idle.
#[test]
fn every_target_has_its_file() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let files = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap().count();
    assert_eq!(files, fuzz::TARGETS.len());
    for target in &fuzz::TARGETS {
        let name = target.name;
        let file = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(fs::read_to_string(file).unwrap().contains(&format!("run(\"{name}\", bytes)")));
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
    assert!(fuzz::TARGETS.is_sorted_by_key(|target| target.name));
}

//! A feed of invented indicators, the same every time: what large feeds hold, in about their mix.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Result, Write as _};
use std::path::Path;

const FAMILIES: u64 = 300;

/// Writes a table of so many rows, and returns its bytes.
pub(crate) fn write(path: &Path, number: u64) -> Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "value,type,description,valid_until,tlp")?;
    for n in 0..number {
        let (value, kind) = match n % 20 {
            0..8 => (hash(n, 64), "sha256"),
            8..11 => (hash(n, 32), "md5"),
            11..13 => (hash(n, 40), "sha1"),
            13..17 => (domain(n), "domain"),
            17..19 => {
                (format!("https://{}/wp-content/{:x}/gate.php", domain(n), mix(n) >> 40), "url")
            }
            _ => (address(n), "ip"),
        };
        let (family, month, day) = (n % FAMILIES, n % 12 + 1, n % 28 + 1);
        writeln!(out, "{value},{kind},Family {family},2027-{month:02}-{day:02},TLP:GREEN")?;
    }
    out.flush()?;
    Ok(path.metadata()?.len())
}

/// Returns the hash of this number, in so many digits.
pub(crate) fn hash(n: u64, digits: usize) -> String {
    let mut text = String::new();
    let mut state = n;
    while text.len() < digits {
        state = mix(state ^ digits as u64);
        let _ = write!(text, "{state:016x}");
    }
    text.truncate(digits);
    text
}

/// Returns the domain of this number.
pub(crate) fn domain(n: u64) -> String {
    let word = mix(n);
    let head = ["cdn-", "api-", "mail-", "x"][(n % 4) as usize];
    format!("{head}{:x}.{}.test", word >> 32, word % 9)
}

/// Returns the address of this number, which no allow-list names.
pub(crate) fn address(n: u64) -> String {
    let [_, b, c, d, ..] = mix(n ^ 3).to_le_bytes();
    format!("{}.{b}.{c}.{d}", 41 + n % 50)
}

fn mix(n: u64) -> u64 {
    let n = (n.wrapping_add(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    n ^ (n >> 32)
}

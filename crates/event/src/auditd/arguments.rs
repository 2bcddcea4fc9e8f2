//! The command line of an `EXECVE` event: its words, which long ones and many spread over several
//! parts and records.

use std::collections::BTreeMap;

use super::pairs::{self, Form, Pair};
use crate::batch::Writer;

/// The words of a command line by their number.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    words: BTreeMap<u32, Vec<u8>>,
}

impl Arguments {
    /// Gathers the words from the event's records (kind, body).
    pub(super) fn read<'l>(records: impl Iterator<Item = (&'l str, &'l str)>) -> Self {
        let mut arguments = Self::default();
        for (_, body) in records.filter(|(kind, _)| *kind == "EXECVE") {
            for pair in pairs::pairs(body) {
                if let Some(number) = number(pair.key) {
                    // A long word comes in parts, which may cut a character in two.
                    arguments.words.entry(number).or_default().extend(bytes(&pair));
                }
            }
        }
        arguments
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns the words with a space between them.
    pub(super) fn command_line(&self) -> String {
        let words: Vec<_> = self.words.values().map(|word| String::from_utf8_lossy(word)).collect();
        words.join(" ")
    }

    /// Writes `a0`, `a1`, .. until the event has `fields_max` fields.
    pub(super) fn write(&self, fields_max: usize, event: &mut Writer<'_>) {
        let room = fields_max.saturating_sub(event.len());
        for (number, word) in self.words.iter().take(room) {
            event.text(&format!("a{number}"), &String::from_utf8_lossy(word));
        }
    }
}

/// `a3`, and `a3[0]` for a part of a long word; not `argc`, not `a3_len`.
fn number(key: &str) -> Option<u32> {
    let rest = key.strip_prefix('a')?;
    let digits = match rest.split_once('[') {
        Some((digits, part)) => {
            part.strip_suffix(']')?.parse::<u32>().ok()?;
            digits
        }
        None => rest,
    };
    digits.parse().ok()
}

fn bytes(pair: &Pair<'_>) -> Vec<u8> {
    let hex = if pair.form == Form::Plain { pairs::unhex(pair.value) } else { None };
    hex.unwrap_or_else(|| pair.value.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command_line(bodies: &[&str]) -> String {
        Arguments::read(bodies.iter().map(|body| ("EXECVE", *body))).command_line()
    }

    #[test]
    fn words_come_quoted_in_hex_and_in_parts() {
        for (bodies, expected) in [
            (&["argc=2 a0=\"ls\" a1=\"-l\""][..], "ls -l"),
            (&["argc=3 a0=\"sh\" a1=\"-c\" a2=6563686F2022786922"], "sh -c echo \"xi\""),
            (&["a2=\"c\"", "argc=3 a0=\"a\" a1=\"b\""], "a b c"),
            (&["a0=\"x\" a1_len=4 a1[0]=C491 a1[1]=6162"], "x đab"),
            (&["a0=\"x\" a1_len=2 a1[0]=C4 a1[1]=91"], "x đ"),
            (&["argc=1 a0=nothex"], "nothex"),
            (&["argc=1 a99999999999=\"x\" a[0]=\"y\" ax=\"z\""], ""),
        ] {
            assert_eq!(command_line(bodies), expected);
        }
    }
}

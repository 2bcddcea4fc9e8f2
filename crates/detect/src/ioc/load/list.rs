//! Lists: one indicator a line, with whatever people write behind it.

use crate::ioc::builder::{Entry, IocBuilder};
use crate::ioc::hint::Hint;
use crate::ioc::note::Said;
use crate::ioc::report::IocReason;
use crate::ioc::tlp::Tlp;
use crate::ioc::value;

/// Addresses that hosts files send unwanted names to.
const SINKS: [&str; 4] = ["0.0.0.0", "127.0.0.1", "::", "::1"];

/// Takes a line that is neither blank nor a comment.
pub(super) fn take(line: &str, number: u64, builder: &mut IocBuilder) {
    let (value, about) = split(line);
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return builder.source().refuse(number, "", value, IocReason::Encoding);
    }
    let said = Said { about, tlp: Tlp::within(about), ..Said::default() };
    let entry = Entry { value, hint: Hint::Any, id: "", place: number, said };
    let group = builder.file_group();
    builder.entry(group, &entry);
}

/// Splits a line into the value and what is said about it.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim().trim_end_matches([',', ';']);
    let (line, comment) = match line.find([' ', '\t']) {
        None => return (line.trim_matches(['"', '\'']), ""),
        Some(_) => line.split_once(" #").or_else(|| line.split_once("\t#")).unwrap_or((line, "")),
    };
    let line = line.trim();
    let (first, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    if SINKS.contains(&first) && !rest.is_empty() {
        return (rest.split_whitespace().next().unwrap_or_default(), comment);
    }
    // Only a path may hold blanks.
    if rest.is_empty() || value::read(line, Hint::Any, &mut String::new()).is_ok() {
        return (line, comment);
    }
    (first, rest.trim_start_matches(['#', ';', '-', '|', ' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_value_is_told_from_what_follows() {
        for (line, value, about) in [
            ("evil.example", "evil.example", ""),
            ("evil.example,", "evil.example", ""),
            ("\"evil.example\"", "evil.example", ""),
            ("evil.example # Emotet", "evil.example", " Emotet"),
            ("evil.example  Emotet C2", "evil.example", "Emotet C2"),
            ("203.0.113.9\t; Emotet", "203.0.113.9", "Emotet"),
            ("0.0.0.0 evil.example", "evil.example", ""),
            ("C:\\Program Files\\x.exe", "C:\\Program Files\\x.exe", ""),
            ("http://evil.example/#a", "http://evil.example/#a", ""),
        ] {
            assert_eq!(split(line), (value, about), "{line}");
        }
    }
}

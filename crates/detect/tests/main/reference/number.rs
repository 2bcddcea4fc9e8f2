//! Numbers, as rules and logs write them.

use std::cmp::Ordering;

/// Returns the order of two numbers; none when one of the texts is no number. Logs of Windows write
/// many as `0x…`. Whole numbers are compared as such, because a fraction has fewer digits.
pub(crate) fn order(a: &str, b: &str) -> Option<Ordering> {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => fraction(a)?.partial_cmp(&fraction(b)?),
    }
}

fn whole(text: &str) -> Option<i128> {
    let hex = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    match hex {
        Some(digits) if digits.chars().all(|c| c.is_ascii_hexdigit()) => {
            i128::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// Words such as `inf` are none.
fn fraction(text: &str) -> Option<f64> {
    let wordless = text.trim_start_matches(['+', '-']).starts_with(|c: char| !c.is_alphabetic());
    let whole = whole(text).map(|number| number as f64);
    whole.or_else(|| text.parse().ok().filter(|_| wordless))
}

//! Numbers as rules and events write them, compared without losing digits.

use std::cmp::Ordering;

/// An integer (exact) or a fraction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    /// Reads a plain YAML scalar: decimal, `0x`, `0o` or a fraction.
    pub(crate) fn of_rule(text: &str) -> Option<Self> {
        if let Some(octal) = text.strip_prefix("0o") {
            return i128::from_str_radix(octal, 8).ok().map(Self::Int);
        }
        Self::of_event(text)
    }

    /// Reads an event value: Windows writes many numbers as hexadecimal text.
    pub(crate) fn of_event(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let first = digits.as_bytes().first()?;
        if !first.is_ascii_digit() && *first != b'.' {
            return None;
        }
        if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            if hex.starts_with(['-', '+']) || digits.len() != text.len() {
                return None;
            }
            return i128::from_str_radix(hex, 16).ok().map(Self::Int);
        }
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Self::Int);
        }
        text.parse().ok().map(Self::Float)
    }

    /// Returns the order of two numbers; none when one is not a number at all.
    pub(crate) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_float().partial_cmp(&b.as_float()),
        }
    }

    /// Returns the nearest fraction.
    #[expect(clippy::cast_precision_loss, reason = "beyond 53 bits the nearest will do")]
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_written() {
        for (text, same) in [("5", "5"), ("0x10", "16"), ("-3", "-3"), ("1.50", "1.5"), ("+2", "2")]
        {
            let (a, b) = (Number::of_event(text).unwrap(), Number::of_event(same).unwrap());
            assert_eq!(a.order(b), Some(Ordering::Equal), "{text}");
        }
        for text in ["", "-", "x", "1.2.3", "0x", "0xg", "inf", "NaN", "1 2", "-0x1", "0x+1"] {
            assert!(Number::of_event(text).is_none(), "{text}");
        }
        assert!(Number::of_rule("0o17").is_some() && Number::of_event("0o17").is_none());
    }

    #[test]
    fn large_integers_keep_their_last_digit() {
        let a = Number::of_event("18446744073709551615").unwrap();
        let b = Number::of_event("18446744073709551614").unwrap();
        assert_eq!(a.order(b), Some(Ordering::Greater));
    }
}

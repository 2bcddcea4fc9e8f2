//! Domain names: one spelling, and the walk from the last label to the first.
//!
//! Names in other scripts are compared in their ASCII form (RFC 3492): that is what DNS logs hold.

use unicode_normalization::UnicodeNormalization;

use super::mix;
use super::report::IocReason;

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// Labels of an indicator, and of the walk over a name that an event tells.
pub(crate) const LABELS_MAX: usize = 16;

/// Appends the one spelling of an indicator's domain, without `*.` in front and the dot behind.
///
/// # Errors
/// When it is no domain, or one of a single label, which would match too much.
pub(crate) fn normalise(text: &str, out: &mut String) -> Result<(), IocReason> {
    let malformed = Err(IocReason::Malformed("a domain"));
    let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    let start = out.len();
    if spell(text, out).is_none() {
        out.truncate(start);
        return malformed;
    }
    let labels = out[start..].split('.').count();
    let last = out[start..].rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) || labels > LABELS_MAX {
        out.truncate(start);
        return malformed;
    }
    if labels < 2 {
        out.truncate(start);
        return Err(IocReason::TooBroad);
    }
    Ok(())
}

/// Appends the one spelling of a host name; none, with rubbish in `out`, when it cannot be one.
pub(crate) fn spell(text: &str, out: &mut String) -> Option<()> {
    let start = out.len();
    if text.is_ascii() {
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        if text.len() > NAME_BYTES_MAX * 4 {
            return None;
        }
        // U+3002 and its like are dots where input methods write them.
        let folded: String = text.nfkc().flat_map(char::to_lowercase).nfc().collect();
        for (nth, label) in folded.split(['.', '\u{3002}']).enumerate() {
            if nth > 0 {
                out.push('.');
            }
            ascii_label(label, out)?;
        }
    }
    let name = &out[start..];
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(allowed)
    };
    (name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label)).then_some(())
}

fn ascii_label(label: &str, out: &mut String) -> Option<()> {
    if label.is_ascii() {
        out.push_str(label);
        return Some(());
    }
    out.push_str("xn--");
    punycode(label, out)
}

/// Appends the Punycode of a label, by the letter of RFC 3492 §6.3.
fn punycode(label: &str, out: &mut String) -> Option<()> {
    const BASE: u32 = 36;
    let input: Vec<u32> = label.chars().map(u32::from).collect();
    if input.len() > LABEL_BYTES_MAX {
        return None;
    }
    let length = u32::try_from(input.len()).ok()?;
    out.extend(label.chars().filter(char::is_ascii));
    let basic = u32::try_from(label.chars().filter(char::is_ascii).count()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut code, mut delta, mut bias, mut handled) = (128, 0u32, 72, basic);
    while handled < length {
        let next = input.iter().copied().filter(|one| *one >= code).min()?;
        delta = delta.checked_add((next - code).checked_mul(handled + 1)?)?;
        code = next;
        for one in &input {
            if *one < code {
                delta = delta.checked_add(1)?;
            }
            if *one == code {
                let mut rest = delta;
                for k in (BASE..).step_by(BASE as usize) {
                    let threshold = k.saturating_sub(bias).clamp(1, 26);
                    if rest < threshold {
                        break;
                    }
                    out.push(digit(threshold + (rest - threshold) % (BASE - threshold))?);
                    rest = (rest - threshold) / (BASE - threshold);
                }
                out.push(digit(rest)?);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        code += 1;
    }
    Some(())
}

fn digit(value: u32) -> Option<char> {
    char::from_digit(if value < 26 { value + 10 } else { value - 26 }, 36)
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

/// Returns the hash of every tail of a name, shortest first, with where it begins; `deepest`
/// bounds the labels looked at. ASCII case does not count.
#[inline]
pub(crate) fn tails(name: &str, deepest: usize) -> impl Iterator<Item = (u64, usize)> {
    let bytes = name.as_bytes();
    let mut end = bytes.len() + 1;
    let mut hash = mix::START;
    std::iter::from_fn(move || {
        let head = bytes.get(..end.checked_sub(1)?)?;
        let start = memchr::memrchr(b'.', head).map_or(0, |dot| dot + 1);
        hash = mix::chain(hash, mix::folded(&head[start..]));
        end = start;
        Some((hash, start))
    })
    .take(deepest)
}

/// Returns the hash under which an indicator's name is kept.
pub(crate) fn hash(name: &str) -> u64 {
    tails(name, usize::MAX).last().map_or(mix::START, |(hash, _)| hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<String, IocReason> {
        let mut out = String::new();
        normalise(text, &mut out).map(|()| out)
    }

    #[test]
    fn names_get_one_spelling() {
        for (text, expected) in [
            ("Evil.Example", "evil.example"),
            ("*.evil.example.", "evil.example"),
            (".evil.example", "evil.example"),
            ("_dmarc.evil.example", "_dmarc.evil.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("tênmiềngiả.vn", "xn--tnmingi-jya1069dqia.vn"),
            ("TÊNMIỀNGIẢ.VN", "xn--tnmingi-jya1069dqia.vn"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ] {
            assert_eq!(normal(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        let deep = ["a"; LABELS_MAX + 1].join(".");
        for text in ["", ".", "a b.example", "evil..example", "1.2.3.4", &deep, "a/b.example"] {
            assert!(matches!(normal(text), Err(IocReason::Malformed(_))), "{text}");
        }
        assert!(normal(&format!("{}.example", "a".repeat(64))).is_err());
        assert_eq!(normal("vn"), Err(IocReason::TooBroad));
    }

    #[test]
    fn tails_go_from_the_last_label_to_the_first() {
        let name = "www.Evil.example";
        let found: Vec<_> = tails(name, 9).map(|(_, start)| &name[start..]).collect();
        assert_eq!(found, ["example", "Evil.example", "www.Evil.example"]);
        assert_eq!(tails(name, 2).count(), 2);
        assert_eq!(tails(name, 2).last().unwrap().0, hash("evil.example"));
        assert_eq!(tails("", 9).count(), 1);
        assert_ne!(hash("a.b.example"), hash("ab.example"));
    }
}

//! Web addresses: one spelling, and the walk over their beginnings.
//!
//! The spelling is `host[:port]/path?query`: without scheme, user, default port, fragment and the
//! slash at the end; percent codes of plain letters resolved, dot segments removed. An indicator
//! matches the same address and everything below it: behind it stands nothing, `/`, `?` or `&`.

use std::net::IpAddr;

use super::report::IocReason;
use super::{address, domain, mix};

/// Bytes of an address that is looked at; the rest of a longer one is not.
pub(crate) const BYTES_MAX: usize = 2_048;
/// Beginnings of an address that are looked up.
const BEGINNINGS_MAX: usize = 32;

/// Appends the one spelling of an address, with or without a scheme, and returns the length of its
/// host with the port; none, with rubbish in `out`, when it cannot be one.
pub(crate) fn spell(text: &str, out: &mut String) -> Option<usize> {
    let start = out.len();
    let rest = text.split_once("://").map_or(text, |(scheme, rest)| {
        // `://` may also stand in a query.
        if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.*".contains(&byte)) {
            rest
        } else {
            text
        }
    });
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    spell_authority(authority, out)?;
    let host = out.len() - start;
    spell_tail(tail.split('#').next().unwrap_or_default(), out);
    Some(host)
}

/// Appends the one spelling of an indicator's address.
///
/// # Errors
/// When it is no address.
pub(crate) fn normalise(text: &str, out: &mut String) -> Result<(), IocReason> {
    let start = out.len();
    if text.len() > BYTES_MAX || text.contains(char::is_whitespace) || spell(text, out).is_none() {
        out.truncate(start);
        return Err(IocReason::Malformed("a web address"));
    }
    Ok(())
}

/// Returns the host of a spelt address without its port.
pub(crate) fn host(spelt: &str) -> &str {
    let authority = spelt.split(['/', '?']).next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn spell_authority(authority: &str, out: &mut String) -> Option<()> {
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (host_port, ""),
    };
    match address::read(host_port).filter(|_| host_port.starts_with('[') || !host.contains('.')) {
        // An address in brackets, or one of IPv6 without them, which has no port.
        Some(IpAddr::V6(address)) => {
            out.push_str(&format!("[{address}]"));
            if !host_port.starts_with('[') {
                return Some(());
            }
        }
        _ => match address::read(host) {
            Some(address) => out.push_str(&address.to_string()),
            None => domain::spell(host.strip_suffix('.').unwrap_or(host), out)?,
        },
    }
    if !matches!(port, "" | "80" | "443") && port.len() <= 5 {
        out.push(':');
        out.push_str(port);
    }
    Some(())
}

fn spell_tail(tail: &str, out: &mut String) {
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let host_end = out.len();
    for segment in path.split(['/', '\\']).skip(1) {
        match segment {
            "." => {}
            ".." => {
                let parent = out[host_end..].rfind('/').map_or(0, |slash| slash);
                out.truncate(host_end + parent);
            }
            segment => {
                out.push('/');
                spell_percent(segment, out);
            }
        }
    }
    while out.len() > host_end && out.ends_with('/') {
        out.pop();
    }
    if !query.is_empty() {
        out.push('?');
        spell_percent(query, out);
    }
}

/// Appends text with percent codes in one form: none for plain letters, capitals for the others.
fn spell_percent(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let coded = (*byte == b'%').then(|| hex_pair(bytes.get(at + 1..at + 3)?)).flatten();
        at += if coded.is_some() { 3 } else { 1 };
        match coded {
            Some(plain) if plain.is_ascii_alphanumeric() || b"-._~".contains(&plain) => {
                out.push(char::from(plain));
            }
            Some(coded) => push_code(coded, out),
            None if byte.is_ascii_graphic() => out.push(char::from(*byte)),
            None => push_code(*byte, out),
        }
    }
}

fn push_code(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
}

/// Returns the hash of every beginning of a spelt address with where it ends: the host first, the
/// whole last.
pub(crate) fn beginnings(spelt: &str) -> impl Iterator<Item = (u64, usize)> {
    let bytes = spelt.as_bytes();
    let mut start = 0;
    let mut hash = mix::START;
    std::iter::from_fn(move || {
        let rest = bytes.get(start..).filter(|rest| start == 0 || !rest.is_empty())?;
        // A part begins with its own delimiter.
        let is_end = |byte: &u8| matches!(byte, b'/' | b'?' | b'&');
        let length = rest.iter().skip(1).position(is_end).map_or(rest.len(), |at| at + 1);
        hash = mix::chain(hash, mix::exact(&rest[..length]));
        start += length.max(1);
        Some((hash, start.min(bytes.len())))
    })
    .take(BEGINNINGS_MAX)
}

/// Returns the hash under which an indicator's address is kept, and that of its host; none when it
/// has more parts than are ever looked up.
pub(crate) fn hashes(spelt: &str) -> Option<(u64, u64)> {
    let mut all = beginnings(spelt);
    let (host, mut end) = all.next()?;
    let mut whole = host;
    for (hash, hash_end) in all {
        (whole, end) = (hash, hash_end);
    }
    (end == spelt.len()).then_some((whole, mix::spread(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str) -> Option<String> {
        let mut out = String::new();
        spell(text, &mut out).map(|_| out)
    }

    #[test]
    fn addresses_get_one_spelling() {
        for (text, expected) in [
            ("http://Evil.example", "evil.example"),
            ("https://evil.example:443/", "evil.example"),
            ("HTTP://u:p@Evil.example:8080/A/b/#top", "evil.example:8080/A/b"),
            ("evil.example/a/../b/./c", "evil.example/b/c"),
            ("http://evil.example/../../x", "evil.example/x"),
            ("http://evil.example/%7Ea%2fb%20c", "evil.example/~a%2Fb%20c"),
            ("http://evil.example/tài", "evil.example/t%C3%A0i"),
            ("http://evil.example?x=1&u=http://a/", "evil.example?x=1&u=http://a/"),
            ("http://evil.example/x?", "evil.example/x"),
            ("evil.example./x", "evil.example/x"),
            ("http://203.0.113.9:81/x", "203.0.113.9:81/x"),
            ("http://[2001:DB8::1]:8080/x", "[2001:db8::1]:8080/x"),
            ("http://bücher.example/", "xn--bcher-kva.example"),
        ] {
            assert_eq!(spelt(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "http://", "http:///x", "http://a b/", "/only/a/path"] {
            assert_eq!(spelt(text), None, "{text}");
        }
        assert_eq!(host("evil.example:81/x?y"), "evil.example");
        assert_eq!(host("[2001:db8::1]:81/x"), "2001:db8::1");
        assert_eq!(host("203.0.113.9/x"), "203.0.113.9");
    }

    #[test]
    fn beginnings_end_where_something_below_begins() {
        let whole = "evil.example/a/b?x=1&y=2";
        let ends: Vec<_> = beginnings(whole).map(|(_, end)| &whole[..end]).collect();
        assert_eq!(
            ends,
            ["evil.example", "evil.example/a", "evil.example/a/b", "evil.example/a/b?x=1", whole]
        );
        let (hash, host) = hashes("evil.example/a/b").unwrap();
        assert!(beginnings(whole).any(|(one, _)| one == hash));
        assert_eq!(host, mix::spread(beginnings(whole).next().unwrap().0));
        assert!(hashes(&format!("evil.example{}", "/a".repeat(BEGINNINGS_MAX))).is_none());
        assert_eq!(beginnings("").count(), 1);
    }
}

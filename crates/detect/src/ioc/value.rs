//! Reads the value of an indicator: undone defanging, one spelling, and what it is.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;

use super::hint::Hint;
use super::report::IocReason;
use super::{address, domain, path, url};

/// Bytes of a value.
pub(crate) const BYTES_MAX: usize = 4_096;
const EMAIL_BYTES_MAX: usize = 320;

/// A value that was understood. Texts lie in the buffer that was given along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Md5([u8; 16]),
    Imphash([u8; 16]),
    Sha1([u8; 20]),
    Sha256([u8; 32]),
    Ip(IpAddr),
    Range(Vec<IpNet>),
    Domain,
    Url,
    Email,
    File,
}

/// Endings by which a lone word with a dot is taken for a file. None of them is a domain's ending.
#[rustfmt::skip]
static FILE_ENDINGS: &[&str] = &[
    "7z", "apk", "asp", "aspx", "bat", "bin", "chm", "cmd", "cpl", "csv", "dat", "dll", "dmg",
    "doc", "docm", "docx", "dot", "dotm", "efi", "elf", "eml", "exe", "gz", "hta", "htm", "html",
    "img", "ini", "iso", "jar", "jpeg", "jpg", "js", "jse", "json", "jsp", "jspx", "lnk", "log",
    "msg", "msi", "ocx", "odt", "one", "pdf", "php", "png", "ppam", "ppt", "pptm", "pptx", "ps1",
    "psm1", "pyc", "rar", "reg", "rtf", "scr", "sct", "swf", "sys", "tar", "tmp", "txt", "vbe",
    "vbs", "vhd", "vhdx", "war", "wsf", "xla", "xlam", "xll", "xls", "xlsb", "xlsm", "xlsx", "xml",
];

/// Reads a value that is said to be `hint`. A text's one spelling replaces what `out` held.
///
/// # Errors
/// When the value is not what it is said to be, or nothing that is looked for.
pub(crate) fn read(text: &str, hint: Hint, out: &mut String) -> Result<Value, IocReason> {
    out.clear();
    if text.len() > BYTES_MAX {
        return Err(IocReason::TooLarge { what: "a value", max: BYTES_MAX });
    }
    let text = text.trim();
    if matches!(hint, Hint::Any | Hint::Hash)
        && let Some(value) = digest(text)
    {
        return Ok(value);
    }
    let text = &*refang(text);
    match hint {
        Hint::Any => anything(text, out),
        Hint::Hash => Err(IocReason::Malformed("an md5, sha-1 or sha-256 hash")),
        Hint::Md5 => bytes(text).map(Value::Md5).ok_or(IocReason::Malformed("an md5 hash")),
        Hint::Sha1 => bytes(text).map(Value::Sha1).ok_or(IocReason::Malformed("a sha-1 hash")),
        Hint::Sha256 => {
            bytes(text).map(Value::Sha256).ok_or(IocReason::Malformed("a sha-256 hash"))
        }
        Hint::Imphash => bytes(text).map(Value::Imphash).ok_or(IocReason::Malformed("an imphash")),
        Hint::Ip => addresses(text).unwrap_or(Err(IocReason::Malformed("an ip address"))),
        Hint::Domain => host(text, out),
        Hint::Url => url::normalise(text, out).map(|()| Value::Url),
        Hint::Email => email(text, out),
        Hint::File => path::normalise(text, out).map(|()| Value::File),
        // Taken apart by whoever reads the feed.
        Hint::DomainIp | Hint::FileHash => Err(IocReason::Malformed("one value")),
    }
}

fn anything(text: &str, out: &mut String) -> Result<Value, IocReason> {
    if let Some((name, digits)) = text.split_once([':', '='])
        && let Some(hint) = Hint::of_word(name).filter(|hint| hint.is_hash())
    {
        return read(digits, hint, out);
    }
    if let Some(value) = addresses(text) {
        return value;
    }
    if text.contains("://") {
        return url::normalise(text, out).map(|()| Value::Url);
    }
    if text.contains('@') && !text.contains(['/', '\\']) {
        return email(text, out);
    }
    let bytes = text.as_bytes();
    if text.contains('\\') || text.starts_with('/') || bytes.get(1) == Some(&b':') {
        return path::normalise(text, out).map(|()| Value::File);
    }
    if let Some((host, _)) = text.split_once('/') {
        // Without a scheme, only a dot tells a host from a folder.
        let is_host = host.contains('.') && !host.starts_with('.');
        return if is_host {
            url::normalise(text, out).map(|()| Value::Url)
        } else {
            path::normalise(text, out).map(|()| Value::File)
        };
    }
    let unknown = || IocReason::Malformed("an indicator that is looked for");
    let (name, ending) = text.rsplit_once('.').ok_or_else(unknown)?;
    let ending = ending.to_ascii_lowercase();
    if !name.is_empty() && FILE_ENDINGS.binary_search(&&*ending).is_ok() {
        return path::normalise(text, out).map(|()| Value::File);
    }
    host(text, out).map_err(|reason| match reason {
        IocReason::Malformed(_) => unknown(),
        other => other,
    })
}

/// Reads a domain, or an address where one stands in its place, with or without a port.
fn host(text: &str, out: &mut String) -> Result<Value, IocReason> {
    if let Some(value) = addresses(text) {
        return value;
    }
    let name = match text.split_once([':', '|']) {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    };
    domain::normalise(name, out).map(|()| Value::Domain)
}

fn addresses(text: &str) -> Option<Result<Value, IocReason>> {
    let text = text.split_once('|').map_or(text, |(address, _)| address);
    if let Some(address) = address::read(text) {
        return Some(Ok(Value::Ip(address)));
    }
    let nets = match address::read_range(text)? {
        Ok(nets) => nets,
        Err(reason) => return Some(Err(reason)),
    };
    match &*nets {
        [one] => {
            Some(Ok(address::single(one).map_or_else(|| Value::Range(nets.clone()), Value::Ip)))
        }
        _ => Some(Ok(Value::Range(nets))),
    }
}

fn email(text: &str, out: &mut String) -> Result<Value, IocReason> {
    let text = text.strip_prefix("mailto:").unwrap_or(text).trim_matches(['<', '>']);
    let malformed = IocReason::Malformed("an e-mail address");
    let Some((user, host)) = text.rsplit_once('@') else { return Err(malformed) };
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',');
    if user.is_empty() || user.contains(odd) || text.len() > EMAIL_BYTES_MAX {
        return Err(malformed);
    }
    spell_email_user(user, out);
    out.push('@');
    domain::normalise(host, out).map_err(|_| malformed).map(|()| Value::Email)
}

/// Appends the part before the `@` in the spelling that is compared.
pub(crate) fn spell_email_user(user: &str, out: &mut String) {
    crate::sigma::fold::fold_into(user, out);
}

fn digest(text: &str) -> Option<Value> {
    match text.len() {
        32 => bytes(text).map(Value::Md5),
        40 => bytes(text).map(Value::Sha1),
        64 => bytes(text).map(Value::Sha256),
        _ => None,
    }
}

/// Reads exactly `N` bytes in hexadecimal.
pub(crate) fn bytes<const N: usize>(text: impl AsRef<[u8]>) -> Option<[u8; N]> {
    let digits = text.as_ref();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        if (high | low) & 0xF0 != 0 {
            return None;
        }
        *byte = high << 4 | low;
    }
    Some(out)
}

/// Returns the number that sixteen hexadecimal digits write. Anything else gives some number: whoever
/// asks looks at the digits again when the number says something. Panics on fewer than sixteen bytes.
#[inline]
pub(crate) fn hex_head(digits: &[u8]) -> u64 {
    let half = |at: usize| {
        let word = u64::from_le_bytes(*digits[at..].first_chunk().expect("sixteen digits"));
        // Letters have bit 6 and count from 9 on.
        let letters = (word >> 6) & 0x0101_0101_0101_0101;
        let nibbles = (word & 0x0F0F_0F0F_0F0F_0F0F) + letters * 9;
        let pairs = ((nibbles << 4) | (nibbles >> 8)) & 0x00FF_00FF_00FF_00FF;
        let quads = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF;
        u64::from(((quads | (quads >> 16)) as u32).swap_bytes())
    };
    half(0) << 32 | half(8)
}

/// By byte: the value of the hexadecimal digit, else 255.
static NIBBLES: [u8; 256] = {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 10 {
        table[b'0' as usize + value] = value as u8;
        value += 1;
    }
    while value < 16 {
        table[b'a' as usize + value - 10] = value as u8;
        table[b'A' as usize + value - 10] = value as u8;
        value += 1;
    }
    table
};

/// What stands in brackets where a text was made unclickable.
static DEFANGED: [(&str, &str); 7] =
    [(".", "."), ("dot", "."), (":", ":"), ("://", "://"), ("/", "/"), ("@", "@"), ("at", "@")];

/// Undoes `hxxp`, `[.]`, `(dot)`, `[at]` and their like.
pub(crate) fn refang(text: &str) -> Cow<'_, str> {
    let scheme = defanged_scheme(text);
    if scheme.is_none() && !text.contains(['[', '(', '{']) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = match scheme {
        Some((real, rest)) => (real.to_owned(), rest),
        None => (String::with_capacity(text.len()), text),
    };
    while let Some(open) = rest.find(['[', '(', '{']) {
        out.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        let undone = DEFANGED.iter().find_map(|(word, real)| {
            let head = inside.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
            let rest = inside[head.len()..].strip_prefix([']', ')', '}'])?;
            Some((*real, rest))
        });
        match undone {
            Some((real, behind)) => {
                out.push_str(real);
                rest = behind;
            }
            None => {
                out.push_str(&rest[open..=open]);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn defanged_scheme(text: &str) -> Option<(&'static str, &str)> {
    const SCHEMES: [(&str, &str); 6] = [
        ("hxxps", "https"),
        ("hxxp", "http"),
        ("h**ps", "https"),
        ("h**p", "http"),
        ("fxps", "ftps"),
        ("fxp", "ftp"),
    ];
    SCHEMES.iter().find_map(|(word, real)| {
        let head = text.get(..word.len())?;
        let rest = &text[word.len()..];
        let is_scheme = rest.starts_with([':', '[', '(', '{']);
        (is_scheme && head.eq_ignore_ascii_case(word)).then_some((*real, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(text: &str) -> Result<(Value, String), IocReason> {
        let mut out = String::new();
        read(text, Hint::Any, &mut out).map(|value| (value, out))
    }

    #[test]
    fn endings_are_sorted() {
        assert!(FILE_ENDINGS.is_sorted());
    }

    #[test]
    fn sixteen_digits_are_one_number() {
        for text in ["0123456789abcdef", "FEDCBA9876543210", "00000000000000ff"] {
            assert_eq!(hex_head(text.as_bytes()), u64::from_str_radix(text, 16).unwrap());
        }
        hex_head("\u{7f}{}zz é--'\"gG\0\0\0\0".as_bytes());
    }

    #[test]
    fn a_value_tells_what_it_is() {
        for (text, expected, spelt) in [
            ("Evil.Example", Value::Domain, "evil.example"),
            ("evil[.]example", Value::Domain, "evil.example"),
            ("evil.example:8443", Value::Domain, "evil.example"),
            ("hxxps[://]evil(dot)example/A", Value::Url, "evil.example/A"),
            ("hXXp://evil[.]example/a[1]", Value::Url, "evil.example/a[1]"),
            ("evil.example/a", Value::Url, "evil.example/a"),
            ("An[at]Evil.example", Value::Email, "an@evil.example"),
            ("C:\\Temp\\X.exe", Value::File, "c:/temp/x.exe"),
            ("Invoice.PDF", Value::File, "invoice.pdf"),
            ("/tmp/x", Value::File, "/tmp/x"),
            ("203.0.113[.]9", Value::Ip("203.0.113.9".parse().unwrap()), ""),
            ("203.0.113.9:443", Value::Ip("203.0.113.9".parse().unwrap()), ""),
            ("203.0.113.9/32", Value::Ip("203.0.113.9".parse().unwrap()), ""),
            ("203.0.113.0/24", Value::Range(vec!["203.0.113.0/24".parse().unwrap()]), ""),
            ("2001:db8::1", Value::Ip("2001:db8::1".parse().unwrap()), ""),
            (
                "D41D8CD98F00B204E9800998ECF8427E",
                Value::Md5(bytes("d41d8cd98f00b204e9800998ecf8427e").unwrap()),
                "",
            ),
            (
                "md5:d41d8cd98f00b204e9800998ecf8427e",
                Value::Md5(bytes("d41d8cd98f00b204e9800998ecf8427e").unwrap()),
                "",
            ),
            (
                "imphash=d41d8cd98f00b204e9800998ecf8427e",
                Value::Imphash(bytes("d41d8cd98f00b204e9800998ecf8427e").unwrap()),
                "",
            ),
        ] {
            assert_eq!(any(text), Ok((expected, spelt.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_nothing_is_refused() {
        for text in ["", "evil", "hello world", "d41d8cd98f00b204", "@", "a@b", "http://", "x.123"]
        {
            assert!(matches!(any(text), Err(IocReason::Malformed(_))), "{text}: {:?}", any(text));
        }
        assert!(matches!(any(&"x".repeat(5_000)), Err(IocReason::TooLarge { .. })));
        assert_eq!(any("0.0.0.0/0"), Err(IocReason::TooBroad));
        let mut out = String::new();
        for (text, hint) in [
            ("d41d8cd98f00b204e9800998ecf8427", Hint::Md5),
            ("d41d8cd98f00b204e9800998ecf8427g", Hint::Md5),
            ("evil.example", Hint::Ip),
            ("evil example", Hint::Domain),
            ("/a", Hint::Url),
            ("evil.example", Hint::Email),
        ] {
            assert!(read(text, hint, &mut out).is_err(), "{text}");
        }
    }
}

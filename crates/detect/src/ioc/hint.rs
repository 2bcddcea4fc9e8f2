//! What feeds call their kinds of indicator: one table for column heads, type columns and MISP.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a value is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Nothing is said: the value tells.
    Any,
    /// A hash, told apart by its length.
    Hash,
    Md5,
    Sha1,
    Sha256,
    Imphash,
    /// An address or a range, perhaps with a port.
    Ip,
    /// A domain, perhaps with a port.
    Domain,
    Url,
    Email,
    /// A file name or path.
    File,
    /// `domain|address`: two indicators.
    DomainIp,
    /// `name|hash`: the hash is the indicator, the name only tells.
    FileHash,
}

/// Words without case, marks, blanks and signs, as [`squash`] leaves them.
#[rustfmt::skip]
static WORDS: &[(&str, Hint)] = &[
    ("any", Hint::Any),
    ("hash", Hint::Hash), ("hashes", Hint::Hash), ("filehash", Hint::Hash), ("mabam", Hint::Hash),
    ("hashvalue", Hint::Hash),
    ("md5", Hint::Md5), ("md5hash", Hint::Md5), ("hashmd5", Hint::Md5), ("filehashmd5", Hint::Md5),
    ("filemd5", Hint::Md5), ("xmd5", Hint::Md5),
    ("sha1", Hint::Sha1), ("sha1hash", Hint::Sha1), ("hashsha1", Hint::Sha1),
    ("filehashsha1", Hint::Sha1), ("filesha1", Hint::Sha1), ("xsha1fingerprint", Hint::Sha1),
    ("sha256", Hint::Sha256), ("sha256hash", Hint::Sha256), ("hashsha256", Hint::Sha256),
    ("filehashsha256", Hint::Sha256), ("filesha256", Hint::Sha256),
    ("imphash", Hint::Imphash), ("peimphash", Hint::Imphash), ("importhash", Hint::Imphash),
    ("filehashimphash", Hint::Imphash),
    ("ip", Hint::Ip), ("ips", Hint::Ip), ("ipaddress", Hint::Ip), ("ipaddr", Hint::Ip),
    ("address", Hint::Ip), ("ipv4", Hint::Ip), ("ipv6", Hint::Ip), ("ipv4addr", Hint::Ip),
    ("ipv6addr", Hint::Ip), ("ipv4address", Hint::Ip), ("ipv6address", Hint::Ip),
    ("ipsrc", Hint::Ip), ("ipdst", Hint::Ip), ("ipport", Hint::Ip), ("ipv4port", Hint::Ip),
    ("ipsrcport", Hint::Ip), ("ipdstport", Hint::Ip), ("srcip", Hint::Ip), ("dstip", Hint::Ip),
    ("sourceip", Hint::Ip), ("destinationip", Hint::Ip), ("destip", Hint::Ip), ("c2ip", Hint::Ip),
    ("cidr", Hint::Ip), ("ipv4cidr", Hint::Ip), ("ipv6cidr", Hint::Ip), ("network", Hint::Ip),
    ("subnet", Hint::Ip), ("netblock", Hint::Ip), ("range", Hint::Ip), ("iprange", Hint::Ip),
    ("diachiip", Hint::Ip), ("daiip", Hint::Ip), ("dai", Hint::Ip),
    ("domain", Hint::Domain), ("domains", Hint::Domain), ("domainname", Hint::Domain),
    ("hostname", Hint::Domain), ("hostnameport", Hint::Domain), ("host", Hint::Domain),
    ("fqdn", Hint::Domain), ("subdomain", Hint::Domain), ("tenmien", Hint::Domain),
    ("url", Hint::Url), ("urls", Hint::Url), ("uri", Hint::Url), ("link", Hint::Url),
    ("diachiweb", Hint::Url), ("diachiurl", Hint::Url), ("duonglink", Hint::Url),
    ("email", Hint::Email), ("emailaddr", Hint::Email), ("emailaddress", Hint::Email),
    ("mail", Hint::Email), ("emailsrc", Hint::Email), ("emaildst", Hint::Email),
    ("emailreplyto", Hint::Email), ("emailsender", Hint::Email), ("sender", Hint::Email),
    ("thudientu", Hint::Email), ("diachiemail", Hint::Email),
    ("file", Hint::File), ("filename", Hint::File), ("filepath", Hint::File),
    ("path", Hint::File), ("fullpath", Hint::File), ("tentep", Hint::File), ("tenfile", Hint::File),
    ("tentaptin", Hint::File), ("duongdan", Hint::File), ("duongdantep", Hint::File),
    ("domainip", Hint::DomainIp),
    ("filenamemd5", Hint::FileHash), ("filenamesha1", Hint::FileHash),
    ("filenamesha256", Hint::FileHash), ("filenamehash", Hint::FileHash),
    ("malwaresample", Hint::FileHash),
];

impl Hint {
    /// Returns what a word for a kind of indicator means, however it is spelt.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let word = squash(word);
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, hint)| *hint)
    }

    /// Returns true for hashes of files.
    pub(crate) fn is_hash(self) -> bool {
        matches!(self, Self::Hash | Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Imphash)
    }
}

/// Returns the letters and digits of a word, lower-case and without Vietnamese marks.
pub(crate) fn squash(word: &str) -> String {
    let plain = word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    plain.map(|c| if c == 'đ' { 'd' } else { c }).filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_many_names() {
        for (word, expected) in [
            ("FileHash-SHA256", Some(Hint::Sha256)),
            ("sha256_hash", Some(Hint::Sha256)),
            ("SHA-1", Some(Hint::Sha1)),
            ("ip-dst|port", Some(Hint::Ip)),
            ("ip:port", Some(Hint::Ip)),
            ("Địa chỉ IP", Some(Hint::Ip)),
            ("Tên miền", Some(Hint::Domain)),
            ("Mã băm", Some(Hint::Hash)),
            ("Đường dẫn", Some(Hint::File)),
            ("domain|ip", Some(Hint::DomainIp)),
            ("filename|sha256", Some(Hint::FileHash)),
            ("mutex", None),
            ("", None),
        ] {
            assert_eq!(Hint::of_word(word), expected, "{word}");
        }
    }

    #[test]
    fn the_table_is_squashed_and_says_nothing_twice() {
        for (i, (word, _)) in WORDS.iter().enumerate() {
            assert_eq!(squash(word), *word);
            assert!(WORDS[i + 1..].iter().all(|(other, _)| other != word), "{word}");
        }
    }
}

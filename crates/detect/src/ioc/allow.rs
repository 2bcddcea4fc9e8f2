//! What never becomes an indicator: what everybody uses, what belongs to the state, what is not
//! routed. Feeds name such things by mistake or by malice, and then every office alarms at once.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::hint::Hint;
use super::report::IocReason;
use super::url;
use super::value::{self, Value};

/// The list that travels inside the binary; its head tells the form.
const EMBEDDED: &str = include_str!("allow.txt");

/// Entries of the allow-list, by what they are compared with.
#[derive(Clone, Debug)]
pub(crate) struct AllowList {
    /// Names, web addresses, mail addresses and files, each as a whole.
    texts: HashSet<Box<str>>,
    /// Names that are meant with all below them.
    trees: HashSet<Box<str>>,
    hashes: HashSet<Vec<u8>>,
    nets: Vec<IpNet>,
}

impl AllowList {
    /// Returns the embedded list.
    pub(crate) fn embedded() -> Self {
        let mut list = Self {
            texts: HashSet::new(),
            trees: HashSet::new(),
            hashes: HashSet::new(),
            nets: Vec::new(),
        };
        for line in EMBEDDED.lines() {
            list.add(line).expect("a test reads every line of the embedded list");
        }
        list
    }

    /// Adds a line of a list: an entry, a comment or nothing.
    ///
    /// # Errors
    /// When the entry is none of the kinds of indicator.
    pub(crate) fn add(&mut self, line: &str) -> Result<(), IocReason> {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(name) = line.strip_prefix("*.") {
            let mut spelt = String::new();
            super::domain::spell(name, &mut spelt).ok_or(IocReason::Malformed("a domain"))?;
            self.trees.insert(spelt.into());
            return Ok(());
        }
        // Entries may be as broad as they like.
        if let Ok(net) = line.parse::<IpNet>() {
            self.nets.push(net.trunc());
            return Ok(());
        }
        let mut text = String::new();
        match value::read(line, Hint::Any, &mut text)? {
            Value::Md5(bytes) | Value::Imphash(bytes) => self.hash(&bytes),
            Value::Sha1(bytes) => self.hash(&bytes),
            Value::Sha256(bytes) => self.hash(&bytes),
            Value::Ip(address) => self.nets.push(address.into()),
            Value::Range(nets) => self.nets.extend(nets),
            Value::Domain | Value::Url | Value::Email | Value::File => {
                self.texts.insert(text.into());
            }
        }
        Ok(())
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.hashes.insert(bytes.to_vec());
    }

    /// Returns whether the list keeps the value out; `text` is its spelling.
    pub(crate) fn keeps_out(&self, value: &Value, text: &str) -> bool {
        match value {
            Value::Md5(bytes) | Value::Imphash(bytes) => self.hashes.contains(&bytes[..]),
            Value::Sha1(bytes) => self.hashes.contains(&bytes[..]),
            Value::Sha256(bytes) => self.hashes.contains(&bytes[..]),
            Value::Ip(address) => self.allows_ip(*address),
            Value::Range(nets) => {
                nets.iter().all(|net| self.nets.iter().any(|allowed| allowed.contains(net)))
            }
            Value::Domain => self.allows_name(text),
            Value::Url => self.allows_url(text),
            Value::Email | Value::File => self.texts.contains(text),
        }
    }

    /// Returns whether an address lies in an allowed range.
    pub(crate) fn allows_ip(&self, address: IpAddr) -> bool {
        self.nets.iter().any(|net| net.contains(&address))
    }

    /// Returns whether the spelt name is allowed, itself or with a tree above it.
    pub(crate) fn allows_name(&self, name: &str) -> bool {
        self.texts.contains(name) || self.in_tree(name)
    }

    fn in_tree(&self, name: &str) -> bool {
        let mut tail = name;
        loop {
            if self.trees.contains(tail) {
                return true;
            }
            match tail.split_once('.') {
                Some((_, rest)) => tail = rest,
                None => return false,
            }
        }
    }

    /// An address without a path is its host.
    fn allows_url(&self, spelt: &str) -> bool {
        if self.texts.contains(spelt) {
            return true;
        }
        let host = url::host(spelt);
        let is_bare = !spelt.contains(['/', '?']);
        match super::address::read(host) {
            // A path on a machine that nobody can reach is no sign of anything either.
            Some(address) if address.is_loopback() => true,
            Some(address) => is_bare && self.allows_ip(address),
            None => is_bare && self.allows_name(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_out(text: &str) -> bool {
        let mut spelt = String::new();
        let value = value::read(text, Hint::Any, &mut spelt).unwrap();
        AllowList::embedded().keeps_out(&value, &spelt)
    }

    #[test]
    fn every_embedded_line_is_an_entry() {
        let mut list = AllowList::embedded();
        for line in EMBEDDED.lines() {
            assert_eq!(list.add(line), Ok(()), "{line}");
        }
        assert!(list.add("what is this").is_err());
    }

    #[test]
    fn what_everybody_uses_is_kept_out() {
        for text in [
            "gov.vn",
            "portal.province.gov.vn",
            "http://portal.province.gov.vn/",
            "com.vn",
            "github.com",
            "https://github.com",
            "10.1.2.3",
            "192.168.0.0/24",
            "8.8.8.8",
            "104.16.0.0/16",
            "d41d8cd98f00b204e9800998ecf8427e",
            "svchost.exe",
            "http://127.0.0.1/x",
            "fe80::1",
        ] {
            assert!(kept_out(text), "{text}");
        }
    }

    #[test]
    fn what_is_narrow_stays() {
        for text in [
            "evil.com.vn",
            "d111.cloudfront.net",
            "https://github.com/evil/tool",
            "http://portal.province.gov.vn/uploads/shell.php",
            "clerk@province.gov.vn",
            "203.0.113.9",
            "8.0.0.0/8",
            "c:\\users\\public\\svchost.exe",
            "notgov.vn",
        ] {
            assert!(!kept_out(text), "{text}");
        }
    }
}

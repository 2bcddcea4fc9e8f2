//! IP addresses as logs and feeds write them: with brackets, a zone, a port, or as a mapped IPv4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};

use super::report::IocReason;

/// The widest range that may be an indicator: more would match half the world.
const V4_PREFIX_MIN: u8 = 8;
const V6_PREFIX_MIN: u8 = 16;
/// Networks that a range written as `first-last` may fall into.
const NETS_PER_RANGE_MAX: usize = 64;
/// The longest text that can be an address, with brackets, zone and port.
const TEXT_BYTES_MAX: usize = 64;

/// Reads an address; a port or zone behind it is dropped.
#[inline]
pub(crate) fn read(text: &str) -> Option<IpAddr> {
    let first = *text.as_bytes().first()?;
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    if first.is_ascii_digit() {
        if let Some(address) = dotted(text.as_bytes()) {
            return Some(IpAddr::V4(address));
        }
    } else if first != b'[' && !text.bytes().take(5).any(|byte| byte == b':') {
        // The first group of an IPv6 address has four digits at most.
        return None;
    }
    read_rare(text)
}

fn read_rare(text: &str) -> Option<IpAddr> {
    if let Some(inside) = text.strip_prefix('[') {
        let (address, behind) = inside.split_once(']')?;
        return (behind.is_empty() || behind.starts_with(':')).then(|| v6(address)).flatten();
    }
    match text.split_once(':') {
        None => None,
        Some((address, port)) if !port.contains(':') && is_port(port) => {
            dotted(address.as_bytes()).map(IpAddr::V4)
        }
        Some(_) => v6(text),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads four decimal numbers; a leading zero is refused, some would read it as octal.
fn dotted(bytes: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut at = 0;
    for (nth, octet) in octets.iter_mut().enumerate() {
        if nth > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let start = at;
        let mut number = 0u16;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            number = number * 10 + u16::from(digit - b'0');
            at += 1;
            if at - start > 3 {
                return None;
            }
        }
        if at == start || (at - start > 1 && bytes[start] == b'0') {
            return None;
        }
        *octet = u8::try_from(number).ok()?;
    }
    (at == bytes.len()).then(|| octets.into())
}

fn v6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    let address: Ipv6Addr = address.parse().ok()?;
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

/// Reads `network/prefix` or `first-last`; none when the text is neither.
///
/// # Errors
/// When it is a range that is turned around or wider than an indicator may be.
pub(crate) fn read_range(text: &str) -> Option<Result<Vec<IpNet>, IocReason>> {
    if let Some((address, prefix)) = text.split_once('/') {
        let address = read(address.trim())?;
        let prefix: u8 = prefix.trim().parse().ok()?;
        let net = IpNet::new(address, prefix).ok()?;
        return Some(narrow(vec![net.trunc()]));
    }
    let (first, last) = text.split_once('-')?;
    let nets: Vec<IpNet> = match (read(first.trim())?, read(last.trim())?) {
        (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
            Ipv4Subnets::new(first, last, 0).map(IpNet::V4).take(NETS_PER_RANGE_MAX + 1).collect()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
            Ipv6Subnets::new(first, last, 0).map(IpNet::V6).take(NETS_PER_RANGE_MAX + 1).collect()
        }
        _ => return Some(Err(IocReason::Malformed("a range of addresses"))),
    };
    if nets.len() > NETS_PER_RANGE_MAX {
        return Some(Err(IocReason::Malformed("a range of addresses")));
    }
    Some(narrow(nets))
}

fn narrow(nets: Vec<IpNet>) -> Result<Vec<IpNet>, IocReason> {
    let too_wide = |net: &IpNet| match net {
        IpNet::V4(net) => net.prefix_len() < V4_PREFIX_MIN,
        IpNet::V6(net) => net.prefix_len() < V6_PREFIX_MIN,
    };
    if nets.iter().any(too_wide) { Err(IocReason::TooBroad) } else { Ok(nets) }
}

/// Returns the address if the network has only one.
pub(crate) fn single(net: &IpNet) -> Option<IpAddr> {
    (net.prefix_len() == net.max_prefix_len()).then(|| net.addr())
}

/// Returns the first and the last address.
pub(crate) fn bounds_v4(net: Ipv4Net) -> (u32, u32) {
    (net.network().to_bits(), net.broadcast().to_bits())
}

/// Returns the first and the last address.
pub(crate) fn bounds_v6(net: Ipv6Net) -> (u128, u128) {
    (net.network().to_bits(), net.broadcast().to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_logs_write_them() {
        for (text, expected) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("203.0.113.9:443", Some("203.0.113.9")),
            ("::ffff:203.0.113.9", Some("203.0.113.9")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("203.0.113.09", None),
            ("203.0.113.256", None),
            ("203.0.113", None),
            ("203.0.113.9.1", None),
            ("203.0.113.9:http", None),
            ("1203.0.113.9", None),
            ("deadbeef", None),
            ("-", None),
            ("", None),
            ("[2001:db8::1]x", None),
        ] {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn ranges_become_networks() {
        let nets = |text| read_range(text).map(|read| read.map(|nets| format!("{nets:?}")));
        assert_eq!(nets("198.51.100.7/24"), Some(Ok("[198.51.100.0/24]".into())));
        assert_eq!(
            nets("198.51.100.0 - 198.51.100.2"),
            Some(Ok("[198.51.100.0/31, 198.51.100.2/32]".into()))
        );
        assert_eq!(nets("2001:db8::/32"), Some(Ok("[2001:db8::/32]".into())));
        assert_eq!(nets("0.0.0.0/0"), Some(Err(IocReason::TooBroad)));
        assert_eq!(nets("0.0.0.0-255.255.255.255"), Some(Err(IocReason::TooBroad)));
        assert!(matches!(nets("198.51.100.2-198.51.100.1"), Some(Err(IocReason::Malformed(_)))));
        assert_eq!(nets("a/b"), None);
        assert_eq!(nets("198.51.100.0/33"), None);
        assert_eq!(nets("evil-site.example"), None);
    }
}

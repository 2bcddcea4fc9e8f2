//! The socket address of a `SOCKADDR` record: the kernel's structure, in hex.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::pairs::unhex;

/// Where a call went to or came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// IPv4 or IPv6.
    Internet(IpAddr, u16),
    /// The path of a local socket.
    Local(String),
}

const FAMILY_LOCAL: u8 = 1;
const FAMILY_INET: u8 = 2;
const FAMILY_INET6: u8 = 10;

/// Reads the structure; `None` for another family and for what is cut.
pub(super) fn read(hex: &str) -> Option<Address> {
    let bytes = unhex(hex)?;
    // The family's number is in the machine's own byte order, the port is not.
    let family = *bytes.first()?;
    let port = || Some(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]));
    match family {
        FAMILY_LOCAL => {
            // A name in the abstract space begins with a zero.
            let path = bytes.get(2..)?.split(|byte| *byte == 0).find(|part| !part.is_empty())?;
            Some(Address::Local(String::from_utf8_lossy(path).into_owned()))
        }
        FAMILY_INET => {
            let octets: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some(Address::Internet(Ipv4Addr::from(octets).into(), port()?))
        }
        FAMILY_INET6 => {
            let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some(Address::Internet(Ipv6Addr::from(octets).to_canonical(), port()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_what_is_cut() {
        let internet = |ip: &str, port| Some(Address::Internet(ip.parse().unwrap(), port));
        let v6 = "0A0001BB0000000020010DB800000000000000000000000100000000";
        let mapped = "0A0001BB0000000000000000000000000000FFFFCB00710900000000";
        for (hex, expected) in [
            ("02000050CB007109", internet("203.0.113.9", 80)),
            ("02000050CB0071090000000000000000", internet("203.0.113.9", 80)),
            (v6, internet("2001:db8::1", 443)),
            (mapped, internet("203.0.113.9", 443)),
            ("01002F72756E2F7800", Some(Address::Local("/run/x".to_owned()))),
            ("0100006162", Some(Address::Local("ab".to_owned()))),
            ("02000050CB00", None),
            ("0100", None),
            ("10000000", None),
            ("zz", None),
            ("", None),
        ] {
            assert_eq!(read(hex), expected, "{hex}");
        }
    }
}

//! Headers of the PROXY protocol, against a reader that has all bytes at once.
//!
//! Input: what a connection begins with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use transom::listener::proxy::{HEADER_MAX, Step, read};

use crate::budget::within;

/// What a reader that sees everything finds: the header's length and the address in it; nothing if it is
/// no header, or not a whole one.
type Naive = Option<(usize, Option<SocketAddr>)>;

/// Fed as it asks, it comes to an end within the bound, asks for nothing beyond the header, and finds the
/// address that a naive reader finds.
pub fn proxy_header(data: &[u8]) {
    let found = within("PROXY protocol", data.len(), || fed(data));
    let expected = binary(data).or_else(|| line(data));
    assert_eq!(found, expected);
}

fn fed(data: &[u8]) -> Naive {
    let mut had = 0;
    loop {
        match read(&data[..had]) {
            Step::More(more) => {
                assert!(more > 0 && had + more <= HEADER_MAX, "{more} after {had}");
                if had + more > data.len() {
                    return None;
                }
                had += more;
            }
            Step::Told(address) => return Some((had, address)),
            Step::Malformed(_) => return None,
        }
    }
}

fn binary(data: &[u8]) -> Naive {
    let rest = data.strip_prefix(b"\r\n\r\n\0\r\nQUIT\n")?;
    let [command, family, high, low, body @ ..] = rest else {
        return None;
    };
    let length = usize::from(*high) * 256 + usize::from(*low);
    let body = body.get(..length)?;
    let whole = 16 + length;
    let address = match (command, family) {
        _ if whole > HEADER_MAX => return None,
        (0x20, _) | (0x21, 0 | 0x31) => None,
        (0x21, 0x11) if length >= 12 => {
            let address = Ipv4Addr::new(body[0], body[1], body[2], body[3]);
            Some((IpAddr::V4(address), [body[8], body[9]]))
        }
        (0x21, 0x21) if length >= 36 => {
            let mut octets = [0; 16];
            octets.copy_from_slice(&body[..16]);
            Some((IpAddr::V6(Ipv6Addr::from(octets)), [body[32], body[33]]))
        }
        _ => return None,
    };
    let socket = |(address, port)| SocketAddr::new(address, u16::from_be_bytes(port));
    Some((whole, address.map(socket)))
}

fn line(data: &[u8]) -> Naive {
    let seen = &data[..data.len().min(107)];
    let end = seen.windows(2).position(|pair| pair == b"\r\n")?;
    let text = std::str::from_utf8(&seen[..end]).ok();
    let words = seen[..end].strip_prefix(b"PROXY ")?;
    if words.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return None;
    }
    let whole = end + 2;
    let words: Vec<_> = text?.split(' ').skip(1).collect();
    // As short as no line is, it may be anything's beginning.
    if words[0] == "UNKNOWN" {
        return Some((whole, None));
    }
    let [family, source, target, from, to] = words[..] else {
        return None;
    };
    let (source, target): (IpAddr, IpAddr) = (source.parse().ok()?, target.parse().ok()?);
    let is_of_family = match family {
        "TCP4" => source.is_ipv4() && target.is_ipv4(),
        "TCP6" => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    let port = |text: &str| {
        let port: u16 = text.parse().ok()?;
        (port.to_string() == text).then_some(port)
    };
    let (from, _) = (port(from)?, port(to)?);
    is_of_family.then_some((whole, Some(SocketAddr::new(source, from))))
}

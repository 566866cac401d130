//! The PROXY protocol: what a balancer says of a client before the client's own first byte.
//!
//! ```text
//!  version 2: signature (12 bytes), version and command, family, length, then that many bytes
//!  version 1: `PROXY TCP4 192.0.2.7 198.51.100.1 40000 443`, a line of at most 107 bytes
//! ```
//!
//! [`read`] is a total function of the bytes that have come; it never asks for one that is the client's.
//! Of the fields only the client's address is taken: extensions (TLV) are passed over. `LOCAL`, `UNKNOWN`,
//! and families that have no port keep the socket's address, as the specification says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What version 2 begins with: no request and no TLS does.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// What version 1 begins with.
const WORD: &[u8] = b"PROXY ";

/// Bytes of version 2 before what its length counts.
const HEAD: usize = 16;

/// Bytes of a line of version 1 at most, its end included.
const LINE_MAX: usize = 107;

/// Bytes of a header at most: version 2 may have 65,551, and who sends more than addresses, names and a
/// few identifiers wants something else.
pub const HEADER_MAX: usize = 4096;

/// What is to be done after some bytes of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many more bytes are the header's; there may be more after them.
    More(usize),
    /// The header is complete: the client's address, if it tells one.
    Told(Option<SocketAddr>),
    /// It is none.
    Malformed(Malformed),
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Whoever it is does not speak it.
    #[error("found something else, expected a header of the PROXY protocol")]
    Absent,
    /// Longer than anybody needs.
    #[error(
        "found a header of the PROXY protocol that is too long, expected at most {HEADER_MAX} bytes, or a line of {LINE_MAX}"
    )]
    TooLong,
    /// A line that is not as it should be.
    #[error(
        "found another line, expected `PROXY`, `TCP4`, `TCP6` or `UNKNOWN`, two addresses and two ports"
    )]
    Line,
    /// A version, command or family that there is not over TCP.
    #[error("found another version, command or family, expected those of TCP in version 2")]
    Kind,
    /// Addresses that do not fit in the length.
    #[error("found fewer bytes than the addresses have")]
    Short,
}

/// What is to be done after these bytes, the first ones of a connection.
#[must_use]
pub fn read(header: &[u8]) -> Step {
    let begun = header.len().min(SIGNATURE.len());
    let (begin, _) = header.split_at(begun);
    if SIGNATURE.starts_with(begin) {
        return match header.get(..HEAD) {
            // Twelve at a time, so that what turns out to be a line is not read beyond its end.
            None if begun < SIGNATURE.len() => Step::More(SIGNATURE.len() - begun),
            None => Step::More(HEAD - header.len()),
            Some(_) => binary(header),
        };
    }
    let word = begin.get(..begun.min(WORD.len())).unwrap_or_default();
    if !WORD.starts_with(word) {
        return Step::Malformed(Malformed::Absent);
    }
    if begun < SIGNATURE.len() {
        return Step::More(SIGNATURE.len() - begun);
    }
    line(header)
}

fn line(header: &[u8]) -> Step {
    let end = header.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let more = match end.map(|end| header.split_at(end)) {
        None => 2, // its end at least
        Some((_, b"\r")) => 1,
        Some((line, b"\r\n")) => {
            return Step::Told(match address_of(line) {
                Ok(address) => address,
                Err(malformed) => return Step::Malformed(malformed),
            });
        }
        Some(_) => return Step::Malformed(Malformed::Line),
    };
    if header.len() + more > LINE_MAX {
        return Step::Malformed(Malformed::TooLong);
    }
    Step::More(more)
}

fn address_of(line: &[u8]) -> Result<Option<SocketAddr>, Malformed> {
    let line = std::str::from_utf8(line).map_err(|_| Malformed::Line)?;
    let mut words = line.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Ok(None);
    }
    let words: Vec<_> = words.collect();
    let [source, target, source_port, target_port] = words[..] else {
        return Err(Malformed::Line);
    };
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            Some("TCP4") => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            Some("TCP6") => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            Some(_) | None => None,
        }
    };
    let (Some(source), Some(_)) = (address(source), address(target)) else {
        return Err(Malformed::Line);
    };
    let (Some(port), Some(_)) = (port(source_port), port(target_port)) else {
        return Err(Malformed::Line);
    };
    Ok(Some(SocketAddr::new(source, port)))
}

/// A port as the specification writes it: digits, and no zero before others.
fn port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_shortest = text == "0" || !text.starts_with('0');
    (is_plain && is_shortest).then(|| text.parse().ok())?
}

/// A header of version 2, its first [`HEAD`] bytes at least.
fn binary(header: &[u8]) -> Step {
    let [.., kind, family, high, low] = header.split_at(HEAD).0 else {
        return Step::Malformed(Malformed::Absent);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let whole = HEAD + length;
    if whole > HEADER_MAX {
        return Step::Malformed(Malformed::TooLong);
    }
    let is_local = match kind {
        0x20 => true,
        0x21 => false,
        _ => return Step::Malformed(Malformed::Kind),
    };
    if header.len() < whole {
        return Step::More(whole - header.len());
    }
    let body = header.get(HEAD..whole).unwrap_or_default();
    let told = match (is_local, family) {
        (true, _) => Ok(None),
        // Unspecified, and Unix-domain sockets: there is no address in them that anybody could use.
        (false, 0x00 | 0x31) => Ok(None),
        (false, 0x11) => source::<4>(body).map(Some),
        (false, 0x21) => source::<16>(body).map(Some),
        (false, _) => Err(Malformed::Kind),
    };
    match told {
        Ok(address) => Step::Told(address),
        Err(malformed) => Step::Malformed(malformed),
    }
}

/// The first of two addresses of `N` bytes, with the first of two ports after them.
fn source<const N: usize>(body: &[u8]) -> Result<SocketAddr, Malformed>
where
    [u8; N]: Into<IpAddr>,
{
    let short = || Malformed::Short;
    let address: [u8; N] = *body.first_chunk().ok_or_else(short)?;
    let ports: [u8; 4] = *body
        .get(2 * N..)
        .and_then(<[u8]>::first_chunk)
        .ok_or_else(short)?;
    let [high, low, ..] = ports;
    let port = u16::from_be_bytes([high, low]);
    Ok(SocketAddr::new(address.into(), port))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds what is asked for, as a socket would; what came of it, and how many bytes were read.
    fn fed(bytes: &[u8]) -> (Step, usize) {
        let mut had = 0;
        loop {
            match read(&bytes[..had]) {
                Step::More(more) if had + more <= bytes.len() => had += more,
                step => return (step, had),
            }
        }
    }

    fn second(kind: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([kind, family]);
        header.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        header.extend(body);
        header
    }

    #[test]
    fn a_header_tells_the_client_and_not_a_byte_beyond_it_is_read() {
        let tcp4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 1, 0xbb];
        let mut tcp6 = [0; 36];
        tcp6[15] = 1;
        tcp6[33] = 80;
        let with_more = [&tcp4[..], &[4, 0, 1, 9]].concat();
        for (header, told) in [
            (second(0x21, 0x11, &tcp4), Some("192.0.2.7:40000")),
            (second(0x21, 0x11, &with_more), Some("192.0.2.7:40000")),
            (second(0x21, 0x21, &tcp6), Some("[::1]:80")),
            (second(0x20, 0x11, &tcp4), None),
            (second(0x20, 0x00, &[]), None),
            (second(0x21, 0x00, &[1, 2, 3]), None),
            (second(0x21, 0x31, &[0; 216]), None),
            (
                b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n".to_vec(),
                Some("192.0.2.7:40000"),
            ),
            (
                b"PROXY TCP6 ::1 2001:db8::1 0 65535\r\n".to_vec(),
                Some("[::1]:0"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN whatever it is\r\n".to_vec(), None),
        ] {
            let told = told.map(|told| told.parse().unwrap());
            for after in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", SIGNATURE, b"\r\n"] {
                let bytes = [&header[..], after].concat();
                assert_eq!(fed(&bytes), (Step::Told(told), header.len()), "{header:?}");
            }
            for length in 0..header.len() {
                assert!(
                    matches!(fed(&header[..length]).0, Step::More(_)),
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_header_is_told_apart() {
        use Malformed as M;
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
        for (bytes, malformed) in [
            (b"GET / HTTP/1.1\r\n".to_vec(), M::Absent),
            (b"PRI * HTTP/2.0\r\n".to_vec(), M::Absent),
            (
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00".to_vec(),
                M::Absent,
            ),
            (b"proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n".to_vec(), M::Absent),
            (b"\r\n\r\n\0\r\nQUIT!".to_vec(), M::Absent),
            (long.into_bytes(), M::TooLong),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n".to_vec(), M::Line),
            (b"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 ::1 ::1 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n".to_vec(), M::Line),
            (b"PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4\n1.2.3.4 1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 1.2.3.4\r1.2.3.4 1 1\r\n".to_vec(), M::Line),
            (b"PROXY TCP4 \xff\xff\r\n".to_vec(), M::Line),
            (second(0x11, 0x11, &[0; 12]), M::Kind),
            (second(0x22, 0x11, &[0; 12]), M::Kind),
            (second(0x21, 0x12, &[0; 12]), M::Kind),
            (second(0x21, 0x13, &[0; 12]), M::Kind),
            (second(0x21, 0x41, &[0; 12]), M::Kind),
            (second(0x21, 0x11, &[0; 11]), M::Short),
            (second(0x21, 0x21, &[0; 35]), M::Short),
            (second(0x21, 0x11, &[0; HEADER_MAX]), M::TooLong),
        ] {
            assert_eq!(fed(&bytes).0, Step::Malformed(malformed), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end_within_the_bound(
            begin in prop::sample::select(vec![&b""[..], b"PROXY ", SIGNATURE, b"PROXY TCP4 ",
                b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0", b"\r\n\r\n\0\r\nQUIT\n\x21\x21"]),
            rest in prop::collection::vec(any::<u8>(), 0..5000),
        ) {
            let bytes = [begin, &rest].concat();
            let (step, had) = fed(&bytes);
            prop_assert!(had <= HEADER_MAX);
            if let Step::More(more) = step {
                prop_assert!(more > 0 && had + more <= HEADER_MAX);
            }
        }

        #[test]
        fn an_address_that_is_written_is_read(
            address in any::<Ipv6Addr>(), port: u16, more in prop::collection::vec(any::<u8>(), 0..64)
        ) {
            let mut body = address.octets().to_vec();
            body.extend([0; 16]);
            body.extend(port.to_be_bytes());
            body.extend([0; 2]);
            body.extend(&more);
            let told = Step::Told(Some(SocketAddr::new(address.into(), port)));
            prop_assert_eq!(read(&second(0x21, 0x21, &body)), told.clone());
            let line = format!("PROXY TCP6 {address} ::1 {port} 1\r\n");
            prop_assert_eq!(read(line.as_bytes()), told);
        }
    }
}

//! Who the client is behind proxies that are trusted: what they say in `x-forwarded-for` and
//! `x-forwarded-proto`. What anybody else says there is nobody's word.
//!
//! ```text
//! socket's address, if trusted ─► x-forwarded-for, from its end: the first address that is not trusted
//! ```

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::request::Parts;

use crate::call::{Network, Peer, Transport};

/// Hops that are looked at, at most.
const HOPS_MAX: usize = 32;

/// Puts the client in the place of the proxies, if they are trusted.
pub(super) fn resolve(parts: &mut Parts, trusted: &[Network]) {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let Some(peer) = parts.extensions.get::<Peer>() else {
        return;
    };
    if !is_trusted(peer.address.ip()) {
        return;
    }
    let address = client(&parts.headers, is_trusted);
    let peer = Peer {
        address: address.map_or(peer.address, |address| SocketAddr::new(address, 0)),
        transport: transport(&parts.headers).unwrap_or(peer.transport),
        secured: peer.secured.clone(),
    };
    parts.extensions.insert(peer);
}

/// The last address that no trusted proxy has; the first one if all are trusted. What is no address ends
/// the search: nobody knows who is behind it.
fn client(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    let mut found = None;
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = address(hop.trim_ascii()) else {
            break;
        };
        found = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    found
}

/// An address, with a port or brackets as some proxies write it.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = bare.unwrap_or(text).parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

/// What the nearest proxy says that its client spoke.
fn transport(headers: &HeaderMap) -> Option<Transport> {
    let said = headers.get_all("x-forwarded-proto").iter().next_back()?;
    let last = said.as_bytes().rsplit(|byte| *byte == b',').next()?;
    match last.trim_ascii() {
        b"https" => Some(Transport::Tls),
        b"http" => Some(Transport::Plaintext),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Request;

    use super::*;

    /// Who is seen behind 10.0.0.1, with these fields, where 10.0.0.0/8 is trusted.
    fn seen(socket: &str, fields: &[(&str, &str)]) -> (String, Transport) {
        let mut request = Request::builder();
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer {
            address: SocketAddr::new(socket.parse().unwrap(), 4711),
            transport: Transport::Plaintext,
            secured: None,
        });
        resolve(&mut parts, &["10.0.0.0/8".parse().unwrap()]);
        let peer = Peer::of(&parts.extensions);
        (peer.address.ip().to_string(), peer.transport)
    }

    #[test]
    fn row_117_only_trusted_hops_are_believed() {
        for (socket, forwarded, expected) in [
            // Nobody who is trusted: it is a lie, or might be one.
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            // What the client wrote itself stands in front.
            ("10.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1",
                &["1.1.1.1", "198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.7:1234"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db8::1]:1234"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            // Behind what is no address nobody is known.
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            let fields: Vec<_> = forwarded
                .iter()
                .map(|value| ("x-forwarded-for", *value))
                .collect();
            assert_eq!(seen(socket, &fields).0, expected, "{forwarded:?}");
        }
    }

    #[test]
    fn what_a_client_spoke_a_trusted_proxy_says() {
        let https = [("x-forwarded-proto", "https")];
        assert_eq!(seen("10.0.0.1", &https).1, Transport::Tls);
        assert_eq!(seen("192.0.2.1", &https).1, Transport::Plaintext);
        for (said, expected) in [
            ("https, http", Transport::Plaintext),
            ("http, https", Transport::Tls),
            ("ftp", Transport::Plaintext),
        ] {
            assert_eq!(seen("10.0.0.1", &[("x-forwarded-proto", said)]).1, expected);
        }
    }
}

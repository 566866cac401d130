//! Header fields of a request on their way to a backend's metadata, in each dialect, against a mapping
//! written down name by name; and the client's address out of what proxies say.
//!
//! Input: a byte that chooses the dialect, a byte that chooses whether the peer is a trusted proxy, then
//! lines of `name:value`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request};
use transom::call::{Peer, Transport};
use transom::protocol::{Config, Options};

use crate::cursor::{Cursor, chosen};
use crate::schema::DIALECTS;
use crate::scripted::Scripted;
use crate::served::Served;

/// Fields of one request, at most; more are refused whatever they say.
const FIELDS_MAX: usize = 60;

/// Hops that are looked at.
const HOPS_MAX: usize = 32;

/// A proxy that is trusted, and a client that is not.
const PEERS: [&str; 2] = ["10.0.0.1:4000", "192.0.2.7:5000"];

/// The gateway's own, each of them once.
const ASSERTED: [&str; 4] = [
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
];

/// Names that no client can set.
const RESERVED: [&str; 20] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
    "host",
    "cookie",
    "origin",
    "referer",
    "forwarded",
    "via",
    "x-real-ip",
    "x-request-id",
    "x-grpc-web",
];

/// The same, by their beginnings.
const RESERVED_PREFIXES: [&str; 6] = [
    "grpc-",
    "connect-",
    "content-",
    "sec-",
    "x-forwarded-",
    "x-envoy-",
];

/// Time-outs, which the gateway reads and writes anew.
const TIMEOUTS: [&str; 2] = ["x-request-timeout", "x-server-timeout"];

/// Tracing of the gRPC libraries, defined as metadata.
const TRACING: [&str; 2] = ["grpc-trace-bin", "grpc-tags-bin"];

const MAPPED: &str = "grpc-metadata-";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Grpc,
    GrpcWeb,
    Connect,
    Rest,
}

impl Dialect {
    fn request(self) -> Request<Body> {
        const NOTHING: &[u8] = &[0; 5];
        let (method, url, content_type, body) = match self {
            Self::Grpc => (
                Method::POST,
                "/t.T/Unary",
                Some("application/grpc"),
                NOTHING,
            ),
            Self::GrpcWeb => (
                Method::POST,
                "/t.T/Unary",
                Some("application/grpc-web"),
                NOTHING,
            ),
            Self::Connect => (
                Method::POST,
                "/t.T/Unary",
                Some("application/proto"),
                &b""[..],
            ),
            Self::Rest => (Method::GET, "/v1/all", None, &b""[..]),
        };
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = http::Uri::from_static(url);
        if let Some(content_type) = content_type {
            let content_type = HeaderValue::from_static(content_type);
            request.headers_mut().insert("content-type", content_type);
        }
        request
    }
}

/// Values by name, sorted.
type Fields = BTreeMap<String, Vec<Vec<u8>>>;

/// The backend sees what a client may say, all of it and nothing else; and it is told the truth about who
/// the client is.
pub fn request_metadata(data: &[u8]) {
    thread_local! {
        static SERVED: (Served<Scripted>, Scripted) = {
            let backend = Scripted::default();
            let config = Config {
                trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
                ..Config::from(Options::default())
            };
            (Served::with(&DIALECTS, backend.clone(), config), backend)
        };
    }
    let mut input = Cursor(data);
    let dialects = [
        Dialect::Grpc,
        Dialect::GrpcWeb,
        Dialect::Connect,
        Dialect::Rest,
    ];
    let dialect = *chosen(input.byte(), &dialects);
    let peer: SocketAddr = chosen(input.byte(), &PEERS).parse().expect("an address");
    let mut request = dialect.request();
    while !input.is_empty() && request.headers().len() < FIELDS_MAX {
        let line = input.line();
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        // What the dialect itself says stays as it is.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            && name != "content-type"
        {
            request.headers_mut().append(name, value);
        }
    }
    let sent: Vec<(String, Vec<u8>)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    request.extensions_mut().insert(Peer {
        address: peer,
        transport: Transport::Plaintext,
        secured: None,
    });
    SERVED.with(|(served, backend)| {
        served.send(request, data.len());
        let Some(seen) = backend.seen() else {
            return;
        };
        let mut found = Fields::new();
        for (name, value) in &seen.metadata {
            let values = found.entry(name.as_str().to_owned()).or_default();
            values.push(value.as_bytes().to_vec());
        }
        asserted(&mut found, &sent, peer.ip());
        for values in found.values_mut() {
            values.sort();
        }
        assert_eq!(found, expected(&sent), "{dialect:?}");
    });
}

/// Takes away what the gateway says of the client, which is the truth.
fn asserted(found: &mut Fields, sent: &[(String, Vec<u8>)], peer: IpAddr) {
    let mut told = ASSERTED.map(|name| found.remove(name).unwrap_or_default());
    let [id, address, scheme, host] = &mut told;
    assert!(id.len() == 1 && address.len() == 1 && scheme.len() == 1 && host.len() <= 1);
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    assert!(id[0].len() <= 128 && id[0].iter().all(is_harmless));
    assert_eq!(address[0], client(sent, peer).to_string().as_bytes());
    let by_proxy = is_trusted(peer).then(|| last(sent, "x-forwarded-proto"));
    let expected: &[u8] = match by_proxy.flatten().as_deref() {
        Some(b"https") => b"https",
        _ => b"http",
    };
    assert_eq!(scheme[0], expected);
}

/// The last element of the last field of a name.
fn last(sent: &[(String, Vec<u8>)], name: &str) -> Option<Vec<u8>> {
    let all: Vec<_> = sent.iter().filter(|(sent, _)| sent == name).collect();
    let (_, value) = all.last()?;
    let element = value.split(|byte| *byte == b',').next_back()?;
    Some(element.trim_ascii().to_vec())
}

fn is_trusted(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V4(address) if address.octets()[0] == 10)
}

/// Who the client is: whoever stands before the proxies that are trusted.
fn client(sent: &[(String, Vec<u8>)], peer: IpAddr) -> IpAddr {
    let hops = sent.iter().filter(|(name, _)| name == "x-forwarded-for");
    let hops: Vec<_> = hops
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .collect();
    let mut client = peer;
    for hop in hops.iter().rev().take(HOPS_MAX) {
        let address = std::str::from_utf8(hop.trim_ascii()).ok().and_then(address);
        match address {
            Some(address) if is_trusted(client) => client = address.to_canonical(),
            _ => break,
        }
    }
    client
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

/// What a backend is to see of the fields that were sent.
fn expected(sent: &[(String, Vec<u8>)]) -> Fields {
    let of_the_hop: Vec<String> = sent
        .iter()
        .filter(|(name, _)| name == "connection")
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect();
    let mut fields = Fields::new();
    for (name, value) in sent {
        if of_the_hop.contains(name) || !is_metadata(name) {
            continue;
        }
        let name = match name.strip_prefix(MAPPED) {
            None => name,
            Some("authorization") => continue,
            Some(mapped) => mapped,
        };
        if name.is_empty() || is_reserved(&name.replace('_', "-")) {
            continue;
        }
        if name.ends_with("-bin") {
            let pieces = value.split(|byte| *byte == b',');
            let pieces = pieces.map(|piece| {
                let text = piece.trim_ascii();
                let digits = text.iter().take_while(|byte| **byte != b'=').count();
                text[..digits].to_vec()
            });
            fields.entry(name.to_owned()).or_default().extend(pieces);
        } else if value.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            fields
                .entry(name.to_owned())
                .or_default()
                .push(value.clone());
        }
    }
    for values in fields.values_mut() {
        values.sort();
    }
    fields
}

/// A name of gRPC's.
fn is_metadata(name: &str) -> bool {
    name.bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}

fn is_reserved(name: &str) -> bool {
    if TRACING.contains(&name) {
        return false;
    }
    let by_prefix = RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix));
    by_prefix || RESERVED.contains(&name) || TIMEOUTS.contains(&name)
}

//! Header fields become metadata and metadata become header fields: what may pass, in one place.
//!
//! Names are judged by closed lists, so that a client can forge nothing the gateway asserts and
//! a backend can set nothing that is the gateway's to say to a browser. A request name with `_`
//! is judged as if it had `-`: many servers read the two alike.

use http::request;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::call::{Metadata, Peer, Status};

/// The prefix by which a REST client names a metadata key that is no header of its own.
const MAPPED_PREFIX: &str = "grpc-metadata-";

/// Header fields that the gateway adds, at most; reserved at once.
const ASSERTED: usize = 4;

/// A `-bin` value that is not base64.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {NOT_BASE64}")]
pub(crate) struct MalformedBinary {
    name: HeaderName,
}

/// What is wrong with it. The value is not shown: binary metadata may be a credential.
const NOT_BASE64: &str = "found metadata that is not base64, which the suffix `-bin` promises";

impl MalformedBinary {
    /// The status in the dialects that have one for input which does not fit.
    pub(crate) fn as_invalid_field(&self) -> Status {
        Status::invalid_field(self.name.as_str(), NOT_BASE64)
    }
}

/// Whether a request header passes to the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    /// Belongs to one connection, to the protocol, or to the gateway.
    Drop,
    /// `grpc-metadata-x`, to be judged as `x`.
    Mapped,
}

fn fate(name: &str) -> Fate {
    match name {
        // One hop's own (RFC 9110, section 7.6.1).
        "connection" | "keep-alive" | "proxy-connection" | "proxy-authenticate"
        | "proxy-authorization" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        | "http2-settings" | "expect"
        // A browser's own, or about this hop's target.
        | "cookie" | "host" | "origin" | "referer"
        // The gateway's to assert.
        | "forwarded" | "via" | "x-real-ip" | "x-request-id"
        // Read and consumed by the dialects.
        | "x-grpc-web" | "x-request-timeout" | "x-server-timeout" => Fate::Drop,
        // Call tracing of the gRPC libraries, defined as metadata.
        "grpc-trace-bin" | "grpc-tags-bin" => Fate::Pass,
        _ => {
            let dropped = match name.as_bytes().first() {
                Some(b'g') if name.starts_with(MAPPED_PREFIX) => return Fate::Mapped,
                Some(b'g') => name.starts_with("grpc-"),
                Some(b'c') => name.starts_with("content-") || name.starts_with("connect-"),
                Some(b's') => name.starts_with("sec-"),
                Some(b'x') => name.starts_with("x-forwarded-") || name.starts_with("x-envoy-"),
                _ => false,
            };
            if dropped { Fate::Drop } else { Fate::Pass }
        }
    }
}

/// Request headers as metadata: filtered, with what the gateway itself asserts.
///
/// `request_id` is sent on as `x-request-id`. The headers are taken out of `request`.
///
/// # Errors
/// A `-bin` value is not base64.
pub(crate) fn from_request(
    request: &mut request::Parts,
    request_id: &HeaderValue,
) -> Result<Metadata, MalformedBinary> {
    let headers = std::mem::take(&mut request.headers);
    let mut out = HeaderMap::with_capacity(headers.len() + ASSERTED);
    let host = headers.get(header::HOST).cloned();
    let hop_by_hop = headers
        .get(header::CONNECTION)
        .map(|_| named_by_connection(&headers));

    let mut current = None;
    for (name, value) in headers {
        // A repeated field comes without its name: it is one more value of the last one.
        if let Some(name) = name {
            current = passing_name(name, hop_by_hop.as_deref().unwrap_or_default());
        }
        if let Some(name) = &current {
            append(&mut out, name, value)?;
        }
    }

    out.insert("x-request-id", request_id.clone());
    if let Some(peer) = request.extensions.get::<Peer>() {
        let address = peer.address.ip().to_canonical().to_string();
        if let Ok(address) = HeaderValue::try_from(address) {
            out.insert("x-forwarded-for", address);
        }
    }
    // Connections are cleartext; what scheme the client names is only its word.
    out.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    let host = match request.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => host,
    };
    if let Some(host) = host {
        out.insert("x-forwarded-host", host);
    }
    Ok(Metadata(out))
}

/// The name under which a header passes, if it does.
fn passing_name(name: HeaderName, hop_by_hop: &[HeaderName]) -> Option<HeaderName> {
    if hop_by_hop.contains(&name) {
        return None;
    }
    let passes = match spelling(name.as_str())? {
        Spelling::Plain => fate(name.as_str()),
        Spelling::Underscored => match fate(&name.as_str().replace('_', "-")) {
            Fate::Pass => Fate::Pass,
            Fate::Drop | Fate::Mapped => Fate::Drop,
        },
    };
    match passes {
        Fate::Pass => Some(name),
        Fate::Drop => None,
        Fate::Mapped => {
            let mapped =
                HeaderName::from_bytes(name.as_str().get(MAPPED_PREFIX.len()..)?.as_bytes());
            let mapped = mapped.ok()?;
            let read = mapped.as_str().replace('_', "-");
            (fate(&read) == Fate::Pass && read != "authorization").then_some(mapped)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Plain,
    Underscored,
}

/// How a name is spelled; `None` for one that HTTP allows and gRPC does not (`[0-9a-z_.-]`).
fn spelling(name: &str) -> Option<Spelling> {
    let mut spelling = Spelling::Plain;
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => {}
            b'_' => spelling = Spelling::Underscored,
            _ => return None,
        }
    }
    Some(spelling)
}

/// The names that `connection` makes hop-by-hop (HTTP/1.1).
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

fn append(
    out: &mut HeaderMap,
    name: &HeaderName,
    value: HeaderValue,
) -> Result<(), MalformedBinary> {
    if name.as_str().ends_with("-bin") {
        return append_binary(out, name, &value);
    }
    // gRPC's ASCII values; others are dropped, since no backend could be sent them.
    if value
        .as_bytes()
        .iter()
        .all(|byte| (0x20..=0x7e).contains(byte))
    {
        out.append(name, value);
    }
    Ok(())
}

/// Values of a `-bin` name may be joined by commas and padded; they go out one by one, unpadded.
fn append_binary(
    out: &mut HeaderMap,
    name: &HeaderName,
    value: &HeaderValue,
) -> Result<(), MalformedBinary> {
    let malformed = || MalformedBinary { name: name.clone() };
    for piece in value.as_bytes().split(|byte| *byte == b',') {
        let piece = unpadded_base64(piece.trim_ascii()).ok_or_else(malformed)?;
        let piece = HeaderValue::from_bytes(piece).map_err(|_| malformed())?;
        out.append(name, piece);
    }
    Ok(())
}

/// The text without its padding, if it is base64 (padded or not) in the standard alphabet.
fn unpadded_base64(text: &[u8]) -> Option<&[u8]> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len() - padding)?;
    let well_formed = digits.len() % 4 != 1
        && (padding == 0 || (padding < 3 && text.len().is_multiple_of(4)))
        && digits
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    well_formed.then_some(digits)
}

/// True for metadata that a backend may show to clients.
fn is_shown(name: &str, lane: Lane) -> bool {
    let hidden = match name {
        "connection" | "keep-alive" | "proxy-connection" | "proxy-authenticate"
        | "proxy-authorization" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        // The gateway's to say, to a browser above all.
        | "set-cookie" | "strict-transport-security" | "clear-site-data" | "alt-svc"
        | "x-http-code" | "x-request-id" | "x-content-type-options" => true,
        _ => match name.as_bytes().first() {
            Some(b'g') => name.starts_with("grpc-") && (lane == Lane::Transcoded || is_written(name)),
            // `content-security-policy` is among these.
            Some(b'c') => name.starts_with("content-"),
            Some(b'a') => name.starts_with("access-control-"),
            _ => false,
        },
    };
    !hidden
}

/// True for gRPC's own fields that the gateway writes itself; the others, such as
/// `grpc-accept-encoding` and `grpc-retry-pushback-ms`, are one peer's word to the other.
fn is_written(name: &str) -> bool {
    matches!(
        name,
        "grpc-status"
            | "grpc-message"
            | "grpc-status-details-bin"
            | "grpc-encoding"
            | "grpc-timeout"
    )
}

/// Whether the dialect passes messages on as they are, compression included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Messages pass unopened, so what the backend says of compression holds for the client.
    Pass,
    /// Messages are opened and written anew.
    Transcoded,
}

/// Appends response metadata to the headers of an answer, filtered.
pub(crate) fn to_headers(metadata: Metadata, lane: Lane, headers: &mut HeaderMap) {
    let mut current = None;
    for (name, value) in metadata.0 {
        if let Some(name) = name {
            current = is_shown(name.as_str(), lane).then_some(name);
        }
        if let Some(name) = &current {
            headers.append(name, value);
        }
    }
}

/// Appends trailers to the headers of an answer, filtered, each name behind a prefix.
pub(crate) fn to_prefixed_headers(trailers: Metadata, prefix: &str, headers: &mut HeaderMap) {
    let mut current = None;
    for (name, value) in trailers.0 {
        if let Some(name) = name {
            current = is_shown(name.as_str(), Lane::Transcoded)
                .then(|| HeaderName::try_from(format!("{prefix}{name}")).ok())
                .flatten();
        }
        if let Some(name) = &current {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests;

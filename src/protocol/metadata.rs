//! Header fields become metadata and metadata become header fields: what may pass, in one place.
//!
//! Names are judged by closed lists, so that a client can forge nothing the gateway asserts and
//! a backend can set nothing that is the gateway's to say to a browser. A request name with `_`
//! is judged as if it had `-`: many servers read the two alike.

use std::borrow::Cow;

use http::request;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{excerpt, field_value};
use crate::call::{Metadata, Peer, Status, Transport};

pub mod rules;

use rules::{Mapped, Rules, Underscores, Verdict};

/// The prefix by which a REST client names a metadata key that is no header of its own.
const MAPPED_PREFIX: &str = "grpc-metadata-";

/// Header fields that the gateway adds; the host's not always.
const ASSERTED: [&str; 4] = [
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
];

/// A request header that cannot become metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {}", self.wrong.description())]
pub(crate) struct Unfit {
    name: HeaderName,
    wrong: Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// A `-bin` value is not base64. It is not shown: binary metadata may be a credential.
    NotBase64,
    /// Refused by [`Underscores::Refuse`].
    Underscore,
}

impl Wrong {
    const fn description(self) -> &'static str {
        match self {
            Self::NotBase64 => {
                "found metadata that is not base64, which the suffix `-bin` promises"
            }
            Self::Underscore => {
                "found a header name with `_`, which is not taken here; write it with `-`"
            }
        }
    }
}

impl Unfit {
    /// The status in the dialects that have one for input which does not fit.
    pub(crate) fn as_invalid_field(&self) -> Status {
        let name = excerpt::of_text(self.name.as_str());
        Status::invalid_field(name, self.wrong.description())
    }
}

/// Whether a request header passes to the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    /// A browser's own, or about the body: passes only where a list allows it.
    Withheld,
    /// Belongs to one connection, to the protocol, or to the gateway.
    Never,
    /// `grpc-metadata-x`, to be judged as `x`.
    Mapped,
}

fn fate(name: &str) -> Fate {
    match name {
        // One hop's own (RFC 9110, section 7.6.1).
        "connection" | "keep-alive" | "proxy-connection" | "proxy-authenticate"
        | "proxy-authorization" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        | "http2-settings" | "expect"
        // About this hop's target.
        | "host"
        // gRPC's, whose body is not the one that came.
        | "content-type" | "content-length" | "content-encoding"
        // The gateway's to assert.
        | "forwarded" | "via" | "x-real-ip" | "x-request-id"
        // Read and consumed by the dialects.
        | "x-grpc-web" | "x-request-timeout" | "x-server-timeout" => Fate::Never,
        "cookie" | "origin" | "referer" => Fate::Withheld,
        // Call tracing of the gRPC libraries, defined as metadata.
        "grpc-trace-bin" | "grpc-tags-bin" => Fate::Pass,
        _ => match name.as_bytes().first() {
            Some(b'g') if name.starts_with(MAPPED_PREFIX) => Fate::Mapped,
            Some(b'g') if name.starts_with("grpc-") => Fate::Never,
            Some(b'c') if name.starts_with("connect-") => Fate::Never,
            Some(b'c') if name.starts_with("content-") => Fate::Withheld,
            // Of the handshake, and perhaps with a token in it.
            Some(b's') if name.starts_with("sec-websocket-") => Fate::Never,
            Some(b's') if name.starts_with("sec-") => Fate::Withheld,
            Some(b'x') if name.starts_with("x-forwarded-") || name.starts_with("x-envoy-") => {
                Fate::Never
            }
            _ => Fate::Pass,
        },
    }
}

/// Takes away what says of the client what only the gateway may say, and what the gateway `asserts` of the
/// caller: in every spelling that somebody might take for it.
pub(crate) fn take_forged(headers: &mut HeaderMap, asserts: &[HeaderName]) {
    let is_forged = |name: &&HeaderName| {
        let name = name.as_str();
        let name = name.strip_prefix(MAPPED_PREFIX).unwrap_or(name);
        let read = match name.contains('_') {
            true => Cow::Owned(name.replace('_', "-")),
            false => Cow::Borrowed(name),
        };
        let of_the_client = ["x-forwarded-", "x-envoy-"];
        of_the_client.iter().any(|begin| read.starts_with(begin))
            || matches!(&*read, "forwarded" | "via" | "x-real-ip" | "x-request-id")
            || asserts.iter().any(|asserted| asserted.as_str() == read)
    };
    let forged: Vec<_> = headers.keys().filter(is_forged).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
}

/// What request headers became.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) metadata: Metadata,
    /// Values that would have passed, were they ASCII: no backend could be sent them.
    pub(crate) dropped: u64,
}

/// Request headers as metadata: filtered, with what the gateway itself asserts.
///
/// `request_id` is sent on as `x-request-id`. The headers are taken out of `request`.
///
/// # Errors
/// A `-bin` value is not base64, or a name has `_` where that is refused.
pub(crate) fn from_request(
    request: &mut request::Parts,
    request_id: &HeaderValue,
    rules: &Rules,
) -> Result<Taken, Unfit> {
    let headers = std::mem::take(&mut request.headers);
    let mut out = HeaderMap::with_capacity(headers.len() + ASSERTED.len());
    let host = headers.get(header::HOST).cloned();
    let hop_by_hop = headers
        .get(header::CONNECTION)
        .map(|_| named_by_connection(&headers));

    let mut current = None;
    let mut dropped = 0;
    for (name, value) in headers {
        // A repeated field comes without its name: it is one more value of the last one.
        if let Some(name) = name {
            current = passing_name(name, hop_by_hop.as_deref().unwrap_or_default(), rules)?;
        }
        if let Some(name) = &current {
            match append(&mut out, name, value)? {
                Fit::Taken => {}
                Fit::Dropped => dropped += 1,
            }
        }
    }

    out.insert("x-request-id", request_id.clone());
    let peer = request.extensions.get::<Peer>();
    if let Some(peer) = peer {
        let address = peer.address.ip().to_canonical().to_string();
        if let Ok(address) = HeaderValue::try_from(address) {
            out.insert("x-forwarded-for", address);
        }
    }
    // What scheme the client names is only its word.
    let transport = peer.map_or(Transport::Plaintext, |peer| peer.transport);
    out.insert(
        "x-forwarded-proto",
        HeaderValue::from_static(transport.scheme()),
    );
    let host = match request.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => host,
    };
    if let Some(host) = host {
        out.insert("x-forwarded-host", host);
    }
    Ok(Taken {
        metadata: Metadata(out),
        dropped,
    })
}

/// The name under which a header passes, if it does.
fn passing_name(
    name: HeaderName,
    hop_by_hop: &[HeaderName],
    rules: &Rules,
) -> Result<Option<HeaderName>, Unfit> {
    let spelling = spelling(name.as_str());
    if spelling == Some(Spelling::Underscored) && rules.underscores() == Underscores::Refuse {
        let wrong = Wrong::Underscore;
        return Err(Unfit { name, wrong });
    }
    if hop_by_hop.contains(&name) {
        return Ok(None);
    }
    let passes = match (spelling, fate(name.as_str())) {
        (None, _) => false,
        (Some(_), Fate::Mapped) => return Ok(mapped(&name, rules)),
        (Some(Spelling::Plain), fate) => match rules.of_request(name.as_str(), Mapped::No) {
            Verdict::Denied => false,
            Verdict::Allowed => fate != Fate::Never,
            Verdict::Unsaid => fate == Fate::Pass,
        },
        (Some(Spelling::Underscored), _) => {
            passes_read_with_hyphens(name.as_str(), Mapped::No, rules)
        }
    };
    Ok(passes.then_some(name))
}

/// The name that `grpc-metadata-x` stands for, if that passes.
fn mapped(name: &HeaderName, rules: &Rules) -> Option<HeaderName> {
    let mapped = name.as_str().get(MAPPED_PREFIX.len()..)?;
    let mapped = HeaderName::from_bytes(mapped.as_bytes()).ok()?;
    let passes = mapped != header::AUTHORIZATION
        && passes_read_with_hyphens(mapped.as_str(), Mapped::Yes, rules);
    passes.then_some(mapped)
}

/// Whether a name passes that is only like the header a server takes it for: never as one that is
/// withheld, whatever a list says.
fn passes_read_with_hyphens(name: &str, mapped: Mapped, rules: &Rules) -> bool {
    let read = name.replace('_', "-");
    fate(&read) == Fate::Pass && rules.of_request(&read, mapped) != Verdict::Denied
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
    field_value::items(headers, &header::CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect()
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Taken,
    Dropped,
}

fn append(out: &mut HeaderMap, name: &HeaderName, value: HeaderValue) -> Result<Fit, Unfit> {
    if name.as_str().ends_with("-bin") {
        return append_binary(out, name, &value).map(|()| Fit::Taken);
    }
    // gRPC's ASCII values.
    let is_ascii = |byte: &u8| (0x20..=0x7e).contains(byte);
    if !value.as_bytes().iter().all(is_ascii) {
        return Ok(Fit::Dropped);
    }
    out.append(name, value);
    Ok(Fit::Taken)
}

/// Values of a `-bin` name may be joined by commas and padded; they go out one by one, unpadded.
fn append_binary(out: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) -> Result<(), Unfit> {
    let malformed = || Unfit {
        name: name.clone(),
        wrong: Wrong::NotBase64,
    };
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

/// Whether metadata of a backend are shown to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Yes,
    /// The gateway's to say, to a browser above all: only where a list allows it.
    Withheld,
    /// Belongs to one connection, to the protocol, or to the gateway.
    Never,
}

fn shown(name: &str, reader: Reader) -> Shown {
    match name {
        "connection"
        | "keep-alive"
        | "proxy-connection"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "te"
        | "trailer"
        | "transfer-encoding"
        | "upgrade"
        | "content-type"
        | "content-length"
        | "content-encoding"
        | "x-http-code"
        | "x-request-id"
        | "x-content-type-options" => Shown::Never,
        "set-cookie" | "strict-transport-security" | "clear-site-data" | "alt-svc" => {
            Shown::Withheld
        }
        _ => match name.as_bytes().first() {
            Some(b'g')
                if name.starts_with("grpc-") && (reader == Reader::Other || is_written(name)) =>
            {
                Shown::Never
            }
            // What messages are compressed in is said by whoever writes them.
            Some(b'c') if name.starts_with("connect-") && reader == Reader::Other => Shown::Never,
            // `content-security-policy` is among these.
            Some(b'c') if name.starts_with("content-") => Shown::Withheld,
            Some(b'a') if name.starts_with("access-control-") => Shown::Withheld,
            _ => Shown::Yes,
        },
    }
}

fn is_shown(name: &str, reader: Reader, rules: Option<&Rules>) -> bool {
    match shown(name, reader) {
        Shown::Yes => true,
        Shown::Withheld => rules.is_some_and(|rules| rules.shows(name)),
        Shown::Never => false,
    }
}

/// True for gRPC's own fields that the gateway writes itself; the others, such as
/// `grpc-retry-pushback-ms`, are one peer's word to the other. What a backend takes compressed is its
/// word to the gateway: a client that believed it could be refused here.
fn is_written(name: &str) -> bool {
    matches!(
        name,
        "grpc-status"
            | "grpc-message"
            | "grpc-status-details-bin"
            | "grpc-encoding"
            | "grpc-accept-encoding"
            | "grpc-timeout"
    )
}

/// Who reads an answer. The fields named `grpc-…` mean something to gRPC's clients alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A client of gRPC or gRPC-Web: it gets those that the gateway does not write itself.
    Grpc,
    /// A client of any other dialect: it gets none.
    Other,
}

/// Appends response metadata to the headers of an answer, filtered; what is withheld passes where
/// the rules allow it.
pub(crate) fn to_headers_by(
    rules: &Rules,
    metadata: Metadata,
    reader: Reader,
    headers: &mut HeaderMap,
) {
    append_shown(metadata, reader, Some(rules), headers);
}

/// Appends metadata to the headers or trailers of an answer, filtered.
pub(crate) fn to_headers(metadata: Metadata, reader: Reader, headers: &mut HeaderMap) {
    append_shown(metadata, reader, None, headers);
}

fn append_shown(
    metadata: Metadata,
    reader: Reader,
    rules: Option<&Rules>,
    headers: &mut HeaderMap,
) {
    let mut current = None;
    for (name, value) in metadata.0 {
        if let Some(name) = name {
            current = is_shown(name.as_str(), reader, rules).then_some(name);
        }
        if let Some(name) = &current {
            // What gRPC's clients could not be sent is dropped; the rest of the answer is as true.
            let _ = append(headers, name, value);
        }
    }
}

/// Appends trailers to the headers of an answer, filtered, each name behind a prefix.
pub(crate) fn to_prefixed_headers(trailers: Metadata, prefix: &str, headers: &mut HeaderMap) {
    let mut current = None;
    for (name, value) in trailers.0 {
        if let Some(name) = name {
            current = is_shown(name.as_str(), Reader::Other, None)
                .then(|| HeaderName::try_from(format!("{prefix}{name}")).ok())
                .flatten();
        }
        if let Some(name) = &current {
            // What gRPC's clients could not be sent is dropped; the rest of the answer is as true.
            let _ = append(headers, name, value);
        }
    }
}

#[cfg(test)]
mod tests;

//! URIs and references to them (RFC 3986, zones of addresses by RFC 6874).

use super::address;

/// A URI: with a scheme.
pub(in crate::validate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut bytes = scheme.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && is_rest(rest, Scheme::Before)
}

/// A URI or a reference relative to one; the empty text is one.
pub(in crate::validate) fn is_uri_ref(text: &str) -> bool {
    is_uri(text) || is_rest(text, Scheme::None)
}

/// Whether a scheme stands before the path: without one a colon would make one of its first segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Before,
    None,
}

fn is_rest(text: &str, scheme: Scheme) -> bool {
    let (text, fragment) = match text.split_once('#') {
        Some((text, fragment)) => (text, fragment),
        None => (text, ""),
    };
    let (hierarchy, query) = match text.split_once('?') {
        Some((hierarchy, query)) => (hierarchy, query),
        None => (text, ""),
    };
    is_made_of(fragment, b":@/?") && is_made_of(query, b":@/?") && is_hierarchy(hierarchy, scheme)
}

fn is_hierarchy(text: &str, scheme: Scheme) -> bool {
    if let Some(rest) = text.strip_prefix("//") {
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        return is_authority(authority) && is_made_of(path, b":@/");
    }
    let first = text.split('/').next().unwrap_or_default();
    is_made_of(text, b":@/") && (scheme == Scheme::Before || !first.contains(':'))
}

fn is_authority(text: &str) -> bool {
    let (user, host) = match text.split_once('@') {
        Some((user, host)) => (user, host),
        None => ("", text),
    };
    if !is_made_of(user, b":") {
        return false;
    }
    let (is_host, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((literal, behind)) => (is_literal(literal), behind),
            None => return false,
        },
        None => {
            let end = host.find(':').unwrap_or(host.len());
            let (name, behind) = host.split_at(end);
            (is_name(name), behind)
        }
    };
    is_host
        && match port.strip_prefix(':') {
            Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
            None => port.is_empty(),
        }
}

/// What stands in brackets: an address of version 6, maybe with its zone, or of one to come.
fn is_literal(text: &str) -> bool {
    if let Some(future) = text.strip_prefix('v').or_else(|| text.strip_prefix('V')) {
        return future.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && is_made_of(address, b":")
        });
    }
    match text.split_once("%25") {
        Some((address, zone)) => {
            let plain = |byte: u8| is_unreserved(byte) || byte == b'%';
            address::v6(address).is_some()
                && !zone.is_empty()
                && zone.bytes().all(plain)
                && is_name(zone)
        }
        None => address::v6(text).is_some(),
    }
}

/// A registered name: escapes in it are UTF-8.
fn is_name(text: &str) -> bool {
    is_made_of(text, b"") && is_utf8_unescaped(text)
}

fn is_utf8_unescaped(text: &str) -> bool {
    if !text.contains('%') {
        return true;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return false;
        };
        out.push((high * 16 + low) as u8);
    }
    std::str::from_utf8(&out).is_ok()
}

/// Only unreserved characters, sub-delimiters, escapes, and some more.
fn is_made_of(text: &str, more: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => is_unreserved(byte) || b"!$&'()*+,;=".contains(&byte) || more.contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

//! The well-known forms of strings, as protovalidate's own grammar has them.
//!
//! All of them read their text once, forwards, and take any text.

mod address;
mod host;
mod uri;

pub(super) use address::{is_ip, is_ip_prefix};
pub(super) use host::{is_email, is_host_and_port, is_hostname};
pub(super) use uri::{is_uri, is_uri_ref};

/// A form. What has one is not empty; whether an empty text passes is another rule's matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Email,
    Hostname,
    Ip(Version),
    IpPrefix(Version, Strict),
    Uri,
    UriRef,
    /// A host name or an address.
    Address,
    HostAndPort,
    Uuid,
    /// A UUID without its hyphens.
    Tuuid,
    Ulid,
    /// `pkg.Message`.
    Fqn,
    /// `.pkg.Message`.
    DotFqn,
    HeaderName(Strict),
    HeaderValue(Strict),
}

/// Which Internet protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Any,
    V4,
    V6,
}

/// Whether the narrow or the wide form is meant: of headers without what HTTP forbids, of prefixes
/// without bits behind the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strict {
    Yes,
    No,
}

impl Format {
    /// The text has the form.
    pub(super) fn has(self, text: &str) -> bool {
        match self {
            Self::UriRef => is_uri_ref(text),
            Self::HeaderValue(strict) => is_header_value(text, strict),
            // Told by another rule.
            _ if text.is_empty() => true,
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ip(version) => is_ip(text, version),
            Self::IpPrefix(version, strict) => is_ip_prefix(text, version, strict),
            Self::Uri => is_uri(text),
            Self::Address => is_hostname(text) || is_ip(text, Version::Any),
            Self::HostAndPort => is_host_and_port(text, host::Port::Required),
            Self::Uuid => is_uuid(text),
            Self::Tuuid => text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Ulid => is_ulid(text),
            Self::Fqn => is_fqn(text),
            Self::DotFqn => text.strip_prefix('.').is_some_and(is_fqn),
            Self::HeaderName(strict) => is_header_name(text, strict),
        }
    }
}

pub(super) use host::Port;

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Crockford's base 32 without I, L, O and U; 128 bits, so that the first digit is at most 7.
fn is_ulid(text: &str) -> bool {
    let is_digit = |byte: u8| {
        byte.is_ascii_alphanumeric()
            && !matches!(byte.to_ascii_uppercase(), b'I' | b'L' | b'O' | b'U')
    };
    text.len() == 26
        && text.bytes().all(is_digit)
        && text
            .bytes()
            .next()
            .is_some_and(|first| (b'0'..=b'7').contains(&first))
}

fn is_fqn(text: &str) -> bool {
    text.split('.').all(|part| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && part
                .bytes()
                .next()
                .is_some_and(|first| !first.is_ascii_digit())
    })
}

fn is_header_name(text: &str, strict: Strict) -> bool {
    match strict {
        Strict::No => text.bytes().all(|byte| !matches!(byte, 0 | b'\n' | b'\r')),
        Strict::Yes => {
            let name = text.strip_prefix(':').unwrap_or(text);
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-.^_|~`".contains(&byte))
        }
    }
}

fn is_header_value(text: &str, strict: Strict) -> bool {
    text.bytes().all(|byte| match strict {
        Strict::No => !matches!(byte, 0 | b'\n' | b'\r'),
        Strict::Yes => byte == b'\t' || (byte >= 0x20 && byte != 0x7f),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers_are_tokens_of_http() {
        for (text, strict, loose) in [
            ("x-name", true, true),
            (":path", true, true),
            (":", false, true),
            ("a b", false, true),
            ("a\r\nb", false, false),
            ("a\0", false, false),
        ] {
            assert_eq!(
                Format::HeaderName(Strict::Yes).has(text),
                strict,
                "{text:?}"
            );
            assert_eq!(Format::HeaderName(Strict::No).has(text), loose, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_ascii_is_cut_nowhere() {
        for text in [
            "ä",
            "[ä",
            "ä]:1",
            "http://ä",
            "%ä",
            "a@ä",
            "1.2.3.ä",
            "::ä",
            "%c3",
            "ä/8",
            ".",
        ] {
            for format in [
                Format::Email,
                Format::Hostname,
                Format::Ip(Version::Any),
                Format::IpPrefix(Version::Any, Strict::Yes),
                Format::Uri,
                Format::UriRef,
                Format::Address,
                Format::HostAndPort,
                Format::Uuid,
                Format::Tuuid,
                Format::Ulid,
                Format::Fqn,
                Format::DotFqn,
                Format::HeaderName(Strict::Yes),
                Format::HeaderValue(Strict::Yes),
            ] {
                let _ = format.has(text);
            }
        }
        assert!(!Format::Fqn.has("a..b"));
        assert!(Format::DotFqn.has(".a.b_1"));
    }
}

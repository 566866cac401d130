//! What a request has to be like for a route that not all have: for a host, with header fields.
//!
//! They are asked of the request as the client sent it, before anything is filtered. Every kind of
//! condition that a route has must hold; of several hosts one is enough.

use std::fmt;
use std::str::FromStr;

use http::request::Parts;
use http::{HeaderMap, HeaderName, header};

/// Hosts of one route at most, and header fields as many.
pub const CONDITIONS_MAX: usize = 16;

/// Longest name of a host (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// What a request has to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    hosts: Vec<Host>,
    headers: Vec<Header>,
}

/// A host, or with `*.` before it all of its sub-domains, at any depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// In lower case; with its first dot for sub-domains.
    name: String,
}

/// A field that has to be there, and one of its values like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// One of its values.
    pub value: Value,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This, byte for byte.
    Exact(String),
    /// Anything that begins so.
    Prefix(String),
}

/// A text that is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a host such as `api.example.com`, or `*.example.com`, without a port")]
pub struct NoHost;

impl FromStr for Host {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let (dot, name) = match text.strip_prefix("*.") {
            Some(rest) => (".", rest),
            None => ("", text),
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if name.len() > HOST_BYTES_MAX || !name.split('.').all(is_label) {
            return Err(NoHost);
        }
        Ok(Self {
            name: format!("{dot}{}", name.to_ascii_lowercase()),
        })
    }
}

impl Host {
    /// True for a request's host, without its port.
    fn is(&self, host: &str) -> bool {
        if !self.name.starts_with('.') {
            return host.eq_ignore_ascii_case(&self.name);
        }
        let (host, domain) = (host.as_bytes(), self.name.as_bytes());
        let at = host.len().saturating_sub(domain.len());
        at > 0
            && host
                .get(at..)
                .is_some_and(|end| end.eq_ignore_ascii_case(domain))
    }
}

impl Header {
    fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(&self.name).iter();
        values.any(|value| match &self.value {
            Value::Exact(text) => value.as_bytes() == text.as_bytes(),
            Value::Prefix(text) => value.as_bytes().starts_with(text.as_bytes()),
        })
    }
}

impl Conditions {
    /// Conditions; without any every request fits.
    #[must_use]
    pub const fn new(hosts: Vec<Host>, headers: Vec<Header>) -> Self {
        Self { hosts, headers }
    }

    /// True if they ask for nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.headers.is_empty()
    }

    /// True of a request for this host.
    pub(super) fn hold(&self, host: &str, headers: &HeaderMap) -> bool {
        (self.hosts.is_empty() || self.hosts.iter().any(|wanted| wanted.is(host)))
            && self.headers.iter().all(|wanted| wanted.is_in(headers))
    }
}

/// The host that a request is for, without port and final dot; empty if it names none.
pub(super) fn host_of(parts: &Parts) -> &str {
    let authority = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default(),
    };
    // An address of IPv6 is in brackets, and no route has one.
    let host = authority.split(':').next().unwrap_or_default();
    host.strip_suffix('.').unwrap_or(host)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.starts_with('.') {
            f.write_str("*")?;
        }
        f.write_str(&self.name)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Exact(text) => write!(f, "{}: {text}", self.name),
            Value::Prefix(text) => write!(f, "{}: {text}…", self.name),
        }
    }
}

/// `host a.example or *.b.example and x-canary: 1`.
impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.hosts.iter().enumerate() {
            let before = if index == 0 { "host " } else { " or " };
            write!(f, "{before}{host}")?;
        }
        for (index, header) in self.headers.iter().enumerate() {
            let is_first = index == 0 && self.hosts.is_empty();
            let before = if is_first { "" } else { " and " };
            write!(f, "{before}{header}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    fn parts(uri: &str, host: Option<&str>) -> Parts {
        let mut request = Request::builder().uri(uri);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_host_is_a_name_or_all_beneath_one() {
        for (pattern, host, expected) in [
            ("api.example.com", "api.example.com", true),
            ("API.example.com", "api.EXAMPLE.com", true),
            ("api.example.com", "a.api.example.com", false),
            ("api.example.com", "", false),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.EXAMPLE.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "badexample.com", false),
            ("*.example.com", "example.com.evil.org", false),
            ("*.example.com", "é.com", false),
        ] {
            let host_is = pattern.parse::<Host>().unwrap().is(host);
            assert_eq!(host_is, expected, "{pattern} {host}");
        }
        let long = "a".repeat(254);
        for wrong in [
            "", "*", "*.", "a..b", ".a", "a.", "a.*.b", "*a.b", "a:80", "[::1]", "a/b", "a b",
            &long,
        ] {
            assert_eq!(wrong.parse::<Host>(), Err(NoHost), "{wrong}");
        }
        let written = |text: &str| text.parse::<Host>().unwrap().to_string();
        assert_eq!(written("*.B.example"), "*.b.example");
    }

    #[test]
    fn a_requests_host_is_its_authority_or_else_the_field() {
        for (uri, field, expected) in [
            ("http://a.example:8080/x", Some("b.example"), "a.example"),
            ("/x", Some("b.example:443"), "b.example"),
            ("/x", Some("b.example."), "b.example"),
            ("/x", Some("[::1]:80"), "["),
            ("/x", None, ""),
        ] {
            assert_eq!(host_of(&parts(uri, field)), expected, "{uri} {field:?}");
        }
    }

    #[test]
    fn all_fields_have_to_be_there_and_one_of_the_hosts() {
        let header = |name: &'static str, value| Header {
            name: HeaderName::from_static(name),
            value,
        };
        let conditions = Conditions::new(
            vec!["a.example".parse().unwrap(), "*.b.example".parse().unwrap()],
            vec![
                header("x-canary", Value::Exact("1".to_owned())),
                header("x-version", Value::Prefix("2.".to_owned())),
            ],
        );
        assert_eq!(
            conditions.to_string(),
            "host a.example or *.b.example and x-canary: 1 and x-version: 2.…"
        );
        for (host, fields, expected) in [
            (
                "a.example",
                &[("x-canary", "1"), ("x-version", "2.7")][..],
                true,
            ),
            (
                "x.b.example",
                &[("x-version", "2."), ("x-canary", "1")],
                true,
            ),
            (
                "b.example",
                &[("x-canary", "1"), ("x-version", "2.7")],
                false,
            ),
            ("a.example", &[("x-canary", "1")], false),
            (
                "a.example",
                &[("x-canary", "11"), ("x-version", "2.7")],
                false,
            ),
            (
                "a.example",
                &[("x-canary", "1"), ("x-version", "12.7")],
                false,
            ),
            // A field may be there more than once.
            (
                "a.example",
                &[("x-canary", "0"), ("x-canary", "1"), ("x-version", "2.0")],
                true,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(
                conditions.hold(host, &headers),
                expected,
                "{host} {fields:?}"
            );
        }
        assert!(Conditions::default().is_empty());
        assert!(Conditions::default().hold("", &HeaderMap::new()));
    }
}

//! Texts of the configuration that have a form: addresses, URLs and names.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::units::quoted;
use crate::call::{Network, NetworkError};
use crate::protocol::cors;
use crate::protocol::metadata::rules::Pattern;
use crate::schema::{NoSelector, Selector};
use crate::upstream;

/// The longest upstream name, in bytes: it becomes a label in logs and metrics.
pub const NAME_MAX: usize = 64;

/// The longest name of a host, in bytes (RFC 1035, section 2.3.4).
const HOST_MAX: usize = 253;

/// An IP address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`";
        text.parse()
            .map(Self)
            .map_err(|_| format!("found {}, {expected}", quoted(text)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A range of IP addresses, or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkRange(pub Network);

impl FromStr for NetworkRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |error: NetworkError| format!("found {}: {error}", quoted(text));
        text.parse().map(Self).map_err(wrong)
    }
}

impl fmt::Display for NetworkRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The URL of a gRPC server, checked by the upstream module and kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    text: String,
    url: upstream::Url,
}

impl UpstreamUrl {
    /// The URL as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the upstream module made of it.
    #[must_use]
    pub fn url(&self) -> upstream::Url {
        self.url.clone()
    }
}

impl FromStr for UpstreamUrl {
    type Err = upstream::AddressError;

    fn from_str(text: &str) -> Result<Self, upstream::AddressError> {
        Ok(Self {
            url: text.parse()?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where one of several endpoints listens, checked by the upstream module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointAddress(upstream::Address);

impl EndpointAddress {
    /// The address.
    #[must_use]
    pub fn address(&self) -> upstream::Address {
        self.0.clone()
    }
}

impl FromStr for EndpointAddress {
    type Err = upstream::AddressError;

    fn from_str(text: &str) -> Result<Self, upstream::AddressError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for EndpointAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of an upstream: letters, digits and `-_.:[]`, at most [`NAME_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamName(String);

impl UpstreamName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UpstreamName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
        if text.is_empty() || text.len() > NAME_MAX || !text.chars().all(fits) {
            return Err(format!(
                "found the name {}, expected 1 to {NAME_MAX} letters, digits and `-_.:[]`",
                quoted(text)
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for UpstreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A header name, or with `*` at its end the beginning of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPattern {
    text: String,
    pattern: Pattern,
}

impl HeaderPattern {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the protocol made of it.
    #[must_use]
    pub fn pattern(&self) -> Pattern {
        self.pattern.clone()
    }
}

impl FromStr for HeaderPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self {
            pattern: text
                .parse()
                .map_err(|expected| format!("found {}, expected {expected}", quoted(text)))?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for HeaderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An origin, the origins of a domain's sub-domains, or `*` for any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    text: String,
    /// `None` for any.
    pattern: Option<cors::Pattern>,
}

impl OriginPattern {
    /// Any origin: `*`.
    #[must_use]
    pub fn any() -> Self {
        Self {
            text: "*".to_owned(),
            pattern: None,
        }
    }

    /// What the protocol made of it; nothing of `*`, which needs no looking at.
    #[must_use]
    pub fn pattern(&self) -> Option<cors::Pattern> {
        self.pattern.clone()
    }
}

impl FromStr for OriginPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::any());
        }
        let pattern = text
            .parse()
            .map_err(|expected| format!("found {}, expected {expected}", quoted(text)))?;
        Ok(Self {
            text: text.to_owned(),
            pattern: Some(pattern),
        })
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name of a host, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=HOST_MAX).contains(&text.len()) && text.bytes().all(is_letter) {
            return Ok(Self(text.to_owned()));
        }
        let expected = "expected the name of a host without a port, such as `transom.ops.svc`";
        Err(format!("found {}, {expected}", quoted(text)))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a response header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHeader(http::HeaderName);

impl ResponseHeader {
    /// The name.
    #[must_use]
    pub fn name(&self) -> http::HeaderName {
        self.0.clone()
    }
}

impl FromStr for ResponseHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A browser would take `*` for every name, but not where credentials are sent.
        let name = text.parse().ok().filter(|_| text != "*");
        name.map(Self).ok_or_else(|| {
            format!(
                "found {}, expected the name of a header, such as `x-served-by`",
                quoted(text)
            )
        })
    }
}

impl fmt::Display for ResponseHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// A path of pages: `/docs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePath(String);

impl PagePath {
    /// A path that is known to be one.
    #[must_use]
    pub const fn of(path: String) -> Self {
        Self(path)
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PagePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_segment = |segment: &str| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
        };
        let segments = text.strip_prefix('/').unwrap_or_default();
        if text.len() <= NAME_MAX && segments.split('/').all(is_segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "found {}, expected a path of letters, digits and `-_.~`, such as `/docs`",
                quoted(text)
            ))
        }
    }
}

impl fmt::Display for PagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Methods by name, such as `library.v1.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected(Selector);

impl Selected {
    /// What the schema made of it.
    #[must_use]
    pub fn selector(&self) -> Selector {
        self.0.clone()
    }
}

impl FromStr for Selected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|wrong: NoSelector| format!("found {}, {wrong}", quoted(text)))
    }
}

impl fmt::Display for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// A URL of `http` or `https` that people outside use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL, without a `/` at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url: Option<http::Uri> = text.parse().ok();
        let is_public = url.is_some_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
                && url.query().is_none()
        });
        if is_public {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(format!(
                "found {}, expected a URL such as `https://api.example.com`",
                quoted(text)
            ))
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! text_in_the_file {
    ($($type:ident $schema:tt)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

text_in_the_file! {
    Address { "type": "string", "examples": ["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080"] }
    NetworkRange { "type": "string", "examples": ["10.0.0.0/8", "fd00::/8", "192.0.2.7"] }
    UpstreamUrl { "type": "string", "examples": ["http://127.0.0.1:50051"] }
    EndpointAddress { "type": "string", "examples": ["10.0.0.1:50051"] }
    UpstreamName { "type": "string", "pattern": "^[A-Za-z0-9._:\\[\\]-]{1,64}$" }
    OriginPattern {
        "type": "string",
        "pattern": "^(\\*|[A-Za-z][A-Za-z0-9+.-]*://(\\*\\.)?[A-Za-z0-9._:\\[\\]-]+)$"
    }
    HostName { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,253}$" }
    ResponseHeader { "type": "string", "pattern": "^[A-Za-z0-9._-]+$" }
    PagePath { "type": "string", "pattern": "^(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$" }
    PublicUrl { "type": "string", "pattern": "^https?://" }
    Selected { "type": "string", "pattern": "^(\\*|[A-Za-z_][A-Za-z0-9_.]*(\\.\\*)?)$" }
    HeaderPattern { "type": "string", "pattern": "^([A-Za-z0-9._-]+\\*?|\\*)$" }
}

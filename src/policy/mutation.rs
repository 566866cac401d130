//! Changes of headers that a policy server asks for, read without trust: what it may not touch it may not
//! name, or its whole answer counts for nothing.

use http::{HeaderName, HeaderValue};

use super::failure::Fault;
use super::pb::envoy::config::core::v3 as core;
use crate::call::gate::Change;

/// Headers of one answer at most.
pub const HEADERS_MAX: usize = 64;

/// Bytes of their names and values at most.
pub const BYTES_MAX: usize = 16 * 1024;

/// Headers that are the gateway's to make: about the message, the connection, the client, and what a page may
/// do. So are all that begin with one of [`OWN_PREFIXES`].
const OWN: [&str; 22] = [
    "date",
    "forwarded",
    "strict-transport-security",
    "via",
    "x-content-type-options",
    "x-real-ip",
    "x-request-id",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

const OWN_PREFIXES: [&str; 3] = ["grpc-", "access-control-", "x-forwarded-"];

/// How many bytes an answer may still name.
#[derive(Debug)]
pub(super) struct Room {
    headers: usize,
    bytes: usize,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self {
            headers: HEADERS_MAX,
            bytes: BYTES_MAX,
        }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        let headers = self.headers.checked_sub(1);
        let left = self.bytes.checked_sub(bytes);
        let Some((headers, left)) = headers.zip(left) else {
            return Err(Fault::Garbage(format!(
                "more than {HEADERS_MAX} headers, or {BYTES_MAX} bytes of them"
            )));
        };
        (self.headers, self.bytes) = (headers, left);
        Ok(())
    }

    /// A name that may be changed.
    pub(super) fn name(&mut self, name: &str) -> Result<HeaderName, Fault> {
        self.take(name.len())?;
        let wrong = |what: &str| Fault::Garbage(format!("{what} as the name of a header"));
        if name.starts_with(':') {
            return Err(wrong("a pseudo-header"));
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("something else"))?;
        if OWN.contains(&name.as_str())
            || OWN_PREFIXES
                .iter()
                .any(|begin| name.as_str().starts_with(begin))
        {
            return Err(wrong("one of the gateway's own headers"));
        }
        Ok(name)
    }

    /// A header, and its value.
    pub(super) fn header(
        &mut self,
        header: &core::HeaderValue,
    ) -> Result<(HeaderName, HeaderValue), Fault> {
        let name = self.name(&header.key)?;
        let value = if header.value.is_empty() {
            &header.raw_value
        } else {
            header.value.as_bytes()
        };
        self.take(value.len())?;
        let value = HeaderValue::from_bytes(value).map_err(|_| {
            Fault::Garbage(format!(
                "characters that no value has, of the header {name}"
            ))
        })?;
        Ok((name, value))
    }

    /// A change. Where nothing is said of a header that is there, the value comes instead of it, as in
    /// Envoy.
    pub(super) fn change(&mut self, option: &core::HeaderValueOption) -> Result<Change, Fault> {
        use core::header_value_option::HeaderAppendAction as Action;
        let header = option.header.as_ref();
        let header =
            header.ok_or_else(|| Fault::Garbage("a change without a header".to_owned()))?;
        let (name, value) = self.header(header)?;
        if option.append == Some(true) {
            return Ok(Change::Append(name, value));
        }
        let action = Action::try_from(option.append_action)
            .map_err(|_| Fault::Garbage(format!("the append action {}", option.append_action)))?;
        Ok(match action {
            Action::AppendIfExistsOrAdd | Action::OverwriteIfExistsOrAdd => {
                Change::Set(name, value)
            }
            Action::AddIfAbsent => Change::Add(name, value),
            Action::OverwriteIfExists => Change::Replace(name, value),
        })
    }
}

//! Where a backend is: a host and a port, reached by cleartext HTTP/2.

use std::fmt;
use std::str::FromStr;

use http::uri::Authority;

/// Characters of a refused address that an error repeats.
const SHOWN_MAX: usize = 100;

/// A checked address: `http://host:port`, or `host:port` for short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    authority: Authority,
    port: u16,
}

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// TLS is wanted.
    #[error(
        "{0:?} asks for TLS, which is not available towards upstreams yet; expected http://host:port"
    )]
    Tls(String),
    /// Some other scheme.
    #[error("{0:?} does not begin with http://; expected http://host:port")]
    Scheme(String),
    /// No port.
    #[error("{0:?} names no port; expected http://host:port")]
    Port(String),
    /// More than an address.
    #[error("{0:?} has more than a host and a port; expected http://host:port")]
    Extra(String),
    /// No host, or one that cannot be.
    #[error("{0:?} is not an address; expected http://host:port")]
    Host(String),
}

impl Endpoint {
    /// Host and port, as they stand in `:authority`.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host for a resolver: an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let shown = || text.chars().take(SHOWN_MAX).collect::<String>();
        let address = match text.split_once("://") {
            None => text,
            Some((scheme, address)) if scheme.eq_ignore_ascii_case("http") => address,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                return Err(EndpointError::Tls(shown()));
            }
            Some(_) => return Err(EndpointError::Scheme(shown())),
        };
        let address = address.strip_suffix('/').unwrap_or(address);
        if address.contains(['/', '?', '#', '@']) {
            return Err(EndpointError::Extra(shown()));
        }
        let authority: Authority = address.parse().map_err(|_| EndpointError::Host(shown()))?;
        if authority.host().is_empty() {
            return Err(EndpointError::Host(shown()));
        }
        let port = authority
            .port_u16()
            .filter(|&port| port != 0)
            .ok_or_else(|| EndpointError::Port(shown()))?;
        Ok(Self { authority, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (text, host, port) in [
            ("http://localhost:50051", "localhost", 50051),
            ("HTTP://10.0.0.1:80/", "10.0.0.1", 80),
            ("backend.example:9", "backend.example", 9),
            ("http://[::1]:50051", "::1", 50051),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!((endpoint.host(), endpoint.port()), (host, port), "{text}");
        }
        let endpoint: Endpoint = "[::1]:1".parse().unwrap();
        assert_eq!(endpoint.to_string(), "http://[::1]:1");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        type Case = (&'static str, fn(String) -> EndpointError);
        let cases: [Case; 11] = [
            ("https://localhost:443", EndpointError::Tls),
            ("unix:///run/backend", EndpointError::Scheme),
            ("http://localhost", EndpointError::Port),
            ("localhost", EndpointError::Port),
            ("localhost:0", EndpointError::Port),
            ("localhost:70000", EndpointError::Port),
            ("http://localhost:1/api", EndpointError::Extra),
            ("http://user@localhost:1", EndpointError::Extra),
            ("http://localhost:1?x", EndpointError::Extra),
            ("", EndpointError::Host),
            ("http://:50051", EndpointError::Host),
        ];
        for (text, error) in cases {
            assert_eq!(
                text.parse::<Endpoint>(),
                Err(error(text.to_owned())),
                "{text}"
            );
        }
    }
}

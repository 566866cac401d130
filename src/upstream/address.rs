//! Where a backend is: a host and a port, or a Unix-domain socket; reached in the clear or by TLS.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::LazyLock;

use http::uri::Authority;

use crate::control::redacted::without_secrets;

/// Characters of a refused address that an error repeats.
const SHOWN_MAX: usize = 100;

/// The longest path of a Unix-domain socket: what `sockaddr_un` holds everywhere, less its end.
const UNIX_PATH_MAX: usize = 103;

/// `:authority` of calls through a Unix-domain socket, which has no name of its own: what gRPC's own
/// clients send.
static UNIX_AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::from_static("localhost"));

/// Where one endpoint listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host, by name or IP address, and a port.
    Tcp {
        /// As it stands in `:authority`.
        authority: Authority,
        /// The port, never 0.
        port: u16,
    },
    /// A Unix-domain socket.
    Unix(PathBuf),
}

/// What the bytes to a backend travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP/2 in the clear.
    Http,
    /// HTTP/2 by TLS.
    Https,
}

/// A checked URL: `http://host:port`, `https://host:port`, `unix:/path`, or `host:port` for short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Where.
    pub address: Address,
    /// In what.
    pub scheme: Scheme,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Some other scheme.
    #[error("{0:?} begins with none of http://, https:// and unix:; expected http://host:port")]
    Scheme(String),
    /// No port.
    #[error("{0:?} names no port; expected {1}")]
    Port(String, Form),
    /// More than an address.
    #[error("{0:?} has more than a host and a port; expected {1}")]
    Extra(String, Form),
    /// No host, or one that cannot be.
    #[error("{0:?} is not an address; expected {1}")]
    Host(String, Form),
    /// No path of a socket.
    #[error("{0:?} names no socket; expected unix:/absolute/path of at most {UNIX_PATH_MAX} bytes")]
    Unix(String),
}

/// How an address has to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By itself.
    Bare,
    /// As a URL.
    Url,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bare => "host:port",
            Self::Url => "http://host:port",
        })
    }
}

fn shown(text: &str) -> String {
    without_secrets(text).chars().take(SHOWN_MAX).collect()
}

impl Address {
    /// A host and a port.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn tcp(text: &str) -> Result<Self, AddressError> {
        if text.contains(['/', '?', '#', '@']) {
            return Err(AddressError::Extra(shown(text), Form::Bare));
        }
        let authority: Authority = text
            .parse()
            .map_err(|_| AddressError::Host(shown(text), Form::Bare))?;
        if authority.host().is_empty() {
            return Err(AddressError::Host(shown(text), Form::Bare));
        }
        let port = authority
            .port_u16()
            .filter(|&port| port != 0)
            .ok_or_else(|| AddressError::Port(shown(text), Form::Bare))?;
        Ok(Self::Tcp { authority, port })
    }

    /// What stands in `:authority` of calls to it, unless something else is configured.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        match self {
            Self::Tcp { authority, .. } => authority,
            Self::Unix(_) => &UNIX_AUTHORITY,
        }
    }

    /// As the URL of a server in the clear.
    pub(super) fn fmt_url(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { authority, .. } => write!(f, "http://{authority}"),
            Self::Unix(_) => write!(f, "{self}"),
        }
    }

    /// The host for a resolver, or for a certificate: an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.authority().host();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }
}

impl From<std::net::SocketAddr> for Address {
    fn from(address: std::net::SocketAddr) -> Self {
        // An IP address and a port always are an authority.
        let authority = address
            .to_string()
            .parse()
            .unwrap_or_else(|_| UNIX_AUTHORITY.clone());
        Self::Tcp {
            authority,
            port: address.port(),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix("unix:") {
            Some(path) => unix(text, path),
            None => Self::tcp(text),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { authority, .. } => authority.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn unix(text: &str, path: &str) -> Result<Address, AddressError> {
    // gRPC's names have both forms: unix:/path and unix:///path.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.len() > 1 && path.starts_with('/') && path.len() <= UNIX_PATH_MAX {
        Ok(Address::Unix(path.into()))
    } else {
        Err(AddressError::Unix(shown(text)))
    }
}

impl FromStr for Url {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self {
                address: unix(text, path)?,
                scheme: Scheme::Http,
            });
        }
        let (scheme, address) = match text.split_once("://") {
            None => (Scheme::Http, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some(_) => return Err(AddressError::Scheme(shown(text))),
        };
        let address = address.strip_suffix('/').unwrap_or(address);
        // The whole URL is what somebody wrote, so it is what an error shows.
        let address = Address::tcp(address).map_err(|error| match error {
            AddressError::Scheme(_) => AddressError::Scheme(shown(text)),
            AddressError::Port(..) => AddressError::Port(shown(text), Form::Url),
            AddressError::Extra(..) => AddressError::Extra(shown(text), Form::Url),
            AddressError::Host(..) => AddressError::Host(shown(text), Form::Url),
            AddressError::Unix(_) => AddressError::Unix(shown(text)),
        })?;
        Ok(Self { address, scheme })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Http => self.address.fmt_url(f),
            Scheme::Https => write!(f, "https://{}", self.address),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_and_a_port() {
        for (text, host, port, scheme) in [
            ("http://localhost:50051", "localhost", 50051, Scheme::Http),
            ("HTTP://10.0.0.1:80/", "10.0.0.1", 80, Scheme::Http),
            (
                "https://books.example:443",
                "books.example",
                443,
                Scheme::Https,
            ),
            ("backend.example:9", "backend.example", 9, Scheme::Http),
            ("http://[::1]:50051", "::1", 50051, Scheme::Http),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.address.host(), url.scheme), (host, scheme), "{text}");
            assert_eq!(url.address.authority().port_u16(), Some(port), "{text}");
        }
        let url: Url = "[::1]:1".parse().unwrap();
        assert_eq!(url.to_string(), "http://[::1]:1");
    }

    #[test]
    fn a_unix_domain_socket_has_a_path() {
        for text in ["unix:/run/books.sock", "unix:///run/books.sock"] {
            let url: Url = text.parse().unwrap();
            assert_eq!(url.address, Address::Unix("/run/books.sock".into()));
            assert_eq!(url.address.authority(), "localhost");
            assert_eq!(url.to_string(), "unix:/run/books.sock");
        }
        let long = format!("unix:/{}", "x".repeat(UNIX_PATH_MAX));
        for text in ["unix:", "unix:relative", "unix:/", &*long] {
            let error = text.parse::<Url>().unwrap_err();
            assert!(matches!(error, AddressError::Unix(_)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        type Case = (&'static str, fn(String, Form) -> AddressError);
        let text = "ftp://localhost:1";
        let error = AddressError::Scheme(text.to_owned());
        assert_eq!(text.parse::<Url>(), Err(error));
        let cases: [Case; 10] = [
            ("http://localhost", AddressError::Port),
            ("localhost", AddressError::Port),
            ("localhost:0", AddressError::Port),
            ("localhost:70000", AddressError::Port),
            ("http://localhost:1/api", AddressError::Extra),
            ("http://user@localhost:1", AddressError::Extra),
            ("user:s3cret@localhost:1", AddressError::Extra),
            ("http://localhost:1?x", AddressError::Extra),
            ("", AddressError::Host),
            ("http://:50051", AddressError::Host),
        ];
        for (text, error) in cases {
            let error = error(without_secrets(text), Form::Url);
            assert!(!error.to_string().contains("s3cret"), "{error}");
            assert_eq!(text.parse::<Url>(), Err(error), "{text}");
        }
        let error = "http://x:1".parse::<Address>().unwrap_err().to_string();
        assert!(error.ends_with("; expected host:port"), "{error}");
    }
}

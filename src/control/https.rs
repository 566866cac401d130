//! A client for the few documents that are asked of others over HTTPS: keys of issuers, what an issuer says
//! of a token, tokens for ourselves.
//!
//! Connections are kept for a while: an issuer that is asked about every new token shall not shake hands each
//! time. Not those that show a certificate, which may be another one the next time. No redirects: what is
//! configured is what is asked. Without TLS only this host is asked, where nobody is on the way.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::{ClientConfig, RootCertStore};

use door::Door;

use super::redacted::{REDACTED, without_secrets};
use super::tls::{self, Part, TlsError};
use crate::pem;

mod door;

/// Connections without a question that are kept to a host, at most.
const KEPT_MAX: usize = 16;

/// How long they are.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Where.
    pub url: &'a Url,
    /// The body of a POST, in `application/x-www-form-urlencoded`; without one it is a GET.
    pub form: Option<Bytes>,
    /// The value of `authorization`.
    pub authorization: Option<HeaderValue>,
    /// Bytes of an answer at most.
    pub most: usize,
}

/// Why there is no answer, in words for operators. Nothing of what was sent is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpsError {
    /// Nobody is there.
    #[error("{host} cannot be reached: {cause}")]
    Unreachable {
        /// Who.
        host: String,
        /// What the system says.
        cause: String,
    },
    /// It broke off.
    #[error("{host} broke off: {cause}")]
    Broken {
        /// Who.
        host: String,
        /// What was seen.
        cause: String,
    },
    /// Another status.
    #[error("{host} answered {status}, expected 200")]
    Status {
        /// Who.
        host: String,
        /// Which.
        status: StatusCode,
        /// What it says of that; empty where it is too long.
        body: Bytes,
    },
    /// Too long.
    #[error("{host} answered with more than {most} bytes")]
    TooLong {
        /// Who.
        host: String,
        /// How many it may have.
        most: usize,
    },
}

/// Where something is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    uri: Uri,
    host: String,
    port: u16,
    is_secure: bool,
}

/// A URL that nothing is asked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It is none.
    #[error("found {0:?}, expected a URL such as https://id.example/keys")]
    None(String),
    /// Somebody on the way could answer.
    #[error(
        "found {0:?}, expected https://: without TLS only this host itself is asked, as 127.0.0.1, [::1] or localhost"
    )]
    Plaintext(String),
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none, or anybody on the way could answer.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        // What is no URL may hold a secret anywhere.
        let is_plain = !text.contains(['@', '?', '#']);
        let none = || match is_plain || text.contains("://") {
            true => BadUrl::None(without_secrets(text)),
            false => BadUrl::None(REDACTED.to_owned()),
        };
        let uri: Uri = text.parse().map_err(|_| none())?;
        let host = uri.host().ok_or_else(none)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(none()),
        };
        if uri
            .authority()
            .is_none_or(|authority| authority.as_str().contains('@'))
        {
            return Err(none());
        }
        let is_here = host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        if !is_secure && !is_here {
            return Err(BadUrl::Plaintext(without_secrets(text)));
        }
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        Ok(Self {
            uri,
            host,
            port,
            is_secure,
        })
    }
}

impl Url {
    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_secrets(&self.uri.to_string()))
    }
}

/// The client. Clones are the same one.
#[derive(Clone)]
pub struct Https {
    tls: Arc<ClientConfig>,
    client: Client<Door, Full<Bytes>>,
}

impl Https {
    /// A client that trusts these authorities.
    ///
    /// # Errors
    /// There is no TLS with them, in rustls' words.
    pub fn new(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(pem::provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self::keeping(KEPT_MAX, config))
    }

    /// A client for these URLs, that trusts the authorities in a file (PEM), or else those of the system;
    /// nobody where none of them is `https`.
    ///
    /// # Errors
    /// There is nobody to trust.
    pub fn trusting<'u>(
        ca: Option<&Path>,
        urls: impl IntoIterator<Item = &'u Url>,
    ) -> Result<Self, TlsError> {
        let is_secure = urls.into_iter().any(|url| url.is_secure);
        let roots = match ca {
            None if !is_secure => RootCertStore::empty(),
            ca => tls::authorities(ca)?,
        };
        Self::new(roots).map_err(|error| TlsError {
            part: Part::Ca,
            file: ca.map(Path::to_owned),
            message: error.to_string(),
        })
    }

    /// The same client, which shows the certificate of the moment to whoever asks for one.
    #[must_use]
    pub fn showing(&self, certificate: Arc<dyn ResolvesClientCert>) -> Self {
        let mut config = ClientConfig::clone(&self.tls);
        config.client_auth_cert_resolver = certificate;
        // A session that goes on would be that of the certificate before.
        config.resumption = Resumption::disabled();
        Self::keeping(0, config)
    }

    /// A client that keeps so many connections to a host.
    fn keeping(most: usize, tls: ClientConfig) -> Self {
        let tls = Arc::new(tls);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(most)
            .build(Door(Arc::clone(&tls)));
        Self { tls, client }
    }

    /// Asks, and gives the body of the answer. Whoever asks bounds the time.
    ///
    /// # Errors
    /// See [`HttpsError`].
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Bytes, HttpsError> {
        let host = || ask.url.host.clone();
        let broken = |cause: &(dyn Error + 'static)| HttpsError::Broken {
            host: host(),
            cause: first_cause(cause),
        };
        let response = self.client.request(request(&ask)).await;
        let response = response.map_err(|error| match error.is_connect() {
            true => HttpsError::Unreachable {
                host: host(),
                cause: first_cause(&error),
            },
            false => broken(&error),
        })?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            let body = Limited::new(response.into_body(), ask.most).collect().await;
            return Err(HttpsError::Status {
                host: host(),
                status,
                body: body.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes),
            });
        }
        let body = Limited::new(response.into_body(), ask.most).collect().await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|error| {
                if error.is::<http_body_util::LengthLimitError>() {
                    HttpsError::TooLong {
                        host: host(),
                        most: ask.most,
                    }
                } else {
                    broken(&*error)
                }
            })
    }
}

/// What the client says of an error is where it happened; what happened is behind that.
fn first_cause(error: &(dyn Error + 'static)) -> String {
    let mut first = error;
    while let Some(cause) = first.source() {
        first = cause;
    }
    first.to_string()
}

fn request(ask: &Ask<'_>) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(ask.form.clone().unwrap_or_default()));
    request.uri_mut().clone_from(&ask.url.uri); // the client takes the path and `host` of it
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(authorization) = &ask.authorization {
        let mut authorization = authorization.clone();
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
    }
    if ask.form.is_some() {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.method_mut() = Method::POST;
    }
    request
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Https")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// What comes of asking somebody who answers this, and what was asked.
    async fn asked(
        answer: &'static str,
        form: Option<&'static str>,
    ) -> (Result<Bytes, HttpsError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys?a=b", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            let end = form.unwrap_or("\r\n\r\n").as_bytes();
            while !seen.ends_with(end) {
                seen.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(seen).unwrap()
        });
        let url = Url::parse(&url).unwrap();
        let https = Https::new(RootCertStore::empty()).unwrap();
        let answer = https.ask(Ask {
            url: &url,
            form: form.map(Bytes::from),
            authorization: form.map(|_| HeaderValue::from_static("Basic eDp5")),
            most: 16,
        });
        let answer = answer.await;
        (answer, serving.await.unwrap())
    }

    #[tokio::test]
    async fn a_document_is_asked_for_and_a_form_is_posted() {
        let (answer, seen) = asked("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", None).await;
        assert_eq!(answer.unwrap(), "{}");
        assert!(seen.starts_with("GET /keys?a=b HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains("\r\nhost: 127.0.0.1:"), "{seen}");
        let (answer, seen) = asked("HTTP/1.1 200 OK\r\n\r\n{\"a\":1}", Some("token=x")).await;
        assert_eq!(answer.unwrap(), "{\"a\":1}", "until the connection ends");
        assert!(seen.starts_with("POST /keys?a=b HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains("authorization: Basic eDp5\r\n"), "{seen}");
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_next_question_and_replaced_when_it_has_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        // Two answers on each connection.
        let serving = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut socket, _) = listener.accept().await.unwrap();
                for _ in 0..2 {
                    let mut seen = Vec::new();
                    while !seen.ends_with(b"\r\n\r\n") {
                        seen.push(socket.read_u8().await.unwrap());
                    }
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                    socket.write_all(answer).await.unwrap();
                }
            }
        });
        let url = Url::parse(&url).unwrap();
        let https = Https::new(RootCertStore::empty()).unwrap();
        for number in 0..4 {
            let answer = https.ask(Ask {
                url: &url,
                form: None,
                authorization: None,
                most: 16,
            });
            assert_eq!(answer.await.unwrap(), "{}", "{number}");
        }
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn redirects_long_answers_and_broken_ones_are_errors() {
        for (answer, expected) in [
            (
                "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
                "127.0.0.1 answered 302 Found, expected 200",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n12345678901234567",
                "127.0.0.1 answered with more than 16 bytes",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
                "127.0.0.1 broke off: ",
            ),
            ("SSH-2.0-x\r\n", "127.0.0.1 broke off: "),
        ] {
            let error = asked(answer, None).await.0.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn only_this_host_is_asked_without_tls() {
        for good in [
            "https://id.example/keys",
            "http://127.0.0.1:1/",
            "http://[::1]/a",
            "http://localhost/",
        ] {
            Url::parse(good).unwrap();
        }
        for bad in [
            "http://id.example/keys",
            "http://10.0.0.1/",
            "http://127.0.0.1.example/",
        ] {
            assert!(
                matches!(Url::parse(bad), Err(BadUrl::Plaintext(_))),
                "{bad}"
            );
        }
        for bad in [
            "",
            "id.example",
            "/keys",
            "ftp://id.example/",
            "https://u:p@id.example/",
        ] {
            assert!(matches!(Url::parse(bad), Err(BadUrl::None(_))), "{bad}");
        }
    }
}

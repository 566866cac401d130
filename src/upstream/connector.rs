//! Connections for clients of the control plane, which speak HTTP/2 themselves: the same endpoints,
//! Unix-domain sockets and TLS as for calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper_util::rt::TokioIo;
use tower::Service;

use super::connect::ConnectError;
use super::endpoint::Endpoint;
use super::transport::Transport;

/// Connects to one endpoint of an upstream, whatever URI it is asked for.
#[derive(Clone, Debug)]
pub struct Connector {
    endpoint: Arc<Endpoint>,
    authorization: Option<HeaderValue>,
}

/// The bytes of such a connection, as hyper takes them.
type Io = TokioIo<Socket>;

/// The bytes of such a connection.
type Socket = Pin<Box<dyn Bytes>>;

/// What can be read and written.
pub trait Bytes: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send {}

impl Bytes for Transport {}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Unconnected(ConnectError);

impl Connector {
    pub(super) const fn new(endpoint: Arc<Endpoint>, authorization: Option<HeaderValue>) -> Self {
        Self {
            endpoint,
            authorization,
        }
    }

    /// The `authorization` of requests to it, if they carry a token of the gateway's.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.clone()
    }

    /// What requests to it are for: its scheme and `:authority`.
    #[must_use]
    pub fn origin(&self) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.endpoint.target.scheme());
        parts.authority = Some(self.endpoint.authority.clone());
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        // All three are there, which is all it asks for.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

impl Service<Uri> for Connector {
    type Response = Io;
    type Error = Unconnected;
    type Future = Pin<Box<dyn Future<Output = Result<Io, Unconnected>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unconnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let endpoint = Arc::clone(&self.endpoint);
        Box::pin(async move {
            let target = &endpoint.target;
            let opened = tokio::time::timeout(target.connect.timeout, Transport::open(target));
            match opened.await.unwrap_or(Err(ConnectError::Timeout)) {
                Ok(transport) => {
                    let socket: Socket = Box::pin(transport);
                    Ok(TokioIo::new(socket))
                }
                Err(error) => Err(Unconnected(error)),
            }
        })
    }
}

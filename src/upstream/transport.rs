//! The bytes to an endpoint and back: TCP or a Unix-domain socket, in the clear or by TLS, beneath
//! everything that speaks.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::address::Address;
use super::connect::ConnectError;
use super::endpoint::Target;
use super::tls::{self, Failure};

mod race;

/// An open connection's bytes.
#[derive(Debug)]
pub(super) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<Self>>),
}

impl Transport {
    /// Opens one to an endpoint.
    pub(super) async fn open(target: &Target) -> Result<Self, ConnectError> {
        let socket = Self::socket(&target.address).await?;
        let Some(secured) = &target.secured else {
            return Ok(socket);
        };
        let Some(name) = secured.name.clone() else {
            return Err(ConnectError::Tls(Failure::NoName));
        };
        let stream = tls::handshake(&secured.tls, name, socket).await;
        stream.map(Self::Tls).map_err(ConnectError::Tls)
    }

    /// Names of hosts are resolved here; the first of their addresses that answers is taken.
    async fn socket(address: &Address) -> Result<Self, ConnectError> {
        match address {
            Address::Tcp { port, .. } => {
                let addresses: Vec<_> = tokio::net::lookup_host((address.host(), *port))
                    .await
                    .map_err(|_| ConnectError::Resolve)?
                    .collect();
                if addresses.is_empty() {
                    return Err(ConnectError::Resolve);
                }
                let stream = race::connect(&addresses).await.map_err(refusal)?;
                // Only latency is at stake if it fails.
                let _ = stream.set_nodelay(true);
                Ok(Self::Tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(path)
                .await
                .map(Self::Unix)
                .map_err(refusal),
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // what `map_err` hands over
fn refusal(error: io::Error) -> ConnectError {
    match error.kind() {
        // Of a Unix-domain socket that is not there, its file is not found.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => ConnectError::Refused,
        io::ErrorKind::TimedOut => ConnectError::Timeout,
        _ => ConnectError::Network,
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

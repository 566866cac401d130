//! The bytes of one connection: a TCP stream, or what TLS makes of one.
//!
//! Whoever reads it gets what the client said, so limits and timers count the same under TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::server::TlsStream;

use super::tls::{Names, Tls};
use super::{Config, Phase};
use crate::call::{Peer, Transport};

/// What a connection passes before it can carry HTTP.
#[derive(Debug)]
pub(super) struct Door {
    tls: Option<Tls>,
    within: Duration,
    /// For handshakes that are under way.
    room: Semaphore,
}

/// A connection that can carry HTTP.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
    /// The names of all certificates, where there are several.
    pub(super) names: Option<Arc<Names>>,
}

impl Door {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            tls: config.tls.clone(),
            within: config.timeouts.tls_handshake,
            room: Semaphore::new(config.limits.handshakes),
        }
    }

    /// The connection once it can carry HTTP, if it comes to that.
    pub(super) async fn open(
        &self,
        socket: TcpStream,
        address: SocketAddr,
        phases: &mut watch::Receiver<Phase>,
    ) -> Option<Opened> {
        let Some(tls) = &self.tls else {
            return Some(Opened {
                stream: Stream::Plaintext(socket),
                peer: Peer {
                    address,
                    transport: Transport::Plaintext,
                    secured: None,
                },
                names: None,
            });
        };
        // In a box too: the tasks of other connections shall not have room for it.
        let handshake = Box::pin(tls.handshake(socket, self.within, &self.room));
        tokio::select! {
            biased;
            _ = phases.wait_for(|phase| *phase == Phase::Draining) => None,
            opened = handshake => match opened {
                Ok(opened) => Some(Opened {
                    stream: Stream::Tls(opened.stream),
                    peer: Peer {
                        address,
                        transport: Transport::Tls,
                        secured: Some(opened.secured),
                    },
                    names: opened.names,
                }),
                Err(error) => {
                    tracing::debug!(%error, peer = %address, "closed a connection without TLS");
                    None
                }
            },
        }
    }
}

/// A connection that can be read and written.
#[derive(Debug)]
pub(super) enum Stream {
    Plaintext(TcpStream),
    /// In a box, since it is large and connections without it shall not be.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The socket beneath.
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plaintext(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// The socket beneath, whose bytes nobody wants to understand any more.
    pub(super) fn socket_mut(&mut self) -> &mut TcpStream {
        match self {
            Self::Plaintext(socket) => socket,
            Self::Tls(stream) => stream.get_mut().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plaintext(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plaintext(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plaintext(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plaintext(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plaintext(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Says that nothing more comes, by TLS's own word first.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plaintext(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

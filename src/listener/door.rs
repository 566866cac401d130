//! What a connection passes before it can carry HTTP: the PROXY protocol, then TLS, where they are
//! configured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::proxy::{self, Malformed, Step};
use super::stream::Stream;
use super::tls::{Names, Tls};
use super::{Config, Told};
use crate::call::{Network, Peer, Transport};
use crate::observe::listeners;

/// What a connection passes, and how many did not.
#[derive(Debug)]
pub(super) struct Door {
    tls: Option<Tls>,
    /// Who tells by the PROXY protocol whose connection it is; empty where nobody does.
    proxies: Box<[Network]>,
    /// For a header of the PROXY protocol.
    within: Duration,
    /// For a TLS handshake.
    handshake_within: Duration,
    /// For handshakes that are under way.
    room: Semaphore,
    refused: Refused,
    /// Connections that were told to go because the gateway is strained.
    told_to_go: AtomicU64,
}

/// How many connections were refused, by why.
#[derive(Debug, Default)]
struct Refused {
    not_a_proxy: AtomicU64,
    proxy_header: AtomicU64,
    proxy_timeout: AtomicU64,
}

/// A connection that can carry HTTP.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
    /// The names of all certificates, where there are several.
    pub(super) names: Option<Arc<Names>>,
}

/// Why a connection is closed before it could say whose it is.
#[derive(Debug, thiserror::Error)]
enum Unintroduced {
    #[error("it comes from an address that may not use the PROXY protocol")]
    Stranger,
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("its header of the PROXY protocol was not there in time")]
    Slow,
    #[error("{0}")]
    Lost(#[from] std::io::Error),
}

impl Door {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            tls: config.tls.clone(),
            proxies: config.proxies.clone().into(),
            within: config.timeouts.preface,
            handshake_within: config.timeouts.tls_handshake,
            room: Semaphore::new(config.limits.handshakes),
            refused: Refused::default(),
            told_to_go: AtomicU64::new(0),
        }
    }

    /// A connection was told to go because the gateway is strained.
    pub(super) fn told_to_go(&self) {
        self.told_to_go.fetch_add(1, Ordering::Relaxed);
    }

    /// The connection once it can carry HTTP, if it comes to that.
    pub(super) async fn open(
        &self,
        mut socket: TcpStream,
        from: SocketAddr,
        told: &mut watch::Receiver<Told>,
    ) -> Option<Opened> {
        let mut address = from;
        if !self.proxies.is_empty() {
            // In boxes, both: the tasks of other connections shall not have room for them.
            let introduced = Box::pin(self.introduced(&mut socket, from));
            let introduced = tokio::select! {
                biased;
                _ = told.wait_for(Told::is_over) => return None,
                introduced = introduced => introduced,
            };
            match introduced {
                Ok(whose) => address = whose.unwrap_or(from),
                Err(error) => {
                    self.refused.count(&error);
                    tracing::debug!(%error, peer = %from, "closed a connection");
                    return None;
                }
            }
        }
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
        let handshake = Box::pin(tls.handshake(socket, self.handshake_within, &self.room));
        tokio::select! {
            biased;
            _ = told.wait_for(Told::is_over) => None,
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
                    tracing::debug!(%error, peer = %address, "a TLS handshake failed, closed its connection");
                    None
                }
            },
        }
    }

    /// Whose connection it is, as a proxy tells; nobody's where it is the proxy's own.
    async fn introduced(
        &self,
        socket: &mut TcpStream,
        from: SocketAddr,
    ) -> Result<Option<SocketAddr>, Unintroduced> {
        if !self
            .proxies
            .iter()
            .any(|network| network.contains(from.ip()))
        {
            return Err(Unintroduced::Stranger);
        }
        let reading = async {
            let mut header = Vec::new();
            loop {
                let had = header.len();
                match proxy::read(&header) {
                    Step::More(more) => header.resize(had + more, 0),
                    Step::Told(address) => return Ok(address),
                    Step::Malformed(malformed) => return Err(malformed.into()),
                }
                let rest = header.get_mut(had..).unwrap_or_default();
                socket.read_exact(rest).await?;
            }
        };
        let read = tokio::time::timeout(self.within, reading).await;
        read.map_err(|_| Unintroduced::Slow)?
    }

    /// What is to be seen of it, by this name.
    pub(super) fn observed(&self, name: &'static str) -> listeners::Listener {
        let mut seen = listeners::Listener {
            name,
            told_to_go: self.told_to_go.load(Ordering::Relaxed),
            ..listeners::Listener::default()
        };
        if let Some(tls) = &self.tls {
            tls.observe(&mut seen);
        }
        if !self.proxies.is_empty() {
            seen.refused = self.refused.counts();
        }
        seen
    }
}

impl Refused {
    fn count(&self, error: &Unintroduced) {
        let count = match error {
            Unintroduced::Stranger => &self.not_a_proxy,
            Unintroduced::Malformed(_) | Unintroduced::Lost(_) => &self.proxy_header,
            Unintroduced::Slow => &self.proxy_timeout,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        [
            ("not_a_proxy", &self.not_a_proxy),
            ("proxy_header", &self.proxy_header),
            ("proxy_timeout", &self.proxy_timeout),
        ]
        .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
        .into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::generate_simple_self_signed;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::super::Clients;
    use super::*;
    use crate::call::heard::Heard;

    #[tokio::test]
    async fn a_handshake_that_fails_is_told_with_its_cause() {
        let made = generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = Tls::new(pem.as_bytes(), key.as_bytes(), Clients::Unasked).unwrap();
        let door = Door::of(&Config {
            tls: Some(tls),
            ..Config::default()
        });
        let (heard, _logged) = Heard::begin();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let mut client = client.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        client.shutdown().await.unwrap();
        let (socket, from) = listener.accept().await.unwrap();
        let (_tell, mut told) = watch::channel(Told::default());
        assert!(door.open(socket, from, &mut told).await.is_none());
        let told = heard.with("a TLS handshake failed");
        assert!(
            told.concat().contains("the client does not speak TLS"),
            "{told:?}"
        );
    }
}

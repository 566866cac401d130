//! The way to a collector: in plaintext to one nearby, by TLS to any other.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use super::{ANSWER_MAX, CONNECT_MAX};
use crate::pem::{self, PemError};

/// The port of `https`.
const HTTPS: u16 = 443;

/// By whom a collector's certificate has to be.
#[derive(Clone, Default)]
pub enum Authorities {
    /// Those that the system trusts.
    #[default]
    System,
    /// These.
    These(Arc<RootCertStore>),
}

impl Authorities {
    /// Those of a text in PEM, at least one.
    ///
    /// # Errors
    /// There is none, or one that cannot be read.
    pub fn of_pem(text: &[u8]) -> Result<Self, PemError> {
        Ok(Self::These(Arc::new(pem::authorities(text)?)))
    }
}

impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            (Self::These(a), Self::These(b)) => a.roots == b.roots,
            (Self::System, Self::These(_)) | (Self::These(_), Self::System) => false,
        }
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::These(roots) => write!(f, "These({})", roots.len()),
        }
    }
}

/// What connects to this collector, once there is something to tell.
///
/// # Errors
/// There is no TLS with these authorities, in rustls' words.
pub(super) fn channel(url: &Uri, authorities: &Authorities) -> Result<Channel, rustls::Error> {
    let endpoint = Endpoint::from(url.clone());
    let endpoint = endpoint.connect_timeout(CONNECT_MAX).timeout(ANSWER_MAX);
    if url.scheme_str() != Some("https") {
        return Ok(endpoint.connect_lazy());
    }
    let roots = match authorities {
        Authorities::System => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(roots)
        }
        Authorities::These(roots) => Arc::clone(roots),
    };
    let mut config = ClientConfig::builder_with_provider(pem::provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let secured = tower::service_fn(move |url: Uri| {
        let connector = connector.clone();
        async move {
            let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
            let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
            let port = url.port_u16().unwrap_or(HTTPS);
            let socket = TcpStream::connect((host, port)).await?;
            connector.connect(name, socket).await.map(TokioIo::new)
        }
    });
    Ok(endpoint.connect_with_connector_lazy(secured))
}

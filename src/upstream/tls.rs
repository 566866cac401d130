//! TLS towards the endpoints of an upstream: whom it trusts, and what it shows of itself.
//!
//! A [`Tls`] that exists had good files once. They are watched: new ones count for the connections
//! made from then on, and ones that are no good (half written, a key of another certificate) change
//! nothing and are logged. Connections that are open stay as they are. It speaks TLS 1.2 and 1.3, and
//! HTTP/2 has to be agreed on by ALPN.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config;
use super::transport::Transport;
use crate::files::{Content, Watch};
use crate::pem::{self, Facts, InUse};

mod failure;

pub(super) use failure::Failure;
use failure::Shown;

/// What is offered by ALPN.
const HTTP2: &[u8] = b"h2";

/// TLS of one upstream. Clones are the same one.
#[derive(Clone)]
pub(super) struct Tls(Arc<Live>);

struct Live {
    files: config::Tls,
    made: ArcSwap<Made>,
}

/// What connections are made with at one moment.
struct Made {
    client: Arc<ClientConfig>,
    /// What stands in the certificate that is shown.
    shown: Option<Facts>,
}

/// Which of the files is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The authorities.
    Ca,
    /// The certificate that is shown.
    Certificate,
    /// Its key.
    Key,
}

/// Why there is no TLS towards an upstream: what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TlsError {
    /// Where.
    pub part: Part,
    /// The file; none if it is about what the system trusts.
    pub file: Option<PathBuf>,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}: {}", file.display(), self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl config::Tls {
    /// Reads the files, to see whether they are good.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn check(&self) -> Result<(), TlsError> {
        client(self, Watch::open(paths(self)).contents()).map(drop)
    }
}

impl Tls {
    /// Reads the files, and what there is to keep them current: somebody has to run it.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub(super) fn load(
        files: config::Tls,
        upstream: Arc<str>,
    ) -> Result<(Self, impl Future<Output = ()> + Send), TlsError> {
        let mut watch = Watch::open(paths(&files));
        let client = client(&files, watch.contents())?;
        let tls = Self(Arc::new(Live {
            files,
            made: ArcSwap::from_pointee(client),
        }));
        let live = tls.clone();
        let keep_current = async move {
            if watch.contents().is_empty() {
                return;
            }
            let renewing = async {
                loop {
                    live.renew(watch.changed().await, pem::now(), &upstream);
                }
            };
            let in_use = || {
                let of = |not_after| InUse {
                    name: format!("upstream {upstream}"),
                    not_after,
                };
                live.not_after().map(of).into_iter().collect()
            };
            tokio::join!(renewing, pem::tell_of(in_use));
        };
        Ok((tls, keep_current))
    }

    /// When the certificate ends that is shown, in seconds since 1970.
    pub(super) fn not_after(&self) -> Option<u64> {
        self.0
            .made
            .load()
            .shown
            .as_ref()
            .map(|shown| shown.not_after)
    }

    /// `now` is in seconds since 1970.
    fn renew(&self, contents: &[Content], now: u64, upstream: &str) {
        match client(&self.0.files, contents).and_then(|made| self.in_force(made, now)) {
            Ok(made) => {
                self.0.made.store(Arc::new(made));
                tracing::info!(
                    upstream,
                    "new connections are made with the new files of TLS"
                );
            }
            Err(error) => {
                tracing::warn!(upstream, %error, "the files of TLS are no good; the ones before stay in force");
            }
        }
    }

    /// A certificate that is over takes nobody's place.
    fn in_force(&self, made: Made, now: u64) -> Result<Made, TlsError> {
        let judged = made.shown.as_ref().map(|facts| pem::in_force(facts, now));
        let error = match judged {
            Some(Err(error)) => error,
            Some(Ok(())) | None => return Ok(made),
        };
        let identity = self.0.files.identity.as_ref();
        Err(TlsError {
            part: Part::Certificate,
            file: identity.map(|identity| identity.certificate.clone()),
            message: error.to_string(),
        })
    }

    /// The name that a certificate has to have, where calls go to this host; none if it cannot
    /// stand in one.
    pub(super) fn name(&self, host: &str) -> Option<ServerName<'static>> {
        self.0.files.server_name.clone().or_else(|| {
            let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
            // A name in DNS may end with its root's dot; in a certificate it has none.
            let bare = bare.unwrap_or(host);
            let bare = bare.strip_suffix('.').unwrap_or(bare);
            ServerName::try_from(bare.to_owned()).ok()
        })
    }

    /// Agrees with the peer on keys and on HTTP/2.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(super) async fn handshake(
        &self,
        name: ServerName<'static>,
        socket: Transport,
    ) -> Result<Box<TlsStream<Transport>>, Failure> {
        let connector = TlsConnector::from(Arc::clone(&self.0.made.load().client));
        let stream = connector.connect(name, socket).await.map_err(|error| {
            tracing::debug!(%error, "a TLS handshake with an upstream failed");
            Failure::of_handshake(&error, self.shown())
        })?;
        match stream.get_ref().1.alpn_protocol() {
            Some(HTTP2) => Ok(Box::new(stream)),
            Some(_) | None => Err(Failure::NoHttp2),
        }
    }

    /// Why the peer broke an open connection off, if TLS knows: by TLS 1.3 it may refuse a
    /// certificate after the handshake.
    pub(super) fn broken(&self, error: &std::io::Error) -> Option<Failure> {
        Failure::of_alert(error, self.shown())
    }

    fn shown(&self) -> Shown {
        match self.0.files.identity {
            Some(_) => Shown::Certificate,
            None => Shown::Nothing,
        }
    }
}

/// Nothing of a key is ever printed.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}

/// The files there are, in the order in which [`client`] takes their contents.
fn paths(files: &config::Tls) -> Vec<PathBuf> {
    let identity = files.identity.iter();
    let identity = identity.flat_map(|identity| [&identity.certificate, &identity.key]);
    files.ca.iter().chain(identity).cloned().collect()
}

/// What connections are made with.
fn client(files: &config::Tls, contents: &[Content]) -> Result<Made, TlsError> {
    let mut contents = contents.iter();
    let mut next = |part, file: &Path| {
        let wrong = TlsError {
            part,
            file: Some(file.to_owned()),
            message: String::new(),
        };
        match contents.next() {
            Some(Ok(bytes)) => Ok((bytes.as_slice(), wrong)),
            Some(Err(message)) => Err(wrong.with(&message)),
            None => Err(wrong.with(&"the file was not read")),
        }
    };
    let roots = match &files.ca {
        None => system_roots()?,
        Some(file) => {
            let (text, wrong) = next(Part::Ca, file)?;
            pem::authorities(text).map_err(|error| wrong.with(&error))?
        }
    };
    let provider = pem::provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::of_the_system(&error))?
        .with_root_certificates(roots);
    let mut shown = None;
    let mut client = match &files.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (certificate, wrong) = next(Part::Certificate, &identity.certificate)?;
            let chain = pem::certificates(certificate).map_err(|error| wrong.with(&error))?;
            shown = Some(pem::facts(&chain).map_err(|error| wrong.with(&error))?);
            let (key, wrong) = next(Part::Key, &identity.key)?;
            let identity = pem::private_key(key)
                .and_then(|key| pem::identity(chain, key, &provider))
                .map_err(|error| wrong.with(&error))?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
    };
    client.alpn_protocols = vec![HTTP2.to_vec()];
    Ok(Made {
        client: Arc::new(client),
        shown,
    })
}

impl TlsError {
    fn with(&self, message: &dyn ToString) -> Self {
        Self {
            message: message.to_string(),
            ..self.clone()
        }
    }

    fn of_the_system(message: &dyn ToString) -> Self {
        Self {
            part: Part::Ca,
            file: None,
            message: message.to_string(),
        }
    }
}

/// Whom the machine trusts. Single certificates that cannot be read are left out: lists of systems
/// have such.
fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (good, _) = roots.add_parsable_certificates(found.certs);
    if good > 0 {
        return Ok(roots);
    }
    let cause = match found.errors.first() {
        Some(error) => format!(" ({error})"),
        None => String::new(),
    };
    Err(TlsError::of_the_system(&format!(
        "found no authority that this system trusts{cause}, expected some; name a file with the key `ca`"
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};

    use super::*;

    #[test]
    fn files_that_are_no_good_change_nothing() {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["gateway".to_owned()]).unwrap();
        let content = |text: &str| Ok(text.as_bytes().to_vec());
        let (pem, key) = (cert.pem(), signing_key.serialize_pem());
        let files = config::Tls {
            ca: Some("ca.pem".into()),
            identity: Some(config::Identity {
                certificate: "a.pem".into(),
                key: "a.key".into(),
            }),
            server_name: None,
        };
        let good = [content(&pem), content(&pem), content(&key)];
        let tls = Tls(Arc::new(Live {
            made: ArcSwap::from_pointee(client(&files, &good).unwrap()),
            files,
        }));
        let before = tls.0.made.load_full();
        let other = KeyPair::generate().unwrap().serialize_pem();
        for (at, bad) in [
            (0, Err("cannot read the file".to_owned())),
            (0, content("")),
            (1, content(&pem[..100])),
            (1, content(&key)),
            (2, content(&other)),
            (2, content(&key[..100])),
        ] {
            let mut contents = good.clone();
            contents[at] = bad;
            tls.renew(&contents, pem::now(), "books");
            assert!(Arc::ptr_eq(&before, &tls.0.made.load_full()), "{at}");
        }
        let over = tls.not_after().unwrap() + 1;
        tls.renew(&good, over, "books");
        assert!(Arc::ptr_eq(&before, &tls.0.made.load_full()), "it is over");
        tls.renew(&good, pem::now(), "books");
        assert!(!Arc::ptr_eq(&before, &tls.0.made.load_full()));
    }

    #[test]
    fn a_host_is_a_name_without_brackets_and_without_the_root() {
        let tls = Tls(Arc::new(Live {
            files: config::Tls::default(),
            made: ArcSwap::from_pointee(Made {
                client: ClientConfig::builder_with_provider(pem::provider())
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_root_certificates(RootCertStore::empty())
                    .with_no_client_auth()
                    .into(),
                shown: None,
            }),
        }));
        for (host, name) in [
            ("[::1]", Some("::1")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("books.example.", Some("books.example")),
            ("a!b", None),
        ] {
            let found = tls.name(host).map(|name| name.to_str().into_owned());
            assert_eq!(found.as_deref(), name);
        }
    }
}

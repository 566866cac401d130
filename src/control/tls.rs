//! TLS towards servers that speak HTTP/2, backends and those of policies: whom it trusts, and what it shows
//! of itself.
//!
//! A [`Tls`] that exists had good files once. They are watched: new ones count for the connections
//! made from then on, and ones that are no good (half written, a key of another certificate) change
//! nothing and are logged. Connections that are open stay as they are. It speaks TLS 1.2 and 1.3, and
//! HTTP/2 has to be agreed on by ALPN.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use crate::files::{Content, Watch};
use crate::pem::{self, Facts, InUse};

/// What is offered by ALPN.
pub const HTTP2: &[u8] = b"h2";

/// What TLS is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Certificates (PEM) of the authorities that certify servers; else those that the system trusts.
    pub ca: Option<PathBuf>,
    /// What is shown to servers that ask for a certificate.
    pub identity: Option<Identity>,
    /// The name that servers are asked for (SNI) and that their certificate has to have; else the host that
    /// they are called by.
    pub server_name: Option<ServerName<'static>>,
}

/// A certificate and its key, as files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The chain, its own certificate first.
    pub certificate: PathBuf,
    /// The key of that one.
    pub key: PathBuf,
}

/// TLS towards one server, or several of one kind. Clones are the same one.
#[derive(Clone)]
pub struct Tls(Arc<Live>);

struct Live {
    files: Files,
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

/// Why there is no TLS towards a server: what was found and what was expected.
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

impl Files {
    /// Reads the files, to see whether they are good; of a certificate that is not good at `now`, in seconds
    /// since 1970, what is wrong with it. Authorities count for as long as they are there: TLS does not ask
    /// when they end.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn check(&self, now: u64) -> Result<Option<TlsError>, TlsError> {
        let made = client(self, Watch::open(paths(self)).contents())?;
        Ok(self.in_force(made, now).err())
    }

    /// A certificate that is over takes nobody's place.
    fn in_force(&self, made: Made, now: u64) -> Result<Made, TlsError> {
        let judged = made.shown.as_ref().map(|facts| pem::in_force(facts, now));
        let error = match judged {
            Some(Err(error)) => error,
            Some(Ok(())) | None => return Ok(made),
        };
        let identity = self.identity.as_ref();
        Err(TlsError {
            part: Part::Certificate,
            file: identity.map(|identity| identity.certificate.clone()),
            message: error.to_string(),
        })
    }
}

impl Tls {
    /// Reads the files, and what there is to keep them current: somebody has to run it. Logs tell whose
    /// they are.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn load(
        files: Files,
        of: String,
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
                    live.renew(watch.changed().await, pem::now(), &of);
                }
            };
            let in_use = || {
                let in_use = |not_after| InUse {
                    name: of.clone(),
                    not_after,
                };
                live.not_after().map(in_use).into_iter().collect()
            };
            tokio::join!(renewing, pem::tell_of(in_use));
        };
        Ok((tls, keep_current))
    }

    /// When the certificate ends that is shown, in seconds since 1970.
    #[must_use]
    pub fn not_after(&self) -> Option<u64> {
        self.0
            .made
            .load()
            .shown
            .as_ref()
            .map(|shown| shown.not_after)
    }

    /// `now` is in seconds since 1970.
    fn renew(&self, contents: &[Content], now: u64, of: &str) {
        match client(&self.0.files, contents).and_then(|made| self.0.files.in_force(made, now)) {
            Ok(made) => {
                self.0.made.store(Arc::new(made));
                tracing::info!(of, "new connections are made with the new files of TLS");
            }
            Err(error) => {
                tracing::warn!(of, %error, "the files of TLS are no good; the ones before stay in force");
            }
        }
    }

    /// The name that a certificate has to have, where calls go to this host; none if it cannot
    /// stand in one.
    #[must_use]
    pub fn name(&self, host: &str) -> Option<ServerName<'static>> {
        self.0.files.server_name.clone().or_else(|| {
            let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
            // A name in DNS may end with its root's dot; in a certificate it has none.
            let bare = bare.unwrap_or(host);
            let bare = bare.strip_suffix('.').unwrap_or(bare);
            ServerName::try_from(bare.to_owned()).ok()
        })
    }

    /// What a connection is made with now.
    #[must_use]
    pub fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.made.load().client)
    }

    /// True if a certificate is shown to servers that ask for one.
    #[must_use]
    pub fn shows_a_certificate(&self) -> bool {
        self.0.files.identity.is_some()
    }
}

/// Shows the certificate of the moment elsewhere too.
impl ResolvesClientCert for Tls {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let client = self.client();
        client
            .client_auth_cert_resolver
            .resolve(authorities, schemes)
    }

    fn has_certs(&self) -> bool {
        self.shows_a_certificate()
    }
}

/// Nothing of a key is ever printed.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}

/// The files there are, in the order in which [`client`] takes their contents.
fn paths(files: &Files) -> Vec<PathBuf> {
    let identity = files.identity.iter();
    let identity = identity.flat_map(|identity| [&identity.certificate, &identity.key]);
    files.ca.iter().chain(identity).cloned().collect()
}

/// What connections are made with.
fn client(files: &Files, contents: &[Content]) -> Result<Made, TlsError> {
    let mut contents = contents.iter();
    let ca = files.ca.as_ref().and_then(|_| contents.next());
    let roots = trusted(files, ca)?;
    let provider = pem::provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::of_the_system(&error))?
        .with_root_certificates(roots);
    let mut shown = None;
    let mut client = match &files.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (certificate, wrong) =
                text(Part::Certificate, &identity.certificate, contents.next())?;
            let chain = pem::certificates(certificate).map_err(|error| wrong.with(&error))?;
            shown = Some(pem::facts(&chain).map_err(|error| wrong.with(&error))?);
            let (key, wrong) = text(Part::Key, &identity.key, contents.next())?;
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

/// Whom a file trusts, or else the machine.
///
/// # Errors
/// There is nobody.
pub fn authorities(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let files = Files {
        ca: ca.map(Path::to_owned),
        ..Files::default()
    };
    let watch = Watch::open(paths(&files));
    trusted(&files, watch.contents().first())
}

fn trusted(files: &Files, content: Option<&Content>) -> Result<RootCertStore, TlsError> {
    match &files.ca {
        None => of_the_system(),
        Some(file) => {
            let (text, wrong) = text(Part::Ca, file, content)?;
            pem::authorities(text).map_err(|error| wrong.with(&error))
        }
    }
}

/// Whom the machine trusts. Single certificates that cannot be read are left out: lists of systems
/// have such.
fn of_the_system() -> Result<RootCertStore, TlsError> {
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

/// What is in a file, and how what is wrong with it begins.
fn text<'c>(
    part: Part,
    file: &Path,
    content: Option<&'c Content>,
) -> Result<(&'c [u8], TlsError), TlsError> {
    let wrong = TlsError {
        part,
        file: Some(file.to_owned()),
        message: String::new(),
    };
    match content {
        Some(Ok(bytes)) => Ok((bytes.as_slice(), wrong)),
        Some(Err(message)) => Err(wrong.with(&message)),
        None => Err(wrong.with(&"the file was not read")),
    }
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
        let files = Files {
            ca: Some("ca.pem".into()),
            identity: Some(Identity {
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
            files: Files::default(),
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

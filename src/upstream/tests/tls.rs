//! TLS towards backends: whom the gateway trusts, what it shows, and what it says where that fails.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::control::tls::Part;
use crate::pem;
use crate::upstream::config::{Connect, Identity, Tls};

/// An authority that certifies servers and clients.
pub(super) struct Authority(pub(super) CertifiedIssuer<'static, KeyPair>);

/// A certificate in PEM, with its key.
pub(super) struct Certified {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn certify(&self, name: &str) -> Certified {
        self.certify_by(&CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    fn certify_by(&self, params: &CertificateParams) -> Certified {
        let key = KeyPair::generate().unwrap();
        Certified {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A folder for files, removed when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-up-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Puts a file in the place of another at once.
    fn replace(&self, path: &Path, text: &str) {
        std::fs::rename(self.write("next", text), path).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn server(
    identity: &Certified,
    clients: Option<&Authority>,
    alpn: &[&[u8]],
) -> Arc<ServerConfig> {
    let provider = pem::provider();
    let chain = pem::certificates(identity.certificate.as_bytes()).unwrap();
    let key = pem::private_key(identity.key.as_bytes()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let roots = pem::authorities(authority.0.pem().as_bytes()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// What a backend saw of a client: its certificate, and the scheme of its request.
pub(super) type Seen = mpsc::UnboundedReceiver<(Option<Vec<u8>>, String)>;

/// A backend that answers calls by TLS.
async fn backend(config: Arc<ServerConfig>) -> (Backend, Seen) {
    let (tell, seen) = mpsc::unbounded_channel();
    let backend = Backend::scripted(0, move |_, stream| {
        serve(stream, Arc::clone(&config), tell.clone())
    });
    (backend.await, seen)
}

async fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    tell: mpsc::UnboundedSender<(Option<Vec<u8>>, String)>,
) {
    let accepting = TlsAcceptor::from(config).accept(stream);
    let stream = match accepting.into_fallible().await {
        Ok(stream) => stream,
        Err((_, mut stream)) => {
            // The peer reads why before the connection is gone.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            return;
        }
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let certificate = certificates.map(|chain| chain[0].to_vec());
    backend::http2(stream, 10, move |request, respond| {
        let scheme = request.uri().scheme_str().unwrap_or_default().to_owned();
        let _ = tell.send((certificate.clone(), scheme));
        async move { ok(respond, b"yes") }
    })
    .await;
}

fn config(backend: &Backend, tls: Tls) -> Config {
    Config {
        tls: Some(tls),
        ..backend.config()
    }
}

fn build(config: Config) -> Upstream {
    Upstream::build([config], 1).unwrap()
}

/// A backend by TLS, and the configuration that leads to it; its files are in the folder.
pub(super) async fn secured(name: &str) -> (Folder, Backend, Seen, Config) {
    let folder = Folder::new(name);
    let authority = Authority::new("ours");
    let identity = authority.certify("127.0.0.1");
    let (backend, seen) = backend(server(&identity, None, &[b"h2"])).await;
    let tls = Tls {
        ca: Some(folder.write("ca.pem", &authority.0.pem())),
        ..Tls::default()
    };
    let config = config(&backend, tls);
    (folder, backend, seen, config)
}

async fn message(upstream: &Upstream) -> String {
    let status = outcome(upstream, unary(b"hi")).await;
    assert_eq!(status.code, Code::Unavailable, "{status:?}");
    let prefix = "upstream \"backend\" cannot be reached: ";
    status.message.strip_prefix(prefix).unwrap().to_owned()
}

#[tokio::test]
async fn a_backend_with_a_certificate_by_the_authority_is_called_by_https() {
    let (_folder, _backend, mut seen, config) = secured("good").await;
    let upstream = build(config);
    let (messages, end) = collect(upstream.call(unary(b"hi")).await.unwrap()).await;
    assert!(end.status.is_ok());
    assert_eq!(messages, [Bytes::from_static(b"yes")]);
    assert_eq!(seen.recv().await.unwrap(), (None, "https".to_owned()));
}

#[tokio::test]
async fn a_certificate_that_is_no_good_is_named_by_what_is_wrong_with_it() {
    let folder = Folder::new("bad");
    let ours = Authority::new("ours");
    let theirs = Authority::new("theirs");
    let mut expired = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    expired.not_before = rcgen::date_time_ymd(2020, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let ca = folder.write("ca.pem", &ours.0.pem());
    let alpn: &[&[u8]] = &[b"h2"];
    let (nothing, http1): (&[&[u8]], &[&[u8]]) = (&[], &[b"http/1.1"]);
    for (identity, alpn, said) in [
        (
            theirs.certify("127.0.0.1"),
            alpn,
            "its certificate is by an authority that is not trusted",
        ),
        (
            ours.certify("books.example"),
            alpn,
            "its certificate is for another name",
        ),
        (
            ours.certify_by(&expired),
            alpn,
            "its certificate has expired",
        ),
        (
            ours.certify("127.0.0.1"),
            nothing,
            "it does not agree on HTTP/2 by ALPN",
        ),
        (
            ours.certify("127.0.0.1"),
            http1,
            "it does not agree on HTTP/2 by ALPN",
        ),
    ] {
        let (backend, _) = backend(server(&identity, None, alpn)).await;
        let tls = Tls {
            ca: Some(ca.clone()),
            ..Tls::default()
        };
        assert_eq!(message(&build(config(&backend, tls))).await, said);
    }
}

#[tokio::test]
async fn the_name_is_the_configured_one_else_that_of_authority() {
    let folder = Folder::new("name");
    let authority = Authority::new("ours");
    let identity = authority.certify("books.example");
    let (backend, _) = backend(server(&identity, None, &[b"h2"])).await;
    let tls = Tls {
        ca: Some(folder.write("ca.pem", &authority.0.pem())),
        ..Tls::default()
    };
    let named = |authority: &str| Config {
        authority: Some(authority.parse().unwrap()),
        ..config(&backend, tls.clone())
    };
    let status = outcome(&build(named("books.example")), unary(b"hi")).await;
    assert!(status.is_ok(), "{status:?}");
    let other = build(named("chat.example:80"));
    assert_eq!(message(&other).await, "its certificate is for another name");

    let tls = Tls {
        server_name: Some("books.example".try_into().unwrap()),
        ..tls.clone()
    };
    let config = Config {
        authority: Some("chat.example".parse().unwrap()),
        ..config(&backend, tls)
    };
    let status = outcome(&build(config), unary(b"hi")).await;
    assert!(status.is_ok(), "{status:?}");
}

#[tokio::test]
async fn a_backend_that_wants_a_certificate_gets_it_or_the_call_says_what_is_missing() {
    let folder = Folder::new("mutual");
    let authority = Authority::new("ours");
    let identity = authority.certify("127.0.0.1");
    let (backend, mut seen) = backend(server(&identity, Some(&authority), &[b"h2"])).await;
    let ca = folder.write("ca.pem", &authority.0.pem());
    let showing = |certified: &Certified| Tls {
        ca: Some(ca.clone()),
        identity: Some(Identity {
            certificate: folder.write("client.pem", &certified.certificate),
            key: folder.write("client.key", &certified.key),
        }),
        server_name: None,
    };
    let own = authority.certify("gateway");
    let status = outcome(&build(config(&backend, showing(&own))), unary(b"hi")).await;
    assert!(status.is_ok(), "{status:?}");
    let shown = pem::certificates(own.certificate.as_bytes()).unwrap();
    assert_eq!(
        seen.recv().await.unwrap().0.as_deref(),
        Some(shown[0].as_ref())
    );

    let other = Authority::new("theirs").certify("gateway");
    let refused = message(&build(config(&backend, showing(&other)))).await;
    assert_eq!(refused, "it refuses the client certificate");

    let nothing = Tls {
        ca: Some(ca.clone()),
        ..Tls::default()
    };
    let refused = message(&build(config(&backend, nothing))).await;
    assert_eq!(refused, "it wants a client certificate");
}

#[tokio::test]
async fn a_peer_in_the_clear_and_a_peer_that_hangs_up_are_told_apart() {
    let folder = Folder::new("clear");
    let ca = folder.write("ca.pem", &Authority::new("ours").0.pem());
    let tls = Tls {
        ca: Some(ca),
        ..Tls::default()
    };
    let clear = Backend::scripted(0, |_, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        // What an HTTP/2 server in the clear begins with.
        stream
            .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let said = message(&build(config(&clear, tls.clone()))).await;
    assert_eq!(said, "it does not speak TLS");

    let closing = Backend::scripted(0, |_, stream| async move { drop(stream) }).await;
    let said = message(&build(config(&closing, tls))).await;
    assert_eq!(
        said,
        "it closed the connection instead of speaking TLS and HTTP/2"
    );
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_within_the_time_to_connect() {
    let folder = Folder::new("slow");
    let ca = folder.write("ca.pem", &Authority::new("ours").0.pem());
    let silent = Backend::scripted(0, |_, mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let tls = Tls {
        ca: Some(ca),
        ..Tls::default()
    };
    let config = Config {
        connect: Connect {
            timeout: Duration::from_secs(2),
            ..Connect::default()
        },
        ..config(&silent, tls)
    };
    assert_eq!(message(&build(config)).await, "it did not answer in time");
}

#[tokio::test]
async fn wrong_files_are_errors_at_the_start_that_name_them() {
    let folder = Folder::new("files");
    let own = Authority::new("ours").certify("gateway");
    let other = KeyPair::generate().unwrap().serialize_pem();
    let certificate = folder.write("a.pem", &own.certificate);
    let key = folder.write("a.key", &other);
    let ca = certificate.clone();
    let mismatched = Tls {
        ca: Some(ca.clone()),
        identity: Some(Identity {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        server_name: None,
    };
    let wrong = mismatched.check(0).unwrap_err();
    assert_eq!((wrong.part, wrong.file), (Part::Key, Some(key)));
    assert!(
        wrong
            .message
            .starts_with("found the private key of another certificate"),
        "{}",
        wrong.message
    );
    let absent = Tls {
        ca: Some(folder.0.join("none.pem")),
        ..Tls::default()
    };
    assert_eq!(absent.check(0).unwrap_err().part, Part::Ca);
    let config = Config {
        tls: Some(absent),
        ..Config::new("books", "127.0.0.1:1".parse().unwrap())
    };
    let error = Upstream::build([config], 1).unwrap_err().to_string();
    assert!(
        error.contains("\"books\"") && error.contains("none.pem"),
        "{error}"
    );
}

/// Answers each call, and says which certificate of the gateway's its connection showed; the
/// connection ends after each answer.
async fn once_per_connection(
    stream: TcpStream,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    tell: mpsc::UnboundedSender<Vec<u8>>,
) {
    let config = Arc::clone(&config.lock().unwrap());
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else {
        return;
    };
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, respond))) = connection.accept().await {
        let _ = tell.send(shown.clone());
        ok(respond, b"yes");
        connection.graceful_shutdown();
    }
}

#[tokio::test]
async fn r17_new_files_count_for_new_connections_and_no_call_fails_while_they_change() {
    let folder = Folder::new("rotation");
    let authority = Authority::new("ours");
    let next_authority = Authority::new("next");
    let identity = authority.certify("127.0.0.1");
    let served = Arc::new(Mutex::new(server(&identity, Some(&authority), &[b"h2"])));
    let (tell, mut shown) = mpsc::unbounded_channel();
    let script = Arc::clone(&served);
    let backend = Backend::scripted(0, move |_, stream| {
        once_per_connection(stream, Arc::clone(&script), tell.clone())
    })
    .await;

    let certificates: Vec<_> = (0..3).map(|_| authority.certify("gateway")).collect();
    let der = |certified: &Certified| {
        pem::certificates(certified.certificate.as_bytes()).unwrap()[0].to_vec()
    };
    let ca = folder.write("ca.pem", &authority.0.pem());
    let certificate = folder.write("client.pem", &certificates[0].certificate);
    let key = folder.write("client.key", &certificates[0].key);
    let tls = Tls {
        ca: Some(ca.clone()),
        identity: Some(Identity {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        server_name: None,
    };
    let upstream = build(config(&backend, tls));

    // Calls until one goes by a connection that shows this certificate.
    let mut shows = async |expected: &Certified| {
        let expected = der(expected);
        loop {
            let status = outcome(&upstream, unary(b"hi")).await;
            assert!(status.is_ok(), "{status:?}");
            if shown.recv().await.unwrap() == expected {
                return;
            }
        }
    };
    shows(&certificates[0]).await;
    // Between the two the pair does not match.
    folder.replace(&certificate, &certificates[1].certificate);
    shows(&certificates[0]).await;
    folder.replace(&key, &certificates[1].key);
    shows(&certificates[1]).await;

    // Another authority for the backend: both are trusted before it changes.
    let both = format!("{}{}", authority.0.pem(), next_authority.0.pem());
    folder.replace(&ca, &both);
    folder.replace(&certificate, &certificates[2].certificate);
    folder.replace(&key, &certificates[2].key);
    shows(&certificates[2]).await;
    let identity = next_authority.certify("127.0.0.1");
    *served.lock().unwrap() = server(&identity, Some(&authority), &[b"h2"]);
    for _ in 0..10 {
        shows(&certificates[2]).await;
    }
}

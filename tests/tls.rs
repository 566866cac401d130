//! The public port under TLS, by real sockets and rustls as the client.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, Error, ProtocolVersion, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Endpoint, Uri};
use transom::demo::pb::demo::echo::v1 as echo;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::listener::{Clients, Tls};

use crate::support::{Answer, Stack, Version, send};

mod clients;
mod folder;
mod identities;
mod names;
mod proxied;
mod redirected;

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// A certificate in PEM, with its key.
struct Identity {
    certificate: String,
    key: String,
}

/// An authority that certifies servers and clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certify(&self, name: &str) -> Identity {
        self.certify_as(&CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    fn certify_as(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// What a client brings to a handshake.
struct Client<'c> {
    trusts: &'c Authority,
    versions: &'c [&'static rustls::SupportedProtocolVersion],
    alpn: &'c [&'c [u8]],
    shows: Option<&'c Identity>,
    /// The host that it asks for, and trusts to be that one's.
    host: &'c str,
    /// Whether it says so (SNI).
    says: Says,
}

/// Whether a client names the host that it asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Name,
    Nothing,
}

impl<'c> Client<'c> {
    fn of(trusts: &'c Authority) -> Self {
        Self {
            trusts,
            versions: rustls::DEFAULT_VERSIONS,
            alpn: &[],
            shows: None,
            host: "localhost",
            says: Says::Name,
        }
    }

    /// What it goes by; kept, it resumes sessions.
    fn connector(&self) -> TlsConnector {
        self.config().into()
    }

    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(address).await?;
        self.shake(&self.connector(), socket).await
    }

    async fn shake(
        &self,
        connector: &TlsConnector,
        socket: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.host.to_owned()).unwrap();
        connector.connect(name, socket).await
    }

    fn config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let trusted = CertificateDer::from_pem_slice(self.trusts.pem().as_bytes()).unwrap();
        roots.add(trusted).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.shows {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                let chain = chain.collect::<Result<_, _>>().unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        config.enable_sni = self.says == Says::Name;
        Arc::new(config)
    }
}

/// A gateway with a certificate by an authority, and whatever it asks of clients.
async fn stack(authority: &Authority, clients: Clients<'_>) -> Stack {
    let Identity { certificate, key } = authority.certify("localhost");
    let tls = Tls::new(certificate.as_bytes(), key.as_bytes(), clients).unwrap();
    Stack::with(|config| config.listener.tls = Some(tls)).await
}

type Http2 = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;

async fn http2(stream: TlsStream<TcpStream>) -> Http2 {
    let io = TokioIo::new(stream);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(format!("https://localhost{path}"));
    request.body(Empty::new()).unwrap()
}

/// One request over a connection that is there already.
async fn ask(stream: TlsStream<TcpStream>, version: Version, path: &str) -> Answer {
    let response = match version {
        Version::Http2 => http2(stream).await.send_request(get(path)).await.unwrap(),
        Version::Http1 => {
            let io = TokioIo::new(stream);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let request = Request::get(path).header("host", "localhost");
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            sender.send_request(request).await.unwrap()
        }
    };
    whole(response).await
}

async fn whole(response: http::Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        trailers: collected.trailers().cloned().unwrap_or_default(),
        body: collected.to_bytes(),
    }
}

#[tokio::test]
async fn http_is_agreed_by_alpn_and_without_it_by_the_first_bytes() {
    let authority = Authority::new("servers");
    let stack = stack(&authority, Clients::Unasked).await;
    for (version, spoken) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        for (alpn, agreed, http) in [
            (&[HTTP2][..], Some(HTTP2), Version::Http2),
            (&[HTTP1], Some(HTTP1), Version::Http1),
            (&[HTTP1, HTTP2], Some(HTTP2), Version::Http2),
            (&[], None, Version::Http1),
            (&[], None, Version::Http2),
        ] {
            let client = Client {
                versions: &[version],
                alpn,
                ..Client::of(&authority)
            };
            let stream = client.connect(stack.address()).await.unwrap();
            let session = stream.get_ref().1;
            assert_eq!(session.protocol_version(), Some(spoken));
            assert_eq!(session.alpn_protocol(), agreed);
            let answer = ask(stream, http, "/v1/echo/7").await;
            assert_eq!(answer.status, 200, "{spoken:?} {http:?}");
            assert_eq!(answer.json()["id"], "7");
        }
    }
    let client = Client {
        alpn: &[b"spdy/3"],
        ..Client::of(&authority)
    };
    let error = client.connect(stack.address()).await.unwrap_err();
    assert_eq!(alert(&error), Some(AlertDescription::NoApplicationProtocol));
}

#[tokio::test]
async fn the_backend_is_told_that_the_client_came_by_https() {
    let authority = Authority::new("servers");
    let stack = stack(&authority, Clients::Unasked).await;
    for http in [Version::Http1, Version::Http2] {
        let stream = Client::of(&authority).connect(stack.address()).await;
        let answer = ask(stream.unwrap(), http, "/v1/echo:metadata").await;
        let seen = &answer.json()["metadata"];
        assert_eq!(seen["x-forwarded-proto"]["values"][0], "https", "{http:?}");
        assert_eq!(seen["x-forwarded-host"]["values"][0], "localhost");
        assert_eq!(seen["x-forwarded-for"]["values"][0], "127.0.0.1");
    }
}

/// The alert that the other side sent.
fn alert(error: &std::io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref()? {
        Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

/// What comes of a request: a status, or the alert that tells why there is none. With TLS 1.3 the
/// client's side of the handshake is over before the server has seen its certificate.
async fn outcome(client: &Client<'_>, address: SocketAddr) -> Result<u16, AlertDescription> {
    let attempt = async {
        let mut stream = client.connect(address).await?;
        let request = b"GET /v1/echo/7 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        stream.flush().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match attempt.await {
        Ok(answer) => Ok(answer[9..12].parse().unwrap()),
        Err(error) => Err(alert(&error).unwrap_or_else(|| panic!("no alert: {error}"))),
    }
}

#[tokio::test]
async fn clients_show_a_certificate_where_one_is_required_and_may_where_it_is_optional() {
    let (servers, own, foreign) = (
        Authority::new("servers"),
        Authority::new("clients"),
        Authority::new("strangers"),
    );
    let authorities = format!("{}{}", Authority::new("others").pem(), own.pem());
    let (good, wrong) = (own.certify("me"), foreign.certify("me"));
    let required = stack(&servers, Clients::Required(authorities.as_bytes())).await;
    let optional = stack(&servers, Clients::Optional(authorities.as_bytes())).await;
    let unasked = stack(&servers, Clients::Unasked).await;
    let (missing, unknown) = (
        AlertDescription::CertificateRequired,
        AlertDescription::UnknownCA,
    );
    for version in [&TLS12, &TLS13] {
        for (stack, shows, expected) in [
            (&required, Some(&good), Ok(200)),
            (&required, Some(&wrong), Err(unknown)),
            (&required, None, Err(missing)),
            (&optional, Some(&good), Ok(200)),
            (&optional, Some(&wrong), Err(unknown)),
            (&optional, None, Ok(200)),
            (&unasked, Some(&wrong), Ok(200)),
        ] {
            let client = Client {
                versions: &[version],
                shows,
                ..Client::of(&servers)
            };
            let found = outcome(&client, stack.address()).await;
            assert_eq!(found, expected, "{version:?}");
        }
    }
}

/// A native gRPC client over a TLS connection.
async fn grpc(authority: &Authority, address: SocketAddr) -> tonic::transport::Channel {
    let client = Client {
        alpn: &[HTTP2],
        ..Client::of(authority)
    };
    let stream = TokioIo::new(client.connect(address).await.unwrap());
    let mut stream = Some(stream);
    let connector = tower::service_fn(move |_: Uri| {
        let stream = stream.take().ok_or("a second connection");
        async move { stream }
    });
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(connector).await.unwrap()
}

#[tokio::test]
async fn a_stream_goes_on_while_a_hundred_handshakes_fail() {
    let authority = Authority::new("servers");
    let stack = stack(&authority, Clients::Unasked).await;
    let mut client = EchoServiceClient::new(grpc(&authority, stack.address()).await);
    let request = echo::StreamRequest {
        count: 1_000_000,
        size: 1000,
        ..Default::default()
    };
    let mut stream = client.stream(request).await.unwrap().into_inner();
    let stranger = Authority::new("strangers");
    for number in 0..100 {
        match number % 4 {
            // Whoever trusts somebody else sends an alert.
            0 => drop(Client::of(&stranger).connect(stack.address()).await),
            1 => drop(TcpStream::connect(stack.address()).await.unwrap()),
            opening => {
                let mut socket = TcpStream::connect(stack.address()).await.unwrap();
                let opening = [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 2, 0, 9]][opening - 2];
                socket.write_all(opening).await.unwrap();
                socket.shutdown().await.unwrap();
                let mut alert = Vec::new();
                let _ = socket.read_to_end(&mut alert).await; // ends
            }
        }
        assert!(stream.message().await.unwrap().is_some(), "{number}");
    }
}

#[tokio::test]
async fn a_drain_lets_running_calls_finish_and_takes_no_more() {
    let authority = Authority::new("servers");
    let Stack {
        gateway,
        backend: _backend,
    } = stack(&authority, Clients::Unasked).await;
    let address = gateway.address();
    let path = "/v1/echo:stream?count=3&interval=0.3s";

    let stream = Client::of(&authority).connect(address).await.unwrap();
    let mut http2 = http2(stream).await;
    let mut running = http2.send_request(get(path)).await.unwrap();
    assert!(running.body_mut().frame().await.unwrap().is_ok());
    let mut http1 = Client::of(&authority).connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    http1.write_all(request.as_bytes()).await.unwrap();
    http1.flush().await.unwrap();
    let first = http1.read_u8().await.unwrap();

    let drained = tokio::spawn(gateway.drain());
    assert_eq!(first, b'H');
    let mut rest = String::new();
    http1.read_to_string(&mut rest).await.unwrap(); // the connection ends, though it is HTTP/1.1's
    assert!(rest.contains("{\"index\":\"2\"}") && rest.ends_with("\r\n0\r\n\r\n"));
    let answer = whole(running).await;
    assert!(answer.text().ends_with("{\"index\":\"2\"}\n"));
    // GOAWAY has been read by then.
    assert!(http2.send_request(get("/v1/echo/7")).await.is_err());
    drained.await.unwrap();
    assert!(Client::of(&authority).connect(address).await.is_err());
}

#[tokio::test]
async fn the_admin_port_stays_plaintext() {
    let authority = Authority::new("servers");
    let Identity { certificate, key } = authority.certify("localhost");
    let tls = Tls::new(certificate.as_bytes(), key.as_bytes(), Clients::Unasked).unwrap();
    let stack = Stack::with(|config| {
        config.listener.tls = Some(tls);
        config.admin = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let admin = stack.gateway.admin_address().unwrap();
    let answer = send(admin, Version::Http1, Method::GET, "/livez", &[], "").await;
    assert_eq!(answer.status, 200);
}

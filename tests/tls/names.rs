//! Several certificates on one port: who gets which, and requests for another one's hosts.

use rustls::HandshakeKind;
use transom::listener::{Choices, Files, Tls, Unknown, Version as Oldest};

use super::folder::Folder;
use super::*;

/// A port with three certificates, and what was chosen for it.
struct Tenants {
    authority: Authority,
    stack: Stack,
    _folder: Folder,
}

impl Tenants {
    async fn new(choices: Choices) -> Self {
        let authority = Authority::new("servers");
        let folder = Folder::new();
        let identities = [
            &["localhost"][..],
            &["a.example", "*.a.example"],
            &["b.example"],
        ];
        let identities = identities.into_iter().map(|names| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let file = names[0].clone();
            let identity = authority.certify_as(&CertificateParams::new(names).unwrap());
            (
                folder.write(&format!("{file}.pem"), &identity.certificate),
                folder.write(&format!("{file}.key"), &identity.key),
            )
        });
        let files = Files {
            identities: identities.collect(),
            client_ca: None,
            client_crl: None,
        };
        let tls = Tls::open(files, choices).unwrap();
        let stack = Stack::with(|config| {
            config.listener.tls = Some(tls);
            config.admin = Some(([127, 0, 0, 1], 0).into());
        })
        .await;
        Self {
            authority,
            stack,
            _folder: folder,
        }
    }

    fn client<'c>(&'c self, host: &'c str) -> Client<'c> {
        Client {
            host,
            ..Client::of(&self.authority)
        }
    }

    /// What the connection for a host answers to a request for another one.
    async fn ask(&self, host: &str, version: Version, authority: &str) -> u16 {
        let client = self.client(host);
        let stream = client.connect(self.stack.address()).await.unwrap();
        let uri = format!("https://{authority}/v1/echo/7");
        let response = match version {
            Version::Http2 => {
                let request = Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
                http2(stream).await.send_request(request).await.unwrap()
            }
            Version::Http1 => {
                let io = TokioIo::new(stream);
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(io).await.unwrap();
                tokio::spawn(connection);
                let request = Request::get("/v1/echo/7").header("host", authority);
                let request = request.body(Empty::<Bytes>::new()).unwrap();
                sender.send_request(request).await.unwrap()
            }
        };
        response.status().as_u16()
    }
}

#[tokio::test]
async fn a_client_gets_the_certificate_that_has_the_name_it_asks_for() {
    let tenants = Tenants::new(Choices::default()).await;
    // Each trusts the name that it asked for, so it has seen the right one.
    for host in ["localhost", "a.example", "x.a.example", "b.example"] {
        for version in [&TLS12, &TLS13] {
            let client = Client {
                versions: &[version],
                ..tenants.client(host)
            };
            let connected = client.connect(tenants.stack.address()).await;
            connected.unwrap_or_else(|error| panic!("{host}: {error}"));
        }
    }
}

#[tokio::test]
async fn row_138_whoever_asks_for_no_name_or_a_wrong_one_gets_the_first_or_nothing() {
    let tenants = Tenants::new(Choices::default()).await;
    let address = tenants.stack.address();
    let silent = Client {
        says: Says::Nothing,
        ..tenants.client("localhost")
    };
    silent.connect(address).await.unwrap();
    // It gets the first one, and sees that this is not whom it asked for.
    let error = tenants.client("c.example").connect(address).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("invalid peer certificate"), "{error}");

    let strict = Tenants::new(Choices {
        unknown: Unknown::Refuse,
        ..Choices::default()
    })
    .await;
    let address = strict.stack.address();
    let silent = Client {
        says: Says::Nothing,
        ..strict.client("localhost")
    };
    for client in [silent, strict.client("c.example")] {
        let error = client.connect(address).await.unwrap_err();
        assert!(alert(&error).is_some(), "{error}");
    }
    strict.client("b.example").connect(address).await.unwrap();
}

#[tokio::test]
async fn row_138_a_version_that_is_too_old_is_refused_by_an_alert() {
    let tenants = Tenants::new(Choices {
        minimum: Oldest::Tls13,
        ..Choices::default()
    })
    .await;
    let old = Client {
        versions: &[&TLS12],
        ..tenants.client("localhost")
    };
    let error = old.connect(tenants.stack.address()).await.unwrap_err();
    assert_eq!(alert(&error), Some(AlertDescription::ProtocolVersion));
    let new = tenants.client("localhost");
    new.connect(tenants.stack.address()).await.unwrap();
}

#[tokio::test]
async fn row_140_a_request_for_a_host_of_another_certificate_is_misdirected() {
    let tenants = Tenants::new(Choices::default()).await;
    for (asked, authority, status) in [
        ("a.example", "a.example", 200),
        ("a.example", "A.EXAMPLE:443", 200),
        ("a.example", "x.a.example", 200),
        ("a.example", "b.example", 421),
        ("a.example", "b.example:8443", 421),
        ("b.example", "x.a.example", 421),
        ("b.example", "localhost", 421),
        ("localhost", "b.example", 421),
        // Nobody's: it is as if there were no names.
        ("b.example", "127.0.0.1:8080", 200),
        ("b.example", "c.example", 200),
    ] {
        for version in [Version::Http1, Version::Http2] {
            let found = tenants.ask(asked, version, authority).await;
            assert_eq!(found, status, "{asked} {authority} {version:?}");
        }
    }
}

#[tokio::test]
async fn sessions_are_resumed_and_metrics_tell_of_handshakes_and_certificates() {
    let tenants = Tenants::new(Choices::default()).await;
    let client = tenants.client("b.example");
    let connector = client.connector();
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let socket = TcpStream::connect(tenants.stack.address()).await.unwrap();
        let mut stream = client.shake(&connector, socket).await.unwrap();
        // Tickets come with the answer.
        let request = b"GET /v1/echo/7 HTTP/1.1\r\nhost: b.example\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        stream.flush().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        kinds.push(stream.get_ref().1.handshake_kind().unwrap());
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);

    let admin = tenants.stack.gateway.admin_address().unwrap();
    let metrics = send(admin, Version::Http1, Method::GET, "/metrics", &[], "").await;
    let text = metrics.text();
    let listener = "listener=\"public\"";
    for line in [
        format!(
            "grpc_server_tls_handshakes_total{{{listener},grpc_tls_handshake_result=\"ok\",grpc_tls_handshake_resumed=\"false\"}} 1"
        ),
        format!(
            "grpc_server_tls_handshakes_total{{{listener},grpc_tls_handshake_result=\"ok\",grpc_tls_handshake_resumed=\"true\"}} 1"
        ),
        format!("gateway_tls_reload_total{{{listener},result=\"refused\"}} 0"),
        format!("gateway_cert_not_after_seconds{{{listener},sni=\"*.a.example\"}} "),
        format!("gateway_cert_not_after_seconds{{{listener},sni=\"b.example\"}} "),
    ] {
        assert!(text.contains(&line), "{line}\n{text}");
    }
}

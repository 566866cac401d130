//! TLS: what is said of wrong PEM, clients that do not finish a handshake, and the listener's
//! guarantees behind one.

use std::io;
use std::net::SocketAddr;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::tls::Failure;
use super::super::{Clients, Limits, Part, Tls};
use super::*;

/// The start of a handshake: the head of a record, which promises more than comes.
const HALF_HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

/// A certificate for localhost, and its key.
fn identity() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
}

/// What a server has, and what its clients need.
fn tls() -> (Tls, TlsConnector) {
    let CertifiedKey { cert, signing_key } = identity();
    let (pem, key) = (cert.pem(), signing_key.serialize_pem());
    let tls = Tls::new(pem.as_bytes(), key.as_bytes(), Clients::Unasked).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (tls, Arc::new(config).into())
}

async fn connect(connector: &TlsConnector, address: SocketAddr) -> TlsStream<TcpStream> {
    try_to_connect(connector, address).await.unwrap()
}

async fn try_to_connect(
    connector: &TlsConnector,
    address: SocketAddr,
) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, socket).await
}

fn config(tls: Tls, timeouts: Timeouts) -> Config {
    Config {
        tls: Some(tls),
        timeouts,
        ..Config::default()
    }
}

#[test]
fn wrong_pem_is_an_error_that_says_what_was_found_and_what_was_expected() {
    let CertifiedKey { cert, signing_key } = identity();
    let (pem, key) = (cert.pem(), signing_key.serialize_pem());
    let other = KeyPair::generate().unwrap().serialize_pem();
    let section = |label: &str, text: &str| {
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let garbage = section("CERTIFICATE", "AAAA");
    let half = &pem[..pem.len() / 2];
    let torn = pem.replacen("\nMI", "\n??", 1);
    let second = format!("{pem}{garbage}");
    for (certificate, said) in [
        ("", "found no certificate, expected one in PEM"),
        ("\0\u{82}", "found no certificate, expected one in PEM"),
        (&key, "found a private key, expected a certificate in PEM"),
        (
            half,
            "found a section without its `-----END` line, expected PEM",
        ),
        (
            "-----BEGIN CERTIFICATE\n",
            "found a `-----BEGIN` line without the dashes at its end, expected PEM",
        ),
        (&torn, "found a section that is not base64, expected PEM"),
        (
            &garbage,
            "found a certificate that cannot be read (number 1), expected X.509 version 3",
        ),
        (
            &second,
            "found a certificate that cannot be read (number 2), expected X.509 version 3",
        ),
    ] {
        let made = Tls::new(certificate.as_bytes(), key.as_bytes(), Clients::Unasked);
        let error = made.unwrap_err();
        assert_eq!(
            (error.part, &*error.to_string()),
            (Part::Certificate(0), said)
        );
        let required = Clients::Required(certificate.as_bytes());
        let error = Tls::new(pem.as_bytes(), key.as_bytes(), required).unwrap_err();
        assert_eq!((error.part, &*error.to_string()), (Part::ClientCa, said));
    }
    for (key, said) in [
        (String::new(), "found no private key, expected one in PEM"),
        (
            pem.clone(),
            "found a certificate, expected a private key in PEM",
        ),
        (
            section("PUBLIC KEY", "AAAA"),
            "found a public key, expected a private key in PEM",
        ),
        (
            section("ENCRYPTED PRIVATE KEY", "AAAA"),
            "found an encrypted private key, expected one without a passphrase",
        ),
        (
            section("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA"),
            "found an encrypted private key, expected one without a passphrase",
        ),
        (
            format!("{key}{other}"),
            "found 2 private keys, expected one",
        ),
        (
            section("PRIVATE KEY", "AAAA"),
            "found a private key that cannot be used, expected RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519",
        ),
        (
            other,
            "found the private key of another certificate, expected that of the first one in the chain",
        ),
    ] {
        let made = Tls::new(pem.as_bytes(), key.as_bytes(), Clients::Unasked);
        let error = made.unwrap_err();
        assert_eq!((error.part, &*error.to_string()), (Part::Key(0), said));
    }
}

#[test]
fn key_and_certificate_may_be_in_one_file_and_are_never_printed() {
    let CertifiedKey { cert, signing_key } = identity();
    let both = format!("{}{}", cert.pem(), signing_key.serialize_pem());
    let tls = Tls::new(both.as_bytes(), both.as_bytes(), Clients::Unasked).unwrap();
    assert_eq!(format!("{tls:?}"), "Tls { .. }");
}

/// A connection on which the client has said something, and the server's end of it.
async fn opened(opening: &[u8]) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(opening).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    (client, socket)
}

#[tokio::test(start_paused = true)]
async fn half_a_client_hello_and_silence_are_cut_by_the_timer() {
    let (tls, _) = tls();
    let within = Timeouts::default().tls_handshake;
    for opening in [&[][..], &HALF_HELLO[..3], HALF_HELLO] {
        let (_client, socket) = opened(opening).await;
        let begun = Instant::now();
        let failure = tls
            .handshake(socket, within, &Semaphore::new(1))
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Slow), "{opening:?}: {failure}");
        assert!(begun.elapsed() >= within && begun.elapsed() < within + SHORT);
    }
}

#[tokio::test(start_paused = true)]
async fn row_141_handshakes_beyond_the_bound_wait_within_their_own_time() {
    let (tls, connector) = tls();
    let within = Timeouts::default().tls_handshake;
    let room = Arc::new(Semaphore::new(2));
    let mut halves = Vec::new();
    for _ in 0..2 {
        let (client, socket) = opened(HALF_HELLO).await;
        let (tls, room) = (tls.clone(), Arc::clone(&room));
        let half = tokio::spawn(async move { tls.handshake(socket, within, &room).await });
        halves.push((client, half));
    }
    while room.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    // Whoever comes third is not looked at before one of the two is over.
    let (_third, socket) = opened(HALF_HELLO).await;
    let failure = tls.handshake(socket, SHORT, &room).await.unwrap_err();
    assert!(matches!(failure, Failure::Slow), "{failure}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = tokio::spawn(async move { try_to_connect(&connector, address).await });
    let (socket, _) = listener.accept().await.unwrap();
    // And then it is served.
    tls.handshake(socket, 2 * within, &room).await.unwrap();
    client.await.unwrap().unwrap();
    for (_client, half) in halves {
        assert!(matches!(half.await.unwrap(), Err(Failure::Slow)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_tls_is_told_apart_and_never_waited_for() {
    let (tls, _) = tls();
    for opening in [
        &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
    ] {
        let (mut client, socket) = opened(opening).await;
        let room = Semaphore::new(1);
        let failure = tls
            .handshake(socket, Duration::MAX, &room)
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::NotTls), "{opening:?}: {failure}");
        let mut alert = Vec::new();
        client.read_to_end(&mut alert).await.unwrap();
    }
    // Records without a ClientHello in them, and nothing at all.
    for opening in [
        &[0x16, 3, 1, 0, 4, 9, 0, 0, 0][..],
        &[0x15, 3, 1, 0, 2, 2, 40],
        &[],
    ] {
        let (client, socket) = opened(opening).await;
        drop(client);
        let room = Semaphore::new(1);
        let failure = tls
            .handshake(socket, Duration::MAX, &room)
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Refused(_)), "{failure}");
    }
}

#[tokio::test]
async fn a_half_handshake_counts_as_a_connection_until_it_is_cut() {
    let (tls, connector) = tls();
    let timeouts = Timeouts {
        tls_handshake: SHORT,
        ..Timeouts::default()
    };
    let (listener, ..) = listen_by(Config {
        limits: Limits {
            connections: 1,
            ..Limits::default()
        },
        ..config(tls, timeouts)
    });
    let mut half = TcpStream::connect(listener.address()).await.unwrap();
    half.write_all(HALF_HELLO).await.unwrap();
    let address = listener.address();
    let next = tokio::spawn(async move {
        let mut next = loop {
            // On a busy machine the time may be too short for whole handshakes too.
            if let Ok(next) = try_to_connect(&connector, address).await {
                break next;
            }
        };
        let request = b"GET /short HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        next.write_all(request).await.unwrap();
        let mut answer = String::new();
        next.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let mut nothing = Vec::new();
    let _ = half.read_to_end(&mut nothing).await;
    let answer = next.await.unwrap();
    assert!(answer.ends_with("short"), "{answer}");
}

#[tokio::test]
async fn a_client_that_is_too_slow_with_its_head_is_closed_under_tls() {
    let (tls, connector) = tls();
    let timeouts = Timeouts {
        head: SHORT,
        preface: SHORT,
        ..Timeouts::default()
    };
    let (listener, ..) = listen_by(config(tls, timeouts));
    for opening in [
        "",
        "GET / HTTP/1.1\r\nhost: a\r\nx: ",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = connect(&connector, listener.address()).await;
        stream.write_all(opening.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await; // ends, one way or the other
    }
}

#[tokio::test]
async fn clients_that_do_not_read_lose_their_stream_or_connection_under_tls() {
    let (tls, connector) = tls();
    let timeouts = Timeouts {
        write_stall: SHORT,
        ..Timeouts::default()
    };
    let (listener, mut dropped, _) = listen_by(config(tls, timeouts));
    let mut http1 = connect(&connector, listener.address()).await;
    let request = b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n";
    http1.write_all(request).await.unwrap();
    http1.flush().await.unwrap();
    dropped.recv().await.unwrap();

    let stream = connect(&connector, listener.address()).await;
    let (mut sender, connection) = h2::client::Builder::new()
        .initial_connection_window_size(1 << 20)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let (unread, _) = sender.send_request(get("/endless"), true).unwrap();
    let _unread = unread.await.unwrap().into_body();
    dropped.recv().await.unwrap();
    let (short, _) = sender.send_request(get("/short"), true).unwrap();
    let mut body = short.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "short");
}

#[tokio::test]
async fn what_a_client_does_not_read_is_not_buffered_under_tls() {
    let (tls, connector) = tls();
    let (listener, _dropped, pulled) = listen_by(config(tls, Timeouts::default()));
    let mut unread = connect(&connector, listener.address()).await;
    let request = b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n";
    unread.write_all(request).await.unwrap();
    unread.flush().await.unwrap();
    let mut before = usize::MAX;
    while std::mem::replace(&mut before, pulled.load(Ordering::Relaxed)) != before || before == 0 {
        assert!(
            before < 64 << 20,
            "{before} bytes were taken for a client that reads none"
        );
        tokio::time::sleep(SHORT).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_an_upload_nobody_takes_is_noticed_under_tls() {
    let (tls, connector) = tls();
    let (listener, mut dropped, _) = listen_by(config(tls, Timeouts::default()));
    let mut client = connect(&connector, listener.address()).await;
    let head = "POST /hold HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![b'x'; 60_000]).await.unwrap();
    client.flush().await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(client.read_u8().await.unwrap());
    }
    assert!(
        tokio::time::timeout(SHORT, dropped.recv()).await.is_err(),
        "it is still there"
    );
    drop(client);
    dropped.recv().await.unwrap();
}

#[tokio::test]
async fn a_client_that_sends_more_than_is_wanted_reads_why_under_tls() {
    let (tls, connector) = tls();
    let (listener, ..) = listen_by(config(tls, Timeouts::default()));
    let body = 16 << 20;
    let head = format!("POST /short HTTP/1.1\r\nhost: a\r\ncontent-length: {body}\r\n\r\n");
    let mut stream = connect(&connector, listener.address()).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..body / (1 << 16) {
        stream.write_all(&[b'x'; 1 << 16]).await.unwrap();
    }
    let mut answer = String::new();
    // An end that TLS does not announce would be an error.
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_drain_does_not_wait_for_a_handshake() {
    let (tls, connector) = tls();
    let hour = Duration::from_secs(3600);
    let timeouts = Timeouts {
        tls_handshake: hour,
        ..Timeouts::default()
    };
    let (listener, ..) = listen_by(Config {
        drain: Drain {
            grace: hour,
            ..Drain::default()
        },
        ..config(tls, timeouts)
    });
    let mut half = TcpStream::connect(listener.address()).await.unwrap();
    half.write_all(HALF_HELLO).await.unwrap();
    // Whoever comes later is served, so the first was accepted.
    drop(connect(&connector, listener.address()).await);
    listener.drain(|| ()).await;
}

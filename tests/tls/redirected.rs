//! From `http` to `https`, and what browsers are told.

use http::HeaderValue;
use transom::listener::Redirect;

use super::*;

async fn redirected(port: Option<u16>) -> (Authority, Stack) {
    let authority = Authority::new("servers");
    let Identity { certificate, key } = authority.certify("localhost");
    let tls = Tls::new(certificate.as_bytes(), key.as_bytes(), Clients::Unasked).unwrap();
    let stack = Stack::with(|config| {
        config.listener.tls = Some(tls);
        config.listener.hsts = Some(HeaderValue::from_static("max-age=600"));
        config.redirect = Some(Redirect {
            address: ([127, 0, 0, 1], 0).into(),
            port,
        });
    })
    .await;
    (authority, stack)
}

#[tokio::test]
async fn a_client_in_plaintext_is_sent_to_what_it_asked_for() {
    for port in [None, Some(443)] {
        let (_authority, stack) = redirected(port).await;
        let from = stack.gateway.redirect_address().unwrap();
        let at = match port {
            None => format!("https://localhost:{}", stack.address().port()),
            Some(_) => "https://localhost".to_owned(),
        };
        for (host, path, place) in [
            ("localhost:80", "/v1/echo/7?a=b", Some("/v1/echo/7?a=b")),
            ("evil.example", "/v1/echo/7", None),
            ("localhost", "//evil.example", Some("//evil.example")),
        ] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            let mut socket = TcpStream::connect(from).await.unwrap();
            socket.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            let mut lines = answer.lines();
            let status = if place.is_some() {
                "HTTP/1.1 308 "
            } else {
                "HTTP/1.1 404 "
            };
            assert!(answer.starts_with(status), "{answer}");
            let found = lines.find_map(|line| line.strip_prefix("location: "));
            let place = place.map(|place| format!("{at}{place}"));
            assert_eq!(found, place.as_deref());
            assert!(!answer.contains("strict-transport-security"));
        }
        stack.gateway.drain().await;
        assert!(TcpStream::connect(from).await.is_err());
    }
}

#[tokio::test]
async fn answers_under_tls_tell_browsers_to_come_by_https_alone() {
    let (authority, stack) = redirected(None).await;
    for (version, path) in [
        (Version::Http1, "/v1/echo/7"),
        (Version::Http2, "/v1/echo/7"),
        (Version::Http2, "/nowhere"),
    ] {
        let stream = Client::of(&authority).connect(stack.address()).await;
        let answer = ask(stream.unwrap(), version, path).await;
        assert_eq!(answer.headers["strict-transport-security"], "max-age=600");
    }
}

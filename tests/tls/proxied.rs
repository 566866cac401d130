//! The PROXY protocol before TLS and plaintext: whose the connection is, and who is not let in.

use super::*;

const FIRST: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n";

/// Version 2, of `2001:db8::7`.
fn second() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".to_vec();
    header.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    header.extend([0; 16]);
    header.extend([0x9c, 0x40, 1, 0xbb]);
    header
}

/// The proxy's own connection.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

const GET: &str = "GET /v1/echo:metadata HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn proxied(from: &str, tls: Option<Tls>) -> Stack {
    let from = from.parse().unwrap();
    Stack::with(|config| {
        config.listener.tls = tls;
        config.listener.proxies = vec![from];
        config.admin = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

/// Everything that comes on a plaintext connection that begins like this.
async fn answer(stack: &Stack, opening: &[u8]) -> String {
    let mut socket = TcpStream::connect(stack.address()).await.unwrap();
    socket.write_all(opening).await.unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer).await; // a reset is an end too
    answer
}

#[tokio::test]
async fn the_address_of_the_client_is_the_one_that_is_told() {
    let stack = proxied("127.0.0.0/8", None).await;
    for (header, told) in [
        (FIRST.to_vec(), "192.0.2.7"),
        (second(), "2001:db8::7"),
        (LOCAL.to_vec(), "127.0.0.1"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
    ] {
        let answer = answer(&stack, &[&header, GET.as_bytes()].concat()).await;
        let told = format!("\"x-forwarded-for\":{{\"values\":[\"{told}\"]}}");
        assert!(answer.contains(&told), "{told} {answer}");
    }
}

#[tokio::test]
async fn it_comes_before_tls() {
    let authority = Authority::new("servers");
    let Identity { certificate, key } = authority.certify("localhost");
    let tls = Tls::new(certificate.as_bytes(), key.as_bytes(), Clients::Unasked).unwrap();
    let stack = proxied("127.0.0.1", Some(tls)).await;
    for (header, told) in [(FIRST.to_vec(), "192.0.2.7"), (second(), "2001:db8::7")] {
        let mut socket = TcpStream::connect(stack.address()).await.unwrap();
        socket.write_all(&header).await.unwrap();
        let client = Client::of(&authority);
        let stream = client.shake(&client.connector(), socket).await.unwrap();
        let answer = ask(stream, Version::Http2, "/v1/echo:metadata").await;
        let seen = &answer.json()["metadata"];
        assert_eq!(seen["x-forwarded-for"]["values"][0], told);
        assert_eq!(seen["x-forwarded-proto"]["values"][0], "https");
    }
}

#[tokio::test]
async fn whoever_does_not_speak_it_or_may_not_is_closed_without_an_answer_and_counted() {
    let stack = proxied("127.0.0.1", None).await;
    for opening in [
        GET.as_bytes(),
        b"PROXY TCP4 192.0.2.7\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x31\x21\0\x24",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        assert_eq!(answer(&stack, opening).await, "");
    }
    let stranger = proxied("192.0.2.0/24", None).await;
    assert_eq!(answer(&stranger, FIRST).await, "");
    for (stack, reason, count) in [(&stack, "proxy_header", 4), (&stranger, "not_a_proxy", 1)] {
        let admin = stack.gateway.admin_address().unwrap();
        let metrics = send(admin, Version::Http1, Method::GET, "/metrics", &[], "").await;
        let line = format!(
            "gateway_connections_refused_total{{listener=\"public\",reason=\"{reason}\"}} {count}"
        );
        assert!(metrics.text().contains(&line), "{line}\n{}", metrics.text());
    }
}

#[tokio::test]
async fn half_a_header_is_closed_by_the_timer_of_the_preface() {
    let stack = Stack::with(|config| {
        config.listener.proxies = vec!["127.0.0.1".parse().unwrap()];
        config.listener.timeouts.preface = std::time::Duration::from_millis(100);
    })
    .await;
    for opening in [&b""[..], &FIRST[..20], &second()[..20]] {
        assert_eq!(answer(&stack, opening).await, "");
    }
}

//! What is done at each level. The pressure is that of calls in flight, of which `overload.calls` says how many
//! are all; so it is known to a part of a hundred.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Form, PART, Part, admin, loaded, until};
use crate::support::scripted::{Script, Scripted};

const GET: &[u8] = b"GET /v1/echo/7 HTTP/1.1\r\nhost: a\r\n\r\n";

/// Calls a second time and more on a connection.
async fn get(stream: &mut TcpStream) -> String {
    stream.write_all(GET).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn each_level_does_what_it_says_and_all_is_as_before_when_it_is_over() {
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let keys = "overload: { shed: true, calls: 25 }\n";
    let gateway = loaded(&backend.url(), keys).await;
    let address = gateway.address();
    // Of two connections without a call the first one's turn to go is at once, the other's is later.
    let mut first = TcpStream::connect(address).await.unwrap();
    assert!(get(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(get(&mut second).await.starts_with("HTTP/1.1 200"));

    let mut held = Vec::new();
    for (level, calls) in [(1, 22), (2, 23), (3, 24)] {
        while held.len() < calls {
            held.push(Part::of(address, Form::Rest, 10).await);
        }
        let metrics = until(&gateway, &format!("gateway_overload_state {level}.0")).await;
        let pressure = format!("{{resource=\"streams\"}} 0.{}", calls * 4);
        assert!(metrics.contains(&pressure), "{pressure} {metrics}");
        if level == 2 {
            assert_eq!(
                first.read(&mut [0; 8]).await.unwrap(),
                0,
                "it was told to go"
            );
        }
    }
    let refused = get(&mut second).await.to_lowercase();
    assert!(refused.starts_with("http/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 1") && refused.contains("\"code\":14"));
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting.write_all(GET).await.unwrap();
    let ready = admin(&gateway, "/readyz").await;
    assert!(
        ready.contains("overload: refusing, 96 % of streams"),
        "{ready}"
    );
    let metrics = admin(&gateway, "/metrics").await;
    assert!(
        metrics.contains("gateway_connections_told_to_go_total{"),
        "{metrics}"
    );
    let nothing = waiting.try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);

    held.clear();
    until(&gateway, "gateway_overload_state 0.0").await;
    let mut status = [0; 12];
    waiting.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[tokio::test]
async fn the_calls_that_hold_most_are_ended_in_their_own_words() {
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let keys = "overload: { shed: true, calls: 8 }\n";
    let gateway = loaded(&backend.url(), keys).await;
    let address = gateway.address();
    let mut large = Vec::new();
    for form in Form::ALL {
        large.push(Part::of(address, form, PART).await);
    }
    until(&gateway, "gateway_buffered_bytes 262144.0").await;
    let mut small = Vec::new();
    for _ in 0..4 {
        small.push(Part::of(address, Form::Rest, 10).await);
    }
    for part in &mut large {
        part.ends_with(14, "UNAVAILABLE").await;
    }
    let metrics = until(&gateway, "gateway_buffered_bytes 0.0").await;
    let ended = "gateway_buffers_refused_total{reason=\"overload\"} 4";
    assert!(metrics.contains(ended), "{metrics}");
    for part in &mut small {
        part.complete().await;
        part.stream.readable().await.unwrap();
        let mut status = [0; 12];
        part.stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}

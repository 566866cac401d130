//! Clients that leave, and how their backend learns of it.

use h2::Reason;
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::before;
use crate::support::calls::{Ask, Native};
use crate::support::scripted::{Pace, Script, Scripted, framed};

#[tokio::test]
async fn the_backends_stream_is_reset_when_a_client_leaves() {
    let backend = Scripted::start(|_| Script::endless(64, Pace::Full)).await;
    let gateway = before(&backend.url(), "").await;
    let web = ("application/grpc-web+proto", framed(b""));
    let connect = ("application/connect+proto", framed(b""));
    for (method, path, (kind, body)) in [
        (Method::POST, Ask::stream().rpc, web),
        (Method::POST, Ask::stream().rpc, connect),
        (Method::GET, "/v1/echo:stream", ("text/plain", "".into())),
    ] {
        backend.forget();
        let mut socket = TcpStream::connect(gateway.address()).await.unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&body).await.unwrap();
        let mut some = [0; 1000];
        socket.read_exact(&mut some).await.unwrap();
        assert!(some.starts_with(b"HTTP/1.1 200"), "{kind}");
        drop(socket);
        check_reset(&backend, kind).await;
    }
    backend.forget();
    let client = Native::connect(gateway.address()).await;
    let mut open = client.begin(&Ask::stream()).await;
    assert!(open.next().await.is_some());
    drop(open);
    check_reset(&backend, "native").await;
    assert_eq!(backend.record().connections.len(), 1, "nothing else ends");
}

async fn check_reset(backend: &Scripted, what: &str) {
    backend.until(|record| record.resets.len() == 1).await;
    let record = backend.record();
    let reset = record.reset_of(&record.calls[0].seen).unwrap();
    assert_eq!(reset.reason, Reason::CANCEL, "{what}");
}

//! The router behind hyper, on real sockets: what frames and header fields really go out.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Serves the router for as long as the test runs.
async fn serve(service: &Scripted) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let web = axum::Router::new().fallback_service(service.router());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = TowerToHyperService::new(web.clone());
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection(TokioIo::new(socket), service)
                    .await;
            });
        }
    });
    address
}

async fn connect(address: std::net::SocketAddr) -> hyper::client::conn::http2::SendRequest<Body> {
    let socket = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn grpc_over_http_2_ends_with_trailers() {
    let service = Scripted::new(Script::Replies(
        metadata(&[("x-shard", "a")]),
        vec![b"one", b"two"],
        End {
            status: Status::ok(),
            trailers: metadata(&[("x-ratio", "7")]),
        },
    ));
    let address = serve(&service).await;
    let request = post(
        &format!("http://{address}/t.T/Server"),
        "application/grpc",
        frame(b""),
    );
    let response = connect(address).await.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-shard"], "a");
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(collected.trailers().unwrap()["x-ratio"], "7");
    assert_eq!(
        collected.to_bytes(),
        [frame(b"one"), frame(b"two")].concat()
    );
    assert_eq!(
        service.last().metadata.get("x-forwarded-host").unwrap(),
        &address.to_string()
    );
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_cancels_the_call() {
    let service = Scripted::new(Script::Stall);
    let address = serve(&service).await;
    let mut sender = connect(address).await;
    let request = post(
        &format!("http://{address}/t.T/Server"),
        "application/grpc-web",
        frame(b""),
    );
    let response = sender.send_request(request).await.unwrap();
    let alive = Arc::strong_count(&service.alive);
    drop(response);
    while Arc::strong_count(&service.alive) == alive {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn grpc_web_over_http_1_is_one_answer_with_its_length() {
    let service = Scripted::default();
    let mut socket = TcpStream::connect(serve(&service).await).await.unwrap();
    let head = "POST /t.T/Unary HTTP/1.1\r\nhost: a.b\r\ncontent-type: application/grpc-web+proto\r\n\
        content-length: 7\r\nconnection: close\r\n\r\n";
    socket
        .write_all(&[head.as_bytes(), &frame(b"hi")].concat())
        .await
        .unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(text.starts_with("http/1.1 200 ok\r\n"), "{text}");
    assert!(text.contains("content-length: 27\r\n"), "{text}");
    assert!(answer.ends_with(&[&frame(b"hi")[..], b"\x80\0\0\0\x0fgrpc-status:0\r\n"].concat()));
}

/// A request over HTTP/1.1 whose first frame is broken, and that is this long.
async fn answer_to_broken(address: std::net::SocketAddr, length: usize) -> (String, TcpStream) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut body = vec![0x55; length];
    body[0] = 0x7f;
    let head = format!(
        "POST /t.T/Unary HTTP/1.1\r\nhost: a.b\r\ncontent-type: application/grpc-web\r\n\
         content-length: {length}\r\n\r\n"
    );
    socket
        .write_all(&[head.as_bytes(), &body].concat())
        .await
        .unwrap();
    let mut answer = String::new();
    while !answer.contains("grpc-status:13") {
        let mut bytes = [0; 1024];
        let read = socket.read(&mut bytes).await.unwrap();
        assert!(read > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&bytes[..read]).to_lowercase());
    }
    (answer, socket)
}

#[tokio::test]
async fn an_answer_to_a_long_body_that_nobody_reads_ends_its_connection_and_says_so() {
    let service = Scripted::default();
    let address = serve(&service).await;
    let (answer, _) = answer_to_broken(address, 256 << 10).await;
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    let (answer, mut socket) = answer_to_broken(address, 1 << 10).await;
    assert!(!answer.contains("connection:"), "{answer}");
    socket
        .write_all(b"GET /nowhere HTTP/1.1\r\nhost: a.b\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut next = String::new();
    socket.read_to_string(&mut next).await.unwrap();
    assert!(next.contains("HTTP/1.1 404"), "{next}");
}

//! A backend on a real socket that does what a test tells it, well-behaved or not.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::call::Message;
use crate::upstream::{Config, Upstream};

/// A listening backend; dropping it closes the listener and every connection.
pub(super) struct Backend {
    pub(super) port: u16,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Backend {
    /// Runs `script` for every connection, with its number from 0.
    pub(super) async fn scripted<F>(
        port: u16,
        script: impl Fn(usize, TcpStream) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                running.spawn(script(counter.fetch_add(1, Ordering::SeqCst), stream));
            }
        });
        Self {
            port,
            connections,
            task,
        }
    }

    /// Speaks HTTP/2 with at most `streams` at once, and answers each request with `answer`.
    pub(super) async fn http2<F>(
        port: u16,
        streams: u32,
        answer: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::scripted(port, move |_, stream| {
            http2(stream, streams, answer.clone())
        })
        .await
    }

    /// Connections that were accepted.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// An upstream named `backend` that leads here.
    pub(super) fn upstream(&self) -> Upstream {
        upstream(self.port)
    }

    /// The configuration of that upstream.
    pub(super) fn config(&self) -> Config {
        config(self.port)
    }

    /// Stops, and resolves when the port is free.
    pub(super) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn upstream(port: u16) -> Upstream {
    for_workers(port, 1)
}

pub(super) fn for_workers(port: u16, workers: usize) -> Upstream {
    Upstream::build([config(port)], workers).unwrap()
}

fn config(port: u16) -> Config {
    let endpoint = format!("127.0.0.1:{port}").parse().unwrap();
    Config {
        max_message: 1024 * 1024,
        ..Config::new("backend", endpoint)
    }
}

pub(super) async fn http2<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    streams: u32,
    answer: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut builder = Builder::new();
    builder.max_concurrent_streams(streams);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    let mut running = tokio::task::JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        running.spawn(answer(request, respond));
    }
}

/// A backend that reads HTTP/2 frames until the first request and then says that it is leaving
/// and has seen no stream.
pub(super) async fn goaway_below_the_first_stream(mut stream: TcpStream) {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    // An empty SETTINGS frame, and the acknowledgement of the peer's.
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    stream
        .write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0])
        .await
        .unwrap();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == 1 {
            let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            stream.write_all(&goaway).await.unwrap();
        }
    }
}

pub(super) fn head() -> Response<()> {
    Response::builder()
        .header("content-type", "application/grpc+proto")
        .body(())
        .unwrap()
}

pub(super) fn trailers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name: http::HeaderName = name.parse().unwrap();
        map.append(
            name,
            http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    map
}

/// One message, as it travels.
pub(super) fn frame(payload: &[u8]) -> Bytes {
    Message::from_payload(payload).into_frame()
}

/// Sends headers and these messages, and leaves the stream open.
pub(super) fn begin(mut respond: SendResponse<Bytes>, messages: &[&[u8]]) -> SendStream<Bytes> {
    let mut stream = respond.send_response(head(), false).unwrap();
    for message in messages {
        stream.send_data(frame(message), false).unwrap();
    }
    stream
}

/// A whole answer: one message and OK.
pub(super) fn ok(respond: SendResponse<Bytes>, payload: &[u8]) {
    begin(respond, &[payload])
        .send_trailers(trailers(&[("grpc-status", "0")]))
        .unwrap();
}

/// Why the peer reset the stream.
pub(super) async fn reset(stream: &mut SendStream<Bytes>) -> h2::Reason {
    std::future::poll_fn(|cx| stream.poll_reset(cx))
        .await
        .unwrap()
}

/// The whole request body; `Err` if the stream was reset.
pub(super) async fn read(body: &mut RecvStream) -> Result<Vec<Bytes>, h2::Error> {
    let mut chunks = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        chunks.push(chunk);
    }
    Ok(chunks)
}

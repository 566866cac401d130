//! The least that a gRPC-Web proxy on hyper can do: what `benches/envoy` measures Transom by.
//!
//!     hyper-proxy LISTEN BACKEND        (two addresses, such as 127.0.0.1:8080)
//!
//! One thread. A request over HTTP/1.1 or HTTP/2 goes to the backend under its own path, as a POST
//! with `content-type: application/grpc` and `te: trailers`, over the one HTTP/2 connection there is;
//! the pieces of its body are handed on as they come. The answer has `content-type:
//! application/grpc-web+proto`, the backend's pieces as they come, and the backend's trailers as one
//! more piece, in a gRPC-Web trailers frame.
//!
//! What it does not do: look at the request's method, path, content type or body; pass on any header
//! field of a request or an answer; know schemas, limits, deadlines, time-outs, trailers-only answers,
//! lost connections, a log. It is no proxy that anybody should run.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE};
use http::uri::{Authority, Scheme};
use http::{Method, Request, Response, Uri, Version};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

/// Transom's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

/// First byte of a trailers frame.
const TRAILERS: u8 = 0x80;

fn main() -> Result<(), Failure> {
    let mut addresses = std::env::args().skip(1);
    let mut address = || -> Result<SocketAddr, Failure> {
        Ok(addresses.next().ok_or("expected LISTEN BACKEND")?.parse()?)
    };
    let (listen, backend) = (address()?, address()?);
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?
        .block_on(serve(listen, backend))
}

async fn serve(listen: SocketAddr, backend: SocketAddr) -> Result<(), Failure> {
    let stream = TcpStream::connect(backend).await?;
    stream.set_nodelay(true)?;
    let authority = Authority::try_from(backend.to_string())?;
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (sender, authority) = (sender.clone(), authority.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| pass(request, sender.clone(), authority.clone()));
            let builder = auto::Builder::new(TokioExecutor::new());
            // A client that leaves is no failure.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn pass(
    request: Request<Incoming>,
    mut sender: SendRequest<Incoming>,
    authority: Authority,
) -> Result<Response<Answer>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    let mut uri = parts.uri.into_parts();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    let body = sender.send_request(request).await?.into_body();
    let mut response = Response::new(Answer(body));
    let content_type = HeaderValue::from_static("application/grpc-web+proto");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

/// The backend's body, its trailers in a frame.
struct Answer(Incoming);

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        };
        let frame = match frame.into_trailers() {
            Ok(trailers) => Frame::data(framed(&trailers)),
            Err(data) => data,
        };
        Poll::Ready(Some(Ok(frame)))
    }
}

fn framed(trailers: &HeaderMap) -> Bytes {
    let mut frame = BytesMut::with_capacity(128);
    frame.put_slice(&[TRAILERS, 0, 0, 0, 0]);
    for (name, value) in trailers {
        frame.put_slice(name.as_str().as_bytes());
        frame.put_slice(b": ");
        frame.put_slice(value.as_bytes());
        frame.put_slice(b"\r\n");
    }
    let length = u32::try_from(frame.len() - 5).unwrap_or(u32::MAX);
    frame[1..5].copy_from_slice(&length.to_be_bytes());
    frame.freeze()
}

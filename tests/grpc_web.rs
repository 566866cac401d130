//! gRPC-Web, as another maker speaks it: tonic-web's client, before the demo.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use http::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::Code;
use tonic_web::{GrpcWebCall, GrpcWebClientLayer, GrpcWebClientService};
use tower::{Layer as _, Service};
use transom::demo::pb::demo::echo::v1 as echo;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;

use crate::support::Stack;

/// HTTP/1.1, a connection for each request: what a browser that has no HTTP/2 does.
#[derive(Clone)]
struct Http1(SocketAddr);

impl Service<Request<GrpcWebCall<tonic::body::Body>>> for Http1 {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<GrpcWebCall<tonic::body::Body>>) -> Self::Future {
        let address = self.0;
        Box::pin(async move {
            let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let host = address.to_string().parse().unwrap();
            request.headers_mut().insert("host", host);
            *request.version_mut() = http::Version::HTTP_11;
            let path: Uri = request.uri().path().parse().unwrap();
            *request.uri_mut() = path;
            let response = sender.send_request(request).await.unwrap();
            Ok(response.map(Body::new))
        })
    }
}

type Client = EchoServiceClient<GrpcWebClientService<Http1>>;

fn client(stack: &Stack) -> Client {
    let service = GrpcWebClientLayer::new().layer(Http1(stack.address()));
    let origin: Uri = format!("http://{}", stack.address()).parse().unwrap();
    EchoServiceClient::with_origin(service, origin)
}

#[tokio::test]
async fn tonic_webs_client_makes_unary_calls_and_reads_streams() {
    let stack = Stack::start().await;
    let mut client = client(&stack);
    let got = client.get(echo::GetRequest { id: 7 }).await.unwrap();
    assert_eq!(got.get_ref().id, 7);
    assert!(got.metadata().get("x-request-id").is_some());

    let request = echo::StreamRequest {
        count: 3,
        ..Default::default()
    };
    let mut items = client.stream(request).await.unwrap().into_inner();
    let mut count = 0;
    while let Some(_item) = items.message().await.unwrap() {
        count += 1;
    }
    assert_eq!(count, 3);
    assert!(items.trailers().await.unwrap().is_some());
}

#[tokio::test]
async fn tonic_webs_client_reads_a_status_with_its_details() {
    let stack = Stack::start().await;
    let request = echo::FailRequest {
        code: 5,
        message: "gone\r\n".to_owned(),
        ..Default::default()
    };
    let status = client(&stack).fail(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "gone\r\n")
    );
}

//! Routes that lead to upstreams: by service, host and header, in every dialect, split by weights; and
//! services that two upstreams bring. Backends are real sockets that say who they are.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use transom::config::{self, Flags};
use transom::demo;
use transom::demo::pb::demo::echo::v1 as echo;
use transom::demo::pb::demo::echo::v1::echo_service_client::EchoServiceClient;
use transom::gateway::Gateway;

use crate::support::{Answer, Backend, Version, send};

/// A backend that answers every call with one message: its name, in field 2.
async fn named(name: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service_fn(move |_| async move { Ok::<_, Infallible>(reply(name)) });
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    format!("http://{address}")
}

fn reply(name: &str) -> Response<Body> {
    let small = echo::Small {
        name: name.to_owned(),
        ..Default::default()
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Frame::data(enveloped(&small)), Frame::trailers(trailers)];
    let frames = stream::iter(frames.map(Ok::<_, Infallible>));
    let mut response = Response::new(Body::new(StreamBody::new(frames)));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", grpc);
    response
}

fn enveloped(message: &impl prost::Message) -> Bytes {
    let payload = message.encode_to_vec();
    let length = u32::try_from(payload.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), &payload].concat().into()
}

/// Two named backends, and a gateway before them that a file configures. The schema is the demo's, of
/// the upstream `left`.
struct Two {
    gateway: Gateway,
}

impl Two {
    async fn routed(test: &str, routes: &str) -> Self {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(folder.join(format!("{test}.binpb")), demo::DESCRIPTORS).unwrap();
        let (left, right) = (named("left").await, named("right").await);
        let text = format!(
            "listen: 127.0.0.1:0
admin: {{ listen: 127.0.0.1:0 }}
upstreams: {{ left: {{ url: '{left}' }}, right: {{ url: '{right}' }} }}
schema: [{{ descriptors: {test}.binpb, upstream: left }}]
routes:
{routes}"
        );
        let gateway = start(test, &text).await;
        Self { gateway }
    }

    fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let (address, version) = (self.address(), Version::Http1);
        send(address, version, Method::GET, path, headers, "").await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        let (address, version) = (self.address(), Version::Http1);
        send(address, version, Method::POST, path, headers, body).await
    }

    async fn grpc(&self) -> EchoServiceClient<tonic::transport::Channel> {
        let url = format!("http://{}", self.address());
        EchoServiceClient::connect(url).await.unwrap()
    }
}

/// A gateway that a file's text configures.
async fn start(test: &str, text: &str) -> Gateway {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("routing-{test}.yaml"));
    std::fs::write(&file, text).unwrap();
    let settings = config::load(Some(&file), &Flags::default()).unwrap();
    Gateway::start(settings.gateway, |_| {}).await.unwrap()
}

#[tokio::test]
async fn a_service_goes_where_its_route_leads_and_else_where_its_schema_came_from() {
    let two = Two::routed(
        "by-service",
        "
  - selector: demo.library.v1.*
    upstreams: [{ name: right }]
  - path: /v1/echo:slow
    upstreams: [{ name: right }]
",
    )
    .await;
    for (path, member, expected) in [
        ("/v1/shelves", "nextPageToken", "right"),
        ("/v1/echo/7", "name", "left"),
        ("/v1/echo:slow", "name", "right"),
    ] {
        let answer = two.get(path, &[]).await;
        assert_eq!(answer.json()[member], expected, "{path} {}", answer.text());
    }
}

#[tokio::test]
async fn a_host_leads_over_both_versions_of_http() {
    let two = Two::routed(
        "by-host",
        "
  - selector: demo.echo.*
    hosts: ['*.right.example', right.example]
    upstreams: [{ name: right }]
",
    )
    .await;
    for (host, expected) in [
        ("right.example", "right"),
        ("Right.Example:8080", "right"),
        ("a.b.right.example", "right"),
        ("wright.example", "left"),
        ("example", "left"),
    ] {
        let mut stream = TcpStream::connect(two.address()).await.unwrap();
        let head = format!("GET /v1/echo/7 HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let told = format!("\"name\":\"{expected}\"");
        assert!(answer.contains(&told), "HTTP/1.1 {host}: {answer}");

        let stream = TcpStream::connect(two.address()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        let request = Request::builder().uri(format!("http://{host}/v1/echo/7"));
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let answer = answer.into_body().collect().await.unwrap().to_bytes();
        let answer = String::from_utf8(answer.to_vec()).unwrap();
        assert!(answer.contains(&told), "HTTP/2 {host}: {answer}");
    }
}

#[tokio::test]
async fn a_header_leads_in_every_dialect() {
    let two = Two::routed(
        "by-header",
        "
  - selector: demo.echo.*
    headers: [{ name: x-canary, value: 'yes' }, { name: x-version, prefix: '2.' }]
    upstreams: [{ name: right }]
",
    )
    .await;
    const OWN: &str = "/demo.echo.v1.EchoService/Get";
    let request = echo::GetRequest { id: 7 };
    for (canary, expected) in [("yes", "right"), ("no", "left")] {
        let route = [("x-canary", canary), ("x-version", "2.1")];
        let with = |content_type| [&route[..], &[("content-type", content_type)]].concat();
        let answer = two.get("/v1/echo/7", &route).await;
        assert_eq!(answer.json()["name"], expected, "REST");
        let json = || Bytes::from_static(b"{}");
        let answer = two.post(OWN, &with("application/json"), json()).await;
        assert_eq!(answer.json()["name"], expected, "Connect by JSON");
        let wire = request.encode_to_vec().into();
        let answer = two.post(OWN, &with("application/proto"), wire).await;
        let small = echo::Small::decode(answer.body).unwrap();
        assert_eq!(small.name, expected, "Connect");
        let path = "/demo.echo.v1.EchoService/Stream";
        let wire = enveloped(&echo::StreamRequest::default());
        let answer = two
            .post(path, &with("application/connect+proto"), wire)
            .await;
        assert_tells(&answer, expected, "Connect's streams");
        let frame = enveloped(&request);
        let answer = two
            .post(OWN, &with("application/grpc-web+proto"), frame)
            .await;
        assert_tells(&answer, expected, "gRPC-Web");

        let mut call = tonic::Request::new(request);
        for (name, value) in route {
            call.metadata_mut().insert(name, value.parse().unwrap());
        }
        let small = two.grpc().await.get(call).await.unwrap().into_inner();
        assert_eq!(small.name, expected, "gRPC");

        for (path, first) in [("/v1/echo/7", None), (OWN, Some("{}"))] {
            let url = format!("ws://{}{path}", two.address());
            let mut handshake = url.into_client_request().unwrap();
            for (name, value) in route {
                handshake
                    .headers_mut()
                    .insert(name, HeaderValue::from_str(value).unwrap());
            }
            let stream = TcpStream::connect(two.address()).await.unwrap();
            let opened = tokio_tungstenite::client_async(handshake, stream).await;
            let (mut socket, _) = opened.unwrap();
            if let Some(first) = first {
                futures_util::SinkExt::send(&mut socket, first.into())
                    .await
                    .unwrap();
            }
            let frame = socket.next().await.unwrap().unwrap();
            let frame: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
            assert_eq!(frame["name"], expected, "WebSocket on {path}");
        }
    }
    let answer = two.get("/v1/echo/7", &[("x-canary", "yes")]).await;
    assert_eq!(
        answer.json()["name"],
        "left",
        "both headers have to be there"
    );
}

fn assert_tells(answer: &Answer, name: &str, dialect: &str) {
    let mut windows = answer.body.windows(name.len());
    let tells = windows.any(|window| window == name.as_bytes());
    assert!(tells, "{dialect}: {:?}", answer.body);
}

#[tokio::test]
async fn a_canary_gets_its_share() {
    /// Calls; of a tenth of them the standard deviation is 9.5.
    const CALLS: usize = 1000;
    let two = Two::routed(
        "canary",
        "
  - selector: demo.echo.v1.EchoService.*
    upstreams: [{ name: left, weight: 90 }, { name: right, weight: 10 }]
",
    )
    .await;
    let mut client = two.grpc().await;
    let mut canary = 0;
    for _ in 0..CALLS {
        let small = client.get(echo::GetRequest { id: 1 }).await.unwrap();
        canary += usize::from(small.into_inner().name == "right");
    }
    // Six standard deviations to each side: once in 10⁹ runs it is elsewhere.
    assert!((43..=157).contains(&canary), "{canary} of {CALLS}");

    let admin = two.gateway.admin_address().unwrap();
    let answer = send(admin, Version::Http1, Method::GET, "/routes", &[], "").await;
    let listing = answer.json();
    let rows = listing["routes"].as_array().unwrap();
    let row = rows.iter().find(|row| row["path"] == "/v1/echo/{id}");
    let split = json!([{ "upstreams": [
        { "name": "left", "weight": 90 }, { "name": "right", "weight": 10 },
    ] }]);
    assert_eq!(row.unwrap()["routed"], split);
}

#[tokio::test]
async fn a_service_of_two_upstreams_waits_for_a_route_that_decides() {
    let backends = [Backend::start().await, Backend::start().await];
    let [left, right] = [&backends[0].url, &backends[1].url];
    let upstreams = format!(
        "listen: 127.0.0.1:0\nupstreams: {{ left: {{ url: '{left}' }}, right: {{ url: '{right}' }} }}\n"
    );
    let gateway = start("clash", &upstreams).await;
    let schema = gateway.schema();
    assert_eq!(schema.methods().len(), 0, "all that one has the other has");
    let refusals = schema.refusals();
    assert!(!refusals.is_empty());
    for refusal in refusals {
        let names = ["for upstream left", "for upstream right"];
        assert!(names.iter().all(|name| refusal.contains(name)), "{refusal}");
        assert!(refusal.starts_with("demo."), "not grpc's own: {refusal}");
    }

    let decided = "routes: [{ selector: '*', upstreams: [{ name: right }, { name: left }] }]\n";
    let gateway = start("decided", &format!("{upstreams}{decided}")).await;
    assert_eq!(gateway.schema().refusals(), [""; 0]);
    let address = gateway.address();
    let answer = send(address, Version::Http1, Method::GET, "/v1/echo/7", &[], "").await;
    assert_eq!(answer.json()["id"], "7");
}

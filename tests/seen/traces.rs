//! Traces over real sockets: a collector of the tests' own, which reads OTLP by the numbers of its fields.

use std::net::SocketAddr;
use std::path::Path;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::server::UnaryService;
use tonic_prost::ProstCodec;

use super::{Arc, Mutex, Site};
use crate::support::calls::{Ask, Native};
use crate::support::scripted::{Script, Scripted, in_turn};

#[derive(Clone, PartialEq, prost::Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<Resource>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<Scope>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Scope {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
    #[prost(string, tag = "3")]
    state: String,
    #[prost(bytes = "vec", tag = "4")]
    parent: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<Attribute>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<Event>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    trace: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Value {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(int64, tag = "3")]
    number: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Nothing {}

impl Span {
    fn text(&self, key: &str) -> &str {
        let found = self.attributes.iter().find(|one| one.key == key);
        found
            .and_then(|one| one.value.as_ref())
            .map_or("", |value| &value.text)
    }

    fn number(&self, key: &str) -> Option<i64> {
        let found = self.attributes.iter().find(|one| one.key == key);
        found
            .and_then(|one| one.value.as_ref())
            .map(|value| value.number)
    }
}

/// Hands out the spans that it gets.
#[derive(Clone)]
struct Collector(mpsc::UnboundedSender<Span>);

impl UnaryService<Export> for Collector {
    type Response = Nothing;
    type Future = std::future::Ready<Result<tonic::Response<Nothing>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Export>) -> Self::Future {
        let resources = request.into_inner().resources.into_iter();
        let scopes = resources.flat_map(|resource| resource.scopes);
        for span in scopes.flat_map(|scope| scope.spans) {
            let _ = self.0.send(span);
        }
        std::future::ready(Ok(tonic::Response::new(Nothing {})))
    }
}

async fn export(State(collector): State<Collector>, request: Request) -> Response {
    let codec = ProstCodec::<Nothing, Export>::default();
    let mut grpc = tonic::server::Grpc::new(codec);
    let answer = grpc.unary(collector, request).await;
    answer.map(axum::body::Body::new)
}

/// A collector, and what it gets.
async fn collector() -> (String, mpsc::UnboundedReceiver<Span>) {
    let (routes, spans) = collecting();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, spans)
}

fn collecting() -> (axum::Router, mpsc::UnboundedReceiver<Span>) {
    let (sender, spans) = mpsc::unbounded_channel();
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let routes = axum::Router::new().route(path, axum::routing::post(export));
    (routes.with_state(Collector(sender)), spans)
}

/// A listener that speaks TLS.
struct Secured(TcpListener, TlsAcceptor);

impl axum::serve::Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let (socket, address) = self.0.accept().await.unwrap();
        (self.1.accept(socket).await.unwrap(), address)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A collector with a certificate, which takes spans of those alone who have this key; the certificate in
/// PEM.
async fn secured(key: &'static str) -> (String, String, mpsc::UnboundedReceiver<Span>) {
    let (routes, spans) = collecting();
    let routes = routes.layer(axum::middleware::from_fn(
        move |request: Request, next: Next| async move {
            assert_eq!(request.headers()["x-api-key"], key);
            next.run(request).await
        },
    ));
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let private = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], private)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let listener = Secured(listener, TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, own.cert.pem(), spans)
}

/// The header fields of the calls that a backend gets.
type Heads = Arc<Mutex<Vec<HeaderMap>>>;

/// A backend with these answers, and what it is told.
async fn backend(answers: Vec<Script>) -> (Scripted, Heads) {
    let heads = Heads::default();
    let (kept, script) = (Arc::clone(&heads), in_turn(answers));
    let backend = Scripted::start(move |call| {
        kept.lock().unwrap().push(call.metadata.clone());
        script(call)
    });
    (backend.await, heads)
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn one_trace_joins_client_gateway_and_backend() {
    let (url, mut spans) = collector().await;
    let answers = vec![Script::fail(14, "no"), Script::ok(b"\x08\x07")];
    let (backend, heads) = backend(answers).await;
    let keys = format!(
        "traces: {{ endpoint: '{url}', trust_inbound: true, baggage: [tenant], formats: [w3c, b3] }}\n"
    );
    let site = Site::start(&backend.url(), &keys).await;
    let ask = Ask::get(7)
        .with("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .with("tracestate", "vendor=1")
        .with("baggage", "tenant=a,secret=b");
    let client = Native::connect(site.gateway.address()).await;
    assert!(client.call(&ask).await.is_ok());

    let mut all = Vec::new();
    while all.len() < 4 {
        all.push(spans.recv().await.unwrap());
    }
    assert!(
        all.iter()
            .all(|span| hex(&span.trace) == TRACE && span.state == "vendor=1")
    );
    assert!(
        all.iter()
            .all(|span| span.start > 0 && span.start <= span.end)
    );
    let [server, call, first, second] = &all[..] else {
        panic!("{all:?}")
    };
    let rpc = "demo.echo.v1.EchoService/Get";
    assert_eq!((&*server.name, server.kind), (rpc, 2));
    assert_eq!((&*call.name, call.kind), (rpc, 3));
    assert_eq!(first.name, "Attempt.demo.echo.v1.EchoService.Get");
    assert_eq!(hex(&server.parent), "b7ad6b7169203331");
    assert_eq!(
        (&call.parent, &first.parent, &second.parent),
        (&server.id, &call.id, &call.id)
    );
    assert_eq!(first.text("rpc.response.status_code"), "UNAVAILABLE");
    assert_eq!(second.text("rpc.response.status_code"), "OK");
    assert_eq!(second.number("previous-rpc-attempts"), Some(1));
    assert_eq!(server.text("rpc.method"), rpc);
    assert_eq!(call.text("server.address"), "127.0.0.1");

    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    for (seen, attempt) in heads.iter().zip([first, second]) {
        let expected = format!("00-{TRACE}-{}-01", hex(&attempt.id));
        assert_eq!(seen["traceparent"], expected);
        assert_eq!(seen["tracestate"], "vendor=1");
        assert_eq!(seen["b3"], format!("{TRACE}-{}-1", hex(&attempt.id)));
        assert_eq!(seen["baggage"], "tenant=a");
    }
    let line = site.lines.all().pop().unwrap();
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["span_id"], hex(&server.id));
}

#[tokio::test]
async fn a_trace_that_is_not_trusted_is_a_link_and_the_last_spans_are_told_at_the_end() {
    let (url, mut spans) = collector().await;
    let (backend, heads) = backend(vec![Script::ok(b"\x08\x07")]).await;
    let site = Site::start(
        &backend.url(),
        &format!("traces: {{ endpoint: '{url}' }}\n"),
    )
    .await;
    let ask = Ask::get(7).with("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"));
    let client = Native::connect(site.gateway.address()).await;
    assert!(client.call(&ask).await.is_ok());
    drop(client);
    site.gateway.drain().await;
    let server = spans.recv().await.unwrap();
    assert_eq!((server.kind, &*server.parent), (2, &b""[..]));
    assert_ne!(hex(&server.trace), TRACE);
    assert_eq!(hex(&server.links[0].trace), TRACE);
    let told = heads.lock().unwrap()[0]["traceparent"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(told.contains(&hex(&server.trace)), "{told}");
}

#[tokio::test]
async fn a_dead_collector_costs_no_call_anything() {
    let backend = Scripted::start(|_| Script::ok(b"\x08\x07")).await;
    let keys = "traces: { endpoint: 'http://127.0.0.1:9' }\n";
    let site = Site::start(&backend.url(), keys).await;
    let client = Native::connect(site.gateway.address()).await;
    for _ in 0..300 {
        assert!(client.call(&Ask::get(7)).await.is_ok());
    }
    let text = site.scrape("text/plain").await;
    assert!(text.text().contains("gateway_traces_exported_total 0\n"));
    drop(client);
    site.gateway.drain().await;
}

#[tokio::test]
async fn by_tls_and_with_a_key_a_collector_is_told_of_messages_and_of_failures_that_are_not_kept() {
    let (url, certificate, mut spans) = secured("s3cret").await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (ca, headers) = (
        folder.join("collector.pem"),
        folder.join("collector.headers"),
    );
    std::fs::write(&ca, certificate).unwrap();
    std::fs::write(&headers, "# of a test\nX-Api-Key: s3cret\n").unwrap();
    let answers = vec![
        Script::ok(b"\x08\x07"),
        Script::fail(5, ""),
        Script::fail(13, ""),
    ];
    let (backend, heads) = backend(answers).await;
    let keys = format!(
        "traces:\n  endpoint: {url}\n  ca: {}\n  headers_file: {}\n  trust_inbound: true\n  \
         message_events: true\n",
        ca.display(),
        headers.display()
    );
    let site = Site::start(&backend.url(), &keys).await;
    let client = Native::connect(site.gateway.address()).await;
    for (flags, is_ok) in [("01", true), ("00", false), ("00", false)] {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-{flags}");
        let ask = Ask::get(7).with("traceparent", parent);
        assert_eq!(client.call(&ask).await.is_ok(), is_ok);
    }
    let mut servers = Vec::new();
    while servers.len() < 2 {
        let span = spans.recv().await.unwrap();
        servers.extend(Some(span).filter(|span| span.kind == 2));
    }
    let [kept, failed] = &servers[..] else {
        panic!("{servers:?}")
    };
    let sizes = kept.events.iter().map(|event| {
        let of = |key: &str| {
            let found = event.attributes.iter().find(|one| one.key == key);
            found
                .and_then(|one| one.value.as_ref())
                .map(|value| value.number)
        };
        (&*event.name, of("sequence-number"), of("message-size"))
    });
    assert_eq!(
        sizes.collect::<Vec<_>>(),
        [
            ("Inbound message", Some(0), Some(2)),
            ("Outbound message", Some(0), Some(2)),
        ]
    );
    assert_eq!(
        failed.text("rpc.response.status_code"),
        "INTERNAL",
        "NOT_FOUND is no server's"
    );
    assert_eq!((kept.flags & 1, failed.flags & 1), (1, 0));
    assert!(
        heads.lock().unwrap()[2]["traceparent"]
            .to_str()
            .unwrap()
            .ends_with("-00")
    );
}

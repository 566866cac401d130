//! One policy, in all ways to call a method.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Pair, bearer, guarded, identity, text};
use crate::support::calls::conversation::{Conversation, Form, Way};
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Script, Scripted};
use crate::support::{Answer, Version, send};

/// Everybody may get; those with a scope may do the rest.
const RULES: &str = "policy:
  - access:
      rules:
        - { name: everybody, methods: [demo.echo.v1.EchoService.Get], effect: public }
        - { name: echo, methods: ['demo.echo.v1.EchoService.*'], effect: allow, when: { scopes: [echo] } }
";

/// Answers at once, whatever is said.
async fn backend() -> Scripted {
    Scripted::start(|_| Script::new().message(b"").end_ok()).await
}

/// The code of a call, and its challenge.
async fn outcome(address: SocketAddr, way: Way, token: Option<&str>) -> (Option<u32>, String) {
    let authorization = token.map(bearer);
    let metadata = authorization.as_deref();
    let metadata: Vec<_> = metadata
        .map(|value| ("authorization", value))
        .into_iter()
        .collect();
    if way.form == Form::WebSocket {
        // A handshake that is refused is an answer like any other.
        let refused = handshake(address, way, &metadata).await;
        if let Some(answer) = refused {
            let code = u32::try_from(answer.json()["code"].as_u64().unwrap()).unwrap();
            return (
                Some(code),
                text(&answer.headers, "www-authenticate").to_owned(),
            );
        }
    }
    let call = Conversation::begin(address, way, &metadata).await;
    let ending = call.end().await;
    assert!(ending.whole, "{way}: {ending:?}");
    let challenge = text(&ending.outcome.headers, "www-authenticate");
    (ending.outcome.code, challenge.to_owned())
}

/// The answer to a handshake that is refused.
async fn handshake(address: SocketAddr, way: Way, metadata: &[(&str, &str)]) -> Option<Answer> {
    let kinds = ["Echo", "Stream", "Collect", "Converse"];
    let path = format!("/demo.echo.v1.EchoService/{}", kinds[way.kind as usize]);
    match way.version {
        Version::Http1 => {
            let mut headers = vec![
                ("connection", "upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ];
            headers.extend(metadata);
            let sent = send(address, way.version, Method::GET, &path, &headers, "");
            // One that is taken has no end.
            let answer = tokio::time::timeout(Duration::from_secs(5), sent).await;
            answer.ok().filter(|answer| answer.status != 101)
        }
        Version::Http2 => {
            let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), io)
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let first = Request::options(format!("http://{address}/"));
            let first = sender.send_request(first.body(Body::empty()).unwrap());
            drop(first.await.unwrap());
            let mut request = Request::connect(format!("http://{address}{path}"))
                .header("sec-websocket-version", "13")
                .extension(hyper::ext::Protocol::from_static("websocket"));
            for (name, value) in metadata {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::empty()).unwrap();
            let (head, body) = sender.send_request(request).await.unwrap().into_parts();
            if head.status == 200 {
                return None;
            }
            let collected = body.collect().await.unwrap();
            Some(Answer {
                status: head.status,
                headers: head.headers,
                trailers: collected.trailers().cloned().unwrap_or_default(),
                body: collected.to_bytes(),
            })
        }
    }
}

#[tokio::test]
async fn one_policy_holds_in_every_dialect_and_version() {
    let (backend, pair) = (backend().await, Pair::new("a"));
    let text_of = identity(
        &[pair.jwk()],
        &format!("{RULES}admin: {{ listen: 127.0.0.1:0 }}\n"),
    );
    let gateway = guarded(&backend.url(), &text_of).await;
    let (good, other) = (pair.of("echo"), pair.of("other"));
    let scope = "Bearer error=\"insufficient_scope\", scope=\"echo\"";
    let mut wrong = Vec::new();
    for way in Way::all() {
        for (token, code, challenge) in [(None, 16, "Bearer"), (Some(&*other), 7, scope)] {
            let found = outcome(gateway.address(), way, token).await;
            if found != (Some(code), challenge.to_owned()) {
                wrong.push(format!(
                    "{way}: found {found:?}, expected {code}, {challenge}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(backend.record().calls.is_empty(), "nothing came through");
    for way in Way::all() {
        let authorization = bearer(&good);
        let metadata = [("authorization", &*authorization)];
        let call = Conversation::begin(gateway.address(), way, &metadata).await;
        let ending = call.end().await;
        if ending.outcome.code != Some(0) {
            wrong.push(format!("{way}: {ending:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(backend.record().calls.len(), Way::all().len());
    let admin = gateway.admin_address().unwrap();
    let metrics = send(admin, Version::Http1, Method::GET, "/metrics", &[], "").await;
    let ways = Way::all().len();
    for (decision, count) in [("allowed", ways), ("refused", ways)] {
        let labels = format!("{{step=\"access\",decision=\"{decision}\",rule=\"echo\"}}");
        let line = format!("gateway_policy_decisions_total{labels} {count}");
        let text = metrics.text();
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[tokio::test]
async fn a_public_method_is_everybodys_and_a_dry_run_lets_everybody_pass() {
    let (backend, pair) = (backend().await, Pair::new("a"));
    let strict = guarded(&backend.url(), &identity(&[pair.jwk()], RULES)).await;
    let dry = RULES.replace("access:\n", "access:\n      mode: dry_run\n");
    let dry = guarded(&backend.url(), &identity(&[pair.jwk()], &dry)).await;
    for dialect in Dialect::ALL {
        for (gateway, ask, code) in [
            (&strict, Ask::get(7), 0),
            (&strict, Ask::echo("a"), 16),
            (&dry, Ask::get(7), 0),
            (&dry, Ask::echo("a"), 0),
            // What is shown and wrong is refused all the same.
            (
                &dry,
                Ask::echo("a").with("authorization", "Bearer x.y.z"),
                16,
            ),
            (
                &strict,
                Ask::get(7).with("authorization", "Bearer x.y.z"),
                16,
            ),
        ] {
            let outcome = call(gateway.address(), dialect, &ask).await;
            assert_eq!(outcome.code, Some(code), "{dialect:?} {ask:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn without_rules_whoever_is_known_passes_and_nobody_else() {
    let (backend, pair) = (backend().await, Pair::new("a"));
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], "")).await;
    let good = Ask::echo("a").with("authorization", bearer(&pair.of("")));
    for dialect in Dialect::ALL {
        let known = call(gateway.address(), dialect, &good).await;
        let unknown = call(gateway.address(), dialect, &Ask::echo("a")).await;
        assert_eq!(
            (known.code, unknown.code),
            (Some(0), Some(16)),
            "{dialect:?}"
        );
    }
}

#[tokio::test]
async fn row_108_no_game_with_the_path_gets_past_the_policy() {
    let (backend, pair) = (backend().await, Pair::new("a"));
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], RULES)).await;
    for path in [
        "/v1/echo",
        "/v1/echo/",
        "/v1/Echo",
        "/V1/echo",
        "/v1/ech%6F",
        "/v1%2Fecho",
        "/v1/echo%20",
        "/v1/echo%00",
        "/v1/echo;a=b",
        "/v1/echo?x=/v1/echo/7",
        "//v1/echo",
        "/v1//echo",
        "/./v1/echo",
        "/v1/x/../echo",
        "/v1/echo:kinds",
        "/v1/echo/7",
        "/demo.echo.v1.EchoService/Echo",
        "/demo.echo.v1.EchoService/echo",
        "/demo.echo.v1.EchoService/Echo/",
        "/demo.echo.v1.EchoService/Echo%20",
        "/demo.echo.v1.EchoService/Ech%6F",
        "/demo.echo.v1.EchoService%2FEcho",
        "/demo.echo.v1.echoservice/Echo",
        "/demo.echo.v1.EchoService/Get/../Echo",
        "/demo.echo.v1.EchoService/Echo?/Get",
        "//demo.echo.v1.EchoService/Echo",
    ] {
        for (kind, version) in [
            ("application/json", Version::Http1),
            ("application/json", Version::Http2),
            ("application/proto", Version::Http1),
            ("application/grpc-web+proto", Version::Http1),
            ("application/grpc", Version::Http2),
        ] {
            let headers = [
                ("content-type", kind),
                ("te", "trailers"),
                ("x-original-url", "/v1/echo/7"),
                ("x-http-method-override", "GET"),
            ];
            let address = gateway.address();
            drop(send(address, version, Method::POST, path, &headers, "").await);
            let reached = backend.record().calls.len();
            assert_eq!(reached, 0, "{kind} {path} got through");
        }
    }
}

#[tokio::test]
async fn row_28_a_body_that_waits_to_be_asked_for_is_not_asked_for() {
    let (backend, pair) = (backend().await, Pair::new("a"));
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], RULES)).await;
    for (path, kind) in [
        ("/v1/echo", "application/json"),
        ("/demo.echo.v1.EchoService/Echo", "application/proto"),
        ("/demo.echo.v1.EchoService/Echo", "application/json"),
    ] {
        let mut socket = TcpStream::connect(gateway.address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n\
             content-length: 1000000\r\nexpect: 100-continue\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        socket.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 401", "{path} {kind}");
    }
}

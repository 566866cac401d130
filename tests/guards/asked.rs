//! Servers that decide: authorization and global rate limits by Envoy's protocols, good ones, slow ones, dead
//! ones and such that talk nonsense.

use std::sync::{Arc, Mutex};

use prost_types::Duration as Reset;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use transom::call::details::RpcStatus;
use transom::policy::pb::envoy::config::core::v3::{HeaderValue, HeaderValueOption};
use transom::policy::pb::envoy::service::auth::v3::authorization_server::{
    Authorization, AuthorizationServer,
};
use transom::policy::pb::envoy::service::auth::v3::check_response::HttpResponse;
use transom::policy::pb::envoy::service::auth::v3::{
    CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use transom::policy::pb::envoy::service::ratelimit::v3::rate_limit_response::{
    DescriptorStatus, RateLimit,
};
use transom::policy::pb::envoy::service::ratelimit::v3::rate_limit_service_server::{
    RateLimitService, RateLimitServiceServer,
};
use transom::policy::pb::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};
use transom::policy::pb::envoy::r#type::v3::HttpStatus;

use super::{guarded, text};
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Script, Scripted};

/// What a server says; nothing at all, or not in time, without.
#[derive(Clone, Default)]
struct Server {
    check: Option<CheckResponse>,
    limit: Option<RateLimitResponse>,
    checks: Arc<Mutex<Vec<CheckRequest>>>,
    limits: Arc<Mutex<Vec<RateLimitRequest>>>,
}

#[tonic::async_trait]
impl Authorization for Server {
    async fn check(
        &self,
        request: Request<CheckRequest>,
    ) -> Result<Response<CheckResponse>, Status> {
        self.checks.lock().unwrap().push(request.into_inner());
        match &self.check {
            Some(said) => Ok(Response::new(said.clone())),
            None => std::future::pending().await,
        }
    }
}

#[tonic::async_trait]
impl RateLimitService for Server {
    async fn should_rate_limit(
        &self,
        request: Request<RateLimitRequest>,
    ) -> Result<Response<RateLimitResponse>, Status> {
        self.limits.lock().unwrap().push(request.into_inner());
        match &self.limit {
            Some(said) => Ok(Response::new(said.clone())),
            None => std::future::pending().await,
        }
    }
}

/// Its address.
async fn serve(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = tonic::transport::Server::builder()
        .add_service(AuthorizationServer::new(server.clone()))
        .add_service(RateLimitServiceServer::new(server.clone()));
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener)));
    format!("http://{address}")
}

/// The address of nobody.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// One that says something else than HTTP/2.
async fn babbling() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"SSH-2.0-nonsense\r\n").await;
        }
    });
    format!("http://{address}")
}

fn value(key: &str, value: &str) -> HeaderValue {
    HeaderValue {
        key: key.to_owned(),
        value: value.to_owned(),
        raw_value: bytes::Bytes::new(),
    }
}

fn option(key: &str, said: &str, append_action: i32) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(value(key, said)),
        append: None,
        append_action,
    }
}

/// A value behind those that are there.
fn added(key: &str, said: &str) -> HeaderValueOption {
    HeaderValueOption {
        append: Some(true),
        ..option(key, said, 0)
    }
}

fn said(code: i32, response: HttpResponse) -> CheckResponse {
    CheckResponse {
        status: Some(RpcStatus {
            code,
            ..RpcStatus::default()
        }),
        http_response: Some(response),
    }
}

/// The policy that asks; the timeout is long where the answer counts, and what is usual where none comes.
fn ext_authz(server: &str, more: &str) -> String {
    format!("policy: [{{ ext_authz: {{ server: '{server}', {more} }} }}]\n")
}

const PATIENT: &str = "timeout: 10s";

#[tokio::test]
async fn an_authorization_server_lets_calls_pass_and_changes_what_they_say() {
    let server = Server {
        check: Some(said(
            0,
            HttpResponse::OkResponse(OkHttpResponse {
                headers: vec![option("x-user", "bob", 2), added("x-seen", "gate")],
                headers_to_remove: vec!["x-secret".to_owned()],
                response_headers_to_add: vec![
                    option("x-decided", "yes", 0),
                    option("set-cookie", "a=1", 0),
                    option("set-cookie", "b=2", 0),
                ],
            }),
        )),
        ..Server::default()
    };
    let text_of = ext_authz(
        &serve(&server).await,
        &format!("{PATIENT}, context: {{ gateway: edge }}"),
    );
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = guarded(&backend.url(), &text_of).await;
    let ask = Ask::echo("a")
        .with("x-user", "root")
        .with("x-seen", "client")
        .with("x-secret", "s3cret");
    for dialect in Dialect::ALL {
        let outcome = call(gateway.address(), dialect, &ask).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        assert_eq!(text(&outcome.headers, "x-decided"), "yes", "{dialect:?}");
        let cookies: Vec<_> = outcome.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"], "{dialect:?}");
        let record = backend.record();
        let seen = &record.calls.last().unwrap().seen.metadata;
        assert_eq!(
            seen.get_all("x-user").iter().collect::<Vec<_>>(),
            ["bob"],
            "{dialect:?}"
        );
        let all: Vec<_> = seen.get_all("x-seen").iter().collect();
        assert_eq!(all, ["client", "gate"], "{dialect:?}");
        assert!(seen.get("x-secret").is_none(), "{dialect:?}");
        drop(record);
        let asked = server
            .checks
            .lock()
            .unwrap()
            .pop()
            .unwrap()
            .attributes
            .unwrap();
        let http = asked.request.unwrap().http.unwrap();
        assert_eq!(http.path, "/demo.echo.v1.EchoService/Echo", "{dialect:?}");
        assert_eq!(asked.context_extensions["gateway"], "edge", "{dialect:?}");
    }
}

#[tokio::test]
async fn an_authorization_server_refuses_with_its_status_and_words() {
    for (status, code) in [(401, 16), (403, 7), (404, 5), (429, 8), (503, 14), (418, 7)] {
        let server = Server {
            check: Some(said(
                7,
                HttpResponse::DeniedResponse(DeniedHttpResponse {
                    status: Some(HttpStatus { code: status }),
                    headers: vec![option("x-why", "closed", 0)],
                    body: "come back on Monday".to_owned(),
                }),
            )),
            ..Server::default()
        };
        let text_of = ext_authz(&serve(&server).await, PATIENT);
        let backend = Scripted::start(|_| Script::ok(b"")).await;
        let gateway = guarded(&backend.url(), &text_of).await;
        for dialect in Dialect::ALL {
            let outcome = call(gateway.address(), dialect, &Ask::echo("a")).await;
            assert_eq!(
                outcome.code,
                Some(code),
                "{status} {dialect:?}: {outcome:?}"
            );
            assert_eq!(outcome.message, "come back on Monday", "{dialect:?}");
            assert_eq!(text(&outcome.headers, "x-why"), "closed", "{dialect:?}");
        }
        assert!(backend.record().calls.is_empty());
    }
}

#[tokio::test]
async fn r27_without_an_answer_of_an_authorization_server_nobody_passes_unless_that_is_chosen() {
    let slow = Server::default();
    let garbage = Server {
        check: Some(CheckResponse::default()),
        ..Server::default()
    };
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    for (what, server) in [
        ("slow", serve(&slow).await),
        ("garbage", serve(&garbage).await),
        ("dead", nobody().await),
        ("no HTTP/2", babbling().await),
    ] {
        let closed = guarded(&backend.url(), &ext_authz(&server, "")).await;
        let open = guarded(&backend.url(), &ext_authz(&server, "on_failure: open")).await;
        for dialect in Dialect::ALL {
            let outcome = call(closed.address(), dialect, &Ask::echo("a")).await;
            assert_eq!(outcome.code, Some(7), "{what} {dialect:?}: {outcome:?}");
            let address = server.trim_start_matches("http://");
            assert!(!outcome.message.contains(address), "{what} {dialect:?}");
            let outcome = call(open.address(), dialect, &Ask::echo("a")).await;
            assert!(outcome.is_ok(), "{what} {dialect:?}: {outcome:?}");
        }
    }
}

/// The policy that asks a server of global limits.
fn global(server: &str, more: &str) -> String {
    format!(
        "policy: [{{ global_rate_limits: {{ server: '{server}', domain: edge, \
         descriptors: [{{ entries: [method, 'header:x-tenant'] }}], {more} }} }}]\n"
    )
}

#[tokio::test]
async fn a_global_limit_counts_for_all_and_says_when_to_come_again() {
    let over = RateLimitResponse {
        overall_code: 2,
        statuses: vec![DescriptorStatus {
            code: 2,
            current_limit: Some(RateLimit {
                requests_per_unit: 5,
                unit: 2,
                name: "per-tenant".to_owned(),
            }),
            limit_remaining: 0,
            duration_until_reset: Some(Reset {
                seconds: 30,
                nanos: 0,
            }),
        }],
        response_headers_to_add: vec![value("x-limited", "by-tenant")],
        request_headers_to_add: vec![],
    };
    let server = Server {
        limit: Some(over),
        ..Server::default()
    };
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = guarded(&backend.url(), &global(&serve(&server).await, PATIENT)).await;
    for dialect in Dialect::ALL {
        let ask = Ask::echo("a").with("x-tenant", "blue");
        let outcome = call(gateway.address(), dialect, &ask).await;
        assert_eq!(outcome.code, Some(8), "{dialect:?}: {outcome:?}");
        assert_eq!(outcome.details, ["google.rpc.RetryInfo"], "{dialect:?}");
        for (name, expected) in [
            ("retry-after", "30"),
            ("ratelimit-limit", "5, 5;w=60"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "30"),
            ("x-limited", "by-tenant"),
        ] {
            assert_eq!(text(&outcome.headers, name), expected, "{dialect:?} {name}");
        }
        let asked = server.limits.lock().unwrap().pop().unwrap();
        assert_eq!(asked.domain, "edge");
        let entries = &asked.descriptors[0].entries;
        let entries: Vec<_> = entries.iter().map(|one| (&*one.key, &*one.value)).collect();
        let method = "demo.echo.v1.EchoService/Echo";
        assert!(entries[0].1.ends_with(method), "{dialect:?}: {entries:?}");
        assert_eq!(entries[1], ("x-tenant", "blue"), "{dialect:?}");
        // Without the header it does not count.
        let outcome = call(gateway.address(), dialect, &Ask::echo("a")).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn r27_without_an_answer_of_a_server_of_limits_everybody_passes_unless_that_is_chosen() {
    let (slow, garbage) = (
        Server::default(),
        Server {
            limit: Some(RateLimitResponse::default()),
            ..Server::default()
        },
    );
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    for (what, server) in [
        ("slow", serve(&slow).await),
        ("garbage", serve(&garbage).await),
        ("dead", nobody().await),
        ("no HTTP/2", babbling().await),
    ] {
        let open = guarded(&backend.url(), &global(&server, "")).await;
        let closed = guarded(&backend.url(), &global(&server, "on_failure: closed")).await;
        for dialect in Dialect::ALL {
            let ask = Ask::echo("a").with("x-tenant", "blue");
            let outcome = call(open.address(), dialect, &ask).await;
            assert!(outcome.is_ok(), "{what} {dialect:?}: {outcome:?}");
            let outcome = call(closed.address(), dialect, &ask).await;
            assert_eq!(outcome.code, Some(7), "{what} {dialect:?}: {outcome:?}");
        }
    }
}

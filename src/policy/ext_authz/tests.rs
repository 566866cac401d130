//! Authorization servers on real sockets: good ones, and others.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server as Router};

use super::*;
use crate::call::details::RpcStatus;
use crate::call::gate::{Change, Refused};
use crate::call::heard::Heard;
use crate::policy::fixtures::{Question, caller, method};
use crate::policy::pb::envoy::config::core::v3::{HeaderValue, HeaderValueOption};
use crate::policy::pb::envoy::service::auth::v3::authorization_server::{
    Authorization, AuthorizationServer,
};
use crate::policy::pb::envoy::service::auth::v3::check_response::HttpResponse;
use crate::policy::pb::envoy::service::auth::v3::{DeniedHttpResponse, OkHttpResponse};
use crate::policy::pb::envoy::r#type::v3::HttpStatus;
use crate::policy::server::TIMEOUT_MAX;

type Said = Result<Passed, Box<Refused>>;

fn header(key: &str, value: &str) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue {
            key: key.to_owned(),
            value: value.to_owned(),
            raw_value: bytes::Bytes::new(),
        }),
        append: None,
        append_action: 0,
    }
}

fn answer(code: i32, response: Option<HttpResponse>) -> CheckResponse {
    CheckResponse {
        status: Some(RpcStatus {
            code,
            message: String::new(),
            details: vec![],
        }),
        http_response: response,
    }
}

fn ok(response: OkHttpResponse) -> CheckResponse {
    answer(0, Some(HttpResponse::OkResponse(response)))
}

fn denied(status: i32, body: &str) -> CheckResponse {
    let response = DeniedHttpResponse {
        status: (status > 0).then_some(HttpStatus { code: status }),
        headers: vec![header("www-authenticate", "Basic")],
        body: body.to_owned(),
    };
    answer(7, Some(HttpResponse::DeniedResponse(response)))
}

/// Answers as it was told, and keeps what it was asked.
#[derive(Clone)]
struct Fake {
    answer: Result<CheckResponse, tonic::Status>,
    asked: Arc<Mutex<Vec<CheckRequest>>>,
}

#[tonic::async_trait]
impl Authorization for Fake {
    async fn check(
        &self,
        request: tonic::Request<CheckRequest>,
    ) -> Result<tonic::Response<CheckResponse>, tonic::Status> {
        self.asked.lock().unwrap().push(request.into_inner());
        self.answer.clone().map(tonic::Response::new)
    }
}

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn serve(fake: Fake) -> SocketAddr {
    let (listener, address) = listening().await;
    let server = Router::builder().add_service(AuthorizationServer::new(fake));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

fn authz(address: SocketAddr, settings: Settings) -> ExtAuthz {
    by(PATIENT, address, settings)
}

fn by(terms: Terms, address: SocketAddr, settings: Settings) -> ExtAuthz {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let server = client::Server::new(channel.connect_lazy());
    ExtAuthz::new(settings, terms, Arc::new(server))
}

/// Long enough that it never runs out where an answer comes.
const PATIENT: Terms = Terms {
    timeout: TIMEOUT_MAX,
    ..TERMS
};

async fn ask(authz: &ExtAuthz, question: &Question, so_far: &Passed) -> Said {
    match authz.ask(question.asked(), so_far) {
        Decision::Now(_) => panic!("nobody was asked"),
        Decision::Later(answer) => answer.await,
    }
}

fn question() -> Question {
    Question::of(method(0, "shop.v1.Orders", "Get"))
        .with("x-tenant", "blue")
        .with("x-tenant", "red")
        .with("cookie", "secret")
}

async fn said(answer: CheckResponse) -> Said {
    let fake = Fake {
        answer: Ok(answer),
        asked: Arc::default(),
    };
    let authz = authz(serve(fake).await, Settings::default());
    ask(&authz, &question(), &Passed::default()).await
}

#[tokio::test]
async fn the_server_sees_the_rpc_the_client_and_the_headers_that_it_may_see() {
    let fake = Fake {
        answer: Ok(answer(0, None)),
        asked: Arc::default(),
    };
    let asked = Arc::clone(&fake.asked);
    let settings = Settings {
        headers: Some(vec![HeaderName::from_static("x-tenant")]),
        context: [("zone".to_owned(), "a".to_owned())].into(),
    };
    let authz = authz(serve(fake).await, settings);
    let so_far = Passed {
        principal: Some(caller(json!({"sub": "ada"}))),
        ..Passed::default()
    };
    assert!(ask(&authz, &question(), &so_far).await.is_ok());
    let request = asked.lock().unwrap().pop().unwrap();
    let attributes = request.attributes.unwrap();
    let source = attributes.source.unwrap();
    assert_eq!(source.principal, "ada");
    let http = attributes.request.unwrap().http.unwrap();
    assert_eq!(
        (http.method.as_str(), http.path.as_str()),
        ("POST", "/shop.v1.Orders/Get")
    );
    assert_eq!(
        (http.host.as_str(), http.scheme.as_str()),
        ("api.example.com", "https")
    );
    let headers: Vec<_> = http
        .headers
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(headers, [("x-tenant", "blue,red")], "no cookie");
    let context = attributes.context_extensions;
    assert_eq!((&*context["zone"], &*context["protocol"]), ("a", "rest"));
    assert_eq!(context["principal.issuer"], "https://id.example");
}

#[tokio::test]
async fn a_call_that_may_be_made_gets_the_headers_that_the_server_names() {
    let mut append = header("x-more", "2");
    append.append = Some(true);
    let mut absent = header("x-absent", "3");
    absent.append_action = 1;
    let passed = said(ok(OkHttpResponse {
        headers: vec![header("x-user", "ada"), append, absent],
        headers_to_remove: vec!["X-Secret".to_owned()],
        response_headers_to_add: vec![header("x-seen", "yes")],
    }))
    .await
    .unwrap();
    let name = HeaderName::from_static;
    let value = http::HeaderValue::from_static;
    assert_eq!(
        passed.changes,
        [
            Change::Remove(name("x-secret")),
            Change::Set(name("x-user"), value("ada")),
            Change::Append(name("x-more"), value("2")),
            Change::Add(name("x-absent"), value("3")),
        ]
    );
    assert_eq!(passed.response_headers, [(name("x-seen"), value("yes"))]);
}

#[tokio::test]
async fn a_call_that_may_not_be_made_ends_with_what_the_server_says() {
    for (answer, code, message) in [
        (
            denied(401, " who are you? "),
            Code::Unauthenticated,
            "who are you?",
        ),
        (
            denied(403, ""),
            Code::PermissionDenied,
            "the call was denied",
        ),
        (denied(429, "slow"), Code::ResourceExhausted, "slow"),
        (denied(302, "go"), Code::PermissionDenied, "go"),
        (denied(200, "no"), Code::PermissionDenied, "no"),
        (denied(0, "no"), Code::PermissionDenied, "no"),
        (
            answer(16, None),
            Code::Unauthenticated,
            "the call was denied",
        ),
        (
            answer(99, None),
            Code::PermissionDenied,
            "the call was denied",
        ),
    ] {
        let refused = said(answer).await.unwrap_err();
        assert_eq!(
            (refused.status.code, &*refused.status.message),
            (code, message)
        );
        assert_eq!(refused.by, NAME);
    }
    let long = "é".repeat(MESSAGE);
    let refused = said(denied(403, &long)).await.unwrap_err();
    assert_eq!(refused.status.message.len(), answer::MESSAGE_BYTES_MAX);
    assert_eq!(refused.headers[0].0, "www-authenticate");
}

const MESSAGE: usize = 4096;

#[tokio::test]
async fn an_answer_that_cannot_be_counts_for_nothing_and_the_call_is_refused() {
    let with = |option: HeaderValueOption| {
        ok(OkHttpResponse {
            headers: vec![option],
            ..OkHttpResponse::default()
        })
    };
    let mut unknown = header("x-a", "b");
    unknown.append_action = 9;
    let remove = |name: &str| {
        ok(OkHttpResponse {
            headers_to_remove: vec![name.to_owned()],
            ..OkHttpResponse::default()
        })
    };
    for answer in [
        CheckResponse::default(),
        with(header(":path", "/admin")),
        with(header("host", "evil")),
        with(header("Content-Length", "0")),
        with(header("grpc-timeout", "1n")),
        with(header("x a", "b")),
        with(header("", "b")),
        with(header("x-a", "b\r\nx-admin: 1")),
        with(unknown),
        with(HeaderValueOption::default()),
        remove(":authority"),
        remove("te"),
        ok(OkHttpResponse {
            headers: vec![header("x-a", "b"); 65],
            ..OkHttpResponse::default()
        }),
        with(header("x-a", &"b".repeat(17 * 1024))),
        answer(
            0,
            Some(HttpResponse::DeniedResponse(DeniedHttpResponse::default())),
        ),
    ] {
        let refused = said(answer.clone())
            .await
            .expect_err(&format!("{answer:?}"));
        assert_eq!(refused.status.code, Code::PermissionDenied);
        assert_eq!(refused.rule.as_deref(), Some("garbage"), "{answer:?}");
    }
}

#[tokio::test]
async fn r27_a_server_that_is_gone_slow_or_mad_fails_closed_and_open_if_it_is_said() {
    // Gone: nobody listens there any more.
    let (listener, gone) = listening().await;
    drop(listener);
    // Slow: connections are taken, and nothing is ever said.
    let (slow_listener, slow) = listening().await;
    // Mad: something that is no HTTP/2.
    let (mad_listener, mad) = listening().await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = mad_listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await;
        }
    });
    // Broken: an error whose details are no base64, over which the client library panics.
    let (broken_listener, broken) = listening().await;
    tokio::spawn(async move {
        while let Ok((socket, _)) = broken_listener.accept().await {
            tokio::spawn(async move {
                let service = hyper::service::service_fn(|_| async {
                    Ok::<_, std::convert::Infallible>(
                        http::Response::builder()
                            .header("content-type", "application/grpc")
                            .header("grpc-status", "13")
                            .header("grpc-status-details-bin", "***")
                            .body(http_body_util::Empty::<bytes::Bytes>::new())
                            .unwrap(),
                    )
                });
                let socket = hyper_util::rt::TokioIo::new(socket);
                let executor = hyper_util::rt::TokioExecutor::new();
                let _ = hyper::server::conn::http2::Builder::new(executor)
                    .serve_connection(socket, service)
                    .await;
            });
        }
    });
    // Failing: it says so itself.
    let failing = serve(Fake {
        answer: Err(tonic::Status::internal("secret of the server")),
        asked: Arc::default(),
    })
    .await;

    for (address, words) in [
        (gone, &["failed"][..]),
        (slow, &["timeout"]),
        (mad, &["failed", "timeout"]),
        (broken, &["garbage"]),
        (failing, &["failed"]),
    ] {
        let timeout = if address == slow {
            Duration::from_millis(50)
        } else {
            TIMEOUT_MAX
        };
        let terms = Terms { timeout, ..TERMS };
        let closed = by(terms, address, Settings::default());
        let refused = ask(&closed, &question(), &Passed::default()).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.status.code, Code::PermissionDenied);
        let word = refused.rule.as_deref().unwrap();
        assert!(words.contains(&word), "{words:?} {word}");
        assert!(!refused.status.message.contains("secret"));

        let terms = Terms {
            on_failure: OnFailure::Open,
            ..terms
        };
        let open = by(terms, address, Settings::default());
        let passed = ask(&open, &question(), &Passed::default()).await.unwrap();
        assert_eq!(passed.fault.unwrap().0, NAME);
        assert!(passed.changes.is_empty());
    }
    drop(slow_listener);
}

/// Never answers.
struct Silent;

impl Check for Silent {
    fn check(&self, _: CheckRequest) -> BoxFuture<'static, Result<CheckResponse, Fault>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_timeout_or_the_call_has() {
    let authz = ExtAuthz::new(Settings::default(), TERMS, Arc::new(Silent));
    let question = question();
    for (left, expected) in [
        (None, 200),
        (Some(60_000), 200),
        (Some(50), 50),
        (Some(0), 0),
    ] {
        let started = tokio::time::Instant::now();
        let mut asked = question.asked();
        asked.left = left.map(Duration::from_millis);
        let Decision::Later(answer) = authz.ask(asked, &Passed::default()) else {
            panic!()
        };
        assert_eq!(
            answer.await.unwrap_err().status.code,
            Code::PermissionDenied
        );
        let waited = started.elapsed().as_millis();
        assert!((expected..=expected + 1).contains(&waited), "{waited}");
    }
}

/// Answers while it is well.
struct Moody(Arc<AtomicBool>);

impl Check for Moody {
    fn check(&self, _: CheckRequest) -> BoxFuture<'static, Result<CheckResponse, Fault>> {
        if self.0.load(Ordering::Relaxed) {
            Box::pin(std::future::ready(Ok(ok(OkHttpResponse::default()))))
        } else {
            Box::pin(std::future::pending())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_is_told_of_once_and_again_when_it_is_well() {
    let (heard, _guard) = Heard::begin();
    let is_well = Arc::<AtomicBool>::default();
    let moody = Arc::new(Moody(Arc::clone(&is_well)));
    let authz = ExtAuthz::new(Settings::default(), TERMS, moody);
    let question = question();
    let call = async |left: Option<Duration>| {
        let mut asked = question.asked();
        asked.left = left;
        match authz.ask(asked, &Passed::default()) {
            Decision::Now(_) => panic!("nobody was asked"),
            Decision::Later(answer) => answer.await.is_ok(),
        }
    };
    let slow = "a policy server does not answer as it should";
    assert!(!call(Some(Duration::from_millis(1))).await);
    assert!(heard.with(slow).is_empty(), "the call had no time");
    for _ in 0..3 {
        assert!(!call(None).await);
    }
    let told = heard.with(slow);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("found no answer within 200ms calls=1 fails=\"closed\""),
        "{told:?}"
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(!call(None).await);
    assert!(heard.with(slow)[1].contains("calls=3"));

    is_well.store(true, Ordering::Relaxed);
    let well = "a policy server answers every call again";
    assert!(call(None).await);
    assert!(heard.with(well).is_empty(), "one answer says little");
    tokio::time::advance(Duration::from_secs(10)).await;
    for _ in 0..2 {
        assert!(call(None).await);
    }
    assert_eq!(heard.with(well).len(), 1);
}

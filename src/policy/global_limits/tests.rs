//! Rate-limit servers on real sockets.

use std::sync::Mutex;

use http::HeaderName;
use prost_types::Duration as Reset;
use serde_json::json;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server as Router};

use super::*;
use crate::call::Code;
use crate::call::gate::{Change, Refused};
use crate::policy::fixtures::{Question, caller, method, selectors};
use crate::policy::pb::envoy::config::core::v3::HeaderValue;
use crate::policy::pb::envoy::service::ratelimit::v3::rate_limit_response::{
    DescriptorStatus, RateLimit,
};
use crate::policy::pb::envoy::service::ratelimit::v3::rate_limit_service_server::{
    RateLimitService, RateLimitServiceServer,
};
use crate::policy::server::TIMEOUT_MAX;

type Said = Result<Passed, Box<Refused>>;

#[derive(Clone, Default)]
struct Fake {
    answer: RateLimitResponse,
    asked: Arc<Mutex<Vec<RateLimitRequest>>>,
}

#[tonic::async_trait]
impl RateLimitService for Fake {
    async fn should_rate_limit(
        &self,
        request: tonic::Request<RateLimitRequest>,
    ) -> Result<tonic::Response<RateLimitResponse>, tonic::Status> {
        self.asked.lock().unwrap().push(request.into_inner());
        Ok(tonic::Response::new(self.answer.clone()))
    }
}

fn question() -> Question {
    Question::of(method(0, "shop.v1.Orders", "Get")).with("x-tenant", "blue")
}

fn generic(value: &str) -> Entry {
    Entry::Generic {
        key: "generic_key".to_owned(),
        value: value.to_owned(),
    }
}

fn every(entries: Vec<Entry>) -> Descriptor {
    Descriptor {
        methods: vec![],
        entries,
    }
}

async fn serve(fake: Fake) -> Arc<client::Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Router::builder().add_service(RateLimitServiceServer::new(fake));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    Arc::new(client::Server::new(channel.connect_lazy()))
}

fn settings(descriptors: Vec<Descriptor>) -> Settings {
    Settings {
        domain: "edge".to_owned(),
        descriptors,
    }
}

fn limits(descriptors: Vec<Descriptor>, server: Arc<dyn ShouldLimit>) -> GlobalLimits {
    let terms = Terms {
        timeout: TIMEOUT_MAX,
        ..TERMS
    };
    GlobalLimits::new(settings(descriptors), terms, server, [&*question().method])
}

async fn ask(limits: &GlobalLimits, question: &Question, so_far: &Passed) -> Said {
    match limits.ask(question.asked(), so_far) {
        Decision::Now(said) => said,
        Decision::Later(answer) => answer.await,
    }
}

async fn said(answer: RateLimitResponse) -> Said {
    let fake = Fake {
        answer,
        ..Fake::default()
    };
    let limits = limits(vec![every(vec![generic("all")])], serve(fake).await);
    ask(&limits, &question(), &Passed::default()).await
}

fn status(code: i32, calls: u32, unit: i32, remaining: u32, seconds: i64) -> DescriptorStatus {
    DescriptorStatus {
        code,
        current_limit: Some(RateLimit {
            requests_per_unit: calls,
            unit,
            name: format!("limit of {calls}"),
        }),
        limit_remaining: remaining,
        duration_until_reset: Some(Reset { seconds, nanos: 0 }),
    }
}

fn header_of<'r>(refused: &'r Refused, name: &str) -> &'r str {
    let found = refused.headers.iter().find(|(found, _)| found == name);
    found.map_or("", |(_, value)| value.to_str().unwrap())
}

#[tokio::test]
async fn a_call_counts_for_the_descriptors_that_it_has_all_of() {
    let header = |name: &'static str| Entry::Header {
        header: HeaderName::from_static(name),
        key: name.to_owned(),
    };
    let descriptors = vec![
        every(vec![generic("all"), Entry::Method, Entry::Service]),
        every(vec![Entry::RemoteAddress, header("x-tenant")]),
        every(vec![Entry::MaskedRemoteAddress]),
        every(vec![header("x-none"), generic("never")]),
        every(vec![Entry::Identity]),
        every(vec![Entry::ApiKey]),
        every(vec![]),
        Descriptor {
            methods: selectors(&["other.*"]),
            entries: vec![generic("never")],
        },
    ];
    let fake = Fake {
        answer: RateLimitResponse {
            overall_code: 1,
            ..RateLimitResponse::default()
        },
        ..Fake::default()
    };
    let asked = Arc::clone(&fake.asked);
    let limits = limits(descriptors, serve(fake).await);
    let question = question().from("2001:db8::1:2");
    let so_far = Passed {
        principal: Some(caller(json!({"sub": "ada"}))),
        ..Passed::default()
    };
    assert!(ask(&limits, &question, &so_far).await.is_ok());
    let request = asked.lock().unwrap().pop().unwrap();
    assert_eq!(request.domain, "edge");
    let texts: Vec<_> = request
        .descriptors
        .iter()
        .map(|one| {
            let entries = one.entries.iter();
            entries
                .map(|entry| format!("{}={}", entry.key, entry.value))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(
        texts,
        [
            "generic_key=all method=shop.v1.Orders/Get service=shop.v1.Orders",
            "remote_address=2001:db8::1:2 x-tenant=blue",
            "masked_remote_address=2001:db8::/64",
            "identity=https://id.example|ada",
        ]
    );
}

#[tokio::test]
async fn a_call_that_counts_for_nothing_is_not_asked_about() {
    struct Nobody;
    impl ShouldLimit for Nobody {
        fn should_limit(
            &self,
            _: RateLimitRequest,
        ) -> BoxFuture<'static, Result<RateLimitResponse, Fault>> {
            panic!("asked")
        }
    }
    let limits = limits(vec![every(vec![Entry::ApiKey])], Arc::new(Nobody));
    assert!(ask(&limits, &question(), &Passed::default()).await.is_ok());
}

#[tokio::test]
async fn a_call_too_many_is_told_of_the_limit_that_it_is_over() {
    let refused = said(RateLimitResponse {
        overall_code: 2,
        statuses: vec![
            status(1, 10, 1, 3, 1),
            status(2, 100, 2, 7, 30),
            status(2, 5, 1, 0, 1),
            DescriptorStatus::default(),
        ],
        response_headers_to_add: vec![HeaderValue {
            key: "x-plan".to_owned(),
            value: "free".to_owned(),
            raw_value: bytes::Bytes::new(),
        }],
        ..RateLimitResponse::default()
    })
    .await
    .unwrap_err();
    assert_eq!(refused.status.code, Code::ResourceExhausted);
    assert_eq!(refused.rule.as_deref(), Some("limit of 100"));
    for (name, value) in [
        ("retry-after", "30"),
        ("ratelimit-limit", "100, 100;w=60"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", "30"),
        ("x-plan", "free"),
    ] {
        assert_eq!(header_of(&refused, name), value, "{name}");
    }
    let bare = said(RateLimitResponse {
        overall_code: 2,
        ..RateLimitResponse::default()
    })
    .await
    .unwrap_err();
    assert_eq!(header_of(&bare, "retry-after"), "1");
    let weekly = said(RateLimitResponse {
        overall_code: 2,
        statuses: vec![status(2, 5, 7, 0, 60)],
        ..RateLimitResponse::default()
    })
    .await
    .unwrap_err();
    assert_eq!(header_of(&weekly, "ratelimit-limit"), "5, 5;w=604800");
    let wild = said(RateLimitResponse {
        overall_code: 2,
        statuses: vec![status(2, 1, 99, 0, -5)],
        ..RateLimitResponse::default()
    })
    .await
    .unwrap_err();
    assert_eq!(header_of(&wild, "ratelimit-limit"), "1");
    assert_eq!(header_of(&wild, "retry-after"), "1");
}

#[tokio::test]
async fn what_a_server_says_in_headers_and_in_statuses_is_told_once() {
    let header = |key: &str, value: &str| HeaderValue {
        key: key.to_owned(),
        value: value.to_owned(),
        raw_value: bytes::Bytes::new(),
    };
    let answer = |overall_code, statuses| RateLimitResponse {
        overall_code,
        statuses,
        response_headers_to_add: vec![
            header("RateLimit-Limit", "5"),
            header("RateLimit-Remaining", "0"),
            header("RateLimit-Reset", "9"),
            header("Retry-After", "9"),
        ],
        ..RateLimitResponse::default()
    };
    let names = |headers: &[(HeaderName, http::HeaderValue)]| {
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_string()).collect();
        names.sort();
        names.join(" ")
    };
    let all = "ratelimit-limit ratelimit-remaining ratelimit-reset retry-after";
    let over = said(answer(2, vec![status(2, 5, 1, 0, 1)])).await;
    let over = over.unwrap_err();
    assert_eq!(names(&over.headers), all);
    assert_eq!(header_of(&over, "ratelimit-limit"), "5, 5;w=1");
    let over = said(answer(2, vec![])).await.unwrap_err();
    assert_eq!(names(&over.headers), all);
    assert_eq!(header_of(&over, "ratelimit-limit"), "5");
    let passed = said(answer(1, vec![status(1, 5, 1, 2, 1)])).await.unwrap();
    assert_eq!(names(&passed.response_headers), "retry-after");
    let passed = said(answer(1, vec![])).await.unwrap();
    assert_eq!(names(&passed.response_headers), all);
}

#[tokio::test]
async fn a_call_that_passes_has_what_is_left_of_the_strictest_limit() {
    let passed = said(RateLimitResponse {
        overall_code: 1,
        statuses: vec![status(1, 10, 1, 3, 1), status(1, 100, 3, 2, 600)],
        request_headers_to_add: vec![HeaderValue {
            key: "x-counted".to_owned(),
            value: String::new(),
            raw_value: bytes::Bytes::from_static(b"yes"),
        }],
        ..RateLimitResponse::default()
    })
    .await
    .unwrap();
    let quota = passed.quota.unwrap();
    assert_eq!(
        (quota.remaining, quota.limit.to_str().unwrap()),
        (2, "100, 100;w=3600")
    );
    assert_eq!(quota.reset, Duration::from_secs(600));
    let (name, value) = (
        HeaderName::from_static("x-counted"),
        http::HeaderValue::from_static("yes"),
    );
    assert_eq!(passed.changes, [Change::Append(name, value)]);
}

#[tokio::test]
async fn r27_a_server_that_is_gone_or_mad_fails_open_and_closed_if_it_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gone: Arc<client::Server> = Arc::new(client::Server::new(
        Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            .connect_lazy(),
    ));
    let mad = serve(Fake::default()).await;
    for (server, word) in [(gone, "failed"), (mad, "garbage")] {
        let descriptors = || vec![every(vec![generic("all")])];
        let passed = ask(
            &limits(descriptors(), server.clone()),
            &question(),
            &Passed::default(),
        )
        .await;
        assert_eq!(passed.unwrap().fault, Some((NAME, word)));
        let mut closed = limits(descriptors(), server);
        closed.terms.on_failure = OnFailure::Closed(Code::Unavailable);
        let refused = ask(&closed, &question(), &Passed::default())
            .await
            .unwrap_err();
        assert_eq!(refused.status.code, Code::Unavailable);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_costs_a_call_20_milliseconds() {
    struct Silent;
    impl ShouldLimit for Silent {
        fn should_limit(
            &self,
            _: RateLimitRequest,
        ) -> BoxFuture<'static, Result<RateLimitResponse, Fault>> {
            Box::pin(std::future::pending())
        }
    }
    let settings = settings(vec![every(vec![generic("all")])]);
    let limits = GlobalLimits::new(settings, TERMS, Arc::new(Silent), [&*question().method]);
    let started = tokio::time::Instant::now();
    let passed = ask(&limits, &question(), &Passed::default()).await.unwrap();
    assert_eq!(passed.fault, Some((NAME, "timeout")));
    assert!(started.elapsed() <= Duration::from_millis(21));
}

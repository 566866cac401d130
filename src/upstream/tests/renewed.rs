//! Upstreams that are configured otherwise while they run.

use super::*;
use crate::upstream::config::{Connect, Limits};
use crate::upstream::retry::Throttling;

/// Answers each call at once.
async fn backend() -> Backend {
    Backend::http2(0, 10, |request, respond| async move {
        read(&mut request.into_body()).await.unwrap();
        ok(respond, b"fine");
    })
    .await
}

async fn succeeds(upstream: &Upstream) {
    let status = outcome(upstream, unary(b"hello")).await;
    assert!(status.is_ok(), "{status:?}");
}

#[tokio::test]
async fn connections_are_kept_whatever_else_changes() {
    let backend = backend().await;
    let first = backend.upstream();
    succeeds(&first).await;

    let same = first.rebuild([backend.config()], 1).unwrap();
    succeeds(&same).await;
    let mut other = backend.config();
    other.limits = Limits {
        requests: 1,
        pending: 1,
        ..Limits::default()
    };
    other.max_message = 3;
    other.outlier.interval = Duration::from_secs(77);
    other.authority = Some("books.example".parse().unwrap());
    let other = same.rebuild([other], 1).unwrap();
    let status = outcome(&other, unary(b"hello")).await;
    assert_eq!(status.code, Code::ResourceExhausted, "by the new bound");
    assert_eq!(backend.connections(), 1);
    assert_eq!(other.view()[0].endpoints[0].attempts, 3, "counted on");

    succeeds(&first).await;
    assert_eq!(backend.connections(), 1, "whoever has the old one goes on");
}

#[tokio::test]
async fn connections_that_are_to_be_made_otherwise_are_made_anew() {
    let backend = backend().await;
    let first = backend.upstream();
    succeeds(&first).await;
    let mut other = backend.config();
    other.connect = Connect {
        connections: 3,
        ..Connect::default()
    };
    let second = first.rebuild([other], 1).unwrap();
    succeeds(&second).await;
    assert_eq!(backend.connections(), 2);
}

#[tokio::test]
async fn an_endpoint_that_is_named_no_more_gets_no_more_calls() {
    let (here, there) = (backend().await, backend().await);
    let first = here.upstream();
    succeeds(&first).await;
    let second = first.rebuild([there.config()], 1).unwrap();
    succeeds(&second).await;
    assert_eq!((here.connections(), there.connections()), (1, 1));
    let names = second.view();
    let addresses: Vec<_> = names[0].endpoints.iter().map(|one| &*one.address).collect();
    assert_eq!(addresses, [format!("127.0.0.1:{}", there.port)]);

    let error = first.rebuild([here.config(), there.config()], 1);
    assert_eq!(
        error.unwrap_err(),
        BuildError::DuplicateName("backend".to_owned())
    );
}

#[tokio::test]
async fn what_runs_is_counted_on() {
    let backend = Backend::http2(0, 10, |_, respond| async move {
        let mut stream = begin(respond, &[b"first"]);
        reset(&mut stream).await;
    })
    .await;
    let first = backend.upstream();
    let reply = first.call(server_stream()).await.unwrap();
    let mut other = backend.config();
    other.max_message = 3;
    let second = first.rebuild([other], 1).unwrap();
    let calls = || second.view()[0].endpoints[0].calls;
    assert_eq!(calls(), 1);
    drop(reply);
    assert_eq!(calls(), 0);
}

#[tokio::test]
async fn tokens_that_are_spent_stay_spent() {
    let backend = Backend::http2(0, 10, |_, respond| async move {
        let mut head = head();
        head.headers_mut()
            .extend(trailers(&[("grpc-status", "14")]));
        let mut respond: h2::server::SendResponse<Bytes> = respond;
        respond.send_response(head, true).unwrap();
    })
    .await;
    let first = backend.upstream();
    let mut call = unary(b"x");
    Arc::get_mut(&mut call.method).unwrap().idempotency = Idempotency::Idempotent;
    let status = outcome(&first, call).await;
    assert_eq!(status.code, Code::Unavailable);
    let tokens = |upstream: &Upstream| upstream.view()[0].retries.tokens;
    let left = tokens(&first);
    let mut other = backend.config();
    other.max_message = 3;
    let second = first.rebuild([other.clone()], 1).unwrap();
    assert_eq!(tokens(&second).to_bits(), left.to_bits());
    assert!(left < tokens(&backend.upstream()), "{left}");
    other.retries.throttling = Throttling::new(20.0, 1.0).unwrap();
    let third = second.rebuild([other], 1).unwrap();
    assert!(tokens(&third) > 19.0, "other bounds begin full");
}

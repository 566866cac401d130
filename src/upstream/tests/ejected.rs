//! Endpoints that are left out, rightly or not, and what a call does when nobody else is there.

use super::*;
use crate::observe::upstreams::State;
use crate::upstream::config::{Discovery, Listed};

/// An upstream of these ports, which are called in turn.
fn upstream_of(ports: &[u16]) -> Upstream {
    let listed = ports.iter().map(|port| Listed {
        address: format!("127.0.0.1:{port}").parse().unwrap(),
        weight: 1,
    });
    let mut config = Config::found_by("backend", Discovery::Static(listed.collect()));
    config.balance.policy = balance::Policy::RoundRobin;
    Upstream::build([config], 1).unwrap()
}

/// A port where nobody listens, for as long as the test takes no other.
async fn closed() -> u16 {
    let backend = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let port = backend.port;
    backend.stop().await;
    port
}

/// A backend that never answers.
async fn hung() -> Backend {
    Backend::http2(0, 100, |_, respond| async move {
        let _respond = respond;
        std::future::pending().await
    })
    .await
}

fn states(upstream: &Upstream) -> Vec<State> {
    let endpoints = &upstream.view()[0].endpoints;
    endpoints.iter().map(|endpoint| endpoint.state).collect()
}

/// So many unary calls at once; each is given up after `patience`, and ends by itself at `deadline`.
async fn calls(upstream: &Upstream, count: usize, deadline: Deadline, patience: Duration) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..count {
        let upstream = upstream.clone();
        calls.spawn(async move {
            let call = Call {
                deadline,
                ..unary(b"x")
            };
            let _ = tokio::time::timeout(patience, outcome(&upstream, call)).await;
        });
    }
    calls.join_all().await;
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_connected_to_is_not_ejected_for_that() {
    let upstream = upstream_of(&[closed().await, closed().await]);
    for _ in 0..20 {
        let status = outcome(&upstream, unary(b"x")).await;
        assert_eq!(status.code, Code::Unavailable);
    }
    assert_eq!(states(&upstream), [State::Healthy, State::Healthy]);
}

#[tokio::test]
async fn a_call_goes_to_an_ejected_endpoint_rather_than_to_none() {
    let is_ill = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let ill = Arc::clone(&is_ill);
    let first = Backend::http2(0, 10, move |_, respond| {
        let is_ill = ill.load(Ordering::SeqCst);
        async move {
            if is_ill {
                let status = trailers(&[("grpc-status", "13")]);
                begin(respond, &[]).send_trailers(status).unwrap();
            } else {
                ok(respond, b"");
            }
        }
    })
    .await;
    let second = Backend::http2(0, 10, |_, respond| async move { ok(respond, b"") }).await;
    let upstream = upstream_of(&[first.port, second.port]);
    while states(&upstream)[0] != State::Ejected {
        let _ = outcome(&upstream, unary(b"x")).await;
    }
    is_ill.store(false, Ordering::SeqCst);
    second.stop().await;
    // The one that is met by the loss may fail by it.
    let _ = outcome(&upstream, unary(b"x")).await;
    for _ in 0..20 {
        let status = outcome(&upstream, unary(b"x")).await;
        assert!(status.is_ok(), "{status}");
    }
    assert_eq!(states(&upstream), [State::Ejected, State::Healthy]);
}

#[tokio::test]
async fn deadlines_that_are_short_eject_nobody() {
    let hung = hung().await;
    let upstream = upstream_of(&[hung.port]);
    for _ in 0..4 {
        let deadline = Deadline::after(Duration::from_millis(20));
        calls(&upstream, 10, deadline, Duration::MAX).await;
    }
    assert_eq!(states(&upstream), [State::Healthy]);
}

#[tokio::test]
async fn deadlines_that_end_a_stream_eject_nobody() {
    let backend = Backend::http2(0, 100, |_, respond| async move {
        let mut stream = begin(respond, &[b"first"]);
        reset(&mut stream).await;
    })
    .await;
    let upstream = upstream_of(&[backend.port]);
    let mut streams = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let upstream = upstream.clone();
        streams.spawn(async move {
            let call = Call {
                deadline: Deadline::after(Duration::from_millis(1_200)),
                ..server_stream()
            };
            outcome(&upstream, call).await
        });
    }
    for status in streams.join_all().await {
        assert_eq!(status.code, Code::DeadlineExceeded);
    }
    assert_eq!(states(&upstream), [State::Healthy]);
}

#[tokio::test]
async fn an_endpoint_that_answers_nobody_is_slow_and_ejected_whoever_gives_up_first() {
    let second = Duration::from_millis(1_050);
    for (deadline, patience) in [(second, Duration::MAX), (second * 60, second)] {
        let hung = hung().await;
        let upstream = upstream_of(&[hung.port]);
        calls(&upstream, 6, Deadline::after(deadline), patience).await;
        assert_eq!(states(&upstream), [State::Ejected]);
        let latency = upstream.view()[0].endpoints[0].latency_ms;
        assert!(latency > 4_000.0, "{latency}");
    }
}

#[tokio::test]
async fn an_endpoint_whose_calls_are_given_up_counts_as_slow_as_they_waited() {
    let hung = hung().await;
    let upstream = upstream_of(&[hung.port]);
    let patience = Duration::from_millis(1_050);
    calls(&upstream, 1, Deadline::Never, patience).await;
    assert_eq!(states(&upstream), [State::Healthy]);
    let latency = upstream.view()[0].endpoints[0].latency_ms;
    assert!(latency > 1_000.0, "{latency}");
}

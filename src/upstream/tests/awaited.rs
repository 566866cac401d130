//! Calls that wait for an endpoint (gRPC's "wait for ready"), to their deadline and within the bound.

use tokio::time::Instant;

use super::*;
use crate::upstream::config::{Discovery, Limits};
use crate::upstream::plan::{Choice, Readiness, Rule};
use crate::upstream::retry::{CodeSet, Hedging, MaxAttempts};

/// A port where nobody listens.
async fn free_port() -> u16 {
    let backend = well(0).await;
    let port = backend.port;
    backend.stop().await;
    port
}

async fn well(port: u16) -> Backend {
    Backend::http2(port, 100, |_, respond| async move { ok(respond, b"") }).await
}

fn awaiting() -> Rule {
    Rule {
        readiness: Readiness::Awaited,
        ..Rule::of("*".parse().unwrap())
    }
}

fn config(port: u16, rules: Vec<Rule>) -> Config {
    let url = format!("127.0.0.1:{port}").parse().unwrap();
    let mut config = Config::new("backend", url);
    config.retries.rules = rules;
    config
}

fn lasting(seconds: u64) -> Call {
    Call {
        deadline: Deadline::after(Duration::from_secs(seconds)),
        ..unary(b"x")
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_ends_with_its_deadline_and_others_at_once() {
    let port = free_port().await;
    for (rules, code, seconds) in [
        (vec![], Code::Unavailable, 0),
        (vec![awaiting()], Code::DeadlineExceeded, 20),
    ] {
        let upstream = Upstream::build([config(port, rules)], 1).unwrap();
        let begun = Instant::now();
        let status = outcome(&upstream, lasting(20)).await;
        assert_eq!(status.code, code);
        assert_eq!(begun.elapsed().as_secs(), seconds, "{code}");
        assert_eq!(upstream.view()[0].pending.now, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_answered_as_soon_as_somebody_listens() {
    let hedged = Rule {
        choice: Some(Choice::Hedge(Hedging {
            max_attempts: MaxAttempts::MIN,
            delay: Duration::from_secs(3600),
            non_fatal: CodeSet::of(&[Code::Unavailable]),
        })),
        ..awaiting()
    };
    for rule in [awaiting(), hedged] {
        let port = free_port().await;
        let upstream = Upstream::build([config(port, vec![rule])], 1).unwrap();
        let called = upstream.clone();
        let mut call = lasting(600);
        let method = Arc::get_mut(&mut call.method).unwrap();
        method.idempotency = Idempotency::Idempotent;
        let waiting = tokio::spawn(async move { outcome(&called, call).await });
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(upstream.view()[0].pending.now, 1);
        let _backend = well(port).await;
        let status = waiting.await.unwrap();
        assert!(status.is_ok(), "{status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_wait_than_may() {
    let port = free_port().await;
    let mut config = config(port, vec![awaiting()]);
    config.limits = Limits {
        requests: 100,
        pending: 2,
        ..Limits::default()
    };
    let upstream = Upstream::build([config], 1).unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let upstream = upstream.clone();
        calls.spawn(async move { outcome(&upstream, lasting(300)).await });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    let refused = outcome(&upstream, lasting(300)).await;
    assert_eq!(refused.code, Code::Unavailable);
    assert!(!refused.details.is_empty(), "it says when to come again");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    calls.shutdown().await;
    assert_eq!(upstream.view()[0].pending.now, 0, "who left does not wait");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_list_with_an_endpoint_in_it() {
    let backend = well(0).await;
    let list = std::env::temp_dir().join(format!("transom-awaited-{}", std::process::id()));
    std::fs::write(&list, "[]").unwrap();
    let mut config = Config::found_by("backend", Discovery::File(list.clone()));
    config.retries.rules = vec![awaiting()];
    let upstream = Upstream::build([config], 1).unwrap();
    let called = upstream.clone();
    let waiting = tokio::spawn(async move { outcome(&called, lasting(600)).await });
    tokio::time::sleep(Duration::from_secs(10)).await;
    std::fs::write(
        &list,
        format!("[{{\"address\": \"127.0.0.1:{}\"}}]", backend.port),
    )
    .unwrap();
    assert!(waiting.await.unwrap().is_ok());
    std::fs::remove_file(list).unwrap();
}

//! Calls over several endpoints: all of them get some, and those that are dead, slow or ill get few.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{among, among_ports};
use crate::support::calls::{Ask, Native};
use crate::support::scripted::{Script, Scripted};

async fn three() -> [Scripted; 3] {
    [
        Scripted::start(|_| Script::ok(b"")).await,
        Scripted::start(|_| Script::ok(b"")).await,
        Scripted::start(|_| Script::ok(b"")).await,
    ]
}

fn shares(backends: &[Scripted]) -> Vec<usize> {
    let calls = |backend: &Scripted| backend.record().calls.len();
    backends.iter().map(calls).collect()
}

#[tokio::test]
async fn one_of_three_that_never_listened_costs_no_call() {
    const CALLS: usize = 3000;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let [one, two, _] = three().await;
    for policy in ["peak_ewma", "round_robin", "weighted", "pick_first"] {
        let keys = format!("    balance: {{ policy: {policy} }}");
        let gateway = among_ports(&[port, one.port(), two.port()], &keys).await;
        let client = Native::connect(gateway.address()).await;
        for number in 0..CALLS / 4 {
            // Nothing says that the call may be repeated.
            let outcome = client.call(&Ask::echo("a")).await;
            assert!(outcome.is_ok(), "{policy} {number}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_backend_that_dies_under_calls_that_may_be_repeated_costs_none() {
    const LANES: usize = 8;
    const CALLS: usize = 300;
    let [one, mut two, three] = three().await;
    let gateway = among(&[&one, &two, &three], "").await;
    let client = Native::connect(gateway.address()).await;
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let client = client.clone();
        lanes.spawn(async move {
            for number in 0..CALLS {
                let outcome = client.call(&Ask::get(7)).await;
                assert!(outcome.is_ok(), "{lane} {number}: {outcome:?}");
            }
        });
    }
    two.until(|record| record.calls.len() > 100).await;
    two.stop().await;
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
}

#[tokio::test]
async fn round_robin_is_even_and_weights_count() {
    let backends = three().await;
    let [one, two, three] = &backends;
    let gateway = among(&[one, two, three], "    balance: { policy: round_robin }").await;
    let client = Native::connect(gateway.address()).await;
    for _ in 0..300 {
        assert!(client.call(&Ask::echo("a")).await.is_ok());
    }
    assert_eq!(shares(&backends), [100, 100, 100]);
    backends.iter().for_each(Scripted::forget);
    let weighted = format!(
        "      - {{ address: '127.0.0.1:{}', weight: 8 }}\n    balance: {{ policy: weighted }}",
        three.port()
    );
    let gateway = among(&[one, two], &weighted).await;
    let client = Native::connect(gateway.address()).await;
    for _ in 0..300 {
        assert!(client.call(&Ask::echo("a")).await.is_ok());
    }
    assert_eq!(shares(&backends), [30, 30, 240]);
}

#[tokio::test]
async fn a_header_keeps_calls_at_one_endpoint_and_pick_first_all_of_them() {
    let backends = three().await;
    let [one, two, three] = &backends;
    let keys = "    balance: { policy: ring_hash, header: x-user }";
    let gateway = among(&[one, two, three], keys).await;
    let client = Native::connect(gateway.address()).await;
    for user in ["ann", "bob", "cyd", "dan"] {
        backends.iter().for_each(Scripted::forget);
        for _ in 0..20 {
            let ask = Ask::echo("a").with("x-user", user);
            assert!(client.call(&ask).await.is_ok());
        }
        let mut found = shares(&backends);
        found.sort_unstable();
        assert_eq!(found, [0, 0, 20], "{user}");
    }
    backends.iter().for_each(Scripted::forget);
    let gateway = among(&[one, two, three], "    balance: { policy: pick_first }").await;
    let client = Native::connect(gateway.address()).await;
    for _ in 0..50 {
        assert!(client.call(&Ask::echo("a")).await.is_ok());
    }
    let mut found = shares(&backends);
    found.sort_unstable();
    assert_eq!(found, [0, 0, 50]);
}

#[tokio::test]
async fn a_slow_endpoint_gets_few_calls() {
    const LANES: usize = 4;
    const CALLS: usize = 150;
    let quick = || {
        Script::new()
            .read()
            .wait(Duration::from_millis(2))
            .message(b"")
            .end_ok()
    };
    let slow = || {
        Script::new()
            .read()
            .wait(Duration::from_millis(200))
            .message(b"")
            .end_ok()
    };
    let backends = [
        Scripted::start(move |_| quick()).await,
        Scripted::start(move |_| slow()).await,
        Scripted::start(move |_| quick()).await,
    ];
    let [one, two, three] = &backends;
    let gateway = among(&[one, two, three], "").await;
    let client = Native::connect(gateway.address()).await;
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let client = client.clone();
        lanes.spawn(async move {
            for _ in 0..CALLS {
                assert!(client.call(&Ask::echo("a")).await.is_ok());
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
    let found = shares(&backends);
    let slow = two.record().calls.len();
    assert!(slow * 10 < LANES * CALLS, "{found:?}");
}

#[tokio::test]
async fn an_endpoint_that_fails_fast_attracts_nothing_and_is_left_out() {
    const CALLS: usize = 1000;
    let well = || {
        Script::new()
            .read()
            .wait(Duration::from_millis(1))
            .message(b"")
            .end_ok()
    };
    let ill = Scripted::start(|_| Script::fail(14, "no")).await;
    let others = [
        Scripted::start(move |_| well()).await,
        Scripted::start(move |_| well()).await,
        Scripted::start(move |_| well()).await,
        Scripted::start(move |_| well()).await,
    ];
    let [b, c, d, e] = &others;
    // Round robin does not look at latency: outlier detection alone keeps calls away.
    for policy in ["peak_ewma", "round_robin"] {
        ill.forget();
        let keys = format!("    balance: {{ policy: {policy} }}");
        let gateway = among(&[&ill, b, c, d, e], &keys).await;
        let client = Native::connect(gateway.address()).await;
        let mut failed = 0;
        for _ in 0..CALLS {
            failed += usize::from(!client.call(&Ask::echo("a")).await.is_ok());
        }
        let seen = ill.record().calls.len();
        assert_eq!(failed, seen, "{policy}: a failure that was seen is told");
        assert!(seen * 50 <= CALLS, "{policy}: {seen} of {CALLS}");
    }
}

#[tokio::test]
async fn what_a_backend_says_of_its_clients_is_no_reason_to_leave_it_out() {
    let ill = Scripted::start(|_| Script::fail(5, "there is no such thing")).await;
    let well = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = among(&[&ill, &well], "    balance: { policy: round_robin }").await;
    let client = Native::connect(gateway.address()).await;
    for _ in 0..100 {
        let outcome = client.call(&Ask::echo("a")).await;
        assert!(matches!(outcome.code, Some(0 | 5)), "{outcome:?}");
    }
    assert_eq!(ill.record().calls.len(), 50);
}

//! Calls that a backend has not seen are made again without anybody noticing; calls that it may have
//! seen are not.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use h2::Reason;

use crate::support::before;
use crate::support::calls::{Ask, Dialect, Native, call};
use crate::support::scripted::{Break, Record, Script, Scripted, Seen};

/// How often each call arrived, and how often it was read: by the number that the client gave it.
fn by_call(record: &Record) -> HashMap<String, (usize, usize)> {
    let mut calls: HashMap<_, (usize, usize)> = HashMap::new();
    for call in &record.calls {
        let (arrived, read) = calls
            .entry(call.seen.text("x-call").to_owned())
            .or_default();
        *arrived += 1;
        *read += usize::from(call.whole);
    }
    calls
}

/// The first try of each call gets one script, the others another.
fn first_and_then(first: Script, then: Script) -> impl Fn(&Seen) -> Script + Send + Sync + 'static {
    let known = Mutex::new(HashSet::new());
    move |seen| {
        let new = known.lock().unwrap().insert(seen.text("x-call").to_owned());
        if new { first.clone() } else { then.clone() }
    }
}

#[tokio::test]
async fn a_refused_call_is_made_once_more_and_nobody_notices() {
    const CALLS: usize = 100;
    let answer = first_and_then(Script::refuse(), Script::ok(b""));
    let backend = Scripted::start(answer).await;
    let gateway = before(&backend.url(), "").await;
    let client = Native::connect(gateway.address()).await;
    for number in 0..CALLS {
        let ask = Ask::echo("a").with("x-call", number.to_string());
        let outcome = client.call(&ask).await;
        assert!(outcome.is_ok(), "{number}: {outcome:?}");
    }
    let calls = by_call(&backend.record());
    assert_eq!(calls.len(), CALLS);
    assert!(calls.values().all(|seen| *seen == (2, 1)), "{calls:?}");
    assert_eq!(backend.record().connections.len(), 1);
}

#[tokio::test]
async fn a_refused_call_is_made_once_more_in_every_dialect() {
    let answer = first_and_then(Script::refuse(), Script::ok(b"\x08\x07"));
    let backend = Scripted::start(answer).await;
    let gateway = before(&backend.url(), "").await;
    for dialect in Dialect::ALL {
        for ask in [Ask::get(7), Ask::echo("a")] {
            backend.forget();
            let number = format!("{dialect:?} {}", ask.rpc);
            let outcome = call(gateway.address(), dialect, &ask.with("x-call", &number)).await;
            assert!(outcome.is_ok(), "{number}: {outcome:?}");
            assert_eq!(by_call(&backend.record())[&number], (2, 1));
        }
    }
}

#[tokio::test]
async fn calls_above_a_goaway_go_to_another_connection_and_nobody_notices() {
    const CALLS: usize = 200;
    const AT_ONCE: usize = 20;
    /// Calls that a connection takes before it leaves.
    const TAKEN: u32 = 30;
    let backend = Scripted::start(|seen| {
        if seen.stream < 2 * TAKEN {
            Script::ok(b"")
        } else {
            Script::new().go_away_unseen()
        }
    })
    .await;
    let gateway = before(&backend.url(), "").await;
    let client = Native::connect(gateway.address()).await;
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..AT_ONCE {
        let client = client.clone();
        lanes.spawn(async move {
            for number in (lane..CALLS).step_by(AT_ONCE) {
                let ask = Ask::echo("a").with("x-call", number.to_string());
                let outcome = client.call(&ask).await;
                assert!(outcome.is_ok(), "{number}: {outcome:?}");
            }
        });
    }
    while let Some(done) = lanes.join_next().await {
        done.unwrap();
    }
    let calls = by_call(&backend.record());
    assert_eq!(calls.len(), CALLS);
    assert!(calls.values().all(|(_, read)| *read == 1), "{calls:?}");
    assert!(backend.record().connections.len() > 1);
}

#[tokio::test]
async fn a_call_that_was_read_is_never_made_again() {
    let tries: usize = match std::env::var_os("RUN_SLOW_TESTS") {
        Some(_) => 10_000,
        None => 500,
    };
    let ways = [
        (Script::new().read().reset(Reason::INTERNAL_ERROR), 13),
        (Script::new().read().reset(Reason::CANCEL), 1),
        (Script::new().read().reset(Reason::NO_ERROR), 13),
        (Script::new().read().reset(Reason::ENHANCE_YOUR_CALM), 8),
        (Script::fail(14, "busy"), 14),
        (Script::new().read().cut(Break::Fin), 14),
        (Script::new().read().cut(Break::Rst), 14),
        (Script::new().read().too_many_pings(), 14),
    ];
    let scripts: Vec<_> = ways.iter().map(|(script, _)| script.clone()).collect();
    let backend = Scripted::start(move |seen| {
        let number: usize = seen.text("x-call").parse().unwrap();
        scripts[number % scripts.len()].clone()
    })
    .await;
    let gateway = before(&backend.url(), "").await;
    let client = Native::connect(gateway.address()).await;
    for number in 0..tries {
        let ask = Ask::echo("a").with("x-call", number.to_string());
        let outcome = client.call(&ask).await;
        let (_, code) = &ways[number % ways.len()];
        assert_eq!(outcome.code, Some(*code), "{number}: {outcome:?}");
    }
    let calls = by_call(&backend.record());
    assert_eq!(calls.len(), tries);
    assert!(calls.values().all(|seen| *seen == (1, 1)), "{calls:?}");
}

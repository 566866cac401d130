//! Clients that leave, and how their backend learns of it.

use std::time::Duration;

use h2::Reason;
use tokio::time::Instant;

use super::middle::{Stage, middle, under_way};
use crate::support::before;
use crate::support::calls::conversation::{Conversation, Leave, Way};
use crate::support::scripted::Scripted;
use transom::gateway::Gateway;

/// How soon a backend is told that a client has left, mostly.
const SOON: Duration = Duration::from_millis(100);

/// Of a thousand clients that leave, those of whom the backend may be told later.
const LATE_MAX: usize = 1;

/// Leaves a call in its middle. How long it took until the backend was told, or what it saw instead.
async fn left(
    gateway: &Gateway,
    backend: &Scripted,
    way: Way,
    stage: Stage,
    how: Leave,
) -> Result<Duration, String> {
    backend.forget();
    let call = Conversation::begin(gateway.address(), way, &[]).await;
    let mut call = under_way(call, backend, way, stage).await;
    let begin = Instant::now();
    call.leave(how).await;
    let told = backend.happens(|record| !record.resets.is_empty()).await;
    let what = format!("{way} {stage:?}, {how:?}");
    if !told {
        return Err(format!("{what}: nothing"));
    }
    let record = backend.record();
    match record.reset_of(&record.calls[0].seen) {
        Some(reset) if reset.reason == Reason::CANCEL => Ok(reset.at - begin),
        _ => Err(format!("{what}: {:?}", record.resets)),
    }
}

#[tokio::test]
async fn the_backends_stream_is_cancelled_when_a_client_leaves_whatever_it_speaks() {
    let mut wrong = Vec::new();
    for stage in Stage::ALL {
        let backend = Scripted::start(move |seen| middle(&seen.path, stage)).await;
        let gateway = before(&backend.url(), "").await;
        for way in Way::all() {
            for how in way.leaves() {
                wrong.extend(left(&gateway, &backend, way, stage, *how).await.err());
            }
        }
        assert_eq!(backend.record().connections.len(), 1, "nothing else ends");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// How soon is a matter of the machine too, so it is looked at only with `RUN_SLOW_TESTS`.
#[tokio::test]
async fn of_a_thousand_clients_that_leave_the_backend_is_told_of_nearly_all_at_once() {
    const TRIES: usize = 1000;
    if std::env::var_os("RUN_SLOW_TESTS").is_none() {
        return;
    }
    let backend = Scripted::start(|seen| middle(&seen.path, Stage::Answered)).await;
    let gateway = before(&backend.url(), "").await;
    let mut all_late = Vec::new();
    for way in Way::all() {
        for how in way.leaves() {
            let mut took = Vec::with_capacity(TRIES);
            for _ in 0..TRIES {
                let told = left(&gateway, &backend, way, Stage::Answered, *how).await;
                took.push(told.unwrap_or_else(|wrong| panic!("{wrong}")));
            }
            took.sort_unstable();
            let at = |per_mille: usize| took[(per_mille * TRIES / 1000).min(TRIES - 1)];
            let figures = format!(
                "{way}, {how:?}: half of {TRIES} in {:?}, 99 % in {:?}, 99.9 % in {:?}, all in {:?}",
                at(500),
                at(990),
                at(999),
                at(1000)
            );
            println!("{figures}");
            let late = took.iter().filter(|took| **took > SOON).count();
            if late > LATE_MAX {
                all_late.push(format!("{late} late: {figures}"));
            }
        }
    }
    assert!(all_late.is_empty(), "\n{}", all_late.join("\n"));
}

//! More calls than a backend takes: they queue within bounds, spread over connections, and what is over a
//! bound is refused at once.

use std::time::Duration;

use tokio::task::JoinSet;

use super::among;
use crate::support::calls::{Ask, Dialect, Native, call};
use crate::support::scripted::{Gate, Script, Scripted, Settings};

#[tokio::test]
async fn few_streams_a_connection_make_more_connections_and_no_call_fails() {
    const CALLS: usize = 500;
    for streams in [1, 10, 100] {
        let settings = Settings {
            streams: Some(streams),
            ..Settings::default()
        };
        let script = || {
            Script::new()
                .read()
                .wait(Duration::from_millis(2))
                .message(b"")
                .end_ok()
        };
        let backend = Scripted::with(settings, move |_| script()).await;
        let gateway = among(&[&backend], "").await;
        let mut calls = JoinSet::new();
        for connection in 0..5 {
            let client = Native::connect(gateway.address()).await;
            for number in 0..CALLS / 5 {
                let client = client.clone();
                calls
                    .spawn(async move { (connection, number, client.call(&Ask::echo("a")).await) });
            }
        }
        while let Some(done) = calls.join_next().await {
            let (connection, number, outcome) = done.unwrap();
            assert!(
                outcome.is_ok(),
                "{streams}: {connection} {number}: {outcome:?}"
            );
        }
        let record = backend.record();
        assert!(
            record.connections.len() <= 10,
            "{}",
            record.connections.len()
        );
        assert_eq!(record.calls.len(), CALLS, "nothing was refused");
    }
}

#[tokio::test]
async fn a_call_over_the_bound_is_refused_at_once_and_told_to_come_again() {
    let gate = Gate::new();
    let held = gate.clone();
    let backend =
        Scripted::start(move |_| Script::new().read().until(&held).message(b"").end_ok()).await;
    let gateway = among(&[&backend], "    limits: { requests: 2 }").await;
    let client = Native::connect(gateway.address()).await;
    let mut running = JoinSet::new();
    for _ in 0..2 {
        let client = client.clone();
        running.spawn(async move { client.call(&Ask::echo("a")).await });
    }
    backend.until(|record| record.calls.len() == 2).await;
    for dialect in Dialect::ALL {
        let refused = call(gateway.address(), dialect, &Ask::get(1)).await;
        assert_eq!(refused.code, Some(14), "{dialect:?}: {refused:?}");
        assert_eq!(refused.details, ["google.rpc.RetryInfo"], "{dialect:?}");
    }
    gate.open();
    while let Some(done) = running.join_next().await {
        assert!(done.unwrap().is_ok());
    }
    assert!(client.call(&Ask::echo("a")).await.is_ok());
    assert_eq!(
        backend.record().calls.len(),
        3,
        "what was refused never left"
    );
}

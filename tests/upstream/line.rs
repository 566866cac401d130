//! What lies between the gateway and its backend.

use std::net::SocketAddr;

use crate::support::before;
use crate::support::calls::{Ask, Dialect, call};
use crate::support::chaos::{Chaos, Mode};
use crate::support::scripted::{Break, Pace, Script, Scripted};

#[tokio::test]
async fn a_line_that_gives_a_few_bytes_at_a_time_changes_no_answer() {
    let backend = Scripted::start(|seen| match seen.path.ends_with("/Stream") {
        true => Script::new().read().stream(20, 100, Pace::Full).end_ok(),
        false => Script::ok(b"\x08\x07"),
    })
    .await;
    let behind = SocketAddr::from(([127, 0, 0, 1], backend.port()));
    let chaos = Chaos::before(behind).await;
    let gateway = before(&chaos.url(), "").await;
    for dialect in Dialect::ALL {
        for ask in [Ask::get(7), Ask::echo("a"), Ask::stream()] {
            let mut answers = Vec::new();
            for mode in [Mode::Pass, Mode::Slice(1), Mode::Slice(7), Mode::Slice(100)] {
                chaos.set(mode).await;
                let outcome = call(gateway.address(), dialect, &ask).await;
                assert!(outcome.is_ok(), "{dialect:?} {mode:?}: {outcome:?}");
                answers.push(outcome.replies);
            }
            assert!(
                answers.iter().all(|answer| *answer == answers[0]),
                "{dialect:?}"
            );
        }
    }
    assert_eq!(chaos.passed().connections, 1);
}

#[tokio::test]
async fn a_line_that_broke_is_replaced_for_the_next_call() {
    let backend = Scripted::start(|_| Script::ok(b"\x08\x07")).await;
    let behind = SocketAddr::from(([127, 0, 0, 1], backend.port()));
    let chaos = Chaos::before(behind).await;
    let gateway = before(&chaos.url(), "").await;
    for (number, how) in [Break::Fin, Break::Rst]
        .into_iter()
        .cycle()
        .take(10)
        .enumerate()
    {
        let outcome = call(gateway.address(), Dialect::Rest, &Ask::get(7)).await;
        assert!(outcome.is_ok(), "{number}: {outcome:?}");
        chaos.sever(how);
        backend.until(|record| record.open() == 0).await;
    }
}

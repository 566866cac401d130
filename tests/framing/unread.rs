//! Row 33: what nobody reads, in as many frames as there are bytes.

use super::http2::{DATA, END_HEADERS, End, HEADERS, Wire, fields, frame};
use crate::support::before;
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Script, Scripted};

const COLLECT: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/demo.echo.v1.EchoService/Collect"),
    (":authority", "a"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
];

#[tokio::test]
async fn row_33_bytes_that_nobody_reads_end_their_own_connection_and_no_upstreams() {
    let backend = Scripted::start(|seen| {
        if seen.path.ends_with("/Collect") {
            Script::new() // reads nothing
        } else {
            Script::ok(b"")
        }
    })
    .await;
    let gateway = before(&backend.url(), "").await;
    let get = Ask::get(7);
    assert!(call(gateway.address(), Dialect::Rest, &get).await.is_ok());

    let mut wire = Wire::open_with(gateway.address(), &[]).await;
    wire.send(&frame(HEADERS, END_HEADERS, 1, &fields(COLLECT)))
        .await;
    // Every five of them are a message, and an empty one; more than fits into the windows of both sides.
    let bytes = frame(DATA, 0, 1, &[0]).repeat(1_000);
    for _ in 0..300 {
        if !wire.send(&bytes).await {
            break;
        }
    }
    let end = wire.end_of(1).await;
    assert!(!matches!(end, End::Answer(_)), "{end:?}");
    for dialect in Dialect::ALL {
        let outcome = call(gateway.address(), dialect, &get).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
    }
    let record = backend.record();
    assert!(record.connections[0].open && record.connections[0].goaways.is_empty());
    assert!(record.calls.iter().all(|one| one.seen.connection == 0));
}

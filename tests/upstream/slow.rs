//! Clients that read nothing, and their neighbours on the same connection to the backend.

use crate::support::before;
use crate::support::calls::{Ask, Native, Open, number_of};
use crate::support::scripted::{Pace, Script, Scripted};
use std::time::Duration;

/// Between two messages of a neighbour.
const BEAT: Duration = Duration::from_millis(5);
/// Messages that a neighbour has to get: two seconds of them.
const BEATS: u64 = 400;
/// Bytes of a neighbour's message.
const NEIGHBOUR: usize = 64;
/// Streams that the gateway opens on one connection.
const STREAMS: usize = 100;

/// Streams to clients that ask for nothing, each of a connection of its own.
async fn unread(gateway: std::net::SocketAddr, count: usize) -> Vec<(Native, Open)> {
    let mut unread = Vec::new();
    for _ in 0..count {
        let client = Native::connect(gateway).await;
        let open = client.begin(&Ask::stream().with("x-what", "unread")).await;
        assert!(open.broken.is_none());
        unread.push((client, open));
    }
    unread
}

async fn backend(size: usize) -> Scripted {
    Scripted::start(move |seen| match seen.text("x-what") {
        "unread" => Script::endless(size, Pace::Full),
        "neighbour" => Script::endless(NEIGHBOUR, Pace::Every(BEAT)),
        _ => Script::ok(b""),
    })
    .await
}

/// Reads on without a gap, and makes a call now and then.
async fn goes_on(neighbour: &mut Open, client: &Native, from: u64, what: &str) {
    for number in from..from + BEATS {
        let Some(reply) = neighbour.next().await else {
            panic!("{what}: broken at {number} by {:?}", neighbour.broken);
        };
        assert_eq!(number_of(&reply), number, "{what}");
        if number % 20 == 0 {
            let outcome = client.call(&Ask::echo("a")).await;
            assert!(outcome.is_ok(), "{what}: {outcome:?}");
        }
    }
}

async fn check_neighbours(size: usize, count: usize) {
    let what = format!("{count} unread streams of {size} bytes");
    let backend = backend(size).await;
    let gateway = before(&backend.url(), "").await;
    let client = Native::connect(gateway.address()).await;
    let mut neighbour = client
        .begin(&Ask::stream().with("x-what", "neighbour"))
        .await;
    let mut unread = unread(gateway.address(), count).await;
    {
        let record = backend.record();
        let first = record.connections[0].calls;
        assert_eq!(
            first,
            STREAMS.min(count + 1),
            "{what}: all on one connection"
        );
    }
    goes_on(&mut neighbour, &client, 0, &what).await;
    let record = backend.record();
    assert!(record.resets.is_empty(), "{what}: {:?}", record.resets);
    let ended = record.connections.iter().filter(|one| !one.open);
    assert_eq!(ended.count(), 0, "{what}");
    assert!(
        record.connections.iter().all(|one| one.goaways.is_empty()),
        "{what}: {:?}",
        record.connections
    );
    drop(record);
    // They were only slow: what was held back comes when it is asked for.
    for (_, open) in &mut unread {
        for _ in 0..20 {
            assert!(open.next().await.is_some(), "{what}: {:?}", open.broken);
        }
    }
}

#[tokio::test]
async fn a_hundred_unread_streams_of_6_bytes_harm_no_neighbour() {
    check_neighbours(6, 100).await;
}

#[tokio::test]
async fn a_hundred_unread_streams_of_20_bytes_harm_no_neighbour() {
    check_neighbours(20, 100).await;
}

#[tokio::test]
async fn a_hundred_unread_streams_of_1_kib_harm_no_neighbour() {
    check_neighbours(1024, 100).await;
}

#[tokio::test]
async fn a_hundred_unread_streams_of_64_kib_harm_no_neighbour() {
    check_neighbours(64 * 1024, 100).await;
}

#[tokio::test]
async fn few_unread_streams_or_many_stop_no_neighbour() {
    for count in [3, 30, 99] {
        check_neighbours(16 * 1024, count).await;
    }
}

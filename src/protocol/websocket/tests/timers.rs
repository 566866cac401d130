//! Clients that do nothing, do not read, or leave; and a gateway that stops.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::socket::{PIPE, WRITE_STALL, open, rest};
use super::*;
use crate::protocol::Timeouts;
use crate::protocol::tests::Script;

fn with(timeouts: Timeouts) -> Options {
    Options {
        timeouts,
        ..Options::default()
    }
}

/// Waits until nobody holds the scripted reply any more.
async fn given_up(scripted: &Scripted) -> Duration {
    let began = Instant::now();
    while Arc::strong_count(&scripted.alive) > 1 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(began.elapsed() < Duration::from_secs(600), "never");
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_a_ping_is_gone() {
    let scripted = Scripted::new(Script::Stall);
    let (mut socket, _held) = open(scripted.router(), "/t.T/Server").await;
    socket.send("{}".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("{}"));
    // Nobody polls the client, so it answers nothing.
    let after = given_up(&scripted).await;
    assert!(after >= Duration::from_secs(50) && after < Duration::from_secs(51));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_is_there_until_the_stream_was_silent_for_too_long() {
    let timeouts = Timeouts {
        stream_idle: Some(Duration::from_secs(200)),
        ..Timeouts::default()
    };
    let scripted = Scripted::new(Script::Stall);
    let router = scripted.router_with(with(timeouts));
    let (mut socket, _held) = open(router, "/t.T/Server").await;
    socket.send("{}".into()).await.unwrap();
    let began = Instant::now();
    let (texts, end) = rest(&mut socket).await;
    assert_eq!((texts.len(), end), (1, Some((14, 1011))));
    assert!(began.elapsed() >= Duration::from_secs(200));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    const LARGE: &[u8] = &[b'x'; 2 * PIPE];
    let replies = Script::Replies(Metadata::new(), vec![LARGE], Status::ok().into());
    let scripted = Scripted::new(replies);
    let (mut socket, _held) = open(scripted.router(), "/t.T/Server").await;
    socket.send(Bytes::new().into()).await.unwrap();
    tokio::time::sleep(WRITE_STALL + Duration::from_secs(1)).await;
    // What was in the pipe, and no end.
    let mut left = Vec::new();
    socket.get_mut().read_to_end(&mut left).await.unwrap();
    assert!(left.len() <= PIPE, "{}", left.len());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not() {
    const LARGE: &[u8] = &[b'x'; 4 * PIPE];
    let replies = Script::Replies(Metadata::new(), vec![LARGE], Status::ok().into());
    let scripted = Scripted::new(replies);
    let (mut socket, held) = open(scripted.router(), "/t.T/Server").await;
    socket.send(Bytes::new().into()).await.unwrap();
    let mut piece = vec![0; PIPE / 8];
    for _ in 0..4 * 8 {
        tokio::time::sleep(WRITE_STALL - Duration::from_secs(1)).await;
        socket.get_mut().read_exact(&mut piece).await.unwrap();
        held.taken.count(piece.len());
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_pings_and_reads_nothing_is_not_read_either() {
    let scripted = Scripted::new(Script::Stall);
    let (mut socket, _held) = open(scripted.router(), "/t.T/Server").await;
    let mut sent = 0;
    let flood = async {
        loop {
            let ping = Message::Ping(Bytes::from_static(&[b'p'; 125]));
            socket.send(ping).await.unwrap();
            sent += 125;
        }
    };
    let second = Duration::from_secs(1);
    assert!(tokio::time::timeout(second, flood).await.is_err());
    // Both directions of the pipe, and a chunk in the server.
    assert!(sent < 3 * PIPE, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn the_message_of_a_unary_call_has_its_time() {
    let scripted = Scripted::default();
    let (mut socket, _held) = open(scripted.router(), "/t.T/Unary").await;
    assert_eq!(rest(&mut socket).await, (vec![], Some((4, 1011))));
    let timeouts = Timeouts {
        unary_default: None,
        request_body: Duration::from_secs(60),
        ..Timeouts::default()
    };
    let router = scripted.router_with(with(timeouts));
    let (mut socket, _held) = open(router, "/t.T/Unary").await;
    let began = Instant::now();
    assert_eq!(rest(&mut socket).await, (vec![], Some((4, 1011))));
    assert_eq!(began.elapsed().as_secs(), 60);
    assert_eq!(scripted.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_or_a_lost_connection_cancels_the_call() {
    for leaves_politely in [true, false] {
        let scripted = Scripted::new(Script::Stall);
        let (mut socket, _held) = open(scripted.router(), "/t.T/Server").await;
        socket.send("{}".into()).await.unwrap();
        socket.send("".into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("{}"));
        assert_eq!(Arc::strong_count(&scripted.alive), 3);
        if leaves_politely {
            socket.close(None).await.unwrap();
        }
        drop(socket);
        while Arc::strong_count(&scripted.alive) > 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_never_takes_the_loss_of_its_client_for_the_half_close() {
    let scripted = Scripted::default();
    let (mut socket, _held) = open(scripted.router(), "/t.T/Client").await;
    socket.send("{}".into()).await.unwrap();
    socket.send("{".into()).await.unwrap(); // this is the end of it
    assert_eq!(rest(&mut socket).await, (vec![], Some((3, 1011))));
    drop(socket);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(scripted.calls(), 0, "its requests never ended");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_stops_says_so() {
    for script in [Script::Stall, Script::Hang] {
        let (mut socket, held) = open(Scripted::new(script).router(), "/t.T/Server").await;
        socket.send("{}".into()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        held.over.send(()).unwrap();
        assert_eq!(rest(&mut socket).await.1, Some((14, 1001)));
    }
    let (mut socket, held) = open(Scripted::default().router(), "/t.T/Unary").await;
    held.over.send(()).unwrap();
    assert_eq!(rest(&mut socket).await, (vec![], Some((14, 1001))));
}

#[tokio::test(start_paused = true)]
async fn one_reply_is_one() {
    let two = Script::Replies(Metadata::new(), vec![b"", b""], Status::ok().into());
    let none = Script::Replies(Metadata::new(), vec![], Status::ok().into());
    for (script, texts) in [(two, 1), (none, 0)] {
        let (mut socket, _held) = open(Scripted::new(script).router(), "/t.T/Unary").await;
        socket.send("{}".into()).await.unwrap();
        let (found, end) = rest(&mut socket).await;
        assert_eq!((found.len(), end), (texts, Some((12, 1011))));
    }
}

//! The backend does what its scripts say.

use std::net::SocketAddr;

use h2::Reason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::support::calls::{Ask, Native, number_of, status_with};

fn address(backend: &Scripted) -> SocketAddr {
    ([127, 0, 0, 1], backend.port()).into()
}

async fn client(backend: &Scripted) -> Native {
    Native::connect(address(backend)).await
}

/// The reason of an error of h2 below hyper's.
fn h2_error(error: &hyper::Error) -> &h2::Error {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref().unwrap()
}

#[tokio::test]
async fn a_call_is_answered_and_remembered() {
    let backend = Scripted::start(|_| Script::ok(b"\x08\x07")).await;
    let client = client(&backend).await;
    let ask = Ask::echo("a").with("x-call", "1");
    let outcome = client.call(&ask).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(outcome.replies, [&b"\x08\x07"[..]]);
    let record = backend.record();
    let call = &record.calls[0];
    assert_eq!(
        (call.seen.path.as_str(), call.seen.text("x-call")),
        (ask.rpc, "1")
    );
    assert_eq!((call.seen.connection, call.seen.stream), (0, 1));
    assert_eq!((&*call.messages[0], call.whole), (&*ask.message, true));
    assert_eq!((record.effects(), record.open()), (1, 1));
}

#[tokio::test]
async fn scripts_take_turns_and_may_depend_on_the_request() {
    let echo = Script::new()
        .read()
        .choose(|_, messages| Script::new().message(&messages[0]).end_ok());
    let backend = Scripted::start(in_turn(vec![Script::fail(14, "busy"), echo])).await;
    let client = client(&backend).await;
    let outcome = client.call(&Ask::get(7)).await;
    assert_eq!((outcome.code, outcome.message.as_str()), (Some(14), "busy"));
    for _ in 0..2 {
        let outcome = client.call(&Ask::get(7)).await;
        assert_eq!(outcome.replies, [&b"\x08\x07"[..]]);
    }
}

#[tokio::test]
async fn scripts_may_be_changed_and_may_wait() {
    const REST: Duration = Duration::from_millis(20);
    let backend = Scripted::start(|_| Script::refuse()).await;
    backend.answer(|_| Script::new().read().wait(REST).end_ok());
    let outcome = client(&backend).await.call(&Ask::get(7)).await;
    assert!(outcome.is_ok() && outcome.replies.is_empty());
    assert!(backend.record().calls[0].seen.at.elapsed() >= REST);
}

#[tokio::test]
async fn a_conversation_is_read_message_by_message() {
    let answer = Script::new()
        .read_messages(1)
        .message(b"one")
        .read_messages(2)
        .raw(b"\0\0\0\0\x03two\0\0")
        .end();
    let backend = Scripted::start(move |_| answer.clone()).await;
    let client = client(&backend).await;
    let (say, open) = client.upload(&Ask::stream()).await;
    say.send(Ok(framed(b"1"))).unwrap();
    let mut open = open.await;
    assert_eq!(open.next().await.unwrap(), "one");
    say.send(Ok(framed(b"2"))).unwrap();
    assert_eq!(open.next().await.unwrap(), "two");
    assert!(open.next().await.is_none());
    assert_eq!(
        open.end().code,
        None,
        "neither a whole message nor a status"
    );
    assert_eq!(backend.record().calls[0].messages, [&b"1"[..], b"2"]);
    assert_eq!(backend.record().effects(), 0);
}

#[tokio::test]
async fn statuses_have_details_and_push_back_in_headers_or_trailers() {
    let details = status_with(8, "google.rpc.RetryInfo");
    let fields = Fields::status(8, "full").details(&details).push_back("50");
    let backend = Scripted::start(in_turn(vec![
        Script::new().trailers(fields.clone()),
        Script::new().stream(3, 20, Pace::Full).trailers(fields),
    ]))
    .await;
    let client = client(&backend).await;
    for replies in [0, 3] {
        let outcome = client.call(&Ask::stream()).await;
        assert_eq!((outcome.code, outcome.replies.len()), (Some(8), replies));
        assert_eq!(outcome.details, ["google.rpc.RetryInfo"]);
        assert_eq!(
            outcome.headers.contains_key("grpc-retry-pushback-ms"),
            replies == 0
        );
    }
}

#[tokio::test]
async fn numbered_messages_have_their_size() {
    for size in [5, 6, 12, 20, 133, 134, 135, 1024, 16_392, 65_536] {
        for number in [0, 1, 127, 128, 1 << 20] {
            let message = numbered(number, size);
            assert!(
                [size, size - 1].contains(&message.len()),
                "{number} {size} {}",
                message.len()
            );
            if size > 12 {
                assert_eq!(number_of(&message[5..]), number);
            }
        }
    }
    let backend = Scripted::start(|_| Script::new().stream(1000, 64, Pace::Full).end_ok()).await;
    let outcome = client(&backend).await.call(&Ask::stream()).await;
    let numbers: Vec<_> = outcome
        .replies
        .iter()
        .map(|reply| number_of(reply))
        .collect();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reset_comes_where_the_script_has_it() {
    for (script, headers, replies, whole) in [
        (Script::refuse(), false, 0, false),
        (
            Script::new().read().reset(Reason::REFUSED_STREAM),
            false,
            0,
            true,
        ),
        (
            Script::new()
                .headers(Fields::new())
                .reset(Reason::REFUSED_STREAM),
            true,
            0,
            false,
        ),
        (
            Script::new()
                .stream(5, 20, Pace::Full)
                .reset(Reason::REFUSED_STREAM),
            true,
            5,
            false,
        ),
    ] {
        let backend = Scripted::start(move |_| script.clone()).await;
        let mut open = client(&backend).await.begin(&Ask::stream()).await;
        let mut count = 0;
        while open.next().await.is_some() {
            count += 1;
        }
        let error = open.broken.as_ref().unwrap();
        assert_eq!(h2_error(error).reason(), Some(Reason::REFUSED_STREAM));
        assert_eq!((count, !open.headers.is_empty()), (replies, headers));
        assert_eq!(backend.record().effects(), usize::from(whole));
    }
}

#[tokio::test]
async fn a_goaway_below_a_call_is_all_that_the_call_gets() {
    for (script, reason) in [
        (Script::new().go_away_unseen(), Reason::NO_ERROR),
        (
            Script::new().go_away(Last::Below, Reason::ENHANCE_YOUR_CALM, "too_many_pings"),
            Reason::ENHANCE_YOUR_CALM,
        ),
    ] {
        let backend = Scripted::start(in_turn(vec![
            Script::new().stream(2, 20, Pace::Full).until(&Gate::new()),
            script,
        ]))
        .await;
        let client = client(&backend).await;
        let mut first = client.begin(&Ask::stream()).await;
        assert!(first.next().await.is_some());
        let second = client.begin(&Ask::stream()).await;
        let error = second.broken.unwrap();
        let error = h2_error(&error);
        assert!(error.is_go_away() && error.is_remote(), "{error:?}");
        assert_eq!(error.reason(), Some(reason));
        assert!(first.next().await.is_some(), "the stream below goes on");
    }
}

#[tokio::test]
async fn a_goaway_above_all_calls_harms_none() {
    let script = Script::new()
        .read()
        .go_away(Last::Highest, Reason::NO_ERROR, "")
        .message(b"m")
        .end_ok();
    let backend = Scripted::start(move |_| script.clone()).await;
    let outcome = client(&backend).await.call(&Ask::get(1)).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    backend.until(|record| record.open() == 0).await;
}

#[tokio::test]
async fn a_graceful_goaway_lets_calls_end_and_takes_no_more() {
    let gate = Gate::new();
    let leaves = Script::new().message(b"m").leave().until(&gate).end_ok();
    let backend = Scripted::start(move |_| leaves.clone()).await;
    let mut open = client(&backend).await.begin(&Ask::stream()).await;
    assert!(open.next().await.is_some());
    gate.open();
    assert!(open.next().await.is_none());
    assert!(open.end().is_ok());
    backend.until(|record| record.open() == 0).await;
}

#[tokio::test]
async fn connections_break_by_a_fin_or_a_reset_behind_what_was_sent() {
    for how in [Break::Fin, Break::Rst] {
        let script = Script::new().stream(3, 1000, Pace::Full).cut(how);
        let backend = Scripted::start(move |_| script.clone()).await;
        let mut socket = TcpStream::connect(address(&backend)).await.unwrap();
        socket.write_all(REQUEST).await.unwrap();
        let mut bytes = Vec::new();
        let end = socket.read_to_end(&mut bytes).await;
        assert_eq!(end.is_ok(), how == Break::Fin, "{how:?}: {end:?}");
        if how == Break::Fin {
            let text = bytes.iter().filter(|byte| **byte == b'x').count();
            assert!(text > 2900, "all messages came first: {text}");
        }
        drop(socket);
        backend.until(|record| record.open() == 0).await;
    }
}

/// A client's preface, its empty SETTINGS, and a POST of `/` on stream 1 by fields of HPACK's static
/// table.
const REQUEST: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x03\x01\x04\0\0\0\x01\x83\x86\x84";

#[tokio::test]
async fn a_backend_may_say_nothing_at_all_or_hang_up_at_once() {
    for greeting in [
        Greeting::Silence,
        Greeting::End(Break::Fin),
        Greeting::End(Break::Rst),
    ] {
        let settings = Settings {
            greeting,
            ..Settings::default()
        };
        let backend = Scripted::with(settings, |_| Script::new()).await;
        let mut socket = TcpStream::connect(address(&backend)).await.unwrap();
        let _ = socket.write_all(REQUEST).await;
        let _ = socket.shutdown().await;
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes).await;
        assert!(bytes.is_empty(), "{greeting:?} says {bytes:?}");
        assert!(backend.record().calls.is_empty());
    }
}

#[tokio::test]
async fn a_request_that_is_not_read_stops_at_the_window() {
    let settings = Settings {
        stream_window: Some(1000),
        ..Settings::default()
    };
    let gate = Gate::new();
    let script = Script::new().until(&gate).read().end_ok();
    let backend = Scripted::with(settings, move |_| script.clone()).await;
    let client = client(&backend).await;
    let (say, open) = client.upload(&Ask::stream()).await;
    let opening = tokio::spawn(open);
    for _ in 0..10 {
        say.send(Ok(framed(&[7; 995]))).unwrap();
    }
    drop(say);
    backend.until(|record| record.calls.len() == 1).await;
    assert_eq!(backend.record().calls[0].read, 0);
    gate.open();
    assert!(opening.await.unwrap().end().is_ok());
    let record = backend.record();
    assert_eq!(
        (record.calls[0].read, record.calls[0].messages.len()),
        (10_000, 10)
    );
}

#[tokio::test]
async fn resets_and_pings_of_clients_are_counted() {
    let backend = Scripted::start(|_| Script::endless(20, Pace::Full)).await;
    let client = client(&backend).await;
    let mut open = client.begin(&Ask::stream()).await;
    assert!(open.next().await.is_some());
    let before = Instant::now();
    drop(open);
    backend.until(|record| record.resets.len() == 1).await;
    let record = backend.record();
    let reset = record.reset_of(&record.calls[0].seen).unwrap();
    assert_eq!((reset.connection, reset.reason), (0, Reason::CANCEL));
    assert!(reset.at >= before);
    drop(record);

    let mut socket = TcpStream::connect(address(&backend)).await.unwrap();
    socket.write_all(REQUEST).await.unwrap();
    socket
        .write_all(b"\0\0\x08\x06\0\0\0\0\0pingpong")
        .await
        .unwrap();
    backend
        .until(|record| record.connections.get(1).is_some_and(|one| one.pings == 1))
        .await;
}

#[tokio::test]
async fn headers_and_trailers_may_be_of_any_size() {
    for kib in [16, 64, 256] {
        let backend = Scripted::start(in_turn(vec![
            Script::new().headers(Fields::new().large(kib)).end_ok(),
            Script::new()
                .message(b"")
                .trailers(Fields::status(0, "").large(kib)),
        ]))
        .await;
        let client = client(&backend).await;
        for _ in 0..2 {
            let outcome = client.call(&Ask::get(1)).await;
            assert!(outcome.is_ok(), "{kib} KiB: {:?}", outcome.code);
        }
    }
}

#[tokio::test]
async fn streams_beyond_the_limit_wait_for_it() {
    let settings = Settings {
        streams: Some(1),
        ..Settings::default()
    };
    let gate = Gate::new();
    let script = Script::new().until(&gate).end_ok();
    let backend = Scripted::with(settings, move |_| script.clone()).await;
    let client = client(&backend).await;
    // One connection of hyper's that has seen the limit keeps to it.
    let (first, second) = (client.clone(), client.clone());
    let first = tokio::spawn(async move { first.call(&Ask::get(1)).await });
    backend.until(|record| record.calls.len() == 1).await;
    let second = tokio::spawn(async move { second.call(&Ask::get(2)).await });
    gate.open();
    assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
    assert_eq!(backend.record().calls.len(), 2);
}

#[tokio::test]
async fn a_backend_that_stops_can_start_again_where_it_was() {
    let mut backend = Scripted::start(|_| Script::ok(b"")).await;
    let port = backend.port();
    assert!(client(&backend).await.call(&Ask::get(1)).await.is_ok());
    backend.stop().await;
    let refused = TcpStream::connect(address(&backend)).await;
    assert!(refused.is_err());
    backend.start_again().await;
    assert_eq!(backend.port(), port);
    assert!(client(&backend).await.call(&Ask::get(1)).await.is_ok());
    assert_eq!(backend.record().connections.len(), 2);
}

//! What a strained gateway asks, and how its clients hear of it.

use super::*;
use crate::listener::{Ask, Strain};

/// Whatever is asked is asked of all at once.
fn asking(ask: Ask) -> Strain {
    Strain {
        ask,
        turns: Duration::ZERO,
        ..Strain::default()
    }
}

/// The next answer's head, and its body of five bytes.
async fn short(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"short") {
        let read = stream.read_u8().await.expect("an answer");
        text.push(read);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn under_strain_connections_are_told_to_go_and_running_calls_end_as_they_would() {
    let (listener, _dropped) = listen(Timeouts::default());
    let mut idle = http1(&listener, "GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(!short(&mut idle).await.contains("connection: close"));
    let mut busy = http1(&listener, "POST /b HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(!short(&mut busy).await.contains("connection: close"));

    let tcp = TcpStream::connect(listener.address()).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(tcp).await.unwrap();
    let connection = tokio::spawn(connection);
    let (held, mut upload) = sender.send_request(get("/hold"), false).unwrap();
    let _held = held.await.unwrap();

    listener.strainer().ask(asking(Ask::Leave));
    // HTTP/1.1 without a call is closed, HTTP/2 with one gets GOAWAY and lives as long as the call.
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    while sender.clone().ready().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!connection.is_finished());
    upload.send_reset(h2::Reason::CANCEL);
    connection.await.unwrap().unwrap();
    // Whoever comes is let in, and told with the answer or right after it.
    let mut fresh = http1(&listener, "GET /c HTTP/1.1\r\nhost: a\r\n\r\n").await;
    short(&mut fresh).await;
    fresh.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn under_strain_an_idle_connection_has_less_time() {
    let (listener, _dropped) = listen(Timeouts::default());
    let mut idle = http1(&listener, "GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await;
    short(&mut idle).await;
    listener.strainer().ask(Strain {
        idle: 0.0,
        ..Strain::default()
    });
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn while_it_is_shut_nobody_is_let_in_and_those_that_wait_are_afterwards() {
    let (listener, _dropped) = listen(Timeouts::default());
    // The first one's turn to go is at once, the second's is seconds away.
    let mut first = http1(&listener, "GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await;
    short(&mut first).await;
    let mut known = http1(&listener, "GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await;
    short(&mut known).await;
    listener.strainer().ask(Strain {
        ask: Ask::StayOut,
        ..Strain::default()
    });
    first.read_to_end(&mut Vec::new()).await.unwrap();
    let mut waiting = http1(&listener, "GET /b HTTP/1.1\r\nhost: a\r\n\r\n").await;
    // Others are served meanwhile.
    for _ in 0..20 {
        known
            .write_all(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        short(&mut known).await;
    }
    let nothing = waiting.try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    listener.strainer().ask(Strain::default());
    short(&mut waiting).await;
}

#[tokio::test]
async fn what_a_client_does_not_take_is_counted_and_can_be_given_up() {
    let buffers = Arc::new(Buffers::default());
    let listener = listen_buffered(&buffers);
    let mut sender = h2(&listener).await;
    let (unread, _) = sender.send_request(get("/"), true).unwrap();
    let mut unread = unread.await.unwrap().into_body();
    unread.data().await.unwrap().unwrap(); // without giving its window back
    let large = buffers.large();
    assert!(large[0].1 > 15 << 20 && buffers.counts().used == large[0].1);
    buffers.shed(&large[0].0);
    let reset = loop {
        match unread.data().await.expect("a stream without an end") {
            Ok(data) => unread.flow_control().release_capacity(data.len()).unwrap(),
            Err(error) => break error,
        }
    };
    assert!(reset.is_reset(), "{reset:?}");
    while buffers.counts().used > 0 {
        tokio::task::yield_now().await;
    }
    // The connection carries others on.
    let (next, _) = sender.send_request(get("/"), true).unwrap();
    assert_eq!(next.await.unwrap().status(), 200);
}

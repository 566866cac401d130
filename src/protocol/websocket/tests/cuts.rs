//! However a client's bytes are cut on their way, they mean the same.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::socket::connection;
use super::*;

const FINAL: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A frame as clients send them, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let length = u8::try_from(payload.len()).unwrap();
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b);
    let mut frame = vec![first, 0x80 | length];
    frame.extend(MASK);
    frame.extend(masked);
    frame
}

fn conversation() -> Vec<u8> {
    let head = "GET /t.T/Bidi HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    [
        head.as_bytes().to_vec(),
        frame(TEXT, b"{\"name\""),
        frame(FINAL | PING, b"ping"),
        frame(FINAL | CONTINUATION, ":\"gr\u{fc}\"}".as_bytes()),
        frame(FINAL | TEXT, b"{}"),
        frame(FINAL | BINARY, b""),
        frame(FINAL | TEXT, b""),
        frame(FINAL | CLOSE, &[0x03, 0xe8]),
    ]
    .concat()
}

/// What the server sends, behind its head.
async fn answered(pieces: &[&[u8]]) -> Vec<u8> {
    let (mut client, _held) = connection(Scripted::default().router());
    for piece in pieces {
        client.write_all(piece).await.unwrap();
        // With the clock paused, time passes when everything else waits.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let mut bytes = Vec::new();
    let _ = client.read_to_end(&mut bytes).await;
    let head = memchr::memmem::find(&bytes, b"\r\n\r\n").unwrap() + 4;
    bytes.split_off(head)
}

#[tokio::test(start_paused = true)]
async fn every_cut_of_a_clients_bytes_gives_the_same_answer() {
    let bytes = conversation();
    // The close frame comes with the answer to the half-close, which ends the call in time only
    // if it comes later.
    let (all, close) = bytes.split_at(bytes.len() - frame(CLOSE, &[0, 0]).len());
    let whole = answered(&[all, close]).await;
    let text = String::from_utf8_lossy(&whole);
    assert!(text.contains("ping") && text.contains("gr\u{fc}"), "{text}");
    assert!(text.contains("\"@status\":{\"code\":0"), "{text}");
    for cut in 1..all.len() {
        let (first, second) = all.split_at(cut);
        assert_eq!(answered(&[first, second, close]).await, whole, "{cut}");
    }
    let bytewise: Vec<_> = all.chunks(1).chain([close]).collect();
    assert_eq!(answered(&bytewise).await, whole);
}

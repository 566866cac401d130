//! Rows 29 to 48: frames of HTTP/2 that a well-behaved client never sends.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;

use crate::support::Stack;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// A connection that is written and read by frames.
pub(super) struct Wire {
    write: OwnedWriteHalf,
    frames: mpsc::UnboundedReceiver<Frame>,
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header field, written out.
fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name.as_bytes(), value] {
        assert!(text.len() < 127);
        bytes.push(u8::try_from(text.len()).unwrap());
        bytes.extend(text);
    }
    bytes
}

pub(super) fn fields(all: &[(&str, &str)]) -> Vec<u8> {
    let all = all.iter();
    all.flat_map(|(name, value)| field(name, value.as_bytes()))
        .collect()
}

const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/v1/echo/7"),
    (":authority", "a"),
];

const POST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/v1/shelves"),
    (":authority", "a"),
    ("content-type", "application/json"),
];

fn with(base: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]) -> Vec<u8> {
    fields(&[base, more].concat())
}

impl Wire {
    async fn open(stack: &Stack) -> Self {
        Self::open_with(stack.address(), &[]).await
    }

    /// With these settings.
    pub(super) async fn open_with(address: SocketAddr, settings: &[u8]) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let (mut read, mut write) = socket.into_split();
        write
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        write
            .write_all(&frame(SETTINGS, 0, 0, settings))
            .await
            .unwrap();
        let (told, frames) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut head = [0; 9];
            while read.read_exact(&mut head).await.is_ok() {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; length as usize];
                if read.read_exact(&mut payload).await.is_err() {
                    break;
                }
                let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
                let (kind, flags) = (head[3], head[4]);
                let frame = Frame {
                    kind,
                    flags,
                    stream,
                    payload,
                };
                if told.send(frame).is_err() {
                    break;
                }
            }
        });
        Self { write, frames }
    }

    /// Sends bytes; the other side may have closed before.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.write.write_all(bytes).await.is_ok()
    }

    /// The next frame of a kind; none once the connection has ended.
    async fn next(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.frames.recv().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// The error code of the GOAWAY that has to come.
    async fn goaway(&mut self, what: &str) -> u32 {
        let frame = self.next(GOAWAY).await;
        let frame = frame.unwrap_or_else(|| panic!("{what}: closed without GOAWAY"));
        u32::from_be_bytes(frame.payload[4..8].try_into().unwrap())
    }

    /// How a stream, or the whole connection, ends: by a reset or GOAWAY of this code, or with a status
    /// of an answer, by the bytes of its head.
    pub(super) async fn end_of(&mut self, stream: u32) -> End {
        loop {
            let Some(frame) = self.frames.recv().await else {
                return End::Closed;
            };
            let code = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
            match frame.kind {
                GOAWAY => return End::Error(code(&frame.payload[4..8])),
                RST_STREAM if frame.stream == stream => {
                    return End::Error(code(&frame.payload[..4]));
                }
                HEADERS if frame.stream == stream => return End::Answer(frame.payload),
                _ => {}
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Error(u32),
    Answer(Vec<u8>),
    Closed,
}

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;

/// The connection serves others on.
async fn serves(stack: &Stack) {
    let mut wire = Wire::open(stack).await;
    wire.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &fields(GET)))
        .await;
    let end = wire.end_of(1).await;
    // 200 is number 8 of HPACK's table.
    assert!(
        matches!(&end, End::Answer(head) if head.contains(&0x88)),
        "{end:?}"
    );
}

#[tokio::test]
async fn row_29_streams_that_are_reset_at_once_end_the_connection() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    let mut stream = 1;
    for _ in 0..100_000 {
        let mut bytes = frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields(GET));
        bytes.extend(frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()));
        if !wire.send(&bytes).await {
            break;
        }
        stream += 2;
    }
    assert_eq!(wire.goaway("rapid reset").await, ENHANCE_YOUR_CALM);
    serves(&stack).await;
}

#[tokio::test]
async fn row_30_a_client_that_has_its_streams_reset_is_sent_away() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    let mut stream = 1;
    for _ in 0..10_000 {
        // An update by nothing is an error of the stream, which the server resets.
        let mut bytes = frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields(GET));
        bytes.extend(frame(WINDOW_UPDATE, 0, stream, &[0; 4]));
        if !wire.send(&bytes).await {
            break;
        }
        stream += 2;
    }
    let code = wire.goaway("reset by the server").await;
    assert!(
        [PROTOCOL_ERROR, ENHANCE_YOUR_CALM].contains(&code),
        "{code}"
    );
    serves(&stack).await;
}

#[tokio::test]
async fn row_31_a_head_without_an_end_ends_the_connection() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    wire.send(&frame(HEADERS, END_STREAM, 1, &fields(GET)))
        .await;
    let more = frame(CONTINUATION, 0, 1, &field("x", &[b'y'; 100]));
    for _ in 0..100_000 {
        if !wire.send(&more).await {
            break;
        }
    }
    assert_eq!(wire.goaway("CONTINUATION").await, ENHANCE_YOUR_CALM);
    serves(&stack).await;
}

#[tokio::test]
async fn row_32_frames_without_bytes_end_the_connection() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    wire.send(&frame(HEADERS, END_HEADERS, 1, &fields(POST)))
        .await;
    let empty = frame(DATA, 0, 1, &[]);
    for _ in 0..100_000 {
        if !wire.send(&empty).await {
            break;
        }
    }
    assert_eq!(wire.goaway("empty DATA").await, ENHANCE_YOUR_CALM);
    serves(&stack).await;
}

#[tokio::test]
async fn rows_34_to_36_frames_that_make_work_and_bring_nothing_end_the_connection() {
    let stack = Stack::start().await;
    let ping = frame(PING, 0, 0, &[7; 8]);
    let settings = frame(SETTINGS, 0, 0, &[]);
    let priority = frame(PRIORITY, 0, 3, &[0, 0, 0, 1, 16]);
    for (bytes, word) in [
        (ping, &b"too_many_pings"[..]),
        (settings, b"too_many_control_frames"),
        (priority, b"too_many_control_frames"),
    ] {
        let mut wire = Wire::open(&stack).await;
        let mut sent = 0;
        while sent < 400_000 && wire.send(&bytes.repeat(100)).await {
            sent += 100;
        }
        let goaway = wire.next(GOAWAY).await.unwrap();
        assert_eq!(goaway.payload[4..8], ENHANCE_YOUR_CALM.to_be_bytes());
        assert_eq!(&goaway.payload[8..], word);
    }
    serves(&stack).await;
}

#[tokio::test]
async fn row_40_windows_that_grow_by_a_byte_cost_no_neighbour() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    let update = frame(WINDOW_UPDATE, 0, 0, &1u32.to_be_bytes());
    for _ in 0..20_000 {
        if !wire.send(&update).await {
            return; // sent away, which is fine too
        }
    }
    serves(&stack).await;
}

#[tokio::test]
async fn rows_37_42_43_44_46_and_48_frames_against_the_protocol_are_errors() {
    let stack = Stack::start().await;
    let head = |block: Vec<u8>| frame(HEADERS, END_STREAM | END_HEADERS, 1, &block);
    let replaced = |name: &str, value: &str| {
        let all = GET
            .iter()
            .map(|(key, old)| (*key, if *key == name { value } else { *old }));
        fields(&all.collect::<Vec<_>>())
    };
    let without = |name: &str| {
        let all = GET.iter().filter(|(key, _)| *key != name).copied();
        fields(&all.collect::<Vec<_>>())
    };
    let body = |length: &'static str, data: &[u8]| {
        let open = frame(
            HEADERS,
            END_HEADERS,
            1,
            &with(POST, &[("content-length", length)]),
        );
        [open, frame(DATA, END_STREAM, 1, data)].concat()
    };
    let trailers = |block: Vec<u8>| {
        let open = frame(HEADERS, END_HEADERS, 1, &fields(POST));
        let data = frame(DATA, 0, 1, b"{}");
        [
            open,
            data,
            frame(HEADERS, END_STREAM | END_HEADERS, 1, &block),
        ]
        .concat()
    };
    for (what, bytes, codes) in [
        (
            "37: a reset of a stream that is not there",
            frame(RST_STREAM, 0, 9, &8u32.to_be_bytes()),
            &[PROTOCOL_ERROR][..],
        ),
        (
            "42: a name with a capital",
            head(with(GET, &[("Xy", "z")])),
            &[PROTOCOL_ERROR],
        ),
        (
            "42: connection",
            head(with(GET, &[("connection", "close")])),
            &[PROTOCOL_ERROR],
        ),
        (
            "42: te",
            head(with(GET, &[("te", "gzip")])),
            &[PROTOCOL_ERROR],
        ),
        (
            "42: transfer-encoding",
            head(with(GET, &[("transfer-encoding", "chunked")])),
            &[PROTOCOL_ERROR],
        ),
        (
            "43: an empty path",
            head(replaced(":path", "")),
            &[PROTOCOL_ERROR],
        ),
        ("43: no path", head(without(":path")), &[PROTOCOL_ERROR]),
        ("43: no method", head(without(":method")), &[PROTOCOL_ERROR]),
        (
            "43: two methods",
            head(with(GET, &[(":method", "GET")])),
            &[PROTOCOL_ERROR],
        ),
        (
            "43: a pseudo-header in trailers",
            trailers(fields(&[(":path", "/")])),
            &[PROTOCOL_ERROR],
        ),
        (
            "44: more than the length",
            body("1", b"{}"),
            &[PROTOCOL_ERROR],
        ),
        (
            "44: less than the length",
            body("3", b"{}"),
            &[PROTOCOL_ERROR],
        ),
        (
            "46: a frame that is too large",
            frame(DATA, 0, 1, &vec![0; 20_000]),
            &[FRAME_SIZE_ERROR],
        ),
        (
            "48: a line end in a value",
            head([fields(GET), field("x", b"a\r\nb: c")].concat()),
            &[PROTOCOL_ERROR],
        ),
        (
            "48: a NUL in a value",
            head([fields(GET), field("x", b"a\0b")].concat()),
            &[PROTOCOL_ERROR],
        ),
        (
            "38: a table of no size",
            head([&[0x3f, 0xff, 0xff, 0xff, 0x7f][..], &fields(GET)].concat()),
            &[COMPRESSION_ERROR, PROTOCOL_ERROR],
        ),
        (
            "30: a window beyond its bound",
            frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
            &[FLOW_CONTROL_ERROR],
        ),
        (
            "data after the end",
            [head(fields(GET)), frame(DATA, 0, 1, b"x")].concat(),
            &[STREAM_CLOSED, PROTOCOL_ERROR],
        ),
    ] {
        let mut wire = Wire::open(&stack).await;
        wire.send(&bytes).await;
        match wire.end_of(1).await {
            End::Error(code) => assert!(codes.contains(&code), "{what}: {code}"),
            // What is malformed and yet framed well may have an answer that says so: 400 is number 12.
            End::Answer(head) => assert!(
                head.contains(&0x8c) || what.starts_with("data"),
                "{what}: {head:?}"
            ),
            End::Closed => panic!("{what}: closed without a word"),
        }
    }
    serves(&stack).await;
}

#[tokio::test]
async fn row_38_a_field_that_is_referred_to_four_thousand_times_is_too_much() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    // The first puts it into the table (with 62 as its number), the others point there.
    let mut block = fields(GET);
    block.extend([0x40, 1, b'x', 0x7f, 0x81, 0x1e]); // 4,000 bytes
    block.extend(vec![b'y'; 4000]);
    block.extend(vec![0xbe; 4000]);
    wire.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block))
        .await;
    match wire.end_of(1).await {
        End::Error(code) => {
            assert!([PROTOCOL_ERROR, ENHANCE_YOUR_CALM, COMPRESSION_ERROR].contains(&code))
        }
        End::Answer(head) => assert!(!head.contains(&0x88), "{head:?}"),
        End::Closed => {}
    }
    serves(&stack).await;
}

#[tokio::test]
async fn row_41_streams_beyond_the_bound_are_refused() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    // The bound holds once it is known, which an answered PING shows.
    wire.send(&frame(SETTINGS, 1, 0, &[])).await;
    wire.send(&frame(PING, 0, 0, &[7; 8])).await;
    wire.next(PING).await.unwrap();
    for number in 0..=100 {
        wire.send(&frame(HEADERS, END_HEADERS, 1 + 2 * number, &fields(POST)))
            .await;
    }
    assert_eq!(wire.end_of(201).await, End::Error(REFUSED_STREAM));
}

#[tokio::test]
async fn row_45_two_authorities_are_a_bad_request() {
    let stack = Stack::start().await;
    let mut wire = Wire::open(&stack).await;
    let block = with(GET, &[("host", "b")]);
    wire.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block))
        .await;
    let end = wire.end_of(1).await;
    assert!(
        matches!(&end, End::Answer(head) if head.contains(&0x8c)),
        "{end:?}"
    );
}

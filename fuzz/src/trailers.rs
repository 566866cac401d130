//! The trailers block of gRPC-Web, for any end of a call, against a strict reader of its own.
//!
//! Input: an end, as [`Ending::read`] has it. It ends a unary call and a stream, in the binary and
//! in the text form.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use transom::call::{Code, Message};
use transom::protocol::Options;

use crate::cursor::Cursor;
use crate::ending::{Ending, Family};
use crate::envelopes::{self, Envelope, all_envelopes, base64, base64_unpadded};
use crate::schema::DIALECTS;
use crate::scripted::{Script, Scripted, Told};
use crate::served::Served;

/// Flags of a trailers frame.
const TRAILERS: u8 = 0x80;

/// Bytes of an encoded `grpc-message`, at most.
const MESSAGE_MAX: usize = 8 << 10;

const PAYLOAD: &[u8] = b"\x0a\x01a";

/// The block is what the end says, a line for each field, whatever a backend wrote.
pub fn trailers(data: &[u8]) {
    thread_local! {
        static SERVED: (Served<Scripted>, Scripted) = {
            let backend = Scripted::default();
            (Served::new(&DIALECTS, backend.clone(), Options::default()), backend)
        };
    }
    let ending = Ending::read(&mut Cursor(data));
    SERVED.with(|(served, backend)| {
        backend.play(Script::Reply(Told {
            messages: vec![Message::from_payload(PAYLOAD)],
            end: Some(ending.end()),
            ..Told::default()
        }));
        for path in ["/t.T/Unary", "/t.T/Server"] {
            let [binary, text] =
                ["application/grpc-web", "application/grpc-web-text"].map(|form| {
                    let request = Request::post(path)
                        .header(CONTENT_TYPE, form)
                        .body(match form {
                            "application/grpc-web" => Body::from(&[0; envelopes::PREFIX][..]),
                            _ => Body::from("AAAAAAA="),
                        })
                        .expect("a request");
                    let whole = served.send(request, ending.size());
                    assert_eq!(whole.head.status, StatusCode::OK);
                    assert_eq!(whole.field("content-type"), form);
                    assert_eq!(backend.seen().map(|seen| seen.messages.len()), Some(1));
                    whole.body
                });
            let (decoded, how) = base64(&text);
            assert_eq!((how, &decoded[..]), (envelopes::Ending::Whole, &binary[..]));

            let found = all_envelopes(&binary);
            let (last, messages) = found.split_last().expect("a body has a last frame");
            // A unary call that fails has no message.
            let has_message = path == "/t.T/Server" || ending.code == Code::Ok;
            let message = Envelope {
                flags: 0,
                payload: PAYLOAD,
            };
            assert_eq!(messages, &[message][..usize::from(has_message)]);
            assert_eq!(last.flags, TRAILERS);
            check(&ending, fields(last.payload));
        }
    });
}

/// The fields of a block, sorted by name.
///
/// # Panics
/// If it is not made of `name:value\r\n` lines, of lower-case names and of values without control
/// characters.
pub(crate) fn fields(block: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = || block.escape_ascii().to_string();
    let mut fields = Vec::new();
    let mut rest = block;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let end = end.unwrap_or_else(|| panic!("a line has no end: {}", text()));
        let line = &rest[..end];
        rest = &rest[end + 2..];
        let colon = line.iter().position(|byte| *byte == b':');
        let colon = colon.unwrap_or_else(|| panic!("a line has no colon: {}", text()));
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        assert!(
            !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || b"!#$%&'*+-.^_`|~".contains(byte)),
            "a name is none: {}",
            text()
        );
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        assert!(!value.iter().any(is_control), "a value is none: {}", text());
        let name = String::from_utf8(name.to_vec()).expect("it is ASCII");
        fields.push((name, value.to_vec()));
    }
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    fields
}

/// The fields are the status and the trailers that may be shown, and nothing else.
fn check(ending: &Ending, mut found: Vec<(String, Vec<u8>)>) {
    let mut own = |name: &str| {
        let mut values = found.extract_if(.., |(own, _)| own == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{name} stands twice");
        value
    };
    let code = own("grpc-status").expect("there is a status");
    assert_eq!(code, ending.code.number().to_string().as_bytes());
    match own("grpc-message") {
        None => assert_eq!(ending.message, ""),
        Some(encoded) => check_message(&ending.message, &encoded),
    }
    let details = own("grpc-status-details-bin").unwrap_or_default();
    let details = base64_unpadded(&details).expect("details are base64 without padding");
    assert_eq!(details, ending.wire());
    assert_eq!(found, ending.shown(Family::Grpc));
}

/// It stands for the message, or for its beginning if the whole is too long.
fn check_message(message: &str, encoded: &[u8]) {
    assert!(!message.is_empty(), "no message is no field");
    assert!(encoded.len() <= MESSAGE_MAX, "{} bytes", encoded.len());
    assert!(
        encoded.iter().all(|byte| (0x20..0x7f).contains(byte)),
        "not visible ASCII: {}",
        encoded.escape_ascii()
    );
    let mut decoded = Vec::new();
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (digits, after) = after
            .split_first_chunk::<2>()
            .expect("an escape has digits");
        let digits = std::str::from_utf8(digits).expect("digits are ASCII");
        decoded.push(u8::from_str_radix(digits, 16).expect("an escape has digits"));
        rest = after;
    }
    let decoded = String::from_utf8(decoded).expect("no character is cut");
    let left = message
        .strip_prefix(&decoded)
        .expect("the message begins like this");
    if let Some(next) = left.chars().next() {
        let is_plain = matches!(next, ' '..='~') && next != '%';
        let more = if is_plain { 1 } else { 3 * next.len_utf8() };
        assert!(
            encoded.len() + more > MESSAGE_MAX,
            "cut although there is room"
        );
    }
}

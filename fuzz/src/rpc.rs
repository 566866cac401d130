//! Requests of every dialect with envelopes, and of Connect's unary calls, through the whole router.
//!
//! Input: six bytes, then lines of `name:value` with header fields up to an empty one, then the body.
//! The bytes choose the path, the content type, the verb and version, the backend's answer, the size
//! of the pieces, and how the body ends. A line that begins with `?` is the query.

mod answer;
mod request;

use transom::call::{Coding, Message, compression};
use transom::protocol::{Limits, Options};
use transom::schema::Shape;

use crate::cursor::Cursor;
use crate::envelopes::{Ending, Envelope, base64, envelopes};
use crate::schema::DIALECTS;
use crate::scripted::{Scripted, Seen};
use crate::served::Served;
use request::{Codec, Form, Given, Wire};

/// Payload bytes of one message, either way: small, so that short inputs pass it.
const MESSAGE_MAX: usize = 256;

/// What the client gets is an answer of its dialect, wherever its body was cut; what the backend gets
/// are whole messages within the limit, those of the body from the first on.
pub fn rpc_request(data: &[u8]) {
    thread_local! {
        static SERVED: (Served<Scripted>, Scripted) = {
            let backend = Scripted::default();
            let options = Options {
                limits: Limits {
                    request_message: MESSAGE_MAX,
                    response_message: MESSAGE_MAX,
                },
                ..Options::default()
            };
            (Served::new(&DIALECTS, backend.clone(), options), backend)
        };
    }
    let given = Given::read(Cursor(data));
    SERVED.with(|(served, backend)| {
        let mut answers = [given.piece, given.body.len()].map(|piece| {
            backend.play(given.script());
            let whole = served.send(given.request(piece), data.len());
            let seen = backend.seen();
            if let Some(seen) = &seen {
                check_seen(&given, seen);
            }
            answer::check(&given, &whole, seen.as_ref());
            (
                answer::comparable(&whole),
                seen.map(|seen| (seen.path, seen.messages)),
            )
        });
        let [cut, whole] = &mut answers;
        assert_eq!(cut, whole, "in pieces of {} and whole", given.piece);
    });
}

/// The backend is asked for nothing that the body does not say.
fn check_seen(given: &Given<'_>, seen: &Seen) {
    assert_eq!(seen.path, given.path, "another method was called");
    let method = DIALECTS.method(&seen.path).expect("a method of the schema");
    let takes_stream = !matches!(method.shape, Shape::Unary | Shape::ServerStream);
    let coding = seen.encodings.request.map(|packed| packed.coding);
    for message in &seen.messages {
        assert!(message.flags() <= 1, "a flag that no backend knows");
        let plain = match (message.is_compressed(), coding) {
            (false, _) => message.len(),
            (true, Some(coding)) => plain_length(message.payload_bytes(), coding),
            (true, None) => panic!("a compressed message, but no compression is named"),
        };
        let is_json = given.form.codec() == Codec::Json;
        // JSON is counted as it comes, and a message is never longer than sixteen times its JSON.
        let most = if is_json {
            16 * MESSAGE_MAX
        } else {
            MESSAGE_MAX
        };
        assert!(plain <= most, "{plain} bytes reached the backend");
    }
    let Form::Enveloped(codec, wire) = given.form else {
        assert!(seen.messages.len() <= 1);
        return;
    };
    let (binary, how) = match wire {
        Wire::Binary => (given.body.to_vec(), Ending::Whole),
        Wire::Text => base64(given.body),
    };
    let (expected, rest) = envelopes(&binary);
    if !takes_stream {
        assert!(
            expected.len() == 1 && rest.is_empty() && how == Ending::Whole && !given.breaks_off,
            "the backend was asked before the body was whole"
        );
    }
    assert!(
        seen.messages.len() <= expected.len(),
        "messages from nowhere"
    );
    if codec == Codec::Proto {
        let found: Vec<_> = seen
            .messages
            .iter()
            .map(|message| Envelope {
                flags: message.flags(),
                payload: message.payload_bytes(),
            })
            .collect();
        assert_eq!(found, expected[..found.len()]);
    }
}

fn plain_length(payload: &[u8], coding: Coding) -> usize {
    let message = Message::from_payload(payload);
    compression::measure(&message, coding, usize::MAX).expect("what passes can be opened")
}

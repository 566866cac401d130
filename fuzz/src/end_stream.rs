//! How Connect tells the end of a call, for any end: the envelope that ends a stream, and the body of
//! an error with the trailers among the headers.
//!
//! Input: an end, as [`Ending::read`] has it. It ends a unary call and a stream, in both codecs.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use serde_json::{Map, Value};
use transom::call::{Code, Message};
use transom::protocol::Options;

use crate::cursor::Cursor;
use crate::ending::{Details, Ending, Family, by_name};
use crate::envelopes::{PREFIX, all_envelopes, base64_unpadded};
use crate::json::strict;
use crate::schema::DIALECTS;
use crate::scripted::{Script, Scripted, Told};
use crate::served::{Served, Whole};

/// Flags of the envelope that ends a stream.
const END_STREAM: u8 = 0b10;

/// Details that are shown, at most.
const DETAILS_MAX: usize = 100;

const PAYLOAD: &[u8] = b"\x0a\x01a";

/// What a client finds is what the end says, in JSON that everybody reads alike.
pub fn end_stream(data: &[u8]) {
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
        let send = |path, form: &'static str, body: &'static [u8]| {
            let request = Request::post(path)
                .header(CONTENT_TYPE, form)
                .body(Body::from(body))
                .expect("a request");
            let whole = served.send(request, ending.size());
            assert_eq!(backend.seen().map(|seen| seen.messages.len()), Some(1));
            whole
        };
        for (form, message) in [
            ("application/connect+proto", PAYLOAD),
            ("application/connect+json", b"{\"name\":\"a\"}"),
        ] {
            let whole = send("/t.T/Server", form, &[0; PREFIX]);
            assert_eq!(whole.head.status, StatusCode::OK);
            assert_eq!(whole.field("content-type"), form);
            stream(&ending, &whole, message);
        }
        for (form, message) in [
            ("application/proto", PAYLOAD),
            ("application/json", b"{\"name\":\"a\"}"),
        ] {
            let whole = send("/t.T/Unary", form, b"");
            unary(&ending, &whole, form, message);
        }
    });
}

/// A stream of one message, then the end.
fn stream(ending: &Ending, whole: &Whole, message: &[u8]) {
    let found = all_envelopes(&whole.body);
    let [first, last] = found[..] else {
        panic!("expected a message and the end, found {found:?}");
    };
    assert_eq!((first.flags, first.payload), (0, message));
    assert_eq!(last.flags, END_STREAM);
    let Value::Object(mut end) = strict(last.payload) else {
        panic!("the end is no object: {last:?}");
    };
    match end.remove("error") {
        None => assert_eq!(ending.code, Code::Ok),
        Some(error) => check_error(ending, error),
    }
    let metadata = end.remove("metadata").unwrap_or(Value::Object(Map::new()));
    let Value::Object(metadata) = metadata else {
        panic!("the metadata are no object: {last:?}");
    };
    assert_eq!(end, Map::new(), "the end has other members");
    let mut found = Vec::new();
    for (name, values) in metadata {
        for value in values.as_array().expect("values are a list") {
            let value = value.as_str().expect("a value is a string");
            found.push((name.clone(), value.to_owned()));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let expected: Vec<_> = ending
        .shown(Family::Connect)
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    assert_eq!(found, expected);
}

/// The message, or an error with a status of HTTP's.
fn unary(ending: &Ending, whole: &Whole, form: &str, message: &[u8]) {
    assert_eq!(whole.head.status, ending.code.http());
    if ending.code == Code::Ok {
        assert_eq!(whole.field("content-type"), form);
        assert_eq!(&whole.body[..], message);
    } else {
        assert_eq!(whole.field("content-type"), "application/json");
        check_error(ending, strict(&whole.body));
    }
    let headers = by_name(whole.head.headers.iter());
    let found: Vec<_> = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("trailer-")?.to_owned(), value)))
        .collect();
    assert_eq!(found, ending.shown(Family::Connect));
}

fn check_error(ending: &Ending, error: Value) {
    let Value::Object(mut error) = error else {
        panic!("an error is an object, found {error}");
    };
    assert_ne!(ending.code, Code::Ok);
    assert_eq!(
        error.remove("code"),
        Some(ending.code.connect_name().into())
    );
    let message = error.remove("message").unwrap_or("".into());
    assert_eq!(message, ending.message.as_str());
    let details = error.remove("details").unwrap_or(Value::Array(Vec::new()));
    let details = details.as_array().expect("details are a list");
    assert_eq!(error, Map::new(), "an error has other members");
    let Details::Are(expected) = &ending.details else {
        return;
    };
    assert_eq!(details.len(), expected.len().min(DETAILS_MAX));
    for (detail, expected) in details.iter().zip(expected) {
        let name = expected.type_url.rsplit('/').next();
        assert_eq!(detail["type"].as_str(), name);
        let value = detail["value"].as_str().expect("a value is a string");
        let value = base64_unpadded(value.as_bytes()).expect("a value is base64");
        assert_eq!(value, expected.value);
        let members = detail.as_object().expect("a detail is an object");
        let known = ["type", "value", "debug"];
        assert!(
            members.keys().all(|name| known.contains(&name.as_str())),
            "{detail}"
        );
    }
}

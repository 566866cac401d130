//! Handshakes that are refused, and the pure parts: frames to messages, and the end as text.

use http::Request;
use http_body_util::BodyExt as _;

use super::incoming::{Fault, Frame, Said};
use super::*;
use crate::call::{End, Metadata, Status};
use crate::protocol::Codec;
use crate::protocol::tests::{Scripted, header, metadata as pairs, schema, schema_with};
use crate::schema::{self, Unannotated};

mod cuts;
mod socket;
mod timers;

fn handshake(path: &str) -> http::request::Builder {
    Request::get(path)
        .header("host", "a")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")
}

async fn refused(request: Request<Body>) -> (Response<Body>, String) {
    let scripted = Scripted::default();
    let mut response = scripted.router().handle(request).await;
    assert_eq!(scripted.calls(), 0);
    let body = std::mem::take(response.body_mut());
    let body = body.collect().await.unwrap().to_bytes();
    let message = match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(json) => json["message"].as_str().unwrap().to_owned(),
        // What is refused before a dialect is known, on a method's own path.
        Err(_) => String::from_utf8(body.to_vec()).unwrap(),
    };
    (response, message)
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused_with_what_was_expected() {
    let with = |name: &'static str, value: &str| {
        let mut request = handshake("/t.T/Bidi").body(Body::empty()).unwrap();
        if value.is_empty() {
            request.headers_mut().remove(name);
        } else {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request
    };
    let rows = [
        (with("sec-websocket-version", "12"), 426, "expected 13"),
        (with("sec-websocket-version", ""), 426, "expected 13"),
        (with("sec-websocket-key", "AAAA"), 400, "16 bytes"),
        (with("sec-websocket-key", "!"), 400, "16 bytes"),
        (with("sec-websocket-key", ""), 400, "missing"),
        (with("connection", "close"), 400, "Connection"),
        (with("upgrade", "h2c, websocket"), 400, "Upgrade"),
        (with("origin", "https://b"), 403, "another origin"),
        // There is no connection here that could be upgraded.
        (with("origin", "https://a"), 426, "WebSocket needs"),
        (with("x-nothing", "a"), 426, "WebSocket needs"),
    ];
    for (request, status, said) in rows {
        let (response, message) = refused(request).await;
        assert_eq!(response.status(), status, "{message}");
        assert!(message.contains(said), "{message}");
        if status == 426 {
            assert_eq!(header(&response, "sec-websocket-version"), Some("13"));
            assert_eq!(header(&response, "upgrade"), Some("websocket"));
        }
    }
    let (response, _) = refused(handshake("/t.T/Bidi").body("x".into()).unwrap()).await;
    assert_eq!(response.status(), 400);
    let post = handshake("/t.T/Bidi").method("POST");
    let (response, _) = refused(post.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 405);
    assert_eq!(header(&response, "allow"), Some("GET"));
    for path in ["/t.T/Nope", "/nope", "/"] {
        let (response, _) = refused(handshake(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 404, "{path}");
    }
    let (response, _) = refused(handshake("/a/../b").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn methods_on_their_own_paths_can_be_switched_off() {
    let off = schema_with(&schema::Options {
        unannotated: Unannotated::Off,
        ..schema::Options::default()
    });
    let router = Scripted::default().router_of(off, Options::default());
    let request = handshake("/t.T/Bidi").body(Body::empty()).unwrap();
    assert_eq!(router.handle(request).await.status(), 404);
}

fn frames(path: &str) -> Frames {
    let schema = schema();
    let target = Target::Method(schema.method(path).unwrap());
    let uri = http::Uri::from_static("/");
    Frames::new(&schema, &Arc::default(), target, &uri).unwrap()
}

/// What becomes of the frames: messages are `m`, a half-close is `.`, a fault ends it.
fn taken(wants: Wants, chosen: Option<Codec>, texts: &[&'static str]) -> (String, Option<Fault>) {
    let mut frames = frames("/t.T/Bidi");
    let mut incoming = Incoming::new(wants, chosen);
    let mut said = String::new();
    for text in texts {
        let frame = match text.strip_prefix("0x") {
            Some(_) => Frame::Binary(bytes::Bytes::new()),
            None => Frame::Text((*text).into()),
        };
        match incoming.take(&frame, &mut frames) {
            Ok(Said::Message(_)) => said.push('m'),
            Ok(Said::HalfClose) => said.push('.'),
            Err(fault) => return (said, Some(fault)),
        }
    }
    (said, None)
}

/// What is wanted and chosen, the frames, what they say, and the fault.
type Row = (
    Wants,
    Option<Codec>,
    &'static [&'static str],
    &'static str,
    Option<(Code, u16)>,
);

#[test]
fn a_frame_is_a_message_or_the_half_close_or_a_fault() {
    use Code::{InvalidArgument as Invalid, Unimplemented};
    let (json, proto) = (Some(Codec::Json), Some(Codec::Proto));
    let rows: [Row; 16] = [
        (Wants::Many, None, &["{}", "0x", "{}", ""], "mmm.", None),
        (Wants::Many, json, &["{}", ""], "m.", None),
        (Wants::Many, proto, &["0x", ""], "m.", None),
        (Wants::Many, None, &[""], ".", None),
        (Wants::Many, proto, &["0x", "\n\t \r"], "m.", None),
        (Wants::Many, None, &["", ""], ".", Some((Invalid, 1011))),
        (Wants::Many, None, &["", "{}"], ".", Some((Invalid, 1011))),
        (Wants::Many, None, &["{}", "{"], "m", Some((Invalid, 1011))),
        (Wants::Many, None, &["{}{}"], "", Some((Invalid, 1011))),
        (Wants::Many, json, &["{}", "0x"], "m", Some((Invalid, 1003))),
        (Wants::Many, proto, &["{}"], "", Some((Invalid, 1003))),
        (Wants::One, None, &["{}", ""], "m.", None),
        (Wants::One, None, &[""], "", Some((Unimplemented, 1011))),
        (
            Wants::One,
            None,
            &["{}", "{}"],
            "m",
            Some((Unimplemented, 1011)),
        ),
        (Wants::None, None, &[""], ".", None),
        (Wants::None, None, &["{}"], "", Some((Unimplemented, 1011))),
    ];
    for (wants, chosen, texts, said, fault) in rows {
        let found = taken(wants, chosen, texts);
        let found = (
            found.0.as_str(),
            found.1.map(|fault| (fault.status.code, fault.close)),
        );
        assert_eq!(found, (said, fault), "{wants:?} {chosen:?} {texts:?}");
    }
}

#[test]
fn replies_have_the_form_of_the_sub_protocol_or_of_the_first_message() {
    for (chosen, first, expected) in [
        (None, None, Codec::Json),
        (None, Some("{}"), Codec::Json),
        (None, Some("0x"), Codec::Proto),
        (None, Some(""), Codec::Json),
        (Some(Codec::Proto), None, Codec::Proto),
        (Some(Codec::Json), Some("0x"), Codec::Json),
    ] {
        let mut incoming = Incoming::new(Wants::Many, chosen);
        if let Some(text) = first {
            let frame = match text {
                "0x" => Frame::Binary(bytes::Bytes::new()),
                text => Frame::Text(text.into()),
            };
            let _ = incoming.take(&frame, &mut frames("/t.T/Bidi"));
        }
        assert_eq!(incoming.codec(), expected, "{chosen:?} {first:?}");
    }
}

#[test]
fn the_end_is_told_whole() {
    let frames = frames("/t.T/Bidi");
    let text = |ending: &ending::Ending| {
        String::from_utf8(ending.text(frames.plans(), frames.options())).unwrap()
    };
    let mut ending = ending::Ending::from(End {
        status: Status::downstream(Code::NotFound, "no \"shelf\"\n"),
        trailers: pairs(&[("x-cost", "1"), ("x-cost", "2"), ("connection", "x")]),
    });
    ending.metadata = pairs(&[("x-site", "north"), ("date", "today"), ("set-cookie", "a")]);
    assert_eq!(
        text(&ending),
        r#"{"@status":{"code":5,"message":"no \"shelf\"\n","details":[],"metadata":{"x-site":["north"]},"trailers":{"x-cost":["1","2"]}}}"#
    );
    assert_eq!((ending.close, ending.reason()), (1011, "NOT_FOUND"));
    let ending = ending::Ending::from(Status::ok());
    assert_eq!(
        text(&ending),
        r#"{"@status":{"code":0,"message":"","details":[],"metadata":{},"trailers":{}}}"#
    );
    assert_eq!((ending.close, ending.reason()), (1000, "OK"));
    assert_eq!(ending.metadata, Metadata::new());
}

//! Whether an answer is one of the dialect's: the end is there exactly once and last, whatever failed.

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use transom::call::{Code, Coding, Message, compression};

use super::request::{Codec, Form, Given, Verb};
use crate::envelopes::{Ending, Envelope, all_envelopes, base64};
use crate::json::strict;
use crate::schema::DIALECTS;
use crate::scripted::Seen;
use crate::served::Whole;
use crate::trailers::fields;

/// Flags of the frame, or the envelope, that ends a body.
const GRPC_WEB_END: u8 = 0x80;
const CONNECT_END: u8 = 0b10;

/// Plain bytes of a compressed error, at most.
const ERROR_MAX: usize = 64 << 10;

/// The answer is one that the request's dialect has.
pub(super) fn check(given: &Given<'_>, whole: &Whole, seen: Option<&Seen>) {
    let content_type = whole.field("content-type").to_owned();
    let status = whole.head.status;
    assert_eq!(whole.field("x-request-id"), "fuzz");
    if given.verb == Verb::Head {
        assert!(whole.body.is_empty(), "HEAD has no body: {whole:?}");
        return;
    }
    let family = content_type.split(['+', ';']).next().unwrap_or_default();
    let is_asked = |families: &[&str]| {
        let asked = given.content_type.to_ascii_lowercase();
        let asked = asked.split(['+', ';']).next().unwrap_or_default();
        assert!(
            families.contains(&asked),
            "{content_type} for {}",
            given.content_type
        );
    };
    match family {
        "application/grpc" => {
            is_asked(&["application/grpc"]);
            grpc(whole);
        }
        "application/grpc-web" | "application/grpc-web-text" => {
            is_asked(&["application/grpc-web", "application/grpc-web-text"]);
            let text = family.ends_with("text");
            grpc_web(whole, text);
        }
        "application/connect" => {
            is_asked(&["application/connect"]);
            connect_stream(whole);
        }
        "application/proto" => {
            assert_eq!(status, StatusCode::OK);
            assert!(seen.is_some(), "nobody said it: {whole:?}");
        }
        "application/json" if status == StatusCode::OK => {
            assert!(seen.is_some(), "nobody said it: {whole:?}");
            strict(&plain(whole));
        }
        "application/json" => {
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{whole:?}"
            );
            error(&strict(&plain(whole)), given, status);
        }
        "text/plain" => {
            assert!(status.is_client_error() || status == StatusCode::HTTP_VERSION_NOT_SUPPORTED);
            assert!(std::str::from_utf8(&plain(whole)).is_ok());
        }
        "" => assert_eq!(
            (status, &whole.body[..]),
            (StatusCode::NO_CONTENT, &b""[..])
        ),
        other => panic!("an answer of the type {other}: {whole:?}"),
    }
    if matches!(given.form, Form::Enveloped(..)) && given.verb == Verb::Post {
        let is_call = family.starts_with("application/grpc") || family == "application/connect";
        assert!(
            is_call || seen.is_none(),
            "another dialect answers: {whole:?}"
        );
    }
}

/// What does not depend on where the request's body was cut.
pub(super) fn comparable(whole: &Whole) -> (StatusCode, HeaderMap, Vec<u8>, Option<HeaderMap>) {
    let mut headers = whole.head.headers.clone();
    // Whether a rest may be long is told from how much of it is known.
    headers.remove("connection");
    let body = match whole.field("content-type") {
        // Pieces that leave together are one string.
        text if text.starts_with("application/grpc-web-text") => base64(&whole.body).0,
        _ => whole.body.to_vec(),
    };
    (whole.head.status, headers, body, whole.trailers.clone())
}

/// Messages, then one status: in the trailers, or in the headers where there are no messages.
fn grpc(whole: &Whole) {
    assert_eq!(whole.head.status, StatusCode::OK);
    let in_headers = whole.head.headers.get_all("grpc-status").iter();
    let in_trailers = whole
        .trailers
        .iter()
        .flat_map(|trailers| trailers.get_all("grpc-status"));
    let codes: Vec<_> = in_headers.chain(in_trailers).collect();
    let [code] = codes[..] else {
        panic!("expected one status, found {codes:?}: {whole:?}");
    };
    code_is_one(code.as_bytes());
    if whole.trailers.is_none() {
        assert!(
            whole.body.is_empty(),
            "messages without trailers: {whole:?}"
        );
    }
    messages(&all_envelopes(&whole.body), whole, "grpc-encoding");
}

/// Messages, then a frame with one status.
fn grpc_web(whole: &Whole, text: bool) {
    assert_eq!(whole.head.status, StatusCode::OK);
    assert_eq!(whole.trailers, None);
    let body = match text {
        false => whole.body.to_vec(),
        true => {
            let (body, how) = base64(&whole.body);
            assert_eq!(how, Ending::Whole, "{whole:?}");
            body
        }
    };
    let found = all_envelopes(&body);
    let (last, before) = found.split_last().expect("a body has a last frame");
    assert_eq!(last.flags, GRPC_WEB_END, "{whole:?}");
    let fields = fields(last.payload);
    let codes: Vec<_> = fields
        .iter()
        .filter(|(name, _)| name == "grpc-status")
        .collect();
    let [(_, code)] = codes[..] else {
        panic!("expected one status, found {codes:?}: {whole:?}");
    };
    code_is_one(code);
    messages(before, whole, "grpc-encoding");
}

/// Messages, then an envelope with the end.
fn connect_stream(whole: &Whole) {
    assert_eq!(whole.head.status, StatusCode::OK);
    assert_eq!(whole.trailers, None);
    let found = all_envelopes(&whole.body);
    let (last, before) = found.split_last().expect("a body has a last envelope");
    assert_eq!(last.flags, CONNECT_END, "{whole:?}");
    let end = strict(last.payload);
    if let Some(error) = end.get("error") {
        connect_error(error);
    }
    messages(before, whole, "connect-content-encoding");
    if whole.field("content-type").ends_with("json") {
        for message in before {
            strict(message.payload);
        }
    }
}

/// Messages have no flags but the compressed one, and that only where a compression is named.
fn messages(found: &[Envelope<'_>], whole: &Whole, encoding: &str) {
    let most = u8::from(!whole.field(encoding).is_empty());
    assert!(
        found.iter().all(|message| message.flags <= most),
        "{whole:?}"
    );
}

fn code_is_one(text: &[u8]) {
    let numbers = Code::ALL.map(|code| code.number().to_string());
    assert!(
        numbers.iter().any(|number| number.as_bytes() == text),
        "no code: {}",
        text.escape_ascii()
    );
}

/// An error of Connect's, or of REST's where the path is no method's and for a WebSocket.
fn error(error: &Value, given: &Given<'_>, status: StatusCode) {
    if error["code"].is_string() {
        let code = connect_error(error);
        // Where HTTP says it more finely.
        let is_finer = [400, 404, 408, 413, 415].contains(&status.as_u16());
        assert!(is_finer || code.http() == status, "{status} for {code}");
        return;
    }
    let is_call = DIALECTS.method(given.path).is_some() && !given.asks_for_a_socket();
    assert!(!is_call, "an error of another dialect: {error}");
    assert!(
        error["code"].is_i64() && error["message"].is_string(),
        "{error}"
    );
}

fn connect_error(error: &Value) -> Code {
    let code = error["code"].as_str().expect("a code is a string");
    let code = Code::ALL
        .into_iter()
        .find(|known| known.connect_name() == code);
    let message = error.get("message");
    assert!(message.is_none_or(Value::is_string), "{error}");
    code.filter(|code| *code != Code::Ok)
        .expect("a code is one of sixteen")
}

/// The body without its content coding.
fn plain(whole: &Whole) -> Vec<u8> {
    let coding = whole.field("content-encoding");
    if coding.is_empty() {
        return whole.body.to_vec();
    }
    let coding = Coding::of_content(coding.as_bytes()).expect("a known coding");
    let packed = Message::from_payload(&whole.body);
    let opened = compression::open(&packed, coding, ERROR_MAX).expect("an answer can be opened");
    opened.payload_bytes().to_vec()
}

impl Form {
    /// What the messages are.
    pub(super) const fn codec(self) -> Codec {
        match self {
            Self::Enveloped(codec, _) | Self::Alone(codec) => codec,
        }
    }
}

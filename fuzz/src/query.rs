//! A URL and a body into a request message, through the whole router.
//!
//! Input: a byte that chooses the binding, the rest of the URL (captures and query) up to a line
//! feed, then the body.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode, Uri};
use memchr::memmem;
use serde_json::Value;
use transom::protocol::rest::{Options, UnknownQuery};
use transom::transcode::{PrintOptions, Scratch};

use crate::gateway::{Gateway, Got};
use crate::percent::{Place, decoded};
use crate::schema::REST;

/// The bindings, each with the beginning of its URLs and the type of its body. There is room for 31;
/// new ones go to the end, or the seeds mean others.
const BINDINGS: [(&str, &str, &str); 31] = [
    ("GET", "/v1/all?", JSON),
    ("GET", "/v1/all/", JSON),
    ("GET", "/v1/numbers/", JSON),
    ("GET", "/v1/times/", JSON),
    ("GET", "/v1/children/", JSON),
    ("GET", "/v1/files/", JSON),
    ("DELETE", "/v1/all/", JSON),
    ("POST", "/v1/echo", JSON),
    ("POST", "/v1/echo/", JSON),
    ("PUT", "/v1/child?", JSON),
    ("PUT", "/v1/tags?", JSON),
    ("PUT", "/v1/number?", JSON),
    ("PUT", "/v1/labels/", JSON),
    ("POST", "/v1/nobody?", JSON),
    ("GET", "/v1/part/tags?", JSON),
    ("GET", "/v1/part/child?", JSON),
    ("GET", "/v1/watch?", JSON),
    ("HEAD", "/v1/all?", JSON),
    ("OPTIONS", "/v1/", JSON),
    ("GET", "/", JSON),
    ("PATCH", "/v1/child?", JSON),
    ("PATCH", "/v1/whole?", JSON),
    ("PATCH", "/v1/object?", JSON),
    ("PATCH", "/v1/store/", JSON),
    ("PUT", "/v1/any?", JSON),
    ("PUT", "/v1/data?", JSON),
    ("POST", "/v1/echo?", FORM),
    ("PUT", "/v1/child?", FORM),
    ("POST", "/v1/store/", FORM),
    ("POST", "/v1/store?", PARTS),
    ("POST", "/v1/store/", PARTS),
];

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=b";

/// The byte that chooses the first binding.
const FIRST_BINDING: u8 = b'A';

/// The bit of that byte that has unknown query parameters refused.
const REFUSE_UNKNOWN: u8 = 0x20;

/// Bytes of its input that an error may repeat, and some more that it would have said anyway.
const ECHO_MAX: usize = 100 + 28;

/// The binding answers, or the client is told what it did wrong, in few of its own words. What
/// reaches the backend is a message of the schema.
pub fn query_binding(data: &[u8]) {
    thread_local! {
        static LENIENT: Gateway = Gateway::new(Options::default());
        static STRICT: Gateway = Gateway::new(Options {
            unknown_query: UnknownQuery::Refuse,
            ..Options::default()
        });
    }
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (url, body) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest, &rest[..0]),
    };
    let chosen = (first & !REFUSE_UNKNOWN).wrapping_sub(FIRST_BINDING);
    let (method, prefix, content_type) = BINDINGS[usize::from(chosen) % BINDINGS.len()];
    let url = [prefix.as_bytes(), url].concat();
    // What is no URL does not come this far.
    let Ok(uri) = Uri::try_from(url.as_slice()) else {
        return;
    };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(CONTENT_TYPE, content_type);
    let Ok(request) = request.body(Body::from(body.to_vec())) else {
        return;
    };
    let gateway = if first & REFUSE_UNKNOWN == 0 {
        &LENIENT
    } else {
        &STRICT
    };
    let got = gateway.with(|gateway| gateway.send(request, url.len() + body.len()));
    match got.status {
        StatusCode::OK => taken(&got, method),
        StatusCode::NO_CONTENT => assert_eq!(method, "OPTIONS", "{got:?}"),
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::URI_TOO_LONG
        | StatusCode::UNSUPPORTED_MEDIA_TYPE => refused(&got, method, &[&url, body]),
        _ => panic!("an answer that is not among those a client can get: {got:?}"),
    }
}

/// The backend saw a message of its input type, all of which can be shown.
fn taken(got: &Got, method: &str) {
    let (path, message) = got.seen.as_ref().expect("the backend was asked");
    let method_of = REST.method(path).expect("a method of the schema");
    let (mut scratch, mut json) = (Scratch::default(), Vec::new());
    let options = PrintOptions::default();
    REST.plans()
        .to_json(method_of.input, message, &options, &mut scratch, &mut json)
        .expect("what reaches the backend is a message of the schema");
    if method != "HEAD" && got.content_type.starts_with("application/json") {
        serde_json::from_slice::<Value>(&got.body).expect("the answer is JSON");
    }
}

/// The error is a `google.rpc.Status` as JSON that repeats little of the input.
fn refused(got: &Got, method: &str, inputs: &[&[u8]]) {
    assert!(got.seen.is_none(), "the backend was asked: {got:?}");
    assert_eq!(got.content_type, "application/json", "{got:?}");
    if method == "HEAD" {
        assert!(got.body.is_empty(), "{got:?}");
        return;
    }
    let error: Value = serde_json::from_slice(&got.body).expect("an error is JSON");
    assert!(error["code"].is_i64(), "{error}");
    assert!(error["message"].is_string(), "{error}");
    assert!(error["details"].is_array(), "{error}");
    let mut inputs: Vec<Vec<u8>> = inputs.iter().map(|input| input.to_vec()).collect();
    inputs.extend(inputs.clone().iter().filter_map(|raw| {
        let unescaped = decoded(raw, Place::Query);
        unescaped.filter(|text| text != raw)
    }));
    each_text(&error, &mut |text| {
        let echo = inputs
            .iter()
            .filter_map(|input| echo(text.as_bytes(), input))
            .find(|run| !is_a_path(run));
        assert_eq!(
            echo.map(String::from_utf8_lossy),
            None,
            "an error repeats more than 100 bytes of its input: {text}"
        );
    });
}

/// A run of the text that stands in the input too and is longer than [`ECHO_MAX`].
fn echo<'t>(text: &'t [u8], input: &[u8]) -> Option<&'t [u8]> {
    // So long a run holds a whole block, whatever its place.
    const BLOCK: usize = ECHO_MAX / 2;
    let blocks = text.chunks_exact(BLOCK).enumerate();
    let finder = |block| memmem::find_iter(input, block);
    for (index, block) in blocks {
        let start = index * BLOCK;
        for at in finder(block) {
            let before = text[..start].iter().rev().zip(input[..at].iter().rev());
            let before = before.take_while(|(a, b)| a == b).count();
            let after = text[start..].iter().zip(&input[at..]);
            let after = after.take_while(|(a, b)| a == b).count();
            if before + after > ECHO_MAX {
                return Some(&text[start - before..start + after]);
            }
        }
    }
    None
}

/// A field's path may be longer: its names are the schema's own words.
fn is_a_path(run: &[u8]) -> bool {
    const NAMES: [&str; 4] = ["child", "children", "nested", "name"];
    let mut names = run.split(|byte| *byte == b'.');
    // Both ends may be cut.
    names.all(|name| {
        NAMES
            .iter()
            .any(|known| known.as_bytes().ends_with(name) || known.as_bytes().starts_with(name))
    })
}

fn each_text(json: &Value, visit: &mut impl FnMut(&str)) {
    match json {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        Value::Object(members) => members.values().for_each(|item| each_text(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

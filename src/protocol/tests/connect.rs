//! Connect, unary.

use http::Method as Verb;
use prost::Message as _;
use serde_json::{Value, json};

use super::*;
use crate::call::details::{Any, RpcStatus};
use crate::schema::Unannotated;

/// `{"name":"a"}` in wire form.
const SHELF: &[u8] = b"\x0a\x01a";

fn request(body: impl Into<Body>) -> Request<Body> {
    post("/t.T/Unary", "application/json", body)
}

async fn json_of(response: Response<Body>) -> Value {
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    serde_json::from_slice(&bytes(response).await).unwrap()
}

#[tokio::test]
async fn json_goes_there_and_back() {
    let end = End {
        status: Status::ok(),
        trailers: metadata(&[("x-ratio", "7")]),
    };
    let service = Scripted::new(Script::Replies(
        metadata(&[("x-shard", "a")]),
        vec![SHELF],
        end,
    ));
    let mut request = request(r#" {"name": "a", "size": "3"} "#);
    request.headers_mut().insert(
        "content-type",
        "Application/JSON; charset=utf-8".parse().unwrap(),
    );
    request
        .headers_mut()
        .insert("connect-timeout-ms", HeaderValue::from_static("2000"));
    let response = service.router().handle(request).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "x-shard"), Some("a"));
    assert_eq!(header(&response, "trailer-x-ratio"), Some("7"));
    assert_eq!(json_of(response).await, json!({"name": "a"}));
    let seen = service.last();
    assert_eq!(
        seen.requests,
        [Ok(Message::from_payload(b"\x0a\x01a\x10\x03"))]
    );
    assert!(seen.deadline.unwrap() <= Duration::from_secs(2));
    assert_eq!(seen.encodings, call::Encodings::default());
}

#[tokio::test]
async fn an_empty_body_is_an_empty_message() {
    for body in ["", " \n", "{}"] {
        let service = Scripted::default();
        let response = service.router().handle(request(body)).await;
        assert_eq!(json_of(response).await, json!({}));
        assert_eq!(service.last().requests, [Ok(Message::from_payload(b""))]);
    }
}

#[tokio::test]
async fn an_error_is_connects_own() {
    let status = RpcStatus {
        code: 5,
        message: "no such shelf".to_owned(),
        details: vec![
            Any {
                type_url: "type.googleapis.com/t.Shelf".to_owned(),
                value: SHELF.into(),
            },
            Any {
                type_url: "type.googleapis.com/t.Unknown".to_owned(),
                value: SHELF.into(),
            },
        ],
    };
    let status = Status {
        details: status.encode_to_vec().into(),
        ..Status::upstream(Code::NotFound, "no such \"shelf\"")
    };
    let end = End {
        status,
        trailers: metadata(&[("x-ratio", "7")]),
    };
    let service = Scripted::new(Script::Replies(metadata(&[("x-shard", "a")]), vec![], end));
    let response = service.router().handle(request("{}")).await;
    assert_eq!(response.status(), 404);
    assert_eq!(header(&response, "x-shard"), Some("a"));
    assert_eq!(header(&response, "trailer-x-ratio"), Some("7"));
    let expected = json!({
        "code": "not_found",
        "message": "no such \"shelf\"",
        "details": [
            {"type": "t.Shelf", "value": "CgFh", "debug": {"name": "a"}},
            {"type": "t.Unknown", "value": "CgFh"},
        ],
    });
    assert_eq!(json_of(response).await, expected);
}

#[tokio::test]
async fn broken_details_do_not_hide_the_error() {
    let status = Status {
        details: bytes::Bytes::from_static(b"\xff\xff\xff"),
        ..Status::upstream(Code::Unauthenticated, "who are you?")
    };
    let service = Scripted::new(Script::Refuse(status));
    let response = service.router().handle(request("{}")).await;
    assert_eq!(response.status(), 401);
    assert_eq!(header(&response, "www-authenticate"), Some("Bearer"));
    let expected = json!({"code": "unauthenticated", "message": "who are you?"});
    assert_eq!(json_of(response).await, expected);
}

#[tokio::test]
async fn an_error_says_when_to_come_back_as_rest_does() {
    for (code, expected) in [
        (Code::Unavailable, Some("2")),
        (Code::ResourceExhausted, Some("2")),
        (Code::Internal, None),
    ] {
        let details = RpcStatus {
            code: code.number(),
            message: "later".to_owned(),
            details: vec![Any {
                type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
                // retry_delay: 1.5 s
                value: b"\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01"[..].into(),
            }],
        };
        let status = Status {
            details: details.encode_to_vec().into(),
            ..Status::upstream(code, "later")
        };
        let service = Scripted::new(Script::Refuse(status));
        let response = service.router().handle(request("{}")).await;
        assert_eq!(header(&response, "retry-after"), expected, "{code:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_the_message_reaches_no_backend() {
    let service = Scripted::default();
    for (body, place) in [
        (r#"{"nmae": "a"}"#, "nmae"),
        (r#"{"name": 1}"#, "name"),
        ("{", ""),
        ("{} x", ""),
        ("[]", ""),
        ("\x0c", ""),
    ] {
        let response = service.router().handle(request(body)).await;
        assert_eq!(response.status(), 400, "{body}");
        let error = json_of(response).await;
        assert_eq!(error["code"], "invalid_argument");
        assert!(
            error["message"].as_str().unwrap().contains(place),
            "{error}"
        );
        assert_eq!(error["details"][0]["type"], "google.rpc.BadRequest");
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn heads_that_are_not_connects() {
    let service = Scripted::default();
    let router = service.router();
    for verb in [Verb::GET, Verb::PUT, Verb::DELETE] {
        let mut request = request("");
        *request.method_mut() = verb;
        let response = router.handle(request).await;
        assert_eq!(response.status(), 405);
        assert_eq!(header(&response, "allow"), Some("OPTIONS, POST"));
    }
    let mut options = request("");
    *options.method_mut() = Verb::OPTIONS;
    let response = router.handle(options).await;
    assert_eq!(response.status(), 204);
    assert_eq!(header(&response, "allow"), Some("OPTIONS, POST"));
    let mut options = post("/t.T/Get", "application/grpc-web", "");
    *options.method_mut() = Verb::OPTIONS;
    let response = router.handle(options).await;
    assert_eq!(response.status(), 204);
    let allow = header(&response, "allow");
    assert_eq!(allow, Some("GET, HEAD, OPTIONS, POST"));

    for (path, content_type) in [
        ("/t.T/Unary", "application/connect+json"),
        ("/t.T/Unary", "text/plain"),
        ("/t.T/Server", "application/proto"),
        ("/t.T/Server", "application/json"),
        ("/t.T/Bidi", "application/json"),
    ] {
        let response = router.handle(post(path, content_type, "{}")).await;
        assert_eq!(response.status(), 415, "{path} {content_type}");
    }
    for (name, value, expected) in [
        ("connect-protocol-version", "1", 200),
        ("connect-protocol-version", "2", 400),
        ("connect-timeout-ms", "12345678901", 400),
        ("connect-timeout-ms", "0", 504),
        ("content-encoding", "identity", 200),
        ("content-encoding", "gzip", 400), // it is not
        ("content-encoding", "deflate", 501),
        ("content-encoding", "gzip, gzip", 501),
        ("x-key-bin", "***", 400),
    ] {
        let mut request = request("{}");
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        assert_eq!(
            router.handle(request).await.status(),
            expected,
            "{name}: {value}"
        );
    }
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn proto_goes_there_and_back_unopened() {
    let service = Scripted::new(Script::Replies(
        metadata(&[("x-shard", "a"), ("grpc-encoding", "gzip")]),
        vec![b"not even protobuf"],
        Status::ok().into(),
    ));
    let request = post("/t.T/Unary", "Application/Proto; x=y", "\x0a\x01a\u{1}");
    let response = service.router().handle(request).await;
    assert_eq!(response.status(), 200);
    let content_type = header(&response, "content-type");
    assert_eq!(content_type, Some("application/proto"));
    assert_eq!(header(&response, "grpc-encoding"), None);
    assert_eq!(header(&response, "x-shard"), Some("a"));
    assert_eq!(bytes(response).await, b"not even protobuf");
    assert_eq!(
        service.last().requests,
        [Ok(Message::from_payload(b"\x0a\x01a\x01"))]
    );
    // Nothing is an empty message, and an error is JSON all the same.
    let status = Status::upstream(Code::NotFound, "no such shelf");
    let service = Scripted::new(Script::Refuse(status));
    let response = service
        .router()
        .handle(post("/t.T/Unary", "application/proto", ""))
        .await;
    assert_eq!(response.status(), 404);
    let expected = json!({"code": "not_found", "message": "no such shelf"});
    assert_eq!(json_of(response).await, expected);
    assert_eq!(service.last().requests, [Ok(Message::from_payload(b""))]);
}

fn get(query: &str) -> Request<Body> {
    Request::get(format!("/t.T/Get?{query}"))
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_method_without_side_effects_is_called_with_get() {
    let service = Scripted::new(Script::Replies(
        metadata(&[("cache-control", "max-age=60")]),
        vec![SHELF],
        Status::ok().into(),
    ));
    let router = service.router();
    for query in [
        "connect=v1&encoding=json&message=%7B%22name%22%3A%22a%22%7D",
        "connect=v1&encoding=json&base64=1&message=eyJuYW1lIjoiYSJ9",
        "message={%22name%22:%22a%22}&encoding=json",
    ] {
        let response = router.handle(get(query)).await;
        assert_eq!(response.status(), 200, "{query}");
        assert_eq!(header(&response, "cache-control"), Some("max-age=60"));
        assert_eq!(json_of(response).await, json!({"name": "a"}));
        assert_eq!(service.last().requests, [Ok(Message::from_payload(SHELF))]);
    }
    let proto = "connect=v1&encoding=proto&base64=1&message=CgFh";
    let response = router.handle(get(proto)).await;
    let content_type = header(&response, "content-type");
    assert_eq!(content_type, Some("application/proto"));
    assert_eq!(bytes(response).await, SHELF);

    let mut head = get(proto);
    *head.method_mut() = Verb::HEAD;
    let response = router.handle(head).await;
    assert_eq!(header(&response, "content-length"), Some("3"));
    assert_eq!(bytes(response).await, b"");
}

#[tokio::test]
async fn a_get_that_is_none() {
    let service = Scripted::default();
    let router = service.router();
    for (query, status, code) in [
        ("", 415, "invalid_argument"),
        ("encoding=xml&message=a", 415, "invalid_argument"),
        ("encoding=json&message={", 400, "invalid_argument"),
        ("encoding=proto&base64=1&message=*", 400, "invalid_argument"),
        (
            "encoding=json&message={}&compression=lz4",
            501,
            "unimplemented",
        ),
    ] {
        let response = router.handle(get(query)).await;
        assert_eq!(response.status(), status, "{query}");
        assert_eq!(json_of(response).await["code"], code, "{query}");
    }
    let long = get(&format!("encoding=json&message={}", "a".repeat(8 << 10)));
    assert_eq!(router.handle(long).await.status(), 414);
    let required = Options {
        connect_version: crate::protocol::options::ConnectVersion::Required,
        ..Options::default()
    };
    let router = service.router_with(required);
    let unnamed = get("encoding=json&message={}");
    assert_eq!(router.handle(unnamed).await.status(), 400);
    assert_eq!(service.calls(), 0);
    let named = get("connect=v1&encoding=json&message={}");
    assert_eq!(router.handle(named).await.status(), 200);
    // Who says no version may not be Connect's client, but a page's form.
    assert_eq!(router.handle(request("{}")).await.status(), 400);
}

#[tokio::test]
async fn compressed_messages_in_a_get_are_opened_under_the_limit() {
    let service = Scripted::default();
    for coding in [call::Coding::Gzip, call::Coding::Zstd, call::Coding::Brotli] {
        let text = |payload: &[u8]| {
            let packed = compressed(coding, payload).split_off(5);
            base64_simd::URL_SAFE_NO_PAD.encode_to_string(packed)
        };
        let query = |payload| {
            let (message, name) = (text(payload), coding.name());
            get(&format!(
                "connect=v1&encoding=proto&base64=1&compression={name}&message={message}"
            ))
        };
        let router = service.router();
        assert_eq!(router.handle(query(SHELF)).await.status(), 200);
        assert_eq!(service.last().requests, [Ok(Message::from_payload(SHELF))]);
        let response = router.handle(query(&vec![0; (4 << 20) + 1])).await;
        assert_eq!(json_of(response).await["code"], "resource_exhausted");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let service = Scripted::default();
    let mut options = Options::default();
    options.limits.request_message = 10;
    let response = service
        .router_with(options)
        .handle(request(r#"{"name": "abcdef"}"#))
        .await;
    assert_eq!(response.status(), 413);
    assert_eq!(json_of(response).await["code"], "resource_exhausted");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_given_up() {
    let never = || {
        Body::from_stream(futures_util::stream::pending::<
            Result<bytes::Bytes, Infallible>,
        >())
    };
    let service = Scripted::default();
    let response = service.router().handle(request(never())).await;
    assert_eq!(response.status(), 504); // the deadline of 15 s
    let mut options = Options::default();
    options.timeouts.unary_default = None;
    let response = service.router_with(options).handle(request(never())).await;
    assert_eq!(response.status(), 408); // the 60 s of a body
}

#[tokio::test]
async fn a_reply_that_cannot_be_shown_is_an_error() {
    for broken in [&b"\x0a\xff"[..], b"\x0a\x01\xff"] {
        let service = Scripted::new(Script::Replies(
            Metadata::new(),
            vec![broken],
            Status::ok().into(),
        ));
        let response = service.router().handle(request("{}")).await;
        assert_eq!(response.status(), 500);
        assert_eq!(json_of(response).await["code"], "internal");
    }
}

#[tokio::test]
async fn methods_without_a_binding_can_be_switched_off() {
    let schema = schema_with(&schema::Options {
        unannotated: Unannotated::Off,
        ..schema::Options::default()
    });
    assert!(schema.rows().iter().all(|row| !row.rest));
    let response = Scripted::default()
        .router_of(schema, Options::default())
        .handle(request("{}"))
        .await;
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn a_client_of_connect_is_told_in_its_own_terms_that_there_is_no_such_method() {
    let service = Scripted::default();
    let mut with_version = post("/t.T/Nope", "application/json", "{}");
    with_version
        .headers_mut()
        .insert("connect-protocol-version", HeaderValue::from_static("1"));
    let by_query = Request::get("/t.T/Nope?connect=v1&encoding=json&message={}");
    let by_query = by_query.body(Body::empty()).unwrap();
    for request in [
        with_version,
        post("/nope", "application/proto", ""),
        by_query,
    ] {
        let response = service.router().handle(request).await;
        assert_eq!(response.status(), 404);
        assert_eq!(json_of(response).await["code"], "unimplemented");
    }
    // Anybody else gets what REST says.
    let response = service
        .router()
        .handle(post("/t.T/Nope", "application/json", "{}"))
        .await;
    assert_eq!(json_of(response).await["code"], 5);
}

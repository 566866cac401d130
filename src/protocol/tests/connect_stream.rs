//! Connect's streams.

use prost::Message as _;
use serde_json::{Value, json};

use super::*;
use crate::call::Coding;
use crate::call::details::{Any, RpcStatus};
use crate::schema::Unannotated;

const PROTO: &str = "application/connect+proto";
const JSON: &str = "application/connect+json";

/// The messages of a body, and what its last envelope says.
fn split(body: &[u8]) -> (Vec<Message>, Value) {
    let mut decoder = call::FrameDecoder::new(1 << 20).allow(0x02);
    decoder.push(bytes::Bytes::copy_from_slice(body));
    let mut messages = Vec::new();
    while let Some(message) = decoder.next().unwrap() {
        if message.flags() == 0x02 {
            decoder.finish().unwrap();
            assert_eq!(decoder.next().unwrap(), None);
            let end = serde_json::from_slice(message.payload_bytes()).unwrap();
            return (messages, end);
        }
        messages.push(message);
    }
    panic!("no end in {body:?}");
}

async fn answer(service: &Scripted, request: Request<Body>) -> (Vec<Message>, Value) {
    let response = service.router().handle(request).await;
    assert_eq!(response.status(), 200);
    split(&bytes(response).await)
}

#[tokio::test]
async fn every_shape_that_streams_goes_there_and_back() {
    let service = Scripted::default();
    let json = br#"{"name":"a","size":"3"}"#;
    let wire = b"\x0a\x01a\x10\x03";
    for path in ["/t.T/Server", "/t.T/Client", "/t.T/Bidi"] {
        for (content_type, message) in [(PROTO, &wire[..]), (JSON, json)] {
            let response = service
                .router()
                .handle(post(path, content_type, frame(message)))
                .await;
            assert_eq!(header(&response, "content-type"), Some(content_type));
            let (messages, end) = split(&bytes(response).await);
            assert_eq!(messages, [Message::from_payload(message)], "{path}");
            assert_eq!(end, json!({}));
            let seen = service.last();
            assert_eq!(seen.requests, [Ok(Message::from_payload(wire))]);
        }
    }
    let two = [frame(b"{}"), frame(json)].concat();
    let (messages, _) = answer(&service, post("/t.T/Bidi", JSON, two)).await;
    assert_eq!(messages.len(), 2);
}

#[tokio::test]
async fn the_end_tells_error_details_and_trailers() {
    let status = RpcStatus {
        code: 5,
        message: "no such \"shelf\"".to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/t.Shelf".to_owned(),
            value: bytes::Bytes::from_static(b"\x0a\x01a"),
        }],
    };
    let end = End {
        status: Status {
            details: status.encode_to_vec().into(),
            ..Status::upstream(Code::NotFound, "no such \"shelf\"")
        },
        trailers: metadata(&[
            ("x-ratio", "7"),
            ("x-key-bin", "AQI"),
            ("x-ratio", "8"),
            ("set-cookie", "a=b"),
            ("grpc-retry-pushback-ms", "1"),
        ]),
    };
    let script = Script::Replies(metadata(&[("x-shard", "a")]), vec![b""], end);
    let service = Scripted::new(script);
    let response = service
        .router()
        .handle(post("/t.T/Server", PROTO, frame(b"")))
        .await;
    assert_eq!(header(&response, "x-shard"), Some("a"));
    let (messages, end) = split(&bytes(response).await);
    assert_eq!(messages, [Message::from_payload(b"")]);
    let expected = json!({
        "error": {
            "code": "not_found",
            "message": "no such \"shelf\"",
            "details": [{"type": "t.Shelf", "value": "CgFh", "debug": {"name": "a"}}],
        },
        "metadata": {"x-ratio": ["7", "8"], "x-key-bin": ["AQI"]},
    });
    assert_eq!(end, expected);
    let ok = End {
        status: Status::ok(),
        trailers: metadata(&[("x-ratio", "7")]),
    };
    let service = Scripted::new(Script::Replies(Metadata::new(), vec![], ok));
    let (_, end) = answer(&service, post("/t.T/Bidi", PROTO, "")).await;
    assert_eq!(end, json!({"metadata": {"x-ratio": ["7"]}}));
}

#[tokio::test]
async fn what_is_broken_ends_in_the_last_envelope_and_reaches_no_backend() {
    let service = Scripted::default();
    let two = [frame(b""), frame(b"")].concat();
    for (content_type, body, code) in [
        (PROTO, &b""[..], "unimplemented"),
        (PROTO, &two, "unimplemented"),
        (PROTO, b"\x02\0\0\0\x02{}", "internal"),
        (PROTO, b"\x80\0\0\0\0", "internal"),
        (PROTO, b"\0\0\0\0\x09short", "internal"),
        (PROTO, b"\0\xff\xff\xff\xff", "resource_exhausted"),
        (PROTO, b"\x01\0\0\0\0", "internal"),
        (JSON, b"\0\0\0\0\x01{", "invalid_argument"),
        (JSON, b"\0\0\0\0\x03[1]", "invalid_argument"),
    ] {
        let request = post("/t.T/Server", content_type, body.to_vec());
        let (messages, end) = answer(&service, request).await;
        assert_eq!(messages, []);
        assert_eq!(end["error"]["code"], code, "{body:?}");
    }
    for (name, value, code) in [
        ("connect-timeout-ms", "12345678901", "invalid_argument"),
        ("connect-timeout-ms", "soon", "invalid_argument"),
        ("connect-timeout-ms", "0", "deadline_exceeded"),
        ("connect-protocol-version", "2", "invalid_argument"),
        ("connect-content-encoding", "lz4", "unimplemented"),
        ("x-key-bin", "***", "invalid_argument"),
    ] {
        let mut request = post("/t.T/Server", PROTO, frame(b""));
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
        let response = service.router().handle(request).await;
        assert_eq!(response.status(), 200);
        let accepted = header(&response, "connect-accept-encoding");
        assert_eq!(accepted.is_some(), code == "unimplemented");
        let (_, end) = split(&bytes(response).await);
        assert_eq!(end["error"]["code"], code, "{name}");
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn paths_and_shapes_that_are_no_streams() {
    let service = Scripted::default();
    let router = service.router();
    for (path, status) in [("/t.T/Unary", 415), ("/t.T/Nope", 404), ("/nope", 404)] {
        let response = router.handle(post(path, PROTO, frame(b""))).await;
        assert_eq!(response.status(), status, "{path}");
    }
    let mut get = post("/t.T/Server", PROTO, "");
    *get.method_mut() = http::Method::GET;
    let response = router.handle(get).await;
    assert_eq!(response.status(), 405);
    assert_eq!(header(&response, "allow"), Some("POST"));
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn compressed_messages_pass_with_connects_names() {
    let service = Scripted::default();
    for coding in [Coding::Gzip, Coding::Zstd, Coding::Brotli] {
        let message = compressed(coding, b"\x0a\x02zz");
        let mut request = post("/t.T/Bidi", PROTO, message.clone());
        let name = HeaderValue::from_static(coding.name());
        let headers = request.headers_mut();
        headers.insert("connect-content-encoding", name.clone());
        headers.insert("connect-accept-encoding", name);
        let response = service.router().handle(request).await;
        let named = header(&response, "connect-content-encoding");
        assert_eq!(named, Some(coding.name()));
        assert_eq!(header(&response, "grpc-encoding"), None);
        let (messages, _) = split(&bytes(response).await);
        assert_eq!(messages, [Message::from_frame(message.into()).unwrap()]);
        let seen = service.last();
        let packed = seen.encodings.request.unwrap();
        assert_eq!((packed.coding, packed.max), (coding, 4 << 20));
        let call::Accept::Passed(codings) = seen.encodings.accept else {
            panic!("{:?}", seen.encodings)
        };
        assert_eq!(codings.value(), coding.name());
    }
}

#[tokio::test]
async fn a_message_does_not_wait_for_the_next_one() {
    let service = Scripted::new(Script::Stall);
    let response = service
        .router()
        .handle(post("/t.T/Server", JSON, frame(b"")))
        .await;
    let mut body = response.into_body();
    let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(chunk, frame(b"{}"));
}

#[tokio::test]
async fn a_reply_that_cannot_be_shown_ends_the_stream() {
    let service = Scripted::new(Script::Replies(
        Metadata::new(),
        vec![b"\x0a\x01a", b"\x0a\xff", b""],
        Status::ok().into(),
    ));
    let (messages, end) = answer(&service, post("/t.T/Server", JSON, frame(b""))).await;
    assert_eq!(messages, [Message::from_payload(br#"{"name":"a"}"#)]);
    assert_eq!(end["error"]["code"], "internal");
}

#[tokio::test]
async fn no_connect_where_methods_have_no_path_of_their_own() {
    let options = schema::Options {
        unannotated: Unannotated::Off,
        ..schema::Options::default()
    };
    let service = Scripted::default();
    let router = service.router_of(schema_with(&options), Options::default());
    for content_type in [PROTO, JSON] {
        let response = router
            .handle(post("/t.T/Server", content_type, frame(b"")))
            .await;
        assert_eq!(response.status(), 404);
    }
    assert_eq!(service.calls(), 0);
}

//! gRPC-Web, binary and text, with protobuf and JSON.

use super::*;

fn request(path: &str, body: impl Into<Body>) -> Request<Body> {
    post(path, "application/grpc-web+proto", body)
}

/// The data part of a body and the lines of its trailers frame.
fn split(body: &[u8]) -> (Vec<u8>, Vec<String>) {
    let mut decoder = call::FrameDecoder::new(1 << 20).allow(0x80);
    decoder.push(bytes::Bytes::copy_from_slice(body));
    let mut data = Vec::new();
    while let Some(message) = decoder.next().unwrap() {
        if message.flags() == 0x80 {
            decoder.finish().unwrap();
            assert_eq!(decoder.next().unwrap(), None);
            let text = String::from_utf8(message.payload_bytes().to_vec()).unwrap();
            let mut lines: Vec<_> = text.split_terminator("\r\n").map(str::to_owned).collect();
            lines.sort_unstable();
            return (data, lines);
        }
        data.extend_from_slice(&message.into_frame());
    }
    panic!("no trailers frame in {body:?}");
}

async fn code_of(service: &Scripted, request: Request<Body>) -> String {
    let response = service.router().handle(request).await;
    assert_eq!(response.status(), 200);
    let (data, lines) = split(&bytes(response).await);
    assert_eq!(data, b"");
    lines
        .iter()
        .find_map(|line| line.strip_prefix("grpc-status:"))
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_unary_answer_is_one_chunk_with_its_trailers() {
    let service = Scripted::new(Script::Replies(
        metadata(&[
            ("x-shard", "a"),
            ("set-cookie", "a=b"),
            ("content-length", "3"),
        ]),
        vec![b"hello"],
        Status::ok().into(),
    ));
    let response = service
        .router()
        .handle(request("/t.T/Unary", frame(b"hi")))
        .await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type"),
        Some("application/grpc-web+proto")
    );
    assert_eq!(header(&response, "x-shard"), Some("a"));
    assert_eq!(header(&response, "set-cookie"), None);
    assert_eq!(header(&response, "content-length"), None);
    assert!(header(&response, "x-request-id").is_some());
    let mut body = response.into_body();
    let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(body.frame().await.is_none());
    let expected = [frame(b"hello"), b"\x80\0\0\0\x0fgrpc-status:0\r\n".to_vec()].concat();
    assert_eq!(chunk, expected);
}

#[tokio::test]
async fn the_answer_mirrors_the_requests_form() {
    for (asked, answered) in [
        ("application/grpc-web", "application/grpc-web"),
        (
            "Application/GRPC-Web+Proto; charset=utf-8",
            "application/grpc-web+proto",
        ),
    ] {
        let request = post("/t.T/Unary", asked, frame(b""));
        let response = Scripted::default().router().handle(request).await;
        assert_eq!(header(&response, "content-type"), Some(answered));
    }
}

#[tokio::test]
async fn an_error_is_in_the_body_with_its_details() {
    let status = Status {
        details: bytes::Bytes::from_static(b"\x08\x05"),
        ..Status::upstream(Code::NotFound, "no such\r\nthing")
    };
    let end = End {
        status,
        trailers: metadata(&[("x-ratio", "7")]),
    };
    let service = Scripted::new(Script::Replies(Metadata::new(), vec![], end));
    let response = service
        .router()
        .handle(request("/t.T/Unary", frame(b"")))
        .await;
    assert_eq!(response.status(), 200);
    let (data, lines) = split(&bytes(response).await);
    assert_eq!(data, b"");
    assert_eq!(
        lines,
        [
            "grpc-message:no such%0D%0Athing",
            "grpc-status-details-bin:CAU",
            "grpc-status:5",
            "x-ratio:7"
        ]
    );
}

#[tokio::test]
async fn what_is_broken_ends_in_a_trailers_frame_and_reaches_no_backend() {
    let service = Scripted::default();
    let two = [frame(b"a"), frame(b"b")].concat();
    let with_trailers = [&frame(b"a")[..], b"\x80\0\0\0\x00"].concat();
    let after = [&frame(b"a")[..], b"\0"].concat();
    for (body, code) in [
        (&b""[..], "12"),
        (&two, "12"),
        (&vec![0; 5_000_000], "12"), // a million empty messages
        (b"\x80\0\0\0\0", "13"),
        (&with_trailers, "13"),
        (&after, "13"),
        (b"\0\0\0\0\x09short", "13"),
        (b"\0\xff\xff\xff\xff", "8"),
        (b"\x7f\0\0\0\0", "13"),
        (b"\x01\0\0\0\0", "13"),
    ] {
        let request = request("/t.T/Unary", body.to_vec());
        assert_eq!(
            code_of(&service, request).await,
            code,
            "{:?}",
            body.get(..9)
        );
    }
    assert_eq!(
        code_of(&service, request("/t.T/Nope", frame(b""))).await,
        "12"
    );
    let mut late = request("/t.T/Unary", frame(b""));
    late.headers_mut()
        .insert("grpc-timeout", HeaderValue::from_static("-1S"));
    assert_eq!(code_of(&service, late).await, "13");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_million_empty_messages_pass_one_by_one_where_they_may() {
    let service = Scripted::default();
    let response = service
        .router()
        .handle(request("/t.T/Client", vec![0; 5 * 100_000]))
        .await;
    drop(response);
    assert_eq!(service.last().requests.len(), 100_000);
}

#[tokio::test]
async fn messages_that_are_ready_together_leave_together() {
    let service = Scripted::new(Script::Replies(
        Metadata::new(),
        vec![b"0123456789"; 1000],
        Status::ok().into(),
    ));
    let response = service
        .router()
        .handle(request("/t.T/Server", frame(b"")))
        .await;
    let mut body = response.into_body();
    let (mut chunks, mut all) = (0, Vec::new());
    while let Some(chunk) = body.frame().await {
        chunks += 1;
        all.extend_from_slice(&chunk.unwrap().into_data().unwrap());
    }
    assert_eq!(chunks, 1);
    let (data, lines) = split(&all);
    assert_eq!(data, frame(b"0123456789").repeat(1000));
    assert_eq!(lines, ["grpc-status:0"]);
}

#[tokio::test]
async fn a_message_does_not_wait_for_the_next_one() {
    let service = Scripted::new(Script::Stall);
    let response = service
        .router()
        .handle(request("/t.T/Server", frame(b"")))
        .await;
    let chunk = response
        .into_body()
        .frame()
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .unwrap();
    assert_eq!(chunk, frame(b""));
}

#[tokio::test]
async fn a_unary_answer_without_exactly_one_message_is_no_ok() {
    for messages in [vec![], vec![&b"a"[..]; 2]] {
        let service = Scripted::new(Script::Replies(
            Metadata::new(),
            messages,
            Status::ok().into(),
        ));
        assert_eq!(
            code_of(&service, request("/t.T/Unary", frame(b""))).await,
            "12"
        );
    }
}

/// Undoes base64 that may be padded anywhere.
fn untexted(text: &[u8]) -> Vec<u8> {
    let mut decoder = text::TextDecoder::default();
    let plain = decoder.decode(text);
    decoder.finish().unwrap();
    plain.to_vec()
}

#[tokio::test]
async fn the_text_form_is_base64_both_ways_with_padding_anywhere() {
    let service = Scripted::default();
    let encode = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
    let message = frame(b"hello");
    // The envelope and its payload flushed apart: padding stands in the middle.
    let padded = [encode(&message[..5]), encode(&message[5..])].concat();
    assert!(padded[..padded.len() - 4].contains('='));
    for body in [encode(&message), padded] {
        let request = post("/t.T/Unary", "application/grpc-web-text", body);
        let response = service.router().handle(request).await;
        let content_type = header(&response, "content-type");
        assert_eq!(content_type, Some("application/grpc-web-text"));
        let (data, lines) = split(&untexted(&bytes(response).await));
        assert_eq!(data, message);
        assert_eq!(lines, ["grpc-status:0"]);
        let seen = service.last().requests;
        assert_eq!(seen, [Ok(Message::from_payload(b"hello"))]);
    }
}

#[tokio::test]
async fn the_answer_has_the_form_that_accept_names_or_else_the_requests() {
    const TEXT: &str = "application/grpc-web-text+proto";
    const BINARY: &str = "application/grpc-web+proto";
    for (asked, accept, answered) in [
        (TEXT, None, TEXT),
        (TEXT, Some("*/*"), TEXT),
        (TEXT, Some("application/grpc-web+proto"), BINARY),
        (BINARY, Some("application/grpc-web-text"), TEXT),
        (BINARY, Some("Application/gRPC-Web-Text;q=1, */*"), TEXT),
        (BINARY, Some("application/grpc-web"), BINARY),
        (BINARY, Some("application/grpc-web-text;q=0, */*"), BINARY),
        (
            TEXT,
            Some("application/grpc-web, application/grpc-web-text"),
            TEXT,
        ),
        (
            "application/grpc-web+json",
            Some("application/grpc-web-text"),
            "application/grpc-web+json",
        ),
    ] {
        let body = match asked {
            TEXT => base64_simd::STANDARD.encode_to_string(frame(b"")),
            _ => String::from_utf8(frame(b"")).unwrap(),
        };
        let mut request = post("/t.T/Server", asked, body);
        if let Some(accept) = accept {
            let accept = HeaderValue::from_static(accept);
            request.headers_mut().insert("accept", accept);
        }
        let response = Scripted::default().router().handle(request).await;
        let content_type = header(&response, "content-type");
        assert_eq!(content_type, Some(answered), "{asked} {accept:?}");
        let body = bytes(response).await;
        let body = if answered == TEXT {
            untexted(&body)
        } else {
            body
        };
        assert_eq!(split(&body).1, ["grpc-status:0"]);
    }
}

#[tokio::test]
async fn text_that_is_none_is_internal_in_text() {
    let service = Scripted::default();
    for body in ["*", "AAAA*", "AAAAA", "AAAAAAA", "AAAA-_==", "AAAAAAI=AQ"] {
        for path in ["/t.T/Unary", "/t.T/Bidi"] {
            let request = post(path, "application/grpc-web-text", body);
            let response = service.router().handle(request).await;
            assert_eq!(response.status(), 200);
            let (data, lines) = split(&untexted(&bytes(response).await));
            assert_eq!(data, b"", "{body}");
            assert!(lines.contains(&"grpc-status:13".to_owned()), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_text_message_does_not_wait_for_the_next_one() {
    let service = Scripted::new(Script::Stall);
    let body = base64_simd::STANDARD.encode_to_string(frame(b""));
    let request = post("/t.T/Server", "application/grpc-web-text", body);
    let mut body = service.router().handle(request).await.into_body();
    let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(chunk, "AAAAAAA=");
}

#[tokio::test]
async fn json_messages_are_transcoded_in_their_envelopes() {
    let service = Scripted::default();
    for path in ["/t.T/Unary", "/t.T/Server", "/t.T/Client", "/t.T/Bidi"] {
        let body = frame(br#"{"name": "a", "size": 3}"#);
        let request = post(path, "application/grpc-web+json", body);
        let response = service.router().handle(request).await;
        let content_type = header(&response, "content-type");
        assert_eq!(content_type, Some("application/grpc-web+json"));
        let (data, lines) = split(&bytes(response).await);
        assert_eq!(data, frame(br#"{"name":"a","size":"3"}"#), "{path}");
        assert_eq!(lines, ["grpc-status:0"]);
        let seen = service.last();
        assert_eq!(
            seen.requests,
            [Ok(Message::from_payload(b"\x0a\x01a\x10\x03"))]
        );
        assert_eq!(seen.encodings, call::Encodings::default());
    }
    for body in [&b"{"[..], br#"{"nmae":"a"}"#, b"\xff"] {
        let request = post("/t.T/Unary", "application/grpc-web+json", frame(body));
        let response = service.router().handle(request).await;
        let (data, lines) = split(&bytes(response).await);
        assert_eq!(data, b"");
        assert!(lines.contains(&"grpc-status:3".to_owned()), "{lines:?}");
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn compressed_json_is_opened() {
    let service = Scripted::default();
    let body = compressed(call::Coding::Gzip, br#"{"name":"a"}"#);
    let mut request = post("/t.T/Unary", "application/grpc-web+json", body);
    let gzip = HeaderValue::from_static("gzip");
    request.headers_mut().insert("grpc-encoding", gzip);
    let response = service.router().handle(request).await;
    assert_eq!(header(&response, "grpc-encoding"), None);
    assert_eq!(split(&bytes(response).await).0, frame(br#"{"name":"a"}"#));
    let seen = service.last();
    assert_eq!(seen.encodings.request, None);
    assert_eq!(seen.requests, [Ok(Message::from_payload(b"\x0a\x01a"))]);
}

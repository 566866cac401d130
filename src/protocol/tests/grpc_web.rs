//! gRPC-Web, binary.

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

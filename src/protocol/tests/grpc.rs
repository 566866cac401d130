//! Native gRPC.

use super::*;
use crate::call::{Accept, Coding};

fn request(path: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = post(path, "application/grpc", body);
    *request.version_mut() = http::Version::HTTP_2;
    request
}

async fn status_of(response: Response<Body>) -> (String, String) {
    let mut fields = response.headers().clone();
    if let Some(trailers) = response.into_body().collect().await.unwrap().trailers() {
        fields.extend(trailers.clone());
    }
    let text = |name: &str| {
        fields
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
            .to_owned()
    };
    (text("grpc-status"), text("grpc-message"))
}

async fn code_of(service: &Scripted, request: Request<Body>) -> String {
    let response = service.router().handle(request).await;
    assert_eq!(response.status(), 200);
    status_of(response).await.0
}

#[tokio::test]
async fn a_unary_call_passes_with_its_trailers() {
    let end = End {
        status: Status::ok(),
        trailers: metadata(&[("x-ratio", "7")]),
    };
    let service = Scripted::new(Script::Replies(
        metadata(&[("x-shard", "a")]),
        vec![b"hello"],
        end,
    ));
    let response = service
        .router()
        .handle(request("/t.T/Unary", frame(b"hi")))
        .await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), Some("application/grpc"));
    assert_eq!(header(&response, "x-shard"), Some("a"));
    assert_eq!(header(&response, "grpc-status"), None);
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "0");
    assert_eq!(trailers["x-ratio"], "7");
    assert_eq!(collected.to_bytes(), frame(b"hello"));
    let seen = service.last();
    assert_eq!(seen.path, "/t.T/Unary");
    assert_eq!(seen.requests, [Ok(Message::from_payload(b"hi"))]);
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented_in_one_headers_frame() {
    let response = Scripted::default()
        .router()
        .handle(request("/t.T/Nope", frame(b"")))
        .await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "grpc-status"), Some("12"));
    assert!(http_body::Body::is_end_stream(response.body()));
}

#[tokio::test]
async fn a_call_that_fails_at_once_is_trailers_only() {
    let end = Status::upstream(Code::NotFound, "no such thing: 100 %").into();
    let service = Scripted::new(Script::Replies(Metadata::new(), vec![], end));
    let response = service
        .router()
        .handle(request("/t.T/Unary", frame(b"")))
        .await;
    assert_eq!(header(&response, "grpc-status"), Some("5"));
    assert_eq!(
        header(&response, "grpc-message"),
        Some("no such thing: 100 %25")
    );
    assert!(http_body::Body::is_end_stream(response.body()));
}

#[tokio::test]
async fn a_unary_request_has_exactly_one_message() {
    let service = Scripted::default();
    let two = [frame(b"a"), frame(b"b")].concat();
    for path in ["/t.T/Unary", "/t.T/Server"] {
        assert_eq!(code_of(&service, request(path, "")).await, "12");
        assert_eq!(code_of(&service, request(path, two.clone())).await, "12");
    }
    assert_eq!(service.calls(), 0);
    assert_eq!(code_of(&service, request("/t.T/Client", "")).await, "0");
    assert_eq!(code_of(&service, request("/t.T/Client", two)).await, "0");
    assert_eq!(service.last().requests.len(), 2);
}

#[tokio::test]
async fn broken_frames_reach_no_backend_as_messages() {
    let service = Scripted::default();
    for (frame, code) in [
        (&b"\0\0\0\0\x09short"[..], "13"),
        (b"\0\0\0", "13"),
        (b"\0\xff\xff\xff\xff", "8"),
        (b"\x02\0\0\0\0", "13"),
        (b"\x80\0\0\0\0", "13"),
        (b"\x01\0\0\0\0", "13"), // compressed, but grpc-encoding is absent
    ] {
        assert_eq!(
            code_of(&service, request("/t.T/Unary", frame)).await,
            code,
            "{frame:?}"
        );
        assert_eq!(service.calls(), 0);
        assert_eq!(
            code_of(&service, request("/t.T/Bidi", frame)).await,
            code,
            "{frame:?}"
        );
        assert!(service.last().requests.iter().all(Result::is_err));
    }
}

#[tokio::test]
async fn compression_is_passed_on_as_it_is() {
    let service = Scripted::default();
    let message = compressed(Coding::Gzip, b"\x0a\x02zz");
    let mut request = request("/t.T/Unary", message);
    request
        .headers_mut()
        .insert("grpc-encoding", HeaderValue::from_static("gzip"));
    request
        .headers_mut()
        .insert("grpc-accept-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(code_of(&service, request).await, "0");
    let seen = service.last();
    assert_eq!(seen.encodings.request.unwrap().coding, Coding::Gzip);
    let Accept::Passed(codings) = seen.encodings.accept else {
        panic!("{:?}", seen.encodings)
    };
    assert_eq!(codings.value(), "gzip");
    assert!(seen.requests[0].as_ref().unwrap().is_compressed());
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_read_capped_and_kept() {
    let service = Scripted::default();
    for (given, left) in [("2S", 2), ("9H", 300)] {
        let mut request = request("/t.T/Unary", frame(b""));
        request
            .headers_mut()
            .insert("grpc-timeout", HeaderValue::from_static(given));
        assert_eq!(code_of(&service, request).await, "0");
        assert_eq!(service.last().deadline, Some(Duration::from_secs(left)));
    }
    for (given, code) in [("soon", "13"), ("0S", "4")] {
        let mut request = request("/t.T/Unary", frame(b""));
        request
            .headers_mut()
            .insert("grpc-timeout", HeaderValue::from_static(given));
        assert_eq!(code_of(&service, request).await, code);
        assert_eq!(service.calls(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_given_up_at_the_deadline() {
    let service = Scripted::default();
    let never = Body::from_stream(futures_util::stream::pending::<
        Result<bytes::Bytes, Infallible>,
    >());
    assert_eq!(code_of(&service, request("/t.T/Unary", never)).await, "4");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_malformed_binary_value_is_internal() {
    let service = Scripted::default();
    let mut request = request("/t.T/Unary", frame(b""));
    request
        .headers_mut()
        .insert("x-key-bin", HeaderValue::from_static("***"));
    assert_eq!(code_of(&service, request).await, "13");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_reply_message_over_the_limit_ends_the_call() {
    let service = Scripted::new(Script::Replies(
        Metadata::new(),
        vec![b"four", b"fives", b"four"],
        Status::ok().into(),
    ));
    let mut options = Options::default();
    options.limits.response_message = 4;
    let response = service
        .router_with(options)
        .handle(request("/t.T/Server", frame(b"")))
        .await;
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "8");
    assert_eq!(collected.to_bytes(), frame(b"four"));
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_ends_and_cancels_the_call() {
    let service = Scripted::new(Script::Stall);
    let response = service
        .router()
        .handle(request("/t.T/Server", frame(b"")))
        .await;
    assert_eq!(Arc::strong_count(&service.alive), 2); // here and in the reply
    assert_eq!(status_of(response).await.0, "14");
    assert_eq!(Arc::strong_count(&service.alive), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_stream_that_is_silent_before_the_answer_ends() {
    let service = Scripted::new(Script::Hang);
    assert_eq!(
        code_of(&service, request("/t.T/Client", frame(b""))).await,
        "14"
    );
}

#[tokio::test]
async fn a_dropped_body_cancels_the_call() {
    let service = Scripted::new(Script::Stall);
    let response = service
        .router()
        .handle(request("/t.T/Server", frame(b"")))
        .await;
    let before = Arc::strong_count(&service.alive);
    drop(response);
    assert_eq!(Arc::strong_count(&service.alive), before - 1);
}

//! Server streams: a JSON value a line, errors told in band, downloads.

use std::time::Duration;

use super::*;
use crate::protocol::rest;

mod events;

fn streaming(messages: &'static [&'static str], status: Status) -> Gateway {
    Gateway::new(move |_, _| {
        let messages: Vec<_> = messages.iter().copied().map(named).collect();
        Ok(reply(&messages, status.clone()))
    })
}

#[tokio::test]
async fn a_stream_is_a_json_value_a_line() {
    let got = streaming(&["a", "b"], Status::ok()).get("/v1/watch").await;
    assert_eq!(
        (got.status.as_u16(), got.text()),
        (200, "{\"name\":\"a\"}\n{\"name\":\"b\"}\n")
    );
    assert_eq!(got.header("content-type"), Some("application/x-ndjson"));
    let empty = streaming(&[], Status::ok()).get("/v1/watch").await;
    assert_eq!((empty.status.as_u16(), empty.text()), (200, ""));
    let tags = Gateway::echo().get("/v1/watch/tags?tags=a&tags=b").await;
    assert_eq!(tags.text(), "[\"a\",\"b\"]\n");
}

#[tokio::test]
async fn a_status_without_a_body_is_none_for_a_stream() {
    for (code, expected) in [("201", 201), ("204", 200), ("205", 200), ("304", 200)] {
        let gateway = Gateway::new(move |_, _| {
            let messages = [named("a")];
            Ok(reply_with(
                &[("x-http-code", code)],
                &messages,
                Status::ok(),
                &[],
            ))
        });
        let got = gateway.get("/v1/watch").await;
        assert_eq!(
            (got.status.as_u16(), got.text()),
            (expected, "{\"name\":\"a\"}\n"),
            "{code}"
        );
    }
}

#[tokio::test]
async fn an_error_before_the_first_message_is_a_plain_one() {
    let got = streaming(&[], Status::upstream(Code::NotFound, "gone"))
        .get("/v1/watch")
        .await;
    assert_eq!(
        (got.status.as_u16(), got.text()),
        (404, r#"{"code":5,"message":"gone","details":[]}"#)
    );
    assert_eq!(got.header("content-type"), Some("application/json"));
    let broken = Gateway::new(|_, _| {
        Ok(reply(
            &[Message::from_payload(&[0x0a, 1, 0xff])],
            Status::ok(),
        ))
    });
    assert_eq!(broken.get("/v1/watch").await.status, 500);
}

#[tokio::test]
async fn an_error_after_it_is_the_last_line() {
    let got = streaming(&["a"], Status::upstream(Code::DataLoss, "lost"))
        .get("/v1/watch")
        .await;
    let expected =
        "{\"name\":\"a\"}\n{\"error\":{\"code\":15,\"message\":\"lost\",\"details\":[]}}\n";
    assert_eq!(
        (got.status.as_u16(), got.text(), got.aborted),
        (200, expected, false)
    );
    let own = streaming(&["a"], Status::upstream(Code::DataLoss, "lost"))
        .get("/v1/errors")
        .await;
    let expected =
        "{\"error\":\"a\"}\n{\"@error\":{\"code\":15,\"message\":\"lost\",\"details\":[]}}\n";
    assert_eq!(own.text(), expected);
    let broken = Gateway::new(|_, _| {
        Ok(reply(
            &[
                named("a"),
                Message::from_payload(&[0x0a, 1, 0xff]),
                named("b"),
            ],
            Status::ok(),
        ))
    });
    let got = broken.get("/v1/watch").await;
    let (first, rest) = got.text().split_once('\n').unwrap();
    assert_eq!(first, r#"{"name":"a"}"#);
    assert!(
        rest.starts_with(r#"{"error":{"code":13,"#) && rest.ends_with("}}\n"),
        "{rest}"
    );
}

fn accepting(path: &str, accept: &str) -> Request<Body> {
    with_header(request("GET", path, ""), "accept", accept)
}

/// What a stream of these messages with this end is for a client that accepts this.
async fn framed(
    options: Options,
    accept: &str,
    path: &str,
    messages: &'static [&'static str],
    status: Status,
) -> Got {
    let gateway = Gateway::with(options, move |_, _| {
        let messages: Vec<_> = messages.iter().copied().map(named).collect();
        Ok(reply(&messages, status.clone()))
    });
    gateway.send(accepting(path, accept)).await
}

fn rest_options(change: impl FnOnce(&mut rest::Options)) -> Options {
    let mut options = Options::default();
    change(&mut options.rest);
    options
}

#[tokio::test]
async fn accept_chooses_the_framing() {
    let two: &[&str] = &["a", "b"];
    let lines = "{\"name\":\"a\"}\n{\"name\":\"b\"}\n";
    let array = "[{\"name\":\"a\"},{\"name\":\"b\"}]";
    let events = "data: {\"name\":\"a\"}\n\ndata: {\"name\":\"b\"}\n\n";
    let enveloped = "{\"result\":{\"name\":\"a\"}}\n{\"result\":{\"name\":\"b\"}}\n";
    let plain = rest_options(|_| {});
    let arrays = rest_options(|rest| rest.stream = rest::StreamForm::Array);
    let results = rest_options(|rest| rest.envelope = rest::Envelope::Result);
    let rows = [
        (&plain, "*/*", "application/x-ndjson", lines, ""),
        (&plain, "application/jsonl", "application/jsonl", lines, ""),
        (
            &plain,
            "application/json, text/plain, */*",
            "application/json",
            array,
            "[]",
        ),
        (&plain, "text/event-stream", "text/event-stream", events, ""),
        (
            &plain,
            "text/event-stream;q=0.4, application/json;q=0.5",
            "application/json",
            array,
            "[]",
        ),
        (&arrays, "*/*", "application/json", array, "[]"),
        (
            &arrays,
            "application/x-ndjson",
            "application/x-ndjson",
            lines,
            "",
        ),
        (&results, "*/*", "application/json", enveloped, ""),
        (
            &results,
            "application/json",
            "application/json",
            enveloped,
            "",
        ),
        (
            &results,
            "application/x-ndjson",
            "application/x-ndjson",
            enveloped,
            "",
        ),
        (
            &results,
            "text/event-stream",
            "text/event-stream",
            events,
            "",
        ),
    ];
    for (options, accept, content_type, expected, empty) in rows {
        let got = framed(options.clone(), accept, "/v1/watch", two, Status::ok()).await;
        assert_eq!(
            (got.status.as_u16(), got.text(), got.aborted),
            (200, expected, false),
            "{accept}"
        );
        assert_eq!(got.header("content-type"), Some(content_type), "{accept}");
        let none = framed(options.clone(), accept, "/v1/watch", &[], Status::ok()).await;
        assert_eq!(
            (none.status.as_u16(), none.text(), none.aborted),
            (200, empty, false),
            "{accept}"
        );
        assert_eq!(none.header("content-type"), Some(content_type), "{accept}");
        let lost = Status::upstream(Code::NotFound, "gone");
        let error = framed(options.clone(), accept, "/v1/watch", &[], lost).await;
        assert_eq!(
            (
                error.status.as_u16(),
                error.header("content-type"),
                error.json()["code"].as_i64()
            ),
            (404, Some("application/json"), Some(5)),
            "{accept}"
        );
    }
    let got = framed(plain, "text/html", "/v1/watch", two, Status::ok()).await;
    assert_eq!(got.status, 406);
    for name in ["x-ndjson", "jsonl", "application/json", "event-stream"] {
        assert!(got.text().contains(name), "{}", got.text());
    }
}

#[tokio::test]
async fn a_stream_that_breaks_never_looks_like_a_success() {
    let plain = rest_options(|_| {});
    let results = rest_options(|rest| rest.envelope = rest::Envelope::Result);
    let status = r#"{"code":15,"message":"lost","details":[]}"#;
    let rows = [
        (
            &plain,
            "*/*",
            "/v1/watch",
            format!("{{\"name\":\"a\"}}\n{{\"error\":{status}}}\n"),
            false,
        ),
        (
            &plain,
            "*/*",
            "/v1/errors",
            format!("{{\"error\":\"a\"}}\n{{\"@error\":{status}}}\n"),
            false,
        ),
        (
            &plain,
            "application/json",
            "/v1/watch",
            format!("[{{\"name\":\"a\"}},{{\"error\":{status}}}"),
            true,
        ),
        (
            &plain,
            "application/json",
            "/v1/errors",
            format!("[{{\"error\":\"a\"}},{{\"@error\":{status}}}"),
            true,
        ),
        (
            &plain,
            "text/event-stream",
            "/v1/watch",
            format!("data: {{\"name\":\"a\"}}\n\nevent: error\ndata: {status}\n\n"),
            false,
        ),
        (
            &results,
            "*/*",
            "/v1/watch",
            format!("{{\"result\":{{\"name\":\"a\"}}}}\n{{\"error\":{status}}}\n"),
            false,
        ),
        (
            &results,
            "*/*",
            "/v1/errors",
            format!("{{\"result\":{{\"error\":\"a\"}}}}\n{{\"error\":{status}}}\n"),
            false,
        ),
    ];
    for (options, accept, path, expected, aborted) in rows {
        let lost = Status::upstream(Code::DataLoss, "lost");
        let got = framed(options.clone(), accept, path, &["a"], lost).await;
        assert_eq!(
            (got.status.as_u16(), got.text(), got.aborted),
            (200, &*expected, aborted),
            "{accept}"
        );
    }
    // A message that cannot be shown, and one above the limit, break it as well.
    let too_long: &'static str = Box::leak("x".repeat(100).into_boxed_str());
    for (broken, code) in [
        (Message::from_payload(&[0x0a, 1, 0xff]), 13),
        (named(too_long), 8),
    ] {
        let mut options = Options::default();
        options.limits.response_message = 50;
        let gateway = Gateway::with(options, move |_, _| {
            Ok(reply(
                &[named("a"), broken.clone(), named("b")],
                Status::ok(),
            ))
        });
        let got = gateway
            .send(accepting("/v1/watch", "application/json"))
            .await;
        let expected = format!("[{{\"name\":\"a\"}},{{\"error\":{{\"code\":{code},");
        assert!(
            got.aborted && got.text().starts_with(&expected),
            "{}",
            got.text()
        );
        assert!(got.text().ends_with("}}"), "{}", got.text());
    }
}

#[tokio::test]
async fn an_item_that_can_have_any_key_leaves_error_to_itself() {
    // {"error": true} as a Struct.
    let item = Message::from_payload(b"\x0a\x0b\x0a\x05error\x12\x02\x20\x01");
    let gateway = Gateway::new(move |_, _| {
        let lost = Status::upstream(Code::DataLoss, "lost");
        Ok(reply(std::slice::from_ref(&item), lost))
    });
    let got = gateway.get("/v1/objects").await;
    let expected =
        "{\"error\":true}\n{\"@error\":{\"code\":15,\"message\":\"lost\",\"details\":[]}}\n";
    assert_eq!(got.text(), expected);
}

#[tokio::test]
async fn a_download_is_its_pieces_and_breaks_off_with_its_call() {
    let piece = |content_type: &str, data: &str| {
        let head = super::super::http_body::head(content_type, data.as_bytes());
        Message::from_payload(&[&head, data.as_bytes()].concat())
    };
    for (status, aborted) in [
        (Status::ok(), false),
        (Status::upstream(Code::DataLoss, "lost"), true),
    ] {
        let gateway = Gateway::new(move |_, _| {
            Ok(reply(
                &[
                    piece("text/csv", "a,"),
                    piece("", "b"),
                    piece("text/html", "\n"),
                ],
                status.clone(),
            ))
        });
        let got = gateway.get("/v1/download").await;
        assert_eq!(
            (got.status.as_u16(), got.text(), got.aborted),
            (200, "a,b\n", aborted)
        );
        assert_eq!(got.header("content-type"), Some("text/csv"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_does_not_wait_for_the_next_one() {
    let gateway = Gateway::new(|_, _| {
        let slow = futures_util::StreamExt::then(stream::iter(["a", "b"]), |name| async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Answer::Message(named(name))
        });
        let end = stream::iter([Answer::End(Status::ok().into())]);
        let replies = Replies::new(futures_util::StreamExt::chain(slow, end));
        Ok(Reply {
            metadata: Metadata::new(),
            encoding: None,
            replies,
        })
    });
    let began = tokio::time::Instant::now();
    let mut body = gateway
        .router
        .handle(request("GET", "/v1/watch", ""))
        .await
        .into_body();
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        frames.push((
            began.elapsed().as_secs(),
            frame.unwrap().into_data().unwrap(),
        ));
    }
    let expected = [
        (10, Bytes::from("{\"name\":\"a\"}\n")),
        (20, Bytes::from("{\"name\":\"b\"}\n")),
    ];
    assert_eq!(frames, expected);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_silent_is_ended() {
    let gateway = Gateway::new(|_, _| {
        Ok(Reply {
            metadata: Metadata::new(),
            encoding: None,
            replies: Replies::new(stream::pending()),
        })
    });
    let got = gateway.get("/v1/watch").await;
    assert_eq!(got.status, 503, "{}", got.text());
}

/// A backend that never begins to answer.
#[derive(Clone)]
struct Mute;

impl Service for Mute {
    async fn call(&self, _: Call) -> Result<Reply, Status> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_begins_is_ended() {
    let serving = Serving::new(schema(), Mute, Options::default().into());
    let router = Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default());
    let response = router.handle(request("GET", "/v1/watch", "")).await;
    assert_eq!(response.status(), 503);
}

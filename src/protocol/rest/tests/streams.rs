//! Server streams: a JSON value a line, errors told in band, downloads.

use std::time::Duration;

use super::*;

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

#[tokio::test]
async fn what_is_not_available_yet_says_what_is() {
    let gateway = streaming(&["a"], Status::ok());
    for accept in ["application/json", "text/event-stream"] {
        let got = gateway
            .send(with_header(
                request("GET", "/v1/watch", ""),
                "accept",
                accept,
            ))
            .await;
        assert_eq!(got.status, 406);
        assert!(
            got.text().contains("application/x-ndjson"),
            "{}",
            got.text()
        );
    }
    let got = gateway.post("/v1/collect", "{}").await;
    assert_eq!(
        (got.status.as_u16(), got.json()["code"].as_i64()),
        (501, Some(12))
    );
    assert!(got.text().contains("gRPC"), "{}", got.text());
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn a_download_is_its_pieces_and_breaks_off_with_its_call() {
    let piece = |content_type: &str, data: &str| {
        let mut wire = Vec::new();
        super::super::http_body::write(content_type, data.as_bytes(), &mut wire);
        Message::from_payload(&wire)
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

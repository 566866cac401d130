//! Server-sent events: what their head says, and how they outlast silence.

use super::*;

#[tokio::test]
async fn events_tell_proxies_to_let_them_through_and_where_they_stand() {
    let gateway = Gateway::new(|call, _| {
        let back = call
            .metadata
            .get("last-event-id")
            .map(|id| id.to_str().unwrap());
        assert_eq!(back, Some("41"));
        let head = [("last-event-id", "42")];
        let messages = [named("a")];
        Ok(reply_with(
            &head,
            &messages,
            Status::ok(),
            &[("last-event-id", "43")],
        ))
    });
    let request = with_header(
        accepting("/v1/watch", "text/event-stream"),
        "last-event-id",
        "41",
    );
    let got = gateway.send(request).await;
    assert_eq!(got.header("cache-control"), Some("no-cache"));
    assert_eq!(got.header("x-accel-buffering"), Some("no"));
    assert_eq!(got.text(), "id: 42\n\ndata: {\"name\":\"a\"}\n\nid: 43\n\n");
    // 204 is how a server tells an EventSource not to come back.
    let gateway = Gateway::new(|_, _| {
        Ok(reply_with(
            &[("x-http-code", "204")],
            &[],
            Status::ok(),
            &[],
        ))
    });
    let got = gateway
        .send(accepting("/v1/watch", "text/event-stream"))
        .await;
    assert_eq!((got.status.as_u16(), got.text()), (204, ""));
}

#[tokio::test(start_paused = true)]
async fn events_are_kept_alive_and_silence_still_ends_them() {
    let quiet = || {
        Gateway::new(|_, _| {
            Ok(Reply {
                metadata: Metadata::new(),
                encoding: None,
                replies: Replies::new(stream::pending()),
            })
        })
    };
    let began = tokio::time::Instant::now();
    let response = quiet()
        .router
        .handle(accepting("/v1/watch", "text/event-stream"))
        .await;
    // The head waits for the first message only as long as nobody has to be told of the silence.
    assert_eq!(
        (response.status().as_u16(), began.elapsed().as_secs()),
        (200, 15)
    );
    let mut body = response.into_body();
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        frames.push((
            began.elapsed().as_secs(),
            String::from_utf8(data.to_vec()).unwrap(),
        ));
    }
    let (end, beats) = frames.split_last().unwrap();
    let expected: Vec<_> = (1..20).map(|n| (n * 15, ":\n\n".to_owned())).collect();
    assert_eq!(beats, expected);
    assert_eq!(end.0, 300, "comments win the stream no time");
    assert!(
        end.1.starts_with("event: error\ndata: {\"code\":14,"),
        "{}",
        end.1
    );
    // Other forms have nothing that could be said in silence.
    let got = quiet()
        .send(accepting("/v1/watch", "application/json"))
        .await;
    assert_eq!(got.status, 503);
}

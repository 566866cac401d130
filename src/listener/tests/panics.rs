//! Row R38: what answers panics while its body is read, which nothing here does.

use super::*;

/// Panics at the first look.
struct Panics;

impl http_body::Body for Panics {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("injected")
    }
}

#[tokio::test]
async fn row_r38_a_body_that_panics_ends_its_stream_and_neither_its_neighbours_nor_the_process() {
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    };
    let service = |request: Request<Incoming>| async move {
        Ok(Response::new(match request.uri().path() {
            "/panics" => Body::new(Panics),
            _ => Body::from("short"),
        }))
    };
    let workers = Workers::start(NonZeroUsize::MIN).unwrap();
    let listener = bind(config).unwrap().serve(service, workers).unwrap();

    let mut sender = h2(&listener).await;
    let (panics, _) = sender.send_request(get("/panics"), true).unwrap();
    let reset = match panics.await {
        Ok(response) => {
            let read = response.into_body().data().await;
            read.expect("a stream without an end").unwrap_err()
        }
        Err(error) => error,
    };
    assert!(reset.is_reset(), "{reset:?}");
    // The same connection, then another: there is one worker, and it lives.
    for mut sender in [sender, h2(&listener).await] {
        let (short, _) = sender.send_request(get("/short"), true).unwrap();
        let mut body = short.await.unwrap().into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "short");
    }
    let mut broken = http1(&listener, "GET /panics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut all = Vec::new();
    let _ = broken.read_to_end(&mut all).await;
    let text = String::from_utf8(all).unwrap();
    assert!(!text.ends_with("0\r\n\r\n"), "{text:?} has an end");
}

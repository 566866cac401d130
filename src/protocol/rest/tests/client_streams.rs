//! Client streams and conversations: how bodies are cut, what the first message has, what breaks.

use futures_util::StreamExt as _;

use super::*;

/// A backend that takes every message, then answers: `name` is a text of all it got, `number` their
/// count. A conversation gets every message back as it comes.
#[derive(Clone, Default)]
pub(super) struct Taker {
    /// The payloads, and how the requests ended.
    pub(super) taken: Arc<Mutex<Vec<Bytes>>>,
    broken: Arc<Mutex<Option<Status>>>,
    metadata: Arc<Mutex<Option<Metadata>>>,
}

impl Service for Taker {
    async fn call(&self, call: Call) -> Result<Reply, Status> {
        *self.metadata.lock().unwrap() = Some(call.metadata);
        let mut requests = call.requests;
        if call.method.name == "Converse" {
            let answers = requests.map(|message| match message {
                Ok(message) => Answer::Message(message),
                Err(status) => Answer::End(status.into()),
            });
            let end = stream::iter([Answer::End(Status::ok().into())]);
            return Ok(Reply {
                metadata: Metadata::new(),
                encoding: None,
                replies: Replies::new(answers.chain(end)),
            });
        }
        while let Some(message) = requests.next().await {
            match message {
                Ok(message) => self.taken.lock().unwrap().push(message.payload()),
                Err(status) => {
                    *self.broken.lock().unwrap() = Some(status.clone());
                    return Err(status);
                }
            }
        }
        Ok(reply(&[named("done")], Status::ok()))
    }
}

impl Taker {
    pub(super) fn router(&self, options: Options) -> Router<Self> {
        let serving = Serving::new(schema(), self.clone(), options.into());
        Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default())
    }

    /// The messages as the schema's JSON.
    fn json(&self, message: &str) -> Vec<String> {
        let schema = schema();
        let plans = schema.plans();
        let plan = plans.find(message).unwrap();
        let taken = self.taken.lock().unwrap();
        let text = |wire: &Bytes| {
            let mut json = Vec::new();
            let print = crate::transcode::PrintOptions::default();
            let mut scratch = crate::transcode::Scratch::default();
            plans
                .to_json(plan, wire, &print, &mut scratch, &mut json)
                .unwrap();
            String::from_utf8(json).unwrap()
        };
        taken.iter().map(text).collect()
    }
}

pub(super) async fn collected(response: http::Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A body of these chunks, which has no length.
pub(super) fn chunked(chunks: &[&[u8]]) -> Body {
    let chunks: Vec<_> = chunks.iter().map(|c| Bytes::copy_from_slice(c)).collect();
    Body::from_stream(stream::iter(
        chunks.into_iter().map(Ok::<_, std::convert::Infallible>),
    ))
}

/// Sends a body to the taker: the answer, and the messages that came.
async fn upload(
    verb: &str,
    uri: &str,
    content_type: &str,
    body: Body,
) -> (u16, String, Vec<String>) {
    let taker = Taker::default();
    let mut request = request(verb, uri, body);
    if !content_type.is_empty() {
        request = with_header(request, "content-type", content_type);
    }
    let response = taker.router(Options::default()).handle(request).await;
    let (status, text) = collected(response).await;
    let message = if uri.contains("/keep") {
        "rest.v1.File"
    } else if uri.contains("/stash") {
        "google.api.HttpBody"
    } else {
        "rest.v1.All"
    };
    (status, text, taker.json(message))
}

#[tokio::test]
async fn a_body_is_cut_into_messages_however_it_is_written() {
    let expected = [r#"{"name":"a"}"#, r#"{"name":"b","tags":["]"]}"#, "{}"];
    let lines = "{\"name\":\"a\"}\n{\"name\":\"b\",\"tags\":[\"]\"]}\r\n{}\n";
    let rows = [
        ("application/x-ndjson", lines.to_owned()),
        ("application/jsonl; charset=utf-8", lines.to_owned()),
        ("application/json", lines.to_owned()),
        ("", lines.to_owned()),
        ("application/json", expected.concat()),
        (
            "application/json",
            format!(" [ {} ] ", expected.join(" ,\n")),
        ),
        ("", format!("[{}]", expected.join(","))),
    ];
    for (content_type, text) in rows {
        let whole = upload(
            "POST",
            "/v1/collect",
            content_type,
            Body::from(text.clone()),
        )
        .await;
        assert_eq!((whole.0, &*whole.1), (200, r#"{"name":"done"}"#), "{text}");
        assert_eq!(whole.2, expected, "{content_type} {text}");
        for place in 0..=text.len() {
            let (start, end) = text.as_bytes().split_at(place);
            let cut = upload("POST", "/v1/collect", content_type, chunked(&[start, end])).await;
            assert_eq!(cut, whole, "cut at {place}");
        }
    }
    for (content_type, text) in [
        ("", ""),
        ("application/x-ndjson", "\n"),
        ("application/json", "[]"),
    ] {
        let got = upload("POST", "/v1/collect", content_type, Body::from(text)).await;
        assert_eq!((got.0, got.2.len()), (200, 0), "{text}");
    }
}

#[tokio::test]
async fn the_url_is_bound_to_the_first_message_alone() {
    let rows = [
        (
            "POST",
            "/v1/collect/p?number=1",
            r#"{"name":"a","number":5}{"name":"b"}{}"#,
            &[r#"{"name":"p","number":5}"#, r#"{"name":"b"}"#, "{}"][..],
        ),
        (
            "PUT",
            "/v1/collect/p/child?number=1&child.name=x",
            r#"[{"name":"a"},{"name":"b"}]"#,
            &[
                r#"{"name":"p","number":1,"child":{"name":"a"}}"#,
                r#"{"child":{"name":"b"}}"#,
            ],
        ),
        // A field that is a list: an array is around the messages, or they are lines.
        (
            "PUT",
            "/v1/collect/p/tags?tags=x",
            r#"[["a","b"],[],["c"]]"#,
            &[
                r#"{"name":"p","tags":["a","b"]}"#,
                "{}",
                r#"{"tags":["c"]}"#,
            ],
        ),
        (
            "GET",
            "/v1/collect/p?number=1",
            "",
            &[r#"{"name":"p","number":1}"#],
        ),
    ];
    for (verb, uri, body, expected) in rows {
        let got = upload(verb, uri, "", Body::from(body)).await;
        assert_eq!(
            (got.0, got.2),
            (200, expected.iter().map(|s| (*s).to_owned()).collect()),
            "{uri}"
        );
    }
    let lines = upload(
        "PUT",
        "/v1/collect/p/tags",
        "application/x-ndjson",
        Body::from("[\"a\"]\n[\"b\"]\n"),
    );
    assert_eq!(
        lines.await.2,
        [r#"{"name":"p","tags":["a"]}"#, r#"{"tags":["b"]}"#]
    );
    // What is wrong with the URL costs the backend nothing.
    let taker = Taker::default();
    let request = request("PUT", "/v1/collect/p/child?number=x", "{}");
    let got = collected(taker.router(Options::default()).handle(request).await).await;
    assert!(
        got.0 == 400 && got.1.contains("\"field\":\"number\""),
        "{}",
        got.1
    );
    assert!(taker.metadata.lock().unwrap().is_none(), "no call was made");
}

#[tokio::test]
async fn a_broken_message_is_told_by_its_place_and_cancels_the_call() {
    let long = format!(r#"{{}}{{"name":"{}"}}"#, "x".repeat(200));
    let zeros = format!(
        "{{}}{{\"times\":[{}]}}",
        ["\"1970-01-01T00:00:00Z\""; 3].join(",")
    );
    let rows = [
        ("/v1/collect", r#"{}{}{"name":1}"#, 400, "[2].name"),
        (
            "/v1/collect",
            r#"{"child":{"tags":["a",2]}}"#,
            400,
            "[0].child.tags[1]",
        ),
        ("/v1/collect", "{}{\"nmae\":1}", 400, "[1].nmae"),
        ("/v1/collect", "{} x", 400, "[1]"),
        ("/v1/collect", "{},{}", 400, "[1]"),
        ("/v1/collect", "[{},{}", 400, "[2]"),
        ("/v1/collect", "[{}] {}", 400, "[1]"),
        ("/v1/collect", "{}{\"name\":", 400, "[1]"),
        ("/v1/collect", "{}\"\u{ff}\"", 400, "[1]"),
        (
            "/v1/collect/p/child",
            "{}{\"number\":\"x\"}",
            400,
            "[1].child.number",
        ),
        ("/v1/collect/p/child", "{} 7", 400, "[1].child"),
        ("/v1/collect", &long, 413, "[1]"),
        ("/v1/collect", &zeros, 200, ""),
    ];
    let mut options = Options::default();
    options.limits.request_message = 100;
    for (uri, text, status, field) in rows {
        let taker = Taker::default();
        let verb = if uri.ends_with("child") {
            "PUT"
        } else {
            "POST"
        };
        let body = chunked(&text.as_bytes().chunks(7).collect::<Vec<_>>());
        let response = taker
            .router(options.clone())
            .handle(request(verb, uri, body))
            .await;
        let (found, answer) = collected(response).await;
        assert_eq!(found, status, "{text}: {answer}");
        if status == 200 {
            continue;
        }
        assert!(
            taker.broken.lock().unwrap().is_some(),
            "{text}: the call goes on"
        );
        let json: serde_json::Value = serde_json::from_str(&answer).unwrap();
        if status == 413 {
            assert!(
                json["message"].as_str().unwrap().starts_with(field),
                "{answer}"
            );
            assert_eq!(json["code"], 8, "{answer}");
        } else {
            let violation = &json["details"][0]["fieldViolations"][0];
            assert_eq!(violation["field"], field, "{text}: {answer}");
        }
    }
}

#[tokio::test]
async fn types_that_are_no_json_are_refused() {
    for (verb, uri, content_type) in [
        ("POST", "/v1/collect", "text/plain"),
        ("POST", "/v1/echo", "application/x-ndjson"),
    ] {
        let got = upload(verb, uri, content_type, Body::from("{}")).await;
        assert_eq!((got.0, got.2.len()), (415, 0), "{content_type}");
        let is_stream = uri == "/v1/collect";
        assert_eq!(got.1.contains("x-ndjson, application/jsonl"), is_stream);
    }
    // A body where the binding has none.
    assert_eq!(
        upload("GET", "/v1/collect/p", "", Body::from("{}")).await.0,
        400
    );
}

#[tokio::test]
async fn an_upload_is_cut_into_pieces_and_the_first_says_what_it_is() {
    for (uri, path) in [("/v1/stash", 0), ("/v1/keep/p", 3)] {
        let data: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let taker = Taker::default();
        let upload = with_header(
            request("POST", uri, chunked(&[&data[..100_000], &data[100_000..]])),
            "content-type",
            "image/png",
        );
        let (status, answer) =
            collected(taker.router(Options::default()).handle(upload).await).await;
        assert_eq!(status, 200, "{answer}");
        let taken = taker.taken.lock().unwrap().clone();
        assert_eq!(taken.len(), 4);
        assert!(taken.iter().all(|message| message.len() <= 64 << 10));
        let schema = schema();
        let place = match uri {
            "/v1/stash" => super::super::http_body::Place::whole(),
            _ => {
                let plans = schema.plans();
                let file = plans.find("rest.v1.File").unwrap();
                let field = plans.field_path(file, "file").unwrap();
                let mut scratch = crate::transcode::Scratch::default();
                super::super::http_body::Place::of(plans, &field, &mut scratch).unwrap()
            }
        };
        let mut all = Vec::new();
        for (index, message) in taken.iter().enumerate() {
            let body = place.read(message).unwrap();
            let mut headers = HeaderMap::new();
            body.describe(&mut headers);
            let expected = if index == 0 {
                "image/png"
            } else {
                "application/octet-stream"
            };
            assert_eq!(headers["content-type"], expected);
            all.extend_from_slice(&body.data);
            assert_eq!(message.ends_with(b"\x0a\x01p"), index == 0 && path > 0);
        }
        assert_eq!(all, data);
    }
    let empty = upload("POST", "/v1/keep/p", "text/plain", Body::empty()).await;
    assert_eq!(
        empty.2,
        [r#"{"name":"p","file":{"contentType":"text/plain"}}"#]
    );
}

#[tokio::test]
async fn a_conversation_goes_both_ways_at_once() {
    let (send, receive) =
        tokio::sync::mpsc::unbounded_channel::<Result<Bytes, std::convert::Infallible>>();
    let receive = tokio_stream::wrappers::UnboundedReceiverStream::new(receive);
    let router = Taker::default().router(Options::default());
    let request = request("POST", "/v1/converse", Body::from_stream(receive));
    let say = |text: &'static str| send.send(Ok(Bytes::from(text))).unwrap();
    say("{\"name\":\"a\"}");
    let mut body = router.handle(request).await.into_body();
    let mut next = async || {
        let frame = body.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    };
    assert_eq!(next().await.unwrap(), "{\"name\":\"a\"}\n");
    say("{\"na");
    say("me\":\"b\"}{\"name\":\"c\"}");
    assert_eq!(
        next().await.unwrap(),
        "{\"name\":\"b\"}\n{\"name\":\"c\"}\n"
    );
    say("{\"number\":\"x\"}");
    let error = next().await.unwrap();
    assert!(
        error.starts_with("{\"error\":{\"code\":3,\"message\":\"[3].number: "),
        "{error}"
    );
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_conversation_that_begins_with_a_mistake_is_a_plain_error() {
    let router = Taker::default().router(Options::default());
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(5 << 20));
    for (text, status) in [("{\"x\":1}", 400), (&*long, 413)] {
        let request = request("POST", "/v1/converse", text.to_owned());
        let (found, answer) = collected(router.handle(request).await).await;
        assert_eq!(found, status, "{answer}");
        assert!(answer.contains("[0]"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_more_is_given_up() {
    for uri in ["/v1/collect", "/v1/converse"] {
        let began = tokio::time::Instant::now();
        // A byte now and then is no message.
        let trickle = stream::repeat(()).then(|()| async {
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            Ok::<_, std::convert::Infallible>(Bytes::from(" "))
        });
        let body = Body::from_stream(stream::iter([Ok(Bytes::from("{"))]).chain(trickle));
        let router = Taker::default().router(Options::default());
        let (status, answer) = collected(router.handle(request("POST", uri, body)).await).await;
        assert_eq!((status, began.elapsed().as_secs()), (503, 300), "{answer}");
    }
}

#[tokio::test]
async fn nothing_is_read_before_the_backend_takes_it() {
    /// Takes two messages, then no more.
    #[derive(Clone)]
    struct Lazy;
    impl Service for Lazy {
        async fn call(&self, call: Call) -> Result<Reply, Status> {
            let mut requests = call.requests;
            requests.next().await.unwrap()?;
            requests.next().await.unwrap()?;
            Err(Status::upstream(Code::ResourceExhausted, "enough"))
        }
    }
    let read = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let reading = Arc::clone(&read);
    let body = Body::from_stream(stream::repeat(()).take(1000).map(move |()| {
        reading.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::convert::Infallible>(Bytes::from("{}"))
    }));
    let serving = Serving::new(schema(), Lazy, Options::default().into());
    let router = Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default());
    let response = router.handle(request("POST", "/v1/collect", body)).await;
    // What is left is read by nobody but the one who throws it away, in a task of its own.
    assert_eq!(read.load(std::sync::atomic::Ordering::Relaxed), 2);
    let (status, answer) = collected(response).await;
    assert!(status == 429 && answer.contains("enough"), "{answer}");
}

//! What a worker uses again from request to request tells nothing from one to the next: whatever
//! came before on its thread, failures in the middle included, an answer is the one that a fresh
//! thread gives.

use proptest::prelude::*;

use super::*;

/// Pieces that queries, forms and JSON are made of: right, wrong, and broken in the middle.
const PAIRS: [&str; 36] = [
    "name=x",
    "name=y",
    "tags=a",
    "tags=b",
    "number=1",
    "number=x",
    "child.number=5",
    "child.number=99999999999",
    "child.child.name=z",
    "child.child.number=",
    "labels[k]=v",
    "labels[k]=w",
    "labels[%zz]=v",
    "labels=v",
    "labels[",
    "nope=1",
    "child.nope=1",
    "child=1",
    "%zz=1",
    "name=%zz",
    "name=%ff",
    "name=%00",
    "=",
    "",
    "child.child.child.child.child.tags=q",
    "object=%7B%22a%22:1%7D",
    "object=%7B%22a%22:",
    "mask=a.b,c",
    "mask=a..b",
    "time=1970-01-01T00:00:00Z",
    "time=never",
    "text=t",
    "count=1",
    "data=AAEC",
    "data=%3D%3D%3D",
    "numbers=1",
];

const JSON: [&str; 12] = [
    r#"{"name":"x"}"#,
    r#"{"name":"x","name":"y"}"#,
    r#"{"child":{"child":{"child":{"number":"x"}}}}"#,
    r#"{"child":{"child":{"name":"deep"}}}"#,
    r#"{"labels":{"a":"b","c":{"d":1}}}"#,
    r#"{"tags":["a","b",7]}"#,
    r#"{"object":{"a":[1,{"b":null}]}}"#,
    r#"{"object":{"a":[1,{"b":nul"#,
    r#"{"any":{"@type":"type.googleapis.com/rest.v1.All","name":"x","#,
    "[[[[[[[",
    "",
    "{}",
];

#[derive(Clone, Debug)]
struct Sent {
    verb: &'static str,
    uri: String,
    content_type: &'static str,
    body: String,
}

fn sent() -> impl Strategy<Value = Sent> {
    let pairs = || {
        prop::collection::vec(prop::sample::select(&PAIRS[..]), 0..6)
            .prop_map(|pairs| pairs.join("&"))
    };
    let json = || prop::sample::select(&JSON[..]);
    let get = pairs().prop_map(|query| ("GET", format!("/v1/all?{query}"), "", String::new()));
    let form = (pairs(), prop::bool::ANY).prop_map(|(form, patch)| {
        let (verb, uri) = if patch {
            ("PATCH", "/v1/child?mask=&number=3")
        } else {
            ("POST", "/v1/echo")
        };
        (
            verb,
            uri.to_owned(),
            "application/x-www-form-urlencoded",
            form,
        )
    });
    let whole = (pairs(), json()).prop_map(|(query, json)| {
        (
            "POST",
            format!("/v1/echo?{query}"),
            "application/json",
            json.to_owned(),
        )
    });
    let patch = (pairs(), json()).prop_map(|(query, json)| {
        (
            "PATCH",
            format!("/v1/child?{query}"),
            "application/json",
            json.to_owned(),
        )
    });
    let stream = (pairs(), prop::collection::vec(json(), 0..3)).prop_map(|(query, json)| {
        (
            "PUT",
            format!("/v1/collect/n/child?{query}"),
            "application/json",
            json.join("\n"),
        )
    });
    let parts = prop::collection::vec(prop::sample::select(&PAIRS[..]), 0..5).prop_map(|pairs| {
        let part = |pair: &&str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body: String = pairs.iter().map(part).collect();
        (
            "POST",
            "/v1/echo".to_owned(),
            "multipart/form-data; boundary=B",
            body + "--B--",
        )
    });
    prop_oneof![get, form, whole, patch, stream, parts].prop_map(
        |(verb, uri, content_type, body)| Sent {
            verb,
            uri,
            content_type,
            body,
        },
    )
}

/// Status, body, and the messages that reached the backend.
type Seen = (u16, Bytes, Vec<Bytes>);

fn answers(requests: &[Sent]) -> Vec<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let one = |request: &Sent| {
        let taker = super::client_streams::Taker::default();
        let router = taker.router(Options::default());
        let mut sent = self::request(request.verb, &request.uri, request.body.clone());
        if !request.content_type.is_empty() {
            sent = with_header(sent, "content-type", request.content_type);
        }
        let (status, body) = runtime.block_on(async {
            let response = router.handle(sent).await;
            let status = response.status().as_u16();
            (
                status,
                response.into_body().collect().await.unwrap().to_bytes(),
            )
        });
        let taken = taker.taken.lock().unwrap().clone();
        (status, body, taken)
    };
    requests.iter().map(one).collect()
}

fn on_a_fresh_thread(requests: &[Sent]) -> Vec<Seen> {
    std::thread::scope(|scope| scope.spawn(|| answers(requests)).join().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_left_of_the_requests_before(requests in prop::collection::vec(sent(), 2..7)) {
        let together = on_a_fresh_thread(&requests);
        for (request, seen) in requests.iter().zip(&together) {
            let alone = on_a_fresh_thread(std::slice::from_ref(request));
            prop_assert_eq!(seen, &alone[0], "{:?}", request);
        }
    }
}

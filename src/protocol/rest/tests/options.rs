//! Choices for single routes: of two bindings, one has them and the other does not.

use std::time::Duration;

use super::*;
use crate::protocol::indent::Layout;
use crate::protocol::metadata::rules::{Rules, Underscores};
use crate::protocol::options::{Applies, Route, idle};
use crate::protocol::rest::{ErrorShape, MultiSegment, UnknownQuery};
use crate::transcode::Unknown;

/// What a backend answers that fails.
fn gone() -> Status {
    let info = [("type.googleapis.com/nobody.Knows", b"\x0a\x01r".to_vec())];
    detailed(Code::NotFound, "no \"shelf\"", &info)
}

/// A route for a path pattern.
fn path(pattern: &str, change: impl FnOnce(&mut Options)) -> Route {
    let mut options = Options::default();
    change(&mut options);
    Route::always(Applies::path(pattern).unwrap(), options)
}

fn routed(
    routes: Vec<Route>,
    script: impl Fn(&Call, &Message) -> Result<Reply, Status> + Send + Sync + 'static,
) -> Gateway {
    let config = Config {
        routes,
        ..Config::default()
    };
    Gateway::configured(config, script)
}

fn echoing(routes: Vec<Route>) -> Gateway {
    routed(routes, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    })
}

#[tokio::test]
async fn a_query_is_strict_on_its_route_only() {
    let gateway = echoing(vec![path("/v1/all", |options| {
        options.rest.unknown_query = UnknownQuery::Refuse;
    })]);
    assert_eq!(gateway.get("/v1/all?utm=1").await.status, 400);
    assert_eq!(gateway.get("/v1/all/x?utm=1").await.status, 200);
}

#[tokio::test]
async fn a_body_is_read_by_its_routes_terms() {
    let gateway = echoing(vec![
        path("/v1/echo", |options| options.read.unknown = Unknown::Ignore),
        path("/v1/echo/*", |options| options.limits.request_message = 10),
    ]);
    let unknown = r#"{"name":"a","nobody":1}"#;
    let got = gateway.post("/v1/echo", unknown).await;
    assert_eq!((got.status.as_u16(), got.text()), (200, r#"{"name":"a"}"#));
    assert_eq!(
        gateway
            .send(request("PUT", "/v1/child", unknown))
            .await
            .status,
        400
    );
    let long = r#"{"text":"abcdefghij"}"#;
    assert_eq!(gateway.post("/v1/echo", long).await.status, 200);
    assert_eq!(gateway.post("/v1/echo/x", long).await.status, 413);
}

#[tokio::test]
async fn a_path_is_decoded_as_its_route_says() {
    for (mode, expected) in [
        (MultiSegment::KeepSlash, "a%2Fb:c d"),
        (MultiSegment::KeepReserved, "a%2Fb%3Ac d"),
        (MultiSegment::DecodeAll, "a/b:c d"),
    ] {
        let gateway = echoing(vec![path("/v1/files/**", |options| {
            options.rest.multi_segment = mode;
        })]);
        let got = gateway.get("/v1/files/a%2Fb%3Ac%20d").await;
        assert_eq!(got.json()["name"], expected, "{mode:?}");
        // A variable of one segment has nothing to keep.
        let got = gateway.get("/v1/all/a%2Fb%3Ac%20d").await;
        assert_eq!(got.json()["name"], "a/b:c d", "{mode:?}");
    }
}

#[tokio::test]
async fn an_error_has_its_routes_shape() {
    let gateway = routed(
        vec![
            path("/v1/all", |options| {
                options.rest.errors = ErrorShape::Aip193
            }),
            path("/v1/all/*", |options| {
                options.rest.errors = ErrorShape::Problem
            }),
        ],
        |_, _| Ok(reply(&[], gone())),
    );
    let details = r#"[{"@type":"type.googleapis.com/nobody.Knows","value":"CgFy"}]"#;
    let rows = [
        (
            "/v1/all",
            "application/json",
            format!(
                r#"{{"error":{{"code":404,"message":"no \"shelf\"","status":"NOT_FOUND","details":{details}}}}}"#
            ),
        ),
        (
            "/v1/all/x",
            "application/problem+json",
            format!(
                r#"{{"type":"about:blank","title":"Not Found","status":404,"detail":"no \"shelf\"","code":5,"details":{details}}}"#
            ),
        ),
        (
            "/v1/files/x",
            "application/json",
            format!(r#"{{"code":5,"message":"no \"shelf\"","details":{details}}}"#),
        ),
    ];
    for (uri, content_type, body) in rows {
        let got = gateway.get(uri).await;
        assert_eq!(got.status, 404, "{uri}");
        assert_eq!(got.header("content-type"), Some(content_type), "{uri}");
        assert_eq!(got.text(), body, "{uri}");
    }
}

#[tokio::test]
async fn the_gateways_own_errors_have_the_shape_too() {
    let mut options = Options::default();
    options.rest.errors = ErrorShape::Problem;
    let gateway = Gateway::with(options, |_, _| Err(Status::deadline_exceeded()));
    for (request, status, title) in [
        (request("GET", "/v1/all?number=x", ""), 400, "Bad Request"),
        (request("GET", "/none", ""), 404, "Not Found"),
        (request("PUT", "/v1/all", ""), 405, "Method Not Allowed"),
        (request("GET", "/v1/all", ""), 504, "Gateway Timeout"),
        (
            with_header(
                request("GET", "/v1/all", ""),
                "content-type",
                "application/grpc+x",
            ),
            415,
            "Unsupported Media Type",
        ),
        (
            request("GET", &format!("/v1/all?name={}", "x".repeat(9000)), ""),
            414,
            "URI Too Long",
        ),
    ] {
        let got = gateway.send(request).await;
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
        let body = got.json();
        assert_eq!(body["type"], "about:blank");
        assert_eq!(
            (&body["status"], &body["title"]),
            (&status.into(), &title.into())
        );
        assert_eq!(got.status, status, "{body}");
        assert!(body["detail"].is_string() && body["code"].is_i64() && body["details"].is_array());
    }
}

#[tokio::test]
async fn the_last_record_of_a_stream_has_its_routes_shape() {
    for (shape, expected) in [
        (
            ErrorShape::Status,
            r#"{"code":5,"message":"gone","details":[]}"#,
        ),
        (
            ErrorShape::Aip193,
            r#"{"code":404,"message":"gone","status":"NOT_FOUND","details":[]}"#,
        ),
        (
            ErrorShape::Problem,
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"gone","code":5,"details":[]}"#,
        ),
    ] {
        let torn = |_: &Call, _: &Message| {
            let status = Status::upstream(Code::NotFound, "gone");
            Ok(reply(&[named("a")], status))
        };
        let gateway = routed(
            vec![path("/v1/watch", |options| options.rest.errors = shape)],
            torn,
        );
        let got = gateway.get("/v1/watch").await;
        let lines = format!("{{\"name\":\"a\"}}\n{{\"error\":{expected}}}\n");
        assert_eq!((got.status.as_u16(), got.text()), (200, &*lines));
        assert_eq!(got.header("content-type"), Some("application/x-ndjson"));
    }
}

#[tokio::test]
async fn answers_are_laid_out_for_people_where_that_is_chosen() {
    let gateway = routed(
        vec![path("/**", |options| {
            options.rest.layout = Layout::Indented
        })],
        |_, message| match message.payload_bytes() {
            b"" => Err(Status::upstream(Code::Aborted, "no")),
            _ => Ok(reply(std::slice::from_ref(message), Status::ok())),
        },
    );
    let got = gateway.get("/v1/all?name=a&tags=b").await;
    assert_eq!(
        got.text(),
        "{\n  \"name\": \"a\",\n  \"tags\": [\n    \"b\"\n  ]\n}"
    );
    let got = gateway.get("/v1/all").await;
    assert_eq!(
        got.text(),
        "{\n  \"code\": 10,\n  \"message\": \"no\",\n  \"details\": []\n}"
    );
    let got = gateway.get("/v1/watch?name=a").await;
    assert_eq!(got.text(), "{\"name\":\"a\"}\n", "a line stays a line");
    let head = gateway.send(request("HEAD", "/v1/all?name=a", "")).await;
    assert_eq!(head.header("content-length"), Some("17"));
}

#[tokio::test]
async fn headers_pass_by_their_routes_lists() {
    let rules = |allow: &[&str], deny: &[&str], response: &[&str], underscores| {
        let list = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        Rules::new(list(allow), list(deny), list(response), underscores).unwrap()
    };
    let gateway = routed(
        vec![
            path("/v1/all", |options| {
                options.metadata = rules(&["cookie"], &["x-a"], &["set-cookie"], Underscores::Pass);
            }),
            path("/v1/files/**", |options| {
                options.metadata = rules(&[], &[], &[], Underscores::Refuse);
            }),
        ],
        |_, message| {
            let metadata = [("set-cookie", "s=1"), ("x-b", "2")];
            Ok(reply_with(
                &metadata,
                std::slice::from_ref(message),
                Status::ok(),
                &[],
            ))
        },
    );
    let asked = |uri: &str, name: &'static str| with_header(request("GET", uri, ""), name, "v");
    let seen = |name: &str| {
        let calls = gateway.calls.lock().unwrap();
        calls.last().unwrap().get(name).is_some()
    };
    for (uri, name, passes) in [
        ("/v1/all", "cookie", true),
        ("/v1/all/x", "cookie", false),
        ("/v1/all", "x-a", false),
        ("/v1/all/x", "x-a", true),
        ("/v1/all", "x_b", true),
        ("/v1/all", "x-forwarded-user", false),
    ] {
        let got = gateway.send(asked(uri, name)).await;
        assert_eq!(got.status, 200);
        assert_eq!(seen(name), passes, "{uri} {name}");
        assert_eq!(got.header("x-b"), Some("2"));
        let shown = (uri == "/v1/all").then_some("s=1");
        assert_eq!(got.header("set-cookie"), shown, "{uri}");
    }
    let got = gateway.send(asked("/v1/files/x", "x_b")).await;
    assert_eq!(got.status, 400);
    assert!(
        got.text().contains("x_b") && got.text().contains("BadRequest"),
        "{got:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_its_routes() {
    let deadlines: Arc<Mutex<Vec<Option<Duration>>>> = Arc::default();
    let seen = Arc::clone(&deadlines);
    let gateway = routed(
        vec![
            path("/v1/all", |options| {
                options.timeouts.unary_default = Some(Duration::from_secs(40));
            }),
            path("/v1/watch", |options| {
                options.timeouts.stream_default = Some(Duration::from_secs(50));
                options.timeouts.stream_cap = Some(Duration::from_secs(60));
            }),
        ],
        move |call, message| {
            seen.lock().unwrap().push(call.deadline.remaining());
            Ok(reply(std::slice::from_ref(message), Status::ok()))
        },
    );
    gateway.get("/v1/all").await;
    gateway.get("/v1/all/x").await;
    gateway.get("/v1/watch").await;
    gateway
        .send(with_header(
            request("GET", "/v1/watch", ""),
            "grpc-timeout",
            "2M",
        ))
        .await;
    gateway.get("/v1/errors").await;
    let secs = |span| Some(Duration::from_secs(span));
    let expected = [secs(40), secs(15), secs(50), secs(60), None];
    assert_eq!(*deadlines.lock().unwrap(), expected);
}

#[test]
fn a_pattern_with_a_slip_is_told_with_the_path_it_may_have_meant() {
    for (pattern, meant) in [
        ("/v1/sture", Some("/v1/store")),
        ("/v1/nunbers/*", Some("/v1/numbers/*")),
        ("/v1/sture/**", Some("/v1/store/**")),
        ("/v1/sture/*/inner", Some("/v1/store/*/inner")),
        ("/v2/elsewhere/**", None),
    ] {
        let route = path(pattern, |_| {});
        let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        let expected = format!(
            "routes[0] ({pattern}) has no effect: it applies to nothing that is served{hint}"
        );
        assert_eq!(idle(&[route], &schema()), [expected]);
    }
}

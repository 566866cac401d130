//! Choices for single methods, in the dialects that are called on a method's own path.

use super::*;
use crate::protocol::indent::Layout;
use crate::protocol::metadata::rules::{Rules, Underscores};
use crate::protocol::options::{
    Applies, Case, Chosen, Conditions, ConnectVersion, Reach, Route, Split, idle,
};
use crate::schema::{Row, Share};

/// One route, for a selector.
fn routed(
    service: &Scripted,
    selector: &str,
    change: impl FnOnce(&mut Options),
) -> Router<Scripted> {
    let mut options = Options::default();
    change(&mut options);
    let config = Config {
        routes: vec![Route::always(Applies::selector(selector).unwrap(), options)],
        ..Config::default()
    };
    let serving = Serving::new(schema(), service.clone(), config);
    Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default())
}

/// The status in the trailers frame of a gRPC-Web answer.
async fn status_of(response: Response<Body>) -> String {
    let body = bytes(response).await;
    let text = String::from_utf8_lossy(&body).into_owned();
    let (_, status) = text.split_once("grpc-status:").unwrap();
    status.split("\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_messages_limit_is_its_methods_by_grpc_web_and_by_grpc() {
    let service = Scripted::new(Script::Echo);
    let router = routed(&service, "t.T.Unary", |options| {
        options.limits.request_message = 4;
    });
    for (path, payload, expected) in [
        ("/t.T/Unary", &b"1234"[..], "0"),
        ("/t.T/Unary", b"12345", "8"),
        ("/t.T/Server", b"12345", "0"),
    ] {
        let web = post(path, "application/grpc-web", frame(payload));
        assert_eq!(
            status_of(router.handle(web).await).await,
            expected,
            "{path}"
        );
        let mut native = post(path, "application/grpc", frame(payload));
        *native.version_mut() = http::Version::HTTP_2;
        let response = router.handle(native).await;
        let in_head = header(&response, "grpc-status").map(str::to_owned);
        let trailers = response.into_body().collect().await.unwrap();
        let in_trailers = trailers
            .trailers()
            .and_then(|trailers| trailers.get("grpc-status"))
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(in_head.or(in_trailers).as_deref(), Some(expected), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_streams_deadline_is_its_methods() {
    let service = Scripted::new(Script::Echo);
    let secs = Duration::from_secs;
    let router = routed(&service, "t.T.Server", |options| {
        options.timeouts.stream_default = Some(secs(9));
    });
    for (path, expected) in [
        ("/t.T/Server", Some(secs(9))),
        ("/t.T/Bidi", None),
        ("/t.T/Unary", Some(secs(15))),
    ] {
        let request = post(path, "application/grpc-web", frame(b""));
        bytes(router.handle(request).await).await;
        assert_eq!(service.last().deadline, expected, "{path}");
    }
}

#[tokio::test]
async fn response_metadata_are_shown_by_the_methods_list() {
    let service = Scripted::new(Script::Replies(
        metadata(&[("set-cookie", "a=b")]),
        vec![b""],
        Status::ok().into(),
    ));
    let allow = vec!["set-cookie".parse().unwrap()];
    let router = routed(&service, "t.T.Unary", |options| {
        options.metadata = Rules::new(vec![], vec![], allow, Underscores::Pass).unwrap();
    });
    for (path, content_type, expected) in [
        ("/t.T/Unary", "application/grpc-web", Some("a=b")),
        ("/t.T/Server", "application/grpc-web", None),
        ("/t.T/Unary", "application/json", Some("a=b")),
    ] {
        let body = if content_type.ends_with("json") {
            vec![]
        } else {
            frame(b"")
        };
        let response = router.handle(post(path, content_type, body)).await;
        assert_eq!(
            header(&response, "set-cookie"),
            expected,
            "{path} {content_type}"
        );
    }
}

#[tokio::test]
async fn connects_version_can_be_demanded() {
    let service = Scripted::new(Script::Echo);
    let router = routed(&service, "t.*", |options| {
        options.connect_version = ConnectVersion::Required;
        options.rest.layout = Layout::Indented;
    });
    let request = |version: Option<&str>| {
        let mut request = post("/t.T/Unary", "application/json", r#"{"name":"a"}"#);
        if let Some(version) = version {
            let version = version.parse().unwrap();
            request
                .headers_mut()
                .insert("connect-protocol-version", version);
        }
        request
    };
    for version in [None, Some("2"), Some("")] {
        let response = router.handle(request(version)).await;
        assert_eq!(response.status(), 400, "{version:?}");
        let text = String::from_utf8(bytes(response).await).unwrap();
        assert!(text.contains("\"invalid_argument\""), "{text}");
        assert!(text.contains("connect-protocol-version"), "{text}");
    }
    assert_eq!(service.calls(), 0);
    let response = router.handle(request(Some("1"))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(bytes(response).await, b"{\n  \"name\": \"a\"\n}");
    let service = Scripted::new(Script::Echo);
    let response = service.router().handle(request(None)).await;
    assert_eq!(response.status(), 200, "nothing is demanded unless chosen");
}

#[test]
fn a_route_that_nothing_has_is_told_with_the_name_it_may_have_meant() {
    let schema = schema();
    let route = |applies: Applies| Route::always(applies, Options::default());
    let selector = |text: &str| route(Applies::selector(text).unwrap());
    let path = |text: &str| route(Applies::path(text).unwrap());
    for (routes, expected) in [
        (
            vec![selector("t.T.*"), path("/v1/**")],
            "routes[1] (/v1/**) has no effect: it applies to nothing that is served",
        ),
        (
            vec![selector("t.T.Unari")],
            "routes[0] (t.T.Unari) has no effect: it applies to nothing that is served; did you mean `t.T.Unary`?",
        ),
        (
            vec![selector("t.U.*")],
            "routes[0] (t.U.*) has no effect: it applies to nothing that is served; did you mean `t.T.*`?",
        ),
        (
            vec![selector("t.T")],
            "routes[0] (t.T) has no effect: it applies to nothing that is served; did you mean `t.T.*`?",
        ),
        (
            vec![selector("t")],
            "routes[0] (t) has no effect: it applies to nothing that is served; did you mean `t.*`?",
        ),
        (
            vec![selector("quite.other.Thing.*")],
            "routes[0] (quite.other.Thing.*) has no effect: it applies to nothing that is served",
        ),
        (
            vec![selector("t.*"), selector("t.T.Unary")],
            "routes[1] (t.T.Unary) has no effect: routes[0] comes first for all that it applies to",
        ),
    ] {
        assert_eq!(idle(&routes, &schema), [expected]);
    }
    let routes = [selector("t.T.Unary"), selector("t.*"), path("/t.T/*")];
    let methods: Vec<_> = Reach::of(&routes, &schema)
        .iter()
        .map(|reach| reach.methods)
        .collect();
    assert_eq!(methods, [1, 4, 0]);
    assert_eq!(idle(&routes[..2], &schema), [""; 0]);
}

fn split(shares: &[(&str, u32)]) -> Split {
    let shares = shares.iter().map(|(name, weight)| Share {
        name: (*name).into(),
        weight: *weight,
    });
    Split::new(shares.collect()).unwrap()
}

/// Requests for a host, to an upstream of one name.
fn case(host: &str, upstream: &str) -> Case {
    Case {
        conditions: Conditions::new(vec![host.parse().unwrap()], vec![]),
        split: split(&[(upstream, 1)]),
    }
}

fn leading(routes: &[Route]) -> Chosen {
    Chosen::new(&schema(), &Arc::default(), routes)
}

#[test]
fn the_first_case_that_holds_leads_and_then_the_route_without_conditions() {
    let selector = |text: &str| Applies::selector(text).unwrap();
    let to = |upstream: &str| Options {
        destinations: split(&[(upstream, 1)]).into(),
        ..Options::default()
    };
    let chosen = leading(&[
        Route::when(selector("t.T.Unary"), case("a.example", "a")),
        Route::when(selector("t.*"), case("*.example", "any")),
        Route::always(selector("t.T.Unary"), to("rest")),
        Route::when(selector("t.*"), case("late.org", "late")),
    ]);
    let schema = schema();
    for (path, host, expected) in [
        ("/t.T/Unary", "a.example", Some("a")),
        ("/t.T/Unary", "b.example", Some("any")),
        ("/t.T/Unary", "c.org", Some("rest")),
        ("/t.T/Unary", "late.org", Some("rest")),
        ("/t.T/Server", "a.example", Some("any")),
        ("/t.T/Server", "late.org", Some("late")),
        ("/t.T/Server", "c.org", None),
    ] {
        let options = chosen.of_method(schema.method(path).unwrap());
        let request = Request::builder().uri(format!("http://{host}:80{path}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let found = options.destinations.choose(&parts);
        assert_eq!(found.as_deref(), expected, "{path} {host}");
    }
    // Options that are the same are made once.
    let of = |path: &str| chosen.of_method(schema.method(path).unwrap());
    assert!(Arc::ptr_eq(of("/t.T/Server"), of("/t.T/Bidi")));
    let words: Vec<_> = chosen.rows(&schema).iter().map(Row::leads_to).collect();
    let told = "a if host a.example, else any if host *.example, else rest";
    assert!(words.iter().any(|words| words == told), "{words:?}");
}

#[test]
fn a_route_with_conditions_has_effect_unless_another_has_them_before() {
    let schema = schema();
    let selector = |text: &str| Applies::selector(text).unwrap();
    let for_host = |text: &str, host: &str| Route::when(selector(text), case(host, "u"));
    let routes = [
        for_host("t.T.Unary", "a.example"),
        for_host("t.T.Unary", "a.example"),
        for_host("t.T.Unary", "b.example"),
        Route::always(selector("t.T.Unary"), Options::default()),
        for_host("t.T.Unary", "c.example"),
    ];
    assert_eq!(
        idle(&routes, &schema),
        [
            "routes[1] (t.T.Unary if host a.example) has no effect: routes[0] comes first for all that it applies to",
            "routes[4] (t.T.Unary if host c.example) has no effect: routes[3] comes first for all that it applies to",
        ]
    );
    let methods = Reach::of(&routes, &schema);
    let methods: Vec<_> = methods.iter().map(|reach| reach.methods).collect();
    assert_eq!(methods, [1, 0, 1, 1, 0]);
}

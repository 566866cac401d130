//! Choices for single methods, in the dialects that are called on a method's own path.

use super::*;
use crate::protocol::indent::Layout;
use crate::protocol::metadata::rules::{Rules, Underscores};
use crate::protocol::options::{Applies, ConnectVersion, Reach, Route, idle};

/// One route, for a selector.
fn routed(
    service: &Scripted,
    selector: &str,
    change: impl FnOnce(&mut Options),
) -> Router<Scripted> {
    let mut options = Options::default();
    change(&mut options);
    let config = Config {
        routes: vec![Route {
            applies: Applies::selector(selector).unwrap(),
            options: options.into(),
        }],
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
    let route = |applies: Applies| Route {
        applies,
        options: Arc::default(),
    };
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

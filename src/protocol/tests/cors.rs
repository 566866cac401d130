//! Pages of other origins: preflights, who may call, and what may be read.

use http::{HeaderName, Method as Verb};

use super::*;
use crate::protocol::cors::{Credentials, Origins};
use crate::protocol::metadata::rules::{Rules, Underscores};

const APP: &str = "https://app.example.com";

/// These origins, the rest as by default.
fn allowing(origins: &[&str], credentials: Credentials) -> Cors {
    let patterns = origins.iter().map(|origin| origin.parse().unwrap());
    Cors {
        origins: Origins::Listed(patterns.collect(), credentials),
        ..Cors::default()
    }
}

fn anybody() -> Cors {
    Cors {
        origins: Origins::Any,
        ..Cors::default()
    }
}

fn serving(service: &Scripted, cors: Cors) -> Serving<Scripted> {
    let config = Config {
        cors,
        ..Config::default()
    };
    Serving::new(schema(), service.clone(), config)
}

fn router(service: &Scripted, cors: Cors) -> Router<Scripted> {
    let serving = Arc::new(ArcSwap::from_pointee(serving(service, cors)));
    Router::new(serving, Observe::default())
}

fn from(origin: &str, mut request: Request<Body>) -> Request<Body> {
    let origin = origin.parse().unwrap();
    request.headers_mut().append("origin", origin);
    request
}

fn json() -> Request<Body> {
    post("/t.T/Unary", "application/json", "{}")
}

fn preflight(origin: &str, verb: &str, headers: &str) -> Request<Body> {
    Request::options("/t.T/Unary")
        .header("origin", origin)
        .header("access-control-request-method", verb)
        .header("access-control-request-headers", headers)
        .body(Body::empty())
        .unwrap()
}

/// The names of headers by which a browser is allowed something.
fn allowed(response: &Response<Body>) -> Vec<&str> {
    let names = response.headers().keys().map(HeaderName::as_str);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

/// All values of `vary`, as one.
fn vary(response: &Response<Body>) -> String {
    let values = response.headers().get_all("vary").iter();
    let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
    values.join(", ")
}

fn exposed(response: &Response<Body>) -> Vec<&str> {
    let names = header(response, "access-control-expose-headers").unwrap();
    names.split(", ").collect()
}

const VARY_BY_PREFLIGHT: &str =
    "origin, access-control-request-method, access-control-request-headers";

#[tokio::test]
async fn a_preflight_is_answered_here_whatever_it_is_about() {
    let service = Scripted::default();
    let router = router(&service, allowing(&[APP], Credentials::Withheld));
    let long = format!("/nowhere?{}", "q".repeat(9000));
    for path in ["/t.T/Unary", "/nowhere", "/v1/../x", &long, "*"] {
        let mut request = preflight(APP, "POST", "content-type,x-grpc-web,X-Tenant,trace-bin");
        *request.uri_mut() = path.parse().unwrap();
        let response = router.handle(request).await;
        assert_eq!(response.status(), 204, "{path}");
        assert_eq!(vary(&response), VARY_BY_PREFLIGHT);
        for (name, value) in [
            ("access-control-allow-origin", Some(APP)),
            (
                "access-control-allow-methods",
                Some("GET, HEAD, POST, PUT, PATCH, DELETE"),
            ),
            (
                "access-control-allow-headers",
                Some("content-type, x-grpc-web, x-tenant, trace-bin"),
            ),
            ("access-control-max-age", Some("7200")),
            ("access-control-allow-credentials", None),
            ("x-content-type-options", Some("nosniff")),
        ] {
            assert_eq!(header(&response, name), value, "{name}");
        }
        assert!(response.headers().contains_key("x-request-id"));
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_preflight_of_another_origin_is_told_nothing() {
    let service = Scripted::default();
    let listed = ["https://app.example.com", "https://*.shop.example"];
    let listing = router(&service, allowing(&listed, Credentials::Sent));
    let closed = router(&service, Cors::default());
    for origin in [
        "null",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.attacker",
        "https://evil-app.example.com",
        "https://shop.example",
        "https://evilshop.example",
        "https://a.b.shop.example",
        "\u{e9}",
    ] {
        let response = listing.handle(preflight(origin, "POST", "x-a")).await;
        assert_eq!(response.status(), 204, "{origin}");
        assert_eq!(allowed(&response), [""; 0], "{origin}");
        assert_eq!(vary(&response), VARY_BY_PREFLIGHT);
    }
    let response = listing
        .handle(from(APP, preflight(APP, "POST", "x-a")))
        .await;
    assert_eq!(allowed(&response), [""; 0], "two origins");
    let response = closed.handle(preflight(APP, "POST", "x-a")).await;
    assert_eq!(response.status(), 204, "without any origin configured");
    assert_eq!(allowed(&response), [""; 0]);
    assert_eq!(vary(&response), VARY_BY_PREFLIGHT);
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn options_that_asks_for_no_verb_gets_what_the_path_is_bound_for() {
    let service = Scripted::default();
    let router = router(&service, allowing(&[APP], Credentials::Withheld));
    let request = Request::options("*").body(Body::empty()).unwrap();
    let response = router.handle(from(APP, request)).await;
    assert_eq!(response.status(), 204);
    assert!(header(&response, "allow").unwrap().contains("PATCH"));
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        Some(APP),
        "a page may read that"
    );
    assert!(exposed(&response).contains(&"allow"));
}

#[tokio::test]
async fn a_list_of_headers_allows_those_of_the_dialects_and_its_own() {
    let service = Scripted::default();
    for (list, asked, expected) in [
        (vec!["*"], "x-a, Y_B,  z-bin", Some("x-a, y_b, z-bin")),
        (
            vec![],
            "x-a,content-type,authorization,connect-timeout-ms",
            Some("content-type, authorization, connect-timeout-ms"),
        ),
        (vec![], "x-a", None),
        (
            vec!["x-tenant", "y-*"],
            "x-a,x-tenant,y-b,y_c,,n\u{f6},b c",
            Some("x-tenant, y-b, y_c"),
        ),
    ] {
        let cors = Cors {
            allow_headers: list.iter().map(|name| name.parse().unwrap()).collect(),
            ..allowing(&[APP], Credentials::Withheld)
        };
        let router = router(&service, cors);
        let response = router.handle(preflight(APP, "PUT", asked)).await;
        let names = header(&response, "access-control-allow-headers");
        assert_eq!(names, expected, "{list:?}: {asked}");
        assert_eq!(header(&response, "access-control-allow-origin"), Some(APP));
    }
}

#[tokio::test]
async fn a_verb_of_ones_own_may_be_asked_for() {
    let router = router(
        &Scripted::default(),
        allowing(&[APP], Credentials::Withheld),
    );
    for (asked, expected) in [
        ("PURGE", "GET, HEAD, POST, PUT, PATCH, DELETE, PURGE"),
        ("PATCH", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("a, b", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    ] {
        let response = router.handle(preflight(APP, asked, "")).await;
        let verbs = header(&response, "access-control-allow-methods");
        assert_eq!(verbs, Some(expected), "{asked}");
    }
}

#[tokio::test]
async fn whatever_is_answered_to_an_allowed_page_can_be_read() {
    let service = Scripted::default();
    let router = router(&service, allowing(&[APP], Credentials::Withheld));
    let many = {
        let mut request = json();
        for _ in 0..101 {
            let value = HeaderValue::from_static("b");
            request.headers_mut().append("x-a", value);
        }
        request
    };
    let long = format!("/t.T/Unary?{}", "q".repeat(9000));
    let verb = |verb: Verb, mut request: Request<Body>| {
        *request.method_mut() = verb;
        request
    };
    let web = "application/grpc-web";
    for (request, status) in [
        (json(), 200),
        (post("/t.T/Unary", web, frame(b"")), 200),
        (post("/t.T/Server", web, frame(b"")), 200),
        (post("/t.T/Unary", web, b"\x09".to_vec()), 200),
        (post("/t.T/Unary", "application/json", "{"), 400),
        (post("/t.T/Nobody", "application/json", "{}"), 404),
        (post("/t.T/Unary", "text/plain", "{}"), 415),
        (post("/t.T/Unary", "application/grpc-web+thrift", ""), 415),
        (post("/t.T/Unary", "application/grpc", ""), 505),
        (verb(Verb::PUT, post("/t.T/Unary", web, "")), 405),
        (
            post("/t.T/Unary", "application/json", vec![b' '; 5 << 20]),
            413,
        ),
        (post(&long, "application/json", "{}"), 414),
        (many, 431),
    ] {
        let what = format!("{} {:?}", request.method(), request.headers());
        let response = router.handle(from(APP, request)).await;
        assert_eq!(response.status(), status, "{what}");
        let origin = header(&response, "access-control-allow-origin");
        assert_eq!(origin, Some(APP), "{what}");
        assert!(vary(&response).contains("origin"), "{what}");
        let exposed = exposed(&response);
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            assert!(exposed.contains(&name), "{what}: {name}");
        }
    }
}

#[tokio::test]
async fn metadata_and_trailers_that_are_headers_can_be_read() {
    let service = Scripted::new(Script::Replies(
        metadata(&[("x-shard", "a"), ("x-shard", "b"), ("key-bin", "AA")]),
        vec![],
        End {
            status: Status::upstream(Code::NotFound, "gone"),
            trailers: metadata(&[("x-ratio", "7")]),
        },
    ));
    let cors = Cors {
        expose_headers: vec![HeaderName::from_static("x-served-by")],
        ..allowing(&[APP], Credentials::Withheld)
    };
    let router = router(&service, cors);
    let response = router.handle(from(APP, json())).await;
    assert_eq!(
        exposed(&response),
        [
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            "x-request-id",
            "x-shard",
            "key-bin",
            "trailer-x-ratio",
            "x-served-by",
        ]
    );
    let web = post("/t.T/Unary", "application/grpc-web", frame(b""));
    let response = router.handle(from(APP, web)).await;
    assert!(exposed(&response).contains(&"x-shard"));
}

#[tokio::test]
async fn credentials_are_for_origins_of_a_list() {
    let service = Scripted::default();
    for (cors, origin, said, credentials) in [
        (
            allowing(&["https://*.example.com"], Credentials::Sent),
            APP,
            Some(APP),
            Some("true"),
        ),
        (
            allowing(&["https://*.example.com"], Credentials::Withheld),
            APP,
            Some(APP),
            None,
        ),
        (anybody(), APP, Some("*"), None),
        (anybody(), "null", Some("*"), None),
    ] {
        let router = router(&service, cors);
        for request in [from(origin, json()), preflight(origin, "POST", "")] {
            let response = router.handle(request).await;
            let found = header(&response, "access-control-allow-origin");
            assert_eq!(found, said, "{origin}");
            let found = header(&response, "access-control-allow-credentials");
            assert_eq!(found, credentials, "{origin}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_not_allowed_reads_nothing_and_does_nothing_else() {
    let service = Scripted::default();
    let router = router(&service, allowing(&[APP], Credentials::Sent));
    let response = router.handle(from("https://evil.example", json())).await;
    assert_eq!(response.status(), 403);
    assert_eq!(allowed(&response), [""; 0]);
    assert_eq!(vary(&response), "origin");
    let get = Request::get("/nowhere").body(Body::empty()).unwrap();
    let response = router.handle(from("https://evil.example", get)).await;
    assert_eq!(response.status(), 404);
    assert_eq!(allowed(&response), [""; 0]);
    assert_eq!(vary(&response), "origin");
    let response = router.handle(from(APP, from(APP, json()))).await;
    assert_eq!(response.status(), 403, "two origins are none");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn cross_site_without_an_origin_is_refused_whoever_is_allowed() {
    let service = Scripted::default();
    for cors in [anybody(), allowing(&[APP], Credentials::Withheld)] {
        let router = router(&service, cors);
        let mut request = json();
        let site = HeaderValue::from_static("cross-site");
        request.headers_mut().insert("sec-fetch-site", site.clone());
        assert_eq!(router.handle(request).await.status(), 403);
        let mut request = from(APP, json());
        request.headers_mut().insert("sec-fetch-site", site);
        assert_eq!(router.handle(request).await.status(), 200);
    }
}

#[tokio::test]
async fn without_an_origin_nothing_is_allowed_but_caches_are_told() {
    let service = Scripted::default();
    let response = router(&service, Cors::default()).handle(json()).await;
    assert_eq!(vary(&response), "", "without CORS every answer is the same");
    for cors in [anybody(), allowing(&[APP], Credentials::Sent)] {
        let response = router(&service, cors).handle(json()).await;
        assert_eq!(allowed(&response), [""; 0]);
        assert_eq!(vary(&response), "origin");
    }
}

#[tokio::test]
async fn vary_keeps_what_it_has() {
    let name = "n".repeat(2000);
    let service = Scripted::default();
    let router = router(&service, allowing(&[APP], Credentials::Withheld));
    let body = format!(r#"{{"name":"{name}"}}"#);
    let request = post("/t.T/Unary", "application/json", body);
    let response = router.handle(from(APP, request)).await;
    assert_eq!(vary(&response), "accept-encoding, origin");
    for said in ["*", "Accept-Language, Origin"] {
        let metadata = metadata(&[("vary", said)]);
        let script = Script::Replies(metadata, vec![b""], Status::ok().into());
        let router = self::router(&Scripted::new(script), anybody());
        let response = router.handle(json()).await;
        assert_eq!(vary(&response), said);
    }
}

#[tokio::test]
async fn what_a_backend_says_of_cors_does_not_count() {
    let said = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-b"),
    ];
    let script = Script::Replies(metadata(&said), vec![b""], Status::ok().into());
    let service = Scripted::new(script);
    let closed = router(&service, Cors::default());
    assert_eq!(allowed(&closed.handle(json()).await), [""; 0]);
    // Not even where a list lets it pass.
    let allow = vec!["access-control-*".parse().unwrap()];
    let options = Options {
        metadata: Rules::new(vec![], vec![], allow, Underscores::Pass).unwrap(),
        ..Options::default()
    };
    let config = Config {
        cors: allowing(&[APP], Credentials::Withheld),
        options: options.into(),
        ..Config::default()
    };
    let serving = Serving::new(schema(), service, config);
    let router = Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default());
    let response = router.handle(from(APP, json())).await;
    assert_eq!(header(&response, "access-control-allow-origin"), Some(APP));
    assert_eq!(header(&response, "access-control-allow-credentials"), None);
    assert!(!exposed(&response).contains(&"x-b"));
}

#[tokio::test]
async fn it_is_of_the_snapshot_and_changes_with_it() {
    let service = Scripted::default();
    let snapshot = Arc::new(ArcSwap::from_pointee(serving(&service, Cors::default())));
    let router = Router::new(Arc::clone(&snapshot), Observe::default());
    assert_eq!(router.handle(from(APP, json())).await.status(), 403);
    let allowing = allowing(&[APP], Credentials::Withheld);
    snapshot.store(Arc::new(serving(&service, allowing)));
    let response = router.handle(from(APP, json())).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "access-control-allow-origin"), Some(APP));
}

#[test]
fn a_handshake_is_admitted_without_an_origin_from_home_and_by_the_list() {
    let cors = allowing(&["https://*.example.com"], Credentials::Withheld);
    for (origin, expected) in [
        (None, true),
        (Some("https://api.test"), true),
        (Some("http://api.test"), true),
        (Some(APP), true),
        (Some("https://api.test:8443"), false),
        (Some("https://evil.test"), false),
        (Some("null"), false),
        (Some(""), false),
    ] {
        let mut request = Request::get("/t.T/Bidi").header("host", "api.test");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        assert_eq!(cors.admits(&parts), expected, "{origin:?}");
    }
}

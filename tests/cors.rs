//! Pages of another origin, by every dialect and by real sockets: what a browser would send, and
//! what it would have to find to let the page read the answer.

use http::{Method, StatusCode};
use transom::protocol::Cors;
use transom::protocol::cors::{Credentials, Origins};

use crate::support::{Answer, Stack, Version, send};

const APP: &str = "https://app.example.com";
const EVIL: &str = "https://evil-app.example.com";

/// A gateway that lets pages of [`APP`] call.
async fn stack() -> Stack {
    Stack::with(|config| {
        config.protocol.cors = Cors {
            origins: Origins::Listed(vec![APP.parse().unwrap()], Credentials::Sent),
            ..Cors::default()
        };
        config.admin = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

/// What a browser does for a page: it asks, and sends the request if that is allowed. `None` if it
/// is not, or if the page cannot read the answer.
async fn fetch(
    stack: &Stack,
    version: Version,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let asked: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    let preflight = [
        ("origin", APP),
        ("access-control-request-method", method.as_str()),
        ("access-control-request-headers", &asked.join(",")),
    ];
    let address = stack.address();
    let answer = send(address, version, Method::OPTIONS, path, &preflight, "").await;
    let lists = |answer: &Answer, name: &str, item: &str| {
        let list = answer.header(name).unwrap_or_default();
        list.split(", ").any(|listed| listed == item)
    };
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let is_allowed = is_readable(&answer)
        && lists(&answer, "access-control-allow-methods", method.as_str())
        && asked
            .iter()
            .all(|name| lists(&answer, "access-control-allow-headers", name));
    if !is_allowed {
        return None;
    }
    let mut headers = headers.to_vec();
    headers.push(("origin", APP));
    let answer = send(address, version, method, path, &headers, body.to_vec()).await;
    is_readable(&answer).then_some(answer)
}

fn is_readable(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin") == Some(APP)
        && answer.header("access-control-allow-credentials") == Some("true")
        && answer
            .header("vary")
            .is_some_and(|vary| vary.contains("origin"))
}

/// The headers that the page may read, of those that are no matter of course.
fn exposed(answer: &Answer) -> Vec<&str> {
    let names = answer.header("access-control-expose-headers").unwrap();
    names.split(", ").collect()
}

#[tokio::test]
async fn grpc_web() {
    let stack = stack().await;
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
        ("x-user-agent", "grpc-web-javascript/0.1"),
        ("grpc-timeout", "5S"),
        ("x-tenant", "blue"),
        ("trace-bin", "AAEC"),
    ];
    let path = "/demo.echo.v1.EchoService/Get";
    let message = b"\0\0\0\0\x02\x08\x07";
    for version in [Version::Http1, Version::Http2] {
        let answer = fetch(&stack, version, Method::POST, path, &headers, message).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{version:?}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(text.contains("grpc-status:0"), "{text}");
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            assert!(exposed(&answer).contains(&name), "{name}");
        }
    }
    // A refusal of the gateway's own can be read as well.
    let headers = [("content-type", "application/grpc-web+thrift")];
    let answer = fetch(&stack, Version::Http1, Method::POST, path, &headers, b"").await;
    assert_eq!(answer.unwrap().status, 415);
}

#[tokio::test]
async fn connect() {
    let stack = stack().await;
    let headers = [
        ("content-type", "application/json"),
        ("connect-protocol-version", "1"),
        ("connect-timeout-ms", "5000"),
    ];
    for (path, body, status) in [
        ("/demo.echo.v1.EchoService/Get", r#"{"id": 7}"#, 200),
        ("/demo.echo.v1.EchoService/Fail", r#"{"code": 5}"#, 404),
        ("/demo.echo.v1.EchoService/Get", "{", 400),
        ("/demo.echo.v1.EchoService/Nothing", "{}", 404),
    ] {
        let method = Method::POST;
        let body = body.as_bytes();
        let answer = fetch(&stack, Version::Http1, method, path, &headers, body).await;
        assert_eq!(answer.unwrap().status, status, "{path}");
    }
}

#[tokio::test]
async fn rest() {
    let stack = stack().await;
    let tenant = [("x-tenant", "blue")];
    let path = "/v1/echo:metadata?headers[x-a]=1&trailers[x-b]=2";
    let answer = fetch(&stack, Version::Http2, Method::GET, path, &tenant, b"").await;
    let answer = answer.unwrap();
    assert!(answer.text().contains("x-tenant"), "{}", answer.text());
    assert_eq!(answer.header("x-a"), Some("1"));
    assert!(exposed(&answer).contains(&"x-a"));
    assert!(exposed(&answer).contains(&"grpc-trailer-x-b"));

    let body = [("content-type", "application/json")];
    let path = "/v1/shelves/fiction/books/1";
    let answer = fetch(
        &stack,
        Version::Http1,
        Method::PATCH,
        path,
        &body,
        br#"{"title": "New"}"#,
    )
    .await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["title"]),
        (200, &"New".into())
    );
    let large = vec![b' '; 5 << 20];
    for (method, path, body, status) in [
        (Method::GET, "/nowhere", &b""[..], 404),
        (Method::DELETE, "/v1/shelves", b"", 405),
        (Method::POST, "/v1/shelves", &large, 413),
    ] {
        let headers = [("content-type", "application/json")];
        let answer = fetch(&stack, Version::Http1, method, path, &headers, body).await;
        assert_eq!(answer.unwrap().status, status, "{path}");
    }
    let long = "x".repeat(17 << 10);
    let headers = [("x-long", long.as_str())];
    let answer = fetch(
        &stack,
        Version::Http1,
        Method::GET,
        "/v1/shelves",
        &headers,
        b"",
    )
    .await;
    assert_eq!(answer.unwrap().status, 431);
}

#[tokio::test]
async fn server_sent_events() {
    let stack = stack().await;
    for (path, status, part) in [
        ("/v1/echo:stream?count=2", 200, "data: "),
        ("/v1/echo:stream?failCode=5&failMessage=gone", 404, "gone"),
    ] {
        // An `EventSource` asks nobody: it is a plain GET.
        let headers = [("accept", "text/event-stream"), ("origin", APP)];
        let answer = stack.send(Method::GET, path, &headers, "").await;
        assert!(is_readable(&answer));
        assert_eq!(answer.status, status);
        assert!(answer.text().contains(part), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_page_that_is_not_allowed_gets_nowhere() {
    let stack = stack().await;
    let json = ("content-type", "application/json");
    for path in ["/v1/shelves", "/demo.echo.v1.EchoService/Get"] {
        for origin in [EVIL, "null", "http://app.example.com"] {
            let headers = [json, ("origin", origin)];
            let answer = stack.send(Method::POST, path, &headers, "{}").await;
            assert_eq!(answer.status, 403, "{origin}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert_eq!(answer.header("vary"), Some("origin"));
        }
        // Its own page needs no permission.
        let own = format!("http://{}", stack.address());
        let headers = [json, ("origin", own.as_str())];
        let answer = stack.send(Method::POST, path, &headers, "{}").await;
        assert_ne!(answer.status, 403);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let preflight = [("origin", EVIL), ("access-control-request-method", "POST")];
    let answer = stack
        .send(Method::OPTIONS, "/v1/shelves", &preflight, "")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn pages_can_only_read_on_the_admin_port() {
    let stack = stack().await;
    let admin = stack.gateway.admin_address().unwrap();
    let path = "/grpc.health.v1.Health/Check";
    let own = format!("http://{admin}");
    // A page of the port itself may ask for health, by gRPC-Web alone.
    for (origin, status) in [(APP, 403), (EVIL, 403), ("null", 403), (&own, 200)] {
        let headers = [("content-type", "application/grpc-web"), ("origin", origin)];
        let answer = send(admin, Version::Http1, Method::POST, path, &headers, "").await;
        assert_eq!(answer.status, status, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let read = [("origin", origin)];
        let answer = send(admin, Version::Http1, Method::GET, "/livez", &read, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

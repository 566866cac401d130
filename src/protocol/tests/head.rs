//! What is decided from a request's head alone, and what every answer has.

use http::{Method as Verb, StatusCode, Version};

use super::*;

async fn answer(request: Request<Body>) -> (StatusCode, Response<Body>) {
    let response = Scripted::default().router().handle(request).await;
    (response.status(), response)
}

fn dialect(content_type: &str) -> Result<Dialect, Refusal> {
    let mut request = post("/t.T/Unary", content_type, "");
    *request.version_mut() = Version::HTTP_2;
    let parts = request.into_parts().0;
    detect(&parts, &HeadLimits::default(), &Cors::default())
}

#[test]
fn media_types_are_told_without_case_and_parameters() {
    use Codec::{Json, Proto};
    use Dialect::{ConnectStream, Grpc, GrpcWeb, Rest};
    for (text, expected) in [
        ("application/grpc", Grpc(Proto)),
        ("application/grpc+proto", Grpc(Proto)),
        ("APPLICATION/gRPC ; x=y", Grpc(Proto)),
        ("application/grpc+JSON", Grpc(Json)),
        ("application/grpc-web", GrpcWeb(Proto, Wire::Binary)),
        (
            "application/grpc-Web+Proto;charset=utf-8",
            GrpcWeb(Proto, Wire::Binary),
        ),
        ("application/grpc-web+json", GrpcWeb(Json, Wire::Binary)),
        ("application/grpc-web-text", GrpcWeb(Proto, Wire::Text)),
        (
            "application/grpc-WEB-text+proto; charset=x",
            GrpcWeb(Proto, Wire::Text),
        ),
        ("application/connect+proto", ConnectStream(Proto)),
        ("Application/Connect+JSON", ConnectStream(Json)),
        ("application/grpcish", Rest),
        ("application/connect", Rest),
        ("application/proto", Rest),
        ("application/json", Rest),
        ("", Rest),
    ] {
        assert_eq!(dialect(text).unwrap(), expected, "{text:?}");
    }
    for text in [
        "application/grpc+thrift",
        "application/grpc+",
        "application/grpc-web+thrift",
        "application/grpc-web-text+json",
        "application/grpc-webby",
        "application/connect+xml",
    ] {
        assert!(dialect(text).is_err(), "{text:?}");
    }
}

#[tokio::test]
async fn an_unknown_sub_type_is_told_the_known_ones() {
    let request = |path| post(path, "application/grpc-web+thrift", "");
    let (status, response) = answer(request("/elsewhere")).await;
    assert_eq!(status, 415);
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    let body = bytes(response).await;
    assert!(
        body.starts_with(br#"{"code":3,"message":"#),
        "the order of google.rpc.Status"
    );
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("application/grpc-web+proto"));
    assert_eq!(body["details"], serde_json::json!([]));
    // In words on a method's own path, where JSON would be taken for an error of Connect.
    let (status, response) = answer(request("/t.T/Unary")).await;
    assert_eq!(status, 415);
    let content_type = header(&response, "content-type");
    assert_eq!(content_type, Some("text/plain; charset=utf-8"));
    let words = String::from_utf8(bytes(response).await).unwrap();
    assert_eq!(words, format!("{message}\n"));
}

#[tokio::test]
async fn heads_that_no_dialect_takes() {
    let grpc = |version, verb: &Verb| {
        let mut request = post("/t.T/Unary", "application/grpc", "");
        *request.version_mut() = version;
        *request.method_mut() = verb.clone();
        request
    };
    assert_eq!(answer(grpc(Version::HTTP_11, &Verb::POST)).await.0, 505);
    let (status, response) = answer(grpc(Version::HTTP_2, &Verb::GET)).await;
    assert_eq!(status, 405);
    assert_eq!(header(&response, "allow"), Some("POST"));

    let mut two = post("/t.T/Unary", "application/grpc-web", "");
    two.headers_mut()
        .append("content-type", HeaderValue::from_static("application/json"));
    assert_eq!(answer(two).await.0, 415);

    let long = format!("/t.T/Unary?{}", "q".repeat(8 << 10));
    assert_eq!(answer(post(&long, "application/grpc-web", "")).await.0, 414);

    let mut many = post("/t.T/Unary", "application/grpc-web", "");
    for _ in 0..100 {
        many.headers_mut()
            .append("x-a", HeaderValue::from_static("b"));
    }
    assert_eq!(answer(many).await.0, 431);

    let mut socket = post("/t.T/Unary", "application/json", "");
    *socket.method_mut() = Verb::GET;
    socket
        .headers_mut()
        .insert("upgrade", HeaderValue::from_static("h2c, WebSocket"));
    assert_eq!(answer(socket).await.0, 426);
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_whatever_it_says() {
    let json = "application/json";
    for (path, name, value, expected) in [
        ("/t.T/Get?encoding=json&message={}", "accept", json, 200),
        ("/t.T/Get?encoding=json", "accept", json, 400),
        ("/t.T/Unary", "accept", json, 405),
        ("/t.T/Unary", "content-type", "application/grpc-web", 405),
        ("/elsewhere", "content-type", "application/grpc+x", 415),
        ("/elsewhere", "connect-protocol-version", "1", 404),
        ("/elsewhere", "accept", json, 404),
        ("/t.T/Get", "upgrade", "websocket", 426),
        ("/", "x-a", &"b".repeat(16 << 10), 431),
    ] {
        let request = Request::head(path).header(name, value);
        let (status, response) = answer(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, expected, "{path}");
        let length = header(&response, "content-length").unwrap().to_owned();
        assert_ne!(length, "0", "{path}");
        assert_eq!(bytes(response).await, b"", "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_calls_nothing() {
    let from = |name: &'static str, value: &'static str| {
        let mut request = post("/t.T/Unary", "application/grpc-web", frame(b""));
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static("api.example:8443"));
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        request
    };
    for (name, value, expected) in [
        ("origin", "https://api.example:8443", 200),
        ("origin", "http://API.example:8443", 200),
        ("origin", "https://api.example", 403),
        ("origin", "https://api.example:8443.evil", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("x-other", "x", 200),
    ] {
        assert_eq!(
            answer(from(name, value)).await.0,
            expected,
            "{name}: {value}"
        );
    }
    for (host, origin) in [
        ("api.example:443", "https://api.example"),
        ("a.b", "http://a.b:80"),
    ] {
        let mut request = from("origin", origin);
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static(host));
        assert_eq!(answer(request).await.0, 200, "{host}");
    }
}

#[tokio::test]
async fn a_request_id_is_kept_if_it_is_harmless() {
    for (given, kept) in [
        (Some("abc-1.2_3".to_owned()), true),
        (Some("quote\"".to_owned()), false),
        (Some("x".repeat(129)), false),
        (None, false),
    ] {
        let service = Scripted::default();
        let mut request = post("/t.T/Unary", "application/grpc-web", frame(b""));
        if let Some(id) = &given {
            request
                .headers_mut()
                .insert("x-request-id", id.parse().unwrap());
        }
        let response = service.router().handle(request).await;
        let id = header(&response, "x-request-id").unwrap().to_owned();
        assert_eq!(given.as_deref() == Some(&id), kept);
        assert_eq!(service.last().metadata.get("x-request-id").unwrap(), &id);
        assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn a_400_about_a_header_names_it() {
    for (path, name, value, description) in [
        (
            "/t.T/Unary",
            "x-request-timeout",
            "soon",
            "found \"soon\", expected seconds as a decimal",
        ),
        (
            "/t.T/Unary",
            "x-a-bin",
            "*secret*",
            "found metadata that is not base64, which the suffix `-bin` promises",
        ),
    ] {
        let mut request = post(path, "application/json", "");
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
        let (status, response) = answer(request).await;
        let body: serde_json::Value = serde_json::from_slice(&bytes(response).await).unwrap();
        assert_eq!(status, 400);
        assert_eq!(
            body["details"][0]["debug"]["fieldViolations"],
            serde_json::json!([{"field": name, "description": description}])
        );
    }
}

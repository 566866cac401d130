//! Configuration files from their text to the answers: presets and routes, by real sockets.

use http::Method;
use serde_json::json;
use transom::gateway::Gateway;

use crate::support::{Answer, Backend, Version, configured, send};

/// The demo backend, and a gateway before it that a file configures.
struct Configured {
    gateway: Gateway,
    _backend: Backend,
}

impl Configured {
    async fn by(text: &str) -> Self {
        let backend = Backend::start().await;
        let upstream = format!("upstreams: {{ demo: {{ url: '{}' }} }}\n", backend.url);
        Self {
            gateway: configured(&(upstream + text)).await,
            _backend: backend,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> Answer {
        let address = self.gateway.address();
        send(address, Version::Http1, method, path, headers, body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    async fn post(&self, path: &str, body: &'static str) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, path, &headers, body).await
    }
}

#[tokio::test]
async fn envoys_choices() {
    let gateway = Configured::by("compat: envoy\n").await;
    let answer = gateway.get("/v1/echo/7?nobody=1").await;
    assert_eq!(answer.status, 400, "an unknown parameter is refused");
    let answer = gateway
        .post("/v1/echo", r#"{"id": "a", "nobody": 1}"#)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"id": "a"}))
    );
    let answer = gateway.post("/demo.echo.v1.EchoService/Get", "{}").await;
    assert_eq!(answer.status, 404, "methods have no path of their own");
    let headers = [
        ("cookie", "a=b"),
        ("x-tenant", "t"),
        ("x-forwarded-user", "root"),
    ];
    let answer = gateway
        .send(Method::GET, "/v1/echo:metadata", &headers, "")
        .await;
    let text = answer.text();
    assert!(
        text.contains("cookie") && text.contains("x-tenant"),
        "{text}"
    );
    assert!(!text.contains("x-forwarded-user"), "{text}");
}

#[tokio::test]
async fn grpc_gateways_choices() {
    let gateway = Configured::by("compat: grpc-gateway\n").await;
    let answer = gateway.get("/v1/echo/0?nobody=1").await;
    assert_eq!(answer.status, 200, "an unknown parameter is ignored");
    assert_eq!(answer.json()["id"], "0", "defaults are written");
    let answer = gateway
        .post("/v1/echo", r#"{"id": "a", "nobody": 1}"#)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let headers = [
        ("x-tenant", "t"),
        ("grpc-metadata-x-mapped", "m"),
        ("authorization", "Bearer b"),
    ];
    let answer = gateway
        .send(Method::GET, "/v1/echo:metadata", &headers, "")
        .await;
    let text = answer.text();
    assert!(
        text.contains("x-mapped") && text.contains("authorization"),
        "{text}"
    );
    assert!(!text.contains("x-tenant"), "{text}");
}

#[tokio::test]
async fn a_route_of_a_file_has_its_own_choices() {
    let text = "
rest: { errors: aip193 }
routes:
  - path: /v1/echo/*
    compat: none
    json: { emit_defaults: true, pretty: true }
  - selector: demo.echo.v1.EchoService.Fail
    rest: { errors: problem }
  - selector: demo.echo.v1.EchoService.*
    limits: { request_message: 16 }
";
    let gateway = Configured::by(text).await;
    let answer = gateway.get("/v1/echo/0").await;
    assert!(
        answer.text().starts_with("{\n  \"id\": \"0\","),
        "{}",
        answer.text()
    );
    let answer = gateway.get("/v1/echo/x").await;
    assert_eq!(
        answer.json()["code"],
        3,
        "the defaults, not the gateway's shape"
    );
    let answer = gateway.get("/v1/echo:fail?code=5&message=gone").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        (&answer.json()["status"], &answer.json()["detail"]),
        (&json!(404), &json!("gone"))
    );
    let answer = gateway
        .post("/v1/echo", r#"{"note": "longer than sixteen"}"#)
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["code"]),
        (413, &json!(413))
    );
    let answer = gateway.get("/nowhere").await;
    assert_eq!(answer.json()["error"]["status"], "NOT_FOUND");
}

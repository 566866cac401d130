//! What else than a signed token callers show: API keys, tokens that only their issuer can read, a cookie, a
//! sub-protocol of WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::issuers::Site;
use super::{ISS, Pair, base64, bearer, file, get, get_as, guarded, identity, now, text};
use crate::support::calls::conversation::{Conversation, Form, Kind, Way};
use crate::support::scripted::{PATIENCE, Script, Scripted};
use crate::support::{Backend, Version};

/// Longer than the time between two looks at a watched file, twice.
const LOOKS: Duration = Duration::from_millis(2500);

fn line(key: &str, name: &str, scopes: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hash} {name} {scopes}\n")
}

async fn status_of(address: SocketAddr, key: &str) -> StatusCode {
    get(address, "/v1/echo/7", &[("x-api-key", key)])
        .await
        .status
}

#[tokio::test]
async fn api_keys_are_those_of_a_file_that_is_watched() {
    let (first, second) = ("key-of-billing-0123456789", "key-of-reports-0123456789");
    let path = file(&line(first, "billing", "read"));
    let rules = "policy: [{ access: { rules: [{ effect: allow, when: { scopes: [read], api_keys: [billing] } }] } }]\n";
    let text_of = format!(
        "identity: {{ api_keys: {{ file: '{}' }} }}\n{rules}",
        path.display()
    );
    let backend = Backend::start().await;
    let gateway = guarded(&backend.url, &text_of).await;
    let address = gateway.address();
    assert_eq!(status_of(address, first).await, 200);
    assert_eq!(status_of(address, second).await, 401);
    assert_eq!(get(address, "/v1/echo/7", &[]).await.status, 401);
    let two = [("x-api-key", first), ("x-api-key", first)];
    assert_eq!(get(address, "/v1/echo/7", &two).await.status, 401);

    // One line is none, so nothing of the file counts.
    let broken = format!(
        "{}key-in-the-clear reports read\n",
        line(second, "billing", "read")
    );
    std::fs::write(&path, broken).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < LOOKS {
        assert_eq!(status_of(address, first).await, 200);
        assert_eq!(status_of(address, second).await, 401);
    }
    let lines = [
        line(second, "billing", "read"),
        line(first, "reports", "read"),
    ];
    std::fs::write(&path, lines.concat()).unwrap();
    let taken = async { while status_of(address, second).await != 200 {} };
    tokio::time::timeout(PATIENCE, taken).await.unwrap();
    assert_eq!(
        status_of(address, first).await,
        403,
        "known, and another now"
    );
}

/// The section for an issuer that is asked.
fn asked(url: &str) -> String {
    let secret = file("s3cret\n");
    format!(
        "identity: {{ introspection: {{ url: '{url}', client_id: gateway, client_secret_file: '{}', issuer: '{ISS}' }} }}\n",
        secret.display()
    )
}

#[tokio::test]
async fn fifty_calls_with_one_opaque_token_ask_its_issuer_once() {
    let says = json!({"active": true, "sub": "bob", "scope": "read", "exp": now() + 600});
    let (open, gate) = watch::channel(false);
    let site = Site::behind(gate, &says.to_string()).await;
    let backend = Backend::start().await;
    let gateway = guarded(&backend.url, &asked(&site.url)).await;
    let calls = (0..50).map(|_| get_as(gateway.address(), "/v1/echo/7", "opaque-1"));
    let opened = async {
        site.until(1).await;
        open.send_replace(true);
    };
    let (answers, ()) = tokio::join!(join_all(calls), opened);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(site.count(), 1);
    assert!(site.last().ends_with("token=opaque-1"), "{}", site.last());
    assert_eq!(
        get_as(gateway.address(), "/v1/echo/7", "opaque-1")
            .await
            .status,
        200
    );
    assert_eq!(site.count(), 1, "the answer is relied on");

    site.says(StatusCode::OK, "{\"active\":false}");
    for _ in 0..2 {
        let answer = get_as(gateway.address(), "/v1/echo/7", "opaque-2").await;
        assert_eq!(answer.status, 401);
        let challenge = text(&answer.headers, "www-authenticate");
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
    assert_eq!(site.count(), 2, "a no is relied on as well");
    // Whoever does not answer lets nobody in, and is asked again.
    for (status, said) in [(500, ""), (200, "no JSON"), (302, "")] {
        site.says(StatusCode::from_u16(status).unwrap(), said);
        let token = format!("opaque-{status}-{}", said.len());
        let answer = get_as(gateway.address(), "/v1/echo/7", &token).await;
        assert!(
            answer.status == 503 || answer.status == 401,
            "{status}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn a_cookie_counts_from_pages_of_this_origin_and_those_that_are_named() {
    let pair = Pair::new("a");
    let more = "  cookie: { name: session, origins: ['https://app.example'] }\n";
    let cors =
        "cors: { origins: ['https://app.example', 'https://other.example'], credentials: true }\n";
    let backend = Backend::start().await;
    let gateway = guarded(
        &backend.url,
        &identity(&[pair.jwk()], &format!("{more}{cors}")),
    )
    .await;
    let address = gateway.address();
    let cookie = format!("a=b; session={}", pair.of(""));
    let own = format!("http://{address}");
    for (origin, status) in [
        (None, 200),
        (Some(&*own), 200),
        (Some("https://app.example"), 200),
        (Some("https://other.example"), 403),
        (Some("https://evil.example"), 403),
        (Some("null"), 403),
        (Some("https://app.example.evil.example"), 403),
    ] {
        let mut headers = vec![("cookie", &*cookie)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = get(address, "/v1/echo/7", &headers).await;
        assert_eq!(answer.status, status, "{origin:?}: {}", answer.text());
    }
    // A token that a page has itself needs no origin.
    let authorization = bearer(&pair.of(""));
    let headers = [
        ("origin", "https://other.example"),
        ("authorization", &*authorization),
    ];
    assert_eq!(get(address, "/v1/echo/7", &headers).await.status, 200);
    let other = format!("token={}", pair.of(""));
    assert_eq!(
        get(address, "/v1/echo/7", &[("cookie", &other)])
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_page_shows_its_token_as_a_sub_protocol_of_a_websocket() {
    let pair = Pair::new("a");
    let backend = Scripted::start(|_| Script::new().message(b"").end_ok()).await;
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], "")).await;
    let token = pair.of("");
    let plain = format!("transom.json, bearer.{token}");
    let encoded = format!(
        "transom.json, base64url.bearer.authorization.{}",
        base64(&token)
    );
    for version in [Version::Http1, Version::Http2] {
        for offer in [&plain, &encoded] {
            let way = Way {
                form: Form::WebSocket,
                version,
                kind: Kind::Server,
            };
            let metadata = [("sec-websocket-protocol", &**offer)];
            let call = Conversation::begin(gateway.address(), way, &metadata).await;
            let ending = call.end().await;
            assert_eq!(ending.outcome.code, Some(0), "{way} {offer}");
        }
    }
    let record = backend.record();
    assert!(
        record
            .calls
            .iter()
            .all(|call| call.seen.text("authorization").is_empty())
    );
    drop(record);
    // One of them a neighbour may have set.
    let authorization = bearer(&token);
    let headers = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", &*plain),
        ("authorization", &*authorization),
    ];
    let answer = get(gateway.address(), "/v1/echo:stream", &headers).await;
    assert_eq!(answer.status, 401);
    assert!(text(&answer.headers, "www-authenticate").contains("invalid_request"));
}

//! A document of the demo, as it was read before it was kept: `tests/openapi/golden`.
//!
//! `UPDATE_GOLDEN=1 cargo test --test integration openapi::` writes what is served into the files, to be
//! read before it is kept. What other makers' programs make of the documents is `tests/openapi/run.py`.

use std::path::Path;

use crate::support::Stack;

/// Where the gateway of a golden document is.
const SERVER: &str = "http://127.0.0.1:8080";

/// The smallest of the demo's packages: unary, a server stream, a client stream.
const PACKAGE: &str = "demo.telemetry.v1";

#[tokio::test]
async fn a_document_is_what_was_read_and_kept() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let stack = Stack::with(|_| ()).await;
    let own = format!("http://{}", stack.address());
    for version in ["3.0", "3.1", "3.2"] {
        let answer = stack
            .get(&format!("/openapi/{PACKAGE}-{version}.json"))
            .await;
        let found = answer.text().replace(&own, SERVER);
        // Samples for gRPC's own clients have no scheme.
        let found = found.replace(&stack.address().to_string(), "127.0.0.1:8080");
        assert!(!found.contains("transom.invalid"), "{found}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/openapi/golden")
            .join(format!("{PACKAGE}-{version}.json"));
        if update {
            std::fs::write(&path, &found).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        let differs = found.lines().zip(kept.lines()).position(|(f, k)| f != k);
        assert!(
            found == kept,
            "{} is not what is served, first in line {}; UPDATE_GOLDEN=1 writes it anew",
            path.display(),
            differs.unwrap_or(kept.lines().count()) + 1,
        );
    }
}

#[tokio::test]
async fn two_gateways_write_the_same_bytes() {
    let (one, other) = (Stack::with(|_| ()).await, Stack::with(|_| ()).await);
    let servers = [&one, &other].map(|stack| stack.address().to_string());
    for path in [
        "/openapi.json",
        "/openapi-3.2.json",
        "/openapi-3.0.json?profile=simple",
        "/openapi.yaml",
    ] {
        let first = one.get(path).await.text().replace(&servers[0], "gateway");
        let second = other.get(path).await.text().replace(&servers[1], "gateway");
        assert!(first == second, "{path} differs between two gateways");
        assert!(first.len() > 10_000, "{path} is empty");
    }
}

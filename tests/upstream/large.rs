//! Headers and trailers that are too large fail one call, and never a connection.

use crate::support::before;
use crate::support::calls::{Ask, Dialect, Native, call};
use crate::support::scripted::{Fields, Gate, Script, Scripted};

#[tokio::test]
async fn large_headers_and_trailers_pass_or_fail_their_own_call() {
    const OK: u32 = 0;
    const RESOURCE_EXHAUSTED: u32 = 8;
    let gate = Gate::new();
    let held = gate.clone();
    let backend = Scripted::start(move |seen| {
        let (place, kib) = seen.text("x-large").split_once(' ').unwrap_or_default();
        let kib = kib.parse().unwrap_or(0);
        match place {
            "headers" => Script::new()
                .read()
                .headers(Fields::new().large(kib))
                .message(b"")
                .end_ok(),
            "trailers" => Script::new()
                .read()
                .message(b"")
                .trailers(Fields::status(0, "").large(kib)),
            "only" => Script::new()
                .read()
                .trailers(Fields::status(5, "").large(kib)),
            _ => Script::new()
                .read()
                .message(b"")
                .until(&held)
                .message(b"")
                .end_ok(),
        }
    })
    .await;
    let gateway = before(&backend.url(), "").await;
    let client = Native::connect(gateway.address()).await;
    let mut neighbour = client.begin(&Ask::stream()).await;
    assert!(neighbour.next().await.is_some());
    for dialect in Dialect::ALL {
        for place in ["headers", "trailers", "only"] {
            for kib in [16, 64, 256] {
                let what = format!("{place} {kib}");
                let ask = Ask::get(7).with("x-large", &what);
                let outcome = call(gateway.address(), dialect, &ask).await;
                let fits = if place == "only" { 5 } else { OK };
                let expected = if kib == 16 { fits } else { RESOURCE_EXHAUSTED };
                assert_eq!(
                    outcome.code,
                    Some(expected),
                    "{dialect:?}, {what} KiB: {}",
                    outcome.message
                );
            }
        }
    }
    gate.open();
    assert!(neighbour.next().await.is_some());
    assert!(neighbour.next().await.is_none());
    assert!(neighbour.end().is_ok(), "the neighbour lost nothing");
    assert_eq!(backend.record().connections.len(), 1);
}

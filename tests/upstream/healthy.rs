//! Health checks: endpoints that say that they do not serve get no calls.

use super::among;
use crate::support::calls::{Ask, Native};
use crate::support::scripted::{Gate, Script, Scripted};

const WATCH: &str = "/grpc.health.v1.Health/Watch";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const SERVING: &[u8] = b"\x08\x01";
const NOT_SERVING: &[u8] = b"\x08\x02";

/// Calls that are not of the health service.
fn calls(backend: &Scripted) -> usize {
    let record = backend.record();
    let others = record.calls.iter();
    others
        .filter(|call| !call.seen.path.starts_with("/grpc.health"))
        .count()
}

#[tokio::test]
async fn an_endpoint_that_does_not_serve_gets_no_calls_until_it_does() {
    let well_again = Gate::new();
    let gate = well_again.clone();
    let ill = Scripted::start(move |seen| match &*seen.path {
        WATCH => Script::new()
            .read()
            .message(NOT_SERVING)
            .until(&gate)
            .message(SERVING)
            .until(&Gate::new()),
        _ => Script::ok(b""),
    })
    .await;
    let well = || {
        Scripted::start(|seen| match &*seen.path {
            WATCH => Script::new().read().message(SERVING).until(&Gate::new()),
            _ => Script::ok(b""),
        })
    };
    let (one, two) = (well().await, well().await);
    let keys = "    health: { check: true }\n    balance: { policy: round_robin }";
    let gateway = among(&[&ill, &one, &two], keys).await;
    let client = Native::connect(gateway.address()).await;
    // Until all have answered, health is not known and does not count.
    let settled = async || loop {
        for backend in [&ill, &one, &two] {
            backend.forget();
        }
        for _ in 0..12 {
            assert!(client.call(&Ask::echo("a")).await.is_ok());
        }
        if calls(&ill) == 0 {
            return;
        }
    };
    settled().await;
    assert_eq!([calls(&one), calls(&two)], [6, 6]);
    well_again.open();
    while calls(&ill) == 0 {
        assert!(client.call(&Ask::echo("a")).await.is_ok());
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_watched_is_asked_and_one_without_the_service_is_well() {
    let asked = Scripted::start(|seen| match &*seen.path {
        WATCH => Script::fail(12, "no"),
        CHECK => Script::ok(NOT_SERVING),
        _ => Script::ok(b""),
    })
    .await;
    let without = || {
        Scripted::start(|seen| match seen.path.starts_with("/grpc.health") {
            true => Script::fail(12, "no"),
            false => Script::ok(b""),
        })
    };
    let (one, two) = (without().await, without().await);
    let keys = "    health: { check: true, interval: 50ms }\n    balance: { policy: round_robin }";
    let gateway = among(&[&asked, &one, &two], keys).await;
    let client = Native::connect(gateway.address()).await;
    loop {
        for backend in [&asked, &one, &two] {
            backend.forget();
        }
        for _ in 0..12 {
            assert!(client.call(&Ask::echo("a")).await.is_ok());
        }
        if calls(&asked) == 0 {
            break;
        }
    }
    assert_eq!([calls(&one), calls(&two)], [6, 6]);
}

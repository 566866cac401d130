//! Calls that are made again: by a policy, where a method may be repeated, and within bounds.

use std::time::Duration;

use tokio::time::Instant;

use super::among;
use crate::support::before;
use crate::support::calls::{Ask, Dialect, Native, call};
use crate::support::scripted::{Fields, Script, Scripted, in_turn};

#[tokio::test]
async fn a_method_without_side_effects_is_retried_elsewhere_in_every_dialect() {
    let ill = Scripted::start(|_| Script::fail(14, "not here")).await;
    let well = Scripted::start(|_| Script::ok(b"\x08\x07")).await;
    let keys = "    balance: { policy: round_robin }\n    outlier: { detect: false }";
    let gateway = among(&[&ill, &well], keys).await;
    for dialect in Dialect::ALL {
        ill.forget();
        well.forget();
        for _ in 0..10 {
            let outcome = call(gateway.address(), dialect, &Ask::get(7)).await;
            assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        }
        let (ill, well) = (ill.record(), well.record());
        assert!(!ill.calls.is_empty(), "{dialect:?}");
        assert_eq!(well.calls.len(), 10, "{dialect:?}");
        let again = well.calls.iter().filter(|call| {
            call.seen
                .metadata
                .contains_key("grpc-previous-rpc-attempts")
        });
        assert_eq!(again.count(), ill.calls.len(), "only retries say so");
    }
}

#[tokio::test]
async fn an_error_behind_headers_is_retried_if_no_message_came() {
    let failing = Script::new()
        .read()
        .headers(Fields::new())
        .trailers(Fields::status(14, "too late"));
    let backend = Scripted::start(in_turn(vec![failing, Script::ok(b"\x08\x07")])).await;
    let gateway = before(&backend.url(), "").await;
    let outcome = Native::connect(gateway.address())
        .await
        .call(&Ask::get(7))
        .await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(backend.record().calls.len(), 2);
}

#[tokio::test]
async fn attempts_are_counted_and_end() {
    let backend = Scripted::start(|_| Script::fail(14, "no")).await;
    let gateway = before(&backend.url(), "").await;
    let client = Native::connect(gateway.address()).await;
    let outcome = client.call(&Ask::get(7)).await;
    assert_eq!(outcome.code, Some(14));
    let record = backend.record();
    let previous = |n: usize| {
        record.calls[n]
            .seen
            .text("grpc-previous-rpc-attempts")
            .to_owned()
    };
    assert_eq!(record.calls.len(), 3);
    assert_eq!([previous(1), previous(2)], ["1", "2"]);
}

#[tokio::test]
async fn the_backend_may_say_when_or_that_it_wants_no_second_try() {
    let later = |value: &str| {
        Script::new()
            .read()
            .trailers(Fields::status(14, "later").push_back(value))
    };
    for (value, tries) in [("0", 2), ("120", 2), ("-1", 1), ("soon", 1)] {
        let backend = Scripted::start(in_turn(vec![later(value), Script::ok(b"")])).await;
        let gateway = before(&backend.url(), "").await;
        let client = Native::connect(gateway.address()).await;
        let begun = Instant::now();
        let outcome = client.call(&Ask::get(7)).await;
        assert_eq!(outcome.is_ok(), tries == 2, "{value}: {outcome:?}");
        assert_eq!(backend.record().calls.len(), tries, "{value}");
        if value == "120" {
            assert!(begun.elapsed() >= Duration::from_millis(120));
        }
    }
}

#[tokio::test]
async fn what_may_have_had_an_effect_is_retried_only_if_a_rule_names_it() {
    let scripts = || in_turn(vec![Script::fail(14, "no"), Script::ok(b"")]);
    let backend = Scripted::start(scripts()).await;
    let gateway = among(&[&backend], "").await;
    let client = Native::connect(gateway.address()).await;
    assert_eq!(client.call(&Ask::echo("a")).await.code, Some(14));
    backend.forget();
    backend.answer(scripts());
    let keys = "    retries: { methods: [{ selector: demo.echo.v1.EchoService.Echo, retry: { attempts: 2 } }] }";
    let gateway = among(&[&backend], keys).await;
    let client = Native::connect(gateway.address()).await;
    assert!(client.call(&Ask::echo("a")).await.is_ok());
    assert_eq!(backend.record().calls.len(), 2);
}

#[tokio::test]
async fn a_storm_of_failures_is_not_multiplied_by_retries() {
    const CALLS: usize = 1000;
    let backend = Scripted::start(|_| Script::fail(14, "no")).await;
    let keys =
        "    retries: { idempotent: { attempts: 4, initial_backoff: 1ms, max_backoff: 1ms } }";
    let gateway = among(&[&backend], keys).await;
    let client = Native::connect(gateway.address()).await;
    for _ in 0..CALLS {
        assert_eq!(client.call(&Ask::get(7)).await.code, Some(14));
    }
    let attempts = backend.record().calls.len();
    // 100 tokens, and none may be spent below 50: fifty failures, and retries end.
    assert!(attempts <= CALLS + 50, "{attempts}");
    // Recovery: successes give tokens back.
    backend.answer(|_| Script::ok(b""));
    for _ in 0..CALLS {
        assert!(client.call(&Ask::get(7)).await.is_ok());
    }
    backend.forget();
    backend.answer(in_turn(vec![Script::fail(14, "no"), Script::ok(b"")]));
    assert!(client.call(&Ask::get(7)).await.is_ok());
}

#[tokio::test]
async fn a_call_that_takes_long_is_made_at_a_second_endpoint_and_the_first_is_cancelled() {
    let silent = Scripted::start(|_| Script::new().read()).await;
    let well = Scripted::start(|_| Script::ok(b"\x08\x07")).await;
    let keys = "    balance: { policy: round_robin }
    retries: { methods: [{ selector: demo.echo.v1.EchoService.*, hedge: { attempts: 2, delay: 20ms } }] }";
    let gateway = among(&[&silent, &well], keys).await;
    let client = Native::connect(gateway.address()).await;
    for number in 0..6 {
        let outcome = client.call(&Ask::get(7)).await;
        assert!(outcome.is_ok(), "{number}: {outcome:?}");
    }
    silent
        .until(|record| !record.calls.is_empty() && record.resets.len() == record.calls.len())
        .await;
}

#[tokio::test]
async fn a_service_config_says_how_calls_are_made() {
    let backend = Scripted::start(in_turn(vec![
        Script::fail(10, "aborted"),
        Script::ok(b""),
        Script::new().read(),
    ]))
    .await;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-config.json");
    let text = r#"{ "methodConfig": [{
        "name": [{ "service": "demo.echo.v1.EchoService", "method": "Echo" }],
        "timeout": "0.3s",
        "retryPolicy": { "maxAttempts": 2, "initialBackoff": "0.01s", "maxBackoff": "0.01s",
            "backoffMultiplier": 1, "retryableStatusCodes": ["ABORTED"] } }] }"#;
    std::fs::write(&file, text).unwrap();
    let keys = format!("    service_config: '{}'", file.display());
    let gateway = among(&[&backend], &keys).await;
    let client = Native::connect(gateway.address()).await;
    assert!(client.call(&Ask::echo("a")).await.is_ok());
    assert_eq!(backend.record().calls.len(), 2);
    let late = client.call(&Ask::echo("a")).await;
    assert_eq!(late.code, Some(4), "{late:?}");
}

#[tokio::test]
async fn a_service_config_bounds_messages_and_has_calls_wait() {
    let backend = Scripted::start(|_| Script::ok(b"\x0a\x05hello")).await;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-config-sizes.json");
    let echo = r#""name": [{ "service": "demo.echo.v1.EchoService", "method": "Echo" }]"#;
    let keys = format!("    service_config: '{}'", file.display());
    for (config, code) in [
        (r#""maxRequestMessageBytes": 2"#, Some(8)),
        (r#""maxResponseMessageBytes": 6"#, Some(8)),
        (
            r#""maxRequestMessageBytes": 3, "maxResponseMessageBytes": 7"#,
            Some(0),
        ),
    ] {
        let text = format!("{{\"methodConfig\": [{{ {echo}, {config} }}] }}");
        std::fs::write(&file, text).unwrap();
        let gateway = among(&[&backend], &keys).await;
        let client = Native::connect(gateway.address()).await;
        let outcome = client.call(&Ask::echo("a")).await;
        assert_eq!(outcome.code, code, "{config}: {outcome:?}");
    }

    // Nobody listens: it waits to its end.
    let config = r#""waitForReady": true, "timeout": "0.2s""#;
    let text = format!("{{\"methodConfig\": [{{ {echo}, {config} }}] }}");
    std::fs::write(&file, text).unwrap();
    let gone = Scripted::start(|_| Script::ok(b"")).await;
    let port = gone.port();
    drop(gone);
    let gateway = super::among_ports(&[port], &keys).await;
    let client = Native::connect(gateway.address()).await;
    assert_eq!(client.call(&Ask::echo("a")).await.code, Some(4));
    assert_eq!(client.call(&Ask::get(7)).await.code, Some(14));
}

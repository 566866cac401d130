//! Rate limits and limits of calls at once, in every dialect.

use super::{Pair, bearer, guarded, identity, text};
use crate::support::calls::{Ask, Dialect, Outcome, call};
use crate::support::scripted::{Gate, Script, Scripted};

fn says(outcome: &Outcome, name: &str) -> String {
    text(&outcome.headers, name).to_owned()
}

#[tokio::test]
async fn a_call_too_many_is_told_when_to_come_again_in_every_dialect() {
    let limits = "policy: [{ rate_limits: [{ name: all, calls: 2, per: 1h }] }]\n";
    for dialect in Dialect::ALL {
        let backend = Scripted::start(|_| Script::ok(b"")).await;
        let gateway = guarded(&backend.url(), limits).await;
        let ask = Ask::echo("a");
        for left in ["1", "0"] {
            let outcome = call(gateway.address(), dialect, &ask).await;
            assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
            assert_eq!(
                says(&outcome, "ratelimit-limit"),
                "2, 2;w=3600",
                "{dialect:?}"
            );
            assert_eq!(says(&outcome, "ratelimit-remaining"), left, "{dialect:?}");
        }
        let outcome = call(gateway.address(), dialect, &ask).await;
        assert_eq!(outcome.code, Some(8), "{dialect:?}: {outcome:?}");
        assert_eq!(outcome.details, ["google.rpc.RetryInfo"], "{dialect:?}");
        assert_eq!(says(&outcome, "ratelimit-remaining"), "0", "{dialect:?}");
        let after: u32 = says(&outcome, "retry-after").parse().unwrap();
        assert!((1..=1800).contains(&after), "{dialect:?}: {after}");
        let reset: u32 = says(&outcome, "ratelimit-reset").parse().unwrap();
        assert!((after..=3600).contains(&reset), "{dialect:?}: {reset}");
        assert_eq!(backend.record().calls.len(), 2, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_limit_is_one_for_all_dialects_and_each_caller_has_its_own() {
    let pair = Pair::new("a");
    let limits = "policy: [{ rate_limits: [{ name: callers, by: [identity], methods: [demo.echo.v1.EchoService.Echo], calls: 2, per: 1h }] }]\n";
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], limits)).await;
    let as_caller = |sub: &str| {
        let claims = super::claims(serde_json::json!({ "sub": sub }));
        bearer(&pair.token(&claims))
    };
    for (caller, codes) in [("alice", [0, 0, 8, 8]), ("bob", [0, 0, 8, 8])] {
        let ask = Ask::echo("a").with("authorization", as_caller(caller));
        for (dialect, code) in Dialect::ALL.into_iter().zip(codes) {
            let outcome = call(gateway.address(), dialect, &ask).await;
            assert_eq!(
                outcome.code,
                Some(code),
                "{caller} {dialect:?}: {outcome:?}"
            );
        }
        // Another method has no limit.
        let get = Ask::get(7).with("authorization", as_caller(caller));
        assert!(call(gateway.address(), Dialect::Rest, &get).await.is_ok());
    }
}

#[tokio::test]
async fn a_call_beyond_those_that_may_run_at_once_is_refused_until_one_has_ended() {
    let gate = Gate::new();
    let held = gate.clone();
    let backend =
        Scripted::start(move |_| Script::new().read().until(&held).message(b"").end_ok()).await;
    let limits = "policy: [{ concurrency: [{ name: few, calls: 1 }] }]\n";
    let gateway = guarded(&backend.url(), limits).await;
    let address = gateway.address();
    let first = tokio::spawn(async move { call(address, Dialect::Rest, &Ask::echo("a")).await });
    backend.until(|record| record.calls.len() == 1).await;
    for dialect in Dialect::ALL {
        let outcome = call(address, dialect, &Ask::echo("b")).await;
        assert_eq!(outcome.code, Some(14), "{dialect:?}: {outcome:?}");
        assert_eq!(outcome.details, ["google.rpc.RetryInfo"], "{dialect:?}");
    }
    gate.open();
    assert!(first.await.unwrap().is_ok());
    for dialect in Dialect::ALL {
        let outcome = call(address, dialect, &Ask::echo("c")).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn before_callers_are_told_apart_a_limit_counts_tokens_that_are_wrong_too() {
    let pair = Pair::new("a");
    let policy = "policy:\n  - rate_limits: [{ name: tries, by: [address], calls: 3, per: 1h }]\n  - identify: {}\n";
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], policy)).await;
    let good = bearer(&pair.of("read"));
    let tries = [
        "Bearer wrong".to_owned(),
        "Bearer wronger".to_owned(),
        good.clone(),
        good,
    ];
    for (token, code) in tries.into_iter().zip([16, 16, 0, 8]) {
        let ask = Ask::echo("a").with("authorization", token);
        let outcome = call(gateway.address(), Dialect::Rest, &ask).await;
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
    }
    // Rules before are not rules after: whoever shows nothing is still nobody.
    let gateway = guarded(
        &backend.url(),
        &identity(
            &[pair.jwk()],
            "policy: [{ access: { rules: [{ effect: public }] } }, { identify: {} }]\n",
        ),
    )
    .await;
    let outcome = call(gateway.address(), Dialect::Rest, &Ask::echo("a")).await;
    assert_eq!(outcome.code, Some(16), "{outcome:?}");
}

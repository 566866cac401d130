//! Row R38: a step of others that panics, before a call, while it asks or at its end.

use std::sync::Arc;

use transom::call::gate::{Asked, Decision, Ended, Interceptor, Passed};
use transom::policy::StepConfig;

use super::{admin, until};
use crate::support::Stack;
use crate::support::calls::{Ask, Dialect, call};

/// Panics where a header says so, and at the end of every call.
struct Panics;

impl Interceptor for Panics {
    fn before<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        match asked.headers.get("x-panic").map(|value| value.as_bytes()) {
            None => Decision::pass(),
            Some(b"now") => panic!("injected"),
            Some(_) => Decision::Later(Box::pin(async { panic!("injected later") })),
        }
    }

    fn ended(&self, _: &Ended<'_>) {
        panic!("injected at the end")
    }
}

#[tokio::test]
async fn row_r38_a_step_that_panics_ends_its_own_call_alone_in_every_dialect() {
    let stack = Stack::with(|config| {
        config.admin = Some(([127, 0, 0, 1], 0).into());
        config.policy.steps.push(StepConfig::Custom {
            name: "mine",
            interceptor: Arc::new(Panics),
        });
    })
    .await;
    for dialect in Dialect::ALL {
        for when in ["now", "later"] {
            let ask = Ask::echo("a").with("x-panic", when);
            let outcome = call(stack.address(), dialect, &ask).await;
            assert_eq!(outcome.code, Some(13), "{dialect:?} {when}: {outcome:?}");
            assert!(!outcome.message.contains("injected"), "{outcome:?}");
        }
        let outcome = call(stack.address(), dialect, &Ask::echo("b")).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
    }
    let count = 2 * Dialect::ALL.len();
    let counted = format!(
        "gateway_policy_decisions_total{{step=\"mine\",decision=\"refused\",rule=\"panicked\"}} {count}"
    );
    until(&stack.gateway, &counted).await;
    assert!(admin(&stack.gateway, "/readyz").await.starts_with("ok"));
}

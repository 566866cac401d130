//! One decision after the other.

use super::*;
use crate::schema::Idempotency;

/// A decision without the place in the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Again(u64),
    Transparent(u64),
    GiveUp(Why),
}

#[allow(clippy::needless_pass_by_value)] // its place in the budget ends with it
fn seen(next: Next) -> Seen {
    let whole = |after: Duration| u64::try_from(after.as_millis()).unwrap();
    match next {
        Next::Again { after, .. } => Seen::Again(whole(after)),
        Next::Transparent { after } => Seen::Transparent(whole(after)),
        Next::GiveUp(why) => Seen::GiveUp(why),
    }
}

fn named() -> Attempts {
    Attempts::new(Some(&policy()), Idempotency::Unknown)
}

/// What follows failures, one after the other, with much time and all tokens.
fn follows(mut attempts: Attempts, failures: &[Status]) -> Vec<Seen> {
    let shared = Shared::new();
    failures
        .iter()
        .map(|status| seen(attempts.failed(status, None, Committed::No, shared.gate(), 0.5)))
        .collect()
}

#[test]
fn a_policy_repeats_a_call_until_all_attempts_are_made() {
    let found = follows(named(), &vec![unavailable(); 4]);
    let expected = [
        Seen::Again(100),
        Seen::Again(200),
        Seen::Again(400),
        Seen::GiveUp(Why::Exhausted),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_backends_delay_is_kept_to_and_starts_the_delays_over() {
    let pushback = |ms| failure(Code::Unavailable, Retry::Pushback(millis(ms)));
    let found = follows(named(), &[unavailable(), pushback(7), unavailable()]);
    assert_eq!(found, [Seen::Again(100), Seen::Again(7), Seen::Again(100)]);
    assert_eq!(follows(named(), &[pushback(0)]), [Seen::Again(0)]);
    let other = failure(Code::NotFound, Retry::Pushback(millis(1)));
    assert_eq!(follows(named(), &[other]), [Seen::GiveUp(Why::Code)]);
}

#[test]
fn what_cannot_or_must_not_be_repeated_is_given_up() {
    let never = failure(Code::Unavailable, Retry::Never);
    let forbidden = failure(Code::Unavailable, Retry::Forbidden);
    let other = failure(Code::Internal, Retry::BeforeFirstByte);
    for (status, why) in [
        (never, Why::Final),
        (forbidden, Why::Forbidden),
        (other, Why::Code),
        (Status::ok(), Why::Final),
        (Status::deadline_exceeded(), Why::Final),
    ] {
        assert_eq!(follows(named(), &[status]), [Seen::GiveUp(why)]);
    }
    let shared = Shared::new();
    for (committed, why) in [
        (Committed::Answered, Why::Answered),
        (Committed::Dropped, Why::Dropped),
    ] {
        for status in [unavailable(), failure(Code::Unavailable, Retry::Refused)] {
            let next = named().failed(&status, None, committed, shared.gate(), 0.5);
            assert_eq!(seen(next), Seen::GiveUp(why));
        }
    }
}

#[test]
fn only_what_may_be_repeated_is_repeated() {
    let anything = Policy {
        covers: Covers::Idempotent,
        ..policy()
    };
    let no = Seen::GiveUp(Why::NoPolicy);
    for (policy, idempotency, expected) in [
        (None, Idempotency::NoSideEffects, no),
        (Some(anything), Idempotency::Unknown, no),
        (Some(anything), Idempotency::NoSideEffects, Seen::Again(100)),
        (Some(anything), Idempotency::Idempotent, Seen::Again(100)),
        (Some(policy()), Idempotency::Unknown, Seen::Again(100)),
        (Some(Policy::default()), Idempotency::Unknown, no),
        (
            Some(Policy::default()),
            Idempotency::Idempotent,
            Seen::Again(25),
        ),
    ] {
        let attempts = Attempts::new(policy.as_ref(), idempotency);
        let found = follows(attempts, &[unavailable()]);
        assert_eq!(found, [expected], "{policy:?} {idempotency:?}");
    }
}

#[test]
fn what_no_application_saw_is_repeated_without_a_policy() {
    let none = || Attempts::new(None, Idempotency::Unknown);
    let refused = failure(Code::Unavailable, Retry::Refused);
    let unsent = failure(Code::Unavailable, Retry::Unsent);
    let found = follows(none(), &[refused.clone(), refused.clone()]);
    assert_eq!(found, [Seen::Transparent(0), Seen::GiveUp(Why::NoPolicy)]);
    // After the one that needs no policy, the policy; and none of it counts as its attempts.
    let found = follows(
        named(),
        &[
            unsent.clone(),
            refused.clone(),
            unsent.clone(),
            refused.clone(),
            unavailable(),
            unsent.clone(),
            unavailable(),
            refused,
        ],
    );
    let expected = [
        Seen::Transparent(0),
        Seen::Transparent(0),
        Seen::Transparent(0),
        Seen::Again(100),
        Seen::Again(200),
        Seen::Transparent(0),
        Seen::Again(400),
        Seen::GiveUp(Why::Exhausted),
    ];
    assert_eq!(found, expected);
    // However often it cannot leave; only it does not spin.
    let found = follows(none(), &vec![unsent; 100]);
    assert!(found[..16].iter().all(|seen| *seen == Seen::Transparent(0)));
    assert!(
        found[16..]
            .iter()
            .all(|seen| *seen == Seen::Transparent(50))
    );
}

#[test]
fn nothing_starts_when_the_deadline_has_come() {
    let shared = Shared::new();
    let unsent = failure(Code::Unavailable, Retry::Unsent);
    let pushback = failure(Code::Unavailable, Retry::Pushback(millis(100)));
    let late = Seen::GiveUp(Why::Deadline);
    for (status, left, expected) in [
        (unavailable(), 101, Seen::Again(100)),
        (unavailable(), 100, late),
        (unavailable(), 0, late),
        (pushback.clone(), 101, Seen::Again(100)),
        (pushback, 100, late),
        (unsent.clone(), 1, Seen::Transparent(0)),
        (unsent, 0, late),
    ] {
        let next = named().failed(
            &status,
            Some(millis(left)),
            Committed::No,
            shared.gate(),
            0.5,
        );
        assert_eq!(seen(next), expected, "{status} {left}");
    }
    assert_eq!(shared.budget.under_way(), 0);
}

#[test]
fn failures_that_a6_names_take_a_token_and_no_others() {
    use Committed::{Answered, Dropped, No};
    let at = |code, retry| failure(code, retry);
    let before = Retry::BeforeFirstByte;
    let gateways = Status::gateway(Code::Unavailable, "").retry(before);
    for (status, committed, taken) in [
        (at(Code::Unavailable, before), No, 1),
        (at(Code::Aborted, before), No, 1),
        (at(Code::Internal, before), No, 0),
        (at(Code::InvalidArgument, Retry::Forbidden), No, 1),
        (at(Code::Unavailable, Retry::Forbidden), No, 1),
        (at(Code::Unavailable, Retry::Pushback(millis(5))), No, 1),
        (at(Code::Unavailable, Retry::Never), Answered, 1),
        (at(Code::Unavailable, before), Dropped, 1),
        (at(Code::Unavailable, Retry::Unsent), No, 0),
        (at(Code::Unavailable, Retry::Refused), No, 0),
        (gateways, No, 0),
    ] {
        let shared = Shared::new();
        let _ = named().failed(&status, None, committed, shared.gate(), 0.5);
        let found = 100.0 - shared.throttle.tokens_left();
        assert!(
            (found - f64::from(taken)).abs() < 1e-9,
            "{status:?}: {found}"
        );
    }
    // Without a policy there is no retryable code.
    let shared = Shared::new();
    let mut attempts = Attempts::new(None, Idempotency::Unknown);
    let _ = attempts.failed(&unavailable(), None, Committed::No, shared.gate(), 0.5);
    assert!((shared.throttle.tokens_left() - 100.0).abs() < 1e-9);
}

#[test]
fn attempts_are_counted_for_the_backend_the_log_and_metrics() {
    let shared = Shared::new();
    let mut attempts = named();
    let refused = failure(Code::Unavailable, Retry::Refused);
    let mut counts = vec![(attempts.previous_attempts(), attempts.made())];
    for status in [refused, unavailable(), unavailable()] {
        let _ = attempts.failed(&status, None, Committed::No, shared.gate(), 0.5);
        counts.push((attempts.previous_attempts(), attempts.made()));
    }
    assert_eq!(counts, [(None, 1), (None, 2), (Some(1), 3), (Some(2), 4)]);
    assert_eq!((attempts.retries(), attempts.transparent_retries()), (2, 1));
    assert_eq!(attempts.waited(), millis(300));
}

#[test]
fn a_retry_is_under_way_for_as_long_as_its_place_is_kept() {
    let shared = Shared::new();
    let mut calls = std::array::from_fn::<_, 4, _>(|_| named());
    let mut next = calls
        .each_mut()
        .map(|call| call.failed(&unavailable(), None, Committed::No, shared.gate(), 0.5));
    assert_eq!(shared.budget.under_way(), 3);
    assert!(matches!(next[3], Next::GiveUp(Why::Budget)));
    next[0] = Next::GiveUp(Why::Final);
    assert_eq!(shared.budget.under_way(), 2);
}

#[test]
fn an_upstream_that_fails_gets_few_more_calls_than_there_are_and_recovers() {
    let shared = Shared::new();
    let storm = |calls: usize| {
        let mut made = 0;
        for _ in 0..calls {
            let mut attempts = named();
            while matches!(
                attempts.failed(&unavailable(), None, Committed::No, shared.gate(), 0.5),
                Next::Again { .. }
            ) {}
            made += attempts.made();
        }
        made
    };
    // A second at 1,000 calls a second, then nine more.
    assert!(storm(1_000) < 1_050);
    assert_eq!(
        storm(9_000),
        9_000,
        "there are tokens in the middle of a storm"
    );
    assert!((shared.throttle.tokens_left()).abs() < 1e-9);
    // It heals: 501 successes at a tenth each are more than half of 100, within half a second.
    (0..501).for_each(|_| shared.throttle.succeeded());
    assert!(shared.throttle.allows());
}

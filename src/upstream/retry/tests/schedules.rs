//! Calls whose upstream answers at random, at random times: what must hold whatever happens.

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::call::Deadline;
use crate::schema::Idempotency;

/// Calls that are tried.
const SCHEDULES: u32 = 100_000;

/// Calls that are tried hedged.
const HEDGED: u32 = 25_000;

/// How an attempt ends.
#[derive(Clone, Copy, Debug)]
struct Fate {
    after: Duration,
    code: Code,
    retry: Retry,
    committed: Committed,
    random: f64,
}

fn fate() -> impl Strategy<Value = Fate> {
    let code = prop_oneof![
        3 => Just(Code::Unavailable),
        1 => Just(Code::Aborted),
        1 => Just(Code::Internal),
    ];
    let retry = prop_oneof![
        5 => Just(Retry::BeforeFirstByte),
        2 => Just(Retry::Unsent),
        2 => Just(Retry::Refused),
        2 => (0_u64..2_000).prop_map(|ms| Retry::Pushback(millis(ms))),
        1 => Just(Retry::Never),
        1 => Just(Retry::Forbidden),
    ];
    let committed = prop_oneof![
        8 => Just(Committed::No),
        1 => Just(Committed::Answered),
        1 => Just(Committed::Dropped),
    ];
    (0_u64..400, code, retry, committed, 0.0..1.0).prop_map(
        |(after, code, retry, committed, random)| Fate {
            after: millis(after),
            code,
            retry,
            committed,
            random,
        },
    )
}

/// A call, and what it meets.
#[derive(Clone, Debug)]
struct Schedule {
    policy: Option<Policy>,
    idempotency: Idempotency,
    deadline: Option<Duration>,
    fates: Vec<Fate>,
    /// Failures that others had before.
    failures: u32,
    active: usize,
}

prop_compose! {
    fn policies()(
        attempts in 2_u32..8, initial in 1_u64..500, max in 1_u64..800, multiplier in 0.5_f64..4.0,
        aborted: bool, named: bool,
    ) -> Policy {
        let codes = if aborted { &[Code::Unavailable, Code::Aborted][..] } else { &[Code::Unavailable] };
        Policy {
            max_attempts: MaxAttempts::new(attempts).unwrap(),
            delays: Delays::new(millis(initial), millis(max), multiplier).unwrap(),
            codes: CodeSet::of(codes),
            covers: if named { Covers::Named } else { Covers::Idempotent },
        }
    }
}

prop_compose! {
    fn schedules()(
        policy in prop::option::weighted(0.8, policies()),
        idempotency in prop_oneof![
            Just(Idempotency::Unknown), Just(Idempotency::Idempotent), Just(Idempotency::NoSideEffects),
        ],
        deadline in prop::option::weighted(0.8, 0_u64..3_000),
        fates in prop::collection::vec(fate(), 1..12),
        failures in 0_u32..60,
        active in 0_usize..40,
    ) -> Schedule {
        let deadline = deadline.map(millis);
        Schedule { policy, idempotency, deadline, fates, failures, active }
    }
}

/// Makes a call's attempts and holds every decision against what must be.
fn run(schedule: &Schedule) {
    let mut shared = Shared::new();
    shared.active = schedule.active;
    (0..schedule.failures).for_each(|_| shared.throttle.failed());
    let repeats = schedule
        .policy
        .is_some_and(|policy| policy.covers == Covers::Named)
        || schedule.policy.is_some() && schedule.idempotency != Idempotency::Unknown;
    let mut attempts = Attempts::new(schedule.policy.as_ref(), schedule.idempotency);
    let (mut now, mut begun, mut by_policy) = (Duration::ZERO, 1, 1);
    let (mut delays, mut refused) = (0, 0);
    for fate in &schedule.fates {
        now += fate.after;
        let left = schedule
            .deadline
            .map(|deadline| deadline.saturating_sub(now));
        let status = failure(fate.code, fate.retry);
        let tokens = shared.throttle.tokens_left();
        let next = attempts.failed(&status, left, fate.committed, shared.gate(), fate.random);
        let (after, _under_way) = match next {
            Next::GiveUp(_) => break,
            Next::Transparent { after } => {
                let unseen = matches!(fate.retry, Retry::Unsent | Retry::Refused);
                assert!(unseen, "an application may have seen it");
                refused += u32::from(fate.retry == Retry::Refused);
                assert!(refused <= 1, "refused twice, and repeated without a policy");
                assert!((shared.throttle.tokens_left() - tokens).abs() < 1e-9);
                (after, None)
            }
            Next::Again { after, under_way } => {
                assert!(repeats, "no policy lets this be repeated");
                let policy = schedule.policy.unwrap();
                assert!(policy.codes.contains(fate.code));
                assert!(!matches!(fate.retry, Retry::Never | Retry::Forbidden));
                by_policy += 1;
                assert!(by_policy <= policy.max_attempts.get().min(5));
                let asked = match fate.retry {
                    Retry::Pushback(asked) => {
                        delays = 0;
                        asked
                    }
                    _ => {
                        delays += 1;
                        policy.delays.before(delays, fate.random)
                    }
                };
                assert_eq!(after, asked);
                // Half of the 100 tokens were there still after this failure took its one.
                assert!(shared.throttle.tokens_left() > 50.0);
                (after, Some(under_way))
            }
        };
        assert_eq!(
            fate.committed,
            Committed::No,
            "a committed call is repeated"
        );
        now += after;
        begun += 1;
        let in_time = schedule.deadline.is_none_or(|deadline| now < deadline);
        assert!(in_time, "an attempt begins at {now:?}");
        assert_eq!(
            (attempts.made(), attempts.retries()),
            (begun, by_policy - 1)
        );
        let previous = attempts.previous_attempts();
        assert_eq!(previous.unwrap_or(0), by_policy - 1);
        assert!(shared.budget.under_way() <= (schedule.active / 5).max(3));
    }
}

/// Makes a hedged call's attempts, each with the next fate, and holds every step against what must
/// be. Time is that of the next event.
fn run_hedged(schedule: &Schedule, hedging: &Hedging) {
    let mut shared = Shared::new();
    shared.active = schedule.active;
    (0..schedule.failures).for_each(|_| shared.throttle.failed());
    let began = Instant::now();
    let deadline = match schedule.deadline {
        Some(within) => Deadline::At(began + within),
        None => Deadline::Never,
    };
    let in_time = |at: Instant| match deadline {
        Deadline::At(deadline) => at < deadline,
        Deadline::Never => true,
    };
    let mut fates = schedule.fates.iter().cycle();
    let mut hedge = Hedge::new(hedging, deadline, began);
    let mut start = |at: Instant| {
        let fate = *fates.next().unwrap();
        (at + fate.after, fate)
    };
    let mut running = vec![start(began)];
    let (mut under_way, mut made, mut refused) = (Vec::new(), 1, 0);
    // Those that never leave go on for ever without a deadline.
    for _ in 0..200 {
        running.sort_by_key(|(ends, _)| std::cmp::Reverse(*ends));
        let ends = running.last().map(|(ends, _)| *ends);
        let now = match (ends, hedge.due()) {
            (None, None) => panic!("nothing runs and nothing is due, but it has not ended"),
            (Some(at), None) | (None, Some(at)) => at,
            (Some(ends), Some(due)) => ends.min(due),
        };
        assert!(
            hedge.due().is_none_or(in_time),
            "an attempt is due too late"
        );
        if !in_time(now) {
            return;
        }
        if hedge.due() == Some(now) {
            match hedge.open(now, shared.gate()) {
                Opening::Attempt {
                    previous,
                    under_way: place,
                } => {
                    assert_eq!(previous, made);
                    made += 1;
                    assert!(made <= hedging.max_attempts.get().min(5));
                    assert!(shared.throttle.allows());
                    under_way.push(place);
                    running.push(start(now));
                }
                Opening::Wait => assert!(!running.is_empty(), "waits for nothing"),
                Opening::End(_) => {
                    assert!(running.is_empty(), "ends while others run");
                    return;
                }
            }
            continue;
        }
        let Some((_, fate)) = running.pop() else {
            return;
        };
        let status = failure(fate.code, fate.retry);
        match hedge.failed(now, &status, fate.committed, shared.gate()) {
            Step::Transparent { after } => {
                assert!(matches!(fate.retry, Retry::Unsent | Retry::Refused));
                refused += u32::from(fate.retry == Retry::Refused);
                assert!(refused <= 1 && in_time(now + after));
                running.push(start(now + after));
            }
            Step::Wait => assert!(!running.is_empty() || hedge.due().is_some()),
            Step::End(_) => {
                let is_fatal = !hedging.non_fatal.contains(fate.code);
                let is_answered = fate.committed == Committed::Answered;
                assert!(is_fatal || is_answered || running.is_empty() && hedge.due().is_none());
                return;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(SCHEDULES))]

    #[test]
    fn no_schedule_breaks_a_promise(schedule in schedules()) {
        run(&schedule);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(HEDGED))]

    #[test]
    fn no_schedule_of_a_hedged_call_breaks_a_promise(
        schedule in schedules(), attempts in 2_u32..8, delay in 0_u64..600, aborted: bool,
    ) {
        let codes = if aborted { &[Code::Unavailable, Code::Aborted][..] } else { &[Code::Unavailable] };
        let hedging = Hedging {
            max_attempts: MaxAttempts::new(attempts).unwrap(),
            delay: millis(delay),
            non_fatal: CodeSet::of(codes),
        };
        run_hedged(&schedule, &hedging);
    }
}

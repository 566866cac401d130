//! Attempts side by side: what happens when, to the millisecond.

use tokio::time::Instant;

use super::*;
use crate::call::Deadline;
use crate::schema::{Idempotency, Shape};

fn hedging(attempts: u32, delay: u64) -> Hedging {
    Hedging {
        max_attempts: MaxAttempts::new(attempts).unwrap(),
        delay: millis(delay),
        non_fatal: CodeSet::of(&[Code::Unavailable]),
    }
}

/// A hedged call, with its clock at milliseconds since it began.
struct Call {
    began: Instant,
    hedge: Hedge,
    shared: Shared,
    under_way: Vec<UnderWay>,
}

/// What is said of the next attempt.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Attempt(u32),
    Wait,
    End(Why),
}

impl Call {
    fn new(hedging: Hedging, deadline: Option<u64>) -> Self {
        let began = Instant::now();
        let deadline = match deadline {
            Some(within) => Deadline::At(began + millis(within)),
            None => Deadline::Never,
        };
        Self {
            began,
            hedge: Hedge::new(&hedging, deadline, began),
            shared: Shared::new(),
            under_way: Vec::new(),
        }
    }

    fn due(&self) -> Option<u64> {
        let due = self.hedge.due()?.duration_since(self.began);
        Some(u64::try_from(due.as_millis()).unwrap())
    }

    fn open(&mut self, at: u64) -> Seen {
        let gate = self.shared.gate();
        match self.hedge.open(self.began + millis(at), gate) {
            Opening::Attempt {
                previous,
                under_way,
            } => {
                self.under_way.push(under_way);
                Seen::Attempt(previous)
            }
            Opening::Wait => Seen::Wait,
            Opening::End(why) => Seen::End(why),
        }
    }

    fn failed(&mut self, at: u64, status: &Status) -> Step {
        let gate = self.shared.gate();
        self.hedge
            .failed(self.began + millis(at), status, Committed::No, gate)
    }
}

fn fatal() -> Status {
    failure(Code::InvalidArgument, Retry::BeforeFirstByte)
}

#[test]
fn attempts_follow_each_other_by_the_delay_until_all_are_made() {
    let mut call = Call::new(hedging(3, 500), None);
    assert_eq!(call.due(), Some(500));
    assert_eq!(call.open(499), Seen::Wait);
    assert_eq!((call.open(500), call.due()), (Seen::Attempt(1), Some(1000)));
    assert_eq!((call.open(1001), call.due()), (Seen::Attempt(2), None));
    assert_eq!(call.open(2000), Seen::Wait);
    assert_eq!((call.hedge.made(), call.hedge.hedges()), (3, 2));
    let steps = [1, 2, 3].map(|at| call.failed(2000 + at, &unavailable()));
    assert_eq!(steps, [Step::Wait, Step::Wait, Step::End(Why::Exhausted)]);
}

#[test]
fn without_a_delay_all_are_made_at_once() {
    let mut call = Call::new(hedging(4, 0), None);
    let made = std::array::from_fn::<_, 4, _>(|_| call.open(0));
    let expected = [
        Seen::Attempt(1),
        Seen::Attempt(2),
        Seen::Attempt(3),
        Seen::Wait,
    ];
    assert_eq!(made, expected);
}

#[test]
fn a_failure_that_is_not_fatal_makes_the_next_at_once_and_the_delay_starts_over() {
    let mut call = Call::new(hedging(3, 500), None);
    assert_eq!(
        (call.failed(20, &unavailable()), call.due()),
        (Step::Wait, Some(20))
    );
    assert_eq!((call.open(20), call.due()), (Seen::Attempt(1), Some(520)));
}

#[test]
fn a_fatal_failure_is_the_calls_though_others_run() {
    let mut call = Call::new(hedging(3, 500), None);
    assert_eq!(call.open(500), Seen::Attempt(1));
    assert_eq!(call.failed(600, &fatal()), Step::End(Why::Code));
    let mut call = Call::new(hedging(3, 500), None);
    let gate = call.shared.gate();
    let step = call
        .hedge
        .failed(call.began, &unavailable(), Committed::Answered, gate);
    assert_eq!(step, Step::End(Why::Answered));
}

#[test]
fn a_backends_delay_applies_to_the_next_attempt_and_those_after_it() {
    let pushback = failure(Code::Unavailable, Retry::Pushback(millis(2000)));
    let mut call = Call::new(hedging(4, 500), None);
    assert_eq!(
        (call.failed(100, &pushback), call.due()),
        (Step::Wait, Some(2100))
    );
    assert_eq!(
        (call.open(2100), call.due()),
        (Seen::Attempt(1), Some(2600))
    );

    let forbidden = failure(Code::Unavailable, Retry::Forbidden);
    let mut call = Call::new(hedging(4, 500), None);
    assert_eq!(call.open(500), Seen::Attempt(1));
    assert_eq!(
        (call.failed(600, &forbidden), call.due()),
        (Step::Wait, None)
    );
    // What others say afterwards does not take that back.
    assert_eq!(call.failed(700, &unavailable()), Step::End(Why::Forbidden));
    assert_eq!(call.due(), None);
}

#[test]
fn tokens_and_the_budget_hold_for_all_but_the_first() {
    let mut call = Call::new(hedging(4, 500), None);
    (0..50).for_each(|_| call.shared.throttle.failed());
    assert_eq!((call.open(500), call.due()), (Seen::Wait, None));
    assert_eq!(call.failed(600, &unavailable()), Step::End(Why::Throttled));

    // The failure itself takes the last token there may be.
    let mut call = Call::new(hedging(4, 500), None);
    (0..49).for_each(|_| call.shared.throttle.failed());
    assert_eq!(call.failed(10, &unavailable()), Step::End(Why::Throttled));

    let mut call = Call::new(hedging(4, 500), None);
    let others: Vec<_> = (0..3).map(|_| call.shared.gate().pass().unwrap()).collect();
    assert_eq!(call.failed(10, &unavailable()), Step::Wait);
    assert_eq!((call.open(10), call.due()), (Seen::End(Why::Budget), None));
    drop(others);
}

#[test]
fn nothing_starts_when_the_deadline_has_come() {
    let mut call = Call::new(hedging(4, 500), Some(800));
    assert_eq!((call.open(500), call.due()), (Seen::Attempt(1), None));
    // The delay would end too late; a failure that is not fatal makes the next one earlier.
    assert_eq!(
        (call.failed(700, &unavailable()), call.due()),
        (Step::Wait, Some(700))
    );
    assert_eq!((call.open(800), call.due()), (Seen::Wait, None));
    assert_eq!(call.failed(800, &unavailable()), Step::End(Why::Deadline));
    assert_eq!(Call::new(hedging(2, 500), Some(500)).due(), None);
}

#[test]
fn what_no_application_saw_is_sent_again_and_counts_for_nothing() {
    let refused = failure(Code::Unavailable, Retry::Refused);
    let unsent = failure(Code::Unavailable, Retry::Unsent);
    let again = Step::Transparent {
        after: Duration::ZERO,
    };
    let mut call = Call::new(hedging(2, 500), Some(1000));
    let steps = [&unsent, &refused, &unsent].map(|status| call.failed(10, status));
    assert_eq!((steps, call.due()), ([again; 3], Some(500)));
    assert_eq!(
        (call.hedge.transparent_retries(), call.hedge.made()),
        (3, 4)
    );
    assert_eq!(
        (call.failed(20, &refused), call.due()),
        (Step::Wait, Some(20))
    );
    assert_eq!(call.failed(1000, &fatal()), Step::End(Why::Code));
}

#[test]
fn only_methods_that_may_be_repeated_and_take_one_message_are_hedged() {
    let hedging = hedging(2, 0);
    for shape in [
        Shape::Unary,
        Shape::ServerStream,
        Shape::ClientStream,
        Shape::Bidi,
    ] {
        let sends_one = matches!(shape, Shape::Unary | Shape::ServerStream);
        assert_eq!(hedging.applies(shape, Idempotency::Idempotent), sends_one);
        assert_eq!(
            hedging.applies(shape, Idempotency::NoSideEffects),
            sends_one
        );
        assert!(!hedging.applies(shape, Idempotency::Unknown));
    }
}

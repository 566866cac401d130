//! Tokens, shares and delays, exactly.

use super::*;

/// Tokens as they are shown, without the noise of binary fractions.
fn tokens(throttle: &Throttle) -> String {
    format!("{:.3}", throttle.tokens_left())
}

/// `max_tokens`, `token_ratio`, then events: F a failure, S a success. After each of them, the tokens
/// and whether a retry is allowed.
type Case = (f64, f64, &'static str, &'static [(&'static str, bool)]);

#[test]
fn tokens_are_counted_as_a6_says() {
    let cases: [Case; 7] = [
        (
            10.0,
            0.1,
            "FFFFSFFSSS",
            &[
                ("9.000", true),
                ("8.000", true),
                ("7.000", true),
                ("6.000", true),
                ("6.100", true),
                ("5.100", true),
                ("4.100", false),
                ("4.200", false),
                ("4.300", false),
                ("4.400", false),
            ],
        ),
        // Half of them is not more than half.
        (2.0, 0.001, "FS", &[("1.000", false), ("1.001", true)]),
        // Neither above all nor below none.
        (
            1.5,
            1.0,
            "SFFFS",
            &[
                ("1.500", true),
                ("0.500", false),
                ("0.000", false),
                ("0.000", false),
                ("1.000", true),
            ],
        ),
        // Half of an odd number of thousandths.
        (
            0.003,
            0.001,
            "FSS",
            &[("0.000", false), ("0.001", false), ("0.002", true)],
        ),
        // The fourth decimal does not count.
        (10.0, 0.0019, "FS", &[("9.000", true), ("9.001", true)]),
        (
            10.0,
            1.005,
            "FFS",
            &[("9.000", true), ("8.000", true), ("9.005", true)],
        ),
        (
            1000.0,
            5.0,
            "FFS",
            &[("999.000", true), ("998.000", true), ("1000.000", true)],
        ),
    ];
    for (max, ratio, events, expected) in cases {
        let throttle = Throttle::new(Throttling::new(max, ratio).unwrap());
        assert!(throttle.allows());
        for (n, event) in events.chars().enumerate() {
            match event {
                'F' => throttle.failed(),
                _ => throttle.succeeded(),
            }
            let found = (tokens(&throttle), throttle.allows());
            let (left, allows) = expected[n];
            assert_eq!(
                found,
                (left.to_owned(), allows),
                "{max} {ratio} {events} {n}"
            );
        }
    }
}

#[test]
fn throttling_that_cannot_be_is_refused() {
    for max in [0.0, -1.0, 1000.001, 0.0009, f64::NAN, f64::INFINITY] {
        let error = Throttling::new(max, 0.1);
        assert!(matches!(error, Err(ThrottlingError::MaxTokens(_))), "{max}");
    }
    for ratio in [0.0, -0.1, 0.0009, f64::NAN] {
        let error = Throttling::new(10.0, ratio);
        assert!(matches!(error, Err(ThrottlingError::Ratio(_))), "{ratio}");
    }
    let message = Throttling::new(2000.0, 0.1).unwrap_err().to_string();
    assert_eq!(
        message,
        "found 2000 tokens, expected more than 0 and at most 1000, with up to 3 decimals"
    );
}

#[test]
fn a_fifth_of_the_calls_may_be_retries_and_always_three() {
    for (active, most) in [(0, 3), (1, 3), (15, 3), (19, 3), (20, 4), (1000, 200)] {
        let budget = Arc::new(Budget::default());
        let under_way: Vec<_> = std::iter::from_fn(|| budget.start(active)).collect();
        assert_eq!(
            (under_way.len(), budget.under_way()),
            (most, most),
            "{active}"
        );
        drop(under_way);
        assert_eq!(budget.under_way(), 0);
    }
}

#[test]
fn both_the_tokens_and_the_share_have_to_allow_a_retry() {
    let shared = Shared::new();
    let three: Vec<_> = (0..3).map(|_| shared.gate().pass().unwrap()).collect();
    assert_eq!(shared.gate().pass().unwrap_err(), Why::Budget);
    drop(three);
    assert!(shared.gate().pass().is_ok());
    (0..50).for_each(|_| shared.throttle.failed());
    assert_eq!(shared.gate().pass().unwrap_err(), Why::Throttled);
    assert_eq!(shared.budget.under_way(), 0);
}

#[test]
fn calls_of_a_lost_connection_are_all_made_again_as_far_as_there_are_tokens() {
    let shared = Shared::new();
    let pass = |failed| shared.gate().after(failed);
    let all: Vec<_> = (0..40).map(|_| pass(Retry::Lost).unwrap()).collect();
    assert_eq!(shared.budget.under_way(), 40);
    assert_eq!(pass(Retry::BeforeFirstByte).unwrap_err(), Why::Budget);
    (0..50).for_each(|_| shared.throttle.failed());
    assert_eq!(pass(Retry::Lost).unwrap_err(), Why::Throttled);
    drop(all);
    assert_eq!(shared.budget.under_way(), 0);
}

#[test]
fn threads_that_count_at_once_lose_nothing() {
    const ROUNDS: usize = 10_000;
    let throttle = Throttle::new(Throttling::new(1000.0, 1.0).unwrap());
    let budget = Arc::new(Budget::default());
    (0..500).for_each(|_| throttle.failed());
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for round in 0..ROUNDS {
                    let held = budget.start(20);
                    assert!(budget.under_way() <= 4, "more than a fifth");
                    // As many failures as successes, and never so many that an end is reached.
                    match round % 2 {
                        0 => throttle.failed(),
                        _ => throttle.succeeded(),
                    }
                    drop(held);
                }
            });
        }
    });
    assert_eq!(
        (tokens(&throttle).as_str(), budget.under_way()),
        ("500.000", 0)
    );
}

#[test]
fn delays_grow_to_the_longest_and_a_fifth_is_random() {
    let delays = Delays::new(millis(100), millis(1000), 2.0).unwrap();
    for (retry, random, expected) in [
        (1, 0.5, 100),
        (2, 0.5, 200),
        (3, 0.5, 400),
        (4, 0.5, 800),
        (5, 0.5, 1000),
        (u32::MAX, 0.5, 1000),
        (1, 0.0, 80),
        (1, 1.0, 120),
        (2, 0.75, 220),
        (5, 0.0, 800),
        (5, 1.0, 1200),
        (0, 0.5, 100),
        (1, -3.0, 80),
        (1, 7.0, 120),
    ] {
        assert_eq!(
            delays.before(retry, random),
            millis(expected),
            "{retry} {random}"
        );
    }
    // An initial delay above the longest, a multiplier below one, and what overflows.
    let falling = Delays::new(millis(1000), millis(300), 0.5).unwrap();
    let waits = [1, 2, 3, 4].map(|retry| falling.before(retry, 0.5));
    assert_eq!(waits, [millis(300), millis(300), millis(250), millis(125)]);
    let huge = Delays::new(Duration::MAX, Duration::MAX, f64::MAX).unwrap();
    assert_eq!(huge.before(4, 1.0), Duration::MAX);
}

#[test]
fn delays_and_attempts_that_cannot_be_are_refused() {
    let second = Duration::from_secs(1);
    for (initial, max, multiplier, error) in [
        (Duration::ZERO, second, 1.0, DelaysError::Initial),
        (second, Duration::ZERO, 1.0, DelaysError::Max),
        (second, second, 0.0, DelaysError::Multiplier),
        (second, second, -1.0, DelaysError::Multiplier),
        (second, second, f64::NAN, DelaysError::Multiplier),
        (second, second, f64::INFINITY, DelaysError::Multiplier),
    ] {
        assert_eq!(Delays::new(initial, max, multiplier), Err(error));
    }
    let attempts = |n| MaxAttempts::new(n).map(MaxAttempts::get);
    assert_eq!(
        [0, 1, 2, 5, 6, u32::MAX].map(attempts),
        [None, None, Some(2), Some(5), Some(5), Some(5)]
    );
}

//! The table under a flood of keys.

use governor::nanos::Nanos;

use super::*;

/// Spends one call of a bucket of `burst`, at a moment: the rule of GCRA, without governor.
fn spend(buckets: &Buckets, key: u64, now: u64, burst: u64) -> bool {
    let interval = buckets.interval;
    let decided = buckets.measure_and_replace(&key, |full_at| {
        let full_at = full_at.map_or(now, Nanos::as_u64).max(now) + interval;
        if full_at - now > interval * burst {
            return Err(());
        }
        Ok(((), Nanos::from(full_at)))
    });
    decided.is_ok()
}

#[test]
fn row_147_a_million_keys_stay_in_the_table_and_push_out_nobody_who_has_spent_much() {
    let buckets = Buckets::new(4096, 1_000_000_000);
    let before = buckets.capacity();
    let key = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // Callers that are at their limit.
    let spent: Vec<u64> = (0..100).map(|number| key(number | 1 << 40)).collect();
    for one in &spent {
        for _ in 0..5 {
            assert!(spend(&buckets, *one, 1, 5));
        }
    }
    for number in 0..1_000_000 {
        assert!(spend(&buckets, key(number), 2 + number, 5));
    }
    assert_eq!(buckets.capacity(), before);
    assert!(buckets.displaced() > 900_000);
    for one in &spent {
        assert!(!spend(&buckets, *one, 2_000_000, 5), "{one} was forgotten");
    }
}

#[test]
fn a_bucket_that_is_full_again_is_replaced_and_counts_as_no_loss() {
    let buckets = Buckets::new(1, 10);
    assert_eq!(buckets.capacity(), WAYS);
    let ways = WAYS as u64;
    for key in 0..ways {
        assert!(spend(&buckets, key, 100, 1));
    }
    for key in ways..2 * ways {
        assert!(spend(&buckets, key, 200, 1));
    }
    assert_eq!(buckets.displaced(), 0);
    assert!(spend(&buckets, 99, 201, 1));
    assert_eq!(buckets.displaced(), 1);
}

#[test]
fn what_is_given_back_is_there_again() {
    let buckets = Buckets::new(1, 10);
    assert!(spend(&buckets, 7, 100, 1));
    assert!(!spend(&buckets, 7, 101, 1));
    buckets.give_back(7);
    assert!(spend(&buckets, 7, 101, 1));
    buckets.give_back(8);
}

#[test]
fn a_table_of_any_wanted_size_has_one() {
    for (keys, capacity) in [(0, 16), (1, 16), (17, 32), (KEYS, KEYS), (65_537, 131_072)] {
        assert_eq!(Buckets::new(keys, 1).capacity(), capacity);
    }
}

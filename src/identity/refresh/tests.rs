//! The clock of a key set, moved by hand.

use super::*;
use crate::identity::algorithm::Algorithm;
use crate::identity::keys::Found;

/// Keys with these names, each its own.
fn keys(names: &str) -> Keys {
    let jwk = |name: &str| {
        let (kid, seed) = name.split_once('=').unwrap_or((name, name));
        let x = crate::identity::forge::ed25519_public(seed);
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
    };
    let jwks: Vec<_> = names.split_whitespace().map(jwk).collect();
    let set = Keys::parse(format!("{{\"keys\":[{}]}}", jwks.join(",")).as_bytes());
    let set = set.expect("a set");
    assert_eq!(set.ignored, []);
    set.keys
}

struct Clock(Instant);

impl Clock {
    fn at(&self, seconds: u64) -> Instant {
        self.0 + Duration::from_secs(seconds)
    }
}

fn with(overlap: Overlap) -> (Clock, Refresh) {
    let clock = Clock(Instant::now());
    let settings = Settings {
        overlap,
        ..Settings::default()
    };
    let refresh = Refresh::new(settings, clock.0);
    (clock, refresh)
}

/// Which names count at a second, and the generation.
fn counts(refresh: &mut Refresh, now: Instant) -> Option<(String, u64)> {
    let edition = refresh.edition(now)?;
    let names = ["a", "b", "c"].into_iter();
    let found = names.filter(|kid| {
        matches!(
            edition.keys.find(Some(kid), Algorithm::EdDsa),
            Found::One(_)
        )
    });
    Some((found.collect(), edition.generation))
}

fn fetch(refresh: &mut Refresh, now: Instant, names: &str) {
    assert_eq!(refresh.turn(now, Cause::Time), Turn::Fetch);
    refresh.succeeded(now, keys(names));
}

#[test]
fn keys_are_fetched_at_once_and_again_when_their_time_is_over() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    assert_eq!(counts(&mut refresh, clock.at(0)), None);
    fetch(&mut refresh, clock.at(0), "a b");
    assert_eq!(refresh.next(), clock.at(600));
    assert_eq!(
        refresh.turn(clock.at(599), Cause::Time),
        Turn::Not(clock.at(600))
    );
    assert_eq!(refresh.turn(clock.at(600), Cause::Time), Turn::Fetch);
    assert_eq!(counts(&mut refresh, clock.at(600)), Some(("ab".into(), 0)));
}

#[test]
fn one_fetches_at_a_time_and_one_that_never_answers_is_given_up() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    assert_eq!(refresh.turn(clock.at(0), Cause::Time), Turn::Fetch);
    for cause in [Cause::Time, Cause::UnknownKey] {
        assert_eq!(refresh.turn(clock.at(9), cause), Turn::Underway);
    }
    assert_eq!(refresh.next(), clock.at(10));
    assert_eq!(refresh.turn(clock.at(10), Cause::Time), Turn::Fetch);
}

#[test]
fn row_134_ten_thousand_unknown_kids_are_one_fetch_in_half_a_minute() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    fetch(&mut refresh, clock.at(0), "a");
    let mut fetches = 0;
    for at in 0..10_000_u64 {
        // Ten thousand in a hundred seconds.
        let now = clock.0 + Duration::from_millis(at * 10);
        if refresh.turn(now, Cause::UnknownKey) == Turn::Fetch {
            fetches += 1;
            refresh.succeeded(now, keys("a"));
        }
    }
    assert_eq!(fetches, 3, "at 30, 60 and 90 seconds");
}

#[test]
fn unknown_kids_hasten_no_fetch_after_a_failure() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    fetch(&mut refresh, clock.at(0), "a");
    for (at, due) in [
        (600, 601),
        (601, 603),
        (603, 607),
        (607, 615),
        (615, 631),
        (631, 663),
        (663, 723),
        (723, 783),
    ] {
        assert_eq!(
            refresh.turn(clock.at(at), Cause::UnknownKey),
            Turn::Fetch,
            "{at}"
        );
        refresh.failed(clock.at(at), 0.0);
        assert_eq!(
            refresh.turn(clock.at(at), Cause::UnknownKey),
            Turn::Not(clock.at(due))
        );
        assert_eq!(refresh.next(), clock.at(due));
    }
    assert_eq!(
        counts(&mut refresh, clock.at(783)),
        Some(("a".into(), 0)),
        "stale, but served"
    );
    for _ in 0..100 {
        refresh.failed(clock.at(783), 1.0);
    }
    assert_eq!(refresh.next(), clock.at(783 + 45));
    assert_eq!(refresh.turn(clock.at(900), Cause::Time), Turn::Fetch);
    refresh.succeeded(clock.at(900), keys("a"));
    assert_eq!((refresh.failures(), refresh.next()), (0, clock.at(1500)));
}

#[test]
fn stale_keys_count_for_a_day() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    fetch(&mut refresh, clock.at(0), "a");
    let day = 24 * 60 * 60;
    assert_eq!(
        refresh.edition(clock.at(1)).map(|edition| edition.until),
        Some(clock.at(day))
    );
    assert!(counts(&mut refresh, clock.at(day - 1)).is_some());
    assert_eq!(counts(&mut refresh, clock.at(day)), None);
}

#[test]
fn a_key_that_is_missing_twice_counts_no_more() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    fetch(&mut refresh, clock.at(0), "a b");
    fetch(&mut refresh, clock.at(600), "b c");
    assert_eq!(counts(&mut refresh, clock.at(600)), Some(("abc".into(), 0)));
    assert_eq!(refresh.next(), clock.at(630), "looked at again soon");
    fetch(&mut refresh, clock.at(630), "b c");
    assert_eq!(counts(&mut refresh, clock.at(630)), Some(("bc".into(), 1)));
    assert_eq!(refresh.next(), clock.at(1230));
}

#[test]
fn a_key_that_comes_back_was_never_away() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    fetch(&mut refresh, clock.at(0), "a b");
    fetch(&mut refresh, clock.at(600), "b");
    fetch(&mut refresh, clock.at(630), "a b");
    assert_eq!(counts(&mut refresh, clock.at(630)), Some(("ab".into(), 0)));
}

#[test]
fn a_vanished_key_does_not_live_on_because_nothing_can_be_fetched() {
    let (clock, mut refresh) = with(Overlap::Confirmed);
    fetch(&mut refresh, clock.at(0), "a b");
    fetch(&mut refresh, clock.at(600), "b");
    assert_eq!(refresh.turn(clock.at(630), Cause::Time), Turn::Fetch);
    refresh.failed(clock.at(630), 0.0);
    assert_eq!(
        refresh.edition(clock.at(1199)).map(|edition| edition.until),
        Some(clock.at(1200))
    );
    assert_eq!(counts(&mut refresh, clock.at(1199)), Some(("ab".into(), 0)));
    assert_eq!(counts(&mut refresh, clock.at(1200)), Some(("b".into(), 1)));
}

#[test]
fn without_overlap_a_vanished_key_is_gone_and_with_a_time_it_has_that_time() {
    let (clock, mut refresh) = with(Overlap::None);
    fetch(&mut refresh, clock.at(0), "a b");
    fetch(&mut refresh, clock.at(600), "b");
    assert_eq!(counts(&mut refresh, clock.at(600)), Some(("b".into(), 1)));

    let (clock, mut refresh) = with(Overlap::For(Duration::from_secs(1000)));
    fetch(&mut refresh, clock.at(0), "a b");
    fetch(&mut refresh, clock.at(600), "b");
    fetch(&mut refresh, clock.at(1200), "b");
    assert_eq!(counts(&mut refresh, clock.at(1599)), Some(("ab".into(), 0)));
    assert_eq!(counts(&mut refresh, clock.at(1600)), Some(("b".into(), 1)));
}

#[test]
fn a_key_replaced_under_its_name_has_no_overlap_and_a_new_one_voids_nothing() {
    let (clock, mut refresh) = with(Overlap::For(Duration::from_secs(1000)));
    fetch(&mut refresh, clock.at(0), "a");
    fetch(&mut refresh, clock.at(600), "a=other");
    assert_eq!(
        counts(&mut refresh, clock.at(600)),
        Some(("a".into(), 1)),
        "one, so the new one"
    );
    fetch(&mut refresh, clock.at(1200), "a=other b");
    assert_eq!(counts(&mut refresh, clock.at(1200)), Some(("ab".into(), 1)));
}

#[test]
fn times_that_would_never_or_always_be_over_are_bounded() {
    for time in [Duration::ZERO, Duration::MAX] {
        let clock = Clock(Instant::now());
        let settings = Settings {
            ttl: time,
            stale_max: time,
            overlap: Overlap::For(time),
        };
        let mut refresh = Refresh::new(settings, clock.0);
        fetch(&mut refresh, clock.at(0), "a b");
        assert!(refresh.next() >= clock.0 + PAUSE && refresh.next() <= clock.0 + TIME_MAX);
        assert!(refresh.edition(clock.at(29)).is_some());
        let next = refresh.next();
        fetch(&mut refresh, next, "a");
        assert!(
            refresh
                .edition(next)
                .is_some_and(|edition| edition.until <= next + TIME_MAX)
        );
    }
}

//! The detector on simulated time: its rules one by one, and a whole upstream with a gray endpoint.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::balance::tests::seeded;
use super::*;

mod bound;
mod gray;

/// Endpoints with their tallies.
struct Hosts(Vec<(String, Tally)>);

impl Hosts {
    fn new(count: usize, config: &Config) -> Self {
        let host = |at| (format!("10.0.0.{at}:50051"), Tally::new(config));
        Self((0..count).map(host).collect())
    }

    fn list(&self) -> Vec<Host<'_>> {
        let host = |(key, tally)| Host { key, tally };
        self.0
            .iter()
            .map(|(key, tally)| host((key, tally)))
            .collect()
    }

    fn key(&self, at: usize) -> &str {
        &self.0[at].0
    }

    /// So many successes and failures at one of them.
    fn count(&self, at: usize, successes: u32, failures: u32) {
        for _ in 0..failures {
            self.0[at].1.record(Outcome::Failure);
        }
        for _ in 0..successes {
            self.0[at].1.record(Outcome::Success);
        }
    }

    /// All succeed but one, which fails.
    fn count_gray(&self, gray: usize) {
        for at in 0..self.0.len() {
            if at == gray {
                self.count(at, 0, 100);
            } else {
                self.count(at, 100, 0);
            }
        }
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// No jitter, so that times are exact.
fn config() -> Config {
    Config {
        ejection_jitter_percent: 0,
        ..Config::default()
    }
}

fn kinds(changes: &[Change]) -> Vec<&'static str> {
    let kind = |change: &Change| match change {
        Change::Ejected { cause, .. } => cause.method().as_str(),
        Change::Probation { .. } => "probation",
        Change::Returned { .. } => "returned",
    };
    changes.iter().map(kind).collect()
}

#[test]
fn each_ejection_is_longer_and_each_sweep_in_forgives_one() {
    let (mut random, start) = (seeded(1), Instant::now());
    let mut detector = Detector::new(config());
    let hosts = Hosts::new(5, &config());
    detector.update(hosts.list().iter().map(|host| host.key));
    let key = hosts.key(0);
    let mut now = start;
    for nth in 1..=12_u32 {
        let change = match nth {
            1 => detector.trip(key, now, &mut random),
            _ => detector.probed(key, Outcome::Failure, now, &mut random),
        };
        let time = seconds(30) * nth.min(10);
        let Some(Change::Ejected { until, .. }) = change else {
            panic!("{change:?}");
        };
        assert_eq!(until, now + time);
        assert_eq!(detector.due(), Some(until));
        assert_eq!(detector.release(until - seconds(1)), []);
        assert_eq!(kinds(&detector.release(until)), ["probation"]);
        assert_eq!(detector.standing(key), Standing::Probation);
        now = until;
    }
    let back = detector.probed(key, Outcome::Success, now, &mut random);
    assert_eq!(kinds(back.as_slice()), ["returned"]);
    // Twelve ejections, nine sweeps: the next is the fourth.
    for _ in 0..9 {
        now += seconds(10);
        assert_eq!(detector.sweep(now, &hosts.list(), &mut random), []);
    }
    let change = detector.trip(key, now, &mut random);
    assert!(
        matches!(change, Some(Change::Ejected { until, .. }) if until == now + seconds(120)),
        "{change:?}"
    );
}

#[test]
fn a_probe_decides_only_for_one_on_probation() {
    let (mut random, now) = (seeded(1), Instant::now());
    let mut detector = Detector::new(config());
    let hosts = Hosts::new(3, &config());
    detector.update(hosts.list().iter().map(|host| host.key));
    let key = hosts.key(1);
    assert_eq!(
        detector.probed(key, Outcome::Failure, now, &mut random),
        None
    );
    assert_eq!(
        detector.probed("elsewhere:1", Outcome::Success, now, &mut random),
        None
    );
    assert!(detector.trip(key, now, &mut random).is_some());
    assert_eq!(
        detector.trip(key, now, &mut random),
        None,
        "it is out already"
    );
    assert_eq!(
        detector.probed(key, Outcome::Success, now, &mut random),
        None
    );
    assert_eq!(detector.standing(key), Standing::Ejected);
    detector.release(now + seconds(30));
    assert_eq!(
        detector.probed(key, Outcome::Neutral, now, &mut random),
        None
    );
    assert_eq!(detector.standing(key), Standing::Probation);
    assert_eq!(
        detector.cause(key),
        Some(Cause::Consecutive { failures: 5 })
    );
    assert!(
        detector
            .probed(key, Outcome::Success, now, &mut random)
            .is_some()
    );
    assert_eq!(
        (detector.standing(key), detector.cause(key)),
        (Standing::Healthy, None)
    );
}

#[test]
fn a_sweep_ejects_by_the_first_rule_that_finds_the_endpoint() {
    let (mut random, now) = (seeded(1), Instant::now());
    let hosts = Hosts::new(5, &config());
    for (config, method) in [
        (config(), "success_rate"),
        (
            Config {
                success_rate: None,
                ..config()
            },
            "failure_percentage",
        ),
    ] {
        let mut detector = Detector::new(config);
        hosts.count_gray(3);
        let changes = detector.sweep(now, &hosts.list(), &mut random);
        assert_eq!(kinds(&changes), [method]);
        assert_eq!(detector.standing(hosts.key(3)), Standing::Ejected);
        // The interval was taken: nothing is left of it for the next.
        assert_eq!(detector.sweep(now, &hosts.list(), &mut random), []);
    }
}

#[test]
fn outliers_that_are_not_ejected_are_counted_with_the_reason() {
    let (mut random, now) = (seeded(1), Instant::now());
    let all_may = Config {
        max_ejection_percent: 100,
        consecutive: Some(Consecutive {
            enforcement_percentage: 25,
            ..Consecutive::default()
        }),
        ..config()
    };
    let mut ejected = 0;
    let mut spared = 0;
    for _ in 0..100 {
        let mut detector = Detector::new(all_may.clone());
        let hosts = Hosts::new(40, &all_may);
        detector.update(hosts.list().iter().map(|host| host.key));
        for at in 0..40 {
            detector.trip(hosts.key(at), now, &mut random);
        }
        ejected += detector.counts().ejected(Method::Consecutive);
        spared += detector
            .counts()
            .spared(Method::Consecutive, Unenforced::EnforcementPercentage);
    }
    assert_eq!(ejected + spared, 4_000);
    assert!((900..1_100).contains(&ejected), "{ejected}");

    let mut detector = Detector::new(config());
    let hosts = Hosts::new(5, &config());
    detector.update(hosts.list().iter().map(|host| host.key));
    for at in 0..5 {
        detector.trip(hosts.key(at), now, &mut random);
    }
    let counts = detector.counts();
    let overflow = counts.spared(Method::Consecutive, Unenforced::MaxEjectionOverflow);
    assert_eq!((counts.ejected(Method::Consecutive), overflow), (1, 4));
}

#[test]
fn if_one_of_several_may_be_out_it_is_the_worst() {
    let (mut random, now) = (seeded(1), Instant::now());
    let config = Config {
        success_rate: None,
        ..config()
    };
    let hosts = Hosts::new(5, &config);
    for (at, failures) in [90, 0, 100, 95, 0].into_iter().enumerate() {
        hosts.count(at, 100 - failures, failures);
    }
    let mut detector = Detector::new(config);
    let changes = detector.sweep(now, &hosts.list(), &mut random);
    assert_eq!(kinds(&changes), ["failure_percentage"]);
    assert_eq!(detector.standing(hosts.key(2)), Standing::Ejected);
}

#[test]
fn an_endpoint_stays_out_while_others_come_and_go_and_is_forgotten_when_it_goes() {
    let (mut random, now) = (seeded(1), Instant::now());
    let hosts = Hosts::new(5, &config());
    let mut detector = Detector::new(config());
    hosts.count_gray(0);
    detector.sweep(now, &hosts.list(), &mut random);
    let gray = hosts.key(0);
    assert_eq!(detector.update([gray, "new:1", "newer:1"]), []);
    assert_eq!(detector.standing(gray), Standing::Ejected);
    assert_eq!(detector.standing("new:1"), Standing::Healthy);
    detector.update(["new:1"]);
    detector.update(["new:1", gray]);
    assert_eq!(detector.standing(gray), Standing::Healthy);
}

#[test]
fn of_a_set_that_has_shrunk_those_come_back_whose_time_is_over_first() {
    let (mut random, now) = (seeded(1), Instant::now());
    let config = Config {
        max_ejection_percent: 50,
        ..config()
    };
    let hosts = Hosts::new(6, &config);
    let keys: Vec<_> = (0..6).map(|at| hosts.key(at)).collect();
    let mut detector = Detector::new(config);
    detector.update(keys.iter().copied());
    for (after, key) in [(5, keys[0]), (0, keys[1]), (9, keys[2])] {
        detector.trip(key, now + seconds(after), &mut random);
    }
    let changes = detector.update(keys[..4].iter().copied());
    let expected = Change::Returned {
        key: keys[1].into(),
    };
    assert_eq!(changes, [expected]);
    assert_eq!(detector.standing(keys[0]), Standing::Ejected);
}

#[test]
fn jitter_parts_endpoints_that_went_together() {
    let (mut random, now) = (seeded(1), Instant::now());
    let config = Config {
        max_ejection_percent: 100,
        ..Config::default()
    };
    let hosts = Hosts::new(20, &config);
    let mut detector = Detector::new(config);
    detector.update(hosts.list().iter().map(|host| host.key));
    let mut times = Vec::new();
    for at in 0..20 {
        if let Some(Change::Ejected { until, .. }) = detector.trip(hosts.key(at), now, &mut random)
        {
            times.push(until - now);
        }
    }
    times.sort();
    assert_eq!(times.len(), 20);
    assert!(
        times[0] >= seconds(30) && times[19] <= seconds(33),
        "{times:?}"
    );
    assert!(times[19] - times[0] > seconds(1), "{times:?}");
}

//! Formulas and figures of the load.

use super::*;

const MS: Duration = Duration::from_millis(1);

fn near(found: f64, expected: f64) {
    let off = (found - expected).abs();
    assert!(
        off < 1e-4 * expected.abs().max(1e-3),
        "{found}, not {expected}"
    );
}

#[test]
fn an_estimate_follows_the_formula() {
    let old = Estimate {
        latency: 0.1,
        at: 1_000,
    };
    for (sample, after, expected) in [
        (0.2, 0, 0.2),                                      // a peak, at once
        (0.2, 5_000, 0.2),                                  // and whenever
        (0.05, 0, 0.1),                                     // no time, no influence
        (0.05, 1, 0.1 * 0.9999 + 0.05 * 0.0001),            // a millisecond
        (0.05, 10_000, 0.1 * 0.367_879 + 0.05 * 0.632_121), // a decay
        (0.05, 30_000, 0.1 * 0.049_787 + 0.05 * 0.950_213), // three
        (0.0, 10_000, 0.1 * 0.367_879),                     // as much as idling does
    ] {
        let new = old.with(sample, 1_000 + after, 10.0);
        near(f64::from(new.latency), expected);
        assert_eq!(new.at, 1_000 + after);
    }
    near(old.at(1_000, 10.0), 0.1);
    near(old.at(11_000, 10.0), 0.1 * 0.367_879);
    near(old.at(24_026, 10.0), 0.01);
}

#[test]
fn a_clock_that_another_worker_has_read_later_changes_nothing() {
    let old = Estimate {
        latency: 0.1,
        at: 1_000,
    };
    assert_eq!(old.with(0.05, 990, 10.0), old);
    near(old.at(990, 10.0), 0.1);
}

#[test]
fn an_estimate_falls_over_weeks_too_and_when_the_clock_wraps() {
    let old = Estimate {
        latency: 300.0,
        at: 1_000,
    };
    for days in [1, 20, 30, 49] {
        assert!(old.at(days * 86_400_000, 10.0) < 1e-9, "{days}");
    }
    let wrapped = Estimate {
        latency: 0.1,
        at: u32::MAX - 999,
    };
    near(wrapped.at(9_000, 10.0), 0.1 * 0.367_879);
    assert_eq!(Estimate::unpack(wrapped.pack()), wrapped);
}

#[test]
fn the_cost_is_the_latency_for_each_call_under_way_and_the_next() {
    let born = Instant::now();
    let load = Arc::new(Load::new(Ewma::default(), born));
    near(load.cost(born), 1.0);
    let calls: Vec<_> = (0..3).map(|_| load.start(born)).collect();
    assert_eq!(load.pending(), 3);
    near(load.cost(born), 4.0);
    drop(calls);
    assert_eq!(load.pending(), 0);
    near(load.cost(born), 1.0);
    near(load.cost(born + 10_000 * MS), 0.367_879);
    near(load.cost(born + 600_000 * MS), LATENCY_MIN);
}

#[test]
fn an_answer_is_measured_and_a_call_given_up_where_it_waited_longer() {
    let born = Instant::now();
    let ewma = Ewma {
        seed: 10 * MS,
        ..Ewma::default()
    };
    let load = Arc::new(Load::new(ewma, born));
    let (answered, later) = (born + 50 * MS, born + 100 * MS);
    load.start(born).answered(answered);
    near(load.latency(answered).as_secs_f64(), 0.05);
    let fallen = load.latency(later);
    let given_up = load.start(answered);
    assert_eq!(load.pending(), 1);
    // No answer came, so none was fast.
    given_up.given_up(answered + MS);
    assert_eq!((load.pending(), load.latency(later)), (0, fallen));
    load.start(answered).given_up(later);
    near(load.latency(later).as_secs_f64(), 0.05);
    load.start(born).given_up(born + 60_000 * MS);
    near(load.latency(born + 60_000 * MS).as_secs_f64(), 5.0);
    let dropped = load.start(later);
    assert_eq!(load.pending(), 1);
    drop(dropped);
    assert_eq!(load.pending(), 0);
}

#[test]
fn a_start_lets_the_latency_fall_and_the_answer_holds_it_where_it_is() {
    let born = Instant::now();
    let load = Arc::new(Load::new(Ewma::default(), born));
    let (start, end) = (born + 20_000 * MS, born + 20_010 * MS);
    load.start(start).answered(end);
    // e^-2, then ten milliseconds of the formula: not e^-2 and what is left of the seed besides.
    near(load.cost(end), 0.135_335 * 0.999 + 0.01 * 0.001);
    // Idle until it is below what answers take: exactly that from then on.
    let (start, end) = (born + 60_000 * MS, born + 60_010 * MS);
    load.start(start).answered(end);
    near(load.cost(end), 0.01);
}

#[test]
fn a_silent_stream_is_no_worse_than_a_failure() {
    let born = Instant::now();
    let load = Arc::new(Load::new(Ewma::default(), born));
    let hour = born + Duration::from_secs(3_600);
    load.start(born).answered(hour);
    near(load.cost(hour), 5.0);
}

#[test]
fn a_failure_counts_as_five_seconds_or_what_the_backend_asks_for() {
    let seconds = Duration::from_secs;
    for (asked, counted) in [
        (None, 5),
        (Some(Duration::ZERO), 5),
        (Some(seconds(20)), 20),
        (Some(seconds(300)), 300),
        (Some(seconds(10_000)), 300),
    ] {
        let born = Instant::now();
        let load = Arc::new(Load::new(Ewma::default(), born));
        load.start(born).failed(penalty(asked), born + MS);
        near(load.cost(born + MS), f64::from(counted));
        assert_eq!(load.pending(), 0);
    }
}

#[test]
fn who_joins_counts_as_the_slowest_of_the_others_and_who_comes_back_starts_anew() {
    let born = Instant::now();
    let ewma = Ewma::default();
    let with = |seed| Load::new(Ewma { seed, ..ewma }, born);
    let (fast, slow, stuck) = (with(5 * MS), with(40 * MS), with(8_000 * MS));
    let beside = |others: &[&Load]| {
        let ewma = ewma.beside(others.iter().copied(), born);
        Load::new(ewma, born).cost(born)
    };
    near(beside(&[&fast, &slow]), 0.04);
    near(beside(&[&fast, &stuck]), 1.0);
    near(beside(&[]), 1.0);
    stuck.reset(10 * MS, born + 100 * MS);
    near(stuck.cost(born + 100 * MS), 0.01);
}

#[test]
fn workers_that_count_at_once_lose_nothing() {
    let born = Instant::now();
    let load = Arc::new(Load::new(
        Ewma {
            seed: Duration::ZERO,
            ..Ewma::default()
        },
        born,
    ));
    std::thread::scope(|scope| {
        for worker in 1..=4_u32 {
            let load = &load;
            scope.spawn(move || {
                for call in 1..=1_000 {
                    load.start(born).answered(born + worker * call * MS / 1_000);
                }
            });
        }
    });
    assert_eq!(load.pending(), 0);
    near(load.cost(born), 0.004);
}

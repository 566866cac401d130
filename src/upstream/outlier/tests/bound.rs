//! Whatever happens, no more endpoints are out than may be.

use proptest::prelude::*;

use super::*;

/// What can happen to an upstream.
#[derive(Clone, Debug)]
enum Event {
    /// Time passes.
    Passes(u64),
    /// Calls at an endpoint end.
    Counts(usize, u32, u32),
    /// An interval ends.
    Sweep,
    /// An endpoint fails in a row.
    Trips(usize),
    /// A probe ends.
    Probed(usize, Outcome),
    /// The first so many endpoints are all there are.
    Update(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let outcome = prop_oneof![
        Just(Outcome::Success),
        Just(Outcome::Failure),
        Just(Outcome::Neutral)
    ];
    let event = prop_oneof![
        (0_u64..100).prop_map(Event::Passes),
        (0_usize..30, 0_u32..200, 0_u32..200).prop_map(|(at, s, f)| Event::Counts(at, s, f)),
        Just(Event::Sweep),
        (0_usize..30).prop_map(Event::Trips),
        (0_usize..30, outcome).prop_map(|(at, outcome)| Event::Probed(at, outcome)),
        (0_usize..=30).prop_map(Event::Update),
    ];
    prop::collection::vec(event, 0..60)
}

fn configs() -> impl Strategy<Value = Config> {
    (0_u8..=100, 0_u64..60, 0_u64..600, any::<bool>()).prop_map(|(percent, base, max, some)| {
        Config {
            max_ejection_percent: percent,
            base_ejection_time: seconds(base),
            max_ejection_time: seconds(max),
            consecutive: some.then(Consecutive::default),
            ..Config::default()
        }
    })
}

proptest! {
    #[test]
    fn never_more_are_out_than_may_be_and_somebody_is_always_eligible(
        config in configs(), events in events(), seed in any::<u64>(),
    ) {
        let mut random = seeded(seed);
        let mut now = Instant::now();
        let hosts = Hosts::new(30, &config);
        let mut count = 30;
        let mut detector = Detector::new(config.clone());
        detector.update(hosts.list().iter().map(|host| host.key));
        for event in events {
            match event {
                Event::Passes(by) => {
                    now += seconds(by);
                    detector.release(now);
                    prop_assert!(detector.due().is_none_or(|due| due > now));
                }
                Event::Counts(at, successes, failures) => hosts.count(at, successes, failures),
                Event::Sweep => {
                    detector.sweep(now, &hosts.list()[..count], &mut random);
                }
                Event::Trips(at) => {
                    detector.trip(hosts.key(at), now, &mut random);
                }
                Event::Probed(at, outcome) => {
                    detector.probed(hosts.key(at), outcome, now, &mut random);
                }
                Event::Update(to) => {
                    count = to;
                    detector.update(hosts.list()[..to].iter().map(|host| host.key));
                }
            }
            let standings: Vec<_> =
                (0..count).map(|at| detector.standing(hosts.key(at))).collect();
            let out = standings.iter().filter(|standing| **standing != Standing::Healthy).count();
            let may = (count * usize::from(config.max_ejection_percent) / 100).max(1);
            prop_assert!(out <= may, "{out} of {count} are out; {may} may be");
            let eligible = Panic::default().eligible(&standings);
            prop_assert_eq!(eligible.candidates.is_empty(), count == 0);
        }
    }
}

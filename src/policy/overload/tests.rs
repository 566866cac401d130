//! Levels, and when they end.

use proptest::prelude::*;

use super::*;

fn memory(used: f64) -> Readings {
    Readings {
        memory: Some(used),
        ..Readings::default()
    }
}

#[test]
fn each_level_begins_at_its_pressure_with_one_reading() {
    for (used, level, scale) in [
        (0.0, Level::Calm, 1.0),
        (0.849, Level::Calm, 1.0),
        (0.85, Level::Scaling, 1.0),
        (0.90, Level::Scaling, 0.55),
        (0.92, Level::Draining, 0.37),
        (0.95, Level::Refusing, 0.1),
        (0.98, Level::Resetting, 0.1),
        (7.0, Level::Resetting, 0.1),
    ] {
        let state = Monitor::default().read(&memory(used));
        assert_eq!(state.level, level, "{used}");
        assert!(
            (state.scale() - scale).abs() < 1e-9,
            "{used} {}",
            state.scale()
        );
        assert_eq!(state.refusal().is_some(), used >= 0.95);
        assert_eq!(state.cause, Some(Resource::Memory));
    }
    let refusal = Monitor::default().read(&memory(1.0)).refusal().unwrap();
    assert_eq!(refusal.code, Code::Unavailable);
    assert!(!refusal.details.is_empty(), "it says when to come again");
}

#[test]
fn calls_are_refused_from_095_on_and_told_what_there_is_too_little_of() {
    let question =
        crate::policy::fixtures::Question::of(crate::policy::fixtures::method(0, "a.S", "Get"));
    let shared = Shared::default();
    for (used, refuses) in [(0.94, false), (0.95, true), (0.3, false)] {
        shared.store(&Monitor::default().read(&memory(used)), memory(used));
        match shared.ask(question.asked(), &Passed::default()) {
            Decision::Now(Ok(_)) => assert!(!refuses),
            Decision::Now(Err(refused)) => {
                assert!(refuses);
                assert_eq!(
                    (refused.by, refused.rule.as_deref()),
                    (NAME, Some("memory"))
                );
            }
            Decision::Later(_) => panic!("nobody has to be asked"),
        }
    }
}

#[test]
fn a_level_ends_when_it_has_been_calm_for_long_enough() {
    let mut monitor = Monitor::default();
    let mut levels = |used: &[f64]| {
        let read = |used: &f64| monitor.read(&memory(*used)).level;
        used.iter().map(read).collect::<Vec<_>>()
    };
    assert_eq!(levels(&[0.96]), [Level::Refusing]);
    assert_eq!(
        levels(&[0.94; 9]),
        [Level::Refusing; 9],
        "in the band nothing ends"
    );
    assert_eq!(levels(&[0.90, 0.90, 0.90, 0.94]), [Level::Refusing; 4]);
    assert_eq!(levels(&[0.90; 3]), [Level::Refusing; 3]);
    assert_eq!(
        levels(&[0.90]),
        [Level::Draining],
        "0.90 is no more than in the band of 0.92"
    );
    assert_eq!(levels(&[0.89; 4])[3], Level::Scaling);
    assert_eq!(
        levels(&[0.1; 4]),
        [Level::Scaling, Level::Scaling, Level::Scaling, Level::Calm]
    );
    assert_eq!(levels(&[0.99]), [Level::Resetting]);
}

#[test]
fn what_is_used_most_counts_and_what_nobody_knows_does_not() {
    let readings = Readings {
        workers: Some(0.5),
        memory: None,
        descriptors: Some(0.93),
        streams: Some(f64::NAN),
    };
    let state = Monitor::default().read(&readings);
    assert_eq!(
        (state.cause, state.level),
        (Some(Resource::Descriptors), Level::Draining)
    );
    let nothing = Monitor::default().read(&Readings::default());
    assert_eq!(nothing, State::default());
    assert_eq!(readings::lag(Duration::from_millis(250)), 0.5);
}

#[test]
fn the_largest_streams_are_few_and_hold_something() {
    let streams: Vec<_> = (0..100).map(|number| (number, number * 10)).collect();
    let largest = largest(streams);
    assert_eq!(largest.len(), RESETS);
    assert_eq!(largest[..2], [99, 98]);
    assert_eq!(super::largest([("a", 0), ("b", 1)]), ["b"]);
}

proptest! {
    #[test]
    fn a_state_is_the_same_for_those_who_look_at_it(used in 0.0_f64..2.0, cause in 0..4_usize) {
        let mut readings = Readings::default();
        *[
            &mut readings.workers, &mut readings.memory, &mut readings.descriptors, &mut readings.streams,
        ][cause] = Some(used);
        let state = Monitor::default().read(&readings);
        let shared = Shared::default();
        shared.store(&state, readings);
        prop_assert_eq!(shared.readings(), Some(readings));
        let seen = shared.load();
        prop_assert_eq!((seen.level, seen.cause), (state.level, state.cause));
        prop_assert!((seen.pressure - state.pressure).abs() < 1e-6);
    }

    #[test]
    fn no_level_is_lower_than_its_pressure_asks_for(all in prop::collection::vec(0.8_f64..1.0, 1..50)) {
        let mut monitor = Monitor::default();
        for used in all {
            let state = monitor.read(&memory(used));
            prop_assert!(state.level >= Level::of(used));
        }
    }
}

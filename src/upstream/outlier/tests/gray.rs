//! One of five endpoints fails in a millisecond, the others answer in ten.

use super::super::super::balance::tests::simulation::{Answer, Simulation, share};
use super::super::super::balance::tests::{Peer, peers};
use super::super::super::balance::{self, Balancer, Policy};
use super::*;

const MS: Duration = Duration::from_millis(1);

/// Five endpoints, the last of them gray, swept every ten seconds.
struct Upstream<R> {
    simulation: Simulation<R>,
    peers: Vec<Arc<Peer>>,
    hosts: Hosts,
    detector: Detector,
    balancing: balance::Config,
    probation: Arc<Probation>,
}

impl<R: FnMut() -> u64> Upstream<R> {
    fn new(policy: Policy, config: Config, random: R) -> Self {
        let now = Instant::now();
        let hosts = Hosts::new(5, &config);
        Self {
            simulation: Simulation::new(now, random, 1_000.0),
            peers: peers(&[1; 5], now),
            hosts,
            detector: Detector::new(config),
            balancing: balance::Config {
                policy,
                slow_start: None,
            },
            probation: Arc::default(),
        }
    }

    /// The calls of one interval, and the sweep after it. The gray one's share and standing.
    fn interval(&mut self, gray: Answer) -> (f64, Standing) {
        let end = self.simulation.now + self.detector.interval();
        let standings: Vec<_> = (0..5)
            .map(|at| self.detector.standing(self.hosts.key(at)))
            .collect();
        let eligible = Panic::default().eligible(&standings);
        assert_eq!(eligible.mode, Mode::Health);
        if !eligible.probes.is_empty() {
            self.probation = Arc::default();
        }
        let candidates: Vec<_> = eligible
            .candidates
            .iter()
            .map(|&at| Arc::clone(&self.peers[at]))
            .collect();
        let balancer = Balancer::new(&self.balancing, &candidates, &mut self.simulation.random);
        let probation = Arc::clone(&self.probation);
        let mut probing = None;
        let mut probed = None;
        let (hosts, waits) = (&self.hosts, eligible.probes.first().copied());
        let picks = self.simulation.until(
            end,
            &self.peers,
            |now, random| match waits.zip(probation.take()) {
                Some((at, probe)) => {
                    probing = Some(probe);
                    at
                }
                None => {
                    let at = balancer.pick(&candidates, None, &[], now, random);
                    eligible.candidates[at.unwrap_or(0)]
                }
            },
            |at| match at {
                4 => gray,
                _ => Answer::After(10 * MS),
            },
            |at, answer, now| {
                let outcome = match answer {
                    Answer::After(_) => Outcome::Success,
                    Answer::FailsAfter(_) => Outcome::Failure,
                };
                hosts.0[at].1.record(outcome);
                if waits == Some(at) {
                    probed = Some((outcome, now));
                }
            },
        );
        let random = &mut self.simulation.random;
        if let Some((outcome, now)) = probed {
            assert_eq!(picks[4], 1, "one call on probation");
            self.detector.probed(hosts.key(4), outcome, now, random);
        }
        if let Some(probe) = probing {
            probe.decided();
        }
        self.detector.sweep(end, &hosts.list(), random);
        let standings = (0..5).map(|at| self.detector.standing(hosts.key(at)));
        let out = standings.filter(|standing| *standing != Standing::Healthy);
        assert!(out.count() <= 1, "a tenth of five, but one");
        (share(&picks, 4), self.detector.standing(hosts.key(4)))
    }
}

const FAILS: Answer = Answer::FailsAfter(MS);
const WORKS: Answer = Answer::After(Duration::from_millis(10));

#[test]
fn a_gray_endpoint_is_out_after_an_interval_and_back_when_it_works() {
    // By turns and by rates alone: no latency and no row of failures helps.
    let rules = Config {
        consecutive: None,
        failure_percentage: None,
        ..config()
    };
    let mut upstream = Upstream::new(Policy::RoundRobin, rules, seeded(21));
    let (first, standing) = upstream.interval(FAILS);
    assert!((first - 0.2).abs() < 0.01, "{first}");
    assert_eq!(standing, Standing::Ejected);
    let cause = upstream.detector.cause(upstream.hosts.key(4));
    assert_eq!(cause.map(Cause::method), Some(Method::SuccessRate));

    // Thirty seconds without a call.
    for standing in [Standing::Ejected, Standing::Ejected, Standing::Probation] {
        assert_eq!(upstream.interval(FAILS), (0.0, standing));
    }
    // One call, which fails: out again, for sixty seconds from then.
    let (share, standing) = upstream.interval(FAILS);
    assert!(share < 0.001 && standing == Standing::Ejected, "{share}");
    for _ in 0..5 {
        assert_eq!(upstream.interval(WORKS), (0.0, Standing::Ejected));
    }
    assert_eq!(upstream.interval(WORKS), (0.0, Standing::Probation));
    // One call, which goes well: back among the others.
    let (share, standing) = upstream.interval(WORKS);
    assert!(share < 0.001 && standing == Standing::Healthy, "{share}");
    let (share, _) = upstream.interval(WORKS);
    assert!((share - 0.2).abs() < 0.01, "{share}");
}

#[test]
fn with_penalties_a_gray_endpoint_gets_next_to_nothing_before_any_rule_finds_it() {
    let no_rules = Config {
        consecutive: None,
        failure_percentage: None,
        success_rate: None,
        ..config()
    };
    let policy = Policy::PeakEwma(balance::Ewma::default());
    let mut upstream = Upstream::new(policy, no_rules, seeded(22));
    for _ in 0..6 {
        let (share, standing) = upstream.interval(FAILS);
        assert!(share <= 0.02, "{share}");
        assert_eq!(standing, Standing::Healthy);
    }
}

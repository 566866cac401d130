//! Many calls on simulated time: what a slow endpoint gets, and one that fails fast.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::random::unit;
use super::*;

/// How an endpoint answers.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) enum Answer {
    After(Duration),
    FailsAfter(Duration),
}

/// Calls come at random moments, are sent where the balancer says, and end when they end.
pub(in crate::upstream) struct Simulation<R> {
    pub(in crate::upstream) now: Instant,
    pub(in crate::upstream) random: R,
    /// Mean time between two calls, in seconds.
    between: f64,
    under_way: BinaryHeap<Reverse<(Instant, usize)>>,
    started: Vec<Option<(Started, usize, Answer)>>,
}

impl<R: FnMut() -> u64> Simulation<R> {
    pub(in crate::upstream) fn new(now: Instant, random: R, calls_per_second: f64) -> Self {
        Self {
            now,
            random,
            between: 1.0 / calls_per_second,
            under_way: BinaryHeap::new(),
            started: Vec::new(),
        }
    }

    /// Goes on until a moment. `pick` says where a call goes, `answer` how it ends there, `ended` is
    /// told of the end. How often each endpoint was picked.
    pub(in crate::upstream) fn until(
        &mut self,
        end: Instant,
        peers: &[Arc<Peer>],
        mut pick: impl FnMut(Instant, &mut R) -> usize,
        answer: impl Fn(usize) -> Answer,
        mut ended: impl FnMut(usize, Answer, Instant),
    ) -> Vec<u32> {
        let mut picks = vec![0; peers.len()];
        loop {
            let wait = -self.between * (1.0 - unit(&mut self.random)).ln();
            let next = self.now + Duration::from_secs_f64(wait);
            while let Some(&Reverse((at, call))) = self.under_way.peek()
                && at <= next.min(end)
            {
                self.under_way.pop();
                let Some((started, peer, answer)) = self.started[call].take() else {
                    continue;
                };
                match answer {
                    Answer::After(_) => started.answered(at),
                    Answer::FailsAfter(_) => started.failed(penalty(None), at),
                }
                ended(peer, answer, at);
            }
            if next > end {
                self.now = end;
                return picks;
            }
            self.now = next;
            let peer = pick(next, &mut self.random);
            picks[peer] += 1;
            let answer = answer(peer);
            let (Answer::After(time) | Answer::FailsAfter(time)) = answer;
            self.under_way
                .push(Reverse((next + time, self.started.len())));
            let started = peers[peer].load.start(next);
            self.started.push(Some((started, peer, answer)));
        }
    }
}

pub(in crate::upstream) fn share(picks: &[u32], at: usize) -> f64 {
    f64::from(picks[at]) / f64::from(picks.iter().sum::<u32>())
}

/// Shares of endpoint 0 in each span of seconds; `answer` knows the span.
fn shares(
    policy: Policy,
    endpoints: usize,
    calls_per_second: f64,
    spans: &[u64],
    answer: impl Fn(usize, usize) -> Answer,
) -> Vec<f64> {
    let now = Instant::now();
    let peers = peers(&vec![1; endpoints], now);
    let mut simulation = Simulation::new(now, seeded(11), calls_per_second);
    let balancer = Balancer::new(&config(policy), &peers, &mut simulation.random);
    let span = |(nth, &seconds): (usize, &u64)| {
        let picks = simulation.until(
            simulation.now + Duration::from_secs(seconds),
            &peers,
            |now, random| balancer.pick(&peers, None, &[], now, random).unwrap_or(0),
            |at| answer(nth, at),
            |_, _, _| (),
        );
        share(&picks, 0)
    };
    spans.iter().enumerate().map(span).collect()
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn an_endpoint_that_is_slow_gets_little_and_its_share_back_when_it_no_longer_is() {
    let slow_in_the_first = |span, at| match (span, at) {
        (0, 0) => Answer::After(210 * MS),
        _ => Answer::After(10 * MS),
    };
    // Three decays after it was slow for a minute, it has its share, at any load.
    for calls_per_second in [20.0, 100.0, 1_000.0] {
        let spans = [60, 30, 10];
        let share = |policy| shares(policy, 3, calls_per_second, &spans, slow_in_the_first);
        let ewma = share(Policy::PeakEwma(Ewma::default()));
        assert!(ewma[0] < 0.1, "{calls_per_second}/s: {ewma:?}");
        assert!(ewma[2] > 0.25, "{calls_per_second}/s: {ewma:?}");
        let even = share(Policy::RoundRobin);
        assert!((even[0] - 1.0 / 3.0).abs() < 0.01, "{even:?}");
    }
}

#[test]
fn an_endpoint_that_fails_fast_attracts_nothing() {
    let fails = |_, at| match at {
        0 => Answer::FailsAfter(MS),
        _ => Answer::After(10 * MS),
    };
    let policy = || Policy::PeakEwma(Ewma::default());
    let penalised = shares(policy(), 5, 1_000.0, &[20, 20, 20], fails);
    assert!(penalised.iter().all(|share| *share < 0.02), "{penalised:?}");
    // What it would attract if a failure were as good as an answer.
    let attracted = shares(policy(), 5, 1_000.0, &[60], |_, at| match at {
        0 => Answer::After(MS),
        _ => Answer::After(10 * MS),
    });
    assert!(attracted[0] > 0.3, "{attracted:?}");
}

#[test]
fn equal_endpoints_get_equal_shares_however_they_are_balanced() {
    for policy in [Policy::PeakEwma(Ewma::default()), Policy::RoundRobin] {
        let found = shares(policy, 4, 1_000.0, &[20], |_, _| Answer::After(10 * MS));
        assert!((found[0] - 0.25).abs() < 0.03, "{found:?}");
    }
}

//! All policies through the [`Balancer`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;

pub(in crate::upstream) mod simulation;

/// Random bits of a seed: the same in every run (SplitMix64).
pub(in crate::upstream) fn seeded(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// An endpoint as the balancer sees it.
#[derive(Debug)]
pub(in crate::upstream) struct Peer {
    pub(in crate::upstream) key: String,
    pub(in crate::upstream) load: Arc<Load>,
    weight: u32,
    since: Instant,
    reachable: AtomicBool,
}

impl Peer {
    fn up(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }
}

impl Candidate for Peer {
    fn load(&self) -> &Load {
        &self.load
    }

    fn weight(&self) -> u32 {
        self.weight
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn since(&self) -> Instant {
        self.since
    }

    fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }
}

/// Endpoints of these weights.
pub(in crate::upstream) fn peers(weights: &[u32], now: Instant) -> Vec<Arc<Peer>> {
    let peer = |(at, &weight)| {
        Arc::new(Peer {
            key: format!("10.0.0.{at}:50051"),
            load: Arc::new(Load::new(Ewma::default(), now)),
            weight,
            since: now,
            reachable: AtomicBool::new(true),
        })
    };
    weights.iter().enumerate().map(peer).collect()
}

fn policies() -> [Policy; 5] {
    [
        Policy::PeakEwma(Ewma::default()),
        Policy::RoundRobin,
        Policy::Weighted,
        Policy::RingHash {
            header: HeaderName::from_static("x-user"),
            size: RingSize::default(),
        },
        Policy::PickFirst,
    ]
}

fn config(policy: Policy) -> Config {
    Config {
        policy,
        ..Config::default()
    }
}

/// How often each is picked in so many calls.
fn picks(balancer: &Balancer, peers: &[Arc<Peer>], exclude: &[usize], calls: usize) -> Vec<u32> {
    let mut random = seeded(7);
    let mut picks = vec![0; peers.len()];
    let now = peers.first().map_or_else(Instant::now, |peer| peer.since);
    for _ in 0..calls {
        if let Some(at) = balancer.pick(peers, None, exclude, now, &mut random) {
            picks[at] += 1;
        }
    }
    picks
}

#[test]
fn every_policy_prefers_what_can_be_reached_and_was_not_tried_and_refuses_nobody() {
    let now = Instant::now();
    for policy in policies() {
        let peers = peers(&[1, 1, 1, 0], now);
        let balancer = Balancer::new(&config(policy.clone()), &peers, &mut seeded(1));
        let picked = |exclude: &[usize]| {
            let picks = picks(&balancer, &peers, exclude, 300);
            assert_eq!(picks.iter().sum::<u32>(), 300, "{policy:?}");
            let picked = (0..4).filter(|&at| picks[at] > 0);
            picked.map(|at| at.to_string()).collect::<String>()
        };
        let all = match policy {
            Policy::PickFirst => 1,
            _ => 3,
        };
        assert_eq!(
            picked(&[]).len(),
            all,
            "{policy:?}: but never the one of weight 0"
        );
        assert_eq!(picked(&[0, 2]), "1", "{policy:?}: not tried");
        peers[1].up(false);
        assert_eq!(picked(&[0]), "2", "{policy:?}: not tried and reachable");
        assert_eq!(
            picked(&[0, 2]).replace('2', "0"),
            if all == 1 { "0" } else { "00" }
        );
        peers[0].up(false);
        peers[2].up(false);
        assert_eq!(picked(&[0, 2]), "1", "{policy:?}: not tried");
        assert!(!picked(&[0, 1, 2]).is_empty(), "{policy:?}: any");
    }
}

#[test]
fn one_endpoint_is_always_picked_and_of_none_none() {
    let now = Instant::now();
    for policy in policies() {
        let one = peers(&[0], now);
        one[0].up(false);
        let balancer = Balancer::new(&config(policy.clone()), &one, &mut seeded(1));
        assert_eq!(
            balancer.pick(&one, None, &[0], now, &mut seeded(2)),
            Some(0)
        );
        let none = peers(&[], now);
        let balancer = balancer.renew(&none);
        assert_eq!(balancer.pick(&none, None, &[], now, &mut seeded(2)), None);
        // Not the set it was made for: not what it is for, but it still picks.
        let three = peers(&[1; 3], now);
        let picked = balancer.pick(&three, None, &[], now, &mut seeded(2));
        assert!(picked.is_none_or(|at| at < 3), "{policy:?}");
    }
}

#[test]
fn a_pick_allocates_nothing() {
    let now = Instant::now();
    for policy in policies() {
        let peers = peers(&[3, 1, 2, 0], now);
        let config = Config {
            policy,
            slow_start: Some(SlowStart::new(Duration::from_secs(60))),
        };
        let balancer = Balancer::new(&config, &peers, &mut seeded(1));
        let mut random = seeded(2);
        for down in [None, Some(0), Some(2)] {
            if let Some(down) = down {
                peers[down].up(false);
            }
            let allocated = allocation_counter::measure(|| {
                for key in 0..100 {
                    balancer.pick(&peers, Some(key), &[1], now, &mut random);
                }
            });
            assert_eq!(allocated.count_total, 0, "{config:?}");
        }
    }
}

#[test]
fn weights_are_exact_over_a_period_and_round_robin_does_not_know_them() {
    let now = Instant::now();
    let peers = peers(&[50, 10, 40], now);
    let weighted = Balancer::new(&config(Policy::Weighted), &peers, &mut seeded(1));
    assert_eq!(picks(&weighted, &peers, &[], 1_000), [500, 100, 400]);
    let even = Balancer::new(&config(Policy::RoundRobin), &peers, &mut seeded(1));
    assert_eq!(picks(&even, &peers, &[], 999), [333, 333, 333]);
}

#[test]
fn round_robin_begins_anywhere_and_goes_on_in_another_set() {
    let now = Instant::now();
    let peers = peers(&[1; 4], now);
    let first = |seed| {
        let balancer = Balancer::new(&config(Policy::RoundRobin), &peers, &mut seeded(seed));
        balancer.pick(&peers, None, &[], now, &mut seeded(1))
    };
    let firsts: std::collections::BTreeSet<_> = (0..50).map(first).collect();
    assert_eq!(firsts.len(), 4);
    let balancer = Balancer::new(&config(Policy::RoundRobin), &peers, &mut seeded(1));
    let turn = |balancer: &Balancer| balancer.pick(&peers, None, &[], now, &mut seeded(1));
    let (one, two) = (turn(&balancer), turn(&balancer.renew(&peers)));
    assert_eq!(one.map(|at| (at + 1) % 4), two);
}

#[test]
fn a_key_goes_to_one_endpoint_in_every_process() {
    let now = Instant::now();
    let peers = peers(&[1; 3], now);
    let config = config(policies()[3].clone());
    let pick = |seed, user: &str| {
        let balancer = Balancer::new(&config, &peers, &mut seeded(seed));
        let key = Some(xxh64(user.as_bytes(), 0));
        balancer.pick(&peers, key, &[], now, &mut seeded(seed))
    };
    for user in ["alice", "bob", "carol", "dave"] {
        assert_eq!(pick(1, user), pick(2, user));
    }
    // As a fleet with other gateways has it; a change here moves everybody's keys.
    let users = ["alice", "bob", "carol", "dave"].map(|user| pick(1, user));
    assert_eq!(users, [Some(1), Some(1), Some(2), Some(0)]);
}

#[test]
fn without_a_key_the_ring_spreads_calls() {
    let now = Instant::now();
    let peers = peers(&[1; 3], now);
    let balancer = Balancer::new(&config(policies()[3].clone()), &peers, &mut seeded(1));
    for count in picks(&balancer, &peers, &[], 30_000) {
        assert!((8_000..12_000).contains(&count), "{count}");
    }
}

fn held(peer: &Peer, calls: usize, now: Instant) -> Vec<Started> {
    (0..calls).map(|_| peer.load.start(now)).collect()
}

#[test]
fn peak_ewma_takes_the_lower_cost_by_weight() {
    let now = Instant::now();
    let peers = peers(&[1, 1, 4], now);
    let balancer = Balancer::new(&Config::default(), &peers, &mut seeded(1));
    // Costs 3, 2 and (7 + 1) / 4 = 2: the first never wins, the others are equal.
    let _held = [(0, 2), (1, 1), (2, 7)].map(|(at, calls)| held(&peers[at], calls, now));
    let picks = picks(&balancer, &peers, &[], 3_000);
    assert_eq!(picks[0], 0);
    assert!((1_350..1_650).contains(&picks[1]), "{picks:?}");
}

#[test]
fn a_new_endpoint_costs_ten_times_as_much_at_first() {
    let now = Instant::now();
    let minute = Duration::from_secs(60);
    let config = Config {
        slow_start: Some(SlowStart::new(minute)),
        ..Config::default()
    };
    let mut peers = peers(&[1], now);
    peers.extend(self::peers(&[1], now + minute));
    let balancer = Balancer::new(&config, &peers, &mut seeded(1));
    for (age, calls, wins) in [(0, 8, false), (0, 10, true), (30, 0, false), (30, 2, true)] {
        let at = now + minute + Duration::from_secs(age);
        for peer in &peers {
            peer.load.reset(Duration::from_secs(1), at);
        }
        let _held = held(&peers[0], calls, at);
        let picked = balancer.pick(&peers, None, &[], at, &mut seeded(1));
        assert_eq!(picked == Some(1), wins, "{age} s old, beside {calls} calls");
    }
}

#[test]
fn a_new_endpoint_gets_a_tenth_of_its_turns_at_first_and_all_of_them_later() {
    let now = Instant::now();
    let minute = Duration::from_secs(60);
    let mut peers = peers(&[1, 1, 1], now);
    peers.extend(self::peers(&[1], now + minute));
    for policy in [Policy::RoundRobin, Policy::Weighted] {
        let config = Config {
            policy,
            slow_start: Some(SlowStart::new(minute)),
        };
        let balancer = Balancer::new(&config, &peers, &mut seeded(1));
        let mut random = seeded(3);
        for (age, share) in [(0, 0.1 / 3.1), (30, 0.5 / 3.5), (60, 0.25)] {
            let at = now + minute + Duration::from_secs(age);
            let new = (0..40_000)
                .filter(|_| balancer.pick(&peers, None, &[], at, &mut random) == Some(3))
                .count();
            let found = new as f64 / 40_000.0;
            assert!(
                (found - share).abs() < 0.005,
                "{age} s: {found}, not {share}"
            );
        }
    }
}

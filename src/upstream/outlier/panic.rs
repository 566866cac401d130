//! Which endpoints the balancer gets. If only few are healthy, all of them: the few would not bear the
//! calls of all, and that so many are bad at once says more about who judges them.

/// When health is ignored: Envoy's `healthy_panic_threshold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panic {
    /// Percent of endpoints that must be healthy; 0 never ignores health.
    pub threshold: u8,
}

/// Half of them.
impl Default for Panic {
    fn default() -> Self {
        Self { threshold: 50 }
    }
}

/// What is thought of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Standing {
    /// It gets calls.
    Healthy,
    /// Health checks say that it does not serve.
    Unhealthy,
    /// An outlier: out until its time is over.
    Ejected,
    /// Its ejection is over; one call is to show how it is.
    Probation,
}

/// Whom calls may go to: indices of the endpoints judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::upstream) struct Eligible {
    /// For the balancer.
    pub(in crate::upstream) candidates: Vec<usize>,
    /// Each waits for one call, which comes before the balancer's choice.
    pub(in crate::upstream) probes: Vec<usize>,
    /// How the candidates were chosen.
    pub(in crate::upstream) mode: Mode,
}

/// How candidates are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Mode {
    /// The healthy ones.
    Health,
    /// All, because too few are healthy.
    Panic,
}

impl Panic {
    /// Whom calls may go to. While there is an endpoint, there is a candidate.
    pub(in crate::upstream) fn eligible(self, standings: &[Standing]) -> Eligible {
        let those = |wanted: Standing| {
            let all = standings.iter().enumerate();
            let wanted = all.filter(move |(_, standing)| **standing == wanted);
            wanted.map(|(at, _)| at)
        };
        let healthy: Vec<_> = those(Standing::Healthy).collect();
        let enough = usize::from(self.threshold.min(100)) * standings.len();
        let (candidates, mode) = if healthy.is_empty() || healthy.len() * 100 < enough {
            ((0..standings.len()).collect(), Mode::Panic)
        } else {
            (healthy, Mode::Health)
        };
        Eligible {
            candidates,
            probes: those(Standing::Probation).collect(),
            mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `h`ealthy, `u`nhealthy, `e`jected, on `p`robation.
    fn eligible(threshold: u8, standings: &str) -> Eligible {
        let standing = |letter| match letter {
            'h' => Standing::Healthy,
            'u' => Standing::Unhealthy,
            'e' => Standing::Ejected,
            _ => Standing::Probation,
        };
        Panic { threshold }.eligible(&standings.chars().map(standing).collect::<Vec<_>>())
    }

    #[test]
    fn health_is_ignored_if_less_than_half_are_healthy() {
        for (standings, candidates, mode) in [
            ("hhhh", vec![0, 1, 2, 3], Mode::Health),
            ("hehu", vec![0, 2], Mode::Health),
            ("heeu", vec![0, 1, 2, 3], Mode::Panic),
            ("hep", vec![0, 1, 2], Mode::Panic),
            ("e", vec![0], Mode::Panic),
            ("h", vec![0], Mode::Health),
        ] {
            let found = eligible(50, standings);
            assert_eq!(
                (found.candidates, found.mode),
                (candidates, mode),
                "{standings}"
            );
        }
    }

    #[test]
    fn a_threshold_of_nothing_trusts_the_last_healthy_one_but_refuses_nobody() {
        assert_eq!(eligible(0, "ueeh").candidates, [3]);
        assert_eq!(eligible(0, "uee").candidates, [0, 1, 2]);
        assert_eq!(eligible(100, "hhe").mode, Mode::Panic);
        assert_eq!(eligible(255, "hhh").mode, Mode::Health);
    }

    #[test]
    fn an_endpoint_on_probation_waits_for_one_call_even_in_panic() {
        assert_eq!(eligible(50, "hhp").probes, [2]);
        assert_eq!(eligible(50, "hhp").candidates, [0, 1]);
        assert_eq!(eligible(50, "uup").probes, [2]);
        assert_eq!(eligible(50, "").candidates, [0; 0]);
    }
}

//! Why an endpoint is ejected, or is not though a rule has found it: for logs, and for the metrics of
//! gRFC A91.

use std::fmt;

/// Why an endpoint was ejected, with the figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::upstream) enum Cause {
    /// It succeeds less than the others.
    SuccessRate {
        /// What part of its calls succeeded, in 0..=1.
        rate: f64,
        /// Below what it is an outlier.
        threshold: f64,
    },
    /// It fails too much.
    FailurePercentage {
        /// Of its calls in the interval.
        failures: u32,
        /// All that said something.
        calls: u64,
    },
    /// It failed several times in a row.
    Consecutive {
        /// So many.
        failures: u32,
    },
    /// The one call of its probation failed.
    Probe,
}

impl Cause {
    /// The rule.
    pub(in crate::upstream) fn method(self) -> Method {
        match self {
            Self::SuccessRate { .. } => Method::SuccessRate,
            Self::FailurePercentage { .. } => Method::FailurePercentage,
            Self::Consecutive { .. } => Method::Consecutive,
            Self::Probe => Method::Probe,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SuccessRate { rate, threshold } => write!(
                f,
                "{:.1} % of its calls succeeded; the others' rates ask for {:.1} %",
                rate * 100.0,
                threshold * 100.0
            ),
            Self::FailurePercentage { failures, calls } => {
                write!(f, "{failures} of its {calls} calls failed")
            }
            Self::Consecutive { failures } => write!(f, "{failures} calls in a row failed"),
            Self::Probe => f.write_str("the call that was to show whether it works again failed"),
        }
    }
}

/// The label `grpc.lb.outlier_detection.detection_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Method {
    /// A50.
    SuccessRate,
    /// A50.
    FailurePercentage,
    /// Ours, as in Envoy.
    Consecutive,
    /// Ours, as in linkerd.
    Probe,
}

impl Method {
    /// All of them.
    pub(in crate::upstream) const ALL: [Self; 4] = [
        Self::SuccessRate,
        Self::FailurePercentage,
        Self::Consecutive,
        Self::Probe,
    ];

    /// The label's value.
    pub(in crate::upstream) const fn as_str(self) -> &'static str {
        match self {
            Self::SuccessRate => "success_rate",
            Self::FailurePercentage => "failure_percentage",
            Self::Consecutive => "consecutive_failures",
            Self::Probe => "probe",
        }
    }
}

/// The label `grpc.lb.outlier_detection.unenforced_reason`: why an outlier was not ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Unenforced {
    /// The rule is enforced for a part of those it finds.
    EnforcementPercentage,
    /// Enough others are out.
    MaxEjectionOverflow,
}

impl Unenforced {
    /// All of them.
    pub(in crate::upstream) const ALL: [Self; 2] =
        [Self::EnforcementPercentage, Self::MaxEjectionOverflow];

    /// The label's value.
    pub(in crate::upstream) const fn as_str(self) -> &'static str {
        match self {
            Self::EnforcementPercentage => "enforcement_percentage",
            Self::MaxEjectionOverflow => "max_ejection_overflow",
        }
    }
}

/// How often the rules found an outlier, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::upstream) struct Counts {
    enforced: [u64; Method::ALL.len()],
    unenforced: [[u64; Unenforced::ALL.len()]; Method::ALL.len()],
}

impl Counts {
    /// Outliers of this rule that were ejected: `ejections_enforced`.
    pub(in crate::upstream) fn ejected(&self, method: Method) -> u64 {
        self.enforced[method as usize]
    }

    /// Those that were not: `ejections_unenforced`.
    pub(in crate::upstream) fn spared(&self, method: Method, reason: Unenforced) -> u64 {
        self.unenforced[method as usize][reason as usize]
    }

    pub(super) fn enforced(&mut self, method: Method) {
        self.enforced[method as usize] += 1;
    }

    pub(super) fn unenforced(&mut self, method: Method, reason: Unenforced) {
        self.unenforced[method as usize][reason as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_with_their_figures() {
        for (cause, text) in [
            (
                Cause::SuccessRate {
                    rate: 0.0,
                    threshold: 0.04,
                },
                "0.0 % of its calls succeeded; the others' rates ask for 4.0 %",
            ),
            (
                Cause::FailurePercentage {
                    failures: 90,
                    calls: 100,
                },
                "90 of its 100 calls failed",
            ),
            (
                Cause::Consecutive { failures: 5 },
                "5 calls in a row failed",
            ),
        ] {
            assert_eq!(cause.to_string(), text);
        }
    }

    #[test]
    fn every_count_has_its_place() {
        let mut counts = Counts::default();
        for (at, method) in Method::ALL.into_iter().enumerate() {
            (0..=at).for_each(|_| counts.enforced(method));
            counts.unenforced(method, Unenforced::MaxEjectionOverflow);
        }
        let ejected: Vec<_> = Method::ALL.map(|method| counts.ejected(method)).into();
        assert_eq!(ejected, [1, 2, 3, 4]);
        for method in Method::ALL {
            assert_eq!(counts.spared(method, Unenforced::MaxEjectionOverflow), 1);
            assert_eq!(counts.spared(method, Unenforced::EnforcementPercentage), 0);
        }
    }
}

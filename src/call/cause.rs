//! Why a call failed, in one word of a closed list: what logs and metrics count by, where a code says too
//! little. UNAVAILABLE may be a backend that is down, a breaker that is open or a gateway that has too much
//! to do.

use super::{Code, Origin};

/// Why a call failed. A [`Status`](super::Status) that nobody says more of has the one that its origin and
/// code suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It did not.
    Nothing,
    /// The client went away.
    ClientGone,
    /// The client's body did not come in time.
    SlowRequest,
    /// Nothing is there by this name.
    NotFound,
    /// The request means something that is not to be had: a verb, a type, a number of messages.
    Unsupported,
    /// A message, or what else is sent, is larger than it may be.
    TooLarge,
    /// The request is malformed.
    BadRequest,
    /// A rule of the schema is broken.
    Invalid,
    /// The page is of an origin that may not call.
    ForeignOrigin,
    /// Nobody has shown who calls, or what was shown is no good.
    Unauthenticated,
    /// An access rule refuses, or none allows.
    AccessDenied,
    /// An authorization server refuses.
    ExtAuthzDenied,
    /// A rate limit is used up.
    RateLimited,
    /// As many calls as there may be are under way.
    TooManyCalls,
    /// A step of a library's user refuses.
    StepRefused,
    /// Who would have to be asked whether it may pass does not answer.
    PolicyUnanswered,
    /// The gateway has more to do than it can.
    Overload,
    /// The deadline has passed.
    Deadline,
    /// The stream was silent for too long.
    StreamIdle,
    /// The gateway stops.
    ShuttingDown,
    /// A bound of the upstream's circuit breaker is reached.
    CircuitOpen,
    /// No endpoint may get calls.
    NoHealthyEndpoint,
    /// There is no connection to the endpoint.
    UpstreamUnreachable,
    /// The backend reset the stream.
    UpstreamReset,
    /// The connection to the backend ended during the call.
    UpstreamLost,
    /// What the backend sent is no answer of gRPC.
    UpstreamProtocol,
    /// The backend's own status.
    UpstreamStatus,
    /// The gateway's own fault.
    Gateway,
}

impl Cause {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 28] = [
        Self::Nothing,
        Self::ClientGone,
        Self::SlowRequest,
        Self::NotFound,
        Self::Unsupported,
        Self::TooLarge,
        Self::BadRequest,
        Self::Invalid,
        Self::ForeignOrigin,
        Self::Unauthenticated,
        Self::AccessDenied,
        Self::ExtAuthzDenied,
        Self::RateLimited,
        Self::TooManyCalls,
        Self::StepRefused,
        Self::PolicyUnanswered,
        Self::Overload,
        Self::Deadline,
        Self::StreamIdle,
        Self::ShuttingDown,
        Self::CircuitOpen,
        Self::NoHealthyEndpoint,
        Self::UpstreamUnreachable,
        Self::UpstreamReset,
        Self::UpstreamLost,
        Self::UpstreamProtocol,
        Self::UpstreamStatus,
        Self::Gateway,
    ];

    /// What a status suggests of which nobody says more.
    #[must_use]
    pub const fn of(origin: Origin, code: Code) -> Self {
        match (origin, code) {
            (_, Code::Ok) => Self::Nothing,
            (Origin::Upstream, _) => Self::UpstreamStatus,
            (Origin::Downstream, Code::Cancelled) => Self::ClientGone,
            (Origin::Downstream, Code::DeadlineExceeded) => Self::SlowRequest,
            (Origin::Downstream, Code::NotFound) => Self::NotFound,
            (Origin::Downstream, Code::Unimplemented) => Self::Unsupported,
            (Origin::Downstream, Code::PermissionDenied) => Self::ForeignOrigin,
            (Origin::Downstream | Origin::Gateway, Code::ResourceExhausted) => Self::TooLarge,
            (Origin::Downstream, _) => Self::BadRequest,
            (Origin::Gateway, Code::DeadlineExceeded) => Self::Deadline,
            (Origin::Gateway, _) => Self::Gateway,
        }
    }

    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::ClientGone => "client_gone",
            Self::SlowRequest => "slow_request",
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::TooLarge => "too_large",
            Self::BadRequest => "bad_request",
            Self::Invalid => "invalid",
            Self::ForeignOrigin => "foreign_origin",
            Self::Unauthenticated => "unauthenticated",
            Self::AccessDenied => "access_denied",
            Self::ExtAuthzDenied => "ext_authz_denied",
            Self::RateLimited => "rate_limited",
            Self::TooManyCalls => "too_many_calls",
            Self::StepRefused => "step_refused",
            Self::PolicyUnanswered => "policy_unanswered",
            Self::Overload => "overload",
            Self::Deadline => "deadline",
            Self::StreamIdle => "stream_idle",
            Self::ShuttingDown => "shutting_down",
            Self::CircuitOpen => "circuit_open",
            Self::NoHealthyEndpoint => "no_healthy_endpoint",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamReset => "upstream_reset",
            Self::UpstreamLost => "upstream_lost",
            Self::UpstreamProtocol => "upstream_protocol",
            Self::UpstreamStatus => "upstream_status",
            Self::Gateway => "gateway",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_stands_at_the_place_of_its_number_and_has_a_word_of_its_own() {
        for (place, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, place);
        }
        let words: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
        assert_eq!(words.len(), Cause::ALL.len());
    }

    #[test]
    fn what_ended_well_has_no_cause_and_everything_else_has_one() {
        for origin in [Origin::Downstream, Origin::Gateway, Origin::Upstream] {
            for code in Code::ALL {
                let is_nothing = Cause::of(origin, code) == Cause::Nothing;
                assert_eq!(is_nothing, code == Code::Ok, "{origin:?} {code:?}");
            }
        }
    }
}

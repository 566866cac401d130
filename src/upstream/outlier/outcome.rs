//! What the end of an attempt says of the endpoint.

use crate::call::{Code, Origin};

/// What an attempt that was sent to an endpoint says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Outcome {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// Nothing.
    Neutral,
}

impl Outcome {
    /// The outcome of an attempt that was sent.
    ///
    /// A50 counts every status but OK as a failure. Here only codes by which a server says that it
    /// failed are: a client that asks for what is not there must not be able to eject the endpoint
    /// that tells it so. An answer of that kind is a success, whatever it says. They are the codes
    /// that Envoy maps to 5xx and counts, without UNIMPLEMENTED.
    pub(in crate::upstream) fn of(code: Code, origin: Origin) -> Self {
        match (origin, code) {
            // A bad request, or the client has left.
            (Origin::Downstream, _) => Self::Neutral,
            // Limits, deadlines and policies of our own. Whether a call that was given up speaks
            // against the endpoint depends on how long it waited, see `books`.
            (Origin::Gateway, _) => Self::Neutral,
            // It crashed, hangs, is overloaded or unreachable, or what it sent is not gRPC.
            (
                Origin::Upstream,
                Code::Unknown
                | Code::DeadlineExceeded
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss,
            ) => Self::Failure,
            // Mostly the echo of a client that has left.
            (Origin::Upstream, Code::Cancelled) => Self::Neutral,
            (
                Origin::Upstream,
                Code::Ok
                // What was asked for is wrong, missing, forbidden or in the way.
                | Code::InvalidArgument
                | Code::NotFound
                | Code::AlreadyExists
                | Code::PermissionDenied
                | Code::FailedPrecondition
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unauthenticated
                // A quota of the client's; an overloaded server says UNAVAILABLE.
                | Code::ResourceExhausted
                // The same on every endpoint.
                | Code::Unimplemented,
            ) => Self::Success,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_codes_of_a_backend_are_failures_and_what_it_tells_clients_is_not() {
        let failures = Code::ALL
            .into_iter()
            .filter(|&code| Outcome::of(code, Origin::Upstream) == Outcome::Failure)
            .map(Code::name)
            .collect::<Vec<_>>();
        let expected = [
            "UNKNOWN",
            "DEADLINE_EXCEEDED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
        ];
        assert_eq!(sorted(&failures), sorted(&expected));
        assert_eq!(
            Outcome::of(Code::NotFound, Origin::Upstream),
            Outcome::Success
        );
    }

    fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_others_did_does_not_speak_against_an_endpoint() {
        for code in Code::ALL {
            assert_eq!(Outcome::of(code, Origin::Downstream), Outcome::Neutral);
            assert_eq!(Outcome::of(code, Origin::Gateway), Outcome::Neutral);
        }
    }
}

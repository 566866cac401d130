//! The calls that failed last, for operators who look: which, how and when. No message, no path, no query
//! and no credential is kept of them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use serde::Serialize;

use super::Observe;
use super::protocol::Protocol;
use crate::call::Status;
use crate::schema::Method;

/// Calls that are remembered.
pub const FAILURES_MAX: usize = 50;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: u64,
    /// `pkg.Service/Method`; none of a call that found no method.
    pub method: Option<String>,
    /// The dialect.
    pub protocol: &'static str,
    /// The status, in gRPC's words.
    pub code: &'static str,
    /// Who failed.
    pub origin: &'static str,
    /// The request's id.
    pub request_id: String,
}

/// The last [`FAILURES_MAX`], the oldest first.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<VecDeque<Failure>>);

impl Failures {
    /// A call has ended so: it is remembered if it failed. What is no call is not.
    pub(super) fn ended(
        &self,
        status: &Status,
        method: Option<&Method>,
        protocol: Protocol,
        id: &HeaderValue,
    ) {
        if status.is_ok() || (method.is_none() && !protocol.means_a_method()) {
            return;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let failure = Failure {
            at_ms: since.map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }),
            method: method.map(|method| method.path.trim_start_matches('/').to_owned()),
            protocol: protocol.as_str(),
            code: status.code.name(),
            origin: status.origin.as_str(),
            request_id: id.to_str().unwrap_or_default().to_owned(),
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= FAILURES_MAX {
            last.pop_front();
        }
        last.push_back(failure);
    }
}

impl Observe {
    /// The calls that failed last, the newest first.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        let last = self.0.failures.0.lock();
        let last = last.unwrap_or_else(PoisonError::into_inner);
        last.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Code;

    #[test]
    fn the_last_failures_are_kept_and_no_more() {
        let observe = Observe::default();
        let failures = &observe.0.failures;
        let id = |number: usize| HeaderValue::from(number);
        for number in 0..FAILURES_MAX + 7 {
            let status = Status::gateway(Code::Unavailable, "a secret");
            failures.ended(&status, None, Protocol::Grpc, &id(number));
        }
        failures.ended(&Status::ok(), None, Protocol::Grpc, &id(1000));
        let nowhere = Status::downstream(Code::NotFound, "");
        failures.ended(&nowhere, None, Protocol::Http, &id(1001));

        let last = observe.failures();
        assert_eq!(last.len(), FAILURES_MAX);
        assert_eq!(last.first().map(|one| &*one.request_id), Some("56"));
        assert_eq!(last.last().map(|one| &*one.request_id), Some("7"));
        let text = serde_json::to_string(&last).unwrap_or_default();
        assert!(text.contains("UNAVAILABLE") && !text.contains("secret"));
    }
}

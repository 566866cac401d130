//! What a rate-limit server says, read without trust.

use std::time::Duration;

use http::{HeaderValue, header};

use super::NAME;
use crate::call::gate::{Change, Passed, Refused};
use crate::policy::failure::Fault;
use crate::policy::limits::{Measured, come_again, headers, refusal};
use crate::policy::mutation::Room;
use crate::policy::pb::envoy::service::ratelimit::v3::RateLimitResponse;
use crate::policy::pb::envoy::service::ratelimit::v3::rate_limit_response::{
    Code as Said, DescriptorStatus, RateLimit, rate_limit::Unit,
};

/// When to come again, where the server does not say.
const WAIT: Duration = Duration::from_secs(1);

/// The longest time that is believed: a year.
const WAIT_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Whether the call is one too many.
///
/// What its headers say of a limit counts only where its statuses say nothing: a client would read it twice.
///
/// # Errors
/// The answer says neither, or what cannot be.
pub(super) fn read(response: &RateLimitResponse) -> Result<Result<Passed, Box<Refused>>, Fault> {
    let mut room = Room::new();
    let mut said = Vec::new();
    for header in &response.response_headers_to_add {
        said.push(room.header(header)?);
    }
    let strictest = strictest(&response.statuses);
    if strictest.is_some() {
        said.retain(|(name, _)| !headers::is_one(name));
    }
    match Said::try_from(response.overall_code) {
        Ok(Said::Ok) => {
            let mut passed = Passed {
                response_headers: said,
                ..Passed::default()
            };
            for header in &response.request_headers_to_add {
                let (name, value) = room.header(header)?;
                passed.changes.push(Change::Append(name, value));
            }
            passed.quota = strictest.map(|(measured, policy, _)| measured.quota(&policy));
            Ok(Ok(passed))
        }
        Ok(Said::OverLimit) => {
            let wait = strictest.as_ref();
            let wait = wait.map_or(WAIT, |(measured, ..)| measured.reset);
            let name = strictest.as_ref().map_or("", |(_, _, limit)| &limit.name);
            let mut refused = match &strictest {
                Some((measured, policy, _)) => {
                    let measured = Measured {
                        wait: Some(wait),
                        ..*measured
                    };
                    refusal(&measured, policy, NAME, &name.into())
                }
                None => come_again(wait, NAME),
            };
            said.retain(|(name, _)| name != header::RETRY_AFTER);
            refused.headers.extend(said);
            Ok(Err(Box::new(refused)))
        }
        Ok(Said::Unknown) | Err(_) => Err(Fault::Garbage(format!(
            "the code {}, expected OK or OVER_LIMIT",
            response.overall_code
        ))),
    }
}

/// The limit that is nearest to refusing, or has refused: the one to wait for longest.
fn strictest(statuses: &[DescriptorStatus]) -> Option<(Measured, HeaderValue, &RateLimit)> {
    let known = statuses.iter().filter_map(|status| {
        let limit = status.current_limit.as_ref()?;
        let is_over = status.code == Said::OverLimit as i32;
        let remaining = if is_over { 0 } else { status.limit_remaining };
        Some((status, limit, remaining))
    });
    let (status, limit, remaining) = known
        .min_by_key(|(status, _, remaining)| (*remaining, std::cmp::Reverse(reset(status))))?;
    let measured = Measured {
        remaining,
        reset: reset(status),
        wait: None,
    };
    let window = match Unit::try_from(limit.unit) {
        Ok(Unit::Second) => Some(1),
        Ok(Unit::Minute) => Some(60),
        Ok(Unit::Hour) => Some(3_600),
        Ok(Unit::Day) => Some(86_400),
        Ok(Unit::Week) => Some(604_800),
        Ok(Unit::Month) => Some(2_592_000),
        Ok(Unit::Year) => Some(31_536_000),
        Ok(Unit::Unknown) | Err(_) => None,
    };
    let calls = limit.requests_per_unit;
    Some((measured, headers::window(calls, window), limit))
}

/// Where a server says no time, or one that cannot be, it is a second.
fn reset(status: &DescriptorStatus) -> Duration {
    let reset = status.duration_until_reset;
    let reset = reset.and_then(|reset| Duration::try_from(reset).ok());
    reset.unwrap_or(WAIT).min(WAIT_MAX)
}

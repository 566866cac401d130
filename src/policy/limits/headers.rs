//! What clients are told of limits, in the form of draft-ietf-httpapi-ratelimit-headers-03.

use std::sync::LazyLock;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::Rate;
use crate::call::gate::Quota;

/// How much there is: `100, 100;w=60`, calls at once, and the policy behind it.
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");

/// How much of it is left.
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");

/// In how many seconds all of it is there again.
pub const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Numbers whose texts are kept.
const KEPT: u64 = 1024;

static NUMBERS: LazyLock<Box<[HeaderValue]>> =
    LazyLock::new(|| (0..KEPT).map(HeaderValue::from).collect());

/// The value of [`LIMIT`] for a quota.
pub(super) fn policy(rate: &Rate) -> HeaderValue {
    let Rate { calls, burst, .. } = rate;
    let window = whole(rate.per).max(1);
    let text = if calls == burst {
        format!("{burst}, {calls};w={window}")
    } else {
        format!("{burst}, {calls};w={window};burst={burst}")
    };
    // Digits and punctuation.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from(*burst))
}

/// The value of [`LIMIT`] for so many calls in a window, in seconds.
pub(crate) fn window(calls: u32, seconds: Option<u32>) -> HeaderValue {
    let text = seconds.map(|seconds| format!("{calls}, {calls};w={seconds}"));
    let value = text.and_then(|text| HeaderValue::from_str(&text).ok());
    value.unwrap_or_else(|| HeaderValue::from(calls))
}

/// The three headers.
pub(crate) fn of(quota: Quota) -> [(HeaderName, HeaderValue); 3] {
    [
        (LIMIT, quota.limit),
        (REMAINING, number(u64::from(quota.remaining))),
        (RESET, seconds(quota.reset)),
    ]
}

/// True for one of their names.
pub(crate) fn is_one(name: &HeaderName) -> bool {
    [LIMIT, REMAINING, RESET].contains(name)
}

/// A time in seconds, rounded up: whoever comes then is not early.
pub(crate) fn seconds(time: Duration) -> HeaderValue {
    number(whole(time))
}

fn whole(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn number(number: u64) -> HeaderValue {
    let kept = usize::try_from(number).ok().and_then(|at| NUMBERS.get(at));
    kept.cloned().unwrap_or_else(|| HeaderValue::from(number))
}

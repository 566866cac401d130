//! The keys of balancing, health and outlier detection, as the upstream has them.

use std::time::Duration;

use http::HeaderName;

use crate::config::choices::Wrong;
use crate::config::raw::{Balance, BalancePolicy, Health, Key, Outlier};
use crate::config::units::{Count, Span, quoted};
use crate::upstream::balance::{Config, Policy, RingSize, SlowStart};
use crate::upstream::outlier::{Consecutive, FailurePercentage, Panic, SuccessRate};
use crate::upstream::{health, outlier};

/// How often, and how shortly, an endpoint may be asked for its health. More often is a load of its own, and
/// no answer comes in less.
const HEALTH_MIN: Span = Span(Duration::from_millis(10));

/// A number of percent.
fn percent(key: &Key<Count>, name: String, default: u8) -> Result<u8, Wrong> {
    let Some(found) = key.value else {
        return Ok(default);
    };
    let fits = u8::try_from(found.0).ok().filter(|percent| *percent <= 100);
    fits.ok_or_else(|| {
        let message = format!("found `{found}`, expected a percentage from 0 to 100");
        (key.place, name, message)
    })
}

/// Which endpoint a call goes to, and when health is ignored.
pub(super) fn balance(
    raw: &Balance,
    key: &dyn Fn(&str) -> String,
) -> Result<(Config, Panic), Wrong> {
    let header = raw.header.value.as_deref().unwrap_or_default();
    let policy = match raw.policy.value.unwrap_or(BalancePolicy::PeakEwma) {
        BalancePolicy::PeakEwma => Config::default().policy,
        BalancePolicy::RoundRobin => Policy::RoundRobin,
        BalancePolicy::Weighted => Policy::Weighted,
        BalancePolicy::PickFirst => Policy::PickFirst,
        BalancePolicy::RingHash => {
            let header: HeaderName = header.parse().map_err(|_| {
                let (found, place) = if raw.header.is_absent() {
                    ("none".to_owned(), raw.policy.place)
                } else {
                    (quoted(header), raw.header.place)
                };
                let message = format!(
                    "found {found}, expected the name of a header, since `policy` is `ring_hash`"
                );
                (place, key("balance.header"), message)
            })?;
            let default = RingSize::default();
            let count = |key: &Key<Count>, default| key.value.map_or(default, |count| count.0);
            let size = RingSize {
                min: count(&raw.ring_min, default.min),
                max: count(&raw.ring_max, default.max),
            };
            if size.min > size.max {
                let message = format!(
                    "found `{}`, expected at least `ring_min`, which is `{}`",
                    size.max, size.min
                );
                return Err((raw.ring_max.place, key("balance.ring_max"), message));
            }
            Policy::RingHash { header, size }
        }
    };
    let slow_start = raw.slow_start.value.and_then(|window| window.0);
    let panic = Panic {
        threshold: percent(
            &raw.panic_threshold,
            key("balance.panic_threshold"),
            Panic::default().threshold,
        )?,
    };
    let config = Config {
        policy,
        slow_start: slow_start.map(SlowStart::new),
    };
    Ok((config, panic))
}

/// How endpoints are asked for their health, if they are.
pub(super) fn health(
    raw: &Health,
    key: &dyn Fn(&str) -> String,
) -> Result<Option<health::Config>, Wrong> {
    for (span, name) in [
        (&raw.interval, "health.interval"),
        (&raw.timeout, "health.timeout"),
    ] {
        if span.value.is_some_and(|span| span.0 < HEALTH_MIN.0) {
            let found = span.value.unwrap_or(HEALTH_MIN);
            let message = format!("found `{found}`, expected at least {HEALTH_MIN}");
            return Err((span.place, key(name), message));
        }
    }
    Ok(raw.check.or(false).then(|| asked(raw)))
}

/// How they are asked.
pub(super) fn asked(raw: &Health) -> health::Config {
    let default = health::Config::default();
    health::Config {
        service: raw.service.or(default.service),
        interval: raw.interval.value.map_or(default.interval, |span| span.0),
        timeout: raw.timeout.value.map_or(default.timeout, |span| span.0),
    }
}

/// Who is left out for failing.
pub(super) fn outlier(
    raw: &Outlier,
    key: &dyn Fn(&str) -> String,
) -> Result<outlier::Config, Wrong> {
    let default = outlier::Config::default();
    let count = |key: &Key<Count>, default: u32| key.value.map_or(default, |count| count.0);
    let (rate, percentage) = (SuccessRate::default(), FailurePercentage::default());
    let detects = raw.detect.or(true);
    let minimum_hosts = count(&raw.minimum_hosts, rate.minimum_hosts);
    let interval = raw.interval.value.map_or(default.interval, |span| span.0);
    if interval.is_zero() {
        let message = "found `0s`, expected more than that".to_owned();
        return Err((raw.interval.place, key("outlier.interval"), message));
    }
    Ok(outlier::Config {
        interval,
        base_ejection_time: raw
            .ejection_time
            .value
            .map_or(default.base_ejection_time, |span| span.0),
        max_ejection_time: raw
            .max_ejection_time
            .value
            .map_or(default.max_ejection_time, |span| span.0),
        max_ejection_percent: percent(
            &raw.max_ejection_percent,
            key("outlier.max_ejection_percent"),
            default.max_ejection_percent,
        )?,
        success_rate: detects.then_some(SuccessRate {
            stdev_factor: count(&raw.stdev_factor, rate.stdev_factor),
            request_volume: count(&raw.success_rate_volume, rate.request_volume),
            minimum_hosts,
            ..rate
        }),
        failure_percentage: detects.then_some(FailurePercentage {
            threshold: percent(
                &raw.failure_percentage,
                key("outlier.failure_percentage"),
                percentage.threshold,
            )?,
            request_volume: count(&raw.failure_percentage_volume, percentage.request_volume),
            minimum_hosts,
            ..percentage
        }),
        consecutive: detects.then_some(Consecutive {
            failures: count(&raw.consecutive_failures, Consecutive::default().failures),
            ..Consecutive::default()
        }),
        ..default
    })
}

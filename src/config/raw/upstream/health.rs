//! The sections `health` and `outlier` of an upstream: which endpoints get calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::key::Key;
use super::super::section::Section;
use crate::config::units::{Count, Span};
use crate::upstream::{health, outlier};

section! {
    /// Health checks by `grpc.health.v1`.
    Health "a mapping of `health` keys" {
        /// Whether endpoints are asked: watched where they can be, else asked again and again. One that has
        /// no health service counts as healthy.
        check: bool = false;
        /// The service whose health counts. Empty: the server as a whole.
        service: String = health::Config::default().service;
        /// How often an endpoint is asked that cannot be watched.
        interval: Span = Span(health::Config::default().interval);
        /// How long one question may take.
        timeout: Span = Span(health::Config::default().timeout);
    }
}

section! {
    /// Outlier detection (gRFC A50): endpoints that fail more than the others get no calls for a while.
    Outlier "a mapping of `outlier` keys" {
        /// Whether there is any.
        detect: bool = true;
        /// How often endpoints are compared.
        interval: Span = Span(outlier::Config::default().interval);
        /// How long an endpoint is left out the first time; twice as long the second time, and so on.
        ejection_time: Span = Span(outlier::Config::default().base_ejection_time);
        /// And never longer than this.
        max_ejection_time: Span = Span(outlier::Config::default().max_ejection_time);
        /// Percent of endpoints that may be left out at a time; one may be in any case.
        max_ejection_percent: Count = Count(u32::from(outlier::Config::default().max_ejection_percent));
        /// Failures in a row after which an endpoint is left out at once.
        consecutive_failures: Count = Count(outlier::Consecutive::default().failures);
        /// By how many thousandths of the standard deviation an endpoint's success rate may be below
        /// the mean.
        stdev_factor: Count = Count(outlier::SuccessRate::default().stdev_factor);
        /// Calls in an interval that an endpoint needs for its success rate to count.
        success_rate_volume: Count = Count(outlier::SuccessRate::default().request_volume);
        /// Percent of failures with which an endpoint is left out.
        failure_percentage: Count = Count(u32::from(outlier::FailurePercentage::default().threshold));
        /// Calls in an interval that an endpoint needs for its percentage to count.
        failure_percentage_volume: Count = Count(outlier::FailurePercentage::default().request_volume);
        /// Endpoints that there must be for either of the two.
        minimum_hosts: Count = Count(outlier::SuccessRate::default().minimum_hosts);
    }
}

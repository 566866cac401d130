//! What is told of calls: the access log, and metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::{Fraction, SpanOrNone};
use crate::observe::{access_log, metrics};

section! {
    /// The access log: which calls have a line. Its form and its level are those of `log`.
    AccessLog "a mapping of `access_log` keys" {
        /// The share of calls that have a line: 1 is all of them.
        sample: Fraction = Fraction(access_log::Rules::default().sample);
        /// Which errors have a line, whatever the sample: `all`, `server` for those that are not the
        /// client's doing, `sampled` for none.
        errors: Errors = access_log::Errors::default().into();
        /// Calls that take longer have a line, whatever the sample. `none`: they are as the others.
        slower_than: SpanOrNone = SpanOrNone(access_log::Rules::default().slower_than);
    }
}

choice! {
    /// Errors that have a line, whatever the sample.
    Errors for access_log::Errors {
        /// Each.
        All = All,
        /// Those that are not the client's doing.
        Server = Server,
        /// None.
        Sampled = Sampled,
    }
}

section! {
    /// Metrics, on the admin listener.
    Metrics "a mapping of `metrics` keys" {
        /// Names besides those of gRPC: `go_grpc` for those of go-grpc-prometheus, `off` for none.
        legacy_names: LegacyNames = metrics::LegacyMetrics::default().into();
    }
}

choice! {
    /// Names of other systems.
    LegacyNames for metrics::LegacyMetrics {
        /// None.
        Off = Off,
        /// Those of go-grpc-prometheus.
        GoGrpc = GoGrpc,
    }
}

//! What is told of calls: the access log, metrics and traces.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::call::trace::Format;
use crate::config::units::{Fraction, SpanOrNone};
use crate::observe::{access_log, metrics, trace};

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
        /// A file with a secret, by which pseudonyms of callers are the same in several gateways and
        /// after a restart. Empty: they are others for each process.
        salt_file: PathBuf = PathBuf::new();
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

section! {
    /// Traces of calls, told to a collector of OpenTelemetry by OTLP over gRPC.
    Traces "a mapping of `traces` keys" {
        /// The collector's URL, such as `http://127.0.0.1:4317` or `https://otlp.example`. Empty: calls
        /// are not traced.
        endpoint: String = String::new();
        /// A file with the authorities of its certificate, in PEM. Empty: those that the system trusts.
        ca: PathBuf = PathBuf::new();
        /// A file with headers for it, such as a key: a line for each, `name: value`.
        headers_file: PathBuf = PathBuf::new();
        /// The gateway's name among services.
        service: String = "transom".to_owned();
        /// Which calls are traced: `parent` as the caller's trace is, where that is trusted, else a
        /// `ratio`; `always`; `never`, and contexts are passed on.
        sampling: Sampling = Sampling::Parent;
        /// The share of traces that begin here and are kept, with `sampling: parent`.
        ratio: Fraction = Fraction(1.0);
        /// What a client says of a trace goes on. `false`: a new trace begins, and has a link to it.
        trust_inbound: bool = trace::Inbound::default() == trace::Inbound::Trusted;
        /// How contexts are read, the first that there is counts, and how all of them are written:
        /// `w3c`, `b3` in one header, `b3_multi` in several, `grpc_trace_bin`.
        formats: Vec<TraceFormat> = vec![TraceFormat::W3c];
        /// Calls that end with an error of a server are told too where their trace is not kept, ten a
        /// second at most; not with `sampling: never`.
        errors: bool = trace::Failures::default() == trace::Failures::Told;
        /// The messages of calls are told one by one, the first 128 of each way.
        message_events: bool = trace::Messages::default() == trace::Messages::Told;
        /// Keys of `baggage` that pass to backends.
        baggage: Vec<String> = Vec::new();
    }
}

/// Which calls are traced.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum Sampling {
    /// As the caller's trace is, else a share.
    Parent,
    /// Each.
    Always,
    /// None.
    Never,
}

choice! {
    /// How contexts are written.
    TraceFormat for Format {
        /// W3C Trace Context.
        W3c = W3c,
        /// B3 in one header.
        B3 = B3,
        /// B3 in several.
        B3Multi = B3Multi,
        /// What OpenCensus sends in gRPC's metadata.
        GrpcTraceBin = GrpcTraceBin,
    }
}

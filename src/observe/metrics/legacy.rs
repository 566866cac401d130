//! The names of go-grpc-prometheus, which many dashboards have: the same counts under other names.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::{Labels, counters, family};
use crate::call::Code;
use crate::observe::Observe;
use crate::observe::served::Served;
use crate::schema::Shape;

/// Whether they are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LegacyMetrics {
    /// They are not.
    #[default]
    Off,
    /// They are, beside the others.
    GoGrpc,
}

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, observe: &Observe) -> fmt::Result {
    match observe.legacy() {
        LegacyMetrics::Off => return Ok(()),
        LegacyMetrics::GoGrpc => {}
    }
    let all = observe.served();
    // Of methods that are not here nobody knows the type.
    let known = || {
        all.iter()
            .filter_map(|served| labels(served).map(|labels| (served, labels)))
    };
    let started = known().map(|(served, labels)| (labels, served.started()));
    counters(to, "grpc_server_started", "Calls that have begun", started)?;
    let handled = known().flat_map(|(served, labels)| {
        let ended = served.ended();
        ended.map(move |(code, ended)| (with_code(labels, code), ended.duration.read().count))
    });
    counters(to, "grpc_server_handled", "Calls that have ended", handled)?;
    let taken = known().filter_map(|(served, labels)| {
        let mut all = served.ended().map(|(_, ended)| ended.duration.read());
        let first = all.next()?;
        let together = all.fold(first, |mut sum, other| {
            sum.add(&other);
            sum
        });
        Some((labels, together))
    });
    let about = "How long calls took, whatever their end";
    family(to, "grpc_server_handling_seconds", about, taken)
}

fn labels(served: &Served) -> Option<Labels<'_, 3>> {
    let kind = match served.shape()? {
        Shape::Unary => "unary",
        Shape::ClientStream => "client_stream",
        Shape::ServerStream => "server_stream",
        Shape::Bidi => "bidi_stream",
    };
    let (service, method) = served.method().rsplit_once('/')?;
    Some([
        ("grpc_type", kind),
        ("grpc_service", service),
        ("grpc_method", method),
    ])
}

const fn with_code(labels: Labels<'_, 3>, code: Code) -> Labels<'_, 4> {
    let [kind, service, method] = labels;
    [kind, service, method, ("grpc_code", code_name(code))]
}

/// A code as grpc-go shows it.
const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}

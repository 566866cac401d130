//! What a broken stream or connection means to the call on it (PROTOCOL-HTTP2.md, "Errors").

use std::error::Error;

use h2::Reason;

use crate::call::{Cause, Code, Retry, Status};

/// How a stream broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Failure {
    /// The backend refused the stream before it looked at it.
    Refused,
    /// The backend is leaving, and has not seen the stream.
    GoAway,
    /// The backend reset the stream.
    Reset(Reason),
    /// What came on the stream was not HTTP/2.
    Malformed(Reason),
    /// The connection is gone.
    Lost,
    /// The connection is gone because the gateway leaves.
    Leaving,
}

impl Failure {
    pub(in crate::upstream) fn of(error: &hyper::Error) -> Self {
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                return Self::of_h2(error);
            }
            source = error.source();
        }
        Self::Lost
    }

    /// True if the peer closed the connection because it was asked too much of, by PINGs above all
    /// (gRFC A8: "too_many_pings").
    pub(in crate::upstream) fn is_calm_wanted(error: &hyper::Error) -> bool {
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                return error.is_go_away() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM);
            }
            source = error.source();
        }
        false
    }

    fn of_h2(error: &h2::Error) -> Self {
        let Some(reason) = error.reason() else {
            return Self::Lost;
        };
        match (error.is_reset(), error.is_go_away(), error.is_remote()) {
            (true, _, true) if reason == Reason::REFUSED_STREAM => Self::Refused,
            (true, _, true) => Self::Reset(reason),
            // h2 gives a stream the peer's GOAWAY only if it is above the last one handled.
            (_, true, true) => Self::GoAway,
            (true, _, false) => Self::Malformed(reason),
            _ => Self::Lost,
        }
    }

    /// The status of a call that ends like this before any message.
    pub(super) fn status(self, name: &str) -> Status {
        let (code, what, retry, cause) = match self {
            Self::Leaving => return Status::shutting_down(),
            Self::Refused => (
                Code::Unavailable,
                "refused the call".into(),
                Retry::Refused,
                Cause::UpstreamReset,
            ),
            Self::GoAway => (
                Code::Unavailable,
                "is closing its connection".into(),
                Retry::Refused,
                Cause::UpstreamLost,
            ),
            Self::Lost => (
                Code::Unavailable,
                "closed the connection during the call".into(),
                Retry::Lost,
                Cause::UpstreamLost,
            ),
            Self::Malformed(reason) => (
                Code::Internal,
                format!("sent what is not valid HTTP/2 ({})", reason.description()),
                Retry::Never,
                Cause::UpstreamProtocol,
            ),
            Self::Reset(reason) => (
                code_of(reason),
                format!("reset the call ({})", reason.description()),
                Retry::BeforeFirstByte,
                Cause::UpstreamReset,
            ),
        };
        let message = format!("upstream {name:?} {what}");
        Status::upstream(code, message).retry(retry).because(cause)
    }
}

/// The code of a stream that the backend reset.
fn code_of(reason: Reason) -> Code {
    match reason {
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        Reason::NO_ERROR
        | Reason::PROTOCOL_ERROR
        | Reason::INTERNAL_ERROR
        | Reason::FLOW_CONTROL_ERROR
        | Reason::SETTINGS_TIMEOUT
        | Reason::FRAME_SIZE_ERROR
        | Reason::COMPRESSION_ERROR
        | Reason::CONNECT_ERROR => Code::Internal,
        // STREAM_CLOSED, HTTP_1_1_REQUIRED and codes nobody knows: the table names none.
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reset_code_has_its_grpc_code() {
        let expected = [
            Code::Internal,          // NO_ERROR
            Code::Internal,          // PROTOCOL_ERROR
            Code::Internal,          // INTERNAL_ERROR
            Code::Internal,          // FLOW_CONTROL_ERROR
            Code::Internal,          // SETTINGS_TIMEOUT
            Code::Unknown,           // STREAM_CLOSED
            Code::Internal,          // FRAME_SIZE_ERROR
            Code::Unavailable,       // REFUSED_STREAM
            Code::Cancelled,         // CANCEL
            Code::Internal,          // COMPRESSION_ERROR
            Code::Internal,          // CONNECT_ERROR
            Code::ResourceExhausted, // ENHANCE_YOUR_CALM
            Code::PermissionDenied,  // INADEQUATE_SECURITY
            Code::Unknown,           // HTTP_1_1_REQUIRED
        ];
        for (reason, code) in (0_u32..).zip(expected) {
            assert_eq!(code_of(Reason::from(reason)), code, "{reason}");
        }
    }
}

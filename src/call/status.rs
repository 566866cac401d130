//! `Status`: the one error that crosses module borders, and the end of every call.
//!
//! It says what happened (`code`, `message`, `details`), who failed (`origin`: log level, metric
//! label, outlier detection) and whether trying again is *safe* (`retry`; whether it is wise is
//! the retry policy's matter). Each dialect renders it once, at its own edge.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::details::{self, FieldViolation};
use super::{Cause, Code};

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The gRPC code.
    pub code: Code,
    /// For the client: what was found and what was expected.
    pub message: String,
    /// `google.rpc.Status` in wire form (the value of `grpc-status-details-bin`, decoded), or empty.
    pub details: Bytes,
    /// Who failed.
    pub origin: Origin,
    /// Whether trying again is safe.
    pub retry: Retry,
    /// Why, for operators: clients are not told.
    pub cause: Cause,
}

/// Who failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The client: a bad request, or it left.
    Downstream,
    /// This gateway: a limit, a deadline, a policy.
    Gateway,
    /// The backend, or the connection to it.
    Upstream,
}

impl Origin {
    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Downstream => "downstream",
            Self::Gateway => "gateway",
            Self::Upstream => "upstream",
        }
    }
}

/// Whether sending the call once more is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may have had an effect, or a second try cannot end differently.
    Never,
    /// No byte of an answer has gone down; safe if the method is idempotent.
    BeforeFirstByte,
    /// The same, because the connection is gone: which says nothing of how busy the others are.
    Lost,
    /// No byte of the call has left: always safe.
    Unsent,
    /// The backend says that it has not looked at the call (REFUSED_STREAM, GOAWAY below it): safe.
    Refused,
    /// The backend wants no second try (`grpc-retry-pushback-ms` that is negative, or no number).
    Forbidden,
    /// The backend named a delay (`grpc-retry-pushback-ms`).
    Pushback(Duration),
}

impl Status {
    /// A status without details that nobody should retry.
    #[must_use]
    pub fn new(code: Code, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Bytes::new(),
            origin,
            retry: Retry::Never,
            cause: Cause::of(origin, code),
        }
    }

    /// OK, as a backend says it.
    #[must_use]
    pub fn ok() -> Self {
        Self::new(Code::Ok, Origin::Upstream, "")
    }

    /// The client's mistake.
    #[must_use]
    pub fn downstream(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Origin::Downstream, message)
    }

    /// The gateway's own refusal.
    #[must_use]
    pub fn gateway(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Origin::Gateway, message)
    }

    /// The backend's failure.
    #[must_use]
    pub fn upstream(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Origin::Upstream, message)
    }

    /// INVALID_ARGUMENT about one field, with a `google.rpc.BadRequest` detail.
    #[must_use]
    pub fn invalid_field(field: &str, description: &str) -> Self {
        let message = if field.is_empty() {
            description.to_owned()
        } else {
            format!("{field}: {description}")
        };
        let violation = FieldViolation {
            field: field.to_owned(),
            description: description.to_owned(),
            reason: String::new(),
        };
        Self::invalid_fields(message, vec![violation])
    }

    /// INVALID_ARGUMENT about some fields, in a `google.rpc.BadRequest` detail.
    #[must_use]
    pub fn invalid_fields(message: String, violations: Vec<FieldViolation>) -> Self {
        let details = details::bad_request(Code::InvalidArgument, &message, violations);
        Self {
            details,
            ..Self::downstream(Code::InvalidArgument, message)
        }
    }

    /// The gateway stops, and waits for the call no longer.
    #[must_use]
    pub fn shutting_down() -> Self {
        Self::gateway(Code::Unavailable, "the gateway is shutting down")
            .because(Cause::ShuttingDown)
    }

    /// The deadline ran out while the gateway held the call.
    #[must_use]
    pub fn deadline_exceeded() -> Self {
        Self::gateway(
            Code::DeadlineExceeded,
            "the deadline of the call has passed",
        )
    }

    /// The same status with a `google.rpc.RetryInfo` detail that says when to come again.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self {
            details: details::retry_info(self.code, &self.message, delay),
            ..self
        }
    }

    /// The same status for this reason.
    #[must_use]
    pub fn because(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }

    /// The same status with another answer to "is a second try safe?".
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// True for code OK.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == Code::Ok
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Status {}

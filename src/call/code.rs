//! The seventeen gRPC status codes, with their total mappings (google.rpc.Code, statuscodes.md).

use std::fmt;

/// A gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the specification's
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl Code {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The code of a `grpc-status` value. Anything but one of the seventeen numbers in plain
    /// decimal (`999`, `-1`, `00`, `abc`) is UNKNOWN: a backend's mistake never becomes OK.
    #[must_use]
    pub fn from_grpc_status(value: &[u8]) -> Self {
        let number = match value {
            [d @ b'0'..=b'9'] => usize::from(d - b'0'),
            [b'1', d @ b'0'..=b'6'] => 10 + usize::from(d - b'0'),
            _ => return Self::Unknown,
        };
        Self::ALL[number]
    }

    /// The code of a number in a `google.rpc.Status`; other numbers are UNKNOWN.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|n| Self::ALL.get(n).copied())
            .unwrap_or(Self::Unknown)
    }

    /// The specification's name, such as `NOT_FOUND`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// Whether a server is to blame for an answer with it, as OpenTelemetry's conventions have it.
    #[must_use]
    pub const fn is_servers_error(self) -> bool {
        match self {
            Self::Unknown
            | Self::DeadlineExceeded
            | Self::Unimplemented
            | Self::Internal
            | Self::Unavailable
            | Self::DataLoss => true,
            Self::Ok
            | Self::Cancelled
            | Self::InvalidArgument
            | Self::NotFound
            | Self::AlreadyExists
            | Self::PermissionDenied
            | Self::ResourceExhausted
            | Self::FailedPrecondition
            | Self::Aborted
            | Self::OutOfRange
            | Self::Unauthenticated => false,
        }
    }

    /// The Connect protocol's name, such as `not_found`. OK has none there; `ok` stands for it.
    #[must_use]
    pub const fn connect_name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cancelled => "canceled", // the Connect specification's one-l spelling
            Self::Unknown => "unknown",
            Self::InvalidArgument => "invalid_argument",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::PermissionDenied => "permission_denied",
            Self::ResourceExhausted => "resource_exhausted",
            Self::FailedPrecondition => "failed_precondition",
            Self::Aborted => "aborted",
            Self::OutOfRange => "out_of_range",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::DataLoss => "data_loss",
            Self::Unauthenticated => "unauthenticated",
        }
    }

    /// The HTTP status of a REST or Connect answer (google.rpc.Code; 499 is nginx's "client closed
    /// request", which the code's own comment names).
    #[must_use]
    pub const fn http(self) -> http::StatusCode {
        use http::StatusCode as S;
        match self {
            Self::Ok => S::OK,
            Self::Cancelled => match S::from_u16(499) {
                Ok(status) => status,
                Err(_) => S::INTERNAL_SERVER_ERROR,
            },
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => S::BAD_REQUEST,
            Self::DeadlineExceeded => S::GATEWAY_TIMEOUT,
            Self::NotFound => S::NOT_FOUND,
            Self::AlreadyExists | Self::Aborted => S::CONFLICT,
            Self::PermissionDenied => S::FORBIDDEN,
            Self::ResourceExhausted => S::TOO_MANY_REQUESTS,
            Self::Unimplemented => S::NOT_IMPLEMENTED,
            Self::Unavailable => S::SERVICE_UNAVAILABLE,
            Self::Unauthenticated => S::UNAUTHORIZED,
            Self::Unknown | Self::Internal | Self::DataLoss => S::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code for an HTTP answer that carries no `grpc-status` (http-grpc-status-mapping.md).
    #[must_use]
    pub const fn from_http(status: http::StatusCode) -> Self {
        match status.as_u16() {
            400 | 431 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502 | 503 | 504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_seventeen_plain_numbers_are_codes() {
        for code in Code::ALL {
            let text = code.number().to_string();
            assert_eq!(Code::from_grpc_status(text.as_bytes()), code);
            assert_eq!(Code::from_number(code.number()), code);
        }
        for wrong in ["", "17", "999", "-1", "00", "01", "abc", "1 ", "016"] {
            assert_eq!(
                Code::from_grpc_status(wrong.as_bytes()),
                Code::Unknown,
                "{wrong:?}"
            );
        }
        assert_eq!(Code::from_number(-1), Code::Unknown);
        assert_eq!(Code::from_number(17), Code::Unknown);
    }

    #[test]
    fn the_codes_agree_with_tonics() {
        for code in Code::ALL {
            assert_eq!(tonic::Code::from_i32(code.number()) as i32, code.number());
        }
    }
}

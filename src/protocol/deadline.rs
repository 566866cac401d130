//! The deadline of a call, from what the client asks and what the gateway grants.
//!
//! With the defaults (15 s for a unary call, capped at 5 min; neither for a stream):
//!
//! | the client sends | unary call | stream |
//! |---|---|---|
//! | `grpc-timeout: 2S`, `x-request-timeout: 1` | 1 s: the least counts | 1 s |
//! | `grpc-timeout: 2H` | 5 min: the cap counts too | 2 h |
//! | nothing | 15 s | none |
//! | `grpc-timeout: soon` | an error, never guessed at | an error |
//!
//! Every dialect understands every form; which status a malformed one is, the dialect says.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::Timeouts;
use crate::call::{Deadline, Status, timeout};
use crate::schema::Shape;

/// Digits of `connect-timeout-ms`, at most (the Connect specification).
const CONNECT_DIGITS_MAX: usize = 10;

/// Bytes of a time-out in seconds, at most: enough for years in nanoseconds.
const SECONDS_LENGTH_MAX: usize = 20;

/// Bytes of a malformed value that are shown.
const SHOWN_MAX: usize = 30;

/// A time-out header that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{header}: {}", self.description())]
pub(crate) struct Malformed {
    header: HeaderName,
    /// The value, cut where it is long.
    found: String,
    expected: &'static str,
}

impl Malformed {
    fn description(&self) -> String {
        format!("found {:?}, expected {}", self.found, self.expected)
    }

    /// The status in the dialects that have one for input which does not fit.
    pub(crate) fn as_invalid_field(&self) -> Status {
        Status::invalid_field(self.header.as_str(), &self.description())
    }
}

type Parse = fn(&[u8]) -> Option<Duration>;

/// The headers that carry a time-out, each with its form.
const FORMS: [(HeaderName, &str, Parse); 4] = [
    (
        HeaderName::from_static("grpc-timeout"),
        "1 to 8 digits and one of H, M, S, m, u, n",
        grpc,
    ),
    (
        HeaderName::from_static("connect-timeout-ms"),
        "1 to 10 digits",
        connect,
    ),
    (
        HeaderName::from_static("x-request-timeout"),
        "seconds as a decimal",
        seconds,
    ),
    (
        HeaderName::from_static("x-server-timeout"),
        "seconds as a decimal",
        seconds,
    ),
];

/// The deadline of a call that begins now.
///
/// # Errors
/// A time-out header is malformed.
pub(crate) fn of(
    headers: &HeaderMap,
    shape: Shape,
    timeouts: &Timeouts,
) -> Result<Deadline, Malformed> {
    let mut asked: Option<Duration> = None;
    for (header, expected, parse) in FORMS {
        for value in headers.get_all(&header) {
            let span = parse(value.as_bytes()).ok_or_else(|| Malformed {
                header: header.clone(),
                found: excerpt(value.as_bytes()),
                expected,
            })?;
            asked = Some(asked.map_or(span, |least| least.min(span)));
        }
    }
    let (default, cap) = match shape {
        Shape::Unary => (timeouts.unary_default, timeouts.unary_cap),
        Shape::ClientStream | Shape::ServerStream | Shape::Bidi => {
            (timeouts.stream_default, timeouts.stream_cap)
        }
    };
    let wanted = asked.or(default);
    let granted = match (wanted, cap) {
        (Some(wanted), Some(cap)) => Some(wanted.min(cap)),
        (Some(span), None) => Some(span),
        // Nobody asked for a deadline: the cap bounds what is asked for, and asks for nothing.
        (None, _) => None,
    };
    Ok(granted.map_or(Deadline::Never, Deadline::after))
}

fn excerpt(value: &[u8]) -> String {
    String::from_utf8_lossy(value.get(..SHOWN_MAX).unwrap_or(value)).into_owned()
}

fn grpc(value: &[u8]) -> Option<Duration> {
    timeout::parse(value).ok()
}

fn connect(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || value.len() > CONNECT_DIGITS_MAX {
        return None;
    }
    let number = value.iter().try_fold(0_u64, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u64::from(digit - b'0'))
    })?;
    Some(Duration::from_millis(number))
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let plain = value
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if !plain || value.len() > SECONDS_LENGTH_MAX {
        return None;
    }
    let seconds = std::str::from_utf8(value).ok()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn left(headers: &[(&'static str, &'static str)], shape: Shape) -> Option<Duration> {
        left_of(&Timeouts::default(), headers, shape).await
    }

    async fn left_of(
        timeouts: &Timeouts,
        headers: &[(&'static str, &'static str)],
        shape: Shape,
    ) -> Option<Duration> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect();
        of(&headers, shape, timeouts).unwrap().remaining()
    }

    #[tokio::test(start_paused = true)]
    async fn a_default_and_a_cap_are_chosen_for_unary_calls_and_for_streams() {
        let secs = |n| Some(Duration::from_secs(n));
        let timeouts = Timeouts {
            unary_default: None,
            unary_cap: None,
            stream_default: secs(60),
            stream_cap: secs(100),
            ..Timeouts::default()
        };
        let hour = [("grpc-timeout", "1H")];
        for (shape, asked, expected) in [
            (Shape::Unary, &[][..], None),
            (Shape::Unary, &hour, secs(3600)),
            (Shape::ServerStream, &[], secs(60)),
            (Shape::Bidi, &hour, secs(100)),
            (Shape::ClientStream, &[("grpc-timeout", "5S")], secs(5)),
        ] {
            let found = left_of(&timeouts, asked, shape).await;
            assert_eq!(found, expected, "{shape:?} {asked:?}");
        }
        let capped = Timeouts {
            stream_default: None,
            ..timeouts
        };
        assert_eq!(left_of(&capped, &[], Shape::Bidi).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_counts_and_the_cap_too() {
        let secs = |n| Some(Duration::from_secs(n));
        let both = [("grpc-timeout", "2S"), ("x-request-timeout", "1")];
        assert_eq!(left(&both, Shape::Unary).await, secs(1));
        assert_eq!(left(&both, Shape::Bidi).await, secs(1));
        assert_eq!(
            left(&[("grpc-timeout", "2H")], Shape::Unary).await,
            secs(300)
        );
        assert_eq!(
            left(&[("grpc-timeout", "2H")], Shape::ServerStream).await,
            secs(7200)
        );
        assert_eq!(left(&[], Shape::Unary).await, secs(15));
        assert_eq!(left(&[], Shape::ServerStream).await, None);
        assert_eq!(
            left(&[("x-server-timeout", "0.25")], Shape::Unary).await,
            Some(Duration::from_millis(250))
        );
        assert_eq!(
            left(&[("connect-timeout-ms", "0")], Shape::Unary).await,
            secs(0)
        );
    }

    #[test]
    fn what_is_malformed_is_never_guessed_at() {
        for (name, value) in [
            ("grpc-timeout", "soon"),
            ("grpc-timeout", "123456789S"),
            ("grpc-timeout", "-1S"),
            ("connect-timeout-ms", "12345678901"),
            ("connect-timeout-ms", ""),
            ("connect-timeout-ms", "+1"),
            ("x-request-timeout", "1e3"),
            ("x-request-timeout", "."),
            ("x-request-timeout", "inf"),
            ("x-server-timeout", "-1"),
            ("x-server-timeout", ""),
        ] {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            )]);
            let error = of(&headers, Shape::Unary, &Timeouts::default()).unwrap_err();
            assert_eq!(error.header, name, "{value:?}");
        }
    }
}

//! The status in a backend's trailers, read so that nothing a backend writes can do harm: what is
//! malformed becomes UNKNOWN or is dropped, never OK and never a panic.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderValue};
use prost::Message as _;

use crate::call::details::RpcStatus;
use crate::call::{Cause, Code, End, Metadata, Retry, Status};

/// Bytes of `grpc-message` that are kept.
const MESSAGE_MAX: usize = 8 * 1024;

/// Bytes of a wrong `grpc-status` that a message repeats.
const SHOWN_MAX: usize = 20;

const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";
const GRPC_STATUS_DETAILS: &str = "grpc-status-details-bin";
const GRPC_PUSHBACK: &str = "grpc-retry-pushback-ms";

/// True if there is a status in here.
pub(super) fn has_status(headers: &HeaderMap) -> bool {
    headers.contains_key(GRPC_STATUS)
}

/// The end of a call; `None` if there is no `grpc-status`.
pub(super) fn end(mut trailers: HeaderMap) -> Option<End> {
    let status = status(&trailers)?;
    for taken in [GRPC_STATUS, GRPC_MESSAGE, GRPC_STATUS_DETAILS] {
        trailers.remove(taken);
    }
    // Of a trailers-only answer's headers, these are about a body that is not there, and about
    // HTTP.
    trailers.remove(CONTENT_TYPE);
    trailers.remove(CONTENT_LENGTH);
    trailers.remove(DATE);
    Some(End {
        status,
        trailers: Metadata(trailers),
    })
}

fn status(trailers: &HeaderMap) -> Option<Status> {
    let mut values = trailers.get_all(GRPC_STATUS).iter();
    let value = values.next()?;
    let retry = match trailers.get(GRPC_PUSHBACK) {
        None => Retry::BeforeFirstByte,
        // Negative or no number: the backend wants no second try.
        Some(delay) => delay
            .to_str()
            .ok()
            .and_then(|delay| delay.parse::<i32>().ok())
            .and_then(|delay| u64::try_from(delay).ok())
            .map_or(Retry::Forbidden, |delay| {
                Retry::Pushback(Duration::from_millis(delay))
            }),
    };
    if values.next().is_some() {
        let message = "the upstream sent more than one grpc-status";
        let status = Status::upstream(Code::Unknown, message).retry(retry);
        return Some(status.because(Cause::UpstreamProtocol));
    }
    let code = Code::from_grpc_status(value.as_bytes());
    let mut message = trailers.get(GRPC_MESSAGE).map(message).unwrap_or_default();
    if code == Code::Unknown && value != "2" && message.is_empty() {
        let shown = value
            .as_bytes()
            .get(..SHOWN_MAX)
            .unwrap_or(value.as_bytes());
        message = format!(
            "the upstream sent the grpc-status \"{}\", which is not a number from 0 to 16",
            shown.escape_ascii()
        );
    }
    let details = trailers
        .get(GRPC_STATUS_DETAILS)
        .and_then(|value| details(value, code))
        .unwrap_or_default();
    let retry = if code == Code::Ok {
        Retry::Never
    } else {
        retry
    };
    Some(Status {
        details,
        ..Status::upstream(code, message).retry(retry)
    })
}

/// Percent-decodes what can be, and keeps the rest as it stands.
fn message(value: &HeaderValue) -> String {
    let bytes: Vec<u8> = percent_encoding::percent_decode(value.as_bytes()).collect();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if text.len() > MESSAGE_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_MAX));
    }
    text
}

/// `google.rpc.Status` in wire form, if it is one. Where its code is another than `grpc-status`,
/// the header wins.
fn details(value: &HeaderValue, code: Code) -> Option<Bytes> {
    let decoded = base64_simd::forgiving_decode_to_vec(value.as_bytes());
    let status = decoded.as_deref().ok().map(RpcStatus::decode);
    let (Ok(wire), Some(Ok(mut status))) = (decoded, status) else {
        tracing::debug!("an upstream's grpc-status-details-bin is no google.rpc.Status: dropped");
        return None;
    };
    if status.code == code.number() {
        return Some(wire.into());
    }
    status.code = code.number();
    Some(status.encode_to_vec().into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        map
    }

    fn rpc_status(code: i32) -> Vec<u8> {
        RpcStatus {
            code,
            message: "m".into(),
            details: Vec::new(),
        }
        .encode_to_vec()
    }

    #[test]
    fn a_status_that_is_no_code_is_unknown() {
        for value in ["999", "-1", "00", "abc", "17", ""] {
            let end = end(map(&[("grpc-status", value)])).unwrap();
            assert_eq!(end.status.code, Code::Unknown, "{value:?}");
            assert!(end.status.message.contains(value));
        }
        let twice = end(map(&[("grpc-status", "0"), ("grpc-status", "0")])).unwrap();
        assert_eq!(twice.status.code, Code::Unknown);
        assert_eq!(end(map(&[("x", "y")])), None);
    }

    #[test]
    fn a_message_is_decoded_leniently_and_truncated() {
        for (raw, expected) in [
            ("plain", "plain"),
            ("%E2%82%AC", "€"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("a%0D%0Ab", "a\r\nb"),
            ("%FF", "\u{fffd}"),
        ] {
            let end = end(map(&[("grpc-status", "5"), ("grpc-message", raw)])).unwrap();
            assert_eq!(end.status.message, expected);
        }
        let long = "%E2%82%AC".repeat(5000);
        let end = end(map(&[("grpc-status", "5"), ("grpc-message", &long)])).unwrap();
        assert_eq!(end.status.message.len(), MESSAGE_MAX - MESSAGE_MAX % 3);
    }

    #[test]
    fn details_are_taken_with_or_without_padding_and_dropped_when_bad() {
        let wire = rpc_status(5);
        let encoded = base64_simd::STANDARD.encode_to_string(&wire);
        let unpadded = encoded.trim_end_matches('=').to_owned();
        for (value, expected) in [
            (encoded.as_str(), &wire[..]),
            (&unpadded, &wire),
            ("***", b""),
            ("/////w", b""),
        ] {
            let fields = [("grpc-status", "5"), ("grpc-status-details-bin", value)];
            let end = end(map(&fields)).unwrap();
            assert_eq!(
                (end.status.code, &*end.status.details),
                (Code::NotFound, expected)
            );
        }
    }

    #[test]
    fn the_header_wins_over_the_code_in_the_details() {
        let encoded = base64_simd::STANDARD.encode_to_string(rpc_status(5));
        let fields = [
            ("grpc-status", "7"),
            ("grpc-status-details-bin", encoded.as_str()),
        ];
        let end = end(map(&fields)).unwrap();
        assert_eq!(end.status.code, Code::PermissionDenied);
        assert_eq!(&*end.status.details, rpc_status(7));
    }

    #[test]
    fn only_other_trailers_are_left() {
        let fields = [
            ("grpc-status", "0"),
            ("grpc-message", "x"),
            ("content-type", "application/grpc"),
            ("a", "1"),
            ("a", "2"),
        ];
        assert_eq!(
            end(map(&fields)).unwrap().trailers.0,
            map(&[("a", "1"), ("a", "2")])
        );
    }

    #[test]
    fn pushback_names_a_delay_or_forbids_a_retry() {
        for (value, retry) in [
            ("250", Retry::Pushback(Duration::from_millis(250))),
            ("-1", Retry::Forbidden),
            ("soon", Retry::Forbidden),
        ] {
            let end = end(map(&[
                ("grpc-status", "14"),
                ("grpc-retry-pushback-ms", value),
            ]));
            assert_eq!(end.unwrap().status.retry, retry);
        }
    }

    proptest! {
        #[test]
        fn no_trailers_panic(status: Vec<u8>, message: Vec<u8>, details: Vec<u8>) {
            let mut map = HeaderMap::new();
            for (name, value) in [
                (GRPC_STATUS, status), (GRPC_MESSAGE, message), (GRPC_STATUS_DETAILS, details),
            ] {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    map.append(name, value);
                }
            }
            let _ = end(map);
        }
    }
}

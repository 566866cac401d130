//! A [`Status`](crate::call::Status) as gRPC's own header fields, which gRPC sends as trailers and
//! gRPC-Web as text in its body.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::metadata::{self, Reader};
use crate::call::{Code, End};

/// Bytes of an encoded `grpc-message`, at most: half of what most peers take as all trailers.
const MESSAGE_MAX: usize = 8 << 10;

pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Adds an end's trailers, filtered, and its status to `fields`.
pub(super) fn to_fields(end: End, fields: &mut HeaderMap) {
    let End { status, trailers } = end;
    metadata::to_headers(trailers, Reader::Grpc, fields);
    fields.insert(GRPC_STATUS, number(status.code));
    if !status.message.is_empty() {
        fields.insert(GRPC_MESSAGE, encoded_message(&status.message));
    }
    if let Some(details) = encoded_details(&status.details) {
        fields.insert(GRPC_STATUS_DETAILS, details);
    }
}

const fn number(code: Code) -> HeaderValue {
    HeaderValue::from_static(match code {
        Code::Ok => "0",
        Code::Cancelled => "1",
        Code::Unknown => "2",
        Code::InvalidArgument => "3",
        Code::DeadlineExceeded => "4",
        Code::NotFound => "5",
        Code::AlreadyExists => "6",
        Code::PermissionDenied => "7",
        Code::ResourceExhausted => "8",
        Code::FailedPrecondition => "9",
        Code::Aborted => "10",
        Code::OutOfRange => "11",
        Code::Unimplemented => "12",
        Code::Internal => "13",
        Code::Unavailable => "14",
        Code::DataLoss => "15",
        Code::Unauthenticated => "16",
    })
}

/// Percent-encodes every byte outside `0x20..=0x24` and `0x26..=0x7e`, so that no text of a backend
/// can end its line; cut at [`MESSAGE_MAX`], never within a character.
fn encoded_message(message: &str) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(message.len().min(MESSAGE_MAX));
    for character in message.chars() {
        let before = out.len();
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            if matches!(byte, 0x20..=0x24 | 0x26..=0x7e) {
                out.push(byte);
            } else {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 0xf));
                out.extend_from_slice(&[b'%', DIGITS[high], DIGITS[low]]);
            }
        }
        if out.len() > MESSAGE_MAX {
            out.truncate(before);
            break;
        }
    }
    // All of it is visible ASCII.
    HeaderValue::from_maybe_shared(Bytes::from(out)).unwrap_or(HeaderValue::from_static(""))
}

fn encoded_details(details: &Bytes) -> Option<HeaderValue> {
    if details.is_empty() {
        return None;
    }
    HeaderValue::try_from(base64_simd::STANDARD_NO_PAD.encode_to_string(details)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::call::{Metadata, Status};

    #[test]
    fn a_message_cannot_leave_its_line() {
        let encoded = encoded_message("100 % of \r\nset-cookie: é\0");
        assert_eq!(encoded, "100 %25 of %0D%0Aset-cookie: %C3%A9%00");
    }

    #[test]
    fn a_huge_message_is_cut_at_a_character() {
        let encoded = encoded_message(&"é".repeat(1 << 20));
        assert!(encoded.len() <= MESSAGE_MAX && encoded.len() > MESSAGE_MAX - 6);
        assert!(encoded.to_str().unwrap().ends_with("%C3%A9"));
    }

    #[test]
    fn a_backend_cannot_say_its_status_twice() {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        trailers.insert("x-ratio", HeaderValue::from_static("7"));
        trailers.insert("set-cookie", HeaderValue::from_static("a=b"));
        let status = Status {
            details: Bytes::from_static(b"\x08\x05"),
            ..Status::upstream(Code::NotFound, "no")
        };
        let mut fields = HeaderMap::new();
        to_fields(
            End {
                status,
                trailers: Metadata(trailers),
            },
            &mut fields,
        );
        let mut seen: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        seen.sort();
        assert_eq!(
            seen,
            [
                r#"grpc-message="no""#,
                r#"grpc-status-details-bin="CAU""#,
                r#"grpc-status="5""#,
                r#"x-ratio="7""#
            ]
        );
    }
}

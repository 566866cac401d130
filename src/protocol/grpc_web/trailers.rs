//! The trailers frame: flag `0x80`, a length, and lower-case `name:value\r\n` lines.
//!
//! Values are header values, which hold no line break, and `grpc-message` is percent-encoded, so
//! nothing a backend says can begin a line of its own.

use http::HeaderMap;

use super::super::status;
use crate::call::{End, message};

/// Flags of a trailers frame.
const TRAILERS: u8 = 0x80;

/// Appends the frame that ends a body.
pub(super) fn write(end: End, out: &mut Vec<u8>) {
    let start = message::begin(TRAILERS, out);
    let is_ok = end.status.is_ok() && end.status.message.is_empty();
    if is_ok && end.status.details.is_empty() && end.trailers.0.is_empty() {
        // Nearly every call ends like this.
        out.extend_from_slice(b"grpc-status:0\r\n");
    } else {
        let mut fields = HeaderMap::with_capacity(end.trailers.0.len() + 3);
        status::to_fields(end, &mut fields);
        for (name, value) in &fields {
            out.extend_from_slice(name.as_str().as_bytes());
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    message::seal(out, start);
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::call::{Code, Metadata, Status};

    fn written(end: End) -> Vec<u8> {
        let mut out = b"before".to_vec();
        write(end, &mut out);
        out
    }

    #[test]
    fn ok_alone_is_one_line() {
        assert_eq!(
            written(Status::ok().into()),
            b"before\x80\0\0\0\x0fgrpc-status:0\r\n"
        );
    }

    #[test]
    fn what_a_backend_says_beside_ok_is_passed_on() {
        let status = Status {
            details: bytes::Bytes::from_static(b"\x12\x01a"),
            ..Status::ok()
        };
        let frame = written(status.into());
        let text = String::from_utf8_lossy(&frame[11..]);
        let mut lines: Vec<_> = text.split_terminator("\r\n").collect();
        lines.sort_unstable();
        assert_eq!(lines, ["grpc-status-details-bin:EgFh", "grpc-status:0"]);
    }

    #[test]
    fn a_message_with_line_breaks_stays_in_its_line() {
        let trailers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-ratio"),
            HeaderValue::from_static("7"),
        )]);
        let status = Status::upstream(Code::NotFound, "no\r\nset-cookie:a");
        let frame = written(End {
            status,
            trailers: Metadata(trailers),
        });
        let text = String::from_utf8_lossy(&frame[11..]);
        assert_eq!(usize::from(frame[10]), text.len());
        let mut lines: Vec<_> = text.split_terminator("\r\n").collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "grpc-message:no%0D%0Aset-cookie:a",
                "grpc-status:5",
                "x-ratio:7"
            ]
        );
    }
}

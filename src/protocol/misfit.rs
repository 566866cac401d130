//! What does not fit the schema, as every dialect tells it: in a request the client's mistake, in a
//! reply the backend's. A bound that was exceeded is neither's.

use http::StatusCode;

use crate::call::{Cause, Code, Status};
use crate::transcode::{Error, ErrorKind};

/// A request's JSON or text: 400, or 413 where a bound was exceeded. `within` names the field where
/// the transcoder gives no path of its own.
pub(super) fn of_request(error: &Error, within: &str) -> (Status, Option<StatusCode>) {
    let path = if error.path.is_empty() {
        within
    } else {
        &error.path
    };
    match error.kind {
        ErrorKind::Invalid => {
            let description = match error.offset {
                Some(offset) => format!("{} (at byte {offset})", error.message),
                None => error.message.clone(),
            };
            (Status::invalid_field(path, &description), None)
        }
        ErrorKind::TooLarge => {
            let message = said_of(path, &error.message);
            let status = Status::downstream(Code::ResourceExhausted, message);
            (status, Some(StatusCode::PAYLOAD_TOO_LARGE))
        }
    }
}

/// A reply, which cannot be shown as JSON.
pub(super) fn of_reply(error: &Error) -> Status {
    let message = said_of(&error.path, &error.message);
    match error.kind {
        ErrorKind::Invalid => {
            let message = format!("the backend's message is malformed: {message}");
            Status::upstream(Code::Internal, message).because(Cause::UpstreamProtocol)
        }
        ErrorKind::TooLarge => Status::gateway(Code::ResourceExhausted, message),
    }
}

fn said_of(path: &str, message: &str) -> String {
    if path.is_empty() {
        message.to_owned()
    } else {
        format!("{path}: {message}")
    }
}

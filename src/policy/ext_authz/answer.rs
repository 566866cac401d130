//! What an authorization server says, read without trust.

use super::NAME;
use crate::call::gate::{Change, Passed, Refused};
use crate::call::{Code, Status};
use crate::policy::failure::Fault;
use crate::policy::mutation::Room;
use crate::policy::pb::envoy::service::auth::v3::{
    CheckResponse, DeniedHttpResponse, OkHttpResponse, check_response::HttpResponse,
};

/// Bytes of a message for the client at most; the rest is cut off.
pub const MESSAGE_BYTES_MAX: usize = 1024;

/// What a client reads where the server says nothing.
const DENIED: &str = "the call was denied";

/// Whether the call may be made.
///
/// # Errors
/// The answer says something that cannot be; then none of it counts.
pub(super) fn read(response: &CheckResponse) -> Result<Result<Passed, Box<Refused>>, Fault> {
    // Without a status there is none of OK's number either: that is how proto3 writes OK.
    let status = response.status.as_ref();
    let status = status.ok_or_else(|| Fault::Garbage("an answer without a status".to_owned()))?;
    match (status.code, &response.http_response) {
        (0, None) => Ok(Ok(Passed::default())),
        (0, Some(HttpResponse::OkResponse(ok))) => passed(ok).map(Ok),
        (0, Some(HttpResponse::DeniedResponse(_))) => Err(Fault::Garbage(
            "the status OK with an answer for a call that was denied".to_owned(),
        )),
        (code, Some(HttpResponse::DeniedResponse(denied))) => {
            refused(code, &status.message, denied).map(|refused| Err(Box::new(refused)))
        }
        (code, _) => refused(code, &status.message, &DeniedHttpResponse::default())
            .map(|refused| Err(Box::new(refused))),
    }
}

fn passed(ok: &OkHttpResponse) -> Result<Passed, Fault> {
    let mut room = Room::new();
    let mut passed = Passed::default();
    for name in &ok.headers_to_remove {
        passed.changes.push(Change::Remove(room.name(name)?));
    }
    for option in &ok.headers {
        passed.changes.push(room.change(option)?);
    }
    for option in &ok.response_headers_to_add {
        passed
            .response_headers
            .extend(value_of(room.change(option)?));
    }
    Ok(passed)
}

fn refused(code: i32, message: &str, denied: &DeniedHttpResponse) -> Result<Refused, Fault> {
    let mut room = Room::new();
    let mut headers = Vec::new();
    for option in &denied.headers {
        headers.extend(value_of(room.change(option)?));
    }
    let code = match &denied.status {
        Some(status) => of_http(status.code),
        None => of_grpc(code),
    };
    let texts = [denied.body.trim(), message.trim(), DENIED];
    let message = texts.into_iter().find(|text| !text.is_empty());
    Ok(Refused {
        headers,
        ..Refused::new(NAME, Status::gateway(code, cut(message.unwrap_or(DENIED))))
    })
}

/// A header of an answer that has none yet.
fn value_of(change: Change) -> Option<(http::HeaderName, http::HeaderValue)> {
    match change {
        Change::Set(name, value) | Change::Append(name, value) | Change::Add(name, value) => {
            Some((name, value))
        }
        Change::Replace(..) | Change::Remove(_) => None,
    }
}

/// The codes with which somebody who denies can mean something; every other number is a plain no.
fn of_http(status: i32) -> Code {
    match status {
        401 => Code::Unauthenticated,
        404 => Code::NotFound,
        429 => Code::ResourceExhausted,
        503 => Code::Unavailable,
        _ => Code::PermissionDenied,
    }
}

/// The same for the status of the answer itself.
fn of_grpc(code: i32) -> Code {
    match Code::from_number(code) {
        code @ (Code::Unauthenticated
        | Code::NotFound
        | Code::ResourceExhausted
        | Code::Unavailable) => code,
        _ => Code::PermissionDenied,
    }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(MESSAGE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

//! The body of a request, read whole and within bounds, in the form that its binding takes.
//!
//! | binding | content type | taken as |
//! |---|---|---|
//! | no body | any | nothing; a byte of it is a 400 |
//! | a message or field | none, `application/json` | JSON; no bytes at all are an empty message |
//! | an `HttpBody` | any, one | the bytes as they are |
//! | anything else | | 415 |

use axum::body::Body as Incoming;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use super::error::{Failure, excerpt};
use super::http_body;
use crate::protocol::unary::{self, Bounds, Unread};
use crate::schema::{Binding, Body};
use crate::transcode::Plans;

/// What kind of body a request may have, told from its binding and its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// None.
    None,
    /// JSON text.
    Json,
    /// The bytes of an `HttpBody`, with the request's content type, perhaps empty.
    Raw(String),
}

/// What a request's body brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// Nothing.
    Empty,
    /// JSON text, not yet looked at.
    Json(Bytes),
    /// The bytes of an `HttpBody`.
    Raw {
        /// The request's content type, perhaps empty.
        content_type: String,
        /// The bytes.
        data: Bytes,
    },
}

impl Kind {
    /// The kind of body that this request has to have.
    ///
    /// # Errors
    /// 415 for a type or an encoding that the binding cannot take.
    pub(super) fn of(
        plans: &Plans,
        binding: &Binding,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        if matches!(binding.body, Body::None) {
            return Ok(Self::None);
        }
        check_encoding(headers)?;
        let stated = headers.get(CONTENT_TYPE);
        if http_body::is_request(plans, binding) {
            return match stated.map(HeaderValue::to_str) {
                None => Ok(Self::Raw(String::new())),
                Some(Ok(text)) => Ok(Self::Raw(text.to_owned())),
                Some(Err(_)) => Err(Failure::unsupported_type(
                    "the content-type is not ASCII text, expected a media type",
                )),
            };
        }
        match stated {
            Some(stated) if !is_json(stated) => Err(Failure::unsupported_type(format!(
                "found content-type {:?}, expected application/json",
                excerpt(&String::from_utf8_lossy(stated.as_bytes()))
            ))),
            Some(_) | None => Ok(Self::Json),
        }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// 400, 408 or 413; DEADLINE_EXCEEDED if the call's own deadline passes first.
    pub(super) async fn read(self, body: Incoming, bounds: Bounds) -> Result<Payload, Failure> {
        if ::http_body::Body::is_end_stream(&body) {
            return Ok(self.holding(Bytes::new()));
        }
        match self {
            Self::None => match unary::read(body, Bounds { bytes: 0, ..bounds }).await {
                Ok(_) => Ok(Payload::Empty),
                Err(Unread::TooLarge { .. }) => Err(Failure::bad_request(
                    "found a body, but this method takes none: its fields go into path and query",
                )),
                Err(unread) => Err(unread.into()),
            },
            Self::Json | Self::Raw(_) => Ok(self.holding(unary::read(body, bounds).await?)),
        }
    }

    fn holding(self, data: Bytes) -> Payload {
        match self {
            Self::Raw(content_type) => Payload::Raw { content_type, data },
            Self::Json if !data.is_empty() => Payload::Json(data),
            Self::Json | Self::None => Payload::Empty,
        }
    }
}

fn is_json(stated: &HeaderValue) -> bool {
    let essence = stated
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// Refuses a body that is encoded.
///
/// # Errors
/// 415.
pub(super) fn check_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let is_identity = |value: &HeaderValue| {
        let value = value.as_bytes().trim_ascii();
        value.is_empty() || value.eq_ignore_ascii_case(b"identity")
    };
    match headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .find(|value| !is_identity(value))
    {
        None => Ok(()),
        Some(value) => Err(Failure::unsupported_type(format!(
            "found content-encoding {:?}, expected a body that is not compressed",
            excerpt(&String::from_utf8_lossy(value.as_bytes()))
        ))),
    }
}

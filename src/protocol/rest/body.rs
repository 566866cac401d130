//! The body of a request, read whole and within bounds, in the form that its binding takes.
//!
//! | binding | content type | taken as |
//! |---|---|---|
//! | no body | any | nothing; a byte of it is a 400 |
//! | a message or field | none, `application/json` | JSON; no bytes at all are an empty message |
//! | a message or field | `application/x-www-form-urlencoded` | a form |
//! | a message or field | `multipart/form-data` | parts: an upload |
//! | an `HttpBody` (but for parts into a field) | any, one | the bytes as they are |
//! | anything else | | 415 |

use std::sync::Arc;

use axum::body::Body as Incoming;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use super::error::Failure;
use super::http_body;
use super::multipart::{self, Boundary};
use crate::call::Buffers;
use crate::protocol::excerpt;
use crate::protocol::field_value::essence;
use crate::protocol::unary::{self, Bounds, Unread};
use crate::schema::{Binding, Body};
use crate::transcode::Plans;

/// The content type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// What kind of body a request may have, told from its binding and its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// None.
    None,
    /// JSON text.
    Json,
    /// Fields in URL encoding.
    Form,
    /// Fields and files, with what stands between them.
    Multipart(Boundary),
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
    /// Fields in URL encoding, not yet looked at.
    Form(Bytes),
    /// Fields and files, not yet looked at.
    Multipart {
        /// What stands between them.
        boundary: Boundary,
        /// The bytes.
        data: Bytes,
    },
    /// The bytes of an `HttpBody`.
    Raw {
        /// The request's content type, perhaps empty.
        content_type: String,
        /// The bytes.
        data: Bytes,
    },
}

impl Payload {
    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Json(data)
            | Self::Form(data)
            | Self::Multipart { data, .. }
            | Self::Raw { data, .. } => data.len(),
        }
    }
}

impl Kind {
    /// The kind of body that this request has to have.
    ///
    /// # Errors
    /// 415 for a type that the binding cannot take; 400 for parts without a boundary.
    pub(super) fn of(
        plans: &Plans,
        binding: &Binding,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        if matches!(binding.body, Body::None) {
            return Ok(Self::None);
        }
        let stated = match headers.get(CONTENT_TYPE).map(HeaderValue::to_str) {
            None => None,
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => {
                return Err(Failure::unsupported_type(
                    "the content-type is not ASCII text, expected a media type",
                ));
            }
        };
        let is_raw = http_body::is_request(plans, binding);
        let essence = essence(stated.unwrap_or_default().as_bytes());
        let is = |name: &str| essence.eq_ignore_ascii_case(name.as_bytes());
        if is("multipart/form-data") && !(is_raw && matches!(binding.body, Body::Whole)) {
            return Boundary::of(stated.unwrap_or_default())
                .map(Self::Multipart)
                .map_err(|malformed| Failure::bad_request(malformed.to_string()));
        }
        if is_raw {
            return Ok(Self::Raw(stated.unwrap_or_default().to_owned()));
        }
        match stated {
            None => Ok(Self::Json),
            Some(_) if is("application/json") => Ok(Self::Json),
            Some(stated) if is(FORM) => check_charset(stated).map(|()| Self::Form),
            Some(stated) => {
                let sequences = if binding.method.shape.takes_stream() {
                    "application/x-ndjson, application/jsonl, "
                } else {
                    ""
                };
                Err(Failure::unsupported_type(format!(
                    "found content-type {:?}, expected application/json, {sequences}{FORM} or multipart/form-data",
                    excerpt::of_text(stated)
                )))
            }
        }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// 400, 408 or 413; DEADLINE_EXCEEDED if the call's own deadline passes first.
    pub(super) async fn read(
        self,
        body: Incoming,
        bounds: Bounds,
        buffers: &Arc<Buffers>,
    ) -> Result<Payload, Failure> {
        if ::http_body::Body::is_end_stream(&body) {
            return Ok(self.holding(Bytes::new()));
        }
        match self {
            Self::None => match unary::read(body, Bounds { bytes: 0, ..bounds }, buffers).await {
                Ok(_) => Ok(Payload::Empty),
                Err(Unread::TooLarge { .. }) => Err(Failure::bad_request(
                    "found a body, but this method takes none: its fields go into path and query",
                )),
                Err(unread) => Err(unread.into()),
            },
            Self::Json | Self::Form | Self::Multipart(_) | Self::Raw(_) => {
                Ok(self.holding(unary::read(body, bounds, buffers).await?))
            }
        }
    }

    fn holding(self, data: Bytes) -> Payload {
        match self {
            Self::Raw(content_type) => Payload::Raw { content_type, data },
            Self::Multipart(boundary) if !data.is_empty() => Payload::Multipart { boundary, data },
            Self::Json if !data.is_empty() => Payload::Json(data),
            Self::Form if !data.is_empty() => Payload::Form(data),
            Self::Json | Self::Form | Self::Multipart(_) | Self::None => Payload::Empty,
        }
    }
}

/// Forms are UTF-8 today (URL standard, section 5); one that says otherwise would be misread.
fn check_charset(stated: &str) -> Result<(), Failure> {
    let is_known = |charset: &str| {
        let known = ["utf-8", "utf8", "us-ascii"];
        known.iter().any(|name| charset.eq_ignore_ascii_case(name))
    };
    let wrong = multipart::parameters(stated)
        .flatten()
        .find(|(name, value)| name.eq_ignore_ascii_case("charset") && !is_known(value));
    match wrong {
        None => Ok(()),
        Some((_, charset)) => Err(Failure::unsupported_type(format!(
            "found a form in charset {:?}, expected utf-8",
            excerpt::of_text(&charset)
        ))),
    }
}

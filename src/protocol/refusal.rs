//! The answer to a request that no dialect took: an HTTP status, and an error body as REST has it, or
//! words alone where the client of a call would take such a body for another dialect's error.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use super::detect::KNOWN_TYPES;
use super::rest;
use crate::call::{Code, Status};
use crate::observe::CallRecord;

/// Why a request becomes no call, in HTTP's terms.
#[derive(Debug)]
pub(super) struct Refusal {
    http: StatusCode,
    status: Status,
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal whose body is this status.
    pub(super) fn new(http: StatusCode, status: Status) -> Self {
        Self {
            http,
            status,
            allow: None,
        }
    }

    /// 405 with `allow`.
    pub(super) fn wrong_verb(allow: &'static str, message: &str) -> Self {
        let status = Status::downstream(Code::Unimplemented, message);
        Self {
            http: StatusCode::METHOD_NOT_ALLOWED,
            status,
            allow: Some(allow),
        }
    }

    /// 415 that lists the types which are taken.
    pub(super) fn unsupported_type(what: &str) -> Self {
        Self::unfit_type(format!("{what}; expected one of {KNOWN_TYPES}"))
    }

    /// 415 whose message says by itself what is taken.
    pub(super) fn unfit_type(message: impl Into<String>) -> Self {
        let status = Status::downstream(Code::InvalidArgument, message);
        Self {
            http: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            status,
            allow: None,
        }
    }

    /// The whole response in words: on a method's own path an error has a form that this is not, and
    /// HTTP's status says what it is. The record ends with it.
    pub(super) fn answer_in_words(self, record: CallRecord) -> Response<Body> {
        let mut body = self.status.message.clone().into_bytes();
        body.push(b'\n');
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        self.answer_with(text, body, record)
    }

    /// The whole response in this shape; the record ends with it.
    pub(super) fn answer_in(self, shape: rest::ErrorShape, record: CallRecord) -> Response<Body> {
        let (content_type, body) = rest::plain(&self.status, self.http, shape);
        self.answer_with(content_type, body, record)
    }

    fn answer_with(
        self,
        content_type: HeaderValue,
        body: Vec<u8>,
        record: CallRecord,
    ) -> Response<Body> {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if self.http == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            headers.insert(header::ACCEPT, HeaderValue::from_static(KNOWN_TYPES));
        }
        record.finish_with(self.http, &self.status);
        response
    }
}

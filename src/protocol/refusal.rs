//! The answer to a request that no dialect took: an HTTP status and a `google.rpc.Status` as JSON.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use super::detect::KNOWN_TYPES;
use crate::call::{Code, Status};
use crate::observe::CallRecord;

/// Why a request becomes no call, in HTTP's terms.
#[derive(Debug)]
pub struct Refusal {
    http: StatusCode,
    status: Status,
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal whose body is this status.
    pub(crate) fn new(http: StatusCode, status: Status) -> Self {
        Self {
            http,
            status,
            allow: None,
        }
    }

    /// 405 with `allow`.
    pub(crate) fn wrong_verb(allow: &'static str, message: &str) -> Self {
        let status = Status::downstream(Code::Unimplemented, message);
        Self {
            http: StatusCode::METHOD_NOT_ALLOWED,
            status,
            allow: Some(allow),
        }
    }

    /// 415 that lists the types which are taken.
    pub(crate) fn unsupported_type(what: &str) -> Self {
        let status = Status::downstream(
            Code::InvalidArgument,
            format!("{what}; expected one of {KNOWN_TYPES}"),
        );
        Self {
            http: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            status,
            allow: None,
        }
    }

    /// The whole response; the record ends with it.
    pub(crate) fn answer(self, record: CallRecord) -> Response<Body> {
        let code = self.status.code.number();
        let message = serde_json::to_string(&self.status.message).unwrap_or_default();
        let body = format!(r#"{{"code":{code},"message":{message},"details":[]}}"#);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
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

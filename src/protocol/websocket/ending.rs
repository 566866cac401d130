//! How a conversation ends: a text frame that says everything, then a close frame.
//!
//! ```text
//! {"@status":{"code":5,"message":"no such shelf","details":[…],
//!             "metadata":{"x-site":["north"]},"trailers":{"x-cost":["1"]}}}
//! close 1011 NOT_FOUND
//! ```
//!
//! All members are always there, in every option's shape of errors; `details` are opened as REST
//! opens them. Metadata have their place here as well, because the handshake is answered before the
//! call is made.

use axum::extract::ws::{CloseCode, close_code};
use http::HeaderMap;
use http::header::DATE;

use super::incoming::Fault;
use crate::call::{End, Metadata, Status};
use crate::protocol::metadata::{self, Reader};
use crate::protocol::{Options, json, rest};
use crate::transcode::Plans;

/// Of a server that goes down (RFC 6455, section 7.4.1).
const GOING_AWAY: CloseCode = close_code::AWAY;

/// The end of a call, and of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) end: End,
    /// Of the reply's head, if there was one.
    pub(super) metadata: Metadata,
    pub(super) close: CloseCode,
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        let close = if end.status.is_ok() {
            close_code::NORMAL
        } else if end.status == Status::shutting_down() {
            GOING_AWAY
        } else {
            close_code::ERROR
        };
        Self {
            end,
            metadata: Metadata::new(),
            close,
        }
    }
}

impl From<Status> for Ending {
    fn from(status: Status) -> Self {
        End::from(status).into()
    }
}

impl From<Fault> for Ending {
    fn from(Fault { status, close }: Fault) -> Self {
        Self {
            close,
            ..status.into()
        }
    }
}

impl Ending {
    /// The gateway stops.
    pub(super) fn going_away() -> Self {
        Status::shutting_down().into()
    }

    /// The text of the last frame.
    pub(super) fn text(&self, plans: &Plans, options: &Options) -> Vec<u8> {
        let End { status, trailers } = &self.end;
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"@status\":");
        let shape = rest::ErrorShape::Status;
        rest::write_record(status, shape, plans, &options.print, &mut out);
        out.pop(); // the object goes on
        let mut shown = HeaderMap::new();
        let rules = &options.metadata;
        metadata::to_headers_by(rules, self.metadata.clone(), Reader::Other, &mut shown);
        shown.remove(DATE); // of HTTP, whose answer was another
        out.extend_from_slice(b",\"metadata\":");
        json::metadata(&shown, &mut out);
        let mut shown = HeaderMap::new();
        metadata::to_headers(trailers.clone(), Reader::Other, &mut shown);
        out.extend_from_slice(b",\"trailers\":");
        json::metadata(&shown, &mut out);
        out.extend_from_slice(b"}}");
        out
    }

    /// The text of the close frame, which has little room for one.
    pub(super) const fn reason(&self) -> &'static str {
        self.end.status.code.name()
    }
}

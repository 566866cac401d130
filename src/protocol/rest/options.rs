//! What only REST can choose: plain values, one enum a choice, the default first.

use crate::protocol::indent::Layout;

/// What only REST has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of a query parameter that names no field of the request.
    pub unknown_query: UnknownQuery,
    /// Which escapes a path variable of several segments keeps.
    pub multi_segment: MultiSegment,
    /// The form of an error's body.
    pub errors: ErrorShape,
    /// What a stream is for a client that accepts anything.
    pub stream: StreamForm,
    /// What stands around each message of a stream of lines.
    pub envelope: Envelope,
    /// White space in JSON answers.
    pub layout: Layout,
}

/// What becomes of a query parameter that names no field of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownQuery {
    /// It is ignored: links gather parameters that are meant for others.
    #[default]
    Ignore,
    /// 400 that names it.
    Refuse,
}

/// Which escapes a path variable of several segments keeps. One of a single segment keeps none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MultiSegment {
    /// `%2F`, or it would look like a separator.
    #[default]
    KeepSlash,
    /// Those of RFC 6570's reserved characters: ``:/?#[]@!$&'()*+,;=``.
    KeepReserved,
    /// None.
    DecodeAll,
}

/// The form of an error's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorShape {
    /// `google.rpc.Status` as JSON: `{"code":5,"message":…,"details":[…]}`.
    #[default]
    Status,
    /// AIP-193: `{"error":{"code":404,"message":…,"status":"NOT_FOUND","details":[…]}}`.
    Aip193,
    /// RFC 9457: `application/problem+json`.
    Problem,
}

/// What a server stream is for a client that accepts anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamForm {
    /// A JSON value a line.
    #[default]
    Lines,
    /// One JSON array.
    Array,
}

/// What stands around each message of a stream of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    /// Nothing.
    #[default]
    None,
    /// `{"result":…}`, and `{"error":…}` around the status: grpc-gateway's.
    Result,
}

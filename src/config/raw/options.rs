//! What can be chosen for the gateway and for single routes: the sections `rest`, `json`,
//! `metadata`, `connect` and `validation`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::text::HeaderPattern;
use crate::protocol::indent::Layout;
use crate::protocol::metadata::rules;
use crate::protocol::options::ConnectVersion;
use crate::protocol::{self, Options, rest};
use crate::transcode;

section! {
    /// REST: how requests are read and answered.
    Rest "a mapping of `rest` keys" {
        /// A query parameter that names no field: ignored, or refused with 400.
        unknown_query: UnknownQuery = rest::Options::default().unknown_query.into();
        /// Escapes that a path variable of several segments keeps: `keep_slash` (`%2F` only),
        /// `keep_reserved` (those of RFC 6570's reserved characters), `decode_all` (none). A
        /// variable of one segment keeps none.
        multi_segment: MultiSegment = rest::Options::default().multi_segment.into();
        /// The body of an error: `status` (`google.rpc.Status`), `aip193` (`{"error":{…}}`), or
        /// `problem` (RFC 9457, `application/problem+json`).
        errors: Errors = rest::Options::default().errors.into();
        /// What a server stream is for a client that accepts anything: `lines` (a JSON value a
        /// line), or `array` (one JSON array).
        stream: Stream = rest::Options::default().stream.into();
        /// What stands around each message of a stream of lines: `none`, or `result`
        /// (`{"result":…}`).
        envelope: Envelope = rest::Options::default().envelope.into();
    }
}

choice! {
    /// What becomes of a query parameter that names no field.
    UnknownQuery for rest::UnknownQuery {
        /// It is passed over.
        Ignore = Ignore,
        /// It is an error that names it.
        Refuse = Refuse,
    }
}

choice! {
    /// Which escapes stay.
    MultiSegment for rest::MultiSegment {
        /// `%2F`.
        KeepSlash = KeepSlash,
        /// Those of reserved characters.
        KeepReserved = KeepReserved,
        /// None.
        DecodeAll = DecodeAll,
    }
}

choice! {
    /// The form of an error's body.
    Errors for rest::ErrorShape {
        /// `google.rpc.Status`.
        Status = Status,
        /// AIP-193.
        Aip193 = Aip193,
        /// RFC 9457.
        Problem = Problem,
    }
}

choice! {
    /// The form of a server stream.
    Stream for rest::StreamForm {
        /// A JSON value a line.
        Lines = Lines,
        /// One JSON array.
        Array = Array,
    }
}

choice! {
    /// What stands around a message.
    Envelope for rest::Envelope {
        /// Nothing.
        None = None,
        /// `{"result":…}`.
        Result = Result,
    }
}

section! {
    /// JSON: how it is read and written.
    Json "a mapping of `json` keys" {
        /// A field in a request, or the name of an enum value, that the schema does not know:
        /// refused with 400, or ignored.
        unknown_fields: UnknownFields = Options::default().read.unknown.into();
        /// Write fields that hold their default value.
        emit_defaults: bool = Options::default().print.emit_defaults;
        /// Write field names as in the proto file (`page_size`) instead of `pageSize`.
        proto_names: bool = Options::default().print.proto_names;
        /// Write enum values as numbers.
        enum_numbers: bool = Options::default().print.enum_numbers;
        /// Write answers over several lines, two spaces a level. A stream's messages stay lines.
        pretty: bool = Options::default().rest.layout == Layout::Indented;
    }
}

choice! {
    /// What becomes of a field that the schema does not know.
    UnknownFields for transcode::Unknown {
        /// It is passed over.
        Ignore = Ignore,
        /// It is an error that names it.
        Refuse = Refuse,
    }
}

section! {
    /// Headers that become metadata, and metadata that become headers. A name may end with `*`.
    /// Names that belong to a hop, to gRPC or to the gateway (`x-forwarded-*`) never pass.
    Metadata "a mapping of `metadata` keys" {
        /// Request headers that pass although they are withheld otherwise: `cookie`, `origin`,
        /// `referer`, `sec-*`, `content-*`.
        request_allow: Vec<HeaderPattern> = Vec::new();
        /// Request headers that do not pass. Where both lists have a name, the more exact one
        /// decides: `["*"]` here lets nothing pass but what `request_allow` names.
        request_deny: Vec<HeaderPattern> = Vec::new();
        /// Response metadata that become headers although they are withheld otherwise:
        /// `set-cookie`, `content-*`, `access-control-*`, `strict-transport-security`,
        /// `clear-site-data`, `alt-svc`.
        response_allow: Vec<HeaderPattern> = Vec::new();
        /// A request header with `_` in its name: passed, unless it is the gateway's own when `_`
        /// is read as `-`, or the request is refused with 400.
        underscores: Underscores = rules::Underscores::default().into();
    }
}

choice! {
    /// What becomes of a request that has a header with `_` in its name.
    Underscores for rules::Underscores {
        /// The header passes.
        Pass = Pass,
        /// The request is refused.
        Refuse = Refuse,
    }
}

section! {
    /// Connect: JSON on `POST /pkg.Service/Method`.
    Connect "a mapping of `connect` keys" {
        /// Refuse requests without the header `connect-protocol-version`.
        require_protocol_version: bool =
            Options::default().connect_version == ConnectVersion::Required;
    }
}

section! {
    /// Validation by the rules of the schema (`buf.validate`).
    Validation "a mapping of `validation` keys" {
        /// Check every message of a request. One that breaks a rule is INVALID_ARGUMENT (400), with
        /// the fields; a method with a rule that cannot be checked is not served.
        requests: bool = Options::default().validation == protocol::Validation::Requests;
    }
}

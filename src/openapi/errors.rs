//! Errors: one schema for each form that they have, and the responses that hold it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::convert::walk::Object;
use crate::call::Code;
use crate::catalog::{self, Operation};
use crate::protocol::rest::ErrorShape;

/// The form of an operation's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// `google.rpc.Status`.
    Status,
    /// AIP-193.
    Aip193,
    /// RFC 9457.
    Problem,
    /// Connect's, on a method's own path.
    Connect,
}

impl Form {
    /// The form that the gateway answers an operation's errors in.
    pub(super) fn of(operation: &Operation) -> Self {
        if operation.binding.is_none() {
            return Self::Connect;
        }
        match operation.options.rest.errors {
            ErrorShape::Status => Self::Status,
            ErrorShape::Aip193 => Self::Aip193,
            ErrorShape::Problem => Self::Problem,
        }
    }

    /// What the names of its components end in.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Status => "",
            Self::Aip193 => "Aip193",
            Self::Problem => "Problem",
            Self::Connect => "Connect",
        }
    }

    /// The component of its schema.
    pub(super) const fn component(self) -> &'static str {
        match self {
            Self::Status => "google.rpc.Status",
            Self::Aip193 => "Aip193Error",
            Self::Problem => "Problem",
            Self::Connect => "connect.Error",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Problem => "application/problem+json",
            Self::Status | Self::Aip193 | Self::Connect => "application/json",
        }
    }

    /// A reference to its schema.
    pub(super) fn reference(self) -> Value {
        json!({ "$ref": format!("#/components/schemas/{}", self.component()) })
    }

    /// `content` of a response with an error.
    pub(super) fn content(self) -> Value {
        let error = json!({ "schema": self.reference() });
        match self {
            // What is wrong with the request before any dialect is known is said in words.
            Self::Connect => json!({
                self.media_type(): error,
                "text/plain": { "schema": { "type": "string" } },
            }),
            Self::Status | Self::Aip193 | Self::Problem => json!({ self.media_type(): error }),
        }
    }

    /// `4XX` and `5XX` of an operation.
    pub(super) fn responses(self) -> [(&'static str, Value); 2] {
        let refer = |name| {
            let suffix = self.suffix();
            json!({ "$ref": format!("#/components/responses/{name}{suffix}") })
        };
        [("4XX", refer("ClientError")), ("5XX", refer("ServerError"))]
    }

    /// The components that those refer to.
    pub(super) fn components(self, schemas: &mut Object, responses: &mut Object) {
        for (name, text) in [
            ("ClientError", "The request was refused."),
            ("ServerError", "The request could not be answered."),
        ] {
            let response = json!({ "description": text, "content": self.content() });
            responses.insert(format!("{name}{}", self.suffix()), response);
        }
        for (name, schema) in self.schemas() {
            schemas.insert(name.to_owned(), schema);
        }
    }

    fn schemas(self) -> BTreeMap<&'static str, Value> {
        let code = json!({ "type": "integer", "format": "int32", "description": "gRPC code." });
        let message = json!({ "type": "string", "description": "What happened, in words." });
        let details = json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "@type": { "type": "string" } },
                "additionalProperties": true,
                "x-any-types": catalog::ERROR_DETAILS,
            },
            "description": "Messages that say it for programs.",
        });
        let http = json!({ "type": "integer", "format": "int32", "description": "HTTP status." });
        let schema = match self {
            Self::Status => json!({
                "type": "object",
                "title": "Status",
                "description": "Why a call failed: gRPC's status.",
                "properties": { "code": code, "message": message, "details": details },
            }),
            Self::Aip193 => json!({
                "type": "object",
                "title": "Error",
                "description": "Why a call failed, as AIP-193 has it.",
                "properties": { "error": { "type": "object", "properties": {
                    "code": http,
                    "message": message,
                    "status": { "type": "string", "description": "Name of the gRPC code." },
                    "details": details,
                } } },
            }),
            Self::Problem => json!({
                "type": "object",
                "title": "Problem",
                "description": "Why a call failed, as RFC 9457 has it.",
                "properties": {
                    "type": { "type": "string", "format": "uri-reference" },
                    "title": { "type": "string" },
                    "status": http,
                    "detail": message,
                    "code": code,
                    "details": details,
                },
            }),
            Self::Connect => json!({
                "type": "object",
                "title": "Error",
                "description": "Why a call failed, as Connect has it.",
                "properties": {
                    "code": { "type": "string", "enum": connect_codes() },
                    "message": message,
                    "details": { "type": "array", "items": {
                        "type": "object",
                        "properties": {
                            "type": { "type": "string", "description": "Full name of its type." },
                            "value": {
                                "type": "string",
                                "contentEncoding": "base64",
                                "format": "byte",
                                "description": "Its bytes, base64 without padding.",
                            },
                            "debug": { "description": "The same as JSON." },
                        },
                    } },
                },
            }),
        };
        BTreeMap::from([(self.component(), schema)])
    }
}

/// Names of the codes that Connect's errors have.
fn connect_codes() -> Vec<&'static str> {
    let failures = Code::ALL.iter().filter(|code| **code != Code::Ok);
    failures.map(|code| code.connect_name()).collect()
}

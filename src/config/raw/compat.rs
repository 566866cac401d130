//! The key `compat`: the name of a system whose choices hold where the file says nothing.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A system whose choices hold where the file says nothing.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Compat {
    /// None: the defaults.
    None,
    /// Envoy's gRPC-JSON transcoder.
    Envoy,
    /// grpc-gateway, version 2.
    #[serde(rename = "grpc-gateway", alias = "grpc_gateway")]
    GrpcGateway,
}

/// With both spellings.
impl JsonSchema for Compat {
    fn schema_name() -> Cow<'static, str> {
        "Compat".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "enum": ["none", "envoy", "grpc-gateway", "grpc_gateway"],
        })
    }
}

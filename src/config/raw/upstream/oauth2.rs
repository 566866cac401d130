//! The section `oauth2` of an upstream.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::key::Key;
use crate::config::units::Span;
use crate::control::oauth;

/// Tokens by client credentials. One is asked for at the start, and another when four fifths of its life
/// are over.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `oauth2` keys")]
#[schemars(extend("required" = ["token_endpoint", "client_id"]))]
pub(in crate::config) struct Oauth2 {
    /// Who is asked for tokens. `https`, or a loopback address.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) token_endpoint: Key<String>,
    /// The gateway's name there.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) client_id: Key<String>,
    /// A file with its password, which is watched.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) client_secret_file: Key<PathBuf>,
    /// How the gateway shows who it is.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Shows::Basic))]
    pub(in crate::config) auth: Key<Shows>,
    /// What tokens are to be good for. Empty: what the server thinks fit.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Vec::<String>::new())))]
    pub(in crate::config) scopes: Key<Vec<String>>,
    /// Whom tokens are for, as some servers want to be told. Absent: it is not said.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) audience: Key<String>,
    /// Whom tokens are for, by RFC 8707.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Vec::<String>::new())))]
    pub(in crate::config) resources: Key<Vec<String>>,
    /// Authorities (PEM) that certify the token endpoint. Absent: those that the system trusts.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) ca: Key<PathBuf>,
    /// How long an answer is waited for.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(oauth::TIMEOUT))))]
    pub(in crate::config) timeout: Key<Span>,
}

/// How the gateway shows a token endpoint who it is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum Shows {
    /// By name and password in the header `authorization`.
    Basic,
    /// By name and password in the body.
    Post,
    /// By the client certificate in the upstream's `tls`, which tokens are bound to then (RFC 8705).
    TlsClient,
}

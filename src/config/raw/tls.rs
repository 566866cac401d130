//! The section `tls`: which files, and whether clients show certificates.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;

/// TLS on the client address. Without this section clients connect in plaintext.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `tls` keys")]
pub(in crate::config) struct Tls {
    /// The certificate chain (PEM), the gateway's own certificate first.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) certificate: Key<PathBuf>,
    /// The private key of that certificate (PEM, without a passphrase).
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) key: Key<PathBuf>,
    /// Certificates (PEM) of the authorities whose certificates clients show. Absent: clients are
    /// asked for none.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) client_ca: Key<PathBuf>,
    /// With `client_ca`: whether a client without a certificate is refused.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = ClientCertificates::Required))]
    pub(in crate::config) client_certificates: Key<ClientCertificates>,
}

/// Whether clients have to show a certificate.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum ClientCertificates {
    /// A client without one is refused.
    Required,
    /// A client without one is served; one that shows another authority's is refused.
    Optional,
}

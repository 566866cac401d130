//! The section `tls`: which files, which versions, and whether clients show certificates.

use std::num::NonZeroU16;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::key::Key;
use crate::config::text::Address;
use crate::config::units::Span;

/// TLS on the client address. Without this section clients connect in plaintext. The files are watched:
/// new ones count for the connections made from then on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `tls` keys")]
pub(in crate::config) struct Tls {
    /// The certificate chain (PEM), the gateway's own certificate first. Clients get it that ask for no
    /// name of another.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) certificate: Key<PathBuf>,
    /// The private key of that certificate (PEM, without a passphrase).
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) key: Key<PathBuf>,
    /// More certificates. A client gets the one that has the name it asks for (SNI), among its
    /// alternative names; `*.` stands for one label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Pair>")]
    pub(in crate::config) certificates: Vec<Spanned<Pair>>,
    /// The oldest version of TLS that is spoken.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = MinimumVersion::Tls12))]
    pub(in crate::config) min_version: Key<MinimumVersion>,
    /// A client that asks for a name that no certificate has, or for none.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = UnknownNames::First))]
    pub(in crate::config) unknown_names: Key<UnknownNames>,
    /// Certificates (PEM) of the authorities whose certificates clients show. Absent: clients are
    /// asked for none.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) client_ca: Key<PathBuf>,
    /// With `client_ca`: lists (PEM) of clients' certificates that were revoked, one by each of the
    /// authorities.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) client_crl: Key<PathBuf>,
    /// With `client_ca`: whether a client without a certificate is refused.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = ClientCertificates::Required))]
    pub(in crate::config) client_certificates: Key<ClientCertificates>,
    /// A second address that sends clients in plaintext to `https` (308). Absent: there is none.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) redirect: Key<Redirect>,
    /// Tells browsers to come by `https` alone from then on (`strict-transport-security`). Absent: they
    /// are told nothing.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) hsts: Key<Hsts>,
}

/// A second address that sends clients to `https`, each to what it asked for, if a certificate has the host.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `listen`")]
#[schemars(inline)]
pub(in crate::config) struct Redirect {
    /// Address and port that are listened on, in plaintext.
    pub(in crate::config) listen: Address,
    /// The port by which clients reach TLS. Absent: that of the gateway's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::config) port: Option<NonZeroU16>,
}

/// Tells browsers to come by `https` alone.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `max_age`")]
#[schemars(inline)]
pub(in crate::config) struct Hsts {
    /// For how long browsers keep it. `0s`: they forget it.
    pub(in crate::config) max_age: Span,
    /// Whether it holds for the host's sub-domains.
    #[serde(default)]
    pub(in crate::config) include_subdomains: bool,
}

/// A certificate with its key.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with the keys `certificate` and `key`"
)]
#[schemars(inline)]
pub(in crate::config) struct Pair {
    /// The certificate chain (PEM), the gateway's own certificate first.
    pub(in crate::config) certificate: Key<PathBuf>,
    /// The private key of that certificate (PEM, without a passphrase).
    pub(in crate::config) key: Key<PathBuf>,
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[schemars(inline)]
pub(in crate::config) enum MinimumVersion {
    /// TLS 1.2 and 1.3.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 alone.
    #[serde(rename = "1.3")]
    Tls13,
}

/// What becomes of clients that ask for a name that no certificate has, or for none.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum UnknownNames {
    /// They get the first certificate.
    First,
    /// Their handshake is refused.
    Refuse,
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

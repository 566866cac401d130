//! The section `proxy_protocol`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::config::text::NetworkRange;

/// The PROXY protocol (versions 1 and 2) on the client address. With this section every connection has to
/// begin with it, before TLS; the client's address is what it tells.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with the key `from`"
)]
pub(in crate::config) struct ProxyProtocol {
    /// Addresses of the balancers that speak it, such as `10.0.0.0/8`. Connections from elsewhere are
    /// closed.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) from: Key<Vec<NetworkRange>>,
}

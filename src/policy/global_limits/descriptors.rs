//! What a call counts for, as names with values.

use http::HeaderName;

use crate::call::gate::Asked;
use crate::identity::Principal;
use crate::identity::principal::Kind;
use crate::policy::limits::network;
use crate::policy::pb::envoy::extensions::common::ratelimit::v3::{
    RateLimitDescriptor, rate_limit_descriptor,
};

/// Bytes of a value at most; a call with a longer one does not count for the descriptor.
pub const VALUE_BYTES_MAX: usize = 1024;

/// A name with its value. The names are those of Envoy's actions, where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The same for all calls: `generic_key`, or another name.
    Generic {
        /// The name.
        key: String,
        /// The value.
        value: String,
    },
    /// `method`: `pkg.Service/Method`.
    Method,
    /// `service`: `pkg.Service`.
    Service,
    /// `remote_address`: the client's address.
    RemoteAddress,
    /// `masked_remote_address`: the same, of IPv6 the network of 64 bits, with its length.
    MaskedRemoteAddress,
    /// A header, under a name.
    Header {
        /// Which.
        header: HeaderName,
        /// The name.
        key: String,
    },
    /// `identity`: who vouches for the caller, a `|`, and its subject.
    Identity,
    /// `api_key`: the name of the API key that was shown.
    ApiKey,
}

/// A descriptor; `None` if the call has not all of it.
pub(super) fn of(
    entries: &[Entry],
    asked: &Asked<'_>,
    principal: Option<&Principal>,
) -> Option<RateLimitDescriptor> {
    let entries = entries.iter().map(|entry| {
        let (key, value) = entry.of(asked, principal)?;
        let fits = !value.is_empty() && value.len() <= VALUE_BYTES_MAX;
        fits.then_some(rate_limit_descriptor::Entry { key, value })
    });
    let entries: Vec<_> = entries.collect::<Option<_>>()?;
    (!entries.is_empty()).then_some(RateLimitDescriptor { entries })
}

impl Entry {
    fn of(&self, asked: &Asked<'_>, principal: Option<&Principal>) -> Option<(String, String)> {
        let address = asked.peer.address.ip().to_canonical();
        let named = |name: &str, value: String| Some((name.to_owned(), value));
        match self {
            Self::Generic { key, value } => Some((key.clone(), value.clone())),
            Self::Method => named(
                "method",
                asked.method.path.trim_start_matches('/').to_owned(),
            ),
            Self::Service => named("service", asked.method.service.clone()),
            Self::RemoteAddress => named("remote_address", address.to_string()),
            Self::MaskedRemoteAddress => {
                let bits = if address.is_ipv4() { 32 } else { 64 };
                let value = format!("{}/{bits}", network(address));
                named("masked_remote_address", value)
            }
            Self::Header { header, key } => {
                let value = asked.headers.get(header)?.to_str().ok()?;
                Some((key.clone(), value.to_owned()))
            }
            Self::Identity => {
                let principal = principal?;
                let subject = principal.subject.as_deref()?;
                named("identity", format!("{}|{subject}", principal.issuer))
            }
            Self::ApiKey => {
                let principal = principal.filter(|principal| principal.kind == Kind::Key)?;
                named("api_key", principal.subject.as_deref()?.to_owned())
            }
        }
    }
}

//! A call as an authorization server sees it.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};
use prost_types::Timestamp;

use super::Settings;
use crate::call::gate::Asked;
use crate::identity::Principal;
use crate::pem::Name;
use crate::policy::pb::envoy::config::core::v3::{
    Address, SocketAddress, address, socket_address::PortSpecifier,
};
use crate::policy::pb::envoy::service::auth::v3::CheckRequest;
use crate::policy::pb::envoy::service::auth::v3::{AttributeContext, attribute_context as part};

/// Bytes of headers that are sent at most; those behind are left out.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;

/// What is asked.
pub(super) fn of(
    asked: &Asked<'_>,
    principal: Option<&Principal>,
    settings: &Settings,
) -> CheckRequest {
    let address = SocketAddress {
        address: asked.peer.address.ip().to_canonical().to_string(),
        port_specifier: Some(PortSpecifier::PortValue(asked.peer.address.port().into())),
    };
    let source = part::Peer {
        address: Some(Address {
            address: Some(address::Address::SocketAddress(address)),
        }),
        principal: shown(asked, principal).unwrap_or_default().to_owned(),
    };
    let http = part::HttpRequest {
        id: asked.request_id().to_owned(),
        method: "POST".to_owned(),
        headers: headers(asked.headers, settings.headers.as_deref()),
        path: asked.method.path.clone(),
        host: asked.host.to_owned(),
        scheme: asked.peer.transport.scheme().to_owned(),
        size: -1,
        protocol: "HTTP/2".to_owned(),
    };
    let mut context_extensions = settings.context.clone();
    let mut context = |name: &str, value: &str| {
        context_extensions
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    };
    context("protocol", asked.protocol);
    context("template", asked.template);
    if let Some(principal) = principal {
        context("principal.kind", principal.kind.name());
        context("principal.issuer", &principal.issuer);
        context(
            "principal.subject",
            principal.subject.as_deref().unwrap_or_default(),
        );
    }
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(source),
            request: Some(part::Request {
                time: Some(Timestamp {
                    seconds: i64::try_from(asked.now).unwrap_or(i64::MAX),
                    nanos: 0,
                }),
                http: Some(http),
            }),
            context_extensions,
        }),
    }
}

/// Who the connection's other end has shown to be: by its certificate, in the order of URI, host, mailbox; else
/// the caller.
fn shown<'a>(asked: &Asked<'a>, principal: Option<&'a Principal>) -> Option<&'a str> {
    let names = asked.peer.certificate().map(|one| one.names.as_slice());
    let names = names.unwrap_or_default();
    let rank = |name: &&Name| match name {
        Name::Uri(_) => 0,
        Name::Dns(_) => 1,
        Name::Email(_) => 2,
    };
    match names.iter().min_by_key(rank) {
        Some(Name::Uri(text) | Name::Dns(text) | Name::Email(text)) => Some(text),
        None => principal?.subject.as_deref(),
    }
}

/// Names in lower case; several values of one with commas between. What is no text is sent as far as it is.
fn headers(headers: &HeaderMap, only: Option<&[HeaderName]>) -> BTreeMap<String, String> {
    let mut room = HEADER_BYTES_MAX;
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        if only.is_some_and(|only| !only.contains(name)) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let Some(left) = room.checked_sub(name.as_str().len() + value.len() + 1) else {
            continue;
        };
        room = left;
        match all.get_mut(name.as_str()) {
            Some(before) => {
                before.push(',');
                before.push_str(&value);
            }
            None => {
                all.insert(name.as_str().to_owned(), value.into_owned());
            }
        }
    }
    all
}

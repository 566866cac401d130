//! Where the endpoints of an upstream come from: exactly one of several keys.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::config::choices::Wrong;
use crate::config::raw::{Upstream, UpstreamTls};
use crate::config::units::quoted;
use crate::upstream::config::{Discovery, Listed};
use crate::upstream::{Address, ENDPOINTS_MAX, Scheme};

/// The longest name there is in DNS, in bytes.
const NAME_MAX: usize = 253;

/// Checks the keys with each other.
pub(super) fn discovery(name: &str, raw: &Upstream) -> Result<Discovery, Wrong> {
    let wrong =
        |place, key: &str, message: String| Err((place, format!("upstreams.{name}{key}"), message));
    let keys = (
        &raw.url.value,
        &raw.endpoints.value,
        &raw.dns.value,
        &raw.srv.value,
        &raw.file.value,
    );
    match keys {
        (Some(url), None, None, None, None) => {
            let url = url.url();
            let is_unix = matches!(url.address, Address::Unix(_));
            if url.scheme == Scheme::Http && !is_unix && !raw.tls.is_absent() {
                let message = format!(
                    "found `{url}` beside the key `tls`, expected `https://{}`",
                    url.address
                );
                return wrong(raw.url.place, ".url", message);
            }
            Ok(Discovery::Static(vec![Listed {
                address: url.address,
                weight: 1,
            }]))
        }
        (None, Some(endpoints), None, None, None) if endpoints.is_empty() => {
            let message = "found none, expected at least one, such as `- address: 10.0.0.1:50051`";
            wrong(raw.endpoints.place, ".endpoints", message.to_owned())
        }
        (None, Some(endpoints), None, None, None) if endpoints.len() > ENDPOINTS_MAX => {
            let found = endpoints.len();
            let message = format!("found {found} endpoints, expected at most {ENDPOINTS_MAX}");
            wrong(raw.endpoints.place, ".endpoints", message)
        }
        (None, Some(endpoints), None, None, None) => {
            let mut listed = Vec::with_capacity(endpoints.len());
            let mut known = HashSet::new();
            for (index, endpoint) in endpoints.iter().enumerate() {
                let address = endpoint.address.address();
                if !known.insert(address.clone()) {
                    let message = format!("found `{address}` once more, expected each once");
                    let key = format!(".endpoints[{index}].address");
                    return wrong(raw.endpoints.place, &key, message);
                }
                let weight = endpoint.weight.value.map_or(1, |weight| weight.0);
                listed.push(Listed { address, weight });
            }
            Ok(Discovery::Static(listed))
        }
        (None, None, Some(dns), None, None) => match dns.address() {
            Address::Tcp { authority, port } => Ok(Discovery::Dns { authority, port }),
            Address::Unix(_) => {
                let message = format!("found `{dns}`, expected a name and a port");
                wrong(raw.dns.place, ".dns", message)
            }
        },
        (None, None, None, Some(srv), None) => {
            let is_of_a_name =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            if srv.is_empty() || srv.len() > NAME_MAX || !srv.bytes().all(is_of_a_name) {
                let message = format!(
                    "found {}, expected a name such as `_grpc._tcp.books.example`",
                    quoted(srv)
                );
                return wrong(raw.srv.place, ".srv", message);
            }
            let is_named = |tls: &UpstreamTls| !tls.server_name.is_absent();
            if raw.authority.is_absent() && raw.tls.value.as_ref().is_some_and(|tls| !is_named(tls))
            {
                let message = "found it beside `srv` without `server_name`, expected that or \
                               `authority`: what DNS answers is no proof of a name";
                return wrong(raw.tls.place, ".tls", message.to_owned());
            }
            Ok(Discovery::Srv { name: srv.clone() })
        }
        (None, None, None, None, Some(file)) => Ok(Discovery::File(file.clone())),
        (url, endpoints, dns, srv, file) => {
            let given = [
                (url.is_some(), "`url`"),
                (endpoints.is_some(), "`endpoints`"),
                (dns.is_some(), "`dns`"),
                (srv.is_some(), "`srv`"),
                (file.is_some(), "`file`"),
            ];
            let given = given.into_iter().filter(|(is_given, _)| *is_given);
            let given: Vec<_> = given.map(|(_, key)| key).collect();
            let found = match given.as_slice() {
                [] => "none".to_owned(),
                given => given.join(" and "),
            };
            let message = format!(
                "found {found}, expected exactly one of the keys `url`, `endpoints`, `dns`, `srv` and `file`"
            );
            wrong(raw.place.place, "", message)
        }
    }
}

/// Whom discovery by DNS asks.
pub(super) fn nameservers(name: &str, raw: &Upstream) -> Result<Vec<SocketAddr>, Wrong> {
    let Some(servers) = &raw.nameservers.value else {
        return Ok(Vec::new());
    };
    let wrong = |message: &str| {
        let key = format!("upstreams.{name}.nameservers");
        Err((raw.nameservers.place, key, message.to_owned()))
    };
    if raw.dns.is_absent() && raw.srv.is_absent() {
        return wrong("found it without `dns` and `srv`, expected one of them");
    }
    if servers.is_empty() {
        return wrong("found none, expected at least one, such as `127.0.0.1:53`");
    }
    Ok(servers.iter().map(|address| address.0).collect())
}

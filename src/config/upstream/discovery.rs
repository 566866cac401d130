//! Where the endpoints of an upstream come from: exactly one of several keys.

use std::net::SocketAddr;

use serde_saphyr::Location;

use crate::config::choices::Wrong;
use crate::config::raw::{Upstream, UpstreamTls};
use crate::config::units::quoted;
use crate::upstream::config::{Discovery, Listed};
use crate::upstream::{Address, Scheme};

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
        (None, Some(endpoints), None, None, None) => {
            let listed = endpoints.iter().map(|endpoint| Listed {
                address: endpoint.address.address(),
                weight: endpoint.weight.value.map_or(1, |weight| weight.0),
            });
            Ok(Discovery::Static(listed.collect()))
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
        (_, _, _, _, _) => {
            let message =
                "expected exactly one of the keys `url`, `endpoints`, `dns`, `srv` and `file`";
            wrong(Location::UNKNOWN, "", message.to_owned())
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

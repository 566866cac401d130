//! Host names, hosts with ports, and e-mail addresses.

use super::{Version, is_ip};

/// Whether a port has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::validate) enum Port {
    Required,
    Optional,
}

/// Longest host name, in characters, without the dot that may end it.
const HOSTNAME_MAX: usize = 253;
/// Longest label of a host name.
const LABEL_MAX: usize = 63;

/// Labels of letters, digits and inner hyphens; the last one is no number. A dot may end it.
pub(in crate::validate) fn is_hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > HOSTNAME_MAX {
        return false;
    }
    let mut last_is_number = false;
    for label in text.split('.') {
        if !is_label(label) {
            return false;
        }
        last_is_number = label.bytes().all(|byte| byte.is_ascii_digit());
    }
    !last_is_number
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `host:port`, `[v6]:port`, and without a port where that is allowed.
pub(in crate::validate) fn is_host_and_port(text: &str, port: Port) -> bool {
    let optional = port == Port::Optional;
    if let Some(rest) = text.strip_prefix('[') {
        let Some((host, behind)) = rest.rsplit_once(']') else {
            return false;
        };
        return is_ip(host, Version::V6)
            && match behind.strip_prefix(':') {
                Some(port) => is_port(port),
                None => behind.is_empty() && optional,
            };
    }
    let is_host = |host: &str| is_hostname(host) || is_ip(host, Version::V4);
    match text.rsplit_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => optional && is_host(text),
    }
}

/// 0 to 65535, without zeros before it.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
        && text.parse::<u16>().is_ok()
}

/// As HTML's forms have it.
pub(in crate::validate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && local
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
        && domain.split('.').all(is_label)
}

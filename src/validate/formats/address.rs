//! Internet addresses and prefixes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Strict, Version};

/// An address; one of version 6 may name its zone, as `fe80::1%eth0`.
pub(in crate::validate) fn is_ip(text: &str, version: Version) -> bool {
    let is_v6 = || {
        let (address, zone) = match text.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (text, None),
        };
        v6(address).is_some() && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('\0'))
    };
    match version {
        Version::V4 => v4(text).is_some(),
        Version::V6 => is_v6(),
        Version::Any => v4(text).is_some() || is_v6(),
    }
}

/// An address and the length of its prefix, `10.0.0.0/8`; strict if nothing is behind the prefix.
pub(in crate::validate) fn is_ip_prefix(text: &str, version: Version, strict: Strict) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let (bits, width) = match version {
        Version::V4 => (v4(address), 32),
        Version::V6 => (v6(address), 128),
        Version::Any => match v4(address) {
            Some(bits) => (Some(bits), 32),
            None => (v6(address), 128),
        },
    };
    let (Some(bits), Some(length)) = (bits, prefix_length(length, width)) else {
        return false;
    };
    // The bits stand at the upper end, so that a mask needs no width.
    let mask = u128::MAX.checked_shr(length).unwrap_or(0);
    strict == Strict::No || bits & mask == 0
}

fn prefix_length(text: &str, width: u32) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (text.starts_with('0') && text != "0") {
        return None;
    }
    text.parse().ok().filter(|length| *length <= width)
}

fn v4(text: &str) -> Option<u128> {
    let address: Ipv4Addr = text.parse().ok()?;
    Some(u128::from(address.to_bits()) << 96)
}

pub(super) fn v6(text: &str) -> Option<u128> {
    let address: Ipv6Addr = text.parse().ok()?;
    Some(address.to_bits())
}

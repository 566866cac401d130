//! Who has a bucket, as something to hash: nothing is copied.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use super::By;
use crate::call::gate::Asked;
use crate::identity::Principal;
use crate::identity::principal::Kind;

/// The bits of an address of IPv6 that one client has not for itself.
const NETWORK: u128 = !0 << 64;

/// A call's key of a limit.
pub(super) struct Key<'a> {
    pub(super) by: &'a [By],
    pub(super) asked: &'a Asked<'a>,
    pub(super) principal: Option<&'a Principal>,
}

/// Each part has a number in front, so that no address is somebody's name.
impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for by in self.by {
            match by {
                By::Identity => match self.principal {
                    Some(principal) => {
                        // An issuer's word is its own: a key named `ada` is not the token's.
                        let Principal {
                            kind,
                            issuer,
                            subject,
                            ..
                        } = principal;
                        (1_u8, kind, issuer, subject).hash(state);
                    }
                    None => self.address().hash(state),
                },
                By::ApiKey => match self.principal {
                    Some(principal) if principal.kind == Kind::Key => {
                        (2_u8, &principal.subject).hash(state);
                    }
                    _ => self.address().hash(state),
                },
                By::Address => self.address().hash(state),
                By::Header(name) => match self.asked.headers.get(name) {
                    Some(value) => (3_u8, value.as_bytes()).hash(state),
                    None => self.address().hash(state),
                },
                By::Method => (4_u8, &self.asked.method.path).hash(state),
            }
        }
    }
}

impl Key<'_> {
    fn address(&self) -> (u8, IpAddr) {
        (0, network(self.asked.peer.address.ip()))
    }
}

/// The part of an address that one client has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

//! Which certificate a client gets, by the name that it asks for (SNI).
//!
//! Certificates are known by the hosts in them, `*.` for one label included. Where several have a name,
//! the first whose key the client can check is shown. A request on the connection may be for the hosts of
//! what was shown; one for a host of another certificate is misdirected.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Unknown;

/// Bytes of a name in DNS at most, with its dots.
const NAME_MAX: usize = 253;

/// Certificates by the names in them.
#[derive(Debug)]
pub(in crate::listener) struct Names {
    exact: HashMap<Box<str>, Vec<usize>>,
    /// By what comes after `*.`.
    wildcards: HashMap<Box<str>, Vec<usize>>,
    keys: Vec<Arc<CertifiedKey>>,
    unknown: Unknown,
}

impl Names {
    /// Certificates with the hosts in them, the one for everybody else first.
    pub(super) fn new<'n>(
        certificates: impl IntoIterator<Item = (Arc<CertifiedKey>, Vec<&'n str>)>,
        unknown: Unknown,
    ) -> Self {
        let mut names = Self {
            exact: HashMap::new(),
            wildcards: HashMap::new(),
            keys: Vec::new(),
            unknown,
        };
        for (index, (key, hosts)) in certificates.into_iter().enumerate() {
            for host in hosts {
                let (map, host) = match host.strip_prefix("*.") {
                    Some(parent) => (&mut names.wildcards, parent),
                    None => (&mut names.exact, host),
                };
                map.entry(host.into()).or_default().push(index);
            }
            names.keys.push(key);
        }
        names
    }

    /// The certificates that have a host, by their index.
    fn of(&self, host: &str) -> &[usize] {
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.len() > NAME_MAX {
            return &[];
        }
        let host = host.to_ascii_lowercase();
        let wildcard = || {
            let (_, parent) = host.split_once('.')?;
            self.wildcards.get(parent)
        };
        let found = self.exact.get(&*host).or_else(wildcard);
        found.map_or(&[], Vec::as_slice)
    }

    /// The certificates of which one is shown to a client that asks for this name.
    fn shown(&self, asked: Option<&str>) -> &[usize] {
        const FIRST: &[usize] = &[0];
        let known = asked.map_or(&[][..], |name| self.of(name));
        match self.unknown {
            _ if !known.is_empty() => known,
            Unknown::First => FIRST,
            Unknown::Refuse => &[],
        }
    }

    /// True if a request for this host is not for a connection on which that name was asked for: the
    /// host is another certificate's.
    pub(in crate::listener) fn is_misdirected(&self, asked: Option<&str>, host: &str) -> bool {
        let known = self.of(host);
        let shown = self.shown(asked);
        !known.is_empty() && !known.iter().any(|index| shown.contains(index))
    }

    /// Whether a certificate has a host.
    pub(super) fn has(&self, host: &str) -> bool {
        !self.of(host).is_empty()
    }

    /// With one certificate nothing can be misdirected.
    pub(super) fn are_of_several(&self) -> bool {
        self.keys.len() > 1
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown(hello.server_name());
        let keys = || shown.iter().filter_map(|index| self.keys.get(*index));
        let fits = |key: &&Arc<CertifiedKey>| {
            let scheme = key.key.choose_scheme(hello.signature_schemes());
            scheme.is_some()
        };
        keys().find(fits).or_else(|| keys().next()).cloned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;
    use crate::pem;

    fn names(certificates: &[&[&str]], unknown: Unknown) -> Names {
        let made = generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
        let chain = pem::certificates(made.cert.pem().as_bytes()).unwrap();
        let key = pem::private_key(made.signing_key.serialize_pem().as_bytes()).unwrap();
        let key = Arc::new(pem::identity(chain, key, &pem::provider()).unwrap());
        let all = certificates
            .iter()
            .map(|hosts| (Arc::clone(&key), hosts.to_vec()));
        Names::new(all, unknown)
    }

    const THREE: &[&[&str]] = &[
        &["default.example"],
        &["a.example", "*.a.example"],
        &["b.example", "www.a.example", "a.example"],
    ];

    #[test]
    fn a_name_is_found_exactly_or_by_one_label_else_the_first_counts() {
        let names = names(THREE, Unknown::First);
        for (asked, shown) in [
            (None, &[0][..]),
            (Some("default.example"), &[0]),
            (Some("a.example"), &[1, 2]),
            (Some("A.Example."), &[1, 2]),
            (Some("x.a.example"), &[1]),
            (Some("www.a.example"), &[2]),
            (Some("x.y.a.example"), &[0]),
            (Some(".a.example"), &[1]),
            (Some("*.a.example"), &[1]),
            (Some("b.example"), &[2]),
            (Some("x.b.example"), &[0]),
            (Some("example"), &[0]),
            (Some(""), &[0]),
            (Some(&"x.".repeat(200)), &[0]),
        ] {
            assert_eq!(names.shown(asked), shown, "{asked:?}");
        }
    }

    #[test]
    fn a_name_that_no_certificate_has_can_be_refused() {
        let names = names(THREE, Unknown::Refuse);
        assert_eq!(names.shown(None), &[] as &[usize]);
        assert_eq!(names.shown(Some("c.example")), &[] as &[usize]);
        assert_eq!(names.shown(Some("default.example")), [0]);
    }

    #[test]
    fn only_a_host_of_another_certificate_is_misdirected() {
        let names = names(THREE, Unknown::First);
        for (asked, host, is_misdirected) in [
            (Some("a.example"), "a.example", false),
            (Some("a.example"), "x.a.example", false),
            (Some("a.example"), "www.a.example", false),
            (Some("x.a.example"), "www.a.example", true),
            (Some("x.a.example"), "b.example", true),
            (Some("b.example"), "A.EXAMPLE", false),
            (Some("a.example"), "default.example", true),
            (None, "b.example", true),
            (None, "default.example", false),
            (None, "127.0.0.1", false),
            (Some("a.example"), "nobody.example", false),
        ] {
            let found = names.is_misdirected(asked, host);
            assert_eq!(found, is_misdirected, "{asked:?} {host}");
        }
    }
}

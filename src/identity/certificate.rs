//! Who a client certificate is of, by the alternative names in it. That the certificate is good the TLS
//! listener has checked; its common name counts for nothing.

use serde_json::{Map, Value};

use super::principal::{Kind, Principal, Scopes};
use super::spiffe::{SpiffeError, SpiffeId};
use crate::pem::Name;

/// Names of a certificate at most.
pub const NAMES_MAX: usize = 100;

/// Bytes of a name at most.
pub const NAME_BYTES_MAX: usize = 2048;

/// A certificate that says not who it is of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Nothing to go by.
    #[error("found no URI, DNS name or e-mail address among the certificate's alternative names")]
    NoName,
    /// More than anybody needs.
    #[error("found {0} alternative names in the certificate, expected at most {NAMES_MAX}")]
    TooMany(usize),
    /// No name of a caller.
    #[error(
        "found an alternative name of {0} bytes, or with characters that do not print, expected at most {NAME_BYTES_MAX} of printable ASCII"
    )]
    Unfit(usize),
    /// A certificate with a SPIFFE id has that one URI (X509-SVID, 2).
    #[error("found {0} URIs in a certificate with a SPIFFE id, expected that one alone")]
    SeveralUris(usize),
    /// A SPIFFE id that is none.
    #[error(transparent)]
    Spiffe(#[from] SpiffeError),
}

/// The caller of a certificate with these names: its SPIFFE id, or else its first URI, or else its first
/// host, or else its first mailbox. All of them are claims: `uri`, `dns`, `email`.
///
/// # Errors
/// Nobody, or nobody in particular.
pub fn principal(names: &[Name], not_after: u64) -> Result<Principal, CertificateError> {
    if names.len() > NAMES_MAX {
        return Err(CertificateError::TooMany(names.len()));
    }
    for name in names {
        let (Name::Uri(text) | Name::Dns(text) | Name::Email(text)) = name;
        if text.is_empty()
            || text.len() > NAME_BYTES_MAX
            || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(CertificateError::Unfit(text.len()));
        }
    }
    let of = |pick: fn(&Name) -> Option<&String>| names.iter().filter_map(pick).collect::<Vec<_>>();
    let uris = of(|name| {
        if let Name::Uri(text) = name {
            Some(text)
        } else {
            None
        }
    });
    let hosts = of(|name| {
        if let Name::Dns(text) = name {
            Some(text)
        } else {
            None
        }
    });
    let mailboxes = of(|name| {
        if let Name::Email(text) = name {
            Some(text)
        } else {
            None
        }
    });

    let is_spiffe = |uri: &&String| {
        uri.get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("spiffe:"))
    };
    let mut issuer = String::new();
    if uris.iter().any(is_spiffe) {
        let [uri] = uris[..] else {
            return Err(CertificateError::SeveralUris(uris.len()));
        };
        SpiffeId::parse(uri)?.trust_domain().clone_into(&mut issuer);
    }
    let subject = uris.first().or(hosts.first()).or(mailboxes.first());
    let subject = subject.ok_or(CertificateError::NoName)?.as_str().into();
    let claims = [("uri", uris), ("dns", hosts), ("email", mailboxes)];
    let claims = claims.into_iter().filter(|(_, texts)| !texts.is_empty());
    let claims = claims.map(|(name, texts)| {
        (
            name.to_owned(),
            Value::from_iter(texts.into_iter().cloned()),
        )
    });
    Ok(Principal {
        kind: Kind::Certificate,
        issuer: issuer.into(),
        subject: Some(subject),
        audience: vec![],
        scopes: Scopes::default(),
        claims: Map::from_iter(claims),
        expires_at: Some(not_after),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn uri(text: &str) -> Name {
        Name::Uri(text.to_owned())
    }

    fn dns(text: &str) -> Name {
        Name::Dns(text.to_owned())
    }

    fn email(text: &str) -> Name {
        Name::Email(text.to_owned())
    }

    #[test]
    fn the_most_telling_name_is_the_subject() {
        for (names, issuer, subject) in [
            (
                vec![dns("a.example"), uri("spiffe://example.org/a")],
                "example.org",
                "spiffe://example.org/a",
            ),
            (
                vec![
                    email("a@b"),
                    dns("a.example"),
                    uri("https://a/b"),
                    uri("https://c"),
                ],
                "",
                "https://a/b",
            ),
            (
                vec![email("a@b"), dns("a.example"), dns("b.example")],
                "",
                "a.example",
            ),
            (vec![email("a@b")], "", "a@b"),
        ] {
            let principal = principal(&names, 7).unwrap();
            assert_eq!(
                (&*principal.issuer, principal.subject.as_deref()),
                (issuer, Some(subject))
            );
            assert_eq!(
                (principal.kind, principal.expires_at),
                (Kind::Certificate, Some(7))
            );
        }
        let claims = principal(&[dns("a"), email("b"), dns("c")], 0)
            .unwrap()
            .claims;
        assert_eq!(
            Value::Object(claims),
            json!({"dns": ["a", "c"], "email": ["b"]})
        );
    }

    #[test]
    fn a_certificate_that_is_of_nobody_in_particular_is_refused() {
        let two = [uri("spiffe://a/b"), uri("spiffe://a/c")];
        assert_eq!(
            principal(&two, 0).unwrap_err(),
            CertificateError::SeveralUris(2)
        );
        let beside = [uri("https://a"), uri("SPIFFE://a/c")];
        assert_eq!(
            principal(&beside, 0).unwrap_err(),
            CertificateError::SeveralUris(2)
        );
        assert!(matches!(
            principal(&[uri("Spiffe://a/b")], 0),
            Err(CertificateError::Spiffe(_))
        ));
        assert!(matches!(
            principal(&[uri("spiffe://a/../b")], 0),
            Err(CertificateError::Spiffe(_))
        ));
        assert_eq!(principal(&[], 0).unwrap_err(), CertificateError::NoName);
        for text in ["", "a\0.evil", "a b", "é", &"x".repeat(2049)] {
            assert_eq!(
                principal(&[dns(text)], 0).unwrap_err(),
                CertificateError::Unfit(text.len())
            );
        }
        assert_eq!(
            principal(&vec![dns("a"); 101], 0).unwrap_err(),
            CertificateError::TooMany(101)
        );
    }
}

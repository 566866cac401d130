//! PEM: certificates and keys out of texts, and what is said of texts that are none.
//!
//! What is read here can be used: certificates are X.509, a key is one that *ring* takes, and an
//! [`identity`]'s key is that of its certificate. Whoever asks says whose text it was.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _, SectionKind};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

mod expiry;
mod x509;

pub use expiry::{InUse, now, tell_of};
pub use x509::{Facts, Name, utc};

/// How an encrypted key shows in PEM: PKCS #8's own label, and the header of older forms.
const ENCRYPTED: [&[u8]; 2] = [
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
    b"Proc-Type: 4,ENCRYPTED",
];

/// Why a text is not what it should be: what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct PemError(Wrong);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Wrong {
    #[error("found {found}, expected {expected} in PEM")]
    Absent {
        found: &'static str,
        expected: &'static str,
    },
    #[error("found {0}, expected PEM")]
    Broken(&'static str),
    #[error("found {0} private keys, expected one")]
    Several(usize),
    #[error("found an encrypted private key, expected one without a passphrase")]
    Encrypted,
    #[error(
        "found a private key that cannot be used, expected RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519"
    )]
    Unusable,
    #[error(
        "found the private key of another certificate, expected that of the first one in the chain"
    )]
    Mismatch,
    #[error("found a certificate that cannot be read (number {0}), expected X.509 version 3")]
    Unreadable(usize),
    #[error(
        "found a list of revoked certificates of version 1 (number {0}), expected X.509 version 2; its authority \
         has to make it anew: `openssl ca -gencrl` does where its configuration has `crl_extensions` and `crlnumber`"
    )]
    FirstVersion(usize),
    #[error("found a certificate that is good from {from} to {to}, expected one that is good now")]
    Over { from: String, to: String },
}

/// What a text is to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    Key,
    Revoked,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "a certificate",
            Self::Key => "a private key",
            Self::Revoked => "a list of revoked certificates",
        }
    }

    const fn nothing(self) -> &'static str {
        match self {
            Self::Certificate => "no certificate",
            Self::Key => "no private key",
            Self::Revoked => "no list of revoked certificates",
        }
    }
}

/// The provider of ciphers: named, because rustls does not guess where several are linked.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates of a text, at least one.
///
/// # Errors
/// There is none, or one that cannot be read.
pub fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let sections = sections(text)?;
    let certificates: Vec<_> = sections
        .iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der.clone()))
        .collect();
    if certificates.is_empty() {
        return Err(absent(&sections, Kind::Certificate));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        ParsedCertificate::try_from(certificate)
            .map_err(|_| PemError(Wrong::Unreadable(index + 1)))?;
    }
    Ok(certificates)
}

/// The authorities of a text, at least one.
///
/// # Errors
/// Those of [`certificates`].
pub fn authorities(text: &[u8]) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for (index, authority) in certificates(text)?.into_iter().enumerate() {
        roots
            .add(authority)
            .map_err(|_| PemError(Wrong::Unreadable(index + 1)))?;
    }
    Ok(roots)
}

/// The lists of revoked certificates in a text, at least one. Whether they can be read otherwise is found
/// by who uses them.
///
/// # Errors
/// There is none, or one of version 1.
pub fn revoked(text: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, PemError> {
    let sections = sections(text)?;
    let lists: Vec<_> = sections
        .iter()
        .filter(|(kind, _)| *kind == SectionKind::Crl)
        .map(|(_, der)| CertificateRevocationListDer::from(der.clone()))
        .collect();
    if lists.is_empty() {
        return Err(absent(&sections, Kind::Revoked));
    }
    if let Some(index) = lists.iter().position(|list| x509::is_first_version(list)) {
        return Err(PemError(Wrong::FirstVersion(index + 1)));
    }
    Ok(lists)
}

/// What stands in the first certificate of a chain.
///
/// # Errors
/// It cannot be read.
pub fn facts(chain: &[CertificateDer<'_>]) -> Result<Facts, PemError> {
    let facts = chain.first().and_then(|own| Facts::of(own));
    facts.ok_or(PemError(Wrong::Unreadable(1)))
}

/// Looks whether a certificate is good now, in seconds since 1970.
///
/// # Errors
/// It is not good yet, or any more.
pub fn in_force(facts: &Facts, now: u64) -> Result<(), PemError> {
    if (facts.not_before..=facts.not_after).contains(&now) {
        return Ok(());
    }
    Err(PemError(Wrong::Over {
        from: utc(facts.not_before),
        to: utc(facts.not_after),
    }))
}

/// The one private key of a text.
///
/// # Errors
/// There is none, or more than one, or it is encrypted.
pub fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, PemError> {
    let has = |mark: &&[u8]| text.windows(mark.len()).any(|window| window == *mark);
    if ENCRYPTED.iter().any(has) {
        return Err(PemError(Wrong::Encrypted));
    }
    let sections = sections(text)?;
    let mut keys: Vec<_> = sections
        .iter()
        .filter_map(|(kind, der)| PrivateKeyDer::from_pem(*kind, der.clone()))
        .collect();
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), more) => Err(PemError(Wrong::Several(more + 1))),
        (None, _) => Err(absent(&sections, Kind::Key)),
    }
}

/// A chain, its own certificate first, with the key of that one.
///
/// # Errors
/// The key is no use, or another certificate's.
pub fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, PemError> {
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        use rustls::{Error, InconsistentKeys};
        PemError(match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Wrong::Mismatch,
            _ => Wrong::Unusable,
        })
    })
}

type Section = (SectionKind, Vec<u8>);

fn sections(text: &[u8]) -> Result<Vec<Section>, PemError> {
    let sections: Result<Vec<Section>, pem::Error> = Section::pem_slice_iter(text).collect();
    sections.map_err(|error| {
        PemError(Wrong::Broken(match error {
            pem::Error::MissingSectionEnd { .. } => "a section without its `-----END` line",
            pem::Error::IllegalSectionStart { .. } => {
                "a `-----BEGIN` line without the dashes at its end"
            }
            pem::Error::Base64Decode(_) => "a section that is not base64",
            _ => "a section that cannot be read",
        }))
    })
}

/// What is there in place of what is missing: files are easily taken for each other.
fn absent(sections: &[Section], kind: Kind) -> PemError {
    let nothing = kind.nothing();
    let found = sections.first().map_or(nothing, |(kind, _)| match kind {
        SectionKind::Certificate => "a certificate",
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
            "a private key"
        }
        SectionKind::PublicKey => "a public key",
        SectionKind::Csr => "a request for a certificate",
        SectionKind::Crl => "a list of revoked certificates",
        _ => nothing,
    });
    let expected = if found == nothing { "one" } else { kind.name() };
    PemError(Wrong::Absent { found, expected })
}

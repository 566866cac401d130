//! Why a token is refused: words for operators, never with the token or what it says of its subject.

use crate::identity::algorithm::Algorithm;
use crate::identity::shown::Shown;

/// Part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Header,
    /// The second.
    Claims,
    /// The third.
    Signature,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        }
    }
}

/// A token that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long.
    #[error("found a token of {found} bytes, expected at most {most}")]
    TooLong {
        /// Its bytes.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// Not three parts; five are an encrypted token, which is not read.
    #[error("found a token of {0} parts, expected 3 with dots between them")]
    Parts(usize),
    /// Not base64url.
    #[error("found a token whose {} is not base64url without padding", .0.name())]
    Encoding(Part),
    /// Not an object.
    #[error("found a token whose {} is no JSON object with each name once", .0.name())]
    Object(Part),
    /// Nothing is said of the signature.
    #[error("found no alg in the token's header")]
    NoAlgorithm,
    /// Signed in a way that the issuer does not sign.
    #[error("found alg {found}, expected one of {expected}")]
    Algorithm {
        /// The one of the header.
        found: Shown,
        /// The issuer's.
        expected: String,
    },
    /// A name of the header with a value of another type.
    #[error("found {found} as the header's {name}, expected a string")]
    HeaderType {
        /// Which.
        name: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// Extensions that would have to be understood.
    #[error("found crit in the token's header, expected none: no extension is understood here")]
    Critical,
    /// Another kind of token.
    #[error("found typ {found}, expected {expected}")]
    Typ {
        /// The header's, or nothing.
        found: Shown,
        /// The issuer's.
        expected: Shown,
    },
    /// Nobody who is trusted, or not the one asked.
    #[error("found iss {0}, expected an issuer that is configured")]
    Issuer(Shown),
    /// There are no keys yet, or only too old ones.
    #[error("found no keys of the token's issuer: none could be fetched yet, or not for too long")]
    NoKeys,
    /// None of the issuer's keys.
    #[error("found no key with kid {} for {algorithm} among the issuer's", or_none(.kid.as_ref()))]
    UnknownKey {
        /// What the header says.
        kid: Option<Shown>,
        /// How it is signed.
        algorithm: Algorithm,
    },
    /// More than one that could be it.
    #[error("found no kid in the token's header, but several keys for {0}: expected a kid")]
    SeveralKeys(Algorithm),
    /// Not made by the key's owner, or changed since.
    #[error("found a signature that the key with kid {} has not made by {algorithm}", or_none(.kid.as_ref()))]
    Signature {
        /// Of the key.
        kid: Option<Shown>,
        /// How it was checked.
        algorithm: Algorithm,
    },
    /// A claim that has to be there.
    #[error("found no claim {0}, which every token needs")]
    Missing(&'static str),
    /// A claim with a value of another type.
    #[error("found {found} as the claim {name}, expected {expected}")]
    ClaimType {
        /// Which.
        name: &'static str,
        /// What is there.
        found: &'static str,
        /// What should be.
        expected: &'static str,
    },
    /// Over.
    #[error("found a token that expired at {exp}, it is {now} (leeway {leeway} seconds)")]
    Expired {
        /// Its end, in seconds since the epoch.
        exp: u64,
        /// Now.
        now: u64,
        /// Seconds that were allowed for.
        leeway: u64,
    },
    /// Not begun.
    #[error("found a token that counts from {nbf} on, it is {now} (leeway {leeway} seconds)")]
    NotYet {
        /// Its begin.
        nbf: u64,
        /// Now.
        now: u64,
        /// Seconds that were allowed for.
        leeway: u64,
    },
    /// Made later than now.
    #[error("found a token that was issued at {iat}, it is {now} (leeway {leeway} seconds)")]
    FromTheFuture {
        /// When it was made.
        iat: u64,
        /// Now.
        now: u64,
        /// Seconds that were allowed for.
        leeway: u64,
    },
    /// It lives too long.
    #[error("found a token that lives for {found} seconds, expected at most {most}")]
    Lifetime {
        /// How long.
        found: u64,
        /// How long it may.
        most: u64,
    },
    /// For others.
    #[error("found aud {found}, expected one of {expected}")]
    Audience {
        /// Whom it is for.
        found: Shown,
        /// Who we are.
        expected: Shown,
    },
}

impl TokenError {
    /// Whether newer keys of the issuer might help.
    #[must_use]
    pub const fn asks_for_keys(&self) -> bool {
        matches!(self, Self::UnknownKey { .. } | Self::NoKeys)
    }

    /// Whether the token may be good, and only nobody can say so now: the client should come again, and not
    /// look for another token.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::NoKeys)
    }

    /// In metrics, and as the reason in a log.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Parts(_) | Self::Encoding(_) | Self::Object(_) | Self::HeaderType { .. } => {
                "malformed"
            }
            Self::NoAlgorithm | Self::Algorithm { .. } => "algorithm",
            Self::Critical => "critical",
            Self::Typ { .. } => "typ",
            Self::Issuer(_) => "issuer",
            Self::NoKeys => "no_keys",
            Self::UnknownKey { .. } | Self::SeveralKeys(_) => "unknown_key",
            Self::Signature { .. } => "signature",
            Self::Missing(_) | Self::ClaimType { .. } => "claim",
            Self::Expired { .. } => "expired",
            Self::NotYet { .. } | Self::FromTheFuture { .. } => "not_yet",
            Self::Lifetime { .. } => "lifetime",
            Self::Audience { .. } => "audience",
        }
    }
}

fn or_none(kid: Option<&Shown>) -> String {
    kid.map_or_else(|| "none".to_owned(), ToString::to_string)
}

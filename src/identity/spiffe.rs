//! SPIFFE ids: `spiffe://trust-domain/path`, read as strictly as their specification writes them.

use std::fmt;

use super::shown::Shown;

/// In front of every id. Written so and in no other way.
const SCHEME: &str = "spiffe://";

/// Bytes of an id at most (SPIFFE-ID, 2.3).
pub const ID_BYTES_MAX: usize = 2048;

/// Bytes of a trust domain at most (SPIFFE-ID, 2.3).
pub const TRUST_DOMAIN_BYTES_MAX: usize = 255;

/// Who a workload is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    /// The whole id.
    text: Box<str>,
    /// Where the path begins.
    path: usize,
}

/// A text that is no SPIFFE id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpiffeError {
    /// Another URI.
    #[error("found {0}, expected spiffe://")]
    Scheme(Shown),
    /// Longer than anybody has to take.
    #[error(
        "found a SPIFFE id of {0} bytes, expected at most {ID_BYTES_MAX}, with a trust domain of at most {TRUST_DOMAIN_BYTES_MAX}"
    )]
    TooLong(usize),
    /// Not a trust domain: a port, a user, a capital letter.
    #[error("found the trust domain {0}, expected lower-case letters, digits and -._")]
    TrustDomain(Shown),
    /// Not a path: an empty part, a dot for one, a query, an escape.
    #[error(
        "found the path {0}, expected parts of letters, digits and -._, none empty or of dots alone"
    )]
    Path(Shown),
}

impl SpiffeId {
    /// Reads an id. Nothing is made right: what is written otherwise is another id, or none.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, SpiffeError> {
        if text.len() > ID_BYTES_MAX {
            return Err(SpiffeError::TooLong(text.len()));
        }
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| SpiffeError::Scheme(Shown::of(text)))?;
        let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        check_trust_domain(domain)?;
        let is_part = |part: &str| {
            let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !matches!(part, "" | "." | "..") && part.bytes().all(is_fit)
        };
        if let Some(parts) = path.strip_prefix('/')
            && !parts.split('/').all(is_part)
        {
            return Err(SpiffeError::Path(Shown::of(path)));
        }
        Ok(Self {
            text: text.into(),
            path: SCHEME.len() + domain.len(),
        })
    }

    /// Who vouches for it.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        self.text.get(SCHEME.len()..self.path).unwrap_or_default()
    }

    /// Who it is there; empty for the trust domain itself.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }

    /// The whole.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Which ids a rule means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All workloads of a trust domain.
    TrustDomain(Box<str>),
    /// This one.
    Exact(SpiffeId),
}

impl Pattern {
    /// Reads a pattern: a trust domain's own id, with or without the scheme, means all that is in it.
    ///
    /// # Errors
    /// It is neither an id nor a trust domain.
    pub fn parse(text: &str) -> Result<Self, SpiffeError> {
        if !text.starts_with(SCHEME) {
            check_trust_domain(text)?;
            return Ok(Self::TrustDomain(text.into()));
        }
        let id = SpiffeId::parse(text)?;
        Ok(if id.path().is_empty() {
            Self::TrustDomain(id.trust_domain().into())
        } else {
            Self::Exact(id)
        })
    }

    /// Whether this id is meant.
    #[must_use]
    pub fn matches(&self, id: &SpiffeId) -> bool {
        match self {
            Self::TrustDomain(domain) => id.trust_domain() == &**domain,
            Self::Exact(exact) => exact == id,
        }
    }
}

fn check_trust_domain(domain: &str) -> Result<(), SpiffeError> {
    if domain.len() > TRUST_DOMAIN_BYTES_MAX {
        return Err(SpiffeError::TooLong(domain.len()));
    }
    let is_fit =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    if domain.is_empty() || !domain.bytes().all(is_fit) {
        return Err(SpiffeError::TrustDomain(Shown::of(domain)));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_is_a_trust_domain_and_a_path() {
        for (text, domain, path) in [
            ("spiffe://example.org", "example.org", ""),
            (
                "spiffe://example.org/ns/a/sa/B_c-d.e",
                "example.org",
                "/ns/a/sa/B_c-d.e",
            ),
            ("spiffe://1_2-3/...", "1_2-3", "/..."),
        ] {
            let id = SpiffeId::parse(text).unwrap();
            assert_eq!(
                (id.trust_domain(), id.path(), id.as_str()),
                (domain, path, text)
            );
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_id() {
        for text in [
            "",
            "spiffe:/a/b",
            "SPIFFE://a/b",
            "https://a/b",
            " spiffe://a",
            "spiffe://",
            "spiffe:///b",
            "spiffe://A/b",
            "spiffe://a:1/b",
            "spiffe://u@a/b",
            "spiffe://[::1]/b",
            "spiffe://a%41/b",
            "spiffe://a/",
            "spiffe://a//b",
            "spiffe://a/b/",
            "spiffe://a/./b",
            "spiffe://a/../b",
            "spiffe://a/%62",
            "spiffe://a/b?c",
            "spiffe://a/b#c",
            "spiffe://a?c",
            "spiffe://a/b\n",
            "spiffe://a/é",
        ] {
            assert!(SpiffeId::parse(text).is_err(), "{text}");
        }
        assert!(SpiffeId::parse(&format!("spiffe://a/{}", "b".repeat(ID_BYTES_MAX))).is_err());
        assert!(SpiffeId::parse(&format!("spiffe://{}", "b".repeat(256))).is_err());
        assert!(SpiffeId::parse(&format!("spiffe://{}", "b".repeat(255))).is_ok());
    }

    #[test]
    fn a_pattern_means_a_trust_domain_or_one_id() {
        let id = |text| SpiffeId::parse(text).unwrap();
        for (pattern, text, matches) in [
            ("example.org", "spiffe://example.org/a", true),
            ("spiffe://example.org", "spiffe://example.org/a", true),
            ("example.org", "spiffe://example.org.evil/a", false),
            ("example.org", "spiffe://sub.example.org/a", false),
            ("spiffe://example.org/a", "spiffe://example.org/a", true),
            ("spiffe://example.org/a", "spiffe://example.org/A", false),
            ("spiffe://example.org/a", "spiffe://example.org/a/b", false),
        ] {
            assert_eq!(
                Pattern::parse(pattern).unwrap().matches(&id(text)),
                matches,
                "{pattern} {text}"
            );
        }
        assert!(Pattern::parse("*").is_err() && Pattern::parse("spiffe://a/*").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}", path in "[a-z./%]{0,12}") {
            let _ = SpiffeId::parse(&text);
            if let Ok(id) = SpiffeId::parse(&format!("spiffe://a{path}")) {
                prop_assert_eq!(format!("spiffe://{}{}", id.trust_domain(), id.path()), id.as_str());
                prop_assert!(!id.path().contains("//") && !id.path().ends_with('/'));
            }
        }
    }
}

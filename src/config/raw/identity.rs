//! Who calls: issuers of tokens, API keys, certificates.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::{Count, Span};
use crate::identity::{cache, issuer, refresh};

section! {
    /// Who calls: tokens, API keys and client certificates. What is shown and wrong is refused, and with this
    /// section whoever shows nothing is refused too, unless `policy` has access rules that let it pass.
    Identity "a mapping of `identity` keys" {
        /// Issuers of signed tokens (JWT).
        issuers: Vec<Key<Issuer>> = Vec::new();
        /// API keys in a file.
        api_keys: ApiKeys = ApiKeys::default();
        /// Tokens that only their issuer can read, which is asked (RFC 7662).
        introspection: Introspection = Introspection::default();
        /// A cookie with a token, which pages of this gateway's own origin may use, and of those in `origins`.
        cookie: Cookie = Cookie::default();
        /// Metadata that backends get of the caller, by name: `subject`, `issuer`, `scopes`, `kind` or
        /// `claim:PATH`. What clients send by these names never passes.
        metadata: BTreeMap<String, String> = BTreeMap::new();
        /// Whether backends see the token or key too.
        forward: bool = false;
        /// Authorities (PEM) that are trusted when issuers are asked. Absent: those of the system.
        ca: PathBuf = PathBuf::new();
        /// Tokens that are remembered at most, once they were found good.
        cached_tokens: Count = Count::of(cache::CAPACITY);
        /// How long they are at most.
        cached_for: Span = Span(cache::TTL);
    }
}

/// An issuer of signed tokens: exactly one of `jwks_url`, `jwks_file` and `secret_file`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of an issuer's keys"
)]
#[schemars(extend("required" = ["issuer", "audiences"]))]
pub(in crate::config) struct Issuer {
    /// The `iss` of its tokens, to the letter.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) issuer: Key<String>,
    /// The gateway's names: one of them has to be in a token's `aud`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) audiences: Key<Vec<String>>,
    /// Where it tells its public keys. `https`, or a loopback address.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) jwks_url: Key<String>,
    /// A file with its public keys (JWKS), which is watched.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) jwks_file: Key<PathBuf>,
    /// A file with the secret that it shares with the gateway, for HS256, HS384 and HS512.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) secret_file: Key<PathBuf>,
    /// Algorithms that it signs with. Absent: all with public keys, or with a secret all of those.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) algorithms: Key<Vec<String>>,
    /// By how much clocks may differ, a minute at most.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(std::time::Duration::from_secs(issuer::LEEWAY_MAX)))))]
    pub(in crate::config) leeway: Key<Span>,
    /// The `typ` that tokens need to have, such as `at+jwt`. Absent: any.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) typ: Key<String>,
    /// How long a token may live. Absent: as long as it says.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) max_lifetime: Key<Span>,
    /// How long its keys are as good as new.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(refresh::Settings::default().ttl))))]
    pub(in crate::config) refresh: Key<Span>,
    /// How long keys count that could not be fetched again.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(refresh::Settings::default().stale_max))))]
    pub(in crate::config) stale: Key<Span>,
}

section! {
    /// API keys.
    ApiKeys "a mapping of `api_keys` keys" {
        /// The file: a line for each key, with its hash, a name and scopes. It is watched.
        file: PathBuf = PathBuf::new();
        /// The header in which clients send them.
        header: String = "x-api-key".to_owned();
    }
}

section! {
    /// Tokens that only their issuer can read.
    Introspection "a mapping of `introspection` keys" {
        /// Who is asked. `https`, or a loopback address.
        url: String = String::new();
        /// The gateway's name there.
        client_id: String = String::new();
        /// A file with its password.
        client_secret_file: PathBuf = PathBuf::new();
        /// The `iss` of the tokens.
        issuer: String = String::new();
        /// One of them has to be in `aud`. Empty: whoever is asked decides whom a token is for.
        audiences: Vec<String> = Vec::new();
        /// How long an answer is relied on.
        cached_for: Span = Span(std::time::Duration::from_secs(60));
        /// How long an answer is waited for.
        timeout: Span = Span(std::time::Duration::from_secs(2));
    }
}

section! {
    /// A cookie with a token.
    Cookie "a mapping of `cookie` keys" {
        /// Its name. Empty: tokens in cookies are no tokens.
        name: String = String::new();
        /// Origins whose pages may use it, besides the gateway's own.
        origins: Vec<String> = Vec::new();
    }
}

//! The section `retries` of an upstream: which calls are made again, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::key::Key;
use super::super::section::Section;
use crate::call::Code;
use crate::config::units::{Count, Span};
use crate::upstream::retry::{Delays, Policy};

/// Which calls are made again. Calls that no backend has looked at always are, and no call that may have
/// had an effect, unless its method is marked idempotent or a rule names it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of `retries` keys"
)]
pub(in crate::config) struct Retries {
    /// Methods that are marked idempotent (`idempotency_level`): how their calls are made again.
    pub(in crate::config) idempotent: Retry,
    /// Methods by name. The first rule that selects a method counts.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) methods: Key<Vec<MethodRetry>>,
    /// Tokens for retries (gRFC A6): a failure takes one, and with half of them nothing is retried.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(TOKENS)))]
    pub(in crate::config) max_tokens: Key<f64>,
    /// What part of a token a success gives back.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(RATIO)))]
    pub(in crate::config) token_ratio: Key<f64>,
}

/// Tokens, unless configured: as in [`crate::upstream::retry::Throttling`].
pub(in crate::config) const TOKENS: f64 = 100.0;

/// Likewise.
pub(in crate::config) const RATIO: f64 = 0.1;

section! {
    /// How calls are made again.
    Retry "a mapping of retry keys" {
        /// How often a call is made in all, up to 5; 1 makes it once.
        attempts: Count = Count(Policy::default().max_attempts.get());
        /// The pause before the second attempt; a fifth of each pause is random, both ways.
        initial_backoff: Span = Span(Delays::default().initial());
        /// The longest pause.
        max_backoff: Span = Span(Delays::default().max());
        /// How much longer each pause is than the one before.
        multiplier: f64 = Delays::default().multiplier();
        /// After which codes, such as `UNAVAILABLE`.
        codes: Vec<CodeName> = Policy::default().codes.iter().map(CodeName).collect();
    }
}

/// A rule for some methods: `retry`, or `hedge`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `selector` and one of the keys `retry` and `hedge`"
)]
pub(in crate::config) struct MethodRetry {
    /// `pkg.Service.Method`, `pkg.Service.*`, `pkg.*` or `*`. `*` is not the name of a method: idempotent
    /// ones alone are meant then.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) selector: Key<String>,
    /// A call that failed is made again.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) retry: Key<Retry>,
    /// A call is made again before it failed; only of methods that are marked idempotent and take one
    /// message.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) hedge: Key<Hedge>,
}

section! {
    /// Attempts side by side: the first that is answered counts.
    Hedge "a mapping of `hedge` keys" {
        /// How often a call is made in all, up to 5.
        attempts: Count = Count(2);
        /// How long after an attempt the next one is made.
        delay: Span = Span(std::time::Duration::from_millis(100));
        /// Codes after which the other attempts may still do better.
        non_fatal: Vec<CodeName> = vec![CodeName(Code::Unavailable)];
    }
}

/// The name of a status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) struct CodeName(pub(in crate::config) Code);

impl std::str::FromStr for CodeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Code::ALL.into_iter();
        let found = all.find(|code| code.name().eq_ignore_ascii_case(text) && *code != Code::Ok);
        found.map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            format!("found `{shown}`, expected the name of a status code, such as `UNAVAILABLE`")
        })
    }
}

impl Serialize for CodeName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for CodeName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for CodeName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CodeName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let all = Code::ALL.into_iter().filter(|code| *code != Code::Ok);
        let names: Vec<_> = all.map(Code::name).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

//! What stands before calls, as a list of steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::upstream::UpstreamTls;
use crate::config::units::{Count, Span};
use crate::policy::{access, ext_authz, failure, global_limits, limits};

/// One step: exactly one of the keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with one of the keys `identify`, `access`, `rate_limits`, `concurrency`, `global_rate_limits` and `ext_authz`"
)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(in crate::config) struct PolicyStep {
    /// Who calls is found out here. Absent from the list: before all steps.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) identify: Key<Nothing>,
    /// Who may call what. Whatever no rule allows is refused.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) access: Key<Access>,
    /// Rate limits of this gateway alone.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) rate_limits: Key<Vec<Key<RateLimit>>>,
    /// How many calls may run at once.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) concurrency: Key<Vec<Key<Ceiling>>>,
    /// Rate limits that all gateways share: a server of Envoy's rate-limit protocol is asked.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) global_rate_limits: Key<GlobalRateLimits>,
    /// A server of Envoy's authorization protocol is asked.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) ext_authz: Key<ExtAuthz>,
}

/// A step that has no keys; what it does stands elsewhere.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, expecting = "`{}`, since it has no keys")]
pub(in crate::config) struct Nothing {}

/// Who may call what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of `access` keys")]
pub(in crate::config) struct Access {
    /// `dry_run`: what would be refused passes, and is logged and counted.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Mode::Enforced))]
    pub(in crate::config) mode: Key<Mode>,
    /// The first that matches decides.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) rules: Key<Vec<Key<Rule>>>,
}

choice! {
    /// Whether rules count.
    Mode for access::Mode {
        /// They do.
        Enforced = Enforced,
        /// They are tried.
        DryRun = DryRun,
    }
}

/// A rule.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of a rule's keys")]
#[schemars(extend("required" = ["effect"]))]
pub(in crate::config) struct Rule {
    /// Its name in logs and metrics. Absent: its place in the list.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) name: Key<String>,
    /// Methods by name: `pkg.Service.Method`, `pkg.Service.*`, `pkg.*`. Absent: all.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) methods: Key<Vec<Key<String>>>,
    /// What becomes of a call: `allow` for callers that are known, `public` for everybody, `deny`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) effect: Key<Effect>,
    /// What has to be true. Absent: nothing.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) when: Key<When>,
}

choice! {
    /// What becomes of a call.
    Effect for access::Effect {
        /// Callers that are known pass.
        Allow = Allow,
        /// Everybody passes.
        Public = AllowPublic,
        /// Nobody passes.
        Deny = Deny,
    }
}

/// Conditions, all of which have to hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a mapping of conditions")]
pub(in crate::config) struct When {
    /// The caller has all of these scopes.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) scopes: Key<Vec<String>>,
    /// The caller has one of these scopes.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) any_scope: Key<Vec<String>>,
    /// Claims of the caller are like this.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) claims: Key<Vec<Key<Claim>>>,
    /// The caller is one of these.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) subjects: Key<Vec<String>>,
    /// One of these vouches for the caller.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) issuers: Key<Vec<String>>,
    /// The caller has shown the API key of one of these names.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) api_keys: Key<Vec<String>>,
    /// The caller's certificate has a SPIFFE id like one of these: `spiffe://example.org/billing`, or
    /// `spiffe://example.org` for all of a trust domain.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) spiffe: Key<Vec<Key<String>>>,
    /// How the caller was shown: `token`, `key`, `certificate`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) shown: Key<Vec<Shown>>,
    /// The client's address is in one of these networks: `10.0.0.0/8`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) networks: Key<Vec<Key<String>>>,
    /// An expression (CEL) over `request`, `principal` and `now`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) cel: Key<String>,
    /// One of these holds.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(with = "Vec<When>")]
    pub(in crate::config) any: Key<Vec<Self>>,
    /// None of these holds.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(with = "Vec<When>")]
    pub(in crate::config) not: Key<Vec<Self>>,
}

choice! {
    /// How a caller was shown.
    Shown for crate::identity::principal::Kind {
        /// By a token.
        Token = Token,
        /// By an API key.
        Key = Key,
        /// By a client certificate.
        Certificate = Certificate,
    }
}

/// A claim: `path`, and at most one of `equals`, `one_of` and `contains`; it has to be there without one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of a claim's keys"
)]
#[schemars(extend("required" = ["path"]))]
pub(in crate::config) struct Claim {
    /// Names with dots between: `org.id`. A dot in a name is written `\.`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) path: Key<String>,
    /// It is this.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) equals: Key<serde_json::Value>,
    /// It is one of these.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) one_of: Key<Vec<serde_json::Value>>,
    /// It is a list with this in it.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) contains: Key<serde_json::Value>,
}

/// A rate limit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of a rate limit's keys"
)]
#[schemars(extend("required" = ["name", "calls", "per"]))]
pub(in crate::config) struct RateLimit {
    /// Its name in logs and metrics.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) name: Key<String>,
    /// Methods by name. Absent: all.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) methods: Key<Vec<Key<String>>>,
    /// Who has a limit of its own: each `identity`, `api_key`, `address`, `method`, or value of a header
    /// (`header:NAME`); with several, each combination. Absent: all callers share it.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) by: Key<Vec<Key<String>>>,
    /// So many calls.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) calls: Key<Count>,
    /// In this time.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) per: Key<Span>,
    /// So many at once after a pause. Absent: as many as `calls`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) burst: Key<Count>,
    /// Callers that are remembered at most.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Count::of(limits::KEYS))))]
    pub(in crate::config) keys: Key<Count>,
}

/// How many calls may run at once.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `name`, `methods` and `calls`"
)]
#[schemars(extend("required" = ["name", "calls"]))]
pub(in crate::config) struct Ceiling {
    /// Its name in logs and metrics.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) name: Key<String>,
    /// Methods by name, together. Absent: all.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) methods: Key<Vec<Key<String>>>,
    /// So many.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) calls: Key<Count>,
}

/// Rate limits that all gateways share.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of `global_rate_limits` keys"
)]
#[schemars(extend("required" = ["server", "domain", "descriptors"]))]
pub(in crate::config) struct GlobalRateLimits {
    /// The server: `http://host:port`, or `https://host:port`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) server: Key<String>,
    /// TLS towards it, by these keys; the address has to be an `https` one.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) tls: Key<UpstreamTls>,
    /// Whose limits it should look at.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) domain: Key<String>,
    /// How long its answer may take.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(global_limits::TIMEOUT))))]
    pub(in crate::config) timeout: Key<Span>,
    /// What becomes of calls without an answer: they pass (`open`), or are refused (`closed`).
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = OnFailure::Open))]
    pub(in crate::config) on_failure: Key<OnFailure>,
    /// What calls count for.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) descriptors: Key<Vec<Key<Descriptor>>>,
}

/// What calls of some methods count for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `methods` and `entries`"
)]
#[schemars(extend("required" = ["entries"]))]
pub(in crate::config) struct Descriptor {
    /// Methods by name. Absent: all.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) methods: Key<Vec<Key<String>>>,
    /// `method`, `service`, `remote_address`, `masked_remote_address`, `identity`, `api_key`, `header:NAME`,
    /// or `KEY=VALUE`. A call that has one of them not does not count.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) entries: Key<Vec<Key<String>>>,
}

/// A server that is asked about every call.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping of `ext_authz` keys"
)]
#[schemars(extend("required" = ["server"]))]
pub(in crate::config) struct ExtAuthz {
    /// The server: `http://host:port`, or `https://host:port`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) server: Key<String>,
    /// TLS towards it, by these keys; the address has to be an `https` one.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) tls: Key<UpstreamTls>,
    /// How long its answer may take.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Span(ext_authz::TIMEOUT))))]
    pub(in crate::config) timeout: Key<Span>,
    /// What becomes of calls without an answer: they are refused (`closed`), or pass (`open`).
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = OnFailure::Closed))]
    pub(in crate::config) on_failure: Key<OnFailure>,
    /// Headers that it sees. Absent: all, those with secrets too.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) headers: Key<Vec<Key<String>>>,
    /// What it is told besides.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) context: Key<BTreeMap<String, String>>,
}

/// What becomes of calls without an answer.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum OnFailure {
    /// They pass.
    Open,
    /// They are refused: PERMISSION_DENIED.
    Closed,
}

impl From<OnFailure> for failure::OnFailure {
    fn from(on: OnFailure) -> Self {
        match on {
            OnFailure::Open => Self::Open,
            OnFailure::Closed => Self::Closed(crate::call::Code::PermissionDenied),
        }
    }
}

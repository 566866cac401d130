//! What decides for the whole gateway which routes there are, and what is chosen for single ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Location;

use super::compat::Compat;
use super::key::Key;
use super::limits::{RouteLimits, RouteTimeouts};
use super::options::{Connect, Json, Metadata, Rest, Validation};
use super::section::Section;
use crate::config::units::Weight;
use crate::schema;

section! {
    /// Which routes there are.
    Routing "a mapping of `routing` keys" {
        /// Whether methods also answer on `POST /pkg.Service/Method` with a JSON body.
        unannotated: bool = schema::Options::default().unannotated == schema::Unannotated::Serve;
        /// A binding that clashes with an earlier one, or whose template is wrong: `skip` serves
        /// everything else and says so, `refuse` starts nothing.
        bad_bindings: BadBindings = BadBindings::of(schema::Options::default().strict);
    }
}

impl Routing {
    /// True if the whole schema is refused for one bad binding.
    pub(in crate::config) fn is_strict(&self) -> bool {
        match self.bad_bindings.value {
            None => schema::Options::default().strict,
            Some(found) => found == BadBindings::Refuse,
        }
    }
}

/// What happens to the schema when one of its bindings is bad.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum BadBindings {
    /// Only that binding is left out.
    Skip,
    /// The whole schema is refused.
    Refuse,
}

impl BadBindings {
    const fn of(strict: bool) -> Self {
        if strict { Self::Refuse } else { Self::Skip }
    }
}

/// Choices for some methods or bindings: exactly one of `selector` and `path`. With `hosts` or
/// `headers` it holds for some requests only, and chooses `upstreams` alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with one of the keys `selector` and `path`"
)]
#[schemars(extend("oneOf" = [{ "required": ["selector"] }, { "required": ["path"] }]))]
pub(in crate::config) struct Route {
    /// Methods by name, however they are called: `pkg.Service.Method`, `pkg.Service.*`, `pkg.*`
    /// or `*`.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) selector: Key<String>,
    /// Bindings by their path templates, and methods by their own paths: `/v1/shelves/*`,
    /// `/v1/**`. `*` stands for a segment, variables too, and `**` for any number.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) path: Key<String>,
    /// Only requests for one of these hosts: `api.example.com`, or `*.example.com` for all beneath it.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) hosts: Key<Vec<Key<String>>>,
    /// Only requests with all of these headers, as the client sends them.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) headers: Key<Vec<HeaderMatch>>,
    /// Where the calls go, split by weights. Absent: to the upstream whose schema has the method.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) upstreams: Key<Vec<Destination>>,
    /// What another system does where this file says nothing about these routes.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) compat: Key<Compat>,
    /// As for the gateway.
    pub(in crate::config) rest: Rest,
    /// As for the gateway.
    pub(in crate::config) json: Json,
    /// As for the gateway.
    pub(in crate::config) metadata: Metadata,
    /// As for the gateway.
    pub(in crate::config) connect: Connect,
    /// As for the gateway.
    pub(in crate::config) validation: Validation,
    /// As for the gateway, as far as a route can choose.
    pub(in crate::config) limits: RouteLimits,
    /// As for the gateway, as far as a route can choose.
    pub(in crate::config) timeouts: RouteTimeouts,
}

impl Route {
    /// The first key that chooses how requests are read and answered, if there is one.
    pub(in crate::config) fn first_option(&self) -> Option<(String, Location)> {
        let compat = (!self.compat.is_absent()).then_some(self.compat.place);
        if let Some(place) = compat {
            return Some(("compat".to_owned(), place));
        }
        [
            ("rest", self.rest.first()),
            ("json", self.json.first()),
            ("metadata", self.metadata.first()),
            ("connect", self.connect.first()),
            ("validation", self.validation.first()),
            ("limits", self.limits.first()),
            ("timeouts", self.timeouts.first()),
        ]
        .into_iter()
        .find_map(|(section, first)| first.map(|(key, place)| (format!("{section}.{key}"), place)))
    }
}

/// A header that a request has: exactly one of `value` and `prefix`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with `name` and one of the keys `value` and `prefix`"
)]
#[schemars(extend("oneOf" = [
    { "required": ["name", "value"] }, { "required": ["name", "prefix"] }
]))]
pub(in crate::config) struct HeaderMatch {
    /// The header's name.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) name: Key<String>,
    /// The whole value.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) value: Key<String>,
    /// The beginning of the value; empty for any value.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) prefix: Key<String>,
}

/// An upstream, and its share of the calls.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mapping with the keys `name` and `weight`"
)]
#[schemars(extend("required" = ["name"]))]
pub(in crate::config) struct Destination {
    /// An upstream of this file.
    #[serde(skip_serializing_if = "Key::is_absent")]
    pub(in crate::config) name: Key<String>,
    /// Its share of the calls beside the others'; 0 for none.
    #[serde(skip_serializing_if = "Key::is_absent")]
    #[schemars(extend("default" = Key::of(Weight::default())))]
    pub(in crate::config) weight: Key<Weight>,
}

//! What is configured and has no effect on the schema that is served.

use super::Config;
use crate::docs::Place;
use crate::listener::Asked;
use crate::schema::{Route, Schema};
use crate::{protocol, upstream};

/// All of it, a sentence each; once everything that is served is known.
#[must_use]
pub fn of(config: &Config, schema: &Schema) -> Vec<String> {
    let routes = protocol::options::idle(&config.protocol.routes, schema);
    let upstreams = config.upstreams.iter();
    let rules = upstreams.flat_map(|upstream| upstream::plan::idle(upstream, schema));
    let steps = config.policy.idle(schema);
    let mut reasons: Vec<_> = routes.into_iter().chain(rules).chain(steps).collect();
    let tls = config.listener.tls.as_ref();
    let are_shown = tls.is_some_and(|tls| tls.clients() != Asked::Nobody);
    if !are_shown && config.policy.asks_for_certificates() {
        reasons.push(
            "policy: rules let callers pass that are known, but nothing tells who they are: there is no \
             issuer, no introspection and no file of keys in `identity`, and no `tls.client_ca`"
                .to_owned(),
        );
    }
    if config.docs.place == Place::Off {
        return reasons;
    }
    if let Some(overlay) = &config.docs.overlay {
        reasons.extend(overlay.idle(schema));
    }
    if config.docs.place == Place::Admin {
        return reasons;
    }
    let documents = format!("{}.json", config.docs.openapi_path);
    for (key, path) in [("path", &config.docs.path), ("openapi_path", &documents)] {
        if let Route::Found { binding, .. } = schema.route("GET", path) {
            reasons.push(format!(
                "docs.{key}: {path} is answered by {}, by its binding {} {}; another path moves the \
                 documentation",
                binding.method.path, binding.verb, binding.template
            ));
        }
    }
    reasons
}

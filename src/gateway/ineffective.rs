//! What is configured and has no effect on the schema that is served.

use super::{Config, Progress};
use crate::docs::Place;
use crate::schema::{Route, Schema};
use crate::{protocol, upstream};

/// Once everything that is served is known.
pub(super) fn tell(config: &Config, schema: &Schema, report: &mut impl FnMut(&Progress<'_>)) {
    let routes = protocol::options::idle(&config.protocol.routes, schema);
    let upstreams = config.upstreams.iter();
    let rules = upstreams.flat_map(|upstream| upstream::plan::idle(upstream, schema));
    let steps = config.policy.idle(schema);
    for reason in routes.into_iter().chain(rules).chain(steps) {
        report(&Progress::Ineffective(&reason));
    }
    if config.docs.place == Place::Off {
        return;
    }
    if let Some(overlay) = &config.docs.overlay {
        for reason in overlay.idle(schema) {
            report(&Progress::Ineffective(&reason));
        }
    }
    if config.docs.place == Place::Admin {
        return;
    }
    let documents = format!("{}.json", config.docs.openapi_path);
    for (key, path) in [("path", &config.docs.path), ("openapi_path", &documents)] {
        if let Route::Found { binding, .. } = schema.route("GET", path) {
            let reason = format!(
                "docs.{key}: {path} is answered by {}, by its binding {} {}; another path moves the \
                 documentation",
                binding.method.path, binding.verb, binding.template
            );
            report(&Progress::Ineffective(&reason));
        }
    }
}

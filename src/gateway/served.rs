//! The schema that is served: without the methods of which requests are to be checked and cannot be.
//!
//! A rule that nobody can check must not let anything pass. So its method is refused like everything else
//! that is broken in a schema: it is told by name, and the rest is served.

use super::{Config, Progress, SourceConfig, StartError, sources};
use crate::protocol;
use crate::schema::{BuildError, Options, Schema, Source};
use crate::upstream::Upstream;

/// Loads every source of a configuration, reflection included, and builds the schema, without
/// serving it: what `transom routes` shows.
///
/// # Errors
/// Those of the sources and of the schema.
pub async fn load_schema(
    config: &Config,
    report: &mut (impl FnMut(&Progress<'_>) + Send),
) -> Result<Schema, StartError> {
    // Files alone need no upstream, and nobody has to be allowed to read its private key.
    let asked: Vec<_> = if config.schema.iter().any(SourceConfig::is_reflection) {
        config.upstreams.clone()
    } else {
        Vec::new()
    };
    let calls = Upstream::build(asked, 1)?;
    let mut brought = Vec::with_capacity(config.schema.len());
    for source in &config.schema {
        let loaded = sources::load(source, &config.upstreams, &calls, report).await?;
        brought.push((*loaded.source).clone());
    }
    Ok(served(&config.protocol, brought, &config.schema_options)?)
}

/// Builds the schema of these sources.
///
/// # Errors
/// Those of [`Schema::build`].
pub(super) fn served(
    protocol: &protocol::Config,
    sources: Vec<Source>,
    options: &Options,
) -> Result<Schema, BuildError> {
    if !protocol.validates() {
        return Schema::build(sources, options);
    }
    let schema = Schema::build(sources.clone(), options)?;
    let withheld = protocol.unusable(&schema);
    if withheld.is_empty() {
        return Ok(schema);
    }
    // Numbers of methods and bindings are dense, so that none can be taken out afterwards.
    let options = Options {
        withheld,
        ..options.clone()
    };
    Schema::build(sources, &options)
}

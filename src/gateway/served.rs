//! The schema that is served: without the methods of which requests are to be checked and cannot be.
//!
//! A rule that nobody can check must not let anything pass. So its method is refused like everything else
//! that is broken in a schema: it is told by name, and the rest is served.

use crate::protocol;
use crate::schema::{BuildError, Options, Schema, Source};

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

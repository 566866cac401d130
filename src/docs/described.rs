//! One schema and what readers may know of it, made when somebody asks for the first time.

use std::sync::{Arc, OnceLock};

use super::Config;
use crate::catalog::Catalog;
use crate::schema::{self, Schema, Source, Unmatched};
use crate::{openapi, protocol};

/// One schema as readers know it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) schema: Arc<Schema>,
    pub(super) protocol: protocol::Config,
    config: Arc<Config>,
    options: schema::Options,
    catalog: OnceLock<Catalog>,
}

impl Described {
    /// Nothing is made yet.
    pub(super) fn new(
        schema: Arc<Schema>,
        protocol: &protocol::Config,
        config: Arc<Config>,
        options: schema::Options,
    ) -> Self {
        Self {
            schema,
            // Without the pages and what watches, which hold this.
            protocol: protocol::Config {
                pages: Vec::new(),
                watch: None,
                ..protocol.clone()
            },
            config,
            options: schema::Options {
                // What was served once was not refused then.
                strict: false,
                unmatched: Unmatched::Await,
                ..options
            },
            catalog: OnceLock::new(),
        }
    }

    /// What the same readers may know of an earlier revision, which is read by the options of today.
    pub(super) fn describe_earlier(&self, set: &[u8]) -> Option<Catalog> {
        let source = Source {
            name: "an earlier revision".to_owned(),
            descriptors: set.to_vec(),
            upstream: "history".into(),
            reflected: false,
        };
        let schema = Schema::build(vec![source], &self.options)
            .inspect_err(|error| tracing::warn!(%error, "docs.history: a revision cannot be read"))
            .ok()?;
        Some(self.config.catalog(&schema, &self.protocol))
    }

    /// What readers may know. May take seconds for a large schema.
    pub(super) fn catalog(&self) -> &Catalog {
        self.catalog.get_or_init(|| {
            let mut catalog = self.config.catalog(&self.schema, &self.protocol);
            let dropped = openapi::findings(&catalog, &self.config.openapi);
            catalog.findings.extend(dropped);
            catalog.findings.sort();
            catalog
        })
    }
}

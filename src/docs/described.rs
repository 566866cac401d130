//! One schema and what readers may know of it, made when somebody asks for the first time.

use std::sync::{Arc, OnceLock};

use super::Config;
use crate::catalog::Catalog;
use crate::schema::Schema;
use crate::{openapi, protocol};

/// One schema as readers know it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) schema: Arc<Schema>,
    pub(super) protocol: protocol::Config,
    config: Arc<Config>,
    catalog: OnceLock<Catalog>,
}

impl Described {
    /// Nothing is made yet.
    pub(super) fn new(
        schema: Arc<Schema>,
        protocol: &protocol::Config,
        config: Arc<Config>,
    ) -> Self {
        Self {
            schema,
            // Without the pages, which hold this.
            protocol: protocol::Config {
                pages: Vec::new(),
                ..protocol.clone()
            },
            config,
            catalog: OnceLock::new(),
        }
    }

    /// What readers may know. May take seconds for a large schema.
    pub(super) fn catalog(&self) -> &Catalog {
        self.catalog.get_or_init(|| {
            let (audience, ids) = (&self.config.audience, self.config.openapi.ids);
            let mut catalog = Catalog::new(&self.schema, &self.protocol, audience, ids);
            let dropped = openapi::findings(&catalog, &self.config.openapi);
            catalog.findings.extend(dropped);
            catalog.findings.sort();
            catalog
        })
    }
}

//! How the schema follows its sources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::units::Span;
use crate::gateway;

section! {
    /// How the schema follows its sources while the gateway runs.
    SchemaReload "a mapping of `schema_reload` keys" {
        /// How often upstreams are asked by reflection; besides, at once when a connection to one was
        /// lost and made again. Files are looked at several times a second.
        reflection_interval: Span = Span(gateway::SchemaReload::default().reflection_interval);
        /// What becomes of a schema that would break clients of the one that is served: `refuse` lets
        /// the old one go on, `warn` serves the new one and says what breaks, `allow` serves it.
        on_breaking: OnBreaking = gateway::OnBreaking::default().into();
    }
}

choice! {
    /// What becomes of a schema that would break clients.
    OnBreaking for gateway::OnBreaking {
        /// The one that is served goes on.
        Refuse = Refuse,
        /// It is served, and a log line says what breaks.
        Warn = Warn,
        /// It is served.
        Allow = Allow,
    }
}

//! Presets: what another system chooses, in the keys that a user would write.
//!
//! The files in `compat/` are the presets; `docs/compat.md` shows them as a table. They set every
//! choice of meaning, and no bound on what one client may use.

use serde::Deserialize;

use super::choices::Choices;
use super::load::FileError;
use super::raw::{Compat, Connect, Json, Metadata, Rest, RouteTimeouts, Routing, Section as _};

/// A preset's keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Preset {
    pub(super) routing: Routing,
    rest: Rest,
    json: Json,
    metadata: Metadata,
    connect: Connect,
    timeouts: RouteTimeouts,
}

impl Compat {
    /// The preset's text; `None` for the defaults, which are in the modules.
    pub(super) const fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Envoy => Some(include_str!("compat/envoy.yaml")),
            Self::GrpcGateway => Some(include_str!("compat/grpc_gateway.yaml")),
        }
    }

    /// The preset.
    ///
    /// # Errors
    /// Never with the files in `compat/`, which a test reads.
    pub(super) fn preset(self) -> Result<Preset, FileError> {
        match self.text() {
            None => Ok(Preset::of_defaults()),
            Some(text) => serde_saphyr::from_str(text).map_err(|error| FileError {
                file: "compat".into(),
                place: None,
                key: String::new(),
                message: error.to_string(),
            }),
        }
    }
}

impl Preset {
    /// What the presets set, as it is without any.
    fn of_defaults() -> Self {
        let RouteTimeouts {
            unary,
            unary_cap,
            stream,
            stream_cap,
            ..
        } = RouteTimeouts::complete();
        Self {
            routing: Routing::complete(),
            rest: Rest::complete(),
            json: Json::complete(),
            metadata: Metadata::complete(),
            connect: Connect::complete(),
            timeouts: RouteTimeouts {
                unary,
                unary_cap,
                stream,
                stream_cap,
                ..RouteTimeouts::default()
            },
        }
    }

    /// What it chooses for routes.
    pub(super) fn choices(self) -> Choices {
        Choices {
            rest: self.rest,
            json: self.json,
            metadata: self.metadata,
            connect: self.connect,
            timeouts: self.timeouts,
            ..Choices::default()
        }
    }
}

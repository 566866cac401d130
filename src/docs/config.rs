//! What is chosen for the documentation.

use std::path::PathBuf;
use std::sync::Arc;

use super::scalar::Scalar;
use crate::catalog::{Audience, Catalog, Overlay};
use crate::schema::Schema;
use crate::{openapi, protocol};

/// What is chosen for the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it is served.
    pub place: Place,
    /// Path of the site: `/docs`. Starts with `/`, and does not end with one.
    pub path: String,
    /// Path of the documents: `/openapi` stands for `/openapi.json`, `/openapi/library.v1.json`.
    pub openapi_path: String,
    /// A picture beside the title.
    pub logo: Option<Logo>,
    /// One of so many answers of REST is checked against its document; 0: none.
    pub sample: u32,
    /// The files of Scalar.
    pub scalar: Option<Scalar>,
    /// A folder for the revisions of the schema; without one those of this process are known.
    pub history: Option<PathBuf>,
    /// What the operator says in place of the protos.
    pub overlay: Option<Arc<Overlay>>,
    /// Who reads.
    pub audience: Audience,
    /// The API as a whole.
    pub openapi: openapi::Config,
}

/// Where the documentation is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// To clients, and on the admin listener.
    #[default]
    Public,
    /// On the admin listener alone.
    Admin,
    /// Nowhere.
    Off,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/svg+xml`, `image/png`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: bytes::Bytes,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            place: Place::default(),
            path: "/docs".to_owned(),
            openapi_path: "/openapi".to_owned(),
            logo: None,
            sample: 0,
            scalar: None,
            history: None,
            overlay: None,
            audience: Audience::default(),
            openapi: openapi::Config::default(),
        }
    }
}

impl Config {
    /// What readers may know of a schema, in the operator's words where there are some.
    #[must_use]
    pub fn catalog(&self, schema: &Schema, protocol: &protocol::Config) -> Catalog {
        let mut catalog = Catalog::new(schema, protocol, &self.audience, self.openapi.ids);
        if let Some(overlay) = &self.overlay {
            catalog.lay(overlay);
        }
        catalog
    }
}

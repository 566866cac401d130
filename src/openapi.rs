//! OpenAPI documents of a catalog.
//!
//! ```text
//!  Catalog ─► document (3.2, serde_json::Value) ─► 3.1 ─► 3.0.3 ─► simple      JSON or YAML, sorted
//! ```
//!
//! The frame is utoipa's model; schemas are JSON values, because most of what protobuf's rules need
//! utoipa's types cannot say. Same catalog, same bytes.

mod options;
pub mod schema;
mod sort;

pub use options::{
    AdditionalProperties, ComponentNames, Direction, EnumForm, FieldNames, Form, Nullable, Numbers,
    Options, Split, Zeros,
};
pub use schema::Schemas;
pub use sort::sort;

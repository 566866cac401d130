//! The JSON Schema of the configuration file, from the same types that read it.

use schemars::generate::SchemaSettings;

use super::raw::File;

/// A JSON Schema (draft 7, which editors' YAML support knows best), pretty-printed.
#[must_use]
pub fn json_schema() -> String {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<File>();
    format!("{:#}", schema.as_value())
}

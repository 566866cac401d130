//! From the components of a document to the definitions of a JSON Schema that stands by itself.

use serde_json::Value;

/// Where a document has its schemas.
const COMPONENTS: &str = "#/components/schemas/";

/// Where a JSON Schema has its own.
const DEFINITIONS: &str = "#/$defs/";

/// Rewrites every `$ref`, at any depth; values that only look like one are text of somebody else, and
/// none begins with the place of a document's components.
pub(in crate::openapi) fn refer_to_definitions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(COMPONENTS)
            {
                *reference = format!("{DEFINITIONS}{name}");
            }
            members.values_mut().for_each(refer_to_definitions);
        }
        Value::Array(items) => items.iter_mut().for_each(refer_to_definitions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

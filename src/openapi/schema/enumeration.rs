//! Enums: their values by name or number, with what is said of each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::base::{JsonType, enum_of};
use super::{Object, Schemas, annotated, object, text};
use crate::catalog::{Catalog, Enum, EnumValue, comment};
use crate::openapi::options::{EnumForm, Form};

/// Said where numbers may come that nobody declared.
const OPEN: &str = "A value that is not declared here is written as its number.";

/// Enums that may hold undeclared numbers: open ones, unless every field asks for declared values.
pub(super) fn open(catalog: &Catalog) -> BTreeSet<String> {
    let fields = catalog
        .messages
        .values()
        .flat_map(|message| &message.fields);
    fields
        .filter(|field| !field.rules.defined_only)
        .filter_map(|field| enum_of(&field.descriptor))
        .filter_map(|of| catalog.enums.get(of.full_name()))
        .filter(|of| !of.closed)
        .map(|of| of.descriptor.full_name().to_owned())
        .collect()
}

impl Schemas<'_> {
    /// The component of an enum.
    pub(super) fn enumeration(&mut self, of: &Enum, form: Form) -> Object {
        let values: Vec<&EnumValue> = match form.enums {
            EnumForm::Names => of.values.iter().collect(),
            EnumForm::Numbers => {
                // Aliases are one number.
                let mut seen = BTreeSet::new();
                let first = |value: &&EnumValue| seen.insert(value.number);
                of.values.iter().filter(first).collect()
            }
        };
        let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
        let zero = values
            .iter()
            .find(|value| value.number == 0)
            .or(values.first());
        let mut schema = match form.enums {
            EnumForm::Names => {
                object(json!({"type": "string", "enum": names, "default": zero.map(|of| &of.name)}))
            }
            EnumForm::Numbers => {
                let numbers: Vec<i32> = values.iter().map(|value| value.number).collect();
                object(json!({
                    "type": "integer",
                    "format": "int32",
                    "enum": numbers,
                    "default": zero.map(|of| of.number),
                    "x-enum-varnames": names,
                }))
            }
        };
        if values.is_empty() {
            // Every value is hidden; nothing true is left to say.
            for key in ["enum", "default", "x-enum-varnames"] {
                schema.remove(key);
            }
        }
        let told: Vec<String> = values.iter().map(|value| about(value)).collect();
        if told.iter().any(|text| !text.is_empty()) {
            let by_name: Object = names
                .iter()
                .zip(&told)
                .map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str())))
                .collect();
            schema.insert("x-enumDescriptions".to_owned(), by_name.into());
            schema.insert("x-enum-descriptions".to_owned(), json!(told));
        }
        schema.insert("title".to_owned(), of.descriptor.name().into());
        if of.deprecated {
            schema.insert("deprecated".to_owned(), true.into());
        }
        let json = match form.enums {
            EnumForm::Names => JsonType::Name,
            EnumForm::Numbers => JsonType::Integer,
        };
        let listed = schema.get("enum").and_then(Value::as_array).cloned();
        let takes = |value: &Value| listed.as_ref().is_some_and(|all| all.contains(value));
        for text in annotated::whole(&of.annotations, &mut schema, json, takes) {
            self.dropped(of.descriptor.full_name(), text);
        }
        let mut parts = vec![text::said(&of.annotations, &of.comment)];
        let list = names.iter().zip(&told).filter(|(_, text)| !text.is_empty());
        let list: Vec<_> = list
            .map(|(name, text)| format!("- `{name}`: {}", text.replace('\n', " ")))
            .collect();
        parts.push(list.join("\n"));
        if self.open.contains(of.descriptor.full_name()) && form.enums == EnumForm::Names {
            parts.push(OPEN.to_owned());
        }
        if let Some(text) = text::paragraphs(parts) {
            schema.insert("description".to_owned(), text.into());
        }
        schema
    }
}

/// What is said of a value.
fn about(value: &EnumValue) -> String {
    let said = comment::plain(&value.comment);
    match (said.is_empty(), value.deprecated) {
        (_, false) => said,
        (true, true) => "Deprecated.".to_owned(),
        (false, true) => format!("{said} Deprecated."),
    }
}

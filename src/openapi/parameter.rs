//! Parameters: what of a request stands in its path and its query.

use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::{Deprecated, Required};

use super::convert::walk::Object;
use super::schema::Schemas;
use super::value::schema;
use super::{Direction, Form, UpdateMask};
use crate::catalog::{FieldDescriptor, Operation, PathParameter, QueryParameter};

/// Every parameter, in the order of the path, then of the query.
pub(super) fn all(schemas: &mut Schemas<'_>, operation: &Operation) -> Vec<Parameter> {
    let form = Form::of(&operation.options, Direction::Request);
    let path = operation.path_parameters.iter();
    let mut all: Vec<_> = path
        .map(|parameter| in_path(schemas, parameter, form))
        .collect();
    let masks = schemas.options.update_mask;
    let query = operation.query.iter();
    let query = query.filter(|parameter| masks == UpdateMask::Listed || !parameter.filled);
    all.extend(query.map(|parameter| in_query(schemas, parameter, form)));
    all
}

fn in_path(schemas: &mut Schemas<'_>, parameter: &PathParameter, form: Form) -> Parameter {
    let field = parameter.field.last();
    let described = field.and_then(|field| schemas.text(field));
    let known = field.and_then(|field| schemas.lookup(field));
    let is_deprecated = known.is_some_and(|field| field.deprecated);
    let keywords = match (&parameter.template, field) {
        // A part of the field's value, and not the whole.
        (Some(_), _) | (None, None) if !parameter.multi => {
            json!({ "type": "string", "minLength": 1, "pattern": "^[^/]+$" })
        }
        (Some(_) | None, _) if parameter.multi => json!({ "type": "string" }),
        (_, Some(field)) => schemas.parameter(field, form),
        (_, None) => json!({ "type": "string" }),
    };
    let mut extensions = Object::new();
    let names = parameter.field.iter().map(FieldDescriptor::proto_name);
    let names: Vec<_> = names.collect();
    extensions.insert("x-field".to_owned(), json!(names.join(".")));
    if let Some(template) = &parameter.template {
        extensions.insert("x-field-template".to_owned(), json!(template));
    }
    if let Some(of) = known.and_then(|field| field.reference.as_ref()) {
        extensions.insert("x-resource-reference".to_owned(), json!({ "type": of }));
    }
    if parameter.multi {
        extensions.insert("x-multi-segment".to_owned(), json!(true));
    }
    ParameterBuilder::new()
        .name(&parameter.name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(described.filter(|text| !text.is_empty()))
        .deprecated(is_deprecated.then_some(Deprecated::True))
        .schema(Some(schema(keywords)))
        .allow_reserved(parameter.multi.then_some(true))
        .extensions(Some(extensions.into_iter().collect::<Extensions>()))
        .build()
}

fn in_query(schemas: &mut Schemas<'_>, parameter: &QueryParameter, form: Form) -> Parameter {
    let mut builder = ParameterBuilder::new()
        .name(&parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(if parameter.required {
            Required::True
        } else {
            Required::False
        });
    let Some(field) = parameter.field.last() else {
        return builder.build();
    };
    let mut text = schemas.text(field).unwrap_or_default();
    if let Some(known) = schemas.lookup(field) {
        builder = builder.deprecated(known.deprecated.then_some(Deprecated::True));
    }
    if parameter.filled {
        say(&mut text, "Filled from the body where it is absent.");
    }
    let mut extensions = Object::new();
    if !parameter.oneof.is_empty() {
        let names: Vec<_> = parameter
            .oneof
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let names = names.join(", ");
        say(&mut text, &format!("At most one of {names} may be set."));
        extensions.insert("x-oneof".to_owned(), json!(*parameter.oneof));
    }
    if field.is_map() {
        builder = builder
            .style(Some(ParameterStyle::DeepObject))
            .explode(Some(true));
    } else if field.is_list() {
        builder = builder
            .style(Some(ParameterStyle::Form))
            .explode(Some(true));
    }
    let keywords: Value = schemas.parameter(field, form);
    builder
        .description((!text.is_empty()).then_some(text))
        .schema(Some(schema(keywords)))
        .extensions(Some(extensions.into_iter().collect::<Extensions>()))
        .build()
}

/// Adds a paragraph.
fn say(text: &mut String, paragraph: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(paragraph);
}

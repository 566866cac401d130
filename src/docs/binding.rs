//! Every way to call a method by HTTP and JSON, side by side: the path in coloured segments, which field
//! each feeds, and what the query and the body carry.

use maud::{Markup, html};

use super::{View, fields, parts};
use crate::catalog::{Body, FieldDescriptor, Method, Operation, PathParameter, Response};

/// Query parameters that are named; more are counted.
const QUERY_SHOWN: usize = 60;

/// Colours there are for variables.
const COLOURS: usize = 6;

/// A class for each colour.
const CLASSES: [&str; COLOURS] = ["v0", "v1", "v2", "v3", "v4", "v5"];

/// A card for each operation.
pub(super) fn cards(view: &View<'_>, method: &Method) -> Markup {
    let colours = Colours::of(method);
    html! {
        @if method.operations.is_empty() {
            p {
                "This method has no HTTP binding. gRPC, gRPC-Web, Connect and WebSocket reach it at "
                code class="path" { "POST " (method.served.path) } "."
            }
        }
        div class="bindings" {
            @for operation in &method.operations {
                (card(view, method, operation, &colours))
            }
        }
    }
}

fn card(view: &View<'_>, method: &Method, operation: &Operation, colours: &Colours) -> Markup {
    html! {
        div class="binding" {
            p class="template" {
                (parts::verb(&operation.verb)) " "
                code { (template(operation, colours)) }
            }
            dl {
                @for (name, fields) in variables(operation) {
                    dt { "Path" }
                    dd {
                        @for (at, parameter) in fields.iter().enumerate() {
                            @if at > 0 { ", " }
                            span class=(format!("var {}", colours.class(parameter))) { "{" (parameter.name) "}" }
                        }
                        @if name.is_empty() {
                            " any text; it feeds no field"
                        } @else {
                            " " span aria-hidden="true" { "→" } span class="unseen" { " feeds " } " "
                            (field(view, method, &name, fields.first().map(|p| p.field.as_slice())))
                        }
                        @if let Some(pattern) = fields.first().and_then(|p| p.template.as_ref()) {
                            " as " code { (pattern) }
                        }
                        @if fields.iter().any(|p| p.multi) {
                            ", which may hold " code { "/" }
                        }
                    }
                }
                @if !operation.query.is_empty() {
                    dt { "Query" }
                    dd {
                        ul class="chips" {
                            @for parameter in operation.query.iter().take(QUERY_SHOWN) {
                                li {
                                    (field(view, method, &parameter.name, Some(&parameter.field)))
                                    @if parameter.required { span class="badge must" { "required" } }
                                }
                            }
                            @if operation.query.len() > QUERY_SHOWN {
                                li class="quiet" { "and " (operation.query.len() - QUERY_SHOWN) " more" }
                            }
                            @if operation.takes_more {
                                li class="quiet" { "and fields that lie deeper" }
                            }
                        }
                    }
                }
                dt { "Body" }
                dd { (body(view, method, operation)) }
                dt { "Answer" }
                dd { (response(method, operation)) }
                @if operation.path != operation.template {
                    dt { "As written" }
                    dd { code class="path" { (operation.template) } }
                }
            }
        }
    }
}

/// The parameters of a path by the variable they make up, which is a field.
fn variables(operation: &Operation) -> Vec<(String, &[PathParameter])> {
    operation
        .path_parameters
        .chunk_by(|a, b| !a.field.is_empty() && a.field == b.field)
        .map(|chunk| {
            let name = chunk.first().map(|p| dotted(&p.field)).unwrap_or_default();
            (name, chunk)
        })
        .collect()
}

/// The path, its parameters in the colours of the fields they feed.
fn template(operation: &Operation, colours: &Colours) -> Markup {
    let mut rest = operation.path.as_str();
    let mut pieces = Vec::new();
    let mut parameters = operation.path_parameters.iter();
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inner, behind)) = after.split_once('}') else {
            break;
        };
        pieces.push((before, inner, parameters.next()));
        rest = behind;
    }
    html! {
        @for (before, name, parameter) in pieces {
            (broken(before))
            @match parameter {
                Some(parameter) => {
                    span class=(format!("var {}", colours.class(parameter))) title=(format!("feeds {}", dotted(&parameter.field))) {
                        "{" (name) "}"
                    }
                }
                None => { "{" (name) "}" }
            }
        }
        (broken(rest))
    }
}

/// Text of a path with places where a line may break.
fn broken(text: &str) -> Markup {
    html! {
        @for (at, piece) in text.split('/').enumerate() {
            @if at > 0 { "/" wbr; }
            (piece)
        }
    }
}

fn body(view: &View<'_>, method: &Method, operation: &Operation) -> Markup {
    let sent = if method.served.shape.takes_stream() {
        "a stream of "
    } else {
        ""
    };
    html! {
        @match &operation.body {
            Body::None => { "none" }
            Body::Message { without } => {
                (sent) (super::parts::reference(view, method.descriptor.input().full_name()))
                @if !without.is_empty() { " without " (names(without)) }
            }
            Body::Field { field: path, without } => {
                (sent) "the field " (field(view, method, &dotted(path), Some(path)))
                @if !without.is_empty() { " without " (names(without)) }
            }
        }
    }
}

fn response(method: &Method, operation: &Operation) -> Markup {
    use crate::schema::Shape;
    let streams = matches!(method.served.shape, Shape::ServerStream | Shape::Bidi);
    let each = if streams {
        "a stream: lines of JSON, events or one array, by "
    } else {
        ""
    };
    html! {
        @match &operation.response {
            Response::Message => { (method.descriptor.output().name()) }
            Response::Field(path) => { "the field " code { (dotted(path)) } " alone" }
            Response::HttpBody => { "bytes, with the content type that the method gives" }
        }
        @if streams && !matches!(operation.response, Response::HttpBody) {
            ", " (each) code { "accept" }
        }
    }
}

fn names(names: &[String]) -> Markup {
    html! {
        @for (at, name) in names.iter().enumerate() {
            @if at > 0 { ", " }
            code { (name) }
        }
    }
}

/// A field of the request by a name, leading to where it is described on this page.
fn field(view: &View<'_>, method: &Method, name: &str, path: Option<&[FieldDescriptor]>) -> Markup {
    let input = method.descriptor.input();
    let root = path.and_then(<[FieldDescriptor]>::first).filter(|root| {
        let message = view.catalog.messages.get(input.full_name());
        message.is_some_and(|message| {
            message
                .fields
                .iter()
                .any(|field| field.descriptor == **root)
        })
    });
    html! {
        @match root {
            Some(root) => a href=(format!("#{}", fields::anchor(root))) { code { (name) } },
            None => code { (name) },
        }
    }
}

/// Proto names, root first.
pub(super) fn dotted(path: &[FieldDescriptor]) -> String {
    path.iter()
        .map(FieldDescriptor::proto_name)
        .collect::<Vec<_>>()
        .join(".")
}

/// A colour for each field that a path of the method feeds; the same in all bindings.
#[derive(Debug)]
struct Colours(Vec<String>);

impl Colours {
    fn of(method: &Method) -> Self {
        let mut fields: Vec<String> = Vec::new();
        for operation in &method.operations {
            for parameter in &operation.path_parameters {
                let name = dotted(&parameter.field);
                if !fields.contains(&name) {
                    fields.push(name);
                }
            }
        }
        Self(fields)
    }

    fn class(&self, parameter: &PathParameter) -> &'static str {
        let name = dotted(&parameter.field);
        let at = self.0.iter().position(|field| *field == name);
        CLASSES[at.unwrap_or(0) % COLOURS]
    }
}

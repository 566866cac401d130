//! The page of a message.

use maud::{Markup, html};

use super::address::SCHEMA;
use super::fields::List;
use super::layout::{self, Content, Here};
use super::{View, kind, markdown, parts, proto_text};
use crate::catalog::Message;
use crate::catalog::example::Side;

pub(super) fn page(view: &View<'_>, message: &Message) -> Markup {
    let links = view.links();
    let descriptor = &message.descriptor;
    let package = view.catalog.package(descriptor.package_name());
    let described = message.annotations.keywords.get("description");
    let comment = described
        .and_then(|text| text.as_str())
        .unwrap_or(&message.comment);
    let main = html! {
        (parts::trail(links, package, None))
        h1 { (descriptor.name()) " " span class="badge" { "message" } " " (parts::deprecated(message.deprecated)) }
        p class="full" { code { (parts::dotted(descriptor.full_name())) } }
        div class="text lead" { (markdown::block(view, comment)) }
        @if let Some(form) = kind::well_known(descriptor.full_name()) {
            p { "In JSON: " (form) "." }
        }
        @if let Some(resource) = &message.resource {
            p {
                "A resource, " code { (resource.kind) } ", named "
                @for (at, pattern) in resource.patterns.iter().enumerate() {
                    @if at > 0 { " or " }
                    code { (pattern) }
                }
                "."
            }
        }
        section aria-labelledby="s-fields" {
            h2 id="s-fields" { "Fields" }
            (List::flat(view).of(message))
        }
        section aria-labelledby="s-example" {
            h2 id="s-example" { "Example" }
            (parts::example(view, message, Side::Response))
        }
        section aria-labelledby="s-used" {
            h2 id="s-used" { "Used by" }
            (parts::used_by(view, &message.used_by))
        }
        section aria-labelledby="s-proto" {
            h2 id="s-proto" { "Definition" }
            (parts::copyable("proto, rebuilt from the descriptor", &proto_text::message(view.catalog, message)))
            p { "As " a href={ (links.message(message)) (SCHEMA) } { "JSON Schema" } ", with all that it refers to." }
        }
    };
    let content = Content {
        title: descriptor.name().to_owned(),
        plain: Some(format!("{}.md", links.message(message))),
        main,
    };
    let here = Here {
        package,
        ..Here::default()
    };
    layout::page(view, here, &content)
}

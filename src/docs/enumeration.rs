//! The page of an enum.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::{View, markdown, parts, proto_text};
use crate::catalog::Enum;

/// Values on one page.
const VALUES_MAX: usize = 1000;

pub(super) fn page(view: &View<'_>, enumeration: &Enum) -> Markup {
    let links = view.links();
    let descriptor = &enumeration.descriptor;
    let package = view.catalog.package(descriptor.package_name());
    let count = enumeration.values.len();
    let main = html! {
        (parts::trail(links, package, None))
        h1 { (descriptor.name()) " " span class="badge" { "enum" } " " (parts::deprecated(enumeration.deprecated)) }
        p class="full" { code { (parts::dotted(descriptor.full_name())) } }
        div class="text lead" { (markdown::block(view, &enumeration.comment)) }
        section aria-labelledby="s-values" {
            h2 id="s-values" { "Values" }
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Number" } th scope="col" { "Meaning" } } }
                tbody {
                    @for value in enumeration.values.iter().take(VALUES_MAX) {
                        tr id=(value.name) {
                            th scope="row" { code { (value.name) } " " (parts::deprecated(value.deprecated)) }
                            td { (value.number) }
                            td { div class="text" { (markdown::block(view, &value.comment)) } }
                        }
                    }
                }
            }
            @if count > VALUES_MAX { p class="quiet" { "and " (count - VALUES_MAX) " more" } }
            p class="quiet" { "JSON has the name; numbers are taken too." }
        }
        section aria-labelledby="s-used" {
            h2 id="s-used" { "Used by" }
            (parts::used_by(view, &enumeration.used_by))
        }
        section aria-labelledby="s-proto" {
            h2 id="s-proto" { "Definition" }
            (parts::copyable("proto, rebuilt from the descriptor", &proto_text::enumeration(enumeration)))
        }
    };
    let content = Content {
        title: descriptor.name().to_owned(),
        plain: Some(format!("{}.md", links.enumeration(enumeration))),
        main,
    };
    let here = Here {
        package,
        ..Here::default()
    };
    layout::page(view, here, &content)
}

//! The page of a service: its methods, a part at a time where they are many.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, downloads, markdown, parts};
use crate::catalog::{Package, Service};

pub(super) fn page(
    view: &View<'_>,
    package: &Package,
    service: &Service,
    query: &Query<'_>,
) -> Markup {
    let links = view.links();
    let path = links.service(package, service);
    let part = parts::Part::of(query.number(), service.methods.len());
    let methods = service
        .methods
        .iter()
        .skip(part.skip())
        .take(parts::ROWS_MAX);
    let comment = service
        .annotations
        .description
        .as_deref()
        .unwrap_or(&service.comment);
    let main = html! {
        (parts::trail(links, Some(package), None))
        h1 { (service.short) " " (parts::deprecated(service.deprecated)) }
        p class="full" { code { (parts::dotted(&service.name)) } }
        (parts::changed(view, &service.name))
        div class="text lead" { (markdown::block(view, comment)) }
        section aria-labelledby="s-methods" {
            h2 id="s-methods" { "Methods" }
            (parts::methods(view, package, service, methods))
            (part.links(&format!("{path}?")))
        }
        (downloads::of_service(view, package, service))
    };
    let content = Content {
        title: service.short.clone(),
        plain: Some(format!("{path}.md")),
        main,
    };
    let here = Here {
        package: Some(package),
        service: Some(service),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

//! The page of a package: its versions, services, types, and what can be taken away.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, changes, downloads, home, markdown, parts};
use crate::catalog::Package;

/// Methods that stand on this page, in all.
const METHODS_MAX: usize = 250;

pub(super) fn page(view: &View<'_>, package: &Package, query: &Query<'_>) -> Markup {
    let links = view.links();
    let path = links.package(&package.name);
    let part = parts::Part::of(query.number(), package.services.len());
    let mut room = METHODS_MAX;
    let main = html! {
        (parts::trail(links, None, None))
        h1 { (parts::dotted(parts::shown(package))) }
        (versions(view, package))
        div class="text lead" { (markdown::block(view, home::about(package))) }
        section aria-labelledby="s-services" {
            h2 id="s-services" { "Services" }
            @for service in package.services.iter().skip(part.skip()).take(parts::ROWS_MAX) {
                h3 { a href=(links.service(package, service)) { (service.short) } " " (parts::deprecated(service.deprecated)) }
                p { (markdown::line(view, &service.comment)) }
                @let shown = service.methods.len().min(room);
                @let () = room -= shown;
                @if shown > 0 {
                    (parts::methods(view, package, service, service.methods.iter().take(shown)))
                }
                @if shown < service.methods.len() {
                    p class="quiet" {
                        a href=(links.service(package, service)) {
                            "All " (service.methods.len()) " methods of " (service.short)
                        }
                    }
                }
            }
            (part.links(&format!("{path}?")))
        }
        (types(view, package))
        (downloads::of_package(view, package))
    };
    let content = Content {
        title: parts::shown(package).to_owned(),
        plain: Some(format!("{path}.md")),
        main,
    };
    let here = Here {
        package: Some(package),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

/// The versions of an API, and what is different between them.
fn versions(view: &View<'_>, package: &Package) -> Markup {
    let links = view.links();
    let all = changes::versions(view.catalog, package);
    html! {
        @if all.len() > 1 {
            nav class="versions" aria-label="Versions" {
                @for other in &all {
                    @let name = other.version.as_deref().unwrap_or_else(|| parts::shown(other));
                    a class="version" href=(links.package(&other.name))
                        aria-current=[(other.name == package.name).then_some("page")] { (name) }
                    " "
                }
                @for (old, new) in changes::pairs(&all) {
                    a class="quiet" href=(changes::path(view, old, new)) {
                        "what changed from " (old.version.as_deref().unwrap_or_default())
                        " to " (new.version.as_deref().unwrap_or_default())
                    }
                    " "
                }
            }
        }
    }
}

fn types(view: &View<'_>, package: &Package) -> Markup {
    let (links, catalog) = (view.links(), view.catalog);
    html! {
        @if !package.messages.is_empty() {
            section aria-labelledby="s-messages" {
                h2 id="s-messages" { "Messages" }
                ul class="names" {
                    @for message in package.messages.iter().filter_map(|name| catalog.messages.get(name)).take(parts::ROWS_MAX) {
                        li { a href=(links.message(message)) { (super::links::relative(&package.name, message.descriptor.full_name())) } }
                    }
                    @if package.messages.len() > parts::ROWS_MAX {
                        li class="quiet" { "and " (package.messages.len() - parts::ROWS_MAX) " more" }
                    }
                }
            }
        }
        @if !package.enums.is_empty() {
            section aria-labelledby="s-enums" {
                h2 id="s-enums" { "Enums" }
                ul class="names" {
                    @for enumeration in package.enums.iter().filter_map(|name| catalog.enums.get(name)).take(parts::ROWS_MAX) {
                        li { a href=(links.enumeration(enumeration)) { (super::links::relative(&package.name, enumeration.descriptor.full_name())) } }
                    }
                    @if package.enums.len() > parts::ROWS_MAX {
                        li class="quiet" { "and " (package.enums.len() - parts::ROWS_MAX) " more" }
                    }
                }
            }
        }
    }
}

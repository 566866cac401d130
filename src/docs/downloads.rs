//! What programs take away: OpenAPI documents in each version, descriptors, protos.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::{Swagger, View, parts};
use crate::catalog::{Package, Service};

/// Packages that are listed on the page of all.
const PACKAGES_MAX: usize = 500;

/// Versions of OpenAPI, the default first; each with what it is good for.
const VERSIONS: [(&str, &str); 3] = [
    ("3.1", "for most tools"),
    ("3.2", "streams as they are"),
    ("3.0", "for older generators"),
];

pub(super) fn page(view: &View<'_>) -> Markup {
    let links = view.links();
    let packages = view
        .catalog
        .packages
        .iter()
        .filter(|p| !p.services.is_empty());
    let main = html! {
        h1 { "Downloads" }
        p class="lead" {
            "All of this is made from the schema in force, so it says what the gateway does now."
        }
        section aria-labelledby="s-all" {
            h2 id="s-all" { "Everything" }
            (documents(&format!("{}.json", view.site.documents), &format!("{}.yaml", view.site.documents)))
            ul class="plain" {
                li { a href=(links.own("api.binpb")) download="api.binpb" { "Descriptor set" } ", a " code { "google.protobuf.FileDescriptorSet" } " for grpcurl, buf and generators" }
                li { a href=(links.own("llms.txt")) { "llms.txt" } ", a table of contents for language models; every page of it is Markdown" }
                @if view.site.swagger == Swagger::Served {
                    li { a href=(links.own("swagger")) { "Swagger UI" } }
                }
                @if view.site.scalar { li { a href=(links.own("scalar")) { "Scalar" } } }
            }
        }
        section aria-labelledby="s-packages" {
            h2 id="s-packages" { "By package" }
            div class="wide" tabindex="0" role="group" aria-labelledby="s-packages" {
                table {
                    thead { tr { th scope="col" { "Package" } th scope="col" { "OpenAPI" } th scope="col" { "Protos" } th scope="col" { "Text" } } }
                    tbody {
                        @for package in packages.clone().filter(|p| !p.name.is_empty()).take(PACKAGES_MAX) {
                            @let path = links.package(&package.name);
                            tr {
                                th scope="row" { a href=(path) { (parts::dotted(&package.name)) } }
                                td {
                                    @let document = format!("{}/{}", view.site.documents, package.name);
                                    @for (version, _) in VERSIONS {
                                        a href=(format!("{document}.json?version={version}")) { (version) } " "
                                    }
                                }
                                td { a href=(format!("{path}.proto")) download=(format!("{}.proto", package.name)) { ".proto" } }
                                td { a href=(format!("{path}.md")) { "Markdown" } }
                            }
                        }
                    }
                }
            }
            @if packages.count() > PACKAGES_MAX { p class="quiet" { "These are the first " (PACKAGES_MAX) "." } }
        }
    };
    let content = Content {
        title: "Downloads".to_owned(),
        plain: None,
        main,
    };
    let here = Here {
        own: Some("downloads"),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

/// The part of a package's page.
pub(super) fn of_package(view: &View<'_>, package: &Package) -> Markup {
    let path = view.links().package(&package.name);
    let file = format!("{}.proto", super::links::file_stem(package));
    html! {
        section aria-labelledby="s-downloads" {
            h2 id="s-downloads" { "Downloads" }
            @if !package.name.is_empty() {
                @let document = format!("{}/{}", view.site.documents, package.name);
                (documents(&format!("{document}.json"), &format!("{document}.yaml")))
            }
            ul class="plain" {
                li { a href=(format!("{path}.proto")) download=(file) { ".proto" } ", rebuilt from the descriptors" }
                @for (program, ending) in [("Postman and Insomnia", "postman.json"), ("Bruno", "bruno.json")] {
                    li {
                        a href=(format!("{path}.{ending}")) download=(format!("{}.{ending}", super::links::file_stem(package))) { "Collection" }
                        " for " (program)
                    }
                }
                li { a href=(format!("{path}.md")) { "Markdown" } }
            }
        }
    }
}

/// The part of a service's page.
pub(super) fn of_service(view: &View<'_>, package: &Package, service: &Service) -> Markup {
    let document = format!("{}/{}", view.site.documents, service.name);
    html! {
        @if !package.name.is_empty() {
            section aria-labelledby="s-downloads" {
                h2 id="s-downloads" { "Downloads" }
                (documents(&format!("{document}.json"), &format!("{document}.yaml")))
            }
        }
    }
}

fn documents(json: &str, yaml: &str) -> Markup {
    html! {
        ul class="plain" {
            @for (version, purpose) in VERSIONS {
                li {
                    "OpenAPI " (version) ": "
                    a href=(format!("{json}?version={version}")) { "JSON" } ", "
                    a href=(format!("{yaml}?version={version}")) { "YAML" }
                    " " span class="quiet" { (purpose) }
                }
            }
        }
    }
}

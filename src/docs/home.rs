//! The first page: what there is, and how to call it.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::{View, markdown, parts};
use crate::catalog::Package;
use crate::catalog::example::Examples;
use crate::schema::Shape;

/// Packages on this page.
const PACKAGES_MAX: usize = 500;

/// Services that stand with a package here.
const SERVICES_MAX: usize = 6;

pub(super) fn page(view: &View<'_>) -> Markup {
    let site = view.site;
    let packages = view
        .catalog
        .packages
        .iter()
        .filter(|p| !p.services.is_empty());
    let shown: Vec<&Package> = packages.clone().take(PACKAGES_MAX).collect();
    let main = html! {
        h1 { (site.title) }
        @if site.description.is_empty() {
            p class="lead" { (counts(view)) }
        } @else {
            div class="text lead" { (markdown::block(view, &site.description)) }
            p class="quiet" { (counts(view)) }
        }
        section aria-labelledby="s-packages" {
            h2 id="s-packages" { "Packages" }
            @if shown.is_empty() {
                p class="quiet" { "This gateway serves nothing that is public." }
            }
            div class="cards" {
                @for family in shown.chunk_by(|a, b| a.family == b.family) {
                    (card(view, family))
                }
            }
            @if packages.count() > PACKAGES_MAX {
                p { "These are the first " (PACKAGES_MAX) ". Search finds the others." }
            }
        }
        (how_to_call(view))
    };
    let content = Content {
        title: "Overview".to_owned(),
        plain: Some(view.links().own("llms.txt")),
        main,
    };
    layout::page(view, Here::default(), &content)
}

fn counts(view: &View<'_>) -> String {
    let packages = view
        .catalog
        .packages
        .iter()
        .filter(|p| !p.services.is_empty())
        .count();
    let (mut methods, mut operations) = (0, 0);
    for (_, _, method) in view.catalog.methods() {
        methods += 1;
        operations += method.operations.len();
    }
    format!(
        "{packages} packages, {methods} methods, {operations} ways to call them by HTTP and JSON."
    )
}

/// All versions of an API.
fn card(view: &View<'_>, family: &[&Package]) -> Markup {
    let links = view.links();
    let name = family.first().map_or("", |package| package.family.as_str());
    let newest = family.last().copied();
    html! {
        article class="card" {
            h3 { (parts::dotted(if name.is_empty() { "(no package)" } else { name })) }
            p class="versions" {
                @for package in family {
                    a class="version" href=(links.package(&package.name)) {
                        (package.version.as_deref().unwrap_or_else(|| parts::shown(package)))
                    }
                    " "
                }
            }
            @if let Some(package) = newest {
                p { (markdown::line(view, about(package))) }
                ul class="plain" {
                    @for service in package.services.iter().take(SERVICES_MAX) {
                        li {
                            a href=(links.service(package, service)) { (service.short) }
                            " " span class="quiet" { (methods(service.methods.len())) }
                        }
                    }
                    @if package.services.len() > SERVICES_MAX {
                        li class="quiet" { "and " (package.services.len() - SERVICES_MAX) " more services" }
                    }
                }
            }
        }
    }
}

/// "1 method", "5 methods".
pub(super) fn methods(count: usize) -> String {
    if count == 1 {
        "1 method".to_owned()
    } else {
        format!("{count} methods")
    }
}

/// What a package says of itself; else what its first service does.
pub(super) fn about(package: &Package) -> &str {
    let annotated = package.annotations.info.get("description");
    annotated
        .and_then(serde_json::Value::as_str)
        .or(Some(package.comment.as_str()))
        .filter(|text| !text.trim().is_empty())
        .or_else(|| {
            package
                .services
                .first()
                .map(|service| service.comment.as_str())
        })
        .unwrap_or_default()
}

fn how_to_call(view: &View<'_>) -> Markup {
    html! {
        section aria-labelledby="s-call" {
            h2 id="s-call" { "How to call this API" }
            p {
                "Everything is at " code { (view.origin) } ". Each method can be called by REST where it has a \
                path, and by gRPC, gRPC-Web and Connect on its own path. "
                a href=(view.links().own("authentication")) { "Authentication" }
                " says how callers are known, "
                a href=(view.links().own("errors")) { "Errors" }
                " what answers mean that are none."
            }
            @if let Some((rest, own)) = examples(view) {
                (parts::copyable("REST", &rest))
                (parts::copyable("Connect, with nothing but curl", &own.0))
                (parts::copyable("gRPC", &own.1))
                (parts::copyable("gRPC-Web, as JSON", &own.2))
            }
        }
    }
}

/// Commands for a method that needs little: one that only reads, by preference without a path variable.
fn examples(view: &View<'_>) -> Option<(String, (String, String, String))> {
    let unary = || {
        view.catalog
            .methods()
            .filter(|(_, _, m)| m.served.shape == Shape::Unary)
    };
    let rests = |plain: bool| {
        unary().find_map(move |(_, _, method)| {
            let operation = method.operations.iter().find(|operation| {
                operation.verb == "GET"
                    && operation.binding.is_some()
                    && (!plain || operation.path_parameters.is_empty())
            })?;
            Some((method, operation))
        })
    };
    let (method, rest) = match rests(true).or_else(|| rests(false)) {
        Some((method, operation)) => {
            let url = Examples::new(view.catalog).request_url(operation);
            (method, format!("curl '{}{url}'", view.origin))
        }
        None => {
            let (_, _, method) = unary().next()?;
            let path = &method.served.path;
            (
                method,
                format!(
                    "curl -d '{{}}' -H 'content-type: application/json' '{}{path}'",
                    view.origin
                ),
            )
        }
    };
    let (origin, path) = (view.origin, &method.served.path);
    let rpc = path.trim_start_matches('/');
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let plaintext = if origin.starts_with("https:") {
        ""
    } else {
        "-plaintext "
    };
    Some((
        rest,
        (
            format!("curl -d '{{}}' -H 'content-type: application/json' '{origin}{path}'"),
            format!("grpcurl {plaintext}-d '{{}}' {host} {rpc}"),
            format!(
                "printf '\\0\\0\\0\\0\\2{{}}' | curl -s --data-binary @- \\\n  -H 'content-type: application/grpc-web+json' '{origin}{path}'"
            ),
        ),
    ))
}

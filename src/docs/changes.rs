//! What is different between two versions of an API.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, parts};
use crate::catalog::{Catalog, Package};

/// Families that are listed.
const FAMILIES_MAX: usize = 300;

/// Versions of one API that are compared, at most.
const VERSIONS_MAX: usize = 20;

pub(super) fn page(view: &View<'_>, query: &Query<'_>) -> Markup {
    let named = |name: &str| {
        query
            .text(name)
            .and_then(|name| view.catalog.package(&name))
    };
    let main = html! {
        h1 { "Changes" }
        @match (named("from"), named("to")) {
            (Some(old), Some(new)) => (between(view, old, new)),
            _ => (families(view)),
        }
    };
    let content = Content {
        title: "Changes".to_owned(),
        plain: None,
        main,
    };
    let here = Here {
        own: Some("changes"),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

/// All versions of a package's API, oldest first.
pub(super) fn versions<'a>(catalog: &'a Catalog, package: &Package) -> Vec<&'a Package> {
    catalog
        .packages
        .iter()
        .filter(|other| other.family == package.family && other.version.is_some())
        .filter(|other| !other.services.is_empty())
        .take(VERSIONS_MAX)
        .collect()
}

/// Each version with the next.
pub(super) fn pairs<'a>(versions: &[&'a Package]) -> Vec<(&'a Package, &'a Package)> {
    versions
        .windows(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .collect()
}

/// Where a comparison is.
pub(super) fn path(view: &View<'_>, old: &Package, new: &Package) -> String {
    format!(
        "{}?from={}&to={}",
        view.links().own("changes"),
        old.name,
        new.name
    )
}

fn families(view: &View<'_>) -> Markup {
    let packages: Vec<_> = view
        .catalog
        .packages
        .iter()
        .filter(|p| !p.services.is_empty())
        .collect();
    let families = packages.chunk_by(|a, b| a.family == b.family);
    let many: Vec<_> = families.filter(|family| family.len() > 1).collect();
    html! {
        p class="lead" { "What an API's next version adds, and what it breaks." }
        @if many.is_empty() {
            p { "No API here has more than one version." }
        }
        @for family in many.into_iter().take(FAMILIES_MAX) {
            @if let Some(first) = family.first() { h2 { (parts::dotted(&first.family)) } }
            ul class="plain" {
                @for (old, new) in pairs(family) {
                    li {
                        a href=(path(view, old, new)) {
                            (old.version.as_deref().unwrap_or(&old.name))
                            " → " (new.version.as_deref().unwrap_or(&new.name))
                        }
                    }
                }
            }
        }
    }
}

fn between(view: &View<'_>, old: &Package, new: &Package) -> Markup {
    let links = view.links();
    html! {
        p class="lead" {
            "From " a href=(links.package(&old.name)) { (old.name) }
            " to " a href=(links.package(&new.name)) { (new.name) } "."
        }
    }
}

//! What is different between two versions of an API.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, parts};
use crate::catalog::difference::{self, CHANGES_MAX, Change, Element, Surface};
use crate::catalog::{Catalog, Package};

/// Families that are listed.
const FAMILIES_MAX: usize = 300;

/// Changes of either kind on the page.
const SHOWN_MAX: usize = 400;

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
            _ => {
                (revisions(view))
                (families(view))
            }
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

/// What the schema that is served now changed of the one before.
fn revisions(view: &View<'_>) -> Markup {
    let Some(before) = view.before else {
        return html! {};
    };
    let changes = difference::of_revisions(before, view.catalog);
    let (breaking, adding): (Vec<_>, Vec<_>) = changes.iter().partition(|c| c.is_breaking());
    html! {
        p class="lead" {
            "Since the schema was replaced while this gateway runs: "
            (breaking.len()) " that break somebody, " (adding.len()) " that add."
        }
        (list(view, "s-breaking", "Breaking", &breaking))
        (list(view, "s-adding", "Additions and the like", &adding))
    }
}

fn between(view: &View<'_>, old: &Package, new: &Package) -> Markup {
    let links = view.links();
    let changes = difference::between((view.catalog, old), (view.catalog, new));
    let (breaking, adding): (Vec<_>, Vec<_>) = changes.iter().partition(|c| c.is_breaking());
    html! {
        p class="lead" {
            "From " a href=(links.package(&old.name)) { (old.name) }
            " to " a href=(links.package(&new.name)) { (new.name) } ": "
            (breaking.len()) " that break somebody, " (adding.len()) " that add."
        }
        @if changes.len() == CHANGES_MAX { p class="note" { "These are the first " (CHANGES_MAX) "." } }
        (list(view, "s-breaking", "Breaking", &breaking))
        (list(view, "s-adding", "Additions and the like", &adding))
    }
}

fn list(view: &View<'_>, id: &str, title: &str, changes: &[&Change]) -> Markup {
    html! {
        @if !changes.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                table {
                    thead { tr { th scope="col" { "What" } th scope="col" { "Change" } th scope="col" { "Whom it breaks" } } }
                    tbody {
                        @for change in changes.iter().take(SHOWN_MAX) {
                            tr {
                                th scope="row" {
                                    (named(view, change)) " "
                                    span class="badge" { (element(change.element)) }
                                }
                                td { (change.text) }
                                td {
                                    @if change.breaks.is_empty() { span class="quiet" { "nobody" } }
                                    @for (at, surface) in change.breaks.iter().enumerate() {
                                        @if at > 0 { ", " }
                                        (self::surface(*surface))
                                    }
                                }
                            }
                        }
                    }
                }
                @if changes.len() > SHOWN_MAX { p class="quiet" { "and " (changes.len() - SHOWN_MAX) " more" } }
            }
        }
    }
}

/// The element's name, leading to its page while it is there.
fn named(view: &View<'_>, change: &Change) -> Markup {
    match change.element {
        Element::Method | Element::Binding => {
            let path = change.name.replace('/', ".");
            match path.rsplit_once('.') {
                Some((service, method)) => parts::reference(view, &format!("/{service}/{method}")),
                None => parts::reference(view, &change.name),
            }
        }
        Element::Service | Element::Message | Element::Field | Element::Enum | Element::Value => {
            parts::reference(view, &change.name)
        }
    }
}

const fn element(element: Element) -> &'static str {
    match element {
        Element::Service => "service",
        Element::Method => "method",
        Element::Binding => "binding",
        Element::Message => "message",
        Element::Field => "field",
        Element::Enum => "enum",
        Element::Value => "value",
    }
}

const fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::Wire => "gRPC",
        Surface::Json => "JSON",
        Surface::Rest => "REST",
        Surface::Rules => "requests that the rules refuse now",
    }
}

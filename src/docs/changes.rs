//! What is different between two revisions of what is served, and between two versions of an API.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::timeline::Step;
use super::{View, parts};
use crate::catalog::difference::{self, CHANGES_MAX, Change, Element, Surface};
use crate::catalog::{Catalog, Package};

/// Families that are listed.
const FAMILIES_MAX: usize = 300;

/// Changes of either kind on the page.
const SHOWN_MAX: usize = 400;

/// Methods of a revision that are listed.
const METHODS_MAX: usize = 200;

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

/// What each revision changed of the one before, newest first.
fn revisions(view: &View<'_>) -> Markup {
    let timeline = view.timeline;
    html! {
        @if let Some(begins) = timeline.begins {
            p class="lead" {
                "Revisions of what is served since " (begins.markup()) ", the newest first: "
                a href=(view.links().own("changes.atom")) rel="alternate" type="application/atom+xml" { "as a feed" } "."
            }
            @if timeline.steps.is_empty() { p { "Nothing has changed since." } }
            @for (at, step) in timeline.steps.iter().enumerate() { (revision(view, step, at == 0)) }
            h2 { "Versions" }
        }
    }
}

/// `In one sentence: how many changes of either kind.`
pub(super) fn count(step: &Step) -> String {
    let breaking = step.changes.iter().filter(|c| c.is_breaking()).count();
    let adding = step.changes.len() - breaking;
    format!("{breaking} that break somebody, {adding} that add")
}

fn revision(view: &View<'_>, step: &Step, open: bool) -> Markup {
    let stem = step.at.stem();
    let (breaking, adding): (Vec<_>, Vec<_>) = step.changes.iter().partition(|c| c.is_breaking());
    html! {
        section aria-labelledby=(format!("r-{stem}")) {
            h2 id=(format!("r-{stem}")) { "Changed " (step.at.markup()) }
            p { (count(step)) "." }
            (methods(view, step))
            details open[open] {
                summary { "Every change" }
                (list(view, &format!("b-{stem}"), "Breaking", &breaking))
                (list(view, &format!("a-{stem}"), "Additions and the like", &adding))
            }
        }
    }
}

/// Whom a revision concerns.
fn methods(view: &View<'_>, step: &Step) -> Markup {
    html! {
        @if !step.methods.is_empty() {
            table {
                thead { tr { th scope="col" { "Method" } th scope="col" { "Breaking" } th scope="col" { "Additive" } } }
                tbody {
                    @for (method, touch) in step.methods.iter().take(METHODS_MAX) {
                        tr {
                            th scope="row" { (method_named(view, method)) }
                            td { @if touch.breaking > 0 { span class="badge warn" { (touch.breaking) } } @else { "0" } }
                            td { (touch.adding) }
                        }
                    }
                }
            }
            @if step.methods.len() > METHODS_MAX { p class="quiet" { "and " (step.methods.len() - METHODS_MAX) " more methods" } }
        }
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
        Element::Method | Element::Binding => method_named(view, &change.name),
        Element::Service | Element::Message | Element::Field | Element::Enum | Element::Value => {
            parts::reference(view, &change.name)
        }
    }
}

/// `pkg.Service.Method`, leading to its page.
fn method_named(view: &View<'_>, name: &str) -> Markup {
    match name.rsplit_once('.') {
        Some((service, method)) => parts::reference(view, &format!("/{service}/{method}")),
        None => parts::reference(view, name),
    }
}

pub(super) const fn element(element: Element) -> &'static str {
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

pub(super) const fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::Wire => "gRPC",
        Surface::Json => "JSON",
        Surface::Rest => "REST",
        Surface::Rules => "requests that the rules refuse now",
    }
}

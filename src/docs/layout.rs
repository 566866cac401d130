//! What stands around every page: head, search, the list of what there is, the footer.
//!
//! The list shows all packages, the services of the package one is in and the methods of the service one
//! is in, each up to a bound: its size does not follow the API's.

use maud::{DOCTYPE, Markup, html};

use super::links::Links;
use super::{Swagger, View, assets, parts};
use crate::catalog::{Method, Package, Service};

/// Packages, services or methods that the list shows, each.
const LISTED_MAX: usize = 150;

/// The pages of the site itself: name beneath the prefix, and what it is called.
const OWN: [(&str, &str); 6] = [
    ("authentication", "Authentication"),
    ("errors", "Errors"),
    ("test", "Test a URL"),
    ("changes", "Changes"),
    ("coverage", "Coverage"),
    ("downloads", "Downloads"),
];

/// Where a page stands in the list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Here<'a> {
    pub(super) package: Option<&'a Package>,
    pub(super) service: Option<&'a Service>,
    pub(super) method: Option<&'a Method>,
    /// One of the site's own pages.
    pub(super) own: Option<&'static str>,
}

/// A page's own part.
#[derive(Debug)]
pub(super) struct Content {
    /// Of the window.
    pub(super) title: String,
    /// The path of the same page in Markdown.
    pub(super) plain: Option<String>,
    /// Everything within `main`; begins with the page's only `h1`.
    pub(super) main: Markup,
}

/// A whole page.
pub(super) fn page(view: &View<'_>, here: Here<'_>, content: &Content) -> Markup {
    let (site, links) = (view.site, view.links());
    let asset = |name| assets::path(&site.prefix, name);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (content.title) " · " (site.title) }
                link rel="icon" type="image/svg+xml" href=(asset("icon.svg"));
                link rel="stylesheet" href=(asset("site.css"));
                link rel="alternate" type="application/atom+xml" title="Changes" href=(links.own("changes.atom"));
                @if let Some(plain) = &content.plain {
                    link rel="alternate" type="text/markdown" href=(plain);
                }
                script src=(asset("site.js")) {}
            }
            body {
                a class="skip" href="#site-main" { "Skip to the page's content" }
                (header(view, links))
                div class="columns" {
                    (list(view, here))
                    main id="site-main" tabindex="-1" {
                        (content.main)
                        footer {
                            p {
                                @if let Some(plain) = &content.plain {
                                    a href=(plain) { "This page as Markdown" } " · "
                                }
                                "Made by Transom from the schema it serves."
                            }
                        }
                    }
                }
            }
        }
    }
}

fn header(view: &View<'_>, links: Links<'_>) -> Markup {
    let site = view.site;
    html! {
        header class="top" {
            a class="title" href=(links.home()) {
                @if !site.logo.is_empty() { img src=(site.logo) alt="" height="24"; }
                (site.title)
            }
            form class="search" role="search" action=(links.own("search")) method="get" {
                label class="unseen" for="site-q" { "Search" }
                input id="site-q" type="search" name="q" placeholder="Search methods, paths, fields"
                    autocomplete="off" spellcheck="false" maxlength="200"
                    data-index=(links.own("search.json"));
                button type="submit" { "Search" }
            }
            button id="site-theme" class="theme" type="button" hidden { "Theme" }
            a class="menu" href="#site-contents" { "Contents" }
        }
    }
}

fn list(view: &View<'_>, here: Here<'_>) -> Markup {
    let links = view.links();
    let current = |is: bool| is.then_some("page");
    html! {
        nav id="site-contents" class="list" aria-label="Contents" tabindex="-1" {
            h2 { "API" }
            ul {
                @for package in view.catalog.packages.iter().filter(|p| !p.services.is_empty()).take(LISTED_MAX) {
                    @let is_here = here.package.is_some_and(|here| here.name == package.name);
                    li {
                        a href=(links.package(&package.name))
                            aria-current=[current(is_here && here.service.is_none())]
                            class=[is_here.then_some("open")]
                        { (parts::dotted(parts::shown(package))) }
                        @if is_here { (services(view, package, here)) }
                    }
                }
                @let count = view.catalog.packages.iter().filter(|p| !p.services.is_empty()).count();
                @if count > LISTED_MAX {
                    li { a class="quiet" href=(links.home()) { "all " (count) " packages" } }
                }
            }
            h2 { "About" }
            ul {
                @for (name, title) in OWN {
                    li {
                        a href=(links.own(name)) aria-current=[current(here.own == Some(name))] { (title) }
                    }
                }
                @if view.site.swagger == Swagger::Served {
                    li { a href=(links.own("swagger")) { "Swagger UI" } }
                }
                @if view.site.scalar { li { a href=(links.own("scalar")) { "Scalar" } } }
            }
        }
    }
}

fn services(view: &View<'_>, package: &Package, here: Here<'_>) -> Markup {
    let links = view.links();
    html! {
        ul {
            @for service in around(&package.services, |service| {
                here.service.is_some_and(|here| here.name == service.name)
            }) {
                @let is_here = here.service.is_some_and(|here| here.name == service.name);
                li {
                    a href=(links.service(package, service))
                        aria-current=[(is_here && here.method.is_none()).then_some("page")]
                        class=[is_here.then_some("open")]
                    { (service.short) }
                    @if is_here { (methods(view, package, service, here.method)) }
                }
            }
            @if package.services.len() > LISTED_MAX {
                li {
                    a class="quiet" href=(links.package(&package.name)) {
                        "all " (package.services.len()) " services"
                    }
                }
            }
        }
    }
}

fn methods(view: &View<'_>, package: &Package, service: &Service, here: Option<&Method>) -> Markup {
    let links = view.links();
    html! {
        ul {
            @for method in around(&service.methods, |method| {
                here.is_some_and(|here| here.served.id == method.served.id)
            }) {
                @let is_here = here.is_some_and(|here| here.served.id == method.served.id);
                li {
                    a href=(links.method(package, service, method))
                        aria-current=[is_here.then_some("page")]
                        class=[method.deprecated.then_some("old")]
                    { (method.served.name) }
                }
            }
            @if service.methods.len() > LISTED_MAX {
                li {
                    a class="quiet" href=(links.service(package, service)) {
                        "all " (service.methods.len()) " methods"
                    }
                }
            }
        }
    }
}

/// The part of a list around where one is.
fn around<T>(all: &[T], is_here: impl Fn(&T) -> bool) -> &[T] {
    let here = all.iter().position(is_here).unwrap_or(0);
    let last = all.len().saturating_sub(LISTED_MAX);
    let first = here.saturating_sub(LISTED_MAX / 2).min(last);
    &all[first..(first + LISTED_MAX).min(all.len())]
}

//! "Test a URL": which method a request would call and which fields it would set, or why none.

use maud::{Markup, html};

use super::View;
use super::layout::{self, Content, Here};
use super::query::Query;
use crate::catalog::{Method, Package, Service};
use crate::schema::Route;

/// Bytes of a URL that are read.
const URL_MAX: usize = 4 << 10;

/// HTTP methods that the form offers.
const VERBS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn page(view: &View<'_>, query: &Query<'_>) -> Markup {
    let main = html! {
        h1 { "Test a URL" }
        p class="lead" { "Which method does a request call, and which fields does it set? Nothing is sent." }
        (form(view, &view.links().own("test"), "", query))
    };
    let content = Content {
        title: "Test a URL".to_owned(),
        plain: None,
        main,
    };
    let here = Here {
        own: Some("test"),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

/// The part of a method's page.
pub(super) fn section(view: &View<'_>, method: &Method, path: &str, query: &Query<'_>) -> Markup {
    let first = method.operations.first();
    let verb = first.map_or("GET", |operation| operation.verb.as_str());
    html! {
        section aria-labelledby="s-test" {
            h2 id="s-test" { "Test a URL" }
            p { "Paste one and see what it would call. Nothing is sent." }
            (form(view, &format!("{path}#s-test"), verb, query))
        }
    }
}

fn form(_view: &View<'_>, action: &str, verb: &str, query: &Query<'_>) -> Markup {
    let asked = query.text("verb").unwrap_or_else(|| verb.to_owned());
    let url = query.text("url").unwrap_or_default();
    html! {
        form class="row" method="get" action=(action) {
            label class="unseen" for="verb" { "HTTP method" }
            select id="verb" name="verb" {
                @for verb in VERBS {
                    option value=(verb) selected[verb == asked] { (verb) }
                }
            }
            label class="unseen" for="url" { "URL" }
            input id="url" type="text" name="url" value=(url) placeholder="/v1/…" maxlength=(URL_MAX) spellcheck="false" autocomplete="off";
            button type="submit" { "Test" }
        }
    }
}

/// The method that a URL or path calls, by whichever HTTP method; none if it is no path.
pub(super) fn called<'a>(
    view: &View<'a>,
    url: &str,
) -> Option<(&'a Package, &'a Service, &'a Method)> {
    let path = path_of(url)?;
    let method = VERBS
        .iter()
        .find_map(|verb| match view.schema.route(verb, path) {
            Route::Found { binding, .. } => Some(&binding.method),
            Route::WrongVerb { .. } | Route::None => None,
        });
    super::resources::method(view.catalog, &method?.path)
}

/// The path of a URL, or of what begins with one.
fn path_of(url: &str) -> Option<&str> {
    let url = url.trim();
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..))?,
        None => url,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    (path.starts_with('/') && path.len() <= URL_MAX).then_some(path)
}

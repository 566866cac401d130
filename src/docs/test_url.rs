//! "Test a URL": which method a request would call and which fields it would set, or why none. Nothing is
//! sent.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, parts, resources};
use crate::catalog::probe::{Found, Near, Probe, Taken, probe};
use crate::catalog::{Method, Package, Service};
use crate::schema::Route;

/// Bytes of a URL that are read.
const URL_MAX: usize = 4 << 10;

/// HTTP methods that the form offers.
const VERBS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Bytes of an HTTP method of the reader's own.
const VERB_MAX: usize = 40;

/// Pieces of a URL that are shown.
const PIECES_MAX: usize = 100;

pub(super) fn page(view: &View<'_>, query: &Query<'_>) -> Markup {
    let main = html! {
        h1 { "Test a URL" }
        p class="lead" { "Which method does a request call, and which fields does it set? Nothing is sent." }
        (form(&view.links().own("test"), "GET", "", query))
        (outcome(view, "GET", query))
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
    let example = first.map_or("", |operation| operation.path.as_str());
    html! {
        section aria-labelledby="s-test" {
            h2 id="s-test" { "Test a URL" }
            p { "Paste one and see what it would call. Nothing is sent." }
            (form(&format!("{path}#s-test"), verb, example, query))
            (outcome(view, verb, query))
        }
    }
}

fn form(action: &str, verb: &str, example: &str, query: &Query<'_>) -> Markup {
    let asked = asked_verb(verb, query);
    let url = query.text("url").unwrap_or_default();
    let example = if example.is_empty() {
        "/v1/…"
    } else {
        example
    };
    html! {
        form class="row" method="get" action=(action) {
            label class="unseen" for="f-verb" { "HTTP method" }
            select id="f-verb" name="verb" {
                @for verb in VERBS {
                    option value=(verb) selected[verb == asked] { (verb) }
                }
                @if !VERBS.contains(&asked.as_str()) {
                    option value=(asked) selected { (asked) }
                }
            }
            label class="unseen" for="f-url" { "URL" }
            input id="f-url" type="text" name="url" value=(url) placeholder=(example)
                maxlength=(URL_MAX) spellcheck="false" autocomplete="off";
            button type="submit" { "Test" }
        }
    }
}

fn asked_verb(verb: &str, query: &Query<'_>) -> String {
    let verb = if verb == "*" { "GET" } else { verb };
    let asked = query.text("verb").filter(|verb| verb.len() <= VERB_MAX);
    asked.unwrap_or_else(|| verb.to_owned())
}

fn outcome(view: &View<'_>, verb: &str, query: &Query<'_>) -> Markup {
    let Some(url) = query.text("url").filter(|url| url.len() <= URL_MAX) else {
        return html! {};
    };
    let verb = asked_verb(verb, query);
    let outcome = probe(view.schema, view.protocol, view.catalog, &verb, &url);
    html! {
        div class="result" role="status" {
            @match outcome {
                Probe::Found(found) => (self::found(view, &found)),
                Probe::WrongVerb { verb, allow } => {
                    p { strong { "405." } " The path is there, but not for " (parts::verb(&verb)) "." }
                    p { "It takes " @for verb in &allow { (parts::verb(verb)) " " } "." }
                }
                Probe::NotFound { nearest } => (nowhere(view, &nearest)),
                Probe::Refused { status, message } => {
                    p { strong { (status) "." } " It is refused before it is looked up: " (message) }
                }
            }
        }
    }
}

fn found(view: &View<'_>, found: &Found) -> Markup {
    html! {
        p {
            @match &found.refused {
                None => strong { "It calls " },
                Some(_) => strong { "It is meant for " },
            }
            (parts::reference(view, &format!("/{}", found.rpc)))
            " by " code class="path" { (found.binding) }
        }
        @if let Some(refusal) = &found.refused {
            p class="note warn" { strong { (refusal.status) "." } " " (refusal.message) }
        }
        @if !found.values.is_empty() {
            table {
                thead { tr { th scope="col" { "From" } th scope="col" { "Text" } th scope="col" { "Field" } th scope="col" { "What becomes of it" } } }
                tbody {
                    @for value in found.values.iter().take(PIECES_MAX) {
                        tr {
                            th scope="row" { (value.place) " " code { (value.key) } }
                            td { code { (value.text) } }
                            td { @match &value.field { Some(field) => code { (field) }, None => "–" } }
                            td { (fate(value)) }
                        }
                    }
                }
            }
            @if found.values.len() > PIECES_MAX { p class="quiet" { "and " (found.values.len() - PIECES_MAX) " more" } }
        }
        @if let Some(message) = &found.message {
            p { "The request, as far as the URL gives it:" }
            pre tabindex="0" { code { (serde_json::to_string_pretty(message).unwrap_or_default()) } }
        }
        @match found.body.as_str() {
            "none" => {}
            "message" => p { "The body is the rest of the request message." },
            field => p { "The body is the field " code { (field) } "." },
        }
    }
}

fn fate(value: &Taken) -> Markup {
    html! {
        @match (value.fate, &value.reason) {
            ("taken", _) => "sets the field",
            ("bound", _) => "changes nothing: the path or the body sets the field",
            ("unknown", _) => "names no field and is ignored",
            (_, Some(reason)) => { "refused: " (reason) }
            (_, None) => "refused",
        }
    }
}

fn nowhere(view: &View<'_>, nearest: &[Near]) -> Markup {
    html! {
        p { strong { "404." } " No method has this path." }
        @if !nearest.is_empty() {
            p { "The nearest are:" }
            ul class="plain" {
                @for near in nearest {
                    li {
                        (parts::verb(&near.verb)) " " code class="path" { (near.path) } " "
                        (parts::reference(view, &format!("/{}", near.rpc)))
                    }
                }
            }
        }
    }
}

/// The methods that a URL or path calls, by whichever HTTP method, the one whose path says most first;
/// none if it is no path.
pub(super) fn called<'a>(
    view: &View<'a>,
    url: &str,
) -> Vec<(&'a Package, &'a Service, &'a Method)> {
    let Some(path) = path_of(url) else {
        return Vec::new();
    };
    let mut bindings: Vec<_> = VERBS
        .iter()
        .filter_map(|verb| match view.schema.route(verb, path) {
            Route::Found { binding, .. } => Some(binding),
            Route::WrongVerb { .. } | Route::None => None,
        })
        .collect();
    bindings.sort_by_key(|binding| std::cmp::Reverse(binding.template.len()));
    bindings.dedup_by_key(|binding| binding.method.id);
    bindings
        .into_iter()
        .filter_map(|binding| resources::method(view.catalog, &binding.method.path))
        .collect()
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

//! Search: a page that works without a script, and the index for the script that filters while one types.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{self, Content, Here};
use super::query::Query;
use super::{View, parts, resources, test_url};

mod entries;
mod rank;

use entries::{Entry, entries};

/// Results on a page.
const RESULTS_MAX: usize = 60;

/// Entries of the index that a browser loads. A larger API is searched by its first ones while one
/// types, and whole by the page.
const INDEX_MAX: usize = 20_000;

/// Letters of a summary in the index.
const SUMMARY_MAX: usize = 100;

/// Letters of a search that are read.
const QUERY_MAX: usize = 200;

pub(super) fn page(view: &View<'_>, query: &Query<'_>) -> Markup {
    let asked = query.text("q").unwrap_or_default();
    let asked: String = asked.chars().take(QUERY_MAX).collect();
    let found = found(view, &asked);
    let main = html! {
        h1 { "Search" }
        form class="stack" method="get" role="search" aria-label="Search this API" action=(view.links().own("search")) {
            label for="search-q" { "Names of methods, messages, fields and values, paths, URLs, words of comments" }
            input id="search-q" type="search" name="q" value=(asked) maxlength=(QUERY_MAX) spellcheck="false";
            button type="submit" { "Search" }
        }
        @if !asked.is_empty() {
            p role="status" {
                @match found.len() {
                    0 => { "Nothing found for “" (asked) "”." }
                    n if n == RESULTS_MAX => { "The first " (n) " of what is found for “" (asked) "”" }
                    n => { (n) " found for “" (asked) "”" }
                }
            }
            @if found.is_empty() {
                @if let Some(closest) = view.schema.closest(&asked).filter(|name| resources::method(view.catalog, name).is_some()) {
                    p { "Did you mean " (parts::reference(view, &format!("/{closest}"))) "?" }
                }
            }
            (results(view, &found))
        }
    };
    let content = Content {
        title: "Search".to_owned(),
        plain: None,
        main,
    };
    layout::page(view, Here::default(), &content)
}

/// What is shown where nothing is.
pub(super) fn not_found(view: &View<'_>, path: &str) -> Markup {
    let last = path.rsplit('/').next().unwrap_or_default();
    let last: String = last
        .trim_end_matches(".md")
        .chars()
        .take(QUERY_MAX)
        .collect();
    let found = found(view, &last);
    let main = html! {
        h1 { "Nothing is here" }
        p { "This gateway documents nothing under this address, or not for you." }
        @if !found.is_empty() {
            h2 { "Perhaps you mean" }
            (results(view, &found))
        }
    };
    let content = Content {
        title: "Not found".to_owned(),
        plain: None,
        main,
    };
    layout::page(view, Here::default(), &content)
}

fn results(view: &View<'_>, found: &[Entry<'_>]) -> Markup {
    html! {
        ol class="results" {
            @for entry in found {
                li {
                    a href=(entry.path(view)) { (parts::dotted(entry.name())) }
                    " " span class="badge" { (entry.kind()) }
                    " " span class="quiet" { (parts::dotted(&entry.within())) }
                    @if let Some(operation) = entry.operation() {
                        " " (parts::verb(&operation.verb)) " " code class="path" { (parts::path(operation)) }
                    }
                    @let text = entry.text();
                    @if !text.is_empty() { p { (super::markdown::line(view, text)) } }
                }
            }
        }
    }
}

/// The best fits. A URL finds what it calls.
fn found<'a>(view: &View<'a>, asked: &str) -> Vec<Entry<'a>> {
    let Some(wanted) = rank::Wanted::new(asked) else {
        return Vec::new();
    };
    let called = test_url::called(view, asked);
    let mut scored: Vec<_> = entries(view.catalog)
        .filter_map(|entry| Some((rank::score(&wanted, &entry)?, entry)))
        .collect();
    // Stable: what fits equally stays in the catalog's order.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    called
        .into_iter()
        .map(|(package, service, method)| Entry::Method(package, service, method))
        .chain(scored.into_iter().map(|(_, entry)| entry))
        .take(RESULTS_MAX)
        .collect()
}

/// Everything that can be found, for the script: kind, name, what it is within, its path, its HTTP
/// forms in lines, its summary.
pub(super) fn index(view: &View<'_>) -> String {
    let mut kinds: Vec<&'static str> = Vec::new();
    let mut rows: Vec<Value> = Vec::new();
    for entry in entries(view.catalog).take(INDEX_MAX) {
        let kind = entry.kind();
        let at = kinds
            .iter()
            .position(|known| *known == kind)
            .unwrap_or_else(|| {
                kinds.push(kind);
                kinds.len() - 1
            });
        let http = entry
            .operations()
            .iter()
            .map(|operation| format!("{} {}", operation.verb, operation.path))
            .collect::<Vec<_>>()
            .join("\n");
        let summary: String = entry.summary().chars().take(SUMMARY_MAX).collect();
        let path = entry.path(view);
        let path = path.strip_prefix(&view.site.prefix).unwrap_or(&path);
        rows.push(json!([
            at,
            entry.name(),
            entry.within(),
            path,
            http,
            summary
        ]));
    }
    json!({ "prefix": view.site.prefix, "kinds": kinds, "entries": rows }).to_string()
}

//! The status page: its frame, which a script fills, and its files, under names that hold a hash of their
//! content. Nothing in it comes from elsewhere, and nothing is inline.

use std::hash::{DefaultHasher, Hasher};
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// What the page may load: this port's own files and answers.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Name, ending, content type and text. The documentation site's look is this page's too.
const FILES: [(&str, &str, &str, &str); 4] = [
    (
        "site",
        "css",
        "text/css; charset=utf-8",
        include_str!("../docs/assets/site.css"),
    ),
    (
        "status",
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/status.css"),
    ),
    (
        "status",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/status.js"),
    ),
    (
        "icon",
        "svg",
        "image/svg+xml",
        include_str!("../docs/assets/icon.svg"),
    ),
];

/// Answers of the admin port that are worth a link.
const LINKS: [&str; 7] = [
    "/readyz",
    "/config",
    "/schema",
    "/routes",
    "/clusters",
    "/metrics",
    "/log/level",
];

/// What stands in the head of everything that belongs to the page.
const SAFE: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// The page.
pub(super) async fn page() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let text = PAGE.get_or_init(|| frame().into_string());
    let cache = [(header::CACHE_CONTROL, "no-cache")];
    (SAFE, cache, Html(text.as_str())).into_response()
}

/// One of its files.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    for (stem, ending, kind, text) in FILES {
        if name == hashed(stem, ending, text) {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            return (SAFE, headers, text).into_response();
        }
    }
    (StatusCode::NOT_FOUND, "there is no such file\n").into_response()
}

fn hashed(stem: &str, ending: &str, text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    format!("{stem}.{:016x}.{ending}", hasher.finish())
}

/// The path of a file, by its plain name.
fn path(name: &str) -> String {
    let file = FILES
        .iter()
        .find(|(stem, ending, ..)| name == format!("{stem}.{ending}"));
    file.map_or_else(String::new, |(stem, ending, _, text)| {
        format!("/assets/{}", hashed(stem, ending, text))
    })
}

/// A number of the first row; the script knows it by its id.
fn figure(id: &str, about: &str) -> Markup {
    html! {
        div class="card" {
            dt { (about) }
            dd id=(id) { "–" }
        }
    }
}

/// A table whose rows the script makes.
fn table(id: &str, title: &str, columns: &[&str], empty: &str) -> Markup {
    html! {
        section aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            div class="wide" tabindex="0" role="region" aria-labelledby=(format!("{id}-title")) {
                table {
                    thead { tr { @for column in columns { th scope="col" { (column) } } } }
                    tbody id=(id) {}
                }
            }
            p class="more" id=(format!("{id}-empty")) { (empty) }
        }
    }
}

fn frame() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Transom" }
                link rel="icon" type="image/svg+xml" href=(path("icon.svg"));
                link rel="stylesheet" href=(path("site.css"));
                link rel="stylesheet" href=(path("status.css"));
                script src=(path("status.js")) defer {}
            }
            body class="status" {
                header class="top" {
                    span class="title" { img src=(path("icon.svg")) alt="" width="24" height="24"; "Transom" }
                    span class="badge" id="phase" role="status" { "…" }
                    span class="badge" id="health" title="grpc.health.v1, watched by gRPC-Web" hidden {}
                    span class="more" id="what" {}
                }
                main {
                    h1 { "How it goes" }
                    p class="problem" id="lost" role="alert" hidden {}
                    ul id="notes" hidden {}
                    dl class="cards figures" {
                        (figure("calls", "Calls a second"))
                        (figure("errors", "Errors a second"))
                        (figure("p50", "Half of unary calls within"))
                        (figure("p99", "99 % of unary calls within"))
                        (figure("active", "Calls under way"))
                        (figure("streams", "Of those, streams"))
                        (figure("connections", "Connections of clients"))
                        (figure("memory", "Memory"))
                    }
                    (table("upstreams", "Upstreams",
                        &["Upstream", "Endpoint", "State", "Calls", "Attempts", "Failures", "Latency", "Connections"],
                        "There is none."))
                    (table("methods", "Methods",
                        &["Method", "Calls", "Errors", "p50", "p99"],
                        "Nothing was called yet."))
                    (table("failures", "Last errors",
                        &["When", "Method", "Code", "Who failed", "By", "Request id"],
                        "No call has failed yet."))
                    footer {
                        p { @for link in LINKS { a href=(link) { (link) } " " } }
                    }
                }
                noscript { p { "This page is filled by a script; what it shows is at " a href="/status.json" { "/status.json" } "." } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_page_is_inline() {
        let page = frame().into_string();
        assert!(!page.contains("<style") && !page.contains(" style="));
        assert!(page.matches("<script").count() == 1 && page.contains("></script>"));
        for (_, ending, _, text) in FILES {
            assert!(!text.is_empty(), "{ending}");
        }
        for name in ["site.css", "status.css", "status.js", "icon.svg"] {
            assert!(page.contains(&path(name)), "{name}");
        }
    }
}

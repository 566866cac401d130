//! How callers say who they are, as the gateway is set up.

use maud::{Markup, html};

use super::layout::{self, Content, Here};
use super::{View, markdown};

pub(super) fn page(view: &View<'_>) -> Markup {
    let schemes = &view.site.schemes;
    let main = html! {
        h1 { "Authentication" }
        @if schemes.is_empty() {
            p class="lead" { "The gateway itself lets everybody in." }
            p {
                "Backends may still ask who is calling. What a caller sends in " code { "authorization" }
                " reaches them as it is; so do other headers of its own. An answer " code { "UNAUTHENTICATED" }
                " (HTTP 401) is the backend's then."
            }
        } @else {
            p class="lead" { "The gateway knows callers by:" }
            @for scheme in schemes {
                h2 { (scheme.name) }
                div class="text" { (markdown::block(view, &scheme.description)) }
            }
        }
        @let declared = declared(view);
        @if !declared.is_empty() {
            section aria-labelledby="s-declared" {
                h2 id="s-declared" { "What the API says of itself" }
                p { "These schemes stand in the schema. The gateway passes them on and does not check them." }
                table {
                    thead { tr { th scope="col" { "Package" } th scope="col" { "Name" } th scope="col" { "Kind" } th scope="col" { "What it is" } } }
                    tbody {
                        @for (package, name, kind, description) in declared {
                            tr {
                                th scope="row" { a href=(view.links().package(package)) { (package) } }
                                td { (name) }
                                td { code { (kind) } }
                                td { (markdown::line(view, description)) }
                            }
                        }
                    }
                }
            }
        }
    };
    let content = Content {
        title: "Authentication".to_owned(),
        plain: None,
        main,
    };
    let here = Here {
        own: Some("authentication"),
        ..Here::default()
    };
    layout::page(view, here, &content)
}

/// Schemes that annotations name: package, name, kind, description.
fn declared<'a>(view: &View<'a>) -> Vec<(&'a str, &'a str, &'a str, &'a str)> {
    /// Schemes that are listed.
    const SCHEMES_MAX: usize = 100;
    let packages = view.catalog.packages.iter();
    packages
        .flat_map(|package| {
            package
                .annotations
                .security_schemes
                .iter()
                .map(|(name, scheme)| {
                    let text =
                        |key: &str| scheme.get(key).and_then(|v| v.as_str()).unwrap_or_default();
                    (
                        package.name.as_str(),
                        name.as_str(),
                        text("type"),
                        text("description"),
                    )
                })
        })
        .take(SCHEMES_MAX)
        .collect()
}

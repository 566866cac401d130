//! The part of a method's page that shows how programs call it: a sample for each way, with example values
//! that the page's script replaces by what its form holds.

use maud::{Markup, html};

use super::View;
use crate::catalog::{Method, Package, Service, samples};

/// The section. Each sample stands under its own title; the script makes tabs of them.
pub(super) fn section(
    view: &View<'_>,
    _package: &Package,
    service: &Service,
    method: &Method,
) -> Markup {
    let operation = method.operations.first();
    let samples = samples::of(view.catalog, service, method, operation, view.origin);
    html! {
        section aria-labelledby="s-code" {
            h2 id="s-code" { "Code" }
            div id="samples" {
                @for (at, sample) in samples.iter().enumerate() {
                    section {
                        h3 { (sample.label) }
                        pre tabindex="0" { code data-sample=(at) { (sample.source) } }
                    }
                }
            }
        }
    }
}

//! The part of a method's page that shows how programs call it.

use maud::{Markup, html};

use super::View;
use crate::catalog::{Method, Package, Service};

/// The section; empty where there is nothing to show.
pub(super) fn section(
    _view: &View<'_>,
    _package: &Package,
    _service: &Service,
    _method: &Method,
) -> Markup {
    html! {}
}

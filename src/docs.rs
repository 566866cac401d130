//! The documentation site and the documents over HTTP: what readers see of an API.
//!
//! Server-rendered and readable without a script. Nothing here leads outside: no page of the site asks
//! for anything that this gateway does not serve itself. Text of comments is not trusted.

mod config;
mod hash;
mod published;
mod site;
mod swagger;
mod target;

pub use config::{Config, Logo, Place};
pub use site::{Scheme, Site};
/// v
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// c
    pub catalog: &'v crate::catalog::Catalog,
    /// s
    pub schema: &'v crate::schema::Schema,
    /// c
    pub config: &'v Config,
    /// b
    pub base: &'v str,
}
fn csp() -> http::HeaderValue {
    http::HeaderValue::from_static("default-src 'none'")
}
fn page(_: &View<'_>, _: &str, _: Option<&str>) -> published::Answer {
    todo!()
}

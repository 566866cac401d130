//! From one version of OpenAPI down to the next: passes over a finished document.
//!
//! ```text
//!  3.2 ─► to_31 ─► to_30 ─► simple
//! ```
//!
//! Only schemas are rewritten as schemas: never an example, a default, or a property that happens to be
//! called `const` ([`walk`]).

mod definitions;
mod simple;
mod to_30;
mod to_31;
pub(super) mod walk;

#[cfg(test)]
mod tests;

pub(super) use definitions::refer_to_definitions;
pub(super) use simple::simple;
pub(super) use to_30::to_30;
pub(super) use to_31::to_31;

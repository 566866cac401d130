//! Who calls: tokens, API keys and client certificates become a [`Principal`].
//!
//! ```text
//! headers ─► bearer ─► cache ─► token: header ─► issuer ─► keys ─► signature ─► claims ─► Principal
//!                                                  ▲
//!                               keyring ─► refresh ┘  (bytes come through `Fetch`)
//! ```
//!
//! Values only: time and seeds are arguments, and where keys come from is behind a trait. Nothing that
//! is said here of a token or a key contains it.

pub mod algorithm;
pub mod api_keys;
pub mod bearer;
pub mod cache;
pub mod certificate;
pub mod challenge;
pub mod introspection;
pub mod issuer;
pub mod keyring;
pub mod keys;
pub mod principal;
pub mod refresh;
pub mod salt;
pub mod shown;
pub mod spiffe;
pub mod token;

mod base64url;
mod date;
pub(crate) mod object;
mod sha256;
mod signature;

#[cfg(test)]
mod forge;
#[cfg(test)]
mod hostile;

pub use principal::{PSEUDONYM_DIGITS, Principal};
pub use salt::Salt;

//! Pages of other origins: the section `cors`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::text::{HeaderPattern, OriginPattern, ResponseHeader};
use crate::config::units::Span;
use crate::protocol;

section! {
    /// CORS: pages of which other origins may call, by any dialect, and read what is answered.
    /// Preflights are answered by the gateway, always.
    Cors "a mapping of `cors` keys" {
        /// Origins such as `https://app.example.com`; those of a domain's direct sub-domains, such as
        /// `https://*.example.com`; or `*` for any, for what needs no secret of a browser. Scheme and
        /// port have to be the same. Empty: pages of the gateway's own origin only.
        origins: Vec<OriginPattern> = Vec::new();
        /// Whether pages may call with what the browser keeps, such as cookies. Not with `*`.
        credentials: bool = false;
        /// How long a browser may keep the answer to a preflight.
        max_age: Span = Span(protocol::Cors::default().max_age);
        /// Request headers that pages may send besides those of the dialects. A name may end with
        /// `*`; what becomes metadata of a header is chosen in `metadata`.
        allow_headers: Vec<HeaderPattern> = "*".parse().into_iter().collect();
        /// Response headers that pages may read besides all that the gateway itself sends.
        expose_headers: Vec<ResponseHeader> = Vec::new();
    }
}

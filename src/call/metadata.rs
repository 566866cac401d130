//! Call metadata: header fields in gRPC's form, order of duplicates kept.
//!
//! Names are lower case (the type guarantees it); `-bin` values are base64 as they stand on the
//! wire, unpadded where the gateway wrote them. Which names may pass is a dialect's decision.

use http::HeaderMap;

/// Request metadata, response metadata or trailers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(pub HeaderMap);

impl Metadata {
    /// None at all.
    #[must_use]
    pub fn new() -> Self {
        Self(HeaderMap::new())
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&http::HeaderValue> {
        self.0.get(name)
    }
}

impl From<HeaderMap> for Metadata {
    fn from(map: HeaderMap) -> Self {
        Self(map)
    }
}

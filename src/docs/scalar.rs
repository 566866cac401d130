//! Scalar's page, for whoever wants it: its script is a file that the operator fetched, of one version
//! that this page was tried with. It is switched to silence, and reads the documents as OpenAPI 3.2.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use maud::{DOCTYPE, html};
use serde_json::json;

use super::published::{Answer, Keep, Takes};
use super::{HTML, Site, TEXT, assets, tag};
use crate::catalog::Catalog;

/// The version of `@scalar/api-reference` that the page is for.
pub const VERSION: &str = "1.72.1";

/// What the file is called, in its package too.
pub const SCRIPT: &str = "standalone.js";

/// What the text of its licence is called.
pub const LICENCE: &str = "LICENSE";

/// Packages that the page offers: its script asks for the documents of all of them at once.
const PACKAGES_MAX: usize = 20;

/// The files of Scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its name with a hash, so that it can be kept for ever.
    name: String,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    licence: Bytes,
}

impl Scalar {
    /// Of the script and the text of its licence.
    #[must_use]
    pub fn new(script: Vec<u8>, licence: Vec<u8>) -> Self {
        Self {
            name: format!("standalone.{}.js", tag::of(&script)),
            plain: script.into(),
            gzip: OnceLock::new(),
            licence: licence.into(),
        }
    }

    /// What is at a path beneath the page's: the page itself, the script or the licence.
    pub(super) fn answer(
        &self,
        name: &str,
        site: &Site,
        catalog: &Catalog,
        takes: Takes,
    ) -> Answer {
        match name {
            "" => Answer {
                policy: Some(super::scalar_policy(site)),
                ..Answer::new(StatusCode::OK, HTML, self.page(site, catalog))
            },
            "licence" => Answer::new(StatusCode::OK, TEXT, self.licence.clone()),
            name if name == self.name => self.script(takes),
            _ => {
                let message = "there is no such file of Scalar\n".to_owned();
                Answer::text(StatusCode::NOT_FOUND, message)
            }
        }
    }

    fn script(&self, takes: Takes) -> Answer {
        let (encoding, body) = match takes {
            Takes::Brotli | Takes::Gzip => (Some("gzip"), self.gzip().clone()),
            Takes::Neither => (None, self.plain.clone()),
        };
        Answer {
            encoding,
            keep: Keep::Forever,
            ..Answer::new(StatusCode::OK, "text/javascript; charset=utf-8", body)
        }
    }

    fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            // Writing to memory cannot fail.
            let _ = encoder.write_all(&self.plain);
            encoder.finish().unwrap_or_default().into()
        })
    }

    /// Packages, and everything only where none has a name: the page takes very long over a document of
    /// thousands of operations.
    fn page(&self, site: &Site, catalog: &Catalog) -> String {
        let packages = catalog.packages.iter();
        let packages = packages.filter(|package| !package.services.is_empty());
        let packages = packages.filter(|package| !package.name.is_empty());
        let sources = packages.take(PACKAGES_MAX).map(|package| {
            let url = format!("{}/{}-3.2.json", site.documents, package.name);
            json!({ "title": package.name, "slug": package.name, "url": url })
        });
        let all = json!({
            "title": "Everything",
            "slug": "everything",
            "url": format!("{}-3.2.json", site.documents),
        });
        let mut sources: Vec<_> = sources.collect();
        if sources.is_empty() {
            sources.push(all);
        }
        let at = |name: &str| format!("{}/scalar/{name}", site.prefix);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Scalar · " (site.title) }
                    link rel="icon" type="image/svg+xml" href=(assets::path(&site.prefix, "icon.svg"));
                    script src=(at(&self.name)) defer {}
                    script src=(assets::path(&site.prefix, "scalar_page.js")) defer {}
                }
                body {
                    p {
                        a href=(site.prefix) { (site.title) } " · "
                        a href=(at("licence")) { "Scalar's licence" }
                    }
                    noscript { p { "This page needs its script; " a href=(site.prefix) { "the pages of this site" } " do not." } }
                    div id="scalar" data-sources=(json!(sources)) {}
                }
            }
        };
        page.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(path: &str, takes: Takes) -> Answer {
        let scalar = Scalar::new(b"script".to_vec(), b"MIT".to_vec());
        scalar.answer(path, &Site::default(), &Catalog::default(), takes)
    }

    #[test]
    fn the_page_loads_the_script_by_its_hash_and_allows_inline_styles_alone() {
        let page = answer("", Takes::Neither);
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let name = Scalar::new(b"script".to_vec(), Vec::new()).name;
        assert!(
            text.contains(&format!("src=\"/docs/scalar/{name}\"")),
            "{text}"
        );
        assert!(text.contains("/openapi-3.2.json"), "{text}");
        let policy = page.policy.unwrap_or_default();
        assert!(
            policy.contains("style-src 'self' 'unsafe-inline'"),
            "{policy}"
        );
        assert!(policy.contains("script-src 'self';"), "{policy}");

        let script = answer(&name, Takes::Neither);
        assert_eq!(
            (&script.body[..], script.keep),
            (&b"script"[..], Keep::Forever)
        );
        assert_eq!(answer(&name, Takes::Brotli).encoding, Some("gzip"));
        assert_eq!(&answer("licence", Takes::Neither).body[..], b"MIT");
        let none = answer("standalone.js", Takes::Neither);
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    }
}

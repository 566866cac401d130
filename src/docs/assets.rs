//! The site's files: style sheet, scripts, icon. Built in, compressed once, under names that hold a hash
//! of their content, so that they can be kept for ever.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::tag;

/// Brotli's window, as a power of two: larger than any of the files.
const BROTLI_WINDOW: u32 = 20;

/// Brotli's best; it is used once for each file.
const BROTLI_QUALITY: u32 = 11;

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Name, content type, text. A module stands behind those that it imports.
const FILES: [(&str, &str, &str); 26] = [
    ("site.css", CSS, include_str!("assets/site.css")),
    ("site.js", JAVASCRIPT, include_str!("assets/site.js")),
    (
        "scalar_page.js",
        JAVASCRIPT,
        include_str!("assets/scalar_page.js"),
    ),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
    ("tryit.css", CSS, include_str!("assets/tryit.css")),
    ("element.js", JAVASCRIPT, include_str!("assets/element.js")),
    ("rules.js", JAVASCRIPT, include_str!("assets/rules.js")),
    ("scalar.js", JAVASCRIPT, include_str!("assets/scalar.js")),
    (
        "well_known.js",
        JAVASCRIPT,
        include_str!("assets/well_known.js"),
    ),
    ("many.js", JAVASCRIPT, include_str!("assets/many.js")),
    ("form.js", JAVASCRIPT, include_str!("assets/form.js")),
    ("request.js", JAVASCRIPT, include_str!("assets/request.js")),
    ("details.js", JAVASCRIPT, include_str!("assets/details.js")),
    ("status.js", JAVASCRIPT, include_str!("assets/status.js")),
    ("http.js", JAVASCRIPT, include_str!("assets/http.js")),
    (
        "envelope.js",
        JAVASCRIPT,
        include_str!("assets/envelope.js"),
    ),
    (
        "rest_call.js",
        JAVASCRIPT,
        include_str!("assets/rest_call.js"),
    ),
    (
        "rpc_call.js",
        JAVASCRIPT,
        include_str!("assets/rpc_call.js"),
    ),
    (
        "socket_call.js",
        JAVASCRIPT,
        include_str!("assets/socket_call.js"),
    ),
    ("rust.js", JAVASCRIPT, include_str!("assets/rust.js")),
    ("samples.js", JAVASCRIPT, include_str!("assets/samples.js")),
    ("link.js", JAVASCRIPT, include_str!("assets/link.js")),
    ("tabs.js", JAVASCRIPT, include_str!("assets/tabs.js")),
    (
        "credentials.js",
        JAVASCRIPT,
        include_str!("assets/credentials.js"),
    ),
    ("answer.js", JAVASCRIPT, include_str!("assets/answer.js")),
    ("tryit.js", JAVASCRIPT, include_str!("assets/tryit.js")),
];

/// A file of the site.
#[derive(Debug)]
pub struct Asset {
    name: &'static str,
    /// The name it is served under: `site.0123456789abcdef.css`.
    pub hashed: String,
    /// With its charset.
    pub content_type: &'static str,
    /// As it is.
    pub plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

/// The file of this hashed name.
#[must_use]
pub fn find(hashed: &str) -> Option<&'static Asset> {
    all().iter().find(|asset| asset.hashed == hashed)
}

/// The path of a file, by its plain name, beneath the site's prefix.
pub(super) fn path(prefix: &str, name: &str) -> String {
    let hashed = all()
        .iter()
        .find(|asset| asset.name == name)
        .map_or(name, |asset| asset.hashed.as_str());
    format!("{prefix}/assets/{hashed}")
}

fn all() -> &'static [Asset] {
    static ALL: OnceLock<Vec<Asset>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut made: Vec<Asset> = Vec::with_capacity(FILES.len());
        for file in FILES {
            let asset = Asset::new(file, &made);
            made.push(asset);
        }
        made
    })
}

/// The modules of the page that calls a method, so that a browser can ask for all of them at once.
pub(super) fn modules() -> impl Iterator<Item = &'static str> {
    let modules = FILES
        .iter()
        .filter(|(name, _, text)| name.ends_with(".js") && text.contains("export "));
    modules.map(|(name, _, _)| *name)
}

impl Asset {
    fn new(
        (name, content_type, text): (&'static str, &'static str, &'static str),
        before: &[Self],
    ) -> Self {
        let mut text = Cow::Borrowed(text);
        // A module asks for others by the names that they are served under.
        for asset in before {
            let import = format!("from \"./{}\"", asset.name);
            if text.contains(&import) {
                text = Cow::Owned(text.replace(&import, &format!("from \"./{}\"", asset.hashed)));
            }
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let mut hashed = format!("{stem}.{}", tag::of(text.as_bytes()));
        if !ending.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(hashed, ".{ending}");
        }
        Self {
            name,
            hashed,
            content_type,
            plain: Bytes::from(text.into_owned()),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// In gzip.
    #[must_use]
    pub fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            let written = encoder
                .write_all(&self.plain)
                .and_then(|()| encoder.finish());
            // Writing to memory cannot fail.
            written.map(Bytes::from).unwrap_or_default()
        })
    }

    /// In Brotli.
    #[must_use]
    pub fn brotli(&self) -> &Bytes {
        self.brotli.get_or_init(|| {
            let mut out = Vec::new();
            let mut encoder = brotli::CompressorWriter::new(
                &mut out,
                self.plain.len().max(1),
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            );
            // Writing to memory cannot fail.
            let _ = encoder.write_all(&self.plain);
            drop(encoder);
            Bytes::from(out)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn every_file_is_the_same_in_every_coding() {
        for asset in all() {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&asset.gzip()[..])
                .read_to_end(&mut text)
                .unwrap();
            assert_eq!(text, asset.plain, "{}", asset.name);
            let mut text = Vec::new();
            brotli::Decompressor::new(&asset.brotli()[..], 4096)
                .read_to_end(&mut text)
                .unwrap();
            assert_eq!(text, asset.plain, "{}", asset.name);
        }
    }

    #[test]
    fn a_module_asks_for_others_by_the_names_that_they_are_served_under() {
        for asset in all() {
            let text = std::str::from_utf8(&asset.plain).unwrap();
            for import in text.split("from \"./").skip(1) {
                let name = import.split('"').next().unwrap();
                // The types are for the checker alone.
                if name == "types" {
                    continue;
                }
                assert!(find(name).is_some(), "{} imports {name}", asset.name);
            }
        }
    }

    #[test]
    fn a_file_is_found_by_its_hashed_name_alone() {
        let path = path("/docs", "site.css");
        let name = path.strip_prefix("/docs/assets/").unwrap();
        assert_eq!(find(name).unwrap().content_type, CSS);
        assert!(find("site.css").is_none());
    }
}

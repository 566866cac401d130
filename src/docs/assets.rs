//! The site's files: style sheet, scripts, icon. Built in, compressed once, under names that hold a hash
//! of their content, so that they can be kept for ever.

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

/// Name, content type, text.
const FILES: [(&str, &str, &str); 3] = [
    ("site.css", CSS, include_str!("assets/site.css")),
    ("site.js", JAVASCRIPT, include_str!("assets/site.js")),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
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
    ALL.get_or_init(|| FILES.map(Asset::new).into())
}

impl Asset {
    fn new((name, content_type, text): (&'static str, &'static str, &'static str)) -> Self {
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
            plain: Bytes::from_static(text.as_bytes()),
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
    fn a_file_is_found_by_its_hashed_name_alone() {
        let path = path("/docs", "site.css");
        let name = path.strip_prefix("/docs/assets/").unwrap();
        assert_eq!(find(name).unwrap().content_type, CSS);
        assert!(find("site.css").is_none());
    }
}

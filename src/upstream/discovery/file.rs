//! Endpoints by a file: a list in YAML, and so in JSON too, that somebody else keeps current.
//!
//! ```yaml
//! - address: 10.0.0.1:50051
//!   weight: 2
//! - address: unix:/run/books.sock
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ENDPOINTS_MAX, Failed, Snapshot, Source, Verdict};
use crate::files::{Content, Watch};
use crate::upstream::address::Address;
use crate::upstream::config::{Listed, WEIGHT_MAX};

/// The list in a file.
pub(super) struct List {
    path: PathBuf,
    /// None before it was read for the first time.
    watch: Option<Watch>,
    version: u64,
}

impl List {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            watch: None,
            version: 0,
        }
    }
}

impl Source for List {
    async fn next(&mut self) -> Result<Snapshot, Failed> {
        let contents = match &mut self.watch {
            Some(watch) => watch.changed().await,
            first @ None => first
                .insert(Watch::open(vec![self.path.clone()]))
                .contents(),
        };
        let endpoints = contents
            .first()
            .map_or_else(|| Err("the file was not read".to_owned()), endpoints);
        let endpoints = endpoints.map_err(|cause| Failed {
            said: "the list of its endpoints cannot be read",
            cause: format!("{}: {cause}", self.path.display()),
        })?;
        self.version += 1;
        Ok(Snapshot {
            version: self.version.to_string(),
            endpoints,
        })
    }

    fn told(&mut self, _: &str, _: &Verdict) {}
}

/// Reads the list once, to see whether it is good.
///
/// # Errors
/// What was found and what was expected.
pub fn check(path: &Path) -> Result<(), String> {
    let watch = Watch::open(vec![path.to_owned()]);
    let unread = Err("the file was not read".to_owned());
    let found = watch.contents().first().map_or(unread, endpoints)?.len();
    if found > ENDPOINTS_MAX {
        return Err(super::too_many(found));
    }
    Ok(())
}

/// One item of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `address`")]
struct Item {
    address: String,
    weight: Option<u32>,
}

fn endpoints(content: &Content) -> Result<Vec<Listed>, String> {
    let bytes = content.as_ref().map_err(Clone::clone)?;
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "found bytes that are not UTF-8, expected text".to_owned())?;
    // Somebody may be writing it just now; no endpoints at all are `[]`.
    if text
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
    {
        return Err("found nothing, expected a list, `[]` for no endpoint".to_owned());
    }
    let items: Vec<Item> =
        serde_saphyr::from_str(text).map_err(|error| error.without_snippet().to_string())?;
    let endpoints = items.into_iter().enumerate().map(|(index, item)| {
        let address: Address = item
            .address
            .parse()
            .map_err(|error| format!("[{index}].address: {error}"))?;
        match item.weight.unwrap_or(1) {
            weight @ 1..=WEIGHT_MAX => Ok(Listed { address, weight }),
            other => Err(format!(
                "[{index}].weight: found {other}, expected 1 to {WEIGHT_MAX}"
            )),
        }
    });
    endpoints.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, u32)>, String> {
        let endpoints = endpoints(&Ok(text.as_bytes().to_vec()))?;
        let shown = endpoints
            .into_iter()
            .map(|listed| (listed.address.to_string(), listed.weight));
        Ok(shown.collect())
    }

    #[test]
    fn a_list_has_addresses_and_weights() {
        let yaml = "# ours\n- address: 10.0.0.1:80\n  weight: 3\n- address: unix:/run/a.sock\n";
        let json = r#"[{"address": "10.0.0.1:80", "weight": 3}, {"address": "unix:/run/a.sock"}]"#;
        let expected = [
            ("10.0.0.1:80".to_owned(), 3),
            ("unix:/run/a.sock".to_owned(), 1),
        ];
        assert_eq!(read(yaml).unwrap(), expected);
        assert_eq!(read(json).unwrap(), expected);
        assert!(read("[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_place() {
        for (text, said) in [
            ("", "found nothing, expected a list"),
            ("# later\n", "found nothing, expected a list"),
            (
                "- address: 10.0.0.1\n",
                "[0].address: \"10.0.0.1\" names no port",
            ),
            (
                "- address: h:1\n- address: h:2\n  weight: 0\n",
                "[1].weight: found 0",
            ),
            (
                "- address: h:1\n  weight: 1000001\n",
                "[0].weight: found 1000001, expected 1 to 1000000",
            ),
            ("- addres: h:1\n", "addres"),
            ("- address: h:1\n  weight: -1\n", "line 2"),
            ("- address: h:1\n  wei", "line"),
            ("address: h:1\n", "sequence"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text:?}: {error}");
        }
        assert!(endpoints(&Ok(vec![0xff])).unwrap_err().contains("UTF-8"));
    }
}

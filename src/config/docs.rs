//! The section `docs` as the documentation has it, and the files that it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_saphyr::Location;

use super::choices::Wrong;
use super::load::{self, FileError};
use super::raw::{ClientCertificates, Docs, Key, Tls};
use crate::catalog::{Audience, Overlay};
use crate::docs::scalar::{LICENCE, SCRIPT, Scalar};
use crate::docs::{self, Logo};
use crate::openapi::{self, Direction, Form, Security};
use crate::protocol;

/// Bytes of a picture at most.
const LOGO_MAX: usize = 256 << 10;

/// Bytes of the script of Scalar at most.
const SCALAR_MAX: u64 = 16 << 20;

/// What the documentation has on disk.
#[derive(Clone, Debug)]
pub(super) struct Files {
    logo: Option<Named>,
    scalar: Option<Named>,
}

/// A file or folder, and where the configuration names it.
#[derive(Clone, Debug)]
struct Named {
    path: PathBuf,
    line: Location,
}

/// Checks the keys with each other.
pub(super) fn docs(
    raw: &Docs,
    tls: &Key<Tls>,
    options: &protocol::Options,
) -> Result<(docs::Config, Files), Wrong> {
    let default = docs::Config::default();
    let text = |key: &Key<String>| key.value.clone().filter(|text| !text.is_empty());
    let path = raw.path.value.as_ref().map(|path| path.as_str());
    let openapi_path = raw.openapi_path.value.as_ref().map(|path| path.as_str());
    let path = path.unwrap_or(&default.path).to_owned();
    let openapi_path = openapi_path.unwrap_or(&default.openapi_path).to_owned();
    if openapi_path == path || openapi_path.starts_with(&format!("{path}/")) {
        let message = format!("found `{openapi_path}`, which the site has; expected another path");
        let place = raw.openapi_path.place;
        return Err((place, "docs.openapi_path".to_owned(), message));
    }
    let config = docs::Config {
        place: raw.serve.value.map_or(default.place, Into::into),
        path,
        openapi_path,
        logo: None,
        history: file(&raw.history),
        overlay: None,
        sample: raw.sample.value.unwrap_or_default(),
        scalar: None,
        audience: Audience {
            only: raw
                .only
                .value
                .iter()
                .flatten()
                .map(|one| one.selector())
                .collect(),
            labels: raw.labels.value.iter().flatten().cloned().collect(),
        },
        openapi: openapi::Config {
            title: text(&raw.title),
            description: text(&raw.description),
            version: text(&raw.version),
            servers: raw
                .servers
                .value
                .iter()
                .flatten()
                .map(|url| url.to_string())
                .collect(),
            security: security(tls),
            ids: raw.ids.value.map_or_else(Default::default, Into::into),
            options: openapi::Options {
                names: raw.names.value.map_or_else(Default::default, Into::into),
                nullable: raw.nullable.value.map_or_else(Default::default, Into::into),
                numbers: raw.numbers.value.map_or_else(Default::default, Into::into),
                split: raw.split.value.map_or_else(Default::default, Into::into),
                additional_properties: raw
                    .additional_properties
                    .value
                    .map_or_else(Default::default, Into::into),
                update_mask: raw
                    .update_mask
                    .value
                    .map_or_else(Default::default, Into::into),
                form: Form::of(options, Direction::Response),
            },
        },
    };
    let named = |key: &Key<PathBuf>| {
        let line = key.place;
        file(key).map(|path| Named { path, line })
    };
    let files = Files {
        logo: named(&raw.logo),
        scalar: named(&raw.scalar),
    };
    Ok((config, files))
}

/// The overlay that the section names.
pub(super) fn overlay(raw: &Docs) -> Result<Option<Arc<Overlay>>, FileError> {
    let Some(path) = file(&raw.overlay) else {
        return Ok(None);
    };
    let overlay: Overlay = load::parse(&load::text(&path)?, &path)?;
    Ok(Some(Arc::new(overlay)))
}

/// A file or folder that is named.
fn file(key: &Key<PathBuf>) -> Option<PathBuf> {
    let path = key.value.clone();
    path.filter(|path| *path != Path::new(""))
}

/// What TLS asks of every client.
fn security(tls: &Key<Tls>) -> Security {
    match &tls.value {
        Some(tls) if !tls.client_ca.is_absent() => {
            match tls.client_certificates.or(ClientCertificates::Required) {
                ClientCertificates::Required => Security::Certificate,
                ClientCertificates::Optional => Security::OptionalCertificate,
            }
        }
        Some(_) | None => Security::None,
    }
}

impl Files {
    /// The files.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.logo, &self.scalar]
            .into_iter()
            .flatten()
            .map(|named| named.path.as_path())
    }

    /// Reads all of them; `config` is the file that names them.
    pub(super) fn read(
        &self,
        config: Option<&Path>,
        into: &mut docs::Config,
    ) -> Result<(), FileError> {
        let config = config.unwrap_or(Path::new("transom.yaml"));
        let wrong = |named: &Named, key: &str, message: String| {
            let message = format!("{}: {message}", named.path.display());
            FileError::at(config, named.line, key, message)
        };
        if let Some(named) = &self.logo {
            let logo = logo(&named.path).map_err(|message| wrong(named, "docs.logo", message))?;
            into.logo = Some(logo);
        }
        if let Some(named) = &self.scalar {
            let scalar =
                scalar(&named.path).map_err(|message| wrong(named, "docs.scalar", message))?;
            into.scalar = Some(scalar);
        }
        Ok(())
    }
}

/// The picture in a file.
fn logo(path: &Path) -> Result<Logo, String> {
    let extension = path.extension().and_then(|text| text.to_str());
    let media_type = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some(_) | None => {
            return Err("expected a file that ends in .svg, .png, .jpg or .webp".to_owned());
        }
    };
    let bytes = load::bytes(path)?;
    if bytes.len() > LOGO_MAX {
        return Err(format!(
            "found {} bytes, expected at most {LOGO_MAX}",
            bytes.len()
        ));
    }
    Ok(Logo {
        media_type,
        bytes: bytes.into(),
    })
}

/// Scalar in a folder.
fn scalar(folder: &Path) -> Result<Scalar, String> {
    let script = load::bytes_to(&folder.join(SCRIPT), SCALAR_MAX);
    let script = script.map_err(|cause| format!("{SCRIPT}: {cause}; docs/scalar.sh fetches it"))?;
    let licence = load::bytes(&folder.join(LICENCE));
    let licence = licence.map_err(|cause| format!("{LICENCE}: {cause}"))?;
    Ok(Scalar::new(script, licence))
}

//! The section `docs` as the documentation has it, and the picture that it names.

use std::path::{Path, PathBuf};

use serde_saphyr::Location;

use super::choices::Wrong;
use super::load::{self, FileError};
use super::raw::{ClientCertificates, Docs, Key, Tls};
use crate::catalog::Audience;
use crate::docs::{self, Logo};
use crate::openapi::{self, Direction, Form, Security};
use crate::protocol;

/// Bytes of a picture at most.
const LOGO_MAX: usize = 256 << 10;

/// The picture's file, and where the configuration names it.
#[derive(Clone, Debug)]
pub(super) struct LogoFile {
    path: PathBuf,
    line: Location,
}

/// Checks the keys with each other.
pub(super) fn docs(
    raw: &Docs,
    tls: &Key<Tls>,
    options: &protocol::Options,
) -> Result<(docs::Config, Option<LogoFile>), Wrong> {
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
                form: Form::of(options, Direction::Response),
            },
        },
    };
    let logo = raw.logo.value.clone().filter(|path| *path != Path::new(""));
    let logo = logo.map(|path| LogoFile {
        path,
        line: raw.logo.place,
    });
    Ok((config, logo))
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

impl LogoFile {
    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The picture; `config` is the file that names it.
    pub(super) fn read(&self, config: Option<&Path>) -> Result<Logo, FileError> {
        let config = config.unwrap_or(Path::new("transom.yaml"));
        let wrong = |message: String| {
            let message = format!("{}: {message}", self.path.display());
            FileError::at(config, self.line, "docs.logo", message)
        };
        let extension = self.path.extension().and_then(|text| text.to_str());
        let media_type = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("webp") => "image/webp",
            Some(_) | None => {
                let message = "expected a file that ends in .svg, .png, .jpg or .webp";
                return Err(wrong(message.to_owned()));
            }
        };
        let bytes = load::bytes(&self.path).map_err(wrong)?;
        if bytes.len() > LOGO_MAX {
            let message = format!("found {} bytes, expected at most {LOGO_MAX}", bytes.len());
            return Err(wrong(message));
        }
        Ok(Logo {
            media_type,
            bytes: bytes.into(),
        })
    }
}

//! Swagger UI, for whoever expects it: its files are in the binary, its list of documents is that of the
//! schema which is served.

use std::sync::Arc;

use http::StatusCode;
use utoipa_swagger_ui::{Config, Url};

use super::published::{Answer, Keep};
use crate::catalog::Catalog;

/// Swagger UI's page without a `/` at its end: its files are named relative to it.
pub(super) fn redirect(site: &str) -> Answer {
    Answer {
        location: Some(format!("{site}/swagger/")),
        ..Answer::text(StatusCode::PERMANENT_REDIRECT, "see /swagger/\n".to_owned())
    }
}

/// Where its script lists its plugins, and the same without the logo: that brings a style of its own along,
/// which no page of the site may have.
const PLUGINS: &str = "SwaggerUIBundle.plugins.DownloadUrl";
const PLUGINS_WITHOUT_LOGO: &str =
    "SwaggerUIBundle.plugins.DownloadUrl,\n      () => ({ components: { Logo: () => null } })";

/// One of its files.
pub(super) fn file(name: &str, catalog: &Catalog, documents: &str) -> Answer {
    let names = catalog
        .packages
        .iter()
        .filter(|package| !package.services.is_empty())
        .map(|package| {
            (
                package.name.as_str(),
                format!("{documents}/{}.json", package.name),
            )
        });
    let all = std::iter::once(("everything", format!("{documents}.json")));
    let urls: Vec<_> = all.chain(names).collect();
    let urls = urls.iter().map(|(name, url)| Url::new(name, url));
    let config = Config::new(urls)
        .validator_url("none")
        .query_config_enabled(false)
        .persist_authorization(false)
        .deep_linking(true)
        .display_request_duration(true);
    match utoipa_swagger_ui::serve(name, Arc::new(config)) {
        Ok(Some(file)) => {
            let mut bytes = file.bytes.into_owned();
            if name == "swagger-initializer.js"
                && let Ok(script) = std::str::from_utf8(&bytes)
            {
                bytes = script.replace(PLUGINS, PLUGINS_WITHOUT_LOGO).into_bytes();
            }
            Answer {
                encoding: file.gzpipped.then_some("gzip"),
                keep: Keep::Ask,
                ..Answer::new(StatusCode::OK, media_type(name), bytes)
            }
        }
        Ok(None) => Answer::text(
            StatusCode::NOT_FOUND,
            "Swagger UI has no such file\n".to_owned(),
        ),
        Err(error) => Answer::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// By the file's name. A script without a charset does not parse.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        _ => "text/html; charset=utf-8",
    }
}

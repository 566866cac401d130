//! What is published of one schema: the catalog, made when somebody asks for the first time, and the
//! documents that were asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::checks::Tally;
use super::described::Described;
use super::history::History;
use super::target::{Target, edition};
use super::timeline::Timeline;
use super::{
    Config, JSON, Page, Scheme, Site, Swagger, TEXT, View, assets, security_policy, swagger, tag,
};
use crate::catalog::Catalog;
use crate::openapi::{self, Edition, Format, Profile, Security, Version};
use crate::schema::Schema;

/// Bytes of documents that are kept; beyond, they are made again.
const KEPT_MAX: usize = 64 << 20;

/// Stands for where the gateway is in a document that is kept, until a reader says it. Nobody can have
/// such a host (RFC 6761).
const NOWHERE: &str = "transom.invalid";

/// The same as a URL, by whether the reader speaks TLS: code samples depend on it.
const PLAIN_NOWHERE: &str = "http://transom.invalid";
const SECURE_NOWHERE: &str = "https://transom.invalid";

/// Where the picture is, beneath the site's path.
const LOGO: &str = "/logo";

/// One schema as readers see it.
#[derive(Debug)]
pub(super) struct Published {
    now: Described,
    history: Arc<History>,
    timeline: OnceLock<Timeline>,
    tally: Option<Arc<Tally>>,
    config: Arc<Config>,
    site: Site,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    documents: HashMap<(Edition, &'static str), Arc<str>>,
    bytes: usize,
}

/// An answer to a reader.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) encoding: Option<&'static str>,
    pub(super) keep: Keep,
    /// With its quotes.
    pub(super) etag: String,
    /// Where it is instead.
    pub(super) location: Option<String>,
    /// A name to save it under.
    pub(super) file_name: Option<String>,
    /// `content-security-policy`, where it is another than the site's.
    pub(super) policy: Option<String>,
    pub(super) body: Bytes,
}

impl Answer {
    /// These bytes.
    pub(super) fn new(
        status: StatusCode,
        media_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let body = body.into();
        Self {
            status,
            media_type,
            encoding: None,
            keep: Keep::Ask,
            etag: format!("\"{}\"", tag::of(&body)),
            location: None,
            file_name: None,
            policy: None,
            body,
        }
    }

    /// A sentence.
    pub(super) fn text(status: StatusCode, text: String) -> Self {
        Self::new(status, TEXT, text)
    }
}

impl From<Page> for Answer {
    fn from(page: Page) -> Self {
        Self {
            etag: page.etag,
            file_name: page.file_name,
            ..Self::new(page.status, page.content_type, page.body)
        }
    }
}

/// Which codings a reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Brotli,
    Gzip,
    Neither,
}

impl Takes {
    /// By `accept-encoding`; a coding that is refused by its weight is not looked for, as no browser
    /// does that.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let named = |wanted: &str| {
            let values = headers.get_all(ACCEPT_ENCODING).iter();
            values
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|name| name.trim().eq_ignore_ascii_case(wanted))
        };
        if named("br") {
            Self::Brotli
        } else if named("gzip") {
            Self::Gzip
        } else {
            Self::Neither
        }
    }
}

/// For how long a browser may keep an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It asks each time whether there is another one.
    Ask,
    /// For ever: another one has another name.
    Forever,
}

impl Keep {
    pub(super) const fn directive(self) -> &'static str {
        match self {
            Self::Ask => "no-cache",
            Self::Forever => "public, max-age=31536000, immutable",
        }
    }
}

impl Published {
    /// Of this schema, which is the newest of a history.
    pub(super) fn new(
        now: Described,
        config: &Arc<Config>,
        history: &Arc<History>,
        tally: Option<Arc<Tally>>,
    ) -> Self {
        Self {
            now,
            history: Arc::clone(history),
            timeline: OnceLock::new(),
            tally,
            site: site(config),
            config: Arc::clone(config),
            kept: Mutex::default(),
        }
    }

    pub(super) fn is_of(&self, schema: &Arc<Schema>) -> bool {
        Arc::ptr_eq(&self.now.schema, schema)
    }

    /// The answer to a reader who finds the gateway at `base`. May take seconds for a large schema.
    pub(super) fn answer(&self, target: &Target, base: &str, takes: Takes) -> Answer {
        let mut answer = match target {
            Target::Page { path, query } => self.page(path, query.as_deref(), base, takes),
            Target::Document {
                name,
                version,
                profile,
                format,
            } => self.document(name, (*version, *profile, *format), base),
        };
        answer
            .policy
            .get_or_insert_with(|| security_policy(&self.site));
        answer
    }

    /// What changed up to now; made when somebody asks for the first time, which takes a while.
    pub(super) fn timeline(&self) -> &Timeline {
        self.timeline.get_or_init(|| {
            if self.history.has_changes() {
                Timeline::of(self.history.sets(), |set| self.now.describe_earlier(&set))
            } else {
                Timeline::since(self.history.begins())
            }
        })
    }

    /// How schemas are written.
    pub(super) fn schemas(&self) -> &openapi::Options {
        &self.config.openapi.options
    }

    /// What readers may know.
    pub(super) fn catalog(&self) -> &Catalog {
        self.now.catalog()
    }

    fn page(&self, path: &str, query: Option<&str>, base: &str, takes: Takes) -> Answer {
        if let Some(name) = path.strip_prefix("/assets/") {
            return asset(name, takes);
        }
        if let (LOGO, Some(logo)) = (path, &self.config.logo) {
            return Answer::new(StatusCode::OK, logo.media_type, logo.bytes.clone());
        }
        if let (Some(scalar), Some(name)) = (&self.config.scalar, path.strip_prefix("/scalar"))
            && (name.is_empty() || name.starts_with('/'))
        {
            let name = name.trim_start_matches('/');
            return scalar.answer(name, &self.site, self.catalog(), takes);
        }
        match path.strip_prefix("/swagger") {
            Some("") => return swagger::redirect(&self.config.path),
            Some(name) if name.starts_with('/') => {
                let documents = &self.config.openapi_path;
                return swagger::file(name.trim_start_matches('/'), self.catalog(), documents);
            }
            Some(_) | None => {}
        }
        let view = View {
            catalog: self.catalog(),
            timeline: self.timeline(),
            checked: self.tally.as_deref(),
            schema: &self.now.schema,
            protocol: &self.now.protocol,
            site: &self.site,
            origin: base,
        };
        super::page(&view, &format!("{}{path}", self.config.path), query).into()
    }

    fn document(&self, name: &str, form: (Version, Profile, Format), base: &str) -> Answer {
        let catalog = self.catalog();
        if name == "index" {
            return text(Format::Json, openapi::text(&self.index(), Format::Json));
        }
        let is_package = catalog.package(name).is_some();
        let is_service = |name| {
            catalog
                .methods()
                .any(|(_, service, _)| service.name == name)
        };
        if !name.is_empty() && !is_package && !is_service(name) {
            let message = format!("there is no package or service {name:?}\n");
            return Answer::text(StatusCode::NOT_FOUND, message);
        }
        let edition = edition(name, is_package, form);
        let (scheme, authority) = base.split_once("://").unwrap_or_default();
        let nowhere = match scheme {
            "https" => SECURE_NOWHERE,
            _ => PLAIN_NOWHERE,
        };
        let document = self.kept(&edition, nowhere).replace(nowhere, base);
        // gRPC's own clients are told host and port alone.
        text(edition.format, document.replace(NOWHERE, authority))
    }

    /// A document, kept or made.
    fn kept(&self, edition: &Edition, nowhere: &'static str) -> Arc<str> {
        let key = (edition.clone(), nowhere);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = kept.documents.get(&key) {
            return Arc::clone(document);
        }
        drop(kept); // whoever wants another one does not wait for this one
        let document = openapi::document(self.catalog(), &self.config.openapi, edition, nowhere);
        let text: Arc<str> = openapi::text(&document, edition.format).into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + text.len() > KEPT_MAX {
            *kept = Kept::default();
        }
        if text.len() <= KEPT_MAX && kept.documents.insert(key, Arc::clone(&text)).is_none() {
            kept.bytes += text.len();
        }
        text
    }

    /// What there are documents of: for programs that offer a choice.
    fn index(&self) -> serde_json::Value {
        let at = &self.config.openapi_path;
        let packages = self
            .catalog()
            .packages
            .iter()
            .filter(|package| !package.services.is_empty());
        let packages = packages.map(|package| {
            let services = package.services.iter().map(|service| {
                json!({
                    "name": service.name,
                    "methods": service.methods.len(),
                    "operations": service.methods.iter().map(|m| m.operations.len()).sum::<usize>(),
                    "document": format!("{at}/{}.json", service.name),
                })
            });
            json!({
                "name": package.name,
                "version": package.version,
                "document": format!("{at}/{}.json", package.name),
                "services": services.collect::<Vec<_>>(),
            })
        });
        json!({
            "document": format!("{at}.json"),
            "versions": ["3.0", "3.1", "3.2"],
            "packages": packages.collect::<Vec<_>>(),
        })
    }
}

fn text(format: Format, body: String) -> Answer {
    let media_type = match format {
        Format::Json => JSON,
        Format::Yaml => "application/yaml",
    };
    Answer::new(StatusCode::OK, media_type, body)
}

/// A file of the site, in the best coding that the reader takes.
fn asset(name: &str, takes: Takes) -> Answer {
    let Some(asset) = assets::find(name) else {
        return Answer::text(
            StatusCode::NOT_FOUND,
            "the site has no such file\n".to_owned(),
        );
    };
    let (encoding, body) = match takes {
        Takes::Brotli => (Some("br"), asset.brotli().clone()),
        Takes::Gzip => (Some("gzip"), asset.gzip().clone()),
        Takes::Neither => (None, asset.plain.clone()),
    };
    Answer {
        encoding,
        keep: Keep::Forever,
        ..Answer::new(StatusCode::OK, asset.content_type, body)
    }
}

/// How the pages are set up.
fn site(config: &Config) -> Site {
    let openapi = &config.openapi;
    let default = Site::default();
    Site {
        prefix: config.path.clone(),
        documents: config.openapi_path.clone(),
        title: openapi.title.clone().unwrap_or(default.title),
        description: openapi.description.clone().unwrap_or_default(),
        logo: match config.logo {
            Some(_) => format!("{}{LOGO}", config.path),
            None => String::new(),
        },
        schemas: openapi.options,
        schemes: scheme(openapi.security).into_iter().collect(),
        swagger: Swagger::Served,
        scalar: config.scalar.is_some(),
        callable: openapi
            .servers
            .iter()
            .filter_map(|url| origin(url))
            .collect(),
    }
}

/// What the gateway asks of every client.
fn scheme(security: Security) -> Option<Scheme> {
    let demand = match security {
        Security::None => return None,
        Security::Certificate => "must show",
        Security::OptionalCertificate => "may show",
    };
    Some(Scheme {
        name: "Client certificate".to_owned(),
        description: format!(
            "Every client {demand} a certificate of an authority that this gateway trusts, when it \
             connects: `curl --cert client.pem --key client.key`."
        ),
    })
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> Option<String> {
    let url: http::Uri = url.parse().ok()?;
    Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
}

//! The documentation site and the documents over HTTP: what readers see of an API.
//!
//! ```text
//!  request's path ─► address ─► one page, rendered from the catalog ─► Page
//!                               (method, message, errors, search, …)
//! ```
//!
//! Server-rendered and readable without a script. Nothing here leads outside: no page of the site asks
//! for anything that this gateway does not serve itself. Text of comments is not trusted. A page is
//! made when it is asked for, costs what it shows, and shows a bounded part of a long list.

use bytes::Bytes;
use http::StatusCode;
use maud::Markup;

use crate::catalog::Catalog;
use crate::openapi::{self, Format};
use crate::protocol;
use crate::schema::Schema;

mod address;
pub mod assets;
mod authentication;
mod binding;
mod bruno;
mod changes;
mod checks;
mod collection;
mod config;
mod coverage;
mod described;
mod descriptors;
mod documentation;
mod downloads;
mod enumeration;
mod errors;
mod feed;
mod fields;
mod history;
mod home;
mod kind;
mod layout;
mod links;
mod markdown;
mod message;
mod method;
mod moment;
mod package;
mod parts;
mod plain;
mod postman;
mod proto_text;
mod published;
mod query;
mod resources;
mod samples;
pub mod scalar;
mod search;
mod service;
mod swagger;
mod tag;
mod target;
mod test_url;
#[cfg(test)]
mod tests;
mod timeline;
mod tryit;

pub use checks::Tally;
pub use config::{Config, Logo, Place};
pub use documentation::{Documentation, Reached};
pub use timeline::Timeline;

use address::Address;
use links::Links;

/// Everything a page is made from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the reader may know.
    pub catalog: &'a Catalog,
    /// What changed of it, as the reader may know.
    pub timeline: &'a Timeline,
    /// What was found of live answers, where some are checked.
    pub checked: Option<&'a Tally>,
    /// What is served.
    pub schema: &'a Schema,
    /// How requests are read and answered.
    pub protocol: &'a protocol::Config,
    /// How the site is set up.
    pub site: &'a Site,
    /// Where this reader reaches the gateway: scheme and authority, without a slash at its end.
    pub origin: &'a str,
}

/// How the site is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The path that everything of the site is under, such as `/docs`: no slash at its end.
    pub prefix: String,
    /// The path that the OpenAPI documents are under, such as `/openapi`.
    pub documents: String,
    /// The name of what is documented.
    pub title: String,
    /// What stands beneath the title on the first page, in Markdown.
    pub description: String,
    /// The path of a picture beside the title; empty: none.
    pub logo: String,
    /// How schemas are written.
    pub schemas: openapi::Options,
    /// How callers say who they are.
    pub schemes: Vec<Scheme>,
    /// Whether there is a page of Swagger UI.
    pub swagger: Swagger,
    /// Whether there is a page of Scalar.
    pub scalar: bool,
    /// Origins besides the site's own that its pages may call.
    pub callable: Vec<String>,
}

/// Whether Swagger UI stands beside the site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Swagger {
    /// At `swagger` beneath the site's prefix.
    #[default]
    Served,
    /// Nowhere.
    Off,
}

/// One way in which callers say who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// A short name: "Client certificate".
    pub name: String,
    /// How to send it, in Markdown.
    pub description: String,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            prefix: "/docs".to_owned(),
            documents: "/openapi".to_owned(),
            title: "API documentation".to_owned(),
            description: String::new(),
            logo: String::new(),
            schemas: openapi::Options::default(),
            schemes: Vec::new(),
            swagger: Swagger::Served,
            scalar: false,
            callable: Vec::new(),
        }
    }
}

/// An answer of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 200 or 404.
    pub status: StatusCode,
    /// With its charset.
    pub content_type: &'static str,
    /// The content.
    pub body: Bytes,
    /// A strong validator of the body, quotes included.
    pub etag: String,
    /// A name to save it under.
    pub file_name: Option<String>,
}

const HTML: &str = "text/html; charset=utf-8";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const ATOM: &str = "application/atom+xml; charset=utf-8";
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

impl Page {
    fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let etag = format!("\"{}\"", tag::of(&body));
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            etag,
            file_name: None,
        }
    }

    fn html(markup: Markup) -> Self {
        Self::new(HTML, markup.into_string())
    }

    fn named(self, name: String) -> Self {
        Self {
            file_name: Some(name),
            ..self
        }
    }
}

impl<'a> View<'a> {
    fn links(&self) -> Links<'a> {
        Links::new(&self.site.prefix)
    }
}

/// The page at a path beneath the site's prefix. `path` is the request's, undecoded; what is not there
/// is a page too, with status 404.
#[must_use]
pub fn page(view: &View<'_>, path: &str, query: Option<&str>) -> Page {
    let query = query::Query::new(query);
    match Address::of(view, path) {
        Some(address) => render(view, address, &query),
        None => Page {
            status: StatusCode::NOT_FOUND,
            ..Page::html(search::not_found(view, path))
        },
    }
}

fn render(view: &View<'_>, address: Address<'_>, query: &query::Query<'_>) -> Page {
    match address {
        Address::Home => Page::html(home::page(view)),
        Address::Errors => Page::html(errors::page(view, query)),
        Address::Authentication => Page::html(authentication::page(view)),
        Address::Changes => Page::html(changes::page(view, query)),
        Address::Feed => Page::new(ATOM, feed::atom(view)),
        Address::Coverage => Page::html(coverage::page(view)),
        Address::Search => Page::html(search::page(view, query)),
        Address::SearchIndex => Page::new(JSON, search::index(view)),
        Address::TestUrl => Page::html(test_url::page(view, query)),
        Address::Downloads => Page::html(downloads::page(view)),
        Address::Descriptors => {
            Page::new(OCTETS, descriptors::set(view)).named("api.binpb".to_owned())
        }
        Address::Llms => Page::new(TEXT, plain::index(view)),
        Address::Package(package) => Page::html(package::page(view, package, query)),
        Address::Service(package, service) => {
            Page::html(service::page(view, package, service, query))
        }
        Address::Method(package, service, method) => {
            Page::html(method::page(view, package, service, method, query))
        }
        Address::Message(message) => Page::html(message::page(view, message)),
        Address::Enum(enumeration) => Page::html(enumeration::page(view, enumeration)),
        Address::PlainPackage(package) => Page::new(MARKDOWN, plain::package(view, package)),
        Address::PlainService(package, service) => {
            Page::new(MARKDOWN, plain::service(view, package, service))
        }
        Address::PlainMethod(package, service, method) => {
            Page::new(MARKDOWN, plain::method(view, package, service, method))
        }
        Address::MessageSchema(message) => {
            let schema = openapi::json_schema(view.catalog, &view.site.schemas, message);
            Page::new(JSON, openapi::text(&schema, Format::Json))
        }
        Address::PlainMessage(message) => Page::new(MARKDOWN, plain::message(view, message)),
        Address::PlainEnum(enumeration) => {
            Page::new(MARKDOWN, plain::enumeration(view, enumeration))
        }
        Address::Postman(package) => {
            let name = format!("{}.postman.json", links::file_stem(package));
            Page::new(JSON, postman::collection(view, package)).named(name)
        }
        Address::Bruno(package) => {
            let name = format!("{}.bruno.json", links::file_stem(package));
            Page::new(JSON, bruno::collection(view, package)).named(name)
        }
        Address::Proto(package) => {
            let name = format!("{}.proto", links::file_stem(package));
            Page::new(TEXT, proto_text::package(view.catalog, package)).named(name)
        }
    }
}

/// The value of `content-security-policy` for every page of the site: nothing from elsewhere, nothing
/// inline, and calls to this gateway and the origins that the site may call.
#[must_use]
pub fn security_policy(site: &Site) -> String {
    policy(site, "'self'")
}

/// The same for Scalar's page, which styles what it shows in place.
fn scalar_policy(site: &Site) -> String {
    policy(site, "'self' 'unsafe-inline'")
}

fn policy(site: &Site, styles: &str) -> String {
    let mut connect = "'self'".to_owned();
    for origin in &site.callable {
        // What could end the directive is no origin.
        if !origin.contains([';', ',', ' ', '\'', '"']) && origin.is_ascii() {
            connect.push(' ');
            connect.push_str(origin);
        }
    }
    format!(
        "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; \
         font-src 'self'; connect-src {connect}; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

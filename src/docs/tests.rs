//! Pages of the demo, and of small APIs written as `.proto` text.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::catalog::{Audience, Ids};
use crate::protocol::Config as Protocol;
use crate::schema::tests::source;
use crate::schema::{Options, Source};

mod collections;
mod hostile;
mod pages;
mod protos;

/// A site of some API.
struct Served {
    schema: Schema,
    protocol: Protocol,
    catalog: Catalog,
    site: Site,
    timeline: Timeline,
}

impl Served {
    fn of(schema: Schema, labels: &[&str]) -> Self {
        let audience = Audience {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            ..Audience::default()
        };
        let protocol = Protocol::default();
        let catalog = Catalog::new(&schema, &protocol, &audience, Ids::Short);
        Self {
            schema,
            protocol,
            catalog,
            site: Site::default(),
            timeline: Timeline::default(),
        }
    }

    fn texts(texts: &[(&str, &str)]) -> Self {
        let sources = vec![source("test", "up", texts)];
        Self::of(Schema::build(sources, &Options::default()).unwrap(), &[])
    }

    fn text(text: &str) -> Self {
        Self::texts(&[("t.proto", text)])
    }

    fn demo() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
        let compiled = Source::proto_files(&root, "demo".into()).unwrap();
        let schema = Schema::build(vec![compiled.source], &Options::default()).unwrap();
        Self::of(schema, &[])
    }

    fn view(&self) -> View<'_> {
        View {
            catalog: &self.catalog,
            timeline: &self.timeline,
            checked: None,
            schema: &self.schema,
            protocol: &self.protocol,
            site: &self.site,
            origin: "http://localhost:8080",
        }
    }

    fn page(&self, path: &str) -> Page {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        page(&self.view(), path, query)
    }

    /// The text of a page that has to be there.
    fn body(&self, path: &str) -> String {
        let page = self.page(path);
        assert_eq!(page.status, StatusCode::OK, "{path}");
        text(&page)
    }

    /// Every page that links lead to from the first one, with its text.
    fn crawl(&self) -> BTreeMap<String, Page> {
        let mut pages = BTreeMap::new();
        let mut open = vec![self.site.prefix.clone()];
        while let Some(path) = open.pop() {
            if pages.contains_key(&path) {
                continue;
            }
            let page = self.page(&path);
            if page.content_type == HTML {
                for link in attributes(&text(&page), "href") {
                    let link = link.split('#').next().unwrap_or_default();
                    if self.is_own(link) {
                        open.push(link.to_owned());
                    }
                }
            }
            pages.insert(path, page);
        }
        pages
    }

    /// Whether a link leads to something that `page` answers.
    fn is_own(&self, link: &str) -> bool {
        let beneath = link.strip_prefix(&self.site.prefix);
        beneath.is_some_and(|rest| {
            !rest.starts_with("/assets/") && !rest.starts_with("/swagger") && rest != "/"
        })
    }
}

fn text(page: &Page) -> String {
    String::from_utf8(page.body.to_vec()).unwrap()
}

/// The values of an attribute, unescaped.
fn attributes(html: &str, name: &str) -> Vec<String> {
    html.split(&format!(" {name}=\""))
        .skip(1)
        .map(|rest| {
            let value = rest.split('"').next().unwrap();
            value.replace("&amp;", "&").replace("&quot;", "\"")
        })
        .collect()
}

//! Documents and pages over HTTP, for the schema that is served at the moment.
//!
//! What they are made from is made once for a schema, when somebody asks for the first time, and is
//! replaced with it. They are made on threads of their own, a few at a time: no call waits for a page,
//! and readers cannot take the machine from the calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use axum::body::Body;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, request};
use tokio::sync::Semaphore;

use super::Config;
use super::checks::Checks;
use super::described::Described;
use super::history::History;
use super::moment::Moment;
use super::published::{Answer, Published, Takes};
use super::target::Target;
use crate::protocol::{self, Pages, Watch};
use crate::schema::{self, Schema};

/// Documents and pages that are made at a time.
const MAKERS_MAX: usize = 2;

/// Bytes of an authority that is believed.
const AUTHORITY_MAX: usize = 255;

/// How clients reach the gateway, which its own links have to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// In plaintext.
    Http,
    /// By TLS.
    Https,
}

/// The documentation of whatever schema is served.
#[derive(Debug)]
pub struct Documentation {
    config: Arc<Config>,
    options: schema::Options,
    history: Arc<History>,
    reached: Reached,
    checks: Option<Checks>,
    current: ArcSwapOption<Published>,
    makers: Arc<Semaphore>,
}

impl Documentation {
    /// A site of which nothing is made yet. `options` are those that its schemas are built with. Reads
    /// the names of the files of its history.
    #[must_use]
    pub fn new(config: Config, options: schema::Options, reached: Reached) -> Self {
        let checks = (config.sample > 0).then(|| Checks::start(config.sample));
        let checks = checks.and_then(|started| {
            started
                .inspect_err(|error| tracing::warn!(%error, "docs.sample: no answer is checked"))
                .ok()
        });
        Self {
            history: Arc::new(History::of(config.history.clone())),
            config: Arc::new(config),
            options,
            reached,
            checks,
            current: ArcSwapOption::empty(),
            makers: Arc::new(Semaphore::new(MAKERS_MAX)),
        }
    }

    /// True if some answers are to be looked at.
    #[must_use]
    pub const fn watches(&self) -> bool {
        self.checks.is_some()
    }

    /// Takes note of what is served from now on. Ends when it is written, and never fails.
    pub async fn served(&self, schema: &Arc<Schema>, config: &protocol::Config, now: SystemTime) {
        let (history, now) = (Arc::clone(&self.history), Moment::of(now));
        let served = Arc::clone(schema);
        let noting = tokio::task::spawn_blocking(move || history.record(&served, now));
        if noting.await.is_err() {
            tracing::warn!("docs.history: the revision is not kept");
        }
        if self.history.has_changes() {
            // Comparing takes a while: it is done before somebody asks.
            let published = self.published(schema, config);
            drop(tokio::task::spawn_blocking(move || {
                published.timeline();
            }));
        }
    }

    /// What is published of a schema: made anew only where it is another one.
    fn published(&self, schema: &Arc<Schema>, config: &protocol::Config) -> Arc<Published> {
        let current = self.current.load_full();
        if let Some(current) = &current
            && current.is_of(schema)
        {
            return Arc::clone(current);
        }
        let (schema, own) = (Arc::clone(schema), Arc::clone(&self.config));
        let now = Described::new(schema, config, own, self.options.clone());
        let made = Arc::new(Published::new(
            now,
            &self.config,
            &self.history,
            self.checks.as_ref().map(Checks::tally),
        ));
        self.current.store(Some(Arc::clone(&made)));
        made
    }

    /// Where the reader finds the gateway, by the reader's own words.
    fn base(&self, request: &request::Parts) -> String {
        let scheme = match self.reached {
            Reached::Http => "http",
            Reached::Https => "https",
        };
        let authority = match request.uri.authority() {
            Some(authority) => Some(authority.clone()),
            None => request
                .headers
                .get(HOST)
                .and_then(|host| Authority::try_from(host.as_bytes()).ok()),
        };
        match authority {
            Some(authority) if is_plain(&authority) => format!("{scheme}://{authority}"),
            Some(_) | None => String::new(),
        }
    }
}

/// Host and port, of letters that need no quoting anywhere.
fn is_plain(authority: &Authority) -> bool {
    let text = authority.as_str();
    text.len() <= AUTHORITY_MAX
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b))
}

impl Watch for Documentation {
    fn wants(&self) -> bool {
        self.checks.as_ref().is_some_and(Checks::wants)
    }

    fn take(&self, schema: &Arc<Schema>, config: &protocol::Config, binding: usize, json: Bytes) {
        if let Some(checks) = &self.checks {
            checks.take(self.published(schema, config), binding, json);
        }
    }
}

impl Pages for Documentation {
    fn answer(
        &self,
        schema: &Arc<Schema>,
        config: &protocol::Config,
        request: &request::Parts,
    ) -> Option<Pin<Box<dyn Future<Output = Response<Body>> + Send>>> {
        let target = Target::of(&self.config, request.uri.path(), request.uri.query())?;
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return Some(Box::pin(std::future::ready(wrong_verb())));
        }
        let published = self.published(schema, config);
        let base = self.base(request);
        let known = request.headers.get(IF_NONE_MATCH).cloned();
        let takes = Takes::of(&request.headers);
        let makers = Arc::clone(&self.makers);
        Some(Box::pin(async move {
            let Ok(_permit) = makers.acquire().await else {
                return failed();
            };
            let making =
                tokio::task::spawn_blocking(move || published.answer(&target, &base, takes));
            match making.await {
                Ok(answer) => respond(answer, known.as_ref()),
                Err(_) => failed(),
            }
        }))
    }
}

fn respond(answer: Answer, known: Option<&HeaderValue>) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(answer.keep.directive()),
    );
    if let Some(policy) = answer.policy
        && let Ok(policy) = HeaderValue::try_from(policy)
    {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(name) = answer.file_name {
        let disposition = format!("attachment; filename=\"{name}\"");
        if let Ok(disposition) = HeaderValue::try_from(disposition) {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(location) = answer
        .location
        .and_then(|to| HeaderValue::try_from(to).ok())
    {
        headers.insert(LOCATION, location);
    }
    if let Some(encoding) = answer.encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    let tag = answer.etag;
    let is_known = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| is_same_as_one_of(known, &tag));
    if let Ok(tag) = HeaderValue::try_from(tag.as_str()) {
        headers.insert(ETAG, tag);
    }
    let is_kept = is_known && answer.status == StatusCode::OK;
    let (status, body) = if is_kept {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (answer.status, Body::from(answer.body))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Weak comparison (RFC 9110, section 13.1.2).
fn is_same_as_one_of(known: &str, tag: &str) -> bool {
    known
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn wrong_verb() -> Response<Body> {
    let mut response = Response::new(Body::from("a page can be read with GET and HEAD\n"));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    headers.insert(CONTENT_TYPE, TEXT);
    response
}

fn failed() -> Response<Body> {
    let mut response = Response::new(Body::from("the page could not be made\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::catalog::compiled::descriptors;
    use crate::schema::{Options, Source};

    fn schema(text: &str) -> Arc<Schema> {
        let source = Source {
            name: "test".to_owned(),
            descriptors: descriptors(text),
            upstream: "upstream".into(),
            reflected: false,
        };
        Arc::new(Schema::build(vec![source], &Options::default()).unwrap())
    }

    async fn document(
        documentation: &Documentation,
        schema: &Arc<Schema>,
        known: &str,
    ) -> (StatusCode, String, String) {
        let request = Request::get("http://a.example/openapi.json").header(IF_NONE_MATCH, known);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let config = protocol::Config::default();
        let response = documentation.answer(schema, &config, &parts).unwrap().await;
        let tag = response.headers()[ETAG].to_str().unwrap().to_owned();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, tag, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn page(documentation: &Documentation, schema: &Arc<Schema>, path: &str) -> String {
        let (parts, ()) = Request::get(path).body(()).unwrap().into_parts();
        let config = protocol::Config::default();
        let response = documentation.answer(schema, &config, &parts).unwrap().await;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_document_follows_the_schema_and_its_tag_the_document() {
        let documentation =
            Documentation::new(Config::default(), Options::default(), Reached::Http);
        let text = "message M {} service S { rpc Old(M) returns (M); }";
        let before = schema(text);
        let (config, start) = (protocol::Config::default(), SystemTime::UNIX_EPOCH);
        documentation.served(&before, &config, start).await;
        let (_, tag, body) = document(&documentation, &before, "").await;
        assert!(
            body.contains("/t.S/Old") && body.contains("http://a.example"),
            "{body}"
        );
        let (status, _, body) = document(&documentation, &before, &tag).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));

        let same = schema(text);
        assert_eq!(
            document(&documentation, &same, &tag).await.0,
            StatusCode::NOT_MODIFIED
        );
        let after = schema(&text.replace("Old", "New"));
        documentation.served(&after, &config, start).await;
        let (status, other, body) = document(&documentation, &after, &tag).await;
        assert_eq!(status, StatusCode::OK);
        assert!(other != tag && body.contains("/t.S/New") && !body.contains("/t.S/Old"));

        let changes = page(&documentation, &after, "/docs/changes").await;
        assert!(
            changes.contains("1 that break somebody, 1 that add"),
            "{changes}"
        );
        assert!(
            changes.contains("Old") && changes.contains("New"),
            "{changes}"
        );
    }

    #[test]
    fn weak_and_several_tags_are_known() {
        for (known, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("", false),
        ] {
            assert_eq!(is_same_as_one_of(known, "\"a\""), expected, "{known}");
        }
    }
}

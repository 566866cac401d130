//! CORS: which pages of other origins may call, and what they may read of an answer.
//!
//! | request | |
//! |---|---|
//! | without `origin`, or from a page of the gateway's own | served, and nothing is said |
//! | a preflight | answered here, always 204: with what is allowed, or without a word of it |
//! | from an origin of the list | served; the answer may be read, whatever it is: errors and refusals too |
//! | from another origin: GET, HEAD, OPTIONS | served; the page cannot read the answer |
//! | any other verb, and a WebSocket | 403 |
//!
//! What a backend says of CORS is not passed on (`metadata`): who may read is the gateway's to say.

use std::time::Duration;

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, request};

use super::field_value;
use super::metadata::rules;

mod origin;

use origin::Origin;
pub use origin::Pattern;

/// Patterns in the list of origins, at most: a foreign origin is compared with each.
pub const ORIGINS_MAX: usize = 1000;

/// The verbs of REST and of calls. A verb that is none of them and is asked for is named too: what
/// has no binding is answered 405, which a page can read, other than its browser's own refusal.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// Request headers of the dialects and their client libraries, which every list allows.
const ASKED: &[&str] = &[
    "accept",
    "accept-language",
    "authorization",
    "connect-accept-encoding",
    "connect-content-encoding",
    "connect-protocol-version",
    "connect-timeout-ms",
    "content-encoding",
    "content-language",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "last-event-id",
    "x-accept-content-transfer-encoding",
    "x-accept-response-streaming",
    "x-grpc-web",
    "x-request-id",
    "x-request-timeout",
    "x-user-agent",
];

/// Response headers that a page may read whatever the answer: a call's end, where it stands in the
/// head, and the name of the call in the log.
const EXPOSED: &str = "grpc-status, grpc-message, grpc-status-details-bin, x-request-id";

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const VARY_BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const VARY_BY_PREFLIGHT: HeaderValue = HeaderValue::from_static(
    "origin, access-control-request-method, access-control-request-headers",
);

/// Who may call from another origin, and how. The default is nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// The origins.
    pub origins: Origins,
    /// How long a browser may keep the answer to a preflight.
    pub max_age: Duration,
    /// Request headers that a page may send besides those that the dialects have. All of them
    /// unless chosen otherwise: metadata of gRPC are request headers of any name, and what may
    /// reach a backend is decided once, by the rules for metadata, for pages as for anybody.
    pub allow_headers: Vec<rules::Pattern>,
    /// Response headers that a page may read besides those that the answer has: the ones that
    /// somebody between the gateway and the browser adds.
    pub expose_headers: Vec<HeaderName>,
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            origins: Origins::Listed(Vec::new(), Credentials::Withheld),
            max_age: Duration::from_secs(2 * 60 * 60),
            allow_headers: vec![rules::Pattern::any()],
            expose_headers: Vec::new(),
        }
    }
}

/// Which origins are allowed. That any page calls with credentials cannot be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every one, `null` too.
    Any,
    /// Those that one of the patterns has.
    Listed(Vec<Pattern>, Credentials),
}

/// Whether a page may have its requests sent with cookies and other things that the browser keeps,
/// and read what is answered to those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// It may.
    Sent,
    /// It may not.
    Withheld,
}

impl Cors {
    /// True for a request that comes from no page, from one of the gateway's own origin, or from
    /// one of the list. Everything but a plain read is refused to the others, the handshake of a
    /// WebSocket too: it is a GET, and a browser asks nobody before it makes one.
    ///
    /// Tools and servers send no `origin`, and a browser cannot leave it out where it matters; a
    /// request that has none and calls itself `cross-site` is a page's all the same.
    #[must_use]
    pub fn admits(&self, request: &request::Parts) -> bool {
        match Sender::of(&request.headers) {
            Sender::NoPage => request
                .headers
                .get("sec-fetch-site")
                .is_none_or(|site| site != "cross-site"),
            Sender::Page(origin) => is_own(origin, request) || self.allowed(origin).is_some(),
            Sender::Unclear => false,
        }
    }

    /// What the answer to a request with these headers will say of CORS.
    pub(super) fn notice(&self, request: &HeaderMap) -> Notice {
        if matches!(&self.origins, Origins::Listed(patterns, _) if patterns.is_empty()) {
            return Notice::None;
        }
        match Sender::of(request) {
            Sender::Page(origin) => self.allowed(origin).map_or(Notice::Vary, Notice::Allow),
            Sender::NoPage | Sender::Unclear => Notice::Vary,
        }
    }

    /// Writes it down in the answer's headers, which are complete but for that.
    pub(super) fn write(&self, notice: Notice, answer: &mut HeaderMap) {
        let origin = match notice {
            Notice::None => return,
            Notice::Vary => None,
            Notice::Allow(origin) => Some(origin),
        };
        let is_said = field_value::items(answer, &VARY)
            .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"));
        if !is_said {
            answer.append(VARY, VARY_BY_ORIGIN);
        }
        if let Some(origin) = origin {
            let exposed = self.exposed(answer);
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            self.allow(origin, answer);
        }
    }

    /// The answer to a preflight, if the request is one: made before anything is looked up, and
    /// never by a backend. An OPTIONS that asks for no verb is none, and gets `allow`.
    pub(super) fn preflight(&self, request: &request::Parts) -> Option<Response<Body>> {
        if request.method != Method::OPTIONS || !request.headers.contains_key(ORIGIN) {
            return None;
        }
        let verb = request.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        // Without CORS too: it may be there when the same is asked again.
        headers.insert(VARY, VARY_BY_PREFLIGHT);
        if let Notice::Allow(origin) = self.notice(&request.headers) {
            self.allow(origin, headers);
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods(verb));
            if let Some(names) = self.allowed_headers(&request.headers) {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
            }
            let max_age = HeaderValue::from(self.max_age.as_secs());
            headers.insert(ACCESS_CONTROL_MAX_AGE, max_age);
        }
        Some(response)
    }

    /// How an answer calls this origin, if it is allowed.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match &self.origins {
            Origins::Any => Some(ANY),
            Origins::Listed(patterns, _) => {
                let parsed = Origin::parse(origin.to_str().ok()?)?;
                let is_listed = patterns.iter().any(|pattern| pattern.has(&parsed));
                is_listed.then(|| origin.clone())
            }
        }
    }

    /// The gateway's word alone counts, also where a list lets a backend's `access-control-*` pass.
    fn allow(&self, origin: HeaderValue, answer: &mut HeaderMap) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        match &self.origins {
            Origins::Listed(_, Credentials::Sent) => {
                answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            }
            Origins::Any | Origins::Listed(_, Credentials::Withheld) => {
                answer.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
            }
        }
    }

    /// Of the headers that a preflight asks for, those that are allowed.
    fn allowed_headers(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let mut names = Vec::new();
        for name in field_value::items(request, &ACCESS_CONTROL_REQUEST_HEADERS) {
            let Ok(name) = HeaderName::from_bytes(name) else {
                continue;
            };
            let is_listed = |name: &str| self.allow_headers.iter().any(|p| p.has(name));
            if ASKED.contains(&name.as_str()) || is_listed(name.as_str()) {
                names.push(name);
            }
        }
        let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
        HeaderValue::try_from(names.join(", "))
            .ok()
            .filter(|names| !names.is_empty())
    }

    /// The names that a page may read. All that the answer has: whatever metadata a backend sends
    /// is for its client, and no list could know their names before. Not `*`, which means a header
    /// of that name where credentials are sent.
    fn exposed(&self, answer: &HeaderMap) -> HeaderValue {
        let own = answer.keys().filter(|name| is_worth_exposing(name));
        let mut names = EXPOSED.to_owned();
        for name in own.chain(&self.expose_headers) {
            names.push_str(", ");
            names.push_str(name.as_str());
        }
        HeaderValue::try_from(names).unwrap_or(HeaderValue::from_static(EXPOSED))
    }
}

/// What an answer says of CORS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing: no page of another origin may call.
    None,
    /// That it would be another one for another page.
    Vary,
    /// That this page may read it.
    Allow(HeaderValue),
}

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
enum Sender<'r> {
    NoPage,
    /// A page of this origin.
    Page(&'r HeaderValue),
    /// More than one origin: no browser does that.
    Unclear,
}

impl<'r> Sender<'r> {
    fn of(headers: &'r HeaderMap) -> Self {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Self::NoPage,
            (Some(origin), None) => Self::Page(origin),
            (Some(_), Some(_)) => Self::Unclear,
        }
    }
}

/// True if the origin's authority is the one the request was made to.
fn is_own(origin: &HeaderValue, request: &request::Parts) -> bool {
    let own = match request.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => request
            .headers
            .get(HOST)
            .and_then(|host| host.to_str().ok()),
    };
    let origin = origin.to_str().ok().and_then(Origin::parse);
    own.zip(origin)
        .is_some_and(|(own, origin)| origin.is_at(own))
}

fn methods(asked: &HeaderValue) -> HeaderValue {
    let is_listed = |verb: &str| METHODS.split(", ").any(|known| known == verb);
    let other = Method::from_bytes(asked.as_bytes()).ok();
    other
        .filter(|verb| !is_listed(verb.as_str()))
        .and_then(|verb| HeaderValue::try_from(format!("{METHODS}, {verb}")).ok())
        .unwrap_or(HeaderValue::from_static(METHODS))
}

/// False for what a page may read anyway, what no page ever may, and what is between the gateway
/// and the browser.
fn is_worth_exposing(name: &HeaderName) -> bool {
    let name = name.as_str();
    let is_not = matches!(
        name,
        "cache-control"
            | "content-language"
            | "content-length"
            | "content-type"
            | "expires"
            | "last-modified"
            | "pragma"
            | "set-cookie"
            | "vary"
    );
    !is_not && !name.starts_with("access-control-") && !EXPOSED.split(", ").any(|at| at == name)
}

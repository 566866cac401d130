//! "Test this URL": which operation it hits and which field gets what, or why none.
//!
//! A hidden operation, field or value answers like one that is not there.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::{Body, Catalog, Method, Operation};
use crate::protocol;
use crate::protocol::rest::{Fate, Given, Place, Trial, trial};
use crate::schema::{Idempotency, Route, Schema, Shape};
use crate::transcode::{PlanId, PrintOptions, Scratch};

mod nearest;
mod veil;

/// What a URL is, to the gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Probe {
    /// An operation takes it.
    Found(Box<Found>),
    /// The path is there, for other HTTP methods.
    WrongVerb {
        /// What was asked for.
        verb: String,
        /// What there is.
        allow: Vec<String>,
    },
    /// Nothing has the path.
    NotFound {
        /// The operations whose paths come nearest.
        nearest: Vec<Near>,
    },
    /// It is refused before it is looked up.
    Refused {
        /// HTTP status.
        status: u16,
        /// Why.
        message: String,
    },
}

/// An operation that a URL hits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// `pkg.Service/Method`.
    pub rpc: String,
    /// Its id; none for the own path of a method that has bindings.
    pub operation: Option<String>,
    /// Its HTTP method and template.
    pub binding: String,
    /// What each piece of the URL is taken for.
    pub values: Vec<Taken>,
    /// The request message as JSON, as far as the URL gives it; none if the request is refused.
    pub message: Option<Value>,
    /// HTTP status and message of the refusal.
    pub refused: Option<Refusal>,
    /// The body that is expected besides: `none`, `message`, or a field.
    pub body: String,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// What was found and what was expected.
    pub message: String,
}

/// One piece of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// `path` or `query`.
    pub place: &'static str,
    /// The variable, or the key.
    pub key: String,
    /// The field it means, dotted proto names.
    pub field: Option<String>,
    /// The text, decoded.
    pub text: String,
    /// `taken`, `bound` (path or body set the field, so this changes nothing), `unknown` (it names no
    /// field, and is ignored) or `refused`.
    pub fate: &'static str,
    /// Why it is refused.
    pub reason: Option<String>,
}

/// An operation somebody may have meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Near {
    /// `pkg.Service/Method`.
    pub rpc: String,
    /// Its id.
    pub operation: String,
    /// The HTTP method.
    pub verb: String,
    /// The path.
    pub path: String,
}

/// Asks what a verb and a URL are. `url` may be a whole URL, or begin with its path; `#` and what follows
/// is no part of it.
#[must_use]
pub fn probe(
    schema: &Schema,
    config: &protocol::Config,
    catalog: &Catalog,
    verb: &str,
    url: &str,
) -> Probe {
    let way = Way::of(url);
    let url = written(url);
    let path = url.split('?').next().unwrap_or_default();
    let verb = match way {
        Way::Request => verb.trim().to_ascii_uppercase(),
        Way::Socket => handshake_verb(schema, path),
    };
    let tried = |url: &str| {
        trial(schema, &verb, url, config.head.url, |binding| {
            bound(catalog, binding.id).map_or(&*config.options, |(_, own)| &*own.options)
        })
    };
    let mut outcome = tried(&url);
    if let Trial::Taken { binding, given, .. } = &outcome
        && let Some((method, _)) = bound(catalog, binding.id)
        && let Some(veiled) = veil::over(catalog, &method.descriptor.input(), &url, given)
    {
        outcome = tried(&veiled);
    }
    match outcome {
        Trial::Taken {
            binding,
            given,
            message,
        } => {
            let Some((method, own)) = bound(catalog, binding.id) else {
                return nowhere(catalog, &verb, path);
            };
            let (message, refused) = match message {
                Ok(wire) => {
                    let json = json(schema, binding.method.input, &wire);
                    let input = method.descriptor.input();
                    (
                        json.map(|json| catalog.shown(input.full_name(), json)),
                        None,
                    )
                }
                Err((status, message)) => {
                    let message = veil::lift(&message);
                    (None, Some(Refusal { status, message }))
                }
            };
            let values = given.into_iter().map(|given| Taken::from(given).lifted());
            Probe::Found(Box::new(Found {
                rpc: rpc(method),
                operation: Some(own.id.clone()),
                binding: format!("{} {}", own.verb, own.template),
                values: values.collect(),
                message,
                refused,
                body: body(own),
            }))
        }
        Trial::WrongVerb(_) if verb == "POST" && schema.unannotated_method(path).is_some() => {
            own_path(schema, catalog, way, &verb, &url)
        }
        Trial::WrongVerb(allow) => {
            let is_shown = |verb: &str| match schema.route(verb, path) {
                Route::Found { binding, .. } => bound(catalog, binding.id).is_some(),
                Route::WrongVerb { .. } | Route::None => false,
            };
            let mut shown: Vec<String> = allow
                .into_iter()
                .filter(|verb| is_shown(verb))
                .map(str::to_owned)
                .collect();
            if shown.is_empty() {
                return nowhere(catalog, &verb, path);
            }
            shown.push("OPTIONS".to_owned());
            shown.sort();
            shown.dedup();
            Probe::WrongVerb { verb, allow: shown }
        }
        Trial::Nowhere => own_path(schema, catalog, way, &verb, &url),
        Trial::Refused(status, message) => Probe::Refused { status, message },
    }
}

/// How a URL is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Request,
    /// `ws://`, `wss://`: a handshake, which may call a method of any shape.
    Socket,
}

impl Way {
    fn of(url: &str) -> Self {
        let scheme = url.trim().split_once("://").map(|(scheme, _)| scheme);
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("ws" | "wss") => Self::Socket,
            Some(_) | None => Self::Request,
        }
    }
}

/// The verb of the binding that a handshake calls, as the gateway chooses: GET, else POST, else the first
/// by name.
fn handshake_verb(schema: &Schema, path: &str) -> String {
    let Route::WrongVerb { allow } = schema.route("GET", path) else {
        return "GET".to_owned();
    };
    let post = allow.iter().find(|verb| **verb == "POST");
    post.or_else(|| allow.first())
        .map_or("GET", |verb| *verb)
        .to_owned()
}

/// The URL from its path on, without its fragment, escaped where a browser would escape it.
fn written(url: &str) -> String {
    let url = url.trim();
    let url = url.split('#').next().unwrap_or(url);
    let from_path = match url.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            match rest.find(['/', '?']) {
                Some(at) => rest.get(at..).unwrap_or_default(),
                None => "/",
            }
        }
        _ => url,
    };
    let mut out = String::with_capacity(from_path.len() + 1);
    if !from_path.starts_with('/') {
        out.push('/');
    }
    for c in from_path.chars() {
        if c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '`' | '{' | '}') {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The operation of a binding, with its method, if it may be seen.
fn bound(catalog: &Catalog, id: usize) -> Option<(&Method, &Operation)> {
    catalog.methods().find_map(|(_, _, method)| {
        let own = method
            .operations
            .iter()
            .find(|own| own.binding == Some(id))?;
        Some((method, own))
    })
}

fn rpc(method: &Method) -> String {
    method.served.path.trim_start_matches('/').to_owned()
}

/// A method's own path, where that is served.
fn own_path(schema: &Schema, catalog: &Catalog, way: Way, verb: &str, url: &str) -> Probe {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let served = schema.unannotated_method(path);
    let shown = served.and_then(|served| {
        let mut all = catalog.methods();
        all.find(|(_, _, method)| method.served.path == served.path)
    });
    let Some((_, _, method)) = shown else {
        return nowhere(catalog, verb, path);
    };
    let served = &method.served;
    let is_unary = served.shape == Shape::Unary;
    let takes_get = is_unary && served.idempotency == Idempotency::NoSideEffects;
    let refused = match verb {
        _ if way == Way::Socket => None,
        "POST" if is_unary => None,
        "GET" | "HEAD" if takes_get => unasked(query),
        "POST" => Some(Refusal {
            status: 415,
            message: format!(
                "{} is a {} method: it is called by gRPC, gRPC-Web, Connect or WebSocket, or by a \
                 REST binding",
                served.path,
                served.shape.name()
            ),
        }),
        _ => {
            let mut allow = vec!["OPTIONS".to_owned(), "POST".to_owned()];
            if takes_get {
                allow.extend(["GET".to_owned(), "HEAD".to_owned()]);
            }
            allow.sort();
            return Probe::WrongVerb {
                verb: verb.to_owned(),
                allow,
            };
        }
    };
    let own = method.operations.iter().find(|own| own.binding.is_none());
    let (kind, has_body) = match way {
        Way::Socket => ("WebSocket", false),
        Way::Request => (verb, verb == "POST"),
    };
    let message = match (way, verb) {
        (Way::Request, "GET" | "HEAD") if refused.is_none() => asked_json(query),
        (Way::Request | Way::Socket, _) => None,
    };
    let input = method.descriptor.input();
    Probe::Found(Box::new(Found {
        rpc: rpc(method),
        operation: own.map(|own| own.id.clone()),
        binding: format!("{kind} {}", served.path),
        values: Vec::new(),
        message: message.map(|json| catalog.shown(input.full_name(), json)),
        refused,
        body: if has_body { "message" } else { "none" }.to_owned(),
    }))
}

/// A parameter of a query that Connect reads, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pieces = query.split('&').filter_map(|piece| piece.split_once('='));
    let (_, value) = pieces.find(|(key, _)| *key == name)?;
    let spaced = value.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy();
    Some(decoded.into_owned())
}

/// Why a GET of Connect is refused: it has its message in the query.
fn unasked(query: &str) -> Option<Refusal> {
    let is_known = |encoding: String| matches!(encoding.as_str(), "json" | "proto");
    if !parameter(query, "encoding").is_some_and(is_known) {
        return Some(Refusal {
            status: 415,
            message:
                "found no `encoding` in the query, expected json or proto, and the request as \
                      `message`"
                    .to_owned(),
        });
    }
    if parameter(query, "message").is_none() {
        return Some(Refusal {
            status: 400,
            message: "found no `message` in the query, expected the request message".to_owned(),
        });
    }
    None
}

/// The message of such a query, if it can be read here.
fn asked_json(query: &str) -> Option<Value> {
    let is_plain = parameter(query, "encoding").as_deref() == Some("json")
        && parameter(query, "base64").is_none()
        && parameter(query, "compression").is_none();
    let message = parameter(query, "message").filter(|_| is_plain)?;
    serde_json::from_str(&message).ok()
}

fn nowhere(catalog: &Catalog, verb: &str, path: &str) -> Probe {
    let all = catalog.methods();
    let all = all.flat_map(|(_, _, method)| method.operations.iter().map(move |own| (method, own)));
    let near = nearest::of(verb, path, all);
    let near = near.into_iter().map(|(method, own)| Near {
        rpc: rpc(method),
        operation: own.id.clone(),
        verb: own.verb.clone(),
        path: own.path.clone(),
    });
    Probe::NotFound {
        nearest: near.collect(),
    }
}

/// The message as the backend would get it.
fn json(schema: &Schema, plan: PlanId, wire: &[u8]) -> Option<Value> {
    let mut out = Vec::new();
    let options = PrintOptions::default();
    let mut scratch = Scratch::default();
    schema
        .plans()
        .to_json(plan, wire, &options, &mut scratch, &mut out)
        .ok()?;
    serde_json::from_slice(&out).ok()
}

fn body(operation: &Operation) -> String {
    match &operation.body {
        Body::None => "none".to_owned(),
        Body::Message { .. } => "message".to_owned(),
        Body::Field { field, .. } => {
            let names: Vec<String> = field.iter().map(|field| field.proto_name()).collect();
            names.join(".")
        }
    }
}

impl From<Given> for Taken {
    fn from(given: Given) -> Self {
        let (fate, reason) = match given.fate {
            Fate::Taken => ("taken", None),
            Fate::Bound => ("bound", None),
            Fate::Unknown => ("unknown", None),
            Fate::Refused(reason) => ("refused", Some(reason)),
        };
        Self {
            place: match given.place {
                Place::Path => "path",
                Place::Query => "query",
            },
            key: given.key,
            field: given.field,
            text: given.text,
            fate,
            reason,
        }
    }
}

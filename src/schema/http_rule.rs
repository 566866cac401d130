//! The `google.api.http` annotation, read from the option's own bytes.
//!
//! Nothing here relies on `google/api/annotations.proto` being part of the schema: reflection may
//! leave it out, and the annotation is there all the same.

use prost::Message as _;
use prost::bytes::Bytes;

use super::BindingText;

/// Most bindings of a method. Real ones have a handful; this bounds what an annotation makes of
/// one method.
pub(super) const BINDINGS_MAX: usize = 100;

/// Longest HTTP method of a custom rule.
const CUSTOM_BYTES_MAX: usize = 32;

/// What a method's options say.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    pub(super) deprecated: bool,
    pub(super) idempotency: i32,
    /// The rules, or why there are none.
    pub(super) rules: Vec<BindingText>,
    /// What is wrong with the annotation.
    pub(super) faults: Vec<Fault>,
}

/// Why an annotation, or a part of it, is no binding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("google.api.http cannot be decoded: {0}")]
    Undecodable(String),
    #[error("google.api.http names neither get, put, post, delete, patch nor custom")]
    NoPattern,
    #[error("google.api.http has {0} additional_bindings; {max} are served", max = BINDINGS_MAX - 1)]
    TooMany(usize),
    #[error("google.api.http nests additional_bindings within additional_bindings")]
    Nested,
    #[error("google.api.http has a custom kind that is no HTTP method: {0:?}")]
    Custom(String),
}

#[derive(Clone, PartialEq, prost::Message)]
struct MethodOptions {
    #[prost(bool, tag = "33")]
    deprecated: bool,
    #[prost(int32, tag = "34")]
    idempotency_level: i32,
    #[prost(bytes = "bytes", optional, tag = "72295728")]
    http: Option<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HttpRule {
    #[prost(oneof = "Pattern", tags = "2, 3, 4, 5, 6, 8")]
    pattern: Option<Pattern>,
    #[prost(string, tag = "7")]
    body: String,
    #[prost(message, repeated, tag = "11")]
    additional_bindings: Vec<Self>,
    #[prost(string, tag = "12")]
    response_body: String,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Pattern {
    #[prost(string, tag = "2")]
    Get(String),
    #[prost(string, tag = "3")]
    Put(String),
    #[prost(string, tag = "4")]
    Post(String),
    #[prost(string, tag = "5")]
    Delete(String),
    #[prost(string, tag = "6")]
    Patch(String),
    #[prost(message, tag = "8")]
    Custom(Custom),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Custom {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    path: String,
}

/// Reads a method's options.
pub(super) fn read(options: Option<&Bytes>) -> Annotations {
    let mut out = Annotations::default();
    let Some(options) = options else { return out };
    let options = match MethodOptions::decode(options.clone()) {
        Ok(options) => options,
        Err(error) => {
            out.faults.push(Fault::Undecodable(error.to_string()));
            return out;
        }
    };
    out.deprecated = options.deprecated;
    out.idempotency = options.idempotency_level;
    let Some(http) = options.http else { return out };
    match HttpRule::decode(http) {
        Ok(rule) => out.add(rule),
        Err(error) => out.faults.push(Fault::Undecodable(error.to_string())),
    }
    out
}

/// Whether a rule may have this HTTP method. `*` leaves it open. CONNECT has no path, and TRACE must
/// not be answered by an application.
pub(super) fn is_verb(kind: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !kind.is_empty()
        && kind.len() <= CUSTOM_BYTES_MAX
        && (kind == "*" || kind.bytes().all(name))
        && !matches!(kind, "CONNECT" | "TRACE")
}

impl Annotations {
    fn add(&mut self, mut rule: HttpRule) {
        let additional = std::mem::take(&mut rule.additional_bindings);
        if additional.len() >= BINDINGS_MAX {
            self.faults.push(Fault::TooMany(additional.len()));
            return;
        }
        for rule in std::iter::once(rule).chain(additional) {
            if !rule.additional_bindings.is_empty() {
                self.faults.push(Fault::Nested);
                continue;
            }
            match binding(rule) {
                Ok(rule) => self.rules.push(rule),
                Err(fault) => self.faults.push(fault),
            }
        }
    }
}

fn binding(rule: HttpRule) -> Result<BindingText, Fault> {
    let (verb, template) = match rule.pattern.ok_or(Fault::NoPattern)? {
        Pattern::Get(path) => ("GET".to_owned(), path),
        Pattern::Put(path) => ("PUT".to_owned(), path),
        Pattern::Post(path) => ("POST".to_owned(), path),
        Pattern::Delete(path) => ("DELETE".to_owned(), path),
        Pattern::Patch(path) => ("PATCH".to_owned(), path),
        Pattern::Custom(Custom { kind, path }) => {
            if !is_verb(&kind) {
                return Err(Fault::Custom(kind.chars().take(CUSTOM_BYTES_MAX).collect()));
            }
            (kind, path)
        }
    };
    Ok(BindingText {
        verb,
        template,
        body: rule.body,
        response_body: rule.response_body,
    })
}

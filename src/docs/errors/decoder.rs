//! Reads an error as people paste it: the JSON of any form this gateway writes, or what stands in
//! `grpc-status-details-bin`. Hostile text like any other, of a bounded length.

use maud::{Markup, html};
use prost::Message as _;
use serde_json::Value;

use super::advice;
use crate::call::Code;
use crate::call::details::RpcStatus;
use crate::docs::{View, parts};
use crate::transcode::{PrintOptions, Scratch, UnknownAny};

/// Details that are shown.
const DETAILS_MAX: usize = 20;

/// Bytes of one detail's JSON.
const DETAIL_BYTES_MAX: usize = 16 << 10;

/// An error that was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    pub(super) code: Code,
    pub(super) message: String,
    /// Type and content.
    pub(super) details: Vec<(String, String)>,
}

/// What a pasted error means.
pub(super) fn explained(view: &View<'_>, text: &str) -> Markup {
    let Some(read) = read(view, text) else {
        return html! {
            p {
                "That is no error that can be read here. Expected the JSON of an error, such as "
                code { r#"{"code":5,"message":"…"}"# } ", or base64 of a " code { "google.rpc.Status" } "."
            }
        };
    };
    html! {
        h3 { (read.code.name()) " · HTTP " (read.code.http().as_u16()) }
        @if !read.message.is_empty() { blockquote { (read.message) } }
        dl {
            dt { "What happened" } dd { (advice::meaning(read.code)) }
            dt { "Who failed" } dd { (advice::culprit(read.code)) }
            dt { "What to do" } dd { (advice::remedy(read.code)) }
        }
        @for (kind, content) in &read.details {
            (detail(view, kind, content))
        }
    }
}

fn detail(view: &View<'_>, kind: &str, content: &str) -> Markup {
    let name = kind.rsplit('/').next().unwrap_or(kind);
    html! {
        h4 { (parts::reference(view, name)) }
        @if let Some(words) = about(name) { p { (words) } }
        pre tabindex="0" { code { (content) } }
    }
}

/// What the standard details are for.
fn about(name: &str) -> Option<&'static str> {
    Some(match name {
        "google.rpc.BadRequest" => "Which fields of the request are wrong.",
        "google.rpc.ErrorInfo" => "The cause for programs: a reason within a domain.",
        "google.rpc.RetryInfo" => "How long to wait before trying again.",
        "google.rpc.QuotaFailure" => "Which quota is used up.",
        "google.rpc.PreconditionFailure" => "Which state is missing.",
        "google.rpc.ResourceInfo" => "Which resource is meant.",
        "google.rpc.Help" => "Where to read on.",
        "google.rpc.LocalizedMessage" => "A message for users, in their language.",
        "google.rpc.DebugInfo" => "What the backend's developers want to know.",
        "google.rpc.RequestInfo" => "The request as the backend's logs call it.",
        _ => return None,
    })
}

/// Understands an error.
pub(super) fn read(view: &View<'_>, text: &str) -> Option<Read> {
    let text = text.trim();
    if text.len() > super::PASTED_MAX {
        return None;
    }
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        return from_json(view, &json);
    }
    // A stream that fails ends its array without a bracket.
    if text.starts_with('[')
        && let Ok(json) = serde_json::from_str::<Value>(&format!("{text}]"))
    {
        return from_json(view, &json);
    }
    // Events and headers are pasted with their field's name.
    let value = text
        .strip_prefix("data:")
        .or_else(|| text.strip_prefix("grpc-status-details-bin:"));
    if let Some(value) = value.filter(|value| !value.contains('\n')) {
        return read(view, value);
    }
    match last_record(text) {
        Some(record) => read(view, record),
        None => from_base64(view, text),
    }
}

/// What a stream ended with, among several lines: its last line of JSON, or its last event's data.
fn last_record(text: &str) -> Option<&str> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_record = |line: &&str| line.starts_with('{') || line.starts_with("data:");
    lines().nth(1)?;
    lines().rfind(is_record)
}

fn from_json(view: &View<'_>, json: &Value) -> Option<Read> {
    // An array of messages has the error of its stream at its end.
    if let Some(Value::Object(last)) = json.as_array().and_then(|all| all.last()) {
        let record = ["error", "@error"].iter().find_map(|key| last.get(*key))?;
        return from_json(view, record).filter(|_| record.is_object());
    }
    let object = json.as_object()?;
    // The envelopes of streams, of AIP-193 and of WebSocket.
    for envelope in ["error", "@error", "@status"] {
        if let Some(inner) = object.get(envelope).filter(|inner| inner.is_object()) {
            return from_json(view, inner);
        }
    }
    let code = [object.get("status"), object.get("code")]
        .into_iter()
        .flatten()
        .find_map(code)?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let message = text("message")
        .or_else(|| text("detail"))
        .or_else(|| text("title"));
    let details = object.get("details").and_then(Value::as_array);
    Some(Read {
        code,
        message: message.unwrap_or_default().to_owned(),
        details: details
            .into_iter()
            .flatten()
            .take(DETAILS_MAX)
            .map(|detail| detail_of(view, detail))
            .collect(),
    })
}

/// A code by its number, its gRPC name or its Connect name; an HTTP status by what it stands for.
fn code(value: &Value) -> Option<Code> {
    if let Some(number) = value.as_i64() {
        let number = i32::try_from(number).ok()?;
        return match Code::ALL.iter().find(|code| code.number() == number) {
            Some(code) => Some(*code),
            None => Code::ALL
                .into_iter()
                .find(|code| i32::from(code.http().as_u16()) == number),
        };
    }
    let name = value.as_str()?;
    Code::ALL
        .into_iter()
        .find(|code| code.name() == name || code.connect_name() == name)
}

/// REST names the type in `@type`; Connect in `type`, with the bytes in `value`.
fn detail_of(view: &View<'_>, detail: &Value) -> (String, String) {
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    if let (Some(kind), Some(value)) = (text("type"), text("value")) {
        let json = bytes(value).and_then(|bytes| opened(view, kind, &bytes));
        if let Some(json) = json {
            return (kind.to_owned(), json);
        }
    }
    let kind = text("@type")
        .or_else(|| text("type"))
        .unwrap_or("a detail of no type");
    (kind.to_owned(), pretty(detail))
}

fn from_base64(view: &View<'_>, text: &str) -> Option<Read> {
    let status = RpcStatus::decode(bytes(text)?.as_slice()).ok()?;
    let details = status.details.iter().take(DETAILS_MAX).map(|detail| {
        let json = opened(view, &detail.type_url, &detail.value);
        let content = json.unwrap_or_else(|| {
            format!(
                "{} bytes of a type that the schema does not have",
                detail.value.len()
            )
        });
        (detail.type_url.clone(), content)
    });
    Some(Read {
        code: Code::from_number(status.code),
        details: details.collect(),
        message: status.message,
    })
}

/// Base64 of either alphabet, padded or not, broken into lines or not.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    if plain.is_empty() {
        return None;
    }
    base64_simd::STANDARD_NO_PAD
        .decode_to_vec(plain.as_bytes())
        .ok()
}

/// A message in wire form as JSON, as far as the reader may know it: a hidden type is one that the schema
/// does not have.
fn opened(view: &View<'_>, kind: &str, wire: &[u8]) -> Option<String> {
    let name = kind.rsplit('/').next().unwrap_or(kind);
    if !view.catalog.messages.contains_key(name) {
        return None;
    }
    let plans = view.schema.plans();
    let plan = plans.find(name)?;
    let options = PrintOptions {
        unknown_any: UnknownAny::Base64,
        output_max: DETAIL_BYTES_MAX,
        ..PrintOptions::default()
    };
    let mut out = Vec::new();
    plans
        .to_json(plan, wire, &options, &mut Scratch::default(), &mut out)
        .ok()?;
    let json: Value = serde_json::from_slice(&out).ok()?;
    Some(pretty(&view.catalog.shown(name, json)))
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap_or_default()
}

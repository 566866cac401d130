//! WebSocket, for every method: on a binding's path, and on `/pkg.Service/Method`.
//!
//! ```text
//! handshake ── path, query, headers ──► Frames, metadata, deadline ──► 101 (200 over HTTP/2)
//!     │                                                                   │
//!     └── refused: an answer like any other of REST        Conversation ◄─┘
//! ```
//!
//! A refusal comes before the upgrade, in HTTP's own terms; whatever happens later is told in the
//! last text frame. The connection belongs to one call: it begins with the handshake, and its end
//! is the connection's.

mod conversation;
mod ending;
mod heartbeat;
mod incoming;
mod line;
mod offer;
mod uploads;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts as _;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection as Rejection;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as Verb, Response, StatusCode, Version, header};
use http_body::Body as _;

use super::call_head::{Aim, CallHead};
use super::linger::linger;
use super::rest::frames::{Frames, Target};
use super::rest::{self, Failure, Terms};
use super::{Exchange, Options};
use crate::call::{self, Code, Tenure};
use crate::observe::Protocol;
use conversation::{Conversation, Head};
use incoming::{Incoming, Wants};
use offer::Offer;

/// The version of the protocol, the only one there is (RFC 6455).
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Bytes of a handshake's key, behind its base64.
const KEY: usize = 16;

/// Answers a handshake.
pub(super) async fn answer<S: call::Service>(mut exchange: Exchange<'_, S>) -> Response<Body> {
    exchange.record.protocol(Protocol::Websocket);
    let serving = exchange.serving;
    let found = Target::of(&serving.schema, &exchange.parts);
    let options = match &found {
        Ok(Target::Binding(binding, _)) => {
            exchange.record.template(&binding.template);
            serving.chosen.of_binding(binding)
        }
        Ok(Target::Method(method)) => serving.chosen.of_method(method),
        Err(_) => serving.chosen.of_gateway(),
    };
    let version = exchange.parts.version;
    let opened = match found {
        Ok(target) => open(&mut exchange, target, options).await,
        Err(failure) => Err(failure),
    };
    match opened {
        Ok(Opened { upgrade, head }) => {
            let message_max = options.limits.request_message;
            let mut record = exchange.record;
            record.head(match version {
                Version::HTTP_2 => StatusCode::OK,
                _ => StatusCode::SWITCHING_PROTOCOLS,
            });
            let calls = serving.calls.clone();
            line::sized(upgrade, message_max)
                .on_upgrade(move |socket| Conversation::new(calls, head, record).hold(socket))
        }
        Err(failure) => {
            linger(exchange.body);
            let terms = Terms::new(serving, options);
            let mut response = rest::refusal(terms, &failure, exchange.record);
            if response.status() == StatusCode::UPGRADE_REQUIRED {
                name_version(version, response.headers_mut());
            }
            response
        }
    }
}

/// A handshake that is in order.
struct Opened {
    upgrade: WebSocketUpgrade,
    head: Head,
}

async fn open<S>(
    exchange: &mut Exchange<'_, S>,
    target: Target<'_>,
    options: &Arc<Options>,
) -> Result<Opened, Failure> {
    let Exchange {
        serving,
        parts,
        body,
        record,
    } = exchange;
    record.method(target.method());
    let tenure = parts.extensions.remove::<Tenure>();
    check(parts, body)?;
    let mut upgrade = WebSocketUpgrade::from_request_parts(parts, &())
        .await
        .map_err(|rejection| rejected(&parts.method, &rejection))?;
    let tenure = tenure.ok_or_else(not_upgradable)?;
    let Offer {
        codec,
        authorization,
    } = Offer::of(&parts.headers).map_err(|unfit| Failure::bad_request(unfit.to_string()))?;
    if let Some(codec) = codec {
        upgrade.set_selected_protocol(HeaderValue::from_static(offer::sub_protocol(codec)));
    }
    if let Some(authorization) = authorization
        && !parts.headers.contains_key(header::AUTHORIZATION)
    {
        parts.headers.insert(header::AUTHORIZATION, authorization);
        // It is in one place from here on; whoever looks for tokens takes no request that has two.
        parts.headers.remove(header::SEC_WEBSOCKET_PROTOCOL);
    }
    let (method, template) = (target.method(), target.template());
    let frames = Frames::new(&serving.schema, options, target, &parts.uri)?;
    let url = frames.of_url().transpose()?;
    let wants = match &url {
        Some(_) => Wants::None,
        None if method.shape.takes_stream() => Wants::Many,
        None => Wants::One,
    };
    let aim = Aim {
        method,
        template,
        options,
        gate: serving.gate.as_deref(),
        checks: &serving.checks,
    };
    let call = CallHead::of(parts, aim, record)
        .await
        .map_err(|unfit| unfit.as_invalid_field())?;
    let head = Head {
        frames,
        incoming: Incoming::new(wants, codec),
        url,
        call,
        tenure,
    };
    Ok(Opened { upgrade, head })
}

/// Checks what axum leaves to its users.
fn check(parts: &Parts, body: &Body) -> Result<(), Failure> {
    if !body.is_end_stream() {
        return Err(Failure::bad_request(
            "found a body, expected none in a WebSocket handshake",
        ));
    }
    if parts.headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(Failure::of_client(
            StatusCode::UPGRADE_REQUIRED,
            Code::InvalidArgument,
            "sec-websocket-version: expected 13",
        ));
    }
    let is_key = |key: &HeaderValue| {
        let key = base64_simd::STANDARD.decode_to_vec(key.as_bytes());
        key.is_ok_and(|key| key.len() == KEY)
    };
    let mut keys = parts.headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    if !keys.next().is_none_or(is_key) || keys.next().is_some() {
        return Err(Failure::bad_request(
            "sec-websocket-key: expected one of 16 bytes in base64",
        ));
    }
    Ok(())
}

fn rejected(verb: &Verb, rejection: &Rejection) -> Failure {
    match rejection {
        Rejection::MethodNotGet(_) => Failure::wrong_verb(verb.as_str(), &["GET"]),
        Rejection::MethodNotConnect(_) => Failure::wrong_verb(verb.as_str(), &["CONNECT"]),
        Rejection::ConnectionNotUpgradable(_) => not_upgradable(),
        other => Failure::bad_request(other.body_text()),
    }
}

fn not_upgradable() -> Failure {
    Failure::of_client(
        StatusCode::UPGRADE_REQUIRED,
        Code::InvalidArgument,
        "WebSocket needs HTTP/1.1, or HTTP/2 with an extended CONNECT",
    )
}

/// What a client needs to try again (RFC 6455, section 4.4; RFC 9110, section 15.5.22).
fn name_version(version: Version, headers: &mut HeaderMap) {
    headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    if version < Version::HTTP_2 {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

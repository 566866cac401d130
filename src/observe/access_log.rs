//! One line for every call, written when the call ends, however it ends.
//!
//! A [`CallRecord`] begins with the request, moves into the response's body and is finished there.
//! One that is dropped before its end belongs to a client that went away: CANCELLED, 499. It holds
//! no query, no body and no credential, and nothing in it can break out of its line: the values a
//! client chooses are bounded and written as quoted strings.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderValue, Method as Verb, StatusCode, Version, header, request};
use tokio::time::Instant;

use crate::call::gate::Held;
use crate::call::{Code, Deadline, Origin, Peer, Status};
use crate::schema::{Method, Shape};

/// Where access-log lines go; filter by this target.
pub const TARGET: &str = "transom::access";

/// Characters of a client's own request id, at most.
const REQUEST_ID_MAX: usize = 128;

/// Bytes of a status message that are logged.
const MESSAGE_MAX: usize = 256;

/// Bytes of a user agent that are logged.
const USER_AGENT_MAX: usize = 256;

/// The record of one call.
#[derive(Debug)]
pub struct CallRecord {
    began: Instant,
    first_byte: Option<Duration>,
    request_id: HeaderValue,
    protocol: &'static str,
    version: Version,
    verb: Verb,
    path_template: Option<String>,
    method: Option<Arc<Method>>,
    http_status: Option<StatusCode>,
    sent: Sent,
    requests: Tally,
    shared: Option<Arc<Tally>>,
    replies: Tally,
    deadline: Option<Duration>,
    peer: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    held: Option<Box<Held>>,
}

/// Whether the line has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    NotYet,
    Done,
}

/// Messages that went one way, and their payload bytes; shared where another task counts them.
#[derive(Debug, Default)]
pub struct Tally {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Tally {
    /// Counts one message.
    pub fn count(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes
            .fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Messages so far.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Their payload bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl CallRecord {
    pub(super) fn begin(request: &request::Parts, ids: &RequestIds) -> Self {
        let enabled = tracing::enabled!(target: TARGET, tracing::Level::INFO);
        let given = request
            .headers
            .get("x-request-id")
            .filter(|id| is_harmless(id));
        Self {
            began: Instant::now(),
            first_byte: None,
            request_id: given.cloned().unwrap_or_else(|| ids.next()),
            protocol: "http",
            version: request.version,
            verb: request.method.clone(),
            path_template: None,
            method: None,
            http_status: None,
            sent: if enabled { Sent::NotYet } else { Sent::Done },
            requests: Tally::default(),
            shared: None,
            replies: Tally::default(),
            deadline: None,
            peer: request
                .extensions
                .get::<Peer>()
                .map(|peer| peer.address.ip()),
            user_agent: request.headers.get(header::USER_AGENT).cloned(),
            held: None,
        }
    }

    /// The request's id: the client's own if it is a harmless one, else made here.
    #[must_use]
    pub fn request_id(&self) -> &HeaderValue {
        &self.request_id
    }

    /// Names the dialect, such as `grpc_web`.
    pub fn protocol(&mut self, name: &'static str) {
        self.protocol = name;
    }

    /// The dialect's name.
    #[must_use]
    pub const fn dialect(&self) -> &'static str {
        self.protocol
    }

    /// Keeps what lasts as long as the call.
    pub fn hold(&mut self, held: Option<Box<Held>>) {
        self.held = held;
    }

    /// Names the method that is called.
    pub fn method(&mut self, method: &Arc<Method>) {
        self.method = Some(Arc::clone(method));
    }

    /// Names the REST binding by its path template, never by the path itself.
    pub fn template(&mut self, template: &str) {
        if self.sent == Sent::NotYet {
            self.path_template = Some(template.to_owned());
        }
    }

    /// Notes the time the call was given.
    pub fn deadline(&mut self, deadline: Deadline) {
        if self.sent == Sent::NotYet {
            // Read just after it was set: the rounding gives back what was set.
            self.deadline = deadline.remaining().map(to_milliseconds);
        }
    }

    /// Counts one request message.
    pub fn request(&self, bytes: usize) {
        self.requests.count(bytes);
    }

    /// A tally for request messages that another task counts.
    #[must_use]
    pub fn shared_requests(&mut self) -> Arc<Tally> {
        Arc::clone(self.shared.get_or_insert_default())
    }

    /// Counts one reply message.
    pub fn reply(&self, bytes: usize) {
        self.replies.count(bytes);
    }

    /// Notes that the head of the response goes out.
    pub fn head(&mut self, status: StatusCode) {
        if self.sent == Sent::NotYet {
            self.http_status = Some(status);
            self.first_byte = Some(self.began.elapsed());
        }
    }

    /// The call has ended: writes the line.
    pub fn finish(mut self, status: &Status) {
        self.write(status);
    }

    /// [`head`](Self::head) and [`finish`](Self::finish) of a response that is complete.
    pub fn finish_with(mut self, http: StatusCode, status: &Status) {
        self.head(http);
        self.write(status);
    }

    fn write(&mut self, status: &Status) {
        if let Some(held) = self.held.take() {
            held.ended(status);
        }
        if std::mem::replace(&mut self.sent, Sent::Done) == Sent::Done {
            return;
        }
        let requests = self.shared.as_deref().unwrap_or(&self.requests);
        let user_agent = self.user_agent.as_ref().map(|agent| {
            String::from_utf8_lossy(
                agent
                    .as_bytes()
                    .get(..USER_AGENT_MAX)
                    .unwrap_or(agent.as_bytes()),
            )
        });
        tracing::info!(
            target: TARGET,
            duration_ms = milliseconds(self.began.elapsed()),
            ttfb_ms = self.first_byte.map(milliseconds),
            request_id = self.request_id.to_str().unwrap_or_default(),
            protocol = self.protocol,
            http_version = version_name(self.version),
            http_method = self.verb.as_str(),
            path_template = self.path_template.as_deref(),
            rpc_method = self.method.as_deref().map(|method| method.path.as_str()),
            rpc_type = self.method.as_deref().map(|method| shape_name(method.shape)),
            http_status = self.http_status.map_or(499, |status| status.as_u16()),
            grpc_status = status.code.name(),
            grpc_message = truncated(&status.message, MESSAGE_MAX),
            origin = if status.is_ok() { None } else { Some(status.origin.as_str()) },
            req_msgs = requests.messages(),
            resp_msgs = self.replies.messages(),
            req_bytes = requests.bytes(),
            resp_bytes = self.replies.bytes(),
            deadline_ms = self.deadline.map(milliseconds),
            peer_ip = self.peer.map(tracing::field::display),
            user_agent = user_agent.as_deref(),
        );
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        if self.sent == Sent::NotYet {
            self.http_status = StatusCode::from_u16(499).ok();
            self.write(&Status::new(
                Code::Cancelled,
                Origin::Downstream,
                "the client went away",
            ));
        }
    }
}

/// Ids that no two requests share, not even across restarts. Not secrets.
#[derive(Clone, Debug)]
pub(super) struct RequestIds {
    process: u64,
    next: Arc<AtomicU64>,
}

impl Default for RequestIds {
    fn default() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let seed = RandomState::new();
        Self {
            process: seed.hash_one(0_u8),
            next: Arc::new(AtomicU64::new(seed.hash_one(1_u8))),
        }
    }
}

impl RequestIds {
    fn next(&self) -> HeaderValue {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = (u128::from(self.process) << 64) | u128::from(number);
        let mut text = [0_u8; 32];
        for (at, digit) in text.iter_mut().enumerate() {
            let nibble = (id >> (124 - 4 * at)) & 0xf;
            *digit = DIGITS[usize::try_from(nibble).unwrap_or(0)];
        }
        // Hexadecimal digits are always a header value.
        let mut id = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("0"));
        // Never the same twice: kept out of HPACK's table, where it would only push others out.
        id.set_sensitive(true);
        id
    }
}

/// An id that can stand in a log line, a header and a URL as it is.
fn is_harmless(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=REQUEST_ID_MAX).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

fn milliseconds(span: Duration) -> f64 {
    // Microseconds are as fine as the log needs; 53 bits of them are 285 years.
    #[allow(clippy::cast_precision_loss)]
    let micros = span.as_micros() as f64;
    micros / 1000.0
}

/// The nearest whole number of milliseconds.
fn to_milliseconds(span: Duration) -> Duration {
    let millis = (span + Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn truncated(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

const fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "unknown",
    }
}

const fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Unary => "unary",
        Shape::ClientStream => "client_stream",
        Shape::ServerStream => "server_stream",
        Shape::Bidi => "bidi",
    }
}

#[cfg(test)]
mod tests;

//! The access log: which calls have a line, and what stands in it.
//!
//! What a client or a backend chooses is bounded and written as quoted strings, so that nothing can break
//! out of its line. There is no query, no body and no credential in it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::protocol::Protocol;
use crate::call::random;
use crate::call::trace::Context;
use crate::call::{Cause, Certificate, Origin, Secured, Status};
use crate::identity::{PSEUDONYM_DIGITS, Salt};
use crate::schema::{Method, Shape};

mod flags;
mod json;

pub use flags::{Flag, Flags};

/// By this target, in a filter of log lines, the access log is switched off and on.
pub const TARGET: &str = "transom::access";

/// A stream that lasts longer is told of when it has, for its end may be hours away.
pub const LONG: Duration = Duration::from_secs(60);

/// Bytes of a status message that are logged.
pub(super) const MESSAGE_MAX: usize = 256;

/// Bytes of a header that are logged.
const HEADER_MAX: usize = 256;

/// Where lines go, and which.
#[derive(Clone)]
pub struct AccessLog {
    /// Where they go.
    pub sink: Arc<dyn Sink>,
    /// Which calls have one.
    pub rules: Rules,
    /// What pseudonyms of callers are made with.
    pub salt: Salt,
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// Where lines go. Called where calls are served: it must not wait.
pub trait Sink: Send + Sync + 'static {
    /// Whether there are lines at all at the moment.
    fn wants(&self) -> bool {
        true
    }

    /// Takes one.
    fn take(&self, entry: &Entry<'_>);

    /// Lines so far that were lost, since they came faster than they could be written.
    fn lost(&self) -> u64 {
        0
    }
}

/// Which calls have a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The share of calls that have one, from 0 to 1.
    pub sample: f64,
    /// Which errors have one besides.
    pub errors: Errors,
    /// Calls that take longer have one besides.
    pub slower_than: Option<Duration>,
}

/// Errors that are told of, whatever the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Errors {
    /// Each.
    #[default]
    All,
    /// Those that are not the client's doing.
    Server,
    /// None: they are sampled like the others.
    Sampled,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            sample: 1.0,
            errors: Errors::default(),
            slower_than: None,
        }
    }
}

impl Rules {
    /// Whether a call has a line that lasted so long and ended so, if it has ended.
    pub(super) fn are_met_by(&self, status: Option<&Status>, duration: Duration) -> bool {
        self.sample >= 1.0 || self.are_met(status, duration, random::bits())
    }

    #[allow(clippy::cast_precision_loss)] // a share need not be exact to 64 bits
    fn are_met(&self, status: Option<&Status>, duration: Duration, random: u64) -> bool {
        let Some(status) = status else {
            return true; // streams that last are few
        };
        let is_told = match self.errors {
            Errors::All => !status.is_ok(),
            Errors::Server => status.code.is_servers_error() && status.origin != Origin::Downstream,
            Errors::Sampled => false,
        };
        is_told
            || self.slower_than.is_some_and(|limit| duration > limit)
            || (random as f64) < self.sample * (u64::MAX as f64)
    }
}

/// When a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A stream has lasted [`LONG`], and goes on.
    Started,
    /// The call is over.
    Ended,
}

/// What a line tells of a call. What has no value is left out.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// When it is written.
    pub stage: Stage,
    /// The time.
    pub at: SystemTime,
    /// How long the call took.
    pub duration: Duration,
    /// How long to the head of its answer.
    pub first_byte: Option<Duration>,
    /// From when it came to its upstream to the head of the backend's answer.
    pub upstream_time: Option<Duration>,
    /// `x-request-id`.
    pub request_id: &'e str,
    /// The span of the call, if it is traced.
    pub trace: Option<Context>,
    /// The dialect.
    pub protocol: Protocol,
    /// The version of HTTP.
    pub http_version: &'static str,
    /// The HTTP method.
    pub verb: &'e str,
    /// The binding's path, as the schema has it.
    pub path_template: Option<&'e str>,
    /// The host that the client named.
    pub authority: Option<&'e [u8]>,
    /// What was called.
    pub method: Option<&'e Method>,
    /// The status of the answer; 499 if the client went away.
    pub http_status: Option<u16>,
    /// How the call ended.
    pub status: Option<&'e Status>,
    /// Why it failed, if it did.
    pub cause: Option<Cause>,
    /// What happened on its way.
    pub flags: Flags,
    /// How often it went to an endpoint.
    pub attempts: u32,
    /// The upstream's name.
    pub upstream: Option<&'e str>,
    /// The endpoint's address.
    pub endpoint: Option<&'e str>,
    /// Messages to the backend, and from it.
    pub messages: (u64, u64),
    /// Their bytes, as the client sees them.
    pub bytes: (u64, u64),
    /// Their bytes in protobuf.
    pub decoded: (u64, u64),
    /// Bytes of the largest.
    pub largest: (u64, u64),
    /// The time the call was given.
    pub deadline: Option<Duration>,
    /// What is left of it.
    pub deadline_left: Option<Duration>,
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// What TLS told of it.
    pub secured: Option<&'e Secured>,
    /// The pseudonym of whoever has shown who it is.
    pub principal: Option<&'e [u8; PSEUDONYM_DIGITS]>,
    /// The step of the policy that refused the call, or nearly.
    pub policy_step: Option<&'static str>,
    /// Its rule, or the one that let the call pass.
    pub policy_rule: Option<&'e str>,
    /// Who claims to be behind it.
    pub forwarded_for: Option<&'e [u8]>,
    /// The client's program.
    pub user_agent: Option<&'e [u8]>,
    /// The number of the configuration by which it was served.
    pub config_generation: Option<u64>,
}

impl Entry<'_> {
    /// Appends the line as JSON, with its end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let mut line = json::Line::begin(out);
        line.time("ts", self.at);
        match self.stage {
            Stage::Started => line.word("event", "started"),
            Stage::Ended => {}
        }
        line.milliseconds("duration_ms", Some(self.duration));
        line.milliseconds("ttfb_ms", self.first_byte);
        line.milliseconds("upstream_ms", self.upstream_time);
        line.text("request_id", Some(self.request_id.as_bytes()), HEADER_MAX);
        if let Some(trace) = &self.trace {
            line.text("trace_id", Some(&trace.trace.to_hex()), HEADER_MAX);
            line.text("span_id", Some(&trace.span.to_hex()), HEADER_MAX);
        }
        line.word("protocol", self.protocol.as_str());
        line.word("http_version", self.http_version);
        line.text("method", Some(self.verb.as_bytes()), HEADER_MAX);
        let template = self.path_template.map(str::as_bytes);
        line.text("path_template", template, usize::MAX);
        line.text("authority", self.authority, HEADER_MAX);
        if let Some(method) = self.method {
            line.text("grpc_service", Some(method.service.as_bytes()), usize::MAX);
            line.text("grpc_method", Some(method.name.as_bytes()), usize::MAX);
            line.word("rpc_type", rpc_type(method.shape));
        }
        line.number("http_status", self.http_status.map(u64::from));
        if let Some(status) = self.status {
            line.word("grpc_status", status.code.name());
            if !status.is_ok() {
                let message = Some(status.message.as_bytes()).filter(|text| !text.is_empty());
                line.text("grpc_message", message, MESSAGE_MAX);
                line.word("origin", status.origin.as_str());
            }
        }
        line.words("response_flags", self.flags.words());
        if let Some(cause) = self.cause {
            line.word("response_code_details", cause.as_str());
        }
        if let Some(step) = self.policy_step {
            line.word("policy_step", step);
        }
        let rule = self.policy_rule.filter(|rule| !rule.is_empty());
        line.text("policy_rule", rule.map(str::as_bytes), HEADER_MAX);
        let attempts = Some(u64::from(self.attempts));
        line.number("attempts", attempts.filter(|attempts| *attempts > 0));
        line.text(
            "upstream_addr",
            self.endpoint.map(str::as_bytes),
            HEADER_MAX,
        );
        line.text(
            "upstream_cluster",
            self.upstream.map(str::as_bytes),
            HEADER_MAX,
        );
        line.number("req_msgs", Some(self.messages.0));
        line.number("resp_msgs", Some(self.messages.1));
        line.number("req_bytes", Some(self.bytes.0));
        line.number("resp_bytes", Some(self.bytes.1));
        line.number("req_decoded_bytes", Some(self.decoded.0));
        line.number("resp_decoded_bytes", Some(self.decoded.1));
        line.number("req_high_water_bytes", Some(self.largest.0));
        line.number("resp_high_water_bytes", Some(self.largest.1));
        line.milliseconds("deadline_ms", self.deadline);
        line.milliseconds("deadline_left_ms", self.deadline_left);
        line.shown("peer_ip", self.peer);
        line.text("xff", self.forwarded_for, HEADER_MAX);
        if let Some(secured) = self.secured {
            line.word("tls_version", secured.version.as_str());
            let host = secured.server_name.as_ref().map(|host| host.as_bytes());
            line.text("sni", host, HEADER_MAX);
            let certificate = secured.certificate.as_ref();
            let spiffe = certificate.and_then(Certificate::spiffe_id);
            line.text("peer_spiffe_id", spiffe.map(str::as_bytes), HEADER_MAX);
        }
        let principal = self.principal.map(<[u8; PSEUDONYM_DIGITS]>::as_slice);
        line.text("principal", principal, PSEUDONYM_DIGITS);
        line.text("user_agent", self.user_agent, HEADER_MAX);
        line.number("config_generation", self.config_generation);
        line.end();
    }
}

/// A method's shape in the log's words.
#[must_use]
pub const fn rpc_type(shape: Shape) -> &'static str {
    match shape {
        Shape::Unary => "unary",
        Shape::ClientStream => "client_stream",
        Shape::ServerStream => "server_stream",
        Shape::Bidi => "bidi",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Code;

    #[test]
    fn errors_and_slow_calls_have_a_line_whatever_the_sample() {
        let rules = Rules {
            sample: 0.1,
            errors: Errors::Server,
            slower_than: Some(Duration::from_secs(1)),
        };
        let (fast, slow) = (Duration::from_millis(1), Duration::from_secs(2));
        let (fine, ill) = (Status::ok(), Status::upstream(Code::Internal, ""));
        let wrong = Status::downstream(Code::InvalidArgument, "");
        let absent = Status::upstream(Code::NotFound, "");
        let last = u64::MAX;
        assert!(rules.are_met(Some(&fine), fast, 0));
        assert!(!rules.are_met(Some(&fine), fast, last));
        assert!(!rules.are_met(Some(&fine), fast, last / 9));
        assert!(rules.are_met(Some(&fine), slow, last));
        assert!(rules.are_met(Some(&ill), fast, last));
        assert!(!rules.are_met(Some(&wrong), fast, last));
        assert!(!rules.are_met(Some(&absent), fast, last));
        assert!(rules.are_met(None, fast, last), "a stream that lasts");
        let (all, none) = (Errors::All, Errors::Sampled);
        assert!(
            Rules {
                errors: all,
                ..rules
            }
            .are_met(Some(&wrong), fast, last)
        );
        assert!(
            !Rules {
                errors: none,
                ..rules
            }
            .are_met(Some(&ill), fast, last)
        );
        assert!(Rules::default().are_met_by(Some(&fine), fast));
    }
}

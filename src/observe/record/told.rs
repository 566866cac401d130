//! What of a call only the access log wants to know, and the line that is made of it: when it is written,
//! and no earlier.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::uri::Authority;
use http::{HeaderName, HeaderValue, header, request};
use tokio::time::Sleep;

use super::judged::{Judged, Mercy};
use super::{CallRecord, LEFT};
use crate::call::trail::Steps;
use crate::call::{Deadline, Peer, Secured, Status};
use crate::observe::access_log::{Entry, Flag, Flags, Stage};
use crate::observe::protocol::HttpVersion;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What of a call only the access log wants to know.
#[derive(Debug, Default)]
pub(super) struct Told {
    authority: Option<Authority>,
    host: Option<HeaderValue>,
    deadline: Option<Duration>,
    ends: Option<Deadline>,
    peer: Option<IpAddr>,
    secured: Option<Arc<Secured>>,
    forwarded_for: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    pub(super) judged: Judged,
    /// Of a stream: when it has lasted so long that it is told of.
    pub(super) long: Option<Pin<Box<Sleep>>>,
    pub(super) is_long_told: bool,
}

impl Told {
    pub(super) fn of(request: &request::Parts) -> Self {
        let header = |name: HeaderName| request.headers.get(name).cloned();
        let peer = request.extensions.get::<Peer>();
        Self {
            authority: request.uri.authority().cloned(),
            host: header(header::HOST),
            peer: peer.map(|peer| peer.address.ip()),
            secured: peer.and_then(|peer| peer.secured.clone()),
            forwarded_for: header(FORWARDED_FOR),
            user_agent: header(header::USER_AGENT),
            ..Self::default()
        }
    }

    /// Notes until when the call may last.
    pub(super) fn ends(&mut self, deadline: Deadline) {
        // Read just after it was set: the rounding gives back what was set.
        self.deadline = deadline.remaining().map(to_milliseconds);
        self.ends = Some(deadline);
    }
}

impl CallRecord {
    /// Writes a line, if one is due.
    pub(super) fn tell(&self, stage: Stage, status: Option<&Status>, duration: Duration) {
        let (Some(told), Some(log)) = (&self.told, &self.shared.log) else {
            return;
        };
        if !log.rules.are_met_by(status, duration) {
            return;
        }
        let steps = self.trail.as_ref().map(|trail| trail.so_far());
        let Steps {
            upstream,
            endpoint,
            attempts,
            came,
            answered,
            ..
        } = steps.unwrap_or_default();
        let authority = told.authority.as_ref().map(|own| own.as_str().as_bytes());
        let (requests, replies) = (self.requests(), &self.replies);
        let judged = &told.judged;
        let principal = judged.principal.as_ref();
        let principal = principal.and_then(|who| who.pseudonym(log.salt.bytes()));
        let failed = status.filter(|status| !status.is_ok());
        let promised = self.http_status.is_some_and(|http| http.is_success());
        let is_over = |deadline: Deadline| deadline.has_passed();
        let flags = Flags::default()
            .with(Flag::Retried, attempts > 1)
            .with(
                Flag::AfterHead,
                promised && failed.is_some() && replies.messages() > 0,
            )
            .with(Flag::WouldRefuse, judged.mercy == Some(Mercy::DryRun))
            .with(Flag::Unanswered, judged.mercy == Some(Mercy::Unanswered))
            .with(Flag::Late, told.ends.is_some_and(is_over));
        log.sink.take(&Entry {
            stage,
            at: SystemTime::now(),
            duration,
            first_byte: self.first_byte,
            upstream_time: came.zip(answered).map(|(came, answered)| answered - came),
            request_id: self.request_id.to_str().unwrap_or_default(),
            protocol: self.protocol,
            http_version: HttpVersion::of(self.version).as_str(),
            verb: self.verb.as_str(),
            trace: self.traced.as_ref().map(|traced| traced.server),
            path_template: self.path_template.as_deref(),
            authority: authority.or(told.host.as_ref().map(HeaderValue::as_bytes)),
            method: self.method.as_deref(),
            http_status: match stage {
                Stage::Started => self.http_status.map(|status| status.as_u16()),
                Stage::Ended => Some(self.http_status.map_or(LEFT, |status| status.as_u16())),
            },
            status,
            cause: failed.map(|status| status.cause),
            flags,
            attempts,
            upstream: upstream.as_deref(),
            endpoint: endpoint.as_deref(),
            messages: (requests.messages(), replies.messages()),
            bytes: (requests.wire(), replies.wire()),
            decoded: (requests.bytes(), replies.bytes()),
            largest: (requests.largest(), replies.largest()),
            deadline: told.deadline,
            deadline_left: told.ends.and_then(Deadline::remaining),
            peer: told.peer,
            secured: told.secured.as_deref(),
            principal: principal.as_ref(),
            policy_step: judged.step,
            policy_rule: judged.rule.as_deref(),
            forwarded_for: told.forwarded_for.as_ref().map(HeaderValue::as_bytes),
            user_agent: told.user_agent.as_ref().map(HeaderValue::as_bytes),
            config_generation: self.table.as_ref().map(|table| table.generation()),
        });
    }
}

/// The nearest whole number of milliseconds.
fn to_milliseconds(span: Duration) -> Duration {
    let millis = (span + Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

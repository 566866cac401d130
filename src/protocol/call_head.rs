//! What a request's head says of its call in every dialect: where it goes, until when it may last,
//! what metadata it has, from whom it comes, and whether it may pass.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use tokio::time::timeout_at;

use super::checks::{self, Checks};
use super::{Options, deadline, metadata};
use crate::call::gate::{Asked, Decision, Fields, Held, Passed};
use crate::call::{Call, Code, Deadline, Encodings, Gate, Metadata, Peer, Requests, Status, Trail};
use crate::observe::CallRecord;
use crate::schema::Method;
use crate::validate::Rules;

/// A call before its messages.
#[derive(Debug)]
pub(super) struct CallHead {
    /// The upstream that a route names.
    pub(super) upstream: Option<Arc<str>>,
    pub(super) metadata: Metadata,
    pub(super) deadline: Deadline,
    pub(super) peer: Peer,
    pub(super) trail: Option<Arc<Trail>>,
    /// What its messages have to keep.
    pub(super) rules: Option<Rules>,
}

/// A head that makes no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// Nobody knows until when it may last.
    #[error(transparent)]
    Deadline(#[from] deadline::Malformed),
    /// It may not last at all.
    #[error("the deadline of the call has passed")]
    Late,
    /// A header field cannot become metadata.
    #[error(transparent)]
    Metadata(#[from] metadata::Unfit),
    /// It may not pass.
    #[error("{}", .0.message)]
    Refused(Status),
}

impl Unfit {
    /// The status in gRPC's terms, which have none for input that does not fit.
    pub(super) fn as_internal(&self) -> Status {
        match self {
            Self::Late => Status::deadline_exceeded(),
            Self::Refused(status) => status.clone(),
            Self::Deadline(_) | Self::Metadata(_) => {
                Status::downstream(Code::Internal, self.to_string())
            }
        }
    }

    /// The status in the other dialects' terms.
    pub(super) fn as_invalid_field(&self) -> Status {
        match self {
            Self::Late => Status::deadline_exceeded(),
            Self::Refused(status) => status.clone(),
            Self::Deadline(malformed) => malformed.as_invalid_field(),
            Self::Metadata(unfit) => unfit.as_invalid_field(),
        }
    }
}

/// What is called, and by what rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim<'s> {
    pub(super) method: &'s Arc<Method>,
    /// The path template of the binding, or the method's own path.
    pub(super) template: &'s str,
    pub(super) options: &'s Options,
    /// Who decides whether the call may pass.
    pub(super) gate: Option<&'s dyn Gate>,
    /// What messages have to keep.
    pub(super) checks: &'s Checks,
}

impl CallHead {
    /// Reads the head of a call. The header fields are taken out of `parts`; the record learns of the
    /// deadline.
    ///
    /// # Errors
    /// A field is not what its name promises, the deadline has passed, or the call may not pass.
    pub(super) async fn of(
        parts: &mut Parts,
        aim: Aim<'_>,
        record: &mut CallRecord,
    ) -> Result<Self, Unfit> {
        let options = aim.options;
        let deadline = deadline::of(&parts.headers, aim.method.shape, &options.timeouts)?;
        record.deadline(deadline);
        if deadline.has_passed() {
            return Err(Unfit::Late);
        }
        let passed = match aim.gate {
            None => None,
            Some(gate) => {
                metadata::take_forged(&mut parts.headers, gate.asserts());
                let id = record.request_id().clone();
                parts.headers.insert("x-request-id", id);
                Some(pass(gate, &aim, parts, deadline, record).await?)
            }
        };
        let rules = aim.checks.of(aim.method, options.validation);
        let rules = rules.map_err(Unfit::Refused)?;
        let upstream = options.destinations.choose(parts);
        let taken = metadata::from_request(parts, record.request_id(), &options.metadata)?;
        record.dropped(taken.dropped);
        let mut metadata = taken.metadata;
        if let Some(passed) = passed {
            passed.change(&mut metadata.0);
        }
        record.keep_baggage(&mut metadata.0);
        Ok(Self {
            upstream,
            metadata,
            deadline,
            peer: Peer::of(&parts.extensions),
            trail: record.trail(),
            rules,
        })
    }

    /// The call with its messages.
    ///
    /// # Errors
    /// There is only one, and it breaks a rule.
    pub(super) fn with(
        self,
        method: &Arc<Method>,
        encodings: Encodings,
        requests: Requests,
    ) -> Result<Call, Status> {
        let requests = match self.rules {
            None => requests,
            Some(rules) => checks::kept(rules, &encodings, requests)?,
        };
        Ok(Call {
            method: Arc::clone(method),
            upstream: self.upstream,
            metadata: self.metadata,
            deadline: self.deadline,
            peer: self.peer,
            trail: self.trail,
            encodings,
            requests,
        })
    }
}

/// Asks whether the call may pass.
async fn pass(
    gate: &dyn Gate,
    aim: &Aim<'_>,
    parts: &Parts,
    deadline: Deadline,
    record: &mut CallRecord,
) -> Result<Passed, Unfit> {
    let host = parts.uri.authority().map(Authority::as_str);
    let host = host.or_else(|| parts.headers.get(HOST)?.to_str().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let peer = Peer::of(&parts.extensions);
    let asked = Asked {
        method: aim.method,
        template: aim.template,
        headers: &parts.headers,
        host: host.unwrap_or_default(),
        peer: &peer,
        protocol: record.dialect().as_str(),
        left: deadline.remaining(),
        now: now.unwrap_or_default().as_secs(),
    };
    let decided = match gate.ask(asked, &Passed::default()) {
        Decision::Now(decided) => decided,
        Decision::Later(asking) => match deadline {
            Deadline::Never => asking.await,
            Deadline::At(at) => timeout_at(at, asking).await.map_err(|_| Unfit::Late)?,
        },
    };
    let (fields, decided) = match decided {
        Ok(mut passed) => {
            record.passed(&passed);
            record.hold(Held::of(&mut passed));
            (std::mem::take(&mut passed.response_headers), Ok(passed))
        }
        Err(refused) => {
            record.refused(&refused);
            (refused.headers, Err(Unfit::Refused(refused.status)))
        }
    };
    if let Some(answer) = parts.extensions.get::<Fields>() {
        answer.add(fields);
    }
    decided
}

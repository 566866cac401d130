//! What a request's head says of its call in every dialect: where it goes, until when it may last,
//! what metadata it has, and from whom it comes.

use std::sync::Arc;

use http::request::Parts;

use super::{Options, deadline, metadata};
use crate::call::{Code, Deadline, Metadata, Peer, Status, Trail};
use crate::observe::CallRecord;
use crate::schema::Shape;

/// A call before its messages.
#[derive(Debug)]
pub(super) struct CallHead {
    /// The upstream that a route names.
    pub(super) upstream: Option<Arc<str>>,
    pub(super) metadata: Metadata,
    pub(super) deadline: Deadline,
    pub(super) peer: Peer,
    pub(super) trail: Option<Arc<Trail>>,
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
}

impl Unfit {
    /// The status in gRPC's terms, which have none for input that does not fit.
    pub(super) fn as_internal(&self) -> Status {
        match self {
            Self::Late => Status::deadline_exceeded(),
            Self::Deadline(_) | Self::Metadata(_) => {
                Status::downstream(Code::Internal, self.to_string())
            }
        }
    }

    /// The status in the other dialects' terms.
    pub(super) fn as_invalid_field(&self) -> Status {
        match self {
            Self::Late => Status::deadline_exceeded(),
            Self::Deadline(malformed) => malformed.as_invalid_field(),
            Self::Metadata(unfit) => unfit.as_invalid_field(),
        }
    }
}

impl CallHead {
    /// Reads the head of a call of this shape. The header fields are taken out of `parts`; the
    /// record learns of the deadline.
    ///
    /// # Errors
    /// A field is not what its name promises, or the deadline has passed.
    pub(super) fn of(
        parts: &mut Parts,
        shape: Shape,
        options: &Options,
        record: &mut CallRecord,
    ) -> Result<Self, Unfit> {
        let deadline = deadline::of(&parts.headers, shape, &options.timeouts)?;
        record.deadline(deadline);
        if deadline.has_passed() {
            return Err(Unfit::Late);
        }
        let upstream = options.destinations.choose(parts);
        let mut metadata = metadata::from_request(parts, record.request_id(), &options.metadata)?;
        record.keep_baggage(&mut metadata.0);
        Ok(Self {
            upstream,
            metadata,
            deadline,
            peer: Peer::of(&parts.extensions),
            trail: record.trail(),
        })
    }
}

//! Who may pass: what stands between a call's head and its body, whatever the dialect.
//!
//! ```text
//! dialect ─ head ─► Asked ─► Gate ─┬─► Passed: metadata to set, fields for the answer, a hold
//!                                  └─► Refused: a status, fields for the answer
//! ```
//!
//! A gate is asked by the *resolved method*, once for every call and before anything of its body is read,
//! so that no two ways to write one call can get different answers.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Deadline, Metadata, Status};
use crate::schema::{Method, Schema};

/// A call that asks to pass.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'r> {
    /// What is called.
    pub method: &'r Arc<Method>,
    /// The request as it came; its extensions hold the [`Peer`](super::Peer).
    pub head: &'r Parts,
    /// The dialect, as the access log names it.
    pub protocol: &'static str,
    /// When the call has to have ended.
    pub deadline: Deadline,
}

/// A call that may go on.
#[derive(Debug, Default)]
pub struct Passed {
    /// What becomes of its metadata, in this order.
    pub metadata: Vec<Change>,
    /// Fields for its answer, whatever that is.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// Lasts as long as the call.
    pub hold: Option<Box<dyn Hold>>,
}

/// What becomes of one name in the metadata of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This value, and none that the client sent.
    Set(HeaderName, HeaderValue),
    /// This value too.
    Append(HeaderName, HeaderValue),
    /// No value.
    Remove(HeaderName),
}

impl Passed {
    /// Makes the changes.
    pub fn change(&self, metadata: &mut Metadata) {
        for change in &self.metadata {
            match change {
                Change::Set(name, value) => drop(metadata.0.insert(name.clone(), value.clone())),
                Change::Append(name, value) => {
                    metadata.0.append(name.clone(), value.clone());
                }
                Change::Remove(name) => drop(metadata.0.remove(name)),
            }
        }
    }
}

/// A call that may not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub status: Status,
    /// Fields for the answer: a challenge, say.
    pub fields: Vec<(HeaderName, HeaderValue)>,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let fields = Vec::new();
        Self { status, fields }
    }
}

/// What lasts as long as a call: a place among those that may run, or somebody who wants to know its end.
pub trait Hold: fmt::Debug + Send + Sync {
    /// The call has ended like this. What is dropped without it belongs to a client that went away.
    fn ended(&mut self, status: &Status) {
        let _ = status;
    }
}

/// A decision.
pub type Decided = Result<Passed, Refused>;

/// When it is known.
pub enum Decision<'g> {
    /// At once.
    Now(Decided),
    /// Somebody has to be asked. In a box, so that a call that need not wait pays for no room.
    Later(Pin<Box<dyn Future<Output = Decided> + Send + 'g>>),
}

impl fmt::Debug for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(decided) => f.debug_tuple("Now").field(decided).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// Decides who may pass, for the methods of one schema.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Decides about one call.
    fn ask<'g>(&'g self, asked: Asked<'g>) -> Decision<'g>;
}

/// Makes the gate of each schema that is served.
pub trait Gates: fmt::Debug + Send + Sync {
    /// The gate before the methods of this schema.
    fn of(&self, schema: &Schema) -> Arc<dyn Gate>;
}

/// Fields that a gate has for an answer, from where it is asked to where the answer leaves.
#[derive(Clone, Debug, Default)]
pub struct Fields(Arc<Mutex<Vec<(HeaderName, HeaderValue)>>>);

impl Fields {
    /// Adds some.
    pub fn add(&self, fields: Vec<(HeaderName, HeaderValue)>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(fields);
    }

    /// Writes them over what an answer has by these names.
    pub fn write(&self, headers: &mut HeaderMap) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in all.drain(..) {
            headers.insert(name, value);
        }
    }
}

//! Whether a call may go on: what is asked, and what comes of it.
//!
//! ```text
//! Asked (the rpc, the client's headers, who is there) ─► Gate ─► Decision: Passed, or Refused
//! ```
//!
//! It is asked once a request is known to be a call of a method, in every dialect at the same place, and
//! before its body is read. What can be decided at once needs no await and no box.

use std::cmp::Reverse;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Code, Peer, Status};
use crate::identity::Principal;
use crate::schema::{Method, Schema};

/// What is asked about: one call, before it is made.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'r> {
    /// What is called. Rules look at this, never at the URL, so all dialects have the same ones.
    pub method: &'r Arc<Method>,
    /// The path template of the binding that was called, or the method's own path.
    pub template: &'r str,
    /// The headers as the client sent them, without those that say what only the gateway may: who the client
    /// is, and what it asserts of the caller. `x-request-id` is the call's.
    pub headers: &'r HeaderMap,
    /// The authority that the client named.
    pub host: &'r str,
    /// The client: its address is that in front of all trusted proxies.
    pub peer: &'r Peer,
    /// The dialect's name, as in metrics.
    pub protocol: &'static str,
    /// What is left of the call's time; `None` without a deadline.
    pub left: Option<Duration>,
    /// Now, in seconds since the epoch.
    pub now: u64,
}

impl Asked<'_> {
    /// The call's id, by which its line in the access log is found.
    #[must_use]
    pub fn request_id(&self) -> &str {
        let id = self.headers.get("x-request-id");
        id.and_then(|id| id.to_str().ok()).unwrap_or_default()
    }
}

/// Whatever can say whether a call goes on.
pub trait Gate: fmt::Debug + Send + Sync + 'static {
    /// Asks. `so_far` is what the gates before this one have found; what is returned is added to it.
    fn ask<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r>;

    /// Names of metadata in which it tells backends who calls: what clients send there is nobody's word.
    fn asserts(&self) -> &[HeaderName] {
        &[]
    }
}

/// Makes the gate of each schema that is served.
pub trait Gates: fmt::Debug + Send + Sync + 'static {
    /// The gate before the methods of this schema.
    fn of(&self, schema: &Schema) -> Arc<dyn Gate>;
}

/// The answer, or a promise of it.
// In a box the answer that is known at once would cost what the promise of it costs.
#[allow(clippy::large_enum_variant)]
pub enum Decision<'r> {
    /// Known without waiting.
    Now(Result<Passed, Box<Refused>>),
    /// Somebody else has to be asked. Dropping the future stops asking.
    Later(BoxFuture<'r, Result<Passed, Box<Refused>>>),
}

impl Decision<'_> {
    /// Nothing is in the way.
    #[must_use]
    pub fn pass() -> Self {
        Self::Now(Ok(Passed::default()))
    }

    /// It ends here.
    #[must_use]
    pub fn refuse(refused: impl Into<Box<Refused>>) -> Self {
        Self::Now(Err(refused.into()))
    }
}

impl fmt::Debug for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(now) => f.debug_tuple("Now").field(now).finish(),
            Self::Later(_) => f.write_str("Later(..)"),
        }
    }
}

/// A call that may go on, and with what.
#[derive(Debug, Default)]
pub struct Passed {
    /// Who calls; `None` if nobody was shown, or nobody asked.
    pub principal: Option<Arc<Principal>>,
    /// What the backend does not see of the client's metadata, made once for all calls.
    pub taken_away: Option<Arc<[HeaderName]>>,
    /// What happens to the metadata for the backend then, in this order.
    pub changes: Vec<Change>,
    /// What the answer's head has besides, whatever the answer is.
    pub response_headers: Vec<(HeaderName, HeaderValue)>,
    /// How much is left of the strictest rate limit.
    pub quota: Option<Quota>,
    /// What the call holds until it ends.
    pub permits: Vec<Permit>,
    /// The access rule that let it pass, for logs and metrics.
    pub rule: Option<Arc<str>>,
    /// What would have been refused, by rules that do not count yet.
    pub would_refuse: Option<Box<Refused>>,
    /// A gate that let it pass because nobody answered, and why nobody did.
    pub fault: Option<(&'static str, &'static str)>,
    /// Who wants to hear how it ended.
    pub told: Told,
}

impl Passed {
    /// Adds what a later gate has found.
    pub fn add(&mut self, mut later: Self) {
        if later.principal.is_some() {
            self.principal = later.principal;
        }
        match (&self.taken_away, later.taken_away) {
            (_, None) => {}
            (None, Some(names)) if self.changes.is_empty() => self.taken_away = Some(names),
            (_, Some(names)) => {
                let names = names.iter().cloned();
                self.changes.extend(names.map(Change::Remove));
            }
        }
        self.changes.append(&mut later.changes);
        self.response_headers.append(&mut later.response_headers);
        self.permits.append(&mut later.permits);
        self.fault = self.fault.or(later.fault);
        self.rule = later.rule.or(self.rule.take());
        self.would_refuse = self.would_refuse.take().or(later.would_refuse);
        self.told.add(later.told);
        self.quota = match (self.quota.take(), later.quota) {
            (Some(own), Some(other)) if other.is_stricter(&own) => Some(other),
            (own, other) => own.or(other),
        };
    }

    /// Makes the changes to metadata that was mapped of the client's headers.
    pub fn change(&self, metadata: &mut HeaderMap) {
        for name in self.taken_away.iter().flat_map(|names| &**names) {
            metadata.remove(name);
        }
        for change in &self.changes {
            change.make(metadata);
        }
    }
}

/// How much is left of a rate limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The limit, as the header says it.
    pub limit: HeaderValue,
    /// How many calls are left.
    pub remaining: u32,
    /// When all are there again.
    pub reset: Duration,
}

impl Quota {
    /// True if this one is nearer to refusing.
    fn is_stricter(&self, other: &Self) -> bool {
        (self.remaining, Reverse(self.reset)) < (other.remaining, Reverse(other.reset))
    }
}

/// A change of metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This value instead of all that are there.
    Set(HeaderName, HeaderValue),
    /// This value behind those that are there.
    Append(HeaderName, HeaderValue),
    /// This value if none is there.
    Add(HeaderName, HeaderValue),
    /// This value instead of those that are there, if any is.
    Replace(HeaderName, HeaderValue),
    /// None at all: whatever the client has said there.
    Remove(HeaderName),
}

impl Change {
    /// Makes it.
    pub fn make(&self, metadata: &mut HeaderMap) {
        match self {
            Self::Set(name, value) => {
                metadata.insert(name, value.clone());
            }
            Self::Append(name, value) => {
                metadata.append(name, value.clone());
            }
            Self::Add(name, value) => {
                if !metadata.contains_key(name) {
                    metadata.insert(name, value.clone());
                }
            }
            Self::Replace(name, value) => {
                if metadata.contains_key(name) {
                    metadata.insert(name, value.clone());
                }
            }
            Self::Remove(name) => {
                metadata.remove(name);
            }
        }
    }
}

/// A call that may not go on.
#[derive(Debug)]
pub struct Refused {
    /// Why, for the client.
    pub status: Status,
    /// What the answer has besides: a challenge, when to come again.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Which kind of gate it was, for logs and metrics.
    pub by: &'static str,
    /// Who was refused, if somebody was known by then: for logs.
    pub principal: Option<Arc<Principal>>,
    /// Which of its rules, for logs and metrics.
    pub rule: Option<Arc<str>>,
}

impl Refused {
    /// A refusal with nothing besides.
    #[must_use]
    pub const fn new(by: &'static str, status: Status) -> Self {
        Self {
            status,
            headers: Vec::new(),
            by,
            principal: None,
            rule: None,
        }
    }
}

/// What lasts as long as a call that passed.
#[derive(Debug, Default)]
pub struct Held {
    permits: Vec<Permit>,
    told: Told,
}

impl Held {
    /// What `passed` holds; none if it holds nothing.
    pub fn of(passed: &mut Passed) -> Option<Box<Self>> {
        if passed.permits.is_empty() && passed.told.who.is_empty() {
            return None;
        }
        Some(Box::new(Self {
            permits: std::mem::take(&mut passed.permits),
            told: std::mem::take(&mut passed.told),
        }))
    }

    /// The call has ended: whoever wants to hear it does, and its places are free.
    pub fn ended(mut self, status: &Status) {
        self.permits.clear();
        self.told.tell(status);
    }
}

/// Fields that a gate has for the head of an answer, from where it is asked to where the answer leaves.
#[derive(Clone, Debug, Default)]
pub struct Fields(Arc<Mutex<Vec<(HeaderName, HeaderValue)>>>);

impl Fields {
    /// Adds some.
    pub fn add(&self, fields: Vec<(HeaderName, HeaderValue)>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(fields);
    }

    /// Writes them in place of what an answer has by these names. Several of one name all stay.
    pub fn write(&self, headers: &mut HeaderMap) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, _) in all.iter() {
            headers.remove(name);
        }
        for (name, value) in all.drain(..) {
            headers.append(name, value);
        }
    }
}

/// A place among those that may be in use at the same time, given back when it is dropped.
#[derive(Debug)]
pub struct Permit(Arc<AtomicUsize>);

impl Permit {
    /// Takes a place, unless as many as `most` are taken.
    #[must_use]
    pub fn take(taken: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let more = |count| (count < most).then_some(count + 1);
        taken
            .try_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()?;
        Some(Self(Arc::clone(taken)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a call ended, for whoever looked at it before it began.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'e> {
    /// With what.
    pub status: &'e Status,
    /// What was called.
    pub method: &'e Method,
}

/// A step of your own in the policy chain. Both functions have a default that does nothing.
///
/// It is called on the thread of the call's connection, so it must not block. If it panics, the call ends
/// with INTERNAL, and no other.
pub trait Interceptor: Send + Sync + 'static {
    /// Looks at a call before it is made. It may refuse it, and it may add to it: metadata for the
    /// backend, headers of the answer. `so_far` has what the steps before have found, who calls among it.
    /// What can be said at once is a [`Decision::Now`]; what has to be asked for is a [`Decision::Later`].
    fn before<'r>(&'r self, asked: Asked<'r>, so_far: &Passed) -> Decision<'r> {
        let _ = (asked, so_far);
        Decision::pass()
    }

    /// Hears how a call ended: once for each that it has looked at, refused or left by the client too.
    fn ended(&self, ended: &Ended<'_>) {
        let _ = ended;
    }
}

/// Who wants to hear how a call ended. If it is dropped, the client has left.
#[derive(Default)]
pub struct Told {
    who: Vec<Arc<dyn Interceptor>>,
    method: Option<Arc<Method>>,
}

impl Told {
    /// One more, of a call of this method.
    pub fn also(&mut self, who: Arc<dyn Interceptor>, method: &Arc<Method>) {
        self.who.push(who);
        self.method = Some(Arc::clone(method));
    }

    /// Those as well.
    fn add(&mut self, mut other: Self) {
        self.who.append(&mut other.who);
        self.method = other.method.take().or(self.method.take());
    }

    /// Tells all, in the reverse of the order in which they were asked; nobody hears it twice. One that
    /// panics keeps the others from nothing.
    pub fn tell(&mut self, status: &Status) {
        let Some(method) = self.method.take() else {
            return;
        };
        let ended = Ended {
            status,
            method: &method,
        };
        while let Some(who) = self.who.pop() {
            if catch_unwind(AssertUnwindSafe(|| who.ended(&ended))).is_err() {
                tracing::error!(
                    rpc = method.path,
                    "an interceptor panicked at the end of a call"
                );
            }
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if !self.who.is_empty() {
            self.tell(&Status::downstream(Code::Cancelled, "the client has left"));
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Told({})", self.who.len())
    }
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, COOKIE};

    use super::*;

    fn without(name: HeaderName) -> Passed {
        Passed {
            taken_away: Some([name].into()),
            ..Passed::default()
        }
    }

    #[test]
    fn what_gates_take_away_is_gone_in_their_order() {
        let value = |text| HeaderValue::from_static(text);
        let mut passed = without(AUTHORIZATION);
        passed.add(Passed {
            changes: vec![Change::Set(AUTHORIZATION, value("ours"))],
            ..Passed::default()
        });
        passed.add(without(COOKIE));
        let mut metadata = HeaderMap::new();
        metadata.append(AUTHORIZATION, value("theirs"));
        metadata.append(COOKIE, value("theirs"));
        passed.change(&mut metadata);
        assert_eq!(metadata.get(AUTHORIZATION), Some(&value("ours")));
        assert_eq!(metadata.len(), 1);
        passed.add(without(AUTHORIZATION));
        passed.change(&mut metadata);
        assert!(metadata.is_empty());
    }
}

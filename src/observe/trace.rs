//! Traces: which calls are traced, and what is told of them. A span for the call as its client sees it, one
//! for the call to the upstream, and one for each attempt.
//!
//! A call that has ended goes as it is into a queue with a bound; what becomes spans, and how they are
//! sent, is done elsewhere. Where the queue is full, calls are left out and counted: a collector that is
//! dead costs nothing. Without a configuration for it there is no queue, and no call has a context.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::protocol::Protocol;
use crate::call::Status;
use crate::call::trace::{Context, Format, Sampled, SpanId, TraceId, keep_baggage};
use crate::call::trail::{Carried, Steps};
use crate::schema::Method;

mod allowance;
mod events;
mod span;

pub use events::EVENTS_MAX;
pub(super) use events::{Events, Noted};
pub use span::{Happened, Kind, Span, Value};

use allowance::Allowance;

/// Calls that have ended and wait to be sent.
pub const QUEUE_MAX: usize = 4096;

/// Which calls are traced, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which calls are traced.
    pub sampling: Sampling,
    /// What a client says of a trace.
    pub inbound: Inbound,
    /// How contexts are read, the first that there is counts, and how they are written.
    pub formats: Arc<[Format]>,
    /// Keys of `baggage` that pass to backends.
    pub baggage: Vec<String>,
    /// What is told of calls that fail and whose trace is not kept.
    pub failures: Failures,
    /// Whether the messages of calls are told one by one.
    pub messages: Messages,
}

/// What is told of calls that fail and whose trace is not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failures {
    /// Their spans here, of so many a second as there may be: [`FAILURES_MAX`].
    #[default]
    Told,
    /// Nothing.
    Untold,
}

/// Calls a second that are told although their trace is not kept.
pub const FAILURES_MAX: u32 = 10;

/// Whether the messages of calls are told one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Messages {
    /// They are: [`EVENTS_MAX`] of each way.
    Told,
    /// They are not.
    #[default]
    Untold,
}

/// Which calls are traced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// As the caller's trace is, where it is trusted; of those that begin here this share.
    Parent(f64),
    /// Each.
    Always,
    /// None; contexts are passed on.
    Never,
}

/// What a client says of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inbound {
    /// A new trace begins, and has a link to it: anybody can say anything.
    #[default]
    Linked,
    /// It goes on.
    Trusted,
}

/// Begins traces, and takes calls that have ended.
#[derive(Debug)]
pub struct Tracer {
    config: Config,
    queue: mpsc::Sender<Box<Finished>>,
    failures: Allowance,
    lost: AtomicU64,
    sent: AtomicU64,
}

/// The trace that a call belongs to.
#[derive(Clone, Debug)]
pub(super) struct Traced {
    /// The call, as its client sees it.
    pub(super) server: Context,
    /// Who made it.
    parent: Option<SpanId>,
    /// The context that was not trusted.
    link: Option<Context>,
    /// The call to the upstream.
    client: SpanId,
    state: Option<HeaderValue>,
    began: SystemTime,
    /// Its messages, where each is told of.
    pub(super) requests: Option<Arc<Events>>,
    pub(super) replies: Option<Arc<Events>>,
}

/// A call that has ended.
#[derive(Debug)]
pub struct Finished {
    pub(super) traced: Traced,
    pub(super) began: Instant,
    pub(super) duration: Duration,
    pub(super) protocol: Protocol,
    pub(super) verb: http::Method,
    pub(super) template: Option<String>,
    pub(super) method: Option<Arc<Method>>,
    pub(super) http: Option<StatusCode>,
    pub(super) status: Status,
    pub(super) steps: Steps,
    pub(super) requests: Noted,
    pub(super) replies: Noted,
}

impl Tracer {
    /// A tracer, and the calls that it takes.
    #[must_use]
    pub fn new(config: Config) -> (Self, mpsc::Receiver<Box<Finished>>) {
        let (queue, calls) = mpsc::channel(QUEUE_MAX);
        let tracer = Self {
            config,
            queue,
            failures: Allowance::of(FAILURES_MAX),
            lost: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        };
        (tracer, calls)
    }

    /// The trace of a request with these headers.
    pub(super) fn begin(&self, headers: &HeaderMap) -> Traced {
        let Config {
            sampling,
            inbound,
            formats,
            ..
        } = &self.config;
        let found = Context::read(headers, formats);
        let (trusted, link) = match (inbound, found) {
            (Inbound::Trusted, found) => (found, None),
            (Inbound::Linked, found) => (None, found.map(|(context, _)| context)),
        };
        let (parent, state) = match trusted {
            Some((parent, state)) => (Some(parent), state),
            None => (None, None),
        };
        let trace = parent.map_or_else(TraceId::new, |parent| parent.trace);
        let is_sampled = match (sampling, parent) {
            (Sampling::Always, _) => true,
            (Sampling::Never, _) => false,
            (Sampling::Parent(_), Some(parent)) => parent.sampled == Sampled::Yes,
            (Sampling::Parent(share), None) => trace.place() < *share,
        };
        let sampled = if is_sampled {
            Sampled::Yes
        } else {
            Sampled::No
        };
        let are_told = is_sampled && self.config.messages == Messages::Told;
        let events = || are_told.then(Arc::<Events>::default);
        Traced {
            server: Context {
                trace,
                span: SpanId::new(),
                sampled,
            },
            parent: parent.map(|parent| parent.span),
            link,
            client: SpanId::new(),
            state,
            began: SystemTime::now(),
            requests: events(),
            replies: events(),
        }
    }

    /// Whether a call that ended so at this moment is told although its trace is not kept: where a server
    /// is to blame, as often as there may be.
    pub(super) fn keeps(&self, status: &Status, now: Instant) -> bool {
        let are_told = match (self.config.failures, self.config.sampling) {
            (Failures::Told, Sampling::Parent(_) | Sampling::Always) => true,
            (Failures::Untold, _) | (Failures::Told, Sampling::Never) => false,
        };
        are_told && status.code.is_servers_error() && self.failures.take(now)
    }

    /// What backends are told of it.
    pub(super) fn carried(&self, traced: &Traced) -> Carried {
        Carried {
            context: traced.server.with(traced.client),
            state: traced.state.clone(),
            formats: Arc::clone(&self.config.formats),
        }
    }

    /// Leaves of a request's baggage what may pass.
    pub(super) fn keep_baggage(&self, headers: &mut HeaderMap) {
        keep_baggage(headers, &self.config.baggage);
    }

    /// Takes a call that has ended, if there is room.
    pub(super) fn take(&self, finished: Finished) {
        if self.queue.try_send(Box::new(finished)).is_err() {
            self.lose(1);
        }
    }

    /// So many calls are told to nobody.
    pub fn lose(&self, calls: u64) {
        self.lost.fetch_add(calls, Ordering::Relaxed);
    }

    /// So many calls were told.
    pub fn told(&self, calls: u64) {
        self.sent.fetch_add(calls, Ordering::Relaxed);
    }

    /// Calls told, and calls lost, so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        let (sent, lost) = (&self.sent, &self.lost);
        (sent.load(Ordering::Relaxed), lost.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::call::Code;

    fn tracer(sampling: Sampling, inbound: Inbound) -> Tracer {
        let config = Config {
            sampling,
            inbound,
            formats: Arc::new([Format::W3c]),
            baggage: Vec::new(),
            failures: Failures::Told,
            messages: Messages::Untold,
        };
        Tracer::new(config).0
    }

    fn asked(flags: &str) -> HeaderMap {
        let parent = format!("00-{}-{}-{flags}", "7".repeat(32), "8".repeat(16));
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", parent.parse().unwrap());
        headers.insert("tracestate", HeaderValue::from_static("a=b"));
        headers
    }

    #[test]
    fn a_context_that_is_not_trusted_is_a_link() {
        let tracer = tracer(Sampling::Always, Inbound::Linked);
        let traced = tracer.begin(&asked("00"));
        assert_ne!(traced.server.trace.to_bytes(), [0x77; 16]);
        assert_eq!(traced.link.unwrap().trace.to_bytes(), [0x77; 16]);
        assert_eq!((traced.parent, traced.state), (None, None));
    }

    #[test]
    fn a_trusted_trace_goes_on_and_decides() {
        for (sampling, flags, sampled) in [
            (Sampling::Parent(0.0), "01", Sampled::Yes),
            (Sampling::Parent(1.0), "00", Sampled::No),
            (Sampling::Never, "01", Sampled::No),
            (Sampling::Always, "00", Sampled::Yes),
        ] {
            let traced = tracer(sampling, Inbound::Trusted).begin(&asked(flags));
            assert_eq!(traced.server.trace.to_bytes(), [0x77; 16]);
            assert_eq!(traced.parent.unwrap().to_bytes(), [0x88; 8]);
            assert_eq!(traced.server.sampled, sampled, "{sampling:?}");
            assert_eq!(traced.state.unwrap(), "a=b");
        }
    }

    #[test]
    fn of_traces_that_begin_here_a_share_is_kept() {
        let count = |share| {
            let tracer = tracer(Sampling::Parent(share), Inbound::Trusted);
            let all = (0..10_000).map(|_| tracer.begin(&HeaderMap::new()));
            all.filter(|traced| traced.server.sampled == Sampled::Yes)
                .count()
        };
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        let some = count(0.25);
        assert!((2_000..3_000).contains(&some), "{some}");
    }

    #[test]
    fn of_calls_that_are_not_kept_some_failures_are_told_all_the_same() {
        let now = Instant::now();
        let told = |sampling, code| {
            let tracer = tracer(sampling, Inbound::Trusted);
            let all = (0..100).filter(|_| tracer.keeps(&Status::gateway(code, ""), now));
            all.count()
        };
        let (none, most) = (Sampling::Parent(0.0), usize::try_from(FAILURES_MAX));
        assert_eq!(Ok(told(none, Code::Unavailable)), most);
        assert_eq!(told(none, Code::NotFound), 0, "a client's own mistake");
        assert_eq!(told(Sampling::Never, Code::Unavailable), 0);
    }
}

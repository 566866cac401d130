//! Where a call has been: written by whoever makes its attempts, read by whoever tells of it when it is
//! over. A call that is given up half-way has left its trail too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::Code;
use super::trace::{Context, Format, SpanId};

/// The trail of one call, shared between its two ends.
#[derive(Debug, Default)]
pub struct Trail {
    steps: Mutex<Steps>,
    carried: Option<Carried>,
}

/// What backends are told of the trace that a call belongs to.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The span of the call; each attempt has one beneath it.
    pub context: Context,
    /// The client's `tracestate`.
    pub state: Option<HeaderValue>,
    /// How it is written.
    pub formats: Arc<[Format]>,
}

/// Where a call has been so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The upstream that it went to.
    pub upstream: Option<Arc<str>>,
    /// The address of the endpoint where its last attempt went.
    pub endpoint: Option<Arc<str>>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it came to the upstream.
    pub came: Option<Instant>,
    /// When an endpoint answered.
    pub answered: Option<Instant>,
    /// Each attempt, of a call that is traced.
    pub traced: Vec<Attempt>,
}

/// An attempt of a call that is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its span.
    pub span: SpanId,
    /// Where it went.
    pub endpoint: Arc<str>,
    /// When it began.
    pub began: Instant,
    /// When and how it ended; nothing while it goes on.
    pub ended: Option<(Instant, Code)>,
    /// Attempts before it of which backends know.
    pub previous: u32,
    /// It was made since no backend knows of the one before.
    pub is_transparent: bool,
}

/// An attempt's place in its call's trail.
#[derive(Clone, Debug)]
pub struct Step {
    trail: Arc<Trail>,
    place: usize,
}

impl Trail {
    /// One that carries this to backends.
    #[must_use]
    pub fn new(carried: Option<Carried>) -> Self {
        Self {
            steps: Mutex::default(),
            carried,
        }
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call came to this upstream.
    pub fn came(&self, upstream: &Arc<str>) {
        let mut steps = self.steps();
        steps.upstream = Some(Arc::clone(upstream));
        steps.came = Some(Instant::now());
    }

    /// An attempt goes to the endpoint at this address, after so many of which backends know.
    #[must_use]
    pub fn goes(self: &Arc<Self>, endpoint: &Arc<str>, previous: u32) -> Step {
        let mut steps = self.steps();
        steps.endpoint = Some(Arc::clone(endpoint));
        steps.attempts += 1;
        let place = steps.traced.len();
        if self.carried.is_some() {
            let before = steps.traced.last();
            let attempt = Attempt {
                span: SpanId::new(),
                endpoint: Arc::clone(endpoint),
                began: Instant::now(),
                ended: None,
                previous,
                is_transparent: before.is_some_and(|before| before.previous == previous),
            };
            steps.traced.push(attempt);
        }
        drop(steps);
        Step {
            trail: Arc::clone(self),
            place,
        }
    }

    /// Where it has been.
    #[must_use]
    pub fn so_far(&self) -> Steps {
        self.steps().clone()
    }
}

impl Step {
    /// Tells the backend of the trace, if there is one.
    pub fn inject(&self, headers: &mut HeaderMap) {
        let Some(carried) = &self.trail.carried else {
            return;
        };
        let span = self
            .trail
            .steps()
            .traced
            .get(self.place)
            .map(|one| one.span);
        if let Some(span) = span {
            let context = carried.context.with(span);
            context.write(carried.state.as_ref(), &carried.formats, headers);
        }
    }

    /// The endpoint at this address answered.
    pub fn answered(&self, endpoint: &Arc<str>) {
        let mut steps = self.trail.steps();
        steps.endpoint = Some(Arc::clone(endpoint));
        steps.answered.get_or_insert_with(Instant::now);
    }

    /// The attempt has ended. The first end counts.
    pub fn ended(&self, code: Code) {
        if self.trail.carried.is_none() {
            return;
        }
        if let Some(attempt) = self.trail.steps().traced.get_mut(self.place) {
            attempt.ended.get_or_insert((Instant::now(), code));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::trace::{Sampled, TraceId};

    #[test]
    fn each_attempt_of_a_traced_call_has_a_span_of_its_own() {
        let context = Context {
            trace: TraceId::new(),
            span: SpanId::new(),
            sampled: Sampled::Yes,
        };
        let trail = Arc::new(Trail::new(Some(Carried {
            context,
            state: None,
            formats: Arc::new([Format::W3c]),
        })));
        let sent = [0, 0, 1].map(|previous| {
            let step = trail.goes(&"10.0.0.1:1".into(), previous);
            let mut headers = HeaderMap::new();
            step.inject(&mut headers);
            step.ended(Code::Unavailable);
            step.ended(Code::Ok);
            Context::read(&headers, &[Format::W3c]).map(|(context, _)| context)
        });
        let steps = trail.so_far();
        let spans = steps.traced.iter().map(|one| Some(context.with(one.span)));
        assert_eq!(sent.to_vec(), spans.collect::<Vec<_>>());
        let kinds = steps.traced.iter().map(|one| one.is_transparent);
        assert_eq!(kinds.collect::<Vec<_>>(), [false, true, false]);
        let codes = steps.traced.iter().filter_map(|one| one.ended);
        assert!(codes.map(|(_, code)| code).eq([Code::Unavailable; 3]));
    }

    #[test]
    fn a_call_that_is_not_traced_counts_its_attempts() {
        let trail = Arc::new(Trail::default());
        let step = trail.goes(&"10.0.0.1:1".into(), 0);
        let mut headers = HeaderMap::new();
        step.inject(&mut headers);
        step.answered(&"10.0.0.2:1".into());
        step.ended(Code::Ok);
        let steps = trail.so_far();
        assert!(headers.is_empty() && steps.traced.is_empty());
        assert_eq!(
            (steps.attempts, steps.endpoint.as_deref()),
            (1, Some("10.0.0.2:1"))
        );
    }
}

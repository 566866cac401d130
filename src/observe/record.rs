//! The record of one call: what is counted of it, and its line in the access log, when it ends, however it
//! ends.
//!
//! A [`CallRecord`] begins with the request, moves into the response's body and is finished there.
//! One that is dropped before its end belongs to a client that went away: CANCELLED, 499. It holds
//! no query, no body and no credential.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method as Verb, StatusCode, Version, request};
use tokio::time::Instant;

use super::Shared;
use super::access_log::{LONG, Stage};
use super::protocol::{HttpVersion, Protocol};
use super::request_id::is_harmless;
use super::served::{Outcome, Table};
use super::tally::{Tally, Weight};
use super::totals::Direction;
use super::trace::{Events, Finished, Traced};
use crate::call::gate::Held;
use crate::call::trace::Sampled;
use crate::call::trail::Trail;
use crate::call::{Code, Deadline, Origin, Status};
use crate::schema::{Method, Shape};

mod judged;
mod told;

use told::Told;

/// What a client gets that went away, in nginx' words.
const LEFT: u16 = 499;

/// The record of one call.
#[derive(Debug)]
pub struct CallRecord {
    shared: Arc<Shared>,
    /// What counts the methods of the schema that serves the request; none where nothing is counted.
    table: Option<Table>,
    state: State,
    began: Instant,
    first_byte: Option<Duration>,
    request_id: HeaderValue,
    protocol: Protocol,
    version: Version,
    verb: Verb,
    method: Option<Arc<Method>>,
    http_status: Option<StatusCode>,
    requests: Tally,
    elsewhere: Option<Arc<Tally>>,
    replies: Tally,
    path_template: Option<String>,
    trail: Option<Arc<Trail>>,
    traced: Option<Box<Traced>>,
    /// What only a line needs.
    told: Option<Box<Told>>,
    held: Option<Box<Held>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

impl CallRecord {
    pub(super) fn begin(
        request: &request::Parts,
        shared: &Arc<Shared>,
        table: Option<Table>,
    ) -> Self {
        let given = request
            .headers
            .get("x-request-id")
            .filter(|id| is_harmless(id));
        let tracer = shared.tracer.as_ref();
        let traced = tracer.map(|tracer| tracer.begin(&request.headers));
        let replies = traced.as_ref().and_then(|traced| traced.replies.clone());
        let requests = traced.as_ref().and_then(|traced| traced.requests.clone());
        let told = shared.log.as_ref().filter(|log| log.sink.wants());
        Self {
            shared: Arc::clone(shared),
            table,
            state: State::Open,
            began: Instant::now(),
            first_byte: None,
            request_id: given.cloned().unwrap_or_else(|| shared.request_ids.next()),
            protocol: Protocol::Http,
            version: request.version,
            verb: request.method.clone(),
            method: None,
            http_status: None,
            requests: Tally::told(requests),
            elsewhere: None,
            replies: Tally::told(replies),
            path_template: None,
            trail: None,
            traced: traced.map(Box::new),
            told: told.map(|_| Box::new(Told::of(request))),
            held: None,
        }
    }

    /// The request's id: the client's own if it is a harmless one, else made here.
    #[must_use]
    pub fn request_id(&self) -> &HeaderValue {
        &self.request_id
    }

    /// Names the dialect. Before the method.
    pub fn protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// The dialect.
    #[must_use]
    pub const fn dialect(&self) -> Protocol {
        self.protocol
    }

    /// Keeps what lasts as long as the call.
    pub fn hold(&mut self, held: Option<Box<Held>>) {
        self.held = held;
    }

    /// Names the method that is called. Once.
    pub fn method(&mut self, method: &Arc<Method>) {
        if self.method.is_some() {
            return;
        }
        self.method = Some(Arc::clone(method));
        if let Some(table) = &self.table {
            table.of(method).call_started();
            self.shared.totals.begins(self.protocol, method.shape);
        }
    }

    /// Names the REST binding by its path template, never by the path itself.
    pub fn template(&mut self, template: &str) {
        if self.told.is_some() || self.traced.is_some() {
            self.path_template = Some(template.to_owned());
        }
    }

    /// Counts values of metadata that no backend can be sent.
    pub fn dropped(&self, values: u64) {
        if values > 0 {
            self.shared.totals.dropped(values);
        }
    }

    /// Notes the time the call was given.
    pub fn deadline(&mut self, deadline: Deadline) {
        if let Some(told) = &mut self.told {
            told.ends(deadline);
        }
    }

    /// Where whoever makes the call writes down where it has been, if somebody wants to know.
    #[must_use]
    pub fn trail(&mut self) -> Option<Arc<Trail>> {
        let tracer = self.shared.tracer.as_ref().zip(self.traced.as_ref());
        if self.trail.is_none() && (self.told.is_some() || tracer.is_some()) {
            let carried = tracer.map(|(tracer, traced)| tracer.carried(traced));
            self.trail = Some(Arc::new(Trail::new(carried)));
        }
        self.trail.clone()
    }

    /// Leaves of a request's metadata what of its trace may pass.
    pub fn keep_baggage(&self, metadata: &mut HeaderMap) {
        if let Some(tracer) = &self.shared.tracer {
            tracer.keep_baggage(metadata);
        }
    }

    /// Counts one request message.
    pub fn request(&self, message: impl Into<Weight>) {
        let weight = message.into();
        self.requests.count(weight);
        (self.shared.totals).message(Direction::Request, weight.bytes);
    }

    /// A tally for request messages that another task counts.
    #[must_use]
    pub fn shared_requests(&mut self) -> Arc<Tally> {
        let totals = &self.shared.totals;
        let traced = self.traced.as_ref();
        let tally = self.elsewhere.get_or_insert_with(|| {
            let events = traced.and_then(|traced| traced.requests.clone());
            Arc::new(Tally::of_requests(totals, events))
        });
        Arc::clone(tally)
    }

    /// Counts one reply message.
    pub fn reply(&self, message: impl Into<Weight>) {
        let weight = message.into();
        self.replies.count(weight);
        (self.shared.totals).message(Direction::Response, weight.bytes);
    }

    /// A message of so many bytes was, or became, so many bytes of text, and that took so long.
    pub fn transcoded(&self, direction: Direction, message: usize, text: usize, took: Duration) {
        match direction {
            Direction::Request => self.requests().shown(message, text),
            Direction::Response => self.replies.shown(message, text),
        }
        self.shared.totals.transcoded(direction, text, took);
    }

    /// Notes that the head of the response goes out.
    pub fn head(&mut self, status: StatusCode) {
        self.http_status = Some(status);
        self.first_byte = Some(self.began.elapsed());
    }

    /// Tells of a stream once it has lasted long. Polled while there is nothing else to do.
    pub fn poll_long(&mut self, cx: &mut Context<'_>) {
        let is_stream = (self.method.as_ref()).is_some_and(|method| method.shape != Shape::Unary);
        let Some(told) = self.told.as_mut().filter(|_| is_stream) else {
            return;
        };
        if told.is_long_told {
            return;
        }
        let due = self.began + LONG;
        let sleep = told
            .long
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if let Poll::Ready(()) = sleep.as_mut().poll(cx) {
            told.is_long_told = true;
            told.long = None;
            self.tell(Stage::Started, None, self.began.elapsed());
        }
    }

    /// The call has ended: counts it and writes its line.
    pub fn finish(mut self, status: &Status) {
        self.end(status);
    }

    /// [`head`](Self::head) and [`finish`](Self::finish) of a response that is complete.
    pub fn finish_with(mut self, http: StatusCode, status: &Status) {
        self.head(http);
        self.end(status);
    }

    fn end(&mut self, status: &Status) {
        if std::mem::replace(&mut self.state, State::Over) == State::Over {
            return;
        }
        if let Some(held) = self.held.take() {
            held.ended(status);
        }
        let duration = self.began.elapsed();
        self.count(status, duration);
        let (method, shared) = (self.method.as_deref(), &self.shared);
        (shared.failures).ended(status, method, self.protocol, &self.request_id);
        self.tell(Stage::Ended, Some(status), duration);
        self.trace(status, duration);
    }

    fn requests(&self) -> &Tally {
        self.elsewhere.as_deref().unwrap_or(&self.requests)
    }

    fn count(&self, status: &Status, duration: Duration) {
        let Some(table) = &self.table else {
            return;
        };
        let left = StatusCode::from_u16(LEFT).unwrap_or(StatusCode::BAD_REQUEST);
        let outcome = Outcome {
            code: status.code,
            http: self.http_status.unwrap_or(left),
            origin: (!status.is_ok()).then_some(status.origin),
        };
        let served = match &self.method {
            Some(method) => {
                self.shared.totals.ends(self.protocol, method.shape);
                Some(table.of(method))
            }
            None if self.protocol.means_a_method() => {
                table.other().call_started();
                Some(table.other())
            }
            None => None,
        };
        if let Some(served) = served {
            let bytes = (self.requests().bytes(), self.replies.bytes());
            let trace = self.traced.as_ref().map(|traced| traced.server);
            let trace = trace.filter(|trace| trace.sampled == Sampled::Yes);
            let trace = trace.map(|trace| trace.trace);
            served.call_ended(status.code, duration, bytes, trace);
        }
        self.shared.totals.ended(status);
        let version = HttpVersion::of(self.version);
        let served = served.unwrap_or(table.other());
        served.request_ended(self.protocol, version, outcome);
    }

    /// Hands its trace over, if it is to be kept.
    fn trace(&mut self, status: &Status, duration: Duration) {
        let traced = self.traced.take();
        let (Some(tracer), Some(traced)) = (&self.shared.tracer, traced) else {
            return;
        };
        if traced.server.sampled == Sampled::No && !tracer.keeps(status, Instant::now()) {
            return;
        }
        let trail = self.trail.as_ref();
        let noted = |events: &Option<Arc<Events>>| {
            let events = events.as_ref().map(|events| events.take());
            events.unwrap_or_default()
        };
        tracer.take(Finished {
            requests: noted(&traced.requests),
            replies: noted(&traced.replies),
            traced: *traced,
            began: self.began,
            duration,
            protocol: self.protocol,
            verb: self.verb.clone(),
            template: self.path_template.take(),
            method: self.method.clone(),
            http: self.http_status,
            status: status.clone(),
            steps: trail.map(|trail| trail.so_far()).unwrap_or_default(),
        });
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        if self.state == State::Open {
            self.http_status = None;
            let left = "the client went away";
            self.end(&Status::new(Code::Cancelled, Origin::Downstream, left));
        }
    }
}

#[cfg(test)]
mod tests;

//! What is counted of the calls that clients make, method by method: the server's side of gRFC A66, and
//! how calls ended in every dialect.
//!
//! A request finds what counts its method by the method's number; from then on counting is a few atomics,
//! without a lock, a look-up or an allocation, but for the first call that ends in a new way. How many
//! ways there are is bounded, whatever clients and backends say.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::StatusCode;

use super::by_method::{ByMethod, OTHER};
use super::histogram::{Histogram, LATENCY, SIZE, nanoseconds};
use super::meter::ByStatus;
use super::protocol::{HttpVersion, Protocol};
use crate::call::trace::TraceId;
use crate::call::{Code, Origin};
use crate::schema::{Method, Schema, Shape};

/// Ways to end that are told apart for each method, dialect and version: what there is beyond is counted
/// together.
const OUTCOMES_MAX: usize = 32;

/// How many rows of outcomes a method may have.
const WAYS: usize = Protocol::ALL.len() * HttpVersion::ALL.len();

/// What is counted of all methods.
#[derive(Debug)]
pub struct Calls(ByMethod<Served>);

impl Default for Calls {
    fn default() -> Self {
        Self(ByMethod::new(Served::new(OTHER, None)))
    }
}

impl Calls {
    /// What counts the methods of a schema, served by the configuration of this number. Takes a lock for
    /// each of them.
    #[must_use]
    pub fn of(&self, schema: &Schema, generation: u64) -> Table {
        let mut methods = vec![self.0.other(); schema.methods().len()];
        for method in schema.methods() {
            if let Some(place) = methods.get_mut(method.id) {
                *place = self.of_method(method);
            }
        }
        Table {
            methods: methods.into(),
            other: self.0.other(),
            generation,
        }
    }

    fn of_method(&self, method: &Method) -> Arc<Served> {
        let make = |name: &str| Served::new(name, Some(method.shape));
        self.0.of(&method.path, make)
    }

    /// What counts requests of no method.
    #[must_use]
    pub fn other(&self) -> Arc<Served> {
        self.0.other()
    }

    /// Those that have counted something, by name.
    #[must_use]
    pub fn used(&self) -> Vec<Arc<Served>> {
        let mut all = self.0.all();
        all.retain(|one| one.is_used());
        all
    }
}

/// What counts the methods of one schema, by their numbers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    methods: Arc<[Arc<Served>]>,
    other: Arc<Served>,
    generation: u64,
}

impl Table {
    /// What counts a method of the schema.
    #[must_use]
    pub fn of(&self, method: &Method) -> &Served {
        self.methods.get(method.id).unwrap_or(&self.other)
    }

    /// The number of the configuration by which the schema is served.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// What counts requests of no method.
    #[must_use]
    pub fn other(&self) -> &Served {
        &self.other
    }
}

/// What is counted of one method.
#[derive(Debug)]
pub struct Served {
    method: Box<str>,
    shape: Option<Shape>,
    started: AtomicU64,
    ended: ByStatus<Ended>,
    ways: [OnceLock<Box<Outcomes>>; WAYS],
}

/// Calls that ended with one status.
#[derive(Debug)]
pub struct Ended {
    /// How long they took, in nanoseconds.
    pub duration: Histogram,
    /// Bytes of their request messages.
    pub received: Histogram,
    /// Bytes of their response messages.
    pub sent: Histogram,
    /// The trace of one of them, and how long that took.
    exemplar: Mutex<Option<(TraceId, Duration)>>,
}

impl Ended {
    /// The trace of one of them that is kept, and how long it took.
    #[must_use]
    pub fn exemplar(&self) -> Option<(TraceId, Duration)> {
        *self.exemplar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// In gRPC's words.
    pub code: Code,
    /// In HTTP's.
    pub http: StatusCode,
    /// Who failed, if it failed.
    pub origin: Option<Origin>,
}

/// The ends of requests in one dialect and version. A place is taken by the first that ends so.
#[derive(Debug)]
struct Outcomes {
    places: [(AtomicU32, AtomicU64); OUTCOMES_MAX],
    others: AtomicU64,
}

/// Requests that ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The dialect.
    pub protocol: Protocol,
    /// The version of HTTP.
    pub version: &'static str,
    /// The way; none is all those beyond the bound.
    pub outcome: Option<Outcome>,
    /// How many did.
    pub count: u64,
}

impl Served {
    fn new(method: &str, shape: Option<Shape>) -> Self {
        Self {
            method: method.into(),
            shape,
            started: AtomicU64::new(0),
            ended: ByStatus::new(),
            ways: [const { OnceLock::new() }; WAYS],
        }
    }

    /// A call has begun.
    pub fn call_started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// A call has ended, with so many bytes of messages received and sent, and this trace, if one is kept.
    pub fn call_ended(
        &self,
        code: Code,
        duration: Duration,
        (received, sent): (u64, u64),
        trace: Option<TraceId>,
    ) {
        let ended = self.ended.of(code, || Ended {
            duration: Histogram::new(&LATENCY),
            received: Histogram::new(&SIZE),
            sent: Histogram::new(&SIZE),
            exemplar: Mutex::new(None),
        });
        ended.duration.record(nanoseconds(duration));
        ended.received.record(received);
        ended.sent.record(sent);
        // Any one will do: nobody waits to be it.
        if let Some(trace) = trace
            && let Ok(mut exemplar) = ended.exemplar.try_lock()
        {
            *exemplar = Some((trace, duration));
        }
    }

    /// A request has ended, be it a call or not.
    pub(super) fn request_ended(&self, protocol: Protocol, version: HttpVersion, outcome: Outcome) {
        let way = protocol as usize * HttpVersion::ALL.len() + version as usize;
        if let Some(way) = self.ways.get(way) {
            way.get_or_init(Box::default).count(outcome);
        }
    }

    /// `pkg.Service/Method`, or [`OTHER`].
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Which sides stream; none of [`OTHER`], which is many.
    #[must_use]
    pub const fn shape(&self) -> Option<Shape> {
        self.shape
    }

    /// Calls that have begun.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Calls that have ended, by status.
    pub fn ended(&self) -> impl Iterator<Item = (Code, &Ended)> {
        self.ended.iter()
    }

    /// Requests that have ended, by how they did.
    pub fn requests(&self) -> impl Iterator<Item = Ends> {
        let versions = HttpVersion::ALL;
        let kinds = Protocol::ALL
            .into_iter()
            .flat_map(move |protocol| versions.map(|version| (protocol, version.as_str())));
        kinds
            .zip(&self.ways)
            .flat_map(|((protocol, version), way)| {
                let ways = way.get().into_iter().flat_map(|way| way.read());
                ways.map(move |(outcome, count)| Ends {
                    protocol,
                    version,
                    outcome,
                    count,
                })
            })
    }

    fn is_used(&self) -> bool {
        self.started() > 0 || self.ways.iter().any(|way| way.get().is_some())
    }
}

impl Default for Outcomes {
    fn default() -> Self {
        Self {
            places: [const { (AtomicU32::new(FREE), AtomicU64::new(0)) }; OUTCOMES_MAX],
            others: AtomicU64::new(0),
        }
    }
}

/// What no outcome is written as.
const FREE: u32 = 0;

impl Outcomes {
    fn count(&self, outcome: Outcome) {
        let key = outcome.key();
        for (place, count) in &self.places {
            let taken = match place.load(Ordering::Relaxed) {
                FREE => place
                    .compare_exchange(FREE, key, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|other| other, |_| key),
                taken => taken,
            };
            if taken == key {
                count.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        self.others.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> impl Iterator<Item = (Option<Outcome>, u64)> {
        let places = self.places.iter().filter_map(|(place, count)| {
            let outcome = Outcome::of_key(place.load(Ordering::Relaxed))?;
            Some((Some(outcome), count.load(Ordering::Relaxed)))
        });
        let others = Some((None, self.others.load(Ordering::Relaxed)));
        places.chain(others.filter(|(_, count)| *count > 0))
    }
}

impl Outcome {
    /// As one number, which is never [`FREE`]: HTTP's status is not 0.
    fn key(self) -> u32 {
        let origin: u32 = match self.origin {
            None => 0,
            Some(Origin::Downstream) => 1,
            Some(Origin::Gateway) => 2,
            Some(Origin::Upstream) => 3,
        };
        origin << 24 | (self.code as u32) << 16 | u32::from(self.http.as_u16())
    }

    fn of_key(key: u32) -> Option<Self> {
        let [origin, code, high, low] = key.to_be_bytes();
        Some(Self {
            code: Code::ALL.into_iter().nth(code.into())?,
            http: StatusCode::from_u16(u16::from_be_bytes([high, low])).ok()?,
            origin: match origin {
                1 => Some(Origin::Downstream),
                2 => Some(Origin::Gateway),
                3 => Some(Origin::Upstream),
                _ => None,
            },
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn outcome(code: Code, http: u16, origin: Option<Origin>) -> Outcome {
        let http = StatusCode::from_u16(http).unwrap();
        Outcome { code, http, origin }
    }

    #[test]
    fn an_outcome_survives_its_number() {
        for code in Code::ALL {
            for (http, origin) in [
                (200, None),
                (499, Some(Origin::Downstream)),
                (999, Some(Origin::Gateway)),
                (100, Some(Origin::Upstream)),
            ] {
                let outcome = outcome(code, http, origin);
                assert_eq!(Outcome::of_key(outcome.key()), Some(outcome));
            }
        }
        assert_eq!(Outcome::of_key(FREE), None);
    }

    #[test]
    fn requests_are_counted_by_how_they_ended() {
        let served = Served::new("a.B/C", Some(Shape::Unary));
        let fine = outcome(Code::Ok, 200, None);
        let ill = outcome(Code::Unavailable, 503, Some(Origin::Upstream));
        for outcome in [fine, fine, ill] {
            served.request_ended(Protocol::Rest, HttpVersion::Http11, outcome);
        }
        served.request_ended(Protocol::Grpc, HttpVersion::Http2, fine);
        let ends: Vec<_> = served
            .requests()
            .map(|ends| (ends.protocol, ends.version, ends.outcome, ends.count))
            .collect();
        assert_eq!(
            ends,
            [
                (Protocol::Rest, "1.1", Some(fine), 2),
                (Protocol::Rest, "1.1", Some(ill), 1),
                (Protocol::Grpc, "2", Some(fine), 1),
            ]
        );
    }

    #[test]
    fn a_backend_that_chooses_every_status_makes_no_more_than_the_bound() {
        let served = Served::new("a.B/C", None);
        for http in 100..1000 {
            let outcome = outcome(Code::Ok, http, None);
            served.request_ended(Protocol::Rest, HttpVersion::Http11, outcome);
        }
        let ends: Vec<_> = served.requests().collect();
        assert_eq!(ends.len(), OUTCOMES_MAX + 1);
        assert_eq!(ends.iter().map(|ends| ends.count).sum::<u64>(), 900);
        assert_eq!(ends.last().unwrap().outcome, None);
    }

    #[test]
    fn nothing_is_lost_where_many_take_the_first_place() {
        let served = Served::new("a.B/C", None);
        std::thread::scope(|scope| {
            for thread in 0..4_u16 {
                let served = &served;
                scope.spawn(move || {
                    for n in 0..1_000_u16 {
                        let outcome = outcome(Code::Ok, 200 + (n + thread) % 8, None);
                        served.request_ended(Protocol::Rest, HttpVersion::Http2, outcome);
                    }
                });
            }
        });
        let ends: Vec<_> = served.requests().collect();
        assert_eq!(ends.len(), 8);
        assert!(ends.iter().all(|ends| ends.count == 500), "{ends:?}");
    }
}

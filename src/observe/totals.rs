//! What is counted of all calls together.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::histogram::{Histogram, LATENCY, SIZE, nanoseconds};
use super::protocol::Protocol;
use crate::call::{Cause, Code, Origin, Status};
use crate::schema::Shape;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the backend.
    Request,
    /// To the client.
    Response,
}

impl Direction {
    /// Both, each at the place of its number.
    pub const ALL: [Self; 2] = [Self::Request, Self::Response];

    /// The word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// The shapes, each at the place of its number, and their words in metrics.
pub(super) const KINDS: [(Shape, &str); 4] = [
    (Shape::Unary, "unary"),
    (Shape::ClientStream, "client"),
    (Shape::ServerStream, "server"),
    (Shape::Bidi, "bidi"),
];

/// What is counted of all calls.
#[derive(Debug)]
pub(super) struct Totals {
    active: [[AtomicI64; KINDS.len()]; Protocol::ALL.len()],
    rejected: [AtomicU64; Cause::ALL.len()],
    dropped: AtomicU64,
    messages: [Histogram; 2],
    texts: [Histogram; 2],
    transcoding: [Histogram; 2],
}

impl Default for Totals {
    fn default() -> Self {
        let two = |bounds| [Histogram::new(bounds), Histogram::new(bounds)];
        Self {
            active: [const { [const { AtomicI64::new(0) }; KINDS.len()] }; Protocol::ALL.len()],
            rejected: [const { AtomicU64::new(0) }; Cause::ALL.len()],
            dropped: AtomicU64::new(0),
            messages: two(&SIZE),
            texts: two(&SIZE),
            transcoding: two(&LATENCY),
        }
    }
}

impl Totals {
    fn active(&self, protocol: Protocol, shape: Shape) -> &AtomicI64 {
        // Numbers are places.
        &self.active[protocol as usize][shape as usize]
    }

    /// A call has begun.
    pub(super) fn begins(&self, protocol: Protocol, shape: Shape) {
        self.active(protocol, shape).fetch_add(1, Ordering::Relaxed);
    }

    /// It has ended.
    pub(super) fn ends(&self, protocol: Protocol, shape: Shape) {
        self.active(protocol, shape).fetch_sub(1, Ordering::Relaxed);
    }

    /// A request has ended so: it counts if it was not the backend's doing, nor a client that left.
    pub(super) fn ended(&self, status: &Status) {
        if status.is_ok() || status.origin == Origin::Upstream || status.code == Code::Cancelled {
            return;
        }
        self.rejected[status.cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// So many values of metadata were left out, which are not ASCII.
    pub(super) fn dropped(&self, values: u64) {
        self.dropped.fetch_add(values, Ordering::Relaxed);
    }

    /// How many there were.
    pub(super) fn metadata_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// A message of so many bytes, in protobuf.
    pub(super) fn message(&self, direction: Direction, bytes: usize) {
        self.messages[direction as usize].record(bytes as u64);
    }

    /// It is so many bytes of text to its client, and took so long to become one from the other.
    pub(super) fn transcoded(&self, direction: Direction, text: usize, took: Duration) {
        self.texts[direction as usize].record(text as u64);
        self.transcoding[direction as usize].record(nanoseconds(took));
    }

    /// Calls under way, where there are or were some.
    pub(super) fn under_way(&self) -> impl Iterator<Item = (Protocol, &'static str, i64)> {
        let protocols = Protocol::ALL.into_iter().zip(&self.active);
        protocols.flat_map(|(protocol, active)| {
            let kinds = KINDS.iter().zip(active);
            kinds.map(move |((_, kind), count)| (protocol, *kind, count.load(Ordering::Relaxed)))
        })
    }

    /// Requests that were refused here, by why.
    pub(super) fn rejected(&self) -> impl Iterator<Item = (Cause, u64)> {
        let causes = Cause::ALL.into_iter().zip(&self.rejected);
        causes.map(|(cause, count)| (cause, count.load(Ordering::Relaxed)))
    }

    /// Sizes of messages: in text to the client, and in protobuf.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (Direction, &'static str, &Histogram)> {
        let texts = Direction::ALL.into_iter().zip(&self.texts);
        let messages = Direction::ALL.into_iter().zip(&self.messages);
        let texts = texts.map(|(direction, sizes)| (direction, "wire", sizes));
        texts.chain(messages.map(|(direction, sizes)| (direction, "decoded", sizes)))
    }

    /// How long messages took to become JSON, or to be made of it.
    pub(super) fn transcoding(&self) -> impl Iterator<Item = (Direction, &Histogram)> {
        Direction::ALL.into_iter().zip(&self.transcoding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_stands_at_the_place_of_its_number() {
        for (place, (shape, _)) in KINDS.into_iter().enumerate() {
            assert_eq!(shape as usize, place);
        }
        for (place, direction) in Direction::ALL.into_iter().enumerate() {
            assert_eq!(direction as usize, place);
        }
    }

    #[test]
    fn what_was_refused_here_counts_and_what_the_backend_said_does_not() {
        let totals = Totals::default();
        totals.ended(&Status::ok());
        totals.ended(&Status::upstream(Code::NotFound, ""));
        totals.ended(&Status::downstream(Code::Cancelled, ""));
        totals.ended(&Status::downstream(Code::InvalidArgument, ""));
        let limited = Status::gateway(Code::ResourceExhausted, "");
        totals.ended(&limited.because(Cause::RateLimited));
        let rejected: Vec<_> = totals.rejected().filter(|(_, count)| *count > 0).collect();
        assert_eq!(rejected, [(Cause::BadRequest, 1), (Cause::RateLimited, 1)]);
    }

    #[test]
    fn calls_under_way_come_and_go() {
        let totals = Totals::default();
        totals.begins(Protocol::Grpc, Shape::Bidi);
        totals.begins(Protocol::Grpc, Shape::Bidi);
        totals.ends(Protocol::Grpc, Shape::Bidi);
        let mut some = totals.under_way().filter(|(.., count)| *count != 0);
        assert_eq!(some.next(), Some((Protocol::Grpc, "bidi", 1)));
        assert_eq!(some.next(), None);
    }
}

//! Why a connection that was made has ended: the words of gRFC A94, counted.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use h2::Reason;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// It was let go here: it rested, was old, or its endpoint is no longer one.
    LetGo,
    /// One side sent a GOAWAY with this reason, which is an error.
    GoAway(Reason),
    /// The peer reset it.
    Reset,
    /// The peer was silent, to PINGs too.
    TimedOut,
    /// It was aborted.
    Aborted,
    /// Its socket failed otherwise.
    Socket,
    /// It was closed: after a GOAWAY without an error or without a word, which hyper does not tell.
    Closed,
}

/// The words, in the order of [`Parting::place`].
const WORDS: [&str; 20] = [
    "unknown",
    "subchannel shutdown",
    "connection reset",
    "connection timed out",
    "connection aborted",
    "socket error",
    "GOAWAY NO_ERROR",
    "GOAWAY PROTOCOL_ERROR",
    "GOAWAY INTERNAL_ERROR",
    "GOAWAY FLOW_CONTROL_ERROR",
    "GOAWAY SETTINGS_TIMEOUT",
    "GOAWAY STREAM_CLOSED",
    "GOAWAY FRAME_SIZE_ERROR",
    "GOAWAY REFUSED_STREAM",
    "GOAWAY CANCEL",
    "GOAWAY COMPRESSION_ERROR",
    "GOAWAY CONNECT_ERROR",
    "GOAWAY ENHANCE_YOUR_CALM",
    "GOAWAY INADEQUATE_SECURITY",
    "GOAWAY HTTP_1_1_REQUIRED",
];

/// Where the reasons of GOAWAY begin among the words, by their codes (RFC 9113, section 7).
const REASONS: usize = 6;

impl Parting {
    /// What ended the driving of a connection.
    pub(super) fn of(error: &hyper::Error) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                if let Some(error) = error.get_io() {
                    return Self::of_io(error.kind());
                }
                return error.reason().map_or(Self::Closed, Self::GoAway);
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Self::of_io(error.kind());
            }
            source = error.source();
        }
        Self::Closed
    }

    fn of_io(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionReset => Self::Reset,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::ConnectionAborted => Self::Aborted,
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Socket,
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Closed => 0,
            Self::LetGo => 1,
            Self::Reset => 2,
            Self::TimedOut => 3,
            Self::Aborted => 4,
            Self::Socket => 5,
            Self::GoAway(reason) => usize::try_from(u32::from(reason))
                .ok()
                .and_then(|code| code.checked_add(REASONS))
                .filter(|place| *place < WORDS.len())
                .unwrap_or(0),
        }
    }
}

/// How often connections to an endpoint have ended, and why.
#[derive(Debug, Default)]
pub(super) struct Partings([AtomicU64; WORDS.len()]);

impl Partings {
    /// One more.
    pub(super) fn count(&self, parting: Parting) {
        if let Some(count) = self.0.get(parting.place()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All of them.
    pub(super) fn total(&self) -> u64 {
        self.0
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// Those that there were, by their words.
    pub(super) fn by_word(&self) -> BTreeMap<String, u64> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        WORDS
            .iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| ((*word).to_owned(), count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parting_is_counted_by_its_word() {
        let partings = Partings::default();
        for parting in [
            Parting::LetGo,
            Parting::LetGo,
            Parting::Reset,
            Parting::TimedOut,
            Parting::Aborted,
            Parting::Socket,
            Parting::Closed,
            Parting::GoAway(Reason::NO_ERROR),
            Parting::GoAway(Reason::ENHANCE_YOUR_CALM),
            Parting::GoAway(Reason::HTTP_1_1_REQUIRED),
            Parting::GoAway(Reason::from(77)),
        ] {
            partings.count(parting);
        }
        let expected = [
            ("GOAWAY ENHANCE_YOUR_CALM", 1),
            ("GOAWAY HTTP_1_1_REQUIRED", 1),
            ("GOAWAY NO_ERROR", 1),
            ("connection aborted", 1),
            ("connection reset", 1),
            ("connection timed out", 1),
            ("socket error", 1),
            ("subchannel shutdown", 2),
            ("unknown", 2),
        ];
        let expected = expected.map(|(word, count)| (word.to_owned(), count));
        assert_eq!(partings.by_word(), BTreeMap::from(expected));
        assert_eq!(partings.total(), 11);
    }
}

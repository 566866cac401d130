//! An upload cut into pieces: bytes as they come, none of them copied here.

use bytes::Bytes;

/// Cuts bytes into pieces. There is one at least, so that an empty upload says what it is.
#[derive(Debug)]
pub(super) struct Pieces {
    max: usize,
    rest: Bytes,
    begun: Begun,
}

/// Whether there was a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    NotYet,
    Done,
}

impl Pieces {
    /// Pieces of at most `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            rest: Bytes::new(),
            begun: Begun::NotYet,
        }
    }

    /// Adds bytes. To be called when [`next`](Self::next) has given `None`.
    pub(super) fn push(&mut self, bytes: Bytes) {
        debug_assert!(self.rest.is_empty(), "what is there has not been taken");
        self.rest = bytes;
    }

    /// The next piece; `None` until more bytes are pushed.
    #[allow(clippy::should_implement_trait)] // an iterator would promise an end
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            return None;
        }
        self.begun = Begun::Done;
        Some(self.rest.split_to(self.rest.len().min(self.max)))
    }

    /// What the end brings.
    pub(super) fn finish(&mut self) -> Option<Bytes> {
        (std::mem::replace(&mut self.begun, Begun::Done) == Begun::NotYet).then(Bytes::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_bounded_and_there_is_one_at_least() {
        let mut pieces = Pieces::new(64 << 10);
        pieces.push(Bytes::from(vec![1; (128 << 10) + 1]));
        let sizes: Vec<_> = std::iter::from_fn(|| pieces.next())
            .map(|piece| piece.len())
            .collect();
        assert_eq!(sizes, [64 << 10, 64 << 10, 1]);
        assert_eq!(pieces.finish(), None);

        let mut empty = Pieces::new(10);
        assert_eq!(empty.next(), None);
        assert_eq!(empty.finish(), Some(Bytes::new()));
        assert_eq!(empty.finish(), None);
    }
}

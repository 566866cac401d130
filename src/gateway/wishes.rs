//! Wishes of operators that the configuration be read again, on their way to whoever can read it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

/// Wishes that wait at most; they are all granted together.
const WISHES_MAX: usize = 64;

/// One wish. Dropped without an answer, it is answered that nobody reads the configuration.
#[derive(Debug)]
pub struct Wish(oneshot::Sender<Result<String, String>>);

impl Wish {
    /// What came of it: what was taken, or why nothing was.
    pub fn answer(self, outcome: Result<String, String>) {
        // Whoever has left needs no answer.
        let _ = self.0.send(outcome);
    }
}

/// Both ends of the way.
#[derive(Debug)]
pub(super) struct Wishes {
    send: mpsc::Sender<Wish>,
    receive: Mutex<Option<mpsc::Receiver<Wish>>>,
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    /// It was read, with this outcome.
    Read(Result<String, String>),
    /// Nobody here can read it.
    Nobody,
    /// Too many wait already.
    TooMany,
}

impl Wishes {
    pub(super) fn new() -> Self {
        let (send, receive) = mpsc::channel(WISHES_MAX);
        Self {
            send,
            receive: Mutex::new(Some(receive)),
        }
    }

    /// The other end, for the first who asks.
    pub(super) fn take(&self) -> Option<mpsc::Receiver<Wish>> {
        let mut receive = self.receive.lock().unwrap_or_else(PoisonError::into_inner);
        receive.take()
    }

    /// Wishes, and waits for the outcome.
    pub(super) async fn wish(&self) -> Granted {
        let is_heard = self
            .receive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none();
        if !is_heard {
            return Granted::Nobody;
        }
        let (answer, outcome) = oneshot::channel();
        match self.send.try_send(Wish(answer)) {
            Err(mpsc::error::TrySendError::Full(_)) => return Granted::TooMany,
            Err(mpsc::error::TrySendError::Closed(_)) => return Granted::Nobody,
            Ok(()) => {}
        }
        outcome.await.map_or(Granted::Nobody, Granted::Read)
    }
}

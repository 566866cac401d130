//! Whether the client is still there: one that is not heard for a while is asked, and one that does
//! not answer is gone. The questions also keep what is between from forgetting a silent connection.
//!
//! ```text
//! heard ──── PING_AFTER ────► ping ──── PONG_WITHIN ────► gone
//!   ▲                           │ anything is heard
//!   └───────────────────────────┘
//! ```

use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::protocol::body::Span;

/// How long a client may be silent before it is asked.
pub(super) const PING_AFTER: Duration = Duration::from_secs(30);

/// How long it has to answer, or to send anything else.
pub(super) const PONG_WITHIN: Duration = Duration::from_secs(20);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Ask the client.
    Ping,
    /// It did not answer.
    Gone,
}

/// Whether anybody listens to the client: while the backend takes nothing, nobody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ear {
    Open,
    Closed,
}

/// The timer of the picture above.
#[derive(Debug)]
pub(super) struct Heartbeat {
    span: Span,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Heard,
    Asked,
}

impl Heartbeat {
    pub(super) fn new() -> Self {
        Self {
            span: Span::new(PING_AFTER),
            state: State::Heard,
        }
    }

    /// The client is there.
    pub(super) fn heard(&mut self) {
        self.state = State::Heard;
        self.span.restart_as(PING_AFTER);
    }

    /// Ready when something is due.
    pub(super) fn poll_due(&mut self, ear: Ear, cx: &mut Context<'_>) -> Poll<Beat> {
        ready!(self.span.poll_over(cx));
        Poll::Ready(match (self.state, ear) {
            (State::Asked, Ear::Open) => Beat::Gone,
            // Its answer may lie unread; asking again at least tells a connection that is broken.
            (State::Heard, _) | (State::Asked, Ear::Closed) => {
                self.state = State::Asked;
                self.span.restart_as(PONG_WITHIN);
                Beat::Ping
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    async fn due(heartbeat: &mut Heartbeat, ear: Ear) -> (Beat, u64) {
        let began = Instant::now();
        let beat = std::future::poll_fn(|cx| heartbeat.poll_due(ear, cx)).await;
        (beat, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_asked_once_and_then_gone() {
        let mut heartbeat = Heartbeat::new();
        assert_eq!(due(&mut heartbeat, Ear::Open).await, (Beat::Ping, 30));
        assert_eq!(due(&mut heartbeat, Ear::Open).await, (Beat::Gone, 20));
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_is_heard_begins_anew() {
        let mut heartbeat = Heartbeat::new();
        assert_eq!(due(&mut heartbeat, Ear::Open).await, (Beat::Ping, 30));
        tokio::time::sleep(Duration::from_secs(15)).await;
        heartbeat.heard();
        assert_eq!(due(&mut heartbeat, Ear::Open).await, (Beat::Ping, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_listened_to_is_not_gone() {
        let mut heartbeat = Heartbeat::new();
        assert_eq!(due(&mut heartbeat, Ear::Closed).await, (Beat::Ping, 30));
        assert_eq!(due(&mut heartbeat, Ear::Closed).await, (Beat::Ping, 20));
        assert_eq!(due(&mut heartbeat, Ear::Open).await, (Beat::Gone, 20));
    }
}

//! The timer for clients that do not read: a response is there, and nobody takes it.
//!
//! hyper stops polling a response body while the client opens no flow-control window (HTTP/2) or
//! does not drain its socket (HTTP/1.1), so no timer inside the body can fire. This one runs
//! outside of it, in the task that polls it:
//!
//! ```text
//!  body ── offers a piece, or waits for the backend ──► Pace ──► Patience ── after write_stall ──►
//!                                                           reset the stream, close the connection
//! ```
//!
//! A call whose deadline passes ends by itself, in its body; a client that does not even take that
//! end is cut [`GRACE`] later.
//!
//! An HTTP/2 stream is a task of its own (see [`Streams`]); dropping what runs in it resets that
//! stream and leaves its neighbours alone. An HTTP/1.1 connection has one body at a time, so the
//! connection's task watches its one [`Pace`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::task::futures::TaskLocalFuture;
use tokio::time::{Instant, Sleep};

use crate::call::Deadline;

/// Set while something is offered.
const OFFERED: u64 = 1;

/// How long the last of an answer may lie after the deadline of its call.
const GRACE: Duration = Duration::from_secs(1);

/// What a response body and the task that polls it both see: whose turn it is.
///
/// Both run in one task, so relaxed atomics are exact.
#[derive(Clone, Debug)]
pub(super) struct Pace(Arc<Turn>);

#[derive(Debug)]
struct Turn {
    /// Counts offers; its lowest bit is [`OFFERED`].
    offers: AtomicU64,
    /// When the call of the body that is offered has to have ended: in milliseconds since `epoch`.
    deadline: AtomicU64,
    epoch: Instant,
}

/// No deadline.
const NEVER: u64 = u64::MAX;

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Turn {
            offers: AtomicU64::new(0),
            deadline: AtomicU64::new(NEVER),
            epoch: Instant::now(),
        }))
    }
}

impl Pace {
    /// The body that begins now belongs to a call with this deadline.
    pub(super) fn begin(&self, deadline: Deadline) {
        let at = match deadline {
            Deadline::At(at) => at.saturating_duration_since(self.0.epoch).as_millis(),
            Deadline::Never => NEVER.into(),
        };
        let at = u64::try_from(at).unwrap_or(NEVER);
        self.0.deadline.store(at, Ordering::Relaxed);
    }

    /// The moment of the deadline.
    fn deadline(&self) -> Option<Instant> {
        match self.0.deadline.load(Ordering::Relaxed) {
            NEVER => None,
            // Rounded up: never earlier than it was set.
            at => self
                .0
                .epoch
                .checked_add(Duration::from_millis(at.saturating_add(1))),
        }
    }

    /// There is something for the client to take, and something else than before.
    pub(super) fn offer(&self) {
        let turn = self.0.offers.load(Ordering::Relaxed);
        self.0
            .offers
            .store(turn.wrapping_add(2) | OFFERED, Ordering::Relaxed);
    }

    /// The client has taken everything; it is not its turn.
    pub(super) fn rest(&self) {
        let turn = self.0.offers.load(Ordering::Relaxed);
        self.0.offers.store(turn & !OFFERED, Ordering::Relaxed);
    }

    /// Which offer the client has not taken, if any.
    fn offered(&self) -> Option<u64> {
        let turn = self.0.offers.load(Ordering::Relaxed);
        (turn & OFFERED != 0).then_some(turn)
    }
}

/// How long a client may let one offer lie.
#[derive(Debug)]
pub(super) struct Patience {
    pace: Pace,
    after: Duration,
    /// The offer that was there at the last look, and since when.
    seen: Option<u64>,
    since: Instant,
    /// Made by the first client that lets something lie; moved when it fires, or a deadline is near.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(pace: Pace, after: Duration) -> Self {
        Self {
            since: pace.0.epoch,
            pace,
            after,
            seen: None,
            sleep: None,
        }
    }

    /// Ready once an offer has lain too long. To be polled after every poll of what makes offers.
    pub(super) fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let offered = self.pace.offered();
        if offered.is_none() {
            return Poll::Pending;
        }
        if self.seen != offered {
            self.seen = offered;
            self.since = Instant::now();
        }
        // A span too long to be a moment never ends.
        let stalled = self.since.checked_add(self.after);
        let deadline = self.pace.deadline().map(|at| at.max(self.since) + GRACE);
        let Some(due) = stalled.into_iter().chain(deadline).min() else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if due < sleep.deadline() {
            sleep.as_mut().reset(due);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(due);
        }
    }
}

tokio::task_local! {
    static STREAM: Pace;
}

/// The pace of the HTTP/2 stream whose task this is.
pub(super) fn of_stream() -> Option<Pace> {
    STREAM.try_with(Pace::clone).ok()
}

/// Runs the tasks that hyper makes of HTTP/2 streams, each under a [`Patience`] of its own.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    write_stall: Duration,
}

impl Streams {
    pub(super) fn new(write_stall: Duration) -> Self {
        Self { write_stall }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(Watched::new(stream, self.write_stall));
    }
}

pin_project_lite::pin_project! {
    /// The stream until it ends, or its client has let something lie for too long.
    struct Watched<F> {
        #[pin]
        stream: TaskLocalFuture<Pace, F>,
        patience: Patience,
    }
}

impl<F: Future<Output = ()>> Watched<F> {
    fn new(stream: F, after: Duration) -> Self {
        let pace = Pace::default();
        Self {
            patience: Patience::new(pace.clone(), after),
            stream: STREAM.scope(pace, stream),
        }
    }
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        this.patience.poll_out(cx).map(|()| {
            tracing::debug!("reset a stream whose client does not read its response");
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(60);

    /// Runs `stream` as hyper's executor would; how long it lived.
    async fn lifetime(stream: impl Future<Output = ()>) -> Duration {
        let begun = Instant::now();
        Watched::new(stream, STALL).await;
        begun.elapsed()
    }

    fn pace() -> Pace {
        of_stream().expect("streams have a pace")
    }

    async fn seconds(n: u64) {
        tokio::time::sleep(Duration::from_secs(n)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_is_given_up() {
        let never = async {
            pace().offer();
            std::future::pending().await
        };
        let lived = lifetime(never).await;
        assert!(lived >= STALL && lived < STALL + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn every_piece_has_its_own_time_and_a_silent_backend_costs_none() {
        let slow = async {
            for _ in 0..5 {
                pace().offer();
                seconds(59).await;
            }
            pace().rest();
            seconds(600).await;
            pace().offer();
            seconds(59).await;
        };
        assert_eq!(lifetime(slow).await, Duration::from_secs(6 * 59 + 600));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_rang_early_rings_again() {
        let stalls_later = async {
            pace().offer();
            seconds(30).await;
            pace().offer();
            std::future::pending().await
        };
        let lived = lifetime(stalls_later).await;
        assert!(lived >= Duration::from_secs(90) && lived < Duration::from_secs(91));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_whose_deadline_has_passed_is_not_held_open_by_its_client() {
        let seconds_from_now = |n| Deadline::after(Duration::from_secs(n));
        let begin = |deadline| {
            pace().begin(deadline);
            pace().offer();
        };
        // Nobody takes what is there.
        let never = async {
            begin(seconds_from_now(5));
            std::future::pending().await
        };
        let lived = lifetime(never).await;
        assert!(lived >= Duration::from_secs(6) && lived < Duration::from_secs(7));
        // The end, told at the deadline, has its time; the stream before had none.
        let late = async {
            begin(Deadline::Never);
            seconds(30).await;
            begin(seconds_from_now(5));
            seconds(4).await;
            pace().rest();
            seconds(10).await;
            pace().offer();
            std::future::pending().await
        };
        let lived = lifetime(late).await;
        assert!(
            lived >= Duration::from_secs(45) && lived < Duration::from_secs(46),
            "{lived:?}"
        );
        // A later deadline than the stall changes nothing.
        let stalled = async {
            begin(seconds_from_now(600));
            std::future::pending().await
        };
        let lived = lifetime(stalled).await;
        assert!(lived >= STALL && lived < STALL + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_beyond_all_clocks_never_ends() {
        let mut patience = Patience::new(Pace::default(), Duration::MAX);
        patience.pace.offer();
        let out = std::future::poll_fn(|cx| patience.poll_out(cx));
        assert!(
            tokio::time::timeout(Duration::from_secs(1 << 20), out)
                .await
                .is_err()
        );
    }
}

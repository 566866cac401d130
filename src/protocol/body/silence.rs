//! Timers over a stream's silence: [`Idle`] ends it, [`Pulse`] tells the client that it lasts.
//!
//! ```text
//! message ──── 15 s ──── beat ──── 15 s ──── beat ──── … ──── stream_idle: the end
//! ```
//!
//! A beat is no message: it wins the stream no time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::call::{Cause, Code, Status};
use crate::observe::Tally;

/// A span of time that begins anew with whatever happens.
#[derive(Debug)]
pub(in crate::protocol) struct Span {
    length: Duration,
    since: Instant,
    /// Made when it is first waited for; moved on when it fires, not with every event.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Span {
    pub(in crate::protocol) fn new(length: Duration) -> Self {
        Self {
            length,
            since: Instant::now(),
            sleep: None,
        }
    }

    pub(in crate::protocol) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Begins anew with another length.
    pub(in crate::protocol) fn restart_as(&mut self, length: Duration) {
        self.length = length;
        self.restart();
    }

    /// Ready while the span is over.
    pub(in crate::protocol) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A span too long to be a moment never ends.
        let Some(due) = self.since.checked_add(self.length) else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if due < sleep.deadline() {
            sleep.as_mut().reset(due); // it has become shorter
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

/// Watches a stream's silence. It is not silent while messages go either way.
#[derive(Debug)]
pub struct Idle {
    span: Span,
    /// Messages of the client, counted where they are read.
    uploads: Option<Arc<Tally>>,
    uploaded: u64,
}

impl Idle {
    /// Fires when there was no message for `after`, neither a reply nor one of `uploads`; never without
    /// such a time.
    #[must_use]
    pub fn new(after: impl Into<Option<Duration>>, uploads: Option<Arc<Tally>>) -> Self {
        Self {
            span: Span::new(after.into().unwrap_or(Duration::MAX)),
            uploads,
            uploaded: 0,
        }
    }

    /// Awaits `future` as long as the stream is not silent for too long.
    pub(in crate::protocol) async fn watch<T>(
        &mut self,
        future: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Pending => self.poll_silence(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        })
        .await
    }

    pub(in crate::protocol) fn touch(&mut self) {
        self.span.restart();
    }

    /// Resolves with the status that ends a silent stream.
    pub(in crate::protocol) fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if let Some(uploads) = &self.uploads
            && uploads.messages() != self.uploaded
        {
            self.uploaded = uploads.messages();
            self.span.restart();
        }
        ready!(self.span.poll_over(cx));
        let silent = self.span.length.as_secs_f32();
        let message = format!("the stream was silent for {silent} s");
        let status = Status::gateway(Code::Unavailable, message);
        Poll::Ready(status.because(Cause::StreamIdle))
    }
}

/// Bytes that mean nothing, written now and then so that nobody on the way takes a silent stream
/// for a dead one.
#[derive(Debug)]
pub struct Pulse {
    span: Span,
    beat: &'static [u8],
}

impl Pulse {
    /// Beats whenever nothing was written for `every`.
    #[must_use]
    pub fn new(every: Duration, beat: &'static [u8]) -> Self {
        Self {
            span: Span::new(every),
            beat,
        }
    }

    pub(super) fn touch(&mut self) {
        self.span.restart();
    }

    /// Resolves with the next beat.
    pub(in crate::protocol) fn poll_beat(&mut self, cx: &mut Context<'_>) -> Poll<&'static [u8]> {
        ready!(self.span.poll_over(cx));
        self.span.restart();
        Poll::Ready(self.beat)
    }
}

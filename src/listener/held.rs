//! A response body as the listener hands it to hyper: it keeps its call open, says at what
//! [`Pace`] it is taken, and comes in pieces that bound what lies in hyper's buffers. What is left of a
//! large frame is counted, and may have to be given up.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::guard::OpenCall;
use super::stall::Pace;
use crate::call::{Deadline, Share};

/// The largest piece. hyper takes a whole one for a single byte of window, and what it has taken
/// stays in memory as long as the client pleases.
const PIECE: usize = 64 * 1024;

/// A response body that keeps its call open.
#[derive(Debug)]
pub(super) struct Held {
    body: Body,
    /// What is left of a frame larger than a piece.
    rest: Bytes,
    /// Why the body broke off, until what came before is on its way.
    broken: Option<axum::Error>,
    pace: Pace,
    /// What the rest of a frame holds; made for the first that is large.
    share: Option<Share>,
    open: OpenCall,
}

impl Held {
    pub(super) fn new(body: Body, open: OpenCall, pace: Pace, deadline: Deadline) -> Self {
        pace.begin(deadline);
        // The head counts: behind responses that nobody reads, hyper does not ask for a body at all.
        pace.offer();
        Self {
            body,
            rest: Bytes::new(),
            broken: None,
            pace,
            share: None,
            open,
        }
    }

    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    // hyper drops what it has not flushed when a body fails, the head included;
                    // it flushes when a body has to be waited for.
                    self.broken = Some(error);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => return Poll::Ready(None),
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => return Poll::Ready(Some(Ok(frame))),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        if !self.rest.is_empty() || self.share.is_some() {
            let share = self
                .share
                .get_or_insert_with(|| Share::of(self.open.buffers()));
            share.note(self.rest.len());
            if let Poll::Ready(crowded) = share.poll_shed(cx) {
                // A head has left, so the end of the stream says it.
                return Poll::Ready(Some(Err(axum::Error::new(crowded))));
            }
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = self.poll_piece(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => self.pace.offer(),
            Poll::Ready(_) | Poll::Pending => self.pace.rest(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint() + SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pace.rest();
    }
}

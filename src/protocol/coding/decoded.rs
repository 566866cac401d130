//! A request body that decompresses itself while it is read.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::{Buf as _, Bytes};
use http_body::Frame;

use super::super::linger::linger;
use crate::call::Coding;
use crate::call::compression::{Fault, Inflater};

/// Plain bytes that are held at a time, at most.
const CHUNK: usize = 16 << 10;

/// A body that is not what its content coding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request body is not valid {}: {fault}", .coding.name())]
pub struct Undecodable {
    coding: Coding,
    fault: Fault,
}

impl Undecodable {
    /// The reason for which reading a body failed, if it was this one.
    pub(crate) fn of(error: &axum::Error) -> Option<Self> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(undecodable) = error.downcast_ref() {
                return Some(*undecodable);
            }
            cause = error.source();
        }
        None
    }
}

/// The plain bytes of a compressed body: pulled, in chunks of at most [`CHUNK`] bytes, so that a
/// bomb goes no further than whoever counts lets it.
#[derive(Debug)]
pub(super) struct Decoded {
    body: Body,
    coding: Coding,
    /// Compressed bytes that have not been looked at.
    input: Bytes,
    /// Plain bytes, the first `filled` of these.
    chunk: Vec<u8>,
    filled: usize,
    /// The decoder may hold plain bytes that the last chunk had no room for.
    has_more: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing has come yet.
    Fresh,
    Reading(Inflater),
    /// All plain bytes are in the chunk, or an error was handed out.
    Over,
}

impl Decoded {
    pub(super) const fn new(body: Body, coding: Coding) -> Self {
        Self {
            body,
            coding,
            input: Bytes::new(),
            chunk: Vec::new(),
            filled: 0,
            has_more: false,
            stage: Stage::Fresh,
        }
    }

    /// Decompresses until the chunk is full or all input is used up.
    fn inflate(&mut self) -> Result<(), Fault> {
        if matches!(self.stage, Stage::Fresh) {
            self.stage = Stage::Reading(Inflater::new(self.coding)?);
        }
        let Stage::Reading(inflater) = &mut self.stage else {
            return Ok(());
        };
        self.chunk.resize(CHUNK, 0);
        self.has_more = true;
        while let Some(room) = self.chunk.get_mut(self.filled..).filter(|r| !r.is_empty()) {
            let length = room.len();
            let step = inflater.step(&self.input, room)?;
            self.input.advance(step.read.min(self.input.len()));
            self.filled += step.written;
            if self.input.is_empty() && step.written < length {
                self.has_more = false;
                break;
            }
        }
        Ok(())
    }

    /// What there is for the reader. Little is copied, so that no chunk is larger than it looks.
    fn take(&mut self) -> Option<Result<Frame<Bytes>, axum::Error>> {
        let filled = std::mem::take(&mut self.filled);
        if filled == 0 {
            return None;
        }
        let data = if filled > CHUNK / 2 {
            let mut chunk = std::mem::take(&mut self.chunk);
            chunk.truncate(filled);
            chunk.into()
        } else {
            Bytes::copy_from_slice(self.chunk.get(..filled).unwrap_or_default())
        };
        Some(Ok(Frame::data(data)))
    }

    fn fail(&mut self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.stage = Stage::Over;
        self.filled = 0;
        linger(std::mem::take(&mut self.body));
        let coding = self.coding;
        Poll::Ready(Some(Err(axum::Error::new(Undecodable { coding, fault }))))
    }
}

impl http_body::Body for Decoded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            if matches!(this.stage, Stage::Over) {
                return Poll::Ready(this.take());
            }
            if this.filled == CHUNK {
                return Poll::Ready(this.take());
            }
            if this.has_more || !this.input.is_empty() {
                if let Err(fault) = this.inflate() {
                    return this.fail(fault);
                }
                continue;
            }
            match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Pending => {
                    return match this.take() {
                        Some(frame) => Poll::Ready(Some(frame)),
                        None => Poll::Pending,
                    };
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers of a request mean nothing here.
                    this.input = frame.into_data().unwrap_or_default();
                }
                Poll::Ready(Some(Err(error))) => {
                    this.stage = Stage::Over;
                    this.filled = 0;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    let finished = match &this.stage {
                        Stage::Reading(inflater) => inflater.finish(),
                        Stage::Fresh | Stage::Over => Ok(()),
                    };
                    if let Err(fault) = finished {
                        return this.fail(fault);
                    }
                    this.stage = Stage::Over;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.stage {
            Stage::Fresh => self.input.is_empty() && self.body.is_end_stream(),
            Stage::Reading(_) => false,
            Stage::Over => self.filled == 0,
        }
    }
}

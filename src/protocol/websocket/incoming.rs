//! A client's frames as the messages of its call, and what it may not send.
//!
//! ```text
//! text, not blank ─► JSON ─┐
//! binary ─► wire form ─────┴─► Message      text, blank ─► the half-close
//! ```
//!
//! White space is no JSON, so blank text can mean the same as none. Chromium needs that over HTTP/2: an
//! empty frame that it is given while another one is on its way never leaves, nor what comes behind.

use axum::extract::ws::{CloseCode, Utf8Bytes, close_code};
use bytes::Bytes;

use super::offer::sub_protocol;
use crate::call::{Code, Message, Status};
use crate::protocol::rest::frames::Frames;
use crate::protocol::{Codec, unary};

/// One frame with data, its fragments joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Text(Utf8Bytes),
    Binary(Bytes),
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The next message.
    Message(Message),
    /// There will be no more.
    HalfClose,
}

/// How a client broke its side: it is told the status, then the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: Status,
    pub(super) close: CloseCode,
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Self {
            status,
            close: close_code::ERROR,
        }
    }
}

/// How many messages a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// None: the URL is the message.
    None,
    /// Exactly one.
    One,
    /// Any number.
    Many,
}

/// The client's side of a call.
#[derive(Debug)]
pub(super) struct Incoming {
    wants: Wants,
    /// That of the sub-protocol, which is the only one then.
    chosen: Option<Codec>,
    /// That of the first message.
    first: Option<Codec>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has come yet.
    Fresh,
    /// Messages have come.
    Open,
    /// The client has half-closed.
    HalfClosed,
}

impl Incoming {
    pub(super) const fn new(wants: Wants, chosen: Option<Codec>) -> Self {
        Self {
            wants,
            chosen,
            first: None,
            state: State::Fresh,
        }
    }

    /// How many messages the call takes.
    pub(super) const fn wants(&self) -> Wants {
        self.wants
    }

    /// How replies are written: by that of the sub-protocol, else of the first message, else JSON.
    pub(super) const fn codec(&self) -> Codec {
        match (self.chosen, self.first) {
            (Some(codec), _) | (None, Some(codec)) => codec,
            (None, None) => Codec::Json,
        }
    }

    /// True once the client has half-closed.
    pub(super) fn is_half_closed(&self) -> bool {
        self.state == State::HalfClosed
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// It is not one that may come now, or no message of the method.
    pub(super) fn take(&mut self, frame: &Frame, frames: &mut Frames) -> Result<Said, Fault> {
        let codec = match frame {
            Frame::Text(text) if is_blank(text) => return self.half_close(),
            Frame::Text(_) => Codec::Json,
            Frame::Binary(_) => Codec::Proto,
        };
        if let Some(chosen) = self.chosen
            && chosen != codec
        {
            return Err(wrong_kind(chosen));
        }
        match (self.state, self.wants) {
            (State::HalfClosed, _) => return Err(after_the_half_close()),
            (State::Fresh | State::Open, Wants::None) => {
                return Err(besides_the_url(&frames.method().path));
            }
            (State::Open, Wants::One) => return Err(unary::not_one_request("more than one").into()),
            (State::Fresh, Wants::One) | (State::Fresh | State::Open, Wants::Many) => {}
        }
        self.first.get_or_insert(codec);
        self.state = State::Open;
        let message = match frame {
            Frame::Text(text) => frames.read_json(text.clone().into()),
            Frame::Binary(wire) => frames.read_wire(wire),
        };
        Ok(Said::Message(message?))
    }

    fn half_close(&mut self) -> Result<Said, Fault> {
        match (self.state, self.wants) {
            (State::HalfClosed, _) => Err(after_the_half_close()),
            (State::Fresh, Wants::One) => Err(unary::not_one_request("none").into()),
            (State::Fresh | State::Open, _) => {
                self.state = State::HalfClosed;
                Ok(Said::HalfClose)
            }
        }
    }
}

fn wrong_kind(chosen: Codec) -> Fault {
    let (found, expected) = match chosen {
        Codec::Json => ("a binary frame", "text frames"),
        Codec::Proto => ("a text frame that is not empty", "binary frames"),
    };
    let protocol = sub_protocol(chosen);
    let message = format!("found {found}, expected {expected}, as {protocol} has them");
    Fault {
        status: Status::downstream(Code::InvalidArgument, message),
        close: close_code::UNSUPPORTED,
    }
}

fn besides_the_url(own_path: &str) -> Fault {
    let message = format!(
        "found a message, expected none: with this path the URL is the one message of the call; \
         {own_path} takes it in a frame"
    );
    Status::downstream(Code::Unimplemented, message).into()
}

/// True for nothing but what JSON has as white space.
fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

fn after_the_half_close() -> Fault {
    let message = "found a frame after the empty text frame, which ends the client's messages";
    Status::downstream(Code::InvalidArgument, message).into()
}

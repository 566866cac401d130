//! What unary exchanges share: the whole body of a `request`, and an answer taken whole.

use crate::call::{
    Answer, Call, Cause, Code, Coding, End, Message, Metadata, Reply, Service, Status,
};

mod request;

pub(super) use request::in_time;
pub use request::{Bounds, Unread, read};

/// A unary answer, whole: OK with exactly one message, or not OK.
#[derive(Debug)]
pub struct Whole {
    /// Response metadata, unfiltered.
    pub metadata: Metadata,
    /// What the message is compressed in, if it is.
    pub encoding: Option<Coding>,
    /// The message; there is one if, and only if, the status is OK.
    pub message: Option<Message>,
    /// The status, and the trailers, unfiltered.
    pub end: End,
}

impl From<Status> for Whole {
    fn from(status: Status) -> Self {
        Self {
            metadata: Metadata::new(),
            encoding: None,
            message: None,
            end: status.into(),
        }
    }
}

/// Makes a unary call and takes its whole answer. The message's size is checked against `max`.
pub async fn make<S: Service>(calls: &S, call: Call, max: usize) -> Whole {
    match calls.call(call).await {
        Ok(reply) => whole(reply, max).await,
        Err(status) => status.into(),
    }
}

async fn whole(reply: Reply, max: usize) -> Whole {
    let Reply {
        metadata,
        encoding,
        mut replies,
    } = reply;
    let mut message = None;
    let end = loop {
        match replies.next().await {
            Some(Answer::Message(next)) if next.len() > max => {
                break too_large(next.len(), max).into();
            }
            Some(Answer::Message(next)) if message.is_none() => message = Some(next),
            Some(Answer::Message(_)) => break not_one_reply("more than one message").into(),
            Some(Answer::End(end)) if end.status.is_ok() && message.is_none() => {
                break End {
                    status: not_one_reply("no message"),
                    ..end
                };
            }
            Some(Answer::End(end)) => break end,
            None => break no_end().into(),
        }
    };
    let message = message.filter(|_| end.status.is_ok());
    Whole {
        metadata,
        encoding,
        message,
        end,
    }
}

/// A reply message above the limit.
pub(super) fn too_large(found: usize, max: usize) -> Status {
    Status::gateway(
        Code::ResourceExhausted,
        format!("a reply message of {found} bytes exceeds the limit of {max}"),
    )
}

/// A call that takes one message, and got another number of them.
pub(super) fn not_one_request(found: &str) -> Status {
    Status::downstream(
        Code::Unimplemented,
        format!("the method takes exactly one request message, found {found}"),
    )
}

/// A call that is answered with one message, and got another number of them.
pub(super) fn not_one_reply(found: &str) -> Status {
    let message = format!("the backend answered a unary call with {found}, expected exactly one");
    Status::upstream(Code::Unimplemented, message).because(Cause::UpstreamProtocol)
}

/// A reply that stopped without its end; what carries replies never lets it happen.
pub(super) fn no_end() -> Status {
    Status::upstream(Code::Unknown, "the backend's answer ended without a status")
        .because(Cause::UpstreamProtocol)
}

/// The payload of a message that has to be opened here.
pub(super) fn uncompressed(message: &Message) -> Result<&[u8], Status> {
    if message.is_compressed() {
        return Err(Status::upstream(
            Code::Internal,
            "a message that has to be opened here is still compressed",
        ));
    }
    Ok(message.payload_bytes())
}

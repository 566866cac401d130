//! Request messages of a method that says how large they may be.

use futures_util::StreamExt as _;

use crate::call::{Code, Message, Requests, Status};

/// The messages, none of which is larger than `most` bytes.
///
/// # Errors
/// RESOURCE_EXHAUSTED: the only one is. In a stream, that is an item of it.
pub(super) fn requests(requests: Requests, most: usize) -> Result<Requests, Status> {
    match requests {
        Requests::One(message) => fitting(message, most).map(Requests::One),
        Requests::Done => Ok(Requests::Done),
        Requests::Stream(messages) => Ok(Requests::stream(
            messages.map(move |message| fitting(message?, most)),
        )),
    }
}

fn fitting(message: Message, most: usize) -> Result<Message, Status> {
    let found = message.len();
    if found <= most {
        return Ok(message);
    }
    let text = format!(
        "found a request message of {found} bytes, expected at most {most}: maxRequestMessageBytes of \
         the method's service config"
    );
    Err(Status::downstream(Code::ResourceExhausted, text))
}

//! A stay in a room by one call: what the client says is said there, what anybody says comes back.
//!
//! It begins with the client's first message. It ends when the client has no more to say, and has
//! heard what was said until then. Nothing runs beside it: whoever drops the answer has left the room.

use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use tonic::{Status, Streaming};

use super::{Chat, Listening};
use crate::demo::failure::bad_field;
use crate::demo::pb::demo::chat::v1::{JoinRequest, Message};

/// What is heard in the room that the first of the `requests` names.
pub(super) fn visit(
    chat: Chat,
    mut requests: Streaming<JoinRequest>,
) -> impl Stream<Item = Result<Message, Status>> {
    // The head of the answer goes out before the first message is there.
    let beginning = async move {
        let first = requests.message().await?;
        let first = first.ok_or_else(|| bad_field("room", "the stream had no message"))?;
        let heard = chat.listen(&first.room, first.after)?;
        let mut visit = Visit {
            chat,
            room: first.room.clone(),
            author: String::new(),
            requests: Some(requests),
            heard,
        };
        visit.say(first)?;
        Ok::<_, Status>(stream::try_unfold(visit, Visit::next))
    };
    stream::once(beginning).flat_map(|begun| match begun {
        Ok(messages) => messages.left_stream(),
        Err(status) => stream::once(async { Err(status) }).right_stream(),
    })
}

struct Visit {
    chat: Chat,
    room: String,
    /// Who spoke last, and speaks where a message does not say who.
    author: String,
    /// None once the client has no more to say.
    requests: Option<Streaming<JoinRequest>>,
    heard: Listening,
}

impl Visit {
    /// The next message that is heard; says what comes in the meantime.
    async fn next(mut self) -> Result<Option<(Message, Self)>, Status> {
        while let Some(requests) = &mut self.requests {
            tokio::select! {
                request = requests.message() => match request? {
                    Some(request) => self.say(request)?,
                    None => self.requests = None,
                },
                message = self.heard.next() => {
                    return Ok(message.transpose()?.map(|message| (message, self)));
                }
            }
        }
        let message = self.heard.next().now_or_never().flatten().transpose()?;
        Ok(message.map(|message| (message, self)))
    }

    fn say(&mut self, request: JoinRequest) -> Result<(), Status> {
        if !request.author.is_empty() {
            self.author = request.author;
        }
        if request.text.is_empty() {
            return Ok(());
        }
        let message = Message {
            author: self.author.clone(),
            text: request.text,
            ..Message::default()
        };
        self.chat.say(&self.room, message).map(drop)
    }
}

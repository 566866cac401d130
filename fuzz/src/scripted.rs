//! A backend that answers as it is told and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use transom::call::{
    Answer, Call, Coding, Encodings, End, Message, Metadata, Replies, Reply, Service, Status,
};

/// How the backend answers.
#[derive(Clone, Debug, Default)]
pub(crate) enum Script {
    /// Every request message, when all are there, then OK.
    #[default]
    Echo,
    /// Every request message as it comes, then OK.
    Interleave,
    /// No answer begins.
    Refuse(Status),
    /// The request messages are not read.
    Deaf(Told),
    /// The same, when all of them are there.
    Reply(Told),
}

/// An answer that was made up before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) metadata: Metadata,
    pub(crate) encoding: Option<Coding>,
    pub(crate) messages: Vec<Message>,
    /// `None` breaks the rule that there always is one.
    pub(crate) end: Option<End>,
}

/// What the backend was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// What is left of it at the beginning.
    pub(crate) deadline: Option<Duration>,
    pub(crate) metadata: HeaderMap,
    pub(crate) encodings: Encodings,
    pub(crate) messages: Vec<Message>,
}

/// Clones are the same backend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    script: Script,
    calls: Vec<Seen>,
}

impl Scripted {
    /// Answers like this from now on.
    pub(crate) fn play(&self, script: Script) {
        self.with(|state| state.script = script);
    }

    /// The one call that was made since it was last asked for.
    ///
    /// # Panics
    /// If there was more than one.
    pub(crate) fn seen(&self) -> Option<Seen> {
        let mut calls = self.with(|state| std::mem::take(&mut state.calls));
        assert!(calls.len() < 2, "one request makes one call: {calls:?}");
        calls.pop()
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().expect("nobody panics with it"))
    }

    fn note(&self, message: &Message) {
        self.with(|state| {
            let call = state.calls.last_mut().expect("a call was made");
            call.messages.push(message.clone());
        });
    }
}

impl Service for Scripted {
    async fn call(&self, call: Call) -> Result<Reply, Status> {
        let Call {
            method,
            metadata,
            deadline,
            encodings,
            mut requests,
            ..
        } = call;
        let script = self.with(|state| {
            state.calls.push(Seen {
                path: method.path.clone(),
                deadline: deadline.remaining(),
                metadata: metadata.0,
                encodings,
                messages: Vec::new(),
            });
            state.script.clone()
        });
        // What is passed on compressed comes back compressed in the same, if it is taken.
        let encoding = encodings.request.map(|packed| packed.coding);
        match script {
            Script::Refuse(status) => return Err(status),
            Script::Deaf(told) => return Ok(told.reply()),
            Script::Interleave => {
                let this = self.clone();
                let answers = requests.map(move |message| match message {
                    Ok(message) => {
                        this.note(&message);
                        Answer::Message(message)
                    }
                    Err(status) => Answer::End(status.into()),
                });
                let end = stream::iter([Answer::End(Status::ok().into())]);
                return Ok(Reply {
                    metadata: Metadata::new(),
                    encoding,
                    replies: Replies::new(answers.chain(end)),
                });
            }
            Script::Echo | Script::Reply(_) => {}
        }
        let mut messages = Vec::new();
        while let Some(message) = requests.next().await {
            let message = message?;
            self.note(&message);
            messages.push(message);
        }
        Ok(match script {
            Script::Reply(told) => told,
            _ => Told {
                encoding,
                messages,
                end: Some(Status::ok().into()),
                ..Told::default()
            },
        }
        .reply())
    }
}

impl Told {
    fn reply(self) -> Reply {
        let messages = self.messages.into_iter().map(Answer::Message);
        let end = self.end.map(Answer::End);
        Reply {
            metadata: self.metadata,
            encoding: self.encoding,
            replies: Replies::new(stream::iter(messages.chain(end))),
        }
    }
}

//! Where request messages come from: the flag itself, a file, or standard input as it comes.

use std::fs::File;
use std::io::{self, Cursor, Read};

use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::values::Values;
use crate::call::{Code, Message, Requests, Status};

/// Messages read ahead of the call.
const AHEAD: usize = 8;

/// Bytes read at once.
const CHUNK: usize = 16 << 10;

/// JSON values, read by a thread of their own: standard input can make it wait for ever.
pub(super) struct Input(mpsc::Receiver<Result<Vec<u8>, String>>);

impl Input {
    /// `-` is standard input, `@FILE` a file, anything else the values themselves.
    pub(super) fn open(data: Option<&str>) -> Result<Self, String> {
        Ok(match data {
            None => Self::read(io::empty()),
            Some("-") => Self::read(io::stdin()),
            Some(text) => match text.strip_prefix('@') {
                Some(path) => Self::read(
                    File::open(path).map_err(|cause| format!("cannot read {path}: {cause}"))?,
                ),
                None => Self::read(Cursor::new(text.as_bytes().to_vec())),
            },
        })
    }

    fn read(from: impl Read + Send + 'static) -> Self {
        let (send, receive) = mpsc::channel(AHEAD);
        std::thread::spawn(move || {
            if let Err(message) = read_values(from, &send) {
                // Nobody takes it once the call is over.
                let _ = send.blocking_send(Err(message));
            }
        });
        Self(receive)
    }

    /// The next value.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.0.recv().await.transpose()
    }

    /// The values as the messages of a stream; one that cannot be read cancels the call.
    pub(super) fn into_requests(
        self,
        message: impl Fn(&[u8]) -> Result<Message, String> + Send + 'static,
    ) -> Requests {
        Requests::stream(ReceiverStream::new(self.0).map(move |json| {
            json.and_then(|json| message(&json))
                .map_err(|message| Status::downstream(Code::InvalidArgument, message))
        }))
    }
}

/// Sends value after value until the input ends or nobody takes them any more.
fn read_values(
    mut from: impl Read,
    send: &mpsc::Sender<Result<Vec<u8>, String>>,
) -> Result<(), String> {
    let (mut values, mut chunk) = (Values::default(), vec![0; CHUNK]);
    loop {
        let read = match from.read(&mut chunk) {
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(format!("cannot read the messages: {cause}")),
        };
        values
            .push(chunk.get(..read).unwrap_or_default())
            .map_err(|error| error.to_string())?;
        while let Some(value) = values.next() {
            if send.blocking_send(Ok(value)).is_err() {
                return Ok(());
            }
        }
        if read == 0 {
            if let Some(rest) = values.rest() {
                let _ = send.blocking_send(Ok(rest));
            }
            return Ok(());
        }
    }
}

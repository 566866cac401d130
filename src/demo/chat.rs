//! Chat rooms in memory: history, live listeners and files, all bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::sync::broadcast;
use tonic::{Request, Response, Status, Streaming};

use super::failure::{bad_field, full, not_found};
use super::pb::demo::chat::v1::chat_service_server::{ChatService, ChatServiceServer};
use super::pb::demo::chat::v1::{
    ConverseRequest, DownloadFileRequest, FileInfo, JoinRequest, ListMessagesRequest,
    ListMessagesResponse, Message, SendRequest, SubscribeRequest, UploadFileRequest, UploadRequest,
    UploadResponse,
};
use super::pb::google::api::HttpBody;

mod visit;

/// Most rooms.
const ROOMS_MAX: usize = 100;
/// Messages a room remembers; the oldest goes first.
const HISTORY_MAX: usize = 200;
/// Messages a listener may lag behind before it is cut off.
const LAG_MAX: usize = 256;
/// Longest room or file name in bytes.
const NAME_MAX: usize = 100;
/// Longest text in bytes.
const TEXT_MAX: usize = 4_096;
/// Files a room keeps.
const FILES_MAX: usize = 8;
/// Largest file.
const FILE_MAX: usize = 8 * 1024 * 1024;
/// Pieces a file is given back in.
const PIECE: usize = 64 * 1024;
/// Messages of a list that names no number.
const LIST: usize = 50;

pub(super) fn service() -> ChatServiceServer<Chat> {
    let chat = Chat::default();
    for (author, text) in [
        ("ada", "Has anybody seen the Analytical Engine?"),
        ("charles", "Nearly finished. Nearly."),
        ("ada", "I have written its first program in the meantime."),
    ] {
        let message = Message {
            author: author.into(),
            text: text.into(),
            ..Message::default()
        };
        // The store is empty, so there is room.
        let _ = chat.say("lobby", message);
    }
    ChatServiceServer::new(chat)
}

/// All rooms.
#[derive(Clone, Default)]
pub(super) struct Chat {
    rooms: Arc<Mutex<BTreeMap<String, Room>>>,
}

struct Room {
    last_id: i64,
    history: VecDeque<Message>,
    live: broadcast::Sender<Message>,
    files: BTreeMap<String, File>,
}

#[derive(Clone)]
struct File {
    content_type: String,
    bytes: Bytes,
}

impl Room {
    fn new() -> Self {
        Self {
            last_id: 0,
            history: VecDeque::new(),
            live: broadcast::channel(LAG_MAX).0,
            files: BTreeMap::new(),
        }
    }
}

impl Chat {
    /// Runs `act` on the room, which is made if it is not there.
    fn room<T>(&self, name: &str, act: impl FnOnce(&mut Room) -> T) -> Result<T, Status> {
        check_name("room", name)?;
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= ROOMS_MAX && !rooms.contains_key(name) {
            return Err(full("rooms", ROOMS_MAX));
        }
        Ok(act(rooms.entry(name.to_owned()).or_insert_with(Room::new)))
    }

    /// Numbers the message, remembers it and tells the listeners.
    fn say(&self, room: &str, mut message: Message) -> Result<Message, Status> {
        if message.text.is_empty() {
            return Err(bad_field("message.text", "it is empty"));
        }
        if message.text.len() > TEXT_MAX || message.author.len() > NAME_MAX {
            let found = message.text.len().max(message.author.len());
            return Err(bad_field("message", format!("{found} bytes are too many")));
        }
        self.room(room, |room| {
            room.last_id += 1;
            message.id = room.last_id;
            message.time = Some(SystemTime::now().into());
            if room.history.len() == HISTORY_MAX {
                room.history.pop_front();
            }
            room.history.push_back(message.clone());
            // Nobody listening is no error.
            let _ = room.live.send(message.clone());
            message
        })
    }

    /// What was said after the message `after`, then what is being said.
    fn listen(&self, room: &str, after: i64) -> Result<Listening, Status> {
        // Under one lock, so that no message falls between history and live.
        let (said, live) = self.room(room, |room| {
            let said: Vec<_> = room
                .history
                .iter()
                .filter(|m| m.id > after)
                .cloned()
                .collect();
            (said, room.live.subscribe())
        })?;
        let live = stream::unfold(Some(live), |live| async {
            let mut live = live?;
            match live.recv().await {
                Ok(message) => Some((Ok(message), Some(live))),
                Err(broadcast::error::RecvError::Closed) => None,
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    let status = format!("the listener is too slow: {missed} messages are lost");
                    Some((Err(Status::data_loss(status)), None))
                }
            }
        });
        Ok(stream::iter(said.into_iter().map(Ok)).chain(live).boxed())
    }
}

/// The messages that somebody in a room hears.
type Listening = BoxStream<'static, Result<Message, Status>>;

#[tonic::async_trait]
impl ChatService for Chat {
    type SubscribeStream = Listening;
    type ConverseStream = Listening;
    type JoinStream = Listening;
    type DownloadFileStream = BoxStream<'static, Result<HttpBody, Status>>;

    async fn send(&self, request: Request<SendRequest>) -> Result<Response<Message>, Status> {
        let SendRequest { room, message } = request.into_inner();
        let message = message.ok_or_else(|| bad_field("message", "it is missing"))?;
        self.say(&room, message).map(Response::new)
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let ListMessagesRequest { room, limit } = request.into_inner();
        let limit = match limit {
            0 => LIST,
            limit => usize::try_from(limit).map_err(|_| bad_field("limit", "it is negative"))?,
        };
        let messages = self.room(&room, |room| {
            let skipped = room.history.len().saturating_sub(limit);
            room.history.iter().skip(skipped).cloned().collect()
        })?;
        Ok(Response::new(ListMessagesResponse { messages }))
    }

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let SubscribeRequest { room, after, count } = request.into_inner();
        let count = usize::try_from(count).map_err(|_| bad_field("count", "it is negative"))?;
        let messages = self.listen(&room, after)?;
        Ok(Response::new(match count {
            0 => messages,
            count => messages.take(count).boxed(),
        }))
    }

    async fn upload(
        &self,
        request: Request<Streaming<UploadRequest>>,
    ) -> Result<Response<UploadResponse>, Status> {
        let mut requests = request.into_inner();
        let mut room = String::new();
        let mut response = UploadResponse::default();
        while let Some(request) = requests.message().await? {
            if response.count == 0 {
                room = request.room;
            }
            let message = request
                .message
                .ok_or_else(|| bad_field("message", "it is missing"))?;
            response.last_id = self.say(&room, message)?.id;
            response.count += 1;
        }
        Ok(Response::new(response))
    }

    async fn converse(
        &self,
        request: Request<Streaming<ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        // The parrot needs nothing of the store, so the answer begins before the first message.
        let answers = stream::try_unfold(
            (request.into_inner(), 0_i64),
            |(mut requests, mut id)| async move {
                let Some(request) = requests.message().await? else {
                    return Ok(None);
                };
                if request.text.len() > TEXT_MAX {
                    let found = request.text.len();
                    return Err(bad_field("text", format!("{found} bytes are too many")));
                }
                id += 1;
                let message = Message {
                    id,
                    author: "parrot".to_owned(),
                    text: format!("{}! {}!", request.text, request.text),
                    time: Some(SystemTime::now().into()),
                    reply_to: Some(id),
                };
                Ok(Some((message, (requests, id))))
            },
        );
        Ok(Response::new(answers.boxed()))
    }

    async fn join(
        &self,
        request: Request<Streaming<JoinRequest>>,
    ) -> Result<Response<Self::JoinStream>, Status> {
        let heard = visit::visit(self.clone(), request.into_inner());
        Ok(Response::new(heard.boxed()))
    }

    async fn upload_file(
        &self,
        request: Request<Streaming<UploadFileRequest>>,
    ) -> Result<Response<FileInfo>, Status> {
        let mut requests = request.into_inner();
        let mut info = FileInfo::default();
        let mut bytes = BytesMut::new();
        while let Some(request) = requests.message().await? {
            let content = request.content.unwrap_or_default();
            if info.pieces == 0 {
                check_name("room", &request.room)?;
                check_name("file", &request.file)?;
                (info.room, info.file) = (request.room, request.file);
                info.content_type = content.content_type;
            }
            info.pieces = info.pieces.saturating_add(1);
            if bytes.len() + content.data.len() > FILE_MAX {
                return Err(full("bytes a file", FILE_MAX));
            }
            bytes.extend_from_slice(&content.data);
        }
        if info.pieces == 0 {
            return Err(bad_field("content", "the stream had no message"));
        }
        info.size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let file = File {
            content_type: info.content_type.clone(),
            bytes: bytes.freeze(),
        };
        self.room(&info.room, |room| {
            if room.files.len() >= FILES_MAX && !room.files.contains_key(&info.file) {
                return Err(full("files a room", FILES_MAX));
            }
            room.files.insert(info.file.clone(), file);
            Ok(())
        })??;
        Ok(Response::new(info))
    }

    async fn download_file(
        &self,
        request: Request<DownloadFileRequest>,
    ) -> Result<Response<Self::DownloadFileStream>, Status> {
        let DownloadFileRequest { room, file: name } = request.into_inner();
        let file = self
            .room(&room, |room| room.files.get(&name).cloned())?
            .ok_or_else(|| not_found("File", &name))?;
        let mut content_type = Some(file.content_type);
        let mut rest = file.bytes;
        let pieces = std::iter::from_fn(move || {
            let first = content_type.take();
            if first.is_none() && rest.is_empty() {
                return None;
            }
            let data = rest.split_to(rest.len().min(PIECE));
            let content_type = first.unwrap_or_default();
            Some(Ok(HttpBody {
                content_type,
                data,
                extensions: Vec::new(),
            }))
        });
        Ok(Response::new(stream::iter(pieces).boxed()))
    }
}

/// Names are bounded, and not empty.
fn check_name(field: &str, name: &str) -> Result<(), Status> {
    match name.len() {
        1..=NAME_MAX => Ok(()),
        0 => Err(bad_field(field, "it is empty")),
        length => Err(bad_field(
            field,
            format!("{length} bytes are more than {NAME_MAX}"),
        )),
    }
}

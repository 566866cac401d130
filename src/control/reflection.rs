//! A backend's schema by server reflection: v1, or v1alpha where v1 is not implemented.
//!
//! The descriptors stay the bytes that the backend sent, so options, extensions and editions
//! survive. Everything a backend can make large has a bound: files, bytes, questions and time.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::io;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri, header};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::rt;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Extensions, Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use tower::util::MapResponse;
use tower::{BoxError, Service};

/// The method in the order in which it is tried.
const PATHS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Files of one schema at most.
const FILES_MAX: usize = 10_000;

/// Bytes of one schema at most, all files together; also of a single answer.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Services that are looked up at most.
const SERVICES_MAX: usize = 10_000;

/// TCP, TLS and HTTP/2 handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The answer to the first question. Who takes a connection and is silent is not up.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// All questions and answers together.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Details of a status: nobody here reads them.
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Bytes of a backend's error message that are repeated.
const SHOWN_MAX: usize = 100;

/// Prefixes of services that describe the server, not its interface.
const OWN_SERVICES: [&str; 2] = ["grpc.reflection.v1.", "grpc.reflection.v1alpha."];

/// Why there is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReflectionError {
    /// Nobody answers there (yet), or not in time: worth another try.
    #[error("the backend is not up: {0}")]
    NotUp(String),
    /// The backend answers, but not to reflection.
    #[error("the backend does not implement gRPC server reflection, neither v1 nor v1alpha")]
    NoReflection,
    /// Reflection began and went wrong.
    #[error("{0}")]
    Failed(String),
}

/// Fetches the schema of the backend that `connector` leads to: the bytes of a
/// `google.protobuf.FileDescriptorSet` with the files of all its services and what they import.
/// `origin` has the scheme and the `:authority` of the questions, `authorization` their header of that name.
///
/// # Errors
/// See [`ReflectionError`].
pub async fn descriptors<C>(
    origin: Uri,
    authorization: Option<HeaderValue>,
    connector: C,
) -> Result<Vec<u8>, ReflectionError>
where
    C: Service<Uri, Future: Send, Error: Into<BoxError> + Send> + Send + 'static,
    C::Response: rt::Read + rt::Write + Send + Unpin + 'static,
    BoxError: From<C::Error>,
{
    let endpoint = Endpoint::from(origin);
    let connecting = endpoint.connect_with_connector(connector);
    let channel = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
        .await
        .map_err(|_| ReflectionError::NotUp("no answer to the connection attempt".into()))?
        .map_err(|error| ReflectionError::NotUp(cause(&error)))?;
    let channel = MapResponse::new(channel, without_details as Trim);
    within(TIMEOUT, "its schema", fetch(channel, authorization)).await?
}

/// Its answer, if it comes in time.
async fn within<T>(
    time: Duration,
    asked: &str,
    answer: impl Future<Output = T>,
) -> Result<T, ReflectionError> {
    tokio::time::timeout(time, answer).await.map_err(|_| {
        let seconds = time.as_secs();
        ReflectionError::NotUp(format!("asked for {asked}, it took longer than {seconds}s"))
    })
}

/// A connection whose answers are trimmed.
type Trimmed = MapResponse<Channel, Trim>;
type Trim = fn(http::Response<Body>) -> http::Response<Body>;

/// Takes the details out of an answer's status. tonic relies on their being base64 and panics
/// where they are not; what a backend sends must not do that.
fn without_details(response: http::Response<Body>) -> http::Response<Body> {
    let (mut head, body) = response.into_parts();
    head.headers.remove(DETAILS);
    let body = body.map_frame(|frame| match frame.into_trailers() {
        Ok(mut trailers) => {
            trailers.remove(DETAILS);
            Frame::trailers(trailers)
        }
        Err(data) => data,
    });
    http::Response::from_parts(head, Body::new(body))
}

async fn fetch(
    channel: Trimmed,
    authorization: Option<HeaderValue>,
) -> Result<Vec<u8>, ReflectionError> {
    for path in PATHS {
        let mut asking = Asking {
            path,
            channel: channel.clone(),
            authorization: authorization.clone(),
            stream: None,
        };
        let asked = asking.ask(Question::Services);
        match within(FIRST_ANSWER, "its services", asked).await? {
            Ok(Answer::Services(services)) => return collect(asking, services).await,
            Ok(Answer::Error { code, message }) => {
                let message = shown(&message);
                return Err(ReflectionError::Failed(format!(
                    "it does not list its services (code {code}: {message})"
                )));
            }
            Ok(Answer::Files(_)) => return Err(mismatched()),
            Err(status) if status.code() == Code::Unimplemented => {}
            Err(status) => return Err(failed(status)),
        }
    }
    Err(ReflectionError::NoReflection)
}

/// Files of all services, then whatever they import and nobody sent.
async fn collect(mut asking: Asking, services: Vec<String>) -> Result<Vec<u8>, ReflectionError> {
    if services.len() > SERVICES_MAX {
        let found = services.len();
        return Err(ReflectionError::Failed(format!(
            "it lists {found} services, more than {SERVICES_MAX}"
        )));
    }
    let mut files = Files::default();
    for service in services {
        if OWN_SERVICES.iter().any(|own| service.starts_with(own)) {
            continue;
        }
        match asking
            .ask(Question::Symbol(service.clone()))
            .await
            .map_err(failed)?
        {
            Answer::Files(found) => files.add(found)?,
            // A server may list what it cannot describe; the others are of use all the same.
            Answer::Error { code, message } => {
                let (service, message) = (shown(&service), shown(&message));
                tracing::warn!(
                    service,
                    code,
                    message,
                    "reflection does not describe a service"
                );
            }
            Answer::Services(_) => return Err(mismatched()),
        }
    }
    while let Some(name) = files.missing.pop_first() {
        match asking
            .ask(Question::File(name.clone()))
            .await
            .map_err(failed)?
        {
            Answer::Files(found) => {
                files.add(found)?;
                if !files.known.contains_key(&name) {
                    let name = shown(&name);
                    return Err(ReflectionError::Failed(format!(
                        "asked for the file {name:?}, it sent others"
                    )));
                }
            }
            // Left to the schema, which knows the well-known files and names what is missing.
            Answer::Error { code, message } => {
                let (file, message) = (shown(&name), shown(&message));
                tracing::debug!(file, code, message, "reflection lacks an imported file");
                files.lacking.insert(name);
            }
            Answer::Services(_) => return Err(mismatched()),
        }
    }
    Ok(files.into_set())
}

/// The files so far, by name.
#[derive(Default)]
struct Files {
    known: BTreeMap<String, Vec<u8>>,
    missing: BTreeSet<String>,
    /// Imports that the backend does not have either.
    lacking: BTreeSet<String>,
    bytes: usize,
}

impl Files {
    fn add(&mut self, found: Vec<Vec<u8>>) -> Result<(), ReflectionError> {
        for bytes in found {
            let Head { name, imports } = Head::read(&bytes)
                .ok_or_else(|| ReflectionError::Failed("a file descriptor is malformed".into()))?;
            if self.known.contains_key(&name) {
                continue;
            }
            self.missing.remove(&name);
            self.bytes += bytes.len();
            self.known.insert(name, bytes);
            for import in imports {
                if !self.known.contains_key(&import) && !self.lacking.contains(&import) {
                    self.missing.insert(import);
                }
            }
            if self.bytes > BYTES_MAX || self.known.len() + self.missing.len() > FILES_MAX {
                return Err(ReflectionError::Failed(format!(
                    "its schema has more than {FILES_MAX} files or {BYTES_MAX} bytes"
                )));
            }
        }
        Ok(())
    }

    /// A FileDescriptorSet is its field 1, a file, repeated.
    fn into_set(self) -> Vec<u8> {
        let mut set = Vec::with_capacity(self.bytes + self.known.len() * 8);
        for file in self.known.into_values() {
            encode_key(1, WireType::LengthDelimited, &mut set);
            encode_varint(u64::try_from(file.len()).unwrap_or(u64::MAX), &mut set);
            set.extend_from_slice(&file);
        }
        set
    }
}

/// What is read of a `FileDescriptorProto` here. The rest stays unopened: two bytes of it can be
/// hundreds in memory, and the schema counts them before it opens them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Head {
    name: String,
    /// One more than [`FILES_MAX`] at most: that is too many already.
    imports: BTreeSet<String>,
}

impl Head {
    /// `None` if the bytes are no message.
    fn read(mut file: &[u8]) -> Option<Self> {
        // descriptor.proto: name = 1, dependency = 3.
        const NAME: u32 = 1;
        const DEPENDENCY: u32 = 3;
        let mut head = Self::default();
        while !file.is_empty() {
            let (number, wire) = decode_key(&mut file).ok()?;
            if wire != WireType::LengthDelimited || !matches!(number, NAME | DEPENDENCY) {
                skip_field(wire, number, &mut file, DecodeContext::default()).ok()?;
                continue;
            }
            let length = usize::try_from(decode_varint(&mut file).ok()?).ok()?;
            let (text, rest) = file.split_at_checked(length)?;
            file = rest;
            let text = std::str::from_utf8(text).ok()?;
            if number == NAME {
                head.name = text.to_owned();
            } else if head.imports.len() <= FILES_MAX {
                head.imports.insert(text.to_owned());
            }
        }
        Some(head)
    }
}

enum Question {
    Services,
    Symbol(String),
    File(String),
}

enum Answer {
    Services(Vec<String>),
    Files(Vec<Vec<u8>>),
    Error { code: i32, message: String },
}

/// Asks one question after the other, on one stream as long as the server keeps it open. v1alpha
/// has the messages of v1 under another name, so the types of v1 serve for both.
struct Asking {
    path: &'static str,
    channel: Trimmed,
    authorization: Option<HeaderValue>,
    stream: Option<Exchange>,
}

struct Exchange {
    questions: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

impl Asking {
    async fn ask(&mut self, question: Question) -> Result<Answer, Status> {
        let answered = self.answer(question).await;
        match answered {
            // tonic's server says so by ending the stream; the next question opens another.
            Err(status) if status.code() == Code::NotFound => Ok(Answer::Error {
                code: status.code() as i32,
                message: status.message().to_owned(),
            }),
            answered => answered,
        }
    }

    async fn answer(&mut self, question: Question) -> Result<Answer, Status> {
        // Put back only after an answer: a stream that broke is not asked again.
        let mut stream = match self.stream.take() {
            Some(stream) => {
                send(&stream.questions, question).await?;
                stream
            }
            None => self.open(question).await?,
        };
        let answer = stream.answers.message().await?;
        self.stream = Some(stream);
        match answer.and_then(|answer| answer.message_response) {
            Some(MessageResponse::ListServicesResponse(list)) => Ok(Answer::Services(
                list.service
                    .into_iter()
                    .map(|service| service.name)
                    .collect(),
            )),
            Some(MessageResponse::FileDescriptorResponse(files)) => {
                Ok(Answer::Files(files.file_descriptor_proto))
            }
            Some(MessageResponse::ErrorResponse(error)) => Ok(Answer::Error {
                code: error.error_code,
                message: error.error_message,
            }),
            Some(MessageResponse::AllExtensionNumbersResponse(_)) => {
                Err(Status::internal("it answered what was not asked"))
            }
            None => Err(Status::internal("it ended before it had answered")),
        }
    }

    /// Opens a stream with its first question: servers send nothing, headers included, before
    /// they are asked.
    async fn open(&self, question: Question) -> Result<Exchange, Status> {
        let (questions, asked) = mpsc::channel(1);
        send(&questions, question).await?;
        let mut client =
            // Some servers compress whether asked to or not; gzip is what those use.
            tonic::client::Grpc::new(self.channel.clone())
                .accept_compressed(tonic::codec::CompressionEncoding::Gzip)
                .max_decoding_message_size(BYTES_MAX);
        client
            .ready()
            .await
            .map_err(|error| Status::unavailable(cause(&error)))?;
        let shown = self.authorization.iter();
        let shown = shown.map(|value| (header::AUTHORIZATION, value.clone()));
        let shown = MetadataMap::from_headers(shown.collect());
        let asked = ReceiverStream::new(asked);
        let answers = client
            .streaming(
                Request::from_parts(shown, Extensions::default(), asked),
                PathAndQuery::from_static(self.path),
                ProstCodec::default(),
            )
            .await?
            .into_inner();
        Ok(Exchange { questions, answers })
    }
}

async fn send(
    questions: &mpsc::Sender<ServerReflectionRequest>,
    question: Question,
) -> Result<(), Status> {
    let question = match question {
        Question::Services => MessageRequest::ListServices(String::new()),
        Question::Symbol(name) => MessageRequest::FileContainingSymbol(name),
        Question::File(name) => MessageRequest::FileByFilename(name),
    };
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    questions
        .send(request)
        .await
        .map_err(|_| Status::internal("it closed the stream"))
}

#[allow(clippy::needless_pass_by_value)] // as map_err wants it
fn failed(status: Status) -> ReflectionError {
    let text = format!("{:?}: {}", status.code(), shown(status.message()));
    match status.code() {
        Code::Unavailable => ReflectionError::NotUp(text),
        // What a server answers has no source; this comes from our own side of the connection.
        Code::Unknown | Code::Internal | Code::Cancelled if status.source().is_some() => {
            ReflectionError::Failed(format!(
                "HTTP/2 broke down ({}); expected the port of a gRPC server",
                cause(&status)
            ))
        }
        _ => ReflectionError::Failed(text),
    }
}

fn mismatched() -> ReflectionError {
    ReflectionError::Failed("it answered what was not asked".into())
}

/// The innermost cause, which is the one that says something.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    match inner.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused".into(),
        Some(io::ErrorKind::TimedOut) => "no answer to the connection attempt".into(),
        _ => shown(&inner.to_string()),
    }
}

fn shown(text: &str) -> String {
    text.get(..text.floor_char_boundary(SHOWN_MAX))
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests;

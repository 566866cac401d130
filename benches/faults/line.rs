//! A client's HTTP/2 connection to the gateway, on h2 itself: it says when a GOAWAY came, and lets a
//! stream lie unread.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::net::TcpStream;

use crate::messages::{Number, WatchBeatsRequest, framed, unframed};

/// What the gateway may send on one stream before it is read: HTTP/2's own default.
const STREAM_WINDOW: u32 = 65_535;

/// What it may send on one connection: no bound, so that each stream's own is used up.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// A call that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an overloaded gateway's answer has among its details.
const RETRY_INFO: &[u8] = b"google.rpc.RetryInfo";

/// A short call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A GET by REST, of a method that may be called twice.
    Get,
    /// The same method by gRPC.
    Native,
    /// A POST by REST, of a method that may be called once.
    Create,
}

/// How a call went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As asked for.
    Good,
    /// Turned away, by 503 or UNAVAILABLE with a time to come again.
    Shed,
    /// The gateway is leaving and has not seen it.
    Unseen,
    /// Otherwise.
    Bad(String),
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By a gRPC status.
    Status(i32),
    /// Without one.
    Broken(String),
}

/// A connection. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    address: SocketAddr,
    sender: SendRequest<Bytes>,
}

impl Line {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), address).await
    }

    /// The same, by a socket that was made elsewhere.
    pub(crate) async fn over(stream: TcpStream, address: SocketAddr) -> Self {
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .handshake(stream)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self { address, sender }
    }

    /// Several.
    pub(crate) async fn several(address: SocketAddr, count: usize) -> Vec<Self> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(Self::open(address).await);
        }
        lines
    }

    /// True once the gateway has said that it takes no more calls here.
    pub(crate) async fn is_left(&self) -> bool {
        self.sender.clone().ready().await.is_err()
    }

    /// Makes a short call.
    pub(crate) async fn call(&self, ask: Ask, number: i64) -> Outcome {
        match tokio::time::timeout(PATIENCE, self.made(ask, number)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) if is_unseen(&error) => Outcome::Unseen,
            Ok(Err(error)) => Outcome::Bad(error.to_string()),
            Err(_) => Outcome::Bad("it hangs".to_owned()),
        }
    }

    async fn made(&self, ask: Ask, number: i64) -> Result<Outcome, h2::Error> {
        let (method, path, kind, body) = match ask {
            Ask::Get => {
                let path = format!("/v1/numbers/{number}");
                (Method::GET, path, "", Bytes::new())
            }
            Ask::Create => {
                let body = format!("{{\"id\":\"{number}\"}}").into();
                let path = "/v1/numbers".to_owned();
                (Method::POST, path, "application/json", body)
            }
            Ask::Native => {
                let path = "/faults.v1.FaultsService/GetNumber".to_owned();
                let body = framed(&Number { id: number });
                (Method::POST, path, "application/grpc", body)
            }
        };
        let (head, mut body) = self.send(method, &path, kind, body).await?;
        let mut bytes = BytesMut::new();
        while let Some(data) = body.data().await {
            let data = data?;
            let _ = body.flow_control().release_capacity(data.len());
            bytes.extend_from_slice(&data);
        }
        let trailers = body.trailers().await?.unwrap_or_default();
        Ok(match ask {
            Ask::Native => native(&head.1, &trailers, &mut bytes, number),
            Ask::Get | Ask::Create => rest(head.0, &head.1, &bytes, number),
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<((StatusCode, HeaderMap), RecvStream), h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let request = request.header("te", "trailers").body(()).unwrap();
        let (response, mut sending) = sender.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            sending.send_data(body, true)?;
        }
        let (head, body) = response.await?.into_parts();
        Ok(((head.status, head.headers), body))
    }

    /// Has beats of this size sent, every so many milliseconds, or as fast as can be.
    ///
    /// # Errors
    /// The call was not answered.
    pub(crate) async fn watch(&self, size: usize, interval: Duration) -> Result<Beats, String> {
        let asked = framed(&WatchBeatsRequest {
            size: i32::try_from(size).unwrap(),
            interval_ms: i32::try_from(interval.as_millis()).unwrap(),
        });
        let path = "/faults.v1.FaultsService/WatchBeats";
        let sent = self.send(Method::POST, path, "application/grpc", asked);
        let (head, body) = sent.await.map_err(|error| error.to_string())?;
        match status(&head.1) {
            None => Ok(Beats {
                body,
                rest: BytesMut::new(),
            }),
            Some(code) => Err(format!("status {code}")),
        }
    }

    /// Begins an upload: what is sent on it goes as far as windows let it.
    ///
    /// # Errors
    /// The stream was not opened.
    pub(crate) async fn upload(&self) -> Result<Upload, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let request = Request::post(format!(
            "http://{}/faults.v1.FaultsService/UploadBeats",
            self.address
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
        let (response, sending) = sender.send_request(request, false)?;
        Ok(Upload {
            sending,
            _response: response,
        })
    }
}

/// An upload under way.
pub(crate) struct Upload {
    sending: SendStream<Bytes>,
    _response: h2::client::ResponseFuture,
}

impl Upload {
    /// Sends the same piece again and again, as soon as it is taken; until the stream breaks.
    pub(crate) async fn push(mut self, piece: &Bytes) -> String {
        let mut rest = Bytes::new();
        loop {
            if rest.is_empty() {
                rest = piece.clone();
            }
            self.sending.reserve_capacity(rest.len());
            let given = std::future::poll_fn(|cx| self.sending.poll_capacity(cx)).await;
            let given = match given {
                Some(Ok(given)) => given.min(rest.len()),
                Some(Err(error)) => return error.to_string(),
                None => return "it is closed".to_owned(),
            };
            if let Err(error) = self.sending.send_data(rest.split_to(given), false) {
                return error.to_string();
            }
        }
    }
}

/// A stream of beats.
pub(crate) struct Beats {
    body: RecvStream,
    rest: BytesMut,
}

impl Beats {
    /// The next one.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) async fn next(&mut self) -> Result<Bytes, End> {
        let broken = |error: h2::Error| End::Broken(error.to_string());
        loop {
            if let Some(beat) = unframed(&mut self.rest) {
                return Ok(beat);
            }
            let Some(data) = self.body.data().await else {
                let trailers = self.body.trailers().await.map_err(broken)?;
                let code = trailers.as_ref().and_then(status);
                return Err(code.map_or(End::Broken("without a status".to_owned()), End::Status));
            };
            let data = data.map_err(broken)?;
            let _ = self.body.flow_control().release_capacity(data.len());
            self.rest.extend_from_slice(&data);
        }
    }
}

/// The peer has said that it did not look at the call.
fn is_unseen(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (error.is_go_away() || is_refused)
}

fn status(headers: &HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

fn native(head: &HeaderMap, trailers: &HeaderMap, body: &mut BytesMut, number: i64) -> Outcome {
    let (code, from) = match (status(head), status(trailers)) {
        (Some(code), _) => (code, head),
        (None, Some(code)) => (code, trailers),
        (None, None) => return Outcome::Bad("without a status".to_owned()),
    };
    let message = unframed(body);
    if code == 0 && message == Some(prost::Message::encode_to_vec(&Number { id: number }).into()) {
        return Outcome::Good;
    }
    let details = from.get("grpc-status-details-bin").map(|details| {
        let text = details.to_str().unwrap_or_default().trim_end_matches('=');
        base64_simd::STANDARD_NO_PAD.decode_to_vec(text)
    });
    if let (14, Some(Ok(details))) = (code, details)
        && has(&details, RETRY_INFO)
    {
        return Outcome::Shed;
    }
    let told = from
        .get("grpc-message")
        .map_or(&b""[..], |it| it.as_bytes());
    Outcome::Bad(format!("{code} {}", String::from_utf8_lossy(told)))
}

fn rest(status: StatusCode, head: &HeaderMap, body: &[u8], number: i64) -> Outcome {
    let wanted = format!("{{\"id\":\"{number}\"}}");
    if status == StatusCode::OK && body == wanted.as_bytes() {
        return Outcome::Good;
    }
    let is_timed = head.contains_key("retry-after");
    if status == StatusCode::SERVICE_UNAVAILABLE && is_timed && has(body, RETRY_INFO) {
        return Outcome::Shed;
    }
    Outcome::Bad(format!("{status} {}", String::from_utf8_lossy(body)))
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

//! Answers, compressed for those who take it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, request};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;

use super::super::field_value::{essence, items};
use super::Compression;
use super::accept::Accepted;
use crate::call::Coding;
use crate::call::compression::Deflater;

/// An answer up to here is compressed at once, and has a length; a longer one bit by bit, as the
/// client reads it.
const AT_ONCE_MAX: u64 = 64 << 10;

/// Plain bytes that are compressed at a time.
const PIECE: usize = 64 << 10;

/// How a request's answer may be compressed.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Answering {
    coding: Option<Coding>,
    min_bytes: u64,
    content: Content,
}

/// Whether the answer has its content with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// It has.
    Sent,
    /// It is of HEAD: the length tells how long the content would be.
    Told,
}

impl Answering {
    /// Reads a request's head; `None` where nothing is compressed.
    pub(in crate::protocol) fn new(config: &Compression, request: &request::Parts) -> Option<Self> {
        if !config.responses {
            return None;
        }
        let accepted = Accepted::of(&request.headers);
        let min_bytes = if accepted.refuses_identity {
            1
        } else {
            config.min_bytes.max(1)
        };
        Some(Self {
            coding: accepted.coding,
            min_bytes,
            content: match request.method {
                Method::HEAD => Content::Told,
                _ => Content::Sent,
            },
        })
    }

    /// Compresses the answer if the client takes that and it is worth it. One that might have been
    /// says so in `vary`, for the caches on the way.
    pub(in crate::protocol) async fn encode(self, mut response: Response<Body>) -> Response<Body> {
        let length = match self.content {
            Content::Sent => response.body().size_hint().exact(),
            Content::Told => stated_length(response.headers()),
        };
        // Streams have no length. Each of their messages has to arrive when it is sent.
        let Some(length) = length.filter(|length| *length >= self.min_bytes) else {
            return response;
        };
        let headers = response.headers_mut();
        if !may_shrink(headers) {
            return response;
        }
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        let Some(coding) = self.coding else {
            return response;
        };
        if self.content == Content::Told {
            headers.insert(CONTENT_ENCODING, coding.value());
            headers.remove(CONTENT_LENGTH);
            return response;
        }
        compress(coding, length, response).await
    }
}

async fn compress(coding: Coding, length: u64, response: Response<Body>) -> Response<Body> {
    let Ok(deflater) = Deflater::new(coding, length) else {
        return response;
    };
    let (mut head, body) = response.into_parts();
    let body = if length > AT_ONCE_MAX {
        Body::new(Encoded::new(body, deflater))
    } else {
        // Its length is known, so it is there.
        let plain = match body.collect().await {
            Ok(plain) => plain.to_bytes(),
            Err(error) => {
                let broken = std::future::ready(Err::<Bytes, _>(error));
                let body = Body::from_stream(futures_util::stream::once(broken));
                return Response::from_parts(head, body);
            }
        };
        match at_once(deflater, &plain) {
            Ok(small) if small.len() < plain.len() => Body::from(small),
            Ok(_) | Err(_) => return Response::from_parts(head, Body::from(plain)),
        }
    };
    head.headers.insert(CONTENT_ENCODING, coding.value());
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, body)
}

fn at_once(mut deflater: Deflater, plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = deflater.write(plain)?;
    out.extend(deflater.finish()?);
    Ok(out)
}

fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// True for content that gets smaller, and may.
fn may_shrink(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    // A part of something has offsets that count its bytes as they are.
    content_type.is_some_and(is_text)
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(CONTENT_RANGE)
        && !items(headers, &CACHE_CONTROL).any(|word| word.eq_ignore_ascii_case(b"no-transform"))
}

/// True for the types that are text in one way or another, or messages. Images, films and archives have been
/// compressed by those who made them.
fn is_text(content_type: &[u8]) -> bool {
    const TYPES: [&str; 8] = [
        "application/json",
        "application/proto",
        "application/x-ndjson",
        "application/jsonl",
        "application/xml",
        "application/javascript",
        "application/wasm",
        "application/yaml",
    ];
    let essence = essence(content_type);
    let is = |part: Option<&[u8]>, name: &str| {
        part.is_some_and(|part| part.eq_ignore_ascii_case(name.as_bytes()))
    };
    let last = |length| {
        essence
            .len()
            .checked_sub(length)
            .and_then(|at| essence.get(at..))
    };
    is(essence.get(..5), "text/")
        || is(last(5), "+json")
        || is(last(4), "+xml")
        || TYPES.iter().any(|name| is(Some(essence), name))
}

/// A body that is compressed while it is read.
#[derive(Debug)]
struct Encoded {
    body: Body,
    /// Plain bytes that wait.
    input: Bytes,
    /// `None` when the content has ended.
    deflater: Option<Deflater>,
}

impl Encoded {
    const fn new(body: Body, deflater: Deflater) -> Self {
        Self {
            body,
            input: Bytes::new(),
            deflater: Some(deflater),
        }
    }
}

impl http_body::Body for Encoded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            let Some(deflater) = &mut this.deflater else {
                return Poll::Ready(None);
            };
            let ready = if this.input.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        this.input = frame.into_data().unwrap_or_default();
                        continue;
                    }
                    Some(Err(error)) => Err(error),
                    None => match this.deflater.take() {
                        Some(deflater) => deflater.finish().map_err(axum::Error::new),
                        None => Ok(Vec::new()),
                    },
                }
            } else {
                let piece = this.input.split_to(this.input.len().min(PIECE));
                deflater.write(&piece).map_err(axum::Error::new)
            };
            return match ready {
                Ok(out) if out.is_empty() => continue,
                Ok(out) => Poll::Ready(Some(Ok(Frame::data(out.into())))),
                Err(error) => {
                    this.deflater = None;
                    Poll::Ready(Some(Err(error)))
                }
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.deflater.is_none()
    }
}

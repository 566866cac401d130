//! The request that an input says.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Uri, Version};
use transom::call::{Code, Coding, End, Message, Metadata, Status};

use super::MESSAGE_MAX;
use crate::cursor::{Cursor, chosen};
use crate::frames::pieces;
use crate::scripted::{Script, Told};

const PATHS: [&str; 8] = [
    "/t.T/Unary",
    "/t.T/Server",
    "/t.T/Client",
    "/t.T/Bidi",
    "/t.T/Get",
    "/rest.v1.Every/Plain",
    "/t.T/Missing",
    "/",
];

/// Content types and what they say of the body.
const FORMS: [(&str, Form); 13] = [
    (
        "application/grpc",
        Form::Enveloped(Codec::Proto, Wire::Binary),
    ),
    (
        "application/grpc+json",
        Form::Enveloped(Codec::Json, Wire::Binary),
    ),
    (
        "application/grpc-web",
        Form::Enveloped(Codec::Proto, Wire::Binary),
    ),
    (
        "application/grpc-web+proto",
        Form::Enveloped(Codec::Proto, Wire::Binary),
    ),
    (
        "application/grpc-web+json",
        Form::Enveloped(Codec::Json, Wire::Binary),
    ),
    (
        "application/grpc-web-text",
        Form::Enveloped(Codec::Proto, Wire::Text),
    ),
    (
        "application/grpc-web-text+proto",
        Form::Enveloped(Codec::Proto, Wire::Text),
    ),
    (
        "application/connect+proto",
        Form::Enveloped(Codec::Proto, Wire::Binary),
    ),
    (
        "application/connect+json",
        Form::Enveloped(Codec::Json, Wire::Binary),
    ),
    ("application/proto", Form::Alone(Codec::Proto)),
    ("application/json", Form::Alone(Codec::Json)),
    (
        "application/GRPC-web; charset=x",
        Form::Enveloped(Codec::Proto, Wire::Binary),
    ),
    ("application/grpc+thrift", Form::Alone(Codec::Json)),
];

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Enveloped(Codec, Wire),
    Alone(Codec),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Proto,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Binary,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Post,
    Get,
    Head,
    Options,
    Put,
}

const VERBS: [(Verb, Version); 8] = [
    (Verb::Post, Version::HTTP_2),
    (Verb::Post, Version::HTTP_11),
    (Verb::Get, Version::HTTP_2),
    (Verb::Get, Version::HTTP_11),
    (Verb::Head, Version::HTTP_2),
    (Verb::Options, Version::HTTP_11),
    (Verb::Put, Version::HTTP_2),
    (Verb::Post, Version::HTTP_10),
];

/// What an input says.
#[derive(Debug)]
pub(super) struct Given<'d> {
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) form: Form,
    pub(super) verb: Verb,
    version: Version,
    script: u8,
    /// Bytes of a piece of the body.
    pub(super) piece: usize,
    /// The body ends in an error.
    pub(super) breaks_off: bool,
    query: Option<&'d [u8]>,
    fields: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: &'d [u8],
}

impl<'d> Given<'d> {
    pub(super) fn read(mut input: Cursor<'d>) -> Self {
        let path = *chosen(input.byte(), &PATHS);
        let (content_type, form) = *chosen(input.byte(), &FORMS);
        let (verb, version) = *chosen(input.byte(), &VERBS);
        // A GET has its message in the query, and a type only if a field says so.
        let form = match verb {
            Verb::Get | Verb::Head => Form::Alone(Codec::Json),
            Verb::Post | Verb::Options | Verb::Put => form,
        };
        let script = input.byte();
        let piece = usize::from(input.byte()).max(1);
        let breaks_off = *chosen(input.byte(), &[false, true]);
        let (mut query, mut fields) = (None, Vec::new());
        loop {
            let line = input.line();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix(b"?") {
                query = Some(text);
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = line.split_at(colon.unwrap_or(line.len()));
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            {
                fields.push((name, value));
            }
        }
        Self {
            path,
            content_type,
            form,
            verb,
            version,
            script,
            piece,
            breaks_off,
            query,
            fields,
            body: input.0,
        }
    }

    /// The request, its body in pieces of this size.
    pub(super) fn request(&self, piece: usize) -> Request<Body> {
        let url = match self.query {
            Some(query) => [self.path.as_bytes(), b"?", query].concat(),
            None => self.path.as_bytes().to_vec(),
        };
        // What is no URL does not come this far.
        let url = Uri::try_from(url.as_slice()).unwrap_or(Uri::from_static(self.path));
        let end = self.breaks_off.then(|| Err(io::Error::other("broken off")));
        let pieces = pieces(self.body, &[piece]).into_iter().map(Ok::<Bytes, _>);
        let mut request = Request::new(Body::from_stream(stream::iter(pieces.chain(end))));
        *request.uri_mut() = url;
        *request.version_mut() = self.version;
        *request.method_mut() = match self.verb {
            Verb::Post => http::Method::POST,
            Verb::Get => http::Method::GET,
            Verb::Head => http::Method::HEAD,
            Verb::Options => http::Method::OPTIONS,
            Verb::Put => http::Method::PUT,
        };
        let headers = request.headers_mut();
        if !matches!(self.verb, Verb::Get | Verb::Head) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        for (name, value) in &self.fields {
            headers.append(name, value.clone());
        }
        // The same in each answer.
        headers.insert("x-request-id", HeaderValue::from_static("fuzz"));
        request
    }

    /// True with the header field of a WebSocket.
    pub(super) fn asks_for_a_socket(&self) -> bool {
        self.fields
            .iter()
            .any(|(name, _)| name == http::header::UPGRADE)
    }

    /// How the backend answers.
    pub(super) fn script(&self) -> Script {
        let ok = || Some(End::from(Status::ok()));
        let failed = |code, message: &str| Status::upstream(code, message);
        let message = |length| Message::from_payload(&vec![0x0a; length]);
        let reply = |messages, end| Told {
            messages,
            end,
            ..Told::default()
        };
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-ratio", HeaderValue::from_static("7"));
        match self.script.wrapping_sub(b'A') % 12 {
            0 => Script::Echo,
            1 => Script::Interleave,
            2 => Script::Refuse(failed(Code::Unavailable, "no\r\nway: \u{e9}\"")),
            3 => Script::Refuse(Status::invalid_field("name", "found a, expected b")),
            4 => Script::Reply(Told {
                metadata: Metadata(trailers.clone()),
                messages: vec![Message::from_payload(b"\x0a\x01a")],
                end: Some(End {
                    status: failed(Code::NotFound, ""),
                    trailers: Metadata(trailers),
                }),
                ..Told::default()
            }),
            5 => Script::Deaf(reply(vec![message(0)], ok())),
            6 => Script::Deaf(reply(vec![message(0); 3], ok())),
            7 => Script::Reply(reply(vec![], ok())),
            // Without an end, too large, not of the schema, and compressed in name only.
            8 => Script::Reply(reply(vec![message(0)], None)),
            9 => Script::Reply(reply(vec![message(0), message(MESSAGE_MAX + 1)], ok())),
            10 => Script::Reply(reply(vec![message(3)], ok())),
            _ => Script::Reply(Told {
                encoding: Some(Coding::Gzip),
                messages: Message::from_frame(Bytes::from_static(&[1, 0, 0, 0, 1, 0]))
                    .into_iter()
                    .collect(),
                end: ok(),
                ..Told::default()
            }),
        }
    }
}

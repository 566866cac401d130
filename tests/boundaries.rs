//! Bytes that arrive in pieces, over real sockets: a backend whose answers are cut at every byte, and
//! clients whose requests are. No dialect may see a difference.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method, Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use transom::gateway::{Config, Gateway, SourceConfig};

use crate::support::{Version, send};

/// Two messages in their envelopes, `{"text":"abc"}` and `{"text":"é","count":"7"}`.
const OFTEN: &[u8] = b"\0\0\0\0\x05\x0a\x03abc\0\0\0\0\x06\x0a\x02\xc3\xa9\x10\x07";

/// The first of them.
const ONCE: &[u8] = b"\0\0\0\0\x05\x0a\x03abc";

/// Requests that are under way together.
const AT_ONCE: usize = 16;

/// Metadata by which a call says where its answer is to be cut.
const CUT: &str = "x-cut";

/// A backend that answers every call alike, in two frames, or in frames of a byte each.
async fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(socket).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(answer(request, respond));
                }
            });
        }
    });
    address
}

async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
) {
    let (parts, mut body) = request.into_parts();
    let mut asked = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        asked.extend_from_slice(&data);
    }
    let messages = match parts.uri.path() {
        "/say.Say/Once" => ONCE,
        _ => OFTEN,
    };
    let head = Response::builder()
        .header("content-type", "application/grpc")
        .header(
            "x-asked",
            asked.escape_ascii().to_string().replace('\\', "/"),
        )
        .body(())
        .unwrap();
    let mut stream = respond.send_response(head, false).unwrap();
    let cut = parts.headers.get(CUT).map(|cut| cut.to_str().unwrap());
    let pieces: Vec<&[u8]> = match cut {
        None => vec![messages],
        Some("all") => messages.chunks(1).collect(),
        Some(at) => {
            let (start, end) = messages.split_at(at.parse().unwrap());
            vec![start, end]
        }
    };
    for piece in pieces {
        stream
            .send_data(Bytes::copy_from_slice(piece), false)
            .unwrap();
        tokio::task::yield_now().await;
    }
    let trailers = HeaderMap::from_iter([
        ("grpc-status".parse().unwrap(), "0".parse().unwrap()),
        (
            "x-ratio".parse::<http::HeaderName>().unwrap(),
            "7".parse().unwrap(),
        ),
    ]);
    stream.send_trailers(trailers).unwrap();
}

async fn gateway() -> Gateway {
    let backend = backend().await;
    let mut config = Config::for_upstream(&format!("http://{backend}")).unwrap();
    config.schema = vec![SourceConfig::Protos {
        dir: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/boundaries").into(),
        upstream: "upstream".to_owned(),
    }];
    Gateway::start(config, |_| {}).await.unwrap()
}

/// A request of one dialect.
struct Sample {
    version: Version,
    path: &'static str,
    content_type: &'static str,
    accept: &'static str,
    body: Vec<u8>,
}

impl Sample {
    fn name(&self) -> (&str, &str, &str) {
        (self.content_type, self.path, self.accept)
    }
}

fn samples() -> Vec<Sample> {
    let frame = |payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[0], &length[..], payload].concat()
    };
    let wire = frame(b"\x0a\x02hi");
    let json = br#"{"text":"hi"}"#;
    let text = base64_simd::STANDARD.encode_to_string(&wire).into_bytes();
    let (one, two) = (Version::Http1, Version::Http2);
    let mut samples = Vec::new();
    let mut add = |version, path, content_type, accept, body: &[u8]| {
        samples.push(Sample {
            version,
            path,
            content_type,
            accept,
            body: body.to_vec(),
        });
    };
    for path in ["/say.Say/Once", "/say.Say/Often"] {
        add(two, path, "application/grpc", "*/*", &wire);
        add(two, path, "application/grpc+json", "*/*", &frame(json));
        add(one, path, "application/grpc-web", "*/*", &wire);
        add(two, path, "application/grpc-web+proto", "*/*", &wire);
        add(one, path, "application/grpc-web+json", "*/*", &frame(json));
        add(one, path, "application/grpc-web-text", "*/*", &text);
    }
    add(
        one,
        "/say.Say/Often",
        "application/connect+proto",
        "*/*",
        &wire,
    );
    add(
        two,
        "/say.Say/Often",
        "application/connect+json",
        "*/*",
        &frame(json),
    );
    add(
        one,
        "/say.Say/Once",
        "application/proto",
        "*/*",
        b"\x0a\x02hi",
    );
    add(two, "/say.Say/Once", "application/json", "*/*", json);
    add(one, "/v1/once", "application/json", "*/*", json);
    for accept in [
        "application/x-ndjson",
        "application/json",
        "text/event-stream",
    ] {
        add(one, "/v1/often", "application/json", accept, json);
    }
    samples
}

/// What a client sees, but for what is of one request alone; the pieces in which base64 was flushed
/// are joined.
#[derive(Debug, PartialEq)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
}

impl Seen {
    fn new(status: StatusCode, mut headers: HeaderMap, body: Bytes, trailers: HeaderMap) -> Self {
        for of_one in [
            "x-request-id",
            "date",
            "content-length",
            "transfer-encoding",
        ] {
            headers.remove(of_one);
        }
        let is_text = headers
            .get("content-type")
            .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc-web-text"));
        let body = if is_text {
            let mut decoder = transom::protocol::text::TextDecoder::default();
            let body = decoder.decode(&body);
            decoder.finish().unwrap();
            body
        } else {
            body
        };
        Self {
            status,
            headers,
            body,
            trailers,
        }
    }
}

async fn seen(gateway: SocketAddr, sample: &Sample, cut: Option<String>) -> Seen {
    let mut headers = vec![
        ("content-type", sample.content_type),
        ("accept", sample.accept),
        ("te", "trailers"),
    ];
    if let Some(cut) = &cut {
        headers.push((CUT, cut));
    }
    let (version, body) = (sample.version, sample.body.clone());
    let answer = send(gateway, version, Method::POST, sample.path, &headers, body).await;
    Seen::new(answer.status, answer.headers, answer.body, answer.trailers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backends_answer_may_be_cut_at_every_byte() {
    let gateway = gateway().await;
    for sample in samples() {
        let whole = seen(gateway.address(), &sample, None).await;
        assert_eq!(whole.status, 200, "{:?}: {:?}", sample.name(), whole.body);
        let length = if sample.path.to_lowercase().ends_with("once") {
            ONCE.len()
        } else {
            OFTEN.len()
        };
        let cuts = (0..=length).map(|cut| cut.to_string());
        let (gateway, sample, whole) = (gateway.address(), &sample, &whole);
        stream::iter(cuts.chain(["all".to_owned()]))
            .for_each_concurrent(AT_ONCE, async |cut| {
                let found = seen(gateway, sample, Some(cut.clone())).await;
                assert_eq!(&found, whole, "{:?} cut at {cut}", sample.name());
            })
            .await;
    }
}

/// The request as HTTP/1.1 writes it; the connection ends with the answer.
fn written(sample: &Sample) -> Vec<u8> {
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-type: {}\r\naccept: {}\r\nte: trailers\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        sample.path,
        sample.content_type,
        sample.accept,
        sample.body.len()
    );
    [head.into_bytes(), sample.body.clone()].concat()
}

/// The answer to a request whose bytes are sent in these pieces, each by a write of its own.
async fn answered<'p>(gateway: SocketAddr, pieces: impl Iterator<Item = &'p [u8]>) -> Seen {
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    socket.set_nodelay(true).unwrap();
    for piece in pieces {
        socket.write_all(piece).await.unwrap();
        socket.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    read(&answer)
}

/// An answer of HTTP/1.1: pieces that leave together or apart are one body all the same.
fn read(answer: &[u8]) -> Seen {
    let end = memchr::memmem::find(answer, b"\r\n\r\n").unwrap();
    let (head, body) = answer.split_at(end + 4);
    let head = std::str::from_utf8(head).unwrap();
    let (status, fields) = head.split_once("\r\n").unwrap();
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for field in fields
        .split_terminator("\r\n")
        .filter(|line| !line.is_empty())
    {
        let (name, value) = field.split_once(": ").unwrap();
        let name: http::HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    let body = if headers.contains_key("transfer-encoding") {
        unchunked(body)
    } else {
        body.to_vec()
    };
    Seen::new(status, headers, body.into(), HeaderMap::new())
}

/// The content of a chunked body.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = memchr::memmem::find(body, b"\r\n").unwrap();
        let size = std::str::from_utf8(&body[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let (chunk, rest) = body[line + 2..].split_at(size);
        if size == 0 {
            return content; // behind it stand trailers, where the client takes them
        }
        assert!(rest.starts_with(b"\r\n"));
        content.extend_from_slice(chunk);
        body = &rest[2..];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_be_cut_at_every_byte() {
    let gateway = gateway().await;
    let over_http1 = |sample: &Sample| matches!(sample.version, Version::Http1);
    for sample in samples().into_iter().filter(over_http1) {
        let request = written(&sample);
        let whole = answered(gateway.address(), [&request[..]].into_iter()).await;
        assert_eq!(whole.status, 200, "{:?}", sample.name());
        let (gateway, sample, whole, request) = (gateway.address(), &sample, &whole, &request);
        stream::iter(1..request.len())
            .for_each_concurrent(AT_ONCE, async |cut| {
                let (start, end) = request.split_at(cut);
                let found = answered(gateway, [start, end].into_iter()).await;
                assert_eq!(&found, whole, "{:?} cut at {cut}", sample.name());
            })
            .await;
        let found = answered(gateway, request.chunks(1)).await;
        assert_eq!(&found, whole, "{:?} byte by byte", sample.name());
    }
}

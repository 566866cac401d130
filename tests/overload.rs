//! What happens when there is too little of something: the levels of overload, what all messages hold
//! together, a step of others that panics. Row R25 is in `cli/descriptors.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use transom::gateway::Gateway;

use crate::support::{Version, configured, send};

mod buffered;
mod levels;
mod panics;

/// How long a level may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that is larger than what is not counted, and no larger than what is counted at once.
const WHOLE: usize = 60_000;

/// What is sent of it.
const PART: usize = 40_000;

/// With an admin port, before a backend that has the demo's services.
async fn loaded(url: &str, keys: &str) -> Gateway {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    configured(&format!(
        "workers: 1\nadmin: {{ listen: 127.0.0.1:0 }}\nupstreams: {{ backend: {{ url: '{url}' }} }}\n\
         schema: [{{ protos: '{protos}', upstream: backend }}]\n{keys}"
    ))
    .await
}

/// What the admin port has there.
async fn admin(gateway: &Gateway, path: &str) -> String {
    let address = gateway.admin_address().unwrap();
    let answer = send(address, Version::Http1, Method::GET, path, &[], "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text().to_owned()
}

/// Asks for the metrics until there is this line.
async fn until(gateway: &Gateway, line: &str) -> String {
    let begun = Instant::now();
    loop {
        let metrics = admin(gateway, "/metrics").await;
        if metrics.lines().any(|found| found == line) {
            return metrics;
        }
        assert!(begun.elapsed() < PATIENCE, "no {line} in {metrics}");
    }
}

/// In which form a message comes that is not whole.
#[derive(Clone, Copy, Debug)]
enum Form {
    Rest,
    Connect,
    GrpcWeb,
    /// JSON texts one after the other.
    Lines,
}

impl Form {
    const ALL: [Self; 4] = [Self::Rest, Self::Connect, Self::GrpcWeb, Self::Lines];

    /// Its head, and the whole body.
    fn request(self) -> (String, Vec<u8>) {
        let (path, media, body) = match self {
            Self::Rest => ("/v1/echo", "application/json", json()),
            Self::Connect => (ECHO, "application/json", json()),
            Self::GrpcWeb => {
                let mut body = vec![0, 0, 0, 0, 0, 0x0a];
                let mut length = WHOLE - 14;
                while length > 0x7f {
                    body.push(0x80 | u8::try_from(length & 0x7f).unwrap());
                    length >>= 7;
                }
                body.push(u8::try_from(length).unwrap());
                body.extend(vec![b'x'; WHOLE - 14]);
                let payload = u32::try_from(body.len() - 5).unwrap();
                body[1..5].copy_from_slice(&payload.to_be_bytes());
                (ECHO, "application/grpc-web+proto", body)
            }
            Self::Lines => ("/v1/echo:collect", "application/x-ndjson", json()),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        (head, body)
    }

    /// The status that ends this answer, by its name.
    fn says(self, answer: &str, number: u8, name: &str) -> bool {
        match self {
            Self::Rest | Self::Lines => answer.contains(&format!("\"code\":{number},")),
            Self::Connect => answer.contains(&format!("\"{}\"", name.to_lowercase())),
            Self::GrpcWeb => {
                let number = number.to_string();
                let is = |space| answer.contains(&format!("grpc-status:{space}{number}\r\n"));
                is("") || is(" ")
            }
        }
    }
}

const ECHO: &str = "/demo.echo.v1.EchoService/Echo";

fn json() -> Vec<u8> {
    format!("{{\"id\":\"{}\"}}", "x".repeat(WHOLE - 9)).into_bytes()
}

/// A call whose message is not whole yet.
struct Part {
    form: Form,
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Part {
    async fn of(address: SocketAddr, form: Form, bytes: usize) -> Self {
        let (head, mut body) = form.request();
        let rest = body.split_off(bytes);
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = [head.as_bytes(), &body].concat();
        stream.write_all(&sent).await.unwrap();
        Self { form, stream, rest }
    }

    /// Sends what is left of it.
    async fn complete(&mut self) {
        self.stream.write_all(&self.rest).await.unwrap();
    }

    /// Reads its answer until it has this status.
    async fn ends_with(&mut self, number: u8, name: &str) {
        let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let read = self.stream.read(&mut chunk).await.unwrap_or(0);
            all.extend_from_slice(&chunk[..read]);
            let answer = String::from_utf8_lossy(&all);
            if self.form.says(&answer, number, name) {
                return;
            }
            assert!(read > 0, "{:?}: {answer}", self.form);
        }
    }
}

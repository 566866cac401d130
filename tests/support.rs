//! What the socket tests share: the demo backend and scripted ones, a proxy that does harm, gateways
//! before them, a plain HTTP client and calls in every dialect.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use transom::config::{self, Flags};
use transom::gateway::{Config, Gateway};

pub(crate) mod calls;
pub(crate) mod chaos;
pub(crate) mod scripted;

/// Whether there is a curl that knows `--json` (7.82, of 2022), as the demo's commands need it.
/// Tests that run them pass without it, and say so.
pub(crate) fn has_curl() -> bool {
    let asked = Command::new("curl")
        .args(["--json", "{}", "--version"])
        .output();
    let has = asked.is_ok_and(|output| output.status.success());
    if !has {
        println!("not tried: commands for curl 7.82 or later, which is not installed");
    }
    has
}

/// The demo backend on a free port. It stops when this is dropped.
pub(crate) struct Backend {
    pub(crate) url: String,
    _stop: oneshot::Sender<()>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(transom::demo::serve(listener, async move {
            let _ = stopped.await;
        }));
        Self {
            url: format!("http://{address}"),
            _stop: stop,
        }
    }
}

/// The demo backend and a gateway that knows nothing but its address.
pub(crate) struct Stack {
    pub(crate) gateway: Gateway,
    pub(crate) backend: Backend,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let backend = Backend::start().await;
        let mut config = Config::for_upstream(&backend.url).unwrap();
        change(&mut config);
        let gateway = Gateway::start(config, |_| {}).await.unwrap();
        Self { gateway, backend }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, json: &str) -> Answer {
        self.send(
            Method::POST,
            path,
            &[("content-type", "application/json")],
            json.to_owned(),
        )
        .await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        send(self.address(), Version::Http1, method, path, headers, body).await
    }
}

/// A gateway on a free port, by the text of a configuration file.
///
/// # Panics
/// The file is wrong, or the gateway does not start.
pub(crate) async fn configured(text: &str) -> Gateway {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("configured-{number}.yaml"));
    std::fs::write(&file, format!("listen: 127.0.0.1:0\n{text}")).unwrap();
    let settings = config::load(Some(&file), &Flags::default())
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    Gateway::start(settings.gateway, |_| {}).await.unwrap()
}

/// A gateway with one worker before one backend that has the demo's services and no reflection.
/// `keys` are more of its configuration.
pub(crate) async fn before(url: &str, keys: &str) -> Gateway {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    configured(&format!(
        "workers: 1\nupstreams: {{ backend: {{ url: '{url}' }} }}\nschema: [{{ protos: '{protos}', upstream: backend }}]\n{keys}"
    ))
    .await
}

/// Which HTTP a request is made by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: HeaderMap,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// One request on a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    version: Version,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(body.into());
    let response = match version {
        Version::Http1 => {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let request = request
                .uri(path)
                .header("host", address.to_string())
                .body(body)
                .unwrap();
            sender.send_request(request).await.unwrap()
        }
        Version::Http2 => {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let request = request
                .uri(format!("http://{address}{path}"))
                .body(body)
                .unwrap();
            sender.send_request(request).await.unwrap()
        }
    };
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: collected.to_bytes(),
        trailers,
    }
}

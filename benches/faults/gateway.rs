//! The gateway, in a process of its own: what it holds is read from Linux, and signals are real.

use std::fs::File;
use std::io::{PipeReader, pipe};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::backend::signal;

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// The variable that names another program than the one that was built beside this one.
const PROGRAM: &str = "TRANSOM";

/// A gateway's process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    child: Child,
    /// What it says, where nobody reads it.
    _unread: Option<PipeReader>,
}

/// Who reads what a gateway says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    /// It says little, into a file.
    Quiet,
    /// It says a line for each call, into a file.
    File,
    /// It says a line for each call, into a pipe that nobody reads.
    Nobody,
}

/// The program.
pub(crate) fn program() -> PathBuf {
    std::env::var_os(PROGRAM).map_or_else(
        || PathBuf::from(option_env!("CARGO_BIN_EXE_transom").unwrap_or("transom")),
        PathBuf::from,
    )
}

impl Gateway {
    /// Starts one at this address, its admin port on this machine, and waits until it is ready. The file into
    /// which it says something is beside its configuration.
    pub(crate) async fn start(file: &Path, address: SocketAddr, admin: u16, ear: Ear) -> Self {
        let log = File::create(file.with_extension("log")).unwrap();
        let (unread, err) = match ear {
            Ear::Quiet | Ear::File => (None, Stdio::from(log.try_clone().unwrap())),
            Ear::Nobody => {
                let (reader, writer) = pipe().unwrap();
                (Some(reader), writer.into())
            }
        };
        let level = match ear {
            Ear::Quiet => "warn",
            Ear::File | Ear::Nobody => "info",
        };
        let child = Command::new(program())
            .arg("serve")
            .arg("--config")
            .arg(file)
            .args(["--log-level", level])
            .stdout(log)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program().display()));
        let mut gateway = Self {
            address,
            admin: ([127, 0, 0, 1], admin).into(),
            child,
            _unread: unread,
        };
        let begun = Instant::now();
        let is_ready =
            |answer: Option<(u16, String)>| answer.is_some_and(|(status, _)| status == 200);
        while !is_ready(asked(gateway.admin, Method::GET, "/readyz").await) {
            let ended = gateway.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < START,
                "the gateway does not start, {ended:?}: {}",
                std::fs::read_to_string(file.with_extension("log")).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway
    }

    /// What a page of its admin port says.
    pub(crate) async fn page(&self, path: &str) -> String {
        let page = asked(self.admin, Method::GET, path).await;
        page.unwrap_or_else(|| panic!("{path} does not answer")).1
    }

    /// Has its configuration read again; the status of the answer.
    pub(crate) async fn reload(&self) -> u16 {
        asked(self.admin, Method::POST, "/reload").await.unwrap().0
    }

    /// What a metric adds up to, of all its labels that have this part.
    pub(crate) async fn metric(&self, name: &str, part: &str) -> f64 {
        let page = self.page("/metrics").await;
        let lines = page.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(part))
        });
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.unwrap().trim().parse().unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; when that was, and the exit code.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<(Instant, Option<i32>)> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some((Instant::now(), status.code()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        None
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request to an admin port, on a connection of its own; none if it is not answered.
pub(crate) async fn asked(
    address: SocketAddr,
    method: Method,
    path: &str,
) -> Option<(u16, String)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.ok()?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.ok()?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

//! `transom upstreams`: the endpoints of a running gateway, asked of its admin listener.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::uri::Authority;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::terminal::{BAD, BOLD, DIM, GOOD};
use super::{Exit, on_runtime, terminal};
use crate::config::units::quoted;
use crate::control::redacted::without_secrets;
use crate::observe::upstreams::{Endpoint, State, Upstream};

/// How long the gateway may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of an answer at most.
const ANSWER_MAX: usize = 64 << 20;

/// Letters of a refusal that are shown.
const SAID_MAX: usize = 200;

/// Flags of `upstreams`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom upstreams --admin 127.0.0.1:9901
  transom upstreams --admin 127.0.0.1:9901 --format json

The gateway has an admin listener if it was started with --admin, or with `admin.listen` in its file.

Latency is the average as balancing sees it: slow answers and failures count at once, and it falls while \
nothing is slow.")]
pub(super) struct Arguments {
    /// Host and port of the gateway's admin listener, or its URL
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901")]
    admin: Admin,

    /// A table for reading, or JSON as the admin listener's /clusters has it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Where the admin listener is: `host:port`, with `http://` in front or without.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Admin(Authority);

impl FromStr for Admin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("http://").unwrap_or(text);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let authority = bare.parse::<Authority>().ok();
        let is_place = |authority: &Authority| {
            authority.port_u16().is_some()
                && !authority.host().is_empty()
                && !authority.as_str().contains('@')
        };
        authority.filter(is_place).map(Self).ok_or_else(|| {
            let expected =
                "expected a host and a port, such as 127.0.0.1:9901 or http://127.0.0.1:9901";
            format!("found {}, {expected}", quoted(&without_secrets(text)))
        })
    }
}

impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The form of the list.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    on_runtime(async {
        let admin = &arguments.admin;
        let asked = tokio::time::timeout(TIMEOUT, ask(admin)).await;
        let text = match asked {
            Ok(Ok(text)) => text,
            Ok(Err(cause)) => return failed(admin, &cause),
            Err(_) => return failed(admin, "no answer"),
        };
        let shown = match arguments.format {
            Format::Json => Ok(text),
            Format::Table => serde_json::from_str::<Vec<Upstream>>(&text).map(|all| table(&all)),
        };
        match shown {
            Ok(text) => {
                terminal::print(&text);
                Exit::Done
            }
            Err(error) => failed(admin, &format!("its answer is not of upstreams: {error}")),
        }
    })
}

fn failed(admin: &Admin, cause: &str) -> Exit {
    terminal::error(&format!("no upstreams from a gateway at {admin}: {cause}"));
    Exit::Failed
}

async fn ask(admin: &Admin) -> Result<String, String> {
    let hint = "has it an admin listener there (serve --admin, or `admin.listen`)?";
    let stream = TcpStream::connect(admin.0.as_str())
        .await
        .map_err(|error| format!("{error}; {hint}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let request = Request::get("/clusters")
        .header(header::HOST, admin.to_string())
        .body(Empty::<bytes::Bytes>::new())
        .map_err(|error| error.to_string())?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX);
    let body = body.collect().await.map_err(|error| error.to_string())?;
    let text = String::from_utf8(body.to_bytes().into()).map_err(|error| error.to_string())?;
    if status != StatusCode::OK {
        let said = text.lines().next().unwrap_or_default();
        let said: String = said.chars().take(SAID_MAX).collect();
        return Err(format!("it answered {status} to /clusters: {said}"));
    }
    Ok(text)
}

/// For reading: a line an upstream, a line an endpoint.
fn table(upstreams: &[Upstream]) -> String {
    let width = |heading: &str, cell: fn(&Endpoint) -> String| {
        let cells = upstreams.iter().flat_map(|one| &one.endpoints);
        let widths = cells.map(|endpoint| cell(endpoint).chars().count());
        widths.max().unwrap_or(0).max(heading.len())
    };
    type Cell = fn(&Endpoint) -> String;
    let columns: [(&str, Cell); 6] = [
        ("ENDPOINT", |one| one.address.clone()),
        ("STATE", |one| state(one).to_owned()),
        ("CONNECTIONS", |one| one.connections.to_string()),
        ("CALLS", |one| one.calls.to_string()),
        ("LATENCY", |one| format!("{:.1} ms", one.latency_ms)),
        ("FAILED", |one| {
            format!("{} of {}", one.failures, one.attempts)
        }),
    ];
    let widths = columns.map(|(heading, cell)| width(heading, cell));
    let mut text = String::new();
    for (at, upstream) in upstreams.iter().enumerate() {
        if at > 0 {
            text.push_str("\n\n");
        }
        summary(&mut text, upstream);
        text.push_str("\n  ");
        for ((heading, _), width) in columns.iter().zip(widths) {
            let _ = write!(text, "{DIM}{heading:width$}{DIM:#}  ");
        }
        for endpoint in &upstream.endpoints {
            text.push_str("\n  ");
            let style = if is_fine(endpoint) { GOOD } else { BAD };
            for (column, ((_, cell), width)) in columns.iter().zip(widths).enumerate() {
                let cell = cell(endpoint);
                let _ = match column {
                    1 => write!(text, "{style}{cell:width$}{style:#}  "),
                    _ => write!(text, "{cell:width$}  "),
                };
            }
            if let Some(why) = endpoint.why.as_ref().or(endpoint.unreachable.as_ref()) {
                let _ = write!(text, "{why}");
            }
        }
    }
    text
}

fn summary(text: &mut String, upstream: &Upstream) {
    let Upstream {
        name,
        source,
        balance,
        requests,
        pending,
        retries,
        ..
    } = upstream;
    let _ = write!(
        text,
        "{BOLD}{name}{BOLD:#}  {DIM}{source}, {balance}{DIM:#}  calls {} of {}, waiting {} of {}, \
         retries {} under way, {:.0} tokens left",
        requests.now, requests.max, pending.now, pending.max, retries.under_way, retries.tokens,
    );
    if upstream.panic {
        let _ = write!(text, "  {BAD}health is ignored: too few are healthy{BAD:#}");
    }
}

fn state(endpoint: &Endpoint) -> &'static str {
    match (&endpoint.unreachable, endpoint.state) {
        (Some(_), State::Healthy) => "unreachable",
        (_, state) => state.as_str(),
    }
}

fn is_fine(endpoint: &Endpoint) -> bool {
    endpoint.state == State::Healthy && endpoint.unreachable.is_none()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_listener_is_named_by_host_and_port_or_by_its_url() {
        for (text, place) in [
            ("127.0.0.1:9901", Some("127.0.0.1:9901")),
            ("http://127.0.0.1:9901", Some("127.0.0.1:9901")),
            ("http://[::1]:9901/", Some("[::1]:9901")),
            ("localhost:9901", Some("localhost:9901")),
            ("https://127.0.0.1:9901", None),
            ("http://127.0.0.1:9901/clusters", None),
            ("127.0.0.1", None),
            ("http://", None),
            (":9901", None),
        ] {
            let found = text.parse::<Admin>().ok().map(|admin| admin.to_string());
            assert_eq!(found.as_deref(), place, "{text}");
        }
        let error = "me:s3cret@h:9901".parse::<Admin>().unwrap_err();
        assert!(error.contains("http://127.0.0.1:9901"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

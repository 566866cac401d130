//! `transom upstreams`: the endpoints of a running gateway, asked of its admin listener.

use std::fmt::Write as _;
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::terminal::{BAD, BOLD, DIM, GOOD};
use super::{Exit, on_runtime, terminal};
use crate::config::Address;
use crate::observe::upstreams::{Endpoint, State, Upstream};

/// How long the gateway may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of an answer at most.
const ANSWER_MAX: usize = 64 << 20;

/// Flags of `upstreams`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom upstreams --admin 127.0.0.1:9901
  transom upstreams --admin 127.0.0.1:9901 --format json

The gateway has an admin listener if it was started with --admin, or with `admin.listen` in its file.
Latency is the average as balancing sees it: slow answers and failures count at once, and it falls while
nothing is slow.")]
pub(super) struct Arguments {
    /// Address and port of the gateway's admin listener
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901")]
    admin: Address,

    /// A table for reading, or JSON as the admin listener's /clusters has it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
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
        let asked = tokio::time::timeout(TIMEOUT, ask(arguments.admin)).await;
        let text = match asked {
            Ok(Ok(text)) => text,
            Ok(Err(cause)) => return failed(arguments.admin, &cause),
            Err(_) => return failed(arguments.admin, "no answer"),
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
            Err(error) => failed(
                arguments.admin,
                &format!("its answer is not of upstreams: {error}"),
            ),
        }
    })
}

fn failed(admin: Address, cause: &str) -> Exit {
    terminal::error(&format!(
        "no gateway's admin listener at {admin}: {cause}; start the gateway with --admin {admin}"
    ));
    Exit::Failed
}

async fn ask(admin: Address) -> Result<String, String> {
    let stream = TcpStream::connect(admin.0)
        .await
        .map_err(|error| error.to_string())?;
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
    if response.status() != StatusCode::OK {
        return Err(format!("it answered {} to /clusters", response.status()));
    }
    let body = Limited::new(response.into_body(), ANSWER_MAX);
    let body = body.collect().await.map_err(|error| error.to_string())?;
    String::from_utf8(body.to_bytes().into()).map_err(|error| error.to_string())
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

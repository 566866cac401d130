//! `transom demo`: the sample backend and a gateway before it, in one process.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::log::{self, Form};
use super::report::Report;
use super::serve::{failed, until_stopped};
use super::signal::Signals;
use super::terminal::{BOLD, DIM};
use super::{Exit, on_runtime, refuse, terminal};
use crate::config::{self, Flags, Log, LogFormat, LogLevel, Named};
use crate::demo::{self, EXAMPLES};
use crate::gateway::Gateway;

/// Flags of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom demo
  transom demo --listen 127.0.0.1:0 --backend-listen 127.0.0.1:50051

Prints what is served and commands to copy into another terminal. Ctrl-C ends it.")]
pub(super) struct Arguments {
    /// Address and port of the gateway [default: 127.0.0.1:8080]; port 0 picks a free one
    #[arg(short, long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Address and port of the sample gRPC server; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    backend_listen: SocketAddr,

    /// How log lines look; `json` says nothing else [default: human]
    #[arg(long, value_enum, value_name = "FORM", hide_default_value = true)]
    log: Option<LogFormat>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    // The demo is for reading, wherever its output goes.
    let format = arguments.log.unwrap_or(LogFormat::Human);
    let log = Log {
        format,
        level: LogLevel::Info,
    };
    let _flush = log::start(log);
    let report = Report(Form::of(format));
    on_runtime(demo(arguments, report))
}

async fn demo(arguments: &Arguments, report: Report) -> Exit {
    let asked = arguments.backend_listen;
    let bound = TcpListener::bind(asked).await.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address, Signals::catch()?))
    });
    let (listener, backend, mut signals) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            let message = format!(
                "the sample server cannot listen on {asked}: {error}; choose another address \
                 with --backend-listen"
            );
            return failed(report, &message);
        }
    };
    let url = format!("http://{}", reachable(backend));
    let upstream = match format!("demo={url}").parse::<Named>() {
        Ok(upstream) => upstream,
        Err(error) => return failed(report, &error),
    };
    let flags = Flags {
        upstreams: vec![upstream],
        listen: arguments.listen,
        ..Flags::default()
    };
    let settings = match config::load(None, &flags) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(demo::serve(listener, async move {
        let _ = stopped.await; // an error means that the gateway is gone, which is the same
    }));
    let exit = until_stopped(settings, report, &mut signals, |gateway| {
        if report.0 == Form::Human {
            terminal::print(&words(gateway, &url));
        }
    })
    .await;
    drop(stop);
    // After a second signal nothing is waited for.
    match exit {
        Exit::Signal(_) => exit,
        exit => match serving.await {
            Ok(Ok(())) => exit,
            Ok(Err(error)) => failed(report, &format!("the sample server failed: {error}")),
            Err(error) => failed(report, &format!("the sample server failed: {error}")),
        },
    }
}

/// The address to call for a listener that may be bound to every address of the machine.
fn reachable(bound: SocketAddr) -> SocketAddr {
    if !bound.ip().is_unspecified() {
        return bound;
    }
    match bound {
        SocketAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], bound.port())),
        SocketAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], bound.port())),
    }
}

/// What to try in another terminal.
fn words(gateway: &Gateway, backend: &str) -> String {
    let base = format!("http://{}", reachable(gateway.address()));
    let mut text =
        format!("{DIM}the sample gRPC server is at {backend}{DIM:#}\n\nTry, in another terminal:");
    for example in EXAMPLES {
        let (title, command) = (example.title, example.command(&base));
        text += &format!("\n\n  {DIM}# {title}{DIM:#}\n  {BOLD}{command}{BOLD:#}");
    }
    let call = "call demo.echo.v1.EchoService/Get -d '{\"id\": 7}'";
    text += &format!(
        "\n\n  {DIM}# the gRPC server itself, without the gateway{DIM:#}\n  \
         {BOLD}transom {call} --upstream {backend}{BOLD:#}\n\nCtrl-C ends the demo."
    );
    text
}

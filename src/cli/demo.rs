//! `transom demo`: the sample backend and a gateway before it, in one process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::log::{self, Form, Logging};
use super::report::{Report, no_listening};
use super::serve::{failed, until_stopped};
use super::signal::Signals;
use super::terminal::{BOLD, DIM};
use super::{Exit, on_runtime, refuse, terminal};
use crate::call::Transport;
use crate::config::{self, Address, Flags, Log, LogFormat, LogLevel, Named, OriginPattern};
use crate::demo::{self, EXAMPLES, PAGES};
use crate::gateway::Gateway;
use crate::protocol::Pages;

mod certificate;
mod web;

use certificate::Certificate;
use web::WebDemo;

/// Flags of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom demo
  transom demo --tls
  transom demo --listen 127.0.0.1:0 --backend-listen 127.0.0.1:50051

Prints what is served and commands to copy into another terminal. Ctrl-C ends it.")]
pub(super) struct Arguments {
    /// Address and port of the gateway [default: 127.0.0.1:8080]; port 0 picks a free one
    #[arg(short, long, value_name = "ADDRESS")]
    listen: Option<Address>,

    /// Address and port of the sample gRPC server; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    backend_listen: Address,

    /// By https, with a certificate that is made at the start and that only the printed commands trust
    #[arg(long)]
    tls: bool,

    /// Folder of the built web demo, served at /demo/ [default: web-demo/dist, where it is there]
    #[arg(long, value_name = "DIR")]
    web_demo: Option<PathBuf>,

    /// How log lines look; with `json` nothing else is printed [default: human]
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
    let logging = log::start(log);
    let report = Report(Form::of(format));
    on_runtime(demo(arguments, report, &logging))
}

async fn demo(arguments: &Arguments, report: Report, logging: &Logging) -> Exit {
    let asked = arguments.backend_listen.0;
    let bound = TcpListener::bind(asked).await.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address, Signals::catch()?))
    });
    let (listener, backend, mut signals) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            let message = no_listening(asked, &error, "--backend-listen");
            return failed(report, &format!("the sample gRPC server: {message}"));
        }
    };
    let url = format!("http://{}", reachable(backend));
    let upstream = match format!("demo={url}").parse::<Named>() {
        Ok(upstream) => upstream,
        Err(error) => return failed(report, &error),
    };
    let flags = Flags {
        upstreams: vec![upstream],
        listen: arguments.listen.map(|address| address.0),
        cors_origins: vec![OriginPattern::any()],
        ..Flags::default()
    };
    let mut settings = match config::load(None, &flags) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    let certificate = match arguments.tls.then(Certificate::make).transpose() {
        Ok(made) => made.map(|(certificate, tls)| {
            settings.gateway.listener.tls = Some(tls);
            certificate
        }),
        Err(error) => return failed(report, &error.to_string()),
    };
    logging.join(&mut settings);
    let web = match WebDemo::find(arguments.web_demo.as_deref()) {
        Ok(web) => web.map(Arc::new),
        Err(error) => return failed(report, &format!("the web demo: {error}")),
    };
    let first: &[&str] = if web.is_some() { &[web::PATH] } else { &[] };
    let pages = web.map(|web| web as Arc<dyn Pages>);
    settings.gateway.protocol.pages.extend(pages);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(demo::serve(listener, async move {
        let _ = stopped.await; // an error means that the gateway is gone, which is the same
    }));
    let listening = |gateway: &Gateway| {
        if report.0 == Form::Human {
            terminal::print(&words(gateway, certificate.as_ref(), &url, first));
        }
    };
    let exit = until_stopped(settings, report, &mut signals, listening, async |_| {}).await;
    drop(stop);
    // After a second signal nothing is waited for.
    match exit {
        Exit::Signal(_) => exit,
        exit => match serving.await {
            Ok(Ok(())) => exit,
            Ok(Err(error)) => failed(report, &format!("the sample gRPC server failed: {error}")),
            Err(error) => failed(report, &format!("the sample gRPC server failed: {error}")),
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

/// What to try in a browser and in another terminal.
fn words(
    gateway: &Gateway,
    certificate: Option<&Certificate>,
    backend: &str,
    first: &[&str],
) -> String {
    let scheme = certificate
        .map_or(Transport::Plaintext, |_| Transport::Tls)
        .scheme();
    let base = format!("{scheme}://{}", reachable(gateway.address()));
    let mut text = format!("{DIM}the sample gRPC server is at {backend}{DIM:#}\n\n");
    text += match certificate {
        None => "Open in a browser:\n",
        Some(_) => "Open in a browser, which asks whether you trust the certificate:\n",
    };
    for path in first.iter().chain(PAGES) {
        text += &format!("\n  {BOLD}{base}{path}{BOLD:#}");
    }
    text += &format!(
        "\n\n  {DIM}# open to pages of any origin (CORS), as only the demo is; `serve` has --cors-origin{DIM:#}"
    );
    text += "\n\nTry in another terminal:";
    for example in EXAMPLES {
        let (title, mut command) = (example.title, example.command(&base));
        if let Some(certificate) = certificate {
            let file = quoted_for_shells(&certificate.path().display().to_string());
            command = command.replacen("curl ", &format!("curl --cacert {file} "), 1);
        }
        text += &format!("\n\n  {DIM}# {title}{DIM:#}\n  {BOLD}{command}{BOLD:#}");
    }
    let call = "call demo.echo.v1.EchoService/Get -d '{\"id\": 7}'";
    let program = program();
    text += &format!(
        "\n\n  {DIM}# the gRPC server itself, without the gateway{DIM:#}\n  \
         {BOLD}{program} {call} --upstream {backend}{BOLD:#}\n\nCtrl-C ends the demo."
    );
    text
}

/// How a fresh shell starts this program: by its bare name where the shell finds it by that.
fn program() -> String {
    let name = env!("CARGO_PKG_NAME");
    let Ok(this) = std::env::current_exe() else {
        return name.to_owned();
    };
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
    });
    let is_this = |found: PathBuf| match (found.canonicalize(), this.canonicalize()) {
        (Ok(found), Ok(this)) => found == this,
        _ => false,
    };
    if found.is_some_and(is_this) {
        name.to_owned()
    } else {
        quoted_for_shells(&this.display().to_string())
    }
}

/// The text as one word of a POSIX shell.
fn quoted_for_shells(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word_in_a_shell() {
        assert_eq!(quoted_for_shells("/a/b-1.2/transom"), "/a/b-1.2/transom");
        assert_eq!(quoted_for_shells("/my files/it's"), r"'/my files/it'\''s'");
    }
}

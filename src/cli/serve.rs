//! `transom serve`: a gateway until a signal.

use std::path::PathBuf;
use std::pin::pin;

use clap::Args;

use super::flags::Target;

use super::log::{self, Form};
use super::reload::Reloads;
use super::report::{Report, explain};
use super::signal::{Hangup, Signals};
use super::{Exit, descriptors, on_runtime, refuse, terminal};
use crate::config::{self, Address, LogFormat, LogLevel, OriginPattern, Settings};
use crate::gateway::Gateway;

/// Flags of `serve`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom serve --upstream http://127.0.0.1:50051
  transom serve --upstream http://127.0.0.1:50051 --listen 0.0.0.0:8080
  transom serve --upstream http://127.0.0.1:50051 --proto ./proto
  transom serve --upstream books=http://b:50051 --upstream chat=http://c:50051
  transom serve --config transom.yaml --log json
  transom serve -c transom.yaml --tls-certificate a.pem --tls-key a.key

With a schema from files it listens at once, even while the server is down; by reflection it waits for a \
first server, and others join later.

The first SIGINT or SIGTERM lets running calls end, a second one ends at once. POST /drain on the admin \
address is as good as the first of them. SIGHUP, a change of the configuration's files and POST /reload on \
the admin address have the configuration read again, while it serves.")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// Address and port for clients [default: 127.0.0.1:8080]; port 0 picks a free one
    #[arg(short, long, value_name = "ADDRESS")]
    listen: Option<Address>,

    /// The certificate chain for TLS (PEM); with --tls-key, clients connect by https
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,

    /// The private key of that certificate (PEM)
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Certificates (PEM) of the authorities by which every client has to show a certificate
    #[arg(long, value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,

    /// Address and port for operators: health, readiness, routes [default: none]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,

    /// An origin whose pages may call, such as `https://app.example.com`; may be given several times.
    ///
    /// `https://*.example.com` is every direct sub-domain, `*` any origin. Replaces the `origins` of
    /// a configuration file. Without it pages of the gateway's own origin only.
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<OriginPattern>,

    /// How log lines look; with `json` the table of routes is left out [default: auto]
    #[arg(long, value_enum, value_name = "FORM", hide_default_value = true)]
    log: Option<LogFormat>,

    /// The least important log lines that are written; RUST_LOG wins [default: info]
    #[arg(long, value_enum, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let flags = config::Flags {
        listen: arguments.listen.map(|address| address.0),
        admin: arguments.admin.map(|address| address.0),
        cors_origins: arguments.cors_origins.clone(),
        tls_certificate: arguments.tls_certificate.clone(),
        tls_key: arguments.tls_key.clone(),
        tls_client_ca: arguments.tls_client_ca.clone(),
        log_format: arguments.log,
        log_level: arguments.log_level,
        ..arguments.target.flags()
    };
    let file = arguments.target.config.as_deref();
    let mut settings = match config::load(file, &flags).and_then(Settings::with_files) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    let reloads = Reloads::new(file, flags, settings.clone());
    let logging = log::start(settings.log);
    logging.join(&mut settings);
    let report = Report(Form::of(settings.log.format));
    on_runtime(async move {
        let mut signals = match Signals::catch() {
            Ok(signals) => signals,
            Err(error) => return failed(report, &format!("cannot catch signals: {error}")),
        };
        let hangups = match Hangup::catch() {
            Ok(hangups) => hangups,
            Err(error) => return failed(report, &format!("cannot catch signals: {error}")),
        };
        let meanwhile = async |gateway: &Gateway| reloads.run(gateway, hangups).await;
        until_stopped(settings, report, &mut signals, |_| {}, meanwhile).await
    })
}

/// Starts a gateway, tells when it answers, does something with it, and drains it at the first signal.
pub(super) async fn until_stopped(
    settings: Settings,
    report: Report,
    signals: &mut Signals,
    listening: impl FnOnce(&Gateway),
    meanwhile: impl AsyncFnOnce(&Gateway),
) -> Exit {
    let drain = settings.gateway.listener.drain;
    let transport = settings.gateway.listener.transport();
    descriptors::raise();
    for notice in settings.notices() {
        tracing::warn!("{notice}");
    }
    let start = Gateway::start(settings.gateway, move |progress| report.progress(progress));
    let gateway = tokio::select! {
        started = start => match started {
            Ok(gateway) => gateway,
            Err(error) => return failed(report, &explain(&error)),
        },
        stop = signals.next() => return Exit::Signal(stop),
    };
    {
        let mut running = pin!(async {
            meanwhile(&gateway).await;
            std::future::pending::<()>().await
        });
        // Begun before it is told: whoever reads that may have a wish at once.
        tokio::select! {
            biased;
            () = &mut running => {}
            () = std::future::ready(()) => {}
        }
        let wished = gateway.drain_wished();
        report.listening(transport, &gateway);
        listening(&gateway);
        tokio::select! {
            _ = signals.next() => {}
            () = wished => {}
            () = running => {}
        }
    }
    report.draining(drain.delay + drain.grace);
    tokio::select! {
        () = gateway.drain() => Exit::Done,
        stop = signals.next() => Exit::Signal(stop),
    }
}

/// Says why it ends, in the form of the logs.
pub(super) fn failed(report: Report, message: &str) -> Exit {
    match report.0 {
        Form::Human => terminal::error(message),
        Form::Json => tracing::error!("{message}"),
    }
    Exit::Failed
}

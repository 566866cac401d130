//! `transom check`: is a configuration file good, and the schema it names?

mod callers;

use std::path::PathBuf;

use clap::Args;

use super::routes::{Loaded, NotLoaded};
use super::terminal::{DIM, GOOD};
use super::{Exit, on_runtime, refuse, routes, terminal};
use crate::config::{self, Flags, Notice, Settings};
use crate::protocol::options::Reach;
use crate::schema::Unmatched;

/// Flags of `check`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom check --config transom.yaml
  transom check --config transom.yaml --connect

Where the file has access rules, a table says who may call what.

Exits with 0 if the file is good, with 64 if not: a wrong key or value, descriptors, protos, files of TLS or \
of keys that cannot be read, bindings that clash or have a wrong template, a route or a rule for retries that \
applies to nothing, a step of the policy for methods that are not there. Also with 64, after a warning, of what \
serve starts with all the same: a certificate that is over or not good yet, a list of endpoints that cannot be \
read. With 1 if --connect finds no schema.")]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,

    /// Ask upstreams for their schema by reflection, where the file says so
    #[arg(long)]
    connect: bool,

    /// A service configuration with `http` rules, in place of the file's `http_rules`; may be given
    /// several times
    #[arg(long = "http-rules", value_name = "FILE")]
    http_rules: Vec<PathBuf>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let flags = Flags {
        http_rules: arguments.http_rules.clone(),
        ..Flags::default()
    };
    let settings =
        match config::load(Some(&arguments.config), &flags).and_then(Settings::with_files) {
            Ok(settings) => settings,
            Err(error) => return refuse(&error),
        };
    for notice in settings.notices() {
        terminal::warn(&notice.to_string());
    }
    let is_good = !settings.notices().iter().any(Notice::is_fault);
    let mut gateway = settings.gateway;
    let all = gateway.schema.len();
    if !arguments.connect {
        gateway.schema.retain(|source| !source.is_reflection());
    }
    let left_out = all - gateway.schema.len();
    if left_out > 0 {
        gateway.schema_options.unmatched = Unmatched::Await;
    }
    let file = arguments.config.display();
    let upstreams = counted(gateway.upstreams.len(), "upstream");
    let hint = match left_out {
        0 => String::new(),
        n => {
            let sources = counted(n, "source");
            format!("{DIM}; {sources} by reflection not asked (--connect asks){DIM:#}")
        }
    };
    if gateway.schema.is_empty() {
        if !is_good {
            return Exit::Configuration;
        }
        terminal::print(&format!("{GOOD}good:{GOOD:#} {file}: {upstreams}{hint}"));
        return Exit::Done;
    }
    on_runtime(async move {
        let Loaded {
            schema,
            left_out: reasons,
            idle,
        } = match routes::load(&gateway).await {
            Ok(loaded) => loaded,
            Err(error) => {
                terminal::error(&format!("{file}: {error}"));
                return match error {
                    NotLoaded::Server(_) => Exit::Failed,
                    NotLoaded::Files(_) => Exit::Configuration,
                };
            }
        };
        // Of a schema that is not all there nobody can say that it lacks something.
        let idle = if left_out == 0 { idle } else { Vec::new() };
        for reason in reasons.iter().chain(&idle) {
            terminal::error(&format!("{file}: {reason}"));
        }
        if !is_good || !reasons.is_empty() || !idle.is_empty() {
            return Exit::Configuration;
        }
        let methods = counted(schema.methods().count(), "method");
        let routes = counted(schema.rows().len(), "route");
        terminal::print(&format!(
            "{GOOD}good:{GOOD:#} {file}: {upstreams}, {methods}, {routes}{hint}"
        ));
        let chosen = &gateway.protocol.routes;
        for (route, reach) in chosen.iter().zip(Reach::of(chosen, &schema)) {
            let methods = counted(reach.methods, "method");
            let bindings = counted(reach.bindings, "binding");
            let to = route.split().map(|split| format!("; to {split}"));
            terminal::print(&format!(
                "{DIM}      {route}: {methods}, {bindings}{}{DIM:#}",
                to.unwrap_or_default()
            ));
        }
        for table in callers::tables(&gateway.policy, &schema) {
            terminal::print(&format!("\n{table}"));
        }
        Exit::Done
    })
}

fn counted(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

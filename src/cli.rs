//! The command line: what each command means, and what its exit code says.
//!
//! Commands read flags into [`config::Flags`](crate::config::Flags), so a flag and a key of the
//! configuration file are the same thing. Results go to standard output; logs, progress, warnings
//! and errors go to standard error. Colours appear on terminals only, and never with `NO_COLOR`.

use std::future::Future;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::call::Code;

mod breaking;
mod call;
mod check;
mod demo;
mod descriptors;
mod findings;
mod flags;
mod lint;
mod log;
mod openapi;
mod origin;
mod reload;
mod report;
mod routes;
mod serve;
mod signal;
mod table;
mod terminal;
mod upstreams;

pub use signal::Stop;

/// A gateway that lets browsers and REST clients call any gRPC service.
#[derive(Debug, Parser)]
#[command(name = "transom", version, about, after_help = HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Examples:
  transom demo                                      try it, with a sample server
  transom serve --upstream http://127.0.0.1:50051   serve a gRPC server
  transom serve --config transom.yaml               the same and more, by a file
  transom call demo.echo.v1.EchoService/Get -d '{\"id\": 7}' \\
    -u http://127.0.0.1:50051

Exit codes:
  0         done (serve, demo: stopped by a signal, after the running calls)
  1         failed: no start, no schema, no such method, a request that does
            not fit it; breaking, lint: something was found
  2         wrong usage of the command line
  64        wrong configuration file, or a schema in it with clashes (check);
            a schema that cannot be read (breaking, lint)
  64 + n    call: it ended with gRPC status n, such as 69 for NOT_FOUND, or 78
            (UNAVAILABLE) if the schema comes from files and the server is down
  130, 143  ended at once: a second SIGINT or SIGTERM, or one before serving
            began";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves a gRPC server to REST, Connect, gRPC-Web, WebSocket and gRPC clients on one port
    Serve(serve::Arguments),
    /// Starts a sample gRPC server and a gateway before it, and shows how to call them
    Demo(demo::Arguments),
    /// Checks a configuration file and the schema it names
    Check(check::Arguments),
    /// Prints the JSON Schema of the configuration file, for editors
    ConfigSchema,
    /// Lists what would be served: HTTP method, path, rpc and shape
    Routes(routes::Arguments),
    /// Shows the upstreams of a running gateway: endpoints, state, connections, calls, latency
    Upstreams(upstreams::Arguments),
    /// Writes an OpenAPI document of what would be served
    Openapi(openapi::Arguments),
    /// Says what a new schema takes away from clients of an old one
    Breaking(breaking::Arguments),
    /// Says what is wrong with a schema, or will be
    Lint(lint::Arguments),
    /// Calls a method of a gRPC server, JSON in and JSON out
    Call(call::Arguments),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As it should.
    Done,
    /// Not as it should; a message says why.
    Failed,
    /// As it should, and what was looked for is there.
    Found,
    /// The flags make no sense together.
    Usage,
    /// The configuration file is wrong.
    Configuration,
    /// `call`: the server's status.
    Status(Code),
    /// A signal ended it at once.
    Signal(Stop),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed | Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Configuration => 64,
            Exit::Status(code) => 64 + code as u8,
            Exit::Signal(stop) => stop.exit_code(),
        })
    }
}

/// Runs a command to its end.
#[must_use]
pub fn run(arguments: Arguments) -> Exit {
    match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::ConfigSchema => {
            terminal::print(&crate::config::json_schema());
            Exit::Done
        }
        Command::Routes(arguments) => routes::run(&arguments),
        Command::Upstreams(arguments) => upstreams::run(&arguments),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Breaking(arguments) => breaking::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Call(arguments) => call::run(&arguments),
    }
}

/// Runs a future on a runtime that is left behind at the end, so that nothing can hold up an exit.
fn on_runtime(command: impl Future<Output = Exit>) -> Exit {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let exit = runtime.block_on(command);
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            terminal::error(&format!("cannot start the runtime: {error}"));
            Exit::Failed
        }
    }
}

/// Says what is wrong with the configuration, and how to exit.
fn refuse(error: &crate::config::Error) -> Exit {
    terminal::error(&error.to_string());
    match error {
        crate::config::Error::File(_) => Exit::Configuration,
        crate::config::Error::Flags(_) => Exit::Usage,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    /// Columns of a terminal as most are at first.
    const COLUMNS: usize = 80;

    #[test]
    fn what_is_said_after_the_flags_is_wrapped_once_at_any_width() {
        let all = Arguments::command();
        for command in all.get_subcommands().chain([&all]) {
            let after = command.get_after_help().map(ToString::to_string);
            let (after, mut is_within) = (after.unwrap_or_default(), false);
            for line in after.lines() {
                if line.starts_with(' ') {
                    assert!(line.len() <= COLUMNS, "too long to stay whole: {line}");
                } else {
                    // clap breaks a paragraph where the terminal ends: nobody else may have done so.
                    assert!(
                        !is_within || line.is_empty(),
                        "a paragraph in lines: {line}"
                    );
                }
                is_within = !line.is_empty();
            }
        }
    }
}

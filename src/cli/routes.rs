//! `transom routes`, and the loading of a schema for commands that do not serve it.

use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};
use tokio::sync::oneshot;

use super::flags::Target;
use super::report::explain;
use super::{Exit, on_runtime, refuse, table, terminal};
use crate::gateway::{self, Progress};
use crate::schema::Schema;

/// Flags of `routes`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom routes --upstream http://127.0.0.1:50051
  transom routes --proto ./proto --format json
  transom routes --config transom.yaml")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// A table for reading, or JSON: an array with one object a route
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
    let settings = match arguments.target.schema_settings() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    on_runtime(async move {
        let schema = match load(&settings.gateway).await {
            Ok(schema) => schema,
            Err(message) => {
                terminal::error(&message);
                return Exit::Failed;
            }
        };
        let rows = table::rows(&schema);
        match arguments.format {
            Format::Table => terminal::print(&table::text(&rows)),
            Format::Json => match serde_json::to_string_pretty(&rows) {
                Ok(json) => terminal::print(&json),
                Err(error) => {
                    terminal::error(&error.to_string());
                    return Exit::Failed;
                }
            },
        }
        for refusal in schema.refusals() {
            terminal::warn(&format!("not served: {refusal}"));
        }
        Exit::Done
    })
}

/// Loads a schema once: unlike a gateway, a command does not wait for a server that is not up.
pub(super) async fn load(config: &gateway::Config) -> Result<Schema, String> {
    let (tell, waiting) = oneshot::channel::<String>();
    let tell = Mutex::new(Some(tell));
    let mut report = move |progress: &Progress<'_>| {
        if let Progress::Waiting {
            upstream,
            url,
            cause,
            ..
        } = progress
        {
            let tell = tell.lock().unwrap_or_else(PoisonError::into_inner).take();
            let message = format!("cannot reach the upstream {upstream} at {url}: {cause}");
            // Nobody listens only if the load has ended already.
            let _ = tell.map(|tell| tell.send(message));
        }
    };
    tokio::select! {
        loaded = gateway::load_schema(config, &mut report) => {
            loaded.map_err(|error| explain(&error))
        }
        Ok(message) = waiting => Err(message),
    }
}

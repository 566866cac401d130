//! `transom routes`, and the loading of a schema for commands that do not serve it.

use clap::{Args, ValueEnum};
use tokio::sync::oneshot;

use super::flags::Target;
use super::report::explain;
use super::{Exit, on_runtime, refuse, table, terminal};
use crate::gateway::{self, Progress, SourceError, StartError, the_upstream};
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
        let Loaded {
            schema,
            left_out,
            idle,
        } = match load(&settings.gateway).await {
            Ok(loaded) => loaded,
            Err(error) => {
                terminal::error(&error.to_string());
                return Exit::Failed;
            }
        };
        let rows = settings.gateway.protocol.rows(&schema);
        let text = match arguments.format {
            Format::Table => Ok(table::text(&rows)),
            Format::Json => serde_json::to_string_pretty(&rows),
        };
        match text {
            Ok(text) => terminal::print(&text),
            Err(error) => {
                terminal::error(&error.to_string());
                return Exit::Failed;
            }
        }
        for reason in left_out {
            terminal::warn(&format!("not served: {reason}"));
        }
        for reason in idle {
            terminal::warn(&reason);
        }
        Exit::Done
    })
}

/// A schema, and what is not in it.
pub(super) struct Loaded {
    pub(super) schema: Schema,
    /// Protos that do not compile, bindings that clash and the like, each a sentence.
    pub(super) left_out: Vec<String>,
    /// Configured routes and rules that nothing in it has, each a sentence.
    pub(super) idle: Vec<String>,
}

/// Why there is no schema.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotLoaded {
    /// A server is not up, or does not tell its schema.
    #[error("{0}")]
    Server(String),
    /// A file is missing or wrong, or the sources contradict each other.
    #[error("{0}")]
    Files(String),
}

impl From<StartError> for NotLoaded {
    fn from(error: StartError) -> Self {
        let message = explain(&error);
        match error {
            StartError::Source(
                SourceError::NoReflection { .. } | SourceError::Reflection { .. },
            ) => Self::Server(message),
            _ => Self::Files(message),
        }
    }
}

/// Loads a schema once: unlike a gateway, a command does not wait for a server that is not up.
pub(super) async fn load(config: &gateway::Config) -> Result<Loaded, NotLoaded> {
    let (tell, waiting) = oneshot::channel::<String>();
    let mut tell = Some(tell);
    let mut left_out = Vec::new();
    let mut report = |progress: &Progress<'_>| match progress {
        Progress::Waiting {
            upstream,
            url,
            cause,
            ..
        } => {
            let message = format!("cannot reach {}: {cause}", the_upstream(upstream, url));
            // Nobody listens only if the load has ended already.
            let _ = tell.take().map(|tell| tell.send(message));
        }
        Progress::LeftOut(reason) => left_out.push((*reason).to_owned()),
        Progress::Operators(_)
        | Progress::Schema(..)
        | Progress::Joined(..)
        | Progress::Ineffective(_) => {}
    };
    let schema = tokio::select! {
        loaded = gateway::load_schema(config, &mut report) => loaded?,
        Ok(message) = waiting => return Err(NotLoaded::Server(message)),
    };
    left_out.extend(schema.refusals().iter().cloned());
    let idle = gateway::ineffective(config, &schema);
    Ok(Loaded {
        schema,
        left_out,
        idle,
    })
}

//! `transom breaking`: what a new schema takes away from clients of an old one.

use std::path::PathBuf;

use clap::Args;

use super::findings::{self, Format, Words};
use super::origin::Origin;
use super::routes::Loaded;
use super::terminal::{BOLD, DIM};
use super::{Exit, on_runtime, terminal};
use crate::schema::breaking::{Breaking, Rule, breaking};

/// Flags of `breaking`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom breaking released.binpb ./proto
  transom breaking http://127.0.0.1:50051 ./proto --format json
  transom breaking old.binpb new.binpb --except FIELD_SAME_DEFAULT

Each of OLD and NEW is a folder of .proto files (an import root), a FileDescriptorSet file, a \
configuration file (.yaml), or the URL of a gRPC server that offers reflection.

Exits with 0 if nothing breaks, with 1 if something does, with 64 if OLD or NEW cannot be read.")]
pub(super) struct Arguments {
    /// What clients know
    #[arg(required_unless_present = "rules")]
    old: Option<Origin>,

    /// What is to be served
    #[arg(required_unless_present = "rules")]
    new: Option<Origin>,

    /// Lines for reading, or JSON: an object with an array `breaking`
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Leave out a rule; may be given several times
    #[arg(long, value_name = "RULE")]
    except: Vec<Rule>,

    /// A service configuration (YAML) whose `http` rules bind methods, of both; may be given several times
    #[arg(long = "http-rules", value_name = "FILE")]
    http_rules: Vec<PathBuf>,

    /// List the rules, a line each
    #[arg(long)]
    rules: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let (Some(old), Some(new), false) = (&arguments.old, &arguments.new, arguments.rules) else {
        let all = Rule::ALL.iter();
        return findings::rules(all.map(|rule| (rule.name(), rule.purpose())));
    };
    on_runtime(async move {
        let mut schemas = Vec::with_capacity(2);
        for origin in [old, new] {
            let Loaded {
                schema, left_out, ..
            } = match origin.load(&arguments.http_rules).await {
                Ok(loaded) => loaded,
                Err(message) => {
                    terminal::error(&format!("{origin}: {message}"));
                    return Exit::Configuration;
                }
            };
            for reason in left_out {
                terminal::warn(&format!("{origin}: not compared: {reason}"));
            }
            schemas.push(schema);
        }
        let [before, now] = schemas.as_slice() else {
            return Exit::Failed;
        };
        let mut found = breaking(before, now);
        found.retain(|one| !arguments.except.contains(&one.rule));
        let words = Words {
            key: "breaking",
            line,
            none: format!(
                "nothing breaks; {} methods in the new schema",
                now.methods().len()
            ),
            called: ["breaking change", "breaking changes"],
        };
        findings::tell(arguments.format, &found, &words)
    })
}

fn line(breaking: &Breaking) -> String {
    let Breaking { name, rule, text } = breaking;
    format!("{BOLD}{name}{BOLD:#}: {text} {DIM}({rule}){DIM:#}")
}

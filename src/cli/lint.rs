//! `transom lint`: what is wrong with a schema, or will be.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::flags::Target;
use super::origin::Origin;
use super::routes::{Loaded, load};
use super::terminal::{BAD, BOLD, DIM, GOOD};
use super::{Exit, on_runtime, refuse, terminal};
use crate::gateway;
use crate::lint::{self, Finding, Given, Rule};
use crate::protocol;
use crate::schema::{Method, Places, Schema, Shape};

/// Flags of `lint`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom lint --proto ./proto
  transom lint --proto ./proto --against released.binpb --except VAGUE_NAME
  transom lint --config transom.yaml --only METHOD_DEADLINE --format json
  transom lint --rules

OLD of --against is a folder of .proto files (an import root), a FileDescriptorSet file, a configuration
file (.yaml), or the URL of a gRPC server that offers reflection.

Exits with 0 if nothing is found, with 1 if something is, with 64 if a schema cannot be read.")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// What it was before, for the rules about what was removed and used again
    #[arg(long, value_name = "OLD")]
    against: Option<Origin>,

    /// Only this rule; may be given several times
    #[arg(long, value_name = "RULE")]
    only: Vec<Rule>,

    /// Leave out a rule; may be given several times
    #[arg(long, value_name = "RULE", conflicts_with = "only")]
    except: Vec<Rule>,

    /// Lines for reading, or JSON: an object with an array `findings`
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// List the rules, a line each
    #[arg(long)]
    rules: bool,
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Serialize)]
struct Answer<'a> {
    findings: &'a [Finding],
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    if arguments.rules {
        for rule in Rule::ALL {
            terminal::print(&format!("{:28}{}", rule.name(), rule.purpose()));
        }
        return Exit::Done;
    }
    let mut settings = match arguments.target.schema_settings() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    settings.gateway.schema_options.places = Places::Kept;
    on_runtime(async move {
        let config = &settings.gateway;
        let loaded = match load(config).await {
            Ok(loaded) => loaded,
            Err(error) => {
                terminal::error(&error.to_string());
                return Exit::Configuration;
            }
        };
        let before = match &arguments.against {
            None => None,
            Some(origin) => match origin.load(&arguments.target.http_rules).await {
                Ok(before) => Some(before.schema),
                Err(message) => {
                    terminal::error(&format!("{origin}: {message}"));
                    return Exit::Configuration;
                }
            },
        };
        let found = arguments.found(config, &loaded.schema, before.as_ref());
        arguments.tell(&found, &loaded)
    })
}

impl Arguments {
    fn found(
        &self,
        config: &gateway::Config,
        schema: &Schema,
        against: Option<&Schema>,
    ) -> Vec<Finding> {
        let mut rules: BTreeSet<Rule> = self.only.iter().copied().collect();
        if rules.is_empty() {
            rules = Rule::ALL.into_iter().collect();
        }
        rules.retain(|rule| !self.except.contains(rule));
        let given = Given {
            schema,
            against,
            has_deadline: &|method| has_deadline(&config.protocol, method),
        };
        lint::lint(&given, &rules)
    }

    fn tell(&self, found: &[Finding], loaded: &Loaded) -> Exit {
        match self.format {
            Format::Text => {
                for finding in found {
                    terminal::print(&line(finding));
                }
                let methods = loaded.schema.methods().len();
                terminal::print(&match found.len() {
                    0 => format!("{GOOD}good:{GOOD:#} nothing found; {methods} methods"),
                    1 => format!("{BAD}1 finding{BAD:#}"),
                    n => format!("{BAD}{n} findings{BAD:#}"),
                });
            }
            Format::Json => match serde_json::to_string_pretty(&Answer { findings: found }) {
                Ok(text) => terminal::print(&text),
                Err(error) => {
                    terminal::error(&error.to_string());
                    return Exit::Failed;
                }
            },
        }
        // What the schema itself refuses is a finding; what it never saw is told here.
        let refused = loaded.schema.refusals();
        for reason in loaded.left_out.iter().filter(|own| !refused.contains(own)) {
            terminal::warn(&format!("not looked at: {reason}"));
        }
        if found.is_empty() {
            Exit::Done
        } else {
            Exit::Found
        }
    }
}

fn line(finding: &Finding) -> String {
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    };
    let Finding {
        name, text, rule, ..
    } = finding;
    format!("{place}{BOLD}{name}{BOLD:#}: {text} {DIM}({rule}){DIM:#}")
}

/// Whether the options of a method's own path end a call whose client sets no deadline.
fn has_deadline(config: &protocol::Config, method: &Method) -> bool {
    let route = config
        .routes
        .iter()
        .find(|route| route.applies.to_method(method));
    let timeouts = route
        .map_or(&config.options, |route| &route.options)
        .timeouts;
    // A cap bounds what is asked for, and asks for nothing.
    let default = match method.shape {
        Shape::Unary => timeouts.unary_default,
        Shape::ClientStream | Shape::ServerStream | Shape::Bidi => timeouts.stream_default,
    };
    default.is_some()
}

//! `transom lint`: what is wrong with a schema, or will be.

use std::collections::BTreeSet;

use clap::Args;

use super::findings::{self, Format, Words};
use super::flags::Target;
use super::origin::Origin;
use super::routes::{Loaded, load};
use super::terminal::{BOLD, DIM};
use super::{Exit, on_runtime, refuse, terminal};
use crate::gateway;
use crate::lint::{self, Finding, Given, Package, Rule, Scope};
use crate::schema::{Method, Places, Schema, Shape};

/// Packages that an error names at most.
const SHOWN_MAX: usize = 20;

/// Flags of `lint`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom lint --proto ./proto
  transom lint --proto ./proto --against released.binpb --except VAGUE_NAME
  transom lint --proto ./proto --package shop
  transom lint --config transom.yaml --only METHOD_DEADLINE --format json
  transom lint --rules

What others have declared is left out: packages beneath buf, cel, envoy, gnostic, gogoproto, google, grpc, \
opencensus, opentelemetry, udpa, validate and xds, unless there is nothing else. --package says whose \
declarations are judged instead.

OLD of --against is a folder of .proto files (an import root), a FileDescriptorSet file, a configuration \
file (.yaml), or the URL of a gRPC server that offers reflection.

Exits with 0 if nothing is found, with 1 if something is, with 64 if a schema cannot be read.")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// What it was before, for the rules about what was removed and used again
    #[arg(long, value_name = "OLD")]
    against: Option<Origin>,

    /// Only what is declared in this package or beneath it; may be given several times
    #[arg(long = "package", value_name = "PREFIX")]
    packages: Vec<Package>,

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

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    if arguments.rules {
        let all = Rule::ALL.iter();
        return findings::rules(all.map(|rule| (rule.name(), rule.purpose())));
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
        if let Some(missing) = arguments.missing(&loaded.schema) {
            terminal::error(&missing);
            return Exit::Configuration;
        }
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
            scope: if self.packages.is_empty() {
                Scope::Own
            } else {
                Scope::Within(self.packages.clone())
            },
            has_deadline: &|method| has_deadline(config, method),
        };
        lint::lint(&given, &rules)
    }

    /// A package that is asked for and that there is not: with a slip in its name nothing would be
    /// found for ever.
    fn missing(&self, schema: &Schema) -> Option<String> {
        let there: BTreeSet<String> = schema
            .own_files()
            .map(|file| file.package_name().to_owned())
            .collect();
        let is_there = |package: &Package| there.iter().any(|name| package.has(name));
        let missing = self.packages.iter().find(|package| !is_there(package))?;
        let there: Vec<&str> = there.iter().map(String::as_str).take(SHOWN_MAX).collect();
        Some(format!(
            "--package {missing}: found no file of it, expected one of {}",
            there.join(", ")
        ))
    }

    fn tell(&self, found: &[Finding], loaded: &Loaded) -> Exit {
        let words = Words {
            key: "findings",
            line,
            none: format!("nothing found; {} methods", loaded.schema.methods().len()),
            called: ["finding", "findings"],
        };
        let exit = findings::tell(self.format, found, &words);
        // What the schema itself refuses is a finding; what it never saw is told here.
        let refused = loaded.schema.refusals();
        for reason in loaded.left_out.iter().filter(|own| !refused.contains(own)) {
            terminal::warn(&format!("not looked at: {reason}"));
        }
        exit
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

/// Whether a call of a method's own path ends although its client sets no deadline: by its options, or
/// by each upstream that it may go to.
fn has_deadline(config: &gateway::Config, method: &Method) -> bool {
    let protocol = &config.protocol;
    let routes = protocol.routes.iter();
    let routes: Vec<_> = routes
        .filter(|route| route.applies.to_method(method))
        .collect();
    let options = routes.iter().find_map(|route| route.options());
    let options = options.unwrap_or(&protocol.options);
    // A cap bounds what is asked for, and asks for nothing.
    let default = match method.shape {
        Shape::Unary => options.timeouts.unary_default,
        Shape::ClientStream | Shape::ServerStream | Shape::Bidi => options.timeouts.stream_default,
    };
    if default.is_some() {
        return true;
    }
    // Those for some requests are asked up to the one for all.
    let cases = routes.iter().take_while(|route| route.options().is_none());
    let splits: Vec<_> = cases
        .filter_map(|route| route.split())
        .chain(options.destinations.rest())
        .collect();
    let shares = splits.iter().flat_map(|split| split.shares());
    let mut upstreams: Vec<&str> = shares.map(|share| &*share.name).collect();
    if options.destinations.rest().is_none() {
        upstreams.push(&method.upstream);
    }
    upstreams.into_iter().all(|name| {
        let mut known = config.upstreams.iter();
        let upstream = known.find(|upstream| upstream.name == name);
        upstream.is_some_and(|upstream| upstream.retries.timeout(method).is_some())
    })
}

//! `transom openapi`: a document of what would be served.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::flags::Target;
use super::routes::{Loaded, load};
use super::{Exit, on_runtime, refuse, terminal};
use crate::catalog::Catalog;
use crate::gateway;
use crate::openapi::{self, Edition, Scope, Version};
use crate::schema::Schema;

/// Where the gateway is, as far as a document can know that is made without one.
const SERVER: &str = "http://127.0.0.1:8080";

/// Flags of `openapi`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  transom openapi --upstream http://127.0.0.1:50051
  transom openapi --proto ./proto --package library.v1 --output library.json
  transom openapi --config transom.yaml --version 3.0 --profile simple
  transom openapi --config transom.yaml --server https://api.example.com")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// The version of OpenAPI: 3.2 says most of streams, 3.0 is what older tools read
    #[arg(long, value_name = "3.0|3.1|3.2", default_value_t = Version::default())]
    version: Version,

    /// How the document is written
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,

    /// For whom: `simple` is 3.0 with one media type a body, for strict generators
    #[arg(long, value_enum, default_value_t = Profile::Full)]
    profile: Profile,

    /// Only this package, such as library.v1
    #[arg(long, value_name = "PACKAGE", conflicts_with = "service")]
    package: Option<String>,

    /// Only this service, such as library.v1.LibraryService
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,

    /// The gateway's URL in the document, where `docs.servers` of a configuration file names none
    #[arg(long, value_name = "URL", default_value = SERVER)]
    server: String,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

/// Who a document is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Profile {
    Full,
    Simple,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let settings = match arguments.target.schema_settings() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    on_runtime(async move {
        let loaded = match load(&settings.gateway).await {
            Ok(loaded) => loaded,
            Err(error) => {
                terminal::error(&error.to_string());
                return Exit::Failed;
            }
        };
        let Loaded {
            schema, left_out, ..
        } = loaded;
        let text = match arguments.document(&settings.gateway, &schema) {
            Ok(text) => text,
            Err(message) => {
                terminal::error(&message);
                return Exit::Failed;
            }
        };
        let written = match &arguments.output {
            None => {
                terminal::print(text.trim_end_matches('\n'));
                Ok(())
            }
            Some(path) => std::fs::write(path, text)
                .map_err(|error| format!("cannot write {}: {error}", path.display())),
        };
        if let Err(message) = written {
            terminal::error(&message);
            return Exit::Failed;
        }
        for reason in left_out {
            terminal::warn(&format!("not in it: {reason}"));
        }
        Exit::Done
    })
}

impl Arguments {
    fn document(&self, config: &gateway::Config, schema: &Schema) -> Result<String, String> {
        let docs = &config.docs;
        let catalog = docs.catalog(schema, &config.protocol);
        let edition = Edition {
            scope: self.scope(&catalog)?,
            version: self.version,
            profile: match self.profile {
                Profile::Full => openapi::Profile::Full,
                Profile::Simple => openapi::Profile::Simple,
            },
            format: match self.format {
                Format::Json => openapi::Format::Json,
                Format::Yaml => openapi::Format::Yaml,
            },
        };
        let document = openapi::document(&catalog, &docs.openapi, &edition, &self.server);
        Ok(openapi::text(&document, edition.format))
    }

    fn scope(&self, catalog: &Catalog) -> Result<Scope, String> {
        let missing = |what: &str, name: &str, all: Vec<&str>| {
            Err(format!(
                "found no {what} {name}, expected one of {}",
                all.join(", ")
            ))
        };
        match (&self.package, &self.service) {
            (Some(name), _) if catalog.package(name).is_some() => Ok(Scope::Package(name.clone())),
            (Some(name), _) => {
                let packages = catalog.packages.iter();
                let served = packages.filter(|package| !package.services.is_empty());
                missing("package", name, served.map(|p| p.name.as_str()).collect())
            }
            (None, Some(name)) => {
                let services = catalog
                    .packages
                    .iter()
                    .flat_map(|package| &package.services);
                let all: Vec<_> = services.map(|service| service.name.as_str()).collect();
                if all.contains(&name.as_str()) {
                    Ok(Scope::Service(name.clone()))
                } else {
                    missing("service", name, all)
                }
            }
            (None, None) => Ok(Scope::All),
        }
    }
}

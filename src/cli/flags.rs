//! Flags that several commands share: which servers, whose schema, which file.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, FromUpstream, Named, Settings};

/// Which gRPC servers, and where their schema comes from.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Target {
    /// A gRPC server, such as http://127.0.0.1:50051; may be given several times.
    ///
    /// Without a name one server is called `upstream`, several are called by host and port.
    /// Over a configuration file it replaces the URL of the upstream of that name (a bare URL:
    /// of the only one), or adds it.
    #[arg(short, long = "upstream", value_name = "[NAME=]URL")]
    pub(super) upstreams: Vec<Named>,

    /// A FileDescriptorSet file; may be given several times.
    ///
    /// NAME says which upstream serves it, and may be left out when there is one. Schema flags
    /// replace the `schema` of a configuration file.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub(super) descriptors: Vec<FromUpstream>,

    /// An import root: every .proto file beneath it is compiled; may be given several times
    #[arg(long = "proto", value_name = "[NAME=]DIR")]
    pub(super) protos: Vec<FromUpstream>,

    /// Ask every upstream by reflection, also beside --descriptors and --proto.
    ///
    /// Without any of the three, reflection is asked anyway.
    #[arg(long)]
    pub(super) reflection: bool,

    /// A service configuration (YAML) whose `http` rules bind methods in place of their annotations;
    /// may be given several times.
    ///
    /// The last rule that selects a method counts. Replaces the `http_rules` of a configuration file.
    #[arg(long = "http-rules", value_name = "FILE")]
    pub(super) http_rules: Vec<PathBuf>,

    /// A configuration file; flags win over it
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

impl Target {
    /// The flags in the configuration's form.
    pub(super) fn flags(&self) -> config::Flags {
        config::Flags {
            upstreams: self.upstreams.clone(),
            descriptors: self.descriptors.clone(),
            protos: self.protos.clone(),
            reflection: self.reflection,
            http_rules: self.http_rules.clone(),
            ..config::Flags::default()
        }
    }

    /// The settings of file and flags.
    pub(super) fn settings(&self) -> Result<Settings, config::Error> {
        config::load(self.config.as_deref(), &self.flags())
    }

    /// The settings of a command that only reads a schema: from files no server is needed.
    pub(super) fn schema_settings(&self) -> Result<Settings, config::Error> {
        let mut flags = self.flags();
        let from_files = !flags.descriptors.is_empty() || !flags.protos.is_empty();
        if self.config.is_none() && flags.upstreams.is_empty() && from_files && !flags.reflection {
            flags.upstreams.extend(Named::unreachable());
        }
        config::load(self.config.as_deref(), &flags)
    }
}

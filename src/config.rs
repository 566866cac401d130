//! What `serve` and `check` are told: a file, flags, defaults; flags win.
//!
//! Raw serde structs become the `Config` types of the modules, and nothing else in the
//! program knows YAML. A [`Settings`] that exists is valid; an [`Error`] names file, line, key,
//! what was found and what was expected.

use std::path::{Path, PathBuf};

use crate::control::{oauth, tls as client};
use crate::gateway;
use crate::identity::Salt;
use crate::observe::access_log;
use crate::pem;
use crate::upstream::check_list;

mod build;
mod choices;
mod compat;
mod cors;
mod destinations;
mod docs;
mod doors;
mod environment;
mod flags;
mod headers;
mod http_rules;
mod identity;
mod json_schema;
mod layers;
mod load;
mod observe;
mod places;
mod policy;
mod raw;
pub mod service_config;
mod shown;
pub mod text;
mod tls;
pub mod units;
mod upstream;

use places::Places;

pub use flags::{Flags, FromUpstream, Named};
pub use json_schema::json_schema;
pub use load::{FILE_MAX, FileError};
pub use places::Notice;
pub use raw::{Log, LogFormat, LogLevel};
pub use text::{Address, OriginPattern};

/// Everything that was configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The gateway.
    pub gateway: gateway::Config,
    /// Its logs.
    pub log: Log,
    /// Which calls have a line in the access log.
    pub access_log: access_log::Rules,
    /// What pseudonyms of callers in it are made with, where that is configured.
    pub salt: Option<Salt>,
    /// The files of TLS.
    tls: Option<tls::Files>,
    /// Those of the documentation.
    pages: docs::Files,
    /// Where upstreams and servers of policies name such.
    client_tls: Vec<(Places, client::Files)>,
    /// Where the files are named that tokens are asked for with.
    tokens: Vec<(Places, oauth::Settings)>,
    /// Where lists of endpoints are named.
    lists: Vec<(Places, PathBuf)>,
    /// Where descriptors and protos are named, and by which key.
    described: Vec<(Places, &'static str, PathBuf)>,
    /// Where keys of issuers and of callers are named.
    callers: Places,
    /// What is not as it should be, and no reason not to start.
    notices: Vec<Notice>,
    /// The configuration file that names them.
    file: Option<PathBuf>,
    /// Files with more keys, of HTTP rules and of retries.
    named: Vec<PathBuf>,
}

impl Settings {
    /// Reads the files that the configuration names, those of TLS above all: for whoever serves. Who
    /// only looks at a schema need not be allowed to read a private key.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn with_files(mut self) -> Result<Self, Error> {
        let file = self.file.as_deref();
        if let Some(files) = &self.tls {
            let tls = files.read(file)?;
            let over = tls.out_of_force(pem::now()).into_iter();
            let over = over.map(|error| Notice::File(files.error(&error, file).into()));
            self.notices.extend(over);
            self.gateway.listener.tls = Some(tls);
        }
        if let Some(callers) = &self.gateway.policy.identity {
            identity::check(&self.callers, callers, file)?;
        }
        for (places, key, path) in &self.described {
            let found = std::fs::metadata(path).and_then(|found| match found.is_dir() {
                true => std::fs::read_dir(path).map(drop),
                false => std::fs::File::open(path).map(drop),
            });
            found.map_err(|cause| {
                let message = format!("{}: cannot read it: {cause}", path.display());
                places.error(key, file, &message)
            })?;
        }
        for (places, path) in &self.lists {
            if let Err(message) = check_list(path) {
                let message = format!("{}: {message}", path.display());
                self.notices
                    .push(Notice::File(places.error("file", file, &message)));
            }
        }
        self.for_reload()
    }

    /// What is not as it should be, and no reason not to start.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Looks whether the files can be read that upstreams and servers of policies name.
    fn with_upstreams(mut self) -> Result<Self, Error> {
        let (file, now) = (self.file.as_deref(), pem::now());
        for (places, files) in &self.client_tls {
            self.notices
                .extend(upstream::check(places, files, file, now)?);
        }
        for (places, settings) in &self.tokens {
            upstream::check_oauth(places, settings, file)?;
        }
        Ok(self)
    }

    /// Reads the documentation's files alone, and looks at those of upstreams: for a gateway that runs
    /// already, with its TLS.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn for_reload(self) -> Result<Self, Error> {
        self.with_pages()?.with_upstreams()
    }

    fn with_pages(mut self) -> Result<Self, Error> {
        let file = self.file.as_deref();
        self.pages.read(file, &mut self.gateway.docs)?;
        Ok(self)
    }

    /// The files that the configuration was read from. A change of one of them is another
    /// configuration.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let pages = self.pages.paths().map(Path::to_owned);
        let files = self.file.iter().chain(&self.named).cloned();
        files.chain(pages).collect()
    }

    /// Files of another reading take the place of these.
    pub fn replace_files(&mut self, new: &Self) {
        self.named.clone_from(&new.named);
        self.pages.clone_from(&new.pages);
    }

    /// Shows operators what these keys are in force, not what `new` says of them.
    pub fn keep_shown(&self, new: &mut Self, keys: &[&str]) {
        let (was, now) = (&self.gateway.shown, &new.gateway.shown);
        new.gateway.shown = gateway::shown(was, now, keys);
    }

    /// Keys besides the gateway's own of which `new` says something else that needs a restart.
    #[must_use]
    pub fn fixed(&self, new: &Self) -> Vec<&'static str> {
        let tls = |settings: &Self| format!("{:?}", settings.tls);
        let all = [
            ("tls", tls(self) != tls(new)),
            ("log", self.log != new.log),
            (
                "access_log",
                self.access_log != new.access_log || self.salt != new.salt,
            ),
        ];
        let changed = all.into_iter().filter(|(_, is_other)| *is_other);
        changed.map(|(key, _)| key).collect()
    }
}

/// Why there are no settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is wrong: exit code 64.
    #[error("{0}")]
    File(#[from] FileError),
    /// The flags are wrong, or too few: exit code 2.
    #[error("{0}")]
    Flags(String),
}

/// Reads the file, if one is named, and puts the flags over it.
///
/// # Errors
/// The first thing that is wrong with the file, else with the flags.
pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Settings, Error> {
    let mut raw = match file {
        Some(path) => load::file(path)?,
        None => raw::File::default(),
    };
    flags.apply(&mut raw).map_err(Error::Flags)?;
    let unspoken = environment::fill(&mut raw, &environment::of_process);
    let mut rules = Vec::new();
    let mut fully_decode = None;
    for file in &raw.http_rules {
        let loaded = http_rules::file(&file.0)?;
        rules.extend(loaded.rules);
        fully_decode = loaded.fully_decode_reserved_expansion.or(fully_decode);
    }
    // What the rules' own file says of decoding is nearer to them than a preset, yet a key in the
    // gateway's file is meant to overrule it.
    if let Some(fully) = fully_decode
        && raw.rest.multi_segment.is_absent()
    {
        raw.rest.multi_segment = raw::Key::of(if fully {
            raw::MultiSegment::KeepSlash
        } else {
            raw::MultiSegment::KeepReserved
        });
    }
    let mut settings = build::settings(&raw, file)?;
    settings.notices.extend(unspoken);
    if let (Some(traces), Some((name, list))) = (
        &mut settings.gateway.traces,
        environment::headers(&environment::of_process),
    ) && traces.collector.headers.is_empty()
    {
        let headers = headers::of_list(&list);
        let headers = headers.map_err(|error| Error::Flags(format!("{name}: {error}")))?;
        traces.collector.headers = headers;
        if traces.collector.reveals() {
            let expected = "expected an endpoint of https, or an address of this host";
            return Err(Error::Flags(format!("{name}: {expected}")));
        }
    }
    settings.gateway.schema_options.http_rules = rules;
    for ((_, raw), config) in raw.upstreams.0.iter().zip(&mut settings.gateway.upstreams) {
        upstream::with_service_config(raw, config).map_err(|(place, key, message)| {
            let path = file.unwrap_or(Path::new(""));
            FileError::at(path, place, &key, message)
        })?;
    }
    settings.gateway.docs.overlay = docs::overlay(&raw.docs)?;
    Ok(settings)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

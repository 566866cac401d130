//! Command-line flags, laid over the file: flag and key mean the same, and the flag wins.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::raw::{self, Key, Listen, LogFormat, LogLevel, RulesFile, Source, unplaced};
use super::text::{Address, OriginPattern, UpstreamName, UpstreamUrl};
use crate::upstream;

/// The name of the only upstream, when `--upstream` gives none.
const ONLY_UPSTREAM: &str = "upstream";

/// What the command line said.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--upstream [NAME=]URL`.
    pub upstreams: Vec<Named>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--admin`.
    pub admin: Option<SocketAddr>,
    /// `--tls-certificate FILE`.
    pub tls_certificate: Option<PathBuf>,
    /// `--tls-key FILE`.
    pub tls_key: Option<PathBuf>,
    /// `--tls-client-ca FILE`.
    pub tls_client_ca: Option<PathBuf>,
    /// `--descriptors [NAME=]FILE`.
    pub descriptors: Vec<FromUpstream>,
    /// `--proto [NAME=]DIR`.
    pub protos: Vec<FromUpstream>,
    /// `--reflection`: ask every upstream, also beside files.
    pub reflection: bool,
    /// `--http-rules FILE`.
    pub http_rules: Vec<PathBuf>,
    /// `--cors-origin ORIGIN`.
    pub cors_origins: Vec<OriginPattern>,
    /// `--log`.
    pub log_format: Option<LogFormat>,
    /// `--log-level`.
    pub log_level: Option<LogLevel>,
}

/// `[NAME=]URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name, if one was given.
    pub name: Option<UpstreamName>,
    /// The URL, checked.
    pub url: UpstreamUrl,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A URL holds `://` before any `=`; a name cannot hold a slash.
        match text.split_once('=') {
            Some((name, url)) if !name.contains('/') => Ok(Self {
                name: Some(name.parse()?),
                url: checked(url)?,
            }),
            Some(_) | None => Ok(Self {
                name: None,
                url: checked(text)?,
            }),
        }
    }
}

impl Named {
    /// Stands for the server in commands that only read a schema from files: port 9 of this
    /// machine, where nobody listens, and which is never called.
    #[must_use]
    pub fn unreachable() -> Option<Self> {
        "http://127.0.0.1:9".parse().ok()
    }
}

fn checked(url: &str) -> Result<UpstreamUrl, String> {
    url.parse()
        .map_err(|error: upstream::AddressError| error.to_string())
}

/// `[NAME=]PATH`: whether the part before `=` is a name is known once the upstreams are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromUpstream(pub PathBuf);

impl FromStr for FromUpstream {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

impl FromUpstream {
    /// The upstream and the path.
    fn split(&self, upstreams: &[(UpstreamName, raw::Upstream)]) -> (Option<String>, PathBuf) {
        let named = self.0.to_str().and_then(|text| text.split_once('='));
        match named.filter(|(name, _)| upstreams.iter().any(|(known, _)| known.as_str() == *name)) {
            Some((name, path)) => (Some(name.to_owned()), path.into()),
            None => (None, self.0.clone()),
        }
    }
}

impl Flags {
    /// Lays the flags over the file.
    pub(super) fn apply(&self, file: &mut raw::File) -> Result<(), String> {
        if let Some(listen) = self.listen {
            file.listen = Listen(Address(listen));
        }
        if let Some(admin) = self.admin {
            file.admin.listen = Some(Address(admin));
        }
        self.apply_tls(file);
        file.log.format = self.log_format.unwrap_or(file.log.format);
        file.log.level = self.log_level.unwrap_or(file.log.level);
        if !self.http_rules.is_empty() {
            file.http_rules = self.http_rules.iter().cloned().map(RulesFile).collect();
        }
        if !self.cors_origins.is_empty() {
            file.cors.origins = raw::Key::of(self.cors_origins.clone());
        }
        self.apply_upstreams(&mut file.upstreams.0)?;
        self.apply_schema(file)
    }

    /// Each replaces one file.
    fn apply_tls(&self, file: &mut raw::File) {
        let given = [&self.tls_certificate, &self.tls_key, &self.tls_client_ca];
        if given.iter().all(|path| path.is_none()) {
            return;
        }
        let tls = file.tls.value.get_or_insert_default();
        let keys = [&mut tls.certificate, &mut tls.key, &mut tls.client_ca];
        for (key, path) in keys.into_iter().zip(given) {
            if let Some(path) = path {
                *key = Key::of(path.clone());
            }
        }
    }

    /// A name replaces that upstream's URL or adds it. A bare URL replaces the URL of the file's
    /// only upstream; without upstreams in the file it is named after itself.
    fn apply_upstreams(
        &self,
        upstreams: &mut Vec<(UpstreamName, raw::Upstream)>,
    ) -> Result<(), String> {
        let in_file: Vec<String> = upstreams.iter().map(|(name, _)| name.to_string()).collect();
        let mut given: Vec<UpstreamName> = Vec::new();
        for Named { name, url } in &self.upstreams {
            let name = match (name, in_file.as_slice()) {
                (Some(name), _) => name.clone(),
                (None, [only]) if self.upstreams.len() == 1 => only.parse()?,
                (None, []) if self.upstreams.len() == 1 => ONLY_UPSTREAM.parse()?,
                (None, []) => authority(url)?,
                (None, several) => {
                    return Err(format!(
                        "--upstream {url}: the configuration file has the upstreams {}; \
                         say which one with --upstream NAME=URL",
                        several.join(", ")
                    ));
                }
            };
            if given.contains(&name) {
                return Err(format!(
                    "--upstream {name}={url}: the name {name} is given twice"
                ));
            }
            match upstreams.iter_mut().find(|(known, _)| *known == name) {
                Some((_, upstream)) => upstream.lead_to(url),
                None => {
                    let upstream = raw::Upstream {
                        url: Key::of(url.clone()),
                        ..raw::Upstream::default()
                    };
                    upstreams.push((name.clone(), upstream));
                }
            }
            given.push(name);
        }
        Ok(())
    }

    /// Schema flags replace the file's `schema` as a whole.
    fn apply_schema(&self, file: &mut raw::File) -> Result<(), String> {
        let upstreams = &file.upstreams.0;
        if self.descriptors.is_empty() && self.protos.is_empty() && !self.reflection {
            return Ok(());
        }
        let mut sources = Vec::new();
        let flagged = self
            .descriptors
            .iter()
            .map(|path| ("--descriptors", path))
            .chain(self.protos.iter().map(|path| ("--proto", path)));
        for (flag, path) in flagged {
            let (upstream, path) = path.split(upstreams);
            if upstream.is_none() && upstreams.len() > 1 {
                return Err(format!(
                    "{flag} {}: there are several upstreams; say which one serves it with \
                     {flag} NAME={}",
                    path.display(),
                    path.display()
                ));
            }
            let source = Source {
                upstream,
                ..Source::default()
            };
            sources.push(unplaced(match flag {
                "--proto" => Source {
                    protos: Some(path),
                    ..source
                },
                _ => Source {
                    descriptors: Some(path),
                    ..source
                },
            }));
        }
        if self.reflection {
            sources.extend(upstreams.iter().map(|(name, _)| {
                unplaced(Source {
                    reflection: Some(name.to_string()),
                    ..Source::default()
                })
            }));
        }
        file.schema = sources;
        Ok(())
    }
}

/// `host:port` of a URL, as the name of one among several upstreams.
fn authority(url: &UpstreamUrl) -> Result<UpstreamName, String> {
    let rest = url
        .as_str()
        .split_once("://")
        .map_or(url.as_str(), |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority
        .parse()
        .map_err(|_| format!("--upstream {url}: give it a name with --upstream NAME={url}"))
}

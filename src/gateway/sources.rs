//! Schema sources: files are read at once, a backend that is to be asked by reflection is waited for.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Progress;
use super::stamp::Stamp;
use crate::control::reflection::{self, ReflectionError};
use crate::schema::{ProtoError, Source};
use crate::upstream::{self, Upstream};

/// First pause before a backend that is not up is asked again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest such pause: whoever starts a backend by hand sees the gateway notice it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a start, or another configuration, waits for backends that say nothing once there is
/// something to serve. They join later, as those do that are not up.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// Where a schema, or a part of it, comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceConfig {
    /// The backend itself.
    Reflection {
        /// The upstream to ask, which serves what it names.
        upstream: String,
    },
    /// A file with a `google.protobuf.FileDescriptorSet`.
    Descriptors {
        /// The file.
        path: PathBuf,
        /// The upstream that serves its services.
        upstream: String,
    },
    /// A folder of `.proto` files.
    Protos {
        /// The import root.
        dir: PathBuf,
        /// The upstream that serves its services.
        upstream: String,
    },
}

/// The source as operators know it.
impl std::fmt::Display for SourceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reflection { upstream } => write!(f, "the reflection of {upstream:?}"),
            Self::Descriptors { path, .. } | Self::Protos { dir: path, .. } => {
                write!(f, "{}", path.display())
            }
        }
    }
}

impl SourceConfig {
    /// True if the source is a running backend.
    #[must_use]
    pub fn is_reflection(&self) -> bool {
        matches!(self, Self::Reflection { .. })
    }

    /// What its files look like now; a backend has none.
    pub(super) fn stamp(&self) -> Stamp {
        match self {
            Self::Reflection { .. } => Stamp::default(),
            Self::Descriptors { path, .. } | Self::Protos { dir: path, .. } => {
                Stamp::of([path.as_path()])
            }
        }
    }

    pub(super) fn upstream(&self) -> &str {
        match self {
            Self::Reflection { upstream }
            | Self::Descriptors { upstream, .. }
            | Self::Protos { upstream, .. } => upstream,
        }
    }
}

/// Why a source gives no descriptors.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read the descriptor set {path}: {cause}")]
    Read {
        /// The file.
        path: String,
        /// The operating system's reason.
        cause: std::io::Error,
    },
    /// The protos do not compile.
    #[error(transparent)]
    Protos(#[from] ProtoError),
    /// The source names an upstream that is not configured.
    #[error("a schema source names the upstream {name:?}, which is not configured")]
    NoSuchUpstream {
        /// The name.
        name: String,
    },
    /// The backend is up but has no reflection.
    #[error(
        "{} has no server reflection (neither grpc.reflection.v1 nor v1alpha): give its schema by \
         --descriptors FILE (a FileDescriptorSet) or --proto DIR (its .proto files)",
        the_upstream(upstream, url)
    )]
    NoReflection {
        /// The upstream.
        upstream: String,
        /// Its URL.
        url: String,
    },
    /// The backend's reflection answers are unusable.
    #[error(
        "{} does not tell its schema by reflection: {cause}",
        the_upstream(upstream, url)
    )]
    Reflection {
        /// The upstream.
        upstream: String,
        /// Its URL.
        url: String,
        /// What went wrong.
        cause: String,
    },
}

/// An upstream in a sentence for its operator. A name that says no more than the URL is left out.
#[must_use]
pub fn the_upstream(name: &str, url: &str) -> String {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    if name == "upstream" || place.starts_with(name) {
        format!("the upstream at {url}")
    } else {
        format!("the upstream {name:?} at {url}")
    }
}

/// What a source brought, when it was read last.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) source: Arc<Source>,
    /// What its files looked like before they were read.
    pub(super) stamp: Stamp,
    /// Files that do not compile: their places and reasons. The source is without them.
    pub(super) broken: Vec<String>,
}

impl Loaded {
    /// True if it makes the same schema.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (&self.source, &other.source);
        a.descriptors == b.descriptors && a.upstream == b.upstream && a.reflected == b.reflected
    }
}

/// A source brought nothing this time.
#[derive(Debug)]
pub(super) enum LoadError {
    /// Its backend is not up; why.
    NotUp(String),
    /// Asking again brings nothing, as long as nothing changes.
    Failed(SourceError),
}

/// Loads a source, and waits with back-off for a backend that is not up.
pub(super) async fn load(
    source: &SourceConfig,
    upstreams: &[upstream::Config],
    connect: &Upstream,
    report: &mut (impl FnMut(&Progress<'_>) + Send),
) -> Result<Loaded, SourceError> {
    let upstream = upstream_of(source, upstreams)?;
    let mut patience = Patience::default();
    loop {
        match try_load(source, upstream, connect).await {
            Ok(loaded) => {
                for reason in &loaded.broken {
                    report(&Progress::LeftOut(reason));
                }
                return Ok(loaded);
            }
            Err(LoadError::NotUp(cause)) => {
                let next = patience.next();
                let url = upstream.place();
                report(&Progress::Waiting {
                    upstream: &upstream.name,
                    url: &url,
                    cause: &cause,
                    next,
                });
                tokio::time::sleep(next).await;
            }
            Err(LoadError::Failed(error)) => return Err(error),
        }
    }
}

/// What a source brought, by its index.
pub(super) type Answer = (usize, Result<Loaded, LoadError>);

/// Asks a source once, after a pause; for several that are asked side by side.
pub(super) async fn ask(
    index: usize,
    source: &SourceConfig,
    upstream: &upstream::Config,
    connect: &Upstream,
    pause: Duration,
) -> Answer {
    tokio::time::sleep(pause).await;
    (index, try_load(source, upstream, connect).await)
}

/// Until when those are waited for that have not answered yet: for ever, as long as there is nothing
/// to serve.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Until(Option<Instant>);

impl Until {
    /// There is something to serve.
    pub(super) fn has_something(&mut self) {
        self.0.get_or_insert_with(|| Instant::now() + STRAGGLERS);
    }

    /// True if there is something to serve.
    pub(super) const fn is_set(self) -> bool {
        self.0.is_some()
    }

    /// The next answer; none when nobody is asked any more, or is waited for.
    pub(super) async fn next(
        self,
        asked: &mut FuturesUnordered<impl Future<Output = Answer>>,
    ) -> Option<Answer> {
        match self.0 {
            None => asked.next().await,
            Some(until) => tokio::time::timeout_at(until, asked.next())
                .await
                .ok()
                .flatten(),
        }
    }
}

/// The pauses before a backend that is not up is asked again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Patience {
    /// The next one, always longer up to a bound.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.mul_f64(1.6).min(LONGEST_PAUSE);
        pause
    }
}

/// The upstream that serves what a source names.
pub(super) fn upstream_of<'u>(
    source: &SourceConfig,
    upstreams: &'u [upstream::Config],
) -> Result<&'u upstream::Config, SourceError> {
    let name = source.upstream();
    let mut upstreams = upstreams.iter();
    upstreams
        .find(|upstream| upstream.name == name)
        .ok_or_else(|| SourceError::NoSuchUpstream {
            name: name.to_owned(),
        })
}

/// Loads a source once.
pub(super) async fn try_load(
    source: &SourceConfig,
    upstream: &upstream::Config,
    connect: &Upstream,
) -> Result<Loaded, LoadError> {
    let serving: Arc<str> = upstream.name.as_str().into();
    let SourceConfig::Reflection { .. } = source else {
        let source = source.clone();
        let reading = tokio::task::spawn_blocking(move || read(&source, serving));
        // It is lost only when the runtime ends, and this with it.
        return match reading.await {
            Ok(read) => read.map_err(LoadError::Failed),
            Err(lost) => Err(LoadError::NotUp(lost.to_string())),
        };
    };
    let descriptors = reflect(upstream, connect).await?;
    Ok(Loaded {
        source: Arc::new(Source {
            name: format!("reflection of {}", upstream.place()),
            descriptors,
            upstream: serving,
            reflected: true,
        }),
        stamp: Stamp::default(),
        broken: Vec::new(),
    })
}

/// Reads a source of files.
fn read(source: &SourceConfig, upstream: Arc<str>) -> Result<Loaded, SourceError> {
    let stamp = source.stamp();
    let (source, broken) = match source {
        // Asked, not read.
        SourceConfig::Reflection { upstream: name } => {
            return Err(SourceError::NoSuchUpstream { name: name.clone() });
        }
        SourceConfig::Descriptors { path, .. } => {
            let name = path.display().to_string();
            let descriptors = std::fs::read(path).map_err(|cause| SourceError::Read {
                path: name.clone(),
                cause,
            })?;
            let source = Source {
                name,
                descriptors,
                upstream,
                reflected: false,
            };
            (source, Vec::new())
        }
        SourceConfig::Protos { dir, .. } => {
            let compiled = Source::proto_files(dir, upstream)?;
            (compiled.source, compiled.broken)
        }
    };
    Ok(Loaded {
        source: Arc::new(source),
        stamp,
        broken,
    })
}

async fn reflect(upstream: &upstream::Config, connect: &Upstream) -> Result<Vec<u8>, LoadError> {
    let url = upstream.place();
    let failed = |error| Err(LoadError::Failed(error));
    let answer = match connect.connector(&upstream.name).await {
        Ok(connector) => {
            let shown = connector.authorization();
            reflection::descriptors(connector.origin(), shown, connector).await
        }
        Err(status) => Err(ReflectionError::NotUp(status.message)),
    };
    match answer {
        Ok(descriptors) => Ok(descriptors),
        Err(ReflectionError::NotUp(cause)) => Err(LoadError::NotUp(cause)),
        Err(ReflectionError::NoReflection) => failed(SourceError::NoReflection {
            upstream: upstream.name.clone(),
            url,
        }),
        Err(error) => failed(SourceError::Reflection {
            upstream: upstream.name.clone(),
            url,
            cause: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_left_out_only_where_the_url_begins_with_it() {
        let url = "http://books.example:1";
        assert_eq!(the_upstream("books", url), format!("the upstream at {url}"));
        for name in ["h", "example", "1"] {
            let named = format!("the upstream {name:?} at {url}");
            assert_eq!(the_upstream(name, url), named);
        }
    }
}

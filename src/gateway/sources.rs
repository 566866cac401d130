//! Schema sources: files are read at once, a backend that is to be asked by reflection is waited for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Progress;
use crate::control::reflection::{self, ReflectionError};
use crate::schema::{ProtoError, Source};
use crate::upstream::{self, Upstream};

/// First pause before a backend that is not up is asked again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest such pause: whoever starts a backend by hand sees the gateway notice it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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

impl SourceConfig {
    /// True if the source is a running backend.
    #[must_use]
    pub fn is_reflection(&self) -> bool {
        matches!(self, Self::Reflection { .. })
    }

    fn upstream(&self) -> &str {
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
    if name == "upstream" || url.contains(name) {
        format!("the upstream at {url}")
    } else {
        format!("the upstream {name:?} at {url}")
    }
}

/// Loads the sources in their order, those by reflection through `connect`. Waits, with back-off, for backends that are not up.
pub(super) async fn load(
    sources: &[SourceConfig],
    upstreams: &[upstream::Config],
    connect: &Upstream,
    report: &mut (impl FnMut(&Progress<'_>) + Send),
) -> Result<Vec<Source>, SourceError> {
    let mut loaded = Vec::with_capacity(sources.len());
    for source in sources {
        let name = source.upstream();
        let upstream = upstreams
            .iter()
            .find(|upstream| upstream.name == name)
            .ok_or_else(|| SourceError::NoSuchUpstream {
                name: name.to_owned(),
            })?;
        loaded.push(load_one(source, upstream, connect, report).await?);
    }
    Ok(loaded)
}

async fn load_one(
    source: &SourceConfig,
    upstream: &upstream::Config,
    connect: &Upstream,
    report: &mut (impl FnMut(&Progress<'_>) + Send),
) -> Result<Source, SourceError> {
    let serving: Arc<str> = upstream.name.as_str().into();
    match source {
        SourceConfig::Reflection { .. } => {
            let descriptors = reflect(upstream, connect, report).await?;
            let name = format!("reflection of {}", upstream.place());
            Ok(Source {
                name,
                descriptors,
                upstream: serving,
                reflected: true,
            })
        }
        SourceConfig::Descriptors { path, .. } => {
            let name = path.display().to_string();
            let descriptors = tokio::fs::read(path)
                .await
                .map_err(|cause| SourceError::Read {
                    path: name.clone(),
                    cause,
                })?;
            Ok(Source {
                name,
                descriptors,
                upstream: serving,
                reflected: false,
            })
        }
        SourceConfig::Protos { dir, .. } => {
            let compiled = Source::proto_files(dir, serving)?;
            for reason in &compiled.broken {
                report(&Progress::LeftOut(reason));
            }
            Ok(compiled.source)
        }
    }
}

async fn reflect(
    upstream: &upstream::Config,
    connect: &Upstream,
    report: &mut (impl FnMut(&Progress<'_>) + Send),
) -> Result<Vec<u8>, SourceError> {
    let url = upstream.place();
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = match connect.connector(&upstream.name).await {
            Ok(connector) => reflection::descriptors(connector.origin(), connector).await,
            Err(status) => Err(ReflectionError::NotUp(status.message.to_string())),
        };
        match answer {
            Ok(descriptors) => return Ok(descriptors),
            Err(ReflectionError::NotUp(cause)) => {
                report(&Progress::Waiting {
                    upstream: &upstream.name,
                    url: &url,
                    cause: &cause,
                    next: pause,
                });
                tokio::time::sleep(pause).await;
                pause = pause.mul_f64(1.6).min(LONGEST_PAUSE);
            }
            Err(ReflectionError::NoReflection) => {
                return Err(SourceError::NoReflection {
                    upstream: upstream.name.clone(),
                    url,
                });
            }
            Err(error) => {
                let cause = error.to_string();
                return Err(SourceError::Reflection {
                    upstream: upstream.name.clone(),
                    url,
                    cause,
                });
            }
        }
    }
}

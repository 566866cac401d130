//! Endpoints by DNS: the addresses of a name, or what its SRV records say.
//!
//! An answer without endpoints, NXDOMAIN among them, is a failure like any other: names vanish by
//! mistake far more often than on purpose, and a backend that is really gone refuses connections.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use http::uri::Authority;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::schedule::Schedule;
use super::{Failed, Snapshot, Source, Verdict};
use crate::upstream::address::Address;
use crate::upstream::config::Listed;
use crate::upstream::random;

/// Longest time for one question, with all repetitions and all name servers.
const LOOKUP_MAX: Duration = Duration::from_secs(20);

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// A and AAAA; the endpoints have this port.
    Addresses { authority: Authority, port: u16 },
    /// SRV.
    Services(String),
}

/// A name that is asked for again and again.
pub(super) struct Names {
    question: Question,
    /// Name servers; none: the system's, which are read anew for each question.
    servers: Vec<SocketAddr>,
    schedule: Schedule,
    lost: Arc<Notify>,
    version: u64,
}

/// What a name stands for, and for how long.
#[derive(Debug)]
struct Answer {
    endpoints: Vec<Listed>,
    ttl: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
struct Unanswered {
    cause: String,
    /// If the answer is that there is nothing: for how long that holds.
    absent: Option<Duration>,
}

impl Names {
    pub(super) fn new(question: Question, servers: Vec<SocketAddr>, lost: Arc<Notify>) -> Self {
        Self {
            question,
            servers,
            schedule: Schedule::new(Instant::now()),
            lost,
            version: 0,
        }
    }

    async fn wait(&mut self) {
        loop {
            tokio::select! {
                () = sleep_until(self.schedule.due()) => return,
                () = self.lost.notified() => self.schedule.lost(),
            }
        }
    }

    async fn ask(&self) -> Result<Answer, Unanswered> {
        let resolver = self.resolver()?;
        let asking = async {
            match &self.question {
                Question::Addresses { authority, port } => {
                    let host = host(authority);
                    let found = resolver.lookup_ip(host).await?;
                    Ok(addresses(found.as_lookup().answers(), *port))
                }
                Question::Services(name) => {
                    let found = resolver.lookup(name.as_str(), RecordType::SRV).await?;
                    Ok(services(found.answers()))
                }
            }
        };
        match tokio::time::timeout(LOOKUP_MAX, asking).await {
            Ok(Ok(answer)) if answer.endpoints.is_empty() => Err(Unanswered {
                cause: "the answer has no endpoint".to_owned(),
                absent: None,
            }),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Unanswered::of(&error)),
            Err(_) => Err(Unanswered {
                cause: format!("no answer within {LOOKUP_MAX:?}"),
                absent: None,
            }),
        }
    }

    /// Made anew for each question: nothing is answered out of its cache, and the system's
    /// configuration may have changed.
    fn resolver(&self) -> Result<TokioResolver, Unanswered> {
        let resolver = if self.servers.is_empty() {
            TokioResolver::builder_tokio().and_then(|builder| builder.build())
        } else {
            let servers = self.servers.iter().map(|address| {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                for connection in &mut server.connections {
                    connection.port = address.port();
                }
                server
            });
            let config = ResolverConfig::from_name_servers(servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build()
        };
        resolver.map_err(|error| Unanswered::of(&error))
    }
}

impl Source for Names {
    async fn next(&mut self) -> Result<Snapshot, Failed> {
        self.wait().await;
        self.schedule.asks(Instant::now());
        match self.ask().await {
            Ok(answer) => {
                self.schedule.answered(answer.ttl);
                self.version += 1;
                Ok(Snapshot {
                    version: self.version.to_string(),
                    endpoints: answer.endpoints,
                })
            }
            Err(Unanswered { cause, absent }) => {
                self.schedule.failed(Instant::now(), absent, random::unit());
                let name = match &self.question {
                    Question::Addresses { authority, .. } => host(authority),
                    Question::Services(name) => name,
                };
                Err(Failed {
                    said: "its name does not resolve",
                    cause: format!("{name}: {cause}"),
                })
            }
        }
    }

    fn told(&mut self, _: &str, _: &Verdict) {}
}

impl Unanswered {
    fn of(error: &NetError) -> Self {
        let absent = match error {
            NetError::Dns(DnsError::NoRecordsFound(nothing)) => nothing
                .negative_ttl
                .map(|seconds| Duration::from_secs(seconds.into())),
            _ => None,
        };
        Self {
            cause: error.to_string(),
            absent,
        }
    }
}

fn host(authority: &Authority) -> &str {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    bare.unwrap_or(host)
}

/// The least time that all of them hold for.
fn ttl(records: &[Record]) -> Duration {
    let least = records.iter().map(|record| record.ttl).min();
    Duration::from_secs(least.unwrap_or_default().into())
}

fn addresses(records: &[Record], port: u16) -> Answer {
    let found: BTreeSet<_> = records
        .iter()
        .filter_map(|record| record.data.ip_addr())
        .collect();
    let endpoints = found.into_iter().map(|address| Listed {
        address: SocketAddr::new(address, port).into(),
        weight: 1,
    });
    Answer {
        endpoints: endpoints.collect(),
        ttl: ttl(records),
    }
}

/// Those of the most important priority, which is the lowest number (RFC 2782). Their names are
/// looked up when a connection is made.
fn services(records: &[Record]) -> Answer {
    let services = || {
        records.iter().filter_map(|record| match &record.data {
            RData::SRV(service) => Some(service),
            _ => None,
        })
    };
    let first = services().map(|service| service.priority).min();
    let endpoints = services()
        .filter(|service| Some(service.priority) == first)
        .filter_map(|service| {
            let target = service.target.to_utf8();
            let target = target.strip_suffix('.').unwrap_or(&target);
            // A target that is the root alone says that there is no such service.
            let address = Address::tcp(&format!("{target}:{}", service.port)).ok()?;
            Some(Listed {
                address,
                weight: u32::from(service.weight).max(1),
            })
        });
    Answer {
        endpoints: endpoints.collect(),
        ttl: ttl(records),
    }
}

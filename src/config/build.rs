//! From raw keys to the `Config` of every module: references are resolved, combinations checked.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_saphyr::Location;

use super::choices::Wrong;
use super::cors::cors;
use super::docs::docs;
use super::identity::{self, asserted, identity};
use super::layers::Layered;
use super::load::{FileError, closest};
use super::observe::{access_log, salt, traces};
use super::places::Places;
use super::policy::{files, policy as steps};
use super::raw::{Compression, File, Key, Limits, Overload, Source};
use super::shown::shown;
use super::tls::Files;
use super::units::{ByteSize, Count, Span, quoted};
use super::upstream::{oauth_places, places, upstream};
use super::{Error, Settings, doors};
use crate::gateway::SourceConfig;
use crate::policy::identify::Config as Identify;
use crate::upstream::balance::Policy;
use crate::upstream::config;
use crate::worker::WORKERS_MAX;
use crate::{gateway, listener, policy, protocol, worker};

/// The least time between two questions to an upstream: its schema may be large.
const REFLECTION_MIN: Span = Span(std::time::Duration::from_secs(1));

/// What is watched, if calls are to be refused by it.
fn overload(raw: &Overload) -> Option<policy::overload::Settings> {
    raw.shed.or(false).then(|| policy::overload::Settings {
        memory_max: raw.memory_max.value.and_then(|size| size.0),
        streams_max: Some(u64::from(raw.calls.or(Count::of(1_000_000)).0)),
    })
}

/// What messages may hold together, if anybody says so: outright, or by what the process may have.
fn buffered(raw: &File) -> Option<u64> {
    let total = raw.limits.buffered_total.value.and_then(|size| size.0);
    total.or_else(|| {
        let process = raw.overload.memory_max.value.and_then(|size| size.0);
        process.map(policy::overload::buffers_of)
    })
}

/// Who may call, and what else stands before calls.
fn policy(raw: &File) -> Result<policy::Config, Wrong> {
    let steps = steps(&raw.policy)?;
    let has_rules = steps
        .iter()
        .any(|step| matches!(step, policy::StepConfig::Access(_)));
    // Rules may be about certificates alone, which need no section; tokens are then the backends' matter.
    let identity = identity(&raw.identity)?.or_else(|| has_rules.then(Identify::of_certificates));
    let is_it = |step: &policy::StepConfig| matches!(step, policy::StepConfig::Identify);
    if let (None, Some(at)) = (&identity, steps.iter().position(is_it)) {
        let message = "found `identify`, and neither `identity` nor access rules; expected what tells callers apart";
        let place = raw
            .policy
            .value
            .as_ref()
            .and_then(|steps| Some(steps.get(at)?.place));
        let place = place.unwrap_or(raw.policy.place);
        return Err((place, format!("policy[{at}]"), message.to_owned()));
    }
    Ok(policy::Config {
        overload: overload(&raw.overload),
        identity,
        asserted: asserted(&raw.identity)?,
        steps,
    })
}

/// Checks what no single key can know, and fills the types.
pub(super) fn settings(raw: &File, path: Option<&Path>) -> Result<Settings, Error> {
    let wrong =
        |location: Location, key: &str, message: String| match (raw.variables.get(key), path) {
            (Some(variable), _) => Error::Flags(format!("{variable}: {message}")),
            (None, Some(path)) => Error::File(FileError::at(path, location, key, message)),
            (None, None) => Error::Flags(message),
        };
    let names: Vec<&str> = raw
        .upstreams
        .0
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    if names.is_empty() {
        let message = match path {
            Some(_) => {
                "found none, expected at least one, such as `library: { url: http://127.0.0.1:50051 }`"
            }
            None => {
                "no upstream: name a gRPC server with --upstream URL, or a file with --config FILE"
            }
        };
        return Err(wrong(Location::UNKNOWN, "upstreams", message.to_owned()));
    }
    let mut sources = Vec::with_capacity(raw.schema.len());
    for (index, source) in raw.schema.iter().enumerate() {
        let source = source_config(&source.value, &names).map_err(|(key, message)| {
            wrong(source.defined, &format!("schema[{index}]{key}"), message)
        })?;
        sources.push(source);
    }
    if sources.is_empty() {
        let all = names.iter().map(|name| SourceConfig::Reflection {
            upstream: (*name).to_owned(),
        });
        sources.extend(all);
    }
    if let Some((place, key, found)) = nothing(raw) {
        let message = format!("found `{found}`, expected more than that");
        return Err(wrong(place, &key, message));
    }
    let tls = Files::named(&raw.tls).map_err(|incomplete| {
        if incomplete.place.line() == 0 {
            Error::Flags(incomplete.message)
        } else {
            wrong(incomplete.place, &incomplete.key, incomplete.message)
        }
    })?;
    let layered =
        Layered::of(raw, &names).map_err(|(place, key, message)| wrong(place, &key, message))?;
    let listener =
        listener_config(raw).map_err(|(place, key, message)| wrong(place, &key, message))?;
    let redirect =
        doors::redirect(raw).map_err(|(place, key, message)| wrong(place, &key, message))?;
    let cors = cors(&raw.cors).map_err(|(place, key, message)| wrong(place, &key, message))?;
    let (docs, pages) = docs(&raw.docs, &raw.tls, &layered.gateway)
        .map_err(|(place, key, message)| wrong(place, &key, message))?;
    if let Some(admin) = raw.admin.listen
        && admin == raw.listen.0
        && admin.0.port() != 0
    {
        let message =
            format!("found `{admin}`, which is `listen` already; expected an address of its own");
        return Err(wrong(Location::UNKNOWN, "admin.listen", message));
    }
    if let Some(workers) = raw.workers
        && workers.get() > WORKERS_MAX
    {
        let message = format!("found `{workers}`, expected at most {WORKERS_MAX}");
        return Err(wrong(Location::UNKNOWN, "workers", message));
    }
    let default = gateway::SchemaReload::default();
    let interval = &raw.schema_reload.reflection_interval;
    if let Some(span) = interval.value
        && span.0 < REFLECTION_MIN.0
    {
        let message = format!("found `{span}`, expected at least {REFLECTION_MIN}");
        let key = "schema_reload.reflection_interval";
        return Err(wrong(interval.place, key, message));
    }
    let schema_reload = gateway::SchemaReload {
        reflection_interval: interval
            .value
            .map_or(default.reflection_interval, |span| span.0),
        on_breaking: (raw.schema_reload.on_breaking.value).map_or(default.on_breaking, Into::into),
    };
    let max_message = reply_max(&layered);
    let upstreams: Result<Vec<_>, _> = raw
        .upstreams
        .0
        .iter()
        .map(|(name, raw)| upstream(name.as_str(), raw, max_message))
        .collect();
    let upstreams = upstreams.map_err(|(place, key, message)| wrong(place, &key, message))?;
    for (config, (name, raw)) in upstreams.iter().zip(raw.upstreams.0.iter()) {
        let header = &raw.balance.header;
        hashes_what_passes(config, &layered).map_err(|message| {
            let key = format!("upstreams.{}.balance.header", name.as_str());
            wrong(header.place, &key, message)
        })?;
    }
    let configured = || raw.upstreams.0.iter().zip(&upstreams);
    let client_tls = configured().filter_map(|((name, raw), config)| {
        let at = format!("upstreams.{}.tls", name.as_str());
        Some((places(at, &raw.tls), config.tls.clone()?))
    });
    let mut client_tls: Vec<_> = client_tls.collect();
    let tokens = configured().filter_map(|((name, raw), config)| {
        let places = oauth_places(name.as_str(), &raw.oauth2);
        Some((places, config.oauth.clone()?))
    });
    let tokens = tokens.collect();
    let lists = raw.upstreams.0.iter().filter_map(|(name, raw)| {
        let places = Places::of(
            format!("upstreams.{}", name.as_str()),
            [("file", raw.file.place)],
        );
        Some((places, raw.file.value.clone()?))
    });
    let lists = lists.collect();
    let described = sources_of_the_file(raw);
    let traces = traces(&raw.traces).map_err(|(place, key, message)| wrong(place, key, message))?;
    let salt = salt(&raw.access_log).map_err(|(place, key, message)| wrong(place, key, message))?;
    let trusted_proxies =
        doors::trusted(raw).map_err(|(place, key, message)| wrong(place, &key, message))?;
    let admin_hosts =
        doors::admin_hosts(raw).map_err(|(place, key, message)| wrong(place, &key, message))?;
    let policy = policy(raw).map_err(|(place, key, message)| wrong(place, &key, message))?;
    client_tls.extend(files(&raw.policy, &policy.steps));
    let mut gateway = gateway::Config {
        policy,
        listener,
        redirect,
        admin: raw.admin.listen.map(|address| address.0),
        admin_hosts,
        admin_reflection: if raw.admin.reflection {
            gateway::Reflection::On
        } else {
            gateway::Reflection::Off
        },
        upstreams,
        schema: sources,
        schema_options: layered.schema,
        schema_reload,
        protocol: protocol::Config {
            gates: None,             // the gateway's own, made of its policy
            buffers: Arc::default(), // the gateway's own
            trusted_proxies,
            head: head_limits(&raw.limits),
            compression: compression(&raw.compression),
            cors,
            options: Arc::new(layered.gateway),
            routes: layered.routes,
            pages: Vec::new(),
            watch: None,
            generation: 0, // the gateway's own, which counts
        },
        docs,
        workers: raw.workers.map_or_else(worker::default_count, |count| {
            NonZeroUsize::new(count.get()).unwrap_or(NonZeroUsize::MIN)
        }),
        buffered: buffered(raw),
        access_log: None,
        traces,
        log_level: None,
        legacy_metrics: (raw.metrics.legacy_names.value).map_or_else(Default::default, Into::into),
        fingerprint: 0,
        shown: Arc::default(),
    };
    gateway.fingerprint = fingerprint(&gateway);
    gateway.shown = shown(raw, gateway.workers.get());
    Ok(Settings {
        gateway,
        log: raw.log,
        access_log: access_log(&raw.access_log),
        salt,
        tls,
        pages,
        client_tls,
        tokens,
        lists,
        described,
        callers: identity::places(&raw.identity),
        notices: Vec::new(),
        file: path.map(Path::to_owned),
        named: named(raw),
    })
}

/// Sources of the schema that are files, and where the configuration names them; not those of flags.
fn sources_of_the_file(raw: &File) -> Vec<(Places, &'static str, PathBuf)> {
    let sources = raw.schema.iter().enumerate();
    let sources = sources.filter(|(_, source)| source.defined.line() > 0);
    let files = sources.filter_map(|(index, source)| {
        let (key, path) = match (&source.value.descriptors, &source.value.protos) {
            (Some(path), _) => ("descriptors", path),
            (None, Some(path)) => ("protos", path),
            (None, None) => return None,
        };
        let places = Places::of(format!("schema[{index}]"), [(key, source.defined)]);
        Some((places, key, path.clone()))
    });
    files.collect()
}

/// Files that the configuration names and takes keys from.
fn named(raw: &File) -> Vec<PathBuf> {
    let rules = raw.http_rules.iter().map(|file| file.0.clone());
    let upstreams = raw.upstreams.0.iter();
    let services = upstreams.filter_map(|(_, upstream)| upstream.service_config.value.clone());
    rules.chain(services).collect()
}

/// A number of what all keys come to, written or not.
fn fingerprint(config: &gateway::Config) -> u32 {
    let mut hasher = DefaultHasher::new();
    format!("{config:?}").hash(&mut hasher);
    // A gauge is a float: 32 bits survive in it.
    u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX)
}

fn compression(raw: &Compression) -> protocol::Compression {
    let default = protocol::Compression::default();
    protocol::Compression {
        responses: raw.responses.or(default.responses),
        min_bytes: raw.min_size.value.map_or(default.min_bytes, |size| {
            u64::try_from(size.0).unwrap_or(u64::MAX)
        }),
    }
}

/// Checks that calls can have the header that a ring goes by: without it each goes anywhere.
fn hashes_what_passes(upstream: &config::Config, layered: &Layered) -> Result<(), String> {
    let Policy::RingHash { header, .. } = &upstream.balance.policy else {
        return Ok(());
    };
    let mut options = layered.options();
    if options.any(|options| options.metadata.can_pass(header.as_str())) {
        return Ok(());
    }
    Err(format!(
        "found {}, which does not pass to upstreams; expected a header that does, or let it in by `metadata.request_allow`",
        quoted(header.as_str())
    ))
}

/// The largest reply message that any route takes; each route then has its own limit.
fn reply_max(layered: &Layered) -> usize {
    let limits = layered
        .options()
        .map(|options| options.limits.response_message);
    limits.max().unwrap_or_default()
}

/// The first of the gateway's own time-outs that would be over before anything can happen. A drain
/// may take no time.
fn nothing(raw: &File) -> Option<(Location, String, Span)> {
    let timeouts = &raw.timeouts;
    let own = [
        ("connection_idle", &timeouts.connection_idle),
        ("write_stall", &timeouts.write_stall),
        ("keepalive_interval", &timeouts.keepalive_interval),
        ("keepalive_timeout", &timeouts.keepalive_timeout),
        ("tls_handshake", &timeouts.tls_handshake),
        ("request_head", &timeouts.request_head),
        ("preface", &timeouts.preface),
    ];
    let mut own = own.into_iter().filter_map(|(name, key)| {
        let span = key.value?;
        Some((key.place, format!("timeouts.{name}"), span))
    });
    own.find(|(_, _, span)| span.0.is_zero())
}

/// A name that is one of the upstreams', or a sentence about what it may have been.
pub(super) fn known(name: &str, names: &[&str]) -> Result<String, String> {
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    let hint = match closest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected one of the upstreams {}", listed(names)),
    };
    Err(format!("found {}; {hint}", quoted(name)))
}

/// One source, or the key and sentence of what is wrong with it.
fn source_config(source: &Source, names: &[&str]) -> Result<SourceConfig, (&'static str, String)> {
    let of_names =
        |key: &'static str, name: &str| known(name, names).map_err(|message| (key, message));
    let upstream = || match (&source.upstream, names) {
        (Some(name), _) => of_names(".upstream", name),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err((
            "",
            format!(
                "the key `upstream` is missing: there are several, {}",
                listed(names)
            ),
        )),
    };
    match (&source.reflection, &source.descriptors, &source.protos) {
        (Some(asked), None, None) => match &source.upstream {
            Some(other) if other != asked => Err((
                ".upstream",
                format!(
                    "found {}, expected none beside `reflection: {asked}`",
                    quoted(other)
                ),
            )),
            Some(_) | None => Ok(SourceConfig::Reflection {
                upstream: of_names(".reflection", asked)?,
            }),
        },
        (None, Some(path), None) => Ok(SourceConfig::Descriptors {
            path: path.clone(),
            upstream: upstream()?,
        }),
        (None, None, Some(dir)) => Ok(SourceConfig::Protos {
            dir: dir.clone(),
            upstream: upstream()?,
        }),
        (_, _, _) => Err((
            "",
            "expected exactly one of the keys `reflection`, `descriptors` and `protos`".to_owned(),
        )),
    }
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn listener_config(raw: &File) -> Result<listener::Config, Wrong> {
    let (limits, timeouts) = (&raw.limits, &raw.timeouts);
    let default = listener::Config::default();
    let span = |key: &Key<Span>, default| key.value.map_or(default, |span| span.0);
    let head = head_limits(limits);
    Ok(listener::Config {
        address: raw.listen.0.0,
        tls: None,
        hsts: doors::hsts(raw),
        proxies: doors::proxies(raw)?,
        limits: listener::Limits {
            header_bytes: u32::try_from(head.metadata).unwrap_or(u32::MAX),
            headers: head.metadata_fields,
            streams_per_connection: limits
                .streams_per_connection
                .value
                .map_or(default.limits.streams_per_connection, |count| count.0),
            connections: limits
                .connections
                .value
                .map_or(default.limits.connections, Count::get),
            handshakes: limits
                .handshakes
                .value
                .map_or(default.limits.handshakes, Count::get),
        },
        timeouts: listener::Timeouts {
            tls_handshake: span(&timeouts.tls_handshake, default.timeouts.tls_handshake),
            head: span(&timeouts.request_head, default.timeouts.head),
            preface: span(&timeouts.preface, default.timeouts.preface),
            idle: span(&timeouts.connection_idle, default.timeouts.idle),
            write_stall: span(&timeouts.write_stall, default.timeouts.write_stall),
            keepalive_interval: span(
                &timeouts.keepalive_interval,
                default.timeouts.keepalive_interval,
            ),
            keepalive_timeout: span(
                &timeouts.keepalive_timeout,
                default.timeouts.keepalive_timeout,
            ),
        },
        drain: listener::Drain {
            delay: span(&timeouts.drain_delay, default.drain.delay),
            grace: span(&timeouts.drain_grace, default.drain.grace),
        },
    })
}

fn head_limits(limits: &Limits) -> protocol::HeadLimits {
    let default = protocol::HeadLimits::default();
    let bytes = |key: &Key<ByteSize>, default| key.value.map_or(default, |size| size.0);
    protocol::HeadLimits {
        url: bytes(&limits.url, default.url),
        metadata: bytes(&limits.header_bytes, default.metadata),
        metadata_fields: limits
            .headers
            .value
            .map_or(default.metadata_fields, Count::get),
    }
}

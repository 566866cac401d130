//! From raw keys to the `Config` of every module: references are resolved, combinations checked.

use std::num::NonZeroUsize;
use std::path::Path;

use serde_saphyr::Location;

use super::load::{FileError, closest};
use super::raw::{BadBindings, File, Source, Strictness, Timeouts};
use super::units::{SpanOrNone, quoted};
use super::{Error, Settings};
use crate::gateway::SourceConfig;
use crate::worker::WORKERS_MAX;
use crate::{gateway, listener, protocol, schema, transcode, upstream, worker};

/// Checks what no single key can know, and fills the types.
pub(super) fn settings(raw: &File, path: Option<&Path>) -> Result<Settings, Error> {
    let wrong = |location: Location, key: &str, message: String| match path {
        Some(path) => Error::File(FileError::at(path, location, key, message)),
        None => Error::Flags(message),
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
    if let Some((key, found)) = nothing(raw) {
        let message = format!("found `{found}`, expected more than that");
        return Err(wrong(Location::UNKNOWN, &key, message));
    }
    let depth = raw.limits.depth;
    if depth.get() > transcode::DEPTH_CEILING {
        let message = format!(
            "found `{depth}`, expected at most {}",
            transcode::DEPTH_CEILING
        );
        return Err(wrong(Location::UNKNOWN, "limits.depth", message));
    }
    let timeouts = &raw.timeouts;
    if timeouts
        .unary
        .value
        .0
        .is_some_and(|unary| unary > timeouts.unary_cap.0)
    {
        let message = format!(
            "found `{}`, expected at most `unary_cap`, which is `{}`",
            timeouts.unary.value, timeouts.unary_cap
        );
        return Err(wrong(timeouts.unary.defined, "timeouts.unary", message));
    }
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
    let limit = raw.limits.response_message.0;
    let gateway = gateway::Config {
        listener: listener_config(raw),
        admin: raw.admin.listen.map(|address| address.0),
        upstreams: raw
            .upstreams
            .0
            .iter()
            .map(|(name, raw)| upstream::Config {
                connect_timeout: raw.connect_timeout.0,
                max_message: limit,
                ..upstream::Config::new(name.to_string(), raw.url.endpoint())
            })
            .collect(),
        schema: sources,
        schema_options: schema::Options {
            strict: raw.rest.bad_bindings == BadBindings::Refuse,
            unannotated: if raw.rest.unannotated {
                schema::Unannotated::Serve
            } else {
                schema::Unannotated::Off
            },
        },
        protocol: protocol_config(raw),
        workers: raw.workers.map_or_else(worker::default_count, |count| {
            NonZeroUsize::new(count.get()).unwrap_or(NonZeroUsize::MIN)
        }),
    };
    Ok(Settings {
        gateway,
        log: raw.log,
    })
}

/// The first time-out that would be over before anything can happen. A drain may take no time.
fn nothing(raw: &File) -> Option<(String, SpanOrNone)> {
    let timeouts = &raw.timeouts;
    let own = [
        ("unary", timeouts.unary.value),
        ("unary_cap", timeouts.unary_cap.into()),
        ("request_body", timeouts.request_body.into()),
        ("stream_idle", timeouts.stream_idle.into()),
        ("connection_idle", timeouts.connection_idle.into()),
        ("write_stall", timeouts.write_stall.into()),
        ("request_head", timeouts.request_head.into()),
        ("preface", timeouts.preface.into()),
    ];
    let own = own.map(|(key, span)| (format!("timeouts.{key}"), span));
    let upstreams = raw.upstreams.0.iter().map(|(name, upstream)| {
        let key = format!("upstreams.{name}.connect_timeout");
        (key, upstream.connect_timeout.into())
    });
    own.into_iter()
        .chain(upstreams)
        .find(|(_, span)| span.0.is_some_and(|span| span.is_zero()))
}

/// One source, or the key and sentence of what is wrong with it.
fn source_config(source: &Source, names: &[&str]) -> Result<SourceConfig, (&'static str, String)> {
    let known = |key: &'static str, name: &str| {
        if names.contains(&name) {
            return Ok(name.to_owned());
        }
        let hint = match closest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of the upstreams {}", listed(names)),
        };
        Err((key, format!("found {}; {hint}", quoted(name))))
    };
    let upstream = || match (&source.upstream, names) {
        (Some(name), _) => known(".upstream", name),
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
                upstream: known(".reflection", asked)?,
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

fn listener_config(raw: &File) -> listener::Config {
    let (limits, timeouts) = (&raw.limits, &raw.timeouts);
    listener::Config {
        address: raw.listen.0.0,
        limits: listener::Limits {
            header_bytes: u32::try_from(limits.header_bytes.0).unwrap_or(u32::MAX),
            headers: limits.headers.get(),
            streams_per_connection: limits.streams_per_connection.0,
            connections: limits.connections.get(),
        },
        timeouts: listener::Timeouts {
            head: timeouts.request_head.0,
            preface: timeouts.preface.0,
            idle: timeouts.connection_idle.0,
            write_stall: timeouts.write_stall.0,
        },
        drain: listener::Drain {
            delay: timeouts.drain_delay.0,
            grace: timeouts.drain_grace.0,
        },
    }
}

fn protocol_config(raw: &File) -> protocol::Config {
    let default = protocol::Options::default();
    let (limits, timeouts): (_, &Timeouts) = (&raw.limits, &raw.timeouts);
    // Text and wire form of one message differ in size; what the transcoder may write keeps the
    // ratio that the defaults have to the message limits.
    let scaled = |limit: usize, of: usize, to: usize| limit.saturating_mul((to / of.max(1)).max(1));
    let options = protocol::Options {
        rest: protocol::rest::Options {
            unknown_query: match raw.rest.unknown_query {
                Strictness::Ignore => protocol::rest::UnknownQuery::Ignore,
                Strictness::Refuse => protocol::rest::UnknownQuery::Refuse,
            },
            ..protocol::rest::Options::default()
        },
        read: transcode::ReadOptions {
            unknown: match raw.json.unknown_fields {
                Strictness::Ignore => transcode::Unknown::Ignore,
                Strictness::Refuse => transcode::Unknown::Refuse,
            },
            depth_max: limits.depth.get(),
            output_max: scaled(
                limits.request_message.0,
                default.limits.request_message,
                default.read.output_max,
            ),
        },
        print: transcode::PrintOptions {
            emit_defaults: raw.json.emit_defaults,
            proto_names: raw.json.proto_names,
            enum_numbers: raw.json.enum_numbers,
            depth_max: limits.depth.get(),
            output_max: scaled(
                limits.response_message.0,
                default.limits.response_message,
                default.print.output_max,
            ),
            ..default.print
        },
        limits: protocol::Limits {
            request_message: limits.request_message.0,
            response_message: limits.response_message.0,
        },
        timeouts: protocol::Timeouts {
            unary_default: timeouts.unary.value.0,
            unary_cap: timeouts.unary_cap.0,
            request_body: timeouts.request_body.0,
            stream_idle: timeouts.stream_idle.0,
        },
    };
    protocol::Config {
        head: protocol::HeadLimits {
            url: limits.url.0,
            metadata: limits.header_bytes.0,
            metadata_fields: limits.headers.get(),
        },
        ..options.into()
    }
}

//! Everything that can be chosen for a route, as keys: laid over each other, checked, and read as
//! options.

use serde_saphyr::Location;

use super::raw::Section as _;
use super::raw::{Connect, Json, Key, Metadata, Rest, RouteLimits, RouteTimeouts, Validation};
use super::text::HeaderPattern;
use super::units::{SpanOrNone, quoted};
use crate::protocol::indent::Layout;
use crate::protocol::metadata::rules::{List, PATTERNS_MAX, Rules, Underscores};
use crate::protocol::options::ConnectVersion;
use crate::protocol::{self, rest};
use crate::transcode;

/// What is wrong with a key, and where it stands.
pub(super) type Wrong = (Location, String, String);

/// Everything that can be chosen for a route.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices {
    pub(super) rest: Rest,
    pub(super) json: Json,
    pub(super) metadata: Metadata,
    pub(super) connect: Connect,
    pub(super) validation: Validation,
    pub(super) limits: RouteLimits,
    pub(super) timeouts: RouteTimeouts,
}

impl Choices {
    /// These choices, and where one is left out the one beneath.
    pub(super) fn over(&self, beneath: &Self) -> Self {
        Self {
            rest: self.rest.over(&beneath.rest),
            json: self.json.over(&beneath.json),
            metadata: self.metadata.over(&beneath.metadata),
            connect: self.connect.over(&beneath.connect),
            validation: self.validation.over(&beneath.validation),
            limits: self.limits.over(&beneath.limits),
            timeouts: self.timeouts.over(&beneath.timeouts),
        }
    }

    /// Checks the keys of one layer, with what they result in.
    pub(super) fn check(&self, result: &Self, at: &str) -> Result<(), Wrong> {
        let wrong = |place: Location, key: &str, message: String| {
            Err((place, format!("{at}{key}"), message))
        };
        let timeouts = &self.timeouts;
        for (key, span, place) in [
            ("unary", timeouts.unary.value, timeouts.unary.place),
            (
                "unary_cap",
                timeouts.unary_cap.value,
                timeouts.unary_cap.place,
            ),
            ("stream", timeouts.stream.value, timeouts.stream.place),
            (
                "stream_cap",
                timeouts.stream_cap.value,
                timeouts.stream_cap.place,
            ),
            (
                "request_body",
                timeouts.request_body.value.map(SpanOrNone::from),
                timeouts.request_body.place,
            ),
            (
                "stream_idle",
                timeouts.stream_idle.value,
                timeouts.stream_idle.place,
            ),
        ] {
            if let Some(found) = span.filter(|span| span.is_nothing()) {
                let message = format!("found `{found}`, expected more than that");
                return wrong(place, &format!("timeouts.{key}"), message);
            }
        }
        for (key, span, cap) in [
            ("unary", &timeouts.unary, &result.timeouts.unary_cap),
            ("stream", &timeouts.stream, &result.timeouts.stream_cap),
        ] {
            if let (Some(SpanOrNone(Some(found))), Some(SpanOrNone(Some(most)))) =
                (span.value, cap.value)
                && found > most
            {
                let message = format!(
                    "found `{}`, expected at most `{key}_cap`, which is `{}`",
                    SpanOrNone(Some(found)),
                    SpanOrNone(Some(most))
                );
                return wrong(span.place, &format!("timeouts.{key}"), message);
            }
        }
        if let Some(depth) = self.limits.depth.value
            && depth.get() > transcode::DEPTH_CEILING
        {
            let message = format!(
                "found `{depth}`, expected at most {}",
                transcode::DEPTH_CEILING
            );
            return wrong(self.limits.depth.place, "limits.depth", message);
        }
        Ok(())
    }

    /// What they mean. `at` is the route they are of.
    pub(super) fn options(&self, at: &str) -> Result<protocol::Options, Wrong> {
        let default = protocol::Options::default();
        let (rest, json, timeouts) = (&self.rest, &self.json, &self.timeouts);
        let bytes = |key: &Key<_>, default| {
            key.value
                .map_or(default, |size: super::units::ByteSize| size.0)
        };
        let limits = protocol::Limits {
            request_message: bytes(&self.limits.request_message, default.limits.request_message),
            response_message: bytes(
                &self.limits.response_message,
                default.limits.response_message,
            ),
        };
        let depth = self.limits.depth.value;
        let depth = |default| depth.map_or(default, super::units::Count::get);
        // Text and wire form of one message differ in size; what the transcoder may write keeps
        // the ratio that the defaults have to the message limits.
        let scaled =
            |limit: usize, of: usize, to: usize| limit.saturating_mul((to / of.max(1)).max(1));
        Ok(protocol::Options {
            rest: rest::Options {
                unknown_query: rest
                    .unknown_query
                    .or(default.rest.unknown_query.into())
                    .into(),
                multi_segment: rest
                    .multi_segment
                    .or(default.rest.multi_segment.into())
                    .into(),
                errors: rest.errors.or(default.rest.errors.into()).into(),
                stream: rest.stream.or(default.rest.stream.into()).into(),
                envelope: rest.envelope.or(default.rest.envelope.into()).into(),
                layout: match json.pretty.value {
                    None => default.rest.layout,
                    Some(true) => Layout::Indented,
                    Some(false) => Layout::Compact,
                },
            },
            read: transcode::ReadOptions {
                unknown: json.unknown_fields.or(default.read.unknown.into()).into(),
                depth_max: depth(default.read.depth_max),
                output_max: scaled(
                    limits.request_message,
                    default.limits.request_message,
                    default.read.output_max,
                ),
            },
            print: transcode::PrintOptions {
                emit_defaults: json.emit_defaults.or(default.print.emit_defaults),
                proto_names: json.proto_names.or(default.print.proto_names),
                enum_numbers: json.enum_numbers.or(default.print.enum_numbers),
                depth_max: depth(default.print.depth_max),
                output_max: scaled(
                    limits.response_message,
                    default.limits.response_message,
                    default.print.output_max,
                ),
                ..default.print
            },
            limits,
            timeouts: protocol::Timeouts {
                unary_default: timeouts
                    .unary
                    .or(SpanOrNone(default.timeouts.unary_default))
                    .0,
                unary_cap: timeouts
                    .unary_cap
                    .or(SpanOrNone(default.timeouts.unary_cap))
                    .0,
                stream_default: timeouts
                    .stream
                    .or(SpanOrNone(default.timeouts.stream_default))
                    .0,
                stream_cap: timeouts
                    .stream_cap
                    .or(SpanOrNone(default.timeouts.stream_cap))
                    .0,
                request_body: timeouts
                    .request_body
                    .value
                    .map_or(default.timeouts.request_body, |span| span.0),
                stream_idle: timeouts
                    .stream_idle
                    .or(SpanOrNone(default.timeouts.stream_idle))
                    .0,
            },
            metadata: self.rules(at)?,
            connect_version: match self.connect.require_protocol_version.value {
                None => default.connect_version,
                Some(true) => ConnectVersion::Required,
                Some(false) => ConnectVersion::Optional,
            },
            validation: match self.validation.requests.value {
                None => default.validation,
                Some(true) => protocol::Validation::Requests,
                Some(false) => protocol::Validation::Off,
            },
            destinations: default.destinations,
        })
    }

    fn rules(&self, at: &str) -> Result<Rules, Wrong> {
        let metadata = &self.metadata;
        let list = |key: &Key<Vec<HeaderPattern>>| {
            let patterns = key.value.iter().flatten();
            patterns.map(|text| text.pattern()).collect::<Vec<_>>()
        };
        Rules::new(
            list(&metadata.request_allow),
            list(&metadata.request_deny),
            list(&metadata.response_allow),
            metadata
                .underscores
                .or(Underscores::default().into())
                .into(),
        )
        .map_err(|(wrong, index)| {
            let (name, key) = match wrong {
                List::RequestAllow => ("request_allow", &metadata.request_allow),
                List::RequestDeny => ("request_deny", &metadata.request_deny),
                List::ResponseAllow => ("response_allow", &metadata.response_allow),
            };
            let found = key.value.as_ref().and_then(|list| list.get(index));
            let found = quoted(found.map_or("", HeaderPattern::as_str));
            let message = if index >= PATTERNS_MAX {
                format!("found more than {PATTERNS_MAX} names, expected fewer")
            } else {
                format!(
                    "found {found}, which is never passed on: it belongs to one hop, to gRPC or \
                     to the gateway; expected another name"
                )
            };
            (key.place, format!("{at}metadata.{name}[{index}]"), message)
        })
    }
}

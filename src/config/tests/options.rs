//! Choices for the gateway and for routes: how they lie over each other, and what is wrong with them.

use std::time::Duration;

use super::*;
use crate::openapi;
use crate::protocol::indent::Layout;
use crate::protocol::options::{Applies, ConnectVersion};
use crate::protocol::rest::{Envelope, ErrorShape, MultiSegment, StreamForm, UnknownQuery};
use crate::protocol::{Options, Validation};
use crate::schema::{Leads, Unannotated};
use crate::transcode::Unknown;

const UPSTREAM: &str = "upstreams: { a: { url: 'http://h:1' } }\n";

fn gateway(text: &str) -> gateway::Config {
    settings(&format!("{UPSTREAM}{text}")).unwrap().gateway
}

fn route(config: &gateway::Config, index: usize) -> &Options {
    config.protocol.routes[index].options().unwrap()
}

#[test]
fn every_key_has_its_effect() {
    let config = gateway(
        r"
routing: { unannotated: false, bad_bindings: refuse }
rest: { unknown_query: refuse, multi_segment: decode_all, errors: problem, stream: array, envelope: result }
json: { unknown_fields: ignore, emit_defaults: true, proto_names: true, enum_numbers: true, pretty: true }
connect: { require_protocol_version: true }
validation: { requests: true }
limits: { request_message: 1KiB, response_message: 2KiB, depth: 7 }
timeouts: { unary: 1s, unary_cap: 2s, stream: 3s, stream_cap: 4s, request_body: 5s, stream_idle: 6s }
",
    );
    let options = &config.protocol.options;
    assert_eq!(config.schema_options.unannotated, Unannotated::Off);
    assert!(config.schema_options.strict);
    assert_eq!(options.rest.unknown_query, UnknownQuery::Refuse);
    assert_eq!(options.rest.multi_segment, MultiSegment::DecodeAll);
    assert_eq!(options.rest.errors, ErrorShape::Problem);
    assert_eq!(options.rest.stream, StreamForm::Array);
    assert_eq!(options.rest.envelope, Envelope::Result);
    assert_eq!(options.rest.layout, Layout::Indented);
    assert_eq!(options.read.unknown, Unknown::Ignore);
    let print = options.print;
    assert!(print.emit_defaults && print.proto_names && print.enum_numbers);
    assert_eq!(options.connect_version, ConnectVersion::Required);
    assert_eq!(options.validation, Validation::Requests);
    assert_eq!(
        (
            options.limits.request_message,
            options.limits.response_message
        ),
        (1 << 10, 2 << 10)
    );
    assert_eq!((options.read.depth_max, print.depth_max), (7, 7));
    let secs = Duration::from_secs;
    let timeouts = options.timeouts;
    assert_eq!(timeouts.unary_default, Some(secs(1)));
    assert_eq!(timeouts.unary_cap, Some(secs(2)));
    assert_eq!(timeouts.stream_default, Some(secs(3)));
    assert_eq!(timeouts.stream_cap, Some(secs(4)));
    assert_eq!(
        (timeouts.request_body, timeouts.stream_idle),
        (secs(5), Some(secs(6)))
    );
}

#[test]
fn documents_are_written_as_chosen() {
    let chosen = |text: &str| gateway(text).docs.openapi.options;
    let default = chosen("");
    let all = chosen("docs: {numbers: strict, split: two, additional_properties: closed}");
    assert_eq!(default, openapi::Options::default());
    let expected = openapi::Options {
        numbers: openapi::Numbers::Strict,
        split: openapi::Split::Two,
        additional_properties: openapi::AdditionalProperties::Closed,
        ..openapi::Options::default()
    };
    assert_eq!(all, expected);
}

#[test]
fn a_route_lies_over_the_gateway_and_a_preset_between() {
    let config = gateway(
        r#"
compat: envoy
json: { pretty: true, unknown_fields: refuse }
timeouts: { unary: 7s }
routes:
  - selector: a.b.*
    json: { proto_names: true }
  - path: /v1/**
    compat: grpc-gateway
    rest: { envelope: none }
  - selector: "*"
    compat: none
    limits: { response_message: 8MiB }
"#,
    );
    let gateway = &config.protocol.options;
    // A key over the preset, the preset over the default.
    assert_eq!(gateway.read.unknown, Unknown::Refuse);
    assert_eq!(gateway.rest.multi_segment, MultiSegment::KeepReserved);
    assert_eq!(gateway.rest.stream, StreamForm::Array);
    assert_eq!(gateway.rest.layout, Layout::Indented);
    assert_eq!(gateway.timeouts.unary_default, Some(Duration::from_secs(7)));
    assert_eq!(config.schema_options.unannotated, Unannotated::Off);

    let names = config.protocol.routes.iter().map(|route| &route.applies);
    let expected = [
        Applies::selector("a.b.*").unwrap(),
        Applies::path("/v1/**").unwrap(),
        Applies::selector("*").unwrap(),
    ];
    assert!(names.eq(&expected));
    // What a route leaves out is as for the gateway.
    let first = route(&config, 0);
    assert!(first.print.proto_names);
    assert_eq!(first.rest, gateway.rest);
    assert_eq!(
        (first.read, first.timeouts),
        (gateway.read, gateway.timeouts)
    );
    assert_eq!(first.metadata, gateway.metadata);
    // Its own preset is whole, over the gateway's keys too, and its own keys are over that.
    let second = route(&config, 1);
    assert_eq!(second.rest.multi_segment, MultiSegment::DecodeAll);
    assert_eq!(second.rest.stream, StreamForm::Lines);
    assert_eq!(second.rest.envelope, Envelope::None);
    assert_eq!(second.rest.layout, Layout::Compact);
    assert_eq!(second.read.unknown, Unknown::Ignore);
    assert_eq!(second.timeouts.unary_default, None);
    // `none` is the defaults again.
    let third = route(&config, 2);
    let default = Options::default();
    assert_eq!((third.rest, third.read), (default.rest, default.read));
    assert_eq!(
        (third.timeouts, &third.metadata),
        (default.timeouts, &default.metadata)
    );
    assert_eq!(third.limits.response_message, 8 << 20);
    // An upstream takes what the most generous route does.
    assert_eq!(config.upstreams[0].max_message, 8 << 20);
}

#[test]
fn a_stream_may_be_silent_where_it_says_so() {
    let config = gateway("routes: [{ selector: a.*, timeouts: { stream_idle: none } }]\n");
    assert_eq!(route(&config, 0).timeouts.stream_idle, None);
    let whole = config.protocol.options.timeouts.stream_idle;
    assert_eq!(whole, Some(Duration::from_secs(5 * 60)));
}

#[test]
fn a_cap_below_the_default_caps_it() {
    let config = gateway("timeouts: { unary_cap: 5s }\n");
    let timeouts = config.protocol.options.timeouts;
    assert_eq!(timeouts.unary_cap, Some(Duration::from_secs(5)));
}

#[test]
fn what_is_wrong_with_a_route_is_told_with_its_place() {
    for (text, expected) in [
        (
            "routes:\n  - selector: a.*\n    json: { emit_default: true }\n",
            "transom.yaml:4:13: routes[0].json: unknown key `emit_default`; did you mean `emit_defaults`?",
        ),
        (
            "routes:\n  - selector: a.*\n    limits: { url: 1KiB }\n",
            "transom.yaml:4:15: routes[0].limits: unknown key `url`; it is chosen for the whole gateway, in `limits` at the top level of the file",
        ),
        (
            "routes:\n  - selector: a.*\n    timeouts: { drain_grace: 1s }\n",
            "transom.yaml:4:17: routes[0].timeouts: unknown key `drain_grace`; it is chosen for the whole gateway, in `timeouts` at the top level of the file",
        ),
        (
            "routes:\n  - selector: a.*\n    routing: { unannotated: true }\n",
            "transom.yaml:4:5: routes[0]: unknown key `routing`; it is chosen for the whole gateway, at the top level of the file",
        ),
        (
            "routes:\n  - json: { pretty: true }\n",
            "transom.yaml:3:5: routes[0]: expected exactly one of the keys `selector` and `path`",
        ),
        (
            "routes:\n  - selector: a.*\n    path: /v1\n",
            "transom.yaml:3:5: routes[0]: expected exactly one of the keys `selector` and `path`",
        ),
        (
            "routes:\n  - selector: /v1\n",
            "transom.yaml:3:15: routes[0].selector: found `/v1`, expected the full name of a method, such as `shop.v1.Orders.Get`, or `shop.v1.Orders.*`, `shop.*` or `*`",
        ),
        (
            "routes:\n  - path: '/v1/{id}'\n",
            "transom.yaml:3:11: routes[0].path: found `/v1/{id}`, expected a path such as `/v1/shelves/*` or `/v1/**`; `*` stands for a segment, variables too, and `**` for any number",
        ),
        (
            "routes: [{ selector: '*' }, { path: /v1, rest: { errors: aip } }]\n",
            "transom.yaml:2:58: routes[1].rest.errors: found `aip`; did you mean `aip193`?",
        ),
        (
            "routes: [{ path: /v1, timeouts: { unary: 10m } }]\n",
            "transom.yaml:2:42: routes[0].timeouts.unary: found `10m`, expected at most `unary_cap`, which is `5m`",
        ),
        (
            "routes: [{ path: /v1, timeouts: { stream: 2s, stream_cap: 1s } }]\n",
            "transom.yaml:2:43: routes[0].timeouts.stream: found `2s`, expected at most `stream_cap`, which is `1s`",
        ),
        (
            "routes: [{ path: /v1, timeouts: { stream_cap: 0s } }]\n",
            "transom.yaml:2:47: routes[0].timeouts.stream_cap: found `0s`, expected more than that",
        ),
        (
            "routes: [{ path: /v1, limits: { depth: 300 } }]\n",
            "transom.yaml:2:40: routes[0].limits.depth: found `300`, expected at most 200",
        ),
        (
            "metadata: { request_allow: [cookie, x-forwarded-for] }\n",
            "transom.yaml:2:28: metadata.request_allow[1]: found `x-forwarded-for`, which is never passed on: it belongs to one hop, to gRPC or to the gateway; expected another name",
        ),
        (
            "routes: [{ path: /v1, metadata: { response_allow: [grpc-status] } }]\n",
            "transom.yaml:2:51: routes[0].metadata.response_allow[0]: found `grpc-status`, which is never passed on: it belongs to one hop, to gRPC or to the gateway; expected another name",
        ),
        (
            "metadata: { request_deny: ['x y'] }\n",
            "transom.yaml:2:28: metadata.request_deny[0]: found `x y`, expected a header name such as `cookie`, or the beginning of some, such as `x-*`",
        ),
        (
            "metadata: { underscores: drop }\n",
            "transom.yaml:2:26: metadata.underscores: found `drop`; expected one of `pass`, `refuse`",
        ),
        (
            "json: { pretty: }\n",
            "transom.yaml:2:15: json.pretty: expected `true` or `false`",
        ),
    ] {
        assert_eq!(error(&format!("{UPSTREAM}{text}")), expected);
    }
}

#[test]
fn lists_have_a_bound() {
    let names: Vec<String> = (0..101).map(|number| format!("x-{number}")).collect();
    let text = format!(
        "{UPSTREAM}metadata: {{ request_deny: [{}] }}\n",
        names.join(", ")
    );
    assert_eq!(
        error(&text),
        "transom.yaml:2:27: metadata.request_deny[100]: found more than 100 names, expected fewer"
    );
    let routes = "  - path: /v1\n".repeat(1001);
    assert_eq!(
        error(&format!("{UPSTREAM}routes:\n{routes}")),
        "transom.yaml:1003:5: routes: found 1001, expected at most 1000"
    );
}

const TWO: &str = "upstreams: { library: { url: 'http://h:1' }, canary: { url: 'http://h:2' } }\n";

#[test]
fn a_route_leads_to_upstreams_for_all_requests_or_for_some() {
    let text = format!(
        "{TWO}
routes:
  - path: /v1/**
    hosts: [API.example.com, '*.b.example']
    headers: [{{ name: X-Canary, value: '1' }}, {{ name: x-version, prefix: '2.' }}]
    upstreams: [{{ name: canary }}]
  - selector: a.b.*
    upstreams: [{{ name: library, weight: 90 }}, {{ name: canary, weight: 10 }}]
    timeouts: {{ unary: 3s }}
  - selector: a.*
"
    );
    let config = settings(&text).unwrap().gateway;
    let routes = &config.protocol.routes;
    let words: Vec<_> = routes.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "/v1/** if host api.example.com or *.b.example and x-canary: 1 and x-version: 2.…",
            "a.b.*",
            "a.*"
        ]
    );
    let splits = routes.iter().map(|route| route.split());
    let splits: Vec<_> = splits.map(|split| split.map(ToString::to_string)).collect();
    assert_eq!(
        splits,
        [
            Some("canary".to_owned()),
            Some("library 90, canary 10".to_owned()),
            None
        ]
    );
    assert!(routes[0].options().is_none());
    let second = route(&config, 1);
    assert_eq!(second.timeouts.unary_default, Some(Duration::from_secs(3)));
    // What decides who serves is what holds for every request.
    let leads: Vec<_> = config
        .schema_options
        .leads
        .iter()
        .map(|lead| (lead.applies.to_string(), lead.leads))
        .collect();
    assert_eq!(
        leads,
        [
            ("a.b.*".to_owned(), Leads::Named),
            ("a.*".to_owned(), Leads::Own)
        ]
    );
}

#[test]
fn what_is_wrong_with_where_a_route_leads_is_told_with_its_place() {
    let to = "upstreams: [{ name: library }]";
    for (text, expected) in [
        (
            "upstreams: [{ name: librari }]".to_owned(),
            "transom.yaml:3:38: routes[0].upstreams[0].name: found `librari`; did you mean `library`?",
        ),
        (
            "upstreams: [{ name: zzz }]".to_owned(),
            "transom.yaml:3:38: routes[0].upstreams[0].name: found `zzz`; expected one of the upstreams `library`, `canary`",
        ),
        (
            "upstreams: [{ weight: 1 }]".to_owned(),
            "transom.yaml:3:29: routes[0].upstreams[0]: the key `name` is missing",
        ),
        (
            "upstreams: []".to_owned(),
            "transom.yaml:3:29: routes[0].upstreams: found none, expected at least one upstream, such as `- name: library`",
        ),
        (
            "upstreams: [{ name: library, weight: -1 }]".to_owned(),
            "transom.yaml:3:55: routes[0].upstreams[0].weight: found `-1`, expected a whole number from 0 to 1000000",
        ),
        (
            "upstreams: [{ name: library, weight: 0 }]".to_owned(),
            "transom.yaml:3:29: routes[0].upstreams: found the weight 0 for every upstream, expected one that is more",
        ),
        (
            "upstreams: [{ name: library }, { name: library }]".to_owned(),
            "transom.yaml:3:57: routes[0].upstreams[1].name: found the upstream a second time, expected it once",
        ),
        (
            format!("hosts: ['a:80'], {to}"),
            "transom.yaml:3:26: routes[0].hosts[0]: found `a:80`, expected a host such as `api.example.com`, or `*.example.com`, without a port",
        ),
        (
            format!("hosts: [], {to}"),
            "transom.yaml:3:25: routes[0].hosts: found none, expected at least one, or no such key",
        ),
        (
            format!("headers: [{{ name: 'x y', value: a }}], {to}"),
            "transom.yaml:3:36: routes[0].headers[0].name: found `x y`, expected a header's name, such as `x-canary`",
        ),
        (
            format!("headers: [{{ name: host, value: a }}], {to}"),
            "transom.yaml:3:36: routes[0].headers[0].name: found `host`, expected another header; `hosts` has the host of any version of HTTP",
        ),
        (
            format!("headers: [{{ name: x, value: a, prefix: b }}], {to}"),
            "transom.yaml:3:36: routes[0].headers[0]: expected exactly one of the keys `value` and `prefix`",
        ),
        (
            format!("headers: [{{ name: x, value: a }}, {{ name: X, value: b }}], {to}"),
            "transom.yaml:3:59: routes[0].headers[1].name: found the header a second time, expected it once",
        ),
        (
            "hosts: [a.example]".to_owned(),
            "transom.yaml:3:5: routes[0]: the key `upstreams` is missing: all that a route with `hosts` or `headers` says is where the calls go",
        ),
        (
            format!("hosts: [a.example], {to}, timeouts: {{ unary: 3s }}"),
            "transom.yaml:3:89: routes[0].timeouts.unary: found a choice in a route with `hosts` or `headers`, expected `upstreams` alone; choices stand in a route without those",
        ),
        (
            format!("hosts: [a.example], {to}, compat: none"),
            "transom.yaml:3:78: routes[0].compat: found a choice in a route with `hosts` or `headers`, expected `upstreams` alone; choices stand in a route without those",
        ),
    ] {
        let text = format!("{TWO}routes:\n  - {{ path: /v1, {text} }}\n");
        assert_eq!(error(&text), expected);
    }
    let many: Vec<String> = (0..17).map(|number| format!("h{number}.example")).collect();
    let hosts = many.join(", ");
    let text = format!("{TWO}routes: [{{ path: /v1, hosts: [{hosts}], {to} }}]\n");
    assert_eq!(
        error(&text),
        "transom.yaml:2:30: routes[0].hosts: found 17, expected at most 16"
    );
}

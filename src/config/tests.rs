//! Configuration files, good and bad: what they become, and the exact error text.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::gateway::SourceConfig;

mod compat;
mod cors;
mod files;
mod full;
mod oauth2;
mod observe;
mod options;
mod policy;
mod precedence;
mod reload;
mod tls;

/// A file of the repository's `config/` directory.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config")
        .join(name)
}

/// The settings of a text, as if it were `transom.yaml`.
fn settings(text: &str) -> Result<Settings, Error> {
    let path = Path::new("transom.yaml");
    build::settings(&load::parse(text, path)?, Some(path))
}

fn error(text: &str) -> String {
    settings(text).unwrap_err().to_string()
}

#[test]
fn an_error_names_file_line_column_and_key_and_what_was_expected() {
    let upstream = "upstreams: { a: { url: 'http://h:1' } }\n";
    let two = "upstreams: { a: { url: 'http://h:1' }, b: { url: 'http://h:2' } }\n";
    for (head, tail, expected) in [
        (
            "",
            "lissten: 127.0.0.1:1\n",
            "transom.yaml:1:1: unknown key `lissten`; did you mean `listen`?",
        ),
        (
            "",
            "limits:\n  header-bytes: 1\n",
            "transom.yaml:2:3: limits: unknown key `header-bytes`; did you mean `header_bytes`?",
        ),
        (
            "",
            "admin: { zzz: 1 }\n",
            "transom.yaml:1:10: admin: unknown key `zzz`; expected one of `listen`, `hosts`, `reflection`",
        ),
        (
            "",
            "admin: { hosts: ['a:9901'] }\n",
            "transom.yaml:1:18: admin.hosts[0]: found `a:9901`, expected the name of a host without a port, such as `transom.ops.svc`",
        ),
        (
            "",
            "listen: 8080\n",
            "transom.yaml:1:9: listen: found `8080`, expected an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`",
        ),
        (
            "",
            "limits:\n  url: 8 KB\n",
            "transom.yaml:2:8: limits.url: found `8 KB`, expected a size of 1 byte to 1 GiB, such as `16KiB` or `4MiB`",
        ),
        (
            "",
            "limits: { depth: 0 }\n",
            "transom.yaml:1:18: limits.depth: found `0`, expected a whole number from 1 to 1000000",
        ),
        (
            "",
            "limits: { depth: [1] }\n",
            "transom.yaml:1:11: limits.depth: found sequence, expected a whole number from 1 to 1000000",
        ),
        (
            "",
            "timeouts: { unary: 15 }\n",
            "transom.yaml:1:20: timeouts.unary: found `15`, expected a duration such as `15s`, or `none`",
        ),
        (
            "",
            "json: { unknown_fields: refus }\n",
            "transom.yaml:1:25: json.unknown_fields: found `refus`; did you mean `refuse`?",
        ),
        (
            "",
            "json: { emit_defaults: maybe }\n",
            "transom.yaml:1:24: json.emit_defaults: expected `true` or `false`",
        ),
        (
            "",
            "upstreams: { a: { } }\n",
            "transom.yaml:1:17: upstreams.a: found none, expected exactly one of the keys `url`, `endpoints`, `dns`, `srv` and `file`",
        ),
        (
            "",
            "upstreams: { 'a b': { url: 'http://h:1' } }\n",
            "transom.yaml:1:14: upstreams.a b: found the name `a b`, expected 1 to 64 letters, digits and `-_.:[]`",
        ),
        (
            "",
            "listen: 127.0.0.1:1\n",
            "transom.yaml: upstreams: found none, expected at least one, such as `library: { url: http://127.0.0.1:50051 }`",
        ),
        (
            upstream,
            "schema:\n  - reflection: x\n",
            "transom.yaml:3:5: schema[0].reflection: found `x`; expected one of the upstreams `a`",
        ),
        (
            upstream,
            "schema:\n  - upstream: a\n",
            "transom.yaml:3:5: schema[0]: expected exactly one of the keys `reflection`, `descriptors` and `protos`",
        ),
        (
            upstream,
            "schema: [{ reflektion: a }]\n",
            "transom.yaml:2:12: schema[0]: unknown key `reflektion`; did you mean `reflection`?",
        ),
        (
            two,
            "schema: [{ protos: p }]\n",
            "transom.yaml:2:10: schema[0]: the key `upstream` is missing: there are several, `a`, `b`",
        ),
        (
            upstream,
            "timeouts: { stream_idle: 0s }\n",
            "transom.yaml:2:26: timeouts.stream_idle: found `0s`, expected more than that",
        ),
        (
            "",
            "upstreams: { a: { url: 'http://h:1', connect_timeout: 0ms } }\n",
            "transom.yaml:1:55: upstreams.a.connect_timeout: found `0s`, expected more than that",
        ),
        (
            "",
            "upstreams: { a: { url: 'http://h:1', health: { interval: 0s } } }\n",
            "transom.yaml:1:58: upstreams.a.health.interval: found `0s`, expected at least 10ms",
        ),
        (
            "",
            "upstreams: { a: { url: 'http://h:1', health: { timeout: 9ms } } }\n",
            "transom.yaml:1:57: upstreams.a.health.timeout: found `9ms`, expected at least 10ms",
        ),
        (
            "",
            "upstreams: { a: { url: 'http://h:1', balance: { policy: ring_hash, header: Cookie } } }\n",
            "transom.yaml:1:76: upstreams.a.balance.header: found `cookie`, which does not pass to upstreams; expected a header that does, or let it in by `metadata.request_allow`",
        ),
        (
            upstream,
            "limits: { depth: 201 }\n",
            "transom.yaml:2:18: limits.depth: found `201`, expected at most 200",
        ),
        (
            upstream,
            "timeouts: { unary: 10m }\n",
            "transom.yaml:2:20: timeouts.unary: found `10m`, expected at most `unary_cap`, which is `5m`",
        ),
    ] {
        assert_eq!(error(&format!("{head}{tail}")), expected);
    }
}

#[test]
fn broken_yaml_and_a_wrong_url_are_errors_with_a_place() {
    for (text, place) in [
        ("listen: [\n", "transom.yaml:"),
        (
            "limits: 5\n",
            "transom.yaml:1:9: limits: expected keys with values beneath it",
        ),
        (
            "- a\n",
            "transom.yaml:1:1: expected keys with values beneath it",
        ),
        (
            "listen: [a]\n",
            "transom.yaml:1:9: listen: expected a single text",
        ),
        (
            "log: {}\n---\nlog: {}\n",
            "transom.yaml:3:1: found a second YAML document",
        ),
        ("schema: 5\n", "transom.yaml:1:9: schema: expected a list"),
        (
            "log: {}\nlog: {}\n",
            "transom.yaml:2:1: found the key `log` twice",
        ),
        (
            "listen: 127.0.0.1:1\nadmin: { listen: 127.0.0.1:1 }\nupstreams: { a: { url: 'http://h:1' } }\n",
            "transom.yaml: admin.listen: found `127.0.0.1:1`, which is `listen` already",
        ),
        (
            "workers: 1025\nupstreams: { a: { url: 'http://h:1' } }\n",
            "transom.yaml: workers: found `1025`, expected at most 1024",
        ),
        (
            "upstreams:\n  a:\n    srv: 'a b'\n",
            "transom.yaml:3:10: upstreams.a.srv: found `a b`, expected a name such as `_grpc._tcp.books.example`",
        ),
        (
            "upstreams:\n  a:\n    srv: _grpc._tcp.a\n    tls: {}\n",
            "transom.yaml:4:10: upstreams.a.tls: found it beside `srv` without `server_name`, expected that or `authority`: what DNS answers is no proof of a name",
        ),
        (
            "upstreams:\n  a:\n    dns: unix:/a\n",
            "transom.yaml:3:10: upstreams.a.dns: found `unix:/a`, expected a name and a port",
        ),
        (
            "upstreams:\n  a:\n    dns: a:1\n    file: a.yaml\n",
            "transom.yaml:3:5: upstreams.a: found `dns` and `file`, expected exactly one of the keys",
        ),
        (
            "upstreams:\n  a:\n    file: a.yaml\n    nameservers: ['127.0.0.1:53']\n",
            "transom.yaml:4:18: upstreams.a.nameservers: found it without `dns` and `srv`, expected one of them",
        ),
        (
            "upstreams:\n  a:\n    url: http://h:1\n    tls: {}\n",
            "transom.yaml:3:10: upstreams.a.url: found `http://h:1` beside the key `tls`, expected `https://h:1`",
        ),
        (
            "upstreams:\n  a:\n    url: https://h:1\n    tls: { key: a.key }\n",
            "transom.yaml:4:17: upstreams.a.tls.key: found it without `certificate`, expected them together",
        ),
        (
            "upstreams:\n  a:\n    url: https://h:1\n    tls: { server_name: 'a b' }\n",
            "transom.yaml:4:25: upstreams.a.tls.server_name: found `a b`, expected a name as in a certificate",
        ),
        (
            "upstreams: { a: { url: 'http://h:1' }, a: { url: 'http://h:1' } }\n",
            "transom.yaml:1:",
        ),
    ] {
        let error = error(text);
        assert!(error.starts_with(place), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_missing_file_and_a_huge_one_are_errors_that_name_it() {
    let error = load(Some(Path::new("no/such.yaml")), &Flags::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no/such.yaml: cannot read the file: "),
        "{error}"
    );
}

#[test]
fn the_shipped_files_load() {
    for name in ["minimal.yaml", "full.yaml", "demo.yaml"] {
        load(Some(&shipped(name)), &Flags::default()).unwrap();
    }
    let settings = load(Some(&shipped("full.yaml")), &Flags::default()).unwrap();
    let [
        SourceConfig::Reflection { .. },
        SourceConfig::Descriptors { path, upstream },
        _,
    ] = settings.gateway.schema.as_slice()
    else {
        panic!("{:?}", settings.gateway.schema)
    };
    assert_eq!((path, upstream.as_str()), (&shipped("chat.binpb"), "chat"));
    let rules = settings.gateway.schema_options.http_rules;
    assert_eq!(rules.len(), 3);
    let expected = format!("{}:14", shipped("http-rules.yaml").display());
    assert_eq!(rules[0].origin(), expected);
}

#[test]
fn rules_given_by_flag_replace_those_of_the_file() {
    let mut flags = Flags {
        http_rules: vec![shipped("minimal.yaml")],
        ..Flags::default()
    };
    let settings = load(Some(&shipped("full.yaml")), &flags).unwrap();
    assert_eq!(settings.gateway.schema_options.http_rules, []);
    flags.http_rules = vec!["no/rules.yaml".into()];
    let error = load(Some(&shipped("full.yaml")), &flags).unwrap_err();
    let expected = "no/rules.yaml: cannot read the file: ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_file_of_defaults_is_the_modules_own_defaults() {
    let settings = settings("upstreams: { a: { url: 'http://h:1' } }\n").unwrap();
    assert_eq!(
        settings.gateway.listener,
        crate::listener::Config::default()
    );
    assert_eq!(
        format!("{:?}", settings.gateway.protocol),
        format!("{:?}", crate::protocol::Config::default())
    );
    let upstream = crate::upstream::Config::new("a", "http://h:1".parse().unwrap());
    assert_eq!(settings.gateway.upstreams, [upstream]);
    assert_eq!(
        settings.gateway.schema,
        [SourceConfig::Reflection {
            upstream: "a".to_owned()
        }]
    );
}

fn flags(upstreams: &[&str]) -> Flags {
    Flags {
        upstreams: upstreams.iter().map(|text| text.parse().unwrap()).collect(),
        ..Flags::default()
    }
}

fn names(settings: &Settings) -> Vec<(String, String)> {
    let upstreams = settings.gateway.upstreams.iter();
    upstreams
        .map(|upstream| {
            (
                upstream.name.clone(),
                upstream.place().replace("http://", ""),
            )
        })
        .collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, url)| ((*name).to_owned(), (*url).to_owned()))
        .collect()
}

#[test]
fn upstream_flags_name_replace_and_add() {
    let only = load(None, &flags(&["http://h:1"])).unwrap();
    assert_eq!(names(&only), owned(&[("upstream", "h:1")]));
    let several = load(None, &flags(&["http://h:1", "http://h:2", "x=http://h:3"])).unwrap();
    assert_eq!(
        names(&several),
        owned(&[("h:1", "h:1"), ("h:2", "h:2"), ("x", "h:3")])
    );
    let minimal = load(Some(&shipped("minimal.yaml")), &flags(&["http://h:1"])).unwrap();
    assert_eq!(names(&minimal), owned(&[("library", "h:1")]));
    let full = load(Some(&shipped("full.yaml")), &flags(&["chat=http://h:1"])).unwrap();
    assert_eq!(
        names(&full),
        owned(&[
            ("library", "127.0.0.1:50051"),
            ("chat", "h:1"),
            ("orders", "dns:orders.example:50051"),
            ("stock", "srv:_grpc._tcp.stock.example"),
            (
                "prices",
                format!("file:{}", shipped("prices.yaml").display()).as_str()
            ),
        ])
    );
    for (file, upstreams, part) in [
        (
            None,
            &[][..],
            "no upstream: name a gRPC server with --upstream URL",
        ),
        (
            Some("full.yaml"),
            &["http://h:1"][..],
            "say which one with --upstream NAME=URL",
        ),
        (None, &["http://h:1", "http://h:1"][..], "is given twice"),
    ] {
        let file = file.map(shipped);
        let error = load(file.as_deref(), &flags(upstreams)).unwrap_err();
        assert!(
            matches!(&error, Error::Flags(message) if message.contains(part)),
            "{error}"
        );
    }
}

#[test]
fn schema_flags_replace_the_files_and_leave_reflection_alone_unless_asked() {
    let files = Flags {
        descriptors: vec!["a.binpb".parse().unwrap()],
        ..flags(&["http://h:1"])
    };
    let descriptors = SourceConfig::Descriptors {
        path: "a.binpb".into(),
        upstream: "upstream".to_owned(),
    };
    assert_eq!(
        load(None, &files).unwrap().gateway.schema,
        std::slice::from_ref(&descriptors)
    );
    let both = Flags {
        reflection: true,
        ..files.clone()
    };
    let reflection = SourceConfig::Reflection {
        upstream: "upstream".to_owned(),
    };
    assert_eq!(
        load(None, &both).unwrap().gateway.schema,
        [descriptors, reflection]
    );
    let two = Flags {
        protos: vec!["y=dir".parse().unwrap()],
        ..flags(&["x=http://h:1", "y=http://h:2"])
    };
    let protos = SourceConfig::Protos {
        dir: "dir".into(),
        upstream: "y".to_owned(),
    };
    assert_eq!(load(None, &two).unwrap().gateway.schema, [protos]);
    let ambiguous = Flags {
        protos: vec!["dir".parse().unwrap()],
        ..two
    };
    assert!(
        load(None, &ambiguous)
            .unwrap_err()
            .to_string()
            .contains("--proto NAME=dir")
    );
}

#[test]
fn other_flags_win_over_the_file() {
    let flags = Flags {
        listen: Some(([0, 0, 0, 0], 1).into()),
        admin: Some(([0, 0, 0, 0], 2).into()),
        log_format: Some(LogFormat::Json),
        log_level: Some(LogLevel::Debug),
        ..Flags::default()
    };
    let settings = load(Some(&shipped("full.yaml")), &flags).unwrap();
    assert_eq!(settings.gateway.listener.address, ([0, 0, 0, 0], 1).into());
    assert_eq!(settings.gateway.admin, Some(([0, 0, 0, 0], 2).into()));
    assert_eq!(
        settings.log,
        Log {
            format: LogFormat::Json,
            level: LogLevel::Debug
        }
    );
}

#[test]
fn a_rules_file_says_how_paths_are_decoded_unless_the_gateways_own_does() {
    let dir = std::env::temp_dir().join(format!("transom-decoding-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let rules = |decode: &str| {
        let text = format!("http: {{ fully_decode_reserved_expansion: {decode} }}\n");
        std::fs::write(dir.join("rules.yaml"), text).unwrap();
    };
    let chosen = |keys: &str| {
        let path = dir.join("transom.yaml");
        let text = format!(
            "upstreams: {{ a: {{ url: 'http://h:1' }} }}\nhttp_rules: [rules.yaml]\n{keys}"
        );
        std::fs::write(&path, text).unwrap();
        let settings = load(Some(&path), &Flags::default()).unwrap();
        settings.gateway.protocol.options.rest.multi_segment
    };
    use crate::protocol::rest::MultiSegment::{DecodeAll, KeepReserved, KeepSlash};
    rules("false");
    assert_eq!(chosen(""), KeepReserved);
    assert_eq!(chosen("rest: { multi_segment: decode_all }\n"), DecodeAll);
    rules("true");
    assert_eq!(chosen("compat: envoy\n"), KeepSlash);
    std::fs::remove_dir_all(&dir).unwrap();
}

//! The section `cors`: what it becomes, and what is wrong with it.

use std::time::Duration;

use super::*;
use crate::protocol::Cors;
use crate::protocol::cors::{Credentials, ORIGINS_MAX, Origins};

const UPSTREAM: &str = "upstreams: { a: { url: 'http://h:1' } }\n";

fn cors(text: &str) -> Cors {
    let settings = settings(&format!("{UPSTREAM}{text}")).unwrap();
    settings.gateway.protocol.cors
}

#[test]
fn without_the_section_nobody_is_allowed() {
    assert_eq!(cors(""), Cors::default());
    assert_eq!(
        Cors::default().origins,
        Origins::Listed(vec![], Credentials::Withheld)
    );
}

#[test]
fn every_key_has_its_effect() {
    let cors = cors(
        r"
cors:
  origins: ['https://app.example.com', 'https://*.example.com:8443']
  credentials: true
  max_age: 0s
  allow_headers: [x-tenant, y-*]
  expose_headers: [X-Served-By]
",
    );
    let patterns = ["https://app.example.com", "https://*.example.com:8443"]
        .map(|pattern| pattern.parse().unwrap());
    assert_eq!(
        cors,
        Cors {
            origins: Origins::Listed(patterns.to_vec(), Credentials::Sent),
            max_age: Duration::ZERO,
            allow_headers: vec!["x-tenant".parse().unwrap(), "y-*".parse().unwrap()],
            expose_headers: vec!["x-served-by".parse().unwrap()],
        }
    );
}

#[test]
fn a_star_among_origins_is_every_origin() {
    let cors = cors("cors: { origins: ['https://a.example', '*'] }\n");
    assert_eq!(cors.origins, Origins::Any);
}

#[test]
fn row_121_what_is_wrong_is_told_with_its_place() {
    for (text, expected) in [
        (
            "cors:\n  origins: ['*']\n  credentials: true\n",
            "transom.yaml:4:16: cors.credentials: found `true` while `origins` has `*`, with which every page could act as whoever visits it; expected `false`, or origins by their names",
        ),
        (
            "cors:\n  origins:\n  - https://a.example\n  - 'null'\n",
            "transom.yaml:5:5: cors.origins[1]: found `null`, expected an origin such as `https://app.example.com`: `null` is what files and sandboxed frames of anybody say",
        ),
        (
            "cors: { origins: [app.example.com] }\n",
            "transom.yaml:2:19: cors.origins[0]: found `app.example.com`, expected an origin with its scheme, such as `https://app.example.com`",
        ),
        (
            "cors: { origins: ['https://app.example.com/'] }\n",
            "transom.yaml:2:19: cors.origins[0]: found `https://app.example.com/`, expected an origin without a path, such as `https://app.example.com`",
        ),
        (
            "cors: { origins: ['https://*example.com'] }\n",
            "transom.yaml:2:19: cors.origins[0]: found `https://*example.com`, expected `*` alone or as the whole first label of a host, such as `https://*.example.com`",
        ),
        (
            "cors: { expose_headers: ['*'] }\n",
            "transom.yaml:2:26: cors.expose_headers[0]: found `*`, expected the name of a header, such as `x-served-by`",
        ),
        (
            "cors: { max_age: 7200 }\n",
            "transom.yaml:2:18: cors.max_age: found `7200`, expected a duration with its unit, such as `250ms`, `15s`, `5m` or `1h`",
        ),
        (
            "cors: { origin: [] }\n",
            "transom.yaml:2:9: cors: unknown key `origin`; did you mean `origins`?",
        ),
    ] {
        assert_eq!(error(&format!("{UPSTREAM}{text}")), expected);
    }
    let many = vec!["'https://a.example'"; ORIGINS_MAX + 1].join(",");
    assert_eq!(
        error(&format!("{UPSTREAM}cors: {{ origins: [{many}] }}\n")),
        "transom.yaml:2:18: cors.origins: found more than 1000 entries, expected fewer"
    );
}

#[test]
fn the_flag_replaces_the_origins_of_the_file() {
    let mut raw: raw::File =
        load::parse("cors: { origins: ['*'] }\n", Path::new("transom.yaml")).unwrap();
    let flags = Flags {
        upstreams: vec!["http://h:1".parse().unwrap()],
        cors_origins: vec!["https://app.example.com".parse().unwrap()],
        ..Flags::default()
    };
    flags.apply(&mut raw).unwrap();
    let settings = build::settings(&raw, None).unwrap();
    let patterns = vec!["https://app.example.com".parse().unwrap()];
    assert_eq!(
        settings.gateway.protocol.cors.origins,
        Origins::Listed(patterns, Credentials::Withheld)
    );
}

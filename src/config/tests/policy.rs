//! The sections `identity` and `policy`: what they become, and what is said of wrong values.

use std::fmt::Write as _;

use super::*;
use crate::policy::StepConfig;
use crate::policy::identify::{Forward, KeysFrom};

const UPSTREAM: &str = "upstreams: { a: { url: 'http://h:1' } }\n";

fn of(text: &str) -> Settings {
    settings(&format!("{UPSTREAM}{text}")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The error of such a file, whose first line is the upstream.
fn wrong(text: &str) -> String {
    error(&format!("{UPSTREAM}{text}")).replace("transom.yaml:", "")
}

/// Notes what is not as expected.
fn differs(found: &mut String, text: &str, is: &str, expected: &str) {
    if is != expected {
        let _ = write!(found, "\n{text}\nfound    {is}\nexpected {expected}\n");
    }
}

#[test]
fn what_one_would_write_is_read() {
    let settings = of("
identity:
  issuers:
    - issuer: https://id.example
      audiences: [library]
      jwks_url: https://id.example/jwks
      algorithms: [ES256]
      leeway: 30s
      max_lifetime: 1h
policy:
  - access:
      rules:
        - { methods: [a.v1.S.Get, 'a.v1.Open.*'], effect: public }
        - effect: allow
          when:
            any_scope: [read, write]
            claims: [{ path: org.id, equals: 7 }, { path: email }]
            not: [{ networks: [10.0.0.0/8] }]
            cel: 'now > 0'
  - rate_limits: [{ name: all, calls: 100, per: 1s, by: [identity, 'header:x-tenant'] }]
  - concurrency: [{ name: few, calls: 3 }]
  - global_rate_limits:
      server: http://127.0.0.1:1
      domain: edge
      descriptors: [{ entries: [method, 'header:x-tenant', plan=free] }]
  - ext_authz: { server: 'http://127.0.0.1:2', headers: [], on_failure: open }
  - access: { mode: dry_run, rules: [{ effect: deny }] }
");
    let policy = settings.gateway.policy;
    let names: Vec<_> = policy.steps.iter().map(StepConfig::name).collect();
    assert_eq!(
        names,
        [
            "access",
            "rate_limits",
            "concurrency",
            "global_rate_limits",
            "ext_authz",
            "access"
        ]
    );
    let identity = policy.identity.unwrap();
    let [issuer] = &identity.issuers[..] else {
        panic!("{identity:?}")
    };
    assert!(matches!(issuer.keys, KeysFrom::Url(_)));
    assert_eq!(issuer.settings.leeway, 30);
    assert_eq!(issuer.settings.lifetime_max, Some(3600));
    assert_eq!(identity.forward, Forward::No);
}

#[test]
fn without_the_sections_nobody_looks_and_rules_alone_know_certificates() {
    assert!(of("").gateway.policy.is_empty());
    assert!(of("identity: {}\npolicy: []\n").gateway.policy.is_empty());
    let limits = of("policy: [{ concurrency: [{ name: few, calls: 3 }] }]\n");
    assert!(limits.gateway.policy.identity.is_none());
    let rules = of("policy: [{ access: { rules: [{ effect: public }] } }]\n");
    let identity = rules.gateway.policy.identity.unwrap();
    assert!(identity.issuers.is_empty());
    assert_eq!(identity.forward, Forward::Yes, "tokens are others' matter");
}

#[test]
fn another_policy_is_another_configuration() {
    let fingerprint = |calls: u32| {
        let text = format!("policy: [{{ concurrency: [{{ name: few, calls: {calls} }}] }}]\n");
        of(&text).gateway.fingerprint
    };
    assert_eq!(fingerprint(1), fingerprint(1));
    assert_ne!(fingerprint(1), fingerprint(2));
}

#[test]
fn an_error_in_a_policy_says_where_and_what_was_expected() {
    let mut found = String::new();
    for (text, expected) in [
        (
            "policy: [{ acces: {} }]",
            "2:12: policy[0]: unknown key `acces`; did you mean `access`?",
        ),
        (
            "policy: [{}]",
            "2:10: policy[0]: found 0 keys, expected exactly one of `identify`, `access`, `rate_limits`, \
             `concurrency`, `global_rate_limits` and `ext_authz`",
        ),
        (
            "policy: [{ identify: {} }]",
            "2:10: policy[0]: found `identify`, and neither `identity` nor access rules; expected what \
             tells callers apart",
        ),
        (
            "policy: [{ identify: {} }, { access: { rules: [{ effect: deny }] } }, { identify: {} }]",
            "2:71: policy[2]: found `identify` once more, expected it once",
        ),
        (
            "policy: [{ access: { rules: [{ effect: allow }] } }, { identify: {} }]",
            "2:10: policy[0]: found rule 0 for callers that are known before `identify`, expected `public` \
             or `deny` there, by networks and what else is known of everybody",
        ),
        (
            "policy: [{ access: { rules: [{ name: x, effect: deny, when: { subjects: [eve] } }] } }, { identify: {} }]",
            "2:10: policy[0]: found rule x that asks who calls before `identify`, expected `public` or \
             `deny` there, by networks and what else is known of everybody",
        ),
        (
            "policy: [{ rate_limits: [{ name: x, calls: 1, per: 1s, by: [method, api_key] }] }, { identify: {} }]",
            "2:10: policy[0]: found limit x by api_key before `identify`, expected `address`, `method` or \
             `header:NAME` there",
        ),
        (
            "policy: [{ global_rate_limits: { server: 'http://h:1', domain: d, descriptors: [{ entries: [identity] }] } }, { identify: {} }]",
            "2:10: policy[0]: found a descriptor of `identity` before `identify`, expected others there",
        ),
        (
            "policy: [{ identify: { first: true } }]",
            "2:24: policy[0].identify: unknown key `first`; expected none",
        ),
        (
            "policy: [{ access: { rules: [{ methods: [a.B.C] }] } }]",
            "2:30: policy[0].access.rules[0]: found no `effect`, expected `allow`, `public` or `deny`",
        ),
        (
            "policy: [{ access: { rules: [{ effect: alow }] } }]",
            "2:40: policy[0].access.rules[0].effect: found `alow`; did you mean `allow`?",
        ),
        (
            "policy: [{ access: { rules: [{ effect: allow, methods: ['a b'] }] } }]",
            "2:57: policy[0].access.rules[0].methods[0]: found `a b`, expected the full name of a method, \
             such as `shop.v1.Orders.Get`, or `shop.v1.Orders.*`, `shop.*` or `*`",
        ),
        (
            "policy: [{ access: { rules: [{ effect: allow, when: { networks: [10.0.0.0/40] } }] } }]",
            "2:66: policy[0].access.rules[0].when.networks[0]: found `10.0.0.0/40`, expected an IP address \
             or a range of them, such as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "policy: [{ rate_limits: [{ name: all, calls: 5 }] }]",
            "2:26: policy[0].rate_limits[0]: expected `name`, `calls` and `per`, such as \
             `{ name: callers, calls: 100, per: 1s }`",
        ),
        (
            "policy: [{ rate_limits: [{ name: all, calls: 5, per: 1s, by: [user] }] }]",
            "2:63: policy[0].rate_limits[0].by[0]: found `user`, expected `identity`, `api_key`, `address`, \
             `method` or `header:NAME`",
        ),
        (
            "policy: [{ ext_authz: { server: 'h:1' } }]",
            "2:33: policy[0].ext_authz.server: found `h:1`, expected http://host:port or https://host:port",
        ),
        (
            "policy: [{ ext_authz: { server: 'http://h:1', tls: {} } }]",
            "2:33: policy[0].ext_authz.server: found `http://h:1` beside `tls`, expected https://host:port",
        ),
        (
            "policy: [{ ext_authz: { server: 'https://h:1', tls: { key: k } } }]",
            "2:60: policy[0].ext_authz.tls.key: found it without `certificate`, expected them together",
        ),
        (
            "policy: [{ ext_authz: { server: 'http://h:1', on_failure: maybe } }]",
            "2:59: policy[0].ext_authz.on_failure: found `maybe`; expected one of `open`, `closed`",
        ),
        (
            "policy: [{ global_rate_limits: { server: 'http://h:1', domain: d, descriptors: [{ entries: [] }] } }]",
            "2:81: policy[0].global_rate_limits.descriptors[0]: found no `entries`, expected at least one",
        ),
    ] {
        differs(&mut found, text, &wrong(text), expected);
    }
    assert!(found.is_empty(), "{found}");
    let cel =
        wrong("policy: [{ access: { rules: [{ effect: allow, when: { cel: 'nobody.name' } }] } }]");
    assert!(
        cel.contains("policy[0].access.rules[0].when.cel: line 1, column "),
        "{cel}"
    );
    let twice = wrong(
        "policy: [{ access: { rules: [{ name: x, effect: deny }, { name: x, effect: deny }] } }]",
    );
    assert!(
        twice.contains("policy[0].access: found two access rules named x"),
        "{twice}"
    );
}

#[test]
fn an_error_of_an_issuer_says_where_and_what_was_expected() {
    let mut found = String::new();
    for (text, expected) in [
        (
            "{ issuers: [{ issuer: a, audiences: [b] }] }",
            "2:23: identity.issuers[0]: expected exactly one of `jwks_url`, `jwks_file` and `secret_file`",
        ),
        (
            "{ issuers: [{ issuer: a, audiences: [b], jwks_url: 'http://id.example/k' }] }",
            "2:62: identity.issuers[0].jwks_url: found \"http://id.example/k\", expected https://: without \
             TLS only this host itself is asked, as 127.0.0.1, [::1] or localhost",
        ),
        (
            "{ issuers: [{ issuer: a, jwks_file: k }] }",
            "2:23: identity.issuers[0]: found no audience, expected at least one that is not empty",
        ),
        (
            "{ issuers: [{ issuer: a, audiences: [b], jwks_file: k, algorithms: [none] }] }",
            "2:78: identity.issuers[0].algorithms: found `none`, expected an algorithm such as ES256 or RS256",
        ),
        (
            "{ issuers: [{ issuer: a, audiences: [b], jwks_file: k, leeway: 2m }] }",
            "2:23: identity.issuers[0]: found a leeway of 120 seconds, expected at most 60",
        ),
        (
            "{ api_keys: { header: x-key } }",
            "2:23: identity.api_keys.file: found none, expected a file with a line for each key",
        ),
        (
            "{ metadata: { X-User: subject } }",
            "2:23: identity.metadata.X-User: found `X-User`, expected a name of metadata in small letters, \
             without -bin",
        ),
        (
            "{ metadata: { x-user: name } }",
            "2:23: identity.metadata.x-user: found `name`, expected `subject`, `issuer`, `scopes`, `kind` or \
             `claim:PATH`",
        ),
    ] {
        let text = format!("identity: {text}");
        differs(&mut found, &text, &wrong(&text), expected);
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn files_of_identity_are_relative_to_the_configuration() {
    let folder = std::env::temp_dir().join(format!("transom-identity-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("transom.yaml");
    std::fs::write(folder.join("client.secret"), "s3cret\n").unwrap();
    let text = format!(
        "{UPSTREAM}identity:
  issuers: [{{ issuer: a, audiences: [b], jwks_file: keys.json }}]
  api_keys: {{ file: /etc/keys.txt }}
  introspection: {{ url: 'http://127.0.0.1:1/', client_secret_file: client.secret }}
  ca: ca.pem
"
    );
    std::fs::write(&path, text).unwrap();
    let settings = load(Some(&path), &Flags::default()).unwrap();
    let identity = settings.gateway.policy.identity.unwrap();
    let (_, missing) = identity.look().unwrap_err();
    assert!(missing.to_string().contains("keys.json"), "{missing}");
    let KeysFrom::File(keys) = &identity.issuers[0].keys else {
        panic!("{identity:?}")
    };
    assert_eq!(*keys, folder.join("keys.json"));
    assert_eq!(identity.api_keys.unwrap().file, Path::new("/etc/keys.txt"));
    let introspection = identity.introspection.unwrap();
    assert_eq!(introspection.client_secret.0, "s3cret");
    assert!(!format!("{introspection:?}").contains("s3cret"));
    assert_eq!(identity.ca, Some(folder.join("ca.pem")));

    std::fs::write(folder.join("client.secret"), "\n").unwrap();
    let error = load(Some(&path), &Flags::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("transom.yaml:5:"), "{error}");
    assert!(
        error.ends_with("client.secret: found an empty file, expected a secret"),
        "{error}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

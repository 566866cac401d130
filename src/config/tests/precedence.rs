//! What the file says goes before the service config of an upstream, key by key; and where an upstream is
//! refused, the message says what was found, and where.

use std::time::Duration;

use super::*;
use crate::upstream::balance::{self, Policy};
use crate::upstream::config::Discovery;
use crate::upstream::plan::{Choice, Which};
use crate::upstream::retry::Throttling;
use crate::upstream::{Config, ENDPOINTS_MAX};

const SHIPPED: &str = r#"{
    "methodConfig": [
        {"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s",
            "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}},
        {"name": [{"service": "a.B", "method": "Get"}], "timeout": "0.3s"}
    ],
    "retryThrottling": {"maxTokens": 7, "tokenRatio": 0.5},
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": "a.B"}
}"#;

/// The upstream with these keys beside that service config.
fn beside(name: &str, keys: &str) -> Config {
    let unique = format!("transom-shipped-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(unique);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shipped.json"), SHIPPED).unwrap();
    let own = "url: 'http://h:1', service_config: shipped.json";
    let text = format!("upstreams: {{ a: {{ {own}, {keys} }} }}");
    std::fs::write(folder.join("transom.yaml"), text).unwrap();
    let read = load(Some(&folder.join("transom.yaml")), &Flags::default());
    std::fs::remove_dir_all(&folder).unwrap();
    read.unwrap().gateway.upstreams.remove(0)
}

#[test]
fn where_the_file_says_nothing_the_service_config_counts() {
    let config = beside(
        "nothing",
        "balance: { slow_start: 10s }, health: { interval: 3s }",
    );
    assert_eq!(config.balance.policy, Policy::RoundRobin);
    assert!(config.balance.slow_start.is_some());
    let health = config.health.unwrap();
    assert_eq!(
        (&*health.service, health.interval),
        ("a.B", Duration::from_secs(3))
    );
    assert_eq!(
        config.retries.throttling,
        Throttling::new(7.0, 0.5).unwrap()
    );
    assert!(config.retries.said.is_empty());
    assert_eq!(config.retries.rules.len(), 2);
}

#[test]
fn what_the_file_says_counts_even_where_it_is_the_default() {
    let config = beside(
        "said",
        "balance: { policy: peak_ewma }, health: { check: false }, \
         retries: { max_tokens: 100, idempotent: { attempts: 1 } }",
    );
    assert_eq!(config.balance.policy, balance::Config::default().policy);
    assert_eq!(config.health, None);
    assert_eq!(
        config.retries.throttling,
        Throttling::new(100.0, 0.5).unwrap()
    );
    let [said] = &*config.retries.said else {
        panic!("{:?}", config.retries.said);
    };
    assert_eq!(
        (&said.of, &said.choice),
        (&Which::Idempotent, &Choice::Once)
    );

    let config = beside("service", "health: { check: true, service: c.D }");
    assert_eq!(config.health.unwrap().service, "c.D");
}

#[test]
fn a_wrong_upstream_is_refused_with_what_was_found_and_where() {
    for (keys, expected) in [
        (
            "endpoints: [{ address: 'http://x:1' }]",
            "2:31: upstreams.a.endpoints[0].address: \"http://x:1\" has more than a host and a port; expected host:port",
        ),
        (
            "dns: x",
            "2:13: upstreams.a.dns: \"x\" names no port; expected host:port",
        ),
        (
            "endpoints: [{ address: 'x:1' }, { address: 'x:1' }]",
            "2:19: upstreams.a.endpoints[1].address: found `x:1` once more, expected each once",
        ),
        (
            "url: 'http://x:1', dns: 'x:1'",
            "2:6: upstreams.a: found `url` and `dns`, expected exactly one of the keys `url`, `endpoints`, `dns`, `srv` and `file`",
        ),
        (
            "authority: x",
            "2:6: upstreams.a: found none, expected exactly one of the keys `url`, `endpoints`, `dns`, `srv` and `file`",
        ),
        (
            "url: 'x:1', balance: { policy: ring_hash }",
            "2:39: upstreams.a.balance.header: found none, expected the name of a header, since `policy` is `ring_hash`",
        ),
        (
            "url: 'x:1', retries: { token_ratio: 0 }",
            "2:44: upstreams.a.retries.token_ratio: found a ratio of 0, expected at least 0.001, with up to 3 decimals",
        ),
        (
            "url: 'x:1', retries: { idempotent: { multiplier: -1 } }",
            "2:57: upstreams.a.retries.idempotent.multiplier: found a back-off multiplier that is not above 0, expected a number above 0",
        ),
    ] {
        let found = error(&format!("upstreams:\n  a: {{ {keys} }}\n"));
        assert_eq!(found, format!("transom.yaml:{expected}"));
    }
}

#[test]
fn more_endpoints_than_an_upstream_has_are_refused() {
    let list = |count: usize| {
        let items = (0..count).map(|n| format!("{{ address: 'h{n}:1' }}"));
        let items: Vec<_> = items.collect();
        format!("upstreams:\n  a:\n    endpoints: [{}]\n", items.join(","))
    };
    assert_eq!(
        error(&list(ENDPOINTS_MAX + 1)),
        "transom.yaml:3:16: upstreams.a.endpoints: found 4097 endpoints, expected at most 4096"
    );
    let config = settings(&list(ENDPOINTS_MAX)).unwrap().gateway;
    let Discovery::Static(listed) = &config.upstreams[0].discovery else {
        panic!("{config:?}");
    };
    assert_eq!(listed.len(), ENDPOINTS_MAX);
}

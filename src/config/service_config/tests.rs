//! What a service config may say, and how each mistake is named.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::call::Code;
use crate::upstream::retry::{CodeSet, Covers, Delays, MaxAttempts};

const MILLIS_100: Duration = Duration::from_millis(100);

fn read(text: &str) -> ServiceConfig {
    text.parse().unwrap()
}

/// The error of a text, as people read it.
fn error(text: &str) -> String {
    text.parse::<ServiceConfig>().unwrap_err().to_string()
}

/// The config of all methods, with this said about them.
fn said(members: &str) -> Result<MethodConfig, ServiceConfigError> {
    let text = format!(r#"{{"methodConfig":[{{"name":[{{"service":"s"}}]{members}}}]}}"#);
    let config: ServiceConfig = text.parse()?;
    Ok(MethodConfig::clone(config.method("s", "M").unwrap()))
}

#[test]
fn the_whole_of_a_service_config_is_read() {
    let config = read(
        r#"{
          "loadBalancingConfig": [{"grpclb": {"childPolicy": []}}, {"round_robin": {}}],
          "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
          "healthCheckConfig": {"serviceName": "shop.v1"},
          "methodConfig": [{
            "name": [{"service": "shop.v1.Orders", "method": "Get"}],
            "timeout": "1.5s",
            "waitForReady": true,
            "maxRequestMessageBytes": 1024,
            "maxResponseMessageBytes": "2048",
            "retryPolicy": {
              "maxAttempts": 4, "initialBackoff": ".1s", "maxBackoff": "1s",
              "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE", "aborted", 8]
            },
            "somethingNew": {}
          }],
          "somethingNew": 1
        }"#,
    );
    assert_eq!(config.balancing, Some(Balancing::RoundRobin));
    assert_eq!(config.throttling, Some(Throttling::new(10.0, 0.1).unwrap()));
    assert_eq!(config.health_service.as_deref(), Some("shop.v1"));
    let second = Duration::from_secs(1);
    let policy = Policy {
        max_attempts: MaxAttempts::new(4).unwrap(),
        delays: Delays::new(MILLIS_100, second, 2.0).unwrap(),
        codes: CodeSet::of(&[Code::Unavailable, Code::Aborted, Code::ResourceExhausted]),
        covers: Covers::Named,
    };
    let expected = MethodConfig {
        timeout: Some(Duration::from_millis(1500)),
        wait_for_ready: Some(true),
        max_request: Some(1024),
        max_response: Some(2048),
        repeats: Some(Repeats::Retry(policy)),
    };
    assert_eq!(**config.method("shop.v1.Orders", "Get").unwrap(), expected);
    assert_eq!(config.method("shop.v1.Orders", "Put"), None);
    assert_eq!(read("{}"), ServiceConfig::default());
}

#[test]
fn hedging_is_read_with_its_defaults() {
    let hedging = Hedging {
        max_attempts: MaxAttempts::new(2).unwrap(),
        delay: Duration::ZERO,
        non_fatal: CodeSet::NONE,
    };
    let config = said(r#","hedgingPolicy":{"maxAttempts":2}"#).unwrap();
    assert_eq!(config.repeats, Some(Repeats::Hedge(hedging)));
    let config = said(
        r#","hedgingPolicy":{"maxAttempts":9,"hedgingDelay":"0.5s","nonFatalStatusCodes":[14]}"#,
    );
    let hedging = Hedging {
        max_attempts: MaxAttempts::MAX,
        delay: Duration::from_millis(500),
        non_fatal: CodeSet::of(&[Code::Unavailable]),
    };
    assert_eq!(config.unwrap().repeats, Some(Repeats::Hedge(hedging)));
}

#[test]
fn the_most_specific_name_wins_and_is_whole() {
    let config = read(
        r#"{"methodConfig": [
          {"name": [{}], "timeout": "1s", "waitForReady": true},
          {"name": [{"service": "a", "method": ""}, {"service": "b", "method": null}], "timeout": "2s"},
          {"name": [{"service": "a", "method": "M"}], "timeout": "3s"},
          {"name": [], "timeout": "4s"},
          {"timeout": "5s"}
        ]}"#,
    );
    for (service, method, seconds, waits) in [
        ("a", "M", 3, None),
        ("a", "N", 2, None),
        ("b", "M", 2, None),
        ("c", "M", 1, Some(true)),
    ] {
        let found = config.method(service, method).unwrap();
        assert_eq!(found.timeout, Some(Duration::from_secs(seconds)));
        assert_eq!(found.wait_for_ready, waits, "{service}/{method}");
    }
    let names: Vec<_> = config.names().collect();
    assert_eq!(names, [("", ""), ("a", ""), ("a", "M"), ("b", "")]);
}

#[test]
fn a_policy_for_everything_covers_idempotent_methods_only() {
    let config = read(
        r#"{"methodConfig": [{"name": [{}, {"service": "a"}], "retryPolicy": {
          "maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1,
          "retryableStatusCodes": [14]}}]}"#,
    );
    for (service, covers) in [("a", Covers::Named), ("b", Covers::Idempotent)] {
        let Some(Repeats::Retry(policy)) = config.method(service, "M").unwrap().repeats else {
            panic!("{service} has no policy");
        };
        assert_eq!(policy.covers, covers, "{service}");
    }
}

#[test]
fn durations_are_decimal_seconds() {
    for (text, nanos) in [
        ("0s", 0),
        ("1s", 1_000_000_000),
        ("1.5s", 1_500_000_000),
        (".1s", 100_000_000),
        ("1.000000001s", 1_000_000_001),
        ("315576000000s", 315_576_000_000_000_000_000_u128),
    ] {
        let config = said(&format!(r#","timeout":"{text}""#)).unwrap();
        assert_eq!(config.timeout.unwrap().as_nanos(), nanos, "{text}");
    }
    for text in [
        "",
        "s",
        "1",
        ".s",
        "1.s",
        "-1s",
        "+1s",
        "1,5s",
        "1 s",
        "1m",
        "1e3s",
        "infs",
        "1.0000000001s",
        "315576000000.000000001s",
        "315576000001s",
        "99999999999999999999s",
        "1.5.5s",
        "٣s",
    ] {
        let error = said(&format!(r#","timeout":"{text}""#)).unwrap_err();
        let expected = format!(
            "methodConfig[0].timeout: found \"{text}\", expected a duration such as \"1.5s\""
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn every_mistake_is_named_with_its_path() {
    let cases = [
        ("[]", "the service config: found a list, expected an object"),
        (
            r#"{"methodConfig": {}}"#,
            "methodConfig: found an object, expected a list",
        ),
        (
            r#"{"methodConfig": [3]}"#,
            "methodConfig[0]: found 3, expected an object",
        ),
        (
            r#"{"methodConfig": [{"name": [{"service": 7}]}]}"#,
            "methodConfig[0].name[0].service: found 7, expected a text",
        ),
        (
            r#"{"methodConfig": [{"name": [{"method": "M"}]}]}"#,
            "methodConfig[0].name[0]: found the method \"M\" without a service, expected the \
             service it is of",
        ),
        (
            r#"{"methodConfig": [{"name": [{"service": "a"}]}, {"name": [{"service": "a", "method": ""}]}]}"#,
            "methodConfig[1].name[0]: found \"a\" once more, expected each name once",
        ),
        (
            r#"{"methodConfig": [{"name": [{}, {}]}]}"#,
            "methodConfig[0].name[1]: found the name of all methods once more, expected each name once",
        ),
        (
            r#"{"methodConfig": [{"waitForReady": "yes"}]}"#,
            "methodConfig[0].waitForReady: found \"yes\", expected true or false",
        ),
        (
            r#"{"methodConfig": [{"maxRequestMessageBytes": -1}]}"#,
            "methodConfig[0].maxRequestMessageBytes: found -1, expected a whole number from 0 to \
             4294967295",
        ),
        (
            r#"{"methodConfig": [{"retryPolicy": {}, "hedgingPolicy": {}}]}"#,
            "methodConfig[0]: found both retryPolicy and hedgingPolicy, expected at most one of the two",
        ),
        (
            r#"{"methodConfig": [{"hedgingPolicy": {"maxAttempts": 1}}]}"#,
            "methodConfig[0].hedgingPolicy.maxAttempts: found 1, expected a whole number above 1",
        ),
        (
            r#"{"retryThrottling": {"maxTokens": 1001, "tokenRatio": 1}}"#,
            "retryThrottling.maxTokens: found 1001, expected more than 0 and at most 1000, with up \
             to 3 decimals",
        ),
        (
            r#"{"retryThrottling": {"maxTokens": 10, "tokenRatio": 0.0009}}"#,
            "retryThrottling.tokenRatio: found 0.0009, expected at least 0.001, with up to 3 decimals",
        ),
        (
            r#"{"retryThrottling": {"maxTokens": 10}}"#,
            "retryThrottling.tokenRatio: found nothing, expected a number",
        ),
        (
            r#"{"healthCheckConfig": {"serviceName": []}}"#,
            "healthCheckConfig.serviceName: found a list, expected a text",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    assert!(error("{").starts_with("the service config cannot be read: EOF"));
    assert!(error(r#"{"a": "#).contains("line 1"));
    assert_eq!(
        error(r#"{"a": 1, "b": [{"c": 1, "c": null}]}"#),
        "the service config cannot be read: found the key \"c\" once more, expected each key once \
         at line 1 column 27"
    );
    let nested = "[".repeat(100_000);
    assert!(error(&nested).contains("recursion limit"));
    let long = " ".repeat(SIZE_MAX + 1);
    assert_eq!(
        long.parse::<ServiceConfig>(),
        Err(ServiceConfigError::TooLarge(SIZE_MAX + 1))
    );
}

#[test]
fn a_retry_policy_needs_all_of_its_keys() {
    let keys = [
        ("maxAttempts", "2", "a whole number above 1"),
        ("initialBackoff", "\"1s\"", "a duration above 0s"),
        ("maxBackoff", "\"1s\"", "a duration above 0s"),
        ("backoffMultiplier", "1.5", "a number above 0"),
        ("retryableStatusCodes", "[14]", "a list of status codes"),
    ];
    let policy = |replaced: &str, value: Option<&str>| {
        let members: Vec<String> = keys
            .iter()
            .filter_map(|&(key, usual, _)| {
                let value = if key == replaced { value } else { Some(usual) };
                value.map(|value| format!("\"{key}\":{value}"))
            })
            .collect();
        said(&format!(",\"retryPolicy\":{{{}}}", members.join(",")))
    };
    assert!(policy("", None).is_ok());
    for (key, _, expected) in keys {
        let error = policy(key, None).unwrap_err().to_string();
        let wanted =
            format!("methodConfig[0].retryPolicy.{key}: found nothing, expected {expected}");
        assert_eq!(error, wanted);
    }
    for (key, value, found, expected) in [
        ("maxAttempts", "1", "1", "a whole number above 1"),
        (
            "maxAttempts",
            "2.5",
            "2.5",
            "a whole number from 0 to 4294967295",
        ),
        ("initialBackoff", "\"0s\"", "\"0s\"", "a duration above 0s"),
        ("maxBackoff", "\"0.0s\"", "\"0.0s\"", "a duration above 0s"),
        ("backoffMultiplier", "0", "0", "a number above 0"),
        ("backoffMultiplier", "-2", "-2", "a number above 0"),
        ("backoffMultiplier", "\"inf\"", "\"inf\"", "a number"),
        (
            "retryableStatusCodes",
            "[]",
            "an empty list",
            "one status code at least",
        ),
    ] {
        let error = policy(key, Some(value)).unwrap_err().to_string();
        let wanted =
            format!("methodConfig[0].retryPolicy.{key}: found {found}, expected {expected}");
        assert_eq!(error, wanted);
    }
    for code in ["0", "17", "-1", "\"OK\"", "\"GONE\"", "1.5", "[]"] {
        let error = policy("retryableStatusCodes", Some(&format!("[1, {code}]"))).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("retryableStatusCodes[1]: found "), "{error}");
        assert!(error.ends_with("by name or number"), "{error}");
    }
}

#[test]
fn the_first_policy_that_is_known_is_taken() {
    let balancing = |text: &str| {
        let config = format!(r#"{{"loadBalancingConfig": {text}}}"#).parse::<ServiceConfig>();
        config.map(|config| config.balancing)
    };
    let ring = |min_size, max_size, header: Option<&'static str>| {
        let header = header.map(http::HeaderName::from_static);
        Some(Balancing::RingHash {
            min_size,
            max_size,
            header,
        })
    };
    for (text, expected) in [
        ("[]", None),
        (
            r#"[{"pick_first": {"shuffleAddressList": true}}]"#,
            Some(Balancing::PickFirst),
        ),
        (
            r#"[{"weighted_round_robin": {}}]"#,
            Some(Balancing::WeightedRoundRobin),
        ),
        (
            r#"[{"cds_experimental": {}}, {"round_robin": {}}, {"pick_first": 3}]"#,
            Some(Balancing::RoundRobin),
        ),
        (
            r#"[{"ring_hash_experimental": {}}]"#,
            ring(1024, 4096, None),
        ),
        (
            r#"[{"ring_hash_experimental": {"minRingSize": "2", "maxRingSize": 8388608, "requestHashHeader": "X-User"}}]"#,
            ring(2, 4096, Some("x-user")),
        ),
        (
            r#"[{"least_request_experimental": {}}]"#,
            Some(Balancing::LeastRequest { choices: 2 }),
        ),
        (
            r#"[{"least_request_experimental": {"choiceCount": 50}}]"#,
            Some(Balancing::LeastRequest { choices: 10 }),
        ),
    ] {
        assert_eq!(balancing(text), Ok(expected), "{text}");
    }
    for (text, expected) in [
        (
            r#"[{"cds_experimental": {}}, {"xds": {}}]"#,
            "loadBalancingConfig: found cds_experimental, xds, expected one of pick_first, \
             round_robin, weighted_round_robin, ring_hash_experimental and least_request_experimental",
        ),
        (
            "[{}]",
            "loadBalancingConfig[0]: found 0 policies, expected one policy",
        ),
        (
            r#"[{"a": {}, "b": {}}]"#,
            "loadBalancingConfig[0]: found 2 policies, expected one policy",
        ),
        (
            r#"[{"round_robin": 1}]"#,
            "loadBalancingConfig[0].round_robin: found 1, expected an object",
        ),
        (
            r#"[{"ring_hash_experimental": {"minRingSize": 5000}}]"#,
            "loadBalancingConfig[0].ring_hash_experimental: found a minRingSize of 5000 and a \
             maxRingSize of 4096, expected a minRingSize that is not above the maxRingSize",
        ),
        (
            r#"[{"ring_hash_experimental": {"maxRingSize": 8388609}}]"#,
            "loadBalancingConfig[0].ring_hash_experimental.maxRingSize: found 8388609, expected a \
             whole number from 1 to 8388608",
        ),
        (
            r#"[{"ring_hash_experimental": {"requestHashHeader": "key-bin"}}]"#,
            "loadBalancingConfig[0].ring_hash_experimental.requestHashHeader: found \"key-bin\", \
             expected the name of a header that does not end with -bin",
        ),
        (
            r#"[{"least_request_experimental": {"choiceCount": 1}}]"#,
            "loadBalancingConfig[0].least_request_experimental.choiceCount: found 1, expected a \
             whole number above 1",
        ),
    ] {
        assert_eq!(balancing(text).unwrap_err().to_string(), expected, "{text}");
    }
    let old = |name| read(&format!(r#"{{"loadBalancingPolicy": "{name}"}}"#)).balancing;
    assert_eq!(old("ROUND_ROBIN"), Some(Balancing::RoundRobin));
    assert_eq!(old("pick_first"), Some(Balancing::PickFirst));
    assert_eq!(
        error(r#"{"loadBalancingPolicy": "grpclb"}"#),
        "loadBalancingPolicy: found \"grpclb\", expected round_robin or pick_first"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = text.parse::<ServiceConfig>();
    }

    #[test]
    fn no_value_panics(
        key in "timeout|waitForReady|retryPolicy|hedgingPolicy|name|maxRequestMessageBytes",
        inner in "maxAttempts|initialBackoff|backoffMultiplier|service|nonFatalStatusCodes",
        value in r#"(null|true|[0-9]{1,30}|-?[0-9]\.[0-9]{1,20}e[0-9]{1,2}|"[^"\\]{0,9}s?"|\[\]|\{\}|\[\[1\]\])"#,
    ) {
        for said in [
            value.clone(),
            format!("{{\"{inner}\":{value}}}"),
            format!("[{{\"{inner}\":{value}}}]"),
        ] {
            let text = format!("{{\"methodConfig\":[{{\"{key}\":{said}}}]}}");
            let _ = text.parse::<ServiceConfig>();
        }
    }
}

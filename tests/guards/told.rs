//! What backends are told of callers, and what they are not.

use http::Method;
use serde_json::{Value, json};

use super::{Pair, bearer, claims, get, guarded, identity, text};
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Script, Scripted};
use crate::support::{Backend, Version, send};

const METADATA: &str = "  metadata: { x-user: subject, x-org: 'claim:org.id', x-how: kind }\n";

/// The metadata that a backend saw, by the demo's method that tells it.
fn seen(answer: &crate::support::Answer, name: &str) -> Vec<String> {
    let all = &answer.json()["metadata"][name]["values"];
    let all = all.as_array().into_iter().flatten();
    all.map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn claims_become_metadata_and_what_clients_say_there_is_gone() {
    let pair = Pair::new("a");
    let public = "policy: [{ access: { rules: [{ effect: public }] } }]\n";
    let backend = Backend::start().await;
    let text = identity(&[pair.jwk()], &format!("{METADATA}{public}"));
    let gateway = guarded(&backend.url, &text).await;
    let token = bearer(&pair.token(&claims(json!({"org": {"id": "acme"}}))));
    let forged = [
        ("x-user", "root"),
        ("x-user", "admin"),
        ("Grpc-Metadata-X-User", "root"),
        ("grpc-metadata-x-org", "evil"),
        ("x-how", "certificate"),
        ("x_user", "root"),
        ("grpc-metadata-authorization", "Bearer x"),
        ("x-other", "kept"),
    ];
    for version in [Version::Http1, Version::Http2] {
        let mut known = forged.to_vec();
        known.push(("authorization", &token));
        for (headers, user, org, how) in [
            (&known[..], &["alice"][..], &["acme"][..], &["token"][..]),
            (&forged[..], &[], &[], &[]),
        ] {
            let path = "/v1/echo:metadata";
            let answer = send(gateway.address(), version, Method::GET, path, headers, "").await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(seen(&answer, "x-user"), user);
            assert_eq!(seen(&answer, "x-org"), org);
            assert_eq!(seen(&answer, "x-how"), how);
            assert_eq!(seen(&answer, "x-other"), ["kept"]);
            assert!(seen(&answer, "authorization").is_empty());
            assert!(seen(&answer, "x_user").is_empty(), "row 119");
        }
    }
}

#[tokio::test]
async fn no_rule_believes_what_a_client_says_in_the_gateways_place() {
    let pair = Pair::new("a");
    let rule = "{ effect: allow, when: { cel: 'request.headers[\"x-user\"] == \"root\" || request.headers[\"x-envoy-internal\"] == \"true\"' } }";
    let rules = format!("policy: [{{ access: {{ rules: [{rule}] }} }}]\n");
    let backend = Backend::start().await;
    let text = identity(&[pair.jwk()], &format!("{METADATA}{rules}"));
    let gateway = guarded(&backend.url, &text).await;
    let token = bearer(&pair.of(""));
    for (name, value) in [
        ("x-other", "1"),
        ("x-user", "root"),
        ("x_user", "root"),
        ("x-envoy-internal", "true"),
    ] {
        let headers = [("authorization", token.as_str()), (name, value)];
        let answer = get(gateway.address(), "/v1/echo/7", &headers).await;
        assert_eq!(answer.status, 403, "{name}");
    }
}

#[tokio::test]
async fn every_dialect_tells_the_same_and_forges_the_same_nothing() {
    let pair = Pair::new("a");
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let gateway = guarded(&backend.url(), &identity(&[pair.jwk()], METADATA)).await;
    let ask = Ask::echo("a")
        .with("authorization", bearer(&pair.of("")))
        .with("x-user", "root")
        .with("x-org", "evil")
        .with("grpc-metadata-x-org", "evil");
    for dialect in Dialect::ALL {
        let outcome = call(gateway.address(), dialect, &ask).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        let record = backend.record();
        let seen = &record.calls.last().unwrap().seen;
        let all: Vec<_> = seen.metadata.get_all("x-user").iter().collect();
        assert_eq!(all, ["alice"], "{dialect:?}");
        assert_eq!(seen.text("x-how"), "token", "{dialect:?}");
        assert!(seen.metadata.get("x-org").is_none(), "{dialect:?}");
        assert!(seen.metadata.get("authorization").is_none(), "{dialect:?}");
    }
}

#[tokio::test]
async fn row_110_no_other_header_is_taken_for_authorization() {
    let pair = Pair::new("a");
    let backend = Backend::start().await;
    let gateway = guarded(&backend.url, &identity(&[pair.jwk()], "")).await;
    let token = bearer(&pair.of(""));
    for name in [
        "grpc-metadata-authorization",
        "x-authorization",
        "proxy-authorization",
    ] {
        let answer = get(gateway.address(), "/v1/echo/7", &[(name, &token)]).await;
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(
            text(&answer.headers, "www-authenticate"),
            "Bearer",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_token_goes_on_to_the_backend_only_where_that_is_chosen() {
    let pair = Pair::new("a");
    let backend = Backend::start().await;
    let token = bearer(&pair.of(""));
    for (more, expected) in [("", None), ("  forward: true\n", Some(&token))] {
        let gateway = guarded(&backend.url, &identity(&[pair.jwk()], more)).await;
        let headers = [("authorization", &*token)];
        let answer = get(gateway.address(), "/v1/echo:metadata", &headers).await;
        let seen = seen(&answer, "authorization");
        assert_eq!(seen.first(), expected, "{more}");
        assert_ne!(answer.json()["metadata"], Value::Null);
    }
}

//! What clients say in the gateway's place.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::take_forged;

#[test]
fn no_rule_sees_what_a_client_says_in_the_gateways_place() {
    let asserts = [HeaderName::from_static("x-user")];
    let mut headers = HeaderMap::new();
    let forged = [
        "x-user",
        "x_user",
        "grpc-metadata-x-user",
        "grpc-metadata-x_user",
        "x-forwarded-client-cert",
        "x_forwarded_for",
        "x-envoy-internal",
        "forwarded",
        "x-real-ip",
        "grpc-metadata-x-real-ip",
    ];
    let kept = [
        "x-users",
        "authorization",
        "cookie",
        "x-tenant",
        "grpc-timeout",
    ];
    for name in forged.into_iter().chain(kept) {
        headers.append(name, HeaderValue::from_static("said"));
        headers.append(name, HeaderValue::from_static("twice"));
    }
    take_forged(&mut headers, &asserts);
    let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    let mut expected = kept.to_vec();
    expected.sort_unstable();
    assert_eq!(left, expected);
}

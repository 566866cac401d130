//! Which header fields pass, either way, as tables.

#![allow(clippy::unwrap_used)]

use http::Request;

use super::*;

mod forged;

fn passed(headers: &[(&str, &str)]) -> Result<Vec<String>, Unfit> {
    passed_by(&Rules::default(), headers)
}

fn passed_by(rules: &Rules, headers: &[(&str, &str)]) -> Result<Vec<String>, Unfit> {
    let mut request = Request::post("/p.S/M");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    let metadata = from_request(&mut parts, &HeaderValue::from_static("id"), rules)?.metadata;
    let asserted = ["x-request-id", "x-forwarded-proto"];
    let lines = metadata
        .0
        .iter()
        .filter(|(name, _)| !asserted.contains(&name.as_str()));
    Ok(lines
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect())
}

#[test]
fn ordinary_headers_pass_in_their_order() {
    let headers = [
        ("x-a", "1"),
        ("authorization", "Bearer t"),
        ("x-a", "2"),
        ("x_b", "3"),
        ("user-agent", "u"),
    ];
    let mut seen = passed(&headers).unwrap();
    seen.sort();
    assert_eq!(
        seen,
        [
            "authorization: Bearer t",
            "user-agent: u",
            "x-a: 1",
            "x-a: 2",
            "x_b: 3"
        ]
    );
}

#[test]
fn what_belongs_to_the_hop_the_protocol_or_the_gateway_never_passes() {
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-authorization",
        "http2-settings",
        "expect",
        "cookie",
        "origin",
        "referer",
        "sec-fetch-site",
        "sec-websocket-key",
        "content-type",
        "content-length",
        "content-encoding",
        "grpc-status",
        "grpc-message",
        "grpc-encoding",
        "grpc-timeout",
        "grpc-accept-encoding",
        "grpc-previous-rpc-attempts",
        "grpc-anything",
        "x-envoy-a",
        "x-forwarded-for",
        "x-forwarded-client-cert",
        "x-forwarded-user",
        "x-real-ip",
        "forwarded",
        "x-request-timeout",
        "connect-timeout-ms",
        "connect-protocol-version",
        "x-grpc-web",
        "x-request_id",
        "x_forwarded_for",
        "X_Forwarded-For",
        "grpc_timeout",
        "content_type",
        "grpc_metadata_x",
        "x_real_ip",
        "transfer_encoding",
        "a!b",
        "a~b",
    ] {
        assert_eq!(
            passed(&[(name, "v")]).unwrap(),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn names_in_connection_belong_to_the_hop() {
    let headers = [
        ("connection", "close, X-Secret"),
        ("x-secret", "1"),
        ("x-other", "2"),
    ];
    assert_eq!(passed(&headers).unwrap(), ["x-other: 2"]);
}

#[test]
fn grpc_metadata_maps_to_names_that_are_free() {
    let headers = [
        ("Grpc-Metadata-Tenant", "a"),
        ("grpc-metadata-key-bin", "AAA="),
        ("grpc-metadata-user_id", "7"),
        ("grpc-metadata-x_real_ip", "192.0.2.1"),
    ];
    let mapped = ["tenant: a", "key-bin: AAA", "user_id: 7"];
    assert_eq!(passed(&headers).unwrap(), mapped);
    for name in [
        "authorization",
        "Authorization",
        "cookie",
        "grpc-timeout",
        "x-forwarded-for",
        "te",
        "content-type",
        "x_forwarded_for",
        "grpc-metadata-x",
        "host",
        "",
    ] {
        let name = format!("grpc-metadata-{name}");
        assert_eq!(
            passed(&[(&name, "v")]).unwrap(),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn binary_values_are_checked_split_and_unpadded() {
    for (given, expected) in [
        ("", vec!["k-bin: "]),
        ("AA==", vec!["k-bin: AA"]),
        ("AAA=", vec!["k-bin: AAA"]),
        ("AAAA", vec!["k-bin: AAAA"]),
        ("+/9A, AA", vec!["k-bin: +/9A", "k-bin: AA"]),
    ] {
        assert_eq!(passed(&[("k-bin", given)]).unwrap(), expected, "{given:?}");
    }
    for given in [
        "A", "AAAAA", "A===", "AAA==", "AA=", "***", "-_9A", "A=AA", "AA==AA",
    ] {
        assert!(passed(&[("k-bin", given)]).is_err(), "{given:?}");
    }
}

#[test]
fn values_that_grpc_cannot_carry_are_dropped() {
    let mut parts = Request::post("/").body(()).unwrap().into_parts().0;
    parts
        .headers
        .insert("x-a", HeaderValue::from_bytes(b"caf\xc3\xa9").unwrap());
    parts
        .headers
        .insert("x-b", HeaderValue::from_bytes(b"a\tb").unwrap());
    let taken = from_request(
        &mut parts,
        &HeaderValue::from_static("id"),
        &Rules::default(),
    )
    .unwrap();
    assert_eq!(taken.dropped, 2);
    assert_eq!(taken.metadata.get("x-a"), None);
    assert_eq!(taken.metadata.get("x-b"), None);
}

#[test]
fn the_gateway_says_who_asked() {
    let mut request = Request::post("/")
        .header("host", "api.example")
        .body(())
        .unwrap();
    request
        .headers_mut()
        .insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
    let address = "[::ffff:10.0.0.7]:5000".parse().unwrap();
    for (transport, scheme) in [(Transport::Plaintext, "http"), (Transport::Tls, "https")] {
        let mut request = request.clone();
        let secured = None;
        request.extensions_mut().insert(Peer {
            address,
            transport,
            secured,
        });
        let mut parts = request.into_parts().0;
        let metadata = from_request(
            &mut parts,
            &HeaderValue::from_static("id"),
            &Rules::default(),
        )
        .unwrap()
        .metadata;
        let all = |name: &str| metadata.0.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all("x-forwarded-for"), ["10.0.0.7"]);
        assert_eq!(all("x-forwarded-proto"), [scheme]);
        assert_eq!(all("x-forwarded-host"), ["api.example"]);
        assert_eq!(all("x-request-id"), ["id"]);
    }
}

#[test]
fn a_backend_cannot_speak_for_the_gateway() {
    let mut metadata = HeaderMap::new();
    for name in [
        "set-cookie",
        "content-length",
        "content-type",
        "content-security-policy",
        "connection",
        "transfer-encoding",
        "access-control-allow-origin",
        "strict-transport-security",
        "clear-site-data",
        "alt-svc",
        "x-http-code",
        "grpc-status",
        "grpc-message",
        "grpc-encoding",
        "connect-content-encoding",
        "connect-accept-encoding",
        "x-request-id",
        "x-ok",
        "x-ok",
    ] {
        metadata.append(
            http::HeaderName::from_static(name),
            HeaderValue::from_static("v"),
        );
    }
    metadata.insert("grpc-accept-encoding", HeaderValue::from_static("deflate"));
    metadata.insert("connect-content-encoding", HeaderValue::from_static("gzip"));
    metadata.insert(
        "connect-accept-encoding",
        HeaderValue::from_static("deflate"),
    );
    metadata.insert("grpc-retry-pushback-ms", HeaderValue::from_static("5"));
    let metadata = Metadata(metadata);
    let names = |headers: &HeaderMap| {
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_string()).collect();
        names.sort();
        names
    };
    let mut headers = HeaderMap::new();
    to_headers(metadata.clone(), Reader::Other, &mut headers);
    assert_eq!(names(&headers), ["x-ok", "x-ok"]);
    let mut headers = HeaderMap::new();
    to_headers(metadata.clone(), Reader::Grpc, &mut headers);
    assert_eq!(
        names(&headers),
        [
            "connect-accept-encoding",
            "connect-content-encoding",
            "grpc-retry-pushback-ms",
            "x-ok",
            "x-ok"
        ]
    );
    let mut headers = HeaderMap::new();
    to_prefixed_headers(metadata, "trailer-", &mut headers);
    assert_eq!(names(&headers), ["trailer-x-ok", "trailer-x-ok"]);
}

fn rules(allow: &[&str], deny: &[&str], response: &[&str], underscores: Underscores) -> Rules {
    let list = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    Rules::new(list(allow), list(deny), list(response), underscores).unwrap()
}

#[test]
fn lists_let_in_and_keep_out_and_the_more_exact_decides() {
    for (allow, deny, name, expected) in [
        (&[][..], &[][..], "cookie", None),
        (&["cookie"], &[], "cookie", Some("cookie")),
        (&["Cookie"], &[], "cookie", Some("cookie")),
        (&["*"], &[], "referer", Some("referer")),
        (&["sec-*"], &[], "sec-ch-ua", Some("sec-ch-ua")),
        (
            &["content-*"],
            &[],
            "content-language",
            Some("content-language"),
        ),
        (&[], &["x-a"], "x-a", None),
        (&[], &["x-a"], "x-ab", Some("x-ab")),
        (&[], &["x-*"], "x-ab", None),
        (&[], &["authorization"], "authorization", None),
        (&["x-a*"], &["x-*"], "x-ab", Some("x-ab")),
        (&["x-*"], &["x-a*"], "x-ab", None),
        (&["x-ab"], &["x-ab*"], "x-ab", Some("x-ab")),
        (&["x-ab"], &["x-ab"], "x-ab", None),
        (&["x-a"], &["*"], "x-b", None),
        (&["x-a"], &["*"], "x-a", Some("x-a")),
        // Who reads `_` as `-` is not led around a list.
        (&[], &["x-a"], "x_a", None),
        (&[], &["x_a"], "x-a", None),
        (&["cookie", "sec-*"], &[], "sec_ch_ua", None),
        (&[], &["x-a"], "grpc-metadata-x-a", None),
        (&[], &["x-a"], "grpc-metadata-x_a", None),
        (&["cookie"], &[], "grpc-metadata-cookie", None),
        (&["grpc-metadata-*"], &["x-a"], "grpc-metadata-x-a", None),
        (
            &["grpc-metadata-*"],
            &["*"],
            "grpc-metadata-x-a",
            Some("x-a"),
        ),
        (&["grpc-metadata-*"], &["*"], "x-a", None),
        (&[], &["grpc-metadata-*"], "grpc-metadata-x-a", None),
        (&[], &["grpc-metadata-*"], "x-a", Some("x-a")),
        (&[], &["*"], "grpc-metadata-x-a", None),
    ] {
        let rules = rules(allow, deny, &[], Underscores::Pass);
        let seen = passed_by(&rules, &[(name, "1")]).unwrap();
        let expected: Vec<_> = expected
            .map(|name| format!("{name}: 1"))
            .into_iter()
            .collect();
        assert_eq!(seen, expected, "allow {allow:?} deny {deny:?} {name}");
    }
}

#[test]
fn no_list_lets_in_what_is_the_gateways() {
    let all = rules(
        &["*", "x-*", "sec-*", "grpc-*", "c*"],
        &[],
        &["*"],
        Underscores::Pass,
    );
    for name in [
        "connection",
        "te",
        "transfer-encoding",
        "host",
        "content-type",
        "content-length",
        "grpc-timeout",
        "grpc-status",
        "connect-timeout-ms",
        "forwarded",
        "via",
        "x-real-ip",
        "x-forwarded-for",
        "x-forwarded-host",
        "x_forwarded_for",
        "x-envoy-original-path",
        "sec-websocket-protocol",
        "grpc-metadata-x-forwarded-for",
        "grpc-metadata-authorization",
    ] {
        let seen = passed_by(&all, &[(name, "1")]).unwrap();
        // What the gateway itself says of the host is its own to say.
        let forged = seen
            .iter()
            .find(|line| line.ends_with(": 1") && *line != "x-forwarded-host: 1");
        assert_eq!(forged, None, "{name}");
        let list = vec![name.parse().unwrap()];
        let exact = Rules::new(list, vec![], vec![], Underscores::Pass);
        if !name.starts_with("grpc-metadata-") {
            assert_eq!(exact, Err((rules::List::RequestAllow, 0)), "{name}");
        }
    }
    for name in ["connection", "grpc-status", "x-http-code", "content-length"] {
        let list = vec![name.parse().unwrap()];
        let exact = Rules::new(vec![], vec![], list, Underscores::Pass);
        assert_eq!(exact, Err((rules::List::ResponseAllow, 0)), "{name}");
    }
    for wrong in ["", "a b", "a*b", "**", "é", ":path"] {
        assert!(wrong.parse::<rules::Pattern>().is_err(), "{wrong}");
    }
}

#[test]
fn a_list_lets_a_backend_say_what_is_withheld_and_no_more() {
    let names = [
        "set-cookie",
        "access-control-allow-origin",
        "content-language",
        "content-type",
        "grpc-status",
        "x-request-id",
        "x-ok",
    ];
    for (allow, expected) in [
        (&[][..], &["x-ok"][..]),
        (&["set-cookie"], &["set-cookie", "x-ok"]),
        (
            &["*"],
            &[
                "set-cookie",
                "access-control-allow-origin",
                "content-language",
                "x-ok",
            ],
        ),
    ] {
        let metadata = names.iter().map(|name| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_static("v"),
            )
        });
        let rules = rules(&[], &[], allow, Underscores::Pass);
        let mut headers = HeaderMap::new();
        let metadata = Metadata(metadata.collect());
        to_headers_by(&rules, metadata, Reader::Other, &mut headers);
        let mut seen: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        seen.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(seen, expected, "{allow:?}");
    }
}

#[test]
fn a_name_with_an_underscore_can_be_refused() {
    let refuse = rules(&[], &[], &[], Underscores::Refuse);
    for name in ["x_a", "x_forwarded_for", "grpc-metadata-x_a"] {
        let error = passed_by(&refuse, &[(name, "1")]).unwrap_err();
        assert_eq!(error.as_invalid_field().code.http(), 400);
        assert!(
            error
                .to_string()
                .starts_with(&format!("{name}: found a header name with `_`"))
        );
    }
    assert_eq!(passed_by(&refuse, &[("x-a", "1")]).unwrap(), ["x-a: 1"]);
}

#[test]
fn what_no_client_could_be_sent_is_dropped() {
    let metadata = Metadata(HeaderMap::from_iter(
        [
            ("k-bin", "AQI="),
            ("k-bin", "!!"),
            ("k-bin", "AQ, /w=="),
            ("x-a", "\u{e4}"),
            ("x-b", "a b~"),
        ]
        .map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        }),
    ));
    for reader in [Reader::Grpc, Reader::Other] {
        let mut headers = HeaderMap::new();
        to_headers(metadata.clone(), reader, &mut headers);
        let binary: Vec<_> = headers.get_all("k-bin").iter().collect();
        assert_eq!(binary, ["AQI", "AQ", "/w"]);
        assert_eq!(headers.get("x-a"), None);
        assert_eq!(headers["x-b"], "a b~");
    }
}

//! What a backend says besides its messages, as HTTP clients see it.

use http::Method;
use serde_json::json;

use crate::support::{Stack, Version, send};

const PATH: &str = "/v1/echo:metadata?headers[x-site]=north&trailers[x-cost]=1&trailers[x-b]=2";

#[tokio::test]
async fn trailers_are_headers_unless_the_client_reads_trailers() {
    let stack = Stack::start().await;
    for version in [Version::Http1, Version::Http2] {
        let ask = async |headers: &[(&str, &str)]| {
            send(stack.address(), version, Method::GET, PATH, headers, "").await
        };
        let plain = ask(&[]).await;
        assert_eq!(plain.header("x-site"), Some("north"), "{version:?}");
        assert_eq!(plain.header("grpc-trailer-x-cost"), Some("1"));
        assert!(plain.trailers.is_empty());

        let reads = ask(&[("te", "trailers")]).await;
        assert_eq!(reads.status, 200, "{version:?}");
        assert_eq!(reads.header("x-site"), Some("north"));
        assert_eq!(reads.header("grpc-trailer-x-cost"), None);
        assert_eq!(reads.trailers["grpc-trailer-x-cost"], "1", "{version:?}");
        assert_eq!(reads.trailers["grpc-trailer-x-b"], "2");
    }
}

#[tokio::test]
async fn a_backend_sees_what_the_client_says_and_nothing_it_forges() {
    let stack = Stack::start().await;
    let answer = stack
        .send(
            Method::GET,
            "/v1/echo:metadata",
            &[
                ("x-twice", "a"),
                ("x-twice", "b"),
                ("grpc-metadata-x-mapped", "m"),
                ("grpc-metadata-x-forwarded-for", "9.9.9.9"),
                ("grpc-metadata-authorization", "forged"),
                ("authorization", "Bearer mine"),
                ("my_key", "kept"),
                ("x_request_id", "forged"),
                ("x-forwarded-for", "9.9.9.9"),
                ("cookie", "a=b"),
                ("referer", "http://x"),
                ("sec-fetch-mode", "cors"),
                ("content-language", "de"),
                ("te", "trailers"),
                ("connection", "x-hop"),
                ("x-hop", "1"),
                ("x-request-id", "id-1"),
            ],
            "",
        )
        .await;
    let seen = &answer.json()["metadata"];
    let values = |name: &str| seen[name]["values"].clone();
    assert_eq!(values("x-twice"), json!(["a", "b"]));
    assert_eq!(values("x-mapped"), json!(["m"]));
    assert_eq!(values("authorization"), json!(["Bearer mine"]));
    assert_eq!(values("my_key"), json!(["kept"]));
    assert_eq!(values("x-forwarded-for"), json!(["127.0.0.1"]));
    assert_eq!(values("x-request-id"), json!(["id-1"]));
    for dropped in [
        "x_request_id",
        "cookie",
        "referer",
        "sec-fetch-mode",
        "content-language",
        "x-hop",
        "grpc-metadata-x-mapped",
    ] {
        assert!(seen.get(dropped).is_none(), "{dropped}: {seen}");
    }
}

/// A head that is a little too large is told so in words, whichever HTTP it came by.
#[tokio::test]
async fn too_many_or_too_long_header_fields_are_told_so() {
    let stack = Stack::start().await;
    let names: Vec<String> = (0..110).map(|index| format!("x-{index}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let long = "y".repeat(17 << 10);
    let long = [("x-long", long.as_str())];
    for version in [Version::Http1, Version::Http2] {
        for (headers, found) in [(&many[..], "11"), (&long[..], "bytes")] {
            let answer = send(
                stack.address(),
                version,
                Method::GET,
                "/v1/echo/7",
                headers,
                "",
            )
            .await;
            assert_eq!(answer.status, 431, "{version:?}");
            assert_eq!(answer.json()["code"], 8, "{version:?}");
            let message = answer.json()["message"].to_string();
            assert!(message.contains(found), "{message}");
        }
    }
}

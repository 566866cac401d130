//! Unary answers: JSON, errors with their details, HTTP's own words, files.

use super::*;

#[tokio::test]
async fn response_body_answers_with_one_field() {
    let gateway = Gateway::echo();
    let rows = vec![
        (
            request("GET", "/v1/part/tags?tags=a&tags=b", ""),
            200,
            r#"["a","b"]"#,
        ),
        (request("GET", "/v1/part/tags", ""), 200, "[]"),
        (request("GET", "/v1/part/number?number=7", ""), 200, "7"),
        (request("GET", "/v1/part/number", ""), 200, "0"),
        (
            request("GET", "/v1/part/child?child.name=x", ""),
            200,
            r#"{"name":"x"}"#,
        ),
    ];
    check(&gateway, rows).await;
}

#[tokio::test]
async fn methods_without_a_binding_are_called_by_their_own_path() {
    let got = Gateway::echo()
        .post("/rest.v1.Every/Plain", r#"{"name":"x"}"#)
        .await;
    assert_eq!((got.status.as_u16(), got.text()), (200, r#"{"name":"x"}"#));
}

#[tokio::test]
async fn errors_carry_code_message_and_every_detail() {
    let retry = prost_types::Duration {
        seconds: 1,
        nanos: 1,
    }
    .encode_to_vec();
    let mut retry_info = vec![0x0a, u8::try_from(retry.len()).unwrap()];
    retry_info.extend_from_slice(&retry);
    let gateway = Gateway::new(move |_, _| {
        let details = [
            (
                "type.googleapis.com/google.rpc.RetryInfo",
                retry_info.clone(),
            ),
            ("type.googleapis.com/who.Knows", vec![1, 2, 3]),
            ("type.googleapis.com/rest.v1.All", vec![0xff]),
            ("type.googleapis.com/rest.v1.All", vec![0x0a, 1, b'x']),
        ];
        Ok(reply(
            &[],
            detailed(Code::Unavailable, "busy \"now\"\n", &details),
        ))
    });
    let got = gateway.get("/v1/all").await;
    assert_eq!(got.status, 503);
    assert_eq!(got.header("retry-after"), Some("2"));
    let json = got.json();
    assert_eq!(json["message"], "busy \"now\"\n");
    assert_eq!(json["code"], 14);
    let details = json["details"].as_array().unwrap();
    assert_eq!(details.len(), 4, "{json}");
    assert_eq!(details[0]["retryDelay"], "1.000000001s");
    assert_eq!(
        details[1],
        serde_json::json!({"@type": "type.googleapis.com/who.Knows", "value": "AQID"})
    );
    assert_eq!(
        details[2],
        serde_json::json!({"@type": "type.googleapis.com/rest.v1.All", "value": "/w=="})
    );
    assert_eq!(details[3]["name"], "x");
}

#[tokio::test]
async fn details_that_are_not_wire_form_lose_nothing_else() {
    let gateway = Gateway::new(|_, _| {
        Err(Status {
            details: Bytes::from_static(&[0x1a, 0x7f]),
            ..Status::upstream(Code::NotFound, "gone")
        })
    });
    let got = gateway.get("/v1/all").await;
    assert_eq!(got.status, 404);
    assert_eq!(got.text(), r#"{"code":5,"message":"gone","details":[]}"#);
}

#[tokio::test]
async fn every_code_has_its_http_status() {
    let expected = [
        200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
    ];
    for (code, http) in Code::ALL.into_iter().zip(expected).skip(1) {
        let gateway = Gateway::new(move |_, _| Err(Status::upstream(code, "as asked")));
        let got = gateway.get("/v1/all").await;
        assert_eq!(got.status.as_u16(), http, "{code}");
        assert_eq!(got.json()["code"], code.number());
        let challenge = (code == Code::Unauthenticated).then_some("Bearer");
        assert_eq!(got.header("www-authenticate"), challenge, "{code}");
        assert_eq!(got.header("retry-after"), None);
    }
}

#[tokio::test]
async fn a_backend_that_breaks_its_word_is_never_half_an_answer() {
    let broken = |wire: Vec<u8>| {
        Gateway::new(move |_, _| Ok(reply(&[Message::from_payload(&wire)], Status::ok())))
    };
    let deep = (0..100).fold(Vec::new(), |inner, _| {
        let mut outer = vec![0x3a];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    });
    let rows: [(&[u8], &str); 12] = [
        (&[0x0a, 1, 0xff], "name"),
        (&[0x3a, 3, 0x0a, 1, 0xff], "child.name"),
        (&deep, "child.child.child"),
        (&[0x0b; 10_000], "groups are nested"),
        (&[0x0a, 9, b'x'], ""),
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], ""),
        (
            &[
                0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0,
            ],
            "",
        ),
        (&[0x00], "field number 0"),
        (&[0x06], "wire type 6"),
        (&[0x07], "wire type 7"),
        (&[0x0c], "the end of group 1"),
        (&[0x13, 0x0a, 0], ""),
    ];
    for (wire, path) in rows {
        let got = broken(wire.to_vec()).get("/v1/all").await;
        let json = got.json();
        assert_eq!(
            (got.status.as_u16(), json["code"].as_i64()),
            (500, Some(13)),
            "{json}"
        );
        assert!(json["message"].as_str().unwrap().contains(path), "{json}");
    }
    let none = Gateway::new(|_, _| Ok(reply(&[], Status::ok())));
    assert!(none.get("/v1/all").await.status.is_server_error());
    let two =
        Gateway::new(|_, message| Ok(reply(&[message.clone(), message.clone()], Status::ok())));
    assert!(two.get("/v1/all").await.status.is_server_error());
    let mut frame = vec![1, 0, 0, 0, 1, 0];
    frame.shrink_to_fit();
    let compressed = Message::from_frame(frame.into()).unwrap();
    let gateway =
        Gateway::new(move |_, _| Ok(reply(std::slice::from_ref(&compressed), Status::ok())));
    assert_eq!(gateway.get("/v1/all").await.status, 500);
}

#[tokio::test]
async fn an_answer_above_the_limit_is_an_error() {
    let mut options = Options::default();
    options.limits.response_message = 100;
    let gateway = Gateway::with(options, |_, _| {
        Ok(reply(&[Message::from_payload(&[0; 101])], Status::ok()))
    });
    let got = gateway.get("/v1/all").await;
    assert_eq!(
        (got.status.as_u16(), got.json()["code"].as_i64()),
        (429, Some(8))
    );
    let mut options = Options::default();
    options.print.output_max = 100;
    let gateway = Gateway::with(options, |_, _| {
        Ok(reply(&[named(&"x".repeat(120))], Status::ok()))
    });
    assert_eq!(gateway.get("/v1/all").await.status, 429);
}

#[tokio::test]
async fn metadata_become_headers_and_trailers_prefixed_ones() {
    let metadata = [
        ("x-a", "1"),
        ("x-a", "2"),
        ("set-cookie", "a=b"),
        ("content-length", "1"),
        ("access-control-allow-origin", "*"),
        ("connection", "close"),
        ("x-http-code", "201"),
        ("location", "/v1/all/x"),
    ];
    let gateway = Gateway::new(move |_, message| {
        Ok(reply_with(
            &metadata,
            std::slice::from_ref(message),
            Status::ok(),
            &[("x-t", "3"), ("set-cookie", "a=b")],
        ))
    });
    let got = gateway.get("/v1/all?name=x").await;
    assert_eq!((got.status.as_u16(), got.text()), (201, r#"{"name":"x"}"#));
    assert_eq!(
        got.headers.get_all("x-a").iter().collect::<Vec<_>>(),
        ["1", "2"]
    );
    assert_eq!(got.header("grpc-trailer-x-t"), Some("3"));
    assert_eq!(got.header("location"), Some("/v1/all/x"));
    for hidden in [
        "set-cookie",
        "content-length",
        "access-control-allow-origin",
        "connection",
        "x-http-code",
        "grpc-trailer-set-cookie",
    ] {
        assert_eq!(got.header(hidden), None, "{hidden}");
    }
}

#[tokio::test]
async fn the_backend_chooses_among_success_statuses_only() {
    for (code, expected, body) in [
        ("202", 202, "{}"),
        ("204", 204, ""),
        ("304", 304, ""),
        ("302", 302, "{}"),
        ("404", 200, "{}"),
        ("100", 200, "{}"),
        ("x", 200, "{}"),
    ] {
        let gateway = Gateway::new(move |_, message| {
            Ok(reply_with(
                &[("x-http-code", code)],
                std::slice::from_ref(message),
                Status::ok(),
                &[],
            ))
        });
        let got = gateway.get("/v1/all").await;
        assert_eq!(
            (got.status.as_u16(), got.text()),
            (expected, body),
            "{code}"
        );
    }
    let failing = Gateway::new(|_, _| {
        Ok(reply_with(
            &[("x-http-code", "201")],
            &[],
            Status::upstream(Code::NotFound, ""),
            &[],
        ))
    });
    assert_eq!(failing.get("/v1/all").await.status, 404);
}

#[tokio::test]
async fn head_gives_the_head_of_get() {
    let gateway = Gateway::echo();
    let get = gateway.get("/v1/all/x").await;
    let head = gateway.send(request("HEAD", "/v1/all/x", "")).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("application/json"));
    assert_eq!(
        head.header("content-length"),
        Some(get.body.len().to_string().as_str())
    );
    assert!(head.body.is_empty());
    let missing = gateway.send(request("HEAD", "/v1/none", "")).await;
    assert_eq!((missing.status.as_u16(), missing.body.len()), (404, 0));
    let watch = gateway.send(request("HEAD", "/v1/watch", "")).await;
    assert_eq!((watch.status.as_u16(), watch.body.len()), (200, 0));
    assert_eq!(watch.header("content-length"), None);
    assert_eq!(watch.header("content-type"), Some("application/x-ndjson"));
}

#[tokio::test]
async fn files_go_up_and_down_as_they_are() {
    let gateway = Gateway::echo();
    let typed = |uri: &str, content_type: &str| {
        with_header(
            request("POST", uri, &b"\x00\xff<html>"[..]),
            "content-type",
            content_type,
        )
    };
    for uri in ["/v1/raw", "/v1/upload/x?file.content_type=y"] {
        let got = gateway.send(typed(uri, "image/png")).await;
        assert_eq!(
            (got.status.as_u16(), &got.body[..]),
            (200, &b"\x00\xff<html>"[..]),
            "{uri}"
        );
        assert_eq!(got.header("content-type"), Some("image/png"));
        assert_eq!(got.header("content-disposition"), None);
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        let got = gateway.send(typed(uri, "text/html")).await;
        assert_eq!(got.header("content-type"), Some("text/html"));
        assert_eq!(got.header("content-disposition"), Some("attachment"));
        let got = gateway.post(uri, "").await;
        assert_eq!((got.status.as_u16(), got.text()), (200, ""));
        assert_eq!(got.header("content-type"), Some("application/octet-stream"));
    }
    let broken = Gateway::new(|_, _| Ok(reply(&[Message::from_payload(&[0x12, 9])], Status::ok())));
    assert_eq!(broken.send(typed("/v1/raw", "image/png")).await.status, 500);
}

#[tokio::test]
async fn headers_become_metadata_but_forged_ones_do_not() {
    let gateway = Gateway::echo();
    let mut asked = request("GET", "/v1/all", "");
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("x-a", "1"),
        ("grpc-metadata-b", "2"),
        ("grpc-metadata-authorization", "forged"),
        ("grpc-status", "0"),
        ("te", "trailers"),
        ("cookie", "a=b"),
        ("x-envoy-a", "1"),
        ("x-forwarded-client-cert", "x"),
    ] {
        asked = with_header(asked, name, value);
    }
    assert_eq!(gateway.send(asked).await.status, 200);
    let calls = gateway.calls.lock().unwrap();
    let get = |name: &str| calls[0].get(name).map(|value| value.to_str().unwrap());
    assert_eq!(
        (get("authorization"), get("x-a"), get("b")),
        (Some("Bearer x"), Some("1"), Some("2"))
    );
    for dropped in [
        "grpc-status",
        "te",
        "cookie",
        "x-envoy-a",
        "x-forwarded-client-cert",
        "grpc-metadata-b",
        "host",
    ] {
        assert_eq!(get(dropped), None, "{dropped}");
    }
}

#[tokio::test]
async fn trailers_stand_behind_the_body_for_those_who_read_them() {
    let gateway = Gateway::new(|_, message| {
        Ok(reply_with(
            &[("x-a", "1")],
            std::slice::from_ref(message),
            Status::ok(),
            &[("x-t", "3"), ("set-cookie", "a=b")],
        ))
    });
    for uri in ["/v1/all?name=x", "/v1/watch?name=x"] {
        let got = gateway
            .send(with_header(request("GET", uri, ""), "te", "trailers"))
            .await;
        assert_eq!(got.text().trim_end(), r#"{"name":"x"}"#);
        assert_eq!(got.header("grpc-trailer-x-t"), None);
        assert_eq!(got.header("x-a"), Some("1"));
        assert_eq!(got.trailers.len(), 1, "{:?}", got.trailers);
        assert_eq!(got.trailers["grpc-trailer-x-t"], "3");
    }
    let head = with_header(request("HEAD", "/v1/all?name=x", ""), "te", "trailers");
    let got = gateway.send(head).await;
    assert_eq!(got.header("grpc-trailer-x-t"), Some("3"));
    assert_eq!(got.header("content-length"), Some("12"));

    let failing = Gateway::new(|_, _| {
        let status = Status::upstream(Code::NotFound, "no");
        Ok(reply_with(&[], &[], status, &[("x-t", "3")]))
    });
    let got = failing
        .send(with_header(request("GET", "/v1/all", ""), "te", "trailers"))
        .await;
    assert_eq!(got.status, 404);
    assert_eq!(got.header("trailer"), Some("grpc-trailer-x-t"));
    assert_eq!(got.trailers["grpc-trailer-x-t"], "3");
}

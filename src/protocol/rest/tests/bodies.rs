//! Request bodies: JSON that does not fit, types that are not taken, sizes and times that are
//! exceeded.

use std::time::Duration;

use super::*;

fn posts(rows: &[(&str, u16, &'static str)]) -> Vec<(Request<Body>, u16, &'static str)> {
    rows.iter()
        .map(|(json, status, body)| {
            (
                request("POST", "/v1/echo", (*json).to_owned()),
                *status,
                *body,
            )
        })
        .collect()
}

#[tokio::test]
async fn json_that_fits_is_echoed_canonically() {
    let rows = [
        ("", 200, "{}"),
        (" {} \n", 200, "{}"),
        (r#"{"number":1e2}"#, 200, r#"{"number":100}"#),
        (
            r#"{"big_number":9007199254740993}"#,
            200,
            r#"{"bigNumber":"9007199254740993"}"#,
        ),
        (r#"{"ratio":"-Infinity"}"#, 200, r#"{"ratio":"-Infinity"}"#),
        (r#"{"number":null,"tags":null}"#, 200, "{}"),
        (r#"{"color":17}"#, 200, r#"{"color":17}"#),
        (r#"{"data":"-_8"}"#, 200, r#"{"data":"+/8="}"#),
        (r#"{"value":null}"#, 200, r#"{"value":null}"#),
        (
            r#"{"any":{"name":"x","@type":"type.googleapis.com/rest.v1.All"}}"#,
            200,
            r#"{"any":{"@type":"type.googleapis.com/rest.v1.All","name":"x"}}"#,
        ),
    ];
    let gateway = Gateway::echo();
    check(&gateway, posts(&rows)).await;
}

#[tokio::test]
async fn json_that_does_not_fit_is_refused_by_field() {
    let arrays = "[".repeat(10_000);
    let objects = r#"{"a":"#.repeat(10_000);
    let children = format!("{}{}", r#"{"child":"#.repeat(200), "}".repeat(200));
    let value = format!(r#"{{"value":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let digits = format!(r#"{{"number":{}}}"#, "1".repeat(100_000));
    let any = r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Any","value":"#;
    let anys = format!("{}1", any.repeat(100));
    let rows = [
        (arrays.as_str(), 400, ""),
        (&objects, 400, ""),
        (&children, 400, "deep"),
        (&value, 400, "deep"),
        (r#"{"number":1,"number":1}"#, 400, "number"),
        (r#"{"big_number":1,"bigNumber":1}"#, 400, "ig"),
        (r#"{"child":{"nope":1}}"#, 400, "child"),
        (r#"{"number":2147483648}"#, 400, "number"),
        (r#"{"number":1.5}"#, 400, "number"),
        (r#"{"ratio":"1e400"}"#, 400, "ratio"),
        (r#"{"ratio":1e999999}"#, 400, "ratio"),
        (&digits, 400, "number"),
        (r#"{"ratio":NaN}"#, 400, ""),
        (r#"{"name":"\ud800"}"#, 400, "name"),
        ("\u{feff}{}", 400, ""),
        ("{} x", 400, ""),
        ("{} {}", 400, ""),
        ("// c\n{}", 400, ""),
        ("{'name':1}", 400, ""),
        ("null", 400, ""),
        ("[]", 400, ""),
        (r#"{"tags":["a",null]}"#, 400, "tags"),
        (r#"{"color":"GREEN"}"#, 400, "color"),
        (r#"{"data":"*"}"#, 400, "data"),
        (r#"{"time":"0000-01-01T00:00:00Z"}"#, 400, "time"),
        (r#"{"span":"315576000001s"}"#, 400, "span"),
        (r#"{"mask":"foo_bar"}"#, 400, "mask"),
        (r#"{"text":"a","count":1}"#, 400, "count"),
        (r#"{"labels":{"a":"1","a":"2"}}"#, 400, "labels"),
        (r#"{"colors":{"x":"RED"}}"#, 400, "colors"),
        (r#"{"any":{"@type":"http://127.0.0.1:9/x"}}"#, 400, "any"),
        (r#"{"any":{"name":"x"}}"#, 400, "any"),
        (&anys, 400, ""),
    ];
    let gateway = Gateway::echo();
    check(&gateway, posts(&rows)).await;
    let broken = gateway.post("/v1/echo", &b"{\"name\":\"\xff\"}"[..]).await;
    assert_eq!(broken.status, 400);
    assert_eq!(gateway.calls(), 0, "the backend was asked");
}

#[tokio::test]
async fn a_bodys_field_is_one_level_deeper_than_its_text() {
    let gateway = Gateway::echo();
    for (levels, status) in [(99, 200), (100, 400)] {
        let around = levels - 1;
        let json = format!(
            "{}{{}}{}",
            r#"{"child":"#.repeat(around),
            "}".repeat(around)
        );
        let answer = gateway.send(request("PUT", "/v1/child", json)).await;
        assert_eq!(answer.status, status, "{levels} levels: {}", answer.text());
    }
    assert_eq!(
        gateway.calls(),
        1,
        "the backend was asked for what is too deep"
    );
}

#[tokio::test]
async fn a_400_says_which_field_and_echoes_little() {
    let gateway = Gateway::echo();
    let long = "x".repeat(5000);
    let got = gateway
        .post("/v1/echo", format!(r#"{{"child":{{"number":"{long}"}}}}"#))
        .await;
    let json = got.json();
    assert_eq!((got.status.as_u16(), json["code"].as_i64()), (400, Some(3)));
    assert!(
        json["message"]
            .as_str()
            .unwrap()
            .starts_with("child.number: "),
        "{json}"
    );
    assert!(!got.text().contains(&"x".repeat(101)));
    let detail = &json["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest");
    assert_eq!(detail["fieldViolations"][0]["field"], "child.number");
    // Keys of a Struct are input, each of them.
    let keys = format!(
        "{}1,{}",
        r#"{"yyyyyyyyyyyyyyyyyyyy":"#.repeat(50),
        "}".repeat(50)
    );
    let got = gateway
        .post("/v1/echo", format!(r#"{{"object":{keys}}}"#))
        .await;
    assert_eq!(got.status, 400);
    let json = got.json();
    assert!(
        json["message"].as_str().unwrap().matches('y').count() <= 100,
        "{json}"
    );
    for uri in [
        format!("/v1/{long}"),
        format!("/v1/numbers/{long}"),
        format!("/v1/all?number={long}"),
        format!("/v1/all?labels[{long}]=a&labels[{long}]=b"),
        format!("/v1/all?%zz{long}"),
    ] {
        let got = gateway.get(&uri).await;
        assert!(
            got.status.is_client_error() && !got.text().contains(&"x".repeat(101)),
            "{}",
            got.text()
        );
    }
}

#[tokio::test]
async fn only_the_types_a_binding_takes_are_taken() {
    let typed = |content_type: &str, json: &'static str| {
        with_header(
            request("POST", "/v1/echo", json),
            "content-type",
            content_type,
        )
    };
    let encoded = |encoding: &str| {
        with_header(
            request("POST", "/v1/echo", "{}"),
            "content-encoding",
            encoding,
        )
    };
    let rows = vec![
        (typed("application/json", "{}"), 200, "{}"),
        (typed("Application/JSON; charset=utf-8", "{}"), 200, "{}"),
        (typed("text/plain", "{}"), 415, "application/json"),
        (
            typed("application/x-www-form-urlencoded2", "name=x"),
            415,
            "expected application/json, application/x-www-form-urlencoded or multipart/form-data",
        ),
        (
            typed("multipart/mixed; boundary=x", ""),
            415,
            "application/json",
        ),
        (typed("", "{}"), 415, "application/json"),
        (
            with_header(
                typed("application/json", "{}"),
                "content-type",
                "text/plain",
            ),
            415,
            "content-type",
        ),
        (encoded("identity"), 200, "{}"),
        (encoded("gzip"), 400, "not valid gzip"),
        (encoded("deflate"), 415, "gzip"),
        (encoded("gzip, gzip"), 415, "gzip"),
        (request("POST", "/v1/nobody", ""), 200, "{}"),
        (request("POST", "/v1/nobody", "{}"), 400, "found a body"),
        (request("GET", "/v1/all", "{}"), 400, "found a body"),
        (
            with_header(request("GET", "/v1/all", ""), "content-type", "text/plain"),
            200,
            "{}",
        ),
        (
            with_header(request("POST", "/v1/echo", "{}"), "expect", "200-ok"),
            417,
            "100-continue",
        ),
        (
            with_header(request("POST", "/v1/echo", "{}"), "expect", "100-continue"),
            200,
            "{}",
        ),
        (
            with_header(
                request("POST", "/v1/echo", "{}"),
                "origin",
                "https://evil.test",
            ),
            403,
            "origin",
        ),
        (
            with_header(request("POST", "/v1/echo", "{}"), "origin", "null"),
            403,
            "origin",
        ),
        (
            with_header(
                request("POST", "/v1/echo", "{}"),
                "origin",
                "https://api.test",
            ),
            200,
            "{}",
        ),
        (
            with_header(
                request("POST", "/v1/echo", "{}"),
                "sec-fetch-site",
                "cross-site",
            ),
            403,
            "origin",
        ),
        (
            with_header(request("GET", "/v1/all", ""), "origin", "https://evil.test"),
            200,
            "{}",
        ),
        (
            with_header(request("GET", "/v1/all", ""), "grpc-timeout", "soon"),
            400,
            "grpc-timeout",
        ),
        (
            with_header(request("GET", "/v1/all", ""), "grpc-timeout", "0S"),
            504,
            "deadline",
        ),
        (
            with_header(request("GET", "/v1/all", ""), "x-bin", "*"),
            400,
            "base64",
        ),
    ];
    check(&Gateway::echo(), rows).await;
}

/// A body of a field is a value of that field; `null` stands for none, which only a Value is.
#[tokio::test]
async fn a_body_of_one_field_is_a_value_of_it() {
    let rows = [
        ("/v1/child", "", 200, "{}"),
        ("/v1/child", "{}", 200, r#"{"child":{}}"#),
        (
            "/v1/child",
            "null",
            400,
            "child: expected an object, found `null`",
        ),
        (
            "/v1/child",
            "[]",
            400,
            "child: expected an object, found a list",
        ),
        (
            "/v1/tags",
            "null",
            400,
            "tags: expected a list, found `null`",
        ),
        (
            "/v1/tags",
            "{}",
            400,
            "tags: expected a list, found an object",
        ),
        (
            "/v1/tags",
            r#"["a",null]"#,
            400,
            "tags[1]: expected a string, found `null`",
        ),
        (
            "/v1/labels/x",
            "null",
            400,
            "labels: expected an object, found `null`",
        ),
        (
            "/v1/number",
            "null",
            400,
            "number: expected an int32, found `null`",
        ),
        ("/v1/number", "0", 200, "{}"),
        (
            "/v1/number",
            "7 8",
            400,
            "number: expected the end of the text",
        ),
        ("/v1/data", r#""-_8""#, 200, r#"{"data":"+/8="}"#),
        ("/v1/time", "null", 400, "time: "),
        (
            "/v1/time",
            r#""1970-01-01T00:00:00Z""#,
            200,
            r#"{"time":"1970-01-01T00:00:00Z"}"#,
        ),
        ("/v1/wrapped", "0", 200, r#"{"wrapped":0}"#),
        (
            "/v1/wrapped",
            "null",
            400,
            "wrapped: expected an int32, found `null`",
        ),
        ("/v1/value", "null", 200, r#"{"value":null}"#),
        ("/v1/value", "[1,{}]", 200, r#"{"value":[1,{}]}"#),
        (
            "/v1/any",
            "null",
            400,
            "any: expected an object, found `null`",
        ),
        (
            "/v1/any",
            r#"{"@type":"type.googleapis.com/rest.v1.All","number":"x"}"#,
            400,
            "any.number: ",
        ),
    ];
    let rows = rows.map(|(uri, body, status, says)| (request("PUT", uri, body), status, says));
    check(&Gateway::echo(), rows.into()).await;
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_before_it_is_held() {
    let mut options = Options::default();
    options.limits.request_message = 64;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(60));
    assert_eq!(gateway.post("/v1/echo", large.clone()).await.status, 413);
    let pieces = stream::iter(
        large
            .into_bytes()
            .chunks(8)
            .map(Bytes::copy_from_slice)
            .collect::<Vec<_>>(),
    );
    let chunked = Body::from_stream(futures_util::StreamExt::map(
        pieces,
        Ok::<_, std::io::Error>,
    ));
    let got = gateway.post("/v1/echo", chunked).await;
    assert_eq!(
        (got.status.as_u16(), got.json()["code"].as_i64()),
        (413, Some(8))
    );
    let pieces =
        ["{\"na", "me\":", "\"x\"}"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let got = gateway
        .post("/v1/echo", Body::from_stream(stream::iter(pieces)))
        .await;
    assert_eq!((got.status.as_u16(), got.text()), (200, r#"{"name":"x"}"#));
    let many = format!("/v1/all?{}", "numbers=1000000&".repeat(40));
    assert_eq!(gateway.get(&many).await.status, 413);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let gateway = Gateway::echo();
    let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let long = with_header(
        request("POST", "/v1/echo", never()),
        "x-request-timeout",
        "100",
    );
    let began = tokio::time::Instant::now();
    let got = gateway.send(long).await;
    assert_eq!(got.status, 408, "{}", got.text());
    assert_eq!(began.elapsed().as_secs(), 60);
    let short = with_header(
        request("POST", "/v1/echo", never()),
        "x-request-timeout",
        "1.5",
    );
    let began = tokio::time::Instant::now();
    let got = gateway.send(short).await;
    assert_eq!(got.status, 504, "{}", got.text());
    assert!(began.elapsed() < Duration::from_secs(2));
    let broken = Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other(
        "gone",
    ))]));
    assert_eq!(gateway.post("/v1/echo", broken).await.status, 400);
    assert_eq!(gateway.calls(), 0);
}

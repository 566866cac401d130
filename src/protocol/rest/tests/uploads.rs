//! Bodies of `multipart/form-data`: files and text, and parts that are neither.

use super::*;

const TYPE: &str = "multipart/form-data; boundary=XX";

/// A body of these parts: headers behind `form-data; `, and content.
fn body(parts: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (headers, content) in parts {
        let _ = write!(
            body,
            "--XX\r\ncontent-disposition: form-data; {headers}\r\n\r\n{content}\r\n"
        );
    }
    body + "--XX--\r\n"
}

fn upload(verb: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    with_header(request(verb, uri, body), "content-type", TYPE)
}

fn store() -> Gateway {
    Gateway::echo()
}

const PNG: &str = "name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png";

#[tokio::test]
async fn files_and_text_become_fields() {
    let row = |verb: &str, uri: &str, parts: &[(&str, &str)], json: &'static str| {
        (upload(verb, uri, body(parts)), 200, json)
    };
    let rows = vec![
        row("POST", "/v1/store", &[], "{}"),
        row(
            "POST",
            "/v1/store",
            &[("name=\"name\"", "x"), ("name=number", "7")],
            r#"{"name":"x","number":7}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[(PNG, "abc")],
            r#"{"file":{"contentType":"image/png","data":"YWJj"}}"#,
        ),
        // Without a content type of its own, and without a file name: an HttpBody is always a file.
        row(
            "POST",
            "/v1/store",
            &[("name=\"file\"", "abc")],
            r#"{"file":{"data":"YWJj"}}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[("name=\"data\"; filename=\"\"", "a\r\nb")],
            r#"{"data":"YQ0KYg=="}"#,
        ),
        // Without a file name bytes are the text that they are elsewhere.
        row(
            "POST",
            "/v1/store",
            &[("name=\"data\"", "-_8")],
            r#"{"data":"+/8="}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[
                ("name=chunks; filename=a", "a"),
                ("name=chunks; filename=b", ""),
                ("name=chunks", "Yw=="),
            ],
            r#"{"chunks":["YQ==","","Yw=="]}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[
                ("name=files; filename=a", "a"),
                ("name=files; filename=b\r\nContent-Type: text/plain", "b"),
            ],
            r#"{"files":[{"data":"YQ=="},{"contentType":"text/plain","data":"Yg=="}]}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[
                ("name=\"named[a \\\"b]\"; filename=a", "a"),
                ("name=\"named[%22]\"; filename=b", "b"),
            ],
            r#"{"named":{"\"":"Yg==","a \"b":"YQ=="}}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[
                ("name=inner.inner.file; filename=a", "a"),
                ("name=inner.number", "3"),
            ],
            r#"{"inner":{"inner":{"file":{"data":"YQ=="}},"number":3}}"#,
        ),
        row(
            "POST",
            "/v1/store",
            &[
                ("name=\"file.contentType\"", "text/plain"),
                ("name=\"file.data\"; filename=a", "a"),
            ],
            r#"{"file":{"contentType":"text/plain","data":"YQ=="}}"#,
        ),
        row("POST", "/v1/store", &[("name=data; filename=a", "")], "{}"),
        row(
            "POST",
            "/v1/store",
            &[("name=file; filename=a", "")],
            r#"{"file":{}}"#,
        ),
        // The path beats the parts, and the parts the query.
        row(
            "POST",
            "/v1/store/path?number=1",
            &[("name=name", "body"), ("name=tags", "t")],
            r#"{"name":"path","tags":["t"]}"#,
        ),
        row(
            "POST",
            "/v1/store/n/inner",
            &[(PNG, "abc"), ("name=number", "7")],
            r#"{"name":"n","inner":{"file":{"contentType":"image/png","data":"YWJj"},"number":7}}"#,
        ),
        row(
            "POST",
            "/v1/store/n/file",
            &[(PNG, "abc")],
            r#"{"name":"n","file":{"contentType":"image/png","data":"YWJj"}}"#,
        ),
        row(
            "POST",
            "/v1/store/n/chunks?number=1",
            &[("name=chunks; filename=a", "a")],
            r#"{"name":"n","chunks":["YQ=="],"number":1}"#,
        ),
        row(
            "PATCH",
            "/v1/store/n",
            &[(PNG, "abc"), ("name=tags", "t"), ("name=tags", "u")],
            r#"{"name":"n","inner":{"file":{"contentType":"image/png","data":"YWJj"},"tags":["t","u"]},"updateMask":"file,tags"}"#,
        ),
    ];
    check(&store(), rows).await;
}

#[tokio::test]
async fn parts_that_fit_no_field_are_refused() {
    let row = |uri: &str, parts: &[(&str, &str)], says: &'static str| {
        (upload("POST", uri, body(parts)), 400, says)
    };
    let many: Vec<_> = (0..1001).map(|_| ("name=tags", "")).collect();
    let rows = vec![
        row(
            "/v1/store",
            &[("name=nope", "x")],
            "nope: found in the multipart body, but rest.v1.Files has no such field",
        ),
        row(
            "/v1/store",
            &[("name=nope; filename=a", "x")],
            "nope: found in the multipart body",
        ),
        row(
            "/v1/store",
            &[("name=name; filename=a", "x")],
            "name: found a file, but the field is neither bytes nor a google.api.HttpBody",
        ),
        row(
            "/v1/store",
            &[("name=inner; filename=a", "x")],
            "inner: found a file",
        ),
        row(
            "/v1/store",
            &[("name=inner", "x")],
            "inner: found in the multipart body, but it is a message",
        ),
        row(
            "/v1/store",
            &[("name=number", "x")],
            "number: expected an int32",
        ),
        row("/v1/store", &[("name=data", "*")], "data: expected base64"),
        row(
            "/v1/store",
            &[("name=name", "a\0b")],
            "name: in the multipart body, found a NUL",
        ),
        row(
            "/v1/store",
            &[("name=name", "x"), ("name=name", "y")],
            "name: found twice in the multipart body",
        ),
        row(
            "/v1/store",
            &[(PNG, "a"), (PNG, "b")],
            "file: found twice in the multipart body",
        ),
        row(
            "/v1/store",
            &[
                ("name=\"named[a]\"; filename=a", "a"),
                ("name=\"named[a]\"; filename=a", "a"),
            ],
            "named[a]: found twice",
        ),
        row(
            "/v1/store",
            &[("name=named; filename=a", "a")],
            "named: found a map without a key",
        ),
        row(
            "/v1/store/n/file",
            &[("name=data; filename=a", "x")],
            "data: found in the multipart body, expected file",
        ),
        row(
            "/v1/store/n/inner",
            &[("name=number", "x")],
            "inner.number: expected an int32",
        ),
        row("/v1/store", &many, "more than 1000 parts"),
    ];
    let gateway = store();
    check(&gateway, rows).await;
    let not_utf8 =
        [&b"--XX\r\ncontent-disposition: form-data; name=name\r\n\r\n\xff\r\n--XX--"[..]].concat();
    let got = gateway.send(upload("POST", "/v1/store", not_utf8)).await;
    assert!(
        got.status == 400
            && got
                .text()
                .contains("name: in the multipart body, expected UTF-8"),
        "{}",
        got.text()
    );
    assert_eq!(gateway.calls(), 0, "the backend was asked");
}

#[tokio::test]
async fn a_body_that_is_no_multipart_is_refused() {
    let text =
        |body: &'static str, says: &'static str| (upload("POST", "/v1/store", body), 400, says);
    let typed = |content_type: &str, says: &'static str| {
        let request = request("POST", "/v1/store", "--XX--");
        (
            with_header(request, "content-type", content_type),
            400,
            says,
        )
    };
    let rows = vec![
        typed("multipart/form-data", "boundary"),
        typed("multipart/form-data; boundary=", "boundary"),
        typed("multipart/form-data; boundary=a; boundary=b", "boundary"),
        typed("multipart/form-data; boundary=\"a", "boundary"),
        (
            with_header(
                request("POST", "/v1/store", "x"),
                "content-type",
                &format!("multipart/form-data; boundary={}", "b".repeat(71)),
            ),
            400,
            "up to 70",
        ),
        text("x", "expected the boundary"),
        text("--YY\r\n", "expected the boundary"),
        text("--XX", "found the end of the body"),
        text("--XX\r\n", "found the end of the body"),
        text(
            "--XX\r\ncontent-disposition: form-data; name=name",
            "found the end of the body",
        ),
        text(
            "--XX\r\ncontent-disposition: form-data; name=name\r\n\r\nx",
            "found the end of the body",
        ),
        text(
            "--XX\r\ncontent-disposition: form-data; name=name\r\n\r\nx\r\n--XX",
            "found the end of the body",
        ),
        text("--XXY\r\n", "after the boundary"),
        text("--XX\r\n\r\nx\r\n--XX--", "without `content-disposition"),
        text(
            "--XX\r\ncontent-disposition: attachment; name=a\r\n\r\nx\r\n--XX--",
            "without `content-disposition",
        ),
        text(
            "--XX\r\ncontent-disposition: form-data\r\n\r\nx\r\n--XX--",
            "without `content-disposition",
        ),
        text(
            "--XX\r\ncontent-disposition: form-data; name=\"a\r\n\r\nx\r\n--XX--",
            "malformed",
        ),
        text("--XX\r\nnonsense\r\n\r\nx\r\n--XX--", "malformed"),
        text(
            "--XX\r\ncontent-disposition: form-data; name=name\r\ncontent-transfer-encoding: base64\r\n\r\nx\r\n--XX--",
            "content-transfer-encoding",
        ),
    ];
    let gateway = store();
    check(&gateway, rows).await;
    assert_eq!(gateway.calls(), 0, "the backend was asked");
    // No bytes are an empty message, as everywhere.
    let rows = vec![(upload("POST", "/v1/store", ""), 200, "{}")];
    check(&gateway, rows).await;
}

#[tokio::test]
async fn unknown_parts_pass_where_unknown_fields_of_json_do() {
    let mut options = Options::default();
    options.read.unknown = crate::transcode::Unknown::Ignore;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let parts = body(&[("name=nope; filename=a", "x"), ("name=name", "n")]);
    check(
        &gateway,
        vec![(upload("POST", "/v1/store", parts), 200, r#"{"name":"n"}"#)],
    )
    .await;
}

#[tokio::test]
async fn an_upload_is_bounded_as_a_message() {
    let mut options = Options::default();
    options.limits.request_message = 256;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let large = body(&[(PNG, &"x".repeat(300))]);
    check(
        &gateway,
        vec![(upload("POST", "/v1/store", large), 413, "256")],
    )
    .await;
}

/// An `HttpBody` that is the whole message is any bytes, these too.
#[tokio::test]
async fn a_request_that_is_an_http_body_is_not_opened() {
    let got = store()
        .send(upload("POST", "/v1/raw", body(&[(PNG, "abc")])))
        .await;
    assert_eq!(
        (got.status.as_u16(), got.header("content-type")),
        (200, Some(TYPE))
    );
    assert!(got.text().contains("filename"), "{}", got.text());
}

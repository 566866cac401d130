//! Hostile requests and their exact answers: a row is a request, its status, the field that the
//! answer blames, and how its reason begins. No row but those with a 200 reaches the backend.
//!
//! The numbers are those of the checklist that the rows come from: 71 to 89 JSON, 90 to 92 wire
//! form (what a backend can send), 94 to 108 paths and queries, 123 a form of another site.

use super::*;

mod json;

/// A row: number, request, answer.
type Row = (u32, Request<Body>, Expected);

/// An answer.
enum Expected {
    /// 200 and this body.
    Taken(&'static str),
    /// This status, blaming this field (of a 400), for a reason that begins like this.
    Refused(u16, &'static str, &'static str),
    /// 400, for a reason that begins like this, about a field too deep to write its name here.
    Deep(&'static str),
}

use Expected::{Deep, Refused, Taken};

fn json(text: impl Into<Body>) -> Request<Body> {
    request("POST", "/v1/echo", text)
}

fn get(uri: &str) -> Request<Body> {
    request("GET", uri, "")
}

const fn blamed(field: &'static str, reason: &'static str) -> Expected {
    Refused(400, field, reason)
}

async fn all(gateway: &Gateway, rows: Vec<Row>) {
    let mut wrong = String::new();
    for (number, request, expected) in rows {
        let what = format!("{} {}", request.method(), request.uri().path());
        let before = gateway.calls();
        let got = gateway.send(request).await;
        let reached = gateway.calls() > before;
        let fits = match &expected {
            Taken(body) => got.status == 200 && got.text() == *body && reached,
            Refused(status, field, reason) => {
                let violation = &got.json()["details"][0]["fieldViolations"][0];
                let blames = match status {
                    400 => {
                        violation["field"].as_str().unwrap_or_default() == *field
                            && violation["description"]
                                .as_str()
                                .unwrap()
                                .starts_with(reason)
                    }
                    _ => got.json()["message"].as_str().unwrap().starts_with(reason),
                };
                got.status == *status && blames && !reached
            }
            Deep(reason) => {
                let violation = &got.json()["details"][0]["fieldViolations"][0];
                let field = violation["field"].as_str().unwrap_or_default();
                let description = violation["description"].as_str().unwrap_or_default();
                let blames = !field.is_empty() && description.starts_with(reason);
                got.status == 400 && blames && !reached
            }
        };
        if !fits {
            let expected = match expected {
                Taken(body) => body.to_owned(),
                Refused(status, field, reason) => format!("{status} {field:?} {reason}"),
                Deep(reason) => format!("400 {reason}"),
            };
            let shown = String::from_utf8_lossy(&got.body);
            let _ = writeln!(
                wrong,
                "{number}: {what}\n  expected {expected}\n  found    {} {shown}",
                got.status.as_u16()
            );
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[tokio::test]
async fn paths_94_to_99() {
    let rows = vec![
        (94, get("/v1/all/a%2Fb"), Taken(r#"{"name":"a/b"}"#)),
        (94, get("/v1/files/a%2Fb/c"), Taken(r#"{"name":"a%2Fb/c"}"#)),
        (
            95,
            get("/v1/all/%2e%2e"),
            blamed("name", "in the path, found a `.` or `..` segment"),
        ),
        (
            95,
            get("/v1/all/.."),
            blamed("name", "in the path, found a `.` or `..` segment"),
        ),
        (
            95,
            get("/v1/files/a/../b"),
            blamed("name", "in the path, found a `.` or `..` segment"),
        ),
        (
            95,
            get("/v1/../all/x"),
            blamed("", "in the path, found a `.` or `..` segment"),
        ),
        (
            95,
            request("POST", "/v1/echo/%2e.:count", "{}"),
            blamed("number", "in the path, found a `.` or `..` segment"),
        ),
        (
            95,
            get("/v1/all/a\\b"),
            blamed("name", "in the path, found a backslash"),
        ),
        (
            95,
            get("/v1/all/a%5cb"),
            blamed("name", "in the path, found a backslash"),
        ),
        (95, get("/v1/files/a//b"), Taken(r#"{"name":"a//b"}"#)),
        (
            95,
            get("/v1//all"),
            Refused(404, "", "nothing is bound to GET /v1//all"),
        ),
        (95, get("/v1/all/a;x=1"), Taken(r#"{"name":"a;x=1"}"#)),
        (
            96,
            get("/v1/all/a%00"),
            blamed("name", "in the path, found a control character"),
        ),
        (
            96,
            get("/v1/all/a%0d%0ab"),
            blamed("name", "in the path, found a control character"),
        ),
        (
            96,
            get("/v1/all?name=a%00"),
            blamed("name", "in the query, found a NUL character"),
        ),
        (
            97,
            get("/v1/all/%zz"),
            blamed(
                "name",
                "in the path, found `%` without two hexadecimal digits",
            ),
        ),
        (
            97,
            get("/v1/children/a%"),
            blamed(
                "child.child.name",
                "in the path, found `%` without two hexadecimal digits",
            ),
        ),
        (
            97,
            get("/v1/%zz"),
            blamed("", "in the path, found `%` without two hexadecimal digits"),
        ),
        (
            97,
            get("/v1/all?name=%zz"),
            blamed(
                "name",
                "in the query, found `%` without two hexadecimal digits",
            ),
        ),
        (
            98,
            get("/v1/all/%ff%fe"),
            blamed("name", "in the path, found bytes that are not UTF-8"),
        ),
        (
            98,
            get("/v1/all?name=%ff%fe"),
            blamed("name", "in the query, found bytes that are not UTF-8"),
        ),
        (99, get("/v1/all/%252f"), Taken(r#"{"name":"%2f"}"#)),
        (99, get("/v1/all?name=%252f"), Taken(r#"{"name":"%2f"}"#)),
    ];
    all(&Gateway::echo(), rows).await;
}

#[tokio::test]
async fn queries_and_routing_100_to_108() {
    let deep = format!("/v1/all?{}name=x", "child.".repeat(300));
    let many = |key: &str| format!("/v1/all?{}", key.repeat(1001));
    let overridden = |request| with_header(request, "x-http-method-override", "DELETE");
    let rows = vec![
        (100, get(&deep), Deep("the path has more than 32 segments")),
        (
            101,
            get("/v1/all?number=1&number=2"),
            blamed("number", "found twice in the query, expected once"),
        ),
        (
            101,
            get("/v1/all?big_number=1&bigNumber=1"),
            blamed("bigNumber", "found twice in the query, expected once"),
        ),
        // Named as the client spelled it, and in what is no string too.
        (
            84,
            get("/v1/all?child.bigNumber=x"),
            blamed("child.bigNumber", "expected an int64"),
        ),
        (
            84,
            get("/v1/all?child.big_number=x"),
            blamed("child.big_number", "expected an int64"),
        ),
        (
            102,
            get("/v1/all?labels=1"),
            blamed(
                "labels",
                "found a map without a key, expected `field[key]=value`",
            ),
        ),
        (
            102,
            get("/v1/all?labels.a=1"),
            blamed("labels.a", "labels is a map"),
        ),
        (
            102,
            get("/v1/all?labels[a]=1&labels[a]=2"),
            blamed("labels[a]", "found twice"),
        ),
        (
            102,
            get("/v1/all?colors[7]=RED&colors[7.0]=RED"),
            blamed("colors[7.0]", "found twice"),
        ),
        (
            102,
            get("/v1/all?colors[red]=RED"),
            blamed("colors[\"red\"]", "expected an int32 as key, found \"red\""),
        ),
        (
            102,
            get("/v1/all?text=a&count=1"),
            blamed(
                "count",
                "found together with text in the query, but only one member of the oneof choice can be set",
            ),
        ),
        (
            102,
            get("/v1/all?child.text=a&child.count=1"),
            blamed("child.count", "found together with child.text in the query"),
        ),
        (
            103,
            request("POST", "/v1/echo/path?name=query", r#"{"name":"body"}"#),
            Taken(r#"{"name":"path"}"#),
        ),
        (
            103,
            request("PUT", "/v1/number?number=1", "2"),
            Taken(r#"{"number":2}"#),
        ),
        (
            104,
            get(&many("tags&")),
            blamed(
                "",
                "found 1002 parameters in the query, expected at most 1000",
            ),
        ),
        (
            104,
            get(&many("a=b&")),
            blamed(
                "",
                "found 1002 parameters in the query, expected at most 1000",
            ),
        ),
        (
            104,
            get(&format!("/v1/all?{}", "a=b&".repeat(10_000))),
            Refused(414, "", "found a URL of 40008 bytes"),
        ),
        (
            105,
            request("POST", "/v1/numbers/7:cancel", ""),
            Refused(405, "", "found method POST"),
        ),
        (105, get("/v1/all/a:b"), Taken(r#"{"name":"a:b"}"#)),
        (
            105,
            request("POST", "/v1/echo/7:cancel", "{}"),
            Taken(r#"{"name":"7:cancel"}"#),
        ),
        (
            105,
            get("/v1/all:cancel"),
            Refused(404, "", "nothing is bound"),
        ),
        (106, overridden(get("/v1/all/x")), Taken(r#"{"name":"x"}"#)),
        (
            107,
            get("/rest.v1.Every/Nope"),
            Refused(404, "", "nothing is bound"),
        ),
        (
            107,
            request("POST", "/rest.v1.Every/Nope", "{}"),
            Refused(404, "", ""),
        ),
        (108, get("/v1/All/x"), Refused(404, "", "nothing is bound")),
        (108, get("/v1/all/"), Refused(404, "", "nothing is bound")),
        (108, get("/V1/all"), Refused(404, "", "nothing is bound")),
        (
            108,
            request("POST", "/rest.v1.Every/Plain%20", "{}"),
            Refused(404, "", "nothing is bound"),
        ),
    ];
    all(&Gateway::echo(), rows).await;
}

/// 123: a form of another site can be sent without the browser asking first, so its type alone is
/// never enough: a page of another origin gets a 403, whatever it sends.
#[tokio::test]
async fn simple_requests_of_other_sites_123() {
    let typed =
        |content_type: &str| with_header(json(r#"{"name":"x"}"#), "content-type", content_type);
    let foreign = |request| with_header(request, "origin", "https://evil.test");
    let rows = vec![
        (
            123,
            typed("text/plain"),
            Refused(
                415,
                "",
                "found content-type \"text/plain\", expected application/json",
            ),
        ),
        (123, foreign(typed("text/plain")), Refused(403, "", "")),
        (
            123,
            foreign(typed("application/x-www-form-urlencoded")),
            Refused(403, "", ""),
        ),
        (
            123,
            foreign(typed("multipart/form-data; boundary=x")),
            Refused(403, "", ""),
        ),
        (
            123,
            with_header(
                typed("application/x-www-form-urlencoded"),
                "sec-fetch-site",
                "cross-site",
            ),
            Refused(403, "", ""),
        ),
    ];
    all(&Gateway::echo(), rows).await;
}

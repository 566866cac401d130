//! Hostile requests and their exact answers: a row is a request, its status, the field that the
//! answer blames, and how its reason begins. No row but those with a 200 reaches the backend.
//!
//! The numbers are those of the checklist that the rows come from: 71 to 89 JSON, 90 to 92 wire
//! form (what a backend can send), 94 to 108 paths and queries, 123 a form of another site.

use super::*;

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
async fn json_71_to_80() {
    let nested =
        |open: &str, close: &str, times| format!("{}{}", open.repeat(times), close.repeat(times));
    let rows = vec![
        (
            71,
            json("[".repeat(10_000)),
            blamed("", "expected an object, found a list (at byte 0)"),
        ),
        (
            71,
            json(r#"{"a":"#.repeat(10_000)),
            blamed("a", "rest.v1.All has no field \"a\" (at byte 1)"),
        ),
        (
            71,
            json(format!(r#"{{"object":{}}}"#, r#"{"a":"#.repeat(10_000))),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            72,
            json(nested(r#"{"child":"#, "}", 200)),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            73,
            json(format!(r#"{{"value":{}}}"#, nested("[", "]", 200))),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            73,
            json(format!(r#"{{"object":{{"a":{}}}}}"#, nested("[", "]", 200))),
            Deep("the value is nested deeper than 100 levels"),
        ),
        (
            74,
            json(r#"{"number":1,"number":1}"#),
            blamed("number", "the field is given twice"),
        ),
        (
            74,
            json(r#"{"big_number":1,"bigNumber":1}"#),
            blamed("bigNumber", "the field is given twice"),
        ),
        (
            74,
            json(r#"{"child":{"big_number":1,"bigNumber":1}}"#),
            blamed("child.bigNumber", "the field is given twice"),
        ),
        (
            75,
            json(r#"{"children":[{},{"child":{"nope":1}}]}"#),
            blamed(
                "children[1].child.nope",
                "rest.v1.All has no field \"nope\"",
            ),
        ),
        (
            76,
            json(r#"{"number":2147483648}"#),
            blamed("number", "expected an int32, found 2147483648"),
        ),
        (
            76,
            json(r#"{"number":1.5}"#),
            blamed("number", "expected an int32, found 1.5"),
        ),
        (
            76,
            json(r#"{"ratio":"1e400"}"#),
            blamed("ratio", "expected a double, found \"1e400\""),
        ),
        (76, json(r#"{"number":1e2}"#), Taken(r#"{"number":100}"#)),
        (
            77,
            json(r#"{"bigNumber":9007199254740993}"#),
            Taken(r#"{"bigNumber":"9007199254740993"}"#),
        ),
        (
            78,
            json(r#"{"ratio":1e999999}"#),
            blamed("ratio", "expected a double, found 1e999999"),
        ),
        (
            78,
            json(r#"{"number":1e999999}"#),
            blamed("number", "expected an int32, found 1e999999"),
        ),
        (
            78,
            json(format!(r#"{{"number":{}}}"#, "1".repeat(100_000))),
            blamed("number", "expected an int32, found 111"),
        ),
        (
            79,
            json(r#"{"ratio":NaN}"#),
            blamed("ratio", "expected a double, found `NaN` (at byte 9)"),
        ),
        (
            79,
            json(r#"{"ratio":-Infinity}"#),
            blamed("ratio", "expected a double, found"),
        ),
        (79, json(r#"{"ratio":"NaN"}"#), Taken(r#"{"ratio":"NaN"}"#)),
        (
            79,
            json(r#"{"ratio":"-Infinity"}"#),
            Taken(r#"{"ratio":"-Infinity"}"#),
        ),
        (
            79,
            json(r#"{"number":"NaN"}"#),
            blamed("number", "expected an int32, found \"NaN\""),
        ),
        (
            80,
            json(r#"{"name":"\ud800"}"#),
            blamed("name", "found half of a surrogate pair"),
        ),
        (
            80,
            json(&b"{\"name\":\"\xff\"}"[..]),
            blamed("", "expected UTF-8, found bytes that are not (at byte 9)"),
        ),
        (
            80,
            json("\u{feff}{}"),
            blamed("", "expected JSON, found a byte order mark (at byte 0)"),
        ),
        (
            80,
            json("{} x"),
            blamed("", "expected the end of the text, found `x` (at byte 3)"),
        ),
        (
            80,
            json("{}{}"),
            blamed(
                "",
                "expected the end of the text, found an object (at byte 2)",
            ),
        ),
        (
            80,
            json("{} // c"),
            blamed(
                "",
                "expected the end of the text, found the character '/' (at byte 3)",
            ),
        ),
        (
            80,
            json("{'name':1}"),
            blamed(
                "",
                "expected a field name in double quotes, found the character '\\'' (at byte 1)",
            ),
        ),
        (
            80,
            json(r#"{"name":"x",}"#),
            blamed(
                "",
                "expected a field name in double quotes, found the character '}' (at byte 12)",
            ),
        ),
    ];
    all(&Gateway::echo(), rows).await;
}

#[tokio::test]
async fn json_81_to_88() {
    let any = |content: &str| json(format!(r#"{{"any":{{{content}}}}}"#));
    let within = r#""@type":"x/google.protobuf.Any","value":{"#;
    let nested = format!("{}{}", within.repeat(100), "}".repeat(100));
    let rows = vec![
        (
            81,
            json("null"),
            blamed("", "expected an object, found `null`"),
        ),
        (
            81,
            json(r#"{"number":null,"tags":null,"child":null}"#),
            Taken("{}"),
        ),
        (
            81,
            json(r#"{"tags":["a",null]}"#),
            blamed("tags[1]", "expected a string, found `null`"),
        ),
        (
            81,
            json(r#"{"labels":{"a":null}}"#),
            blamed("labels[\"a\"]", "expected a string, found `null`"),
        ),
        (
            82,
            json(r#"{"color":"GREEN"}"#),
            blamed(
                "color",
                "expected a value of the enum rest.v1.Color, found the string \"GREEN\"",
            ),
        ),
        (
            82,
            json(r#"{"color":"red"}"#),
            blamed("color", "expected a value of the enum rest.v1.Color"),
        ),
        (82, json(r#"{"color":17}"#), Taken(r#"{"color":17}"#)),
        (
            83,
            json(r#"{"data":"*"}"#),
            blamed("data", "expected base64 text, found the string \"*\""),
        ),
        (83, json(r#"{"data":"-_8"}"#), Taken(r#"{"data":"+/8="}"#)),
        (
            84,
            json(r#"{"time":"0000-01-01T00:00:00Z"}"#),
            blamed("time", "expected "),
        ),
        (
            84,
            json(r#"{"span":"315576000001s"}"#),
            blamed("span", "expected "),
        ),
        (
            84,
            json(r#"{"mask":"foo_bar"}"#),
            blamed("mask", "expected field paths in lowerCamelCase"),
        ),
        (
            85,
            json(r#"{"text":"a","count":1}"#),
            blamed("count", "a second member of the oneof `choice` is set"),
        ),
        (
            85,
            json(r#"{"text":"a","count":null}"#),
            Taken(r#"{"text":"a"}"#),
        ),
        (
            86,
            json(r#"{"labels":{"a":"1","\u0061":"2"}}"#),
            blamed("labels[\"a\"]", "the key is given twice"),
        ),
        (
            86,
            json(r#"{"colors":{"x":"RED"}}"#),
            blamed("colors", "expected an int32 as key, found the string \"x\""),
        ),
        (
            86,
            json(r#"{"labels":{"a":1}}"#),
            blamed("labels[\"a\"]", "expected a string, found `1`"),
        ),
        (
            86,
            json(r#"{"nested":{"a":{"number":"x"}}}"#),
            blamed("nested[\"a\"].number", "expected an int32"),
        ),
        (
            88,
            any(r#""@type":"http://127.0.0.1:9/x""#),
            blamed(
                "any.@type",
                "expected a type of the schema in `@type`, found \"http://127.0.0.1:9/x\"",
            ),
        ),
        (
            88,
            any(r#""@type":"type.googleapis.com/rest.v1.All","child":{"number":"x"}"#),
            blamed("any.child.number", "expected an int32"),
        ),
        (88, any(r#""name":"x""#), blamed("any", "")),
        (
            88,
            any(r#""name":"x","@type":"x/rest.v1.All""#),
            Taken(r#"{"any":{"@type":"x/rest.v1.All","name":"x"}}"#),
        ),
        (
            88,
            any(r#""@type":"x/rest.v1.All","@type":"x/rest.v1.All""#),
            blamed("any", "`@type` is given twice"),
        ),
        (
            88,
            any(&nested),
            Deep("the value is nested deeper than 100 levels"),
        ),
    ];
    all(&Gateway::echo(), rows).await;
}

/// 89 to 92: what a backend sends and no JSON can say is its own fault, told with the field, and
/// nothing of it goes out.
#[tokio::test]
async fn wire_89_to_92() {
    let deep = (0..150).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut wire = vec![0x3a];
        prost::encoding::encode_varint(inner.len() as u64, &mut wire);
        wire.extend(inner);
        wire
    });
    let rows: [(u32, &[u8], &str); 8] = [
        (89, &deep, "child.child"),
        (89, b"\x0a\x02\xff\xfe", "name"),
        (89, b"\x3a\x04\x0a\x02\xff\xfe", "child.name"),
        (90, &[0xBB; 20_000], ""),
        (91, b"\x0a\x05a", ""),
        (91, b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ""),
        (91, b"\x00\x00", ""),
        (91, b"\x0e\x00", ""),
    ];
    for (number, wire, field) in rows {
        let wire = wire.to_vec();
        let gateway =
            Gateway::new(move |_, _| Ok(reply(&[Message::from_payload(&wire)], Status::ok())));
        let got = gateway.get("/v1/all").await;
        let json = got.json();
        assert_eq!(
            (got.status.as_u16(), &json["code"]),
            (500, &13.into()),
            "{number} {json}"
        );
        assert!(
            json["message"].as_str().unwrap().contains(field),
            "{number} {json}"
        );
    }
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
                "the query has 1002 parameters, and at most 1000 are taken",
            ),
        ),
        (
            104,
            get(&many("a=b&")),
            blamed(
                "",
                "the query has 1002 parameters, and at most 1000 are taken",
            ),
        ),
        (
            104,
            get(&format!("/v1/all?{}", "a=b&".repeat(10_000))),
            Refused(414, "", "the URL"),
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

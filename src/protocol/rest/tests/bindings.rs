//! Path, query and routing: what they bind, and what they refuse.

use super::*;

fn gets(rows: &[(&str, u16, &'static str)]) -> Vec<(Request<Body>, u16, &'static str)> {
    rows.iter()
        .map(|(uri, status, body)| (request("GET", uri, ""), *status, *body))
        .collect()
}

#[tokio::test]
async fn path_variables_are_decoded_once_and_by_their_kind() {
    let rows = [
        ("/v1/all/x", 200, r#"{"name":"x"}"#),
        ("/v1/all/a%2Fb", 200, r#"{"name":"a/b"}"#),
        ("/v1/all/a+b;c", 200, r#"{"name":"a+b;c"}"#),
        ("/v1/all/%252f", 200, r#"{"name":"%2f"}"#),
        ("/v1/all/a:b", 200, r#"{"name":"a:b"}"#),
        ("/v1/all/a%3Ab", 200, r#"{"name":"a:b"}"#),
        ("/v1/all/%c3%bc", 200, r#"{"name":"ü"}"#),
        ("/v1/files/a%2Fb/c%20d", 200, r#"{"name":"a%2Fb/c d"}"#),
        ("/v1/files/a//b", 200, r#"{"name":"a//b"}"#),
        ("/v1/numbers/7", 200, r#"{"number":7}"#),
        ("/v1/numbers/0", 200, "{}"),
        (
            "/v1/times/1970-01-01T00:00:01Z",
            200,
            r#"{"time":"1970-01-01T00:00:01Z"}"#,
        ),
        ("/v1/children/x", 200, r#"{"child":{"child":{"name":"x"}}}"#),
        ("/v1/all/%zz", 400, "percent"),
        ("/v1/all/%ff%fe", 400, "UTF-8"),
        ("/v1/all/a%00", 400, "control character"),
        ("/v1/all/a%0d%0ab", 400, "control character"),
        ("/v1/all/..", 400, "segment"),
        ("/v1/all/%2e%2E", 400, "segment"),
        ("/v1/files/a/./b", 400, "segment"),
        ("/v1/all/a\\b", 400, "backslash"),
        ("/v1/all/a%5Cb", 400, "backslash"),
        ("/v1/numbers/seven", 400, "number"),
        ("/v1/numbers/2147483648", 400, "number"),
        ("/v1/all/", 404, "nothing is bound"),
        ("/v1/All/x", 404, "nothing is bound"),
        ("/v1/none", 404, "nothing is bound"),
        ("/rest.v1.Every/Nope", 404, "nothing is bound"),
    ];
    let gateway = Gateway::echo();
    check(&gateway, gets(&rows)).await;
}

#[tokio::test]
async fn query_parameters_bind_by_field() {
    let rows = [
        ("/v1/all", 200, "{}"),
        ("/v1/all?", 200, "{}"),
        ("/v1/all?&&", 200, "{}"),
        ("/v1/all?name=a+b%2B", 200, r#"{"name":"a b+"}"#),
        ("/v1/all?n%61me=x", 200, r#"{"name":"x"}"#),
        (
            "/v1/all?bigNumber=9007199254740993",
            200,
            r#"{"bigNumber":"9007199254740993"}"#,
        ),
        ("/v1/all?big_number=-1", 200, r#"{"bigNumber":"-1"}"#),
        ("/v1/all?number=0", 200, "{}"),
        ("/v1/all?maybe=0", 200, r#"{"maybe":0}"#),
        (
            "/v1/all?tags=a&tags=b&numbers=0&numbers=2",
            200,
            r#"{"tags":["a","b"],"numbers":[0,2]}"#,
        ),
        (
            "/v1/all?labels[a]=1&labels%5Bb%5D=2",
            200,
            r#"{"labels":{"a":"1","b":"2"}}"#,
        ),
        ("/v1/all?colors[7]=BLUE", 200, r#"{"colors":{"7":"BLUE"}}"#),
        (
            "/v1/all?child.child.name=x",
            200,
            r#"{"child":{"child":{"name":"x"}}}"#,
        ),
        (
            "/v1/all?child.number=1&child.name=x",
            200,
            r#"{"child":{"name":"x","number":1}}"#,
        ),
        ("/v1/all?color=RED", 200, r#"{"color":"RED"}"#),
        ("/v1/all?color=2", 200, r#"{"color":"BLUE"}"#),
        ("/v1/all?data=-_8", 200, r#"{"data":"+/8="}"#),
        ("/v1/all?data=-_8=", 200, r#"{"data":"+/8="}"#),
        ("/v1/all?data=%2B/8", 200, r#"{"data":"+/8="}"#),
        ("/v1/all?data=%2B%2F8%3D", 200, r#"{"data":"+/8="}"#),
        ("/v1/all?data=", 200, "{}"),
        ("/v1/all?ratio=NaN", 200, r#"{"ratio":"NaN"}"#),
        ("/v1/all?ratio=Infinity", 200, r#"{"ratio":"Infinity"}"#),
        ("/v1/all?ratio=-Infinity", 200, r#"{"ratio":"-Infinity"}"#),
        ("/v1/all?ratio=-1e2", 200, r#"{"ratio":-100}"#),
        ("/v1/all?color=17", 200, r#"{"color":17}"#),
        (
            "/v1/all?n%75mber=7&%6Eumbers=1",
            200,
            r#"{"number":7,"numbers":[1]}"#,
        ),
        (
            "/v1/all?labels[a%5D]=1&labels[]=2",
            200,
            r#"{"labels":{"":"2","a]":"1"}}"#,
        ),
        ("/v1/all?value=null", 200, r#"{"value":null}"#),
        ("/v1/all?object.fields[a]=1", 200, r#"{"object":{"a":1}}"#),
        (
            "/v1/all?time.seconds=1",
            200,
            r#"{"time":"1970-01-01T00:00:01Z"}"#,
        ),
        ("/v1/all?flag=true", 200, r#"{"flag":true}"#),
        (
            "/v1/all?time=1970-01-01T00:00:00Z&span=1.5s",
            200,
            r#"{"time":"1970-01-01T00:00:00Z","span":"1.500s"}"#,
        ),
        ("/v1/all?mask=fooBar,baz", 200, r#"{"mask":"fooBar,baz"}"#),
        ("/v1/all?wrapped=0", 200, r#"{"wrapped":0}"#),
        (
            "/v1/all?value=%5B1%5D&object=%7B%22a%22:true%7D",
            200,
            r#"{"value":[1],"object":{"a":true}}"#,
        ),
        ("/v1/all?text=a", 200, r#"{"text":"a"}"#),
        ("/v1/all?utm_source=x&nope.deeper=1&a[b]=1", 200, "{}"),
        ("/v1/all/x?name=y", 200, r#"{"name":"x"}"#),
        (
            "/v1/all/x?name=y&name=z&name.q=1&number=1",
            200,
            r#"{"name":"x","number":1}"#,
        ),
        ("/v1/numbers/0?number=7", 200, "{}"),
        (
            "/v1/big/1?big_number=2&bigNumber=3",
            200,
            r#"{"bigNumber":"1"}"#,
        ),
        ("/v1/big/1?b%69gNumber=x", 200, r#"{"bigNumber":"1"}"#),
        (
            "/v1/times/1970-01-01T00:00:00Z?time=nonsense",
            200,
            r#"{"time":"1970-01-01T00:00:00Z"}"#,
        ),
    ];
    let gateway = Gateway::echo();
    check(&gateway, gets(&rows)).await;
}

#[tokio::test]
async fn queries_that_say_no_one_thing_are_refused() {
    let deep = format!("/v1/all?{}name=x", "child.".repeat(300));
    let known = format!("/v1/all?{}", "tags=&".repeat(1100));
    let unknown = format!("/v1/all?{}", "a&".repeat(1100));
    let long = format!("/v1/all?{}", "name=x&".repeat(2_000));
    let rows = [
        ("/v1/all?number=1&number=2", 400, "twice"),
        ("/v1/all?big_number=1&bigNumber=1", 400, "twice"),
        ("/v1/all?labels[a]=1&labels[a]=2", 400, "twice"),
        ("/v1/all?text=a&count=1", 400, "oneof"),
        ("/v1/all?child.text=a&child.count=1", 400, "oneof"),
        ("/v1/all?wrapped=1&wrapped.value=2", 400, "wrapped"),
        (
            "/v1/all?wrapped.value=1&wrapped=2",
            400,
            "wrapped: found twice",
        ),
        (
            "/v1/all?mask=a&mask.paths=b",
            400,
            "mask.paths: found twice",
        ),
        (
            "/v1/all?object=%7B%7D&object.fields[a]=1",
            400,
            "object.fields[a]: found twice",
        ),
        ("/v1/all?n%75mber=1&number=1", 400, "twice"),
        ("/v1/all?colors[1]=RED&colors[1e0]=RED", 400, "twice"),
        (
            "/v1/all?color=red",
            400,
            "color: expected a value of the enum rest.v1.Color, found",
        ),
        (
            "/v1/all?value=%22a%22&value.stringValue=b",
            400,
            "value.stringValue: found twice",
        ),
        ("/v1/all?value=a", 400, "value: expected a value, found"),
        (
            "/v1/all?value=1+2",
            400,
            "value: expected the end of the text",
        ),
        (
            "/v1/all?object=%5B%5D",
            400,
            "object: expected an object, found a list",
        ),
        ("/v1/all?span=1", 400, "span: expected"),
        ("/v1/all?data=a", 400, "data: expected base64 text, found"),
        ("/v1/all?data=YQ=", 400, "data: expected base64 text, found"),
        ("/v1/all?labels.a=1", 400, "labels"),
        ("/v1/all?labels=1", 400, "map without a key"),
        ("/v1/all?labels[a=1", 400, "map without a key"),
        ("/v1/all?tags[]=1", 400, "only maps"),
        ("/v1/all?name[a]=1", 400, "only maps"),
        ("/v1/all?name.first=1", 400, "name"),
        ("/v1/all?child=x", 400, "is a message"),
        ("/v1/all?children=x", 400, "repeated message"),
        ("/v1/all?children.name=x", 400, "children"),
        (
            "/v1/all?times=1970-01-01T00:00:00Z",
            400,
            "repeated message",
        ),
        ("/v1/all?nested[a]=x", 400, "nested"),
        ("/v1/all?any=x", 400, "any"),
        ("/v1/all?number=1.5", 400, "number"),
        ("/v1/all?number=", 400, "number"),
        ("/v1/all?color=GREEN", 400, "color"),
        ("/v1/all?flag=yes", 400, "flag"),
        ("/v1/all?data=*", 400, "data"),
        ("/v1/all?colors[red]=RED", 400, "colors"),
        ("/v1/all?name=%zz", 400, "percent"),
        ("/v1/all?name=%ff", 400, "UTF-8"),
        ("/v1/all?%zz=1", 400, "percent"),
        ("/v1/all?name=%00", 400, "NUL"),
        ("/v1/all?labels[a%00b]=c", 400, "NUL"),
        (&deep, 400, "segments"),
        (&known, 400, "parameters"),
        (&unknown, 400, "parameters"),
        (&long, 414, "URL"),
    ];
    let gateway = Gateway::echo();
    check(&gateway, gets(&rows)).await;
    assert_eq!(gateway.calls(), 0, "the backend was asked");
}

#[tokio::test]
async fn an_unknown_key_is_refused_where_that_is_configured() {
    let mut options = Options::default();
    options.rest.unknown_query = crate::protocol::rest::UnknownQuery::Refuse;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let rows = [
        ("/v1/all?nope=1", 400, "nope"),
        ("/v1/all?name=x", 200, r#"{"name":"x"}"#),
        ("/v1/all/x?name=y", 200, r#"{"name":"x"}"#),
    ];
    check(&gateway, gets(&rows)).await;
}

#[tokio::test]
async fn the_path_beats_the_body_and_the_body_beats_the_query() {
    let rows = [
        (
            "POST",
            "/v1/echo/path",
            r#"{"name":"body","number":1}"#,
            200,
            r#"{"name":"path","number":1}"#,
        ),
        (
            "POST",
            "/v1/echo/0:count",
            r#"{"number":7,"name":"body"}"#,
            200,
            r#"{"name":"body"}"#,
        ),
        (
            "POST",
            "/v1/echo?name=query&number=7&text=%zz",
            r#"{"name":"body"}"#,
            200,
            r#"{"name":"body"}"#,
        ),
        (
            "PUT",
            "/v1/child?child.name=query&name=q",
            r#"{"number":1}"#,
            200,
            r#"{"name":"q","child":{"number":1}}"#,
        ),
        (
            "PUT",
            "/v1/tags?tags=q&name=n",
            r#"["a","b"]"#,
            200,
            r#"{"name":"n","tags":["a","b"]}"#,
        ),
        (
            "PUT",
            "/v1/number?number=1&number=2",
            "7",
            200,
            r#"{"number":7}"#,
        ),
        (
            "PUT",
            "/v1/big?big_number=1&bigNumber=x",
            "7",
            200,
            r#"{"bigNumber":"7"}"#,
        ),
        (
            "PUT",
            "/v1/labels/n?labels[a]=q&labels.b=1",
            r#"{"a":"b"}"#,
            200,
            r#"{"name":"n","labels":{"a":"b"}}"#,
        ),
    ];
    let gateway = Gateway::echo();
    let rows = rows
        .map(|(verb, uri, body, status, expected)| (request(verb, uri, body), status, expected));
    check(&gateway, rows.into()).await;
}

#[tokio::test]
async fn a_verb_that_is_not_bound_is_answered_with_those_that_are() {
    let gateway = Gateway::echo();
    let rows = [
        ("POST", "/v1/all/x", 405, Some("DELETE, GET, HEAD, OPTIONS")),
        (
            "TRACE",
            "/v1/all/x",
            405,
            Some("DELETE, GET, HEAD, OPTIONS"),
        ),
        ("BREW", "/v1/all/x", 405, Some("DELETE, GET, HEAD, OPTIONS")),
        ("HEAD", "/v1/echo", 405, Some("OPTIONS, POST")),
        (
            "OPTIONS",
            "/v1/all/x",
            204,
            Some("DELETE, GET, HEAD, OPTIONS"),
        ),
        ("OPTIONS", "/v1/none", 404, None),
        (
            "TRACE",
            "/v1/none",
            405,
            Some("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ),
        (
            "OPTIONS",
            "*",
            204,
            Some("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ),
        ("DELETE", "/v1/all/x", 200, None),
    ];
    for (verb, uri, status, allow) in rows {
        let got = gateway.send(request(verb, uri, "")).await;
        assert_eq!(
            (got.status.as_u16(), got.header("allow")),
            (status, allow),
            "{verb} {uri}"
        );
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    }
    let overridden = with_header(
        request("GET", "/v1/all/x", ""),
        "x-http-method-override",
        "BREW",
    );
    assert_eq!(gateway.send(overridden).await.status, 200);
    assert_eq!(gateway.calls(), 2);
}

/// What a request binds is what another parser of protobuf reads.
#[tokio::test]
async fn joined_fragments_merge_alike_for_other_parsers() {
    let gateway = Gateway::new(|_, message| {
        let all = schema().pool().get_message_by_name("rest.v1.All").unwrap();
        let read = prost_reflect::DynamicMessage::decode(all, message.payload_bytes()).unwrap();
        let text = serde_json::to_string(&read).unwrap();
        assert!(text.len() < 128, "{text}");
        Ok(reply(&[named(&text)], Status::ok()))
    });
    let rows = [
        (
            "POST",
            "/v1/echo/0:count",
            r#"{"number":7,"name":"n"}"#,
            r#"{"name":"n"}"#,
        ),
        (
            "PUT",
            "/v1/child?child.name=q&name=n",
            r#"{"number":1}"#,
            r#"{"name":"n","child":{"number":1}}"#,
        ),
        (
            "PUT",
            "/v1/labels/n?labels[a]=q&tags=t",
            r#"{"a":"b"}"#,
            r#"{"name":"n","tags":["t"],"labels":{"a":"b"}}"#,
        ),
        (
            "GET",
            "/v1/children/x?child.number=2&child.child.number=3",
            "",
            r#"{"child":{"number":2,"child":{"name":"x","number":3}}}"#,
        ),
        (
            "GET",
            "/v1/times/1970-01-01T00:00:00Z",
            "",
            r#"{"time":"1970-01-01T00:00:00Z"}"#,
        ),
        (
            "GET",
            "/v1/all?numbers=0&numbers=1&maybe=0&number=0",
            "",
            r#"{"numbers":[0,1],"maybe":0}"#,
        ),
    ];
    for (verb, uri, body, expected) in rows {
        let got = gateway.send(request(verb, uri, body)).await;
        assert_eq!(got.status, 200, "{uri} {}", got.text());
        let read: serde_json::Value =
            serde_json::from_str(got.json()["name"].as_str().unwrap()).unwrap();
        assert_eq!(
            read,
            serde_json::from_str::<serde_json::Value>(expected).unwrap(),
            "{uri}"
        );
    }
}

proptest::proptest! {
    /// No path and no query is more than a refusal.
    #[test]
    fn whatever_the_url_is_the_answer_is_a_client_error_at_worst(
        path in "[a-z0-9%./:;+]{0,12}",
        query in "((name|number|tags|labels|child|wrapped|value|a)?[%.=&+\\[\\]a-f0-9]{0,3}){0,6}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for root in ["all", "files", "numbers", "times", "children"] {
            let uri = format!("/v1/{root}/{path}?{query}");
            let got = runtime.block_on(async { Gateway::echo().get(&uri).await });
            proptest::prop_assert!(matches!(got.status.as_u16(), 200 | 400 | 404), "{uri} {}", got.text());
        }
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_blamed_on_the_name_that_was_written() {
    let gateway = Gateway::echo();
    for field in [
        "bigNumber",
        "big_number",
        "child.bigNumber",
        "child.big_number",
    ] {
        let got = gateway.get(&format!("/v1/all?{field}=x")).await;
        let text = String::from_utf8_lossy(&got.body);
        let blamed = format!(r#""field":"{field}""#);
        assert!(text.contains(&blamed), "{field}: {text}");
    }
}

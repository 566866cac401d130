//! Bodies of `application/x-www-form-urlencoded`: as a query binds, with a body's rank.

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn form(verb: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    with_header(request(verb, uri, body), "content-type", FORM)
}

#[tokio::test]
async fn a_form_binds_like_a_query() {
    let rows = [
        ("POST", "/v1/echo", "", "{}"),
        (
            "POST",
            "/v1/echo",
            "name=a+b%2B&number=7",
            r#"{"name":"a b+","number":7}"#,
        ),
        ("POST", "/v1/echo", "&&n%61me=x&", r#"{"name":"x"}"#),
        (
            "POST",
            "/v1/echo",
            "child.child.name=x&child.number=0",
            r#"{"child":{"child":{"name":"x"}}}"#,
        ),
        (
            "POST",
            "/v1/echo",
            "tags=a&tags=b&numbers=0",
            r#"{"tags":["a","b"],"numbers":[0]}"#,
        ),
        (
            "POST",
            "/v1/echo",
            "labels[a]=1&labels%5Bb%5D=2&colors[7]=BLUE",
            r#"{"labels":{"a":"1","b":"2"},"colors":{"7":"BLUE"}}"#,
        ),
        (
            "POST",
            "/v1/echo",
            "color=2&data=-_8&ratio=NaN&flag=true",
            r#"{"color":"BLUE","data":"+/8=","ratio":"NaN","flag":true}"#,
        ),
        (
            "POST",
            "/v1/echo",
            "time=1970-01-01T00:00:00Z&span=1.5s&mask=fooBar&wrapped=0",
            r#"{"time":"1970-01-01T00:00:00Z","span":"1.500s","mask":"fooBar","wrapped":0}"#,
        ),
        (
            "POST",
            "/v1/echo",
            "value=%5B1%5D&object=%7B%22a%22:true%7D",
            r#"{"value":[1],"object":{"a":true}}"#,
        ),
        // The path beats the form, and the form, which is the whole message here, the query.
        (
            "POST",
            "/v1/echo/path?name=query&number=1",
            "name=body&name=twice&name.q=1&flag=true",
            r#"{"name":"path","flag":true}"#,
        ),
        (
            "POST",
            "/v1/echo?name=query&number=7",
            "name=body",
            r#"{"name":"body"}"#,
        ),
        // The names of a form into a field begin in that field.
        (
            "PUT",
            "/v1/child?child.name=query&name=q",
            "number=1&child.name=x",
            r#"{"name":"q","child":{"number":1,"child":{"name":"x"}}}"#,
        ),
        ("PUT", "/v1/child", "number=0", r#"{"child":{}}"#),
        ("PUT", "/v1/child", "", "{}"),
        (
            "PATCH",
            "/v1/child/path",
            "name=body&number=1",
            r#"{"child":{"name":"path","number":1},"mask":"number"}"#,
        ),
        // A field without names in it goes by its own.
        ("PUT", "/v1/tags", "tags=a&tags=b", r#"{"tags":["a","b"]}"#),
        ("PUT", "/v1/number", "number=7", r#"{"number":7}"#),
        (
            "PUT",
            "/v1/labels/n",
            "labels[a]=b",
            r#"{"name":"n","labels":{"a":"b"}}"#,
        ),
        (
            "PUT",
            "/v1/time",
            "time=1970-01-01T00:00:00Z",
            r#"{"time":"1970-01-01T00:00:00Z"}"#,
        ),
    ];
    let rows = rows.map(|(verb, uri, body, json)| (form(verb, uri, body), 200, json));
    check(&Gateway::echo(), rows.into()).await;
}

#[tokio::test]
async fn a_form_that_says_no_one_thing_is_refused() {
    let many = "tags=&".repeat(1001);
    let deep = format!("{}name=x", "child.".repeat(300));
    let hint = "expected `content-type: application/json`";
    let rows = [
        (
            "POST",
            "/v1/echo",
            "number=1&number=2",
            "number: found twice in the form",
        ),
        (
            "POST",
            "/v1/echo",
            "text=a&count=1",
            "count: found together with text in the form",
        ),
        (
            "POST",
            "/v1/echo",
            "nope=1",
            "nope: found in the form, but rest.v1.All has no such field",
        ),
        ("POST", "/v1/echo", "children.name=x", "children.name: "),
        (
            "POST",
            "/v1/echo",
            "children=x",
            "children: found in the form, but a repeated message",
        ),
        ("POST", "/v1/echo", "number=x", "number: expected an int32"),
        (
            "POST",
            "/v1/echo",
            "name=%zz",
            "name: in the form, found `%`",
        ),
        ("POST", "/v1/echo", "%zz=1", "in the form, in the key %zz"),
        (
            "POST",
            "/v1/echo",
            "name=%ff",
            "name: in the form, found bytes that are not UTF-8",
        ),
        (
            "POST",
            "/v1/echo",
            "name=%00",
            "name: in the form, found a NUL",
        ),
        (
            "POST",
            "/v1/echo",
            many.as_str(),
            "found 1002 fields in the form",
        ),
        ("POST", "/v1/echo", deep.as_str(), "segments"),
        (
            "PUT",
            "/v1/child",
            "child.nope=1",
            "child.child.nope: found in the form",
        ),
        (
            "PUT",
            "/v1/child",
            "number=x",
            "child.number: expected an int32",
        ),
        (
            "PUT",
            "/v1/child",
            "number=1&number=2",
            "child.number: found twice",
        ),
        (
            "PUT",
            "/v1/tags",
            "name=x",
            "name: found in the form, expected tags",
        ),
        ("POST", "/v1/nobody", "name=x", "found a body"),
        // What `curl -d` sends.
        ("POST", "/v1/echo", r#"{"name":"x"}"#, hint),
        ("POST", "/v1/echo", r#" {"name":"100%"}"#, hint),
        ("POST", "/v1/echo", r#"{"name":"a=b&c"}"#, hint),
        ("POST", "/v1/echo", "%7B%22name%22%3A%22x%22%7D=", hint),
        ("POST", "/v1/echo", "[1,2]", hint),
        ("PUT", "/v1/tags", r#"["a"]"#, hint),
        ("PUT", "/v1/child", "{}", hint),
    ];
    let rows = rows.map(|(verb, uri, body, says)| (form(verb, uri, body.to_owned()), 400, says));
    let gateway = Gateway::echo();
    check(&gateway, rows.into()).await;
    let bytes = gateway
        .send(form("POST", "/v1/echo", &b"name=\xff"[..]))
        .await;
    assert!(
        bytes.status == 400 && bytes.text().contains("at byte 5"),
        "{}",
        bytes.text()
    );
    assert_eq!(gateway.calls(), 0, "the backend was asked");
}

#[tokio::test]
async fn a_form_may_name_its_charset_if_it_is_utf_8() {
    let typed = |content_type: &str| {
        with_header(
            request("POST", "/v1/echo", "name=%c3%bc"),
            "content-type",
            content_type,
        )
    };
    let rows = vec![
        (
            typed("application/x-www-form-urlencoded; charset=UTF-8"),
            200,
            r#"{"name":"ü"}"#,
        ),
        (
            typed("Application/X-WWW-Form-Urlencoded;charset=\"utf-8\""),
            200,
            r#"{"name":"ü"}"#,
        ),
        (
            typed("application/x-www-form-urlencoded; charset=iso-8859-1"),
            415,
            "expected utf-8",
        ),
    ];
    check(&Gateway::echo(), rows).await;
}

#[tokio::test]
async fn unknown_fields_of_a_form_pass_where_those_of_json_do() {
    let mut options = Options::default();
    options.read.unknown = crate::transcode::Unknown::Ignore;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let rows = vec![
        (
            form("POST", "/v1/echo", "nope=1&name=x"),
            200,
            r#"{"name":"x"}"#,
        ),
        (
            form("PUT", "/v1/tags", "name=x&tags=a"),
            200,
            r#"{"tags":["a"]}"#,
        ),
        (
            form("POST", "/v1/echo", r#"{"name":"x"}"#),
            400,
            "application/json",
        ),
        (form("POST", "/v1/echo", "[1]"), 400, "application/json"),
    ];
    check(&gateway, rows).await;
}

/// A form is as large as a body may be, and no larger.
#[tokio::test]
async fn a_form_is_bounded_as_a_body() {
    let mut options = Options::default();
    options.limits.request_message = 64;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let rows = vec![
        (
            form("POST", "/v1/echo", format!("name={}", "x".repeat(40))),
            200,
            r#"{"name":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#,
        ),
        (
            form("POST", "/v1/echo", format!("name={}", "x".repeat(60))),
            413,
            "limit",
        ),
        (
            form(
                "PUT",
                "/v1/child",
                "child.child.child.child.child.child.child.child.child.child.tags=".to_owned(),
            ),
            413,
            "",
        ),
    ];
    check(&gateway, rows).await;
}

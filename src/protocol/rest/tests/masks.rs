//! The update mask of a PATCH that has none.

use super::*;

#[tokio::test]
async fn an_empty_mask_is_filled_with_the_leaves_of_the_body() {
    let rows = [
        (
            "PATCH",
            "/v1/child",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"x"},"mask":"name"}"#,
        ),
        (
            "PATCH",
            "/v1/child",
            r#"{"bigNumber":1,"child":{"flag":false,"child":{}}}"#,
            r#"{"child":{"bigNumber":"1","child":{"child":{}}},"mask":"bigNumber,child.flag,child.child"}"#,
        ),
        // It stops at lists, maps and well-known types.
        (
            "PATCH",
            "/v1/child",
            r#"{"tags":["a"],"children":[{"name":"x"}],"nested":{"a":{"name":"x"}}}"#,
            r#"{"child":{"tags":["a"],"children":[{"name":"x"}],"nested":{"a":{"name":"x"}}},"mask":"tags,children,nested"}"#,
        ),
        (
            "PATCH",
            "/v1/child",
            r#"{"any":{"@type":"x/rest.v1.All","name":"x"},"object":{"a":1},"time":"1970-01-01T00:00:00Z","wrapped":1}"#,
            r#"{"child":{"time":"1970-01-01T00:00:00Z","object":{"a":1},"any":{"@type":"x/rest.v1.All","name":"x"},"wrapped":1},"mask":"any,object,time,wrapped"}"#,
        ),
        // `null` says "clear this".
        (
            "PATCH",
            "/v1/child",
            r#"{"name":null,"child":null}"#,
            r#"{"child":{},"mask":"name,child"}"#,
        ),
        ("PATCH", "/v1/child", "{}", r#"{"child":{}}"#),
        ("PATCH", "/v1/child", "", "{}"),
        // An empty mask is none; one that says something stays.
        (
            "PATCH",
            "/v1/child?mask=",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"x"},"mask":"name"}"#,
        ),
        (
            "PATCH",
            "/v1/child?mask=number",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"x"},"mask":"number"}"#,
        ),
        (
            "PATCH",
            "/v1/child?mask.paths=number",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"x"},"mask":"number"}"#,
        ),
        (
            "PATCH",
            "/v1/masked/number",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"x"},"mask":"number"}"#,
        ),
        // What the path says is not in the mask unless the body says it too.
        (
            "PATCH",
            "/v1/child/path",
            r#"{"number":1}"#,
            r#"{"child":{"name":"path","number":1},"mask":"number"}"#,
        ),
        (
            "PATCH",
            "/v1/child/path",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"path"},"mask":"name"}"#,
        ),
        // Nothing to fill: another verb, the whole message, a body that is no message.
        (
            "PUT",
            "/v1/child",
            r#"{"name":"x"}"#,
            r#"{"child":{"name":"x"}}"#,
        ),
        ("PATCH", "/v1/whole", r#"{"name":"x"}"#, r#"{"name":"x"}"#),
        ("PATCH", "/v1/tags", r#"["x"]"#, r#"{"tags":["x"]}"#),
        ("PATCH", "/v1/object", r#"{"a":1}"#, r#"{"object":{"a":1}}"#),
        // Of several masks, the one named `update_mask`.
        (
            "PATCH",
            "/v1/store/n?readMask=tags",
            r#"{"number":1}"#,
            r#"{"name":"n","inner":{"number":1},"updateMask":"number","readMask":"tags"}"#,
        ),
    ];
    let rows = rows.map(|(verb, uri, body, json)| (request(verb, uri, body), 200, json));
    check(&Gateway::echo(), rows.into()).await;
}

#[tokio::test]
async fn a_form_fills_the_mask_too() {
    let form = |uri: &str, body: &'static str| {
        with_header(
            request("PATCH", uri, body),
            "content-type",
            "application/x-www-form-urlencoded",
        )
    };
    let rows = vec![
        (
            form(
                "/v1/child",
                "number=0&child.name=x&tags=a&tags=b&labels[a]=1&labels[b]=2",
            ),
            200,
            r#"{"child":{"tags":["a","b"],"labels":{"a":"1","b":"2"},"child":{"name":"x"}},"mask":"number,child.name,tags,labels"}"#,
        ),
        (
            form("/v1/child", "time.seconds=1&time.nanos=5"),
            200,
            r#"{"child":{"time":"1970-01-01T00:00:01.000000005Z"},"mask":"time"}"#,
        ),
        (
            form("/v1/child?mask=flag", "number=0"),
            200,
            r#"{"child":{},"mask":"flag"}"#,
        ),
    ];
    check(&Gateway::echo(), rows).await;
}

#[tokio::test]
async fn an_unknown_key_is_refused_and_where_it_may_pass_it_is_not_in_the_mask() {
    let patch = || request("PATCH", "/v1/child", r#"{"name":"x","child":{"nope":1}}"#);
    let gateway = Gateway::echo();
    check(
        &gateway,
        vec![(patch(), 400, "child.child.nope: rest.v1.All has no field")],
    )
    .await;
    assert_eq!(gateway.calls(), 0);
    let mut options = Options::default();
    options.read.unknown = crate::transcode::Unknown::Ignore;
    let gateway = Gateway::with(options, |_, message| {
        Ok(reply(std::slice::from_ref(message), Status::ok()))
    });
    let json = r#"{"child":{"name":"x","child":{}},"mask":"name,child"}"#;
    check(&gateway, vec![(patch(), 200, json)]).await;
}

/// A mask is bounded, and what does not fit one is the client's to name.
#[tokio::test]
async fn a_body_of_too_many_leaves_wants_a_mask_of_its_own() {
    let scalars = [
        "name",
        "number",
        "bigNumber",
        "tags",
        "labels",
        "colors",
        "children",
        "color",
        "data",
        "ratio",
        "flag",
        "time",
        "span",
        "mask",
        "value",
        "object",
        "any",
        "wrapped",
        "numbers",
        "nested",
        "maybe",
        "times",
    ];
    let nulls: String = scalars
        .iter()
        .map(|name| format!("\"{name}\":null,"))
        .collect();
    let json = format!(
        "{}{{{nulls}\"count\":1}}{}",
        format!("{{{nulls}\"child\":").repeat(60),
        "}".repeat(60)
    );
    let gateway = Gateway::echo();
    let rows = vec![
        (
            request("PATCH", "/v1/child", json.clone()),
            400,
            "child: found more than 1000 fields",
        ),
        (request("PATCH", "/v1/child?mask=*", json), 200, ""),
    ];
    for (request, status, says) in rows {
        let got = gateway.send(request).await;
        assert!(
            got.status == status && got.text().contains(says),
            "{}",
            got.text()
        );
    }
}

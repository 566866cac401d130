//! Service configurations, good and bad: what they become, and the exact error text.

use super::*;

fn read(text: &str) -> Result<HttpRules, FileError> {
    parse(text, Path::new("service.yaml"))
}

#[test]
fn every_kind_of_binding_and_what_is_of_no_interest() {
    let read = read(
        r#"
type: google.api.Service
config_version: 3
name: shop.example.com
title: The Shop
apis: [{ name: shop.v1.Orders }]
authentication: { rules: [{ selector: "*", oauth: { canonical_scopes: a } }] }
http:
  fully_decode_reserved_expansion: true
  rules:
    - { selector: shop.v1.Orders.Get, get: "/v1/{id}", response_body: order }
    - selector: shop.*
      custom: { kind: REPORT, path: /r }
      body: "*"
      additional_bindings:
        - put: /p
          body: order
        - { post: /q, responseBody: x }
        - delete: /d
        - patch: /e
"#,
    )
    .unwrap();
    assert_eq!(read.fully_decode_reserved_expansion, Some(true));
    let shown: Vec<_> = read
        .rules
        .iter()
        .map(|rule| {
            let bindings: Vec<_> = rule
                .bindings()
                .iter()
                .map(|b| {
                    format!(
                        "{} {} {:?} {:?}",
                        b.verb, b.template, b.body, b.response_body
                    )
                })
                .collect();
            format!(
                "{} {}: {}",
                rule.origin(),
                rule.selector().as_str(),
                bindings.join(", ")
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"service.yaml:11 shop.v1.Orders.Get: GET /v1/{id} "" "order""#,
            r#"service.yaml:12 shop.*: REPORT /r "*" "", PUT /p "order" "", POST /q "" "x", DELETE /d "" "", PATCH /e "" """#,
        ]
    );
}

#[test]
fn what_has_no_rules() {
    for text in [
        "",
        "# nothing\n",
        "name: x\n",
        "http: {}\n",
        "{\"http\":{\"rules\":[]}}",
    ] {
        let read = read(text).unwrap();
        assert_eq!(read.rules, []);
        assert_eq!(read.fully_decode_reserved_expansion, None);
    }
}

#[test]
fn an_error_names_file_line_and_key() {
    for (rule, expected) in [
        (
            "{ selector: a.B, get: /x, gett: /y }",
            "service.yaml:4:31: http.rules[0]: unknown key `gett`; did you mean `get`?",
        ),
        (
            "{ get: /x }",
            "service.yaml:4:7: http.rules[0]: the key `selector` is missing",
        ),
        (
            "{ selector: a.B }",
            "service.yaml:4:5: http.rules[0]: expected exactly one of the keys `get`, `put`, `post`, `delete`, `patch` and `custom`",
        ),
        (
            "{ selector: a.B, get: /x, put: /x }",
            "service.yaml:4:5: http.rules[0]: expected exactly one of the keys `get`, `put`, `post`, `delete`, `patch` and `custom`",
        ),
        (
            "{ selector: a.B, get: /x, additional_bindings: [{ body: x }] }",
            "service.yaml:4:53: http.rules[0].additional_bindings[0]: expected exactly one of the keys `get`, `put`, `post`, `delete`, `patch` and `custom`",
        ),
        (
            "{ selector: a.B, get: /x, additional_bindings: [{ get: /y, additional_bindings: [] }] }",
            "service.yaml:4:64: http.rules[0].additional_bindings[0]: unknown key `additional_bindings`; expected one of `get`, `put`, `post`, `delete`, `patch`, `custom`, `body`, `responseBody`, `response_body`",
        ),
        (
            "{ selector: a.B*, get: /x }",
            "service.yaml:4:5: http.rules[0]: found the selector \"a.B*\", expected the full name of a method, such as `shop.v1.Orders.Get`, or `shop.v1.Orders.*`, `shop.*` or `*`",
        ),
        (
            "{ selector: a.B, custom: { kind: TRACE, path: /x } }",
            "service.yaml:4:5: http.rules[0]: found \"TRACE\", expected an HTTP method other than CONNECT and TRACE, or `*` for any",
        ),
    ] {
        let text = format!("type: google.api.Service\nhttp:\n  rules:\n  - {rule}\n");
        assert_eq!(read(&text).unwrap_err().to_string(), expected);
    }
    for (text, expected) in [
        (
            "type: google.api.Sevice\n",
            "service.yaml:1:7: type: found `google.api.Sevice`, expected `google.api.Service`",
        ),
        (
            "http:\n  rulez: []\n",
            "service.yaml:2:3: http: unknown key `rulez`; did you mean `rules`?",
        ),
        (
            "http: { fully_decode_reserved_expansion: perhaps }\n",
            "service.yaml:1:42: http.fully_decode_reserved_expansion: expected `true` or `false`",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected);
    }
}

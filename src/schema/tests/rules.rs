//! Rules from outside of the descriptors, against annotations.

use super::*;

fn binding(verb: &str, template: &str, body: &str) -> BindingText {
    BindingText {
        verb: verb.to_owned(),
        template: template.to_owned(),
        body: body.to_owned(),
        response_body: String::new(),
    }
}

fn rule(selector: &str, bindings: &[BindingText]) -> HttpRule {
    HttpRule::new(selector, bindings.to_vec(), format!("s.yaml:{selector}")).unwrap()
}

/// `b.Books` with `M0` and `M1`, annotated, under these rules.
fn with(rules: Vec<HttpRule>) -> (Options, Vec<Source>) {
    let annotations = [
        r#"get: "/v1/{id}" additional_bindings { get: "/v2/{id}" }"#,
        r#"get: "/w""#,
    ];
    let text = annotated(&annotations);
    let options = Options {
        http_rules: rules,
        ..Options::default()
    };
    (options, vec![source("books", "up", &[("b.proto", &text)])])
}

fn schema(rules: Vec<HttpRule>) -> Schema {
    let (options, sources) = with(rules);
    Schema::build(sources, &options).unwrap()
}

fn found(schema: &Schema, verb: &str, path: &str) -> String {
    match schema.route(verb, path) {
        Route::Found { binding, .. } => format!("{} {}", binding.method.name, binding.template),
        Route::WrongVerb { .. } => "405".to_owned(),
        Route::None => "404".to_owned(),
    }
}

#[test]
fn a_rule_replaces_the_whole_annotation_of_what_it_selects() {
    let schema = schema(vec![rule(
        "b.Books.M0",
        &[binding("POST", "/r/{id}", "*"), binding("REPORT", "/r", "")],
    )]);
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    for (verb, path, expected) in [
        ("POST", "/r/1", "M0 /r/{id}"),
        ("REPORT", "/r", "M0 /r"),
        ("GET", "/v1/1", "404"),
        ("GET", "/v2/1", "404"),
        ("GET", "/w", "M1 /w"),
    ] {
        assert_eq!(found(&schema, verb, path), expected, "{verb} {path}");
    }
    let texts = &schema.method("/b.Books/M0").unwrap().bindings;
    assert_eq!(texts.len(), 2);
    assert_eq!(
        (texts[0].template.as_str(), texts[0].body.as_str()),
        ("/r/{id}", "*")
    );
    assert!(schema.rows().iter().any(|row| row.path == "/r/{id}"));
}

#[test]
fn a_rule_stands_in_for_an_annotation_that_is_broken() {
    let text = annotated(&[r#"get: "no slash""#, r#"body: "*""#]);
    let options = Options {
        http_rules: vec![
            rule("b.Books.M0", &[binding("GET", "/a", "")]),
            rule("b.Books.M1", &[binding("GET", "/b", "")]),
        ],
        strict: true,
        ..Options::default()
    };
    let schema =
        Schema::build(vec![source("books", "up", &[("b.proto", &text)])], &options).unwrap();
    assert_eq!(found(&schema, "GET", "/a"), "M0 /a");
    assert_eq!(found(&schema, "GET", "/b"), "M1 /b");
}

#[test]
fn a_wildcard_binds_the_first_method_and_clashes_for_the_others() {
    let schema = schema(vec![rule("b.*", &[binding("GET", "/all", "")])]);
    assert_eq!(found(&schema, "GET", "/all"), "M0 /all");
    let expected = "/b.Books/M1: GET /all (of s.yaml:b.*): matches the same requests as \
                    /b.Books/M0 (/all)";
    assert_eq!(schema.refusals(), [expected]);
}

#[test]
fn a_rule_that_is_wrong_is_told_with_its_place() {
    for (rules, expected) in [
        (
            vec![rule("b.Books.M0", &[binding("GET", "/{nothing}", "")])],
            "/b.Books/M0: GET /{nothing} (of s.yaml:b.Books.M0): the variable nothing: b.Book has no field \"nothing\"",
        ),
        (
            vec![rule("b.Book.M0", &[binding("GET", "/x", "")])],
            "s.yaml:b.Book.M0: the selector b.Book.M0 matches no method; did you mean b.Books.M0?",
        ),
        (
            vec![rule("b.Boks.*", &[binding("GET", "/x", "")])],
            "s.yaml:b.Boks.*: the selector b.Boks.* matches no method; did you mean b.Books.*?",
        ),
        (
            vec![rule("quite.different.Thing", &[binding("GET", "/x", "")])],
            "s.yaml:quite.different.Thing: the selector quite.different.Thing matches no method",
        ),
    ] {
        let (mut options, sources) = with(rules);
        let schema = Schema::build(sources.clone(), &options).unwrap();
        assert_eq!(schema.refusals(), [expected]);
        options.strict = true;
        assert!(Schema::build(sources.clone(), &options).is_err());
        options.unmatched = Unmatched::Await;
        let awaited = Schema::build(sources, &options);
        assert_eq!(
            awaited.is_ok(),
            expected.contains("matches no method"),
            "{expected}"
        );
    }
}

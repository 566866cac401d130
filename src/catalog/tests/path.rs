//! Paths and the names of their parameters.

use super::*;

const BOOK: &str = r#"
message Book {
  option (google.api.resource) = { type: "x.com/Book" pattern: "shelves/{shelf}/books/{book}" pattern: "projects/{project}/books/{book}" };
  string name = 1;
  string id = 2;
  string parent = 3 [(google.api.resource_reference).type = "x.com/Zoo"];
  Inner inner = 4;
  Kind kind = 5;
  string other = 6;
}
message Inner { string name = 1; int64 number = 2; }
enum Kind { NONE = 0; }
message Aisle { option (google.api.resource) = { type: "x.com/Aisle" pattern: "zones/{aisle}" }; string name = 1; }
message Zoo { option (google.api.resource) = { type: "x.com/Zoo" pattern: "zones/{zoo}" }; string name = 1; }
"#;

/// The path of a template, and `name`, field, variable, `**` of each parameter.
fn path(template: &str) -> (String, Vec<String>) {
    let text = bound(&[&format!("get: \"{template}\"")], BOOK);
    let catalog = catalog(&text);
    let own = operation(&catalog, "Books_M0");
    let parameters = own.path_parameters.iter().map(|parameter| {
        let field: Vec<&str> = parameter.field.iter().map(FieldDescriptor::name).collect();
        let multi = if parameter.multi { " **" } else { "" };
        let template = parameter.template.as_deref().unwrap_or("-");
        format!("{} {} {template}{multi}", parameter.name, field.join("."))
    });
    (own.path.clone(), parameters.collect())
}

#[test]
fn a_template_is_expanded_and_its_wildcards_have_names() {
    for (template, expected, parameters) in [
        // (1) the pattern of a resource
        (
            "/v1/{name=shelves/*/books/*}",
            "/v1/shelves/{shelf}/books/{book}",
            &[
                "shelf name shelves/{shelf}/books/{book}",
                "book name shelves/{shelf}/books/{book}",
            ][..],
        ),
        // of several the one that the field refers to, else the first by its type
        (
            "/v1/{parent=zones/*}:x",
            "/v1/zones/{zoo}:x",
            &["zoo parent zones/{zoo}"],
        ),
        (
            "/v1/{id=zones/*}",
            "/v1/zones/{aisle}",
            &["aisle id zones/{aisle}"],
        ),
        // (2) the literal before
        (
            "/v1/{id=libraries/*}",
            "/v1/libraries/{library}",
            &["library id libraries/{library}"],
        ),
        (
            "/v1/{id=addresses/*}",
            "/v1/addresses/{address}",
            &["address id addresses/{address}"],
        ),
        (
            "/v1/{id=boxes/*/bookSeries/*}",
            "/v1/boxes/{box}/bookSeries/{book_sery}",
            &[
                "box id boxes/{box}/bookSeries/{book_sery}",
                "book_sery id boxes/{box}/bookSeries/{book_sery}",
            ],
        ),
        ("/v1/{id=news/*}", "/v1/news/{new}", &["new id news/{new}"]),
        // (3) the field
        (
            "/v1/{inner.name=*/x}",
            "/v1/{name}/x",
            &["name inner.name {name}/x"],
        ),
        // as written
        ("/v1/{id}", "/v1/{id}", &["id id -"]),
        (
            "/v1/{inner.number}/{kind}",
            "/v1/{inner.number}/{kind}",
            &["inner.number inner.number -", "kind kind -"],
        ),
        ("/v1/{id=*}", "/v1/{id}", &["id id -"]),
        // clashes
        (
            "/v1/{id=a/*/a/*}",
            "/v1/a/{a}/a/{a_2}",
            &["a id a/{a}/a/{a_2}", "a_2 id a/{a}/a/{a_2}"],
        ),
        (
            "/v1/{other=shelves/*}/{id=shelves/*}",
            "/v1/shelves/{shelve}/shelves/{shelve_2}",
            &[
                "shelve other shelves/{shelve}",
                "shelve_2 id shelves/{shelve_2}",
            ],
        ),
        // `**`, at the end and in the middle
        ("/v1/{id=**}", "/v1/{id}", &["id id - **"]),
        (
            "/v1/{id=files/**}/raw",
            "/v1/files/{file}/raw",
            &["file id files/{file} **"],
        ),
        // wildcards in no variable
        (
            "/v1/shops/*/x/{id}",
            "/v1/shops/{shop}/x/{id}",
            &["shop  -", "id id -"],
        ),
        ("/*", "/{segment}", &["segment  -"]),
        // a variable without a wildcard
        ("/v1/{id=fixed}", "/v1/fixed", &[]),
        ("/v1/{id=fixed/name}", "/v1/fixed/name", &[]),
        ("/", "/", &[]),
        // literals
        ("/v1/a%20b/ü:do%3Ait", "/v1/a%20b/%C3%BC:do:it", &[]),
        ("/a:b/c%3Ad", "/a:b/c%3Ad", &[]),
    ] {
        let (path, found) = path(template);
        assert_eq!(path, expected, "{template}");
        assert_eq!(found, parameters, "{template}");
    }
}

#[test]
fn templates_that_differ_in_names_only_have_one_path() {
    let text = bound(
        &[
            r#"get: "/v1/shelves/{id}/books/{other}""#,
            r#"delete: "/v1/{name=shelves/*/books/*}""#,
            r#"put: "/v1/{id=shelves/*/books/*}""#,
            r#"get: "/v2/{other}/x""#,
            r#"put: "/v2/{id}/x""#,
        ],
        BOOK,
    );
    let catalog = catalog(&text);
    let paths: Vec<_> = operations(&catalog).map(|own| own.path.as_str()).collect();
    let resource = "/v1/shelves/{shelf}/books/{book}";
    assert_eq!(
        paths,
        [resource, resource, resource, "/v2/{id}/x", "/v2/{id}/x"]
    );
    let get = operation(&catalog, "Books_M0");
    assert_eq!(get.path_parameters[0].name, "shelf");
    assert_eq!(get.path_parameters[0].field[0].name(), "id");
    assert_eq!(
        operation(&catalog, "Books_M1").path_parameters[1]
            .template
            .as_deref(),
        Some("shelves/{shelf}/books/{book}")
    );
}

#[test]
fn two_routes_that_documents_cannot_tell_apart_are_found() {
    let text = bound(&[r#"get: "/v1/{id}""#, r#"get: "/v1/{name=**}""#], BOOK);
    assert_eq!(
        findings(&catalog(&text), FindingKind::Naming),
        [
            "b.v1.Books.M1: GET /v1/{name} is b.v1.Books.M0 as well once variables have no names; \
          documents have room for one"
        ]
    );
}

#[test]
fn the_body_is_what_the_path_does_not_bind() {
    let rules = [
        r#"post: "/a/{inner.name}" body: "*""#,
        r#"post: "/b/{inner.name=x/*}/{id}" body: "inner" response_body: "name""#,
        r#"get: "/c""#,
        r#"post: "/d" body: "id""#,
    ];
    let catalog = catalog(&bound(&rules, BOOK));
    let body = |id: &str| match &operation(&catalog, id).body {
        Body::None => "none".to_owned(),
        Body::Message { without } => format!("* without {without:?}"),
        Body::Field { field, without } => {
            format!("{} without {without:?}", field.last().unwrap().name())
        }
    };
    assert_eq!(body("Books_M0"), r#"* without ["inner.name"]"#);
    assert_eq!(body("Books_M1"), r#"inner without ["name"]"#);
    assert_eq!(body("Books_M2"), "none");
    assert_eq!(body("Books_M3"), "id without []");
    let Response::Field(field) = &operation(&catalog, "Books_M1").response else {
        panic!()
    };
    assert_eq!(field[0].full_name(), "b.v1.Book.name");
}

#[test]
fn bytes_are_told_from_messages() {
    let catalog = catalog(
        r#"
        message Get { string id = 1; }
        message Held { google.api.HttpBody file = 1; repeated google.api.HttpBody files = 2; }
        service Files {
          rpc Plain(Get) returns (google.api.HttpBody) { option (google.api.http) = { get: "/a/{id}" }; }
          rpc Held(Get) returns (Held) { option (google.api.http) = {
            get: "/b" response_body: "file" additional_bindings { get: "/c" response_body: "files" }
          }; }
          rpc Own(Get) returns (google.api.HttpBody);
        }"#,
    );
    let is_bytes = |id: &str| matches!(operation(&catalog, id).response, Response::HttpBody);
    assert!(is_bytes("Files_Plain") && is_bytes("Files_Held") && !is_bytes("Files_Held_2"));
    assert!(!is_bytes("Files_Own"), "on its own path it is JSON");
}

#[test]
fn what_is_not_served_is_no_operation() {
    let catalog = catalog(
        r#"
        message M { string id = 1; }
        service Files {
          rpc Bound(M) returns (M) { option (google.api.http) = { get: "/a" additional_bindings { get: "/{no}" } additional_bindings { custom { kind: "LOCK" path: "/a" } } }; }
          rpc Own(M) returns (M);
          rpc Stream(M) returns (stream M);
          rpc Taken(M) returns (M);
          rpc Taker(M) returns (M) { option (google.api.http) = { post: "/b.v1.Files/Taken" body: "*" }; }
        }"#,
    );
    let all: Vec<_> = operations(&catalog)
        .map(|own| format!("{} {} {}", own.id, own.verb, own.path))
        .collect();
    assert_eq!(
        all,
        [
            "Files_Bound GET /a",
            "Files_Bound_2 LOCK /a",
            "Files_Own POST /b.v1.Files/Own",
            "Files_Taker POST /b.v1.Files/Taken",
        ]
    );
    assert_eq!(catalog.methods().count(), 5);
    let refused = findings(&catalog, FindingKind::Refused);
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].starts_with("b.v1.Files.Bound: GET /{no}"),
        "{refused:?}"
    );
    let unbound = findings(&catalog, FindingKind::NoBinding);
    assert_eq!(unbound.len(), 3, "{unbound:?}");
}

#[test]
fn own_paths_are_served_only_where_an_option_serves_them() {
    let text = format!("{HEAD}message M {{}} service S {{ rpc Do(M) returns (M); }}");
    let options = SchemaOptions {
        unannotated: crate::schema::Unannotated::Off,
        ..SchemaOptions::default()
    };
    let sources = vec![source("test", "up", &[("t.proto", &text)])];
    let schema = Schema::build(sources, &options).unwrap();
    assert_eq!(operations(&of(&schema)).count(), 0);
}

//! Schemas from `.proto` texts, whole.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use protox::file::{ChainFileResolver, File as Opened, FileResolver, GoogleFileResolver};

use super::source::builtin;
use super::*;

mod rules;
mod sources;

/// Files in memory.
struct Texts(Vec<(String, String)>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<Opened, protox::Error> {
        match self.0.iter().find(|(path, _)| path == name) {
            Some((path, text)) => Opened::from_source(path, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// What compiled files and their imports come to, as a descriptor set.
fn descriptors(texts: &[(&str, &str)]) -> Vec<u8> {
    let owned = texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let mut chain = ChainFileResolver::new();
    chain.add(Texts(owned));
    chain.add(builtin::resolver());
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_files(texts.iter().map(|(name, _)| name))
        .unwrap();
    compiler.encode_file_descriptor_set()
}

/// A source of these texts; what they import and is built in is there too.
pub(crate) fn source(name: &str, upstream: &str, texts: &[(&str, &str)]) -> Source {
    Source {
        name: name.to_owned(),
        descriptors: descriptors(texts),
        upstream: upstream.into(),
        reflected: false,
    }
}

fn build(sources: Vec<Source>) -> Schema {
    Schema::build(sources, &Options::default()).unwrap()
}

/// A service whose methods have these annotations and `Book` both ways.
fn annotated(rules: &[&str]) -> String {
    let mut text = String::from(HEAD);
    text.push_str("service Books {\n");
    for (n, rule) in rules.iter().enumerate() {
        let _ = writeln!(
            text,
            "rpc M{n}(Book) returns (Book) {{ option (google.api.http) = {{ {rule} }}; }}"
        );
    }
    text.push('}');
    text
}

const HEAD: &str = r#"
syntax = "proto3";
package b;
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/any.proto";
import "google/protobuf/field_mask.proto";
message Book {
  string id = 1;
  Author author = 2;
  repeated string tags = 3;
  map<string, string> labels = 4;
  google.protobuf.Timestamp printed = 5;
  google.protobuf.Any more = 6;
  oneof place { string shelf = 7; string box = 8; }
  Inner inner = 9;
  bytes raw = 10;
  google.protobuf.FieldMask mask = 11;
}
message Author { string name = 1; Book best = 2; }
message Inner { oneof place { string x = 1; string y = 2; } }
"#;

fn refusals(rules: &[&str]) -> Vec<String> {
    let text = annotated(rules);
    build(vec![source("books", "up", &[("b.proto", &text)])])
        .refusals()
        .to_vec()
}

#[test]
fn a_method_carries_what_its_descriptor_says() {
    let text = format!(
        r#"{HEAD}
        // The service.
        service Books {{
          // Gets a book.
          //   Indented.
          rpc Get(Book) returns (stream Book) {{
            option deprecated = true;
            option idempotency_level = NO_SIDE_EFFECTS;
            option (google.api.http) = {{
              get: "/v1/{{id}}"
              additional_bindings {{ post: "/v1/{{author.name=a/*}}:find" body: "inner" response_body: "author" }}
              additional_bindings {{ custom {{ kind: "REPORT" path: "/v1/report" }} body: "*" }}
            }};
          }}
          rpc Plain(stream google.api.HttpBody) returns (google.api.HttpBody);
          rpc Chat(stream Book) returns (stream Book) {{ option idempotency_level = IDEMPOTENT; }}
        }}
        service Old {{ option deprecated = true; rpc Do(Book) returns (Book); }}"#
    );
    let schema = build(vec![source("books", "up", &[("b.proto", &text)])]);
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    let paths: Vec<_> = schema
        .methods()
        .map(|method| method.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/b.Books/Chat",
            "/b.Books/Get",
            "/b.Books/Plain",
            "/b.Old/Do"
        ]
    );
    assert_eq!(schema.services().collect::<Vec<_>>(), ["b.Books", "b.Old"]);

    let get = schema.method("/b.Books/Get").unwrap();
    assert_eq!(
        (get.service.as_str(), get.name.as_str(), &*get.upstream),
        ("b.Books", "Get", "up")
    );
    assert_eq!(get.shape, Shape::ServerStream);
    assert_eq!(get.idempotency, Idempotency::NoSideEffects);
    assert!(get.deprecated && !get.http_body_input && !get.http_body_output);
    assert_eq!(get.comment, "Gets a book.\n  Indented.");
    assert_eq!(schema.plans().name(get.input), "b.Book");
    let bindings: Vec<_> = get
        .bindings
        .iter()
        .map(|b| {
            format!(
                "{} {} {:?} {:?}",
                b.verb, b.template, b.body, b.response_body
            )
        })
        .collect();
    assert_eq!(
        bindings,
        [
            r#"GET /v1/{id} "" """#,
            r#"POST /v1/{author.name=a/*}:find "inner" "author""#,
            r#"REPORT /v1/report "*" """#,
        ]
    );
    let plain = schema.method("/b.Books/Plain").unwrap();
    assert_eq!(plain.shape, Shape::ClientStream);
    assert!(plain.http_body_input && plain.http_body_output && plain.bindings.is_empty());
    let chat = schema.method("/b.Books/Chat").unwrap();
    assert_eq!(
        (chat.shape, chat.idempotency),
        (Shape::Bidi, Idempotency::Idempotent)
    );
    assert!(schema.method("/b.Old/Do").unwrap().deprecated);
    assert!(schema.method("/b.Books/None").is_none());
    assert_eq!(schema.closest("Books/Gett"), Some("b.Books/Get"));

    let path = "/v1/a/Tolstoy:find";
    let Route::Found { binding, captures } = schema.route("POST", path) else {
        panic!()
    };
    assert_eq!(binding.method.path, "/b.Books/Get");
    assert_eq!(binding.variables[0].field.name(), "author.name");
    assert!(binding.variables[0].multi);
    assert_eq!(
        captures
            .iter()
            .map(|c| &path[c.clone()])
            .collect::<Vec<_>>(),
        ["a/Tolstoy"]
    );
    assert!(matches!(&binding.body, Body::Field(field) if field.name() == "inner"));
    assert_eq!(binding.response_body.as_ref().unwrap().name(), "author");
    let Route::WrongVerb { allow } = schema.route("PUT", "/v1/x") else {
        panic!()
    };
    assert_eq!(allow, ["GET", "HEAD", "OPTIONS"]);
    assert!(matches!(schema.route("GET", "/v2"), Route::None));
}

#[test]
fn what_a_binding_cannot_be() {
    for (rule, expected) in [
        (r#"get: "v1""#, "at byte 0: a template starts with `/`"),
        (r#"get: "/{id=**}/{box=**}""#, "a second `**`"),
        (
            r#"get: "/{none}""#,
            "the variable none: b.Book has no field",
        ),
        (r#"get: "/{id.more}""#, "the variable id.more:"),
        (
            r#"get: "/{author.none}""#,
            "the variable author.none: b.Author has no field",
        ),
        (r#"get: "/{tags}""#, "the variable tags is repeated"),
        (r#"get: "/{labels}""#, "the variable labels is repeated"),
        (r#"get: "/{author}""#, "the variable author is a message"),
        (
            r#"post: "/{mask}" body: "*""#,
            "the variable mask holds a list or map, which the body would add to",
        ),
        (r#"get: "/{more}""#, "the variable more is a message"),
        (r#"get: "/{id}/{id}""#, "the variable id stands there twice"),
        (
            r#"get: "/{shelf}/{box}""#,
            "the variables shelf and box are of one oneof",
        ),
        (r#"get: "/{inner.x}/{inner.y}""#, "are of one oneof"),
        (
            r#"post: "/v" body: "none""#,
            "body none: b.Book has no field",
        ),
        (
            r#"get: "/v" response_body: "none""#,
            "response_body none: b.Book has no field",
        ),
        (r#"custom { kind: "GET IT" path: "/v" }"#, "no HTTP method"),
        (r#"custom { kind: "TRACE" path: "/v" }"#, "no HTTP method"),
        (r#"body: "*""#, "names neither get, put, post"),
        (
            r#"get: "/v" additional_bindings { get: "/w" additional_bindings { get: "/x" } }"#,
            "nests",
        ),
        (
            r#"get: "/v" additional_bindings { get: "/v" }"#,
            "another binding of the same method",
        ),
        (r#"get: """#, "at byte 0"),
    ] {
        let refusals = refusals(&[rule]);
        assert_eq!(refusals.len(), 1, "{rule}: {refusals:?}");
        assert!(refusals[0].starts_with("/b.Books/M0: "), "{}", refusals[0]);
        assert!(
            refusals[0].contains(expected),
            "{}\n{expected}",
            refusals[0]
        );
    }
}

#[test]
fn what_a_binding_can_be() {
    let rules = [
        r#"get: "/a/{printed}/{raw}""#,
        r#"get: "/b/{author.best.author.name}""#,
        r#"get: "/c/{shelf}/{inner.x}""#,
        r#"post: "/d" body: "tags" response_body: "tags""#,
        r#"post: "/e" body: "labels""#,
        r#"post: "/f" body: "id" response_body: "id""#,
        r#"post: "/g" body: "author.name""#,
        r#"custom { kind: "*" path: "/h" }"#,
        r#"custom { kind: "HEAD" path: "/i" }"#,
        r#"get: "/{id=**}""#,
        r#"get: "/""#,
    ];
    assert_eq!(refusals(&rules), Vec::<String>::new());
}

#[test]
fn of_two_bindings_that_match_alike_the_later_is_refused() {
    let rules = [
        r#"get: "/v1/{id=shelves/*}""#,
        r#"get: "/v1/shelves/{author.name}" additional_bindings { get: "/v2/{id}" }"#,
        r#"get: "/v2/{id}:x""#,
    ];
    let text = annotated(&rules);
    let sources = vec![source("books", "up", &[("b.proto", &text)])];
    let schema = build(sources.clone());
    let expected = "/b.Books/M1: GET /v1/shelves/{author.name}: matches the same requests as \
                    /b.Books/M0 (/v1/{id=shelves/*})";
    assert_eq!(schema.refusals(), [expected]);
    for (path, method) in [("/v1/shelves/1", "M0"), ("/v2/1", "M1"), ("/v2/1:x", "M2")] {
        let Route::Found { binding, .. } = schema.route("GET", path) else {
            panic!("{path}")
        };
        assert_eq!(binding.method.name, method);
    }
    assert_eq!(schema.method("/b.Books/M1").unwrap().bindings.len(), 1);

    let strict = Options {
        strict: true,
        ..Options::default()
    };
    let error = Schema::build(sources, &strict).unwrap_err();
    assert!(matches!(&error, BuildError::Refused(refusals) if refusals.len() == 1));
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_thousand_additional_bindings_are_refused() {
    let more: String = (0..1000)
        .map(|n| format!("additional_bindings {{ get: \"/m/{n}\" }} "))
        .collect();
    let rule = format!("get: \"/v\" {more}");
    let refusals = refusals(&[&rule, r#"get: "/w""#]);
    assert_eq!(
        refusals,
        ["/b.Books/M0: google.api.http has 1000 additional_bindings; 99 are served"]
    );
}

#[test]
fn refusals_beyond_what_people_read_are_counted() {
    let clash = r#"get: "/v" additional_bindings { get: "/v" }"#;
    let more = " additional_bindings { get: \"/v\" }".repeat(97);
    let refusals = refusals(&vec![format!("{clash}{more}").as_str(); 110]);
    assert_eq!(refusals.len(), 10_001);
    // 110 methods with 99 bindings each, of which one is served.
    assert_eq!(
        refusals.last().unwrap(),
        "889 more bindings and methods are not served"
    );
}

#[test]
fn error_details_are_always_there() {
    let schema = build(vec![]);
    for message in [
        "google.rpc.Status",
        "google.rpc.BadRequest",
        "google.protobuf.Any",
        "google.protobuf.StringValue",
    ] {
        assert!(schema.plans().find(message).is_some(), "{message}");
    }
    assert_eq!(schema.methods().len(), 0);
    assert!(matches!(schema.route("GET", "/"), Route::None));
}

#[test]
fn a_source_that_is_none_is_an_error_with_its_name() {
    let garbage = Source {
        name: "x.binpb".to_owned(),
        descriptors: vec![0xff; 9],
        upstream: "up".into(),
        reflected: false,
    };
    let error = Schema::build(vec![garbage], &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("x.binpb is not a FileDescriptorSet"),
        "{error}"
    );
}

#[test]
fn the_demo_is_served_without_a_refusal() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let compiled = Source::proto_files(&root, "demo".into()).unwrap();
    assert!(compiled.broken.is_empty(), "{:?}", compiled.broken);
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    let schema = Schema::build(vec![compiled.source], &strict).unwrap();
    assert!(schema.bindings().len() > 5);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// A descriptor set with some bytes changed builds or does not, and never panics.
    #[test]
    fn no_changed_byte_panics(changes in proptest::collection::vec((0..4000_usize, 0..=255_u8), 1..4)) {
        static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            use prost::Message as _;
            let all = descriptors(&[("b.proto", &annotated(&[r#"get: "/v1/{id}" body: "*""#]))]);
            let mut set = descriptor::FileSet::decode(all.as_slice()).unwrap();
            // The last is the one that is not built in; its comments are of no interest.
            let mut file = descriptor::File::decode(set.file.pop().unwrap()).unwrap();
            file.source_code_info = None;
            descriptor::FileSet { file: vec![file.encode_to_vec().into()] }.encode_to_vec()
        });
        let mut bytes = BYTES.clone();
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        let source = Source {
            name: "x".to_owned(),
            descriptors: bytes,
            upstream: "up".into(),
            reflected: true,
        };
        let _ = Schema::build(vec![source], &Options::default());
    }
}

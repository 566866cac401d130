//! What changed, and whom it breaks.

use super::super::difference::{self, Change, Surface};
use super::*;
use crate::schema::breaking::{Rule, breaking};

const OLD: &str = r#"
service Books {
  rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/v1/books/{id}" additional_bindings { get: "/v1/b/{id}" } }; }
  rpc Gone(Book) returns (Book);
  rpc Grows(Book) returns (Book);
}
message Book {
  string id = 1;
  string title = 2;
  int32 pages = 3;
  string moved = 4;
  string lost = 5;
  Kind kind = 6;
  string free = 7;
  oneof one { string a = 8; }
  int32 signed = 9;
  string kept = 10;
  string spare = 11;
}
enum Kind { NONE = 0; FIRST = 1; SECOND = 2; }
"#;

const NEW: &str = r#"
service Books {
  rpc Get(Book) returns (Book) { option deprecated = true; option (google.api.http) = { get: "/v1/books/{book_id}" additional_bindings { post: "/v1/b" body: "*" } }; }
  rpc Grows(Book) returns (stream Book);
  rpc Fresh(Book) returns (Book);
}
message Book {
  reserved 11;
  string book_id = 1;
  string title = 2 [(google.api.field_behavior) = REQUIRED];
  int64 pages = 3;
  string moved = 14;
  Kind kind = 6;
  bytes free = 7;
  string a = 8;
  uint32 signed = 9;
  repeated string kept = 10;
  string fresh = 15;
  string must = 16 [(google.api.field_behavior) = REQUIRED];
}
enum Kind { NONE = 0; PRIMARY = 1; THIRD = 3; }
"#;

/// `name breaks: text`, without the package.
fn told(changes: &[Change], package: &str) -> Vec<String> {
    let letter = |surface: &Surface| match surface {
        Surface::Wire => 'w',
        Surface::Json => 'j',
        Surface::Rest => 'r',
        Surface::Rules => 'R',
    };
    changes
        .iter()
        .map(|change| {
            let breaks: String = change.breaks.iter().map(letter).collect();
            let name = change
                .name
                .trim_start_matches(package)
                .trim_start_matches('.');
            format!("{name} [{breaks}] {}", change.text)
        })
        .collect()
}

const CHANGES: &[&str] = &[
    "Books.Fresh [] added",
    "Books.Get [] is deprecated now",
    "Books.Gone [wjr] removed",
    "Books.Grows [wjr] was unary and is server stream",
    "Books.Get [] added: POST /V/b",
    "Books.Get [r] removed: GET /V/b/{id}",
    "Books.Grows [r] removed: POST /b.V.Books/Grows",
    "Book.a [wj] was in the oneof one and is in no oneof",
    "Book.book_id [jr] was called id",
    "Book.free [jr] is bytes instead of string",
    "Book.fresh [] added",
    "Book.kept [wjr] is repeated string instead of string",
    "Book.lost [wjr] removed; its number is not reserved, so it may come again as something else",
    "Book.moved [w] has number 14 instead of 4",
    "Book.must [R] added, and required",
    "Book.pages [jr] is int64 instead of int32",
    "Book.signed [R] is uint32 instead of int32",
    "Book.spare [jr] removed; its number is reserved",
    "Book.title [R] is required now",
    "Kind.PRIMARY [jr] was called FIRST",
    "Kind.SECOND [wjr] removed",
    "Kind.THIRD [] added",
];

fn expected(version: &str) -> Vec<String> {
    CHANGES
        .iter()
        .map(|text| text.replace("V", version))
        .map(|text| text.replace(&format!("b.{version}.Books/"), "b.v1.Books/"))
        .collect()
}

#[test]
fn revisions_are_compared_element_by_element() {
    let (old, new) = (catalog(OLD), catalog(NEW));
    let changes = difference::of_revisions(&old, &new);
    assert_eq!(told(&changes, "b.v1"), expected("v1"));
    assert!(difference::of_revisions(&old, &old).is_empty());
}

#[test]
fn versions_are_compared_as_if_they_had_one_name() {
    let old = format!("{HEAD}{OLD}");
    let new = format!("{HEAD}{NEW}")
        .replace("package b.v1;", "package b.v2;")
        .replace("/v1/", "/v2/");
    let sources = vec![source(
        "test",
        "up",
        &[("a.proto", &old), ("b.proto", &new)],
    )];
    let schema = Schema::build(sources, &SchemaOptions::default()).unwrap();
    let catalog = of(&schema);
    let package = |name: &str| (&catalog, catalog.package(name).unwrap());
    let changes = difference::between(package("b.v1"), package("b.v2"));
    let told = told(&changes, "b.v2");
    let differ: Vec<_> = told
        .iter()
        .filter(|text| !expected("v2").contains(text))
        .collect();
    // The old path is told as it was.
    assert_eq!(differ, ["Books.Get [r] removed: GET /v1/b/{id}"]);
    assert_eq!(told.len(), CHANGES.len());
}

#[test]
fn packages_come_and_go() {
    let (old, none) = (catalog(OLD), catalog("message M {}"));
    let gone = told(&difference::of_revisions(&old, &none), "b.v1");
    assert!(
        gone.contains(&"Books [wjr] removed, with 3 methods".to_owned()),
        "{gone:?}"
    );
    let fresh = told(&difference::of_revisions(&none, &old), "b.v1");
    assert!(
        fresh.contains(&"Books [] added, with 3 methods".to_owned()),
        "{fresh:?}"
    );
}

/// What the page about changes calls breaking is what refuses a schema.
#[test]
fn a_change_of_type_breaks_here_if_it_breaks_a_reload() {
    use std::fmt::Write as _;
    const TYPES: [&str; 18] = [
        "int32",
        "int64",
        "uint32",
        "uint64",
        "sint32",
        "sint64",
        "fixed32",
        "fixed64",
        "sfixed32",
        "sfixed64",
        "float",
        "double",
        "bool",
        "string",
        "bytes",
        "Kind",
        "Book",
        "repeated int32",
    ];
    let (mut old, mut new) = (String::new(), String::new());
    for (number, (was, is)) in TYPES
        .iter()
        .flat_map(|was| TYPES.iter().map(move |is| (was, is)))
        .enumerate()
    {
        let _ = writeln!(old, "{was} f{number} = {};", number + 1);
        let _ = writeln!(new, "{is} f{number} = {};", number + 1);
    }
    let whole = |fields: &str| {
        schema(&format!(
            "service S {{ rpc Get(M) returns (M); }} message M {{ {fields} }}
            enum Kind {{ NONE = 0; }} message Book {{}}"
        ))
    };
    let (old, new) = (whole(&old), whole(&new));
    let here: BTreeSet<String> = difference::of_revisions(&of(&old), &of(&new))
        .into_iter()
        .filter(|change| {
            change
                .breaks
                .iter()
                .any(|surface| *surface != Surface::Rules)
        })
        .map(|change| change.name)
        .collect();
    let there: BTreeSet<String> = breaking(&old, &new)
        .into_iter()
        .filter(|one| {
            let rules = [
                Rule::FieldWireJsonCompatibleType,
                Rule::FieldWireJsonCompatibleCardinality,
            ];
            rules.contains(&one.rule)
        })
        .map(|one| one.name)
        .collect();
    assert!(there.len() > 250);
    assert_eq!(here, there);
}

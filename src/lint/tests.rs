//! A finding of each rule, and a schema that has none.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::tests::source;
use crate::schema::{Options, Places};

fn schema(texts: &[(&str, &str)]) -> Schema {
    let options = Options {
        places: Places::Kept,
        ..Options::default()
    };
    Schema::build(vec![source("s", "up", texts)], &options).unwrap()
}

const HEAD: &str = r#"syntax = "proto3"; package shop.v1; import "google/api/annotations.proto"; import "google/api/field_behavior.proto"; import "google/protobuf/field_mask.proto"; import "google/protobuf/timestamp.proto";
"#;

/// One file where it belongs; its text begins on line 2.
fn shop(text: &str) -> Schema {
    schema(&[("shop/v1/shop.proto", &format!("{HEAD}{text}"))])
}

fn found(schema: &Schema, against: Option<&Schema>, rules: &[Rule]) -> Vec<String> {
    let given = Given {
        schema,
        against,
        scope: Scope::Own,
        has_deadline: &|_| true,
    };
    let rules = rules.iter().copied().collect();
    let all = lint(&given, &rules);
    all.iter().map(ToString::to_string).collect()
}

/// The names of what one rule finds in a file, without their package.
fn names(text: &str, rule: Rule) -> Vec<String> {
    let given = Given {
        schema: &shop(text),
        against: None,
        scope: Scope::Own,
        has_deadline: &|_| true,
    };
    let all = lint(&given, &[rule].into());
    assert!(
        all.iter()
            .all(|own| own.file.is_some() && own.line.is_some())
    );
    all.iter()
        .map(|own| own.name.trim_start_matches("shop.v1.").to_owned())
        .collect()
}

const GOOD: &str = r#"
enum Kind { KIND_UNSPECIFIED = 0; KIND_NOVEL = 1; }
message Book { string name = 1; optional string title = 2; Kind kind = 3; google.protobuf.Timestamp printed = 4; }
message GetBookRequest { string name = 1 [(google.api.field_behavior) = REQUIRED]; }
message ListBooksRequest { int32 page_size = 1; string page_token = 2; }
message ListBooksResponse { repeated Book books = 1; string next_page_token = 2; }
message UpdateBookRequest { Book book = 1; google.protobuf.FieldMask update_mask = 2; }
message ArchiveBookRequest { string name = 1; }
service Books {
  rpc GetBook(GetBookRequest) returns (Book) { option (google.api.http) = { get: "/v1/{name=books/*}" }; }
  rpc ListBooks(ListBooksRequest) returns (ListBooksResponse) { option (google.api.http) = { get: "/v1/books" }; }
  rpc UpdateBook(UpdateBookRequest) returns (Book) { option (google.api.http) = { patch: "/v1/{book.name=books/*}" body: "book" }; }
  rpc ArchiveBook(ArchiveBookRequest) returns (Book) { option (google.api.http) = { post: "/v1/{name=books/*}:archive" body: "*" }; }
  rpc WatchBooks(ListBooksRequest) returns (stream Book);
}"#;

#[test]
fn a_schema_that_does_everything_right_has_no_findings() {
    let schema = shop(GOOD);
    assert_eq!(found(&schema, Some(&schema), &Rule::ALL), [""; 0]);
}

#[test]
fn a_finding_names_file_line_element_and_rule() {
    let schema = shop("message Book {\n  string data = 1;\n}");
    assert_eq!(
        found(&schema, None, &Rule::ALL),
        [
            "shop/v1/shop.proto:3: shop.v1.Book.data: \"data\" could be anything; call it by what it \
             holds (VAGUE_NAME)"
        ]
    );
    assert_eq!(found(&schema, None, &[Rule::DeepNesting]), [""; 0]);
}

#[test]
fn every_rule_has_its_own_name() {
    for rule in Rule::ALL {
        assert_eq!(rule.name().parse(), Ok(rule));
    }
    let error = "VAGUE".parse::<Rule>().unwrap_err().to_string();
    assert!(error.starts_with("found no rule \"VAGUE\", expected one of PACKAGE_"));
}

#[test]
fn packages_have_versions_and_folders() {
    let schema = schema(&[
        (
            "shop/shop.proto",
            "syntax = \"proto3\"; package shop; service BooksV2 {}",
        ),
        ("a/b/v1/c.proto", "syntax = \"proto3\"; package a.v1;"),
        ("d.proto", "syntax = \"proto3\"; message M {}"),
    ]);
    let rules = [
        Rule::PackageVersionSuffix,
        Rule::PackageDirectoryMatch,
        Rule::ServiceVersionInPackage,
    ];
    let found = found(&schema, None, &rules);
    let starts = [
        "a/b/v1/c.proto:1: a.v1: a/b/v1/c.proto lies in \"a/b/v1\", expected \"a/v1\"",
        "d.proto: d.proto: has no package",
        "shop/shop.proto:1: shop: has no version; call it shop.v1",
        "shop/shop.proto:1: shop.BooksV2: call it Books, in a package that ends with v2",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
}

#[test]
fn names_that_say_nothing_are_found() {
    let text = r"
message Data { string info = 1; }
message Pair { string key = 1; string value = 2; map<string, string> labels = 3; }
message Box { string value = 1; string database = 2; }
service Books { rpc Process(Box) returns (Box); rpc ProcessBox(Box) returns (Box); }";
    assert_eq!(
        names(text, Rule::VagueName),
        ["Data", "Data.info", "Box.value", "Books.Process"]
    );
}

#[test]
fn messages_within_messages_within_messages_are_deep() {
    let text = "message A { message B { message C { message D { enum E { E_UNSPECIFIED = 0; } map<string, D> d = 1; } } } }";
    assert_eq!(names(text, Rule::DeepNesting), ["A.B.C.D"]);
}

#[test]
fn writes_of_states_are_told_from_actions() {
    let text = r"
message Order { string name = 1; }
service Orders {
  rpc UpdateOrderStatus(Order) returns (Order);
  rpc SetState(Order) returns (Order);
  rpc UpdateOrder(Order) returns (Order);
  rpc CancelOrder(Order) returns (Order);
  rpc GetStatus(Order) returns (Order);
  rpc SettleState(Order) returns (Order);
}";
    assert_eq!(
        names(text, Rule::ActionOverCrud),
        ["Orders.UpdateOrderStatus", "Orders.SetState"]
    );
}

#[test]
fn an_update_without_presence_or_mask_is_found() {
    let text = r#"
message Book {
  string name = 1; string title = 2; optional int32 pages = 3; Book sequel = 4; repeated string tags = 5;
  string made = 6 [(google.api.field_behavior) = OUTPUT_ONLY]; google.protobuf.Timestamp printed = 7;
}
message UpdateBookRequest { Book book = 1; string shelf_id = 2; string note = 3; }
message RenameBookRequest { string name = 1; string title = 2; }
message UpdateShelfRequest { string name = 1; optional string theme = 2; }
message UpdateCardRequest { Book book = 1; google.protobuf.FieldMask update_mask = 2; }
service Books {
  rpc UpdateBook(UpdateBookRequest) returns (Book);
  rpc RenameBook(RenameBookRequest) returns (Book) { option (google.api.http) = { patch: "/v1/{name}" body: "*" }; }
  rpc UpdateShelf(UpdateShelfRequest) returns (Book);
  rpc UpdateCard(UpdateCardRequest) returns (Book);
  rpc Updates(RenameBookRequest) returns (Book);
}"#;
    let found = found(&shop(text), None, &[Rule::UpdatePresence]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains(
        "shop.v1.UpdateBookRequest: UpdateBook cannot tell an empty book.title, note from one"
    ));
    assert!(found[1].contains("RenameBook cannot tell an empty title from one"));
}

#[test]
fn enums_begin_with_a_zero_that_says_nothing() {
    let text = r#"
enum BookKind { NOVEL = 0; }
enum Good { GOOD_UNSPECIFIED = 0; }"#;
    let bad = found(&shop(text), None, &[Rule::EnumZeroValueSuffix]);
    assert_eq!(bad.len(), 1);
    assert!(bad[0].contains("expected BOOK_KIND_UNSPECIFIED"), "{bad:?}");
    let old = schema(&[(
        "a/v1/a.proto",
        "syntax = \"proto2\"; package a.v1; enum E { E_ONE = 1; }",
    )]);
    let bad = found(&old, None, &[Rule::EnumZeroValueSuffix]);
    assert!(
        bad[0].contains("begins with E_ONE = 1; expected 0"),
        "{bad:?}"
    );
}

#[test]
fn calls_that_nothing_ends_are_found() {
    let text = r"
message M {}
service S { rpc A(M) returns (M); rpc B(M) returns (M); rpc C(M) returns (stream M); }";
    let given = Given {
        schema: &shop(text),
        against: None,
        scope: Scope::Own,
        has_deadline: &|method| method.name == "A",
    };
    let all = lint(&given, &[Rule::MethodDeadline].into());
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].name, "shop.v1.S.B");
}

#[test]
fn lists_have_pages_and_other_answers_a_bound() {
    let text = r"
message Book { repeated string tags = 1; }
message Books { repeated Book books = 1; }
message ExportResponse { repeated Book books = 1; }
message Empty {}
message Paged { int32 page_size = 1; string page_token = 2; }
message Half { int32 page_size = 1; }
message Many { repeated string names = 1; }
service S {
  rpc ListBooks(Empty) returns (Books);
  rpc ListHalf(Half) returns (Books);
  rpc ListPaged(Paged) returns (Books);
  rpc ListStream(Empty) returns (stream Books);
  rpc Export(Empty) returns (ExportResponse);
  rpc GetBooks(Empty) returns (Books);
  rpc BatchGetBooks(Many) returns (Books);
  rpc Get(Empty) returns (Book);
}";
    assert_eq!(
        names(text, Rule::ListPagination),
        ["S.ListBooks", "S.ListHalf"]
    );
    assert_eq!(names(text, Rule::ResponseShouldStream), ["S.Export"]);
}

const BINDINGS: &str = r#"
message Item { string sku = 1; }
message Book { string name = 1; repeated Item items = 2 [(google.api.field_behavior) = REQUIRED]; Item item = 3; }
service Books {
  rpc GetBook(Book) returns (Book) { option (google.api.http) = { post: "/v1/get/{name}" body: "*" }; }
  rpc ListBooks(Book) returns (Book) { option (google.api.http) = { get: "/v1/list" body: "items" }; }
  rpc DeleteBook(Book) returns (Book) { option (google.api.http) = { get: "/v1/delete/{name}" additional_bindings { delete: "/v1/{name}" body: "*" } }; }
  rpc CreateBook(Book) returns (Book) { option (google.api.http) = { post: "/v1/books" body: "item" }; }
  rpc GetCover(Book) returns (Book) { option (google.api.http) = { post: "/v1/{name}:cover" body: "*" }; }
  rpc Getaway(Book) returns (Book) { option (google.api.http) = { post: "/v1/getaway" body: "*" }; }
  rpc Lost(Book) returns (Book) { option (google.api.http) = { get: "/v1/lost/{nobody}" }; }
  rpc Twice(Book) returns (Book) { option (google.api.http) = { get: "/v1/list" }; }
  rpc Cross(Book) returns (Book) { option (google.api.http) = { put: "/v1/{name}/books" body: "*" }; }
  rpc Other(Book) returns (Book) { option (google.api.http) = { put: "/v1/shelves/{name}" body: "*" }; }
  rpc Special(Book) returns (Book) { option (google.api.http) = { put: "/v1/shelves/top" body: "*" }; }
}"#;

#[test]
fn rules_of_http_are_judged() {
    for (rule, expected) in [
        (Rule::HttpVerb, &["Books.GetBook", "Books.DeleteBook"][..]),
        (Rule::HttpBody, &["Books.ListBooks", "Books.DeleteBook"]),
        (
            Rule::HttpRequiredUnbound,
            &["Books.DeleteBook", "Books.CreateBook"],
        ),
        (Rule::HttpRuleRefused, &["Books.Lost"]),
        (Rule::HttpAmbiguous, &["Books.Twice", "Books.Other"]),
    ] {
        assert_eq!(names(BINDINGS, rule), expected, "{rule}");
    }
    let found = found(&shop(BINDINGS), None, &[Rule::HttpAmbiguous]);
    assert!(found[0].contains("matches the same requests as /shop.v1.Books/ListBooks"));
    assert!(
        found[1].contains(
            "PUT /v1/shelves/{name} and /v1/{name}/books of shop.v1.Books.Cross both match \
             /v1/shelves/books"
        ),
        "{found:#?}"
    );
}

#[test]
fn a_file_that_is_left_out_is_a_finding() {
    let schema = schema(&[(
        "a/v1/a.proto",
        "syntax = \"proto3\"; package a.v1; message M {}",
    )]);
    assert!(schema.refusals().is_empty());
    let mut broken = source(
        "s",
        "up",
        &[("a/v1/a.proto", "syntax = \"proto3\"; package a.v1;")],
    );
    // A file named x that imports y.
    broken
        .descriptors
        .extend([0x0a, 6, 0x0a, 1, b'x', 0x1a, 1, b'y']);
    let schema = Schema::build(vec![broken], &Options::default()).unwrap();
    let found = found(&schema, None, &Rule::ALL);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("is not served: imports y, which no source has (HTTP_RULE_REFUSED)"));
}

#[test]
fn what_was_removed_stays_reserved_and_numbers_keep_their_meaning() {
    let old = shop(
        "message Book { string title = 1; string author = 2; string isbn = 3; reserved 9; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_NOVEL = 1; KIND_POEM = 2; }",
    );
    let new = shop(
        "message Book {\n  string title = 1;\n  int32 pages = 2;\n  string weight = 9;\n}
enum Kind {\n  KIND_UNSPECIFIED = 0;\n  KIND_ESSAY = 1; reserved 2; reserved \"KIND_POEM\"; }",
    );
    let rules = [Rule::DeletedWithoutReserved, Rule::NumberReused];
    assert_eq!(found(&new, None, &rules), [""; 0]);
    let found = found(&new, Some(&old), &rules);
    let expected = [
        "shop/v1/shop.proto:2: shop.v1.Book: reserved 9 and does so no more; leave it reserved (NUMBER_REUSED)",
        "shop/v1/shop.proto:2: shop.v1.Book.isbn: removed; 3 is not reserved, so it may come again; reserve the number (DELETED_WITHOUT_RESERVED)",
        "shop/v1/shop.proto:2: shop.v1.Book.isbn: removed; its name is not reserved for what it was; reserve the name (DELETED_WITHOUT_RESERVED)",
        "shop/v1/shop.proto:4: shop.v1.Book.pages: was called author; take a number that was never used (NUMBER_REUSED)",
        "shop/v1/shop.proto:7: shop.v1.Kind.KIND_NOVEL: is called KIND_ESSAY now; its number is 1; take a number that was never used (NUMBER_REUSED)",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected);
    }
}

/// The same flaw in a package of one's own, in one that it imports, and in one of somebody else.
fn imports() -> Schema {
    let flaw = |package: &str| {
        format!("syntax = \"proto3\"; package {package}; message M {{ string data = 1; }}")
    };
    let service = "service S { rpc Get(M) returns (M) { option (google.api.http) = { get: \"/v1/s\" body: \"*\" }; } }";
    let import = "import \"google/api/annotations.proto\";";
    schema(&[
        ("shop/v1/a.proto", &flaw("shop.v1")),
        ("common/v1/a.proto", &flaw("common.v1")),
        (
            "google/made/v1/a.proto",
            &format!("{}{import}{service}", flaw("google.made.v1")),
        ),
    ])
}

#[test]
fn what_others_have_declared_is_not_judged_unless_it_is_asked_for() {
    let within = |names: &[&str]| Scope::Within(names.iter().map(|n| n.parse().unwrap()).collect());
    let google = ["google.made.v1.M.data", "google.made.v1.S.Get"];
    for (scope, expected) in [
        (Scope::Own, &["common.v1.M.data", "shop.v1.M.data"][..]),
        (within(&["shop"]), &["shop.v1.M.data"]),
        (
            within(&["shop", "common.v1"]),
            &["common.v1.M.data", "shop.v1.M.data"],
        ),
        (within(&["google"]), &google),
        (within(&["sho"]), &[]),
    ] {
        let given = Given {
            schema: &imports(),
            against: None,
            scope: scope.clone(),
            has_deadline: &|_| true,
        };
        let rules = [Rule::VagueName, Rule::HttpBody].into();
        let found = lint(&given, &rules);
        let mut names: Vec<_> = found.iter().map(|one| &*one.name).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{scope:?}");
    }
}

#[test]
fn what_is_only_others_is_judged_for_it_is_what_was_given() {
    let text = "syntax = \"proto3\"; package google.made.v1; message M { string data = 1; }";
    let schema = schema(&[("google/made/v1/a.proto", text)]);
    assert_eq!(found(&schema, None, &[Rule::VagueName]).len(), 1);
}

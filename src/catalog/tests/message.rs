//! Messages, fields, enums: what is said of them.

use super::*;
use crate::catalog::message::{Behavior, Format};

#[test]
fn fields_have_what_their_annotations_say() {
    let catalog = catalog(
        r#"
        service S { rpc Do(Book) returns (google.protobuf.Empty); }
        // A book.
        message Book {
          option (google.api.resource) = { type: "x.com/Book" pattern: "books/{book}" name_field: "id" };
          // Its id.
          string id = 9 [(google.api.field_behavior) = IDENTIFIER]; // Trailing.
          string b = 2 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = IMMUTABLE, (google.api.field_behavior) = REQUIRED];
          string c = 1 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = OUTPUT_ONLY];
          string d = 4 [(google.api.field_info).format = UUID4];
          string e = 5 [(google.api.resource_reference).type = "*"];
          string f = 6 [deprecated = true];
          // The choice.
          oneof form { string paper = 7; string ebook = 8; }
          optional string alone = 10;
          oneof single { string only = 11; }
          map<string, Inner> inners = 12;
        }
        message Inner { Kind kind = 1; }
        enum Kind {
          option allow_alias = true;
          // Nothing.
          NONE = 0;
          // Second.
          B = 2;
          A = 1;
          C = 2 [deprecated = true];
        }"#,
    );
    let book = &catalog.messages["b.v1.Book"];
    let names: Vec<_> = book
        .fields
        .iter()
        .map(|field| field.json_name.as_str())
        .collect();
    let declared = [
        "id", "b", "c", "d", "e", "f", "paper", "ebook", "alone", "only", "inners",
    ];
    assert_eq!(names, declared);
    let field = |name: &str| {
        book.fields
            .iter()
            .find(|field| field.json_name == name)
            .unwrap()
    };
    assert_eq!(book.comment, "A book.");
    assert_eq!(field("id").comment, "Its id.\n\nTrailing.");
    assert!(field("id").names_resource && !field("b").names_resource);
    assert_eq!(
        field("b").behaviors,
        [Behavior::Required, Behavior::Immutable]
    );
    assert!(field("b").is_required() && !field("c").is_required());
    assert_eq!(field("d").format, Some(Format::Uuid4));
    assert_eq!(field("e").reference.as_deref(), Some("*"));
    assert!(field("f").deprecated && !field("e").deprecated);
    assert_eq!(book.oneofs.len(), 1);
    assert_eq!(book.oneofs[0].comment, "The choice.");
    assert_eq!(book.oneofs[0].fields, ["paper", "ebook"]);
    assert_eq!(catalog.messages["b.v1.Inner"].used_by, ["b.v1.Book"]);
    assert_eq!(book.used_by, ["/b.v1.S/Do"]);
    let kind = &catalog.enums["b.v1.Kind"];
    let values: Vec<_> = kind
        .values
        .iter()
        .map(|v| (v.name.as_str(), v.number))
        .collect();
    assert_eq!(values, [("NONE", 0), ("B", 2), ("A", 1), ("C", 2)]);
    assert_eq!(kind.values[1].comment, "Second.");
    assert!(kind.values[3].deprecated);
    assert_eq!(kind.used_by, ["b.v1.Inner"]);
    assert!(!catalog.messages.contains_key("b.v1.Book.InnersEntry"));
    let package = catalog.package("b.v1").unwrap();
    assert_eq!(package.messages, ["b.v1.Book", "b.v1.Inner"]);
    assert_eq!(package.enums, ["b.v1.Kind"]);
    assert_eq!(
        (package.family.as_str(), package.version.as_deref()),
        ("b", Some("v1"))
    );
}

#[test]
fn a_deprecated_file_deprecates_what_is_in_it() {
    let catalog = catalog(
        r#"
        option deprecated = true;
        service S { rpc Do(M) returns (google.protobuf.Empty); }
        message M { string x = 1; Kind kind = 2; }
        enum Kind { NONE = 0; }"#,
    );
    let (_, service, method) = catalog.methods().next().unwrap();
    assert!(service.deprecated && method.deprecated);
    let message = &catalog.messages["b.v1.M"];
    assert!(message.deprecated && message.fields[0].deprecated);
    assert!(catalog.enums["b.v1.Kind"].deprecated);
    assert!(!catalog.messages["google.protobuf.Empty"].deprecated);
}

#[test]
fn a_method_has_a_summary_and_the_rest() {
    let catalog = catalog(
        r#"
        // Keeps books.
        service S {
          // Gets a
          // book.
          //
          // (-- api-linter: core::0131=disabled
          //     aip.dev/not-precedent: old. --)
          // Of a [Shelf][b.v1.Shelf].
          rpc Do(M) returns (M); // Fast.
        }
        message M {}"#,
    );
    let (_, service, method) = catalog.methods().next().unwrap();
    assert_eq!(service.comment, "Keeps books.");
    assert_eq!(method.summary, "Gets a book");
    assert_eq!(method.description, "Of a [Shelf][b.v1.Shelf].\n\nFast.");
    assert_eq!(comment::plain(&method.description), "Of a Shelf.\n\nFast.");
    let silent = findings(&catalog, FindingKind::NoComment);
    assert_eq!(silent, ["b.v1.M: has no comment"]);
}

#[test]
fn a_message_that_holds_itself_is_described_once_and_can_be_printed() {
    let catalog = catalog(
        "service S { rpc Do(Tree) returns (Tree); }
         message Tree { Tree left = 1; repeated Tree more = 2; map<string, Tree> named = 3; Bush bush = 4; }
         message Bush { Tree tree = 1; }",
    );
    assert_eq!(
        catalog.messages["b.v1.Tree"].used_by,
        ["/b.v1.S/Do", "b.v1.Bush", "b.v1.Tree"]
    );
    assert!(format!("{catalog:?}").len() < 100_000);
}

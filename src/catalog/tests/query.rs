//! Query parameters: what the gateway takes, and what is left out.

use std::fmt::Write as _;

use super::*;

fn names(catalog: &Catalog, id: &str) -> Vec<String> {
    let own = operation(catalog, id);
    own.query
        .iter()
        .map(|parameter| parameter.name.clone())
        .collect()
}

#[test]
fn every_field_that_has_a_form_in_a_query_is_a_parameter() {
    let text = bound(
        &[
            r#"get: "/v1/{id}""#,
            r#"post: "/v1/b" body: "inner""#,
            r#"post: "/v1/c" body: "*""#,
        ],
        r#"
        message Book {
          string id = 1;
          Inner inner = 2;
          repeated string tags = 3;
          repeated Kind kinds = 4;
          map<string, int32> counts = 5;
          map<string, Inner> inners = 6;
          repeated Inner list = 7;
          google.protobuf.Any any = 8;
          google.protobuf.Timestamp made_at = 9;
          google.protobuf.Int64Value wrapped = 10;
          google.protobuf.Struct struct = 11;
          bytes data = 12;
          Book again = 13;
          string made = 14 [(google.api.field_behavior) = OUTPUT_ONLY];
          string needed = 15 [(google.api.field_behavior) = REQUIRED];
          repeated google.protobuf.Timestamp times = 16;
          string odd = 17 [json_name = "o.d[d"];
        }
        message Inner { string first_name = 1; Deeper deeper = 2 [(google.api.field_behavior) = REQUIRED]; }
        message Deeper { int64 n = 1 [(google.api.field_behavior) = REQUIRED]; Inner up = 2; }
        enum Kind { NONE = 0; }
        "#,
    );
    let catalog = catalog(&text);
    assert_eq!(
        names(&catalog, "Books_M0"),
        [
            "inner.firstName",
            "inner.deeper.n",
            "tags",
            "kinds",
            "counts",
            "madeAt",
            "wrapped",
            "struct",
            "data",
            "needed",
            "odd"
        ]
    );
    let own = operation(&catalog, "Books_M0");
    let required: Vec<_> = own
        .query
        .iter()
        .filter(|q| q.required)
        .map(|q| &q.name)
        .collect();
    assert_eq!(required, ["needed"], "inner itself is not required");
    assert!(
        names(&catalog, "Books_M1")
            .iter()
            .all(|name| !name.starts_with("inner"))
    );
    assert!(names(&catalog, "Books_M1").contains(&"id".to_owned()));
    assert!(names(&catalog, "Books_M2").is_empty());
    let left_out = findings(&catalog, FindingKind::LeftOut);
    for field in ["inners", "list", "any", "times", "again"] {
        let named = format!("b.v1.Book.{field}: GET /v1/{{id}} of b.v1.Books.M0 does not list it");
        assert!(
            left_out.iter().any(|text| text.starts_with(&named)),
            "{field}: {left_out:?}"
        );
    }
    assert!(
        left_out
            .iter()
            .any(|text| text.starts_with("b.v1.Deeper.up: "))
    );
}

#[test]
fn members_of_a_oneof_know_each_other() {
    let text = bound(
        &[r#"get: "/v1/b""#],
        "message Book { oneof form { string paper = 1; Ebook e_book = 2; } optional string alone = 3; Outer outer = 4; }
         message Ebook { string kind = 1; }
         message Outer { oneof side { string left = 1; string right = 2; } }",
    );
    let catalog = catalog(&text);
    let all: Vec<_> = operation(&catalog, "Books_M0")
        .query
        .iter()
        .map(|q| (q.name.as_str(), q.oneof.join(" ")))
        .collect();
    let form = || "paper eBook".to_owned();
    let side = || "outer.left outer.right".to_owned();
    assert_eq!(
        all,
        [
            ("paper", form()),
            ("eBook.kind", form()),
            ("alone", String::new()),
            ("outer.left", side()),
            ("outer.right", side()),
        ]
    );
}

#[test]
fn the_mask_of_a_patch_is_never_required() {
    let fields = "string id = 1; Inner inner = 2; google.protobuf.FieldMask update_mask = 3 [(google.api.field_behavior) = REQUIRED];";
    let text = bound(
        &[
            r#"patch: "/v1/b" body: "inner""#,
            r#"put: "/v1/b" body: "inner""#,
        ],
        &format!("message Book {{ {fields} }} message Inner {{ string x = 1; }}"),
    );
    let catalog = catalog(&text);
    let is_required = |id: &str| {
        let own = operation(&catalog, id);
        let mask = own.query.iter().find(|q| q.name == "updateMask");
        mask.unwrap().required
    };
    assert!(!is_required("Books_M0"));
    assert!(is_required("Books_M1"));
}

#[test]
fn of_too_many_parameters_those_that_lie_deepest_are_left_out() {
    let mut text = bound(&[r#"get: "/v1/b""#], "message Book { Deep deep = 1;");
    for n in 2..60 {
        let _ = write!(text, "string f{n} = {n};");
    }
    text.push_str("} message Deep { string a = 1; string b = 2; string c = 3; }");
    let catalog = catalog(&text);
    let names = names(&catalog, "Books_M0");
    assert_eq!(names.len(), super::super::query::PARAMETERS_MAX);
    assert_eq!(names[..3], ["deep.a", "deep.b", "f2"]);
    let left_out = findings(&catalog, FindingKind::LeftOut);
    assert_eq!(left_out.len(), 1);
    assert!(
        left_out[0].contains("more query parameters than the 60"),
        "{left_out:?}"
    );
}

#[test]
fn messages_of_messages_and_nothing_else_end() {
    // Every message has ten fields of the next: ten to the thirtieth ways down.
    let mut text = bound(&[r#"get: "/v1/b""#], "message Book { M0 m = 1; }");
    for n in 0..30 {
        let next = if n == 29 {
            "string".to_owned()
        } else {
            format!("M{}", n + 1)
        };
        let fields: String = (1..=10)
            .map(|at| format!("{next} f{at} = {at}; "))
            .collect();
        let _ = writeln!(text, "message M{n} {{ {fields} }}");
    }
    let catalog = catalog(&text);
    assert!(names(&catalog, "Books_M0").is_empty());
    assert_eq!(findings(&catalog, FindingKind::LeftOut).len(), 1);
}

#[test]
fn extensions_and_groups_are_parameters_too() {
    let text = r#"
        syntax = "proto2";
        package p;
        import "google/api/annotations.proto";
        message Book {
          optional string id = 1;
          required string title = 2;
          optional group Details = 3 { optional int32 pages = 1; }
          extensions 100 to 200;
        }
        extend Book { optional string blurb = 100; }
        service Books { rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/p/{id}" }; } }
    "#;
    let sources = vec![source("test", "up", &[("p.proto", text)])];
    let schema = Schema::build(sources, &SchemaOptions::default()).unwrap();
    let catalog = of(&schema);
    assert_eq!(
        names(&catalog, "Books_Get"),
        ["title", "details.pages", "[p.blurb]"]
    );
    let own = operation(&catalog, "Books_Get");
    assert!(own.query[0].required, "proto2's own word for it");
    let book = &catalog.messages["p.Book"];
    let blurb = book.fields.last().unwrap();
    assert_eq!(blurb.json_name, "[p.blurb]");
    assert_eq!(
        catalog.field(&own.query[2].field[0]).unwrap().json_name,
        "[p.blurb]"
    );
    assert!(book.fields[2].descriptor.is_group());
}

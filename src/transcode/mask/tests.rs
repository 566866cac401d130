//! Which leaves a mask names, and its bounds.

use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::FieldMask;

use super::*;
use crate::transcode::Lowered;

const PROTO: &str = r#"
    syntax = "proto2";
    package m;
    import "google/protobuf/any.proto";
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    message Book {
      optional string title = 1;
      optional Book sequel_to = 2;
      repeated string tags = 3;
      map<string, Book> related = 4;
      optional google.protobuf.Any any = 5;
      optional google.protobuf.Struct object = 6;
      optional google.protobuf.Timestamp time = 7;
      optional group Cover = 8 { optional bytes data = 1; }
      repeated Book books = 9;
      extensions 100 to 200;
    }
    extend Book { optional int32 rating = 100; }
    message Named {
      optional google.protobuf.FieldMask read_mask = 1;
      optional google.protobuf.FieldMask update_mask = 2;
    }
    message Only { optional Book book = 1; optional google.protobuf.FieldMask mask = 3; }
    message Two {
      optional google.protobuf.FieldMask a = 1;
      optional google.protobuf.FieldMask b = 2;
    }
    message Many { repeated google.protobuf.FieldMask update_mask = 1; }
"#;

fn plans() -> Plans {
    let file = protox::file::File::from_source("m.proto", PROTO).unwrap();
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone())
        .unwrap();
    Plans::compile(&pool, &Lowered::default())
}

fn paths(plans: &Plans, json: &str) -> Result<Vec<String>, String> {
    let book = plans.find("m.Book").unwrap();
    let mask = plans
        .mask_of_json(book, json.as_bytes())
        .map_err(|error| error.to_string())?;
    Ok(FieldMask::decode(mask.wire()).unwrap().paths)
}

#[test]
fn leaves_are_named_by_their_proto_names() {
    let plans = plans();
    for (json, expected) in [
        ("{}", ""),
        (r#"{"title":"x"}"#, "title"),
        (r#"{"title":null}"#, "title"),
        (r#"{"t\u0069tle":"x"}"#, "title"),
        (
            r#"{"sequelTo":{"title":"x","sequel_to":{"tags":[]}}}"#,
            "sequel_to.title sequel_to.sequel_to.tags",
        ),
        (r#"{"sequelTo":{}}"#, "sequel_to"),
        (r#"{"sequelTo":null}"#, "sequel_to"),
        (
            r#"{"tags":["a","b"],"books":[{"title":"x"}]}"#,
            "tags books",
        ),
        (r#"{"related":{"a":{"title":"x"}}}"#, "related"),
        (r#"{"any":{"@type":"x/m.Book","title":"x"}}"#, "any"),
        (
            r#"{"object":{"a":{"b":1}},"time":"1970-01-01T00:00:00Z"}"#,
            "object time",
        ),
        (r#"{"cover":{"data":"AA=="}}"#, "cover.data"),
        (r#" { "nope" : { "title" : 1 } , "title" : "x" } "#, "title"),
        (r#"{"sequelTo":{"nope":1}}"#, "sequel_to"),
    ] {
        assert_eq!(paths(&plans, json).unwrap().join(" "), expected, "{json}");
    }
}

#[test]
fn what_no_mask_can_name_is_refused() {
    let plans = plans();
    let error = paths(&plans, r#"{"[m.rating]":1}"#).unwrap_err();
    assert!(
        error.starts_with("[m.rating]: found an extension"),
        "{error}"
    );
    let deep = format!("{}1", r#"{"sequelTo":"#.repeat(10_000));
    for json in ["", "[]", "{", "null", r#"{"title""#, r#"{"title":"#, &deep] {
        assert!(paths(&plans, json).is_err(), "{json}");
    }
}

#[test]
fn a_mask_is_bounded_in_paths_and_bytes() {
    // No reader takes a key twice, so this many fields take nesting; the walk does not mind.
    let many = |count: usize| format!("{{{}\"tags\":[]}}", r#""title":"x","#.repeat(count - 1));
    let plans = plans();
    assert_eq!(paths(&plans, &many(PATHS_MAX)).unwrap().len(), PATHS_MAX);
    assert!(
        paths(&plans, &many(PATHS_MAX + 1))
            .unwrap_err()
            .contains("more than 1000 fields")
    );
    let deep = format!(
        "{}{{{}}}{}",
        r#"{"sequelTo":"#.repeat(90),
        r#""title":"x","#.repeat(98) + r#""tags":[]"#,
        "}".repeat(90)
    );
    assert!(
        paths(&plans, &deep).unwrap_err().contains("bytes"),
        "too long"
    );
}

#[test]
fn the_mask_of_an_update_is_the_named_one_or_the_only_one() {
    let plans = plans();
    for (message, expected) in [
        ("m.Named", Some("update_mask")),
        ("m.Only", Some("mask")),
        ("m.Two", None),
        ("m.Many", None),
        ("m.Book", None),
    ] {
        let step = plans.mask_field(plans.find(message).unwrap());
        let name = step.map(|step| plans.name_of(FieldRef::at(&[step])));
        assert_eq!(name.as_deref(), expected, "{message}");
    }
}

//! Descriptor sets that nobody should trust.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::descriptor::{Enum, EnumValue, Field, File, Message, number};

fn file(name: &str, imports: &[&str]) -> File {
    File {
        name: Some(name.to_owned()),
        syntax: Some("proto3".to_owned()),
        dependency: imports.iter().map(|&import| import.to_owned()).collect(),
        ..File::default()
    }
}

fn message(name: &str) -> Message {
    Message {
        name: Some(name.to_owned()),
        ..Message::default()
    }
}

fn field(name: &str, number: i32, kind: i32) -> Field {
    Field {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(1),
        kind: Some(kind),
        ..Field::default()
    }
}

fn source() -> Source {
    Source {
        name: "s.binpb".to_owned(),
        descriptors: Vec::new(),
        upstream: "backend".into(),
        reflected: true,
    }
}

/// Names of the files that are served, and the refusals.
fn run(files: Vec<File>) -> (Vec<String>, Vec<String>) {
    let entries = files
        .into_iter()
        .map(|file| Entry {
            file,
            origins: vec![0],
            fault: None,
        })
        .collect();
    let mut refusals = Vec::new();
    let linked = link(entries, &[source()], &mut refusals);
    for name in builtin::ALWAYS {
        assert!(linked.pool.get_file_by_name(name).is_some(), "{name}");
    }
    // Walking a linked pool never panics.
    crate::transcode::Plans::compile(&linked.pool, &crate::transcode::Lowered::default());
    let names = linked
        .entries
        .iter()
        .map(|entry| entry.file.name().to_owned())
        .collect();
    (names, refusals)
}

#[track_caller]
fn check(files: Vec<File>, served: &[&str], refused: &[&str]) {
    let (names, refusals) = run(files);
    assert_eq!(names, served, "{refusals:#?}");
    assert_eq!(refusals.len(), refused.len(), "{refusals:#?}");
    for (refusal, expected) in refusals.iter().zip(refused) {
        assert!(refusal.contains(expected), "{refusal}\n{expected}");
    }
}

#[test]
fn imports_in_any_order_and_built_in_ones_supplied() {
    check(
        vec![
            file("b.proto", &["a.proto", "google/api/annotations.proto"]),
            file("a.proto", &["google/protobuf/struct.proto"]),
        ],
        &["b.proto", "a.proto"],
        &[],
    );
}

#[test]
fn missing_imports_leave_out_what_needs_them() {
    check(
        vec![
            file("a.proto", &["none.proto"]),
            file("b.proto", &["a.proto"]),
            file("c.proto", &["b.proto"]),
            file("d.proto", &[]),
        ],
        &["d.proto"],
        &[
            "a.proto (of s.binpb): imports none.proto, which no source has",
            "b.proto (of s.binpb): imports a.proto, which is left out",
            "c.proto (of s.binpb): imports b.proto, which is left out",
        ],
    );
}

#[test]
fn cycles_are_told_and_the_rest_is_served() {
    check(
        vec![
            file("a.proto", &["b.proto"]),
            file("b.proto", &["c.proto"]),
            file("c.proto", &["a.proto"]),
            file("self.proto", &["self.proto"]),
            file("user.proto", &["a.proto"]),
            file("ok.proto", &[]),
        ],
        &["ok.proto"],
        &[
            "imports itself: a.proto -> b.proto -> c.proto -> a.proto",
            "imports itself: a.proto -> b.proto",
            "imports itself: a.proto",
            "imports itself: self.proto -> self.proto",
            "user.proto (of s.binpb): imports a.proto, which is left out",
        ],
    );
    // A ring and a chain of thousands end soon, without recursion.
    let ring = |n: usize| {
        (0..n)
            .map(|i| file(&format!("{i}.proto"), &[&format!("{}.proto", (i + 1) % n)]))
            .collect()
    };
    assert_eq!(run(ring(5_000)).0.len(), 0);
    let pairs = (0..3_000_usize)
        .map(|i| file(&format!("{i}.proto"), &[&format!("{}.proto", i ^ 1)]))
        .collect();
    assert_eq!(run(pairs).0.len(), 0);
}

#[test]
fn duplicate_symbols_refuse_the_later_file() {
    let with = |name: &str| File {
        message: vec![message("M")],
        ..file(name, &[])
    };
    check(
        vec![
            with("a.proto"),
            with("b.proto"),
            file("c.proto", &["b.proto"]),
            file("d.proto", &[]),
        ],
        &["a.proto", "d.proto"],
        &[
            "b.proto (of s.binpb): name 'M' is",
            "c.proto (of s.binpb): imports b.proto, which is left out",
        ],
    );
}

#[test]
fn fields_with_one_json_name_are_refused() {
    let with = |syntax: Option<&str>, fields: Vec<Field>| File {
        syntax: syntax.map(str::to_owned),
        message: vec![Message {
            field: fields,
            ..message("M")
        }],
        ..file("a.proto", &[])
    };
    let named = |name: &str, number: i32, json: &str| Field {
        json_name: Some(json.to_owned()),
        ..field(name, number, 9)
    };
    let ok = || file("ok.proto", &[]);
    for fields in [
        vec![field("foo_bar", 1, 9), field("fooBar", 2, 9)],
        vec![named("a", 1, "x"), named("b", 2, "x")],
        vec![named("a", 1, "b"), field("b", 2, 9)],
    ] {
        check(
            vec![with(Some("proto3"), fields), ok()],
            &["ok.proto"],
            &["a.proto"],
        );
    }
    // proto2 chosen names clash too.
    let fields = vec![named("a", 1, "x"), named("b", 2, "x")];
    check(vec![with(None, fields), ok()], &["ok.proto"], &["a.proto"]);
}

#[test]
fn a_failed_extension_leaves_no_trace() {
    let extend = |name: &str, number: i32, kind: &str| File {
        syntax: None,
        extension: vec![Field {
            extendee: Some(".google.protobuf.MethodOptions".to_owned()),
            type_name: Some(kind.to_owned()),
            ..field("x", number, number::TYPE_MESSAGE)
        }],
        message: vec![message("Made")],
        ..file(name, &["google/protobuf/descriptor.proto"])
    };
    check(
        vec![
            File {
                package: Some("p".to_owned()),
                ..extend("a.proto", 50_001, ".p.None")
            },
            File {
                package: Some("q".to_owned()),
                ..extend("b.proto", 50_002, ".q.Made")
            },
        ],
        &["b.proto"],
        &["a.proto"],
    );
}

#[test]
fn malformed_parts_are_told() {
    let entry = |fields: Vec<Field>| File {
        message: vec![Message {
            nested: vec![Message {
                field: fields,
                options: Some(vec![7 << 3, 1].into()),
                ..message("FEntry")
            }],
            field: vec![Field {
                label: Some(3),
                type_name: Some(".M.FEntry".to_owned()),
                ..field("f", 1, number::TYPE_MESSAGE)
            }],
            ..message("M")
        }],
        ..file("a.proto", &[])
    };
    let with_field = |field: Field| File {
        message: vec![Message {
            field: vec![field],
            ..message("M")
        }],
        ..file("a.proto", &[])
    };
    for (file, expected) in [
        (entry(vec![]), "map entry"),
        (entry(vec![field("key", 1, 9)]), "map entry"),
        (
            entry(vec![field("key", 2, 9), field("value", 1, 9)]),
            "numbered 1 and 2",
        ),
        (
            entry(vec![field("key", 1, 1), field("value", 2, 9)]),
            "keys cannot have",
        ),
        (
            entry(vec![
                field("key", 1, 9),
                Field {
                    label: Some(3),
                    ..field("value", 2, 9)
                },
            ]),
            "repeated",
        ),
        (with_field(field("f", 1, 0)), "type number 0"),
        (with_field(field("f", 1, 19)), "type number 19"),
        (
            with_field(Field {
                kind: None,
                ..field("f", 1, 1)
            }),
            "no type",
        ),
        (with_field(field("f", 0, 9)), "a.proto"),
        (with_field(field("f", -5, 9)), "a.proto"),
        (
            with_field(field("a\nb", 1, 9)),
            "is not the name of a field",
        ),
        (
            with_field(Field {
                oneof_index: Some(3),
                ..field("f", 1, 9)
            }),
            "oneof",
        ),
        (
            with_field(Field {
                oneof_index: Some(-1),
                ..field("f", 1, 9)
            }),
            "oneof",
        ),
        (
            with_field(Field {
                type_name: Some(".None".to_owned()),
                ..field("f", 1, 11)
            }),
            "None",
        ),
        (
            File {
                message: vec![Message::default()],
                ..file("a.proto", &[])
            },
            "has no name",
        ),
        (
            File {
                package: Some("a/b".to_owned()),
                ..file("a.proto", &[])
            },
            "dotted name",
        ),
        (
            File {
                syntax: Some("editions".to_owned()),
                ..file("a.proto", &[])
            },
            "edition",
        ),
        (
            File {
                syntax: Some("proto9".to_owned()),
                ..file("a.proto", &[])
            },
            "proto9",
        ),
        (
            File {
                enumeration: vec![Enum {
                    name: Some("E".to_owned()),
                    value: vec![EnumValue {
                        name: None,
                        ..EnumValue::default()
                    }],
                    ..Enum::default()
                }],
                ..file("a.proto", &[])
            },
            "has no name",
        ),
        (
            File {
                enumeration: vec![Enum {
                    name: Some("E".to_owned()),
                    ..Enum::default()
                }],
                ..file("a.proto", &[])
            },
            "a.proto",
        ),
    ] {
        check(
            vec![file, self::file("ok.proto", &[])],
            &["ok.proto"],
            &[expected],
        );
    }
}

#[test]
fn two_fields_of_one_json_name_are_told() {
    let with = |fields: Vec<Field>| File {
        message: vec![Message {
            field: fields,
            ..message("M")
        }],
        ..file("a.proto", &[])
    };
    let named = |name: &str, number: i32, json: &str| Field {
        json_name: Some(json.to_owned()),
        ..field(name, number, 9)
    };
    for (fields, expected) in [
        (
            vec![field("foo_bar", 1, 9), field("fooBar", 2, 9)],
            "conflicts with field 'fooBar'",
        ),
        (
            vec![named("foo_bar", 1, "x"), named("other", 2, "x")],
            "JSON name 'x' is already defined",
        ),
        (
            vec![named("foo_bar", 1, "fooBar"), named("other", 2, "fooBar")],
            "JSON name 'fooBar' is already defined",
        ),
    ] {
        check(
            vec![with(fields), self::file("ok.proto", &[])],
            &["ok.proto"],
            &[expected],
        );
    }
    // A JSON name may be the proto name of another field.
    let fields = vec![named("a", 1, "b"), named("b", 2, "c")];
    check(vec![with(fields)], &["a.proto"], &[]);
}

#[test]
fn a_source_may_define_what_is_built_in_elsewhere() {
    let status = File {
        package: Some("google.rpc".to_owned()),
        message: vec![message("Status")],
        ..file("third_party/status.proto", &[])
    };
    let entries = vec![Entry {
        file: status,
        origins: vec![0],
        fault: None,
    }];
    let mut refusals = Vec::new();
    let linked = link(entries, &[source()], &mut refusals);
    assert_eq!((linked.entries.len(), refusals), (1, Vec::new()));
    assert!(
        linked
            .pool
            .get_message_by_name("google.rpc.BadRequest")
            .is_some()
    );
    assert_eq!(
        linked
            .pool
            .get_message_by_name("google.rpc.Status")
            .unwrap()
            .fields()
            .len(),
        0
    );
}

#[test]
fn many_broken_files_do_not_cost_the_square() {
    let bad = |i: usize| File {
        message: vec![message("Same")],
        ..file(&format!("{i}.proto"), &[])
    };
    let (names, refusals) = run((0..2_000).map(bad).collect());
    assert_eq!((names.len(), refusals.len()), (1, 1_999));
    assert!(refusals.last().unwrap().contains("is not tried"));
}

//! What a lowered file looks like, and that it links.

#![allow(clippy::unwrap_used)]

use prost::Message as _;
use prost_reflect::{Cardinality, DescriptorPool};

use super::*;
use crate::schema::descriptor::EnumValue;

const INT32: i32 = 5;

/// Options with `features` at this field, holding feature number = value.
fn features(at: u32, feature: u8, value: u8) -> Option<Bytes> {
    let mut out = Vec::new();
    prost::encoding::encode_key(at, prost::encoding::WireType::LengthDelimited, &mut out);
    out.extend([2, feature << 3, value]);
    Some(out.into())
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

fn with(mut field: Field, change: impl FnOnce(&mut Field)) -> Field {
    change(&mut field);
    field
}

fn enumeration(name: &str, first: i32, options: Option<Bytes>) -> Enum {
    let value = |name: &str, number| EnumValue {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    };
    Enum {
        name: Some(name.to_owned()),
        value: vec![
            value(&format!("{name}_A"), first),
            value(&format!("{name}_B"), first + 1),
        ],
        options,
        ..Enum::default()
    }
}

fn file() -> File {
    let message = |name: &str| Message {
        name: Some(name.to_owned()),
        ..Message::default()
    };
    File {
        name: Some("e.proto".to_owned()),
        package: Some("e".to_owned()),
        syntax: Some("editions".to_owned()),
        edition: Some(EDITION_2023),
        message: vec![
            Message {
                field: vec![
                    field("explicit", 1, INT32),
                    with(field("implicit", 2, INT32), |f| {
                        f.options = features(21, 1, 2)
                    }),
                    with(field("required", 3, INT32), |f| {
                        f.options = features(21, 1, 3)
                    }),
                    with(field("packed", 4, INT32), |f| f.label = Some(3)),
                    with(field("expanded", 5, INT32), |f| {
                        f.label = Some(3);
                        f.options = features(21, 3, 2);
                    }),
                    with(field("delimited", 6, number::TYPE_MESSAGE), |f| {
                        f.type_name = Some(".e.Inner".to_owned());
                        f.options = features(21, 5, 2);
                    }),
                    with(field("plain", 7, number::TYPE_MESSAGE), |f| {
                        f.type_name = Some(".e.Inner".to_owned());
                    }),
                    with(field("member", 8, INT32), |f| f.oneof_index = Some(0)),
                ],
                oneof: vec![Oneof {
                    name: Some("real".to_owned()),
                    options: None,
                }],
                ..message("Outer")
            },
            Message {
                field: vec![
                    field("bare", 1, INT32),
                    with(field("map", 2, number::TYPE_MESSAGE), |f| {
                        f.label = Some(3);
                        f.type_name = Some(".e.Inner.MapEntry".to_owned());
                    }),
                ],
                nested: vec![Message {
                    field: vec![field("key", 1, INT32), field("value", 2, INT32)],
                    options: Some(Bytes::from_static(&[7 << 3, 1])),
                    ..message("MapEntry")
                }],
                // Everything in here is implicit and delimited.
                options: features(12, 1, 2).map(|options| {
                    let mut out = options.to_vec();
                    out.extend(features(12, 5, 2).unwrap());
                    out.into()
                }),
                ..message("Inner")
            },
        ],
        enumeration: vec![
            enumeration("Open", 0, None),
            enumeration("Closed", 0, features(7, 2, 2)),
        ],
        ..File::default()
    }
}

fn lower_and_link(mut file: File) -> (File, DescriptorPool, HashSet<String>) {
    let mut closed = HashSet::new();
    lower(&mut file, &mut closed).unwrap();
    let mut pool = DescriptorPool::new();
    pool.decode_file_descriptor_proto(file.encode_to_vec().as_slice())
        .unwrap();
    (file, pool, closed)
}

#[test]
fn every_feature_becomes_what_proto3_says() {
    let (file, pool, closed) = lower_and_link(file());
    assert_eq!(file.syntax.as_deref(), Some("proto3"));
    assert_eq!(closed, HashSet::from(["e.Closed".to_owned()]));

    let outer = pool.get_message_by_name("e.Outer").unwrap();
    let get = |name: &str| outer.get_field_by_name(name).unwrap();
    for (name, presence) in [
        ("explicit", true),
        ("implicit", false),
        ("required", true),
        ("plain", true),
        ("delimited", true),
        ("member", true),
    ] {
        assert_eq!(get(name).supports_presence(), presence, "{name}");
    }
    assert_eq!(get("required").cardinality(), Cardinality::Required);
    assert!(get("packed").is_packed());
    assert!(!get("expanded").is_packed());
    assert!(get("delimited").is_group());
    assert!(!get("plain").is_group());
    let oneofs: Vec<_> = outer
        .oneofs()
        .map(|o| (o.name().to_owned(), o.is_synthetic()))
        .collect();
    assert_eq!(
        oneofs,
        [
            ("real".to_owned(), false),
            ("_explicit".to_owned(), true),
            ("_required".to_owned(), true)
        ]
    );

    // Inherited from the message, and maps are beyond features.
    let inner = pool.get_message_by_name("e.Inner").unwrap();
    assert!(!inner.get_field_by_name("bare").unwrap().supports_presence());
    let map = inner.get_field_by_name("map").unwrap();
    assert!(map.is_map() && !map.is_group());
}

#[test]
fn file_features_are_inherited_and_overridden() {
    let mut file = file();
    file.options = features(50, 1, 2);
    let (_, pool, _) = lower_and_link(file);
    let outer = pool.get_message_by_name("e.Outer").unwrap();
    assert!(
        !outer
            .get_field_by_name("explicit")
            .unwrap()
            .supports_presence()
    );
    assert!(
        outer
            .get_field_by_name("required")
            .unwrap()
            .supports_presence()
    );
}

#[test]
fn a_closed_enum_that_begins_elsewhere_makes_the_file_proto2() {
    let mut file = file();
    file.enumeration
        .push(enumeration("Late", 1, features(7, 2, 2)));
    file.edition = Some(EDITION_2024);
    let (file, pool, closed) = lower_and_link(file);
    assert_eq!(file.syntax, None);
    assert!(closed.contains("e.Late"));
    let outer = pool.get_message_by_name("e.Outer").unwrap();
    assert!(
        outer
            .get_field_by_name("explicit")
            .unwrap()
            .supports_presence()
    );
    assert!(outer.get_field_by_name("packed").unwrap().is_packed());
}

#[test]
fn unknown_editions_and_syntaxes_are_told() {
    for (syntax, edition, expected) in [
        ("editions", None, "unknown"),
        ("editions", Some(1002), "edition number 1002"),
        ("editions", Some(9999), "edition number 9999"),
        ("editions", Some(-1), "edition number -1"),
        ("proto4", None, "proto4"),
    ] {
        let mut file = File {
            syntax: Some(syntax.to_owned()),
            edition,
            ..File::default()
        };
        let error = lower(&mut file, &mut HashSet::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    for syntax in [None, Some(""), Some("proto2"), Some("proto3")] {
        let mut file = File {
            syntax: syntax.map(str::to_owned),
            ..File::default()
        };
        lower(&mut file, &mut HashSet::new()).unwrap();
        assert_ne!(file.syntax.as_deref(), Some(""));
    }
}

#[test]
fn synthetic_oneofs_avoid_taken_names() {
    let mut file = file();
    file.message[0].nested.push(Message {
        name: Some("_explicit".to_owned()),
        ..Message::default()
    });
    let (_, pool, _) = lower_and_link(file);
    let outer = pool.get_message_by_name("e.Outer").unwrap();
    let oneof = outer
        .get_field_by_name("explicit")
        .unwrap()
        .containing_oneof()
        .unwrap();
    assert_eq!(oneof.name(), "X_explicit");
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
        let mut whole = file();
        whole.message[0].options = Some(bytes.clone().into());
        whole.message[0].field[0].options = Some(bytes.into());
        let _ = lower(&mut whole, &mut HashSet::new());
    }
}

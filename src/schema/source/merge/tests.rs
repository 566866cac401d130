//! What counts as the same file.

#![allow(clippy::unwrap_used)]

use prost::Message as _;

use super::*;
use crate::schema::descriptor::{Method, Service};

/// `deprecated` of a method.
const DEPRECATED: &[u8] = &[0x88, 0x02, 1];
/// `idempotency_level` of a method.
const IDEMPOTENT: &[u8] = &[0x90, 0x02, 2];
/// Custom option 1000 with two values, and custom option 1001.
const CUSTOM: &[u8] = &[0xc0, 0x3e, 1];
const CUSTOM_OTHERWISE: &[u8] = &[0xc0, 0x3e, 2];
const CUSTOM_TOO: &[u8] = &[0xc8, 0x3e, 1];

fn file(options: &[&[u8]], change: impl FnOnce(&mut File)) -> File {
    let options = options.concat();
    let mut file = File {
        name: Some("a.proto".to_owned()),
        message: vec![Message {
            name: Some("M".to_owned()),
            field: vec![Field {
                name: Some("some_field".to_owned()),
                number: Some(1),
                label: Some(1),
                kind: Some(5),
                ..Field::default()
            }],
            ..Message::default()
        }],
        service: vec![Service {
            name: Some("S".to_owned()),
            method: vec![Method {
                name: Some("Get".to_owned()),
                options: (!options.is_empty()).then(|| options.into()),
                ..Method::default()
            }],
            options: None,
        }],
        ..File::default()
    };
    change(&mut file);
    file
}

fn with_comment(text: &str) -> impl FnOnce(&mut File) {
    let info = prost_types::SourceCodeInfo {
        location: vec![prost_types::source_code_info::Location {
            leading_comments: Some(text.to_owned()),
            ..Default::default()
        }],
    };
    move |file| file.source_code_info = Some(info.encode_to_vec().into())
}

#[test]
fn details_of_the_sources_do_not_count() {
    let same: [(File, File); 6] = [
        (
            file(&[], |_| ()),
            file(&[], |f| f.syntax = Some("proto2".to_owned())),
        ),
        (
            file(&[], |_| ()),
            file(&[], |f| {
                f.message[0].field[0].json_name = Some("someField".to_owned());
            }),
        ),
        (
            file(&[], |_| ()),
            file(&[], |f| f.message[0].options = Some(Bytes::new())),
        ),
        (
            file(&[], |_| ()),
            file(&[], |f| {
                f.service[0].method[0].server_streaming = Some(false)
            }),
        ),
        (
            file(&[DEPRECATED, IDEMPOTENT], |_| ()),
            file(&[IDEMPOTENT, DEPRECATED], |_| ()),
        ),
        (
            file(&[CUSTOM, CUSTOM_TOO], |_| ()),
            file(&[CUSTOM_TOO, CUSTOM], |_| ()),
        ),
    ];
    for (mut left, right) in same {
        merge(&mut left, right.clone()).unwrap();
        let mut kept = right;
        merge(&mut kept, left).unwrap();
    }
}

#[test]
fn comments_and_custom_options_of_both_are_kept() {
    let mut reflected = file(&[DEPRECATED], |_| ());
    merge(
        &mut reflected,
        file(&[CUSTOM, DEPRECATED], with_comment("Gets it.")),
    )
    .unwrap();
    merge(&mut reflected, file(&[DEPRECATED, CUSTOM_TOO], |_| ())).unwrap();
    assert!(reflected.source_code_info.is_some());
    let options = reflected.service[0].method[0].options.clone().unwrap();
    assert_eq!(options, [DEPRECATED, CUSTOM, CUSTOM_TOO].concat());
}

#[test]
fn many_custom_options_take_a_moment_not_hours() {
    let many: Vec<&[u8]> = [CUSTOM, CUSTOM_TOO].repeat(100_000);
    let mut kept = file(&many, |_| ());
    merge(&mut kept, file(&many, |_| ())).unwrap();
    let options = kept.service[0].method[0].options.clone().unwrap();
    assert_eq!(options.len(), many.concat().len());
}

#[test]
fn what_differs_is_named_and_nothing_is_changed() {
    let different: [(File, &str); 6] = [
        (
            file(&[], |f| f.message[0].field[0].number = Some(2)),
            "message M differs",
        ),
        (file(&[], |f| f.message.clear()), "message M is in one only"),
        (file(&[DEPRECATED], |_| ()), "service S differs"),
        (
            file(&[CUSTOM_OTHERWISE], |_| ()),
            "custom option number 1000 differs",
        ),
        (
            file(&[], |f| f.package = Some("p".to_owned())),
            "packages differ",
        ),
        (
            file(&[], |f| {
                f.message[0].field[0].json_name = Some("other".to_owned())
            }),
            "message M differs",
        ),
    ];
    for (other, expected) in different {
        let mut kept = file(&[CUSTOM], |_| ());
        let before = kept.clone();
        let error = merge(&mut kept, other).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(kept, before);
    }
}

proptest::proptest! {
    #[test]
    fn no_options_panic(left in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
                        right in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
        let mut kept = file(&[&left], |_| ());
        let _ = merge(&mut kept, file(&[&right], |_| ()));
        let same = kept.clone();
        proptest::prop_assert!(merge(&mut kept, same).is_ok());
    }
}

//! The splitter against serde_json's `StreamDeserializer`, cut at every byte and anywhere.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

/// The values of a text that comes in these chunks.
fn split(form: Form, max: usize, chunks: &[&[u8]]) -> Result<Vec<String>, SplitError> {
    let mut splitter = Splitter::new(form, max);
    let mut values = Vec::new();
    let text = |value: Bytes| String::from_utf8_lossy(&value).into_owned();
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk));
        while let Some(value) = splitter.next()? {
            values.push(text(value));
        }
        assert!(splitter.partial.len() <= max && splitter.chunk.is_empty());
    }
    values.extend(splitter.finish()?.map(text));
    Ok(values)
}

/// What serde_json makes of a text of values; `None` if it is none.
fn oracle(text: &[u8]) -> Option<Vec<String>> {
    let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    let mut values = Vec::new();
    let mut start = 0;
    while let Some(value) = stream.next() {
        value.ok()?;
        let end = stream.byte_offset();
        let value = String::from_utf8_lossy(&text[start..end]).into_owned();
        values.push(value.trim_matches([' ', '\n', '\r', '\t']).to_owned());
        start = end;
    }
    Some(values)
}

/// What the splitter and a reader of single values make of it.
fn judged(form: Form, chunks: &[&[u8]]) -> Option<Vec<String>> {
    let values = split(form, 1 << 20, chunks).ok()?;
    let is_json = |value: &String| serde_json::from_str::<IgnoredAny>(value).is_ok();
    values.iter().all(is_json).then_some(values)
}

/// The text in pieces that end at these places.
fn cut<'t>(text: &'t [u8], places: &[prop::sample::Index]) -> Vec<&'t [u8]> {
    let mut places: Vec<_> = places.iter().map(|i| i.index(text.len() + 1)).collect();
    places.sort_unstable();
    let mut chunks = Vec::new();
    let mut start = 0;
    for place in places.into_iter().chain([text.len()]) {
        chunks.push(&text[start..place]);
        start = place;
    }
    chunks
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~\n\"\\\\\u{1f600}é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z{}\\[\\],:\"]{0,5}", inner), 0..4)
                .prop_map(|members| json!(members.into_iter().collect::<serde_json::Map<_, _>>())),
        ]
    })
}

/// Values behind each other, as compact or as loose as JSON may be.
fn sequence() -> impl Strategy<Value = String> {
    let between = prop::sample::select(vec!["\n", " ", "\r\n", "\t \n\n"]);
    prop::collection::vec((value(), between, any::<bool>()), 0..6).prop_map(|values| {
        let mut text = String::new();
        for (value, between, pretty) in values {
            // Two scalars need something between them, others do not.
            if pretty {
                text.push_str(&serde_json::to_string_pretty(&value).unwrap());
                text.push_str(between);
            } else {
                text.push_str(&value.to_string());
                if !(value.is_object() || value.is_array() || value.is_string()) {
                    text.push_str(between);
                }
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn values_are_those_that_serde_json_finds(
        text in sequence(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let expected = oracle(text.as_bytes());
        prop_assert!(expected.is_some());
        prop_assert_eq!(judged(Form::Sequence, &cut(text.as_bytes(), &places)), expected);
    }

    #[test]
    fn elements_are_those_of_the_array(
        values in prop::collection::vec(value(), 0..6),
        pretty in any::<bool>(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let array = serde_json::Value::from(values.clone());
        let text = if pretty { serde_json::to_string_pretty(&array).unwrap() } else { array.to_string() };
        let found = judged(Form::Detected, &cut(text.as_bytes(), &places)).unwrap();
        let found: Vec<serde_json::Value> = found.iter().map(|v| serde_json::from_str(v).unwrap()).collect();
        prop_assert_eq!(found, values);
    }

    #[test]
    fn what_is_no_sequence_is_refused(
        text in sequence(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"{}[],:\"\\ x1\0\xff".to_vec())), 1..4),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut text = text.into_bytes();
        for (place, byte) in edits {
            let place = place.index(text.len() + 1);
            text.insert(place, byte);
        }
        prop_assert_eq!(judged(Form::Sequence, &cut(&text, &places)), oracle(&text));
        // And an array is one if, and only if, serde_json reads it as one.
        let mut array = vec![b'['];
        array.extend_from_slice(&text);
        let is_array = serde_json::from_slice::<Vec<IgnoredAny>>(&array).is_ok();
        prop_assert_eq!(judged(Form::Detected, &cut(&array, &places)).is_some(), is_array);
    }
}

#[test]
fn borders_do_not_depend_on_where_the_text_is_cut() {
    let sequence = "{\"a\":\"\\\"}\"} [1,[2]]\"x\\\\\"12.5e3 true\nnull{}7";
    let expected = [
        "{\"a\":\"\\\"}\"}",
        "[1,[2]]",
        "\"x\\\\\"",
        "12.5e3",
        "true",
        "null",
        "{}",
        "7",
    ];
    let array = format!("\n[{}]\r\n", expected.join(" ,\t"));
    for (form, text) in [(Form::Sequence, sequence), (Form::Detected, &array)] {
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(split(form, 100, &bytes).unwrap(), expected);
        for place in 0..text.len() {
            let (start, end) = text.as_bytes().split_at(place);
            assert_eq!(
                split(form, 100, &[start, end]).unwrap(),
                expected,
                "{place}"
            );
        }
    }
}

#[test]
fn what_is_wrong_is_told() {
    let rows = [
        (
            Form::Sequence,
            "{},{}",
            "found the character ',', expected a JSON value (at byte 2 of the body)",
        ),
        (
            Form::Sequence,
            "{}\n]",
            "found the character ']', expected a JSON value (at byte 3 of the body)",
        ),
        (
            Form::Detected,
            "[1,]",
            "found the character ']', expected a JSON value (at byte 3 of the body)",
        ),
        (
            Form::Detected,
            "[,1]",
            "found the character ',', expected a JSON value or `]` (at byte 1 of the body)",
        ),
        (
            Form::Detected,
            "[1 é]",
            "found the character 'é', expected `,` or `]` (at byte 3 of the body)",
        ),
        (
            Form::Detected,
            "[] {}",
            "found the character '{', expected nothing behind the array (at byte 3 of the body)",
        ),
        (
            Form::Detected,
            "[{}",
            "the body ends, expected `,` or `]` (at byte 3 of the body)",
        ),
        (
            Form::Detected,
            "[{},",
            "the body ends, expected a JSON value (at byte 4 of the body)",
        ),
        (
            Form::Detected,
            "[",
            "the body ends, expected a JSON value or `]` (at byte 1 of the body)",
        ),
        (
            Form::Detected,
            "[1",
            "the body ends, expected the rest of its JSON value (at byte 2 of the body)",
        ),
        (
            Form::Sequence,
            "{\"a\":",
            "the body ends, expected the rest of its JSON value (at byte 5 of the body)",
        ),
        (
            Form::Sequence,
            "\"1234567890\"",
            "its JSON text exceeds the limit of 10 bytes",
        ),
    ];
    for (form, text, expected) in rows {
        let error = split(form, 10, &[text.as_bytes()]).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
    assert_eq!(split(Form::Detected, 10, &[b" [ ] "]).unwrap(), [""; 0]);
    assert_eq!(split(Form::Detected, 10, &[b"  "]).unwrap(), [""; 0]);
    assert_eq!(
        split(Form::Sequence, 10, &[b"[1]", b"[2]"]).unwrap(),
        ["[1]", "[2]"]
    );
}

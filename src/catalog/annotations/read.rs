//! An annotation's bytes to JSON, by a table: which field is which keyword, and what it holds.
//!
//! A field that is not in the table, or holds something else, is not said. Nesting is bounded by
//! [`DEPTH_MAX`]; maps come out sorted, whatever order the wire has them in.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::schema::record::{Packing, Record, Scalar};

/// Messages within messages at most.
const DEPTH_MAX: usize = 40;

/// Bytes of YAML at most; longer text is text.
const YAML_MAX: usize = 16 << 10;

/// The fields of a message that say something.
pub(super) type Table = &'static [Member];

/// One field.
pub(super) struct Member {
    pub(super) number: u32,
    /// The keyword; empty: the members of the value are members of the message itself.
    pub(super) key: &'static str,
    pub(super) form: Form,
}

/// What a field holds.
pub(super) enum Form {
    Text,
    Texts,
    Flag,
    /// A double.
    Real,
    /// An integer.
    Count,
    /// An enum; the names are by number, empty ones are not said.
    Choice(&'static [&'static str]),
    Choices(&'static [&'static str]),
    /// JSON in a string; else the string.
    Json,
    Jsons,
    /// gnostic's `Any`: YAML in a string.
    Yaml,
    Yamls,
    /// gnostic's `DefaultType`: a number, a boolean or a text.
    Default,
    Message(Table),
    Messages(Table),
    /// A protobuf map.
    Map(Table),
    TextMap,
    /// Extension keys: a protobuf map of `google.protobuf.Value`.
    ValueMap,
    /// gnostic's maps: a message with a list of names and values.
    Named(Table),
    NamedTexts,
    /// Extension keys: a list of names and YAML.
    NamedYaml,
    /// Security requirements: a message around names and lists of texts.
    Requirements,
}

pub(super) const fn member(number: u32, key: &'static str, form: Form) -> Member {
    Member { number, key, form }
}

/// What a message says.
pub(super) fn read(record: &Record, table: Table) -> Map<String, Value> {
    object(record, table, 0)
}

fn object(record: &Record, table: Table, depth: usize) -> Map<String, Value> {
    let mut out = Map::new();
    if depth > DEPTH_MAX {
        return out;
    }
    for Member { number, key, form } in table {
        let Some(value) = value(record, *number, form, depth) else {
            continue;
        };
        match (*key, value) {
            ("", Value::Object(members)) => out.extend(members),
            (key, value) => {
                out.insert(key.to_owned(), value);
            }
        }
    }
    out
}

fn value(record: &Record, number: u32, form: &Form, depth: usize) -> Option<Value> {
    record.last(number)?;
    let list = |values: Vec<Value>| (!values.is_empty()).then_some(Value::Array(values));
    match form {
        Form::Text => record.text(number).map(Value::from),
        Form::Texts => list(record.texts(number).into_iter().map(Value::from).collect()),
        Form::Flag => record.flag(number).then_some(Value::Bool(true)),
        Form::Real => match record.last(number)? {
            Scalar::Fixed64(bits) => real(f64::from_bits(*bits)),
            Scalar::Varint(_) | Scalar::Fixed32(_) | Scalar::Bytes(_) => None,
        },
        Form::Count => record.varint(number).map(Value::from),
        Form::Choice(names) => choice(record.varint(number)?, names),
        Form::Choices(names) => {
            let choices = record.list(number, Packing::Varint).into_iter();
            list(
                choices
                    .filter_map(|scalar| match scalar {
                        Scalar::Varint(value) => choice(value, names),
                        Scalar::Fixed64(_) | Scalar::Fixed32(_) | Scalar::Bytes(_) => None,
                    })
                    .collect(),
            )
        }
        Form::Json => record.text(number).map(json),
        Form::Jsons => list(record.texts(number).into_iter().map(json).collect()),
        Form::Yaml => record.message(number).and_then(|any| yaml(&any)),
        Form::Yamls => list(
            record
                .messages(number)
                .filter_map(|any| yaml(&any))
                .collect(),
        ),
        Form::Default => default(&record.message(number)?),
        Form::Message(table) => Some(object(&record.message(number)?, table, depth + 1).into()),
        Form::Messages(table) => list(
            record
                .messages(number)
                .map(|message| object(&message, table, depth + 1).into())
                .collect(),
        ),
        Form::Map(table) => Some(entries(record, number, |value| {
            Some(object(&value.message(2).unwrap_or_default(), table, depth + 1).into())
        })),
        Form::TextMap => Some(entries(record, number, |value| {
            Some(value.text(2).unwrap_or_default().into())
        })),
        Form::ValueMap => Some(extensions(entries(record, number, |entry| {
            structure(&entry.message(2)?, depth + 1)
        }))),
        Form::Named(table) => Some(entries(&record.message(number)?, 1, |value| {
            Some(object(&value.message(2)?, table, depth + 1).into())
        })),
        Form::NamedTexts => Some(entries(&record.message(number)?, 1, |value| {
            Some(value.text(2).unwrap_or_default().into())
        })),
        Form::NamedYaml => Some(extensions(entries(record, number, |value| {
            yaml(&value.message(2)?)
        }))),
        Form::Requirements => {
            let requirements = record.messages(number);
            list(
                requirements
                    .map(|one| {
                        entries(&one, 1, |entry| {
                            Some(entry.message(2).unwrap_or_default().texts(1).into())
                        })
                    })
                    .collect(),
            )
        }
    }
}

/// Names (field 1) and what is made of each entry, sorted; of a name that comes twice the last counts.
fn entries(record: &Record, number: u32, of: impl Fn(&Record) -> Option<Value>) -> Value {
    let sorted: BTreeMap<String, Value> = record
        .messages(number)
        .filter_map(|entry| Some((entry.text(1).unwrap_or_default(), of(&entry)?)))
        .collect();
    Value::Object(sorted.into_iter().collect())
}

/// Extension keys begin with `x-`; another would be a keyword in disguise.
fn extensions(entries: Value) -> Value {
    match entries {
        Value::Object(mut entries) => {
            entries.retain(|key, _| key.starts_with("x-"));
            Value::Object(entries)
        }
        other => other,
    }
}

fn real(value: f64) -> Option<Value> {
    // Below 2^53 each whole number is exactly itself; `5` reads better than `5.0`.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}

fn choice(number: u64, names: &[&str]) -> Option<Value> {
    let name = names.get(usize::try_from(number).ok()?)?;
    (!name.is_empty()).then(|| Value::from(*name))
}

fn json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// gnostic's `Any` carries YAML; its other half is bytes of nobody knows what.
fn yaml(any: &Record) -> Option<Value> {
    let text = any.text(2)?;
    if text.len() > YAML_MAX {
        return Some(Value::String(text));
    }
    if let Ok(value) = serde_json::from_str(&text) {
        return Some(value);
    }
    Some(serde_saphyr::from_str(&text).unwrap_or_else(|_| Value::from(text.trim())))
}

fn default(of: &Record) -> Option<Value> {
    let real = value(of, 1, &Form::Real, 0);
    let flag = of.varint(2).map(|value| Value::Bool(value != 0));
    real.or(flag).or_else(|| of.text(3).map(Value::from))
}

/// A `google.protobuf.Value`.
fn structure(of: &Record, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (number, scalar) = of.fields().filter(|(number, _)| *number <= 6).last()?;
    match (number, scalar) {
        (1, _) => Some(Value::Null),
        (2, Scalar::Fixed64(bits)) => real(f64::from_bits(*bits)),
        (3, Scalar::Bytes(_)) => of.text(3).map(Value::from),
        (4, Scalar::Varint(flag)) => Some(Value::Bool(*flag != 0)),
        (5, Scalar::Bytes(_)) => Some(entries(&of.message(5)?, 1, |entry| {
            structure(&entry.message(2)?, depth + 1)
        })),
        (6, Scalar::Bytes(_)) => Some(Value::Array(
            of.message(6)?
                .messages(1)
                .filter_map(|value| structure(&value, depth + 1))
                .collect(),
        )),
        _ => None,
    }
}

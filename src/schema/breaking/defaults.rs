//! Whether two defaults are one. A type may have changed as well, which has a rule of its own, so numbers
//! are compared as numbers, and texts as bytes.

use prost_reflect::Value;

/// True if no client can tell the defaults apart. No default is the zero of the type.
pub(super) fn is_same(old: &Value, new: &Value) -> bool {
    match (text(old), text(new)) {
        (Some(old), Some(new)) => return old == new,
        // A text beside a number: the same only where neither says anything.
        (Some(text), None) => return text.is_empty() && is_zero(new),
        (None, Some(text)) => return text.is_empty() && is_zero(old),
        (None, None) => {}
    }
    match (old, new) {
        // What is one number in 32 bits is not in 64.
        (Value::F32(single), Value::F64(double)) | (Value::F64(double), Value::F32(single)) => {
            #[allow(clippy::cast_possible_truncation)]
            let rounded = *double as f32;
            *single == rounded || (single.is_nan() && double.is_nan())
        }
        _ => match (number(old), number(new)) {
            (Some(old), Some(new)) => old == new,
            _ => old == new,
        },
    }
}

fn text(value: &Value) -> Option<&[u8]> {
    match value {
        Value::String(text) => Some(text.as_bytes()),
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// A number that is told from every other.
#[derive(PartialEq)]
enum Number {
    Whole(i128),
    Broken(f64),
    NaN,
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Bool(value) => Some(Number::Whole(i128::from(*value))),
        Value::I32(value) | Value::EnumNumber(value) => Some(Number::Whole(i128::from(*value))),
        Value::I64(value) => Some(Number::Whole(i128::from(*value))),
        Value::U32(value) => Some(Number::Whole(i128::from(*value))),
        Value::U64(value) => Some(Number::Whole(i128::from(*value))),
        Value::F32(value) => Some(float(f64::from(*value))),
        Value::F64(value) => Some(float(*value)),
        _ => None,
    }
}

/// Whole floats are whole numbers, as far as those of 64 bits go.
fn float(value: f64) -> Number {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    if value.is_nan() {
        Number::NaN
    } else if value.fract() == 0.0 && value.abs() < BEYOND {
        #[allow(clippy::cast_possible_truncation)]
        Number::Whole(value as i128)
    } else {
        Number::Broken(value)
    }
}

fn is_zero(value: &Value) -> bool {
    number(value) == Some(Number::Whole(0))
}

/// A default for people.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        Value::Message(_) | Value::List(_) | Value::Map(_) => "none".to_owned(),
    }
}

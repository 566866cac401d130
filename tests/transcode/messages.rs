//! Random messages of any descriptor, within what JSON can say.

use std::collections::HashMap;

use prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Syntax, Value,
};

use super::schemas::Dice;

/// Messages within messages at most.
const DEPTH: usize = 4;

/// A message with about half of its fields set.
pub(crate) fn message(dice: &mut Dice, descriptor: &MessageDescriptor) -> DynamicMessage {
    nested(dice, descriptor, DEPTH)
}

fn nested(dice: &mut Dice, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    let mut set = |dice: &mut Dice, number: u32, value: Value| {
        if dice.once_in(8) {
            return;
        }
        message.set_field_by_number(number, value);
    };
    let name = descriptor.full_name();
    match name.strip_prefix("google.protobuf.").unwrap_or_default() {
        "Timestamp" => {
            let seconds = dice.pick(&[-62_135_596_800, -1, 0, 951_782_400, 253_402_300_799]);
            set(dice, 1, Value::I64(seconds));
            let nanos = dice.pick(&[0, 1, 5_000, 120_000_000, 999_999_999]);
            set(dice, 2, Value::I32(nanos));
        }
        "Duration" => {
            let sign = dice.pick(&[-1, 1]);
            let seconds = dice.pick(&[0, 1, 90, 315_576_000_000]);
            set(dice, 1, Value::I64(sign * seconds));
            let nanos = dice.pick(&[0, 1, 5_000, 120_000_000, 999_999_999]);
            set(dice, 2, Value::I32(sign as i32 * nanos));
        }
        "FieldMask" => {
            let paths = (0..dice.below(4))
                .map(|_| dice.pick(&["a", "foo_bar.baz", "x1_y", "deep.er.path"]));
            let paths = paths.map(|path| Value::String(path.into())).collect();
            set(dice, 1, Value::List(paths));
        }
        "Value" => {
            let (number, value) = match dice.below(if depth == 0 { 4 } else { 6 }) {
                0 => (1, Value::EnumNumber(0)),
                1 => (2, Value::F64(finite(dice))),
                2 => (3, Value::String(text(dice))),
                3 => (4, Value::Bool(dice.once_in(2))),
                kind => {
                    let field = descriptor.get_field(kind as u32 + 1).unwrap();
                    (kind as u32 + 1, single(dice, &field.kind(), depth))
                }
            };
            message.set_field_by_number(number, value);
        }
        "Any" => {
            let pool = descriptor.parent_pool();
            let types: Vec<_> = pool
                .all_messages()
                .filter(|inner| {
                    inner.package_name() == "t" || inner.full_name().starts_with("google.protobuf.")
                })
                .filter(|inner| {
                    !inner.is_map_entry() && inner.full_name() != "google.protobuf.Value"
                })
                .filter(is_ours_or_known)
                .collect();
            let inner = types[dice.below(types.len())].clone();
            if depth > 0 && !dice.once_in(6) {
                let url = format!("type.googleapis.com/{}", inner.full_name());
                let payload = nested(dice, &inner, depth - 1).encode_to_vec();
                message.set_field_by_number(1, Value::String(url));
                message.set_field_by_number(2, Value::Bytes(payload.into()));
            } else {
                // Never empty: the judge cannot print an `Any` without a type.
                let url = "type.googleapis.com/google.protobuf.Empty".to_owned();
                message.set_field_by_number(1, Value::String(url));
            }
        }
        // The judge prints wrapped infinities as `null`.
        "FloatValue" => {
            let value = dice.pick(&[0.0, 1.5, 0.1, -3e38, 1e-45]);
            set(dice, 1, Value::F32(value));
        }
        "DoubleValue" => {
            let value = finite(dice);
            set(dice, 1, Value::F64(value));
        }
        _ => {
            for field in descriptor.fields() {
                if !dice.once_in(2)
                    && let Some(value) = value(dice, &field, depth)
                {
                    message.set_field(&field, value);
                }
            }
            for extension in descriptor.extensions() {
                if dice.once_in(2) && (depth > 0 || !is_message(&extension.kind())) {
                    let value = if extension.is_list() {
                        Value::List(vec![single(dice, &extension.kind(), depth); dice.below(3)])
                    } else {
                        single(dice, &extension.kind(), depth)
                    };
                    message.set_extension(&extension, value);
                }
            }
        }
    }
    message
}

fn is_ours_or_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "t"
        || matches!(
            message.name(),
            "Any" | "Timestamp" | "Duration" | "FieldMask" | "Struct" | "ListValue" | "Empty"
        )
        || message.parent_file().name() == "google/protobuf/wrappers.proto"
}

fn is_message(kind: &Kind) -> bool {
    matches!(kind, Kind::Message(_))
}

fn value(dice: &mut Dice, field: &FieldDescriptor, depth: usize) -> Option<Value> {
    if field.is_map() {
        let entry = field.kind();
        let entry = entry.as_message()?;
        let kind = entry.map_entry_value_field().kind();
        if depth == 0 && is_message(&kind) {
            return None;
        }
        let mut map = HashMap::new();
        for _ in 0..dice.below(4) {
            let key = match single(dice, &entry.map_entry_key_field().kind(), 0) {
                Value::Bool(key) => MapKey::Bool(key),
                Value::I32(key) => MapKey::I32(key),
                Value::I64(key) => MapKey::I64(key),
                Value::U32(key) => MapKey::U32(key),
                Value::U64(key) => MapKey::U64(key),
                Value::String(key) => MapKey::String(key),
                _ => return None,
            };
            map.insert(key, single(dice, &kind, depth));
        }
        return Some(Value::Map(map));
    }
    if depth == 0 && is_message(&field.kind()) {
        return None;
    }
    if field.is_list() {
        let count = dice.below(if is_message(&field.kind()) { 3 } else { 6 });
        return Some(Value::List(
            (0..count)
                .map(|_| single(dice, &field.kind(), depth))
                .collect(),
        ));
    }
    Some(single(dice, &field.kind(), depth))
}

fn single(dice: &mut Dice, kind: &Kind, depth: usize) -> Value {
    match kind {
        Kind::Double => Value::F64(double(dice)),
        Kind::Float => Value::F32(float(dice)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(if dice.once_in(2) {
            dice.roll() as i32
        } else {
            dice.pick(&[0, 1, -1, i32::MIN, i32::MAX])
        }),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(if dice.once_in(2) {
            dice.roll() as i64
        } else {
            dice.pick(&[0, 1, -1, i64::MIN, i64::MAX])
        }),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(if dice.once_in(2) {
            dice.roll() as u32
        } else {
            dice.pick(&[0, 1, u32::MAX])
        }),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(if dice.once_in(2) {
            dice.roll()
        } else {
            dice.pick(&[0, 1, u64::MAX])
        }),
        Kind::Bool => Value::Bool(dice.once_in(2)),
        Kind::String => Value::String(text(dice)),
        Kind::Bytes => {
            let bytes: Vec<u8> = (0..dice.below(9)).map(|_| dice.roll() as u8).collect();
            Value::Bytes(bytes.into())
        }
        Kind::Enum(of) if of.full_name() == "google.protobuf.NullValue" => Value::EnumNumber(0),
        Kind::Enum(of) => {
            // Unknown numbers of closed enums are fields unknown to us, and numbers to the judge.
            let open = of.parent_file().syntax() != Syntax::Proto2;
            let unknown = open && dice.once_in(6);
            let known: Vec<i32> = of.values().map(|value| value.number()).collect();
            Value::EnumNumber(if unknown { 77 } else { dice.pick(&known) })
        }
        Kind::Message(of) => Value::Message(nested(dice, of, depth.saturating_sub(1))),
    }
}

fn double(dice: &mut Dice) -> f64 {
    match dice.below(4) {
        0 => dice.pick(&[
            0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            5e-324,
        ]),
        _ => finite(dice),
    }
}

fn finite(dice: &mut Dice) -> f64 {
    let any = f64::from_bits(dice.roll());
    match dice.below(3) {
        0 if any.is_finite() => any,
        1 => (dice.roll() % 2_000_001) as f64 - 1_000_000.0,
        _ => (dice.roll() % 2_000_001) as f64 / 1_000.0,
    }
}

fn float(dice: &mut Dice) -> f32 {
    let any = f32::from_bits(dice.roll() as u32);
    match dice.below(4) {
        0 => dice.pick(&[
            0.0,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            1e-45,
        ]),
        1 if any.is_finite() => any,
        _ => (dice.roll() % 2_001) as f32 / 10.0,
    }
}

fn text(dice: &mut Dice) -> String {
    let pieces = [
        "plain",
        "",
        " ",
        "\"",
        "\\",
        "\n\t",
        "\u{1}",
        "é",
        "日本",
        "😀",
        "\u{2028}",
        "</script>",
        "/",
        "0123456789abcdef",
    ];
    (0..dice.below(5)).map(|_| dice.pick(&pieces)).collect()
}

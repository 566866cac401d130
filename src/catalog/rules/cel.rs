//! Rules in CEL: they are shown, not computed.

use std::collections::BTreeSet;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, Kind};

use super::{Cel, Rules, words};
use crate::schema::record::{Packing, Record, Scalar};

/// `(buf.validate.predefined)` on an extension of a rules message.
const PREDEFINED: u32 = 1160;

/// Extensions of rules messages begin here.
const EXTENSIONS: u32 = 1000;

/// The rules in one field, and those in another that are expressions alone.
pub(super) fn rules(record: &Record, rules: u32, expressions: u32) -> Vec<Cel> {
    let alone = record.texts(expressions).into_iter().map(|expression| Cel {
        id: String::new(),
        message: String::new(),
        expression,
    });
    let mut out: Vec<_> = record.messages(rules).map(|rule| read(&rule)).collect();
    out.extend(alone);
    out
}

fn read(rule: &Record) -> Cel {
    let text = |number| rule.text(number).unwrap_or_default();
    Cel {
        id: text(1),
        message: text(2),
        expression: text(3),
    }
}

/// Rules that somebody defined as extensions of protovalidate's own, with the values they have here.
pub(super) fn predefined(record: &Record, name: &str, pool: &DescriptorPool, out: &mut Rules) {
    let numbers: BTreeSet<u32> = record
        .fields()
        .map(|(number, _)| number)
        .filter(|number| *number >= EXTENSIONS)
        .collect();
    if numbers.is_empty() {
        return;
    }
    let Some(extended) = pool.get_message_by_name(&format!("buf.validate.{name}")) else {
        return;
    };
    for number in numbers {
        let Some(extension) = extended.get_extension(number) else {
            continue;
        };
        let Some(rules) = Record::of_options(|| extension.options()).message(PREDEFINED) else {
            continue;
        };
        let value = value(record, &extension);
        for rule in rules.messages(1).map(|rule| read(&rule)) {
            let what = format!("{} = {value}", extension.full_name());
            out.say(match rule.message.as_str() {
                "" => what,
                message => format!("{message} ({what})"),
            });
            out.cel.push(rule);
        }
    }
}

/// What the rule is given: `rule` in its expression.
fn value(record: &Record, extension: &ExtensionDescriptor) -> String {
    let kind = extension.kind();
    let packing = match kind {
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Packing::Fixed32,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Packing::Fixed64,
        _ => Packing::Varint,
    };
    let number = extension.number();
    let texts: Vec<_> = match kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => record
            .all_bytes(number)
            .map(|bytes| text(&Scalar::Bytes(bytes.clone()), &kind))
            .collect(),
        _ => {
            let list = record.list(number, packing);
            list.iter().map(|scalar| text(scalar, &kind)).collect()
        }
    };
    if extension.is_list() {
        words::all(&texts)
    } else {
        texts
            .last()
            .map_or_else(String::new, |one| words::quote(one))
    }
}

fn text(scalar: &Scalar, kind: &Kind) -> String {
    match (kind, scalar) {
        (Kind::Bool, Scalar::Varint(value)) => (*value != 0).to_string(),
        (Kind::Enum(of), Scalar::Varint(value)) => of
            .get_value(*value as i32)
            .map_or_else(|| value.to_string(), |value| value.name().to_owned()),
        (Kind::Uint32 | Kind::Uint64, Scalar::Varint(value)) => value.to_string(),
        (Kind::Sint32 | Kind::Sint64, Scalar::Varint(value)) => {
            ((value >> 1) as i64 ^ -((value & 1) as i64)).to_string()
        }
        (_, Scalar::Varint(value)) => (*value as i64).to_string(),
        (Kind::Float, Scalar::Fixed32(value)) => f32::from_bits(*value).to_string(),
        (Kind::Sfixed32, Scalar::Fixed32(value)) => (*value as i32).to_string(),
        (_, Scalar::Fixed32(value)) => value.to_string(),
        (Kind::Double, Scalar::Fixed64(value)) => f64::from_bits(*value).to_string(),
        (Kind::Sfixed64, Scalar::Fixed64(value)) => (*value as i64).to_string(),
        (_, Scalar::Fixed64(value)) => value.to_string(),
        (Kind::String, Scalar::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        (_, Scalar::Bytes(bytes)) => format!("{} bytes", bytes.len()),
    }
}

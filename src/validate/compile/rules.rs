//! The rules of one type: which values they are about, and what they ask.

use std::sync::Arc;

use prost_reflect::{FieldDescriptor, Kind as Described};

use super::expression::{self, About, EXTENSIONS};
use super::number::{self, Of};
use super::{Collected, Compiled, Fault, steps, text, words};
use crate::schema::record::{Packing, Record, Scalar};
use crate::validate::judge::{Moment, Number, Paths, Test, Wanted};
use crate::validate::plan::{Check, Kind, Known};
use crate::validate::violation::RuleStep;

/// A value that rules are about.
pub(super) struct Subject<'s> {
    pub(super) kind: Kind,
    pub(super) descriptor: &'s FieldDescriptor,
    pub(super) about: About,
    /// From `FieldRules` to the rules of this value.
    pub(super) path: &'s [RuleStep],
}

/// A type of rules: its number in `FieldRules`, its field's name and its message's name.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub(super) number: u32,
    pub(super) name: &'static str,
    pub(super) message: &'static str,
}

const fn of(number: u32, name: &'static str, message: &'static str) -> Type {
    Type {
        number,
        name,
        message,
    }
}

/// The names of all types, for errors.
pub(super) fn name_of_type(number: u32) -> String {
    match number {
        18 => "repeated".to_owned(),
        19 => "map".to_owned(),
        _ => ALL
            .iter()
            .find(|known| known.number == number)
            .map_or_else(|| format!("number {number}"), |known| known.name.to_owned()),
    }
}

const ALL: [Type; 20] = [
    of(1, "float", "FloatRules"),
    of(2, "double", "DoubleRules"),
    of(3, "int32", "Int32Rules"),
    of(4, "int64", "Int64Rules"),
    of(5, "uint32", "UInt32Rules"),
    of(6, "uint64", "UInt64Rules"),
    of(7, "sint32", "SInt32Rules"),
    of(8, "sint64", "SInt64Rules"),
    of(9, "fixed32", "Fixed32Rules"),
    of(10, "fixed64", "Fixed64Rules"),
    of(11, "sfixed32", "SFixed32Rules"),
    of(12, "sfixed64", "SFixed64Rules"),
    of(13, "bool", "BoolRules"),
    of(14, "string", "StringRules"),
    of(15, "bytes", "BytesRules"),
    of(16, "enum", "EnumRules"),
    of(20, "any", "AnyRules"),
    of(21, "duration", "DurationRules"),
    of(22, "timestamp", "TimestampRules"),
    of(28, "field_mask", "FieldMaskRules"),
];

/// The number of the type of rules for a kind of values; none for a message that has none.
const fn number_of(kind: Kind) -> Option<u32> {
    Some(match kind {
        Kind::Float => 1,
        Kind::Double => 2,
        Kind::Int32 => 3,
        Kind::Int64 => 4,
        Kind::Uint32 => 5,
        Kind::Uint64 => 6,
        Kind::Sint32 => 7,
        Kind::Sint64 => 8,
        Kind::Fixed32 => 9,
        Kind::Fixed64 => 10,
        Kind::Sfixed32 => 11,
        Kind::Sfixed64 => 12,
        Kind::Bool => 13,
        Kind::String => 14,
        Kind::Bytes => 15,
        Kind::Enum => 16,
        Kind::Message(Known::Any) => 20,
        Kind::Message(Known::Duration) => 21,
        Kind::Message(Known::Timestamp) => 22,
        Kind::Message(Known::FieldMask) => 28,
        Kind::Message(Known::Wrapper(wrapped)) => return number_of(wrapped.kind()),
        Kind::Message(Known::None) | Kind::Group => return None,
    })
}

impl Subject<'_> {
    /// Rules of this type are about such values.
    pub(super) fn takes(&self, number: u32) -> bool {
        number_of(self.kind) == Some(number)
    }

    pub(super) fn mismatch(&self, number: u32) -> Fault {
        let found = name_of_type(number);
        let expected = number_of(self.kind).map_or_else(
            || "none were expected, since it is a message".to_owned(),
            |number| format!("rules of type {} were expected", name_of_type(number)),
        );
        Fault::new(
            &*found,
            format!("the value is not of this type; {expected}"),
        )
    }

    fn own_type(&self) -> Option<Type> {
        let number = number_of(self.kind)?;
        ALL.iter().find(|known| known.number == number).copied()
    }

    /// A check of this type, by the number of the rule.
    pub(super) fn check(
        &self,
        of: Type,
        number: u32,
        id: &str,
        description: impl Into<Arc<str>>,
        test: Test,
    ) -> Check {
        Check {
            test,
            id: format!("{}.{id}", of.name).into(),
            description: description.into(),
            rule: steps(self.path, &[(of.number, None), (number, None)]),
        }
    }
}

/// Compiles the rules of a value's type.
pub(super) fn of_type(subject: &Subject<'_>, rules: &Record, out: &mut Collected) -> Compiled<()> {
    let Some(of) = subject.own_type() else {
        return Ok(());
    };
    let known: &[u32] = match of.number {
        1 | 2 => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        3 | 5..=12 => &[1, 2, 3, 4, 5, 6, 7, 8],
        4 => &[1, 2, 3, 4, 5, 6, 7, 9],
        13 | 20 => &[1, 2, 3],
        14 => text::STRING,
        15 => text::BYTES,
        16 => &[1, 2, 3, 4, 5],
        21 => &[2, 3, 4, 5, 6, 7, 8, 9],
        22 => &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        _ => &[1, 2, 3, 4],
    };
    for (number, _) in rules.fields() {
        if number < EXTENSIONS && !known.contains(&number) {
            return Err(Fault::new(
                format!("{}, number {number}", of.name),
                "it is no rule that is known here",
            ));
        }
    }
    match of.number {
        1..=12 => numbers(subject, of, rules, out),
        13 => {
            if let Some(wanted) = rules.varint(1) {
                let wanted = wanted != 0;
                let description = format!("must equal {wanted}");
                out.checks
                    .push(subject.check(of, 1, "const", description, Test::Bool(wanted)));
            }
        }
        14 => text::string(subject, of, rules, out)?,
        15 => text::bytes(subject, of, rules, out)?,
        16 => enumeration(subject, of, rules, out),
        20 => any(subject, of, rules, out),
        21 => {
            times(subject, of, rules, words::duration, out);
            let lists = [(7, Wanted::In), (8, Wanted::NotIn)];
            for (number, wanted) in lists {
                let list: Vec<i128> = rules.messages(number).map(|span| nanos(&span)).collect();
                if list.is_empty() {
                    continue;
                }
                let texts = list.iter().map(|nanos| words::duration(*nanos));
                let (id, description) = number::listed(wanted, texts);
                let test = Test::Nanos(Number::List(list.into(), wanted));
                out.checks
                    .push(subject.check(of, number, id, description, test));
            }
        }
        22 => {
            times(subject, of, rules, words::moment, out);
            moments(subject, of, rules, out);
        }
        _ => field_mask(subject, of, rules, out),
    }
    expression::predefined(
        rules,
        of.message,
        of.number,
        subject.path,
        &subject.about,
        out,
    )
}

fn numbers(subject: &Subject<'_>, of: Type, rules: &Record, out: &mut Collected) {
    let varint = Packing::Varint;
    match of.number {
        1 => number::all(
            subject,
            of,
            rules,
            Of {
                packing: Packing::Fixed32,
                read: |scalar| match scalar {
                    Scalar::Fixed32(bits) => Some(f64::from(f32::from_bits(*bits))),
                    _ => None,
                },
                wrap: Test::Double,
                words: |value: &f64| number::double(*value),
            },
            out,
        ),
        2 => number::all(
            subject,
            of,
            rules,
            Of {
                packing: Packing::Fixed64,
                read: |scalar| match scalar {
                    Scalar::Fixed64(bits) => Some(f64::from_bits(*bits)),
                    _ => None,
                },
                wrap: Test::Double,
                words: |value: &f64| number::double(*value),
            },
            out,
        ),
        5 | 6 | 9 | 10 => number::all(
            subject,
            of,
            rules,
            Of {
                packing: match of.number {
                    9 => Packing::Fixed32,
                    10 => Packing::Fixed64,
                    _ => varint,
                },
                read: |scalar| match scalar {
                    Scalar::Varint(value) | Scalar::Fixed64(value) => Some(*value),
                    Scalar::Fixed32(value) => Some((*value).into()),
                    Scalar::Bytes(_) => None,
                },
                wrap: Test::Uint,
                words: u64::to_string,
            },
            out,
        ),
        _ => number::all(
            subject,
            of,
            rules,
            Of {
                packing: match of.number {
                    11 => Packing::Fixed32,
                    12 => Packing::Fixed64,
                    _ => varint,
                },
                read: match of.number {
                    7 | 8 => |scalar| match scalar {
                        Scalar::Varint(bits) => Some((bits >> 1) as i64 ^ -((bits & 1) as i64)),
                        _ => None,
                    },
                    _ => |scalar| match scalar {
                        Scalar::Varint(bits) | Scalar::Fixed64(bits) => Some(*bits as i64),
                        Scalar::Fixed32(bits) => Some((*bits as i32).into()),
                        Scalar::Bytes(_) => None,
                    },
                },
                wrap: Test::Int,
                words: i64::to_string,
            },
            out,
        ),
    }
    if matches!(of.number, 1 | 2) && rules.flag(8) {
        out.checks
            .push(subject.check(of, 8, "finite", "must be finite", Test::Finite));
    }
}

fn enumeration(subject: &Subject<'_>, of: Type, rules: &Record, out: &mut Collected) {
    if let Some(wanted) = rules.varint(1) {
        let wanted = i64::from(wanted as i32);
        let test = Test::Int(Number::Is(wanted));
        out.checks
            .push(subject.check(of, 1, "const", format!("must equal {wanted}"), test));
    }
    if rules.flag(2)
        && let Described::Enum(own) = subject.descriptor.kind()
    {
        let mut numbers: Vec<i32> = own.values().map(|value| value.number()).collect();
        numbers.sort_unstable();
        let description = "value must be one of the defined enum values";
        let test = Test::Defined(numbers.into());
        out.checks
            .push(subject.check(of, 2, "defined_only", description, test));
    }
    for (number, wanted) in [(3, Wanted::In), (4, Wanted::NotIn)] {
        let list: Vec<i64> = rules
            .list(number, Packing::Varint)
            .iter()
            .filter_map(|scalar| match scalar {
                Scalar::Varint(bits) => Some(i64::from(*bits as i32)),
                _ => None,
            })
            .collect();
        if !list.is_empty() {
            let (id, description) = number::listed(wanted, &list);
            let test = Test::Int(Number::List(list.into(), wanted));
            out.checks
                .push(subject.check(of, number, id, description, test));
        }
    }
}

fn any(subject: &Subject<'_>, of: Type, rules: &Record, out: &mut Collected) {
    for (number, wanted, id, description) in [
        (2, Wanted::In, "in", "type URL must be in the allow list"),
        (
            3,
            Wanted::NotIn,
            "not_in",
            "type URL must not be in the block list",
        ),
    ] {
        let list = rules.texts(number);
        if !list.is_empty() {
            let test = Test::TypeUrl(list.into(), wanted);
            out.checks
                .push(subject.check(of, number, id, description, test));
        }
    }
}

/// `const`, and the bounds.
fn times(
    subject: &Subject<'_>,
    of: Type,
    rules: &Record,
    said: fn(i128) -> String,
    out: &mut Collected,
) {
    if let Some(wanted) = rules.message(2) {
        let wanted = nanos(&wanted);
        let description = format!("must equal {}", said(wanted));
        let test = Test::Nanos(Number::Is(wanted));
        out.checks
            .push(subject.check(of, 2, "const", description, test));
    }
    let bound = |number| rules.message(number).map(|of| nanos(&of));
    let bounds = number::Bounds {
        lt: (3, bound(3)),
        lte: (4, bound(4)),
        gt: (5, bound(5)),
        gte: (6, bound(6)),
    };
    if let Some((number, id, description, range)) = bounds.range(|nanos| said(*nanos)) {
        let test = Test::Nanos(Number::Range(range));
        out.checks
            .push(subject.check(of, number, &id, description, test));
    }
}

fn moments(subject: &Subject<'_>, of: Type, rules: &Record, out: &mut Collected) {
    if rules.flag(7) {
        let test = Test::Moment(Moment::BeforeNow);
        out.checks
            .push(subject.check(of, 7, "lt_now", "must be less than now", test));
    }
    if rules.flag(8) {
        let test = Test::Moment(Moment::AfterNow);
        out.checks
            .push(subject.check(of, 8, "gt_now", "must be greater than now", test));
    }
    if let Some(span) = rules.message(9) {
        let span = nanos(&span);
        let description = format!("must be within {} of now", words::duration(span));
        let test = Test::Moment(Moment::Within(span));
        out.checks
            .push(subject.check(of, 9, "within", description, test));
    }
}

fn field_mask(subject: &Subject<'_>, of: Type, rules: &Record, out: &mut Collected) {
    if let Some(wanted) = rules.message(1) {
        let paths = wanted.texts(1);
        let description = format!("must equal paths {}", words::bracketed(&paths));
        let test = Test::Paths(Paths::Is(paths.into()));
        out.checks
            .push(subject.check(of, 1, "const", description, test));
    }
    for (number, wanted, id, words) in [
        (2, Wanted::In, "in", "must only contain paths in"),
        (3, Wanted::NotIn, "not_in", "must not contain any paths in"),
    ] {
        let list = rules.texts(number);
        if !list.is_empty() {
            let description = format!("{words} {}", words::bracketed(&list));
            let test = Test::Paths(Paths::Beneath(list.into(), wanted));
            out.checks
                .push(subject.check(of, number, id, description, test));
        }
    }
}

/// A duration or timestamp in nanoseconds.
fn nanos(of: &Record) -> i128 {
    let seconds = of.varint(1).unwrap_or(0) as i64;
    let rest = of.varint(2).unwrap_or(0) as i32;
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

//! Rules of numbers. Those that JSON writes as text, and a map's keys, have bounds only in words and as
//! `x-minimum` and `x-maximum`.

use std::cmp::Ordering;

use prost_reflect::Kind;
use serde_json::{Number, Value, json};

use super::target::{Role, is_text};
use super::{Rules, words};
use crate::schema::record::{Packing, Record, Scalar};

/// A bound or value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Num {
    Int(i128),
    Real(f64),
}

/// One end of a range.
#[derive(Clone, Copy, Debug)]
struct Bound {
    value: Num,
    /// The value itself is in.
    inclusive: bool,
}

pub(super) fn read(record: &Record, kind: &Kind, role: Role, rules: &mut Rules) {
    let text = role == Role::Key || is_text(kind);
    let one = |number| record.last(number).and_then(|scalar| num(scalar, kind));
    let many = |number| -> Vec<Num> {
        let list = record.list(number, packing(kind));
        list.iter().filter_map(|scalar| num(scalar, kind)).collect()
    };
    if let Some(value) = one(1) {
        rules.say(format!("exactly {}", value.text()));
        if let Some(value) = value.json(text) {
            rules.keyword("const", value);
        }
    }
    let bound = |open, closed| {
        let one_of = |number, inclusive| one(number).map(|value| Bound { value, inclusive });
        one_of(open, false).or_else(|| one_of(closed, true))
    };
    range(bound(4, 5), bound(2, 3), text, rules);
    let values = many(6);
    if !values.is_empty() {
        let texts: Vec<_> = values.iter().map(|value| value.text()).collect();
        rules.say(format!("one of {}", words::all(&texts)));
        let values: Vec<_> = values.iter().filter_map(|value| value.json(text)).collect();
        rules.keyword("enum", values);
    }
    let values = many(7);
    if !values.is_empty() {
        let texts: Vec<_> = values.iter().map(|value| value.text()).collect();
        rules.say(format!("none of {}", words::all(&texts)));
        let values: Vec<_> = values.iter().filter_map(|value| value.json(text)).collect();
        rules.keyword("not", json!({ "enum": values }));
    }
    let real = matches!(kind, Kind::Float | Kind::Double);
    if real && record.flag(8) {
        rules.say("finite");
    }
    let example = if real || *kind == Kind::Int64 { 9 } else { 8 };
    let examples = many(example);
    rules
        .examples
        .extend(examples.iter().filter_map(|value| value.json(text)));
}

/// Between two bounds; an upper one below the lower one means what is outside of both.
fn range(lower: Option<Bound>, upper: Option<Bound>, text: bool, rules: &mut Rules) {
    if let (Some(lower), Some(upper)) = (lower, upper)
        && upper.value.order(lower.value) == Some(Ordering::Less)
    {
        rules.say(format!("{} or {}", upper.below(), lower.above()));
        if let (false, Some(low), Some(high)) =
            (text, upper.value.json(false), lower.value.json(false))
        {
            let (low_key, high_key) = (upper.maximum(), lower.minimum());
            rules.keyword("anyOf", json!([{low_key: low}, {high_key: high}]));
        }
        return;
    }
    if let Some(lower) = lower {
        rules.say(lower.above());
        if text {
            if let Some(value) = lower.nearest(1) {
                rules.keyword("x-minimum", value);
            }
        } else if let Some(value) = lower.value.json(false) {
            rules.keyword(lower.minimum(), value);
        }
    }
    if let Some(upper) = upper {
        rules.say(upper.below());
        if text {
            if let Some(value) = upper.nearest(-1) {
                rules.keyword("x-maximum", value);
            }
        } else if let Some(value) = upper.value.json(false) {
            rules.keyword(upper.maximum(), value);
        }
    }
}

impl Bound {
    fn above(self) -> String {
        let words = if self.inclusive {
            "at least"
        } else {
            "greater than"
        };
        format!("{words} {}", self.value.text())
    }

    fn below(self) -> String {
        let words = if self.inclusive {
            "at most"
        } else {
            "less than"
        };
        format!("{words} {}", self.value.text())
    }

    const fn minimum(self) -> &'static str {
        if self.inclusive {
            "minimum"
        } else {
            "exclusiveMinimum"
        }
    }

    const fn maximum(self) -> &'static str {
        if self.inclusive {
            "maximum"
        } else {
            "exclusiveMaximum"
        }
    }

    /// The nearest whole number that is in, as text.
    fn nearest(self, step: i128) -> Option<String> {
        match self.value {
            Num::Int(value) if self.inclusive => Some(value.to_string()),
            Num::Int(value) => Some(value.saturating_add(step).to_string()),
            Num::Real(_) => None,
        }
    }
}

impl Num {
    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => Some(one.cmp(&other)),
            (Self::Real(one), Self::Real(other)) => one.partial_cmp(&other),
            (Self::Int(_), Self::Real(_)) | (Self::Real(_), Self::Int(_)) => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Real(value) if value == f64::INFINITY => "Infinity".to_owned(),
            Self::Real(value) if value == f64::NEG_INFINITY => "-Infinity".to_owned(),
            Self::Real(value) => value.to_string(),
        }
    }

    /// As JSON writes it; nothing for what is not finite.
    fn json(self, text: bool) -> Option<Value> {
        match self {
            Self::Int(value) if text => Some(value.to_string().into()),
            Self::Int(value) => i64::try_from(value).ok().map(Value::from),
            // Below 2^53 each whole number is exactly itself; `5` reads better than `5.0`.
            Self::Real(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => {
                Some(Value::from(value as i64))
            }
            Self::Real(value) => Number::from_f64(value).map(Value::Number),
        }
    }
}

const fn packing(kind: &Kind) -> Packing {
    match kind {
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Packing::Fixed32,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Packing::Fixed64,
        _ => Packing::Varint,
    }
}

/// A value off the wire; none if it is not of the kind.
fn num(scalar: &Scalar, kind: &Kind) -> Option<Num> {
    Some(match (kind, scalar) {
        (Kind::Int32 | Kind::Int64, Scalar::Varint(value)) => Num::Int(i128::from(*value as i64)),
        (Kind::Uint32 | Kind::Uint64, Scalar::Varint(value)) => Num::Int(i128::from(*value)),
        (Kind::Sint32 | Kind::Sint64, Scalar::Varint(value)) => {
            Num::Int(i128::from((value >> 1) as i64 ^ -((value & 1) as i64)))
        }
        (Kind::Fixed32, Scalar::Fixed32(value)) => Num::Int(i128::from(*value)),
        (Kind::Sfixed32, Scalar::Fixed32(value)) => Num::Int(i128::from(*value as i32)),
        (Kind::Fixed64, Scalar::Fixed64(value)) => Num::Int(i128::from(*value)),
        (Kind::Sfixed64, Scalar::Fixed64(value)) => Num::Int(i128::from(*value as i64)),
        // The shortest decimal that is this float, and not what it is as a double.
        (Kind::Float, Scalar::Fixed32(value)) => {
            Num::Real(f32::from_bits(*value).to_string().parse().ok()?)
        }
        (Kind::Double, Scalar::Fixed64(value)) => Num::Real(f64::from_bits(*value)),
        _ => return None,
    })
}

//! The rules of one field.

use std::collections::HashMap;

use prost_reflect::{Cardinality, FieldDescriptor, Kind as Described};

use super::expression::About;
use super::rules::{Subject, of_type};
use super::{Collected, Compiled, Fault, expression, known, steps};
use crate::schema::record::Record;
use crate::validate::judge::{Count, Test};
use crate::validate::plan::{Check, Field, Shape, Value};
use crate::validate::violation::RuleStep;

/// `FieldRules.cel`, and `.cel_expression`.
const CEL: u32 = 23;
const CEL_EXPRESSION: u32 = 29;
const REQUIRED: u32 = 25;
const IGNORE: u32 = 27;
const REPEATED: u32 = 18;
const MAP: u32 = 19;

/// What is no type of rules.
const OTHERS: [u32; 6] = [CEL, CEL_EXPRESSION, REQUIRED, IGNORE, 24, 26];

/// Rules within rules at most.
const DEPTH_MAX: usize = 4;

/// When rules do not count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ignore {
    Never,
    IfZero,
    Always,
}

/// Number 1 and 2 of the enum have both meant "if nothing is there"; 24 and 26 are what came before it.
fn ignore(rules: &Record) -> Compiled<Ignore> {
    match rules.varint(IGNORE) {
        Some(3) => Ok(Ignore::Always),
        _ if rules.flag(24) => Ok(Ignore::Always),
        Some(1 | 2) => Ok(Ignore::IfZero),
        _ if rules.flag(26) => Ok(Ignore::IfZero),
        None | Some(0) => Ok(Ignore::Never),
        Some(number) => Err(Fault::new(
            "ignore",
            format!("it has the value {number}; 0 to 3 are known"),
        )),
    }
}

/// Compiles a field.
pub(super) fn field(
    field: &FieldDescriptor,
    mut rules: Record,
    ids: &HashMap<String, usize>,
) -> Compiled<Field> {
    let mut ids = Some(ids);
    let mut ignore = ignore(&rules)?;
    if ignore == Ignore::Always {
        rules = Record::default();
        ids = None;
        ignore = Ignore::Never;
    }
    let value =
        |about: &FieldDescriptor, rules: &Record, path: &[RuleStep], place: &FieldDescriptor| {
            element(about, rules, path, place, ids)
        };
    let about = About::field(field);
    let mut whole = Collected::default();
    let (shape, value) = if field.is_map() {
        let kind = field.kind();
        let entry = kind
            .as_message()
            .ok_or_else(|| Fault::new("map", "it has no entries"))?;
        let of = typed(&rules, MAP, "map")?;
        known_numbers(&of, &[1, 2, 4, 5], "map")?;
        count(&of, Counted::MAP, &mut whole);
        let of_keys = of.message(4).unwrap_or_default();
        let of_values = of.message(5).unwrap_or_default();
        let keys = value(
            &entry.map_entry_key_field(),
            &of_keys,
            &path(&[MAP, 4]),
            field,
        )?;
        let values = value(
            &entry.map_entry_value_field(),
            &of_values,
            &path(&[MAP, 5]),
            field,
        )?;
        expression::predefined(&of, "MapRules", MAP, &[], &about, &mut whole)?;
        (Shape::Map(Box::new(keys)), values)
    } else if field.is_list() {
        let of = typed(&rules, REPEATED, "repeated")?;
        known_numbers(&of, &[1, 2, 3, 4], "repeated")?;
        count(&of, Counted::REPEATED, &mut whole);
        if of.flag(3) {
            if matches!(field.kind(), Described::Message(_)) {
                let reason = "its elements are messages; scalars were expected";
                return Err(Fault::new("repeated.unique", reason));
            }
            whole.checks.push(Check {
                test: Test::Unique,
                id: "repeated.unique".into(),
                description: "repeated value must contain unique items".into(),
                rule: steps(&[], &[(REPEATED, None), (3, None)]),
            });
        }
        let of_items = of.message(4).unwrap_or_default();
        let items = value(field, &of_items, &path(&[REPEATED, 4]), field)?;
        expression::predefined(&of, "RepeatedRules", REPEATED, &[], &about, &mut whole)?;
        (Shape::List, items)
    } else {
        // The rules of a field by itself are those of its value.
        (Shape::Single, value(field, &rules, &[], field)?)
    };
    if !matches!(shape, Shape::Single) {
        whole.programs.splice(
            0..0,
            expression::own(&rules, CEL, CEL_EXPRESSION, &about, Some(&[]))?,
        );
    }
    Ok(Field {
        number: field.number(),
        name: name_of(field),
        shape,
        presence: has_presence(field),
        oneof: None,
        required: rules.flag(REQUIRED),
        spares_zero: ignore == Ignore::IfZero,
        whole: whole.checks.into(),
        programs: whole.programs.into(),
        value,
        default: default(field),
        descriptor: field.clone(),
    })
}

/// A group is known by the name of its message, as in text.
fn name_of(field: &FieldDescriptor) -> std::sync::Arc<str> {
    field.name().into()
}

fn has_presence(field: &FieldDescriptor) -> bool {
    field.cardinality() == Cardinality::Required || field.supports_presence()
}

/// An enum that does not begin with zero is its first value where nothing is.
fn default(field: &FieldDescriptor) -> u64 {
    match field.kind() {
        Described::Enum(of) if !has_presence(field) => {
            u64::from(of.default_value().number() as u32)
        }
        _ => 0,
    }
}

/// Compiles the rules of a value: a field's own, an element's, a key's, or that of a map's value.
fn element(
    about: &FieldDescriptor,
    rules: &Record,
    path: &[RuleStep],
    place: &FieldDescriptor,
    ids: Option<&HashMap<String, usize>>,
) -> Compiled<Value> {
    if path.len() > DEPTH_MAX {
        return Err(Fault::new("items", "rules stand too deep in rules"));
    }
    let ignore = ignore(rules)?;
    let nothing = Record::default();
    let (rules, ids) = match ignore {
        Ignore::Always => (&nothing, None),
        Ignore::Never | Ignore::IfZero => (rules, ids),
    };
    let kind = known::kind(about);
    let subject = Subject {
        kind,
        descriptor: about,
        about: About::element(about, place),
        path,
    };
    let mut collected = Collected::default();
    let own = expression::own(rules, CEL, CEL_EXPRESSION, &subject.about, Some(path))?;
    collected.programs.extend(own);
    for (number, _) in rules
        .fields()
        .filter(|(number, _)| !OTHERS.contains(number))
    {
        if !subject.takes(number) {
            return Err(subject.mismatch(number));
        }
    }
    if let Some((number, _)) = rules.fields().find(|(number, _)| !OTHERS.contains(number)) {
        of_type(
            &subject,
            &rules.message(number).unwrap_or_default(),
            &mut collected,
        )?;
    }
    let child = match about.kind() {
        Described::Message(of) => ids.and_then(|ids| ids.get(of.full_name()).copied()),
        _ => None,
    };
    Ok(Value {
        kind,
        spares_zero: ignore == Ignore::IfZero,
        checks: collected.checks.into(),
        programs: collected.programs.into(),
        child,
        descriptor: about.clone(),
    })
}

/// The rules of a list or map; rules of another type are a mistake.
fn typed(rules: &Record, number: u32, name: &str) -> Compiled<Record> {
    for (other, _) in rules.fields() {
        if other != number && !OTHERS.contains(&other) {
            return Err(Fault::new(
                super::rules::name_of_type(other),
                format!("the field is not of this type; rules of type {name} were expected"),
            ));
        }
    }
    Ok(rules.message(number).unwrap_or_default())
}

fn known_numbers(rules: &Record, known: &[u32], name: &str) -> Compiled<()> {
    let own = rules
        .fields()
        .filter(|(number, _)| *number < expression::EXTENSIONS);
    for (number, _) in own {
        if !known.contains(&number) {
            return Err(Fault::new(
                format!("{name}, number {number}"),
                "it is no rule that is known here",
            ));
        }
    }
    Ok(())
}

fn path(numbers: &[u32]) -> Vec<RuleStep> {
    let step = |&number: &u32| RuleStep {
        number,
        index: None,
    };
    numbers.iter().map(step).collect()
}

/// How the rules of a size are called.
#[derive(Clone, Copy)]
struct Counted {
    number: u32,
    least: (&'static str, [&'static str; 2]),
    most: (&'static str, [&'static str; 2]),
}

impl Counted {
    const REPEATED: Self = Self {
        number: REPEATED,
        least: ("repeated.min_items", ["must contain at least ", " item(s)"]),
        most: (
            "repeated.max_items",
            ["must contain no more than ", " item(s)"],
        ),
    };
    const MAP: Self = Self {
        number: MAP,
        least: ("map.min_pairs", ["map must be at least ", " entries"]),
        most: ("map.max_pairs", ["map must be at most ", " entries"]),
    };
}

fn count(rules: &Record, counted: Counted, out: &mut Collected) {
    let mut push =
        |count: Count, at: u32, value: u64, (id, [before, behind]): (&str, [&str; 2])| {
            out.checks.push(Check {
                test: Test::Count(count),
                id: id.into(),
                description: format!("{before}{value}{behind}").into(),
                rule: steps(&[], &[(counted.number, None), (at, None)]),
            });
        };
    if let Some(least) = rules.varint(1) {
        push(Count::AtLeast(least), 1, least, counted.least);
    }
    if let Some(most) = rules.varint(2) {
        push(Count::AtMost(most), 2, most, counted.most);
    }
}

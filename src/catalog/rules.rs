//! protovalidate's rules (`buf.validate`), as JSON Schema says them and in words.
//!
//! They are read by number (`record`), so neither an old `validate.proto` in a descriptor set nor one
//! that is missing changes what is understood. Rules of another type than the field's are no rules.
//!
//! | rule | becomes |
//! |---|---|
//! | what JSON Schema can say | a keyword, and a sentence |
//! | lengths in bytes, times, 64-bit bounds, patterns that only RE2 knows | a sentence |
//! | CEL, on the field, the message or predefined | itself, and its message as a sentence |

use std::collections::HashSet;

use prost_reflect::{
    DescriptorPool, EnumValueDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};
use serde_json::{Map, Value, json};

use super::{Field, FieldDescriptor};
use crate::schema::record::Record;
use crate::transcode::has_own_form;

mod bytes;
mod cel;
mod choice;
mod collection;
mod known;
mod number;
pub(crate) mod pattern;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod words;

use target::{Role, Target};

/// `buf.validate.{message,oneof,field}`.
const EXTENSION: u32 = 1159;

/// Rules within rules at most: an element of a list or a map is as deep as real ones go.
const DEPTH_MAX: usize = 4;

/// What is asked of one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// It must be set.
    pub required: bool,
    /// Keywords of JSON Schema (2020-12) for the field's own schema; those of elements beneath `items`,
    /// those of map keys and values beneath `propertyNames` and `additionalProperties`. Enum values are
    /// there by name, 64-bit numbers and map keys as strings.
    pub keywords: Map<String, Value>,
    /// Each rule in words, in the order of the rules: "at least 3 characters".
    pub sentences: Vec<String>,
    /// Rules in CEL.
    pub cel: Vec<Cel>,
    /// An enum's numbers that are not in it may not come.
    pub defined_only: bool,
    /// Values that the rules give as examples.
    pub examples: Vec<Value>,
}

/// What is asked of a whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageRules {
    /// Each rule in words.
    pub sentences: Vec<String>,
    /// Rules in CEL.
    pub cel: Vec<Cel>,
    /// Groups of JSON names of which at most one may be set, and whether one must.
    pub oneofs: Vec<(Vec<String>, bool)>,
}

/// A rule in CEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cel {
    /// Its id.
    pub id: String,
    /// What is said when it fails.
    pub message: String,
    /// The expression.
    pub expression: String,
}

/// When the rules of a field hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ignore {
    Never,
    IfZero,
    Always,
}

/// Whether a reader may see a value of an enum.
pub(crate) type Shows<'s> = &'s dyn Fn(&EnumValueDescriptor) -> bool;

/// What protovalidate asks of a field. What it asks of values that the reader may not see is not said.
#[must_use]
pub(super) fn of_field(options: &Record, field: &FieldDescriptor, shows: Shows<'_>) -> Rules {
    let Some(record) = options.message(EXTENSION) else {
        return Rules::default();
    };
    let message = field.containing_message();
    let target = Target::of_field(field, shows);
    let mut rules = read(&record, &target, Role::Value, message.parent_pool(), 0);
    if rules.required && !field.supports_presence() {
        rules.demand(&target);
    }
    rules
}

/// True of a message whose options say that none of its rules hold, those of its fields neither: field 1 once
/// switched them off.
pub(super) fn are_off(options: &Record) -> bool {
    let rules = options.message(EXTENSION);
    rules.is_some_and(|rules| rules.flag(1))
}

/// What protovalidate asks of a message as a whole, as far as it is about these fields: those that the
/// reader may see.
#[must_use]
pub(super) fn of_message(
    options: &Record,
    message: &MessageDescriptor,
    fields: &[Field],
) -> MessageRules {
    let Some(record) = options.message(EXTENSION) else {
        return MessageRules::default();
    };
    if record.flag(1) {
        return MessageRules::default();
    }
    let mut out = MessageRules {
        cel: cel::rules(&record, 3, 5),
        ..MessageRules::default()
    };
    let shown: HashSet<&str> = fields.iter().map(|of| of.json_name.as_str()).collect();
    for oneof in record.messages(4) {
        let names: Option<Vec<String>> = oneof
            .texts(1)
            .iter()
            .map(|name| Some(message.get_field_by_name(name)?.json_name().to_owned()))
            .collect();
        // A group with a name that is no field is no group.
        let Some(mut names) = names else {
            continue;
        };
        let all = names.len();
        names.retain(|name| shown.contains(name.as_str()));
        if names.is_empty() {
            continue;
        }
        // One that the reader does not see may be the one that is set.
        let required = oneof.flag(2) && names.len() == all;
        let count = if required { "exactly" } else { "at most" };
        out.sentences
            .push(format!("{count} one of {} is set", words::all(&names)));
        out.oneofs.push((names, required));
    }
    out.sentences.extend(out.cel.iter().map(Cel::sentence));
    out
}

/// `(buf.validate.oneof).required`.
#[must_use]
pub fn oneof_required(oneof: &OneofDescriptor) -> bool {
    Record::of_options(|| oneof.options())
        .message(EXTENSION)
        .is_some_and(|record| record.flag(1))
}

/// Reads one `FieldRules`.
fn read(
    record: &Record,
    target: &Target,
    role: Role,
    pool: &DescriptorPool,
    depth: usize,
) -> Rules {
    let mut rules = Rules::default();
    let ignore = ignore(record);
    if ignore == Ignore::Always || depth > DEPTH_MAX {
        return rules;
    }
    if record.flag(25) && role == Role::Value && depth == 0 {
        rules.required = true;
        rules.say("required");
    }
    let of_type = target.rules().and_then(|number| record.message(number));
    if let Some(of_type) = &of_type {
        match target {
            Target::Number(kind) => number::read(of_type, kind, role, &mut rules),
            Target::Bool => choice::read_bool(of_type, role, &mut rules),
            Target::Text => text::read(of_type, &mut rules),
            Target::Bytes => bytes::read(of_type, &mut rules),
            Target::Enum(declared) => choice::read_enum(of_type, declared, &mut rules),
            Target::List(element) => {
                collection::read_list(of_type, element, pool, depth, &mut rules);
            }
            Target::Map(key, value) => {
                collection::read_map(of_type, (key, value), pool, depth, &mut rules);
            }
            Target::Any => known::read_any(of_type, &mut rules),
            Target::Duration => known::read_duration(of_type, &mut rules),
            Target::Timestamp => known::read_timestamp(of_type, &mut rules),
            Target::FieldMask => known::read_field_mask(of_type, &mut rules),
            Target::Message => {}
        }
    }
    let own = cel::rules(record, 23, 29);
    rules.sentences.extend(own.iter().map(Cel::sentence));
    rules.cel.extend(own);
    if let (Some(of_type), Some(name)) = (&of_type, target.rules_name()) {
        cel::predefined(of_type, name, pool, &mut rules);
    }
    if ignore == Ignore::IfZero {
        rules.spare(target.zero(role));
    }
    rules
}

/// Number 1 and 2 of the enum have both meant "if nothing is there"; 24 and 26 are what came before it.
fn ignore(record: &Record) -> Ignore {
    match record.varint(27) {
        Some(3) => Ignore::Always,
        _ if record.flag(24) => Ignore::Always,
        Some(1 | 2) => Ignore::IfZero,
        _ if record.flag(26) => Ignore::IfZero,
        _ => Ignore::Never,
    }
}

impl Rules {
    fn say(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    /// Adds a keyword; one that is there already goes beneath `allOf`.
    fn keyword(&mut self, key: &str, value: impl Into<Value>) {
        add(&mut self.keywords, key, value.into());
    }

    /// A field without presence that is required must not be zero.
    fn demand(&mut self, target: &Target) {
        let key = match target {
            Target::Text | Target::Bytes => "minLength",
            Target::List(_) => "minItems",
            Target::Map(..) => "minProperties",
            Target::Number(_)
            | Target::Bool
            | Target::Enum(_)
            | Target::Any
            | Target::Duration
            | Target::Timestamp
            | Target::FieldMask
            | Target::Message => return self.say("not zero"),
        };
        let said = self.keywords.get(key).and_then(Value::as_u64);
        if said.is_none_or(|least| least == 0) {
            self.keywords.insert(key.to_owned(), 1.into());
        }
    }

    /// The rules hold only for values that are not this one.
    fn spare(&mut self, zero: Option<Value>) {
        let Some(zero) = zero else { return };
        if self.sentences.iter().any(|sentence| sentence != "required") {
            self.say("checked only when it is set and not zero or empty");
        }
        let (extensions, keywords): (Map<_, _>, Map<_, _>) = std::mem::take(&mut self.keywords)
            .into_iter()
            .partition(|(key, _)| key.starts_with("x-"));
        self.keywords = extensions;
        if !keywords.is_empty() {
            self.keyword("anyOf", json!([zero, keywords]));
        }
    }
}

impl Cel {
    /// Its message, or what stands for one.
    fn sentence(&self) -> String {
        match (self.message.as_str(), self.id.as_str()) {
            ("", "") => words::quote(&self.expression),
            ("", id) => format!("{id}: {}", words::quote(&self.expression)),
            (message, _) => message.to_owned(),
        }
    }
}

/// Adds a keyword to a schema; where it is taken, the new one goes beneath `allOf`, which means both.
pub(crate) fn add(keywords: &mut Map<String, Value>, key: &str, value: Value) {
    if !keywords.contains_key(key) {
        keywords.insert(key.to_owned(), value);
        return;
    }
    let one = json!({ key: value });
    match keywords.get_mut("allOf") {
        Some(Value::Array(all)) => all.push(one),
        _ => {
            keywords.insert("allOf".to_owned(), Value::Array(vec![one]));
        }
    }
}

/// The kind within a wrapper (`google.protobuf.Int32Value`), if the message is one.
pub(crate) fn wrapped(message: &MessageDescriptor) -> Option<Kind> {
    let name = message.full_name().strip_prefix("google.protobuf.")?;
    let kind = match name {
        "DoubleValue" => Kind::Double,
        "FloatValue" => Kind::Float,
        "Int64Value" => Kind::Int64,
        "UInt64Value" => Kind::Uint64,
        "Int32Value" => Kind::Int32,
        "UInt32Value" => Kind::Uint32,
        "BoolValue" => Kind::Bool,
        "StringValue" => Kind::String,
        "BytesValue" => Kind::Bytes,
        _ => return None,
    };
    // Whoever calls a message by such a name may mean something else.
    has_own_form(message).then_some(kind)
}

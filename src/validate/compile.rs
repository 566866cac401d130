//! Descriptors and their options to plans: what rules there are is read here and nowhere else.
//!
//! Rules are read by number, as the catalog does, so an old `validate.proto` in a descriptor set changes
//! nothing. What is there and not understood is an error: a rule that is skipped would let pass what
//! somebody meant to keep out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, FileDescriptor, MessageDescriptor};

use super::plan::{Check, Expression, Field, Group, Oneof, Plan, Plans, Shape, Value};
use super::violation::{RuleError, RuleStep};
use crate::schema::record::Record;

mod expression;
mod field;
pub(super) mod known;
mod number;
mod rules;
mod text;
mod words;

/// `buf.validate.{message,oneof,field}`.
const EXTENSION: u32 = 1159;

/// Where the annotation is defined.
const PACKAGE: &str = "buf.validate";
const RULES: &str = "buf.validate.FieldRules";

/// Messages with rules that one message reaches, at most.
const PLANS_MAX: usize = 50_000;

/// Number tables are for messages whose numbers are small.
const DENSE_MAX: u32 = 256;

/// Compiles the plans of a message and of what it reaches.
pub(super) fn compile(
    message: &MessageDescriptor,
    seen: &mut Seen,
) -> Result<Option<Plans>, RuleError> {
    // Nobody here says anything.
    if message.parent_pool().get_message_by_name(RULES).is_none() {
        return Ok(None);
    }
    let reached = seen.reached(message)?;
    let ruled = seen.ruled(&reached);
    if !ruled.contains(message.full_name()) {
        return Ok(None);
    }
    let planned: Vec<_> = reached
        .into_iter()
        .filter(|message| ruled.contains(message.full_name()))
        .collect();
    let ids: HashMap<String, usize> = (0..)
        .zip(&planned)
        .map(|(id, message)| (message.full_name().to_owned(), id))
        .collect();
    let plans: Result<Box<[Plan]>, RuleError> =
        planned.iter().map(|message| plan(message, &ids)).collect();
    Ok(Some(Plans { list: plans? }))
}

/// What is compiled of one thing, and why it cannot be.
pub(super) type Compiled<T> = Result<T, Fault>;

/// What is wrong with a rule; where it stands is said further up.
#[derive(Debug)]
pub(super) struct Fault {
    rule: String,
    reason: String,
}

impl Fault {
    fn new(rule: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            reason: reason.into(),
        }
    }

    fn of(self, place: &str) -> RuleError {
        RuleError {
            place: place.to_owned(),
            rule: self.rule,
            reason: self.reason,
        }
    }
}

/// What was read of files and messages so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Files by name, and whether they import the annotation, directly or not.
    files: HashMap<String, bool>,
    /// Messages by name.
    own: HashMap<String, Own>,
}

/// What a message says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Nothing,
    Rules,
    /// That none of its rules hold, nor those of what is beneath it: field 1 once switched them off.
    Off,
}

impl Seen {
    /// Every message that this one reaches, itself first, each once.
    fn reached(
        &mut self,
        message: &MessageDescriptor,
    ) -> Result<Vec<MessageDescriptor>, RuleError> {
        let mut seen: HashSet<String> = HashSet::from([message.full_name().to_owned()]);
        let mut list = vec![message.clone()];
        let mut at = 0;
        while let Some(message) = list.get(at).cloned() {
            at += 1;
            if self.own(&message)? == Own::Off {
                continue;
            }
            for below in message.fields().filter_map(|field| below(&field)) {
                if seen.insert(below.full_name().to_owned()) {
                    list.push(below);
                }
            }
            if list.len() > PLANS_MAX {
                return Err(Fault::new(
                    "any",
                    format!("it reaches more than {PLANS_MAX} messages"),
                )
                .of(message.full_name()));
            }
        }
        Ok(list)
    }

    fn own(&mut self, message: &MessageDescriptor) -> Result<Own, RuleError> {
        if let Some(own) = self.own.get(message.full_name()) {
            return Ok(*own);
        }
        let own = match self.imports(&message.parent_file()) {
            true => own(message)?,
            false => Own::Nothing,
        };
        self.own.insert(message.full_name().to_owned(), own);
        Ok(own)
    }

    fn is(&self, name: &str, own: Own) -> bool {
        self.own.get(name) == Some(&own)
    }

    /// Names of those with rules, and of those that reach one of them.
    fn ruled(&self, reached: &[MessageDescriptor]) -> HashSet<String> {
        let mut above: HashMap<String, Vec<&str>> = HashMap::new();
        let on = |message: &&MessageDescriptor| !self.is(message.full_name(), Own::Off);
        for message in reached.iter().filter(on) {
            for below in message.fields().filter_map(|field| below(&field)) {
                let list = above.entry(below.full_name().to_owned()).or_default();
                list.push(message.full_name());
            }
        }
        let mut open: Vec<&str> = reached
            .iter()
            .map(MessageDescriptor::full_name)
            .filter(|name| self.is(name, Own::Rules))
            .collect();
        let mut ruled: HashSet<String> = open.iter().map(|name| (*name).to_owned()).collect();
        while let Some(name) = open.pop() {
            for &message in above.get(name).into_iter().flatten() {
                if ruled.insert(message.to_owned()) {
                    open.push(message);
                }
            }
        }
        ruled
    }

    /// A file without the annotation among its imports has no rules: options need their definitions.
    fn imports(&mut self, file: &FileDescriptor) -> bool {
        let mut open = vec![file.clone()];
        let mut seen = HashSet::new();
        if let Some(known) = self.files.get(file.name()) {
            return *known;
        }
        let mut found = false;
        while let Some(next) = open.pop() {
            if next.package_name() == PACKAGE {
                found = true;
                break;
            }
            for import in next.dependencies() {
                if seen.insert(import.name().to_owned()) {
                    open.push(import);
                }
            }
        }
        self.files.insert(file.name().to_owned(), found);
        found
    }
}

/// The message that a field leads to: its own, or that of a map's values.
fn below(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let kind = field.kind();
    let message = kind.as_message()?;
    if field.is_map() {
        return message.map_entry_value_field().kind().as_message().cloned();
    }
    Some(message.clone())
}

/// Whether something is said about the message, one of its oneofs or one of its fields.
fn own(message: &MessageDescriptor) -> Result<Own, RuleError> {
    let rules = options(message.full_name(), || message.options())?;
    if rules.as_ref().is_some_and(|rules| rules.flag(1)) {
        return Ok(Own::Off);
    }
    let mut found = rules.is_some();
    for oneof in message.oneofs() {
        found |= options(oneof.full_name(), || oneof.options())?.is_some();
    }
    for field in message.fields() {
        found |= options(field.full_name(), || field.options())?.is_some();
    }
    Ok(if found { Own::Rules } else { Own::Nothing })
}

/// What the options of something say; none if nothing.
fn options(
    place: &str,
    read: impl FnOnce() -> DynamicMessage,
) -> Result<Option<Record>, RuleError> {
    let record = Record::of_fitting_options(read)
        .ok_or_else(|| Fault::new("any", "its options do not fit their definitions").of(place))?;
    match (record.message(EXTENSION), record.last(EXTENSION)) {
        (None, Some(_)) => Err(Fault::new("any", "its rules are no message").of(place)),
        (rules, _) => Ok(rules),
    }
}

fn plan(message: &MessageDescriptor, ids: &HashMap<String, usize>) -> Result<Plan, RuleError> {
    let rules = options(message.full_name(), || message.options())?.unwrap_or_default();
    let place: Arc<str> = message.full_name().into();
    let mut fields = Vec::new();
    for field in message.fields() {
        let rules = options(field.full_name(), || field.options())?.unwrap_or_default();
        let compiled = field::field(&field, rules, ids);
        fields.push(compiled.map_err(|fault| fault.of(field.full_name()))?);
    }
    let mut wanted: HashSet<u32> = HashSet::new();
    let oneofs = oneofs(message, &mut wanted)?;
    let groups = groups(message, &rules, &mut wanted).map_err(|fault| fault.of(&place))?;
    for field in &mut fields {
        // A member that is not set is not judged: another one may be set instead.
        field.spares_zero |= groups
            .iter()
            .any(|group| group.numbers.contains(&field.number));
    }
    for (own, _) in &oneofs {
        // What a member unsets is wanted where another one is.
        let members: Vec<u32> = own.fields().map(|member| member.number()).collect();
        let used = |member: &u32| {
            fields
                .iter()
                .any(|field| field.number == *member && !field.is_idle())
        };
        if members.iter().any(used) {
            wanted.extend(members);
        }
    }
    fields.retain(|field| !field.is_idle() || wanted.contains(&field.number));
    fields.sort_by_key(|field| field.number);
    let index = |number: u32| fields.iter().position(|field| field.number == number);
    let oneofs: Box<[Oneof]> = oneofs
        .into_iter()
        .map(|(oneof, required)| Oneof {
            name: oneof.name().into(),
            members: oneof
                .fields()
                .filter_map(|member| index(member.number()))
                .collect(),
            required,
        })
        .collect();
    let groups = groups
        .into_iter()
        .map(|group| Group {
            members: group
                .numbers
                .iter()
                .filter_map(|number| index(*number))
                .collect(),
            required: group.required,
            none: format!("one of {} must be set", group.names).into(),
            several: format!("only one of {} can be set", group.names).into(),
        })
        .collect();
    for (at, field) in fields.iter_mut().enumerate() {
        field.oneof = oneofs.iter().position(|oneof| oneof.members.contains(&at));
    }
    let about = expression::About::message(message, &place);
    let programs = expression::own(&rules, 3, 5, &about, None).map_err(|fault| fault.of(&place))?;
    Ok(Plan {
        dense: dense(&fields),
        fields: fields.into(),
        oneofs,
        groups,
        programs: programs.into(),
        message: message.clone(),
    })
}

fn dense(fields: &[Field]) -> Box<[u16]> {
    let small = fields.iter().map(|field| field.number);
    let end = small
        .filter(|number| *number < DENSE_MAX)
        .max()
        .map_or(0, |max| max + 1);
    let mut dense = vec![0u16; end as usize];
    for (index, field) in (1u16..).zip(fields) {
        if let Some(slot) = dense.get_mut(field.number as usize) {
            *slot = index;
        }
    }
    dense.into()
}

/// Real oneofs, and whether a member must be set.
fn oneofs(
    message: &MessageDescriptor,
    wanted: &mut HashSet<u32>,
) -> Result<Vec<(prost_reflect::OneofDescriptor, bool)>, RuleError> {
    let mut out = Vec::new();
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        let rules = options(oneof.full_name(), || oneof.options())?.unwrap_or_default();
        words::only(&rules, &[1], "the rules of a oneof")
            .map_err(|fault| fault.of(oneof.full_name()))?;
        let required = rules.flag(1);
        if required {
            wanted.extend(oneof.fields().map(|member| member.number()));
        }
        out.push((oneof, required));
    }
    Ok(out)
}

struct Named {
    numbers: Vec<u32>,
    names: String,
    required: bool,
}

fn groups(
    message: &MessageDescriptor,
    rules: &Record,
    wanted: &mut HashSet<u32>,
) -> Compiled<Vec<Named>> {
    const RULE: &str = "message.oneof";
    words::only(rules, &[1, 3, 4, 5], "the rules of a message")?;
    let mut out = Vec::new();
    for oneof in rules.messages(4) {
        let names = oneof.texts(1);
        if names.is_empty() {
            return Err(Fault::new(
                RULE,
                "it names no field; at least one was expected",
            ));
        }
        let mut numbers = Vec::new();
        for name in &names {
            let field = message.get_field_by_name(name).ok_or_else(|| {
                Fault::new(
                    RULE,
                    format!("it names {name:?}, which is no field of the message"),
                )
            })?;
            if numbers.contains(&field.number()) {
                return Err(Fault::new(RULE, format!("it names {name:?} twice")));
            }
            numbers.push(field.number());
        }
        wanted.extend(&numbers);
        out.push(Named {
            numbers,
            names: words::list(&names),
            required: oneof.flag(2),
        });
    }
    Ok(out)
}

/// Steps from `buf.validate.FieldRules` to a rule.
fn steps(path: &[RuleStep], more: &[(u32, Option<u32>)]) -> Arc<[RuleStep]> {
    let more = more
        .iter()
        .map(|&(number, index)| RuleStep { number, index });
    path.iter().copied().chain(more).collect()
}

impl Field {
    /// Nothing is asked of it, nor of what is beneath.
    fn is_idle(&self) -> bool {
        let keys = match &self.shape {
            Shape::Map(keys) => is_idle(keys),
            Shape::Single | Shape::List => true,
        };
        !self.required
            && self.whole.is_empty()
            && self.programs.is_empty()
            && keys
            && is_idle(&self.value)
    }
}

fn is_idle(value: &Value) -> bool {
    value.checks.is_empty() && value.programs.is_empty() && value.child.is_none()
}

/// Where checks and expressions are collected.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) checks: Vec<Check>,
    pub(super) programs: Vec<Expression>,
}

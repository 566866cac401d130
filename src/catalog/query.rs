//! Which fields the query of a binding can set, and by which names.
//!
//! The transcoder's own plans are asked: a name is listed if the gateway finds the field by it, and a kind
//! if the gateway takes it as text. A walk level by level, so that what is cut is what lies deepest.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::field::FieldDescriptor;
use super::findings::Findings;
use super::message::{Behavior, Field, Message};
use super::operation::QueryParameter;
use super::{Finding, FindingKind};
use crate::schema::{Binding, Body, Schema};
use crate::transcode::{Facts, FieldRef, Step, Trail};

/// Parameters of one operation at most. A message of messages has hundreds of leaves, and nobody reads
/// on; the gateway takes those that are not listed as well.
pub(super) const PARAMETERS_MAX: usize = 60;

/// Messages that are opened for one operation at most: what bounds the walk where messages have messages
/// and nothing else.
const MESSAGES_MAX: usize = 500;

/// Finds the query parameters of bindings.
pub(super) struct Queries<'c> {
    pub(super) schema: &'c Schema,
    pub(super) messages: &'c BTreeMap<String, Message>,
}

/// A message on the way down, whose fields come next.
struct Open<'c> {
    message: &'c Message,
    /// Dotted JSON names, with the last dot.
    prefix: String,
    steps: Vec<Step>,
    field: Vec<FieldDescriptor>,
    /// Indices of fields: the order of declaration.
    place: Vec<usize>,
    oneof: Arc<[String]>,
    required: bool,
}

/// What a query can do with a field.
enum Use {
    /// Set it.
    Set,
    /// Set what is beneath it.
    Open,
    /// Nothing, and why.
    LeftOut(&'static str),
}

impl<'c> Queries<'c> {
    /// The query parameters of a binding, in the order of declaration, and whether it takes more than these.
    pub(super) fn of(
        &self,
        binding: &Binding,
        findings: &mut Findings,
    ) -> (Vec<QueryParameter>, bool) {
        if matches!(binding.body, Body::Whole) {
            return (Vec::new(), false);
        }
        let plans = self.schema.plans();
        let Some(root) = self.messages.get(plans.name(binding.method.input)) else {
            return (Vec::new(), false);
        };
        let mut takes_more = false;
        let mut found: Vec<(Vec<usize>, QueryParameter)> = Vec::new();
        let mut opened = 1;
        let mut open = VecDeque::from([Open {
            message: root,
            prefix: String::new(),
            steps: Vec::new(),
            field: Vec::new(),
            place: Vec::new(),
            oneof: Arc::default(),
            required: true,
        }]);
        'walk: while let Some(at) = open.pop_front() {
            let oneofs = oneofs(&at);
            for (index, field) in at.message.fields.iter().enumerate() {
                if field.is(Behavior::OutputOnly) {
                    continue;
                }
                let Some((key, steps)) = self.step(binding, &at, field) else {
                    continue; // no name leads to it
                };
                if is_bound(binding, FieldRef::at(&steps)) {
                    continue;
                }
                let facts = plans.facts(FieldRef::at(&steps));
                let next = match usage(&field.descriptor, facts) {
                    Use::LeftOut(why) => {
                        findings.add(left_out(binding, field.descriptor.full_name(), why));
                        continue;
                    }
                    next @ (Use::Set | Use::Open) => next,
                };
                let name = format!("{}{key}", at.prefix);
                let mut path = at.field.clone();
                path.push(field.descriptor.clone());
                let mut place = at.place.clone();
                place.push(index);
                let oneof = oneofs.get(field.json_name.as_str()).unwrap_or(&at.oneof);
                let oneof = Arc::clone(oneof);
                let required = at.required && field.is_required();
                if matches!(next, Use::Set) {
                    if found.len() == PARAMETERS_MAX {
                        findings.add(too_many(binding));
                        takes_more = true;
                        break 'walk;
                    }
                    let filled = self.is_filled(binding, &steps);
                    let parameter = QueryParameter {
                        name,
                        field: path,
                        oneof,
                        required: required && !filled,
                        filled,
                    };
                    found.push((place, parameter));
                    continue;
                }
                let of = field.descriptor.message();
                let Some(message) = of.and_then(|of| self.messages.get(of.full_name())) else {
                    continue;
                };
                let above = at.field.iter().map(FieldDescriptor::containing_message);
                let recurs = message.descriptor == at.message.descriptor
                    || above.into_iter().any(|above| above == message.descriptor);
                if recurs {
                    let why = "its message is one it lies in, so it is listed no further down";
                    findings.add(left_out(binding, field.descriptor.full_name(), why));
                    continue;
                }
                if opened == MESSAGES_MAX {
                    findings.add(too_many(binding));
                    takes_more = true;
                    break 'walk;
                }
                opened += 1;
                open.push_back(Open {
                    message,
                    prefix: format!("{name}."),
                    steps,
                    field: path,
                    place,
                    oneof,
                    required,
                });
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let listed = found.into_iter().map(|(_, parameter)| parameter);
        (listed.collect(), takes_more)
    }

    /// The key by which the gateway finds a field below a message, and the way to it.
    fn step(&self, binding: &Binding, at: &Open<'_>, field: &Field) -> Option<(String, Vec<Step>)> {
        let plans = self.schema.plans();
        let names = [field.json_name.clone(), field.descriptor.proto_name()];
        names.into_iter().find_map(|key| {
            // In a key a bracket that begins no segment is a subscript.
            if key.char_indices().any(|(at, c)| at > 0 && c == '[') {
                return None;
            }
            let mut trail = Trail::default();
            trail.start(&at.steps);
            plans.walk(binding.method.input, &key, &mut trail).ok()?;
            let last = trail.steps().last()?;
            let found = plans.field_at(*last)?;
            let is_it = trail.steps().len() == at.steps.len() + 1
                && found.number == field.descriptor.number();
            is_it.then(|| (key, trail.steps().to_vec()))
        })
    }

    /// True for a mask that the gateway fills out of a PATCH's body.
    fn is_filled(&self, binding: &Binding, steps: &[Step]) -> bool {
        let mask = self.schema.plans().mask_field(binding.method.input);
        binding.verb == "PATCH"
            && binding.body.field().is_some()
            && mask.is_some_and(|mask| steps == [mask])
    }
}

/// Path or body bind the field.
fn is_bound(binding: &Binding, field: FieldRef<'_>) -> bool {
    let by_body = (binding.body.field()).is_some_and(|body| field.is_at_or_under(body));
    let mut variables = binding.variables.iter();
    by_body || variables.any(|variable| field.is_at_or_under(&variable.field))
}

fn usage(field: &FieldDescriptor, facts: Facts) -> Use {
    let is_any = || {
        let message = field.message();
        message.is_some_and(|message| message.full_name() == "google.protobuf.Any")
    };
    match facts {
        Facts {
            repeated: true,
            message: Some(_),
            ..
        } => Use::LeftOut("a repeated message has no form in a query"),
        Facts {
            map: true,
            plain: true,
            ..
        } => Use::LeftOut("a map of messages has no form in a query"),
        Facts { plain: true, .. } if is_any() => {
            Use::LeftOut("a google.protobuf.Any has no form in a query")
        }
        Facts { plain: true, .. } => Use::Open,
        _ => Use::Set,
    }
}

/// The members of a message's oneofs by JSON name, each with the names of all members of its own.
fn oneofs<'c>(at: &Open<'c>) -> HashMap<&'c str, Arc<[String]>> {
    let mut of_members = HashMap::new();
    for oneof in &at.message.oneofs {
        let names = oneof.fields.iter();
        let names: Arc<[String]> = names.map(|name| format!("{}{name}", at.prefix)).collect();
        for member in &oneof.fields {
            of_members.insert(member.as_str(), Arc::clone(&names));
        }
    }
    of_members
}

fn left_out(binding: &Binding, field: &str, why: &str) -> Finding {
    Finding {
        kind: FindingKind::LeftOut,
        element: field.to_owned(),
        text: format!(
            "{} {} of {}.{} does not list it in the query: {why}",
            binding.verb, binding.template, binding.method.service, binding.method.name
        ),
    }
}

fn too_many(binding: &Binding) -> Finding {
    Finding {
        kind: FindingKind::LeftOut,
        element: format!("{}.{}", binding.method.service, binding.method.name),
        text: format!(
            "{} {} takes more query parameters than the {PARAMETERS_MAX} that are listed; those that lie \
             deepest are left out",
            binding.verb, binding.template
        ),
    }
}

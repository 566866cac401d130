//! Example values: what an annotation gives, else what a rule gives, else what is made from name, format
//! and rules.
//!
//! What is made keeps to the rules that JSON Schema can say, and the gateway takes it. Examples are small
//! (`VALUES_MAX`, `VALUES_CEILING`), recursion is cut, and the same catalog gives the same examples.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::field::FieldDescriptor;
use super::message::{Behavior, Field, Message};
use super::{Body, Catalog, Method, Operation, has_own_form};
use crate::schema::HTTP_BODY;

mod fits;
mod known;
mod limits;
mod pattern;
mod scalar;
mod url;

pub(crate) use known::fill;
use known::{annotated, known, part};
use limits::Limits;

/// Values of one example that are there without being required.
const VALUES_MAX: usize = 60;

/// Values of one example at most, about; what would be more is empty, required or not.
const VALUES_CEILING: usize = 400;

/// Messages within messages at most.
const DEPTH_MAX: usize = 6;

/// Below this depth only what is required is there.
const DEPTH_OPTIONAL: usize = 3;

/// Elements of a list and entries of a map at most, whatever the rules ask for.
const ITEMS_MAX: usize = 8;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To the gateway: without what only answers have.
    Request,
    /// From it.
    Response,
}

/// Makes examples of a catalog's values.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'c> {
    catalog: &'c Catalog,
}

/// A name for every type of resource: `shelves/s1/books/b1`.
#[derive(Debug, Default)]
pub(crate) struct ResourceNames(OnceLock<HashMap<String, String>>);

impl ResourceNames {
    /// The name of a type, as the messages' patterns have it.
    fn of(&self, kind: &str, messages: &BTreeMap<String, Message>) -> Option<&str> {
        let names = self.0.get_or_init(|| {
            let mut names = HashMap::new();
            for resource in messages.values().filter_map(|m| m.resource.as_ref()) {
                if let Some(name) = resource.patterns.iter().find_map(|pattern| fill(pattern)) {
                    names.entry(resource.kind.clone()).or_insert(name);
                }
            }
            names
        });
        names.get(kind).map(String::as_str)
    }
}

/// One example on its way.
struct Walk {
    side: Side,
    left: usize,
    ceiling: usize,
    /// Messages around, outermost first.
    above: Vec<MessageDescriptor>,
}

impl<'c> Examples<'c> {
    /// Of this catalog.
    #[must_use]
    pub const fn new(catalog: &'c Catalog) -> Self {
        Self { catalog }
    }

    /// A message by its full name; `null` for one that is not there.
    #[must_use]
    pub fn message(&self, name: &str, side: Side) -> Value {
        match self.catalog.messages.get(name) {
            Some(message) => self.whole(message, &[], &mut Walk::new(side)),
            None => Value::Null,
        }
    }

    /// A field's value, in JSON.
    #[must_use]
    pub fn field(&self, field: &FieldDescriptor, side: Side) -> Value {
        self.value(field, &[], &mut Walk::new(side))
    }

    /// What the body of a request may be; none where there is none, or it is bytes.
    #[must_use]
    pub fn body(&self, method: &Method, operation: &Operation) -> Option<Value> {
        let walk = &mut Walk::new(Side::Request);
        match &operation.body {
            Body::None => None,
            Body::Message { without } => {
                let input = method.descriptor.input();
                if input.full_name() == HTTP_BODY {
                    return None;
                }
                let message = self.catalog.messages.get(input.full_name())?;
                let without: Vec<&str> = without.iter().map(String::as_str).collect();
                Some(self.whole(message, &without, walk))
            }
            Body::Field { field, without } => {
                let field = field.last()?;
                let message = field.message();
                if message.is_some_and(|of| of.full_name() == HTTP_BODY) {
                    return None;
                }
                let without: Vec<&str> = without.iter().map(String::as_str).collect();
                Some(self.value(field, &without, walk))
            }
        }
    }

    /// Path and query of a request, escaped as the gateway reads them: what is required, and a little
    /// more.
    #[must_use]
    pub fn request_url(&self, operation: &Operation) -> String {
        url::of(self, operation)
    }

    fn whole(&self, message: &Message, without: &[&str], walk: &mut Walk) -> Value {
        if let Some(value) = annotated(&message.annotations.keywords)
            && self.fits_message(&message.descriptor, value, DEPTH_MAX)
            && without.is_empty()
        {
            return value.clone();
        }
        if let Some(value) = known(&message.descriptor, &Limits::default(), "", 0) {
            return value;
        }
        walk.above.push(message.descriptor.clone());
        let chosen = Self::choose(message, without, walk);
        let mut out = Map::new();
        for (field, chosen) in message.fields.iter().zip(chosen) {
            if !chosen {
                continue;
            }
            let beneath: Vec<&str> = without
                .iter()
                .filter_map(|path| path.strip_prefix(field.descriptor.proto_name().as_str()))
                .filter_map(|path| path.strip_prefix('.'))
                .collect();
            let value = self.value(&field.descriptor, &beneath, walk);
            out.insert(field.json_name.clone(), value);
        }
        walk.above.pop();
        Value::Object(out)
    }

    /// Which fields of a message an example has: the required ones first, others as there is room, and of
    /// each oneof one.
    fn choose(message: &Message, without: &[&str], walk: &mut Walk) -> Vec<bool> {
        let oneofs = message.oneofs.iter();
        let oneofs = oneofs.map(|oneof| (&oneof.fields, oneof.required));
        let ruled = message
            .rules
            .oneofs
            .iter()
            .map(|(names, must)| (names, *must));
        let groups: Vec<_> = oneofs.chain(ruled).collect();
        // Of each field the groups it is in, each with whether one of the group must be set.
        let mut of_fields: HashMap<&str, Vec<(usize, Member)>> = HashMap::new();
        for (at, (names, must)) in groups.iter().enumerate() {
            for (place, name) in names.iter().enumerate() {
                let member = if *must && place == 0 {
                    Member::AskedFor
                } else {
                    Member::Possible
                };
                of_fields.entry(name).or_default().push((at, member));
            }
        }
        let mut taken = vec![false; groups.len()];
        let mut chosen = vec![false; message.fields.len()];
        for wanted in [Wanted::Required, Wanted::Welcome] {
            for (field, chosen) in message.fields.iter().zip(&mut chosen) {
                let within = of_fields.get(field.json_name.as_str());
                let within = within.map_or(&[][..], Vec::as_slice);
                let is_free = within.iter().all(|(at, _)| taken.get(*at) != Some(&true));
                let is_asked_for = field.is_required()
                    || within.iter().any(|(_, member)| *member == Member::AskedFor);
                let is_wanted = match wanted {
                    Wanted::Required => is_asked_for,
                    Wanted::Welcome => walk.has_room_for(field),
                };
                let is_elsewhere = without.contains(&field.descriptor.proto_name().as_str())
                    || is_of_other_side(field, walk.side);
                if *chosen || !is_free || !is_wanted || is_elsewhere || walk.ceiling == 0 {
                    continue;
                }
                for (at, _) in within {
                    if let Some(taken) = taken.get_mut(*at) {
                        *taken = true;
                    }
                }
                *chosen = true;
                walk.left = walk.left.saturating_sub(1);
                walk.ceiling = walk.ceiling.saturating_sub(1);
            }
        }
        chosen
    }

    /// The example that an annotation or a rule gives, if the gateway takes it.
    fn given(&self, descriptor: &FieldDescriptor) -> Option<&'c Value> {
        let field = self.catalog.field(descriptor)?;
        let given = annotated(&field.annotations.keywords).or(field.rules.examples.first());
        given.filter(|given| self.fits(descriptor, given))
    }

    /// The value of a field.
    fn value(&self, descriptor: &FieldDescriptor, without: &[&str], walk: &mut Walk) -> Value {
        let field = self.catalog.field(descriptor);
        if let Some(given) = self.given(descriptor).filter(|_| without.is_empty()) {
            return given.clone();
        }
        let limits = match field {
            Some(field) => Limits::of([&field.rules.keywords, &field.annotations.keywords]),
            None => Limits::default(),
        };
        let kind = descriptor.kind();
        if let (true, Some(entry)) = (descriptor.is_map(), kind.as_message()) {
            return self.map(descriptor, entry, &limits, walk);
        }
        if descriptor.is_list() {
            let items = Limits::of([&limits.items]);
            let least = usize::from(Self::can_hold(&kind, walk));
            let count = limits.min_items.clamp(least, ITEMS_MAX);
            let all = (0..count).map(|nth| self.one(descriptor, &kind, &items, nth, walk));
            return Value::Array(all.collect());
        }
        if let Some(name) = field.and_then(|field| self.resource_name(field, &limits)) {
            return name.into();
        }
        if let (Some(field), Kind::Message(message)) = (field, &kind)
            && !without.is_empty()
            && !has_own_form(message)
            && let Some(message) = self.catalog.messages.get(message.full_name())
        {
            debug_assert!(!field.descriptor.is_list());
            return self.whole(message, without, walk);
        }
        let limits = match field.and_then(|field| field.format) {
            Some(format) if limits.format.is_none() => Limits {
                format: Some(format.name().to_owned()),
                ..limits
            },
            _ => limits,
        };
        self.one(descriptor, &kind, &limits, 0, walk)
    }

    fn map(
        &self,
        field: &FieldDescriptor,
        entry: &MessageDescriptor,
        limits: &Limits,
        walk: &mut Walk,
    ) -> Value {
        let (key, value) = (
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        );
        let names = Limits::of([&limits.property_names]);
        let values = Limits::of([&limits.additional_properties]);
        let least = usize::from(Self::can_hold(&value, walk));
        let mut out = Map::new();
        for nth in 0..limits.min_properties.clamp(least, ITEMS_MAX) {
            let key = match &key {
                Kind::Bool => json!(nth == 0),
                Kind::String => scalar::text("key", &names, nth),
                number => scalar::whole(number, "key", &names, nth),
            };
            let key = match key {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let value = self.one(field, &value, &values, nth, walk);
            out.insert(key, value);
        }
        Value::Object(out)
    }

    /// False for a message that would be cut right away: a list is as well empty then.
    fn can_hold(kind: &Kind, walk: &Walk) -> bool {
        match kind {
            Kind::Message(message) => has_own_form(message) || !walk.is_cut(message),
            _ => true,
        }
    }

    /// One value of a field, of its list or of its map.
    fn one(
        &self,
        field: &FieldDescriptor,
        kind: &Kind,
        limits: &Limits,
        nth: usize,
        walk: &mut Walk,
    ) -> Value {
        match kind {
            Kind::Bool => limits.first(0).unwrap_or(Value::Bool(true)),
            Kind::String => scalar::text(field.name(), limits, nth),
            Kind::Bytes => limits.first(nth).unwrap_or_else(|| "dGV4dA==".into()),
            Kind::Float | Kind::Double => scalar::real(limits, nth),
            Kind::Enum(of) if of.full_name() == "google.protobuf.NullValue" => Value::Null,
            Kind::Enum(of) => self.enumerated(of.full_name(), limits, nth),
            Kind::Message(message) => {
                if let Some(value) = known(message, limits, field.name(), nth) {
                    return value;
                }
                match self.catalog.messages.get(message.full_name()) {
                    Some(of) if !walk.is_cut(message) => self.whole(of, &[], walk),
                    _ => json!({}),
                }
            }
            Kind::Int32
            | Kind::Sint32
            | Kind::Sfixed32
            | Kind::Uint32
            | Kind::Fixed32
            | Kind::Int64
            | Kind::Sint64
            | Kind::Sfixed64
            | Kind::Uint64
            | Kind::Fixed64 => scalar::whole(kind, field.name(), limits, nth),
        }
    }

    /// The first value that may come and is not zero, zero if there is no other.
    fn enumerated(&self, name: &str, limits: &Limits, nth: usize) -> Value {
        let Some(of) = self.catalog.enums.get(name) else {
            return json!(0);
        };
        let may_come = |name: &str| limits.admits(&name.into());
        let welcome = of
            .values
            .iter()
            .filter(|value| value.number != 0 && !value.deprecated && may_come(&value.name));
        let welcome: Vec<_> = welcome.collect();
        let chosen = welcome.get(nth % welcome.len().max(1)).copied();
        let chosen = chosen
            .or_else(|| of.values.iter().find(|value| may_come(&value.name)))
            .or_else(|| of.values.first());
        chosen.map_or(json!(0), |value| value.name.as_str().into())
    }

    /// The name of a resource, where a field holds one and no pattern of its own says how it looks.
    fn resource_name(&self, field: &Field, limits: &Limits) -> Option<String> {
        let is_text = matches!(field.descriptor.kind(), Kind::String);
        if !is_text || !limits.patterns.is_empty() || limits.values.is_some() {
            return None;
        }
        let kind = if field.names_resource {
            let message = field.descriptor.containing_message();
            let message = self.catalog.messages.get(message.full_name())?;
            message.resource.as_ref()?.kind.as_str()
        } else {
            field.reference.as_deref()?
        };
        let names = &self.catalog.resource_names;
        let name = names.of(kind, &self.catalog.messages)?;
        let most = limits.max_length.unwrap_or(usize::MAX);
        (limits.min_length.unwrap_or(0)..=most)
            .contains(&name.len())
            .then(|| name.to_owned())
    }
}

/// Which of the two rounds a field is chosen in.
#[derive(Clone, Copy)]
enum Wanted {
    Required,
    Welcome,
}

/// What a field is in a group of which at most one is set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    /// One must be set, and it is the first of them.
    AskedFor,
    Possible,
}

impl Walk {
    const fn new(side: Side) -> Self {
        Self {
            side,
            left: VALUES_MAX,
            ceiling: VALUES_CEILING,
            above: Vec::new(),
        }
    }

    /// True for a message that has to end here.
    fn is_cut(&self, message: &MessageDescriptor) -> bool {
        self.ceiling == 0 || self.above.len() >= DEPTH_MAX || self.above.contains(message)
    }

    /// True for a field that says something to readers, while there is room.
    fn has_room_for(&self, field: &Field) -> bool {
        let message = field.descriptor.message();
        let is_cut = message.is_some_and(|of| !has_own_form(&of) && self.is_cut(&of));
        self.left > 0 && self.above.len() <= DEPTH_OPTIONAL && !is_cut && !is_dull(field, self.side)
    }
}

/// What the other side sets.
fn is_of_other_side(field: &Field, side: Side) -> bool {
    match side {
        Side::Request => field.is(Behavior::OutputOnly),
        Side::Response => field.is(Behavior::InputOnly),
    }
}

/// What an example does not have unless it must: what is deprecated, what cannot be made up, and what
/// whoever answers gives.
fn is_dull(field: &Field, side: Side) -> bool {
    let message = field.descriptor.message();
    let message = message.as_ref().map_or("", MessageDescriptor::full_name);
    let is_opaque = matches!(message, "google.protobuf.Any" | "google.protobuf.FieldMask")
        || matches!(
            field.descriptor.name(),
            "page_token" | "next_page_token" | "filter" | "order_by" | "etag"
        );
    let is_given = side == Side::Request && field.is(Behavior::Identifier);
    field.deprecated || is_opaque || is_given
}

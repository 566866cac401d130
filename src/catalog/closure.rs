//! Messages and enums that methods reach, read once each.
//!
//! A walk with a list of what is open: no recursion, each type once, work linear in what is reached. What
//! the audience may not see is not read, and what is reached through it alone is not there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use prost_reflect::{EnumDescriptor, EnumValueDescriptor, FileDescriptor, Kind, MessageDescriptor};

use super::annotations;
use super::comment;
use super::field::FieldDescriptor;
use super::google::Options;
use super::message::{Enum, EnumValue, Field, Message, Oneof};
use super::rules;
use crate::schema::Comments;
use crate::transcode::Plans;

/// Reads elements for an audience.
pub(super) struct Reader<'s> {
    comments: &'s Comments,
    labels: &'s BTreeSet<String>,
    /// Full names of closed enums.
    closed: HashSet<&'s str>,
    /// Whether types may be seen, by full name.
    shown: HashMap<String, bool>,
    /// Whether files have the option `deprecated`, by name.
    deprecated: HashMap<String, bool>,
}

/// What was reached.
#[derive(Default)]
pub(super) struct Reached {
    pub(super) messages: BTreeMap<String, Message>,
    pub(super) enums: BTreeMap<String, Enum>,
}

impl<'s> Reader<'s> {
    /// For who has these labels. `plans` are what serves the schema.
    pub(super) fn new(
        comments: &'s Comments,
        labels: &'s BTreeSet<String>,
        plans: &'s Plans,
    ) -> Self {
        Self {
            comments,
            labels,
            closed: plans.closed_enums().collect(),
            shown: HashMap::new(),
            deprecated: HashMap::new(),
        }
    }

    /// The comment at a place, cleaned.
    pub(super) fn comment(&self, file: &FileDescriptor, path: &[i32]) -> String {
        comment::clean(self.comments.of(file.name(), path))
    }

    /// True if options leave their element to be seen.
    pub(super) fn shows(&self, options: &Options) -> bool {
        options.is_visible_to(self.labels)
    }

    /// True if a file has the option `deprecated`.
    pub(super) fn is_deprecated(&mut self, file: &FileDescriptor) -> bool {
        if let Some(deprecated) = self.deprecated.get(file.name()) {
            return *deprecated;
        }
        let options = file.file_descriptor_proto().options.as_ref();
        let deprecated = options.is_some_and(prost_types::FileOptions::deprecated);
        self.deprecated.insert(file.name().to_owned(), deprecated);
        deprecated
    }

    /// True if a message, and all that it is declared in, may be seen.
    pub(super) fn shows_message(&mut self, message: &MessageDescriptor) -> bool {
        let mut open = Some(message.clone());
        while let Some(message) = open {
            if !self.shows_type(message.full_name(), || Options::read(|| message.options())) {
                return false;
            }
            open = message.parent_message();
        }
        true
    }

    fn shows_enum(&mut self, enumeration: &EnumDescriptor) -> bool {
        self.shows_type(enumeration.full_name(), || {
            Options::read(|| enumeration.options())
        }) && enumeration
            .parent_message()
            .is_none_or(|parent| self.shows_message(&parent))
    }

    fn shows_type(&mut self, name: &str, options: impl FnOnce() -> Options) -> bool {
        if let Some(shown) = self.shown.get(name) {
            return *shown;
        }
        let shown = options().is_visible_to(self.labels);
        self.shown.insert(name.to_owned(), shown);
        shown
    }

    /// Reads everything that these messages reach, themselves included.
    pub(super) fn reach(&mut self, roots: impl IntoIterator<Item = MessageDescriptor>) -> Reached {
        let mut reached = Reached::default();
        let mut users: HashMap<String, BTreeSet<String>> = HashMap::new();
        let mut open: Vec<MessageDescriptor> = roots.into_iter().collect();
        while let Some(descriptor) = open.pop() {
            let name = descriptor.full_name().to_owned();
            if reached.messages.contains_key(&name) {
                continue;
            }
            let message = self.message(descriptor);
            for field in &message.fields {
                let kind = field.descriptor.value_kind();
                let of = match &kind {
                    Kind::Message(of) => of.full_name(),
                    Kind::Enum(of) => of.full_name(),
                    _ => continue,
                };
                users.entry(of.to_owned()).or_default().insert(name.clone());
                match kind {
                    Kind::Message(of) if !reached.messages.contains_key(of.full_name()) => {
                        open.push(of);
                    }
                    Kind::Enum(of) if !reached.enums.contains_key(of.full_name()) => {
                        let name = of.full_name().to_owned();
                        let read = self.enumeration(of);
                        reached.enums.insert(name, read);
                    }
                    _ => {}
                }
            }
            reached.messages.insert(name, message);
        }
        for (name, users) in users {
            let users = users.into_iter().collect();
            if let Some(message) = reached.messages.get_mut(&name) {
                message.used_by = users;
            } else if let Some(enumeration) = reached.enums.get_mut(&name) {
                enumeration.used_by = users;
            }
        }
        reached
    }

    fn message(&mut self, descriptor: MessageDescriptor) -> Message {
        let file = descriptor.parent_file();
        let options = Options::read(|| descriptor.options());
        let own = descriptor.descriptor_proto().options.as_ref();
        let deprecated =
            own.is_some_and(prost_types::MessageOptions::deprecated) || self.is_deprecated(&file);
        let resource = options.resources().into_iter().next();
        let name_field = resource
            .as_ref()
            .map(|resource| resource.name_field.as_str());
        let mut own: Vec<_> = descriptor.fields().collect();
        own.sort_by_key(|field| field.path().last().copied());
        let mut added: Vec<_> = descriptor.extensions().collect();
        added.sort_by_key(prost_reflect::ExtensionDescriptor::number);
        let own = own.into_iter().map(FieldDescriptor::from);
        let rules_are_off = rules::are_off(options.record());
        let all = own.chain(added.into_iter().map(FieldDescriptor::from));
        let fields: Vec<Field> = all
            .filter_map(|field| {
                let names_resource = name_field == Some(field.proto_name().as_str());
                let mut field = self.field(field)?;
                field.names_resource = names_resource;
                field.deprecated |= deprecated;
                if rules_are_off {
                    field.rules = rules::Rules::default();
                }
                Some(field)
            })
            .collect();
        let numbers = fields.iter().map(|field| field.descriptor.number());
        Message {
            comment: self.comment(&file, descriptor.path()),
            by_number: numbers.zip(0..).collect(),
            oneofs: self.oneofs(&descriptor, &fields),
            deprecated,
            resource,
            annotations: annotations::Schema::of_message(options.record(), &descriptor),
            rules: rules::of_message(options.record(), &descriptor, &fields),
            used_by: Vec::new(),
            fields,
            descriptor,
        }
    }

    /// A field; none if it, or the type of its values, may not be seen.
    fn field(&mut self, descriptor: FieldDescriptor) -> Option<Field> {
        let options = Options::read(|| descriptor.options());
        let shown = self.shows(&options)
            && match descriptor.value_kind() {
                Kind::Message(of) => self.shows_message(&of),
                Kind::Enum(of) => self.shows_enum(&of),
                _ => true,
            };
        if !shown {
            return None;
        }
        let own = descriptor.field_descriptor_proto().options.as_ref();
        let shows = |value: &EnumValueDescriptor| self.shows(&Options::read(|| value.options()));
        let rules = rules::of_field(options.record(), &descriptor, &shows);
        let annotations = annotations::Schema::of_field(options.record(), &descriptor);
        Some(Field {
            json_name: descriptor.json_name(),
            comment: self.comment(&descriptor.parent_file(), descriptor.path()),
            deprecated: own.is_some_and(prost_types::FieldOptions::deprecated),
            redacted: options.is_redacted(),
            behaviors: options.behaviors(),
            format: options.format(),
            reference: options.reference(),
            names_resource: false,
            rules,
            annotations,
            descriptor,
        })
    }

    /// The oneofs of a message of which there is something to choose.
    fn oneofs(&self, message: &MessageDescriptor, fields: &[Field]) -> Vec<Oneof> {
        let mut members: HashMap<String, Vec<String>> = HashMap::new();
        for field in fields {
            if let Some(oneof) = field.descriptor.containing_oneof() {
                let name = oneof.name().to_owned();
                members
                    .entry(name)
                    .or_default()
                    .push(field.json_name.clone());
            }
        }
        let all = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        all.filter_map(|oneof| {
            let fields = members.remove(oneof.name())?;
            (fields.len() > 1).then(|| Oneof {
                name: oneof.name().to_owned(),
                comment: self.comment(&message.parent_file(), oneof.path()),
                fields,
                required: rules::oneof_required(&oneof),
            })
        })
        .collect()
    }

    fn enumeration(&mut self, descriptor: EnumDescriptor) -> Enum {
        let file = descriptor.parent_file();
        let options = Options::read(|| descriptor.options());
        let own = descriptor.enum_descriptor_proto().options.as_ref();
        let deprecated =
            own.is_some_and(prost_types::EnumOptions::deprecated) || self.is_deprecated(&file);
        let mut values: Vec<_> = descriptor.values().collect();
        values.sort_by_key(|value| value.path().last().copied());
        let values = values.iter().filter_map(|value| self.value(&file, value));
        Enum {
            comment: self.comment(&file, descriptor.path()),
            deprecated,
            closed: self.closed.contains(descriptor.full_name()),
            values: values.collect(),
            annotations: annotations::Schema::of_enum(options.record()),
            used_by: Vec::new(),
            descriptor,
        }
    }

    fn value(&self, file: &FileDescriptor, value: &EnumValueDescriptor) -> Option<EnumValue> {
        let options = Options::read(|| value.options());
        let own = value.enum_value_descriptor_proto().options.as_ref();
        self.shows(&options).then(|| EnumValue {
            name: value.name().to_owned(),
            number: value.number(),
            comment: self.comment(file, value.path()),
            deprecated: own.is_some_and(prost_types::EnumValueOptions::deprecated),
        })
    }
}

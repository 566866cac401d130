//! Messages with their fields, enums with their values.

use std::collections::BTreeMap;

use prost_reflect::Kind;

use super::{Changes, Element, Surface};
use crate::catalog::field::FieldDescriptor;
use crate::catalog::message::{Enum, Field, Message};

/// Kinds that read each other's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Encoding {
    Varint,
    ZigZag,
    Fixed32(bool),
    Fixed64(bool),
    Length,
    Message(String),
    Group(String),
}

impl Changes<'_> {
    /// A message before and now, under one name.
    pub(super) fn message(&mut self, old: Option<&Message>, new: Option<&Message>) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                // Nothing that is served uses it any more; what did says so itself.
                let name = self.now(old.descriptor.full_name());
                return self.add(Element::Message, &name, [], "no longer used");
            }
            (None, Some(new)) => {
                return self.add(Element::Message, new.descriptor.full_name(), [], "added");
            }
            (None, None) => return,
        };
        let is: BTreeMap<u32, &Field> = by_number(new);
        let was: BTreeMap<u32, &Field> = by_number(old);
        for (number, field) in &was {
            match is.get(number) {
                Some(now) => self.field(field, now),
                None => self.lost(new, field, &was),
            }
        }
        for (number, field) in &is {
            let is_renumbered = (old.fields.iter()).any(|own| {
                own.json_name == field.json_name && !is.contains_key(&own.descriptor.number())
            });
            if was.contains_key(number) || is_renumbered {
                continue;
            }
            let name = field.descriptor.full_name();
            if field.is_required() {
                self.add(
                    Element::Field,
                    name,
                    [Surface::Rules],
                    "added, and required",
                );
            } else {
                self.add(Element::Field, name, [], "added");
            }
        }
    }

    /// A field whose number is gone.
    fn lost(&mut self, new: &Message, field: &Field, was: &BTreeMap<u32, &Field>) {
        let number = field.descriptor.number();
        let moved = new.fields.iter().find(|now| {
            now.json_name == field.json_name && !was.contains_key(&now.descriptor.number())
        });
        if let Some(moved) = moved {
            let now = moved.descriptor.number();
            let text = format!("has number {now} instead of {number}");
            self.add(
                Element::Field,
                moved.descriptor.full_name(),
                [Surface::Wire],
                text,
            );
            return self.types(field, moved);
        }
        let reserved = new
            .descriptor
            .reserved_ranges()
            .any(|range| range.contains(&number));
        let name = self.now(field.descriptor.full_name());
        let all = [Surface::Wire, Surface::Json, Surface::Rest];
        let (breaks, text) = if reserved {
            (&all[1..], "removed; its number is reserved")
        } else {
            (
                &all[..],
                "removed; its number is not reserved, so it may come again as something else",
            )
        };
        self.add(Element::Field, &name, breaks.iter().copied(), text);
    }

    fn field(&mut self, old: &Field, new: &Field) {
        let name = new.descriptor.full_name();
        let (was, is) = (old.descriptor.name(), new.descriptor.name());
        if old.json_name != new.json_name {
            let text = if was == is {
                format!("is {} in JSON instead of {}", new.json_name, old.json_name)
            } else {
                format!("was called {was}")
            };
            self.add(Element::Field, name, [Surface::Json, Surface::Rest], text);
        } else if was != is {
            // JSON takes proto names too.
            let text = format!("was called {was}; its name in JSON stays");
            self.add(Element::Field, name, [Surface::Json, Surface::Rest], text);
        }
        self.types(old, new);
        if !old.is_required() && new.is_required() {
            self.add(Element::Field, name, [Surface::Rules], "is required now");
        } else if old.is_required() && !new.is_required() {
            self.add(Element::Field, name, [], "is not required any more");
        }
        if old.rules.sentences != new.rules.sentences {
            let list = |field: &Field| match field.rules.sentences.as_slice() {
                [] => "nothing".to_owned(),
                sentences => sentences.join(", "),
            };
            let text = format!("its rules were {} and are {}", list(old), list(new));
            let breaks = (!new.rules.sentences.is_empty()).then_some(Surface::Rules);
            self.add(Element::Field, name, breaks, text);
        }
        let (was, is) = (oneof(old), oneof(new));
        if was != is {
            let of = |oneof: &str| match oneof {
                "" => "no oneof".to_owned(),
                oneof => format!("the oneof {oneof}"),
            };
            let text = format!("was in {} and is in {}", of(&was), of(&is));
            self.add(Element::Field, name, [Surface::Wire, Surface::Json], text);
        }
        if !old.deprecated && new.deprecated {
            self.add(Element::Field, name, [], "is deprecated now");
        }
    }

    /// Types of a field before and now.
    fn types(&mut self, old: &Field, new: &Field) {
        let name = new.descriptor.full_name();
        let now = |of: &str| self.now(of);
        let same = |of: &str| of.to_owned();
        let (before, after) = (&old.descriptor, &new.descriptor);
        let (was, is) = (written(before, &now), written(after, &same));
        if was == is {
            return;
        }
        let mut breaks = vec![];
        if encoded(before, &now) != encoded(after, &same) {
            breaks.push(Surface::Wire);
        }
        if json(before, &now) != json(after, &same) {
            breaks.extend([Surface::Json, Surface::Rest]);
        }
        if breaks.is_empty() {
            // Other numbers of one form: what was negative, say, is refused now.
            breaks.push(Surface::Rules);
        }
        self.add(
            Element::Field,
            name,
            breaks,
            format!("is {is} instead of {was}"),
        );
    }

    /// An enum before and now, under one name.
    pub(super) fn enumeration(&mut self, old: Option<&Enum>, new: Option<&Enum>) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                let name = self.now(old.descriptor.full_name());
                return self.add(Element::Enum, &name, [], "no longer used");
            }
            (None, Some(new)) => {
                return self.add(Element::Enum, new.descriptor.full_name(), [], "added");
            }
            (None, None) => return,
        };
        let of = |of: &Enum| -> BTreeMap<String, i32> {
            let values = of.values.iter();
            values
                .map(|value| (value.name.clone(), value.number))
                .collect()
        };
        let (was, is) = (of(old), of(new));
        let numbers: Vec<i32> = is.values().copied().collect();
        let called = |value: &str| format!("{}.{value}", new.descriptor.full_name());
        let json = [Surface::Json, Surface::Rest];
        for (value, number) in &was {
            match is.get(value) {
                Some(now) if now == number => {}
                Some(now) => {
                    let text = format!("has number {now} instead of {number}");
                    self.add(Element::Value, &called(value), [Surface::Wire], text);
                }
                None => {
                    let renamed = is
                        .iter()
                        .find(|(now, of)| *of == number && !was.contains_key(*now));
                    match renamed {
                        Some((now, _)) => {
                            self.add(
                                Element::Value,
                                &called(now),
                                json,
                                format!("was called {value}"),
                            );
                        }
                        None if numbers.contains(number) => {
                            self.add(
                                Element::Value,
                                &called(value),
                                json,
                                "removed; another name of its number stays",
                            );
                        }
                        None => {
                            let all = [Surface::Wire, Surface::Json, Surface::Rest];
                            self.add(Element::Value, &called(value), all, "removed");
                        }
                    }
                }
            }
        }
        for (value, number) in &is {
            let was_renamed = was
                .iter()
                .any(|(old, of)| of == number && !is.contains_key(old));
            if !was.contains_key(value) && !was_renamed {
                self.add(Element::Value, &called(value), [], "added");
            }
        }
    }
}

fn by_number(message: &Message) -> BTreeMap<u32, &Field> {
    let fields = message.fields.iter();
    fields
        .map(|field| (field.descriptor.number(), field))
        .collect()
}

/// What a field's values are in JSON.
fn json(field: &FieldDescriptor, name: &dyn Fn(&str) -> String) -> (bool, bool, String) {
    let one = |kind: String| (field.is_list(), field.is_map(), kind);
    let kind = match field.value_kind() {
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "base64",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => {
            "whole number"
        }
        Kind::Float | Kind::Double => "number",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            "whole number as a string"
        }
        Kind::Enum(of) => return one(name(of.full_name())),
        Kind::Message(of) => return one(name(of.full_name())),
    };
    one(kind.to_owned())
}

/// A field's type as a file has it.
fn written(field: &FieldDescriptor, name: &dyn Fn(&str) -> String) -> String {
    let of = |kind: &Kind| match kind {
        Kind::Message(of) => name(of.full_name()),
        Kind::Enum(of) => name(of.full_name()),
        scalar => format!("{scalar:?}"),
    };
    let kind = field.kind();
    match kind.as_message() {
        Some(entry) if field.is_map() => format!(
            "map<{}, {}>",
            of(&entry.map_entry_key_field().kind()),
            of(&entry.map_entry_value_field().kind())
        ),
        _ if field.is_list() => format!("repeated {}", of(&kind)),
        _ => of(&kind),
    }
}

/// How a field lies on the wire: one and many of a kind do not read each other's bytes in general.
fn encoded(field: &FieldDescriptor, name: &dyn Fn(&str) -> String) -> (bool, Vec<Encoding>) {
    let of = |kind: &Kind| match kind {
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Enum(_) => {
            Encoding::Varint
        }
        Kind::Sint32 | Kind::Sint64 => Encoding::ZigZag,
        Kind::Fixed32 | Kind::Sfixed32 => Encoding::Fixed32(false),
        Kind::Float => Encoding::Fixed32(true),
        Kind::Fixed64 | Kind::Sfixed64 => Encoding::Fixed64(false),
        Kind::Double => Encoding::Fixed64(true),
        Kind::String | Kind::Bytes => Encoding::Length,
        Kind::Message(of) if field.is_group() => Encoding::Group(name(of.full_name())),
        Kind::Message(of) => Encoding::Message(name(of.full_name())),
    };
    let kind = field.kind();
    match kind.as_message() {
        Some(entry) if field.is_map() => (
            true,
            vec![
                of(&entry.map_entry_key_field().kind()),
                of(&entry.map_entry_value_field().kind()),
            ],
        ),
        _ => (field.is_list(), vec![of(&kind)]),
    }
}

/// The oneof of a field; empty outside of one.
fn oneof(field: &Field) -> String {
    match field.descriptor.containing_oneof() {
        Some(oneof) if !oneof.is_synthetic() => oneof.name().to_owned(),
        _ => String::new(),
    }
}

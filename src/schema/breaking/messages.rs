//! Messages with their fields, and extensions.

use prost_reflect::{ExtensionDescriptor, FieldDescriptor, MessageDescriptor};

use super::typed::Typed;
use super::{Judge, Rule, defaults, or_none, reserved};

impl Judge<'_> {
    /// A message, and what is declared within it. One that is gone breaks what used it, and that says so
    /// itself.
    pub(super) fn message(&mut self, was: &MessageDescriptor) {
        if let Some(is) = self.new.pool().get_message_by_name(was.full_name()) {
            self.message_pair(was, &is);
        }
        for nested in was.child_messages() {
            self.message(&nested);
        }
        for enumeration in was.child_enums() {
            self.enumeration(&enumeration);
        }
        for extension in was.child_extensions() {
            self.extension(&extension);
        }
    }

    fn message_pair(&mut self, was: &MessageDescriptor, is: &MessageDescriptor) {
        let name = is.full_name();
        if !self.old.has_best_effort_json(name) && self.new.has_best_effort_json(name) {
            let text = "its JSON is best effort now, and was supported";
            self.add(Rule::MessageSameJsonFormat, name, text);
        }
        let is_entry = was.is_map_entry() && is.is_map_entry();
        for field in was.fields() {
            match is.get_field(field.number()) {
                Some(now) => self.field(&field, &now, is_entry),
                None => self.lost(&field, is),
            }
        }
        for field in is.fields().filter(FieldDescriptor::is_required) {
            if !(was.get_field(field.number())).is_some_and(|field| field.is_required()) {
                let text = "is required, and was not: who does not send it is refused";
                self.add(Rule::MessageSameRequiredFields, field.full_name(), text);
            }
        }
        self.reserved(was, is);
    }

    fn reserved(&mut self, was: &MessageDescriptor, is: &MessageDescriptor) {
        // The end of a range is not in it.
        let ranges = |of: &MessageDescriptor| {
            of.reserved_ranges()
                .map(|range| i64::from(range.start)..=i64::from(range.end) - 1)
                .collect::<Vec<_>>()
        };
        let (before, now) = (ranges(was), ranges(is));
        for range in reserved::uncovered(before.into_iter(), now.into_iter()) {
            let text = format!("reserved {} and does so no more", reserved::shown(&range));
            self.add(Rule::ReservedMessageNoDelete, is.full_name(), text);
        }
        for name in was.reserved_names() {
            if !is.reserved_names().any(|own| own == name) {
                let text = format!("reserved the name {name} and does so no more");
                self.add(Rule::ReservedMessageNoDelete, is.full_name(), text);
            }
        }
    }

    /// A field whose number is gone.
    fn lost(&mut self, field: &FieldDescriptor, is: &MessageDescriptor) {
        let (number, name) = (field.number(), field.full_name());
        let what = match is.get_field_by_name(field.name()) {
            Some(now) => format!("has number {} instead of {number}", now.number()),
            None => "removed".to_owned(),
        };
        if !is.reserved_ranges().any(|range| range.contains(&number)) {
            let text = format!("{what}; {number} is not reserved, so it may come again");
            self.add(Rule::FieldNoDeleteUnlessNumberReserved, name, text);
        }
        if !is.reserved_names().any(|own| own == field.name()) {
            let text = format!("{what}; its name is not reserved for what it was");
            self.add(Rule::FieldNoDeleteUnlessNameReserved, name, text);
        }
        if field.is_required() {
            let text = format!("{what}, and was required");
            self.add(Rule::MessageSameRequiredFields, name, text);
        }
    }

    fn field(&mut self, was: &FieldDescriptor, is: &FieldDescriptor, is_entry: bool) {
        let name = is.full_name();
        if was.name() != is.name() {
            self.add(
                Rule::FieldSameName,
                name,
                format!("was called {}", was.name()),
            );
        }
        if was.json_name() != is.json_name() {
            let text = format!(
                "is {:?} in JSON instead of {:?}",
                is.json_name(),
                was.json_name()
            );
            self.add(Rule::FieldSameJsonName, name, text);
        }
        let (before, now) = (oneof(was), oneof(is));
        if before != now {
            let text = format!(
                "is in oneof {} instead of {}",
                or_none(&now),
                or_none(&before)
            );
            self.add(Rule::FieldSameOneof, name, text);
        }
        if was.is_required() && !is.is_required() {
            let text = "is not required, and was: who waits for it may not get it";
            self.add(Rule::MessageSameRequiredFields, name, text);
        }
        self.types(
            name,
            &Typed::of_field(was),
            &Typed::of_field(is),
            // Both fields of an entry are always there.
            is_entry,
        );
    }

    /// An extension, by what it extends and its number.
    pub(super) fn extension(&mut self, was: &ExtensionDescriptor) {
        let extended = was.containing_message();
        let message = self.new.pool().get_message_by_name(extended.full_name());
        let Some(is) = message.and_then(|message| message.get_extension(was.number())) else {
            return;
        };
        let name = is.full_name();
        if was.full_name() != name {
            let text = format!("was called {}", was.full_name());
            self.add(Rule::FieldSameName, name, text);
        }
        let (was, is) = (Typed::of_extension(was), Typed::of_extension(&is));
        self.types(name, &was, &is, false);
    }

    fn types(&mut self, name: &str, was: &Typed, is: &Typed, is_entry: bool) {
        if !is.reads(was) {
            let text = format!("is {} instead of {}", is.name(), was.name());
            self.add(Rule::FieldWireJsonCompatibleType, name, text);
        }
        let (before, now) = (was.cardinality, is.cardinality);
        if before != now && !is_entry {
            let text = format!("is {} instead of {}", now.name(), before.name());
            self.add(Rule::FieldWireJsonCompatibleCardinality, name, text);
        }
        if let (Some(before), Some(now)) = (&was.default, &is.default)
            && !defaults::is_same(before, now)
        {
            let (before, now) = (defaults::shown(before), defaults::shown(now));
            let text = format!("has the default {now} instead of {before}");
            self.add(Rule::FieldSameDefault, name, text);
        }
    }
}

/// The oneof of a field; empty outside of one.
fn oneof(field: &FieldDescriptor) -> String {
    match field.containing_oneof() {
        Some(oneof) if !oneof.is_synthetic() => oneof.name().to_owned(),
        _ => String::new(),
    }
}

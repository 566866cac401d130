//! Messages and enums as they are declared.

use prost_reflect::{EnumDescriptor, MessageDescriptor};

use super::{Linter, Place, Rule};

/// Most messages around each other, the outermost included.
const NESTING_MAX: usize = 3;

/// How the value that means nothing ends.
const UNSPECIFIED: &str = "_UNSPECIFIED";

impl Linter<'_> {
    /// A message, and what is declared within it. `level` counts the messages around it, and itself.
    pub(super) fn message(&mut self, message: &MessageDescriptor, file: &str, level: usize) {
        if message.is_map_entry() {
            return;
        }
        let place = Place {
            file,
            path: message.path(),
        };
        let name = message.full_name();
        self.message_name(&place, name, message.name());
        if level > NESTING_MAX {
            let text = format!(
                "is declared within {} messages; declare it beside them, where others can use it",
                level - 1
            );
            self.add(Rule::DeepNesting, Some(&place), name, text);
        }
        let siblings: Vec<String> = message.fields().map(|own| own.name().to_owned()).collect();
        for field in message.fields() {
            let place = Place {
                file,
                path: field.path(),
            };
            self.field_name(&place, field.full_name(), field.name(), &siblings);
        }
        for nested in message.child_messages() {
            self.message(&nested, file, level + 1);
        }
        for enumeration in message.child_enums() {
            self.enumeration(&enumeration, file);
        }
    }

    pub(super) fn enumeration(&mut self, enumeration: &EnumDescriptor, file: &str) {
        let Some(first) = enumeration.values().next() else {
            return;
        };
        let place = Place {
            file,
            path: first.path(),
        };
        let text = if first.number() != 0 {
            format!(
                "begins with {} = {}; expected 0, which stands where nobody has set a value",
                first.name(),
                first.number()
            )
        } else if !first.name().ends_with(UNSPECIFIED) {
            format!(
                "begins with {} = 0, which every message has that says nothing; expected {}{UNSPECIFIED}",
                first.name(),
                capitals(enumeration.name())
            )
        } else {
            return;
        };
        self.add(
            Rule::EnumZeroValueSuffix,
            Some(&place),
            enumeration.full_name(),
            text,
        );
    }
}

/// `BookState` as `BOOK_STATE`.
fn capitals(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = None::<char>;
    for c in name.chars() {
        if c.is_ascii_uppercase()
            && before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
        before = Some(c);
    }
    out
}

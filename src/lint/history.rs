//! What an older schema had: removed without a trace, or used again for something else. The judgement is
//! that of `breaking`.

use super::{Linter, Place, Rule};
use crate::schema::Schema;
use crate::schema::breaking::{self, Breaking};

impl Linter<'_> {
    pub(super) fn history(&mut self, old: &Schema) {
        for change in breaking::breaking(old, self.schema) {
            let Some((rule, advice)) = judged(change.rule) else {
                continue;
            };
            let text = format!("{}; {advice}", change.text);
            self.changed(rule, &change, text);
        }
    }

    /// A finding at what is there now: the element itself, or what it was in.
    fn changed(&mut self, rule: Rule, change: &Breaking, text: String) {
        let pool = self.schema.pool();
        let (parent, last) = change.name.rsplit_once('.').unwrap_or(("", &change.name));
        let own = pool.get_message_by_name(&change.name);
        let own = own.or_else(|| pool.get_message_by_name(parent));
        if let Some(message) = own {
            let field = message.get_field_by_name(last);
            let file = message.parent_file();
            let place = Place {
                file: file.name(),
                path: field.as_ref().map_or(message.path(), |field| field.path()),
            };
            return self.add(rule, Some(&place), &change.name, text);
        }
        let own = pool.get_enum_by_name(&change.name);
        match own.or_else(|| pool.get_enum_by_name(parent)) {
            Some(enumeration) => {
                let value = enumeration.get_value_by_name(last);
                let file = enumeration.parent_file();
                let place = Place {
                    file: file.name(),
                    path: value
                        .as_ref()
                        .map_or(enumeration.path(), |value| value.path()),
                };
                self.add(rule, Some(&place), &change.name, text);
            }
            None => self.add(rule, None, &change.name, text),
        }
    }
}

/// What a breaking change is to somebody who writes the next version, with what to do.
const fn judged(rule: breaking::Rule) -> Option<(Rule, &'static str)> {
    match rule {
        breaking::Rule::FieldNoDeleteUnlessNumberReserved
        | breaking::Rule::EnumValueNoDeleteUnlessNumberReserved => {
            Some((Rule::DeletedWithoutReserved, "reserve the number"))
        }
        breaking::Rule::FieldNoDeleteUnlessNameReserved
        | breaking::Rule::EnumValueNoDeleteUnlessNameReserved => {
            Some((Rule::DeletedWithoutReserved, "reserve the name"))
        }
        breaking::Rule::FieldSameName | breaking::Rule::EnumValueSameName => {
            Some((Rule::NumberReused, "take a number that was never used"))
        }
        breaking::Rule::ReservedMessageNoDelete | breaking::Rule::ReservedEnumNoDelete => {
            Some((Rule::NumberReused, "leave it reserved"))
        }
        _ => None,
    }
}

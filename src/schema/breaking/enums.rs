//! Enums with their values. Several names may share a number.

use std::collections::BTreeMap;

use prost_reflect::EnumDescriptor;

use super::{Judge, Rule, reserved};

impl Judge<'_> {
    /// An enum. One that is gone breaks what used it, and that says so itself.
    pub(super) fn enumeration(&mut self, was: &EnumDescriptor) {
        let Some(is) = self.new.pool().get_enum_by_name(was.full_name()) else {
            return;
        };
        let name = is.full_name();
        if !self.old.has_best_effort_json(name) && self.new.has_best_effort_json(name) {
            let text = "its JSON is best effort now, and was supported";
            self.add(Rule::EnumSameJsonFormat, name, text);
        }
        let (before, now) = (names(was), names(&is));
        for (number, old) in &before {
            match now.get(number) {
                Some(new) => {
                    for gone in old.iter().filter(|name| !new.contains(name)) {
                        let text =
                            format!("is called {} now; its number is {number}", new.join(", "));
                        self.add(Rule::EnumValueSameName, &format!("{name}.{gone}"), text);
                    }
                }
                None => self.lost_value(&is, *number, old),
            }
        }
        let ranges = |of: &EnumDescriptor| {
            of.reserved_ranges()
                .map(|range| i64::from(*range.start())..=i64::from(*range.end()))
                .collect::<Vec<_>>()
        };
        let (before, now) = (ranges(was), ranges(&is));
        for range in reserved::uncovered(before.into_iter(), now.into_iter()) {
            let text = format!("reserved {} and does so no more", reserved::shown(&range));
            self.add(Rule::ReservedEnumNoDelete, name, text);
        }
        for reserved in was.reserved_names() {
            if !is.reserved_names().any(|own| own == reserved) {
                let text = format!("reserved the name {reserved} and does so no more");
                self.add(Rule::ReservedEnumNoDelete, name, text);
            }
        }
    }

    /// Values whose number is gone.
    fn lost_value(&mut self, is: &EnumDescriptor, number: i32, names: &[String]) {
        for name in names {
            let full = format!("{}.{name}", is.full_name());
            let what = match is.get_value_by_name(name) {
                Some(now) => format!("has number {} instead of {number}", now.number()),
                None => "removed".to_owned(),
            };
            if !is.reserved_ranges().any(|range| range.contains(&number)) {
                let text = format!("{what}; {number} is not reserved, so it may come again");
                self.add(Rule::EnumValueNoDeleteUnlessNumberReserved, &full, text);
            }
            if !is.reserved_names().any(|own| own == name) {
                let text = format!("{what}; its name is not reserved for what it was");
                self.add(Rule::EnumValueNoDeleteUnlessNameReserved, &full, text);
            }
        }
    }
}

/// Names by number.
fn names(of: &EnumDescriptor) -> BTreeMap<i32, Vec<String>> {
    let mut names: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for value in of.values() {
        names
            .entry(value.number())
            .or_default()
            .push(value.name().to_owned());
    }
    names
}

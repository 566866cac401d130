//! Names that say nothing, and names of writes where something happens.

use super::{Linter, Place, Rule};

/// Fields that could hold anything.
const VAGUE_FIELDS: &[&str] = &[
    "args",
    "arguments",
    "data",
    "flag",
    "flags",
    "foo",
    "info",
    "information",
    "misc",
    "obj",
    "object",
    "objects",
    "other",
    "others",
    "param",
    "params",
    "stuff",
    "temp",
    "thing",
    "things",
    "tmp",
    "val",
    "value",
    "values",
];

/// Beside one of these a `value` is understood.
const COMPANIONS: &[&str] = &["key", "name", "unit", "currency", "currency_code", "path"];

/// Messages that could be anything.
const VAGUE_MESSAGES: &[&str] = &[
    "Args",
    "Data",
    "Info",
    "Information",
    "Message",
    "Misc",
    "Object",
    "Params",
    "Payload",
    "Request",
    "Response",
    "Stuff",
    "Thing",
    "Value",
];

/// Methods that could do anything.
const VAGUE_METHODS: &[&str] = &[
    "Call", "Do", "Execute", "Handle", "Manage", "Perform", "Process", "Run", "Submit",
];

/// How writes begin.
const WRITES: &[&str] = &["Change", "Edit", "Modify", "Patch", "Set", "Update"];

/// What changes because something happens.
const STATES: &[&str] = &[
    "Active", "Enabled", "Flag", "Phase", "Stage", "State", "Status",
];

impl Linter<'_> {
    pub(super) fn field_name(
        &mut self,
        place: &Place<'_>,
        full_name: &str,
        name: &str,
        siblings: &[String],
    ) {
        let understood = || {
            siblings
                .iter()
                .any(|own| COMPANIONS.contains(&own.as_str()))
        };
        if VAGUE_FIELDS.contains(&name) && !(matches!(name, "value" | "values") && understood()) {
            let text = format!("{name:?} could be anything; call it by what it holds");
            self.add(Rule::VagueName, Some(place), full_name, text);
        }
    }

    pub(super) fn message_name(&mut self, place: &Place<'_>, full_name: &str, name: &str) {
        if VAGUE_MESSAGES.contains(&name) {
            let text = format!("{name:?} could be anything; call it by what it describes");
            self.add(Rule::VagueName, Some(place), full_name, text);
        }
    }

    pub(super) fn method_name(&mut self, method: &crate::schema::Method) {
        let name = method.name.as_str();
        if VAGUE_METHODS.contains(&name) {
            let text = format!("{name:?} could do anything; call it by what it does, to what");
            self.add_to_method(Rule::VagueName, method, text);
        }
        let write = WRITES.iter().find_map(|write| name.strip_prefix(write));
        let Some(what) = write.filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        else {
            return;
        };
        if let Some(state) = STATES.iter().find(|state| what.ends_with(**state)) {
            let thing = what.strip_suffix(state).unwrap_or_default();
            let text = format!(
                "writes a {}; a method for each thing that happens says what is allowed when, such \
                 as Cancel{thing} or Archive{thing}",
                state.to_ascii_lowercase()
            );
            self.add_to_method(Rule::ActionOverCrud, method, text);
        }
    }
}

//! `Any`: an object whose `@type`, wherever it stands, names the message the rest is.
//!
//! Types come from the schema alone: a type URL is a name, and nothing is ever fetched.

use super::Writer;
use super::map::put_bytes;
use super::object::Home;
use crate::transcode::Unknown;
use crate::transcode::error::{EXCERPT_MAX, Fault, excerpt};
use crate::transcode::plan::{Plan, PlanId};
use crate::transcode::scratch::TypeAt;

// any.proto: type_url = 1, value = 2.
const TYPE_URL: u8 = 0x0A;
const VALUE: u8 = 0x12;

/// The key that names the message.
const TYPE_KEY: &[u8] = b"@type";

impl<'c> Writer<'c, '_> {
    /// The body of an `Any`.
    pub(super) fn any(&mut self) -> Result<(), Fault> {
        self.json.token();
        let from = self.json.at();
        let Some(id) = self.type_url()? else {
            return Ok(());
        };
        self.json.seek(from);
        let plan = self.plans.plan(id);
        let start = self.out.len();
        self.out.push(VALUE);
        let prefix = self.open_length(plan.slot);
        if plan.is_value_of_any() {
            self.wrapped(plan, id)?;
        } else {
            self.object(plan, Home::Any)?;
        }
        if prefix.is_empty(self.out) {
            self.out.truncate(start);
        } else {
            self.close_length(plan.slot, prefix);
        }
        Ok(())
    }

    /// Finds the `@type` of the object that begins here, writes it, and gives its plan; nothing
    /// for an empty object, which is an empty `Any`, and is stepped over.
    fn type_url(&mut self) -> Result<Option<PlanId>, Fault> {
        let from = self.json.at();
        self.json.expect(b'{', "an object with `@type`")?;
        if self.json.closes(b'}') {
            return Ok(None);
        }
        if !self.find_type(from)? {
            let message = "expected `@type` to name the message, found none";
            return Err(Fault::invalid(Some(from), message));
        }
        let at = self.json.at();
        let url = self.json.string(&mut self.scratch.text, "a type URL")?;
        let slash = url.iter().rposition(|byte| *byte == b'/');
        let name = slash.and_then(|slash| url.get(slash + 1..));
        let known = name
            .and_then(|name| std::str::from_utf8(name).ok())
            .and_then(|name| self.plans.find(name));
        let Some(id) = known else {
            let shown = excerpt(url, EXCERPT_MAX * 2);
            let message = match name {
                Some(_) => format!("expected a type of the schema in `@type`, found {shown:?}"),
                None => format!(
                    "expected `@type` like \"type.googleapis.com/package.Message\", found {shown:?}"
                ),
            };
            return Err(Fault::invalid(Some(at), message).under_field("@type"));
        };
        self.out.push(TYPE_URL);
        put_bytes(self.out, url);
        Ok(Some(id))
    }

    /// From the first key of the object that begins at `from`, goes to the value of its `@type`.
    ///
    /// Where it comes late, the text before it is stepped over once, for all objects in there: an
    /// `Any` in an `Any` in an `Any` would else be stepped over by each of them.
    fn find_type(&mut self, from: usize) -> Result<bool, Fault> {
        if from < self.typed_until {
            let types = &self.scratch.types;
            let at = types.partition_point(|seen| seen.object < from);
            let own = types.get(at).filter(|seen| seen.object == from);
            if let Some(seen) = own {
                self.json.seek(seen.url);
            }
            return Ok(own.is_some());
        }
        self.scratch.types.clear();
        let depth = self.depth_left.saturating_sub(1);
        let types = &mut self.scratch.types;
        loop {
            let key = self
                .json
                .string(&mut self.scratch.text, "a field name in double quotes")?;
            let is_type = key == TYPE_KEY;
            self.json.expect(b':', "`:`")?;
            self.json.token();
            if is_type {
                break;
            }
            self.json.skip_members(depth, &mut |member| {
                if member.is_named(TYPE_KEY) {
                    types.push(TypeAt {
                        object: member.object,
                        url: member.value,
                    });
                }
            })?;
            if !self.json.another(b'}')? {
                return Ok(false);
            }
        }
        // Of objects in objects, the inner ones' types may stand before the outer ones'.
        types.sort_unstable();
        self.typed_until = self.json.at();
        Ok(true)
    }

    /// `{"@type": …, "value": …}` around a message whose JSON form is not an object of its fields.
    fn wrapped(&mut self, plan: &'c Plan, id: PlanId) -> Result<(), Fault> {
        let from = self.json.at();
        self.json.expect(b'{', "an object")?;
        self.enter()?;
        let (mut types, mut values) = (0, 0);
        let mut more = !self.json.closes(b'}');
        while more {
            let key_at = self.json.at();
            let key = self
                .json
                .string(&mut self.scratch.text, "a field name in double quotes")?;
            let (is_type, is_value) = (key == TYPE_KEY, key == b"value");
            self.json.expect(b':', "`:`")?;
            self.json.token();
            if is_type && types == 0 {
                types = 1;
                self.json.skip_string()?;
            } else if is_value && values == 0 {
                values = 1;
                self.body(id)
                    .map_err(|fault| fault.at(self.json.at()).under_field("value"))?;
            } else if is_type || is_value {
                let name = if is_type { "@type" } else { "value" };
                return Err(Fault::invalid(
                    Some(key_at),
                    format!("`{name}` is given twice"),
                ));
            } else if self.options.unknown == Unknown::Ignore {
                self.json.skip(self.depth_left)?;
            } else {
                let message = format!("expected only `@type` and `value` for {}", plan.name);
                return Err(Fault::invalid(Some(key_at), message));
            }
            more = self.json.another(b'}')?;
        }
        // Some printers write an `Empty` as `{"@type": …}` alone.
        if values == 0 && plan.wkt.is_some() {
            let message = format!("expected `value` with the {}, found none", plan.name);
            return Err(Fault::invalid(Some(from), message));
        }
        self.leave();
        Ok(())
    }
}

//! JSON to wire bytes: one forward pass over the text, the output written as it goes.
//!
//! Every value is read where its plan expects it. Keys are first compared with the field that
//! came next last time; lengths are reserved at the width they needed last time and patched. Both
//! guesses live in the scratch and only cost time when they are wrong.
//!
//! Work is linear in the text, times at most the depth where a length was guessed too short; recursion
//! ends at the depth limit.

mod any;
mod list;
mod map;
mod object;
mod structs;
mod url;
mod value;

use super::error::Fault;
use super::json::lex::Lexer;
use super::options::DEPTH_CEILING;
use super::plan::{Field, Kind, PlanId, Presence, Shape, Wkt};
use super::scratch::{TypeAt, WrittenKey};
use super::select::Step;
use super::wire::write::Prefix;
use super::{Error, FieldPath, Plans, ReadOptions, Scratch};

pub(crate) use url::{numeric_key, payload, text};

/// Bytes of a length prefix that no guess exceeds: what 32 bits of length need.
const WIDTH_MAX: u8 = 5;

/// Bytes that a buffer of a scratch keeps from call to call at most.
const KEPT_MAX: usize = 64 << 10;

/// One call: where reading and writing stand.
struct Writer<'c, 'j> {
    plans: &'c Plans,
    options: &'c ReadOptions,
    json: Lexer<'j>,
    scratch: &'c mut Scratch,
    out: &'c mut Vec<u8>,
    /// Where `out` began.
    from: usize,
    /// How much deeper the text may nest.
    depth_left: usize,
    /// Of every object before this place that is still to be read, the scratch has the `@type`.
    typed_until: usize,
}

/// The JSON text of a whole message.
pub(crate) fn message(
    plans: &Plans,
    plan: PlanId,
    json: &[u8],
    options: &ReadOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    run(plans, json, options, scratch, out, |writer| {
        check_utf8(json)?;
        writer.refuse_null(Kind::Message(plan))?;
        writer.body(plan)?;
        writer.json.end()
    })
}

/// The JSON text of one field, as a fragment of the root message.
pub(crate) fn field(
    plans: &Plans,
    path: &FieldPath,
    json: &[u8],
    options: &ReadOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let outcome = run(plans, json, options, scratch, out, |writer| {
        check_utf8(json)?;
        writer.within(path.steps(), &mut |writer, field, slot| {
            if writer.json.token() == b'n' {
                match field.shape {
                    Shape::Single => writer.refuse_null(field.kind)?,
                    Shape::List | Shape::Packed => return Err(writer.json.unexpected("a list")),
                    Shape::Map(_) => return Err(writer.json.unexpected("an object")),
                }
            }
            writer.field(field, slot)?;
            writer.json.end()
        })
    });
    outcome.map_err(|mut error| {
        error.path = join(path.name(), &error.path);
        error
    })
}

fn join(parent: &str, path: &str) -> String {
    if path.is_empty() || path.starts_with('[') {
        format!("{parent}{path}")
    } else {
        format!("{parent}.{path}")
    }
}

/// Runs one call; on failure nothing of it stays in `out`.
fn run<'j>(
    plans: &Plans,
    json: &'j [u8],
    options: &ReadOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
    call: impl FnOnce(&mut Writer<'_, 'j>) -> Result<(), Fault>,
) -> Result<(), Error> {
    let from = out.len();
    scratch.prepare(plans);
    let mut writer = Writer {
        plans,
        options,
        json: Lexer::new(json),
        scratch,
        out,
        from,
        depth_left: options.depth_max.min(DEPTH_CEILING),
        typed_until: 0,
    };
    let outcome = call(&mut writer).and_then(|()| writer.check_size());
    let at = writer.json.at();
    scratch.trim();
    outcome.map_err(|fault| {
        out.truncate(from);
        fault.at(at).into_error()
    })
}

/// JSON is UTF-8, without a byte order mark.
fn check_utf8(json: &[u8]) -> Result<(), Fault> {
    if json.starts_with(b"\xEF\xBB\xBF") {
        let message = "expected JSON, found a byte order mark";
        return Err(Fault::invalid(Some(0), message));
    }
    simdutf8::compat::from_utf8(json)
        .map(drop)
        .map_err(|error| {
            let message = "expected UTF-8, found bytes that are not";
            Fault::invalid(Some(error.valid_up_to()), message)
        })
}

impl<'c> Writer<'c, '_> {
    /// A `null` stands for absence, which a root cannot have, unless its type has a null.
    fn refuse_null(&mut self, kind: Kind) -> Result<(), Fault> {
        if self.json.token() == b'n' && !self.takes_null(kind) {
            return Err(self.json.unexpected(self.noun(kind)));
        }
        Ok(())
    }

    /// `null` is a value of this kind rather than absence.
    fn takes_null(&self, kind: Kind) -> bool {
        match kind {
            Kind::Message(id) => self.plans.plan(id).wkt == Some(Wkt::Value),
            Kind::Enum(id) => self.plans.enumeration(id).null,
            _ => false,
        }
    }

    /// What a kind looks like in JSON, for people.
    fn noun(&self, kind: Kind) -> &'static str {
        match kind.message().map(|id| self.plans.plan(id).wkt) {
            None => kind.noun(),
            Some(None | Some(Wkt::Any | Wkt::Struct)) => "an object",
            Some(Some(Wkt::ListValue)) => "a list",
            Some(Some(Wkt::Value)) => "a value",
            Some(Some(Wkt::Timestamp)) => super::wkt::timestamp::EXPECTED,
            Some(Some(Wkt::Duration)) => super::wkt::duration::EXPECTED,
            Some(Some(Wkt::FieldMask)) => super::wkt::field_mask::EXPECTED,
            Some(Some(Wkt::Wrapper(kind))) => kind.noun(),
        }
    }

    /// Writes the messages of a path around what `inner` writes for its last field.
    fn within(
        &mut self,
        steps: &[Step],
        inner: &mut dyn FnMut(&mut Self, &'c Field, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some((step, below)) = steps.split_first() else {
            return Ok(());
        };
        let plan = self.plans.plan(step.plan);
        let index = step.field as usize;
        let Some(field) = plan.fields.get(index) else {
            return Ok(());
        };
        let slot = plan.slot + 1 + index;
        // The message around the field is a level, although the text does not show it.
        self.enter()?;
        if below.is_empty() {
            inner(self, field, slot)?;
            self.leave();
            return Ok(());
        }
        self.out.extend_from_slice(field.tag.bytes());
        if let Kind::Group(_) = field.kind {
            self.within(below, inner)?;
            self.end_group(field.number);
        } else {
            let prefix = self.open_length(slot);
            self.within(below, inner)?;
            self.close_length(slot, prefix);
        }
        self.leave();
        Ok(())
    }

    /// The value of a field, after its key.
    fn field(&mut self, field: &'c Field, slot: usize) -> Result<(), Fault> {
        match field.shape {
            Shape::Single => {
                self.value(
                    field.kind,
                    field.tag.bytes(),
                    field.number,
                    slot,
                    field.presence,
                )?;
            }
            Shape::List => self.list(field, slot)?,
            Shape::Packed => self.packed(field, slot)?,
            Shape::Map(key) => self.map(field, key, slot)?,
        }
        self.check_size()
    }

    /// One message, without its tag and length.
    fn body(&mut self, id: PlanId) -> Result<(), Fault> {
        let plan = self.plans.plan(id);
        match plan.wkt {
            None => self.object(plan, object::Home::Message),
            Some(Wkt::Any) => self.any(),
            Some(Wkt::Struct) => self.structure(),
            Some(Wkt::ListValue) => self.list_value(),
            Some(Wkt::Value) => self.dynamic(),
            Some(Wkt::Wrapper(kind)) => {
                // `value` = 1 in every wrapper.
                let tag = super::plan::Tag::new(1, kind.wire_type());
                self.value(kind, tag.bytes(), 1, plan.slot, Presence::Implicit)
            }
            Some(wkt @ (Wkt::Timestamp | Wkt::Duration | Wkt::FieldMask)) => {
                self.text_form(wkt, id)
            }
        }
    }

    /// One level deeper.
    fn enter(&mut self) -> Result<(), Fault> {
        self.enter_by(1)
    }

    /// Some levels deeper.
    fn enter_by(&mut self, levels: usize) -> Result<(), Fault> {
        let Some(left) = self.depth_left.checked_sub(levels) else {
            let max = self.options.depth_max.min(DEPTH_CEILING);
            let message = format!("the value is nested deeper than {max} levels");
            return Err(Fault::invalid(Some(self.json.at()), message));
        };
        self.depth_left = left;
        Ok(())
    }

    fn leave(&mut self) {
        self.leave_by(1);
    }

    fn leave_by(&mut self, levels: usize) {
        self.depth_left += levels;
    }

    /// The output is within its bound.
    fn check_size(&self) -> Result<(), Fault> {
        if self.out.len() - self.from > self.options.output_max {
            return Err(Fault::too_large(self.options.output_max));
        }
        Ok(())
    }

    /// Reserves a length as wide as this slot's was last time.
    fn open_length(&mut self, slot: usize) -> Prefix {
        let width = self.scratch.widths.get(slot).copied().unwrap_or(1);
        Prefix::open(self.out, width.min(WIDTH_MAX))
    }

    /// Writes a length, and remembers its width.
    fn close_length(&mut self, slot: usize, prefix: Prefix) {
        let width = prefix.close(self.out);
        if let Some(hint) = self.scratch.widths.get_mut(slot) {
            *hint = width;
        }
    }
}

impl Scratch {
    /// Makes room for the guesses of these plans. Guesses of other plans may remain: they are
    /// only guesses.
    fn prepare(&mut self, plans: &Plans) {
        if self.widths.len() < plans.slots() {
            self.widths.resize(plans.slots(), 0);
            self.successors.resize(plans.slots(), 0);
        }
        if self.depth_widths.is_empty() {
            self.depth_widths
                .resize((DEPTH_CEILING + 1) * structs::WIDTHS_PER_LEVEL, 0);
        }
        self.seen.clear();
        self.keys.clear();
        self.types.clear();
    }

    /// Gives back what one extraordinary input made large.
    fn trim(&mut self) {
        if self.text.capacity() > KEPT_MAX {
            self.text = Vec::new();
        }
        if self.keys.capacity() * size_of::<WrittenKey>() > KEPT_MAX {
            self.keys = Vec::new();
        }
        if self.types.capacity() * size_of::<TypeAt>() > KEPT_MAX {
            self.types = Vec::new();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! Which fields a request sets, as the content of a `google.protobuf.FieldMask`: the update mask
//! that a PATCH leaves out.
//!
//! ```text
//! {"title":"x","author":{"name":"y","born":null},"tags":["a"]}   ->   title, author.name, author.born, tags
//! ```
//!
//! Paths are proto names and lead to leaves: scalars, lists, maps, well-known types (`Any` and
//! `Struct` among them), messages given as `{}`. A `null` counts as present: it is how JSON says
//! "clear this". What comes out is bounded by [`PATHS_MAX`] and [`BYTES_MAX`].

use super::error::Fault;
use super::json::lex::Lexer;
use super::options::DEPTH_CEILING;
use super::plan::{Field, Plan, PlanId, Plans, Shape};
use super::select::Step;
use super::wire::write::put_varint;
use super::{Error, FieldRef};

/// Paths in a mask at most.
const PATHS_MAX: usize = 1000;

/// Bytes of a mask at most.
const BYTES_MAX: usize = 64 << 10;

/// Tag of `paths`, a string, in a `FieldMask`.
const PATHS_TAG: u8 = 0x0A;

/// The content of a `google.protobuf.FieldMask`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    wire: Vec<u8>,
    paths: usize,
}

impl Mask {
    /// The message in wire form; empty if there are no paths.
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Adds a path of proto names.
    fn push(&mut self, path: &[u8]) -> Result<(), Fault> {
        if self.paths == PATHS_MAX || self.wire.len() + path.len() > BYTES_MAX {
            let message = format!(
                "found more than {PATHS_MAX} fields or {BYTES_MAX} bytes of their names, \
                 expected an update mask that names them"
            );
            return Err(Fault::invalid(None, message));
        }
        self.paths += 1;
        self.wire.push(PATHS_TAG);
        put_varint(&mut self.wire, path.len() as u64);
        self.wire.extend_from_slice(path);
        Ok(())
    }
}

impl Plans {
    /// The field of a request message that is an update's mask: its singular `FieldMask` named
    /// `update_mask`, or else its only one.
    pub(crate) fn mask_field(&self, root: PlanId) -> Option<Step> {
        let field = self.plan(root).mask?;
        Some(Step { plan: root, field })
    }

    /// The fields that the JSON of a message sets. Keys that are no fields are passed over: whether
    /// the text is right is for [`Plans::to_wire`] to say.
    ///
    /// # Errors
    /// The text is no JSON object, or the mask would be too large.
    pub fn mask_of_json(&self, plan: PlanId, json: &[u8]) -> Result<Mask, Error> {
        let mut walk = Walk {
            plans: self,
            json: Lexer::new(json),
            key: Vec::new(),
            path: Vec::new(),
            mask: Mask::default(),
        };
        match walk.message(self.plan(plan), DEPTH_CEILING) {
            Ok(_) => Ok(walk.mask),
            Err(fault) => Err(fault.into_error()),
        }
    }

    /// A mask names what lies beneath the field, rather than the field.
    pub(crate) fn is_masked_beneath(&self, field: FieldRef<'_>) -> bool {
        let last = field.steps().last().and_then(|step| self.field_at(*step));
        last.is_some_and(|field| self.beneath(field).is_some())
    }

    /// How many steps of a field's way, behind the first `from`, a mask goes down: to the field
    /// itself, or to the well-known type it lies in.
    pub(crate) fn mask_depth(&self, field: FieldRef<'_>, from: usize) -> usize {
        let steps = field.steps();
        let leaf = steps.iter().skip(from).position(|step| {
            self.field_at(*step)
                .is_none_or(|field| self.beneath(field).is_none())
        });
        leaf.map_or(steps.len(), |leaf| from + leaf + 1)
    }

    /// Adds a field, named from behind the first `from` steps of its way.
    pub(crate) fn add_to_mask(
        &self,
        mask: &mut Mask,
        field: FieldRef<'_>,
        from: usize,
    ) -> Result<(), Error> {
        let mut path = Vec::new();
        for step in field.steps().iter().skip(from) {
            if let Some(field) = self.field_at(*step) {
                name(&mut path, field).map_err(Fault::into_error)?;
            }
        }
        mask.push(&path).map_err(Fault::into_error)
    }

    /// The message whose fields a mask names instead of the field.
    fn beneath(&self, field: &Field) -> Option<&Plan> {
        let plan = self.plan(field.kind.message()?);
        (field.shape == Shape::Single && plan.wkt.is_none()).then_some(plan)
    }
}

/// Adds the name of a field to a path.
fn name(path: &mut Vec<u8>, field: &Field) -> Result<(), Fault> {
    if field.is_extension() {
        let message = "found an extension, which no field mask can name; \
                       expected an update mask that names what is to be changed";
        return Err(Fault::invalid(None, message).under_field(&field.name));
    }
    if !path.is_empty() {
        path.push(b'.');
    }
    path.extend_from_slice(field.name.as_bytes());
    Ok(())
}

/// One forward pass over a text.
struct Walk<'p, 'j> {
    plans: &'p Plans,
    json: Lexer<'j>,
    /// Where a key with escapes is unescaped.
    key: Vec<u8>,
    /// The path of the open object.
    path: Vec<u8>,
    mask: Mask,
}

impl Walk<'_, '_> {
    /// An object of a message's fields, braces included; false if it has none.
    fn message(&mut self, plan: &Plan, depth: usize) -> Result<bool, Fault> {
        self.json.expect(b'{', "an object")?;
        let mut some = false;
        let mut more = !self.json.closes(b'}');
        while more {
            let key = self.json.string(&mut self.key, "a key in double quotes")?;
            let field = plan.by_name(key).and_then(|index| plan.fields.get(index));
            self.json.expect(b':', "`:`")?;
            match field {
                Some(field) => {
                    some = true;
                    self.field(field, depth)?;
                }
                None => self.json.skip(depth)?,
            }
            more = self.json.another(b'}')?;
        }
        Ok(some)
    }

    fn field(&mut self, field: &Field, depth: usize) -> Result<(), Fault> {
        let length = self.path.len();
        name(&mut self.path, field)?;
        let is_object = self.json.token() == b'{';
        let plans = self.plans;
        let named = match plans.beneath(field) {
            Some(plan) if is_object => {
                let depth = depth.checked_sub(1).ok_or_else(|| {
                    Fault::invalid(Some(self.json.at()), "the value is nested too deeply")
                })?;
                self.message(plan, depth)?
            }
            Some(_) | None => {
                self.json.skip(depth)?;
                false
            }
        };
        if !named {
            self.mask.push(&self.path)?;
        }
        self.path.truncate(length);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

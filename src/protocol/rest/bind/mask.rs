//! The update mask that a PATCH leaves out: filled with the fields that its body sets.
//!
//! `PATCH /v1/books/7 {"title":"x"}` with `body: "book"` is an update of `book.title` alone, so the
//! request's empty `update_mask` becomes `title` (AIP-134). A mask that path or query gives is the
//! client's word and stays.

use std::ops::Range;

use super::seen::Seen;
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::http_body;
use crate::schema::{Binding, Body};
use crate::transcode::{FieldPath, FieldRef, Mask, PlanId, Plans, Scratch, Step};

/// The mask of one request.
pub(super) struct UpdateMask<'b> {
    /// The mask's field.
    way: [Step; 1],
    /// The body's field, and the plan of its message.
    body: &'b FieldPath,
    plan: PlanId,
    given: bool,
    mask: Mask,
}

impl<'b> UpdateMask<'b> {
    /// The mask to fill; `None` where nothing is to be filled: not a PATCH, a body that is no
    /// message, a request without a mask.
    pub(super) fn of(plans: &Plans, binding: &'b Binding) -> Option<Self> {
        let Body::Field(body) = &binding.body else {
            return None;
        };
        if binding.verb != "PATCH" {
            return None;
        }
        let step = plans.mask_field(binding.method.input)?;
        let plan = body.message()?;
        if !plans.is_masked_beneath(body.into()) || http_body::is_plan(plans, plan) {
            return None;
        }
        Some(Self {
            way: [step],
            body,
            plan,
            given: false,
            mask: Mask::default(),
        })
    }

    /// The path binds these variables.
    pub(super) fn note_path(&mut self, binding: &Binding, path: &str, captures: &[Range<usize>]) {
        for (variable, capture) in binding.variables.iter().zip(captures) {
            let text = path.get(capture.clone()).unwrap_or_default();
            self.note((&variable.field).into(), text);
        }
    }

    /// Path or query set this field to this text.
    pub(super) fn note(&mut self, field: FieldRef<'_>, text: &str) {
        let is_within = field.steps().starts_with(&self.way);
        self.given |= is_within && (!text.is_empty() || field.steps().len() > self.way.len());
    }

    /// A form or multipart body set this field.
    pub(super) fn add(
        &mut self,
        plans: &Plans,
        field: FieldRef<'_>,
        seen: &mut Seen,
    ) -> Result<(), Failure> {
        let from = self.body.steps().len();
        let depth = plans.mask_depth(field, from);
        let leaf = FieldRef::at(field.steps().get(..depth).unwrap_or_default());
        if self.given || !seen.is_first(leaf) {
            return Ok(());
        }
        plans
            .add_to_mask(&mut self.mask, leaf, from)
            .map_err(|error| Failure::of_input(&error, self.body.name()))
    }

    /// The body is this JSON, and was read without a fault.
    pub(super) fn read(&mut self, plans: &Plans, json: &[u8]) -> Result<(), Failure> {
        if !self.given {
            self.mask = plans
                .mask_of_json(self.plan, json)
                .map_err(|error| Failure::of_input(&error, self.body.name()))?;
        }
        Ok(())
    }

    /// Appends the mask, if nobody gave one and there is one to give.
    pub(super) fn write(
        &self,
        plans: &Plans,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let wire = self.mask.wire();
        if self.given || wire.is_empty() {
            return Ok(());
        }
        let field = FieldRef::at(&self.way);
        plans
            .payload_to_wire(field, None, &[wire], scratch, out)
            .map_err(|error| Failure::of_input(&error, self.body.name()))
    }
}

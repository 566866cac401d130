//! One field out of a message: the value at the end of a [`FieldPath`].

use std::ops::Range;

use super::Printer;
use super::index::{Frame, Pieces};
use crate::transcode::FieldPath;
use crate::transcode::error::Fault;
use crate::transcode::json::print;
use crate::transcode::plan::{Declared, Field, Shape};
use crate::transcode::select::Step;

impl Printer<'_> {
    /// Prints the value at the end of a path, one message after the other left open on the way.
    pub(super) fn at_path(
        &mut self,
        path: &FieldPath,
        mut pieces: Pieces,
        mut depth: usize,
    ) -> Result<(), Fault> {
        let steps = path.steps();
        for (nth, step) in steps.iter().enumerate() {
            let plan = self.plans.plan(step.plan);
            let Some(field) = plan.fields.get(step.field as usize) else {
                break;
            };
            let opened = self.deeper(depth).and_then(|deeper| {
                depth = deeper;
                self.buffers.index(self.plans, plan, self.wire, &pieces)
            });
            let opened = opened.map_err(|fault| self.located(fault, steps, nth))?;
            let run = self.run_of(step.field as usize, &opened);
            let run = run.and_then(|run| self.buffers.surviving(&opened, field, run));
            if nth + 1 < steps.len() {
                pieces = Pieces::Hits(run.unwrap_or_default());
            } else if let Some(run) = run {
                self.field_value(field, run, depth)
                    .map_err(|fault| self.located(fault, steps, nth + 1))?;
            } else {
                self.absent(field);
            }
        }
        Ok(())
    }

    /// A failure below the first `count` steps of the path.
    #[cold]
    fn located(&self, mut fault: Fault, steps: &[Step], count: usize) -> Fault {
        for step in steps.iter().take(count).rev() {
            if let Some(field) = self.plans.plan(step.plan).fields.get(step.field as usize) {
                fault = fault.under_field(self.name(field));
            }
        }
        fault
    }

    fn run_of(&self, field: usize, frame: &Frame) -> Option<Range<usize>> {
        let start = frame.hits.clone().find(|at| {
            self.buffers
                .hit(*at)
                .is_some_and(|hit| hit.field() == field)
        })?;
        Some(start..self.buffers.run_end(start, frame))
    }

    fn absent(&mut self, field: &Field) {
        match (field.shape, &field.default) {
            (Shape::List | Shape::Packed, _) => self.out.extend_from_slice(b"[]"),
            (Shape::Map(_), _) => self.out.extend_from_slice(b"{}"),
            (Shape::Single, Declared::Nothing) => self.zero(field.kind),
            (Shape::Single, Declared::Number(value)) => {
                let _ = self.scalar(field.kind, *value);
            }
            (Shape::Single, Declared::Text(text)) => {
                let _ = print::string(self.out, text);
            }
            (Shape::Single, Declared::Bytes(bytes)) => print::base64(self.out, bytes),
        }
    }
}

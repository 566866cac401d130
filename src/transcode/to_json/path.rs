//! One field out of a message: the value at the end of a [`FieldPath`].

use std::ops::Range;

use super::Printer;
use super::index::{Frame, Pieces};
use crate::transcode::FieldPath;
use crate::transcode::error::Fault;
use crate::transcode::json::print;
use crate::transcode::plan::{Declared, Field, Shape};

impl Printer<'_> {
    /// Prints the value at the end of a path, one message after the other left open on the way.
    pub(super) fn at_path(
        &mut self,
        path: &FieldPath,
        mut pieces: Pieces,
        mut depth: usize,
    ) -> Result<(), Fault> {
        let mut names: Vec<&str> = Vec::new();
        let located = |mut fault: Fault, names: &[&str]| {
            for name in names.iter().rev() {
                fault = fault.under_field(name);
            }
            fault
        };
        let mut steps = path.steps().iter().peekable();
        while let Some(step) = steps.next() {
            let plan = self.plans.plan(step.plan);
            let Some(field) = plan.fields.get(step.field as usize) else {
                break;
            };
            let opened = self
                .deeper(depth)
                .and_then(|deeper| {
                    depth = deeper;
                    self.buffers.index(self.plans, plan, self.wire, &pieces)
                })
                .map_err(|fault| located(fault, &names))?;
            names.push(self.name(field));
            let run = self.run_of(step.field as usize, &opened);
            let run = run.and_then(|run| self.buffers.surviving(&opened, field, run));
            if steps.peek().is_none() {
                let Some(run) = run else {
                    self.absent(field);
                    return Ok(());
                };
                return match self.field_value(field, run, depth) {
                    Ok(_) => Ok(()),
                    Err(fault) => Err(located(fault, &names)),
                };
            }
            pieces = Pieces::Hits(run.unwrap_or_default());
        }
        Ok(())
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

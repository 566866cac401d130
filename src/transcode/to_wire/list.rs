//! A JSON list as a repeated field, one tag per element or packed.

use super::Writer;
use crate::transcode::error::Fault;
use crate::transcode::plan::{Field, Kind, Presence};

impl<'c> Writer<'c, '_> {
    /// Elements with a tag each.
    pub(super) fn list(&mut self, field: &'c Field, slot: usize) -> Result<(), Fault> {
        let tag = field.element_tag;
        self.elements(|writer| {
            writer.refuse_null_element(field.kind)?;
            writer.value(
                field.kind,
                tag.bytes(),
                field.number,
                slot,
                Presence::Explicit,
            )?;
            writer.check_size()
        })
    }

    /// Elements under one tag and length.
    pub(super) fn packed(&mut self, field: &'c Field, slot: usize) -> Result<(), Fault> {
        let from = self.out.len();
        self.out.extend_from_slice(field.tag.bytes());
        let prefix = self.open_length(slot);
        self.elements(|writer| {
            writer.refuse_null_element(field.kind)?;
            if let Some(scalar) = writer.scalar(field.kind)? {
                scalar.put(writer.out);
            }
            writer.check_size()
        })?;
        if prefix.is_empty(self.out) {
            self.out.truncate(from);
        } else {
            self.close_length(slot, prefix);
        }
        Ok(())
    }

    /// A list, brackets included; `element` reads one element.
    pub(super) fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.json.expect(b'[', "a list")?;
        self.enter()?;
        let mut index = 0;
        let mut more = !self.json.closes(b']');
        while more {
            element(self).map_err(|fault| fault.at(self.json.at()).under_index(index))?;
            index += 1;
            more = self.json.another(b']')?;
        }
        self.leave();
        Ok(())
    }

    /// A list has no absent elements.
    fn refuse_null_element(&self, kind: Kind) -> Result<(), Fault> {
        if self.json.peek() == b'n' && !self.takes_null(kind) {
            return Err(self.json.unexpected(self.noun(kind)));
        }
        Ok(())
    }
}

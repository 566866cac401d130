//! Well-known types: messages whose JSON is not an object of their fields.

use super::Printer;
use super::index::{Pieces, bounds, malformed, value};
use crate::transcode::error::{ErrorKind, Fault, excerpt};
use crate::transcode::options::UnknownAny;
use crate::transcode::plan::{Kind, Plan, PlanId, WireType, Wkt};
use crate::transcode::wire::read::Cursor;
use crate::transcode::wkt::print as text;

/// Bytes of a type URL that an error repeats.
const URL_SHOWN: usize = 80;

impl Printer<'_> {
    pub(super) fn known(
        &mut self,
        wkt: Wkt,
        plan: &Plan,
        pieces: &Pieces,
        depth: usize,
    ) -> Result<(), Fault> {
        match wkt {
            Wkt::Any => self.any(pieces, depth),
            Wkt::Timestamp => {
                let (seconds, nanos) = self.seconds_and_nanos(pieces)?;
                text::timestamp(self.out, seconds, nanos).map_err(|why| Fault::invalid(None, why))
            }
            Wkt::Duration => {
                let (seconds, nanos) = self.seconds_and_nanos(pieces)?;
                text::duration(self.out, seconds, nanos).map_err(|why| Fault::invalid(None, why))
            }
            Wkt::FieldMask => self.field_mask(pieces),
            Wkt::Struct | Wkt::ListValue => self.only_field(plan, pieces, depth),
            Wkt::Value => self.value(plan, pieces, depth),
            Wkt::Wrapper(kind) => match self.last(pieces, 1, kind.wire_type())? {
                Some(value) => self.scalar(kind, value),
                None => {
                    self.zero(kind);
                    Ok(())
                }
            },
        }
    }

    /// Calls `found` with every value of this message's own fields, as they came.
    fn scan(
        &self,
        pieces: &Pieces,
        mut found: impl FnMut(u32, WireType, u64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut scan_piece = |piece: u64| {
            let (start, end) = bounds(piece);
            let mut cursor = Cursor::new(self.wire, start, end);
            while !cursor.is_at_end() {
                let at = cursor.at();
                let (number, wire_type) = cursor.tag().map_err(|why| malformed(why, at))?;
                let value =
                    value(&mut cursor, number, wire_type).map_err(|why| malformed(why, at))?;
                found(number, wire_type, value)?;
            }
            Ok(())
        };
        match pieces {
            Pieces::One(piece) => scan_piece(*piece),
            Pieces::Hits(range) => {
                for at in range.clone() {
                    if let Some(hit) = self.buffers.hit(at) {
                        scan_piece(hit.value())?;
                    }
                }
                Ok(())
            }
        }
    }

    fn last(&self, pieces: &Pieces, wanted: u32, wire: WireType) -> Result<Option<u64>, Fault> {
        let mut last = None;
        self.scan(pieces, |number, wire_type, value| {
            if number == wanted && wire_type == wire {
                last = Some(value);
            }
            Ok(())
        })?;
        Ok(last)
    }

    fn seconds_and_nanos(&self, pieces: &Pieces) -> Result<(i64, i32), Fault> {
        let (mut seconds, mut nanos) = (0, 0);
        self.scan(pieces, |number, wire_type, value| {
            match (number, wire_type) {
                (1, WireType::Varint) => seconds = value as i64,
                (2, WireType::Varint) => nanos = value as i32,
                _ => {}
            }
            Ok(())
        })?;
        Ok((seconds, nanos))
    }

    fn field_mask(&mut self, pieces: &Pieces) -> Result<(), Fault> {
        self.out.push(b'"');
        // The closure writes while `scan` reads `self`, so the text leaves `self` meanwhile.
        let mut out = std::mem::take(self.out);
        let wire = self.wire;
        let mut first = true;
        let scanned = self.scan(pieces, |number, wire_type, value| {
            if (number, wire_type) != (1, WireType::Len) {
                return Ok(());
            }
            if !first {
                out.push(b',');
            }
            first = false;
            let (start, end) = bounds(value);
            text::mask_path(&mut out, wire.get(start..end).unwrap_or_default())
                .map_err(|why| Fault::invalid(None, why))
        });
        *self.out = out;
        self.out.push(b'"');
        scanned
    }

    /// A `Struct` is its one map, a `ListValue` its one list.
    fn only_field(&mut self, plan: &Plan, pieces: &Pieces, depth: usize) -> Result<(), Fault> {
        let Some((index, field)) = plan.numbered(1) else {
            return Ok(());
        };
        let frame = self.buffers.index(self.plans, plan, self.wire, pieces)?;
        // Only that field's hits: a wider descriptor may know others.
        let run = match self.buffers.hit(frame.hits.start) {
            Some(hit) if !frame.hits.is_empty() && hit.field() == index => {
                frame.hits.start..self.buffers.run_end(frame.hits.start, &frame)
            }
            _ => frame.hits.start..frame.hits.start,
        };
        self.field_value(field, run, depth)?;
        self.buffers.close(&frame);
        Ok(())
    }

    fn value(&mut self, plan: &Plan, pieces: &Pieces, depth: usize) -> Result<(), Fault> {
        let frame = self.buffers.index(self.plans, plan, self.wire, pieces)?;
        let mut at = frame.hits.start;
        while at < frame.hits.end {
            let end = self.buffers.run_end(at, &frame);
            let field = self
                .buffers
                .hit(at)
                .and_then(|hit| plan.fields.get(hit.field()));
            if let Some(field) = field
                && let Some(run) = self.buffers.surviving(&frame, field, at..end)
            {
                if field.kind == Kind::Double
                    && let Some(hit) = self.buffers.hit(run.end - 1)
                    && !f64::from_bits(hit.value()).is_finite()
                {
                    return Err(Fault::invalid(
                        None,
                        "a google.protobuf.Value holds NaN or an infinity, which JSON numbers cannot say",
                    ));
                }
                self.field_value(field, run, depth)?;
                self.buffers.close(&frame);
                return Ok(());
            }
            at = end;
        }
        Err(Fault::invalid(
            None,
            "a google.protobuf.Value has no kind; expected one to be set",
        ))
    }

    fn any(&mut self, pieces: &Pieces, depth: usize) -> Result<(), Fault> {
        let url = self.last(pieces, 1, WireType::Len)?.unwrap_or_default();
        let payload = self.last(pieces, 2, WireType::Len)?.unwrap_or_default();
        let (start, end) = bounds(url);
        let url_text = self.wire.get(start..end).unwrap_or_default();
        let is_empty = {
            let (start, end) = bounds(payload);
            start == end
        };
        if url_text.is_empty() && is_empty {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        }
        self.out.extend_from_slice(b"{\"@type\":");
        self.scalar(Kind::String, url)
            .map_err(|fault| fault.under_field("@type"))?;
        self.out.push(b',');
        let (out, mark) = (self.out.len(), self.buffers.mark());
        match self.payload(url_text, payload, depth) {
            Ok(()) => {}
            Err(fault)
                if self.options.unknown_any == UnknownAny::Base64
                    && fault.kind() == ErrorKind::Invalid =>
            {
                self.out.truncate(out);
                self.buffers.return_to(mark);
                self.out.extend_from_slice(b"\"value\":");
                self.scalar(Kind::Bytes, payload)?;
            }
            Err(fault) => return Err(fault),
        }
        self.end(b'}');
        Ok(())
    }

    /// What follows `@type`: the members of the payload, or its special form under `value`.
    fn payload(&mut self, url: &[u8], payload: u64, depth: usize) -> Result<(), Fault> {
        let id = self.type_of(url).ok_or_else(|| unknown_type(url))?;
        let plan = self.plans.plan(id);
        let pieces = Pieces::One(payload);
        if plan.is_value_of_any() {
            self.out.extend_from_slice(b"\"value\":");
            self.message(id, &pieces, depth)
        } else {
            self.members(plan, &pieces, self.deeper(depth)?)
        }
    }

    fn type_of(&self, url: &[u8]) -> Option<PlanId> {
        let (_, name) = std::str::from_utf8(url).ok()?.rsplit_once('/')?;
        self.plans.find(name)
    }
}

#[cold]
fn unknown_type(url: &[u8]) -> Fault {
    let shown = excerpt(url, URL_SHOWN);
    Fault::invalid(
        None,
        format!("the schema has no message for the type URL {shown:?} of an Any"),
    )
}

//! Wire bytes to JSON: each message is indexed, then printed in the order of its field numbers.
//!
//! Work is linear in the input (a group is measured once more at each level above it), recursion ends
//! at the depth limit, the output at its own, and nothing is allocated per message once the buffers
//! have grown. What protobuf parsers do is done here: the last value of a scalar counts, pieces of a
//! message merge, packed and unpacked elements mix, the last member of a oneof counts, and a field of
//! another wire type than declared is an unknown one and left out, as are unknown numbers of closed
//! enums. Only what is printed is checked as UTF-8.
//!
//! Depth counts messages: groups, `Any` and its payload, `Struct` and `ListValue` among them; lists
//! and maps of scalars do not nest, nor does a `Value` by itself.

mod index;
mod known;
mod map;
mod path;

use std::ops::Range;

pub(crate) use index::Buffers;
use index::{Frame, INPUT_MAX, Pieces, bounds, malformed};

use super::error::Fault;
use super::json::print;
use super::options::DEPTH_CEILING;
use super::plan::{Field, Kind, Plan, PlanId, Presence, Shape, WireType, Wkt};
use super::wire::read::Cursor;
use super::{Error, FieldPath, Plans, PrintOptions, Scratch};

/// Output bytes from which on an output is large.
const OUTPUT_LARGE: usize = 256 << 10;

/// Times its wire form that JSON seldom exceeds.
const GROWTH_LIKELY: usize = 8;

/// Prints a whole message.
pub(crate) fn message(
    plans: &Plans,
    plan: PlanId,
    wire: &[u8],
    options: &PrintOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    run(plans, wire, options, scratch, out, |printer, depth| {
        printer.message(plan, &Pieces::One(wire.len() as u64), depth)
    })
}

/// Prints one field's value. Absent are: a list `[]`, a map `{}`, a scalar its default, a message
/// `{}`; of the well-known ones `Timestamp`, `Duration`, `Value` and the wrappers `null`, a
/// `ListValue` `[]` and a `FieldMask` `""`.
pub(crate) fn field(
    plans: &Plans,
    path: &FieldPath,
    wire: &[u8],
    options: &PrintOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    run(plans, wire, options, scratch, out, |printer, depth| {
        printer.at_path(path, Pieces::One(wire.len() as u64), depth)
    })
}

fn run(
    plans: &Plans,
    wire: &[u8],
    options: &PrintOptions,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
    print: impl FnOnce(&mut Printer<'_>, usize) -> Result<(), Fault>,
) -> Result<(), Error> {
    let start = out.len();
    if wire.len() > INPUT_MAX {
        return Err(Fault::too_large(INPUT_MAX).into_error());
    }
    let limit = start.saturating_add(options.output_max);
    let mut printer = Printer {
        plans,
        wire,
        options,
        limit,
        watermark: limit.min(start.saturating_add(OUTPUT_LARGE)),
        buffers: &mut scratch.print,
        out,
    };
    let printed = print(&mut printer, options.depth_max.min(DEPTH_CEILING))
        .and_then(|()| printer.check_size());
    scratch.print.reset();
    printed.map_err(|fault| {
        out.truncate(start);
        fault.into_error()
    })
}

/// One call's state.
struct Printer<'a> {
    plans: &'a Plans,
    wire: &'a [u8],
    options: &'a PrintOptions,
    /// Length that `out` may reach.
    limit: usize,
    /// Length of `out` up to which nothing is to be done about it.
    watermark: usize,
    buffers: &'a mut Buffers,
    out: &'a mut Vec<u8>,
}

impl<'a> Printer<'a> {
    /// The JSON of a message; `depth` is how many more levels there may be, this one included.
    fn message(&mut self, id: PlanId, pieces: &Pieces, depth: usize) -> Result<(), Fault> {
        let plan = self.plans.plan(id);
        if plan.wkt == Some(Wkt::Value) {
            return self.known(Wkt::Value, plan, pieces, depth);
        }
        let depth = self.deeper(depth)?;
        if let Some(wkt) = plan.wkt {
            return self.known(wkt, plan, pieces, depth);
        }
        self.out.push(b'{');
        self.members(plan, pieces, depth)?;
        self.end(b'}');
        Ok(())
    }

    #[inline]
    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        depth.checked_sub(1).ok_or_else(|| self.too_deep())
    }

    #[cold]
    fn too_deep(&self) -> Fault {
        let max = self.options.depth_max.min(DEPTH_CEILING);
        Fault::invalid(None, format!("messages are nested more than {max} deep"))
    }

    /// The members of a message's object, each with a comma after it.
    fn members(&mut self, plan: &'a Plan, pieces: &Pieces, depth: usize) -> Result<(), Fault> {
        let frame = self.buffers.index(self.plans, plan, self.wire, pieces)?;
        if self.options.emit_defaults {
            self.members_and_defaults(plan, &frame, depth)?;
        } else {
            let mut at = frame.hits.start;
            while at < frame.hits.end {
                let end = self.buffers.run_end(at, &frame);
                let hit = self.buffers.hit(at);
                if let Some(field) = hit.and_then(|hit| plan.fields.get(hit.field())) {
                    self.member(field, &frame, at..end, depth)
                        .map_err(|fault| fault.under_field(self.name(field)))?;
                }
                at = end;
            }
        }
        self.buffers.close(&frame);
        Ok(())
    }

    fn members_and_defaults(
        &mut self,
        plan: &'a Plan,
        frame: &Frame,
        depth: usize,
    ) -> Result<(), Fault> {
        let mut at = frame.hits.start;
        for (index, field) in plan.fields.iter().enumerate() {
            let start = at;
            let hit = self.buffers.hit(at).filter(|_| at < frame.hits.end);
            if hit.is_some_and(|hit| hit.field() == index) {
                at = self.buffers.run_end(at, frame);
            } else if field.presence == Presence::Explicit || field.is_extension() {
                continue;
            }
            self.member(field, frame, start..at, depth)
                .map_err(|fault| fault.under_field(self.name(field)))?;
        }
        Ok(())
    }

    fn name(&self, field: &'a Field) -> &'a str {
        if self.options.proto_names {
            &field.name
        } else {
            &field.json_name
        }
    }

    /// `"key":value,`, or nothing where the value is a default that is not asked for.
    #[inline]
    fn member(
        &mut self,
        field: &'a Field,
        frame: &Frame,
        run: Range<usize>,
        depth: usize,
    ) -> Result<(), Fault> {
        let Some(run) = self.buffers.surviving(frame, field, run) else {
            return Ok(());
        };
        // An extension without elements is one that is not there, whatever its list was packed in.
        let omit = field.presence == Presence::Implicit
            && (!self.options.emit_defaults || field.is_extension());
        let key = if self.options.proto_names {
            &field.proto_key
        } else {
            &field.json_key
        };
        // What is most of most messages: one number or text.
        if field.shape == Shape::Single
            && field.kind.message().is_none()
            && let Some(hit) = run
                .end
                .checked_sub(1)
                .and_then(|last| self.buffers.hit(last))
            && !run.is_empty()
        {
            if omit && is_zero(field.kind, hit.value()) {
                return Ok(());
            }
            self.out.extend_from_slice(key);
            self.scalar(field.kind, hit.value())?;
            return self.comma();
        }
        let start = self.out.len();
        self.out.extend_from_slice(key);
        let is_default = self.field_value(field, run, depth)?;
        if is_default && omit {
            self.out.truncate(start);
            return Ok(());
        }
        self.comma()
    }

    /// The value of a field out of its hits. Says whether it is zero or empty.
    fn field_value(
        &mut self,
        field: &Field,
        run: Range<usize>,
        depth: usize,
    ) -> Result<bool, Fault> {
        match field.shape {
            Shape::Single => {
                let last = run.end.checked_sub(1).filter(|_| !run.is_empty());
                let Some(hit) = last.and_then(|last| self.buffers.hit(last)) else {
                    self.zero(field.kind);
                    return Ok(true);
                };
                if let Some(id) = field.kind.message() {
                    let pieces = if run.len() == 1 {
                        Pieces::One(hit.value())
                    } else {
                        Pieces::Hits(run)
                    };
                    self.message(id, &pieces, depth)?;
                    return Ok(false);
                }
                self.scalar(field.kind, hit.value())?;
                Ok(is_zero(field.kind, hit.value()))
            }
            Shape::List | Shape::Packed => self.list(field, run, depth),
            Shape::Map(key) => self.map(field, key, run, depth).map(|any| !any),
        }
    }

    /// `[…]`. Says whether it is empty.
    fn list(&mut self, field: &Field, run: Range<usize>, depth: usize) -> Result<bool, Fault> {
        self.out.push(b'[');
        let mut count = 0;
        for at in run {
            let Some(hit) = self.buffers.hit(at) else {
                break;
            };
            if hit.is_packed() {
                self.packed(field.kind, hit.value(), &mut count)?;
                continue;
            }
            match field.kind.message() {
                Some(id) => self.message(id, &Pieces::One(hit.value()), depth),
                None => self.scalar(field.kind, hit.value()),
            }
            .and_then(|()| self.comma())
            .map_err(|fault| fault.under_index(count))?;
            count += 1;
        }
        self.end(b']');
        Ok(count == 0)
    }

    fn packed(&mut self, kind: Kind, packed: u64, count: &mut usize) -> Result<(), Fault> {
        let (start, end) = bounds(packed);
        let mut cursor = Cursor::new(self.wire, start, end);
        let wire_type = kind.wire_type();
        while !cursor.is_at_end() {
            let at = cursor.at();
            let value = match wire_type {
                WireType::Fixed32 => cursor.fixed32().map(u64::from),
                WireType::Fixed64 => cursor.fixed64(),
                _ => cursor.varint(),
            };
            let value = value.map_err(|why| malformed(why, at).under_index(*count))?;
            if let Kind::Enum(id) = kind {
                let known = self.plans.enumeration(id);
                if known.closed && !known.has(value as i32) {
                    continue;
                }
            }
            self.scalar(kind, value)
                .and_then(|()| self.comma())
                .map_err(|fault| fault.under_index(*count))?;
            *count += 1;
        }
        Ok(())
    }

    /// A value that is no message, from its number or its bounds.
    #[inline]
    fn scalar(&mut self, kind: Kind, value: u64) -> Result<(), Fault> {
        let out = &mut *self.out;
        match kind {
            Kind::Double => print::double(out, f64::from_bits(value)),
            Kind::Float => print::float(out, f32::from_bits(value as u32)),
            Kind::Int32 | Kind::Sfixed32 => print::integer(out, value as i32),
            Kind::Uint32 | Kind::Fixed32 => print::integer(out, value as u32),
            Kind::Sint32 => print::integer(out, zigzag32(value)),
            Kind::Int64 | Kind::Sfixed64 => print::quoted_integer(out, value as i64),
            Kind::Uint64 | Kind::Fixed64 => print::quoted_integer(out, value),
            Kind::Sint64 => print::quoted_integer(out, zigzag64(value)),
            Kind::Bool => print::boolean(out, value != 0),
            Kind::String => {
                let (start, end) = bounds(value);
                let text = self.wire.get(start..end).unwrap_or_default();
                if print::string(out, text).is_err() {
                    return Err(Fault::invalid(Some(start), "a string is not valid UTF-8"));
                }
            }
            Kind::Bytes => {
                let (start, end) = bounds(value);
                let bytes = self.wire.get(start..end).unwrap_or_default();
                // Base64 is the one form that is long before its end is checked.
                if bytes.len() / 3 * 4 > self.limit.saturating_sub(out.len()) {
                    return Err(self.too_large());
                }
                print::base64(out, bytes);
            }
            Kind::Enum(id) => {
                let known = self.plans.enumeration(id);
                let number = value as i32;
                if known.null {
                    out.extend_from_slice(b"null");
                } else if let Some(name) = known.quoted(number)
                    && !self.options.enum_numbers
                {
                    out.extend_from_slice(name);
                } else {
                    print::integer(out, number);
                }
            }
            // Messages are printed by `message`.
            Kind::Message(_) | Kind::Group(_) => out.extend_from_slice(b"{}"),
        }
        Ok(())
    }

    /// What stands for an absent value.
    fn zero(&mut self, kind: Kind) {
        let text: &[u8] = match kind {
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Uint32
            | Kind::Sint32
            | Kind::Fixed32
            | Kind::Sfixed32 => b"0",
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => b"\"0\"",
            Kind::Bool => b"false",
            Kind::String | Kind::Bytes => b"\"\"",
            Kind::Enum(id) => {
                let default = self.plans.enumeration(id).default_number();
                // An enum has no text that could fail.
                let _ = self.scalar(kind, default as u64);
                return;
            }
            Kind::Message(id) | Kind::Group(id) => match self.plans.plan(id).wkt {
                None | Some(Wkt::Any | Wkt::Struct) => b"{}",
                Some(Wkt::ListValue) => b"[]",
                Some(Wkt::FieldMask) => b"\"\"",
                Some(Wkt::Timestamp | Wkt::Duration | Wkt::Value | Wkt::Wrapper(_)) => b"null",
            },
        };
        self.out.extend_from_slice(text);
    }

    /// Ends a member or element.
    #[inline]
    fn comma(&mut self) -> Result<(), Fault> {
        self.out.push(b',');
        self.check_size()
    }

    /// Ends an object or array: its last comma becomes the bracket. No value ends in a comma.
    #[inline]
    fn end(&mut self, bracket: u8) {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.out.push(bracket),
        }
    }

    #[inline]
    fn check_size(&mut self) -> Result<(), Fault> {
        if self.out.len() > self.watermark {
            self.pass_watermark()
        } else {
            Ok(())
        }
    }

    /// A large output gets room for all that is likely to come, at once: memory is only what gets
    /// used of it, while buffers that double leave as much behind as they have.
    #[cold]
    fn pass_watermark(&mut self) -> Result<(), Fault> {
        let length = self.out.len();
        if length > self.limit {
            return Err(self.too_large());
        }
        let likely = (self.limit - length).min(GROWTH_LIKELY.saturating_mul(self.wire.len()));
        // What goes over the limit is written before it is refused, and must not double it all.
        self.out.reserve_exact(likely.saturating_add(OUTPUT_LARGE));
        self.watermark = self.limit;
        Ok(())
    }

    #[cold]
    fn too_large(&self) -> Fault {
        Fault::too_large(self.options.output_max)
    }
}

fn is_zero(kind: Kind, value: u64) -> bool {
    match kind {
        Kind::String | Kind::Bytes => {
            let (start, end) = bounds(value);
            start == end
        }
        Kind::Int32
        | Kind::Uint32
        | Kind::Sint32
        | Kind::Fixed32
        | Kind::Sfixed32
        | Kind::Float
        | Kind::Enum(_) => value as u32 == 0,
        _ => value == 0,
    }
}

fn zigzag32(value: u64) -> i32 {
    let value = value as u32;
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

fn zigzag64(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

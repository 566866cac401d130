//! `Struct`, `Value` and `ListValue`: any JSON, by their fixed field numbers.
//!
//! A level of JSON is more than one on the wire here: a `Value` around each element of a list, an entry
//! and a `Value` around each member of an object. They count, or a backend with the usual limit would
//! fail at a request that this limit let through.

use super::Writer;
use crate::transcode::error::Fault;
use crate::transcode::wire::write::Prefix;

// struct.proto: Struct.fields = 1 with key = 1 and value = 2; ListValue.values = 1.
const FIELDS: u8 = 0x0A;
const KEY: u8 = 0x0A;
const VALUE: u8 = 0x12;
const VALUES: u8 = 0x0A;
// Value's oneof.
const NULL_VALUE: u8 = 0x08;
const NUMBER_VALUE: u8 = 0x11;
const STRING_VALUE: u8 = 0x1A;
const BOOL_VALUE: u8 = 0x20;
const STRUCT_VALUE: u8 = 0x2A;
const LIST_VALUE: u8 = 0x32;

/// Messages on the wire around the value of an object's member: the entry and the `Value`.
const LEVELS_OF_A_MEMBER: usize = 2;

/// Guesses of lengths that each level keeps: of entries, and of values.
pub(super) const WIDTHS_PER_LEVEL: usize = 3;
const ENTRY: usize = 0;
const INNER: usize = 1;
const NESTED: usize = 2;

impl Writer<'_, '_> {
    /// The body of a `Struct`.
    pub(super) fn structure(&mut self) -> Result<(), Fault> {
        self.entries(|writer| {
            writer.enter_by(LEVELS_OF_A_MEMBER)?;
            writer.out.push(FIELDS);
            let entry = writer.open_level(ENTRY);
            writer.out.push(KEY);
            let key_at = writer.json.at();
            let key_from = writer.out.len();
            writer.string_bytes("a key")?;
            let key_len = writer.out.len() - key_from;
            writer.out.push(VALUE);
            let value = writer.open_level(INNER);
            writer
                .json
                .expect(b':', "`:`")
                .and_then(|()| writer.dynamic())
                .map_err(|fault| writer.name_entry(fault, key_at))?;
            writer.close_level(INNER, value);
            writer.close_level(ENTRY, entry);
            writer.leave_by(LEVELS_OF_A_MEMBER);
            Ok(Some((key_at, key_len)))
        })
    }

    /// The body of a `ListValue`.
    pub(super) fn list_value(&mut self) -> Result<(), Fault> {
        self.elements(|writer| {
            writer.enter()?;
            writer.out.push(VALUES);
            let value = writer.open_level(INNER);
            writer.dynamic()?;
            writer.close_level(INNER, value);
            writer.leave();
            writer.check_size()
        })
    }

    /// The body of a `Value`.
    pub(super) fn dynamic(&mut self) -> Result<(), Fault> {
        match self.json.token() {
            b'{' => {
                self.out.push(STRUCT_VALUE);
                let body = self.open_level(NESTED);
                self.structure()?;
                self.close_level(NESTED, body);
            }
            b'[' => {
                self.out.push(LIST_VALUE);
                let body = self.open_level(NESTED);
                self.list_value()?;
                self.close_level(NESTED, body);
            }
            b'"' => {
                self.out.push(STRING_VALUE);
                self.string_bytes("a string")?;
            }
            b't' if self.json.take(b"true") => self.out.extend([BOOL_VALUE, 1]),
            b'f' if self.json.take(b"false") => self.out.extend([BOOL_VALUE, 0]),
            b'n' if self.json.take(b"null") => self.out.extend([NULL_VALUE, 0]),
            _ => {
                let at = self.json.at();
                let number = self.json.number("a value")?;
                let Ok(double) = number.double() else {
                    return Err(self
                        .json
                        .unexpected_at(at, "a number that a double can hold"));
                };
                self.out.push(NUMBER_VALUE);
                self.out.extend_from_slice(&double.to_le_bytes());
            }
        }
        Ok(())
    }

    fn level(&self, which: usize) -> usize {
        self.depth_left * WIDTHS_PER_LEVEL + which
    }

    fn open_level(&mut self, which: usize) -> Prefix {
        let width = self.scratch.depth_widths.get(self.level(which));
        Prefix::open(self.out, width.copied().unwrap_or(1))
    }

    fn close_level(&mut self, which: usize, prefix: Prefix) {
        let width = prefix.close(self.out);
        let level = self.level(which);
        if let Some(hint) = self.scratch.depth_widths.get_mut(level) {
            *hint = width;
        }
    }
}

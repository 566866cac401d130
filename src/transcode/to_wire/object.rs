//! A JSON object whose keys are the fields of a message.

use super::Writer;
use crate::transcode::Unknown;
use crate::transcode::error::{EXCERPT_MAX, Fault, excerpt};
use crate::transcode::json::lex::Lexer;
use crate::transcode::plan::{Field, Plan, Shape};

/// Where an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// It is a message; all its keys are fields.
    Message,
    /// It is the content of an `Any`: one more key is `@type`, already read.
    Any,
}

/// What a key names.
enum Key {
    Field(usize),
    /// The `@type` of the `Any` this is the content of.
    Type,
    Unknown,
}

/// Which fields and oneofs an object has had: a word, or, for wide messages, words at the end of
/// the scratch's stack.
pub(super) struct Seen {
    bits: u128,
    /// Where the words begin.
    words: Option<usize>,
}

impl<'c> Writer<'c, '_> {
    /// An object of this message's fields, braces included.
    pub(super) fn object(&mut self, plan: &'c Plan, home: Home) -> Result<(), Fault> {
        self.json.expect(b'{', "an object")?;
        self.enter()?;
        let mut seen = self.open_seen(plan);
        let mut types = 0;
        let mut slot = plan.slot;
        let mut more = !self.json.closes(b'}');
        while more {
            let key_at = self.json.at();
            match self.key(plan, slot, home)? {
                Key::Field(index) => {
                    let Some(field) = plan.fields.get(index) else {
                        break;
                    };
                    slot = plan.slot + 1 + index;
                    self.member(plan, index, field, &mut seen)
                        .map_err(|fault| self.name(fault, key_at))?;
                }
                Key::Type if types == 0 => {
                    types = 1;
                    self.json.token();
                    self.json.skip_string()?;
                }
                Key::Type => {
                    return Err(Fault::invalid(Some(key_at), "`@type` is given twice"));
                }
                Key::Unknown => match self.options.unknown {
                    Unknown::Ignore => self.json.skip(self.depth_left)?,
                    Unknown::Refuse => return Err(self.unknown(plan, key_at)),
                },
            }
            more = self.json.another(b'}')?;
        }
        self.close_seen(&seen);
        self.leave();
        Ok(())
    }

    /// A key and its colon. `slot` is that of the field before it.
    fn key(&mut self, plan: &Plan, slot: usize, home: Home) -> Result<Key, Fault> {
        let rest = self.json.rest();
        let successor = self.scratch.successors.get(slot).copied().unwrap_or(0) as usize;
        let predicted = successor.checked_sub(1).unwrap_or(slot - plan.slot);
        if let Some(field) = plan.fields.get(predicted) {
            if rest.starts_with(&field.json_key) {
                self.json.advance(field.json_key.len());
                return Ok(Key::Field(predicted));
            }
            if rest.starts_with(&field.proto_key) && !field.shadowed {
                self.json.advance(field.proto_key.len());
                return Ok(Key::Field(predicted));
            }
        }
        let expected = "a field name in double quotes";
        let name = self.json.string(&mut self.scratch.text, expected)?;
        let key = match plan.by_name(name) {
            Some(index) => {
                if let Some(successor) = self.scratch.successors.get_mut(slot) {
                    *successor = index as u32 + 1;
                }
                Key::Field(index)
            }
            None if home == Home::Any && name == b"@type" => Key::Type,
            None => Key::Unknown,
        };
        self.json.expect(b':', "`:`")?;
        Ok(key)
    }

    /// The value of a field, after its key.
    fn member(
        &mut self,
        plan: &'c Plan,
        index: usize,
        field: &'c Field,
        seen: &mut Seen,
    ) -> Result<(), Fault> {
        if self.insert(seen, index) {
            let message = "the field is given twice; its JSON and its proto name are one key";
            return Err(Fault::invalid(Some(self.json.at()), message));
        }
        if self.json.token() == b'n' {
            let value = field.shape == Shape::Single && self.takes_null(field.kind);
            if !value && self.json.take(b"null") {
                return Ok(());
            }
        }
        if let Some(oneof) = field.oneof
            && self.insert(seen, plan.fields.len() + oneof as usize)
        {
            let name = plan.oneofs.get(oneof as usize).map_or("", |name| name);
            let message =
                format!("a second member of the oneof `{name}` is set, expected at most one");
            return Err(Fault::invalid(Some(self.json.at()), message));
        }
        self.field(field, plan.slot + 1 + index)
    }

    #[cold]
    fn unknown(&self, plan: &Plan, key_at: usize) -> Fault {
        let written = spelling(self.json.text(), key_at);
        let shown = excerpt(written.as_bytes(), EXCERPT_MAX);
        let message = format!("{} has no field {shown:?}", plan.name);
        Fault::invalid(Some(key_at), message).under_field(&shown)
    }

    /// Adds the key as it was written to the path of a failure.
    #[cold]
    fn name(&self, fault: Fault, key_at: usize) -> Fault {
        fault
            .at(self.json.at())
            .under_field(&spelling(self.json.text(), key_at))
    }

    fn open_seen(&mut self, plan: &Plan) -> Seen {
        let count = plan.fields.len() + plan.oneofs.len();
        let words = (count > 128).then(|| {
            let from = self.scratch.seen.len();
            self.scratch.seen.resize(from + count.div_ceil(64), 0);
            from
        });
        Seen { bits: 0, words }
    }

    fn close_seen(&mut self, seen: &Seen) {
        if let Some(from) = seen.words {
            self.scratch.seen.truncate(from);
        }
    }

    /// Marks a bit; true if it was set already.
    fn insert(&mut self, seen: &mut Seen, index: usize) -> bool {
        let Some(from) = seen.words else {
            let bit = 1u128 << (index & 127);
            let was = seen.bits & bit != 0;
            seen.bits |= bit;
            return was;
        };
        let Some(word) = self.scratch.seen.get_mut(from + index / 64) else {
            return false;
        };
        let bit = 1u64 << (index % 64);
        let was = *word & bit != 0;
        *word |= bit;
        was
    }
}

/// The key at an offset, unescaped.
#[cold]
fn spelling(text: &[u8], key_at: usize) -> String {
    let mut lexer = Lexer::new(text);
    lexer.seek(key_at);
    let mut buffer = Vec::new();
    match lexer.string(&mut buffer, "a key") {
        Ok(key) => String::from_utf8_lossy(key).into_owned(),
        Err(_) => String::new(),
    }
}

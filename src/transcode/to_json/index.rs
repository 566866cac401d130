//! Where each field of a message lies: one pass over the message's own tags, sub-messages jumped over.
//!
//! Fields may come in any order, several times, and a sub-message in pieces; once indexed, repeated
//! fields that are interleaved, last-one-wins, merged pieces and oneofs are ordinary cases. The index
//! is a stack that recursion shares: 16 bytes a tag, so at most eight times the input, and nothing is
//! allocated once it has grown. Where it grows large it grows to all that the input can need at once:
//! a buffer that doubles leaves as much behind as it has, while room that is not used is no memory.

use std::ops::Range;

use crate::transcode::error::Fault;
use crate::transcode::plan::{Field, Kind, Plan, Plans, Shape, WireType};
use crate::transcode::wire::read::{Cursor, Malformed};

/// One value of one field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Index of the field, and in the lowest bit whether `value` bounds a packed list.
    key: u32,
    /// Where its tag stands. Orders hits of one field as they came.
    at: u32,
    /// The number; or start and end of what is delimited.
    value: u64,
}

impl Hit {
    pub(super) fn field(self) -> usize {
        (self.key >> 1) as usize
    }

    pub(super) fn is_packed(self) -> bool {
        self.key & 1 == 1
    }

    pub(super) fn value(self) -> u64 {
        self.value
    }
}

/// Start and end within the input, in one word.
pub(super) fn bounds(value: u64) -> (usize, usize) {
    ((value >> 32) as usize, value as u32 as usize)
}

fn joined((start, end): (usize, usize)) -> u64 {
    (start as u64) << 32 | end as u64
}

/// The member of a oneof that came last.
#[derive(Clone, Copy, Debug)]
struct Winner {
    field: u32,
    /// What came before this was overruled by another member, so it does not merge.
    since: u32,
}

/// No member yet.
const NOBODY: Winner = Winner {
    field: u32::MAX,
    since: 0,
};

/// Where the bytes of one message lie.
#[derive(Clone, Debug)]
pub(super) enum Pieces {
    /// Start and end, in one word.
    One(u64),
    /// Several occurrences of a field, which merge.
    Hits(Range<usize>),
}

/// What printing reuses between calls.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    hits: Vec<Hit>,
    winners: Vec<Winner>,
    pub(super) entries: Vec<super::map::Entry>,
}

/// One indexed message: its part of the stacks.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Sorted by field, and within it as they came.
    pub(super) hits: Range<usize>,
    winners: usize,
}

/// Heights of the stacks, to return to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    hits: usize,
    winners: usize,
    entries: usize,
}

/// Hits kept for the next call: about a megabyte. Beyond that, one large message would hold its
/// memory for as long as the worker lives.
const HITS_KEPT: usize = 1 << 16;

/// Hits from which on the stack grows to all that the input can need.
const HITS_MANY: usize = 1 << 14;

/// Bytes of the shortest tag with its value. Messages that are open at once share no tags.
const HIT_BYTES_MIN: usize = 2;

/// Largest input: offsets are 32 bits.
pub(super) const INPUT_MAX: usize = u32::MAX as usize;

/// Splits a value off: a number, or the bounds of what is delimited.
#[inline(always)]
pub(super) fn value(
    cursor: &mut Cursor<'_>,
    number: u32,
    wire: WireType,
) -> Result<u64, Malformed> {
    match wire {
        WireType::Varint => cursor.varint(),
        WireType::Fixed64 => cursor.fixed64(),
        WireType::Fixed32 => cursor.fixed32().map(u64::from),
        WireType::Len => cursor.length().map(joined),
        WireType::StartGroup => cursor.group(number).map(joined),
        WireType::EndGroup => Err(Malformed::EndGroup(number)),
    }
}

/// Bytes that are no message, and where.
#[cold]
pub(super) fn malformed(why: Malformed, at: usize) -> Fault {
    Fault::invalid(Some(at), why.to_string())
}

impl Buffers {
    /// Forgets what a failed call left behind, and gives back what one large message took.
    pub(super) fn reset(&mut self) {
        self.return_to(Mark {
            hits: 0,
            winners: 0,
            entries: 0,
        });
        if self.hits.capacity() > HITS_KEPT {
            self.hits = Vec::new();
        }
        if self.entries.capacity() > HITS_KEPT {
            self.entries = Vec::new();
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            hits: self.hits.len(),
            winners: self.winners.len(),
            entries: self.entries.len(),
        }
    }

    #[inline]
    pub(super) fn close(&mut self, frame: &Frame) {
        self.hits.truncate(frame.hits.start);
        self.winners.truncate(frame.winners);
    }

    pub(super) fn return_to(&mut self, mark: Mark) {
        self.hits.truncate(mark.hits);
        self.winners.truncate(mark.winners);
        self.entries.truncate(mark.entries);
    }

    /// More room, for an input of so many bytes.
    #[cold]
    fn grow(&mut self, input: usize) {
        let most = input / HIT_BYTES_MIN;
        if self.hits.len() >= HITS_MANY && most > self.hits.len() {
            self.hits.reserve_exact(most - self.hits.len());
        } else {
            self.hits.reserve(1);
        }
    }

    /// How many hits there are.
    pub(super) fn height(&self) -> usize {
        self.hits.len()
    }

    #[inline]
    pub(super) fn hit(&self, at: usize) -> Option<Hit> {
        self.hits.get(at).copied()
    }

    /// Puts bounds on the stack, so that they can be [`Pieces::Hits`].
    pub(super) fn push_piece(&mut self, value: u64) {
        self.hits.push(Hit {
            key: 0,
            at: 0,
            value,
        });
    }

    /// Where the run of hits of one field that starts at `from` ends.
    #[inline]
    pub(super) fn run_end(&self, from: usize, frame: &Frame) -> usize {
        let run = self.hits.get(from..frame.hits.end).unwrap_or_default();
        let Some((first, rest)) = run.split_first() else {
            return from;
        };
        let mut end = from + 1;
        for hit in rest {
            if hit.field() != first.field() {
                break;
            }
            end += 1;
        }
        end
    }

    /// Indexes a message. The frame stays until it is closed.
    pub(super) fn index(
        &mut self,
        plans: &Plans,
        plan: &Plan,
        wire: &[u8],
        pieces: &Pieces,
    ) -> Result<Frame, Fault> {
        let winners = self.winners.len();
        self.winners.resize(winners + plan.oneofs.len(), NOBODY);
        let start = self.hits.len();
        let mut frame = Frame {
            hits: start..start,
            winners,
        };
        let mut ordered = true;
        match pieces {
            Pieces::One(value) => {
                self.index_piece(plans, plan, wire, *value, &frame, &mut ordered)?
            }
            Pieces::Hits(range) => {
                for at in range.clone() {
                    let Some(piece) = self.hit(at) else { break };
                    self.index_piece(plans, plan, wire, piece.value, &frame, &mut ordered)?;
                }
            }
        }
        frame.hits.end = self.hits.len();
        if !ordered && let Some(hits) = self.hits.get_mut(start..) {
            hits.sort_unstable_by_key(|hit| u64::from(hit.key >> 1) << 32 | u64::from(hit.at));
        }
        Ok(frame)
    }

    #[inline]
    fn index_piece(
        &mut self,
        plans: &Plans,
        plan: &Plan,
        wire: &[u8],
        piece: u64,
        frame: &Frame,
        ordered: &mut bool,
    ) -> Result<(), Fault> {
        let (start, end) = bounds(piece);
        let mut cursor = Cursor::new(wire, start, end);
        let mut highest = match self.hits.get(frame.hits.start..) {
            Some([.., last]) => last.key >> 1,
            _ => 0,
        };
        while !cursor.is_at_end() {
            let at = cursor.at();
            let (number, wire_type) = cursor.tag().map_err(|why| malformed(why, at))?;
            let value = value(&mut cursor, number, wire_type).map_err(|why| malformed(why, at))?;
            let Some((index, field)) = plan.numbered(number) else {
                continue;
            };
            let packed = wire_type != field.wire_type;
            if packed && !(wire_type == WireType::Len && is_packable(field)) {
                // Of another wire type than declared: an unknown field, as to every parser.
                continue;
            }
            if let Kind::Enum(id) = field.kind
                && wire_type == WireType::Varint
            {
                let known = plans.enumeration(id);
                if known.closed && !known.has(value as i32) {
                    continue;
                }
            }
            let index = index as u32;
            if let Some(oneof) = field.oneof
                && let Some(winner) = self.winners.get_mut(frame.winners + oneof as usize)
                && winner.field != index
            {
                *winner = Winner {
                    field: index,
                    since: at as u32,
                };
            }
            *ordered &= index >= highest;
            highest = index;
            if self.hits.len() == self.hits.capacity() {
                self.grow(wire.len());
            }
            self.hits.push(Hit {
                key: index << 1 | u32::from(packed),
                at: at as u32,
                value,
            });
        }
        Ok(())
    }

    /// Takes from a run what another member of its oneof overruled. `None`: all of it.
    #[inline]
    pub(super) fn surviving(
        &self,
        frame: &Frame,
        field: &Field,
        run: Range<usize>,
    ) -> Option<Range<usize>> {
        match field.oneof {
            None => Some(run),
            Some(oneof) => self.surviving_member(frame, oneof, run),
        }
    }

    fn surviving_member(
        &self,
        frame: &Frame,
        oneof: u32,
        mut run: Range<usize>,
    ) -> Option<Range<usize>> {
        let winner = self.winners.get(frame.winners + oneof as usize)?;
        while let Some(hit) = self.hits.get(run.start).filter(|_| !run.is_empty()) {
            if hit.key >> 1 != winner.field {
                return None;
            }
            if hit.at >= winner.since {
                return Some(run);
            }
            run.start += 1;
        }
        None
    }
}

/// Lists of numbers are read packed and not, however they are declared.
fn is_packable(field: &Field) -> bool {
    matches!(field.shape, Shape::List | Shape::Packed)
        && matches!(
            field.wire_type,
            WireType::Varint | WireType::Fixed32 | WireType::Fixed64
        )
}

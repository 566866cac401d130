//! Validation at the edge: the rules that a schema states with `buf.validate`, checked on messages in
//! wire form.
//!
//! ```text
//!   descriptors --compile--> Rules: a plan for each message that has rules or reaches one
//!                              |
//!   wire bytes  ---- walk -----+----> nothing, or Violations: field, description, rule
//! ```
//!
//! A message is read once, forwards, level by level; no object is made of it. Standard rules are judged
//! by code of our own; rules in CEL see values that are made of the one message they are about, when they
//! ask for them (`cel/value`).
//!
//! What is guaranteed: work is linear in the input times what the schema states, nothing recurses past
//! [`DEPTH_MAX`], an expression costs at most `CEL_COST_MAX` steps, and neither bytes nor descriptors
//! make it panic. What cannot be judged is a [`Fault`], never a pass. It has no clock: `now` is handed in.
//!
//! | module | is |
//! |---|---|
//! | `compile` | descriptors and their options to plans; the only place that reads rules |
//! | `plan` | what is known of a message before any input comes |
//! | `walk` | wire bytes against a plan |
//! | `judge` | one value against one rule |
//! | `pattern` | patterns as RE2 has them |
//! | `formats` | the well-known forms of strings: e-mail, hosts, addresses, URIs |
//! | `cel` | expressions: compiled, checked, run |
//! | `violation` | what is told |

use std::sync::Arc;

use prost_reflect::MessageDescriptor;

mod cel;
mod compile;
mod formats;
mod judge;
mod pattern;
mod plan;
#[cfg(test)]
mod tests;
mod violation;
mod walk;

pub use violation::{Element, Fault, RuleError, RuleStep, Subscript, Violation, Violations};

/// Messages within messages at most; what is deeper cannot be judged.
pub const DEPTH_MAX: usize = 100;

/// Violations told of one message; the walk ends with the last of them.
pub const VIOLATIONS_MAX: usize = 100;

/// Steps of one expression at most: elements looked at, and pieces of strings made or compared. A thread
/// serves nobody else meanwhile, and this many take it some fifty milliseconds.
const CEL_COST_MAX: u64 = 250_000;

/// What is told of one message, in bytes: the walk ends with the violation that goes beyond. Over gRPC it
/// travels in trailers, in Base64, and clients take eight kilobytes of them.
const TOLD_MAX: usize = 5 * 1024;

/// A description or a rule's id at most, in characters: both come from the schema.
const DESCRIPTION_MAX: usize = 1000;

/// Length of an expression at most, in bytes.
const CEL_LENGTH_MAX: usize = 16 * 1024;

/// Expressions within expressions at most, with the calls that count: the interpreter recurses, and does
/// so in the deepest of messages.
const CEL_DEPTH_MAX: usize = 100;

/// A moment: seconds and nanoseconds since 1970-01-01 00:00 UTC, as `google.protobuf.Timestamp` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: i64,
    /// The rest, 0 to 999,999,999.
    pub nanos: i32,
}

/// Compiles the rules of many messages of one pool: what is read of one is not read again for the next.
#[derive(Debug, Default)]
pub struct Compiler(compile::Seen);

impl Compiler {
    /// The same as [`Rules::of`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn rules(&mut self, message: &MessageDescriptor) -> Result<Option<Rules>, RuleError> {
        let plans = compile::compile(message, &mut self.0)?;
        Ok(plans.map(|plans| Rules {
            plans: Arc::new(plans),
        }))
    }
}

/// The rules of a message type and of everything it reaches. Immutable and cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules {
    plans: Arc<plan::Plans>,
}

impl Rules {
    /// Compiles the rules of a message; none if neither it nor a message that it reaches has any.
    ///
    /// # Errors
    ///
    /// A rule that cannot be compiled: of another type than its field, a pattern that is none, an
    /// expression that does not parse or names what is not there. A message with such a rule must not be
    /// let through unjudged.
    pub fn of(message: &MessageDescriptor) -> Result<Option<Self>, RuleError> {
        Compiler::default().rules(message)
    }

    /// Checks a message in wire form.
    ///
    /// # Errors
    ///
    /// What is wrong with it ([`Fault::Violated`]), or why that cannot be told: it is no message, or a
    /// rule failed while it ran.
    pub fn check(&self, wire: &[u8], now: Timestamp) -> Result<(), Fault> {
        walk::check(&self.plans, wire, now)
    }
}

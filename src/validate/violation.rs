//! What is told of a message that breaks a rule, and of a rule that cannot be used.

use std::fmt;
use std::sync::Arc;

/// Why a message does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It breaks rules. The client's mistake: INVALID_ARGUMENT, with the violations as details.
    #[error("{0}")]
    Violated(Violations),
    /// It is no protobuf message of this type, or is nested too deep. The client's mistake too:
    /// INVALID_ARGUMENT.
    #[error("{0}")]
    Malformed(String),
    /// A rule failed while it ran, so nobody can say whether the message keeps it. The schema's mistake
    /// (an index out of range, a division by zero) or a message that is too large for an expression.
    #[error("{0}")]
    Unjudged(RuleError),
}

/// A rule that cannot be compiled, or that failed while it ran.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule} of {place}: {reason}")]
pub struct RuleError {
    /// Full name of the message, field or oneof that the rule is about.
    pub place: String,
    /// The rule: its id or its name.
    pub rule: String,
    /// What was found and what was expected.
    pub reason: String,
}

/// What a message breaks; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations {
    /// In the order of the fields, at most [`VIOLATIONS_MAX`](super::VIOLATIONS_MAX), and no more than
    /// trailers hold.
    pub list: Vec<Violation>,
    /// There may be more of them: the walk ended with the last one that is told.
    pub cut: bool,
}

/// One broken rule: a `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field by its proto names, `items[3].labels["a"].name`; empty for the message itself.
    pub field: String,
    /// What was expected, in English.
    pub description: String,
    /// The rule's id: `string.min_len`.
    pub reason: String,
    /// The field, element by element.
    pub path: Vec<Element>,
    /// Where the rule stands within `buf.validate.FieldRules`; empty for rules of a message or a oneof.
    pub rule: Arc<[RuleStep]>,
    /// It is about a map's key, not about the value beside it.
    pub for_key: bool,
}

/// One element of a field's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The field's number; none of a oneof.
    pub number: Option<u32>,
    /// Its proto name.
    pub name: Arc<str>,
    /// Which element of it, of a list or map.
    pub subscript: Option<Subscript>,
}

/// An element of a list, or an entry of a map by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscript {
    /// In a list, from 0.
    Index(u64),
    /// A key of type bool.
    Bool(bool),
    /// A key of a signed type.
    Int(i64),
    /// A key of an unsigned type.
    Uint(u64),
    /// A key that is text.
    Text(String),
}

/// One step from `buf.validate.FieldRules` to a rule: a field's number, and an index into a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleStep {
    /// The number of a field, or of an extension that defines a rule.
    pub number: u32,
    /// Which of several, from 0.
    pub index: Option<u32>,
}

impl Violation {
    /// Bytes on the wire, about.
    pub(super) fn len(&self) -> usize {
        8 + self.field.len() + self.description.len() + self.reason.len()
    }

    /// The path in text: proto names, elements in brackets.
    pub(super) fn text_of(path: &[Element]) -> String {
        use fmt::Write as _;
        let mut out = String::new();
        for (nth, element) in path.iter().enumerate() {
            if nth > 0 {
                out.push('.');
            }
            out.push_str(&element.name);
            // Writing to a string does not fail.
            let _ = match &element.subscript {
                None => Ok(()),
                Some(Subscript::Index(index)) => write!(out, "[{index}]"),
                Some(Subscript::Bool(key)) => write!(out, "[{key}]"),
                Some(Subscript::Int(key)) => write!(out, "[{key}]"),
                Some(Subscript::Uint(key)) => write!(out, "[{key}]"),
                Some(Subscript::Text(key)) => write!(out, "[{key:?}]"),
            };
        }
        out
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.list.first() else {
            return f.write_str("the message breaks a rule");
        };
        write!(f, "{first}")?;
        match self.list.len() - 1 {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.description)
        } else {
            write!(f, "{}: {}", self.field, self.description)
        }
    }
}

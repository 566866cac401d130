//! A field below a root message, named by `a.b.c` (`body:`, `response_body:`, `{a.b}`,
//! `?a.b=`): its way down through the plans, and what the caller may want to know of it.
//!
//! A [`FieldPath`] owns what it found, for bindings that are compiled once. A [`Trail`] is walked
//! again and again for the names that requests bring, and allocates for none of them.

use super::plan::{Kind, Plan, PlanId, Plans, Shape, Wkt};

mod trail;

pub use trail::{Facts, FieldRef, Lost, Trail};

/// A field below a root message.
#[derive(Clone, Debug)]
pub struct FieldPath {
    name: Box<str>,
    /// Root first; never empty.
    steps: Box<[Step]>,
    oneofs: Box<[(String, String)]>,
    facts: Facts,
}

/// One field of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The message that has the field.
    pub(crate) plan: PlanId,
    /// Its index in the message's plan.
    pub(crate) field: u32,
}

/// Why a path names no field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The message has no such field.
    #[error("{message} has no field {segment:?}")]
    Unknown {
        /// Full name of the message.
        message: String,
        /// The segment as it was written.
        segment: String,
    },
    /// The path continues below a scalar, list or map.
    #[error("{field} is {kind}, so nothing can be named beneath it")]
    NotAMessage {
        /// The path up to that field.
        field: String,
        /// What it is.
        kind: String,
    },
    /// The path has too many segments.
    #[error("the path has more than {max} segments")]
    TooDeep {
        /// How many it may have.
        max: usize,
    },
}

/// Segments of a path at most.
const SEGMENTS_MAX: usize = 32;

/// Bytes of a segment that an error repeats.
const SEGMENT_SHOWN: usize = 64;

/// Resolves `path` below `root`.
pub(crate) fn resolve(plans: &Plans, root: PlanId, path: &str) -> Result<FieldPath, PathError> {
    let mut trail = Trail::default();
    plans
        .walk(root, path, &mut trail)
        .map_err(|lost| plans.explain(lost, root, path, &trail))?;
    let steps = trail.steps();
    let mut name = String::new();
    let mut oneofs = Vec::new();
    for step in steps {
        let Some(field) = plans.field_at(*step) else {
            continue;
        };
        if let Some(oneof) = plans.oneof_name(*step) {
            oneofs.push((dotted(&name, oneof), field.name.to_string()));
        }
        name = dotted(&name, &field.name);
    }
    Ok(FieldPath {
        name: name.into(),
        steps: steps.into(),
        oneofs: oneofs.into(),
        facts: plans.facts(trail.field()),
    })
}

/// Splits at dots, but not within the brackets of an extension's name.
struct Segments<'t>(Option<&'t str>);

impl<'t> Iterator for Segments<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.take()?;
        let from = match text.strip_prefix('[') {
            Some(rest) => rest.find(']').map_or(text.len(), |at| at + 1),
            None => 0,
        };
        let dot = text.get(from..).and_then(|rest| rest.find('.'));
        let Some((segment, rest)) = dot.and_then(|dot| text.split_at_checked(from + dot)) else {
            return Some(text);
        };
        self.0 = rest.get(1..);
        Some(segment)
    }
}

fn dotted(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}

fn describe(shape: Shape, kind: Kind) -> &'static str {
    match shape {
        Shape::Single => kind.noun(),
        Shape::List | Shape::Packed => "a repeated field",
        Shape::Map(_) => "a map",
    }
}

/// The message can be given as text in a URL.
fn has_text_form(plan: &Plan) -> bool {
    match plan.wkt {
        Some(
            Wkt::Timestamp
            | Wkt::Duration
            | Wkt::FieldMask
            | Wkt::Struct
            | Wkt::Value
            | Wkt::ListValue
            | Wkt::Wrapper(_),
        ) => true,
        Some(Wkt::Any) | None => false,
    }
}

/// The message's text form stands for a list or a map, which a merge makes longer.
fn holds_many(plan: &Plan) -> bool {
    matches!(
        plan.wkt,
        Some(Wkt::FieldMask | Wkt::Struct | Wkt::Value | Wkt::ListValue)
    )
}

impl FieldPath {
    /// Dotted proto names, canonical: two spellings of one field give equal names.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field is repeated, and not a map.
    pub fn is_repeated(&self) -> bool {
        self.facts.repeated
    }

    /// The field is a map.
    pub fn is_map(&self) -> bool {
        self.facts.map
    }

    /// The field's kind (its elements', its map's values') is a message without a text form:
    /// anything but Timestamp, Duration, FieldMask, the wrappers, Value, Struct and ListValue.
    pub fn is_plain_message(&self) -> bool {
        self.facts.plain
    }

    /// The field's kind is a FieldMask, Value, Struct or ListValue: a second fragment of it adds to
    /// the first instead of replacing it.
    pub fn is_composite(&self) -> bool {
        self.facts.composite
    }

    /// The oneofs that setting this path sets a member of, outermost first, as canonical dotted
    /// name of the oneof and proto name of the member.
    pub fn oneofs(&self) -> &[(String, String)] {
        &self.oneofs
    }

    /// Plan of the message at the path, if the field (its elements, its map's values) is one.
    pub fn message(&self) -> Option<PlanId> {
        self.facts.message
    }

    /// What the field is.
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// The path is `other` or lies beneath it. Both must be below the same root.
    pub fn is_at_or_under(&self, other: &Self) -> bool {
        self.steps.starts_with(&other.steps)
    }

    /// Root first; never empty.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

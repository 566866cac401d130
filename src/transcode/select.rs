//! A field below a root message, named by `a.b.c` (`body:`, `response_body:`, `{a.b}`,
//! `?a.b=`): its way down through the plans, and what the caller may want to know of it.

use super::plan::{Field, Kind, Plan, PlanId, Plans, Shape, Wkt};

/// A field below a root message.
#[derive(Clone, Debug)]
pub struct FieldPath {
    name: Box<str>,
    /// Root first; never empty.
    steps: Box<[Step]>,
    oneofs: Box<[(String, String)]>,
    repeated: bool,
    map: bool,
    plain: bool,
    composite: bool,
    message: Option<PlanId>,
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
    let mut name = String::new();
    let mut steps: Vec<Step> = Vec::new();
    let mut oneofs = Vec::new();
    let mut last: Option<&Field> = None;
    let mut plan_id = root;
    for segment in Segments(Some(path)) {
        if steps.len() == SEGMENTS_MAX {
            return Err(PathError::TooDeep { max: SEGMENTS_MAX });
        }
        if let Some(parent) = last {
            plan_id = match (parent.shape, parent.kind.message()) {
                (Shape::Single, Some(id)) => id,
                (shape, _) => {
                    return Err(PathError::NotAMessage {
                        field: name,
                        kind: describe(shape, parent.kind).to_owned(),
                    });
                }
            };
        }
        let plan = plans.plan(plan_id);
        let found = plan.by_name(segment.as_bytes());
        let Some((index, field)) = found.and_then(|index| Some((index, plan.fields.get(index)?)))
        else {
            return Err(PathError::Unknown {
                message: plan.name.to_string(),
                segment: super::error::excerpt(segment.as_bytes(), SEGMENT_SHOWN),
            });
        };
        if let Some(oneof) = field
            .oneof
            .and_then(|index| plan.oneofs.get(index as usize))
        {
            oneofs.push((dotted(&name, oneof), field.name.to_string()));
        }
        name = dotted(&name, &field.name);
        steps.push(Step {
            plan: plan_id,
            field: index as u32,
        });
        last = Some(field);
    }
    let Some(field) = last else {
        return Err(PathError::Unknown {
            message: plans.plan(root).name.to_string(),
            segment: String::new(),
        });
    };
    let message = field.kind.message();
    Ok(FieldPath {
        name: name.into(),
        steps: steps.into(),
        oneofs: oneofs.into(),
        repeated: matches!(field.shape, Shape::List | Shape::Packed),
        map: matches!(field.shape, Shape::Map(_)),
        plain: message.is_some_and(|id| !has_text_form(plans.plan(id))),
        composite: message.is_some_and(|id| holds_many(plans.plan(id))),
        message,
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
        self.repeated
    }

    /// The field is a map.
    pub fn is_map(&self) -> bool {
        self.map
    }

    /// The field's kind (its elements', its map's values') is a message without a text form:
    /// anything but Timestamp, Duration, FieldMask, the wrappers, Value, Struct and ListValue.
    pub fn is_plain_message(&self) -> bool {
        self.plain
    }

    /// The field's kind is a FieldMask, Value, Struct or ListValue: a second fragment of it adds to
    /// the first instead of replacing it.
    pub fn is_composite(&self) -> bool {
        self.composite
    }

    /// The oneofs that setting this path sets a member of, outermost first, as canonical dotted
    /// name of the oneof and proto name of the member.
    pub fn oneofs(&self) -> &[(String, String)] {
        &self.oneofs
    }

    /// Plan of the message at the path, if the field (its elements, its map's values) is one.
    pub fn message(&self) -> Option<PlanId> {
        self.message
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

//! A field looked up by name without owning anything: the names that requests bring are walked
//! along the plans into memory that is used again.

use super::{PathError, SEGMENT_SHOWN, SEGMENTS_MAX, Segments, Step};
use super::{describe, dotted, has_text_form, holds_many};
use crate::transcode::FieldPath;
use crate::transcode::error::excerpt;
use crate::transcode::plan::{Field, Kind, PlanId, Plans, Shape};

/// The way from a root message to a field, as far as it was walked.
#[derive(Debug, Default)]
pub struct Trail {
    steps: Vec<Step>,
}

/// A field below a root message, borrowed from a [`FieldPath`] or a [`Trail`].
#[derive(Clone, Copy, Debug)]
pub struct FieldRef<'f> {
    steps: &'f [Step],
}

/// What a field is, as far as those who name it have to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// It is repeated, and not a map.
    pub repeated: bool,
    /// It is a map.
    pub map: bool,
    /// It is, or its elements or values are, messages without a text form.
    pub plain: bool,
    /// A second fragment of it adds to the first instead of replacing it.
    pub composite: bool,
    /// It is, or its elements or values are, bytes.
    pub bytes: bool,
    /// The plan of its messages, if it has any.
    pub message: Option<PlanId>,
}

/// Why a name names no field. The trail ends where the way was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The message there has no such field.
    Unknown,
    /// The name continues below a scalar, list or map.
    NotAMessage,
    /// The name has too many segments.
    TooDeep,
}

impl Trail {
    /// Begins anew, behind these steps.
    pub(crate) fn start(&mut self, at: &[Step]) {
        self.steps.clear();
        self.steps.extend_from_slice(at);
    }

    /// The field that was walked to.
    pub fn field(&self) -> FieldRef<'_> {
        FieldRef { steps: &self.steps }
    }

    /// Root first.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl<'f> FieldRef<'f> {
    /// The field at the end of these steps.
    pub(crate) const fn at(steps: &'f [Step]) -> Self {
        Self { steps }
    }

    /// Root first.
    pub(crate) const fn steps(self) -> &'f [Step] {
        self.steps
    }

    /// The field is `other` or lies beneath it. Both must be below the same root.
    pub fn is_at_or_under(self, other: &FieldPath) -> bool {
        self.steps.starts_with(other.steps())
    }
}

impl<'f> From<&'f FieldPath> for FieldRef<'f> {
    fn from(path: &'f FieldPath) -> Self {
        Self {
            steps: path.steps(),
        }
    }
}

impl Plans {
    /// Goes on from where the trail ends, below `root` if it is empty, by `a.b.c`, each segment a
    /// JSON or proto name. If that fails, the trail has what could be walked.
    ///
    /// # Errors
    /// There is no such field.
    pub fn walk(&self, root: PlanId, path: &str, trail: &mut Trail) -> Result<(), Lost> {
        let mut last = match trail.steps.last() {
            Some(step) => Some(self.field_at(*step).ok_or(Lost::Unknown)?),
            None => None,
        };
        for segment in Segments(Some(path)) {
            if trail.steps.len() >= SEGMENTS_MAX {
                return Err(Lost::TooDeep);
            }
            let plan = match last {
                None => root,
                Some(parent) => match (parent.shape, parent.kind.message()) {
                    (Shape::Single, Some(id)) => id,
                    _ => return Err(Lost::NotAMessage),
                },
            };
            let fields = self.plan(plan);
            let index = fields.by_name(segment.as_bytes()).ok_or(Lost::Unknown)?;
            last = Some(fields.fields.get(index).ok_or(Lost::Unknown)?);
            let field = u32::try_from(index).map_err(|_| Lost::Unknown)?;
            trail.steps.push(Step { plan, field });
        }
        Ok(())
    }

    /// What the field is.
    pub fn facts(&self, field: FieldRef<'_>) -> Facts {
        let Some(field) = field.steps.last().and_then(|step| self.field_at(*step)) else {
            return Facts::default();
        };
        let message = field.kind.message();
        Facts {
            repeated: matches!(field.shape, Shape::List | Shape::Packed),
            map: matches!(field.shape, Shape::Map(_)),
            plain: message.is_some_and(|id| !has_text_form(self.plan(id))),
            composite: message.is_some_and(|id| holds_many(self.plan(id))),
            bytes: field.kind == Kind::Bytes,
            message,
        }
    }

    /// Dotted proto names.
    #[cold]
    pub fn name_of(&self, field: FieldRef<'_>) -> String {
        field.steps.iter().fold(String::new(), |name, step| {
            dotted(&name, self.field_at(*step).map_or("", |field| &field.name))
        })
    }

    /// Why `path` was lost below `root` (or below where the trail began), for people.
    #[cold]
    pub(crate) fn explain(&self, lost: Lost, root: PlanId, path: &str, trail: &Trail) -> PathError {
        let last = trail.steps.last().and_then(|step| self.field_at(*step));
        match lost {
            Lost::TooDeep => PathError::TooDeep { max: SEGMENTS_MAX },
            Lost::NotAMessage => PathError::NotAMessage {
                field: self.name_of(trail.field()),
                kind: last
                    .map_or("nothing", |field| describe(field.shape, field.kind))
                    .to_owned(),
            },
            Lost::Unknown => {
                let plan = last.and_then(|field| field.kind.message()).unwrap_or(root);
                let segment = Segments(Some(path)).nth(trail.steps.len());
                PathError::Unknown {
                    message: self.plan(plan).name.to_string(),
                    segment: excerpt(segment.unwrap_or(path).as_bytes(), SEGMENT_SHOWN),
                }
            }
        }
    }

    /// The field that a step goes to.
    pub(crate) fn field_at(&self, step: Step) -> Option<&Field> {
        self.plan(step.plan).fields.get(step.field as usize)
    }

    /// Index of the oneof that the step's field is a member of, in its message.
    pub(crate) fn oneof_of(&self, step: Step) -> Option<u32> {
        self.field_at(step)?.oneof
    }

    /// The name of that oneof.
    pub(crate) fn oneof_name(&self, step: Step) -> Option<&str> {
        let index = self.oneof_of(step)? as usize;
        let oneof = self.plan(step.plan).oneofs.get(index)?;
        Some(oneof)
    }
}

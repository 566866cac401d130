//! Where the walk is: a list of fields on the stack, made a path only when something is told.

use std::sync::{Arc, LazyLock};

use super::scan::Raw;
use super::value;
use crate::validate::DESCRIPTION_MAX;
use crate::validate::plan::{Field, Kind};
use crate::validate::violation::{Element, RuleStep, Subscript};

/// `buf.validate.FieldRules.required`.
const REQUIRED: u32 = 25;

/// A field that the walk is in, and those above.
pub(super) struct Trail<'t> {
    parent: Option<&'t Self>,
    field: &'t Field,
    subscript: Place<'t>,
}

/// Which value of a field.
pub(super) enum Place<'t> {
    /// The field itself.
    Field,
    Index(u64),
    Key(Kind, &'t Raw<'t>),
}

impl<'t> Trail<'t> {
    pub(super) const fn new(parent: Option<&'t Self>, field: &'t Field) -> Self {
        Self {
            parent,
            field,
            subscript: Place::Field,
        }
    }

    /// One of the field's values.
    pub(super) const fn at<'n>(&'n self, subscript: Place<'n>) -> Trail<'n> {
        Trail {
            parent: self.parent,
            field: self.field,
            subscript,
        }
    }
}

impl Trail<'_> {
    fn subscript(&self) -> Option<Subscript> {
        match self.subscript {
            Place::Field => None,
            Place::Index(index) => Some(Subscript::Index(index)),
            Place::Key(kind, raw) => Some(value::subscript(kind, raw)),
        }
    }
}

/// The path to where the walk is, and one element beneath.
pub(super) fn path(trail: Option<&Trail<'_>>, beneath: Option<Element>) -> Vec<Element> {
    let mut out: Vec<_> = beneath.into_iter().collect();
    let mut at = trail;
    while let Some(trail) = at {
        out.push(Element {
            number: Some(trail.field.number),
            name: trail.field.name.clone(),
            subscript: trail.subscript(),
        });
        at = trail.parent;
    }
    out.reverse();
    out
}

/// The beginning of a text that comes from the schema.
pub(super) fn short(text: &str) -> String {
    if text.len() <= DESCRIPTION_MAX {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION_MAX).collect()
}

/// Of rules that do not stand in `FieldRules`.
pub(super) fn nowhere() -> Arc<[RuleStep]> {
    static NOWHERE: LazyLock<Arc<[RuleStep]>> = LazyLock::new(|| Arc::from([]));
    NOWHERE.clone()
}

/// Of the rule that a field must be set.
pub(super) fn required() -> Arc<[RuleStep]> {
    static STEPS: LazyLock<Arc<[RuleStep]>> = LazyLock::new(|| {
        Arc::from([RuleStep {
            number: REQUIRED,
            index: None,
        }])
    });
    STEPS.clone()
}

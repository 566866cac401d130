//! Rules in CEL: those of a field or message, and those that somebody defined for others to use.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, FieldDescriptor, MessageDescriptor};

use super::{Collected, Compiled, Fault, steps};
use crate::schema::record::Record;
use crate::validate::cel::{Given, Program, Scope, Typed, given};
use crate::validate::plan::Expression;
use crate::validate::violation::RuleStep;

/// `(buf.validate.predefined)` on an extension of a rules message.
const PREDEFINED: u32 = 1160;

/// Extensions of rules messages begin here.
pub(super) const EXTENSIONS: u32 = 1000;

/// What an expression is about.
pub(super) struct About {
    this: Typed,
    place: Arc<str>,
    pool: DescriptorPool,
}

impl About {
    /// A message.
    pub(super) fn message(message: &MessageDescriptor, place: &Arc<str>) -> Self {
        Self {
            this: Typed::of_message(message),
            place: place.clone(),
            pool: message.parent_pool().clone(),
        }
    }

    /// A field as a whole.
    pub(super) fn field(field: &FieldDescriptor) -> Self {
        Self {
            this: Typed::of_field(field),
            place: field.full_name().into(),
            pool: field.parent_pool().clone(),
        }
    }

    /// One value of a field.
    pub(super) fn element(element: &FieldDescriptor, field: &FieldDescriptor) -> Self {
        Self {
            this: Typed::of_kind(&element.kind()),
            place: field.full_name().into(),
            pool: field.parent_pool().clone(),
        }
    }

    const fn scope(&self) -> Scope<'_> {
        Scope {
            this: &self.this,
            pool: &self.pool,
            given: None,
        }
    }
}

/// One rule as written.
struct Written {
    id: String,
    message: String,
    expression: String,
}

fn written(rule: &Record) -> Written {
    let text = |number| rule.text(number).unwrap_or_default();
    Written {
        id: text(1),
        message: text(2),
        expression: text(3),
    }
}

impl Written {
    /// An expression without an id is its own.
    fn id(&self) -> Arc<str> {
        match self.id.as_str() {
            "" => self.expression.as_str().into(),
            id => id.into(),
        }
    }

    fn description(&self) -> Arc<str> {
        match self.message.as_str() {
            "" => format!("{:?} returned false", self.expression).into(),
            message => message.into(),
        }
    }

    fn compile(
        &self,
        about: &About,
        scope: &Scope<'_>,
        given: Option<Given>,
        rule: Arc<[RuleStep]>,
    ) -> Compiled<Expression> {
        let id = self.id();
        let program = Program::compile(&self.expression, scope, given)
            .map_err(|reason| Fault::new(&*id, reason))?;
        Ok(Expression {
            program,
            id,
            description: self.description(),
            rule,
            place: about.place.clone(),
        })
    }
}

/// The rules in one field of a message of rules, and those in another that are expressions alone. Without
/// a path they stand in none that is told.
pub(super) fn own(
    rules: &Record,
    cel: u32,
    expressions: u32,
    about: &About,
    path: Option<&[RuleStep]>,
) -> Compiled<Vec<Expression>> {
    let alone = rules
        .texts(expressions)
        .into_iter()
        .map(|expression| Written {
            id: String::new(),
            message: String::new(),
            expression,
        });
    let alone = (0u32..)
        .zip(alone)
        .map(|(nth, rule)| (expressions, nth, rule));
    let full = (0u32..)
        .zip(rules.messages(cel))
        .map(|(nth, rule)| (cel, nth, written(&rule)));
    alone
        .chain(full)
        .map(|(number, nth, rule)| {
            let steps =
                path.map_or_else(|| Arc::from([]), |path| steps(path, &[(number, Some(nth))]));
            rule.compile(about, &about.scope(), None, steps)
        })
        .collect()
}

/// Rules that somebody defined as extensions of protovalidate's own, with the values they have here.
pub(super) fn predefined(
    rules: &Record,
    name: &str,
    number: u32,
    path: &[RuleStep],
    about: &About,
    out: &mut Collected,
) -> Compiled<()> {
    let numbers: BTreeSet<u32> = rules
        .fields()
        .map(|(number, _)| number)
        .filter(|number| *number >= EXTENSIONS)
        .collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let of_rules = about
        .pool
        .get_message_by_name(&format!("buf.validate.{name}"));
    for own in numbers {
        let extension = of_rules
            .as_ref()
            .and_then(|of| Some((of, of.get_extension(own)?)));
        let Some((of_rules, extension)) = extension else {
            return Err(Fault::new(
                format!("{name}, number {own}"),
                "it is no rule that is known here, and the schema has no extension of this number",
            ));
        };
        let defined = Record::of_fitting_options(|| extension.options()).ok_or_else(|| {
            Fault::new(
                extension.full_name(),
                "its options do not fit their definitions",
            )
        })?;
        let Some(defined) = defined.message(PREDEFINED) else {
            continue;
        };
        for rule in defined.messages(1).map(|rule| written(&rule)) {
            let steps = steps(path, &[(number, None), (own, None)]);
            out.programs.push(defined_rule(
                &rule,
                rules,
                (of_rules, &extension),
                about,
                steps,
            )?);
        }
    }
    Ok(())
}

fn defined_rule(
    rule: &Written,
    rules: &Record,
    (of_rules, extension): (&MessageDescriptor, &ExtensionDescriptor),
    about: &About,
    steps: Arc<[RuleStep]>,
) -> Compiled<Expression> {
    let fault = |reason: String| Fault::new(extension.full_name(), reason);
    let (given, of_rule) = given(rules, of_rules, extension).map_err(fault)?;
    let of_rules = Typed::of_message(of_rules);
    let scope = Scope {
        given: Some((&of_rules, &of_rule)),
        ..about.scope()
    };
    rule.compile(about, &scope, Some(given), steps)
}

//! Wire bytes against a plan.
//!
//! A message is scanned once: of each planned field its last value is kept, or all of them if it is a
//! list or map. Then the fields are judged in their order, which goes into the messages beneath. So
//! what is told stands in the order of the schema, whatever the order on the wire was.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use bytes::Bytes;

use super::cel::{self, Verdict};
use super::judge::Test;
use super::plan::{Check, Expression, Field, Kind, Plan, Plans, Shape, Value};
use super::violation::{Element, Fault, RuleError, Violation, Violations};
use super::{DEPTH_MAX, TOLD_MAX, Timestamp, VIOLATIONS_MAX};
use crate::transcode::wire::read::Malformed;

mod scan;
mod told;
mod value;

use scan::{Found, Raw, Slot};
use told::Trail;

/// Slots that a message has without an allocation.
const SLOTS: usize = 8;

/// Checks a message.
pub(super) fn check(plans: &Plans, wire: &[u8], now: Timestamp) -> Result<(), Fault> {
    let Some(plan) = plans.list.first() else {
        return Ok(());
    };
    let mut walk = Walk {
        plans,
        now,
        nanos: i128::from(now.seconds) * value::NANOS + i128::from(now.nanos),
        list: Vec::new(),
        told: 0,
        unjudged: None,
    };
    let end = walk.message(plan, wire, None, 0);
    match (end, walk.list.is_empty()) {
        (Err(End::Malformed(reason)), _) => Err(Fault::Malformed(reason)),
        (Err(End::Enough), _) => Err(Fault::Violated(Violations {
            list: walk.list,
            cut: true,
        })),
        // What is known to be wrong is told, even if not everything could be judged.
        (Ok(()), false) => Err(Fault::Violated(Violations {
            list: walk.list,
            cut: walk.unjudged.is_some(),
        })),
        (Ok(()), true) => walk
            .unjudged
            .map_or(Ok(()), |error| Err(Fault::Unjudged(error))),
    }
}

/// Why a walk ends before the message does.
enum End {
    Malformed(String),
    /// [`VIOLATIONS_MAX`] are told, or [`TOLD_MAX`] bytes of them.
    Enough,
}

impl From<Malformed> for End {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed.to_string())
    }
}

struct Walk<'p> {
    plans: &'p Plans,
    now: Timestamp,
    /// The same in nanoseconds.
    nanos: i128,
    list: Vec<Violation>,
    /// Their size, in bytes.
    told: usize,
    /// The first rule that failed while it ran.
    unjudged: Option<RuleError>,
}

impl<'p> Walk<'p> {
    fn message(
        &mut self,
        plan: &'p Plan,
        wire: &[u8],
        trail: Option<&Trail<'_>>,
        depth: usize,
    ) -> Result<(), End> {
        if depth >= DEPTH_MAX {
            return Err(End::Malformed(format!(
                "{}: messages are nested more than {DEPTH_MAX} deep",
                Violation::text_of(&told::path(trail, None))
            )));
        }
        let mut few = [Slot::EMPTY; SLOTS];
        let mut many;
        let slots = match few.get_mut(..plan.fields.len()) {
            Some(slots) => slots,
            None => {
                many = vec![Slot::EMPTY; plan.fields.len()];
                &mut many
            }
        };
        let found = scan::scan(plan, wire, slots)?;
        self.whole(plan, wire, slots, trail)?;
        for (field, slot) in plan.fields.iter().zip(&*slots) {
            self.field(field, slot, &found, trail, depth)?;
        }
        Ok(())
    }

    /// What is asked of the message, of its oneofs and of its groups.
    fn whole(
        &mut self,
        plan: &'p Plan,
        wire: &[u8],
        slots: &[Slot<'_>],
        trail: Option<&Trail<'_>>,
    ) -> Result<(), End> {
        if !plan.programs.is_empty() {
            let this = OnceCell::new();
            let make = || cel::message(&plan.message, Bytes::copy_from_slice(wire));
            for expression in &plan.programs {
                self.express(expression, this.get_or_init(make), trail, None, false)?;
            }
        }
        let is_set = |member: &usize| {
            let field = plan.fields.get(*member);
            let slot = slots.get(*member);
            field
                .zip(slot)
                .is_some_and(|(field, slot)| slot.is_set(field))
        };
        for oneof in &plan.oneofs {
            if oneof.required && !oneof.members.iter().any(is_set) {
                let element = Element {
                    number: None,
                    name: oneof.name.clone(),
                    subscript: None,
                };
                self.tell(
                    told::path(trail, Some(element)),
                    "required",
                    "exactly one field is required in oneof",
                    told::nowhere(),
                    false,
                )?;
            }
        }
        for group in &plan.groups {
            let set = group.members.iter().filter(|member| is_set(member)).count();
            let description = match set {
                0 if group.required => &group.none,
                0 | 1 => continue,
                _ => &group.several,
            };
            let path = told::path(trail, None);
            self.tell(path, "message.oneof", description, told::nowhere(), false)?;
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &'p Field,
        slot: &Slot<'_>,
        found: &Found<'_>,
        trail: Option<&Trail<'_>>,
        depth: usize,
    ) -> Result<(), End> {
        let is_set = slot.is_set(field);
        let trail = Trail::new(trail, field);
        if !is_set {
            if field.required {
                let path = trail.path();
                return self.tell(
                    path,
                    "required",
                    "value is required",
                    told::required(),
                    false,
                );
            }
            if field.presence || field.spares_zero {
                return Ok(());
            }
        }
        match &field.shape {
            Shape::Single => {
                let raw = slot
                    .last()
                    .unwrap_or_else(|| Raw::zero(field.value.kind, field.default));
                self.value(&field.value, &raw, &trail, depth, Of::Value)
            }
            Shape::List => self.list(field, slot, found, &trail, depth),
            Shape::Map(keys) => self.map(field, keys, slot, found, &trail, depth),
        }
    }

    fn list(
        &mut self,
        field: &'p Field,
        slot: &Slot<'_>,
        found: &Found<'_>,
        trail: &Trail<'_>,
        depth: usize,
    ) -> Result<(), End> {
        for check in &field.whole {
            let passes = match &check.test {
                Test::Count(count) => count.passes(slot.count),
                Test::Unique => is_unique(field, slot, found)?,
                _ => true,
            };
            if !passes {
                self.broken(check, trail, Of::Value)?;
            }
        }
        if !field.programs.is_empty() {
            let elements = found.elements(slot, field.value.kind);
            let this = cel::list(
                &field.descriptor,
                elements.map(|raw| raw.map(|raw| raw.owned())),
            );
            self.express_all(&field.programs, &this, trail, Of::Value)?;
        }
        if field.value.is_idle() {
            return Ok(());
        }
        for (index, raw) in (0u64..).zip(found.elements(slot, field.value.kind)) {
            let raw = raw?;
            let trail = trail.at(told::Place::Index(index));
            if !(field.value.spares_zero && raw.is_zero()) {
                self.value(&field.value, &raw, &trail, depth, Of::Value)?;
            }
        }
        Ok(())
    }

    fn map(
        &mut self,
        field: &'p Field,
        keys: &'p Value,
        slot: &Slot<'_>,
        found: &Found<'_>,
        trail: &Trail<'_>,
        depth: usize,
    ) -> Result<(), End> {
        let values = &field.value;
        let entries = scan::entries(found, slot, keys.kind, values.kind, field.default)?;
        for check in &field.whole {
            if let Test::Count(count) = check.test
                && !count.passes(entries.len() as u64)
            {
                self.broken(check, trail, Of::Value)?;
            }
        }
        if !field.programs.is_empty() {
            let owned = entries
                .iter()
                .map(|(key, value)| (key.owned(), value.owned()));
            let this = cel::map(&field.descriptor, owned);
            self.express_all(&field.programs, &this, trail, Of::Value)?;
        }
        if keys.is_idle() && values.is_idle() {
            return Ok(());
        }
        for (key, value) in &entries {
            let trail = trail.at(told::Place::Key(keys.kind, key));
            if !(keys.spares_zero && key.is_zero()) {
                self.value(keys, key, &trail, depth, Of::Key)?;
            }
            if !(values.spares_zero && value.is_zero()) {
                self.value(values, value, &trail, depth, Of::Value)?;
            }
        }
        Ok(())
    }

    /// One value: its checks, its expressions, and the message that it is.
    fn value(
        &mut self,
        plan: &'p Value,
        raw: &Raw<'_>,
        trail: &Trail<'_>,
        depth: usize,
        of: Of,
    ) -> Result<(), End> {
        if !plan.checks.is_empty() {
            let input = value::input(plan.kind, raw).map_err(|reason| trail.malformed(&reason))?;
            for check in &plan.checks {
                match check.test.passes(&input, self.nanos) {
                    Ok(true) => {}
                    Ok(false) => self.broken(check, trail, of)?,
                    Err(reason) => self.unjudged(RuleError {
                        place: trail.text(),
                        rule: check.id.to_string(),
                        reason: reason.to_owned(),
                    }),
                }
            }
        }
        if !plan.programs.is_empty() {
            let this = cel::value(&plan.descriptor, raw.owned());
            self.express_all(&plan.programs, &this, trail, of)?;
        }
        let (Some(child), Raw::Len(bytes)) = (plan.child, raw) else {
            return Ok(());
        };
        match self.plans.list.get(child) {
            Some(plan) => self.message(plan, bytes, Some(trail), depth + 1),
            None => Ok(()),
        }
    }

    fn express_all(
        &mut self,
        expressions: &[Expression],
        this: &cel::Made,
        trail: &Trail<'_>,
        of: Of,
    ) -> Result<(), End> {
        for expression in expressions {
            self.express(expression, this, None, Some(trail), of == Of::Key)?;
        }
        Ok(())
    }

    fn express(
        &mut self,
        expression: &Expression,
        this: &cel::Made,
        outer: Option<&Trail<'_>>,
        own: Option<&Trail<'_>>,
        for_key: bool,
    ) -> Result<(), End> {
        let verdict = match this {
            Ok(this) => expression.program.run(&**this, self.now),
            Err(reason) => Verdict::Failed(reason.clone()),
        };
        let description = match verdict {
            Verdict::Passed => return Ok(()),
            Verdict::Refused => Cow::Borrowed(&*expression.description),
            Verdict::Told(message) => Cow::Owned(message),
            Verdict::Failed(reason) => {
                self.unjudged(RuleError {
                    place: expression.place.to_string(),
                    rule: expression.id.to_string(),
                    reason,
                });
                return Ok(());
            }
        };
        let path = told::path(own.or(outer), None);
        let rule = expression.rule.clone();
        self.tell(path, &expression.id, &description, rule, for_key)
    }

    fn unjudged(&mut self, error: RuleError) {
        self.unjudged.get_or_insert(error);
    }

    fn broken(&mut self, check: &Check, trail: &Trail<'_>, of: Of) -> Result<(), End> {
        let rule = check.rule.clone();
        self.tell(
            trail.path(),
            &check.id,
            &check.description,
            rule,
            of == Of::Key,
        )
    }

    fn tell(
        &mut self,
        path: Vec<Element>,
        id: &str,
        description: &str,
        rule: std::sync::Arc<[super::violation::RuleStep]>,
        for_key: bool,
    ) -> Result<(), End> {
        let violation = Violation {
            field: Violation::text_of(&path),
            description: told::short(description),
            reason: told::short(id),
            path,
            rule,
            for_key,
        };
        self.told += violation.len();
        self.list.push(violation);
        if self.list.len() >= VIOLATIONS_MAX || self.told > TOLD_MAX {
            return Err(End::Enough);
        }
        Ok(())
    }
}

/// What of an entry is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Key,
    Value,
}

impl Value {
    /// Nothing is asked of it.
    fn is_idle(&self) -> bool {
        self.checks.is_empty() && self.programs.is_empty() && self.child.is_none()
    }
}

/// Whether no element is there twice; what rules of uniqueness are about are scalars.
fn is_unique(field: &Field, slot: &Slot<'_>, found: &Found<'_>) -> Result<bool, End> {
    let mut seen = HashSet::with_capacity(usize::try_from(slot.count).unwrap_or(0).min(1024));
    for raw in found.elements(slot, field.value.kind) {
        let raw = raw?;
        // Of floating numbers zero has two forms, which are equal, and what is no number equals nothing.
        let key = match (field.value.kind, &raw) {
            (Kind::Double, Raw::Number(bits)) => match f64::from_bits(*bits) {
                value if value.is_nan() => continue,
                value => Unique::Number((value + 0.0).to_bits()),
            },
            (Kind::Float, Raw::Number(bits)) => match f32::from_bits(*bits as u32) {
                value if value.is_nan() => continue,
                value => Unique::Number(u64::from((value + 0.0).to_bits())),
            },
            (kind, Raw::Number(bits)) => Unique::Number(value::normal(kind, *bits)),
            (_, Raw::Len(bytes)) => Unique::Bytes(bytes.clone()),
        };
        if !seen.insert(key) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[derive(PartialEq, Eq, Hash)]
enum Unique<'m> {
    Number(u64),
    Bytes(Cow<'m, [u8]>),
}

impl Trail<'_> {
    fn malformed(&self, reason: &str) -> End {
        End::Malformed(format!("{}: {reason}", self.text()))
    }

    fn text(&self) -> String {
        Violation::text_of(&self.path())
    }

    fn path(&self) -> Vec<Element> {
        told::path(Some(self), None)
    }
}

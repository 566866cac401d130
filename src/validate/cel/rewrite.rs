//! What is changed in an expression before it runs.
//!
//! | as written | becomes | because |
//! |---|---|---|
//! | `has(a.f)` | `@has(a, "f")` | an unset field has a value, and is not there |
//! | `pkg.Enum.VALUE` | its number | enums are numbers |
//! | the range of a loop; a sum; within loops what is compared, searched or called | `@count(..)` of it | cost |

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use cel::common::types::{CelInt, CelString};
use prost_reflect::DescriptorPool;

/// The function that counts what it is given.
pub(super) const COUNT: &str = "@count";
/// The function that asks whether a field is set.
pub(super) const HAS: &str = "@has";

/// Rewrites an expression.
pub(super) fn rewrite(expression: IdedExpr, pool: &DescriptorPool) -> IdedExpr {
    Rewrite { pool }.expression(expression, Place::Outside)
}

/// Refuses an expression that is deeper than this; does not recurse itself.
pub(super) fn measure(expression: &IdedExpr, most: usize) -> Result<(), String> {
    let mut open = vec![(expression, 1)];
    while let Some((expression, depth)) = open.pop() {
        if depth > most {
            return Err(format!("the expression is nested more than {most} deep"));
        }
        let mut push = |below| open.push((below, depth + 1));
        match &expression.expr {
            Expr::Select(select) => push(&select.operand),
            Expr::Call(call) => {
                call.target.iter().for_each(|target| push(target));
                call.args.iter().for_each(push);
            }
            Expr::Comprehension(of) => {
                let parts = [
                    &of.iter_range,
                    &of.accu_init,
                    &of.loop_cond,
                    &of.loop_step,
                    &of.result,
                ];
                parts.into_iter().for_each(push);
            }
            Expr::List(list) => list.elements.iter().for_each(push),
            Expr::Map(map) => {
                for entry in &map.entries {
                    below_entry(&entry.expr, &mut push);
                }
            }
            Expr::Struct(of) => {
                for entry in &of.entries {
                    below_entry(&entry.expr, &mut push);
                }
            }
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }
    Ok(())
}

fn below_entry<'e>(entry: &'e EntryExpr, push: &mut impl FnMut(&'e IdedExpr)) {
    match entry {
        EntryExpr::MapEntry(entry) => {
            push(&entry.key);
            push(&entry.value);
        }
        EntryExpr::StructField(field) => push(&field.value),
    }
}

/// Whether an expression runs once, or as often as a list has elements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Loop,
}

struct Rewrite<'p> {
    pool: &'p DescriptorPool,
}

impl Rewrite<'_> {
    fn expression(&self, mut expression: IdedExpr, place: Place) -> IdedExpr {
        if let Some(number) = self.enum_value(&expression.expr) {
            expression.expr = Expr::Literal(LiteralValue::Int(CelInt::from(i64::from(number))));
            return expression;
        }
        let id = expression.id;
        expression.expr = match expression.expr {
            Expr::Select(mut select) => {
                let operand = self.expression(*select.operand, place);
                if select.test {
                    let field = CelString::from(select.field);
                    let field = IdedExpr {
                        id,
                        expr: Expr::Literal(LiteralValue::String(field)),
                    };
                    call(HAS, vec![operand, field])
                } else {
                    select.operand = Box::new(operand);
                    Expr::Select(select)
                }
            }
            Expr::Call(call) => self.call(call, place),
            Expr::Comprehension(comprehension) => {
                Expr::Comprehension(Box::new(self.comprehension(*comprehension, place)))
            }
            Expr::List(mut list) => {
                let elements = list.elements.into_iter();
                list.elements = elements
                    .map(|element| counted_in_loop(self.expression(element, place), place))
                    .collect();
                Expr::List(list)
            }
            Expr::Map(mut map) => {
                for entry in &mut map.entries {
                    self.entry(&mut entry.expr, place);
                }
                Expr::Map(map)
            }
            Expr::Struct(mut of) => {
                for entry in &mut of.entries {
                    self.entry(&mut entry.expr, place);
                }
                Expr::Struct(of)
            }
            other @ (Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_)) => other,
        };
        expression
    }

    fn entry(&self, entry: &mut EntryExpr, place: Place) {
        let own = |value: &mut IdedExpr| {
            *value = counted_in_loop(self.expression(std::mem::take(value), place), place);
        };
        match entry {
            EntryExpr::MapEntry(entry) => {
                own(&mut entry.key);
                own(&mut entry.value);
            }
            EntryExpr::StructField(field) => own(&mut field.value),
        }
    }

    fn call(&self, mut of: CallExpr, place: Place) -> Expr {
        let appends = of.func_name == operators::ADD
            && matches!(of.args.first(), Some(IdedExpr { expr: Expr::Ident(name), .. })
                if name.starts_with('@'));
        let sums = of.func_name == operators::ADD;
        of.args = of
            .args
            .into_iter()
            .map(|argument| match self.expression(argument, place) {
                // Of a sum of sums the outermost counts, which is the largest.
                IdedExpr {
                    expr: Expr::Call(mut inner),
                    ..
                } if sums && inner.func_name == COUNT && inner.args.len() == 1 => {
                    inner.args.pop().unwrap_or_default()
                }
                argument => argument,
            })
            .collect();
        of.target = of
            .target
            .map(|target| Box::new(self.expression(*target, place)));
        match of.func_name.as_str() {
            // What a loop collects into: the interpreter knows it by its form.
            operators::ADD if appends => return Expr::Call(of),
            operators::ADD => {
                let sum = IdedExpr {
                    id: 0,
                    expr: Expr::Call(of),
                };
                return call(COUNT, vec![sum]);
            }
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::IN => {
                if let Some(last) = of.args.last_mut() {
                    *last = counted_in_loop(std::mem::take(last), place);
                }
            }
            name if name.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                of.args = of
                    .args
                    .into_iter()
                    .map(|argument| counted_in_loop(argument, place))
                    .collect();
                // A name may be a namespace, and is cheap to look up.
                of.target = of.target.map(|target| match target.expr {
                    Expr::Ident(_) | Expr::Select(_) if !is_variable(&target.expr) => target,
                    _ => Box::new(counted_in_loop(*target, place)),
                });
            }
            _ => {}
        }
        Expr::Call(of)
    }

    fn comprehension(&self, mut of: ComprehensionExpr, place: Place) -> ComprehensionExpr {
        of.iter_range = counted(self.expression(of.iter_range, place));
        of.accu_init = self.expression(of.accu_init, Place::Outside);
        of.loop_cond = self.expression(of.loop_cond, Place::Outside);
        of.loop_step = self.expression(of.loop_step, Place::Loop);
        of.result = self.expression(of.result, place);
        of
    }

    /// The number of an enum's value that is named in full.
    fn enum_value(&self, expression: &Expr) -> Option<i32> {
        let Expr::Select(select) = expression else {
            return None;
        };
        if select.test {
            return None;
        }
        let mut segments = Vec::new();
        let mut at = &*select.operand;
        loop {
            match &at.expr {
                Expr::Ident(name) => {
                    segments.push(name.as_str());
                    break;
                }
                Expr::Select(select) if !select.test => {
                    segments.push(select.field.as_str());
                    at = &select.operand;
                }
                _ => return None,
            }
        }
        segments.reverse();
        let name = segments.join(".");
        let of = self.pool.get_enum_by_name(name.trim_start_matches('.'))?;
        Some(of.get_value_by_name(&select.field)?.number())
    }
}

/// Whether a name begins with what is surely a value.
fn is_variable(expression: &Expr) -> bool {
    match expression {
        Expr::Ident(name) => matches!(name.as_str(), "this" | "rules" | "rule" | "now"),
        Expr::Select(select) => is_variable(&select.operand.expr),
        _ => false,
    }
}

fn counted_in_loop(expression: IdedExpr, place: Place) -> IdedExpr {
    match (place, &expression.expr) {
        (Place::Outside, _) | (Place::Loop, Expr::Literal(_)) => expression,
        (Place::Loop, _) => counted(expression),
    }
}

fn counted(expression: IdedExpr) -> IdedExpr {
    IdedExpr {
        id: expression.id,
        expr: call(COUNT, vec![expression]),
    }
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr {
        func_name: name.to_owned(),
        target: None,
        args,
    })
}

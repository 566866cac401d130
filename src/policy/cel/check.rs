//! What an expression may say, checked before it runs: names, patterns, depth and cost.

use std::collections::HashMap;

use ::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue};
use ::cel::{IdedExpr, Program};
use http::HeaderName;
use regex::{Regex, RegexBuilder};

use super::{COST_MAX, CelError, DEPTH_MAX, ITEMS_MAX, PATTERN_BYTES_MAX, Uses};

/// The members of `request`.
const REQUEST: [&str; 6] = [
    "method", "service", "path", "headers", "address", "protocol",
];

/// The members of `principal`.
const PRINCIPAL: [&str; 5] = ["subject", "issuer", "kind", "scopes", "claims"];

/// The functions that there are, besides operators and macros.
const FUNCTIONS: [&str; 9] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
];

/// Headers that carry secrets, which no rule needs: what they say is in `principal`.
const SECRET: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "sec-websocket-protocol",
    "x-api-key",
];

/// What was found in an expression.
pub(super) struct Checked {
    pub(super) headers: Vec<HeaderName>,
    pub(super) uses: Uses,
    pub(super) patterns: HashMap<String, Regex>,
}

/// Checks an expression.
pub(super) fn check(program: &Program, source: &str) -> Result<Checked, CelError> {
    let mut walk = Walk {
        program,
        source,
        found: Checked {
            headers: Vec::new(),
            uses: Uses::default(),
            patterns: HashMap::new(),
        },
        scope: Vec::new(),
        depth: 0,
    };
    let root = program.expression();
    let cost = walk.cost(root)?;
    if cost > COST_MAX {
        return Err(walk.error(root, format!(
            "found an expression that could take {cost} steps, expected at most {COST_MAX}; a list or map counts as {ITEMS_MAX} members"
        )));
    }
    Ok(walk.found)
}

struct Walk<'p> {
    program: &'p Program,
    source: &'p str,
    found: Checked,
    /// The names that loops have made.
    scope: Vec<&'p str>,
    depth: usize,
}

impl<'p> Walk<'p> {
    fn error(&self, at: &IdedExpr, fault: String) -> CelError {
        let offset = self.program.source_info().offset_for(at.id);
        let offset = offset.map_or(0, |(start, _)| start as usize);
        // Positions are counted in characters.
        let before: String = self.source.chars().take(offset).collect();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        CelError {
            line,
            column,
            fault,
        }
    }

    /// The steps of an evaluation at most.
    fn cost(&mut self, at: &'p IdedExpr) -> Result<u64, CelError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(
                at,
                format!("found an expression deeper than {DEPTH_MAX}, expected less"),
            ));
        }
        let cost = self.cost_of(at)?;
        self.depth -= 1;
        Ok(cost)
    }

    fn cost_of(&mut self, at: &'p IdedExpr) -> Result<u64, CelError> {
        if let Some(cost) = self.header(at)? {
            return Ok(cost);
        }
        let mut cost = 1_u64;
        match &at.expr {
            Expr::Unspecified => return Err(self.error(at, "found nothing".to_owned())),
            Expr::Literal(_) => {}
            Expr::Ident(name) => self.variable(at, name)?,
            Expr::Select(select) => {
                self.member(at, &select.operand, &select.field)?;
                cost = cost.saturating_add(self.inside(&select.operand)?);
            }
            Expr::Call(call) => {
                self.function(at, call)?;
                for one in call.target.iter().map(|target| &**target).chain(&call.args) {
                    cost = cost.saturating_add(self.cost(one)?);
                }
                cost = cost.saturating_add(looks_at(call));
            }
            Expr::List(list) => {
                for one in &list.elements {
                    cost = cost.saturating_add(self.cost(one)?);
                }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        cost = cost
                            .saturating_add(self.cost(&entry.key)?)
                            .saturating_add(self.cost(&entry.value)?);
                    }
                }
            }
            Expr::Struct(_) => {
                let fault = "found a message, expected lists, maps and plain values";
                return Err(self.error(at, fault.to_owned()));
            }
            Expr::Comprehension(looped) => {
                cost = cost.saturating_add(self.comprehension(looped)?);
            }
        }
        Ok(cost)
    }

    /// What stands in front of a dot: there `request` and `principal` may stand alone.
    fn inside(&mut self, at: &'p IdedExpr) -> Result<u64, CelError> {
        match &at.expr {
            Expr::Ident(name) if self.is_free(name) => {
                self.variable_used(name);
                Ok(1)
            }
            _ => self.cost(at),
        }
    }

    fn is_free(&self, name: &str) -> bool {
        matches!(name, "request" | "principal") && !self.scope.contains(&name)
    }

    fn variable_used(&mut self, name: &str) {
        match name {
            "request" => self.found.uses.request = true,
            "principal" => self.found.uses.principal = true,
            _ => {}
        }
    }

    fn variable(&mut self, at: &IdedExpr, name: &str) -> Result<(), CelError> {
        if self.scope.contains(&name) || name.starts_with('@') {
            return Ok(());
        }
        match name {
            "now" => {
                self.found.uses.now = true;
                Ok(())
            }
            "request" | "principal" => {
                let members: &[&str] = if name == "request" {
                    &REQUEST
                } else {
                    &PRINCIPAL
                };
                let members = members.join(", ");
                Err(self.error(
                    at,
                    format!("found {name} alone, expected a dot and one of {members} behind it"),
                ))
            }
            _ => Err(self.error(
                at,
                format!("found the name {name:?}, expected request, principal or now"),
            )),
        }
    }

    fn member(&mut self, at: &IdedExpr, of: &IdedExpr, field: &str) -> Result<(), CelError> {
        let Expr::Ident(name) = &of.expr else {
            return Ok(());
        };
        if !self.is_free(name) {
            return Ok(());
        }
        let members: &[&str] = if name == "request" {
            &REQUEST
        } else {
            &PRINCIPAL
        };
        if !members.contains(&field) {
            let members = members.join(", ");
            return Err(self.error(
                at,
                format!("found {name}.{field}, expected one of {members}"),
            ));
        }
        match (name.as_str(), field) {
            ("principal", "scopes") => self.found.uses.scopes = true,
            ("principal", "claims") => self.found.uses.claims = true,
            _ => {}
        }
        if name == "request" && field == "headers" {
            return Err(self.error(at, "found request.headers as a whole, expected one by its name in quotes, such as request.headers[\"x-tenant\"]".to_owned()));
        }
        Ok(())
    }

    fn function(&mut self, at: &IdedExpr, call: &CallExpr) -> Result<(), CelError> {
        let name = call.func_name.as_str();
        if is_operator(name) {
            return Ok(());
        }
        if !FUNCTIONS.contains(&name) {
            let functions = FUNCTIONS.join(", ");
            return Err(self.error(
                at,
                format!("found the function {name:?}, expected one of {functions}, or has, all, exists, exists_one, map, filter"),
            ));
        }
        if name != "matches" {
            return Ok(());
        }
        let Some(Expr::Literal(LiteralValue::String(pattern))) =
            call.args.last().map(|last| &last.expr)
        else {
            return Err(self.error(at, "found no pattern for matches, expected a text in quotes: patterns are compiled once".to_owned()));
        };
        let compiled = RegexBuilder::new(pattern.inner())
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .build()
            .map_err(|error| self.error(at, format!("found a pattern that is none: {error}")))?;
        self.found
            .patterns
            .insert(pattern.inner().to_owned(), compiled);
        Ok(())
    }

    /// A loop: as many steps as what it is over can have members.
    fn comprehension(&mut self, looped: &'p ComprehensionExpr) -> Result<u64, CelError> {
        let members = match &looped.iter_range.expr {
            Expr::List(list) => list.elements.len() as u64,
            _ => ITEMS_MAX as u64,
        };
        let outside = self
            .cost(&looped.iter_range)?
            .saturating_add(self.cost(&looped.accu_init)?);
        let before = self.scope.len();
        self.scope.push(&looped.accu_var);
        self.scope.push(&looped.iter_var);
        self.scope.extend(looped.iter_var2.as_deref());
        let step = self
            .cost(&looped.loop_cond)?
            .saturating_add(self.cost(&looped.loop_step)?);
        let result = self.cost(&looped.result)?;
        self.scope.truncate(before);
        Ok(outside
            .saturating_add(members.saturating_mul(step))
            .saturating_add(result))
    }

    /// The ways to look at a header by its name; its cost if it is one of them.
    fn header(&mut self, at: &'p IdedExpr) -> Result<Option<u64>, CelError> {
        let is_headers = |one: &IdedExpr| {
            matches!(&one.expr, Expr::Select(select) if select.field == "headers" && !select.test
                && matches!(&select.operand.expr, Expr::Ident(name) if name == "request"))
        };
        if self.scope.contains(&"request") {
            return Ok(None);
        }
        let literal = |one: &'p IdedExpr| match &one.expr {
            Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
            _ => None,
        };
        let name = match &at.expr {
            Expr::Select(select) if is_headers(&select.operand) => Some(select.field.as_str()),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                ("_[_]", [of, name]) if is_headers(of) => literal(name),
                ("@in", [name, of]) if is_headers(of) => literal(name),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let Some(name) = name else {
            return Err(self.error(
                at,
                "found a header by a name that is made, expected its name in quotes".to_owned(),
            ));
        };
        let header = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .filter(|header| header.as_str() == name);
        let header = header.ok_or_else(|| {
            self.error(
                at,
                format!("found the header {name:?}, expected its name in lower case"),
            )
        })?;
        if SECRET.contains(&name) {
            return Err(self.error(
                at,
                format!("found the header {name:?}, expected one that carries no secret; who calls is in principal"),
            ));
        }
        self.found.uses.request = true;
        if !self.found.headers.contains(&header) {
            self.found.headers.push(header);
        }
        Ok(Some(3))
    }
}

/// The steps of what looks at a whole list or text: as many as a list that comes with a call can have members.
fn looks_at(call: &CallExpr) -> u64 {
    match call.func_name.as_str() {
        "@in" => match call.args.last().map(|list| &list.expr) {
            Some(Expr::List(list)) => list.elements.len() as u64,
            _ => ITEMS_MAX as u64,
        },
        "contains" | "matches" => 100,
        "_==_" | "_!=_" | "_+_" | "string" => 10,
        _ => 0,
    }
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        "_?_:_"
            | "_&&_"
            | "_||_"
            | "!_"
            | "_-_"
            | "_+_"
            | "_*_"
            | "_/_"
            | "_%_"
            | "_==_"
            | "_!=_"
            | "_>=_"
            | "_<=_"
            | "_>_"
            | "_<_"
            | "-_"
            | "_[_]"
            | "@in"
            | "@not_strictly_false"
    )
}

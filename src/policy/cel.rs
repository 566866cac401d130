//! Expressions of the Common Expression Language, for conditions that lists cannot say.
//!
//! ```text
//! request    method, service, path (the template), headers, address, protocol
//! principal  subject, issuer, kind (token, key, certificate, none), scopes, claims
//! now        seconds since the epoch
//! ```
//!
//! An expression is read once and then checked (`check`): every name it uses exists, and what it costs is
//! bounded before it ever runs. Of the headers it sees those that it names, and never one that carries a
//! secret. It has no loops but those over lists and maps, which are bounded too, so an evaluation ends
//! without a clock: see [`COST_MAX`] and [`ITEMS_MAX`]. When it fails, the call is refused.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::cel::{Context, Env, ExecutionError, Program, Value, extractors::This};
use http::HeaderName;
use regex::Regex;

use crate::call::gate::Asked;
use crate::identity::Principal;

mod check;
mod values;

use check::Checked;

/// Bytes of an expression at most.
pub const EXPRESSION_BYTES_MAX: usize = 2048;

/// How deep an expression may be, in operators inside of operators.
pub const DEPTH_MAX: usize = 64;

/// Steps of an evaluation at most, where every list is as long as it may be.
pub const COST_MAX: u64 = 200_000;

/// Members of a list or map that comes with a call, at most; with more, the evaluation fails.
pub const ITEMS_MAX: usize = 1000;

/// Bytes that a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// An expression, ready to be asked.
pub struct Expression {
    source: String,
    program: Program,
    env: Arc<Env>,
    /// The headers that it names.
    headers: Vec<HeaderName>,
    uses: Uses,
    patterns: Arc<HashMap<String, Regex>>,
    failures: AtomicU64,
}

/// Which variables an expression looks at; the others need not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    request: bool,
    principal: bool,
    /// Which of the caller's lists: they can be long.
    scopes: bool,
    claims: bool,
    now: bool,
}

/// A text that is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {fault}")]
pub struct CelError {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What was found, and what was expected.
    pub fault: String,
}

/// An evaluation that came to no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// It went wrong.
    #[error("{0}")]
    Error(String),
    /// It came to something else than yes or no.
    #[error("found a value of type {0}, expected a bool")]
    NoBool(String),
    /// The caller's claims are more than may be looked at.
    #[error("found a list or map with more than {ITEMS_MAX} members, or deeper than {DEPTH_MAX}")]
    TooLarge,
    /// A fault of the interpreter.
    #[error("the expression could not be evaluated")]
    Panic,
}

impl Expression {
    /// Reads an expression and checks it.
    ///
    /// # Errors
    /// It is none; it uses a name that nobody has; it could cost too much; it can come to no bool.
    pub fn compile(source: &str) -> Result<Self, CelError> {
        let at_start = |fault: String| CelError {
            line: 1,
            column: 1,
            fault,
        };
        if source.len() > EXPRESSION_BYTES_MAX {
            let found = source.len();
            return Err(at_start(format!(
                "found an expression of {found} bytes, expected at most {EXPRESSION_BYTES_MAX}"
            )));
        }
        let env = Arc::new(Env::stdlib());
        // The parser has a bound on depth, but no promise not to panic.
        let program = catch_unwind(AssertUnwindSafe(|| env.compile(source)))
            .map_err(|_| at_start("found an expression that cannot be read".to_owned()))?
            .map_err(|errors| first_of(&errors))?;
        let Checked {
            headers,
            uses,
            patterns,
        } = check::check(&program, source)?;
        let expression = Self {
            source: source.to_owned(),
            program,
            env,
            headers,
            uses,
            patterns: Arc::new(patterns),
            failures: AtomicU64::new(0),
        };
        // Without variables: what is constant shows, everything else fails.
        if let Err(Failed::NoBool(found)) = expression.evaluate(&expression.context()) {
            return Err(at_start(format!(
                "found an expression of type {found}, expected one of type bool"
            )));
        }
        Ok(expression)
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True if it looks at who calls.
    #[must_use]
    pub const fn needs_principal(&self) -> bool {
        self.uses.principal
    }

    /// How often it has failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Whether it is true of a call.
    ///
    /// # Errors
    /// It failed, which is counted.
    pub fn holds(&self, asked: &Asked<'_>, principal: Option<&Principal>) -> Result<bool, Failed> {
        let holds = self.asked(asked, principal);
        if let Err(failed) = &holds {
            self.failures.fetch_add(1, Ordering::Relaxed);
            let (rpc, request_id) = (&asked.method.path, asked.request_id());
            tracing::debug!(rpc, request_id, expression = self.source, %failed, "a condition failed");
        }
        holds
    }

    fn asked(&self, asked: &Asked<'_>, principal: Option<&Principal>) -> Result<bool, Failed> {
        let mut context = self.context();
        if self.uses.request {
            context.add_variable_from_value("request", values::request(asked, &self.headers));
        }
        if self.uses.principal {
            context.add_variable_from_value("principal", values::principal(principal, self.uses)?);
        }
        if self.uses.now {
            let now = i64::try_from(asked.now).unwrap_or(i64::MAX);
            context.add_variable_from_value("now", Value::Int(now));
        }
        self.evaluate(&context)
    }

    fn context(&self) -> Context<'static, 'static> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        if !self.patterns.is_empty() {
            let patterns = Arc::clone(&self.patterns);
            let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
                let pattern = patterns.get(pattern.as_str());
                let pattern = pattern.ok_or_else(|| {
                    ExecutionError::function_error("matches", "the pattern is no literal")
                })?;
                Ok::<_, ExecutionError>(pattern.is_match(&text))
            };
            // Nothing of that name is declared, so it cannot be refused.
            let _ = context.add_function("matches", matches);
        }
        context
    }

    fn evaluate(&self, context: &Context<'_, '_>) -> Result<bool, Failed> {
        let value = catch_unwind(AssertUnwindSafe(|| self.program.execute(context)));
        match value {
            Err(_) => Err(Failed::Panic),
            Ok(Err(error)) => Err(Failed::Error(kind(&error).to_owned())),
            Ok(Ok(Value::Bool(holds))) => Ok(holds),
            Ok(Ok(other)) => Err(Failed::NoBool(other.type_of().to_string())),
        }
    }
}

/// What went wrong, without the values: they are the client's.
fn kind(error: &ExecutionError) -> &'static str {
    match error {
        ExecutionError::NoSuchKey(_) => "a key is not there; has() asks whether it is",
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnexpectedType { .. }
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedTargetType { .. }
        | ExecutionError::UnsupportedBinaryOperator(..) => "a value has another type than expected",
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a division by zero"
        }
        ExecutionError::Overflow(..) => "a number too large",
        ExecutionError::IndexOutOfBounds(_) => "an index behind the end",
        _ => "the evaluation failed",
    }
}

fn first_of(errors: &::cel::ParseErrors) -> CelError {
    let number = |number: isize| usize::try_from(number).unwrap_or_default().max(1);
    match errors.errors.first() {
        Some(error) => CelError {
            line: number(error.pos.0),
            column: number(error.pos.1),
            fault: format!("found no expression of CEL: {}", error.msg.trim()),
        },
        None => CelError {
            line: 1,
            column: 1,
            fault: "found no expression of CEL".to_owned(),
        },
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests;

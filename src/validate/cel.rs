//! Rules in CEL: compiled when the schema is loaded, run on values that are made of wire bytes.
//!
//! What the language leaves open, a gateway cannot: how long an expression may be, how deep, and how much
//! it may cost while it runs. For the last, calls that count are put into the expression when it is
//! compiled (`rewrite`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Env, Value};

use super::{CEL_DEPTH_MAX, CEL_LENGTH_MAX, DESCRIPTION_MAX, Timestamp};

mod cost;
mod library;
mod message;
mod rewrite;
mod typing;
mod value;

pub(super) use typing::{Scope, Typed};
pub(super) use value::{Made, Owned, given, list, map, message, value};

/// What is said of an expression that failed, at most, in characters.
const REASON_MAX: usize = 300;

/// Bytes of stack for the parser: more than the longest expression takes. What is not used costs nothing.
const PARSER_STACK: usize = 64 * 1024 * 1024;

/// What is said of a panic.
const UNTOLD: &str = "the interpreter failed in a way that cannot be told";

/// What every expression may call. Made once.
static ENV: LazyLock<Result<Arc<Env>, String>> = LazyLock::new(|| {
    // Of a message that is not set, fields are there all the same: `a.?b` would mean something else than
    // it says.
    let mut env = Env::stdlib().with_optional_support(false);
    library::add(&mut env).map_err(|error| error.to_string())?;
    Ok(Arc::new(env))
});

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    expression: IdedExpr,
    /// `rules` and `rule` of a predefined rule.
    given: Option<Given>,
}

/// What a predefined rule is told beside the value.
#[derive(Debug)]
pub(super) struct Given {
    /// All rules that stand beside it.
    pub(super) rules: Box<dyn Val>,
    /// Its own value.
    pub(super) rule: Box<dyn Val>,
}

/// What an expression says.
pub(super) enum Verdict {
    Passed,
    /// `false`.
    Refused,
    /// A text, which is the description.
    Told(String),
    /// Nothing, because it failed.
    Failed(String),
}

impl Program {
    /// Compiles an expression about a value of this type.
    pub(super) fn compile(
        source: &str,
        scope: &Scope<'_>,
        given: Option<Given>,
    ) -> Result<Self, String> {
        if source.len() > CEL_LENGTH_MAX {
            return Err(format!(
                "the expression has {} bytes; at most {CEL_LENGTH_MAX} are taken",
                source.len()
            ));
        }
        let env = ENV.as_ref().map_err(Clone::clone)?;
        let expression = parse(env, source)?;
        typing::check(&expression, scope)?;
        let expression = rewrite::rewrite(expression, scope.pool);
        rewrite::measure(&expression, CEL_DEPTH_MAX)?;
        Ok(Self { expression, given })
    }

    /// Runs it.
    pub(super) fn run(&self, this: &dyn Val, now: Timestamp) -> Verdict {
        let env = match ENV.as_ref() {
            Ok(env) => env.clone(),
            Err(error) => return Verdict::Failed(error.clone()),
        };
        let now = match value::timestamp(now.seconds, now.nanos) {
            Ok(now) => now,
            Err(reason) => return Verdict::Failed(reason),
        };
        let variables = Variables {
            this,
            now: &*now,
            given: self.given.as_ref(),
        };
        cost::begin();
        let mut context = Context::with_env(env);
        context.set_variable_resolver(&variables);
        let verdict = guarded(|| match Value::resolve_val(&self.expression, &context) {
            Ok(value) => said(&value),
            Err(error) => Verdict::Failed(short(&error.to_string())),
        });
        if cost::is_spent() {
            return Verdict::Failed(cost::SPENT.to_owned());
        }
        verdict.unwrap_or_else(Verdict::Failed)
    }
}

/// Runs code of the interpreter, which is not ours to say that it never panics.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| UNTOLD.to_owned())
}

/// Parses on a thread of its own: of a chain (`a.b.c`, `1 + 1 + 1`) the parser makes a tree as deep as the
/// chain is long, by recursion, before anybody can see how deep it is.
fn parse(env: &Env, source: &str) -> Result<IdedExpr, String> {
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(PARSER_STACK);
        let parser = parser.spawn_scoped(scope, || {
            let parsed = env.parser().parse(source);
            let expression = parsed.map_err(|errors| short(&errors.to_string()))?;
            rewrite::measure(&expression, CEL_DEPTH_MAX)?;
            Ok(expression)
        });
        let parser =
            parser.map_err(|error| format!("no thread could be had to parse it: {error}"))?;
        parser.join().unwrap_or_else(|_| Err(UNTOLD.to_owned()))
    })
}

fn said(value: &CowVal<'_, '_>) -> Verdict {
    if let Some(passed) = value.downcast_ref::<CelBool>() {
        return match *passed.inner() {
            true => Verdict::Passed,
            false => Verdict::Refused,
        };
    }
    match value.downcast_ref::<CelString<'_>>() {
        Some(text) if text.inner().is_empty() => Verdict::Passed,
        Some(text) => Verdict::Told(text.inner().chars().take(DESCRIPTION_MAX).collect()),
        None => Verdict::Failed(format!(
            "the expression gives {}; a bool or a string was expected",
            value.get_type().name()
        )),
    }
}

/// `this`, `now`, `rules` and `rule`; the loops of an expression have scopes of their own, which are
/// asked first.
struct Variables<'v> {
    this: &'v dyn Val,
    now: &'v dyn Val,
    given: Option<&'v Given>,
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let value: &'b dyn Val = match variable {
            "this" => self.this,
            "now" => self.now,
            "rules" => &*self.given?.rules,
            "rule" => &*self.given?.rule,
            _ => return None,
        };
        Some(CowVal::Borrowed(value))
    }
}

fn short(text: &str) -> String {
    text.chars().take(REASON_MAX).collect()
}

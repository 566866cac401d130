//! What can be said of an expression before it runs: names that are not there, functions of other types.
//!
//! The interpreter checks types while it runs, which is too late to tell whoever wrote the rule. So the
//! types of fields are followed through the expression as far as they are known; where they are not
//! (`dyn`, elements of mixed lists), nothing is said.

use std::collections::HashMap;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use crate::validate::compile::known::{known, wrapped_field};
use crate::validate::pattern;
use crate::validate::plan::Known;

mod functions;

/// A type as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::validate) enum Typed {
    /// Nothing is known.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Box<Self>),
    Map(Box<Self>),
    Message(MessageDescriptor),
}

/// What an expression can name.
pub(in crate::validate) struct Scope<'s> {
    pub(in crate::validate) this: &'s Typed,
    /// For enums.
    pub(in crate::validate) pool: &'s DescriptorPool,
    /// Types of `rules` and `rule`.
    pub(in crate::validate) given: Option<(&'s Typed, &'s Typed)>,
}

impl Typed {
    /// Of a field as a whole.
    pub(in crate::validate) fn of_field(field: &FieldDescriptor) -> Self {
        if field.is_map() {
            let kind = field.kind();
            let value = kind
                .as_message()
                .map(MessageDescriptor::map_entry_value_field);
            let value = value.map_or(Self::Dyn, |value| Self::of_kind(&value.kind()));
            return Self::Map(Box::new(value));
        }
        let one = Self::of_kind(&field.kind());
        match field.is_list() {
            true => Self::List(Box::new(one)),
            false => one,
        }
    }

    /// Of one value.
    pub(in crate::validate) fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Double | Kind::Float => Self::Double,
            Kind::Int32
            | Kind::Int64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Enum(_) => Self::Int,
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Self::Uint,
            Kind::Bool => Self::Bool,
            Kind::String => Self::String,
            Kind::Bytes => Self::Bytes,
            Kind::Message(of) => Self::of_message(of),
        }
    }

    /// Of a message; a wrapper is what it holds.
    pub(in crate::validate) fn of_message(of: &MessageDescriptor) -> Self {
        match known(of) {
            Known::Duration => Self::Duration,
            Known::Timestamp => Self::Timestamp,
            Known::Any => Self::Dyn,
            Known::Wrapper(_) => {
                wrapped_field(of).map_or(Self::Dyn, |field| Self::of_kind(&field.kind()))
            }
            Known::None | Known::FieldMask => match of.full_name() {
                "google.protobuf.Struct" => Self::Map(Box::new(Self::Dyn)),
                "google.protobuf.ListValue" => Self::List(Box::new(Self::Dyn)),
                "google.protobuf.Value" => Self::Dyn,
                _ => Self::Message(of.clone()),
            },
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Two values of these types can be compared.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Null, _) | (_, Self::Dyn | Self::Null) => true,
            (Self::List(one), Self::List(other)) | (Self::Map(one), Self::Map(other)) => {
                one.meets(other)
            }
            _ => self == other || (self.is_number() && other.is_number()),
        }
    }

    /// As the language names it.
    fn name(&self) -> String {
        match self {
            Self::Dyn => "dyn".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Uint => "uint".to_owned(),
            Self::Double => "double".to_owned(),
            Self::String => "string".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::List(of) => format!("list({})", of.name()),
            Self::Map(of) => format!("map to {}", of.name()),
            Self::Message(of) => of.full_name().to_owned(),
        }
    }
}

/// Checks an expression; it has to give a bool or a string.
pub(super) fn check(expression: &IdedExpr, scope: &Scope<'_>) -> Result<(), String> {
    let mut checker = Checker {
        scope,
        locals: HashMap::new(),
    };
    match checker.infer(expression)? {
        Typed::Dyn | Typed::Bool | Typed::String => Ok(()),
        other => Err(format!(
            "the expression gives {}; a bool or a string was expected",
            other.name()
        )),
    }
}

struct Checker<'s> {
    scope: &'s Scope<'s>,
    /// Variables of loops.
    locals: HashMap<String, Typed>,
}

impl Checker<'_> {
    fn infer(&mut self, expression: &IdedExpr) -> Result<Typed, String> {
        match &expression.expr {
            Expr::Unspecified => Ok(Typed::Dyn),
            Expr::Literal(literal) => Ok(match literal {
                LiteralValue::Boolean(_) => Typed::Bool,
                LiteralValue::Bytes(_) => Typed::Bytes,
                LiteralValue::Double(_) => Typed::Double,
                LiteralValue::Int(_) => Typed::Int,
                LiteralValue::Null => Typed::Null,
                LiteralValue::String(_) => Typed::String,
                LiteralValue::UInt(_) => Typed::Uint,
            }),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                if let Some(of) = self.qualified(&expression.expr) {
                    return Ok(of);
                }
                let operand = self.infer(&select.operand)?;
                let field = Self::field(&operand, &select.field)?;
                Ok(match select.test {
                    true => Typed::Bool,
                    false => field,
                })
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                let mut of = None;
                for element in &list.elements {
                    let element = self.infer(element)?;
                    of = Some(match of {
                        None => element,
                        Some(of) if of == element => of,
                        Some(_) => Typed::Dyn,
                    });
                }
                Ok(Typed::List(Box::new(of.unwrap_or(Typed::Dyn))))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            self.infer(&entry.key)?;
                            self.infer(&entry.value)?;
                        }
                        EntryExpr::StructField(field) => {
                            self.infer(&field.value)?;
                        }
                    }
                }
                Ok(Typed::Map(Box::new(Typed::Dyn)))
            }
            Expr::Struct(of) => Err(format!(
                "it makes a message {}, which expressions here cannot",
                of.type_name
            )),
        }
    }

    fn variable(&self, name: &str) -> Result<Typed, String> {
        if let Some(of) = self.locals.get(name) {
            return Ok(of.clone());
        }
        match (name.trim_start_matches('.'), self.scope.given) {
            ("this", _) => Ok(self.scope.this.clone()),
            ("now", _) => Ok(Typed::Timestamp),
            ("rules", Some((rules, _))) => Ok(rules.clone()),
            ("rule", Some((_, rule))) => Ok(rule.clone()),
            (name, _) if functions::is_type(name) => Ok(Typed::Dyn),
            (name, _) => Err(format!("it names {name}, which is not there")),
        }
    }

    /// The type of a name with dots that is no field: a value of an enum, or a type.
    fn qualified(&self, expression: &Expr) -> Option<Typed> {
        let name = qualified_name(expression)?;
        let root = name.split('.').next().unwrap_or_default();
        if self.variable(root).is_ok() {
            return None;
        }
        let name = name.trim_start_matches('.');
        let (of, value) = name.rsplit_once('.')?;
        let of = self.scope.pool.get_enum_by_name(of);
        if of.is_some_and(|of| of.get_value_by_name(value).is_some()) {
            return Some(Typed::Int);
        }
        functions::is_type(name).then_some(Typed::Dyn)
    }

    fn field(of: &Typed, name: &str) -> Result<Typed, String> {
        match of {
            Typed::Message(of) => match of.get_field_by_name(name) {
                Some(field) => Ok(Typed::of_field(&field)),
                None => Err(format!("{} has no field {name}", of.full_name())),
            },
            Typed::Map(value) => Ok((**value).clone()),
            Typed::Dyn => Ok(Typed::Dyn),
            other => Err(format!("it asks {} for a field {name}", other.name())),
        }
    }

    fn call(&mut self, call: &CallExpr) -> Result<Typed, String> {
        let target = match &call.target {
            // A function with a namespace: `strings.quote(..)`.
            Some(target) if self.is_namespace(target, &call.func_name) => None,
            Some(target) => Some(self.infer(target)?),
            None => None,
        };
        let args: Result<Vec<Typed>, String> =
            call.args.iter().map(|arg| self.infer(arg)).collect();
        let args = args?;
        if call.func_name == "matches"
            && let Some(Expr::Literal(LiteralValue::String(source))) =
                call.args.last().map(|arg| &arg.expr)
        {
            pattern::compile(source.inner())?;
        }
        match call.func_name.as_str() {
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS => match args.as_slice() {
                [one, other] if !one.meets(other) => {
                    Err(format!("it compares {} with {}", one.name(), other.name()))
                }
                _ => Ok(Typed::Bool),
            },
            operators::IN => match args.as_slice() {
                [one, Typed::List(of)] if !one.meets(of) => Err(format!(
                    "it looks for {} in a list of {}",
                    one.name(),
                    of.name()
                )),
                [_, Typed::List(_) | Typed::Map(_) | Typed::Dyn] => Ok(Typed::Bool),
                [_, other] => Err(format!("it looks for something in {}", other.name())),
                _ => Ok(Typed::Bool),
            },
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => {
                match args
                    .iter()
                    .find(|arg| !matches!(arg, Typed::Bool | Typed::Dyn))
                {
                    Some(other) => Err(format!("it takes {} for a bool", other.name())),
                    None => Ok(Typed::Bool),
                }
            }
            operators::CONDITIONAL => match args.as_slice() {
                [Typed::Bool | Typed::Dyn, one, other] if one == other => Ok(one.clone()),
                [Typed::Bool | Typed::Dyn, _, _] => Ok(Typed::Dyn),
                [other, ..] => Err(format!("it takes {} for a bool", other.name())),
                [] => Ok(Typed::Dyn),
            },
            operators::INDEX => Ok(match args.into_iter().next() {
                Some(Typed::List(of) | Typed::Map(of)) => *of,
                Some(Typed::Dyn) | None => Typed::Dyn,
                Some(other) => return Err(format!("it asks {} for an element", other.name())),
            }),
            name => functions::result(name, target.as_ref(), &args),
        }
    }

    /// Whether a target is no value, but the first part of a function's name.
    fn is_namespace(&self, target: &IdedExpr, function: &str) -> bool {
        qualified_name(&target.expr).is_some_and(|name| {
            self.variable(name.split('.').next().unwrap_or_default())
                .is_err()
                && functions::is_qualified(&name, function)
        })
    }

    fn comprehension(&mut self, of: &ComprehensionExpr) -> Result<Typed, String> {
        let element = match self.infer(&of.iter_range)? {
            Typed::List(of) => *of,
            Typed::Map(_) | Typed::Dyn => Typed::Dyn,
            other => {
                return Err(format!(
                    "it goes through {}; a list was expected",
                    other.name()
                ));
            }
        };
        let accu = match self.infer(&of.accu_init)? {
            Typed::List(_) => Typed::List(Box::new(Typed::Dyn)),
            other => other,
        };
        let outer = self.locals.clone();
        self.locals.insert(of.iter_var.clone(), element);
        if let Some(second) = &of.iter_var2 {
            self.locals.insert(second.clone(), Typed::Dyn);
        }
        self.locals.insert(of.accu_var.clone(), accu);
        self.infer(&of.loop_cond)?;
        self.infer(&of.loop_step)?;
        let result = self.infer(&of.result);
        self.locals = outer;
        result
    }
}

/// `a.b.c` as text.
fn qualified_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!(
            "{}.{}",
            qualified_name(&select.operand.expr)?,
            select.field
        )),
        _ => None,
    }
}

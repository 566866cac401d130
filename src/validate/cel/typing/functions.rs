//! Which functions there are, what they are called on, and what they give.

use super::Typed;

/// What a function gives.
#[derive(Clone, Copy)]
enum Gives {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List,
    Any,
}

/// What a member function is called on.
#[derive(Clone, Copy)]
enum On {
    String,
    StringOrBytes,
    Double,
    List,
    Time,
    Timestamp,
    Sized,
}

/// Member functions.
const MEMBERS: &[(&str, On, Gives)] = &[
    ("size", On::Sized, Gives::Int),
    ("startsWith", On::StringOrBytes, Gives::Bool),
    ("endsWith", On::StringOrBytes, Gives::Bool),
    ("contains", On::StringOrBytes, Gives::Bool),
    ("matches", On::String, Gives::Bool),
    ("isNan", On::Double, Gives::Bool),
    ("isInf", On::Double, Gives::Bool),
    ("isHostname", On::String, Gives::Bool),
    ("isEmail", On::String, Gives::Bool),
    ("isUri", On::String, Gives::Bool),
    ("isUriRef", On::String, Gives::Bool),
    ("isIp", On::String, Gives::Bool),
    ("isIpPrefix", On::String, Gives::Bool),
    ("isHostAndPort", On::String, Gives::Bool),
    ("unique", On::List, Gives::Bool),
    ("charAt", On::String, Gives::String),
    ("indexOf", On::String, Gives::Int),
    ("lastIndexOf", On::String, Gives::Int),
    ("join", On::List, Gives::String),
    ("lowerAscii", On::String, Gives::String),
    ("upperAscii", On::String, Gives::String),
    ("trim", On::String, Gives::String),
    ("replace", On::String, Gives::String),
    ("split", On::String, Gives::List),
    ("substring", On::String, Gives::String),
    ("format", On::String, Gives::String),
    ("reverse", On::String, Gives::String),
    ("getFullYear", On::Timestamp, Gives::Int),
    ("getMonth", On::Timestamp, Gives::Int),
    ("getDate", On::Timestamp, Gives::Int),
    ("getDayOfMonth", On::Timestamp, Gives::Int),
    ("getDayOfWeek", On::Timestamp, Gives::Int),
    ("getDayOfYear", On::Timestamp, Gives::Int),
    ("getHours", On::Time, Gives::Int),
    ("getMinutes", On::Time, Gives::Int),
    ("getSeconds", On::Time, Gives::Int),
    ("getMilliseconds", On::Time, Gives::Int),
];

/// Global functions.
const GLOBALS: &[(&str, Gives)] = &[
    ("size", Gives::Int),
    ("matches", Gives::Bool),
    ("getField", Gives::Any),
    ("bool", Gives::Bool),
    ("bytes", Gives::Bytes),
    ("double", Gives::Double),
    ("duration", Gives::Duration),
    ("dyn", Gives::Any),
    ("int", Gives::Int),
    ("string", Gives::String),
    ("timestamp", Gives::Timestamp),
    ("type", Gives::Any),
    ("uint", Gives::Uint),
];

/// Those with a namespace.
const QUALIFIED: &[(&str, &str)] = &[("strings", "quote")];

/// Names of types, which are values too.
pub(super) fn is_type(name: &str) -> bool {
    matches!(
        name,
        "bool"
            | "bytes"
            | "double"
            | "int"
            | "list"
            | "map"
            | "null_type"
            | "string"
            | "type"
            | "uint"
            | "google.protobuf.Timestamp"
            | "google.protobuf.Duration"
    )
}

/// `namespace.function`.
pub(super) fn is_qualified(namespace: &str, function: &str) -> bool {
    QUALIFIED.contains(&(namespace, function))
}

/// What a call gives.
pub(super) fn result(name: &str, target: Option<&Typed>, args: &[Typed]) -> Result<Typed, String> {
    // Operators, and what macros become.
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return operator(name, args);
    }
    let Some(target) = target else {
        if let Some((_, gives)) = GLOBALS.iter().find(|(own, _)| *own == name) {
            return Ok(gives.typed());
        }
        return match QUALIFIED.iter().any(|(_, own)| *own == name) {
            true => Ok(Typed::Dyn),
            false => Err(format!("it calls {name}, which is no function here")),
        };
    };
    let mut found = None;
    for (_, on, gives) in MEMBERS.iter().filter(|(own, ..)| *own == name) {
        if on.takes(target) {
            return Ok(gives.typed());
        }
        found = Some(on);
    }
    match found {
        Some(_) => Err(format!("it calls {name} on {}", target.name())),
        None => Err(format!("it calls {name}, which is no function here")),
    }
}

fn operator(name: &str, args: &[Typed]) -> Result<Typed, String> {
    match (name, args) {
        ("_+_", [one, other]) => match (one, other) {
            (Typed::Timestamp, Typed::Duration) | (Typed::Duration, Typed::Timestamp) => {
                Ok(Typed::Timestamp)
            }
            (Typed::List(_), Typed::List(_)) => Ok(Typed::List(Box::new(Typed::Dyn))),
            _ => same(name, one, other),
        },
        ("_-_", [one, other]) => match (one, other) {
            (Typed::Timestamp, Typed::Timestamp) => Ok(Typed::Duration),
            (Typed::Timestamp, Typed::Duration) => Ok(Typed::Timestamp),
            _ => same(name, one, other),
        },
        ("_*_" | "_/_" | "_%_", [one, other]) => same(name, one, other),
        ("-_", [one]) => Ok(one.clone()),
        _ => Ok(Typed::Dyn),
    }
}

fn same(name: &str, one: &Typed, other: &Typed) -> Result<Typed, String> {
    match (one, other) {
        (Typed::Dyn, _) | (_, Typed::Dyn) => Ok(Typed::Dyn),
        _ if one == other => Ok(one.clone()),
        _ => Err(format!(
            "it uses {} on {} and {}",
            name.trim_matches('_'),
            one.name(),
            other.name()
        )),
    }
}

impl Gives {
    fn typed(self) -> Typed {
        match self {
            Self::Bool => Typed::Bool,
            Self::Int => Typed::Int,
            Self::Uint => Typed::Uint,
            Self::Double => Typed::Double,
            Self::String => Typed::String,
            Self::Bytes => Typed::Bytes,
            Self::Duration => Typed::Duration,
            Self::Timestamp => Typed::Timestamp,
            Self::List => Typed::List(Box::new(Typed::Dyn)),
            Self::Any => Typed::Dyn,
        }
    }
}

impl On {
    const fn takes(self, target: &Typed) -> bool {
        matches!(
            (self, target),
            (_, Typed::Dyn)
                | (
                    Self::String | Self::StringOrBytes | Self::Sized,
                    Typed::String
                )
                | (Self::StringOrBytes | Self::Sized, Typed::Bytes)
                | (Self::Double, Typed::Double)
                | (Self::List | Self::Sized, Typed::List(_))
                | (Self::Sized, Typed::Map(_))
                | (Self::Time | Self::Timestamp, Typed::Timestamp)
                | (Self::Time, Typed::Duration)
        )
    }
}

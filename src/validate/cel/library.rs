//! The functions that protovalidate adds to CEL.

// The interpreter hands arguments over.
#![allow(clippy::needless_pass_by_value)]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use cel::common::functions::Function;
use cel::common::types::{
    BOOL_TYPE, BYTES_TYPE, CelBool, CelBytes, CelDouble, CelInt, CelString, CelUInt, DOUBLE_TYPE,
    DYN_TYPE, INT_TYPE, LIST_TYPE, STRING_TYPE, Type,
};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, extensions};
use regex::Regex;

use super::message::Message;
use super::{cost, rewrite};
use crate::validate::formats::{
    Port, Strict, Version, is_email, is_host_and_port, is_hostname, is_ip, is_ip_prefix, is_uri,
    is_uri_ref,
};
use crate::validate::judge;
use crate::validate::pattern;

/// Patterns that are kept compiled, at most; those that are not literals in an expression come and go.
const PATTERNS_MAX: usize = 256;

type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// Adds them.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_extension(extensions::strings)?;
    env.add_overload(rewrite::COUNT, rewrite::COUNT, vec![DYN_TYPE], cost::count)?;
    env.add_overload(rewrite::HAS, rewrite::HAS, vec![DYN_TYPE, STRING_TYPE], has)?;
    env.add_overload(
        "getField",
        "get_field",
        vec![DYN_TYPE, STRING_TYPE],
        get_field,
    )?;
    env.add_overload(
        "matches",
        "matches",
        vec![STRING_TYPE, STRING_TYPE],
        matches,
    )?;
    let members: Vec<(&str, &str, Type, Vec<Type>, Function)> = vec![
        (
            "matches",
            "string.matches",
            STRING_TYPE,
            vec![STRING_TYPE],
            matches,
        ),
        ("isNan", "double.isNan", DOUBLE_TYPE, vec![], is_nan),
        ("isInf", "double.isInf", DOUBLE_TYPE, vec![], is_inf),
        (
            "isInf",
            "double.isInf_sign",
            DOUBLE_TYPE,
            vec![INT_TYPE],
            is_inf,
        ),
        (
            "isHostname",
            "string.isHostname",
            STRING_TYPE,
            vec![],
            hostname,
        ),
        ("isEmail", "string.isEmail", STRING_TYPE, vec![], email),
        ("isUri", "string.isUri", STRING_TYPE, vec![], uri),
        ("isUriRef", "string.isUriRef", STRING_TYPE, vec![], uri_ref),
        ("isIp", "string.isIp", STRING_TYPE, vec![], ip),
        (
            "isIp",
            "string.isIp_version",
            STRING_TYPE,
            vec![INT_TYPE],
            ip,
        ),
        (
            "isIpPrefix",
            "string.isIpPrefix",
            STRING_TYPE,
            vec![],
            ip_prefix,
        ),
        (
            "isIpPrefix",
            "string.isIpPrefix_version",
            STRING_TYPE,
            vec![INT_TYPE],
            ip_prefix,
        ),
        (
            "isIpPrefix",
            "string.isIpPrefix_strict",
            STRING_TYPE,
            vec![BOOL_TYPE],
            ip_prefix,
        ),
        (
            "isIpPrefix",
            "string.isIpPrefix_both",
            STRING_TYPE,
            vec![INT_TYPE, BOOL_TYPE],
            ip_prefix,
        ),
        (
            "isHostAndPort",
            "string.isHostAndPort",
            STRING_TYPE,
            vec![BOOL_TYPE],
            host_and_port,
        ),
        ("unique", "list.unique", LIST_TYPE, vec![], unique),
        (
            "startsWith",
            "bytes.startsWith",
            BYTES_TYPE,
            vec![BYTES_TYPE],
            starts_with,
        ),
        (
            "endsWith",
            "bytes.endsWith",
            BYTES_TYPE,
            vec![BYTES_TYPE],
            ends_with,
        ),
        (
            "contains",
            "bytes.contains",
            BYTES_TYPE,
            vec![BYTES_TYPE],
            contains,
        ),
    ];
    for (name, id, target, args, function) in members {
        env.add_member_overload(name, id, target, args, function)?;
    }
    Ok(())
}

fn truth<'b, 'v>(value: bool) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(value)))
}

fn text<'a>(args: &'a Args<'_, '_>, at: usize) -> Result<&'a str, ExecutionError> {
    let text = args
        .get(at)
        .and_then(|arg| arg.downcast_ref::<CelString<'_>>());
    let text = text.ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok(text.inner())
}

fn bytes<'a>(args: &'a Args<'_, '_>, at: usize) -> Result<&'a [u8], ExecutionError> {
    let bytes = args
        .get(at)
        .and_then(|arg| arg.downcast_ref::<CelBytes<'_>>());
    let bytes = bytes.ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok(bytes.inner())
}

fn int(args: &Args<'_, '_>, at: usize) -> Option<i64> {
    Some(*args.get(at)?.downcast_ref::<CelInt>()?.inner())
}

fn flag(args: &Args<'_, '_>, at: usize) -> Option<bool> {
    Some(*args.get(at)?.downcast_ref::<CelBool>()?.inner())
}

fn double(args: &Args<'_, '_>) -> Result<f64, ExecutionError> {
    let value = args.first().and_then(|arg| arg.downcast_ref::<CelDouble>());
    let value = value.ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok(*value.inner())
}

fn is_nan<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(double(&args)?.is_nan())
}

fn is_inf<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let value = double(&args)?;
    truth(match int(&args, 1).unwrap_or(0) {
        0 => value.is_infinite(),
        sign if sign > 0 => value == f64::INFINITY,
        _ => value == f64::NEG_INFINITY,
    })
}

fn hostname<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(is_hostname(text(&args, 0)?))
}

fn email<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(is_email(text(&args, 0)?))
}

fn uri<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(is_uri(text(&args, 0)?))
}

fn uri_ref<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(is_uri_ref(text(&args, 0)?))
}

/// None for a version that there is not.
fn version(number: Option<i64>) -> Option<Version> {
    match number {
        None | Some(0) => Some(Version::Any),
        Some(4) => Some(Version::V4),
        Some(6) => Some(Version::V6),
        Some(_) => None,
    }
}

fn ip<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let text = text(&args, 0)?;
    truth(version(int(&args, 1)).is_some_and(|version| is_ip(text, version)))
}

fn ip_prefix<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let text = text(&args, 0)?;
    let strict = match flag(&args, 1).or_else(|| flag(&args, 2)) {
        Some(true) => Strict::Yes,
        _ => Strict::No,
    };
    truth(version(int(&args, 1)).is_some_and(|version| is_ip_prefix(text, version, strict)))
}

fn host_and_port<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let port = match flag(&args, 1) {
        Some(true) => Port::Required,
        _ => Port::Optional,
    };
    truth(is_host_and_port(text(&args, 0)?, port))
}

fn starts_with<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(bytes(&args, 0)?.starts_with(bytes(&args, 1)?))
}

fn ends_with<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(bytes(&args, 0)?.ends_with(bytes(&args, 1)?))
}

fn contains<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    truth(judge::contains(bytes(&args, 0)?, bytes(&args, 1)?))
}

fn matches<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let regex = compiled(text(&args, 1)?)?;
    truth(regex.is_match(text(&args, 0)?))
}

/// A pattern, compiled once while it is kept.
fn compiled(source: &str) -> Result<Arc<Regex>, ExecutionError> {
    static KEPT: Mutex<Option<HashMap<String, Arc<Regex>>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(regex) = kept.get(source) {
        return Ok(regex.clone());
    }
    // To compile one costs more than to run it, by far.
    cost::spend(source.len() as u64 * 16)?;
    let regex = pattern::compile(source)
        .map_err(|error| ExecutionError::function_error("matches", error))?;
    let regex = Arc::new(regex);
    if kept.len() >= PATTERNS_MAX {
        kept.clear();
    }
    kept.insert(source.to_owned(), regex.clone());
    Ok(regex)
}

/// Whether a field is set, or a key there.
fn has<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let name = text(&args, 1)?;
    let target = args
        .first()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    if let Some(message) = target.downcast_ref::<Message>() {
        let is_set = message.has(name)?;
        return truth(is_set.ok_or_else(|| ExecutionError::no_such_key(name))?);
    }
    let Some(indexer) = target.as_indexer() else {
        let of_type = target.get_type().name().to_owned();
        return Err(ExecutionError::no_such_overload("has", vec![of_type]));
    };
    match indexer.get(&CelString::from(name)) {
        Ok(_) => truth(true),
        Err(ExecutionError::NoSuchKey(_)) => truth(false),
        Err(error) => Err(error),
    }
}

/// A field whose name is a word of the language.
fn get_field<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let name = text(&args, 1)?;
    let message = args.first().and_then(|arg| arg.downcast_ref::<Message>());
    match message {
        Some(message) => Ok(CowVal::Owned(message.field(name)?.clone_as_boxed())),
        None => Err(ExecutionError::function_error(
            "getField",
            "the value is no message",
        )),
    }
}

/// Whether no element of a list of scalars is there twice.
fn unique<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let list = args.first().and_then(|arg| arg.as_iterable());
    let mut list = list
        .ok_or_else(ExecutionError::missing_argument_or_target)?
        .iter();
    let mut seen = HashSet::new();
    while let Some(element) = list.next() {
        let key = match scalar(element) {
            Some(Scalar::Nan) => continue,
            Some(key) => key,
            None => {
                let of_type = element.get_type().name().to_owned();
                return Err(ExecutionError::no_such_member_overload(
                    "unique",
                    vec![of_type],
                ));
            }
        };
        if !seen.insert(key) {
            return truth(false);
        }
    }
    truth(true)
}

#[derive(PartialEq, Eq, Hash)]
enum Scalar {
    Number(i128),
    Double(u64),
    /// Equal to nothing.
    Nan,
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

/// What is equal to the language is equal here: numbers of all types are on one line.
fn scalar(value: &(dyn Val + '_)) -> Option<Scalar> {
    if let Some(value) = value.downcast_ref::<CelInt>() {
        return Some(Scalar::Number((*value.inner()).into()));
    }
    if let Some(value) = value.downcast_ref::<CelUInt>() {
        return Some(Scalar::Number((*value.inner()).into()));
    }
    if let Some(value) = value.downcast_ref::<CelDouble>() {
        let value = *value.inner();
        return Some(if value.is_nan() {
            Scalar::Nan
        } else if value.fract() == 0.0 && value.abs() < 1e18 {
            Scalar::Number(value as i128)
        } else {
            Scalar::Double(value.to_bits())
        });
    }
    if let Some(value) = value.downcast_ref::<CelBool>() {
        return Some(Scalar::Bool(*value.inner()));
    }
    if let Some(value) = value.downcast_ref::<CelString<'_>>() {
        return Some(Scalar::Text(value.inner().to_owned()));
    }
    let value = value.downcast_ref::<CelBytes<'_>>()?;
    Some(Scalar::Bytes(value.inner().to_vec()))
}

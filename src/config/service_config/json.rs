//! A JSON value and where it stands, so that an error can say so. `null` is absent, as everywhere in
//! protobuf's JSON form, and numbers may stand in quotes.

use std::time::Duration;

use serde_json::Value;

use super::ServiceConfigError;
use crate::call::Code;

/// The longest `google.protobuf.Duration`: about 10,000 years.
const SECONDS_MAX: u64 = 315_576_000_000;

/// Digits behind the point of a duration: nanoseconds.
const FRACTION_MAX: usize = 9;

/// Characters of a wrong text that an error repeats.
const SHOWN_MAX: usize = 60;

const DURATION: &str = "a duration such as \"1.5s\"";
const CODE: &str = "a status code: one of the 16 that are no success, by name or number";

/// A value and its path.
pub(super) struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    /// What is wrong here.
    pub(super) fn wrong(&self, expected: &str) -> ServiceConfigError {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) if text.chars().count() > SHOWN_MAX => {
                let head: String = text.chars().take(SHOWN_MAX).collect();
                format!("\"{head}…\"")
            }
            Value::String(text) => format!("\"{text}\""),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        self.error(found, expected)
    }

    /// What is wrong here, where the value alone does not show it.
    pub(super) fn error(&self, found: impl Into<String>, expected: &str) -> ServiceConfigError {
        let path = match self.path.as_str() {
            "" => "the service config",
            path => path,
        };
        ServiceConfigError::Value {
            path: path.to_owned(),
            found: found.into(),
            expected: expected.to_owned(),
        }
    }

    /// Refuses what is no object.
    pub(super) fn object(&self) -> Result<(), ServiceConfigError> {
        match self.value {
            Value::Object(_) => Ok(()),
            _ => Err(self.wrong("an object")),
        }
    }

    /// The keys of an object.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        let object = self.value.as_object();
        object
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }

    /// The value of a key, if there is one.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.value
            .get(key)
            .filter(|value| !value.is_null())
            .map(|value| self.child(key, value))
    }

    /// The value of a key that has to be there.
    pub(super) fn need(&self, key: &str, expected: &str) -> Result<Self, ServiceConfigError> {
        self.get(key)
            .ok_or_else(|| self.child(key, &Value::Null).wrong(expected))
    }

    fn child<'b>(&self, key: &str, value: &'b Value) -> Node<'b> {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        Node { value, path }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<impl Iterator<Item = Self> + use<'a>, ServiceConfigError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let path = self.path.clone();
        Ok(items.iter().enumerate().map(move |(n, value)| Self {
            value,
            path: format!("{path}[{n}]"),
        }))
    }

    /// The items of a list, none if the key is absent.
    pub(super) fn items_of(
        &self,
        key: &str,
    ) -> Result<impl Iterator<Item = Self> + use<'a>, ServiceConfigError> {
        let items = self.get(key).map(|list| list.items()).transpose()?;
        Ok(items.into_iter().flatten())
    }

    pub(super) fn text(&self) -> Result<&'a str, ServiceConfigError> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    pub(super) fn flag(&self) -> Result<bool, ServiceConfigError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong("true or false"))
    }

    /// A finite number.
    pub(super) fn number(&self) -> Result<f64, ServiceConfigError> {
        match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if is_decimal(text) => text.parse().ok(),
            _ => None,
        }
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| self.wrong("a number"))
    }

    /// A whole number of 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
    pub(super) fn count(&self) -> Result<u32, ServiceConfigError> {
        self.number()
            .ok()
            .filter(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(n))
            .map(|n| n as u32)
            .ok_or_else(|| self.wrong("a whole number from 0 to 4294967295"))
    }

    /// A duration, not negative: decimal seconds and an `s`.
    pub(super) fn duration(&self) -> Result<Duration, ServiceConfigError> {
        self.value
            .as_str()
            .and_then(duration)
            .ok_or_else(|| self.wrong(DURATION))
    }

    /// A status code that is no success.
    pub(super) fn code(&self) -> Result<Code, ServiceConfigError> {
        let code = match self.value {
            Value::Number(number) => number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .and_then(|number| Code::ALL.get(number).copied()),
            Value::String(name) => Code::ALL
                .into_iter()
                .find(|code| code.name().eq_ignore_ascii_case(name)),
            _ => None,
        };
        code.filter(|code| *code != Code::Ok)
            .ok_or_else(|| self.wrong(CODE))
    }
}

/// True for digits with at most one point: `f64` alone would also take `inf` and `1e9`.
fn is_decimal(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// `3s`, `1.5s` and `.1s`, which gRFC A6 writes.
fn duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_empty = seconds.is_empty() && !number.contains('.') || fraction.is_empty();
    if is_empty || !is_number(seconds) || !is_number(fraction) || fraction.len() > FRACTION_MAX {
        return None;
    }
    let seconds: u64 = match seconds {
        "" => 0,
        seconds => seconds.parse().ok()?,
    };
    let nanos: u32 = format!("{fraction:0<FRACTION_MAX$}").parse().ok()?;
    (seconds < SECONDS_MAX || (seconds == SECONDS_MAX && nanos == 0))
        .then(|| Duration::new(seconds, nanos))
}

//! What the options of a route allow, for programs and in a sentence.

use std::time::Duration;

use serde_json::{Value, json};

use super::convert::walk::Object;
use crate::catalog::{Method, Operation};
use crate::schema::Shape;

/// What a route allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one request message at most.
    pub request_bytes: usize,
    /// Bytes of one response message at most.
    pub response_bytes: usize,
    /// The deadline of a call whose client names none.
    pub deadline: Option<Duration>,
    /// The longest deadline a client can ask for.
    pub deadline_max: Option<Duration>,
}

impl Limits {
    /// Those of an operation.
    #[must_use]
    pub fn of(method: &Method, operation: &Operation) -> Self {
        let (limits, times) = (&operation.options.limits, &operation.options.timeouts);
        let (deadline, deadline_max) = match method.served.shape {
            Shape::Unary => (times.unary_default, times.unary_cap),
            Shape::ClientStream | Shape::ServerStream | Shape::Bidi => {
                (times.stream_default, times.stream_cap)
            }
        };
        Self {
            request_bytes: limits.request_message,
            response_bytes: limits.response_message,
            deadline,
            deadline_max,
        }
    }

    /// `x-limits`. Sizes in bytes, times in seconds.
    pub(super) fn extension(&self) -> Value {
        let mut limits = Object::new();
        limits.insert("request_bytes".to_owned(), json!(self.request_bytes));
        limits.insert("response_bytes".to_owned(), json!(self.response_bytes));
        let times = [
            ("deadline", self.deadline),
            ("deadline_max", self.deadline_max),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                limits.insert(name.to_owned(), json!(seconds(time)));
            }
        }
        Value::Object(limits)
    }

    /// The same in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = format!(
            "Limits: {} a request, {} an answer",
            bytes(self.request_bytes),
            bytes(self.response_bytes)
        );
        if let Some(deadline) = self.deadline {
            text.push_str(&format!("; {}", words(deadline)));
        }
        if let Some(longest) = self.deadline_max {
            text.push_str(&format!(
                ", up to {} by the header `x-request-timeout`",
                words(longest)
            ));
        }
        text.push('.');
        text
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn words(time: Duration) -> String {
    let whole = time.as_secs();
    if time.subsec_nanos() > 0 {
        format!("{} s", time.as_secs_f64())
    } else if whole >= 120 && whole.is_multiple_of(60) {
        format!("{} minutes", whole / 60)
    } else {
        format!("{whole} s")
    }
}

fn bytes(count: usize) -> String {
    const UNITS: &[(usize, &str)] = &[(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (unit, name) in UNITS {
        if count >= *unit && count.is_multiple_of(*unit) {
            return format!("{} {name}", count / unit);
        }
    }
    format!("{count} bytes")
}

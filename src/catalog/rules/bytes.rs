//! Rules of bytes. JSON has them in base64, so lengths and patterns are words only.

use base64_simd::STANDARD;
use serde_json::{Value, json};

use super::{Rules, words};
use crate::schema::record::Record;

pub(super) fn read(record: &Record, rules: &mut Rules) {
    if let Some(value) = record.bytes(1) {
        let value = STANDARD.encode_to_string(value);
        rules.say(format!("exactly {}", words::quote(&value)));
        rules.keyword("const", value);
    }
    for (number, words) in [(13, "exactly"), (2, "at least"), (3, "at most")] {
        if let Some(length) = record.varint(number) {
            rules.say(format!("{words} {}", words::count(length, "byte")));
        }
    }
    if let Some(pattern) = record.text(4) {
        rules.say(format!("matches {}", words::quote(&pattern)));
    }
    for (number, words) in [(5, "begins with"), (6, "ends with"), (7, "contains")] {
        if let Some(part) = record.bytes(number) {
            let part = STANDARD.encode_to_string(part);
            rules.say(format!("{words} {} (base64)", words::quote(&part)));
        }
    }
    let base64 = |number| -> Vec<String> {
        let all = record.all_bytes(number);
        all.map(|bytes| STANDARD.encode_to_string(bytes)).collect()
    };
    let values = base64(8);
    if !values.is_empty() {
        rules.say(format!("one of {}", words::all(&values)));
        rules.keyword("enum", values);
    }
    let values = base64(9);
    if !values.is_empty() {
        rules.say(format!("none of {}", words::all(&values)));
        rules.keyword("not", json!({ "enum": values }));
    }
    for (number, words) in [
        (10, "an IP address in 4 or 16 bytes"),
        (11, "an IPv4 address in 4 bytes"),
        (12, "an IPv6 address in 16 bytes"),
        (15, "a UUID in 16 bytes"),
    ] {
        if record.flag(number) {
            rules.say(words);
        }
    }
    rules
        .examples
        .extend(base64(14).into_iter().map(Value::from));
}

//! Rules of strings.

use serde_json::json;

use super::{Rules, pattern, words};
use crate::schema::record::Record;

/// Well-known texts that a format of JSON Schema names: number, format, in words.
const FORMATS: [(u32, &str, &str); 7] = [
    (12, "email", "an e-mail address"),
    (13, "hostname", "a host name"),
    (15, "ipv4", "an IPv4 address"),
    (16, "ipv6", "an IPv6 address"),
    (17, "uri", "a URI"),
    (18, "uri-reference", "a URI or a relative reference"),
    (22, "uuid", "a UUID"),
];

/// Those that a pattern says.
const PATTERNS: [(u32, &str, &str); 4] = [
    (33, "^[0-9a-fA-F]{32}$", "a UUID without dashes"),
    (35, "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$", "a ULID"),
    (
        37,
        r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$",
        "a full name of protobuf",
    ),
    (
        38,
        r"^\.[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$",
        "a full name of protobuf with a dot before it",
    ),
];

/// Those that only words say.
const WORDS: [(u32, &str); 7] = [
    (26, "an IP address with a prefix length"),
    (27, "an IPv4 address with a prefix length"),
    (28, "an IPv6 address with a prefix length"),
    (29, "an IP prefix"),
    (30, "an IPv4 prefix"),
    (31, "an IPv6 prefix"),
    (32, "a host name or IP address with a port"),
];

pub(super) fn read(record: &Record, rules: &mut Rules) {
    if let Some(value) = record.text(1) {
        rules.say(format!("exactly {}", words::quote(&value)));
        rules.keyword("const", value);
    }
    lengths(record, rules);
    patterns(record, rules);
    let values = record.texts(10);
    if !values.is_empty() {
        rules.say(format!("one of {}", words::all(&values)));
        rules.keyword("enum", values);
    }
    let values = record.texts(11);
    if !values.is_empty() {
        rules.say(format!("none of {}", words::all(&values)));
        rules.keyword("not", json!({ "enum": values }));
    }
    well_known(record, rules);
    let examples = record.texts(34);
    rules.examples.extend(examples.into_iter().map(Into::into));
}

fn lengths(record: &Record, rules: &mut Rules) {
    if let Some(length) = record.varint(19) {
        rules.say(format!("exactly {}", words::count(length, "character")));
        rules.keyword("minLength", length);
        rules.keyword("maxLength", length);
    }
    if let Some(length) = record.varint(2) {
        rules.say(format!("at least {}", words::count(length, "character")));
        rules.keyword("minLength", length);
    }
    if let Some(length) = record.varint(3) {
        rules.say(format!("at most {}", words::count(length, "character")));
        rules.keyword("maxLength", length);
    }
    // JSON Schema does not count bytes.
    for (number, words) in [(20, "exactly"), (4, "at least"), (5, "at most")] {
        if let Some(length) = record.varint(number) {
            rules.say(format!("{words} {} in UTF-8", words::count(length, "byte")));
        }
    }
}

fn patterns(record: &Record, rules: &mut Rules) {
    if let Some(text) = record.text(6) {
        rules.say(format!("matches {}", words::quote(&text)));
        if let Some(pattern) = pattern::of_re2(&text) {
            rules.keyword("pattern", pattern);
        }
    }
    if let Some(text) = record.text(7) {
        rules.say(format!("begins with {}", words::quote(&text)));
        rules.keyword("pattern", format!("^{}", pattern::literal(&text)));
    }
    if let Some(text) = record.text(8) {
        rules.say(format!("ends with {}", words::quote(&text)));
        rules.keyword("pattern", format!("{}$", pattern::literal(&text)));
    }
    if let Some(text) = record.text(9) {
        rules.say(format!("contains {}", words::quote(&text)));
        rules.keyword("pattern", pattern::literal(&text));
    }
    if let Some(text) = record.text(23) {
        rules.say(format!("does not contain {}", words::quote(&text)));
        rules.keyword("not", json!({ "pattern": pattern::literal(&text) }));
    }
}

fn well_known(record: &Record, rules: &mut Rules) {
    for (number, format, words) in FORMATS {
        if record.flag(number) {
            rules.say(words);
            rules.keyword("format", format);
        }
    }
    for (number, pattern, words) in PATTERNS {
        if record.flag(number) {
            rules.say(words);
            rules.keyword("pattern", pattern);
        }
    }
    for (number, words) in WORDS {
        if record.flag(number) {
            rules.say(words);
        }
    }
    if record.flag(14) {
        rules.say("an IP address");
        rules.keyword("anyOf", json!([{"format": "ipv4"}, {"format": "ipv6"}]));
    }
    if record.flag(21) {
        rules.say("a host name or an IP address");
        rules.keyword(
            "anyOf",
            json!([{"format": "hostname"}, {"format": "ipv4"}, {"format": "ipv6"}]),
        );
    }
    match record.varint(24) {
        Some(1) => rules.say("the name of an HTTP header"),
        Some(2) => rules.say("the value of an HTTP header"),
        _ => {}
    }
}

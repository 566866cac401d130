//! Texts and numbers that keep to their limits, and look like what their names say where they may.

use prost_reflect::Kind;
use serde_json::{Number, Value, json};

use super::limits::{Edge, Limits};
use super::pattern;

/// Characters of a text at most.
const TEXT_MAX: usize = 1000;

/// Numbers that are tried until one may come.
const TRIES_MAX: i128 = 100;

/// A text for a field of this name. Texts of different `nth` differ where they can.
pub(super) fn text(name: &str, limits: &Limits, nth: usize) -> Value {
    if let Some(value) = limits.first(nth) {
        return value;
    }
    let least = limits.min_length.unwrap_or(0);
    let most = limits
        .max_length
        .unwrap_or(TEXT_MAX)
        .min(TEXT_MAX.max(least));
    let made = patterned(&limits.patterns, least, most).or_else(|| {
        limits
            .format
            .as_deref()
            .and_then(|format| formatted(format, nth))
    });
    if let Some(made) = made {
        return made.into();
    }
    let mut text = named(name);
    if nth > 0 {
        text = format!("{text} {}", nth + 1);
    }
    let tail: Vec<char> = text.chars().chain(['.']).collect();
    let mut tail = tail.into_iter().cycle();
    let mut length = text.chars().count();
    while length < least.min(TEXT_MAX) {
        text.extend(tail.next());
        length += 1;
    }
    if length > most {
        text = text.chars().take(most).collect();
    }
    while limits.not.contains(&text.as_str().into()) && text.len() < TEXT_MAX {
        text.push('x');
    }
    text.into()
}

/// A text by patterns: one that is whole, or a beginning, a middle and an end.
fn patterned(patterns: &[String], least: usize, most: usize) -> Option<String> {
    let whole = |pattern: &&String| pattern.starts_with('^') && ends(pattern);
    if let Some(pattern) = patterns.iter().find(whole) {
        // Empty matches seldom say much.
        let long = pattern::sample(pattern, least.max(1), most);
        return long.or_else(|| pattern::sample(pattern, least, most));
    }
    if patterns.is_empty() {
        return None;
    }
    let rank = |pattern: &&String| {
        if pattern.starts_with('^') {
            0
        } else if ends(pattern) {
            2
        } else {
            1
        }
    };
    let mut ordered: Vec<_> = patterns.iter().collect();
    ordered.sort_by_key(rank);
    let parts: Option<Vec<_>> = ordered
        .into_iter()
        .map(|pattern| pattern::sample(pattern, 0, most))
        .collect();
    let mut text = parts?.concat();
    if text.chars().count() < least && !ends(patterns.last()?) {
        let missing = least - text.chars().count();
        text.extend(std::iter::repeat_n('a', missing.min(TEXT_MAX)));
    }
    Some(text)
}

fn ends(pattern: &str) -> bool {
    pattern.ends_with('$') && !pattern.ends_with(r"\$")
}

/// A text of a format of JSON Schema.
fn formatted(format: &str, nth: usize) -> Option<String> {
    let number = nth + 1;
    Some(match format {
        "email" => format!("reader{number}@example.com"),
        "uuid" => format!(
            "123e4567-e89b-42d3-a456-{:012}",
            426_614_174_000_u64 + nth as u64
        ),
        "uri" => format!("https://example.com/{number}"),
        "uri-reference" => format!("/{number}"),
        "hostname" => format!("host{number}.example.com"),
        "ipv4" => format!("192.0.2.{}", number % 250),
        "ipv6" => format!("2001:db8::{number:x}"),
        "date-time" => "2026-01-31T12:00:00Z".to_owned(),
        "date" => "2026-01-31".to_owned(),
        "time" => "12:00:00Z".to_owned(),
        _ => return None,
    })
}

/// A text by the name of its field: what the name says, in words.
fn named(name: &str) -> String {
    let known = match name {
        "email" | "email_address" => Some("reader@example.com"),
        "url" | "uri" => Some("https://example.com/"),
        "hostname" | "host" => Some("example.com"),
        "currency_code" | "currency" => Some("EUR"),
        "language_code" | "language" | "locale" => Some("en"),
        "region_code" | "country_code" | "country" => Some("NL"),
        "time_zone" => Some("Europe/Amsterdam"),
        "content_type" | "mime_type" => Some("text/plain"),
        "id" => Some("id-1"),
        "isbn" => Some("9780141439563"),
        _ => None,
    };
    if let Some(known) = known {
        return known.to_owned();
    }
    if let Some(of) = name.strip_suffix("_id") {
        return format!("{}-1", of.replace('_', "-"));
    }
    let words = name.replace('_', " ");
    let mut chars = words.trim().chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => "Text".to_owned(),
    }
}

/// A whole number for a field of this name.
pub(super) fn whole(kind: &Kind, name: &str, limits: &Limits, nth: usize) -> Value {
    if let Some(value) = limits.first(nth) {
        return value;
    }
    let (mut least, mut most) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Kind::Uint32 | Kind::Fixed32 => (0, i128::from(u32::MAX)),
        Kind::Uint64 | Kind::Fixed64 => (0, i128::from(u64::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    for (bound, edge) in &limits.lower {
        if let Some(bound) = integer(bound, f64::ceil) {
            least = least.max(bound + i128::from(*edge == Edge::Without));
        }
    }
    for (bound, edge) in &limits.upper {
        if let Some(bound) = integer(bound, f64::floor) {
            most = most.min(bound - i128::from(*edge == Edge::Without));
        }
    }
    let wanted: i32 = match name {
        "page_size" | "max_results" | "limit" => 10,
        "year" => 2026,
        _ => 1,
    };
    let step = limits
        .multiple_of
        .map_or(1, |of| (of as i128).clamp(1, BEYOND));
    let mut number = i128::from(wanted).clamp(least, most.max(least));
    if number % step != 0 {
        let up = number + step - number.rem_euclid(step);
        number = if up <= most { up } else { up - step };
    }
    let further = number + nth as i128 * step;
    let start = if further <= most {
        further
    } else {
        number - nth as i128 * step
    };
    for tries in 0..TRIES_MAX {
        let offset = tries * step;
        let candidates = [start + offset, start - offset];
        let free = candidates.into_iter().find(|candidate| {
            (least..=most).contains(candidate) && !limits.not.contains(&json_of(kind, *candidate))
        });
        if let Some(free) = free {
            number = free;
            break;
        }
    }
    json_of(kind, number)
}

/// 64-bit numbers are texts in JSON.
fn json_of(kind: &Kind, number: i128) -> Value {
    match kind {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            number.to_string().into()
        }
        _ => i64::try_from(number).unwrap_or_default().into(),
    }
}

/// Beyond every number that a field can hold, and small enough that sums of a few never overflow.
const BEYOND: i128 = 1 << 66;

/// A bound as a whole number; one beyond all numbers stays beyond them.
fn integer(bound: &Value, round: fn(f64) -> f64) -> Option<i128> {
    let number = match bound {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let exact = number.as_i64().map(i128::from);
            exact
                .or_else(|| number.as_u64().map(i128::from))
                .or_else(|| number.as_f64().map(|real| round(real) as i128))
        }
        _ => None,
    };
    number.map(|number: i128| number.clamp(-BEYOND, BEYOND))
}

/// A number for a field of a floating kind.
pub(super) fn real(limits: &Limits, nth: usize) -> Value {
    if let Some(value) = limits.first(nth) {
        return value;
    }
    let bounds = |all: &[(Value, Edge)]| -> Vec<(f64, Edge)> {
        all.iter()
            .filter_map(|(bound, edge)| Some((bound.as_f64()?, *edge)))
            .collect()
    };
    let lower = bounds(&limits.lower)
        .into_iter()
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let upper = bounds(&limits.upper)
        .into_iter()
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = 1.5 + nth as f64;
    let above = |real: f64| {
        lower.is_none_or(|(bound, edge)| real > bound || (real == bound && edge == Edge::Within))
    };
    let below = |real: f64| {
        upper.is_none_or(|(bound, edge)| real < bound || (real == bound && edge == Edge::Within))
    };
    let made = match (lower, upper) {
        _ if above(wanted) && below(wanted) => wanted,
        (Some((low, _)), Some((high, _))) => low + (high - low) / 2.0,
        (Some((low, _)), None) => low + 1.0,
        (None, Some((high, _))) => high - 1.0,
        (None, None) => wanted,
    };
    let made = match limits.multiple_of {
        Some(of) => (made / of).round() * of,
        None => made,
    };
    Number::from_f64(made).map_or_else(|| json!(0), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(keywords: Value) -> Limits {
        let Value::Object(keywords) = keywords else {
            panic!("{keywords}")
        };
        Limits::of([&keywords])
    }

    #[test]
    fn bounds_beyond_all_numbers_break_nothing() {
        for keywords in [
            json!({ "exclusiveMinimum": 1e300 }),
            json!({ "exclusiveMaximum": -1e300 }),
            json!({ "multipleOf": 1e300, "minimum": 2 }),
            json!({ "x-minimum": "170141183460469231731687303715884105727" }),
        ] {
            for kind in [Kind::Int32, Kind::Uint64, Kind::Sfixed64] {
                for nth in [0, 1, 7] {
                    let made = whole(&kind, "size", &limits(keywords.clone()), nth);
                    assert!(made.is_number() || made.is_string(), "{keywords}");
                }
            }
        }
    }

    #[test]
    fn texts_keep_to_their_limits() {
        for (name, keywords, expected) in [
            ("title", json!({}), "Title"),
            ("display_name", json!({}), "Display name"),
            ("book_id", json!({}), "book-1"),
            ("title", json!({"minLength": 8}), "TitleTit"),
            ("title", json!({"maxLength": 3}), "Tit"),
            ("title", json!({"const": "x"}), "x"),
            (
                "title",
                json!({"enum": ["a", "b"], "not": {"enum": ["a"]}}),
                "b",
            ),
            ("title", json!({"not": {"enum": ["Title"]}}), "Titlex"),
            (
                "title",
                json!({"format": "uuid"}),
                "123e4567-e89b-42d3-a456-426614174000",
            ),
            (
                "title",
                json!({"anyOf": [{"const": ""}, {"format": "email"}]}),
                "reader1@example.com",
            ),
            ("isbn", json!({"pattern": "^[0-9]*$"}), "0"),
            (
                "x",
                json!({"allOf": [{"pattern": "^ab"}, {"pattern": "yz$"}]}),
                "abyz",
            ),
            ("x", json!({"pattern": "^[a-z]+$", "minLength": 3}), "aaa"),
        ] {
            assert_eq!(
                text(name, &limits(keywords.clone()), 0),
                expected,
                "{name} {keywords}"
            );
        }
    }

    #[test]
    fn numbers_keep_to_their_limits() {
        for (kind, keywords, expected) in [
            (Kind::Int32, json!({}), json!(1)),
            (Kind::Int32, json!({"minimum": 5}), json!(5)),
            (Kind::Int32, json!({"exclusiveMinimum": 5}), json!(6)),
            (Kind::Int32, json!({"maximum": -5}), json!(-5)),
            (Kind::Int32, json!({"not": {"enum": [1]}}), json!(2)),
            (Kind::Int32, json!({"multipleOf": 4}), json!(4)),
            (
                Kind::Int64,
                json!({"x-minimum": "9007199254740993"}),
                json!("9007199254740993"),
            ),
            (Kind::Uint64, json!({"x-maximum": "0"}), json!("0")),
            (
                Kind::Int32,
                json!({"anyOf": [{"maximum": 3}, {"minimum": 8}]}),
                json!(8),
            ),
            (Kind::Int32, json!({"minimum": 9, "maximum": 3}), json!(9)),
        ] {
            let made = whole(&kind, "n", &limits(keywords.clone()), 0);
            assert_eq!(made, expected, "{kind:?} {keywords}");
        }
        for (keywords, expected) in [
            (json!({}), 1.5),
            (json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1}), 0.5),
            (json!({"minimum": 5}), 6.0),
            (json!({"maximum": -5}), -6.0),
        ] {
            assert_eq!(
                real(&limits(keywords.clone()), 0),
                json!(expected),
                "{keywords}"
            );
        }
    }
}

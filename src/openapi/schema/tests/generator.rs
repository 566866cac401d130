//! JSON out of our schemas: what somebody who reads nothing else would send.

use serde_json::{Map, Value, json};

use super::random::schemas::Dice;

/// Objects and arrays within each other at most.
const DEPTH: usize = 5;

/// Writes values by schemas.
pub(super) struct Generator<'s> {
    pub(super) dice: Dice,
    pub(super) components: &'s Map<String, Value>,
}

impl Generator<'_> {
    /// A value of a schema; none where it is too deep for one.
    pub(super) fn value(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let schema = self.resolve(schema);
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let at = self.dice.below(values.len());
            return values.get(at).cloned();
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array)
            && schema.get("type").is_none()
        {
            let at = self.dice.below(any.len());
            return self.value(any.get(at)?, depth);
        }
        let of = match schema.get("type") {
            None => return Some(self.anything(depth)),
            Some(Value::Array(types)) => types.get(self.dice.below(types.len()))?.clone(),
            Some(of) => of.clone(),
        };
        Some(match of.as_str()? {
            "null" => Value::Null,
            "boolean" => self.dice.once_in(2).into(),
            "integer" => self.integer(&schema),
            "number" => self.number(&schema),
            "string" => self.text(&schema),
            "array" => {
                if depth == 0 {
                    return Some(json!([]));
                }
                let count = self.dice.below(3);
                let items = schema.get("items").cloned().unwrap_or_default();
                let items: Vec<_> = (0..count)
                    .filter_map(|_| self.value(&items, depth - 1))
                    .collect();
                items.into()
            }
            "object" => return self.object(&schema, depth),
            other => panic!("no value of {other}"),
        })
    }

    fn resolve(&self, schema: &Value) -> Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return schema.clone();
        };
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        self.components
            .get(name)
            .expect("a component that is there")
            .clone()
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let mut out = Map::new();
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |key: &str| required.is_some_and(|all| all.contains(&json!(key)));
        if depth == 0 {
            return required.is_none().then_some(Value::Object(out));
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|of| of.is_object())
        {
            for _ in 0..self.dice.below(3) {
                let key = self.key(schema.get("propertyNames"));
                if let Some(value) = self.value(values, depth - 1) {
                    out.insert(key, value);
                }
            }
        }
        let any = schema
            .get("properties")
            .is_some_and(|of| of.get("@type").is_some());
        if any {
            // A type that is known, or none.
            if self.dice.once_in(2) {
                out.insert(
                    "@type".to_owned(),
                    "type.googleapis.com/google.protobuf.Duration".into(),
                );
                out.insert("value".to_owned(), "1.5s".into());
            }
            return Some(Value::Object(out));
        }
        let oneofs = schema.get("x-oneof").and_then(Value::as_array).cloned();
        let mut taken: Vec<Value> = Vec::new();
        for (key, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let groups = oneofs.iter().flatten();
            let members: Vec<Value> = groups
                .filter_map(|oneof| oneof.get("fields")?.as_array())
                .filter(|fields| fields.contains(&json!(key)))
                .flatten()
                .cloned()
                .collect();
            if taken.contains(&json!(key)) || !is_required(key) && self.dice.once_in(2) {
                continue;
            }
            match self.value(property, depth - 1) {
                Some(value) => {
                    out.insert(key.clone(), value);
                    taken.extend(members);
                }
                None if is_required(key) => return None,
                None => {}
            }
        }
        Some(Value::Object(out))
    }

    fn key(&mut self, names: Option<&Value>) -> String {
        let pattern = names
            .and_then(|names| names.get("pattern"))
            .and_then(Value::as_str);
        match (pattern, names.and_then(|names| names.get("enum"))) {
            (_, Some(_)) => self.dice.once_in(2).to_string(),
            (Some("^-?[0-9]+$"), _) => (self.dice.below(20) as i64 - 10).to_string(),
            (Some(_), _) => self.dice.below(20).to_string(),
            (None, None) => self.words(),
        }
    }

    fn integer(&mut self, schema: &Value) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
        let low = bound("minimum").unwrap_or_else(|| i64::from(i32::MIN));
        let high = bound("maximum").unwrap_or_else(|| i64::from(i32::MAX));
        match self.dice.below(3) {
            0 => low.into(),
            1 => high.into(),
            _ => (low + (self.dice.roll() % (high - low) as u64) as i64).into(),
        }
    }

    fn number(&mut self, schema: &Value) -> Value {
        let small = (self.dice.roll() % 2_000_001) as f64 / 1000.0 - 1000.0;
        match schema.get("format").and_then(Value::as_str) {
            Some("double") if self.dice.once_in(3) => json!(small * 1e300),
            Some("float") if self.dice.once_in(3) => json!(small * 1e30),
            _ => json!(small),
        }
    }

    fn text(&mut self, schema: &Value) -> Value {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        if let Some(examples) = schema.get("examples").and_then(Value::as_array) {
            return examples.first().unwrap().clone();
        }
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("int64") => (self.dice.roll() as i64).to_string(),
            Some("uint64") => self.dice.roll().to_string(),
            Some("date-time") => self
                .dice
                .pick(&[
                    "1970-01-01T00:00:00Z",
                    "2024-02-29T12:30:01.5+02:00",
                    "0001-01-01T00:00:00Z",
                ])
                .to_owned(),
            Some("byte") => {
                let bytes: Vec<u8> = (0..self.dice.below(6))
                    .map(|_| self.dice.roll() as u8)
                    .collect();
                base64_simd::STANDARD.encode_to_string(bytes)
            }
            Some("uuid") => "8f14e45f-ceea-467f-a1d2-91f6d9a5b3c1".to_owned(),
            _ => match (pattern, schema.get("minLength").and_then(Value::as_u64)) {
                (Some("^[0-9]*$"), _) => self.dice.below(1_000_000).to_string(),
                (Some(pattern), _) => panic!("no text for {pattern}"),
                (None, least) => {
                    let mut text = self.words();
                    while (text.chars().count() as u64) < least.unwrap_or_default() {
                        text.push('x');
                    }
                    let most = schema
                        .get("maxLength")
                        .and_then(Value::as_u64)
                        .unwrap_or(99);
                    text.chars().take(most as usize).collect()
                }
            },
        };
        text.into()
    }

    fn words(&mut self) -> String {
        let pieces = ["a", "é", "\"", "\\", "日本", " ", "\n", "z9", "😀"];
        (0..self.dice.below(6))
            .map(|_| self.dice.pick(&pieces))
            .collect()
    }

    /// Whatever JSON there is.
    fn anything(&mut self, depth: usize) -> Value {
        match self.dice.below(if depth == 0 { 4 } else { 6 }) {
            0 => Value::Null,
            1 => self.dice.once_in(2).into(),
            2 => json!(self.dice.below(1000)),
            3 => self.words().into(),
            4 => json!([self.anything(depth - 1)]),
            _ => json!({self.words(): self.anything(depth - 1)}),
        }
    }
}

/// A value to begin with.
pub(super) fn generate(
    dice: Dice,
    components: &Map<String, Value>,
    schema: &Value,
) -> Option<Value> {
    Generator { dice, components }.value(schema, DEPTH)
}

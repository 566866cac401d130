//! What a value has to keep to, out of keywords of JSON Schema.

use serde_json::{Map, Value};

/// Keywords within keywords at most.
const DEPTH_MAX: usize = 4;

/// What is asked of one value.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// The values there are.
    pub(super) values: Option<Vec<Value>>,
    /// Values that may not come.
    pub(super) not: Vec<Value>,
    pub(super) format: Option<String>,
    pub(super) patterns: Vec<String>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    /// Lower bounds, each with whether the value itself is in.
    pub(super) lower: Vec<(Value, Edge)>,
    /// Upper bounds.
    pub(super) upper: Vec<(Value, Edge)>,
    pub(super) multiple_of: Option<f64>,
    pub(super) min_items: usize,
    pub(super) min_properties: usize,
    pub(super) items: Map<String, Value>,
    pub(super) property_names: Map<String, Value>,
    pub(super) additional_properties: Map<String, Value>,
}

/// Whether a bound is among the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Within,
    Without,
}

impl Limits {
    /// What these keywords ask for together.
    pub(super) fn of<'k>(all: impl IntoIterator<Item = &'k Map<String, Value>>) -> Self {
        let mut limits = Self::default();
        for keywords in all {
            limits.read(keywords, 0);
        }
        limits
    }

    fn read(&mut self, keywords: &Map<String, Value>, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let count = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        for (key, value) in keywords {
            match key.as_str() {
                "const" => self.values = Some(vec![value.clone()]),
                "enum" => {
                    let values = value.as_array().cloned().unwrap_or_default();
                    self.values.get_or_insert(values);
                }
                "not" => {
                    let one = value.get("const").cloned();
                    let many = value.get("enum").and_then(Value::as_array).cloned();
                    self.not.extend(one);
                    self.not.extend(many.unwrap_or_default());
                }
                "format" => self.format = value.as_str().map(str::to_owned),
                "pattern" => self.patterns.extend(value.as_str().map(str::to_owned)),
                "minLength" => self.min_length = self.min_length.max(count(value)),
                "maxLength" => {
                    let own = count(value);
                    self.max_length = match (self.max_length, own) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                }
                "minimum" | "x-minimum" => self.lower.push((value.clone(), Edge::Within)),
                "maximum" | "x-maximum" => self.upper.push((value.clone(), Edge::Within)),
                "exclusiveMinimum" => self.lower.push((value.clone(), Edge::Without)),
                "exclusiveMaximum" => self.upper.push((value.clone(), Edge::Without)),
                "multipleOf" => self.multiple_of = value.as_f64().filter(|of| *of > 0.0),
                "minItems" => self.min_items = count(value).unwrap_or_default(),
                "minProperties" => self.min_properties = count(value).unwrap_or_default(),
                "items" => self.items = object(value),
                "propertyNames" => self.property_names = object(value),
                "additionalProperties" => self.additional_properties = object(value),
                "allOf" => {
                    for part in value.as_array().into_iter().flatten() {
                        if let Some(part) = part.as_object() {
                            self.read(part, depth + 1);
                        }
                    }
                }
                // Of two choices the last: the first is "nothing" where nothing may come.
                "anyOf" => {
                    let choices = value.as_array().and_then(|choices| {
                        let real = choices.iter().rev().find(|of| of.get("const").is_none());
                        real.and_then(Value::as_object)
                    });
                    if let Some(part) = choices {
                        self.read(part, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// True if a value may come, as far as lists of values say.
    pub(super) fn admits(&self, value: &Value) -> bool {
        !self.not.contains(value)
            && (self.values.as_ref()).is_none_or(|values| values.contains(value))
    }

    /// The first value of those there are.
    pub(super) fn first(&self, nth: usize) -> Option<Value> {
        let values = self.values.as_ref()?;
        let mut admitted = values.iter().filter(|value| !self.not.contains(value));
        admitted.nth(nth).or_else(|| values.first()).cloned()
    }
}

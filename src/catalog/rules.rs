//! protovalidate's rules (`buf.validate`), as JSON Schema says them and in words.

use serde_json::{Map, Value};

/// What is asked of one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// It must be set.
    pub required: bool,
    /// Keywords of JSON Schema (2020-12) for the field's own schema; those of elements beneath `items`,
    /// those of map keys and values beneath `propertyNames` and `additionalProperties`.
    pub keywords: Map<String, Value>,
    /// Each rule in words, in the order of the rules: "at least 3 characters".
    pub sentences: Vec<String>,
    /// Rules in CEL.
    pub cel: Vec<Cel>,
    /// An enum's numbers that are not in it may not come.
    pub defined_only: bool,
    /// Values that the rules give as examples.
    pub examples: Vec<Value>,
}

/// What is asked of a whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageRules {
    /// Each rule in words.
    pub sentences: Vec<String>,
    /// Rules in CEL.
    pub cel: Vec<Cel>,
    /// Groups of JSON names of which at most one may be set, and whether one must.
    pub oneofs: Vec<(Vec<String>, bool)>,
}

/// A rule in CEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cel {
    /// Its id.
    pub id: String,
    /// What is said when it fails.
    pub message: String,
    /// The expression.
    pub expression: String,
}

//! One request for one binding, and the message it must become.

use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _,
    Value,
};
use transom::schema::{Binding, Body};

use crate::template::{self, percent};
use crate::values::{self, Random, map_key, text_value};

/// Depth of messages in bodies.
const DEPTH: usize = 3;
/// Query parameters at most.
const PARAMETERS: usize = 6;
/// How deep query parameters look for scalars.
const QUERY_DEPTH: usize = 3;

/// A request and what is expected of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) parameters: usize,
    pub(crate) variables: usize,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    pub(crate) expected: DynamicMessage,
}

impl Case {
    /// Generates the request of a binding whose input is this message.
    pub(crate) fn new(binding: &Binding, input: &MessageDescriptor, random: &mut Random) -> Self {
        let mut expected = DynamicMessage::new(input.clone());
        let mut body = None;
        let mut bound = Vec::new();
        match &binding.body {
            Body::None => {}
            Body::Whole if input.full_name() == "google.api.HttpBody" => {
                body = Some(raw_body(&mut expected));
            }
            Body::Whole => {
                values::fill(&mut expected, DEPTH, random);
                body = Some(("application/json", serde_json::to_vec(&expected).unwrap()));
            }
            Body::Field(field) => {
                bound.push(field.name().to_owned());
                body = Some(field_body(&mut expected, field.name(), random));
            }
        }
        let filled = template::fill(&binding.template, random, |name, random| {
            let field = resolve(input, name);
            match field.kind() {
                Kind::String => None,
                kind => text_value(&kind, random).map(|(_, text)| text),
            }
        });
        for (name, text) in &filled.variables {
            bound.push(name.clone());
            let kind = resolve(input, name).kind();
            set(&mut expected, name, parse(&kind, text));
        }
        let mut query = Query {
            bound: &bound,
            random,
            text: String::new(),
            count: 0,
        };
        if !matches!(binding.body, Body::Whole) {
            query.masks(&mut expected);
            for _ in 0..PARAMETERS {
                query.one(&mut expected);
            }
        }
        Self {
            verb: match binding.verb.as_str() {
                "*" => "POST".to_owned(),
                verb => verb.to_owned(),
            },
            path: filled.path,
            variables: filled.variables.len(),
            parameters: query.count,
            query: query.text,
            body,
            expected,
        }
    }

    pub(crate) fn uri(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }
}

/// The field of a path by proto names.
fn resolve(message: &MessageDescriptor, path: &str) -> FieldDescriptor {
    let mut message = message.clone();
    let mut parts = path.split('.').peekable();
    loop {
        let field = message.get_field_by_name(parts.next().unwrap()).unwrap();
        if parts.peek().is_none() {
            return field;
        }
        message = field.kind().as_message().unwrap().clone();
    }
}

fn set(message: &mut DynamicMessage, path: &str, value: Value) {
    match path.split_once('.') {
        None => message.set_field_by_name(path, value),
        Some((first, rest)) => {
            let field = message.descriptor().get_field_by_name(first).unwrap();
            let below = message.get_field_mut(&field);
            set(below.as_message_mut().unwrap(), rest, value);
        }
    }
}

fn raw_body(message: &mut DynamicMessage) -> (&'static str, Vec<u8>) {
    let (kind, data) = ("image/png", b"\x89PNG\x00\xff".to_vec());
    message.set_field_by_name("content_type", Value::String(kind.to_owned()));
    message.set_field_by_name("data", Value::Bytes(data.clone().into()));
    (kind, data)
}

/// Fills the field a body is bound to. Its JSON is taken out of the parent's.
fn field_body(
    message: &mut DynamicMessage,
    name: &str,
    random: &mut Random,
) -> (&'static str, Vec<u8>) {
    let field = resolve(&message.descriptor(), name);
    if field.cardinality() != Cardinality::Repeated
        && let Kind::Message(of) = field.kind()
    {
        let mut below = DynamicMessage::new(of.clone());
        let body = if of.full_name() == "google.api.HttpBody" {
            raw_body(&mut below)
        } else {
            values::fill(&mut below, DEPTH, random);
            ("application/json", serde_json::to_vec(&below).unwrap())
        };
        set(message, name, Value::Message(below));
        return body;
    }
    let mut parent = DynamicMessage::new(field.parent_message().clone());
    // A few tries find a value for any field but a list of Any.
    for _ in 0..1000 {
        if parent.has_field(&field) {
            break;
        }
        values::fill(&mut parent, DEPTH, random);
    }
    let value = parent.get_field(&field).into_owned();
    let json = serde_json::to_value(&parent).unwrap();
    let body = serde_json::to_vec(&json[field.json_name()]).unwrap();
    set(message, name, value);
    ("application/json", body)
}

/// The value of a text that this program wrote itself.
fn parse(kind: &Kind, text: &str) -> Value {
    match kind {
        Kind::String => Value::String(text.to_owned()),
        Kind::Bool => Value::Bool(text == "true"),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(text.parse().unwrap()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(text.parse().unwrap()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(text.parse().unwrap()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(text.parse().unwrap()),
        Kind::Float => Value::F32(text.parse().unwrap()),
        Kind::Double => Value::F64(text.parse().unwrap()),
        Kind::Enum(of) => {
            let by_name = of.get_value_by_name(text).map(|value| value.number());
            Value::EnumNumber(by_name.unwrap_or_else(|| text.parse().unwrap()))
        }
        other => panic!("a path variable of kind {other:?}"),
    }
}

/// A query that grows.
struct Query<'a> {
    /// Fields that path and body bind.
    bound: &'a [String],
    random: &'a mut Random,
    text: String,
    count: usize,
}

impl Query<'_> {
    /// Masks are always given: an empty one may be filled from the body.
    fn masks(&mut self, message: &mut DynamicMessage) {
        for field in message.descriptor().fields() {
            let is_mask = |kind: &Kind| {
                kind.as_message()
                    .is_some_and(|m| m.full_name() == "google.protobuf.FieldMask")
            };
            if is_mask(&field.kind()) && !field.is_list() && self.is_free(field.name()) {
                self.set(message, &field, field.name());
            }
        }
    }

    /// Tries one random field.
    fn one(&mut self, message: &mut DynamicMessage) {
        self.below(message, "", "", QUERY_DEPTH);
    }

    fn is_free(&self, name: &str) -> bool {
        let within =
            |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|r| r.starts_with('.'));
        !self
            .bound
            .iter()
            .any(|bound| within(name, bound) || within(bound, name))
    }

    fn below(&mut self, message: &mut DynamicMessage, name: &str, key: &str, depth: usize) {
        let fields: Vec<_> = message.descriptor().fields().collect();
        if fields.is_empty() {
            return;
        }
        let field = self.random.pick(&fields).clone();
        let dotted = |prefix: &str, name: &str| match prefix {
            "" => name.to_owned(),
            prefix => format!("{prefix}.{name}"),
        };
        let spelling = if self.random.below(2) == 0 {
            field.name().to_owned()
        } else {
            field.json_name().to_owned()
        };
        let (name, key) = (dotted(name, field.name()), dotted(key, &spelling));
        let taken = field.containing_oneof().is_some_and(|oneof| {
            oneof
                .fields()
                .any(|other| other != field && message.has_field(&other))
        });
        if taken {
            return;
        }
        let is_plain = field.kind().as_message().is_some_and(|of| !has_text(of));
        if is_plain && !field.is_list() && !field.is_map() {
            // Fields of a bound message stay out, but its neighbours within a nested variable may go in.
            if depth == 0 || self.bound.contains(&name) {
                return;
            }
            let before = self.count;
            let had = message.has_field(&field);
            let below = message.get_field_mut(&field).as_message_mut().unwrap();
            self.below(below, &name, &key, depth - 1);
            if self.count == before && !had {
                message.clear_field(&field);
            }
            return;
        }
        if self.is_free(&name) && !message.has_field(&field) {
            self.set(message, &field, &key);
        }
    }

    fn set(&mut self, message: &mut DynamicMessage, field: &FieldDescriptor, key: &str) {
        let kind = field.kind();
        if field.is_map() {
            let entry = kind.as_message().unwrap().clone();
            let (map_key, text) =
                map_key(&entry.map_entry_key_field().kind(), self.random).unwrap();
            let of = entry.map_entry_value_field().kind();
            let Some((value, value_text)) = text_value(&of, self.random) else {
                return;
            };
            self.pair(&format!("{key}[{text}]"), &value_text);
            message.set_field(field, Value::Map([(map_key, value)].into()));
        } else if field.is_list() {
            // Messages, those with a text form too, cannot be repeated in a query.
            if kind.as_message().is_some() {
                return;
            }
            let mut list = Vec::new();
            for _ in 0..self.random.below(3) + 1 {
                let Some((value, text)) = text_value(&kind, self.random) else {
                    return;
                };
                self.pair(key, &text);
                list.push(value);
            }
            message.set_field(field, Value::List(list));
        } else if let Some((value, text)) = text_value(&kind, self.random) {
            self.pair(key, &text);
            message.set_field(field, value);
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let value = percent(value, plain);
        let value = if self.random.below(2) == 0 {
            value.replace("%20", "+")
        } else {
            value
        };
        self.text
            .push_str(&format!("{}={value}", percent(key, plain)));
        self.count += 1;
    }
}

/// True for messages that a query can say in one text.
fn has_text(of: &MessageDescriptor) -> bool {
    text_value(&Kind::Message(of.clone()), &mut Random::new(0)).is_some()
}

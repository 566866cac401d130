//! Random values of fields, each as prost-reflect holds it and as a URL or JSON writes it.

use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    ReflectMessage as _, Value,
};

/// Deterministic: the same seed gives the same requests on every machine.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }
}

/// A value that is not the default, and its text in a URL; `None` for what has no text.
pub(crate) fn text_value(field: &Kind, random: &mut Random) -> Option<(Value, String)> {
    let integer = |value: Value, text: String| Some((value, text));
    match field {
        Kind::Bool => Some((Value::Bool(true), "true".to_owned())),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            let n = *random.pick(&[1, -1, 42, i32::MAX, i32::MIN]);
            integer(Value::I32(n), n.to_string())
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            let n = *random.pick(&[1, -7, 9_007_199_254_740_993, i64::MAX, i64::MIN]);
            integer(Value::I64(n), n.to_string())
        }
        Kind::Uint32 | Kind::Fixed32 => {
            let n = *random.pick(&[1, 42, u32::MAX]);
            integer(Value::U32(n), n.to_string())
        }
        Kind::Uint64 | Kind::Fixed64 => {
            let n = *random.pick(&[1, 42, u64::MAX]);
            integer(Value::U64(n), n.to_string())
        }
        Kind::Float => {
            let (n, text) = *random.pick(&[(1.5, "1.5"), (-0.25, "-0.25"), (1e10, "1e10")]);
            Some((Value::F32(n), text.to_owned()))
        }
        Kind::Double => {
            let (n, text) =
                *random.pick(&[(1.5, "1.5"), (-3e-7, "-3e-7"), (f64::INFINITY, "Infinity")]);
            Some((Value::F64(n), text.to_owned()))
        }
        Kind::String => {
            let text = *random.pick(&[
                "a",
                "two words",
                "ü/漢?&=#",
                "100%",
                "a+b",
                "\u{1F600}",
                "\"\\",
            ]);
            Some((Value::String(text.to_owned()), text.to_owned()))
        }
        Kind::Bytes => {
            let bytes: &[u8] = random.pick::<&[u8]>(&[b"a", b"\xfb\xff\xfe", b"four"]);
            let alphabets = [
                base64_simd::STANDARD,
                base64_simd::STANDARD_NO_PAD,
                base64_simd::URL_SAFE,
                base64_simd::URL_SAFE_NO_PAD,
            ];
            let alphabet = random.pick(&alphabets);
            let text = alphabet.encode_to_string(bytes);
            Some((Value::Bytes(bytes.to_vec().into()), text))
        }
        Kind::Enum(of) => {
            let value = of.values().filter(|v| v.number() != 0).last()?;
            let text = match random.below(2) {
                0 => value.name().to_owned(),
                _ => value.number().to_string(),
            };
            Some((Value::EnumNumber(value.number()), text))
        }
        Kind::Message(of) => well_known(of, random),
    }
}

/// A well-known type that has a text form.
fn well_known(of: &MessageDescriptor, random: &mut Random) -> Option<(Value, String)> {
    let (json, quoted) = match of.full_name() {
        "google.protobuf.Timestamp" => ("2024-02-29T12:34:56.789Z", true),
        "google.protobuf.Duration" => ("-3.000000001s", true),
        "google.protobuf.FieldMask" => ("displayName,labels.firstKey", true),
        "google.protobuf.StringValue" => ("any text", true),
        "google.protobuf.BytesValue" => ("YWI=", true),
        "google.protobuf.BoolValue" => ("true", false),
        "google.protobuf.Int64Value" | "google.protobuf.UInt64Value" => ("9007199254740993", true),
        "google.protobuf.Int32Value" | "google.protobuf.UInt32Value" => ("42", false),
        "google.protobuf.DoubleValue" | "google.protobuf.FloatValue" => ("1.5", false),
        "google.protobuf.Struct" => (r#"{"k":[1,"x",null]}"#, false),
        "google.protobuf.ListValue" => (r#"["x",{"y":false}]"#, false),
        "google.protobuf.Value" => *random.pick(&[(r#"{"k":1}"#, false), ("true", false)]),
        _ => return None,
    };
    let document = if quoted {
        format!("\"{json}\"")
    } else {
        json.to_owned()
    };
    let mut reader = serde_json::Deserializer::from_str(&document);
    let message = DynamicMessage::deserialize(of.clone(), &mut reader).unwrap();
    Some((Value::Message(message), json.to_owned()))
}

/// Fills some fields of a message, at most one of each oneof.
pub(crate) fn fill(message: &mut DynamicMessage, depth: usize, random: &mut Random) {
    let fields: Vec<FieldDescriptor> = message.descriptor().fields().collect();
    if fields.is_empty() {
        return;
    }
    for _ in 0..random.below(5) + 1 {
        let field = random.pick(&fields);
        let taken = field
            .containing_oneof()
            .is_some_and(|oneof| oneof.fields().any(|f| message.has_field(&f)));
        if !taken && let Some(value) = value(field, depth, random) {
            message.set_field(field, value);
        }
    }
}

fn value(field: &FieldDescriptor, depth: usize, random: &mut Random) -> Option<Value> {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else {
            return None;
        };
        let key = map_key(&entry.map_entry_key_field().kind(), random)?.0;
        let value = single(&entry.map_entry_value_field().kind(), depth, random)?;
        return Some(Value::Map([(key, value)].into()));
    }
    if field.cardinality() == Cardinality::Repeated {
        let mut list = Vec::new();
        for _ in 0..random.below(3) + 1 {
            list.push(single(&field.kind(), depth, random)?);
        }
        return Some(Value::List(list));
    }
    single(&field.kind(), depth, random)
}

fn single(kind: &Kind, depth: usize, random: &mut Random) -> Option<Value> {
    if let Some((value, _)) = text_value(kind, random) {
        return Some(value);
    }
    match kind {
        // An Any needs a type that is there; the transcoder's own tests have it.
        Kind::Message(of) if depth > 0 && of.full_name() != "google.protobuf.Any" => {
            let mut message = DynamicMessage::new(of.clone());
            fill(&mut message, depth - 1, random);
            Some(Value::Message(message))
        }
        _ => None,
    }
}

/// A key of a map and its text.
pub(crate) fn map_key(kind: &Kind, random: &mut Random) -> Option<(MapKey, String)> {
    let (value, text) = text_value(kind, random)?;
    let key = match value {
        Value::Bool(v) => MapKey::Bool(v),
        Value::I32(v) => MapKey::I32(v),
        Value::I64(v) => MapKey::I64(v),
        Value::U32(v) => MapKey::U32(v),
        Value::U64(v) => MapKey::U64(v),
        Value::String(v) => MapKey::String(v),
        _ => return None,
    };
    Some((key, text))
}

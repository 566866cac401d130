//! Descriptors to plans. The only file of the transcoder that knows descriptors.

use std::collections::HashMap;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    Kind as Described, MessageDescriptor, Syntax, Value, prost_types::FieldDescriptorProto,
};

use super::{
    Declared, EnumId, EnumPlan, EnumValue, Field, Kind, Lowered, Names, Plan, PlanId, Plans,
    Presence, Shape, Tag, WireType, Wkt,
};

/// Slots of a number table per field: above that, numbers are looked up by binary search.
const DENSE_PER_FIELD: usize = 4;

/// Longest number table.
const DENSE_MAX: usize = 1024;

impl Plans {
    /// Compiles every message of the pool. `lowered` says what the pool's descriptors no longer
    /// tell, because editions were rewritten as proto3.
    pub fn compile(pool: &DescriptorPool, lowered: &Lowered) -> Self {
        let mut indices = Indices::default();
        for (index, message) in pool.all_messages().enumerate() {
            let id = PlanId(index as u32);
            indices.messages.insert(message.full_name().into(), id);
        }
        for (index, enumeration) in pool.all_enums().enumerate() {
            let id = EnumId(index as u32);
            indices.enums.insert(enumeration.full_name().into(), id);
        }
        let mut slots = 0;
        let plans = pool
            .all_messages()
            .map(|message| {
                let plan = indices.plan(&message, slots);
                slots += 1 + plan.fields.len();
                plan
            })
            .collect();
        let enums = pool
            .all_enums()
            .map(|enumeration| enum_plan(&enumeration, lowered))
            .collect();
        Self {
            plans,
            enums,
            by_name: indices.messages,
            slots,
        }
    }
}

#[derive(Default)]
struct Indices {
    messages: HashMap<Box<str>, PlanId>,
    enums: HashMap<Box<str>, EnumId>,
}

impl Indices {
    fn plan(&self, message: &MessageDescriptor, slot: usize) -> Plan {
        let real: Vec<_> = message.oneofs().filter(|o| !o.is_synthetic()).collect();
        let members: HashMap<u32, u32> = (0..)
            .zip(&real)
            .flat_map(|(index, oneof)| oneof.fields().map(move |field| (field.number(), index)))
            .collect();
        let mut fields: Vec<Field> = message
            .fields()
            .map(|field| self.field(&field, members.get(&field.number()).copied()))
            .collect();
        fields.extend(message.extensions().map(|field| self.extension(&field)));
        fields.sort_by_key(|field| field.number);
        let names = Names::new(
            (0..)
                .zip(&fields)
                .map(|(index, field)| (&*field.json_name, index))
                .chain(
                    (0..)
                        .zip(&fields)
                        .map(|(index, field)| (&*field.name, index)),
                ),
        );
        for (index, field) in fields.iter_mut().enumerate() {
            field.shadowed = names.get(field.name.as_bytes()) != Some(index);
        }
        Plan {
            mask: mask(message).and_then(|number| {
                let at = fields.iter().position(|field| field.number == number);
                at.and_then(|at| u32::try_from(at).ok())
            }),
            name: message.full_name().into(),
            dense: dense(&fields),
            names,
            fields: fields.into(),
            oneofs: real.iter().map(|oneof| oneof.name().into()).collect(),
            wkt: well_known(message),
            slot,
        }
    }

    fn field(&self, field: &FieldDescriptor, oneof: Option<u32>) -> Field {
        let mut described = field.kind();
        let mut shape = None;
        if field.is_map()
            && let Described::Message(entry) = &described
        {
            shape = Some(Shape::Map(
                self.kind(&entry.map_entry_key_field().kind(), false),
            ));
            described = entry.map_entry_value_field().kind();
        }
        let shape = shape.unwrap_or_else(|| {
            list(
                field.is_list(),
                &described,
                field.field_descriptor_proto(),
                &field.parent_file(),
            )
        });
        let presence = match shape {
            Shape::Single if field.supports_presence() => Presence::Explicit,
            Shape::Single | Shape::List | Shape::Packed | Shape::Map(_) => Presence::Implicit,
        };
        Field {
            presence,
            oneof,
            default: if shape == Shape::Single
                && field.field_descriptor_proto().default_value.is_some()
            {
                declared(&field.kind(), &field.default_value())
            } else {
                Declared::Nothing
            },
            ..new_field(
                field.number(),
                self.kind(&described, field.is_group()),
                shape,
                field.name(),
                field.json_name(),
            )
        }
    }

    fn extension(&self, field: &ExtensionDescriptor) -> Field {
        let name = format!("[{}]", field.full_name());
        let shape = list(
            field.is_list(),
            &field.kind(),
            field.field_descriptor_proto(),
            &field.parent_file(),
        );
        let kind = self.kind(&field.kind(), field.is_group());
        let mut new = new_field(field.number(), kind, shape, &name, &name);
        if shape == Shape::Single && field.supports_presence() {
            new.presence = Presence::Explicit;
            if field.field_descriptor_proto().default_value.is_some() {
                new.default = declared(&field.kind(), &field.default_value());
            }
        }
        new
    }

    fn kind(&self, described: &Described, group: bool) -> Kind {
        match described {
            Described::Double => Kind::Double,
            Described::Float => Kind::Float,
            Described::Int32 => Kind::Int32,
            Described::Int64 => Kind::Int64,
            Described::Uint32 => Kind::Uint32,
            Described::Uint64 => Kind::Uint64,
            Described::Sint32 => Kind::Sint32,
            Described::Sint64 => Kind::Sint64,
            Described::Fixed32 => Kind::Fixed32,
            Described::Fixed64 => Kind::Fixed64,
            Described::Sfixed32 => Kind::Sfixed32,
            Described::Sfixed64 => Kind::Sfixed64,
            Described::Bool => Kind::Bool,
            Described::String => Kind::String,
            Described::Bytes => Kind::Bytes,
            // A pool is closed under its own types, so the lookups below cannot miss.
            Described::Enum(e) => self
                .enums
                .get(e.full_name())
                .map_or(Kind::Int32, |id| Kind::Enum(*id)),
            Described::Message(message) => match self.messages.get(message.full_name()) {
                Some(id) if group => Kind::Group(*id),
                Some(id) => Kind::Message(*id),
                None => Kind::Bytes,
            },
        }
    }
}

/// Number of the field that is an update's mask (AIP-134).
fn mask(message: &MessageDescriptor) -> Option<u32> {
    let is_mask = |field: &FieldDescriptor| {
        let kind = field.kind();
        let message = kind.as_message();
        !field.is_list()
            && !field.is_map()
            && message.is_some_and(|m| m.full_name() == "google.protobuf.FieldMask")
    };
    let masks: Vec<_> = message.fields().filter(is_mask).collect();
    let named = masks.iter().find(|field| field.name() == "update_mask");
    match (named, masks.as_slice()) {
        (Some(field), _) | (None, [field]) => Some(field.number()),
        (None, _) => None,
    }
}

/// Whether a list is packed is read from its options: the pool's own answer is given before the
/// options of a file compiled from source are known.
fn list(
    is_list: bool,
    kind: &Described,
    proto: &FieldDescriptorProto,
    file: &FileDescriptor,
) -> Shape {
    if !is_list {
        return Shape::Single;
    }
    let packable = !matches!(
        kind,
        Described::String | Described::Bytes | Described::Message(_)
    );
    let declared = proto.options.as_ref().and_then(|options| options.packed);
    if packable && declared.unwrap_or(file.syntax() == Syntax::Proto3) {
        Shape::Packed
    } else {
        Shape::List
    }
}

/// A field of implicit presence outside any oneof.
fn new_field(number: u32, kind: Kind, shape: Shape, name: &str, json_name: &str) -> Field {
    let wire_type = match shape {
        Shape::Map(_) => WireType::Len,
        Shape::Single | Shape::List | Shape::Packed => kind.wire_type(),
    };
    let element_tag = Tag::new(number, wire_type);
    let tag = match shape {
        Shape::Packed => Tag::new(number, WireType::Len),
        Shape::Single | Shape::List | Shape::Map(_) => element_tag,
    };
    Field {
        number,
        kind,
        shape,
        presence: Presence::Implicit,
        oneof: None,
        tag,
        wire_type,
        element_tag,
        name: name.into(),
        json_name: json_name.into(),
        json_key: key(json_name),
        proto_key: key(name),
        shadowed: false,
        default: Declared::Nothing,
    }
}

/// A default in the form that values of its kind have on the wire.
fn declared(described: &Described, value: &Value) -> Declared {
    match value {
        Value::I32(value) if *described == Described::Sint32 => {
            Declared::Number(u64::from(((value << 1) ^ (value >> 31)) as u32))
        }
        Value::I64(value) if *described == Described::Sint64 => {
            Declared::Number(((value << 1) ^ (value >> 63)) as u64)
        }
        Value::Bool(value) => Declared::Number(u64::from(*value)),
        Value::I32(value) | Value::EnumNumber(value) => Declared::Number(*value as u64),
        Value::I64(value) => Declared::Number(*value as u64),
        Value::U32(value) => Declared::Number(u64::from(*value)),
        Value::U64(value) => Declared::Number(*value),
        Value::F32(value) => Declared::Number(u64::from(value.to_bits())),
        Value::F64(value) => Declared::Number(value.to_bits()),
        Value::String(text) => Declared::Text(text.as_bytes().into()),
        Value::Bytes(bytes) => Declared::Bytes(bytes.as_ref().into()),
        Value::Message(_) | Value::List(_) | Value::Map(_) => Declared::Nothing,
    }
}

fn key(name: &str) -> Box<[u8]> {
    let mut key = quoted(name);
    key.push(b':');
    key.into()
}

/// A name as a JSON string. Names are identifiers, except for a `json_name` that was chosen.
fn quoted(name: &str) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0..0x20 => out.extend(format!("\\u{byte:04x}").bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    out
}

/// Index + 1 by number, as far as numbers are dense. `fields` are sorted by number.
fn dense(fields: &[Field]) -> Box<[u16]> {
    let limit = (fields.len() * DENSE_PER_FIELD + 1).min(DENSE_MAX);
    let small = fields.partition_point(|field| (field.number as usize) < limit);
    let len = match small.checked_sub(1).and_then(|last| fields.get(last)) {
        Some(last) => last.number as usize + 1,
        None => 0,
    };
    let mut table = vec![0; len];
    for (index, field) in fields.iter().take(small).enumerate() {
        if let Some(slot) = table.get_mut(field.number as usize) {
            *slot = index as u16 + 1;
        }
    }
    table.into()
}

fn enum_plan(enumeration: &EnumDescriptor, lowered: &Lowered) -> EnumPlan {
    // From the descriptor's own text: `values()` is not in the order of declaration.
    let declared = &enumeration.enum_descriptor_proto().value;
    let mut values: Vec<_> = declared
        .iter()
        .map(|value| EnumValue {
            number: value.number(),
            quoted: quoted(value.name()).into(),
        })
        .collect();
    // Stable, so the first declared of equal numbers stays.
    values.sort_by_key(|value| value.number);
    values.dedup_by_key(|value| value.number);
    EnumPlan {
        name: enumeration.full_name().into(),
        closed: enumeration.parent_file().syntax() == Syntax::Proto2
            || lowered.closed_enums.contains(enumeration.full_name()),
        null: enumeration.full_name() == "google.protobuf.NullValue",
        values: values.into(),
        names: Names::new(
            (0..)
                .zip(declared)
                .map(|(index, value)| (value.name(), index)),
        ),
        numbers: declared.iter().map(|value| value.number()).collect(),
    }
}

/// Whether a message's JSON form is not an object of its fields: the well-known types, and nothing that
/// only has the name of one.
pub(crate) fn has_own_form(message: &MessageDescriptor) -> bool {
    well_known(message).is_some()
}

/// Recognises a well-known type by its name and its fields: descriptors come from outside, and
/// one may call something else `google.protobuf.Timestamp`.
fn well_known(message: &MessageDescriptor) -> Option<Wkt> {
    let name = message.full_name().strip_prefix("google.protobuf.")?;
    let single = |number, kind| {
        message
            .get_field(number)
            .is_some_and(|field| !field.is_list() && !field.is_map() && field.kind() == kind)
    };
    let names = |number: u32, list: bool, name: &str| {
        message.get_field(number).is_some_and(|field| {
            let kind = field.kind();
            field.is_list() == list
                && !field.is_group()
                && kind.as_message().is_some_and(|m| m.full_name() == name)
        })
    };
    let wrapper = |described, kind| single(1, described).then_some(Wkt::Wrapper(kind));
    match name {
        "Any" => (single(1, Described::String) && single(2, Described::Bytes)).then_some(Wkt::Any),
        "Timestamp" => {
            (single(1, Described::Int64) && single(2, Described::Int32)).then_some(Wkt::Timestamp)
        }
        "Duration" => {
            (single(1, Described::Int64) && single(2, Described::Int32)).then_some(Wkt::Duration)
        }
        "FieldMask" => message
            .get_field(1)
            .is_some_and(|field| field.is_list() && field.kind() == Described::String)
            .then_some(Wkt::FieldMask),
        "Struct" => message
            .get_field(1)
            .is_some_and(|field| {
                field.is_map()
                    && field.kind().as_message().is_some_and(|entry| {
                        entry.map_entry_key_field().kind() == Described::String
                            && entry
                                .map_entry_value_field()
                                .kind()
                                .as_message()
                                .is_some_and(|m| m.full_name() == "google.protobuf.Value")
                    })
            })
            .then_some(Wkt::Struct),
        "Value" => (message.get_field(1).is_some_and(|field| {
            !field.is_list()
                && (field.kind().as_enum())
                    .is_some_and(|e| e.full_name() == "google.protobuf.NullValue")
        }) && single(2, Described::Double)
            && single(3, Described::String)
            && single(4, Described::Bool)
            && names(5, false, "google.protobuf.Struct")
            && names(6, false, "google.protobuf.ListValue"))
        .then_some(Wkt::Value),
        "ListValue" => names(1, true, "google.protobuf.Value").then_some(Wkt::ListValue),
        "DoubleValue" => wrapper(Described::Double, Kind::Double),
        "FloatValue" => wrapper(Described::Float, Kind::Float),
        "Int64Value" => wrapper(Described::Int64, Kind::Int64),
        "UInt64Value" => wrapper(Described::Uint64, Kind::Uint64),
        "Int32Value" => wrapper(Described::Int32, Kind::Int32),
        "UInt32Value" => wrapper(Described::Uint32, Kind::Uint32),
        "BoolValue" => wrapper(Described::Bool, Kind::Bool),
        "StringValue" => wrapper(Described::String, Kind::String),
        "BytesValue" => wrapper(Described::Bytes, Kind::Bytes),
        _ => None,
    }
}

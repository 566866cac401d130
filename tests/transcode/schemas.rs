//! Random schemas: one file of messages that name each other, with every kind of field there is.

use prost_reflect::DescriptorPool;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, MessageOptions, OneofDescriptorProto,
    descriptor_proto::ExtensionRange,
};

/// Numbers that look random and follow from a seed (the splitmix64 sequence).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `sides`.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        (self.roll() % sides as u64) as usize
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

const SCALARS: [Type; 15] = [
    Type::Double,
    Type::Float,
    Type::Int64,
    Type::Uint64,
    Type::Int32,
    Type::Fixed64,
    Type::Fixed32,
    Type::Bool,
    Type::String,
    Type::Bytes,
    Type::Uint32,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Sint32,
    Type::Sint64,
];

const KEYS: [Type; 12] = [
    Type::Int64,
    Type::Uint64,
    Type::Int32,
    Type::Fixed64,
    Type::Fixed32,
    Type::Bool,
    Type::String,
    Type::Uint32,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Sint32,
    Type::Sint64,
];

const KNOWN: [&str; 17] = [
    "Any",
    "Timestamp",
    "Duration",
    "FieldMask",
    "Struct",
    "Value",
    "ListValue",
    "Empty",
    "DoubleValue",
    "FloatValue",
    "Int64Value",
    "UInt64Value",
    "Int32Value",
    "UInt32Value",
    "BoolValue",
    "StringValue",
    "BytesValue",
];

const WORDS: [&str; 9] = [
    "a",
    "foo_bar",
    "x1",
    "long_name_of",
    "B",
    "UPPER_case",
    "trail_",
    "_lead",
    "n_1b",
];

const EXTENSIONS_FROM: i32 = 1000;
const NUMBER_MAX: i32 = 536_870_911;

struct Builder<'d> {
    dice: &'d mut Dice,
    proto2: bool,
    messages: usize,
}

/// A pool with the well-known types and a file `t`, whose messages are `t.M0`, `t.M1`, …
pub(crate) fn schema(dice: &mut Dice) -> (DescriptorPool, usize) {
    let proto2 = dice.once_in(2);
    let messages = 1 + dice.below(4);
    let mut builder = Builder {
        dice,
        proto2,
        messages,
    };
    let mut file = FileDescriptorProto {
        name: Some("t.proto".into()),
        package: Some("t".into()),
        syntax: Some(if proto2 { "proto2" } else { "proto3" }.into()),
        dependency: [
            "any",
            "timestamp",
            "duration",
            "field_mask",
            "struct",
            "empty",
            "wrappers",
        ]
        .iter()
        .map(|name| format!("google/protobuf/{name}.proto"))
        .collect(),
        enum_type: vec![builder.enumeration()],
        ..Default::default()
    };
    for index in 0..messages {
        let message = builder.message(index);
        file.message_type.push(message);
    }
    if proto2 {
        for index in 0..builder.dice.below(4) as i32 {
            let mut field = builder.field(index as usize, "M0", &mut DescriptorProto::default());
            let no_extension = field.label() == Label::Repeated && field.r#type() == Type::Group;
            field.name = Some(format!("ext_{index}"));
            field.json_name = None;
            field.number = Some(EXTENSIONS_FROM + index);
            field.extendee = Some(".t.M0".into());
            // Maps and groups need a nested type, which a file-level extension has no place for.
            if no_extension
                || field
                    .type_name
                    .as_deref()
                    .is_some_and(|name| name.starts_with(".t.M0."))
            {
                field.r#type = Some(Type::Message as i32);
                field.type_name = Some(".t.M0".into());
                field.options = None;
            }
            file.extension.push(field);
        }
    }
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(file).unwrap();
    (pool, messages)
}

impl Builder<'_> {
    fn enumeration(&mut self) -> EnumDescriptorProto {
        let first = if self.proto2 {
            self.dice.below(5) as i32 - 2
        } else {
            0
        };
        let value = |name: &str, number| EnumValueDescriptorProto {
            name: Some(name.into()),
            number: Some(number),
            options: None,
        };
        EnumDescriptorProto {
            name: Some("E".into()),
            value: vec![
                value("FIRST", first),
                value("TEN", 10),
                value("ALIAS", 10),
                value("NEGATIVE", -5),
                value("LAST", i32::MAX),
            ],
            options: Some(EnumOptions {
                allow_alias: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn message(&mut self, index: usize) -> DescriptorProto {
        let name = format!("M{index}");
        let mut message = DescriptorProto {
            name: Some(name.clone()),
            ..Default::default()
        };
        let oneofs = self.dice.below(3);
        let mut members = vec![Vec::new(); oneofs];
        let mut number = 0;
        for index in 0..self.dice.below(14) {
            number += 1 + if self.dice.once_in(4) {
                self.dice.below(30) as i32
            } else {
                0
            };
            let mut field = self.field(index, &name, &mut message);
            field.number = Some(if self.dice.once_in(30) {
                NUMBER_MAX - number
            } else {
                number
            });
            if field.label() == Label::Optional && oneofs > 0 && self.dice.once_in(3) {
                field.default_value = None;
                members[self.dice.below(oneofs)].push(message.field.len());
            }
            message.field.push(field);
        }
        for (nth, members) in members
            .into_iter()
            .filter(|members| !members.is_empty())
            .enumerate()
        {
            for member in members {
                message.field[member].oneof_index = Some(nth as i32);
            }
            message.oneof_decl.push(OneofDescriptorProto {
                name: Some(format!("one_{nth}")),
                options: None,
            });
        }
        for field in &mut message.field {
            let single = field.label() == Label::Optional && field.oneof_index.is_none();
            if !self.proto2 && single && self.dice.once_in(3) {
                field.proto3_optional = Some(true);
                field.oneof_index = Some(message.oneof_decl.len() as i32);
                let name = format!("_{}", field.name());
                message.oneof_decl.push(OneofDescriptorProto {
                    name: Some(name),
                    options: None,
                });
            }
        }
        if self.proto2 {
            message.extension_range = vec![ExtensionRange {
                start: Some(EXTENSIONS_FROM),
                end: Some(EXTENSIONS_FROM + 1000),
                options: None,
            }];
        }
        message
    }

    /// A field without a number. Types that it needs of its own are nested in `parent`.
    fn field(
        &mut self,
        index: usize,
        parent_name: &str,
        parent: &mut DescriptorProto,
    ) -> FieldDescriptorProto {
        let mut field = FieldDescriptorProto {
            name: Some(format!("{}_f{index}", self.dice.pick(&WORDS))),
            label: Some(Label::Optional as i32),
            ..Default::default()
        };
        if self.dice.once_in(10) {
            let odd = self
                .dice
                .pick(&["@", "näme", "with \"quotes\" ", "sp ace", "a.b-"]);
            field.json_name = Some(format!("{odd}{index}"));
        }
        match self.dice.below(10) {
            0 => {
                field.label = Some(Label::Repeated as i32);
                field.r#type = Some(Type::Message as i32);
                field.type_name = Some(format!(".t.{parent_name}.F{index}Entry"));
                let mut key = FieldDescriptorProto {
                    name: Some("key".into()),
                    number: Some(1),
                    label: Some(Label::Optional as i32),
                    ..Default::default()
                };
                key.set_type(self.dice.pick(&KEYS));
                let mut value = key.clone();
                value.name = Some("value".into());
                value.number = Some(2);
                self.give_type(&mut value);
                parent.nested_type.push(DescriptorProto {
                    name: Some(format!("F{index}Entry")),
                    field: vec![key, value],
                    options: Some(MessageOptions {
                        map_entry: Some(true),
                        ..Default::default()
                    }),
                    ..Default::default()
                });
            }
            1 if self.proto2 => {
                field.set_type(Type::Group);
                field.type_name = Some(format!(".t.{parent_name}.Group{index}"));
                field.name = Some(format!("group{index}"));
                if self.dice.once_in(2) {
                    field.label = Some(Label::Repeated as i32);
                }
                let mut inner = FieldDescriptorProto {
                    name: Some("inner".into()),
                    number: Some(3),
                    label: Some(Label::Optional as i32),
                    ..Default::default()
                };
                self.give_type(&mut inner);
                parent.nested_type.push(DescriptorProto {
                    name: Some(format!("Group{index}")),
                    field: vec![inner],
                    ..Default::default()
                });
            }
            roll => {
                self.give_type(&mut field);
                if roll < 5 {
                    field.label = Some(Label::Repeated as i32);
                    let packable =
                        !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message);
                    if packable && self.dice.once_in(2) {
                        let packed = Some(self.dice.once_in(2));
                        field.options = Some(FieldOptions {
                            packed,
                            ..Default::default()
                        });
                    }
                } else if self.proto2 && self.dice.once_in(3) {
                    field.default_value = match field.r#type() {
                        Type::Int32 | Type::Sint64 | Type::Double => Some("-7".into()),
                        Type::String => Some("preset".into()),
                        Type::Enum => Some("TEN".into()),
                        _ => None,
                    };
                }
            }
        }
        field
    }

    fn give_type(&mut self, field: &mut FieldDescriptorProto) {
        let (kind, name) = match self.dice.below(12) {
            0 | 1 => (
                Type::Message,
                format!(".t.M{}", self.dice.below(self.messages)),
            ),
            2 | 3 => (
                Type::Message,
                format!(".google.protobuf.{}", self.dice.pick(&KNOWN)),
            ),
            4 => (Type::Enum, ".t.E".into()),
            5 if self.dice.once_in(3) && !self.proto2 => {
                (Type::Enum, ".google.protobuf.NullValue".into())
            }
            _ => (self.dice.pick(&SCALARS), String::new()),
        };
        field.set_type(kind);
        field.type_name = Some(name).filter(|name| !name.is_empty());
    }
}

//! A descriptor set with one method that has all the bindings, written byte by byte: options with a
//! `google.api.http` annotation are what generated descriptor types do not keep.

use super::Line;

/// Field number of the `google.api.http` extension in `MethodOptions`.
const HTTP: u64 = 72_295_728;

/// Numbers of `FieldDescriptorProto.type` and `.label`.
const TYPE_STRING: u64 = 9;
const TYPE_MESSAGE: u64 = 11;
const LABEL_OPTIONAL: u64 = 1;
const LABEL_REPEATED: u64 = 3;

/// The request message: texts `a` to `d`, itself as `n`, and the repeated `r`.
const FIELDS: [(&str, u64, u64); 6] = [
    ("a", TYPE_STRING, LABEL_OPTIONAL),
    ("b", TYPE_STRING, LABEL_OPTIONAL),
    ("c", TYPE_STRING, LABEL_OPTIONAL),
    ("d", TYPE_STRING, LABEL_OPTIONAL),
    ("n", TYPE_MESSAGE, LABEL_OPTIONAL),
    ("r", TYPE_STRING, LABEL_REPEATED),
];

/// A `FileDescriptorSet` of one file.
pub(super) fn set(bindings: &[Line]) -> Vec<u8> {
    let mut message = Message::default().text(1, "M");
    for (number, (name, kind, label)) in (1..).zip(FIELDS) {
        let mut field = Message::default()
            .text(1, name)
            .number(3, number)
            .number(4, label)
            .number(5, kind);
        if kind == TYPE_MESSAGE {
            field = field.text(6, ".t.M");
        }
        message = message.message(2, field);
    }
    let mut rules = bindings
        .iter()
        .map(|(method, template)| rule(method, template));
    let mut annotation = rules.next().unwrap_or_default();
    for rule in rules {
        annotation = annotation.message(11, rule);
    }
    let method = Message::default()
        .text(1, "M")
        .text(2, ".t.M")
        .text(3, ".t.M")
        .message(4, Message::default().message(HTTP, annotation));
    let service = Message::default().text(1, "S").message(2, method);
    let file = Message::default()
        .text(1, "t.proto")
        .text(2, "t")
        .message(4, message)
        .message(6, service)
        .text(12, "proto3");
    Message::default().message(1, file).0
}

fn rule(verb: &str, template: &str) -> Message {
    let number = match verb {
        "GET" => 2,
        "PUT" => 3,
        "POST" => 4,
        "DELETE" => 5,
        "PATCH" => 6,
        _ => {
            let custom = Message::default().text(1, verb).text(2, template);
            return Message::default().message(8, custom);
        }
    };
    Message::default().text(number, template)
}

/// The wire form of a message, growing.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    fn message(self, field: u64, value: Self) -> Self {
        self.bytes(field, &value.0)
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

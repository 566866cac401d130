//! Editions 2023 and 2024, rewritten as proto3, which is what the descriptor pool understands.
//!
//! | feature | becomes |
//! |---|---|
//! | `field_presence = EXPLICIT` | `proto3_optional` with a synthetic oneof |
//! | `field_presence = IMPLICIT` | a plain proto3 field |
//! | `field_presence = LEGACY_REQUIRED` | label `required`, with presence |
//! | `message_encoding = DELIMITED` | a group |
//! | `repeated_field_encoding` | `packed` written out |
//! | `enum_type = CLOSED` | remembered in `transcode::Lowered`, for the plans |
//!
//! Features are inherited from the file to messages to what is in them. A closed enum that does not
//! begin with zero cannot stand in a proto3 file: such a file becomes proto2, where presence is
//! explicit everywhere and enums are closed, and its open enums and implicit fields are treated so.

use std::collections::HashSet;

use prost::bytes::{BufMut as _, Bytes, BytesMut};

use super::descriptor::{Enum, Field, File, Message, Oneof, join, number, options};

pub(super) mod json_format;
#[cfg(test)]
mod tests;

/// `EDITION_2023`, the first.
const EDITION_2023: i32 = 1000;
/// `EDITION_2024`, the last that is known here.
const EDITION_2024: i32 = 1001;

/// Tag of `FieldOptions.packed`: field 2, varint.
const PACKED_TAG: u8 = 2 << 3;

/// A file whose syntax nobody here knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EditionError {
    #[error(
        "is written in edition {0}; editions 2023 and 2024 are understood, and proto2 and proto3"
    )]
    Edition(String),
    #[error("is written in syntax {0:?}; proto2, proto3 and editions are understood")]
    Syntax(String),
}

/// `google.protobuf.FeatureSet`. Zero is "not set here": inherit.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Features {
    #[prost(int32, tag = "1")]
    field_presence: i32,
    #[prost(int32, tag = "2")]
    enum_type: i32,
    #[prost(int32, tag = "3")]
    repeated_field_encoding: i32,
    #[prost(int32, tag = "5")]
    message_encoding: i32,
    #[prost(int32, tag = "6")]
    json_format: i32,
}

const IMPLICIT: i32 = 2;
const LEGACY_REQUIRED: i32 = 3;
const CLOSED: i32 = 2;
const EXPANDED: i32 = 2;
const DELIMITED: i32 = 2;

/// The defaults of both editions.
const DEFAULTS: Features = Features {
    field_presence: 1,
    enum_type: 1,
    repeated_field_encoding: 1,
    message_encoding: 1,
    json_format: 1,
};

/// Where each kind of options keeps its features.
macro_rules! features_in {
    ($($name:ident = $tag:literal),*) => {$(
        #[derive(Clone, PartialEq, prost::Message)]
        struct $name {
            #[prost(message, optional, tag = $tag)]
            features: Option<Features>,
        }
    )*};
}
features_in!(
    FileOptions = "50",
    MessageOptions = "12",
    FieldOptions = "21",
    EnumOptions = "7",
    OneofOptions = "1"
);

/// Rewrites a file in place; proto2 and proto3 files stay as they are. The full names of closed
/// enums go into `closed`.
pub(super) fn lower(file: &mut File, closed: &mut HashSet<String>) -> Result<(), EditionError> {
    match file.syntax.as_deref() {
        None | Some("" | "proto2") => {
            file.syntax = None;
            return Ok(());
        }
        Some("proto3") => return Ok(()),
        Some("editions") => {}
        Some(other) => return Err(EditionError::Syntax(clip(other))),
    }
    match file.edition {
        Some(EDITION_2023 | EDITION_2024) => {}
        other => return Err(EditionError::Edition(edition_name(other))),
    }
    let features = DEFAULTS.with(options::<FileOptions>(file.options.as_ref()).features);
    let mut lowering = Lowering {
        closed: HashSet::new(),
        target: Target::Proto3,
    };
    if begins_elsewhere(&file.enumeration, &file.message) {
        lowering.target = Target::Proto2;
    }
    let package = file.package().to_owned();
    lowering.enums(&package, &file.enumeration, features);
    for message in &mut file.message {
        lowering.message(&package, message, features);
    }
    for extension in &mut file.extension {
        lowering.field(extension, features, Place::Extension);
    }
    file.edition = None;
    file.syntax = match lowering.target {
        Target::Proto3 => Some("proto3".to_owned()),
        Target::Proto2 => None,
    };
    closed.extend(lowering.closed);
    Ok(())
}

impl Features {
    /// What is set in `nearer` counts.
    fn with(self, nearer: Option<Self>) -> Self {
        let Some(nearer) = nearer else { return self };
        let pick = |near: i32, far: i32| if near == 0 { far } else { near };
        Self {
            field_presence: pick(nearer.field_presence, self.field_presence),
            enum_type: pick(nearer.enum_type, self.enum_type),
            repeated_field_encoding: pick(
                nearer.repeated_field_encoding,
                self.repeated_field_encoding,
            ),
            message_encoding: pick(nearer.message_encoding, self.message_encoding),
            json_format: pick(nearer.json_format, self.json_format),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Proto3,
    Proto2,
}

/// Where a field stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Message,
    MapEntry,
    Extension,
}

struct Lowering {
    closed: HashSet<String>,
    target: Target,
}

impl Lowering {
    fn message(&mut self, parent: &str, message: &mut Message, features: Features) {
        let name = join(parent, message.name.as_deref());
        let features = features.with(options::<MessageOptions>(message.options.as_ref()).features);
        self.enums(&name, &message.enumeration, features);

        let maps: HashSet<String> = message
            .nested
            .iter()
            .filter(|nested| nested.is_map_entry())
            .map(|nested| format!(".{}", join(&name, nested.name.as_deref())))
            .collect();
        let place = if message.is_map_entry() {
            Place::MapEntry
        } else {
            Place::Message
        };
        let oneofs: Vec<Features> = message
            .oneof
            .iter()
            .map(|oneof| features.with(options::<OneofOptions>(oneof.options.as_ref()).features))
            .collect();
        for field in &mut message.field {
            let inherited = field
                .oneof_index
                .and_then(|index| oneofs.get(usize::try_from(index).ok()?))
                .copied()
                .unwrap_or(features);
            // A map is encoded one way only, whatever its surroundings say.
            let is_map = field
                .type_name
                .as_ref()
                .is_some_and(|entry| maps.contains(entry));
            self.field(
                field,
                inherited,
                if is_map { Place::MapEntry } else { place },
            );
        }
        if place == Place::Message && self.target == Target::Proto3 {
            add_synthetic_oneofs(message);
        }
        for nested in &mut message.nested {
            self.message(&name, nested, features);
        }
        for extension in &mut message.extension {
            self.field(extension, features, Place::Extension);
        }
    }

    fn field(&self, field: &mut Field, inherited: Features, place: Place) {
        let features = inherited.with(options::<FieldOptions>(field.options.as_ref()).features);
        if place == Place::MapEntry {
            return;
        }
        if field.kind == Some(number::TYPE_MESSAGE) && features.message_encoding == DELIMITED {
            field.kind = Some(number::TYPE_GROUP);
        }
        if field.is_repeated() {
            if is_packable(field) {
                let packed = features.repeated_field_encoding != EXPANDED;
                field.options = Some(with_packed(field.options.as_ref(), packed));
            }
            return;
        }
        if field.oneof_index.is_some() {
            return;
        }
        if features.field_presence == LEGACY_REQUIRED && place == Place::Message {
            field.label = Some(number::LABEL_REQUIRED);
        }
        // Messages have presence by themselves, and so have extensions.
        let explicit = features.field_presence != IMPLICIT || place == Place::Extension;
        if self.target == Target::Proto3 && explicit && !field.is_message() {
            field.proto3_optional = Some(true);
        }
    }

    fn enums(&mut self, parent: &str, enums: &[Enum], features: Features) {
        for enumeration in enums {
            let own = options::<EnumOptions>(enumeration.options.as_ref()).features;
            if features.with(own).enum_type == CLOSED {
                self.closed
                    .insert(join(parent, enumeration.name.as_deref()));
            }
        }
    }
}

/// Every `proto3_optional` field stands alone in a oneof of its own, after the real ones.
fn add_synthetic_oneofs(message: &mut Message) {
    let mut taken: HashSet<String> = message
        .field
        .iter()
        .map(|field| &field.name)
        .chain(message.oneof.iter().map(|oneof| &oneof.name))
        .chain(message.nested.iter().map(|nested| &nested.name))
        .chain(
            message
                .enumeration
                .iter()
                .map(|enumeration| &enumeration.name),
        )
        .chain(
            message
                .enumeration
                .iter()
                .flat_map(|e| e.value.iter().map(|value| &value.name)),
        )
        .chain(message.extension.iter().map(|extension| &extension.name))
        .flatten()
        .cloned()
        .collect();
    for field in &mut message.field {
        if field.proto3_optional != Some(true) || field.oneof_index.is_some() {
            continue;
        }
        let Ok(index) = i32::try_from(message.oneof.len()) else {
            return;
        };
        // protoc's own rule for a taken name: put an X before it.
        let mut name = format!("_{}", field.name.as_deref().unwrap_or_default());
        while !taken.insert(name.clone()) {
            name.insert(0, 'X');
        }
        message.oneof.push(Oneof {
            name: Some(name),
            options: None,
        });
        field.oneof_index = Some(index);
    }
}

/// Whether some enum of a file begins with another value than zero; only closed ones may.
fn begins_elsewhere(enums: &[Enum], messages: &[Message]) -> bool {
    enums.iter().any(|e| {
        e.value
            .first()
            .is_some_and(|first| first.number.unwrap_or_default() != 0)
    }) || messages
        .iter()
        .any(|m| begins_elsewhere(&m.enumeration, &m.nested))
}

/// Everything but what is length-delimited anyway.
const fn is_packable(field: &Field) -> bool {
    use number::{TYPE_BYTES, TYPE_GROUP, TYPE_MESSAGE, TYPE_STRING};
    !matches!(
        field.kind,
        None | Some(TYPE_STRING | TYPE_GROUP | TYPE_MESSAGE | TYPE_BYTES)
    )
}

/// The options with `packed` said; the last of a singular field counts.
fn with_packed(options: Option<&Bytes>, packed: bool) -> Bytes {
    let mut out = BytesMut::from(options.map(Bytes::as_ref).unwrap_or_default());
    out.put_slice(&[PACKED_TAG, u8::from(packed)]);
    out.freeze()
}

fn edition_name(edition: Option<i32>) -> String {
    match edition {
        None => "unknown (the file names none)".to_owned(),
        Some(number) => format!("number {number}"),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

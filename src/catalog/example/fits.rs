//! Whether the gateway takes a given value for a field: annotations are written by hand, and may be wrong.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::Value;

use super::{DEPTH_MAX, Examples};
use crate::catalog::FieldDescriptor;
use crate::catalog::has_own_form;

impl Examples<'_> {
    /// A given value is one that the gateway takes for a field.
    pub(super) fn fits(&self, field: &FieldDescriptor, value: &Value) -> bool {
        let kind = field.value_kind();
        match value {
            Value::Array(values) if field.is_list() => values
                .iter()
                .all(|value| self.fits_kind(&kind, value, DEPTH_MAX)),
            Value::Object(values) if field.is_map() => {
                let is_text = (field.kind().as_message())
                    .is_some_and(|entry| entry.map_entry_key_field().kind() == Kind::String);
                is_text
                    && values
                        .values()
                        .all(|value| self.fits_kind(&kind, value, DEPTH_MAX))
            }
            value => !field.is_list() && !field.is_map() && self.fits_kind(&kind, value, DEPTH_MAX),
        }
    }

    fn fits_kind(&self, kind: &Kind, value: &Value, depth: usize) -> bool {
        let within = |least: i128, most: i128| {
            let number = value.as_i64().map(i128::from);
            let number = number.or_else(|| value.as_u64().map(i128::from));
            let text = value.as_str().and_then(|text| text.parse::<i128>().ok());
            number.or(text).is_some_and(|n| (least..=most).contains(&n))
        };
        match kind {
            Kind::Bool => value.is_boolean(),
            Kind::String => value.is_string(),
            Kind::Bytes => value
                .as_str()
                .is_some_and(|text| base64_simd::STANDARD.check(text.as_bytes()).is_ok()),
            Kind::Float | Kind::Double => value.is_number(),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                value.is_number() && within(i32::MIN.into(), i32::MAX.into())
            }
            Kind::Uint32 | Kind::Fixed32 => value.is_number() && within(0, u32::MAX.into()),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                value.is_string() && within(i64::MIN.into(), i64::MAX.into())
            }
            Kind::Uint64 | Kind::Fixed64 => value.is_string() && within(0, u64::MAX.into()),
            Kind::Enum(of) => {
                let known = self.catalog.enums.get(of.full_name());
                known.is_some_and(|of| {
                    of.values
                        .iter()
                        .any(|own| Some(own.name.as_str()) == value.as_str())
                })
            }
            Kind::Message(of) => depth > 0 && self.fits_message(of, value, depth - 1),
        }
    }

    pub(super) fn fits_message(&self, of: &MessageDescriptor, value: &Value, depth: usize) -> bool {
        if has_own_form(of) {
            // Only the wrappers' forms are judged here.
            let wrapped = of.get_field(1).filter(|_| of.fields().len() == 1);
            return of.name().ends_with("Value")
                && wrapped.is_some_and(|field| {
                    !field.is_list() && self.fits_kind(&field.kind(), value, depth)
                });
        }
        let (Value::Object(members), Some(message)) =
            (value, self.catalog.messages.get(of.full_name()))
        else {
            return false;
        };
        depth > 0
            && members.iter().all(|(key, value)| {
                let field = message.fields.iter().find(|field| field.json_name == *key);
                field.is_some_and(|field| {
                    let kind = field.descriptor.value_kind();
                    !field.descriptor.is_map()
                        && match value {
                            Value::Array(values) if field.descriptor.is_list() => values
                                .iter()
                                .all(|one| self.fits_kind(&kind, one, depth - 1)),
                            one => {
                                !field.descriptor.is_list() && self.fits_kind(&kind, one, depth - 1)
                            }
                        }
                })
            })
    }
}

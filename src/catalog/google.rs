//! What Google's annotations say of an element: `field_behavior`, `field_info`, `resource`,
//! `resource_reference`, visibility; and the option `deprecated` beside them.
//!
//! They are read by field numbers out of the options' bytes, so nothing here relies on the annotations'
//! own definitions being part of the schema. What cannot be decoded counts as absent, each annotation for
//! itself; only a visibility that cannot be decoded shows the element to nobody.

use std::collections::BTreeSet;

use prost::Message as _;
use prost::bytes::BytesMut;
use prost_reflect::DynamicMessage;

use super::message::{Behavior, Format, Resource};
use crate::schema::record::{Packing, Record, Scalar};

/// `google.api.*_visibility`, on every kind of element.
const VISIBILITY: u32 = 72_295_727;
/// `google.api.field_behavior`.
const BEHAVIOR: u32 = 1052;
/// `google.api.resource` of a message, `google.api.resource_definition` of a file.
const RESOURCE: u32 = 1053;
/// `google.api.resource_reference`.
const REFERENCE: u32 = 1055;
/// `google.api.field_info`.
const INFO: u32 = 291_403_980;
/// `debug_redact` of a field.
const REDACT: u32 = 16;

/// The options of one element.
#[derive(Clone, Debug)]
pub(super) struct Options {
    record: Record,
    reading: Reading,
}

/// What became of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Whole,
    /// They do not fit their definitions, and nobody knows what they say.
    Failed,
}

#[derive(Clone, PartialEq, prost::Message)]
struct VisibilityRule {
    #[prost(string, tag = "2")]
    restriction: String,
}

impl Options {
    /// Reads the options of a descriptor.
    pub(super) fn read(options: impl FnOnce() -> DynamicMessage) -> Self {
        match Record::of_fitting_options(options) {
            Some(record) => Self {
                record,
                reading: Reading::Whole,
            },
            None => Self {
                record: Record::default(),
                reading: Reading::Failed,
            },
        }
    }

    /// All of them by number, for what is no annotation of Google's.
    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// True if somebody with these labels may see the element.
    pub(super) fn is_visible_to(&self, labels: &BTreeSet<String>) -> bool {
        if self.reading == Reading::Failed {
            return false;
        }
        let mut said = BytesMut::new();
        for (_, scalar) in self.record.fields().filter(|(n, _)| *n == VISIBILITY) {
            let Scalar::Bytes(part) = scalar else {
                return false;
            };
            said.extend_from_slice(part);
        }
        let Ok(rule) = VisibilityRule::decode(said.freeze()) else {
            return false;
        };
        let mut wanted = rule.restriction.split(',').map(str::trim).peekable();
        wanted.peek().is_none_or(|first| first.is_empty())
            || wanted.any(|label| labels.contains(label))
    }

    /// `google.api.field_behavior`, sorted, each once.
    pub(super) fn behaviors(&self) -> Vec<Behavior> {
        let numbers = self.record.list(BEHAVIOR, Packing::Varint).into_iter();
        let known: BTreeSet<Behavior> = numbers
            .filter_map(|number| match number {
                Scalar::Varint(number) => Behavior::new(number),
                Scalar::Fixed64(_) | Scalar::Fixed32(_) | Scalar::Bytes(_) => None,
            })
            .collect();
        known.into_iter().collect()
    }

    /// `google.api.field_info.format`.
    pub(super) fn format(&self) -> Option<Format> {
        Format::new(self.record.message(INFO)?.varint(1)?)
    }

    /// The option `debug_redact` of a field: its values are not for everybody's eyes.
    pub(super) fn is_redacted(&self) -> bool {
        self.record.flag(REDACT)
    }

    /// The type that `google.api.resource_reference` names.
    pub(super) fn reference(&self) -> Option<String> {
        let kind = self.record.message(REFERENCE)?.text(1)?;
        (!kind.is_empty()).then_some(kind)
    }

    /// `google.api.resource` of a message, or `google.api.resource_definition` of a file.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let resources = self.record.messages(RESOURCE);
        resources
            .filter_map(|resource| {
                let text = |number| resource.text(number).filter(|text| !text.is_empty());
                Some(Resource {
                    kind: text(1)?,
                    patterns: resource.texts(2),
                    name_field: text(3).unwrap_or_else(|| "name".to_owned()),
                })
            })
            .collect()
    }
}

impl Behavior {
    /// `google.api.FieldBehavior` by number; none for one that is not known.
    const fn new(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Optional,
            2 => Self::Required,
            3 => Self::OutputOnly,
            4 => Self::InputOnly,
            5 => Self::Immutable,
            6 => Self::UnorderedList,
            7 => Self::NonEmptyDefault,
            8 => Self::Identifier,
            _ => return None,
        })
    }
}

impl Format {
    /// `google.api.FieldInfo.Format` by number; none for one that is not known.
    const fn new(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Uuid4,
            2 => Self::Ipv4,
            3 => Self::Ipv6,
            4 => Self::Ipv4OrIpv6,
            _ => return None,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of_bytes(bytes: Vec<u8>) -> Options {
        Options {
            record: Record::read(bytes.into()),
            reading: Reading::Whole,
        }
    }

    fn restricted(restriction: &str) -> Options {
        let rule = VisibilityRule {
            restriction: restriction.to_owned(),
        };
        let mut bytes = Vec::new();
        prost::encoding::message::encode(VISIBILITY, &rule, &mut bytes);
        of_bytes(bytes)
    }

    #[test]
    fn one_label_of_a_rule_is_enough_and_no_rule_is_for_everybody() {
        let labels = BTreeSet::from(["BETA".to_owned()]);
        for (options, expected) in [
            (of_bytes(Vec::new()), true),
            (restricted(""), true),
            (restricted("BETA"), true),
            (restricted("INTERNAL, BETA"), true),
            (restricted("INTERNAL"), false),
        ] {
            assert_eq!(options.is_visible_to(&labels), expected, "{options:?}");
        }
    }

    #[test]
    fn a_visibility_that_cannot_be_decoded_shows_nothing() {
        // Field 72295727 as a varint instead of a message.
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(u64::from(VISIBILITY) << 3, &mut bytes);
        bytes.push(1);
        let options = of_bytes(bytes);
        assert!(!options.is_visible_to(&BTreeSet::new()));
        assert!(options.behaviors().is_empty());
        let options = Options::read(|| panic!("options that do not fit"));
        assert!(!options.is_visible_to(&BTreeSet::new()));
    }
}

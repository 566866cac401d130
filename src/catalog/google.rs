//! What Google's annotations say of an element: `field_behavior`, `field_info`, `resource`,
//! `resource_reference`, visibility; and the option `deprecated` beside them.
//!
//! They are read by field numbers out of the options' bytes, so nothing here relies on the annotations'
//! own definitions being part of the schema. What cannot be decoded counts as absent, each annotation for
//! itself; only a visibility that cannot be decoded shows the element to nobody.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost::Message as _;
use prost::bytes::Bytes;
use prost_reflect::DynamicMessage;

use super::message::{Behavior, Format, Resource};

/// The options of one element, as bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Options(Bytes);

#[derive(Clone, PartialEq, prost::Message)]
struct VisibilityOptions {
    #[prost(message, optional, tag = "72295727")]
    rule: Option<VisibilityRule>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct VisibilityRule {
    #[prost(string, tag = "2")]
    restriction: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BehaviorOptions {
    #[prost(int32, repeated, tag = "1052")]
    behavior: Vec<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct InfoOptions {
    #[prost(message, optional, tag = "291403980")]
    info: Option<FieldInfo>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FieldInfo {
    #[prost(int32, tag = "1")]
    format: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ReferenceOptions {
    #[prost(message, optional, tag = "1055")]
    reference: Option<ResourceReference>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceReference {
    #[prost(string, tag = "1")]
    kind: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RedactOptions {
    #[prost(bool, tag = "16")]
    debug_redact: bool,
}

/// Of a message one, of a file many.
#[derive(Clone, PartialEq, prost::Message)]
struct ResourceOptions {
    #[prost(message, repeated, tag = "1053")]
    resources: Vec<ResourceDescriptor>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceDescriptor {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, repeated, tag = "2")]
    pattern: Vec<String>,
    #[prost(string, tag = "3")]
    name_field: String,
}

impl Options {
    /// Reads the options of a descriptor. The library that holds them trusts them and panics on those
    /// that do not fit their definitions, so it is guarded.
    pub(super) fn read(options: impl FnOnce() -> DynamicMessage) -> Self {
        let bytes = catch_unwind(AssertUnwindSafe(|| options().encode_to_vec()));
        Self(bytes.map(Bytes::from).unwrap_or_default())
    }

    /// What is known of some annotation.
    fn get<T: prost::Message + Default>(&self) -> T {
        if self.0.is_empty() {
            return T::default();
        }
        T::decode(self.0.clone()).unwrap_or_default()
    }

    /// True if somebody with these labels may see the element.
    pub(super) fn is_visible_to(&self, labels: &BTreeSet<String>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Ok(options) = VisibilityOptions::decode(self.0.clone()) else {
            return false;
        };
        let Some(rule) = options.rule else {
            return true;
        };
        let mut wanted = rule.restriction.split(',').map(str::trim).peekable();
        wanted.peek().is_none_or(|first| first.is_empty())
            || wanted.any(|label| labels.contains(label))
    }

    /// `google.api.field_behavior`, sorted, each once.
    pub(super) fn behaviors(&self) -> Vec<Behavior> {
        let options: BehaviorOptions = self.get();
        let numbers = options.behavior.iter();
        let known: BTreeSet<Behavior> = numbers.filter_map(|n| Behavior::new(*n)).collect();
        known.into_iter().collect()
    }

    /// `google.api.field_info.format`.
    pub(super) fn format(&self) -> Option<Format> {
        let options: InfoOptions = self.get();
        Format::new(options.info?.format)
    }

    /// The option `debug_redact` of a field: its values are not for everybody's eyes.
    pub(super) fn is_redacted(&self) -> bool {
        self.get::<RedactOptions>().debug_redact
    }

    /// The type that `google.api.resource_reference` names.
    pub(super) fn reference(&self) -> Option<String> {
        let options: ReferenceOptions = self.get();
        let kind = options.reference?.kind;
        (!kind.is_empty()).then_some(kind)
    }

    /// `google.api.resource` of a message, or `google.api.resource_definition` of a file.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let options: ResourceOptions = self.get();
        let resources = options.resources.into_iter();
        let named = resources.filter(|resource| !resource.kind.is_empty());
        named
            .map(|resource| Resource {
                kind: resource.kind,
                patterns: resource.pattern,
                name_field: if resource.name_field.is_empty() {
                    "name".to_owned()
                } else {
                    resource.name_field
                },
            })
            .collect()
    }
}

impl Behavior {
    /// `google.api.FieldBehavior` by number; none for one that is not known.
    const fn new(number: i32) -> Option<Self> {
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
    const fn new(number: i32) -> Option<Self> {
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

    fn restricted(restriction: &str) -> Options {
        let rule = VisibilityRule {
            restriction: restriction.to_owned(),
        };
        Options(
            VisibilityOptions { rule: Some(rule) }
                .encode_to_vec()
                .into(),
        )
    }

    #[test]
    fn one_label_of_a_rule_is_enough_and_no_rule_is_for_everybody() {
        let labels = BTreeSet::from(["BETA".to_owned()]);
        for (options, expected) in [
            (Options::default(), true),
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
        prost::encoding::encode_varint(72_295_727 << 3, &mut bytes);
        bytes.push(1);
        let options = Options(bytes.into());
        assert!(!options.is_visible_to(&BTreeSet::new()));
        assert!(options.behaviors().is_empty());
    }
}

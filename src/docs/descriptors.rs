//! The descriptors of what is shown, for tools: nothing in them that the pages do not have.

use std::collections::HashSet;

use super::View;
use crate::catalog::Catalog;
use crate::schema::Kept;

/// A `google.protobuf.FileDescriptorSet`.
pub(super) fn set(view: &View<'_>) -> Vec<u8> {
    let methods = view.catalog.methods();
    let shown = Shown {
        catalog: view.catalog,
        methods: methods
            .map(|(_, _, method)| method.descriptor.full_name())
            .collect(),
    };
    view.schema.descriptor_set(&shown)
}

/// What a catalog has.
struct Shown<'a> {
    catalog: &'a Catalog,
    methods: HashSet<&'a str>,
}

impl Kept for Shown<'_> {
    fn method(&self, name: &str) -> bool {
        self.methods.contains(name)
    }

    fn message(&self, name: &str) -> bool {
        self.catalog.messages.contains_key(name)
    }

    fn field(&self, message: &str, number: u32) -> bool {
        self.catalog.messages.get(message).is_some_and(|message| {
            message
                .fields
                .iter()
                .any(|field| field.descriptor.number() == number)
        })
    }

    fn enumeration(&self, name: &str) -> bool {
        self.catalog.enums.contains_key(name)
    }

    fn value(&self, enumeration: &str, name: &str) -> bool {
        self.catalog
            .enums
            .get(enumeration)
            .is_some_and(|enumeration| enumeration.values.iter().any(|value| value.name == name))
    }
}

//! What can be found: everything of a catalog that has a name, in one order.

use std::borrow::Cow;

use super::parts;
use crate::catalog::{
    Catalog, Enum, EnumValue, Field, Message, Method, Operation, Package, Service,
};
use crate::docs::View;

/// Something with a name and a page, or a place on one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry<'a> {
    Package(&'a Package),
    Service(&'a Package, &'a Service),
    Method(&'a Package, &'a Service, &'a Method),
    Message(&'a Message),
    Enum(&'a Enum),
    Field(&'a Message, &'a Field),
    Value(&'a Enum, &'a EnumValue),
}

/// All of a catalog: what is called before what it is made of.
pub(super) fn entries(catalog: &Catalog) -> impl Iterator<Item = Entry<'_>> {
    let packages = catalog
        .packages
        .iter()
        .filter(|package| !package.services.is_empty());
    let services = packages.clone().flat_map(|package| {
        let services = package.services.iter();
        services.map(move |service| Entry::Service(package, service))
    });
    let methods = catalog.methods();
    let fields = catalog.messages.values().flat_map(|message| {
        let fields = message.fields.iter();
        fields.map(move |field| Entry::Field(message, field))
    });
    let values = catalog.enums.values().flat_map(|enumeration| {
        let values = enumeration.values.iter();
        values.map(move |value| Entry::Value(enumeration, value))
    });
    packages
        .map(Entry::Package)
        .chain(services)
        .chain(methods.map(|(package, service, method)| Entry::Method(package, service, method)))
        .chain(catalog.messages.values().map(Entry::Message))
        .chain(catalog.enums.values().map(Entry::Enum))
        .chain(fields)
        .chain(values)
}

impl<'a> Entry<'a> {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Package(_) => "package",
            Self::Service(..) => "service",
            Self::Method(..) => "method",
            Self::Message(_) => "message",
            Self::Enum(_) => "enum",
            Self::Field(..) => "field",
            Self::Value(..) => "value",
        }
    }

    pub(super) fn name(&self) -> &'a str {
        match self {
            Self::Package(package) => parts::shown(package),
            Self::Service(_, service) => &service.short,
            Self::Method(_, _, method) => &method.served.name,
            Self::Message(message) => last(&message.descriptor, |d| d.full_name()),
            Self::Enum(enumeration) => last(&enumeration.descriptor, |d| d.full_name()),
            Self::Field(_, field) => &field.json_name,
            Self::Value(_, value) => &value.name,
        }
    }

    /// The name in protos where it is another.
    pub(super) fn other_name(&self) -> Option<&'a str> {
        match self {
            Self::Field(_, field) => Some(crate::docs::fields::anchor(&field.descriptor)),
            _ => None,
        }
    }

    /// The full name of what holds it.
    pub(super) fn within(&self) -> Cow<'a, str> {
        match self {
            Self::Package(_) => Cow::Borrowed(""),
            Self::Service(package, _) => Cow::Borrowed(&package.name),
            Self::Method(_, service, _) => Cow::Borrowed(&service.name),
            Self::Message(message) => Cow::Borrowed(parent(message.descriptor.full_name())),
            Self::Enum(enumeration) => Cow::Borrowed(parent(enumeration.descriptor.full_name())),
            Self::Field(message, _) => Cow::Borrowed(message.descriptor.full_name()),
            Self::Value(enumeration, _) => Cow::Borrowed(enumeration.descriptor.full_name()),
        }
    }

    /// Its comment.
    pub(super) fn text(&self) -> &'a str {
        match self {
            Self::Package(package) => &package.comment,
            Self::Service(_, service) => &service.comment,
            Self::Method(_, _, method) => parts::summary(method),
            Self::Message(message) => &message.comment,
            Self::Enum(enumeration) => &enumeration.comment,
            Self::Field(_, field) => &field.comment,
            Self::Value(_, value) => &value.comment,
        }
    }

    /// What the index says of it: fields and values are many, and have their names.
    pub(super) fn summary(&self) -> &'a str {
        match self {
            Self::Field(..) | Self::Value(..) => "",
            _ => self.text().split("\n\n").next().unwrap_or_default(),
        }
    }

    pub(super) fn operation(&self) -> Option<&'a Operation> {
        self.operations().first()
    }

    pub(super) fn operations(&self) -> &'a [Operation] {
        match self {
            Self::Method(_, _, method) => &method.operations,
            _ => &[],
        }
    }

    /// Where it is described.
    pub(super) fn path(&self, view: &View<'_>) -> String {
        let links = view.links();
        match self {
            Self::Package(package) => links.package(&package.name),
            Self::Service(package, service) => links.service(package, service),
            Self::Method(package, service, method) => links.method(package, service, method),
            Self::Message(message) => links.message(message),
            Self::Enum(enumeration) => links.enumeration(enumeration),
            Self::Field(message, field) => {
                format!(
                    "{}#{}",
                    links.message(message),
                    crate::docs::fields::anchor(&field.descriptor)
                )
            }
            Self::Value(enumeration, value) => {
                format!("{}#{}", links.enumeration(enumeration), value.name)
            }
        }
    }
}

/// The last part of a descriptor's name.
fn last<D>(descriptor: &D, full_name: impl Fn(&D) -> &str) -> &str {
    let full = full_name(descriptor);
    full.rsplit('.').next().unwrap_or(full)
}

fn parent(full_name: &str) -> &str {
    full_name.rsplit_once('.').map_or("", |(parent, _)| parent)
}

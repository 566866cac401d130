//! Names of components: of messages and enums, plain or short, and of each form they are printed in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost_reflect::{EnumDescriptor, MessageDescriptor};

use crate::catalog::message::Behavior;
use crate::catalog::{Catalog, Message};
use crate::openapi::options::{
    ComponentNames, Direction, EnumForm, FieldNames, Form, Options, Split, Zeros,
};

/// How components are called.
#[derive(Debug)]
pub(super) struct Names {
    options: Options,
    /// By full name; empty where full names are used.
    short: BTreeMap<String, String>,
    /// Every name that a component has without a suffix.
    taken: BTreeSet<String>,
    /// Messages that are not the same in both directions.
    differ: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(catalog: &Catalog, options: &Options) -> Self {
        let short = match options.names {
            ComponentNames::Full => BTreeMap::new(),
            ComponentNames::Simple => short(catalog),
        };
        let full = catalog.messages.keys().chain(catalog.enums.keys());
        let taken = full
            .map(|full| short.get(full).unwrap_or(full).clone())
            .collect();
        let differ = match options.split {
            Split::One => BTreeSet::new(),
            Split::Two => differ(catalog),
        };
        Self {
            options: *options,
            short,
            taken,
            differ,
        }
    }

    /// The component of a message in a form, and the form without what makes no difference.
    pub(super) fn message(&self, message: &MessageDescriptor, form: Form) -> (String, Form) {
        let full = message.full_name();
        let mut form = form;
        let mut name = self.base(full).to_owned();
        let split = self.options.split == Split::Two
            && (self.differ.contains(full) || form.zeros == Zeros::Written);
        match (split, form.direction) {
            (false, _) => {
                form.direction = Direction::Response;
                form.zeros = self.options.form.zeros;
            }
            (true, Direction::Response) => {}
            (true, Direction::Request) => {
                form.zeros = self.options.form.zeros;
                name = self.input(&name);
            }
        }
        (name + &self.suffix(form), form)
    }

    /// The component of an enum in a form.
    pub(super) fn enumeration(&self, of: &EnumDescriptor, form: Form) -> (String, Form) {
        let form = Form {
            enums: form.enums,
            ..self.options.form
        };
        (
            self.base(of.full_name()).to_owned() + &self.suffix(form),
            form,
        )
    }

    /// The component of a body that somebody else named.
    pub(super) fn body(&self, name: &str, form: Form) -> String {
        let form = Form {
            zeros: self.options.form.zeros,
            ..form
        };
        let mut name = name.to_owned() + &self.suffix(form);
        while self.taken.contains(&name) {
            name.push('_');
        }
        name
    }

    fn base<'n>(&'n self, full: &'n str) -> &'n str {
        self.short.get(full).map_or(full, String::as_str)
    }

    /// `BookInput`, unless a message is called so.
    fn input(&self, name: &str) -> String {
        let mut input = format!("{name}Input");
        while self.taken.contains(&input) {
            input.push('_');
        }
        input
    }

    /// What tells a form from the gateway's own. No name of protobuf has a dash.
    fn suffix(&self, form: Form) -> String {
        let own = self.options.form;
        let mut suffix = String::new();
        if form.names != own.names {
            suffix.push_str(match form.names {
                FieldNames::Json => "-json-names",
                FieldNames::Proto => "-proto-names",
            });
        }
        if form.enums != own.enums {
            suffix.push_str(match form.enums {
                EnumForm::Names => "-enum-names",
                EnumForm::Numbers => "-enum-numbers",
            });
        }
        if form.zeros != own.zeros {
            suffix.push_str(match form.zeros {
                Zeros::Omitted => "-without-defaults",
                Zeros::Written => "-with-defaults",
            });
        }
        suffix
    }
}

/// Names without the package, where only one element has such a name.
fn short(catalog: &Catalog) -> BTreeMap<String, String> {
    let messages = catalog.messages.values().map(|message| {
        let of = &message.descriptor;
        (of.full_name(), of.package_name())
    });
    let enums = catalog.enums.values().map(|of| {
        let of = &of.descriptor;
        (of.full_name(), of.package_name())
    });
    let mut by_short: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let all: Vec<_> = messages.chain(enums).collect();
    for (full, package) in &all {
        let short = full.strip_prefix(package).unwrap_or(full);
        let short = short.strip_prefix('.').unwrap_or(short);
        by_short.entry(short).or_default().push(full);
    }
    let full: BTreeSet<&str> = all.iter().map(|(full, _)| *full).collect();
    by_short
        .into_iter()
        .filter(|(short, of)| of.len() == 1 && (!full.contains(short) || of.contains(short)))
        .flat_map(|(short, of)| {
            of.into_iter()
                .map(move |of| (of.to_owned(), short.to_owned()))
        })
        .collect()
}

/// Messages that differ themselves, and whatever holds one of them.
fn differ(catalog: &Catalog) -> BTreeSet<String> {
    let mut holders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut open: VecDeque<&str> = VecDeque::new();
    let mut differ = BTreeSet::new();
    for (name, message) in &catalog.messages {
        if differs(message) {
            differ.insert(name.clone());
            open.push_back(name);
        }
        for field in &message.fields {
            if let Some(held) = field.descriptor.message() {
                let held = held.full_name().to_owned();
                holders.entry(held).or_default().push(name);
            }
        }
    }
    while let Some(name) = open.pop_front() {
        for &holder in holders.get(name).into_iter().flatten() {
            if differ.insert(holder.to_owned()) {
                open.push_back(holder);
            }
        }
    }
    differ
}

fn differs(message: &Message) -> bool {
    !message.annotations.required.is_empty()
        || message.oneofs.iter().any(|oneof| oneof.required)
        || message.rules.oneofs.iter().any(|(_, required)| *required)
        || message.fields.iter().any(|field| {
            field.is_required()
                || field.annotations.is_required
                || field.is(Behavior::InputOnly)
                || field.is(Behavior::OutputOnly)
        })
}

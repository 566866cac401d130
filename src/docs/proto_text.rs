//! Protos rebuilt from descriptors: the elements that are shown, their comments and annotations, in one
//! file for a package. It is for reading, and compiles.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use prost_reflect::{Cardinality, DynamicMessage, EnumDescriptor, Kind, MessageDescriptor, Syntax};

use crate::catalog::{Catalog, Enum, Field, FieldDescriptor, Message, Package, Service};

mod options;

/// Messages within each other that are written; deeper ones are left out.
const DEPTH_MAX: usize = 32;

/// A message and what is nested in it.
pub(super) fn message(catalog: &Catalog, message: &Message) -> String {
    let mut printer = Printer::new(
        catalog,
        message.descriptor.package_name(),
        message.descriptor.parent_file().syntax(),
    );
    // Writing to a string cannot fail.
    let _ = printer.message(&message.descriptor, 0);
    printer.out
}

/// An enum.
pub(super) fn enumeration(enumeration: &Enum) -> String {
    let nothing = Catalog::default();
    let mut printer = Printer::new(
        &nothing,
        enumeration.descriptor.package_name(),
        enumeration.descriptor.parent_file().syntax(),
    );
    let _ = printer.enumeration(enumeration, 0);
    printer.out
}

/// All of a package.
pub(super) fn package(catalog: &Catalog, package: &Package) -> String {
    let mut printer = Printer::new(catalog, &package.name, syntax(catalog, package));
    let _ = printer.package(package);
    let body = std::mem::take(&mut printer.out);
    let _ = printer.head(package);
    printer.out + &body
}

struct Printer<'a> {
    catalog: &'a Catalog,
    package: &'a str,
    /// Of the whole text.
    syntax: Syntax,
    out: String,
    imports: BTreeSet<String>,
}

impl<'a> Printer<'a> {
    const fn new(catalog: &'a Catalog, package: &'a str, syntax: Syntax) -> Self {
        Self {
            catalog,
            package,
            syntax,
            out: String::new(),
            imports: BTreeSet::new(),
        }
    }

    fn head(&mut self, package: &Package) -> fmt::Result {
        comment(&mut self.out, &package.comment, 0)?;
        let syntax = match self.syntax {
            Syntax::Proto2 => "proto2",
            Syntax::Proto3 => "proto3",
        };
        writeln!(self.out, "syntax = \"{syntax}\";\n")?;
        if !package.name.is_empty() {
            writeln!(self.out, "package {};\n", package.name)?;
        }
        for import in &self.imports {
            writeln!(self.out, "import {import:?};")?;
        }
        if !self.imports.is_empty() {
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn package(&mut self, package: &Package) -> fmt::Result {
        for service in &package.services {
            self.service(service)?;
        }
        let mut done: BTreeSet<String> = BTreeSet::new();
        let known = package
            .messages
            .iter()
            .filter_map(|name| self.catalog.messages.get(name));
        let enums = package
            .enums
            .iter()
            .filter_map(|name| self.catalog.enums.get(name));
        let nested = enums
            .clone()
            .filter_map(|each| each.descriptor.parent_message());
        let all = known
            .map(|message| message.descriptor.clone())
            .chain(nested);
        for descriptor in all {
            let outermost = outermost(descriptor);
            if done.insert(outermost.full_name().to_owned()) {
                self.message(&outermost, 0)?;
                writeln!(self.out)?;
            }
        }
        for enumeration in enums.filter(|each| each.descriptor.parent_message().is_none()) {
            self.enumeration(enumeration, 0)?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn service(&mut self, service: &Service) -> fmt::Result {
        comment(&mut self.out, &service.comment, 0)?;
        writeln!(self.out, "service {} {{", service.short)?;
        if let Some(method) = service.methods.first() {
            let descriptor = method.descriptor.parent_service();
            self.statements(|| descriptor.options(), 1)?;
        }
        for (at, method) in service.methods.iter().enumerate() {
            if at > 0 {
                writeln!(self.out)?;
            }
            let descriptor = &method.descriptor;
            let text = [&*method.summary, &*method.description].join("\n\n");
            comment(&mut self.out, &text, 1)?;
            let stream = |is: bool| if is { "stream " } else { "" };
            let (input, output) = (
                self.message_name(&descriptor.input(), ""),
                self.message_name(&descriptor.output(), ""),
            );
            write!(
                self.out,
                "  rpc {}({}{input}) returns ({}{output})",
                descriptor.name(),
                stream(descriptor.is_client_streaming()),
                stream(descriptor.is_server_streaming()),
            )?;
            let options = options::of(|| descriptor.options(), &mut self.imports);
            if options.is_empty() {
                writeln!(self.out, ";")?;
            } else {
                writeln!(self.out, " {{")?;
                for (name, value) in options {
                    writeln!(self.out, "    option {name} = {value};")?;
                }
                writeln!(self.out, "  }}")?;
            }
        }
        writeln!(self.out, "}}\n")
    }

    fn statements(
        &mut self,
        options: impl FnOnce() -> DynamicMessage,
        depth: usize,
    ) -> fmt::Result {
        for (name, value) in options::of(options, &mut self.imports) {
            writeln!(self.out, "{}option {name} = {value};", indent(depth))?;
        }
        Ok(())
    }

    /// A message that is shown with its fields; one that is not only as the place of what is nested.
    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> fmt::Result {
        if depth > DEPTH_MAX {
            return Ok(());
        }
        let known = self.catalog.messages.get(descriptor.full_name());
        if let Some(known) = known {
            comment(&mut self.out, &known.comment, depth)?;
        }
        let pad = indent(depth);
        writeln!(self.out, "{pad}message {} {{", descriptor.name())?;
        if known.is_some() {
            self.statements(|| descriptor.options(), depth + 1)?;
        }
        for child in descriptor.child_enums() {
            if let Some(child) = self.catalog.enums.get(child.full_name()) {
                self.enumeration(child, depth + 1)?;
            }
        }
        for child in descriptor.child_messages() {
            if !child.is_map_entry() && holds_something(self.catalog, &child, depth) {
                self.message(&child, depth + 1)?;
            }
        }
        if let Some(known) = known {
            self.fields(known, depth + 1)?;
        }
        writeln!(self.out, "{pad}}}")
    }

    fn fields(&mut self, message: &Message, depth: usize) -> fmt::Result {
        let mut done: BTreeSet<String> = BTreeSet::new();
        for field in &message.fields {
            let real = field
                .descriptor
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic());
            let Some(oneof) = real else {
                self.field(field, depth)?;
                continue;
            };
            if !done.insert(oneof.name().to_owned()) {
                continue;
            }
            let described = message.oneofs.iter().find(|each| each.name == oneof.name());
            if let Some(described) = described {
                comment(&mut self.out, &described.comment, depth)?;
            }
            let pad = indent(depth);
            writeln!(self.out, "{pad}oneof {} {{", oneof.name())?;
            for member in message.fields.iter().filter(|member| {
                member
                    .descriptor
                    .containing_oneof()
                    .is_some_and(|other| other.name() == oneof.name())
            }) {
                self.field(member, depth + 1)?;
            }
            writeln!(self.out, "{pad}}}")?;
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, depth: usize) -> fmt::Result {
        let descriptor = &field.descriptor;
        comment(&mut self.out, &field.comment, depth)?;
        let kind = self.field_kind(descriptor);
        let mut options = options::of(|| descriptor.options(), &mut self.imports);
        if descriptor.json_name() != usual_json_name(descriptor.name()) {
            options.insert(
                0,
                (
                    "json_name".to_owned(),
                    format!("{:?}", descriptor.json_name()),
                ),
            );
        }
        write!(
            self.out,
            "{}{}{kind} {} = {}",
            indent(depth),
            label(descriptor, self.syntax),
            descriptor.name(),
            descriptor.number()
        )?;
        if !options.is_empty() {
            let options: Vec<_> = options.iter().map(|(n, v)| format!("{n} = {v}")).collect();
            write!(self.out, " [{}]", options.join(", "))?;
        }
        writeln!(self.out, ";")
    }

    fn field_kind(&mut self, descriptor: &FieldDescriptor) -> String {
        let scope = descriptor.containing_message().full_name().to_owned();
        let kind = descriptor.kind();
        match kind.as_message() {
            Some(entry) if descriptor.is_map() => format!(
                "map<{}, {}>",
                self.kind(&entry.map_entry_key_field().kind(), &scope),
                self.kind(&entry.map_entry_value_field().kind(), &scope)
            ),
            _ => self.kind(&kind, &scope),
        }
    }

    fn kind(&mut self, kind: &Kind, scope: &str) -> String {
        match kind {
            Kind::Message(message) => self.message_name(message, scope),
            Kind::Enum(enumeration) => self.enum_name(enumeration, scope),
            _ => super::kind::proto(kind).to_owned(),
        }
    }

    fn message_name(&mut self, message: &MessageDescriptor, scope: &str) -> String {
        self.import(message.package_name(), message.parent_file().name());
        self.type_name(message.package_name(), message.full_name(), scope)
    }

    fn enum_name(&mut self, enumeration: &EnumDescriptor, scope: &str) -> String {
        self.import(enumeration.package_name(), enumeration.parent_file().name());
        self.type_name(enumeration.package_name(), enumeration.full_name(), scope)
    }

    fn import(&mut self, package: &str, file: &str) {
        if package != self.package {
            self.imports.insert(file.to_owned());
        }
    }

    /// As short as it can be without meaning something else: names are looked up from the inside.
    fn type_name(&self, package: &str, full_name: &str, scope: &str) -> String {
        if package != self.package {
            return format!(".{full_name}");
        }
        let short = super::links::relative(package, full_name);
        let first = short.split('.').next().unwrap_or(short);
        let mut outer = scope;
        while outer.len() > package.len() {
            let inner = format!("{outer}.{first}");
            let shadows = self.catalog.messages.contains_key(&inner)
                || self.catalog.enums.contains_key(&inner);
            if shadows {
                return format!(".{full_name}");
            }
            outer = outer.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        short.to_owned()
    }

    fn enumeration(&mut self, enumeration: &Enum, depth: usize) -> fmt::Result {
        comment(&mut self.out, &enumeration.comment, depth)?;
        let pad = indent(depth);
        writeln!(self.out, "{pad}enum {} {{", enumeration.descriptor.name())?;
        self.statements(|| enumeration.descriptor.options(), depth + 1)?;
        for value in &enumeration.values {
            comment(&mut self.out, &value.comment, depth + 1)?;
            let deprecated = if value.deprecated {
                " [deprecated = true]"
            } else {
                ""
            };
            writeln!(
                self.out,
                "{pad}  {} = {}{deprecated};",
                value.name, value.number
            )?;
        }
        writeln!(self.out, "{pad}}}")
    }
}

/// The syntax of a package's text: that of its first message.
fn syntax(catalog: &Catalog, package: &Package) -> Syntax {
    let message = package.messages.first();
    let message = message.and_then(|name| catalog.messages.get(name));
    message.map_or(Syntax::Proto3, |message| {
        message.descriptor.parent_file().syntax()
    })
}

fn outermost(mut descriptor: MessageDescriptor) -> MessageDescriptor {
    while let Some(parent) = descriptor.parent_message() {
        descriptor = parent;
    }
    descriptor
}

/// Whether a message, or one nested in it, is shown.
fn holds_something(catalog: &Catalog, descriptor: &MessageDescriptor, depth: usize) -> bool {
    depth < DEPTH_MAX
        && (catalog.messages.contains_key(descriptor.full_name())
            || descriptor
                .child_enums()
                .any(|child| catalog.enums.contains_key(child.full_name()))
            || descriptor
                .child_messages()
                .any(|child| holds_something(catalog, &child, depth + 1)))
}

/// What stands before a field in a text of this syntax, which may be another than its own file's.
fn label(descriptor: &FieldDescriptor, syntax: Syntax) -> &'static str {
    let oneof = descriptor.containing_oneof();
    let in_oneof = oneof.as_ref().is_some_and(|of| !of.is_synthetic());
    let is_message = matches!(descriptor.kind(), Kind::Message(_));
    let is_said = oneof.is_some() || (descriptor.supports_presence() && !is_message);
    match descriptor.cardinality() {
        Cardinality::Repeated if descriptor.is_map() => "",
        Cardinality::Repeated => "repeated ",
        Cardinality::Required => "required ",
        Cardinality::Optional if in_oneof => "",
        Cardinality::Optional if syntax == Syntax::Proto2 || is_said => "optional ",
        Cardinality::Optional => "",
    }
}

/// What `json_name` is when nobody says it.
fn usual_json_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}

fn comment(out: &mut String, text: &str, depth: usize) -> fmt::Result {
    for line in text.trim().lines() {
        writeln!(out, "{}// {}", indent(depth), line.trim_end())?;
    }
    Ok(())
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth.min(DEPTH_MAX))
}

//! The fields of a message as a list: types, rules in words, behaviours, oneofs as groups, values of
//! enums, and the fields of messages within, folded, as far as there is room.

use std::collections::BTreeSet;

use maud::{Markup, html};
use prost_reflect::Kind;

use super::{View, kind, markdown, parts, resources};
use crate::catalog::message::{Behavior, Format};
use crate::catalog::rules::Cel;
use crate::catalog::{Enum, Field, FieldDescriptor, Message, Oneof};

/// Fields of one list with all that is folded into it.
const ROWS_MAX: usize = 400;

/// Messages within each other that are folded in.
const DEPTH_MAX: usize = 3;

/// Values of an enum that are shown with a field.
const VALUES_MAX: usize = 40;

/// Values of an enum that are shown without unfolding.
const VALUES_OPEN: usize = 6;

/// A list being written.
#[derive(Debug)]
pub(super) struct List<'a> {
    view: &'a View<'a>,
    /// What stands before the names in the ids of fields.
    ids: &'static str,
    /// Rows that may still be written.
    room: usize,
    depth_max: usize,
}

impl<'a> List<'a> {
    /// With messages within folded in.
    pub(super) const fn deep(view: &'a View<'a>, ids: &'static str) -> Self {
        Self {
            view,
            ids,
            room: ROWS_MAX,
            depth_max: DEPTH_MAX,
        }
    }

    /// Of the message's own fields.
    pub(super) const fn flat(view: &'a View<'a>) -> Self {
        Self {
            view,
            ids: "",
            room: ROWS_MAX,
            depth_max: 0,
        }
    }

    /// Everything that is to be said of a message's fields.
    pub(super) fn of(mut self, message: &Message) -> Markup {
        html! {
            (message_rules(message))
            @if message.fields.is_empty() {
                p class="quiet" { "It has no fields." }
            }
            (self.rows(message, "", &mut Vec::new()))
        }
    }

    fn rows(&mut self, message: &Message, parent: &str, within: &mut Vec<String>) -> Markup {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut left_out = 0;
        html! {
            ul class="fields" {
                @for field in &message.fields {
                    @let oneof = message.oneofs.iter().find(|oneof| oneof.fields.contains(&field.json_name));
                    @if self.room == 0 {
                        @let () = left_out += 1;
                    } @else if let Some(oneof) = oneof {
                        @if done.insert(&oneof.name) {
                            (self.group(message, oneof, parent, within))
                        }
                    } @else {
                        (self.row(message, field, parent, within))
                    }
                }
                @if left_out > 0 {
                    li class="quiet" { "and " (left_out) " more fields" }
                }
            }
        }
    }

    fn group(
        &mut self,
        message: &Message,
        oneof: &Oneof,
        parent: &str,
        within: &mut Vec<String>,
    ) -> Markup {
        let members: Vec<_> = message
            .fields
            .iter()
            .filter(|field| oneof.fields.contains(&field.json_name))
            .collect();
        html! {
            li class="oneof" {
                p class="oneof-head" {
                    @if oneof.required { "Exactly one of these" } @else { "At most one of these" }
                    " " span class="quiet" { "oneof " code { (oneof.name) } }
                }
                div class="text" { (markdown::block(self.view, &oneof.comment)) }
                ul class="fields" {
                    @for field in members {
                        @if self.room > 0 { (self.row(message, field, parent, within)) }
                    }
                }
            }
        }
    }

    fn row(
        &mut self,
        message: &Message,
        field: &Field,
        parent: &str,
        within: &mut Vec<String>,
    ) -> Markup {
        self.room -= 1;
        let descriptor = &field.descriptor;
        let path = if parent.is_empty() {
            anchor(descriptor).to_owned()
        } else {
            format!("{parent}.{}", anchor(descriptor))
        };
        let id = format!("{}{path}", self.ids);
        let view = self.view;
        let in_protos = descriptor.proto_name();
        let described = field.annotations.keywords.get("description");
        let comment = described
            .and_then(|text| text.as_str())
            .unwrap_or(&field.comment);
        html! {
            li id=(id) class="field" {
                p class="head" {
                    a class="name" href=(format!("#{id}")) { code { (field.json_name) } }
                    @if field.json_name != in_protos {
                        " " span class="other" title="Its name in protos" { (in_protos) }
                    }
                    " " span class="type" { (kind::of(view, descriptor)) }
                    " " (badges(field))
                }
                div class="text" { (markdown::block(view, comment)) }
                (facts(view, message, field))
                (self.inner(field, &path, within))
            }
        }
    }

    /// Values of an enum, or the fields of a message within.
    fn inner(&mut self, field: &Field, path: &str, within: &mut Vec<String>) -> Markup {
        let view = self.view;
        match field.descriptor.value_kind() {
            Kind::Enum(enumeration) => {
                let known = view.catalog.enums.get(enumeration.full_name());
                html! { @if let Some(known) = known { (values(view, known)) } }
            }
            Kind::Message(message) => {
                let name = message.full_name();
                let known = view.catalog.messages.get(name);
                let fits = within.len() < self.depth_max
                    && self.room > 0
                    && kind::well_known(name).is_none()
                    && !within.iter().any(|outer| outer == name);
                let Some(known) = known.filter(|known| fits && !known.fields.is_empty()) else {
                    return html! {};
                };
                within.push(name.to_owned());
                let rows = self.rows(known, path, within);
                within.pop();
                html! {
                    details {
                        summary { "Fields of " (known.descriptor.name()) }
                        (message_rules(known))
                        (rows)
                    }
                }
            }
            _ => html! {},
        }
    }
}

/// What the place of a field is called within a page.
pub(super) fn anchor(field: &FieldDescriptor) -> &str {
    match field {
        FieldDescriptor::Own(field) => field.name(),
        FieldDescriptor::Extension(field) => field.full_name(),
    }
}

/// What a field's behaviours and presence are called.
pub(super) const fn behavior(behavior: Behavior) -> &'static str {
    match behavior {
        Behavior::Optional => "optional",
        Behavior::Required => "required",
        Behavior::OutputOnly => "output only",
        Behavior::InputOnly => "input only",
        Behavior::Immutable => "immutable",
        Behavior::UnorderedList => "in no order",
        Behavior::NonEmptyDefault => "filled in if empty",
        Behavior::Identifier => "identifier",
    }
}

fn badges(field: &Field) -> Markup {
    let descriptor = &field.descriptor;
    let scalar = descriptor.kind().as_message().is_none();
    let optional = scalar
        && descriptor.supports_presence()
        && descriptor
            .containing_oneof()
            .is_none_or(|o| o.is_synthetic());
    html! {
        @if field.is_required() { span class="badge must" { "required" } " " }
        @for each in &field.behaviors {
            @if *each != Behavior::Required { span class="badge" { (behavior(*each)) } " " }
        }
        @if optional { span class="badge" { "can be unset" } " " }
        (parts::deprecated(field.deprecated))
    }
}

/// Rules, forms and resources, a line each.
fn facts(view: &View<'_>, message: &Message, field: &Field) -> Markup {
    let descriptor = &field.descriptor;
    let in_json = kind::in_json(descriptor);
    let keyword = |name| field.annotations.keywords.get(name);
    let example = keyword("examples")
        .and_then(|examples| examples.get(0))
        .or_else(|| keyword("example"))
        .or_else(|| field.rules.examples.first());
    html! {
        ul class="facts" {
            @if let Some(form) = in_json { li { (first_upper(form)) "." } }
            @if let Some(format) = field.format { li { (format_words(format)) } }
            @for sentence in &field.rules.sentences { li { (first_upper(sentence)) "." } }
            @for cel in &field.rules.cel { (rule(cel)) }
            @if let Some(value) = keyword("default") { li { "Default " code { (value) } "." } }
            @if let Some(value) = example { li { "Example " code { (value) } "." } }
            (resource(view, message, field))
        }
    }
}

fn rule(cel: &Cel) -> Markup {
    html! {
        li {
            @if cel.message.is_empty() { "Rule: " } @else { (first_upper(&cel.message)) ": " }
            code { (cel.expression) }
        }
    }
}

const fn format_words(format: Format) -> &'static str {
    match format {
        Format::Uuid4 => "A UUID of version 4.",
        Format::Ipv4 => "An IPv4 address.",
        Format::Ipv6 => "An IPv6 address.",
        Format::Ipv4OrIpv6 => "An IPv4 or IPv6 address.",
    }
}

fn resource(view: &View<'_>, message: &Message, field: &Field) -> Markup {
    let package = message.descriptor.package_name();
    let own = message.resource.as_ref().filter(|_| field.names_resource);
    let referred = field.reference.as_deref();
    html! {
        @if let Some(resource) = own {
            li {
                "The name of a resource: "
                @for (at, pattern) in resource.patterns.iter().enumerate() {
                    @if at > 0 { " or " }
                    code { (pattern) }
                }
                (readers(view, message))
            }
        }
        @match referred {
            Some("*") => li { "The name of any resource." },
            Some(kind) => li {
                "The name of a "
                @match resources::message(view.catalog, kind, package) {
                    Some(target) => {
                        a href=(view.links().message(target)) { (target.descriptor.name()) }
                        @if let Some(pattern) = target.resource.as_ref().and_then(|r| r.patterns.first()) {
                            ": " code { (pattern) }
                        }
                        (readers(view, target))
                    }
                    None => code { (kind) },
                }
            },
            None => {}
        }
    }
}

/// How one comes by a resource.
fn readers(view: &View<'_>, message: &Message) -> Markup {
    let readers = resources::readers(view.catalog, view.links(), message);
    html! {
        @for (at, (name, path)) in readers.iter().enumerate() {
            @if at == 0 { " · see " } @else { ", " }
            a href=(path) { (name) }
        }
    }
}

/// An enum's values, folded if they are many.
fn values(view: &View<'_>, enumeration: &Enum) -> Markup {
    let count = enumeration.values.len();
    html! {
        details class="values" open[count <= VALUES_OPEN] {
            summary { (count) @if count == 1 { " value" } @else { " values" } }
            dl {
                @for value in enumeration.values.iter().take(VALUES_MAX) {
                    dt { code { (value.name) } " " (parts::deprecated(value.deprecated)) }
                    dd { (markdown::line(view, &value.comment)) }
                }
            }
            @if count > VALUES_MAX {
                p { a href=(view.links().enumeration(enumeration)) { "All " (count) " values" } }
            }
        }
    }
}

/// What is asked of the whole message.
fn message_rules(message: &Message) -> Markup {
    let rules = &message.rules;
    let any = !(rules.sentences.is_empty() && rules.cel.is_empty() && rules.oneofs.is_empty());
    html! {
        @if any {
            ul class="facts" {
                @for sentence in &rules.sentences { li { (first_upper(sentence)) "." } }
                @for cel in &rules.cel { (rule(cel)) }
                @for (fields, must) in &rules.oneofs {
                    li {
                        @if *must { "Exactly one of " } @else { "At most one of " }
                        (fields.join(", ")) "."
                    }
                }
            }
        }
    }
}

/// A sentence begins with a capital and has no period of its own.
fn first_upper(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    first.to_uppercase().chain(chars).collect()
}

//! Rules of HTTP: what is refused, and what is served and should not be so.

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, Kind};

use super::methods::begins;
use super::options::{Behavior, has};
use super::overlap::overlaps;
use super::{Linter, Rule};
use crate::schema::{Binding, Body, Method, SAME_REQUESTS};
use crate::transcode::has_own_form;

/// HTTP methods without a body.
const BODILESS: &[&str] = &["DELETE", "GET", "HEAD"];

/// What standard methods are called, and by which HTTP methods.
const STANDARD: &[(&str, &[&str])] = &[
    ("Get", &["GET"]),
    ("List", &["GET"]),
    ("Create", &["POST"]),
    ("Update", &["PATCH", "PUT"]),
    ("Delete", &["DELETE"]),
];

impl Linter<'_> {
    pub(super) fn bindings(&mut self) {
        self.refused();
        let schema = self.schema;
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for binding in schema.bindings() {
            self.body(binding);
            self.required(binding);
            if told.insert(&binding.method.path) {
                self.verb(&binding.method);
            }
        }
        for overlap in overlaps(schema) {
            let text = format!(
                "{} {} and {} of {} both match {}, and neither is more specific; change one",
                overlap.own.verb,
                overlap.own.template,
                overlap.other.template,
                name(&overlap.other.method),
                overlap.url
            );
            self.add_to_method(Rule::HttpAmbiguous, &overlap.own.method, text);
        }
    }

    /// What the schema does not serve, by its own words.
    fn refused(&mut self) {
        let schema = self.schema;
        for sentence in schema.refusals() {
            let (element, text) = sentence.split_once(": ").unwrap_or((sentence, ""));
            let rule = if text.contains(SAME_REQUESTS) {
                Rule::HttpAmbiguous
            } else {
                Rule::HttpRuleRefused
            };
            let text = format!("is not served: {text}");
            match schema.method(element) {
                Some(method) => self.add_to_method(rule, method, text),
                None => self.add(rule, None, element, text),
            }
        }
    }

    fn body(&mut self, binding: &Binding) {
        if BODILESS.contains(&binding.verb.as_str()) && !matches!(binding.body, Body::None) {
            let text = format!(
                "{} {} takes a body, which clients and caches drop; leave `body` out, or bind it to POST",
                binding.verb, binding.template
            );
            self.add_to_method(Rule::HttpBody, &binding.method, text);
        }
    }

    /// A standard method is bound to its verb at least once. What has an action (`:cancel`) is no standard
    /// method, whatever its name.
    fn verb(&mut self, method: &Method) {
        let Some((_, verbs)) = STANDARD
            .iter()
            .find(|(word, _)| begins(&method.name, &[word]))
        else {
            return;
        };
        let of = self.bound.get(&method.id).cloned().unwrap_or_default();
        let is_right = |own: &&Binding| {
            verbs.contains(&own.verb.as_str()) || own.verb == "*" || has_action(&own.template)
        };
        let reads = verbs.contains(&"GET");
        let wrong = of
            .iter()
            .find(|own| own.verb == "GET" && !reads && !has_action(&own.template));
        let wrong = wrong.or_else(|| of.first().filter(|_| !of.iter().any(is_right)));
        if let Some(own) = wrong {
            let text = format!(
                "is bound to {} {}; expected {}, by its name",
                own.verb,
                own.template,
                verbs.join(" or ")
            );
            self.add_to_method(Rule::HttpVerb, method, text);
        }
    }

    /// A field that has to be there and that neither path, body nor query can bring.
    fn required(&mut self, binding: &Binding) {
        if matches!(binding.body, Body::Whole) {
            return;
        }
        let request = self.schema.plans().name(binding.method.input);
        let Some(request) = self.schema.pool().get_message_by_name(request) else {
            return;
        };
        for field in request.fields().filter(is_required) {
            let is_body = binding
                .body
                .field()
                .is_some_and(|own| own.name() == field.name());
            if is_body || !is_list_of_messages(&field) {
                continue;
            }
            let text = format!(
                "{} {} cannot set {}, which is required: a query holds no list of messages; make \
                 it the `body`",
                binding.verb,
                binding.template,
                field.name()
            );
            self.add_to_method(Rule::HttpRequiredUnbound, &binding.method, text);
        }
    }
}

fn is_required(field: &FieldDescriptor) -> bool {
    field.is_required() || has(field, &[Behavior::Required])
}

/// A list whose items have no text form.
fn is_list_of_messages(field: &FieldDescriptor) -> bool {
    field.is_list() && matches!(field.kind(), Kind::Message(of) if !has_own_form(&of))
}

/// `/v1/{name}:cancel`.
fn has_action(template: &str) -> bool {
    let last = template.rsplit(['/', '}']).next().unwrap_or_default();
    last.contains(':')
}

fn name(method: &Method) -> String {
    format!("{}.{}", method.service, method.name)
}

//! Methods: whether they end, how much they answer, and what an update can say.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::options::{Behavior, has};
use super::{Linter, Place, Rule};
use crate::schema::{Method, Shape};

/// How many answers are asked for at once.
const SIZES: &[&str] = &["page_size", "limit", "max_results", "first", "count"];

/// Where the next answers begin.
const TOKENS: &[&str] = &["page_token", "cursor", "offset", "after", "page"];

/// Fields of a request that steer an update and are no part of it.
const STEERING: &[&str] = &[
    "allow_missing",
    "etag",
    "force",
    "id",
    "name",
    "request_id",
    "validate_only",
];

/// What an update may not or need not write.
const NOT_WRITTEN: &[Behavior] = &[
    Behavior::Required,
    Behavior::OutputOnly,
    Behavior::Immutable,
    Behavior::Identifier,
];

/// Fields that a sentence names.
const SHOWN: usize = 5;

impl Linter<'_> {
    pub(super) fn method(&mut self, method: &Method, has_deadline: &dyn Fn(&Method) -> bool) {
        self.method_name(method);
        if method.shape == Shape::Unary && !has_deadline(method) {
            let text = "a call without a deadline of its client's runs as long as it likes; set \
                        `timeouts.unary`, for the gateway or for a route";
            self.add_to_method(Rule::MethodDeadline, method, text);
        }
        let pool = self.schema.pool();
        let plans = self.schema.plans();
        let message = |name: &str| pool.get_message_by_name(name);
        let (Some(request), Some(response)) = (
            message(plans.name(method.input)),
            message(plans.name(method.output)),
        ) else {
            return;
        };
        if method.shape == Shape::Unary {
            self.bounded(method, &request, &response);
        }
        if begins(&method.name, &["Update", "Patch"])
            || method.bindings.iter().any(|b| b.verb == "PATCH")
        {
            self.presence(method, &request);
        }
    }

    /// An answer of one message that holds many.
    fn bounded(
        &mut self,
        method: &Method,
        request: &MessageDescriptor,
        response: &MessageDescriptor,
    ) {
        let many =
            |field: &FieldDescriptor| field.is_list() && matches!(field.kind(), Kind::Message(_));
        let Some(list) = response.fields().find(many) else {
            return;
        };
        let asks = |names: &[&str]| {
            names
                .iter()
                .any(|name| request.get_field_by_name(name).is_some())
        };
        if begins(&method.name, &["List", "Search"]) {
            let missing = match (asks(SIZES), asks(TOKENS)) {
                (true, true) => return,
                (true, false) => "page_token",
                (false, true) => "page_size",
                (false, false) => "page_size and page_token",
            };
            let text = format!(
                "answers with all `{}` at once; add {missing} to {}, and next_page_token to {}, or \
                 answer with a stream",
                list.name(),
                request.full_name(),
                response.full_name()
            );
            self.add_to_method(Rule::ListPagination, method, text);
            return;
        }
        // As many answers as questions: the client sets the bound.
        let batch = request.fields().any(|field| field.is_list());
        if !batch && !asks(SIZES) {
            let text = format!(
                "answers with `{}`, which nothing bounds, in one message; answer with a stream, or \
                 in pages",
                list.name()
            );
            self.add_to_method(Rule::ResponseShouldStream, method, text);
        }
    }

    /// An update by fields that are there.
    fn presence(&mut self, method: &Method, request: &MessageDescriptor) {
        let is_mask = |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(of) if of.full_name() == "google.protobuf.FieldMask");
        if request.fields().any(|field| is_mask(&field)) {
            return;
        }
        let bound: Vec<String> = (self.bound.get(&method.id).into_iter().flatten())
            .flat_map(|binding| &binding.variables)
            .map(|variable| variable.field.name().to_owned())
            .collect();
        let package = request.package_name();
        let mut blurred: Vec<String> = Vec::new();
        for field in request.fields() {
            if is_blurred(&field) && !bound.iter().any(|own| own == field.name()) {
                blurred.push(field.name().to_owned());
            }
            let Kind::Message(resource) = field.kind() else {
                continue;
            };
            // The thing that is updated; others bring their own rules.
            if field.is_list() || field.is_map() || resource.package_name() != package {
                continue;
            }
            for inner in resource.fields() {
                let path = format!("{}.{}", field.name(), inner.name());
                if is_blurred(&inner) && !bound.contains(&path) {
                    blurred.push(path);
                }
            }
        }
        if blurred.is_empty() {
            return;
        }
        let more = match blurred.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        blurred.truncate(SHOWN);
        let file = request.parent_file();
        let place = Place {
            file: file.name(),
            path: request.path(),
        };
        let text = format!(
            "{} cannot tell an empty {}{more} from one that is to stay; make them `optional`, or add a \
             google.protobuf.FieldMask",
            method.name,
            blurred.join(", ")
        );
        self.add(
            Rule::UpdatePresence,
            Some(&place),
            request.full_name(),
            text,
        );
    }
}

/// A single value that looks the same when it is zero and when it is not there.
fn is_blurred(field: &FieldDescriptor) -> bool {
    let name = field.name();
    !field.supports_presence()
        && !field.is_list()
        && !field.is_map()
        && !STEERING.contains(&name)
        && !name.ends_with("_id")
        && !has(field, NOT_WRITTEN)
}

/// True if a name begins with one of these words.
pub(super) fn begins(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let rest = name.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

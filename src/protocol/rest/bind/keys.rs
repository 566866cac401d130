//! Names that a request gives its values by, as parameters of a query, fields of a form or parts of
//! a multipart body: the field each one means, and whether it may be set.
//!
//! Names compare by field, so two spellings of one field are one. What path and body bind is passed
//! over without being looked at; so nothing here allocates for a name that fits.

use super::seen::{Clash, How, Seen};
use crate::protocol::excerpt;
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::http_body;
use crate::schema::{Binding, Body};
use crate::transcode::{
    self, Facts, FieldPath, FieldRef, Lost, PlanId, Plans, Scratch, Step, Trail, Unknown, Zero,
};

/// Values that one request can give by name at most, in its query, and in its body again.
pub(super) const VALUES_MAX: usize = 1000;

/// Where names come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Query,
    Form,
    Multipart,
}

/// What a value is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Text,
    File,
}

/// What names are looked up by.
pub(super) struct Keys<'b> {
    plans: &'b Plans,
    binding: &'b Binding,
    source: Source,
    unknown: Unknown,
    /// The message that names begin in.
    root: PlanId,
    /// The way to it.
    prefix: &'b [Step],
    /// The one field that can be named, and what is beneath it.
    only: Option<&'b FieldPath>,
}

/// A name that stands for a field. The field itself is where the desk's trail ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<'k> {
    key: &'k str,
    map_key: Option<&'k str>,
    facts: Facts,
}

impl<'b> Keys<'b> {
    /// Names in a query: fields of the request that neither path nor body binds.
    pub(super) fn of_query(plans: &'b Plans, binding: &'b Binding, unknown: Unknown) -> Self {
        Self {
            plans,
            binding,
            source: Source::Query,
            unknown,
            root: binding.method.input,
            prefix: &[],
            only: None,
        }
    }

    /// Names in a body: fields of the message that the body is; if it is no message, its own name.
    pub(super) fn of_body(
        plans: &'b Plans,
        binding: &'b Binding,
        source: Source,
        unknown: Unknown,
    ) -> Self {
        let whole = Self {
            source,
            ..Self::of_query(plans, binding, unknown)
        };
        let Body::Field(field) = &binding.body else {
            return whole;
        };
        let facts = field.facts();
        let message = facts
            .message
            .filter(|plan| facts.plain && !http_body::is_plan(plans, *plan));
        match (message, field.steps().split_last()) {
            (Some(root), _) if !facts.repeated && !facts.map => Self {
                root,
                prefix: field.steps(),
                ..whole
            },
            (_, Some((last, prefix))) => Self {
                root: last.plan,
                prefix,
                only: Some(field),
                ..whole
            },
            (_, None) => whole,
        }
    }

    /// Where the names are, in a sentence.
    pub(super) const fn place(&self) -> &'static str {
        self.source.place()
    }

    /// Walks to the field that a name means; `None` if it is to be passed over.
    pub(super) fn find<'k>(
        &self,
        key: &'k str,
        trail: &mut Trail,
    ) -> Result<Option<Parameter<'k>>, Failure> {
        let (path, subscript) = split(key);
        trail.start(self.prefix);
        match self.plans.walk(self.root, path, trail) {
            Ok(()) if self.is_bound(trail.field()) => return Ok(None),
            // Conflicts with a binding are passed over without being looked at.
            Err(_) if self.is_beneath_a_bound_field(trail.field()) => return Ok(None),
            Ok(()) if self.is_outside(trail.field()) => return self.unknown(key),
            Ok(()) => {}
            Err(Lost::Unknown) => return self.unknown(key),
            Err(lost) => {
                let error = self.plans.explain(lost, self.root, path, trail);
                let text = match lost {
                    Lost::NotAMessage if self.plans.facts(trail.field()).map => {
                        format!("{error}; a map entry is written `field[key]=value`")
                    }
                    Lost::NotAMessage | Lost::Unknown | Lost::TooDeep => error.to_string(),
                };
                return Err(self.refuse(key, &text));
            }
        }
        let facts = self.plans.facts(trail.field());
        let map_key = subscript
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if map_key.is_some_and(|key| key.contains('\0')) {
            return Err(self.refuse(key, &self.nul()));
        }
        match (facts.map, subscript, map_key) {
            (true, _, Some(_)) | (false, "", _) => Ok(Some(Parameter {
                key,
                map_key,
                facts,
            })),
            (true, _, None) => Err(self.refuse(
                key,
                "found a map without a key, expected `field[key]=value`",
            )),
            (false, _, _) => Err(self.refuse(
                key,
                "found a subscript, but only maps take one; a list is written `field=a&field=b`",
            )),
        }
    }

    /// Refuses what text or a file cannot say, or what was said already.
    pub(super) fn admit(
        &self,
        parameter: Parameter<'_>,
        given: Given,
        field: FieldRef<'_>,
        seen: &mut Seen,
    ) -> Result<(), Failure> {
        let Parameter {
            key,
            map_key,
            facts,
        } = parameter;
        let is_file = given == Given::File;
        let place = self.source.place();
        if is_file && !self.takes_file(parameter) {
            let text = "found a file, but the field is neither bytes nor a google.api.HttpBody";
            return Err(self.refuse(key, text));
        }
        if !is_file && facts.repeated && facts.message.is_some() {
            let text = format!("found {place}, but a repeated message can only be in a JSON body");
            return Err(self.refuse(key, &text));
        }
        if !is_file && facts.plain && !facts.map {
            let text = format!(
                "found {place}, but it is a message; name one of its fields, as in `a.b=value`"
            );
            return Err(self.refuse(key, &text));
        }
        let number;
        let how = match map_key {
            Some(text) => How::Entry(match self.plans.numeric_key(field, text) {
                Some(bits) => {
                    number = bits.to_le_bytes();
                    &number
                }
                None => text.as_bytes(),
            }),
            None if facts.repeated => How::Again,
            None if facts.message.is_some() => How::Whole,
            None => How::Once,
        };
        seen.set(self.plans, field, how)
            .map_err(|clash| self.clash(key, clash, field))
    }

    /// Appends a value given as text.
    pub(super) fn write_text(
        &self,
        parameter: Parameter<'_>,
        text: &str,
        trail: &Trail,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if text.contains('\0') {
            return Err(self.refuse(parameter.key, &self.nul()));
        }
        self.plans
            .text_to_wire(
                trail.field(),
                parameter.map_key,
                text,
                Zero::Omit,
                scratch,
                out,
            )
            .map_err(|error| self.misfit(error, parameter.key, trail))
    }

    /// Appends a value given as a file.
    pub(super) fn write_file(
        &self,
        parameter: Parameter<'_>,
        content_type: &str,
        data: &[u8],
        trail: &Trail,
        (scratch, out): (&mut Scratch, &mut Vec<u8>),
    ) -> Result<(), Failure> {
        let head = if parameter.facts.bytes {
            Vec::new()
        } else {
            http_body::head(content_type, data)
        };
        self.plans
            .payload_to_wire(
                trail.field(),
                parameter.map_key,
                &[&head, data],
                scratch,
                out,
            )
            .map_err(|error| self.misfit(error, parameter.key, trail))
    }

    /// 400 about a value, under the name that the client wrote: `pageSize`, not `page_size`.
    #[cold]
    fn misfit(&self, mut error: transcode::Error, key: &str, trail: &Trail) -> Failure {
        let written = excerpt::of_text(split(key).0);
        let name = self.plans.name_of(trail.field());
        let within = self.plans.name_of(FieldRef::at(self.prefix));
        let own = match within.as_str() {
            "" => name.as_str(),
            within => {
                let own = name.strip_prefix(within).unwrap_or_default();
                own.strip_prefix('.').unwrap_or_default()
            }
        };
        let outer = name.len() - own.len();
        if let (Some(before), Some(after)) = (name.get(..outer), error.path.strip_prefix(&name)) {
            error.path = [before, if own.is_empty() { "" } else { written }, after].concat();
        }
        Failure::of_text(error, excerpt::of_text(key))
    }

    /// True for a field that a file can be given for.
    fn takes_file(&self, parameter: Parameter<'_>) -> bool {
        parameter.facts.bytes || self.is_http_body(parameter)
    }

    /// True for an `HttpBody`, which has no other form than that of a file.
    pub(super) fn is_http_body(&self, parameter: Parameter<'_>) -> bool {
        let plan = parameter.facts.message;
        plan.is_some_and(|plan| http_body::is_plan(self.plans, plan))
    }

    /// 400 about the field that a name means.
    pub(super) fn refuse(&self, key: &str, description: &str) -> Failure {
        if self.prefix.is_empty() {
            return Failure::invalid_field(key, description);
        }
        let within = self.plans.name_of(FieldRef::at(self.prefix));
        Failure::invalid_field(&format!("{within}.{key}"), description)
    }

    #[cold]
    fn nul(&self) -> String {
        let place = self.source.place();
        format!("{place}, found a NUL character, expected text without")
    }

    fn unknown<'k>(&self, key: &str) -> Result<Option<Parameter<'k>>, Failure> {
        if self.unknown == Unknown::Ignore {
            return Ok(None);
        }
        let place = self.source.place();
        let text = match self.only {
            Some(only) => format!("found {place}, expected {}", only.name()),
            None => {
                let message = self.plans.name(self.root);
                format!("found {place}, but {message} has no such field")
            }
        };
        Err(self.refuse(key, &text))
    }

    fn clash(&self, key: &str, clash: Clash, field: FieldRef<'_>) -> Failure {
        let place = self.source.place();
        let Clash::Oneof { step, member } = clash else {
            return self.refuse(key, &format!("found twice {place}, expected once"));
        };
        let steps = field.steps();
        let (before, at) = steps.split_at(step);
        let oneof = at.first().and_then(|step| self.plans.oneof_name(*step));
        let other = at.first().map(|step| Step {
            field: member,
            ..*step
        });
        let other: Vec<Step> = before.iter().copied().chain(other).collect();
        self.refuse(
            key,
            &format!(
                "found together with {} {place}, but only one member of the oneof {} can be set",
                excerpt::of_text(&self.plans.name_of(FieldRef::at(&other))),
                excerpt::of_text(oneof.unwrap_or_default()),
            ),
        )
    }

    /// Something of higher rank binds the field.
    pub(super) fn is_bound(&self, field: FieldRef<'_>) -> bool {
        let whole = matches!(self.binding.body, Body::Whole);
        (self.source == Source::Query && whole) || self.is_beneath_a_bound_field(field)
    }

    pub(super) fn is_beneath_a_bound_field(&self, field: FieldRef<'_>) -> bool {
        let variables = &self.binding.variables;
        let by_body = match &self.binding.body {
            Body::Field(body) => self.source == Source::Query && field.is_at_or_under(body),
            Body::None | Body::Whole => false,
        };
        by_body || variables.iter().any(|v| field.is_at_or_under(&v.field))
    }

    fn is_outside(&self, field: FieldRef<'_>) -> bool {
        self.only.is_some_and(|only| !field.is_at_or_under(only))
    }
}

impl Source {
    /// Where that is, in a sentence.
    const fn place(self) -> &'static str {
        match self {
            Self::Query => "in the query",
            Self::Form => "in the form",
            Self::Multipart => "in the multipart body",
        }
    }
}

/// A key as a path and a map's subscript. A bracket that begins a segment belongs to the name of an
/// extension, as in `[pkg.ext]=1`.
fn split(key: &str) -> (&str, &str) {
    let mut before = '.';
    for (at, character) in key.char_indices() {
        if character == '[' && before != '.' {
            return key.split_at(at);
        }
        before = character;
    }
    (key, "")
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_subscript_is_told_from_an_extension() {
        for (key, path, subscript) in [
            ("a.b", "a.b", ""),
            ("m[k]", "m", "[k]"),
            ("m[a.[b]", "m", "[a.[b]"),
            ("m[]", "m", "[]"),
            ("[p.ext]", "[p.ext]", ""),
            ("a.[p.ext].b", "a.[p.ext].b", ""),
            ("[p.ext].m[k]", "[p.ext].m", "[k]"),
            ("", "", ""),
            ("[", "[", ""),
        ] {
            assert_eq!(split(key), (path, subscript), "{key}");
        }
    }
}

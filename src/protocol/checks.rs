//! What requests have to keep: the rules of a schema, where somebody has chosen that they are checked.
//!
//! ```text
//! Chosen: of which methods ─► Checks: the rules of each, compiled when a schema begins to be served
//!                               │ one index, while the head is read
//! messages, one or a stream ────┴─► the same, or INVALID_ARGUMENT with what is wrong
//! ```
//!
//! Messages are in wire form here, whatever the client wrote, so no dialect differs. What nobody can
//! judge does not pass.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use prost_reflect::MessageDescriptor;

use super::options::Chosen;
use crate::call::details::FieldViolation;
use crate::call::{Cause, Code, Encodings, Message, Packed, Requests, Status};
use crate::schema::{Method, Schema};
use crate::validate::{Compiler, Fault, RuleError, Rules, Timestamp};

/// Whether messages are checked against the rules that their schema states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// Nothing is checked.
    #[default]
    Off,
    /// Every message of a request.
    Requests,
}

/// What is asked of the requests of every method.
#[derive(Debug)]
pub(super) struct Checks {
    /// By the id of the method; empty where nothing is checked.
    methods: Vec<Asked>,
}

#[derive(Debug)]
enum Asked {
    Nothing,
    Rules(Rules),
    /// Something that nobody can check.
    Unusable(RuleError),
}

impl Checks {
    /// Compiles the rules of the methods that are checked.
    pub(super) fn new(schema: &Schema, chosen: &Chosen) -> Self {
        let mut methods = Vec::new();
        for (method, asked) in asked(schema, chosen) {
            if methods.is_empty() {
                methods.resize_with(schema.methods().len(), || Asked::Nothing);
            }
            if let Some(place) = methods.get_mut(method.id) {
                *place = asked;
            }
        }
        Self { methods }
    }

    /// The rules of a method's requests, if there are some and they are to be checked.
    ///
    /// # Errors
    /// UNIMPLEMENTED: there is one that cannot be used, so no request may pass.
    pub(super) fn of(
        &self,
        method: &Method,
        validation: Validation,
    ) -> Result<Option<Rules>, Status> {
        match validation {
            Validation::Off => Ok(None),
            Validation::Requests => match self.methods.get(method.id) {
                None | Some(Asked::Nothing) => Ok(None),
                Some(Asked::Rules(rules)) => Ok(Some(rules.clone())),
                Some(Asked::Unusable(error)) => Err(Status::gateway(
                    Code::Unimplemented,
                    format!("the method is not served: {error}"),
                )),
            },
        }
    }
}

/// Methods of which no request could be checked although somebody chose so: their paths, and why.
pub(super) fn unusable(schema: &Schema, chosen: &Chosen) -> BTreeMap<String, String> {
    asked(schema, chosen)
        .filter_map(|(method, asked)| match asked {
            Asked::Unusable(error) => Some((method.path.clone(), error.to_string())),
            Asked::Nothing | Asked::Rules(_) => None,
        })
        .collect()
}

/// What is asked of the requests of each method that is checked.
fn asked<'s>(schema: &'s Schema, chosen: &'s Chosen) -> impl Iterator<Item = (&'s Method, Asked)> {
    let mut compiler = Compiler::default();
    let mut inputs = Inputs {
        schema,
        service: None,
    };
    let checked = chosen.checked(schema);
    checked.map(move |method| {
        let rules = inputs.of(method).map(|input| compiler.rules(&input));
        let asked = match rules {
            None | Some(Ok(None)) => Asked::Nothing,
            Some(Ok(Some(rules))) => Asked::Rules(rules),
            Some(Err(error)) => Asked::Unusable(error),
        };
        (method, asked)
    })
}

/// Request messages by method.
struct Inputs<'s> {
    schema: &'s Schema,
    /// The last one that was asked for: methods come by their paths.
    service: Option<(&'s str, BTreeMap<String, MessageDescriptor>)>,
}

impl<'s> Inputs<'s> {
    fn of(&mut self, method: &'s Method) -> Option<MessageDescriptor> {
        if self
            .service
            .as_ref()
            .is_none_or(|(name, _)| *name != method.service)
        {
            let service = self.schema.pool().get_service_by_name(&method.service)?;
            let methods = service.methods();
            let inputs = methods.map(|method| (method.name().to_owned(), method.input()));
            self.service = Some((&method.service, inputs.collect()));
        }
        self.service.as_ref()?.1.get(&method.name).cloned()
    }
}

/// Lets those messages pass that keep the rules.
///
/// # Errors
/// The only message does not. Where there are many, the stream ends with the one that does not, which
/// cancels the call at the backend.
pub(super) fn kept(
    rules: Rules,
    encodings: &Encodings,
    requests: Requests,
) -> Result<Requests, Status> {
    let packed = encodings.request;
    match requests {
        Requests::One(message) => pass(&rules, packed, message).map(Requests::One),
        Requests::Done => Ok(Requests::Done),
        Requests::Stream(messages) => {
            Ok(Requests::stream(messages.map(move |message| {
                message.and_then(|message| pass(&rules, packed, message))
            })))
        }
    }
}

/// The message as it came, if it keeps the rules.
fn pass(rules: &Rules, packed: Option<Packed>, message: Message) -> Result<Message, Status> {
    let checked = match packed.filter(|_| message.is_compressed()) {
        None => rules.check(message.payload_bytes(), now()),
        Some(packed) => {
            let opened = packed
                .open(message.clone())
                .map_err(|unopened| Status::downstream(unopened.code(), unopened.to_string()))?;
            rules.check(opened.payload_bytes(), now())
        }
    };
    match checked {
        Ok(()) => Ok(message),
        Err(fault) => Err(status(fault)),
    }
}

fn status(fault: Fault) -> Status {
    match fault {
        Fault::Violated(violations) => {
            let message = violations.to_string();
            let list = violations.list.into_iter().map(|one| FieldViolation {
                field: one.field,
                description: one.description,
                reason: one.reason,
            });
            Status::invalid_fields(message, list.collect()).because(Cause::Invalid)
        }
        Fault::Malformed(reason) => Status::downstream(Code::InvalidArgument, reason),
        Fault::Unjudged(error) => Status::gateway(
            Code::Internal,
            format!("the request cannot be checked: {error}"),
        ),
    }
}

/// Now, as rules see it.
fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(now.subsec_nanos()).unwrap_or_default(),
    }
}

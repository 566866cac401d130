//! What WebSocket shares with REST: which binding a path has, and how single messages are read and
//! written by it, or by a method on its own path.

use std::sync::Arc;

use http::request::Parts;
use http::{Method as Verb, Uri};

use super::body::Payload;
use super::error::Failure;
use super::requests::Writer;
use super::{Terms, bind, guard, reply};
use crate::call::{Message, Status};
use crate::protocol::{Options, scratch};
use crate::schema::{Binding, Body, Captures, Method, Route, Schema};

/// What a path leads to.
#[derive(Debug)]
pub(in crate::protocol) enum Target<'s> {
    /// A binding, and where in the path its variables are.
    Binding(&'s Binding, Captures),
    /// The method whose own path it is.
    Method(&'s Arc<Method>),
}

impl<'s> Target<'s> {
    /// The target of a handshake. A browser makes it with GET whatever is called, so the verb
    /// decides only between bindings: GET, else POST, else the first by name.
    ///
    /// # Errors
    /// 404, 400 for a dubious path.
    pub(in crate::protocol) fn of(schema: &'s Schema, parts: &Parts) -> Result<Self, Failure> {
        let path = parts.uri.path();
        let mut route = schema.route(Verb::GET.as_str(), path);
        if let Route::WrongVerb { allow } = &route {
            let post = allow.iter().position(|verb| *verb == Verb::POST.as_str());
            let by_preference = post.into_iter().chain(0..allow.len());
            let bound = by_preference
                .filter_map(|place| allow.get(place))
                .map(|verb| schema.route(verb, path))
                .find(|route| matches!(route, Route::Found { .. }));
            if let Some(bound) = bound {
                route = bound;
            }
        }
        guard::check(parts, &route)?;
        match route {
            Route::Found { binding, captures } => Ok(Self::Binding(binding, captures)),
            Route::WrongVerb { .. } | Route::None => schema
                .unannotated_method(path)
                .map(Self::Method)
                .ok_or_else(|| Failure::not_found("WebSocket", path)),
        }
    }

    /// What is called.
    pub(in crate::protocol) const fn method(&self) -> &'s Arc<Method> {
        match self {
            Self::Binding(binding, _) => &binding.method,
            Self::Method(method) => method,
        }
    }

    /// The path template of the binding, or the method's own path.
    pub(in crate::protocol) fn template(&self) -> &'s str {
        match self {
            Self::Binding(binding, _) => &binding.template,
            Self::Method(method) => &method.path,
        }
    }
}

/// Reads the messages of one call, and writes those of its reply.
#[derive(Debug)]
pub(in crate::protocol) struct Frames {
    schema: Arc<Schema>,
    options: Arc<Options>,
    method: Arc<Method>,
    bound: Option<Bound>,
    writer: Writer,
}

/// What a binding reads one message from, besides its frame.
#[derive(Debug)]
struct Bound {
    /// The binding's place in the schema.
    id: usize,
    uri: Uri,
    captures: Captures,
}

impl Bound {
    fn request(&self, payload: Payload) -> bind::Request<'_> {
        bind::Request {
            path: self.uri.path(),
            captures: &self.captures,
            query: self.uri.query(),
            payload,
        }
    }
}

impl Frames {
    /// Those of this target, whose options these are.
    ///
    /// # Errors
    /// 400 if the URL does not fit.
    pub(in crate::protocol) fn new(
        schema: &Arc<Schema>,
        options: &Arc<Options>,
        target: Target<'_>,
        uri: &Uri,
    ) -> Result<Self, Failure> {
        let terms = Terms {
            plans: schema.plans(),
            options,
        };
        let method = Arc::clone(target.method());
        let (bound, writer) = match target {
            Target::Method(method) => (None, Writer::of_method(terms, method)),
            Target::Binding(binding, captures) => {
                let bound = Bound {
                    id: binding.id,
                    uri: uri.clone(),
                    captures,
                };
                let writer = Writer::new(terms, binding, &bound.request(Payload::Empty), None)?;
                (Some(bound), writer)
            }
        };
        Ok(Self {
            schema: Arc::clone(schema),
            options: Arc::clone(options),
            method,
            bound,
            writer,
        })
    }

    fn binding(&self) -> Option<(&Bound, &Binding)> {
        let bound = self.bound.as_ref()?;
        let binding = self.schema.bindings().nth(bound.id)?;
        Some((bound, binding))
    }

    /// The one message of a URL whose binding has no body.
    pub(in crate::protocol) fn of_url(&self) -> Option<Result<Message, Failure>> {
        let (bound, binding) = self.binding()?;
        matches!(binding.body, Body::None)
            .then(|| self.bind(binding, &bound.request(Payload::Empty)))
    }

    fn bind(&self, binding: &Binding, request: &bind::Request<'_>) -> Result<Message, Failure> {
        bind::message(self.schema.plans(), binding, request, &self.options)
    }

    /// The next message, from JSON. In a stream, what is wrong has the message's place before it.
    pub(in crate::protocol) fn read_json(&mut self, json: bytes::Bytes) -> Result<Message, Status> {
        let read = if self.method.shape.takes_stream() {
            self.writer.write(&json)
        } else if let Some((bound, binding)) = self.binding() {
            self.bind(binding, &bound.request(Payload::Json(json)))
        } else {
            let (plans, input) = (self.schema.plans(), self.method.input);
            let read = &self.options.read;
            Message::build(|out| {
                scratch::with(|scratch| plans.to_wire(input, &json, read, scratch, out))
            })
            .map_err(|error| Failure::of_input(&error, ""))
        };
        read.map_err(|failure| failure.status)
    }

    /// The next message, from wire form.
    pub(in crate::protocol) fn read_wire(&mut self, wire: &[u8]) -> Result<Message, Status> {
        self.writer.pass(wire).map_err(|failure| failure.status)
    }

    /// A reply as JSON: the field that the binding answers with, if it names one.
    pub(in crate::protocol) fn write_json(&self, message: &Message) -> Result<Vec<u8>, Status> {
        let field = self
            .binding()
            .and_then(|(_, binding)| binding.response_body.as_ref());
        let mut json = Vec::with_capacity(2 * message.len() + 64);
        let (plans, print) = (self.schema.plans(), &self.options.print);
        reply::write_json(plans, self.method.output, field, message, print, &mut json)?;
        Ok(json)
    }

    /// What is called.
    pub(in crate::protocol) const fn method(&self) -> &Arc<Method> {
        &self.method
    }

    /// By what it is read and written.
    pub(in crate::protocol) const fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// The schema's plans.
    pub(in crate::protocol) fn plans(&self) -> &crate::transcode::Plans {
        self.schema.plans()
    }
}

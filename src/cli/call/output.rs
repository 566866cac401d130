//! Replies as JSON on standard output, a status with its details on standard error.

use prost::Message as _;

use crate::call::details::{Any, RpcStatus};
use crate::call::{Message, Metadata, Status};
use crate::cli::Exit;
use crate::cli::terminal::{self, BAD, DIM};
use crate::protocol::indent::{Layout, laid_out};
use crate::schema::{Method, Schema};
use crate::transcode::{PlanId, PrintOptions, Scratch, UnknownAny};

/// Prints what comes back from one call.
pub(super) struct Printer<'s> {
    schema: &'s Schema,
    method: &'s Method,
    options: PrintOptions,
    form: Form,
    scratch: Scratch,
}

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Over several lines, for reading.
    Indented,
    /// One line a reply.
    Compact,
}

impl<'s> Printer<'s> {
    pub(super) fn new(
        schema: &'s Schema,
        method: &'s Method,
        options: PrintOptions,
        form: Form,
    ) -> Self {
        // For reading, an Any of unknown type shown as base64 is better than no message at all.
        let options = PrintOptions {
            unknown_any: UnknownAny::Base64,
            ..options
        };
        Self {
            schema,
            method,
            options,
            form,
            scratch: Scratch::default(),
        }
    }

    /// Prints one reply. An `Err` ends the call: nobody reads any more, or the reply is broken.
    pub(super) fn message(&mut self, message: &Message) -> Result<(), Exit> {
        match self.json(self.method.output, message.payload_bytes()) {
            Some(json) if terminal::print_bytes(&json) => Ok(()),
            Some(_) => Err(Exit::Done),
            None => {
                let name = self.schema.plans().name(self.method.output);
                terminal::error(&format!("the reply is no {name}"));
                Err(Exit::Failed)
            }
        }
    }

    /// A message as JSON, laid out.
    fn json(&mut self, plan: PlanId, wire: &[u8]) -> Option<Vec<u8>> {
        let json = self.compact(plan, wire)?;
        Some(match self.form {
            Form::Compact => json,
            Form::Indented => laid_out(Layout::Indented, json),
        })
    }

    fn compact(&mut self, plan: PlanId, wire: &[u8]) -> Option<Vec<u8>> {
        let mut json = Vec::new();
        self.schema
            .plans()
            .to_json(plan, wire, &self.options, &mut self.scratch, &mut json)
            .ok()
            .map(|()| json)
    }

    /// Prints how a call failed.
    pub(super) fn status(&mut self, status: &Status) -> Exit {
        let (code, number) = (status.code, status.code.number());
        terminal::note(&format!(
            "{BAD}{code}{BAD:#} ({number}): {}",
            status.message
        ));
        // A broken detail is left out, as everywhere.
        let details = RpcStatus::decode(status.details.clone())
            .unwrap_or_default()
            .details;
        for detail in &details {
            let json = laid_out(Layout::Indented, self.detail(detail));
            terminal::note(&String::from_utf8_lossy(&json));
        }
        Exit::Status(code)
    }

    /// One detail as JSON: opened by the schema, else in base64.
    fn detail(&mut self, any: &Any) -> Vec<u8> {
        if let Some(plan) = self.schema.plans().find("google.protobuf.Any")
            && let Some(json) = self.compact(plan, &any.encode_to_vec())
        {
            return json;
        }
        let name = any.type_url.rsplit('/').next().unwrap_or_default();
        let plan = self.schema.plans().find(name);
        let opened = plan.and_then(|plan| self.compact(plan, &any.value));
        let url = serde_json::Value::from(any.type_url.as_str());
        let value = match opened {
            Some(json) => String::from_utf8_lossy(&json).into_owned(),
            None => format!("\"{}\"", base64_simd::STANDARD.encode_to_string(&any.value)),
        };
        format!("{{\"@type\":{url},\"value\":{value}}}").into_bytes()
    }
}

/// Prints metadata, a field a line.
pub(super) fn metadata(mark: &str, metadata: &Metadata) {
    for (name, value) in &metadata.0 {
        let value = String::from_utf8_lossy(value.as_bytes());
        terminal::note(&format!("{DIM}{mark} {name}: {value}{DIM:#}"));
    }
}

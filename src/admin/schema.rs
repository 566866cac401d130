//! The schema that is served: its services and methods, and its descriptors for tools.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;

use super::Look;
use crate::schema::{Kept, Schema};

/// What descriptors in wire form are called.
const PROTOBUF: &str = "application/x-protobuf";

/// What is served.
#[derive(Debug, Serialize)]
struct Served {
    /// The number of the schema.
    generation: u64,
    services: Vec<Service>,
    /// A sentence for all that is not served.
    refusals: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Service {
    name: String,
    methods: Vec<Method>,
}

#[derive(Debug, Serialize)]
struct Method {
    name: String,
    shape: &'static str,
    /// Full name of the request message.
    input: String,
    /// Full name of the response message.
    output: String,
    /// The upstream that its schema came from.
    upstream: String,
    deprecated: bool,
}

impl Served {
    fn of(schema: &Schema, generation: u64) -> Self {
        let mut services: Vec<Service> = Vec::new();
        for method in schema.methods() {
            let service = schema.pool().get_service_by_name(&method.service);
            let described = service.and_then(|service| {
                let mut methods = service.methods();
                methods.find(|described| described.name() == method.name)
            });
            let message = |of: fn(&prost_reflect::MethodDescriptor) -> String| {
                described.as_ref().map(of).unwrap_or_default()
            };
            let row = Method {
                name: method.name.clone(),
                shape: method.shape.name(),
                input: message(|described| described.input().full_name().to_owned()),
                output: message(|described| described.output().full_name().to_owned()),
                upstream: method.upstream.to_string(),
                deprecated: method.deprecated,
            };
            // Methods come by their paths, so those of a service come together.
            match services.last_mut() {
                Some(last) if last.name == method.service => last.methods.push(row),
                Some(_) | None => services.push(Service {
                    name: method.service.clone(),
                    methods: vec![row],
                }),
            }
        }
        Self {
            generation,
            services,
            refusals: schema.refusals().to_vec(),
        }
    }
}

/// Whatever is served, and what that needs.
struct All<'s>(&'s Schema);

impl Kept for All<'_> {
    fn method(&self, name: &str) -> bool {
        name.rsplit_once('.').is_some_and(|(service, method)| {
            self.0.method(&format!("/{service}/{method}")).is_some()
        })
    }

    fn message(&self, _: &str) -> bool {
        true
    }

    fn field(&self, _: &str, _: u32) -> bool {
        true
    }

    fn enumeration(&self, _: &str) -> bool {
        true
    }

    fn value(&self, _: &str, _: &str) -> bool {
        true
    }
}

/// In JSON, or descriptors for who asks for those.
pub(super) async fn schema(State(look): State<Arc<dyn Look>>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(header::ACCEPT).into_iter();
    let mut accept = accept.filter_map(|value| value.to_str().ok());
    if accept.any(|value| value.contains(PROTOBUF)) {
        return descriptors(State(look)).await;
    }
    let (schema, generation) = (look.schema(), look.metrics().schema_generation);
    let vary = (header::VARY, "accept");
    ([vary], Json(Served::of(&schema, generation))).into_response()
}

/// A `google.protobuf.FileDescriptorSet`.
pub(super) async fn descriptors(State(look): State<Arc<dyn Look>>) -> Response {
    let schema = look.schema();
    let set = schema.descriptor_set(&All(&schema));
    let headers = [(header::CONTENT_TYPE, PROTOBUF), (header::VARY, "accept")];
    (headers, set).into_response()
}

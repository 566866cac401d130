//! Errors with the standard details of `google.rpc`, as a careful backend sends them.

use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};

use super::pb::google::rpc;

/// The domain that the demo's `ErrorInfo` names.
pub(super) const DOMAIN: &str = "demo.transom";

/// A status under construction.
pub(super) struct Failure {
    code: Code,
    message: String,
    details: Vec<Any>,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// Adds one detail.
    pub(super) fn with<M: Message + Name>(self, detail: &M) -> Self {
        self.with_any(Any {
            type_url: M::type_url(),
            value: detail.encode_to_vec(),
        })
    }

    /// Adds one detail that is already packed.
    pub(super) fn with_any(mut self, detail: Any) -> Self {
        self.details.push(detail);
        self
    }

    /// The status for tonic, `grpc-status-details-bin` included when there are details.
    pub(super) fn into_status(self) -> Status {
        if self.details.is_empty() {
            return Status::new(self.code, self.message);
        }
        let packed = rpc::Status {
            code: self.code.into(),
            message: self.message.clone(),
            details: self.details,
        };
        Status::with_details(self.code, self.message, packed.encode_to_vec().into())
    }
}

/// NOT_FOUND that names the kind of thing and its name.
pub(super) fn not_found(kind: &str, name: &str) -> Status {
    Failure::new(
        Code::NotFound,
        format!("there is no {kind} {:?}", clip(name)),
    )
    .with(&rpc::ResourceInfo {
        resource_type: format!("library.example.com/{kind}"),
        resource_name: clip(name).to_owned(),
        owner: String::new(),
        description: "nothing has this name".to_owned(),
    })
    .into_status()
}

/// INVALID_ARGUMENT that names the field.
pub(super) fn bad_field(field: &str, description: impl Into<String>) -> Status {
    let description = description.into();
    Failure::new(Code::InvalidArgument, format!("{field}: {description}"))
        .with(&rpc::BadRequest {
            field_violations: vec![rpc::bad_request::FieldViolation {
                field: field.to_owned(),
                description,
                ..Default::default()
            }],
        })
        .into_status()
}

/// FAILED_PRECONDITION that names what stands in the way.
pub(super) fn precondition(kind: &str, subject: &str, description: &str) -> Status {
    Failure::new(Code::FailedPrecondition, description)
        .with(&rpc::PreconditionFailure {
            violations: vec![rpc::precondition_failure::Violation {
                r#type: kind.to_owned(),
                subject: clip(subject).to_owned(),
                description: description.to_owned(),
            }],
        })
        .into_status()
}

/// RESOURCE_EXHAUSTED that says whose share is used up and when to come again.
pub(super) fn exhausted(subject: &str, description: &str, retry_seconds: i64) -> Status {
    Failure::new(Code::ResourceExhausted, description)
        .with(&rpc::QuotaFailure {
            violations: vec![rpc::quota_failure::Violation {
                subject: clip(subject).to_owned(),
                description: description.to_owned(),
                ..Default::default()
            }],
        })
        .with(&rpc::RetryInfo {
            retry_delay: Some(prost_types::Duration {
                seconds: retry_seconds,
                nanos: 0,
            }),
        })
        .into_status()
}

/// RESOURCE_EXHAUSTED because one of the demo's stores is at its bound.
pub(super) fn full(what: &str, bound: usize) -> Status {
    Status::resource_exhausted(format!("the demo keeps at most {bound} {what}"))
}

/// At most 100 bytes of what a client sent, cut between characters.
pub(super) fn clip(text: &str) -> &str {
    text.get(..text.floor_char_boundary(100)).unwrap_or(text)
}

//! What readers of the coverage page should know, gathered under a bound.

use std::collections::BTreeSet;

use super::{Catalog, Finding, FindingKind};
use crate::schema::{SAME_REQUESTS, Schema};

/// Findings at most. Nobody reads more, and a schema of a hundred thousand fields without comments must not
/// become as many sentences.
const FINDINGS_MAX: usize = 10_000;

/// Findings, each once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: BTreeSet<Finding>,
}

impl Findings {
    /// Adds a finding, unless there are too many.
    pub(crate) fn add(&mut self, finding: Finding) {
        if self.all.len() < FINDINGS_MAX {
            self.all.insert(finding);
        }
    }

    /// What is refused. A sentence may name what the audience does not see, so only those about its own
    /// methods, and against its own methods, are told; if it sees everything, all are.
    pub(super) fn refused(&mut self, schema: &Schema, catalog: &Catalog, whole: bool) {
        let shown: BTreeSet<&str> = catalog
            .methods()
            .map(|(_, _, method)| method.served.path.as_str())
            .collect();
        for sentence in schema.refusals() {
            let (element, text) = sentence.split_once(": ").unwrap_or((sentence, ""));
            let against = text
                .split_once(SAME_REQUESTS)
                .map(|(_, other)| other.split(' ').next().unwrap_or_default());
            let is_told = shown.contains(element)
                && against.is_none_or(|other| !other.starts_with('/') || shown.contains(other));
            if whole || is_told {
                self.add(Finding {
                    kind: FindingKind::Refused,
                    element: dotted(element),
                    text: text.to_owned(),
                });
            }
        }
    }

    /// Methods without a binding.
    pub(super) fn unbound(&mut self, catalog: &Catalog) {
        for (_, service, method) in catalog.methods() {
            if method.operations.iter().any(|op| op.binding.is_some()) {
                continue;
            }
            let how = if method.operations.is_empty() {
                "only gRPC, gRPC-Web, Connect and WebSocket can call it"
            } else {
                "REST can call it on its own path only"
            };
            self.add(Finding {
                kind: FindingKind::NoBinding,
                element: format!("{}.{}", service.name, method.served.name),
                text: format!("has no REST binding; {how}"),
            });
        }
    }

    /// Comments that are missing: a file that came without any is one finding.
    pub(super) fn silent(&mut self, schema: &Schema, catalog: &Catalog) {
        let comments = schema.comments();
        let mut silence = |file: &str, element: &str, comment: &str| {
            if !comment.is_empty() || file.starts_with("google/") {
                return;
            }
            self.add(if comments.has(file) {
                Finding {
                    kind: FindingKind::NoComment,
                    element: element.to_owned(),
                    text: "has no comment".to_owned(),
                }
            } else {
                Finding {
                    kind: FindingKind::NoComment,
                    element: file.to_owned(),
                    text: "came without any comments; a descriptor set that is built with source \
                           info, beside it, brings them"
                        .to_owned(),
                }
            });
        };
        for (_, service, method) in catalog.methods() {
            let file = method.descriptor.parent_file();
            silence(file.name(), &service.name, &service.comment);
            let name = method.descriptor.full_name();
            silence(file.name(), name, &method.summary);
        }
        for (name, message) in &catalog.messages {
            let file = message.descriptor.parent_file();
            silence(file.name(), name, &message.comment);
            for field in &message.fields {
                let file = field.descriptor.parent_file();
                silence(file.name(), field.descriptor.full_name(), &field.comment);
            }
        }
        for (name, enumeration) in &catalog.enums {
            let file = enumeration.descriptor.parent_file();
            silence(file.name(), name, &enumeration.comment);
        }
    }

    /// All of them, by kind and element.
    pub(crate) fn into_vec(self) -> Vec<Finding> {
        self.all.into_iter().collect()
    }
}

/// `/pkg.Service/Method` as the full name that it is.
fn dotted(path: &str) -> String {
    match path.strip_prefix('/') {
        Some(name) => name.replace('/', "."),
        None => path.to_owned(),
    }
}

//! Services and methods, those that are served.

use super::{Judge, Rule};
use crate::schema::{Idempotency, Method};

impl Judge<'_> {
    /// Every service that was served.
    pub(super) fn services(&mut self) {
        for name in self.old.services() {
            if !self.new.serves(name) {
                let text = "removed, with all of its methods";
                self.add(Rule::PackageServiceNoDelete, name, text);
            }
        }
        for was in self.old.methods() {
            match self.new.method(&was.path) {
                Some(is) => self.method(was, is),
                None if self.new.serves(&was.service) => {
                    self.add(Rule::RpcNoDelete, &full_name(was), "removed");
                }
                None => {}
            }
        }
    }

    fn method(&mut self, was: &Method, is: &Method) {
        let name = full_name(is);
        let (old, new) = (self.old.plans(), self.new.plans());
        for (rule, what, before, now) in [
            (
                Rule::RpcSameRequestType,
                "takes",
                old.name(was.input),
                new.name(is.input),
            ),
            (
                Rule::RpcSameResponseType,
                "answers with",
                old.name(was.output),
                new.name(is.output),
            ),
        ] {
            if before != now {
                self.add(rule, &name, format!("{what} {now} instead of {before}"));
            }
        }
        for (rule, what, before, now) in [
            (
                Rule::RpcSameClientStreaming,
                "takes",
                was.shape.takes_stream(),
                is.shape.takes_stream(),
            ),
            (
                Rule::RpcSameServerStreaming,
                "answers with",
                was.shape.gives_stream(),
                is.shape.gives_stream(),
            ),
        ] {
            if before != now {
                let text = format!("{what} {} instead of {}", many(now), many(before));
                self.add(rule, &name, text);
            }
        }
        if was.idempotency != is.idempotency {
            let (before, now) = (level(was.idempotency), level(is.idempotency));
            let text = format!("has idempotency_level {now} instead of {before}");
            self.add(Rule::RpcSameIdempotencyLevel, &name, text);
        }
    }
}

/// `pkg.Service.Method`.
pub(super) fn full_name(method: &Method) -> String {
    format!("{}.{}", method.service, method.name)
}

const fn many(streams: bool) -> &'static str {
    if streams { "a stream" } else { "one message" }
}

const fn level(idempotency: Idempotency) -> &'static str {
    match idempotency {
        Idempotency::Unknown => "IDEMPOTENCY_UNKNOWN",
        Idempotency::NoSideEffects => "NO_SIDE_EFFECTS",
        Idempotency::Idempotent => "IDEMPOTENT",
    }
}

//! Whether documents are true: some of REST's answers are checked against the schema that documents give
//! their operation.
//!
//! ```text
//!  answer ─► every n-th ─► bounded queue ─► one thread ─► Tally ─► coverage page
//!                          (dropped if full)
//! ```
//!
//! Nothing here slows a call: what the thread cannot keep up with is dropped and counted. Of an answer
//! nothing is kept; of a mismatch the place in the schema is, which has names of fields and no values.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use jsonschema::Validator;
use serde_json::Value;

use super::published::Published;
use crate::catalog::{Catalog, Method, Operation};
use crate::openapi;

#[cfg(test)]
mod tests;

/// Answers that wait to be checked.
const QUEUE_MAX: usize = 64;

/// Operations whose mismatches are told apart.
const OPERATIONS_MAX: usize = 1_000;

/// Hands answers to the thread that checks them. The thread ends with this.
#[derive(Debug)]
pub(super) struct Checks {
    queue: SyncSender<Answer>,
    /// One of so many.
    every: u64,
    seen: AtomicU64,
    tally: Arc<Tally>,
}

/// An answer to check.
#[derive(Debug)]
struct Answer {
    of: Arc<Published>,
    binding: usize,
    json: Bytes,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Tally {
    checked: AtomicU64,
    wrong: AtomicU64,
    dropped: AtomicU64,
    operations: Mutex<BTreeMap<String, Mismatch>>,
}

/// An operation that does not answer as its document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// `/pkg.Service/Method`.
    pub(super) method: String,
    /// How often.
    pub(super) count: u64,
    /// Where in the schema, of the first: `/properties/pages/type`.
    pub(super) place: String,
}

impl Checks {
    /// Starts the thread.
    pub(super) fn start(every: u32) -> io::Result<Self> {
        let (queue, answers) = sync_channel(QUEUE_MAX);
        let tally = Arc::new(Tally::default());
        let found = Arc::clone(&tally);
        thread::Builder::new()
            .name("docs-checks".to_owned())
            .spawn(move || check_all(&answers, &found))?;
        Ok(Self {
            queue,
            every: every.max(1).into(),
            seen: AtomicU64::new(0),
            tally,
        })
    }

    /// True for one of so many answers, the first above all.
    pub(super) fn wants(&self) -> bool {
        let before = self.seen.fetch_add(1, Ordering::Relaxed);
        before.is_multiple_of(self.every)
    }

    /// Never waits.
    pub(super) fn take(&self, of: Arc<Published>, binding: usize, json: Bytes) {
        let answer = Answer { of, binding, json };
        if self.queue.try_send(answer).is_err() {
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }
}

impl Tally {
    /// Answers that were checked, those that were wrong, and those for which there was no time.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (of(&self.checked), of(&self.wrong), of(&self.dropped))
    }

    /// By the operation's name: `GET /v1/books/{book}`.
    pub(super) fn mismatches(&self) -> BTreeMap<String, Mismatch> {
        let operations = self.operations.lock();
        operations.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wrong(&self, operation: &Judged, place: String) {
        self.wrong.fetch_add(1, Ordering::Relaxed);
        let mut operations = self
            .operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = operations.get_mut(&operation.name) {
            known.count += 1;
            return;
        }
        if operations.len() >= OPERATIONS_MAX {
            return;
        }
        let (method, name) = (&operation.method, &operation.name);
        tracing::warn!(%method, operation = %name, %place, "an answer is not what its document says");
        let mismatch = Mismatch {
            method: method.clone(),
            count: 1,
            place,
        };
        operations.insert(name.clone(), mismatch);
    }
}

fn check_all(answers: &Receiver<Answer>, tally: &Tally) {
    let mut judge: Option<(Arc<Published>, Judge)> = None;
    while let Ok(Answer { of, binding, json }) = answers.recv() {
        let (current, judge) = judge.get_or_insert_with(|| (Arc::clone(&of), Judge::default()));
        if !Arc::ptr_eq(current, &of) {
            (*current, *judge) = (Arc::clone(&of), Judge::default());
        }
        judge.check(of.catalog(), of.schemas(), binding, &json, tally);
    }
}

/// The schemas of one catalog's answers; as many as there are bindings.
#[derive(Default)]
struct Judge {
    /// By binding; none for what has no JSON, or may not be seen.
    operations: HashMap<usize, Option<Judged>>,
}

/// An operation with the schema of its answer.
struct Judged {
    name: String,
    method: String,
    schema: Validator,
}

impl Judge {
    fn check(
        &mut self,
        catalog: &Catalog,
        options: &openapi::Options,
        binding: usize,
        json: &[u8],
        tally: &Tally,
    ) {
        let judged = self.operations.entry(binding);
        let judged = judged.or_insert_with(|| {
            let (method, operation) = find(catalog, binding)?;
            Judged::of(catalog, options, method, operation)
        });
        let Some(judged) = judged else {
            return;
        };
        tally.checked.fetch_add(1, Ordering::Relaxed);
        match serde_json::from_slice::<Value>(json) {
            Err(_) => tally.wrong(judged, "is no JSON".to_owned()),
            Ok(value) => {
                if let Some(error) = judged.schema.iter_errors(&value).next() {
                    tally.wrong(judged, error.schema_path().to_string());
                }
            }
        }
    }
}

impl Judged {
    fn of(
        catalog: &Catalog,
        options: &openapi::Options,
        method: &Method,
        operation: &Operation,
    ) -> Option<Self> {
        let name = format!("{} {}", operation.verb, operation.path);
        let schema = openapi::answer_schema(catalog, options, method, operation)?;
        let schema = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema);
        let schema = schema
            .inspect_err(|_| tracing::warn!(operation = %name, "its schema cannot be checked"))
            .ok()?;
        Some(Self {
            name,
            method: method.served.path.clone(),
            schema,
        })
    }
}

fn find(catalog: &Catalog, binding: usize) -> Option<(&Method, &Operation)> {
    catalog.methods().find_map(|(_, _, method)| {
        let mut operations = method.operations.iter();
        let operation = operations.find(|operation| operation.binding == Some(binding))?;
        Some((method, operation))
    })
}

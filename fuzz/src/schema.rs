//! The schemas that the targets work on: the ones of the project's tests.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use transom::schema::{Options, Schema, Source};
use transom::transcode::PlanId;

/// Made by protoc: proto2, and editions.
const PROTOC: &[u8] = include_bytes!("../../tests/data/protoc/set.binpb");

/// Messages that JSON targets read and print; the first byte of their input chooses one. New ones
/// go to the end, or the seeds mean others.
const MESSAGES: &str = include_str!("messages.txt");

/// The byte that chooses the first message.
const FIRST_MESSAGE: u8 = b'A';

/// Messages with every feature there is, by a plan for each.
pub(crate) struct Messages {
    pub(crate) schema: Schema,
    plans: Vec<PlanId>,
}

impl Messages {
    /// The message that a byte chooses; each byte chooses one.
    pub(crate) fn chosen(&self, by: u8) -> PlanId {
        self.plans[usize::from(by.wrapping_sub(FIRST_MESSAGE)) % self.plans.len()]
    }
}

pub(crate) static MESSAGES_OF_ALL_KINDS: LazyLock<Messages> = LazyLock::new(|| {
    let protoc = Source {
        name: "set.binpb".to_owned(),
        descriptors: PROTOC.to_vec(),
        upstream: "backend".into(),
        reflected: false,
    };
    let schema = build(vec![protoc, compiled("transcode"), compiled("rest")]);
    let plan = |name: &str| {
        let plan = schema.plans().find(name);
        plan.unwrap_or_else(|| panic!("messages.txt names {name}, which is not in the schema"))
    };
    let plans = MESSAGES.lines().map(plan).collect();
    Messages { schema, plans }
});

/// The services of `tests/data/rest`, with bindings of every kind.
pub(crate) static REST: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Arc::new(build(vec![compiled("rest")])));

/// The same, and a method of each shape without bindings.
pub(crate) static DIALECTS: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Arc::new(build(vec![compiled("protocol"), compiled("rest")])));

fn build(sources: Vec<Source>) -> Schema {
    let schema = Schema::build(sources, &Options::default()).expect("the test schemas build");
    assert_eq!(schema.refusals(), [""; 0]);
    schema
}

/// The `.proto` files of a folder of `tests/data`.
fn compiled(folder: &str) -> Source {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data")).join(folder);
    let compiled = Source::proto_files(&root, "backend".into()).expect("the test schemas compile");
    assert_eq!(compiled.broken, [""; 0]);
    compiled.source
}

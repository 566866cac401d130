//! The whole public Google API surface in one schema: what loads, what is refused and why, and for
//! every binding a generated request that must arrive as the message an independent reading expects.
//!
//! ```text
//! binding ─► case: values ─► URL, query, body ─► protocol::Router ─► captured wire bytes
//!                    └─────► DynamicMessage (prost-reflect) ══════════════╝ equal
//! ```
//!
//! `benches/googleapis/run` downloads the definitions and runs this. By hand:
//! `cargo bench --bench googleapis -- DIR`, where DIR holds `google/…/*.proto`. Without a directory
//! it says so and does nothing. Fails if a request goes astray or a binding is neither served nor
//! refused.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods)] // a clock that is never paused is what measuring needs

mod annotations;
mod case;
mod template;
mod trips;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use transom::schema::{Options, Schema, Source};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lines shown of each kind of refusal.
const SHOWN: usize = 3;

fn main() -> ExitCode {
    // Cargo adds flags of its own.
    let mut given = std::env::args().skip(1).filter(|arg| arg != "--bench");
    match (given.next(), given.next()) {
        (Some(load), Some(file)) if load == "--load" => {
            load_alone(Path::new(&file));
            ExitCode::SUCCESS
        }
        (Some(dir), _) => run(Path::new(&dir)),
        (None, _) => {
            println!("skipped: needs a directory of .proto files; benches/googleapis/run has one");
            ExitCode::SUCCESS
        }
    }
}

fn run(dir: &Path) -> ExitCode {
    let start = Instant::now();
    let compiled = Source::proto_files(dir, "google".into()).unwrap();
    println!(
        "compiled the .proto files: {:.1} s",
        start.elapsed().as_secs_f64()
    );
    println!("files left out by the compiler: {}", compiled.broken.len());
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in &compiled.broken {
        reasons.entry(broken_kind(line)).or_default().push(line);
    }
    show(&reasons);
    let set = set_file(dir);
    std::fs::write(&set, &compiled.source.descriptors).unwrap();
    let own = std::env::current_exe().unwrap();
    let status = Command::new(own).arg("--load").arg(&set).status().unwrap();
    assert!(status.success());

    let schema = Schema::build(vec![compiled.source], &Options::default()).unwrap();
    let annotated = annotations::count(schema.pool());
    let services = schema.pool().services().count();
    let (methods, routes) = (schema.methods().len(), schema.bindings().len());
    println!(
        "services {services}, of them with methods {}",
        schema.services().len()
    );
    println!("methods {}, served {methods}", annotated.methods);
    println!("bindings {}, routes {routes}", annotated.bindings);
    println!("refusals {}", schema.refusals().len());
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for refusal in schema.refusals() {
        kinds
            .entry(refusal_kind(refusal))
            .or_default()
            .push(refusal);
    }
    show(&kinds);
    let refused: usize = kinds
        .iter()
        .filter(|(kind, _)| kind.starts_with("binding"))
        .map(|(_, list)| list.len())
        .sum();
    let whole = annotated.methods == methods && annotated.bindings == routes + refused;
    if !whole {
        println!("FAILED: a method or binding is neither served nor refused");
    }
    let trips = trips::all(&Arc::new(schema));
    println!("{trips}");
    if whole && trips.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Beside the directory.
fn set_file(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap().to_owned();
    name.push(".binpb");
    dir.with_file_name(name)
}

/// Loads a descriptor set in a process that does nothing else, and prints what that took.
fn load_alone(file: &Path) {
    let descriptors = std::fs::read(file).unwrap();
    let bytes = descriptors.len();
    let source = Source {
        name: file.display().to_string(),
        descriptors,
        upstream: "google".into(),
        reflected: false,
    };
    let start = Instant::now();
    let schema = Schema::build(vec![source], &Options::default()).unwrap();
    let took = start.elapsed().as_secs_f64();
    println!(
        "descriptor set {:.1} MB: schema built in {took:.2} s, {} messages, memory {} (peak {})",
        bytes as f64 / 1e6,
        schema.pool().all_messages().count(),
        memory("VmRSS"),
        memory("VmHWM"),
    );
}

/// What Linux says of this process.
fn memory(what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or("unknown".to_owned(), |kib| format!("{} MiB", kib / 1024))
}

fn broken_kind(line: &str) -> &'static str {
    if line.contains("`edition`") {
        "file in an edition, which only protoc and buf compile"
    } else if line.contains("not found") {
        "file whose import is not in the package"
    } else {
        "file that does not compile"
    }
}

fn refusal_kind(refusal: &str) -> &'static str {
    if refusal.contains("matches the same requests as") {
        "binding that matches what another already matches"
    } else if refusal.starts_with('/') {
        "binding that is wrong in itself"
    } else {
        "file"
    }
}

fn show(kinds: &BTreeMap<&str, Vec<&str>>) {
    for (kind, list) in kinds {
        println!("  {}: {kind}", list.len());
        for line in list.iter().take(SHOWN) {
            println!("      {line}");
        }
        if list.len() > SHOWN {
            println!("      …");
        }
    }
}

//! The OpenAPI documents of whole trees of definitions, package by package, in every version: counted,
//! timed, and written for the validators.
//!
//! `benches/openapi/run` fetches the definitions, runs this twice and has every document validated.
//! By hand:
//!
//! ```text
//! cargo bench --bench openapi -- FROM OUT           writes OUT/{3.0,3.1,3.2}/PACKAGE.json
//! cargo bench --bench openapi -- FROM OUT --again   compares with what is there, byte by byte
//! cargo bench --bench openapi -- FROM --at-once     everything as one schema, time and memory alone
//! ```
//!
//! FROM is a folder of `.proto` files, or a descriptor set. A package is loaded with what it imports, and
//! without the services of that: across packages URLs clash. Fails if a binding that is served is not in
//! its document, or bytes differ.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods)] // a clock that is never paused is what measuring needs
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

mod files;
mod tally;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use files::Files;
use tally::Tally;
use transom::catalog::{Audience, Catalog, Ids};
use transom::openapi::{self, Edition, Format, Profile, Scope, Version};
use transom::protocol;
use transom::schema::{Options, Schema, Source};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the gateway would be.
const SERVER: &str = "https://api.example.com";

const VERSIONS: [Version; 3] = [Version::V30, Version::V31, Version::V32];

/// What becomes of a document.
#[derive(Clone, Copy)]
enum Written {
    /// It is kept.
    First,
    /// It has to be what was kept.
    Again,
}

fn main() -> ExitCode {
    // Cargo adds flags of its own.
    let given: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match given[..] {
        [from, "--at-once"] => {
            at_once(Path::new(from));
            ExitCode::SUCCESS
        }
        [from, out] => package_by_package(Path::new(from), Path::new(out), Written::First),
        [from, out, "--again"] => {
            package_by_package(Path::new(from), Path::new(out), Written::Again)
        }
        _ => {
            println!("skipped: needs definitions; benches/openapi/run has some");
            ExitCode::SUCCESS
        }
    }
}

/// A descriptor set: of a folder the one that was made of it before, beside it, if there is one.
fn descriptors(from: &Path) -> Vec<u8> {
    if !from.is_dir() {
        return std::fs::read(from).unwrap();
    }
    let beside = from.with_extension("binpb");
    if !beside.exists() {
        let compiled = Source::proto_files(from, "corpus".into()).unwrap();
        println!("files left out by the compiler: {}", compiled.broken.len());
        std::fs::write(&beside, &compiled.source.descriptors).unwrap();
    }
    std::fs::read(beside).unwrap()
}

fn schema(descriptors: Vec<u8>) -> Schema {
    let source = Source {
        name: "the corpus".to_owned(),
        descriptors,
        upstream: "corpus".into(),
        reflected: false,
    };
    Schema::build(vec![source], &Options::default()).unwrap()
}

fn catalog(schema: &Schema) -> Catalog {
    let config = protocol::Config::default();
    Catalog::new(schema, &config, &Audience::default(), Ids::Short)
}

fn package_by_package(from: &Path, out: &Path, written: Written) -> ExitCode {
    let files = Files::new(&descriptors(from));
    println!("files {}", files.len());
    let mut tally = Tally::default();
    for version in VERSIONS {
        std::fs::create_dir_all(out.join(version.to_string())).unwrap();
    }
    for package in files.packages() {
        let set = files.package(package);
        let start = Instant::now();
        let schema = schema(set);
        tally.time("schemas", start.elapsed());
        let start = Instant::now();
        let catalog = catalog(&schema);
        tally.time("catalogs", start.elapsed());
        tally.package(package, &schema, &catalog);
        for version in VERSIONS {
            document(package, &catalog, version, out, written, &mut tally);
        }
    }
    tally.print();
    println!("memory at most: {}", memory("VmHWM"));
    if tally.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn document(
    package: &str,
    catalog: &Catalog,
    version: Version,
    out: &Path,
    written: Written,
    tally: &mut Tally,
) {
    let edition = Edition {
        scope: Scope::Package(package.to_owned()),
        version,
        profile: Profile::Full,
        format: Format::Json,
    };
    let start = Instant::now();
    let document = openapi::document(catalog, &openapi::Config::default(), &edition, SERVER);
    let text = openapi::text(&document, Format::Json);
    let took = start.elapsed();
    let what = match version {
        Version::V30 => "documents of 3.0",
        Version::V31 => "documents of 3.1",
        Version::V32 => "documents of 3.2",
    };
    tally.time(what, took);
    tally.documents += 1;
    *tally.bytes.entry(version.to_string()).or_default() += text.len();
    if version == Version::V31 {
        tally.document(package, catalog, &document, took);
    }
    let name = if package.is_empty() {
        "no package"
    } else {
        package
    };
    let path = out.join(version.to_string()).join(format!("{name}.json"));
    match written {
        Written::First => std::fs::write(path, text).unwrap(),
        Written::Again => {
            if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                tally
                    .wrong
                    .push(format!("{name} {version}: other bytes than before"));
            }
        }
    }
}

/// Everything as one schema, as a gateway before all of it would have it.
fn at_once(from: &Path) {
    let descriptors = descriptors(from);
    let start = Instant::now();
    let schema = schema(descriptors);
    println!(
        "schema: {:.2} s, memory {}",
        start.elapsed().as_secs_f64(),
        memory("VmRSS")
    );
    let start = Instant::now();
    let catalog = catalog(&schema);
    println!(
        "catalog: {:.2} s, {} messages, {} enums, memory {}",
        start.elapsed().as_secs_f64(),
        catalog.messages.len(),
        catalog.enums.len(),
        memory("VmRSS"),
    );
    for version in VERSIONS {
        let edition = Edition {
            scope: Scope::All,
            version,
            profile: Profile::Full,
            format: Format::Json,
        };
        let start = Instant::now();
        let document = openapi::document(&catalog, &openapi::Config::default(), &edition, SERVER);
        let text = openapi::text(&document, Format::Json);
        println!(
            "one document of {version}: {:.2} s, {:.1} MB, memory at most {}",
            start.elapsed().as_secs_f64(),
            text.len() as f64 / 1e6,
            memory("VmHWM"),
        );
    }
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

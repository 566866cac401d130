//! What was counted over all packages, and how it is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prost_reflect::{DynamicMessage, FileDescriptor};
use serde_json::Value;
use transom::catalog::{Catalog, Finding, FindingKind};
use transom::schema::Schema;

/// Findings and refusals shown of each kind.
const SHOWN: usize = 3;

/// Members of a Path Item that are operations.
const VERBS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) packages: usize,
    pub(crate) documents: usize,
    services: usize,
    methods: usize,
    bindings: usize,
    /// Of methods that are restricted to readers with a label.
    hidden: usize,
    own_paths: usize,
    operations: usize,
    paths: usize,
    components: usize,
    refusals: Vec<String>,
    findings: BTreeMap<FindingKind, Vec<Finding>>,
    /// Bytes of documents, by version.
    pub(crate) bytes: BTreeMap<String, usize>,
    /// Time, by what was done.
    pub(crate) times: BTreeMap<&'static str, Duration>,
    largest: (usize, String),
    slowest: (Duration, String),
    /// What must not be.
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    /// Counts a package's schema and catalog.
    pub(crate) fn package(&mut self, name: &str, schema: &Schema, catalog: &Catalog) {
        self.packages += 1;
        self.services += schema.services().len();
        self.methods += schema.methods().len();
        self.bindings += schema.bindings().len();
        let refusals = schema.refusals().iter();
        self.refusals
            .extend(refusals.map(|refusal| format!("{name}: {refusal}")));
        for finding in &catalog.findings {
            let kind = self.findings.entry(finding.kind).or_default();
            kind.push(finding.clone());
        }
        // Every binding that is served is described, once.
        let mut described = BTreeSet::new();
        for (_, _, method) in catalog.methods() {
            for operation in &method.operations {
                match operation.binding {
                    None => self.own_paths += 1,
                    Some(binding) if described.insert(binding) => {}
                    Some(_) => self.wrong.push(format!("{}: twice", operation.id)),
                }
            }
        }
        let restricted = restricted(schema);
        let bindings = schema.bindings();
        let hidden = bindings.filter(|binding| restricted.contains(&binding.method.path));
        let hidden = hidden.count();
        self.hidden += hidden;
        if schema.bindings().len() != described.len() + hidden {
            self.wrong.push(format!(
                "{name}: {} bindings, of them {} described and {hidden} restricted",
                schema.bindings().len(),
                described.len()
            ));
        }
    }

    /// Counts the document of 3.1 of a package, and that it has every operation of the catalog.
    pub(crate) fn document(
        &mut self,
        name: &str,
        catalog: &Catalog,
        document: &Value,
        took: Duration,
    ) {
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().map(operations).sum();
        let expected: usize = catalog
            .methods()
            .flat_map(|(_, _, method)| &method.operations)
            .map(|operation| if operation.verb == "*" { 5 } else { 1 })
            .sum();
        if operations != expected {
            self.wrong.push(format!(
                "{name}: found {operations} operations in the document, expected {expected}"
            ));
        }
        self.operations += operations;
        self.paths += paths.len();
        let components = document["components"]["schemas"].as_object();
        self.components += components.map_or(0, serde_json::Map::len);
        self.largest = self.largest.clone().max((operations, name.to_owned()));
        self.slowest = self.slowest.clone().max((took, name.to_owned()));
    }

    pub(crate) fn time(&mut self, what: &'static str, took: Duration) {
        *self.times.entry(what).or_default() += took;
    }

    pub(crate) fn print(&self) {
        println!("packages {}, documents {}", self.packages, self.documents);
        println!("services {}, methods {}", self.services, self.methods);
        println!(
            "bindings {}, {} of them restricted; operations {}, of them on a method's own path {}",
            self.bindings, self.hidden, self.operations, self.own_paths
        );
        println!("paths {}, components {}", self.paths, self.components);
        println!(
            "largest: {} operations of {}",
            self.largest.0, self.largest.1
        );
        println!("refused bindings and files: {}", self.refusals.len());
        for refusal in self.refusals.iter().take(SHOWN) {
            println!("      {refusal}");
        }
        println!("findings:");
        for (kind, findings) in &self.findings {
            println!("  {kind:?} {}", findings.len());
            for finding in findings.iter().take(SHOWN) {
                println!("      {}: {}", finding.element, finding.text);
            }
        }
        for (version, bytes) in &self.bytes {
            println!("JSON of {version}: {:.1} MB", *bytes as f64 / 1e6);
        }
        for (what, took) in &self.times {
            println!("{what}: {:.2} s", took.as_secs_f64());
        }
        println!(
            "slowest document: {:.0} ms, {}",
            self.slowest.0.as_secs_f64() * 1e3,
            self.slowest.1
        );
        for wrong in &self.wrong {
            println!("FAILED: {wrong}");
        }
    }
}

fn operations(item: &Value) -> usize {
    let more = item["x-additionalOperations"].as_object();
    let verbs = VERBS.iter().filter(|verb| item.get(verb).is_some());
    verbs.count() + more.map_or(0, serde_json::Map::len)
}

/// Paths of methods that a label is needed for, by the descriptors alone.
fn restricted(schema: &Schema) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let files: Vec<_> = schema.own_files().collect();
    for service in files.iter().flat_map(FileDescriptor::services) {
        let pool = service.parent_pool();
        let is_said = |options: &DynamicMessage, name: &str| {
            let extension = pool.get_extension_by_name(name);
            extension.is_some_and(|extension| options.has_extension(&extension))
        };
        let whole = is_said(&service.options(), "google.api.api_visibility");
        for method in service.methods() {
            if whole || is_said(&method.options(), "google.api.method_visibility") {
                paths.insert(format!("/{}/{}", service.full_name(), method.name()));
            }
        }
    }
    paths
}

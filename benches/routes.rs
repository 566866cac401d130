//! What finding a route costs, among 100, 1,000 and 10,000 of them.
//!
//! A figure is the best of many short batches, each over paths spread over all routes.
//! `cargo bench --bench routes` runs it.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods)] // a clock that is never paused is what measuring needs

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use transom::schema::{Options, Route, Schema, Source};

/// One batch runs about this long.
const BATCH: Duration = Duration::from_millis(4);
/// The best of so many batches counts.
const BATCHES: usize = 51;
/// Different paths in a batch.
const PATHS: usize = 64;

fn main() {
    print!("{:<34}", "ns a match among");
    let sizes = [100, 1_000, 10_000];
    for size in sizes {
        print!("{size:>8}");
    }
    println!(" routes");
    let schemas: Vec<Schema> = sizes.into_iter().map(schema).collect();
    for (label, verb, path, found) in [
        ("literal", "GET", "/v1/kind{}/latest", true),
        ("variable", "GET", "/v1/kind{}/some-id", true),
        ("escaped value", "GET", "/v1/kind{}/some%20id", true),
        (
            "two variables, a verb",
            "POST",
            "/v1/kind{}/some-id/parts/7:cancel",
            true,
        ),
        (
            "deep, behind **",
            "GET",
            "/v1/kind{}/a/b/c/d/e/f/g/h/end",
            true,
        ),
        ("a colon that is no verb", "GET", "/v1/kind{}/a:b", true),
        (
            "missing at the end",
            "GET",
            "/v1/kind{}/some-id/nothing",
            false,
        ),
        ("missing at the start", "GET", "/v2/kind{}", false),
    ] {
        print!("{label:<34}");
        for (schema, size) in schemas.iter().zip(sizes) {
            let kinds = size / KIND.len();
            let paths: Vec<String> = (0..PATHS)
                .map(|n| path.replace("{}", &(n * kinds / PATHS).to_string()))
                .collect();
            for path in &paths {
                assert_eq!(
                    matches!(schema.route(verb, path), Route::Found { .. }),
                    found,
                    "{path}"
                );
            }
            print!("{:>8.0}", best(schema, verb, &paths));
        }
        println!();
    }
}

/// What every kind of resource has.
const KIND: [(&str, &str); 5] = [
    ("get", "/v1/kind{}/latest"),
    ("get", "/v1/kind{}/{id}"),
    ("delete", "/v1/{id=kind{}/*}"),
    ("post", "/v1/kind{}/{id}/parts/{part}:cancel"),
    ("get", "/v1/kind{}/{id=**}/end"),
];

fn schema(routes: usize) -> Schema {
    let mut text = String::from(
        "syntax = \"proto3\"; package b; import \"google/api/annotations.proto\";\n\
         message M { string id = 1; string part = 2; }\nservice S {\n",
    );
    for n in 0..routes {
        let (verb, path) = KIND[n % KIND.len()];
        let path = path.replace("{}", &(n / KIND.len()).to_string());
        writeln!(
            text,
            "rpc R{n}(M) returns (M) {{ option (google.api.http) = {{ {verb}: \"{path}\" }}; }}"
        )
        .unwrap();
    }
    text.push('}');
    let mut chain = ChainFileResolver::new();
    chain.add(Text(text));
    chain.add(protox::file::IncludeFileResolver::new(
        concat!(env!("CARGO_MANIFEST_DIR"), "/proto").into(),
    ));
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true).open_file("b.proto").unwrap();
    let source = Source {
        name: "b.proto".to_owned(),
        descriptors: compiler.encode_file_descriptor_set(),
        upstream: "b".into(),
        reflected: false,
    };
    let schema = Schema::build(vec![source], &Options::default()).unwrap();
    assert_eq!(schema.bindings().len(), routes, "{:?}", schema.refusals());
    schema
}

struct Text(String);

impl FileResolver for Text {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            "b.proto" => File::from_source(name, &self.0),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Nanoseconds a match takes in the best batch.
fn best(schema: &Schema, verb: &str, paths: &[String]) -> f64 {
    let round = || {
        for path in paths {
            black_box(schema.route(black_box(verb), black_box(path)));
        }
    };
    let mut rounds = 1_u32;
    loop {
        let start = Instant::now();
        (0..rounds).for_each(|_| round());
        if start.elapsed() >= BATCH {
            break;
        }
        rounds *= 2;
    }
    let batch = || {
        let start = Instant::now();
        (0..rounds).for_each(|_| round());
        start.elapsed().as_nanos() as f64 / (f64::from(rounds) * paths.len() as f64)
    };
    (0..BATCHES).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

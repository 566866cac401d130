//! Every seed through its target, without a fuzzer: what was found once stays mended.

use std::fs;
use std::path::PathBuf;

/// Runs a target on its seeds, in the order of their names.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut seeds: Vec<_> = fs::read_dir(&folder)
        .expect("every target has seeds")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{} is empty", folder.display());
    for seed in seeds {
        println!("{}", seed.display());
        run(&fs::read(&seed).expect("a seed can be read"));
    }
}

#[test]
fn json_to_wire() {
    replay("json_to_wire", transom_fuzz::json_to_wire);
}

#[test]
fn wire_to_json() {
    replay("wire_to_json", transom_fuzz::wire_to_json);
}

#[test]
fn query_binding() {
    replay("query_binding", transom_fuzz::query_binding);
}

#[test]
fn template_match() {
    replay("template_match", transom_fuzz::template_match);
}

#[test]
fn percent() {
    replay("percent", transom_fuzz::percent);
}

#[test]
fn frames() {
    replay("frames", transom_fuzz::frames);
}

#[test]
fn text() {
    replay("text", transom_fuzz::text);
}

#[test]
fn trailers() {
    replay("trailers", transom_fuzz::trailers);
}

#[test]
fn backend_trailers() {
    replay("backend_trailers", transom_fuzz::backend_trailers);
}

#[test]
fn end_stream() {
    replay("end_stream", transom_fuzz::end_stream);
}

#[test]
fn grpc_timeout() {
    replay("grpc_timeout", transom_fuzz::grpc_timeout);
}

#[test]
fn proxy_header() {
    replay("proxy_header", transom_fuzz::proxy_header);
}

#[test]
fn rpc_request() {
    replay("rpc_request", transom_fuzz::rpc_request);
}

#[test]
fn bearer_token() {
    replay("bearer_token", transom_fuzz::bearer_token);
}

#[test]
fn request_metadata() {
    replay("request_metadata", transom_fuzz::request_metadata);
}

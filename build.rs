//! Generates the types of the demo services from `proto/`, without a `protoc` binary.
fn main() {}

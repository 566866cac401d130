//! Generates the types of the demo services, and of the protocols that policies speak, from `proto/`, without a `protoc` binary, and writes
//! their descriptors, comments and annotations kept, for the demo backend's reflection.

use std::error::Error;
use std::path::Path;

/// The demo's own definitions.
const DEMO: [&str; 5] = [
    "demo/library/v1/library.proto",
    "demo/library/v2/library.proto",
    "demo/chat/v1/chat.proto",
    "demo/telemetry/v1/telemetry.proto",
    "demo/echo/v1/echo.proto",
];

/// Definitions that Rust types are made of besides: what the demo's messages and errors hold.
const BESIDES: [&str; 5] = [
    "google/api/httpbody.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "google/type/date.proto",
    "google/type/money.proto",
];

/// What Envoy asks others, which policies ask too.
const POLICY: [&str; 2] = [
    "envoy/service/auth/v3/external_auth.proto",
    "envoy/service/ratelimit/v3/rls.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=src/policy/proto");
    println!("cargo:rerun-if-changed=src/admin/proto");
    let out = std::env::var("OUT_DIR")?;
    let out = Path::new(&out);

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(DEMO)?;
    compiler.open_files(["google/rpc/error_details.proto", "google/rpc/status.proto"])?;
    // Encoded by the compiler itself: the typed set below has no room for custom options, and
    // `google.api.http` is one.
    std::fs::write(
        out.join("demo.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;

    let mut set = compiler.file_descriptor_set();
    set.file.retain(|file| {
        let name = file.name();
        DEMO.contains(&name) || BESIDES.contains(&name) || name.starts_with("google/protobuf/")
    });
    for file in &mut set.file {
        // The comments are written for readers of the API, not as Rust documentation.
        file.source_code_info = None;
    }
    let mut config = tonic_prost_build::Config::new();
    config
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com");
    tonic_prost_build::configure()
        .bytes(".")
        .btree_map(".")
        .include_file("demo.rs")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(set, config)?;
    policy(out)?;
    admin(out)
}

/// What the gateway says of itself. Not beneath `proto/`, of which people make schemas.
fn admin(out: &Path) -> Result<(), Box<dyn Error>> {
    let out = out.join("admin");
    std::fs::create_dir_all(&out)?;
    let mut compiler = protox::Compiler::new(["src/admin/proto"])?;
    compiler
        .include_source_info(true)
        .open_files(["grpc/health/v1/health.proto"])?;
    std::fs::write(
        out.join("health.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;
    let mut set = compiler.file_descriptor_set();
    for file in &mut set.file {
        file.source_code_info = None;
    }
    tonic_prost_build::configure()
        .btree_map(".")
        .out_dir(&out)
        .include_file("health.rs")
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    Ok(())
}

/// Into a folder of their own: packages that both have are in a file each.
fn policy(out: &Path) -> Result<(), Box<dyn Error>> {
    let out = out.join("policy");
    std::fs::create_dir_all(&out)?;
    let mut compiler = protox::Compiler::new(["src/policy/proto", "proto"])?;
    compiler.include_imports(true).open_files(POLICY)?;
    let set = compiler.file_descriptor_set();
    tonic_prost_build::configure()
        .bytes(".")
        .btree_map(".")
        // The one that errors are made of.
        .extern_path(".google.rpc.Status", "crate::call::details::RpcStatus")
        .out_dir(&out)
        .include_file("policy.rs")
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    Ok(())
}

//! Every interface definition under `proto/` compiles in-process and loads into a descriptor pool,
//! alone and together with all others.

use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("proto")
}

/// Paths of all definitions below `dir`, relative to `root`, sorted.
fn definitions(root: &Path, dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("proto/ is there") {
        let path = entry.expect("proto/ is readable").path();
        if path.is_dir() {
            definitions(root, &path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(
                path.strip_prefix(root)
                    .expect("it lies below proto/")
                    .to_owned(),
            );
        }
    }
    found.sort();
}

fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    definitions(&root(), &root(), &mut found);
    found
}

fn load(files: &[PathBuf]) -> DescriptorPool {
    let set = protox::compile(files, [root()]).expect("it compiles");
    DescriptorPool::from_file_descriptor_set(set).expect("it loads")
}

#[test]
fn each_definition_compiles_alone() {
    for file in all() {
        let pool = load(std::slice::from_ref(&file));
        let name = file.to_str().expect("names are ASCII");
        assert!(
            pool.get_file_by_name(name).is_some(),
            "{name} is in its own pool"
        );
    }
}

#[test]
fn all_definitions_load_together() {
    let pool = load(&all());
    for extension in [
        "google.api.http",
        "google.api.field_behavior",
        "google.api.resource",
        "buf.validate.field",
        "grpc.gateway.protoc_gen_openapiv2.options.openapiv2_operation",
        "openapi.v3.operation",
        "gnostic.openapi.v3.operation",
    ] {
        assert!(
            pool.get_extension_by_name(extension).is_some(),
            "{extension} is defined"
        );
    }
    for message in [
        "google.rpc.BadRequest",
        "google.type.Money",
        "google.api.HttpBody",
    ] {
        assert!(
            pool.get_message_by_name(message).is_some(),
            "{message} is defined"
        );
    }
}

#[test]
fn the_http_annotation_has_its_public_number() {
    let pool = load(&[PathBuf::from("google/api/annotations.proto")]);
    let http = pool
        .get_extension_by_name("google.api.http")
        .expect("it is defined");
    assert_eq!(http.number(), 72_295_728);
    assert_eq!(
        http.containing_message().full_name(),
        "google.protobuf.MethodOptions"
    );
}

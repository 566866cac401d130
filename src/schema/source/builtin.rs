//! The definitions that annotated schemas import and nobody has at hand, built in.
//!
//! They fill gaps only: a source's own version of any of these files wins.

use prost::Message as _;
use protox::file::{ChainFileResolver, File as Opened, FileResolver, GoogleFileResolver};

use crate::schema::descriptor::{File, FileSet};

/// Import path and text, for everything under `proto/` that is not the demo's own.
macro_rules! built_in {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../proto/", $path)))),*]
    };
}

/// The table. Files of `google/protobuf` come from the protobuf library itself.
const BUILT_IN: &[(&str, &str)] = built_in![
    "buf/validate/validate.proto",
    "gnostic/openapi/v3/annotations.proto",
    "gnostic/openapi/v3/openapiv3.proto",
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/field_info.proto",
    "google/api/http.proto",
    "google/api/httpbody.proto",
    "google/api/launch_stage.proto",
    "google/api/resource.proto",
    "google/api/routing.proto",
    "google/api/visibility.proto",
    "google/rpc/code.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "google/type/calendar_period.proto",
    "google/type/color.proto",
    "google/type/date.proto",
    "google/type/datetime.proto",
    "google/type/dayofweek.proto",
    "google/type/decimal.proto",
    "google/type/expr.proto",
    "google/type/fraction.proto",
    "google/type/interval.proto",
    "google/type/latlng.proto",
    "google/type/localized_text.proto",
    "google/type/money.proto",
    "google/type/month.proto",
    "google/type/phone_number.proto",
    "google/type/postal_address.proto",
    "google/type/quaternion.proto",
    "google/type/timeofday.proto",
    "openapiv3/OpenAPIv3.proto",
    "openapiv3/annotations.proto",
    "protoc-gen-openapiv2/options/annotations.proto",
    "protoc-gen-openapiv2/options/openapiv2.proto",
    "protoc-gen-openapiv3/options/annotations.proto",
    "protoc-gen-openapiv3/options/openapiv3.proto",
];

/// What every schema gets, so that error details and what people put into an Any always expand.
pub(in crate::schema) const ALWAYS: &[&str] = &[
    "google/protobuf/any.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
];

/// Opens built-in files by their import path.
#[derive(Debug)]
pub(super) struct BuiltinResolver;

impl FileResolver for BuiltinResolver {
    fn open_file(&self, name: &str) -> Result<Opened, protox::Error> {
        match BUILT_IN.iter().find(|(path, _)| *path == name) {
            Some((path, text)) => Opened::from_source(path, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The built-in files, for tests that compile with them.
#[cfg(test)]
pub(in crate::schema) fn resolver() -> impl FileResolver {
    BuiltinResolver
}

/// Whether a file of this name is one of ours, or one of the protobuf library's.
pub(in crate::schema) fn is_builtin(name: &str) -> bool {
    name.starts_with("google/protobuf/") || BUILT_IN.iter().any(|(path, _)| *path == name)
}

/// The built-in file of this name and the built-in files it imports; empty if there is none.
pub(in crate::schema) fn closure(name: &str) -> Vec<File> {
    if !is_builtin(name) {
        return Vec::new();
    }
    let mut chain = ChainFileResolver::new();
    chain.add(BuiltinResolver);
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    // With source info the set is written without a detour through a message object.
    compiler.include_imports(true).include_source_info(true);
    if compiler.open_file(name).is_err() {
        return Vec::new();
    }
    let Ok(set) = FileSet::decode(compiler.encode_file_descriptor_set().as_slice()) else {
        return Vec::new();
    };
    set.file
        .into_iter()
        .filter_map(|file| File::decode(file).ok())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_public_definition_under_proto_is_in_the_table() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path
                    .extension()
                    .is_some_and(|extension| extension == "proto")
                {
                    let name = path
                        .strip_prefix(&root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned();
                    if !name.starts_with("demo/") {
                        found.push(name);
                    }
                }
            }
        }
        found.sort();
        let mut listed: Vec<_> = BUILT_IN
            .iter()
            .map(|(path, _)| (*path).to_owned())
            .collect();
        listed.sort();
        assert_eq!(listed, found);
    }

    #[test]
    fn every_built_in_file_compiles() {
        for (path, _) in BUILT_IN {
            let files = closure(path);
            assert!(files.iter().any(|file| file.name() == *path), "{path}");
        }
        for path in ALWAYS {
            assert!(
                closure(path).iter().any(|file| file.name() == *path),
                "{path}"
            );
        }
        assert!(closure("demo/none.proto").is_empty());
        assert!(closure("google/protobuf/none.proto").is_empty());
    }
}

//! The bytes of a `FileDescriptorSet` to files. What people hand over by mistake is named.

use prost::Message as _;
use prost::bytes::Bytes;

use super::weight;
use crate::schema::descriptor::{File, FileSet};

/// Largest descriptor set. All of `googleapis` with comments is about 30 MiB.
pub(in crate::schema) const SET_BYTES_MAX: usize = 128 << 20;

/// Most files of a set; all of `googleapis` is about 8,000.
pub(in crate::schema) const FILES_MAX: usize = 20_000;

/// Why bytes are no descriptor set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Nothing in it.
    #[error(
        "is empty; expected a FileDescriptorSet (protoc --include_imports --descriptor_set_out=FILE)"
    )]
    Empty,
    /// Too large.
    #[error("has {0} bytes; a descriptor set may have {SET_BYTES_MAX}")]
    TooLarge(usize),
    /// Too many files.
    #[error("has {0} files; a descriptor set may have {FILES_MAX}")]
    TooManyFiles(usize),
    /// Too many definitions.
    #[error(
        "has more messages, fields, values, methods and source locations than {max} together",
        max = weight::DEFINITIONS_MAX
    )]
    TooManyDefinitions,
    /// A `.proto` file.
    #[error(
        "is a .proto file, not a compiled descriptor set; give its directory by --proto instead"
    )]
    ProtoSource,
    /// JSON.
    #[error("is JSON; expected a FileDescriptorSet in binary form")]
    Json,
    /// Compressed.
    #[error("is compressed (gzip); decompress it first")]
    Gzip,
    /// Compressed.
    #[error("is compressed (zstd); decompress it first")]
    Zstd,
    /// One file.
    #[error("is a single FileDescriptorProto ({0}); expected a FileDescriptorSet")]
    SingleFile(String),
    /// Something else.
    #[error("is not a FileDescriptorSet: {0}")]
    Garbage(String),
}

/// A file of a set that does not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("file {index} of the set ({name}) is not a FileDescriptorProto: {reason}")]
pub(super) struct Broken {
    index: usize,
    name: String,
    reason: String,
}

/// Only the name, for files whose rest does not decode.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Named {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
}

/// Reads a set. A file that does not decode is one error among the files.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Result<File, Broken>>, SetError> {
    if bytes.len() > SET_BYTES_MAX {
        return Err(SetError::TooLarge(bytes.len()));
    }
    if bytes.is_empty() {
        return Err(SetError::Empty);
    }
    // One copy; the files and everything in them share it.
    let shared = Bytes::copy_from_slice(bytes);
    let set = FileSet::decode(shared).map_err(|error| explain(bytes, &error.to_string()))?;
    if set.file.len() > FILES_MAX {
        return Err(SetError::TooManyFiles(set.file.len()));
    }
    // Two bytes make a message of hundreds in memory, so they are counted before they are decoded.
    if weight::exceeds(&set.file) {
        return Err(SetError::TooManyDefinitions);
    }
    let files: Vec<_> = set
        .file
        .into_iter()
        .enumerate()
        .map(|(index, file)| open(index, file))
        .collect();
    if files.iter().all(Result::is_err) {
        let reason = match files.into_iter().find_map(Result::err) {
            Some(broken) => broken.to_string(),
            None => "it has no file".to_owned(),
        };
        return Err(explain(bytes, &reason));
    }
    Ok(files)
}

fn open(index: usize, bytes: Bytes) -> Result<File, Broken> {
    let broken = |name: Option<String>, reason: &str| Broken {
        index,
        name: name.map_or_else(
            || "unnamed".to_owned(),
            |name| name.chars().take(80).collect(),
        ),
        reason: reason.to_owned(),
    };
    match File::decode(bytes.clone()) {
        Ok(file) if file.name().is_empty() => Err(broken(None, "it has no name")),
        Ok(file) => Ok(file),
        Err(error) => {
            let name = Named::decode(bytes).ok().and_then(|named| named.name);
            Err(broken(name, &error.to_string()))
        }
    }
}

/// What the bytes are, if they are no set.
fn explain(bytes: &[u8], reason: &str) -> SetError {
    let text = bytes.trim_ascii_start();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return SetError::Gzip;
    }
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return SetError::Zstd;
    }
    if text.starts_with(b"{") || text.starts_with(b"[") {
        return SetError::Json;
    }
    let starts: [&[u8]; 7] = [
        b"syntax", b"edition", b"package", b"import", b"message", b"//", b"/*",
    ];
    if starts.iter().any(|start| text.starts_with(start)) {
        return SetError::ProtoSource;
    }
    if let Ok(file) = File::decode(bytes)
        && file.name().ends_with(".proto")
    {
        return SetError::SingleFile(file.name().chars().take(80).collect());
    }
    SetError::Garbage(reason.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        File {
            name: Some(name.to_owned()),
            ..File::default()
        }
        .encode_to_vec()
    }

    #[test]
    fn what_people_hand_over_by_mistake_is_named() {
        for (bytes, expected) in [
            (&b""[..], "is empty"),
            (b"syntax = \"proto3\";\nmessage A {}", "is a .proto file"),
            (b"// Copyright\nsyntax = \"proto3\";", "is a .proto file"),
            (b"  {\"file\": []}", "is JSON"),
            (&[0x1f, 0x8b, 8, 0], "gzip"),
            (&[0x28, 0xb5, 0x2f, 0xfd, 0], "zstd"),
            (
                &file("a.proto"),
                "is a single FileDescriptorProto (a.proto)",
            ),
            (&[0xff; 40], "is not a FileDescriptorSet"),
            (&[8, 1], "is not a FileDescriptorSet"),
            (
                &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
                "is not a FileDescriptorSet",
            ),
        ] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn one_broken_file_leaves_the_others() {
        let mut broken = file("broken.proto");
        broken.extend([0x22, 0x05, 0x0a]);
        let set = FileSet {
            file: vec![
                file("a.proto").into(),
                broken.into(),
                file("b.proto").into(),
            ],
        };
        let files = read(&set.encode_to_vec()).unwrap();
        assert_eq!(files.iter().filter(|file| file.is_ok()).count(), 2);
        let error = files[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("file 1 of the set"), "{error}");
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let mut message = Vec::new();
        for _ in 0..5_000 {
            let mut outer = vec![0x1a];
            prost::encoding::encode_varint(message.len() as u64, &mut outer);
            outer.extend(&message);
            message = outer;
        }
        let mut bytes = file("a.proto");
        bytes.push(0x22);
        prost::encoding::encode_varint(message.len() as u64, &mut bytes);
        bytes.extend(message);
        let set = FileSet {
            file: vec![bytes.into()],
        };
        assert!(read(&set.encode_to_vec()).is_err());
    }

    #[test]
    fn a_million_messages_are_refused_undecoded() {
        let mut bytes = file("a.proto");
        bytes.extend([0x22, 0].repeat(1_000_000));
        let set = FileSet {
            file: vec![bytes.into()],
        };
        let result = read(&set.encode_to_vec());
        assert!(matches!(result, Err(SetError::TooManyDefinitions)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = read(&bytes);
        }
    }
}

//! A descriptor set taken apart: one set for each package, with what it needs and no other services.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_types::FileDescriptorProto;

/// Field of a `FileDescriptorSet` with its files.
const FILE: u64 = 1;
/// Field of a `FileDescriptorProto` with its services.
const SERVICE: u64 = 6;

/// A wire type, and a varint: enough to walk over descriptors.
const VARINT: u64 = 0;
const LENGTH: u64 = 2;

/// The files of a descriptor set, as they came: a message read and written again would lose the
/// options that its reader does not know.
#[derive(Debug)]
pub(crate) struct Files {
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    raw: Vec<u8>,
    package: String,
    imports: Vec<String>,
    has_methods: bool,
}

impl Files {
    pub(crate) fn new(set: &[u8]) -> Self {
        let mut files = BTreeMap::new();
        for (field, whole) in fields(set) {
            assert_eq!(field, FILE, "a descriptor set has files alone");
            let raw = content(whole).to_vec();
            let read = FileDescriptorProto::decode(raw.as_slice()).unwrap();
            let file = File {
                package: read.package().to_owned(),
                has_methods: read
                    .service
                    .iter()
                    .any(|service| !service.method.is_empty()),
                imports: read.dependency.clone(),
                raw,
            };
            files.insert(read.name().to_owned(), file);
        }
        Self { files }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Packages with methods.
    pub(crate) fn packages(&self) -> BTreeSet<&str> {
        let with = self.files.values().filter(|file| file.has_methods);
        with.map(|file| file.package.as_str()).collect()
    }

    /// A descriptor set of a package: its files whole, those that they import without their services.
    pub(crate) fn package(&self, package: &str) -> Vec<u8> {
        let own = self
            .files
            .iter()
            .filter(|(_, file)| file.package == package);
        let mut rest: Vec<&str> = own.map(|(name, _)| name.as_str()).collect();
        let mut needed = BTreeSet::new();
        let mut set = Vec::new();
        while let Some(name) = rest.pop() {
            // What the compiler left out is nowhere.
            let Some(file) = self.files.get(name).filter(|_| needed.insert(name)) else {
                continue;
            };
            rest.extend(file.imports.iter().map(String::as_str));
            let raw = if file.package == package {
                file.raw.clone()
            } else {
                let kept = fields(&file.raw).filter(|(field, _)| *field != SERVICE);
                kept.flat_map(|(_, whole)| whole.iter().copied()).collect()
            };
            varint_to(&mut set, FILE << 3 | LENGTH);
            varint_to(&mut set, raw.len() as u64);
            set.extend(raw);
        }
        set
    }
}

/// Number and bytes, tag and all, of each field of a descriptor.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let (tag, mut size) = varint(bytes);
        let (value, after) = varint(&bytes[size..]);
        size += after;
        match tag & 7 {
            VARINT => {}
            LENGTH => size += usize::try_from(value).unwrap(),
            other => panic!("no field of a file has wire type {other}"),
        }
        let (whole, rest) = bytes.split_at(size);
        bytes = rest;
        Some((tag >> 3, whole))
    })
}

/// What stands behind a field's tag and length.
fn content(whole: &[u8]) -> &[u8] {
    let (_, tag) = varint(whole);
    let (_, length) = varint(&whole[tag..]);
    &whole[tag + length..]
}

/// A varint, and how many bytes it takes.
fn varint(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (value, at + 1);
        }
    }
    panic!("a descriptor ends within a number");
}

fn varint_to(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

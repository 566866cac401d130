//! Descriptors of a part of what is served: what somebody may see, and nothing else.
//!
//! A file keeps the elements that are asked for and loses the others; a file that has none left is left
//! out, unless others reach something through it. Annotations stay on what they stand on. What is built
//! in everywhere (`google/protobuf`, `google/api` and the like) stays whole.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use prost::Message as _;

use super::Schema;
use super::descriptor::{Enum, Field, File, FileSet, Message, join, number};
use super::source::builtin;

/// What is kept. Names are full names.
pub trait Kept {
    /// A method: `pkg.Service.Method`.
    fn method(&self, name: &str) -> bool;
    /// A message.
    fn message(&self, name: &str) -> bool;
    /// A field of a message that is kept.
    fn field(&self, message: &str, number: u32) -> bool;
    /// An enum.
    fn enumeration(&self, name: &str) -> bool;
    /// A value of an enum that is kept.
    fn value(&self, enumeration: &str, name: &str) -> bool;
}

/// A `google.protobuf.FileDescriptorSet` of what is kept, imports first.
pub(super) fn descriptor_set(schema: &Schema, kept: &dyn Kept) -> Vec<u8> {
    let mut filtered: Vec<(File, Fate)> = Vec::new();
    for file in schema.pool().files() {
        // What the pool wrote can be read; if it were not so, the file would be missing here.
        if let Ok(mut file) = File::decode(file.encode_to_vec().as_slice()) {
            let fate = if builtin::is_builtin(file.name()) {
                Fate::Whole
            } else {
                filter(&mut file, kept)
            };
            filtered.push((file, fate));
        }
    }
    let needed = needed(&filtered);
    let file = filtered
        .into_iter()
        .filter(|(file, _)| needed.contains(file.name()))
        .map(|(mut file, _)| {
            keep_imports(&mut file, &needed);
            Bytes::from(file.encode_to_vec())
        })
        .collect();
    FileSet { file }.encode_to_vec()
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is built in, and there if it is imported.
    Whole,
    /// It has something that is kept.
    Kept,
    /// It has nothing left.
    Empty,
}

/// Names of the files that are kept or reached from those that are.
fn needed(files: &[(File, Fate)]) -> HashSet<String> {
    let by_name: HashMap<&str, &(File, Fate)> =
        files.iter().map(|entry| (entry.0.name(), entry)).collect();
    let mut needed: HashSet<String> = HashSet::new();
    let mut open: Vec<&str> = files
        .iter()
        .filter(|(_, fate)| *fate == Fate::Kept)
        .map(|(file, _)| file.name())
        .collect();
    while let Some(name) = open.pop() {
        let Some((file, fate)) = by_name.get(name) else {
            continue;
        };
        // Whatever an empty file imports for others is still reached through it.
        let passes = *fate != Fate::Empty || !file.public_dependency.is_empty();
        if passes && needed.insert(name.to_owned()) {
            open.extend(file.dependency.iter().map(String::as_str));
        }
    }
    needed
}

fn keep_imports(file: &mut File, needed: &HashSet<String>) {
    let mut places: HashMap<i32, i32> = HashMap::new();
    let mut kept = Vec::new();
    for (at, name) in std::mem::take(&mut file.dependency).into_iter().enumerate() {
        if needed.contains(&name) {
            if let (Ok(from), Ok(to)) = (i32::try_from(at), i32::try_from(kept.len())) {
                places.insert(from, to);
            }
            kept.push(name);
        }
    }
    file.dependency = kept;
    for list in [&mut file.public_dependency, &mut file.weak_dependency] {
        *list = list
            .iter()
            .filter_map(|at| places.get(at).copied())
            .collect();
    }
}

/// Takes away what is not kept.
fn filter(file: &mut File, kept: &dyn Kept) -> Fate {
    let before = file.encoded_len();
    let package = file.package().to_owned();
    file.message
        .retain_mut(|message| filter_message(message, &package, kept));
    file.enumeration
        .retain_mut(|each| filter_enum(each, &package, kept));
    file.extension.retain(|field| can_stay(field, kept));
    file.service.retain_mut(|service| {
        let name = join(&package, service.name.as_deref());
        service
            .method
            .retain(|method| kept.method(&join(&name, method.name.as_deref())));
        !service.method.is_empty()
    });
    if file.encoded_len() != before {
        // It names elements by their places.
        file.source_code_info = None;
    }
    let nothing = file.message.is_empty() && file.enumeration.is_empty() && file.service.is_empty();
    if nothing { Fate::Empty } else { Fate::Kept }
}

/// False if nothing of it is left.
fn filter_message(message: &mut Message, parent: &str, kept: &dyn Kept) -> bool {
    let name = join(parent, message.name.as_deref());
    let is_kept = kept.message(&name);
    message.field.retain(|field| {
        let number = field.number.and_then(|number| u32::try_from(number).ok());
        is_kept && number.is_some_and(|number| kept.field(&name, number))
    });
    drop_empty_oneofs(message);
    message.extension.retain(|field| can_stay(field, kept));
    let entries: HashSet<String> = message
        .field
        .iter()
        .filter_map(|field| field.type_name.as_deref())
        .map(|name| name.trim_start_matches('.').to_owned())
        .collect();
    message.nested.retain_mut(|nested| {
        if nested.is_map_entry() {
            entries.contains(&join(&name, nested.name.as_deref()))
        } else {
            filter_message(nested, &name, kept)
        }
    });
    message
        .enumeration
        .retain_mut(|each| filter_enum(each, &name, kept));
    is_kept || !message.nested.is_empty() || !message.enumeration.is_empty()
}

/// A oneof without fields is no oneof.
fn drop_empty_oneofs(message: &mut Message) {
    let used: HashSet<i32> = message
        .field
        .iter()
        .filter_map(|field| field.oneof_index)
        .collect();
    let mut places: HashMap<i32, i32> = HashMap::new();
    let mut kept = Vec::new();
    for (at, oneof) in std::mem::take(&mut message.oneof).into_iter().enumerate() {
        let Ok(from) = i32::try_from(at) else { break };
        if let (true, Ok(to)) = (used.contains(&from), i32::try_from(kept.len())) {
            places.insert(from, to);
            kept.push(oneof);
        }
    }
    message.oneof = kept;
    for field in &mut message.field {
        field.oneof_index = field.oneof_index.and_then(|at| places.get(&at).copied());
    }
}

fn filter_enum(each: &mut Enum, parent: &str, kept: &dyn Kept) -> bool {
    let name = join(parent, each.name.as_deref());
    each.value
        .retain(|value| kept.value(&name, value.name.as_deref().unwrap_or_default()));
    kept.enumeration(&name) && !each.value.is_empty()
}

/// An extension stays if its type does.
fn can_stay(field: &Field, kept: &dyn Kept) -> bool {
    let type_name = field.type_name.as_deref().unwrap_or_default();
    let type_name = type_name.trim_start_matches('.');
    if field.is_message() {
        kept.message(type_name)
    } else if field.kind == Some(number::TYPE_ENUM) {
        kept.enumeration(type_name)
    } else {
        true
    }
}

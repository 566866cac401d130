//! One file from two sources: merged if it is the same, else refused.
//!
//! What sources do differently to one and the same file does not count: comments, `json_name`
//! filled in or not, defaults written out, the order of options, custom options a reflection
//! server does not know and drops. Comments and custom options of both are kept.

use std::fmt;

use prost::bytes::{Buf as _, Bytes, BytesMut};
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};

use crate::schema::descriptor::{Enum, Field, File, Message};

#[cfg(test)]
mod tests;

/// Numbers from here on are extensions in every kind of options.
const EXTENSIONS: u32 = 1000;

/// Where two versions of a file differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Merges `other` into `kept`, which stays as it was if they differ.
pub(super) fn merge(kept: &mut File, mut other: File) -> Result<(), Difference> {
    let (left, right) = (normal(kept), normal(&other));
    if left != right {
        return Err(difference(&left, &right));
    }
    // The normal forms are equal, so both trees have one form and their options pair up.
    let merged = options_of(kept)
        .into_iter()
        .zip(options_of(&mut other))
        .map(|(mine, theirs)| union(mine.as_ref(), theirs.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    for (mine, merged) in options_of(kept).into_iter().zip(merged) {
        *mine = merged;
    }
    if comments(other.source_code_info.as_ref()) > comments(kept.source_code_info.as_ref()) {
        kept.source_code_info = other.source_code_info;
    }
    Ok(())
}

/// The file without what does not count.
fn normal(file: &File) -> File {
    let mut file = file.clone();
    file.source_code_info = None;
    if matches!(file.syntax.as_deref(), Some("" | "proto2")) {
        file.syntax = None;
    }
    file.extension.iter_mut().for_each(normal_field);
    file.message.iter_mut().for_each(normal_message);
    for method in file
        .service
        .iter_mut()
        .flat_map(|service| &mut service.method)
    {
        method.client_streaming = method.client_streaming.filter(|&flag| flag);
        method.server_streaming = method.server_streaming.filter(|&flag| flag);
    }
    for options in options_of(&mut file) {
        *options = concat(&split(options.as_ref()).known);
    }
    file
}

fn normal_message(message: &mut Message) {
    message.field.iter_mut().for_each(normal_field);
    message.extension.iter_mut().for_each(normal_field);
    message.nested.iter_mut().for_each(normal_message);
}

fn normal_field(field: &mut Field) {
    field.label.get_or_insert(1);
    field.proto3_optional = field.proto3_optional.filter(|&flag| flag);
    let name = field.name.as_deref().unwrap_or_default();
    field.json_name.get_or_insert_with(|| json_name(name));
}

/// protoc's rule: an underscore goes, and the letter after it becomes upper-case.
fn json_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    out
}

/// Every place of a file that holds options, in one order.
fn options_of(file: &mut File) -> Vec<&mut Option<Bytes>> {
    let mut out = vec![&mut file.options];
    for message in &mut file.message {
        options_of_message(message, &mut out);
    }
    for enumeration in &mut file.enumeration {
        options_of_enum(enumeration, &mut out);
    }
    out.extend(
        file.extension
            .iter_mut()
            .map(|extension| &mut extension.options),
    );
    for service in &mut file.service {
        out.push(&mut service.options);
        out.extend(service.method.iter_mut().map(|method| &mut method.options));
    }
    out
}

fn options_of_message<'f>(message: &'f mut Message, out: &mut Vec<&'f mut Option<Bytes>>) {
    out.push(&mut message.options);
    out.extend(message.field.iter_mut().map(|field| &mut field.options));
    out.extend(
        message
            .extension
            .iter_mut()
            .map(|extension| &mut extension.options),
    );
    out.extend(
        message
            .extension_range
            .iter_mut()
            .map(|range| &mut range.options),
    );
    out.extend(message.oneof.iter_mut().map(|oneof| &mut oneof.options));
    for enumeration in &mut message.enumeration {
        options_of_enum(enumeration, out);
    }
    for nested in &mut message.nested {
        options_of_message(nested, out);
    }
}

fn options_of_enum<'f>(enumeration: &'f mut Enum, out: &mut Vec<&'f mut Option<Bytes>>) {
    out.push(&mut enumeration.options);
    out.extend(enumeration.value.iter_mut().map(|value| &mut value.options));
}

/// The fields of some options, each with its number and with its bytes, tag included.
#[derive(Default)]
struct Split {
    known: Vec<(u32, Bytes)>,
    custom: Vec<(u32, Bytes)>,
}

/// Splits options into their fields. Bytes that are no message count as one known field.
fn split(options: Option<&Bytes>) -> Split {
    let mut out = Split::default();
    let Some(options) = options else { return out };
    let mut rest = options.clone();
    while rest.has_remaining() {
        let start = options.len() - rest.len();
        let Some(number) = skip(&mut rest) else {
            return Split {
                known: vec![(0, options.clone())],
                custom: Vec::new(),
            };
        };
        let bytes = options.slice(start..options.len() - rest.len());
        let list = if number < EXTENSIONS {
            &mut out.known
        } else {
            &mut out.custom
        };
        list.push((number, bytes));
    }
    // Stable: repeated options keep their order.
    out.known.sort_by_key(|(number, _)| *number);
    out.custom.sort_by_key(|(number, _)| *number);
    out
}

/// Reads over one field; its number.
fn skip(rest: &mut Bytes) -> Option<u32> {
    let (number, wire) = decode_key(rest).ok()?;
    if wire == WireType::EndGroup {
        return None;
    }
    skip_field(wire, number, rest, DecodeContext::default()).ok()?;
    Some(number)
}

fn concat(fields: &[(u32, Bytes)]) -> Option<Bytes> {
    let mut out = BytesMut::new();
    for (_, bytes) in fields {
        out.extend_from_slice(bytes);
    }
    (!out.is_empty()).then(|| out.freeze())
}

/// Custom options of either; the same one on both sides has to be the same.
fn union(mine: Option<&Bytes>, theirs: Option<&Bytes>) -> Result<Option<Bytes>, Difference> {
    let (mut mine, theirs) = (split(mine), split(theirs));
    let mut added = Vec::new();
    for same in theirs.custom.chunk_by(|(a, _), (b, _)| a == b) {
        let number = same.first().map_or(0, |(number, _)| *number);
        let from = mine.custom.partition_point(|(own, _)| *own < number);
        let own = mine.custom.get(from..).unwrap_or_default();
        let own = own.get(..own.partition_point(|(own, _)| *own == number));
        match own.unwrap_or_default() {
            [] => added.extend_from_slice(same),
            own if own == same => {}
            _ => {
                let difference = format!("custom option number {number} differs");
                return Err(Difference(difference));
            }
        }
    }
    mine.known.append(&mut mine.custom);
    mine.known.append(&mut added);
    Ok(concat(&mine.known))
}

/// How much a file's source info says; without comments protoc's is not empty either.
fn comments(info: Option<&Bytes>) -> usize {
    use prost::Message as _;
    let info = info.and_then(|info| prost_types::SourceCodeInfo::decode(info.clone()).ok());
    let said = |text: Option<&String>| text.map_or(0, String::len);
    info.map_or(0, |info| {
        let locations = info.location.iter();
        locations
            .map(|at| said(at.leading_comments.as_ref()) + said(at.trailing_comments.as_ref()))
            .sum()
    })
}

/// The first thing that differs, for people.
fn difference(left: &File, right: &File) -> Difference {
    let name = |name: Option<&String>| -> String {
        name.map_or("unnamed", String::as_str)
            .chars()
            .take(100)
            .collect()
    };
    macro_rules! first {
        ($what:literal, $list:ident) => {
            let (left, right) = (&left.$list, &right.$list);
            if let Some((left, _)) = left.iter().zip(right).find(|(left, right)| left != right) {
                return Difference(format!(
                    concat!($what, " {} differs"),
                    name(left.name.as_ref())
                ));
            }
            let more = if left.len() > right.len() {
                left
            } else {
                right
            };
            if let Some(only) = more.get(left.len().min(right.len())) {
                let only = name(only.name.as_ref());
                return Difference(format!(concat!($what, " {} is in one only"), only));
            }
        };
    }
    first!("message", message);
    first!("enum", enumeration);
    first!("service", service);
    first!("extension", extension);
    let what = if left.dependency != right.dependency {
        "imports differ"
    } else if left.package != right.package {
        "packages differ"
    } else if left.syntax != right.syntax || left.edition != right.edition {
        "syntax differs"
    } else {
        "options of the file differ"
    };
    Difference(what.to_owned())
}

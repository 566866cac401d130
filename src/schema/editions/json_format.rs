//! What has no promise to work in JSON: `json_format = LEGACY_BEST_EFFORT`, which all of proto2 has.
//!
//! A lowered file does not say it any more, so it is read before.

use std::collections::HashSet;

use super::{EnumOptions, Features, FileOptions, MessageOptions};
use crate::schema::descriptor::{Enum, File, Message, join, options};

/// `FeatureSet.JsonFormat`.
const ALLOW: i32 = 1;
const LEGACY_BEST_EFFORT: i32 = 2;

/// Adds the full names of such messages and enums.
pub(in crate::schema) fn best_effort(file: &File, into: &mut HashSet<String>) {
    let default = match file.syntax.as_deref() {
        None | Some("" | "proto2") => LEGACY_BEST_EFFORT,
        Some(_) => ALLOW,
    };
    let own = options::<FileOptions>(file.options.as_ref()).features;
    let format = nearer(own, default);
    for message in &file.message {
        of_message(file.package(), message, format, into);
    }
    for enumeration in &file.enumeration {
        of_enum(file.package(), enumeration, format, into);
    }
}

fn nearer(features: Option<Features>, far: i32) -> i32 {
    match features.map(|features| features.json_format) {
        None | Some(0) => far,
        Some(near) => near,
    }
}

fn of_message(parent: &str, message: &Message, far: i32, into: &mut HashSet<String>) {
    let name = join(parent, message.name.as_deref());
    let own = options::<MessageOptions>(message.options.as_ref()).features;
    let format = nearer(own, far);
    for nested in &message.nested {
        of_message(&name, nested, format, into);
    }
    for enumeration in &message.enumeration {
        of_enum(&name, enumeration, format, into);
    }
    if format == LEGACY_BEST_EFFORT {
        into.insert(name);
    }
}

fn of_enum(parent: &str, enumeration: &Enum, far: i32, into: &mut HashSet<String>) {
    let own = options::<EnumOptions>(enumeration.options.as_ref()).features;
    if nearer(own, far) == LEGACY_BEST_EFFORT {
        into.insert(join(parent, enumeration.name.as_deref()));
    }
}

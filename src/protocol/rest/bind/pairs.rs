//! `key=value&key=value`, percent-encoded, as a query and a form have it. A pair allocates nothing
//! once the thread's buffers are warm.

use super::Draft;
use super::desk::Desk;
use super::keys::{Given, Keys};
use super::mask::UpdateMask;
use super::seen::Seen;
use crate::protocol::excerpt;
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::percent::{self, Form};
use crate::transcode::FieldRef;

/// How many pairs a text has, empty ones included.
pub(super) fn count(text: &str) -> usize {
    memchr::memchr_iter(b'&', text.as_bytes()).count() + 1
}

/// Appends every pair whose key names a field; if there is a mask to fill, `note` tells it of each
/// field and its text before.
pub(super) fn write(
    text: &str,
    keys: &Keys<'_>,
    draft: &mut Draft<'_>,
    note: impl Fn(&mut UpdateMask<'_>, FieldRef<'_>, &str, &mut Seen) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Draft {
        update,
        desk,
        scratch,
        out,
        ..
    } = draft;
    let Desk {
        trail,
        seen,
        key: key_buffer,
        value: value_buffer,
    } = &mut **desk;
    seen.clear();
    for piece in text.split('&').filter(|piece| !piece.is_empty()) {
        let (raw, value) = piece.split_once('=').unwrap_or((piece, ""));
        let key = percent::decode(raw, Form::Query, key_buffer).map_err(|error| {
            Failure::bad_request(format!(
                "{}, in the key {}, {error}",
                keys.place(),
                excerpt::of_text(raw)
            ))
        })?;
        if key.contains('\0') {
            return Err(Failure::bad_request(format!(
                "{}, in the key {}, found a NUL character",
                keys.place(),
                excerpt::of_text(raw)
            )));
        }
        let Some(parameter) = keys.find(key, trail)? else {
            continue;
        };
        keys.admit(parameter, Given::Text, trail.field(), seen)?;
        let value = percent::decode(value, Form::Query, value_buffer)
            .map_err(|error| keys.refuse(key, &format!("{}, {error}", keys.place())))?;
        if let Some(update) = update {
            note(update, trail.field(), value, seen)?;
        }
        keys.write_text(parameter, value, trail, scratch, out)?;
    }
    Ok(())
}

//! A body of `multipart/form-data` -> wire fragments: text parts bind as fields of a form, and a
//! file is the content of a bytes field or of a `google.api.HttpBody`.

use super::Draft;
use super::desk::Desk;
use super::keys::{Given, Keys, Source, VALUES_MAX};
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::multipart::{self, Boundary, Part};
use crate::transcode::Unknown;

/// Appends every part that names a field which the path does not bind.
pub(super) fn write(
    boundary: &Boundary,
    body: &[u8],
    unknown: Unknown,
    draft: &mut Draft<'_>,
) -> Result<(), Failure> {
    let Draft {
        plans,
        binding,
        update,
        desk,
        scratch,
        out,
    } = draft;
    let keys = Keys::of_body(plans, binding, Source::Multipart, unknown);
    let Desk { trail, seen, .. } = &mut **desk;
    seen.clear();
    for (index, part) in multipart::parts(boundary, body).enumerate() {
        let Part {
            name,
            is_file,
            content_type,
            data,
        } =
            part.map_err(|error| Failure::bad_request(format!("in the multipart body, {error}")))?;
        if index == VALUES_MAX {
            return Err(Failure::bad_request(format!(
                "found more than {VALUES_MAX} parts in the multipart body"
            )));
        }
        let Some(parameter) = keys.find(&name, trail)? else {
            continue;
        };
        // An HttpBody has no form as text; bytes have, so that only a file name tells.
        let given = if is_file || keys.is_http_body(parameter) {
            Given::File
        } else {
            Given::Text
        };
        keys.admit(parameter, given, trail.field(), seen)?;
        if let Some(update) = update {
            update.add(plans, trail.field(), seen)?;
        }
        match given {
            Given::File => keys.write_file(parameter, content_type, data, trail, (scratch, out))?,
            Given::Text => {
                let text = std::str::from_utf8(data).map_err(|_| {
                    let text = "in the multipart body, expected UTF-8, found bytes that are not";
                    keys.refuse(&name, text)
                })?;
                keys.write_text(parameter, text, trail, scratch, out)?;
            }
        }
    }
    Ok(())
}

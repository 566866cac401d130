//! Path captures -> wire fragments. Written last, so that nothing else in the request changes what
//! the path says, and zeros are written, so that a zero says it too.

use std::ops::Range;

use super::Draft;
use crate::protocol::rest::MultiSegment;
use crate::protocol::rest::error::Failure;
use crate::protocol::rest::percent::{self, Form};
use crate::transcode::Zero;

/// Appends every variable of the binding.
pub(super) fn write(
    path: &str,
    captures: &[Range<usize>],
    multi_segment: MultiSegment,
    draft: &mut Draft<'_>,
) -> Result<(), Failure> {
    let Draft {
        plans,
        binding,
        desk,
        scratch,
        out,
        ..
    } = draft;
    for (variable, capture) in binding.variables.iter().zip(captures) {
        let name = variable.field.name();
        let form = if variable.multi {
            Form::Segments(multi_segment)
        } else {
            Form::Segment
        };
        let raw = path.get(capture.clone()).unwrap_or_default();
        let text = percent::decode(raw, form, &mut desk.value)
            .map_err(|error| Failure::invalid_field(name, &format!("in the path, {error}")))?;
        plans
            .text_to_wire(&variable.field, None, text, Zero::Write, scratch, out)
            .map_err(|error| Failure::of_text(error, name))?;
    }
    Ok(())
}

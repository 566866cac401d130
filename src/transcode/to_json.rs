//! Wire bytes to JSON.

use super::{Error, FieldPath, PlanId, Plans, PrintOptions, Scratch};

/// What printing reuses between calls.
#[derive(Debug, Default)]
pub(crate) struct Buffers {}

pub(crate) fn message(
    _plans: &Plans,
    _plan: PlanId,
    _wire: &[u8],
    _options: &PrintOptions,
    _scratch: &mut Scratch,
    _out: &mut Vec<u8>,
) -> Result<(), Error> {
    todo!()
}

pub(crate) fn field(
    _plans: &Plans,
    _field: &FieldPath,
    _wire: &[u8],
    _options: &PrintOptions,
    _scratch: &mut Scratch,
    _out: &mut Vec<u8>,
) -> Result<(), Error> {
    todo!()
}

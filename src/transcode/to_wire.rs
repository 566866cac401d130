//! JSON to wire bytes.

use super::{Error, FieldPath, PlanId, Plans, ReadOptions, Scratch, Zero};

pub(crate) fn message(
    _plans: &Plans,
    _plan: PlanId,
    _json: &[u8],
    _options: &ReadOptions,
    _scratch: &mut Scratch,
    _out: &mut Vec<u8>,
) -> Result<(), Error> {
    todo!()
}

pub(crate) fn field(
    _plans: &Plans,
    _field: &FieldPath,
    _json: &[u8],
    _options: &ReadOptions,
    _scratch: &mut Scratch,
    _out: &mut Vec<u8>,
) -> Result<(), Error> {
    todo!()
}

pub(crate) fn text(
    _plans: &Plans,
    _field: &FieldPath,
    _map_key: Option<&str>,
    _text: &str,
    _zero: Zero,
    _scratch: &mut Scratch,
    _out: &mut Vec<u8>,
) -> Result<(), Error> {
    todo!()
}
